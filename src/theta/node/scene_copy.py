"""The document as it is exported: a copy of one moment, taken in slices so that a large room is not held up."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Literal

from theta.base.limits import EXPORT_SLICE_FACES
from theta.commands.log import Command
from theta.editor.components import DEFAULT_SURFACE
from theta.editor.fold import NOTHING_READ
from theta.editor.fold_base import NOTHING_BEFORE
from theta.editor.surface import AlphaMode
from theta.editor.unit import Unit
from theta.gltf import ExportedEntity
from theta.mesh import Mesh
from theta.node.replica import Replica
from theta.node.scene_writing import SceneToWrite, scene_to_write

_ALPHA_MODES: dict[AlphaMode, Literal["OPAQUE", "MASK", "BLEND"]] = {
    "opaque": "OPAQUE",
    "mask": "MASK",
    "blend": "BLEND",
}


class SceneCopy:
    """Call `copy_some` until it returns True, anything between the calls; `entities` is then the document as it is.

    Only meshes are copied ahead of time; one that changes meanwhile is copied again. Before that, the commands are read
    that a room which was opened from a checkpoint does not have in memory.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._reading: Generator[None, None, Mapping[bytes, list[Command]]] | None = None
        self._old: Mapping[bytes, Sequence[Command]] = NOTHING_READ
        if replica.fold.base is not NOTHING_BEFORE:
            self._reading = replica.fold.old_commands_slowly(replica.document.entities())
        self._copies: dict[bytes, tuple[object, Mesh]] = {}
        self._waiting = self._lacking()

    def copy_some(self, faces: int | None = EXPORT_SLICE_FACES) -> bool:
        """Copy meshes of about `faces` faces, at least one mesh, or read a slice; None does all that is lacking.

        Returns True when every copy is as the document is now; never while that is half folded.

        Raises:
            StoreError: old records cannot be read.
        """
        while self._reading is not None:
            self._read()
            if faces is not None:
                return False
        if self._replica.is_folding:
            return False
        if not self._waiting:
            self._waiting = self._lacking()
        left = float("inf") if faces is None else faces
        while self._waiting and left > 0:
            left -= self._copy(self._waiting.pop())
        return not self._waiting and not self._lacking()

    def entities(self) -> list[ExportedEntity]:
        """Every entity that has a mesh, ids ascending; call it right after `copy_some` returned True."""
        return list(self._by_id().values())

    def to_write(self) -> SceneToWrite:
        """All that it takes to write them, in another thread if need be; call it right after `copy_some` was True."""
        return scene_to_write(self._replica, self._by_id(), self._old)

    @property
    def is_reading(self) -> bool:
        """Whether old commands are still being read."""
        return self._reading is not None

    def _read(self) -> None:
        assert self._reading is not None
        try:
            next(self._reading)
        except StopIteration as done:
            self._old, self._reading = done.value, None

    def _by_id(self) -> dict[bytes, ExportedEntity]:
        return {
            entity: exported(unit, self._copies[entity][1])
            for entity, unit in units_to_export(self._replica)
            if self._copies[entity][0] is unit.mesh_stamp
        }

    def _lacking(self) -> list[bytes]:
        return [
            entity
            for entity, unit in units_to_export(self._replica)
            if self._copies.get(entity, (None,))[0] is not unit.mesh_stamp
        ]

    def _copy(self, entity: bytes) -> int:
        unit = self._replica.fold.unit(entity)
        if unit is None or unit.mesh is None:
            return 1
        self._copies[entity] = unit.mesh_stamp, unit.mesh.copy()
        return 1 + unit.mesh.face_count


def document_to_write(replica: Replica) -> SceneToWrite:
    """The whole document as it is written; the meshes are the document's own, so that nothing may change meanwhile."""
    units = {entity: exported(unit, unit.mesh) for entity, unit in units_to_export(replica) if unit.mesh is not None}
    return scene_to_write(replica, units)


def exported_entities(replica: Replica) -> list[ExportedEntity]:
    """Every entity of the document that has a mesh, ids ascending; the meshes are the document's own."""
    return [exported(unit, unit.mesh) for _, unit in units_to_export(replica) if unit.mesh is not None]


def units_to_export(replica: Replica) -> Iterator[tuple[bytes, Unit]]:
    """The units that can be shown, by their entities' ids, ascending."""
    for entity in replica.document.entities():
        unit = replica.fold.unit(entity)
        if unit is not None and unit.transform is not None and unit.material is not None and unit.mesh is not None:
            yield entity, unit


def exported(unit: Unit, mesh: Mesh) -> ExportedEntity:
    """A unit as it is written, with `mesh` for its mesh."""
    place, material = unit.transform, unit.material
    assert place is not None and material is not None
    surface = unit.surface or DEFAULT_SURFACE
    return ExportedEntity(
        unit.name.text if unit.name is not None else "",
        place.translation,
        place.rotation,
        place.scale,
        material.colour,
        material.metallic,
        material.roughness,
        mesh,
        surface.emissive,
        surface.opacity,
        _ALPHA_MODES[surface.alpha_mode],
        surface.alpha_cutoff,
        surface.double_sided,
    )
