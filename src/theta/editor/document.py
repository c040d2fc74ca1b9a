"""The document: the fold's units shown as entities in the world, with the document hash kept as they change (DOC-2)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from theta.base.identifiers import blake2b_128, name_id
from theta.ecs.component import canonical_bytes, component_type
from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.editor.components import MESH_CONTENT, Material, MeshRef, Name, Owner, Transform
from theta.editor.unit import Unit
from theta.mesh import Mesh
from theta.mesh import canonical_bytes as canonical_mesh_bytes
from theta.wire.messages import ComponentBytes, UnitPatch

MESH_CONTENT_ID = name_id(MESH_CONTENT)
HASH_MODULUS = 1 << 128


def hash_term(entity: bytes, component: int, data: bytes) -> int:
    """What one component of one entity adds to the document hash."""
    return int.from_bytes(blake2b_128("theta-document", entity, component.to_bytes(8, "little"), data), "little")


@dataclass
class _Shown:
    """What the world holds of a unit: its row, its parts, its terms in the hash."""

    row: Entity
    parts: dict[int, object]
    mesh: Mesh | None
    mesh_stamp: object
    terms: dict[int, int] = field(default_factory=dict)


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
        if unit is None:
            return self._remove(entity)
        shown = self._shown.get(entity)
        if shown is None:
            row = self.world.spawn(*_parts(unit).values())
            shown = self._shown[entity] = _Shown(row, {}, None, None)
        changed = []
        for component, data in self._candidates(shown, unit):
            term = hash_term(entity, component, data)
            before = shown.terms.get(component)
            if term != before:
                self._sum = (self._sum + term - (before or 0)) % HASH_MODULUS
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
            yield UnitPatch(entity, False, components)

    def _remove(self, entity: bytes) -> UnitPatch | None:
        shown = self._shown.pop(entity, None)
        if shown is None:
            return None
        self.world.despawn(shown.row)
        self._sum = (self._sum - sum(int(term) for term in shown.terms.values())) % HASH_MODULUS
        return UnitPatch(entity, True, [])

    def _candidates(self, shown: _Shown, unit: Unit) -> Iterator[tuple[int, bytes]]:
        for key, part in _parts(unit).items():
            if shown.parts.get(key) != part:
                shown.parts[key] = part
                self.world.write(shown.row, part)
                yield key, canonical_bytes(part)
        if unit.mesh is not None and shown.mesh_stamp is not unit.mesh_stamp:
            yield MESH_CONTENT_ID, canonical_mesh_bytes(unit.mesh)
        shown.mesh, shown.mesh_stamp = unit.mesh, unit.mesh_stamp


def _parts(unit: Unit) -> dict[int, Transform | Material | Name | Owner | MeshRef]:
    parts = (unit.transform, unit.material, unit.name, unit.owner, unit.mesh_ref)
    return {component_type(part).id: part for part in parts if part is not None}
