"""The document: the fold's units shown as entities in the world, with the document hash kept as they change (DOC-2)."""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from theta.base.identifiers import empty_blake2b, name_id
from theta.base.slices import finish
from theta.ecs.component import canonical_bytes, component_type
from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.editor.components import (
    MESH_CONTENT,
    MESH_REDIRECTS,
    Material,
    MeshRef,
    Name,
    Owner,
    Surface,
    Transform,
)
from theta.editor.unit import Unit
from theta.mesh import Mesh
from theta.mesh import canonical_bytes as canonical_mesh_bytes
from theta.mesh.canonical import canonical_bytes_slowly as canonical_mesh_bytes_slowly
from theta.mesh.canonical import positions_start
from theta.wire.messages import ComponentBytes, UnitPatch

MESH_CONTENT_ID = name_id(MESH_CONTENT)
MESH_REDIRECTS_ID = name_id(MESH_REDIRECTS)
HASH_MODULUS = 1 << 128
HASHED_SLICE_BYTES = 1_048_576
"""What is hashed between two pauses of `Document.update_slowly`: about a millisecond."""


def hash_term(entity: bytes, component: int, data: bytes) -> int:
    """What one component of one entity adds to the document hash."""
    return finish(hash_term_slowly(entity, component, data))


def hash_term_slowly(entity: bytes, component: int, data: bytes) -> Generator[None, None, int]:
    """As `hash_term`, pausing on the way."""
    digest = _begun(entity, component)
    yield from _hash_slowly(digest, memoryview(data))
    return int.from_bytes(digest.digest(), "little")


def _begun(entity: bytes, component: int) -> "hashlib.blake2b":
    digest = empty_blake2b("theta-document", 16).copy()
    digest.update(entity + component.to_bytes(8, "little"))
    return digest


def _hash_slowly(digest: "hashlib.blake2b", rest: memoryview) -> Iterator[None]:
    while len(rest) > HASHED_SLICE_BYTES:
        digest.update(rest[:HASHED_SLICE_BYTES])
        rest = rest[HASHED_SLICE_BYTES:]
        yield
    digest.update(rest)


class _MeshTerm:
    """`hash_term` of a mesh's content again and again: what stands before the positions is hashed when it changes."""

    def __init__(self) -> None:
        self._unmoved = b""
        self._digest = empty_blake2b("theta-document", 16)

    def of(self, entity: bytes, data: bytes) -> Generator[None, None, int]:
        """As `hash_term_slowly`; always of the same entity."""
        unmoved = data[: positions_start(data)]
        if unmoved != self._unmoved:
            digest = _begun(entity, MESH_CONTENT_ID)
            yield from _hash_slowly(digest, memoryview(unmoved))
            self._unmoved, self._digest = unmoved, digest
        digest = self._digest.copy()
        yield from _hash_slowly(digest, memoryview(data)[len(unmoved) :])
        return int.from_bytes(digest.digest(), "little")


@dataclass
class _Shown:
    """What the world holds of a unit: its row, its parts, its terms in the hash."""

    row: Entity
    parts: dict[int, object]
    mesh: Mesh | None
    mesh_stamp: object
    terms: dict[int, int] = field(default_factory=dict)
    mesh_term: _MeshTerm = field(default_factory=_MeshTerm)


class Document:
    """Entities by their 16-byte ids. Only what changed is written to the world and hashed again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._shown: dict[bytes, _Shown] = {}
        self._sum = 0

    @property
    def hash(self) -> bytes:
        """16 bytes: the sum modulo 2^128, little-endian."""
        return self._sum.to_bytes(16, "little")

    @property
    def entity_count(self) -> int:
        """How many entities there are."""
        return len(self._shown)

    def entities(self) -> list[bytes]:
        """All ids, ascending."""
        return sorted(self._shown)

    def row(self, entity: bytes) -> Entity | None:
        """The entity's row in the world."""
        shown = self._shown.get(entity)
        return shown.row if shown is not None else None

    def mesh(self, entity: bytes) -> Mesh | None:
        """The entity's mesh: read it, never write."""
        shown = self._shown.get(entity)
        return shown.mesh if shown is not None else None

    def update(self, entity: bytes, unit: Unit | None) -> UnitPatch | None:
        """Show a unit as it is now (None: not in the document) and return what changed, if anything did."""
        return finish(self.update_slowly(entity, unit))

    def update_slowly(self, entity: bytes, unit: Unit | None) -> Generator[None, None, UnitPatch | None]:
        """As `update`, pausing while a large mesh is encoded and hashed.

        Until it has ended the document is between two moments, and nothing may change the unit.
        """
        if unit is None:
            return self._remove(entity)
        shown = self._shown.get(entity)
        if shown is None:
            row = self.world.spawn(*_parts(unit).values())
            shown = self._shown[entity] = _Shown(row, {}, None, None)
        changed = []
        candidates = yield from self._candidates(shown, unit)
        for component, data in candidates:
            before = shown.terms.get(component)
            term = (yield from self._term(shown, entity, component, data)) if data else None
            if term != before:
                self._sum = (self._sum + (term or 0) - (before or 0)) % HASH_MODULUS
                if term is None:
                    del shown.terms[component]
                else:
                    shown.terms[component] = term
                changed.append(ComponentBytes(component, data))
        return UnitPatch(entity, False, changed) if changed else None

    def snapshot(self) -> Iterator[UnitPatch]:
        """The whole document, entity by entity, ids ascending."""
        for entity in self.entities():
            shown = self._shown[entity]
            components = [ComponentBytes(key, canonical_bytes(part)) for key, part in shown.parts.items()]
            if shown.mesh is not None:
                components.append(ComponentBytes(MESH_CONTENT_ID, canonical_mesh_bytes(shown.mesh)))
                if shown.mesh.redirects.count:
                    components.append(ComponentBytes(MESH_REDIRECTS_ID, redirects_bytes(shown.mesh)))
            yield UnitPatch(entity, False, components)

    def _term(self, shown: _Shown, entity: bytes, component: int, data: bytes) -> Generator[None, None, int]:
        if component == MESH_CONTENT_ID:
            return shown.mesh_term.of(entity, data)
        return hash_term_slowly(entity, component, data)

    def _remove(self, entity: bytes) -> UnitPatch | None:
        shown = self._shown.pop(entity, None)
        if shown is None:
            return None
        self.world.despawn(shown.row)
        self._sum = (self._sum - sum(int(term) for term in shown.terms.values())) % HASH_MODULUS
        return UnitPatch(entity, True, [])

    def _candidates(self, shown: _Shown, unit: Unit) -> Generator[None, None, list[tuple[int, bytes]]]:
        """The components that may have changed; no bytes for one that is no more."""
        found = []
        parts = _parts(unit)
        for key, part in parts.items():
            if shown.parts.get(key) != part:
                shown.parts[key] = part
                if self.world.has(shown.row, type(part)):
                    self.world.write(shown.row, part)
                else:
                    self.world.insert(shown.row, part)
                found.append((key, canonical_bytes(part)))
        for key in [key for key in shown.parts if key not in parts]:
            self.world.remove(shown.row, type(shown.parts.pop(key)))
            found.append((key, b""))
        if unit.mesh is not None and shown.mesh_stamp is not unit.mesh_stamp:
            content = yield from canonical_mesh_bytes_slowly(unit.mesh)
            found += [(MESH_CONTENT_ID, content), (MESH_REDIRECTS_ID, redirects_bytes(unit.mesh))]
        shown.mesh, shown.mesh_stamp = unit.mesh, unit.mesh_stamp
        return found


def redirects_bytes(mesh: Mesh) -> bytes:
    """What is hashed of a mesh's redirects (DOC-5): their digest and how many there are; nothing for none."""
    redirects = mesh.redirects
    return redirects.digest() + redirects.count.to_bytes(8, "little") if redirects.count else b""


def _parts(unit: Unit) -> dict[int, Transform | Material | Name | Owner | MeshRef | Surface]:
    parts = (unit.transform, unit.material, unit.name, unit.owner, unit.mesh_ref, unit.surface)
    return {component_type(part).id: part for part in parts if part is not None}
