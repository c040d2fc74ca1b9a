"""A unit: what one entity's commands fold to, and how each command changes it (spec/commands.md, CMD-30 to CMD-37)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np

from theta.base.errors import UsageError
from theta.base.identifiers import element_id
from theta.commands.log import Command
from theta.editor.components import (
    DEFAULT_COLOUR,
    DEFAULT_METALLIC,
    DEFAULT_ROUGHNESS,
    Material,
    MeshRef,
    Name,
    Owner,
    Transform,
)
from theta.editor.vocabulary import (
    CreatePrimitive,
    Delete,
    ExtrudeFace,
    ImportMesh,
    MoveVertices,
    Paint,
    Rename,
    SetTransform,
    Vector3,
)
from theta.mesh import Mesh, build_imported, build_primitive, decode_polygons, extrude_face, move_vertices
from theta.wire.types import OutcomeName


class Outcome(NamedTuple):
    """What became of a command in the fold; `reason` is empty when it was applied."""

    kind: OutcomeName
    reason: str = ""


APPLIED = Outcome("applied")
SUSPENDED = Outcome("suspended", "its gesture was undone")
NO_ASSETS: Mapping[bytes, bytes] = MappingProxyType({})
NOT_THERE = Outcome("no-op", "UnknownElement: the object is not there")


@dataclass
class Unit:
    """An entity's document state. `mesh_stamp` is another object whenever the mesh may have changed."""

    transform: Transform | None = None
    material: Material | None = None
    name: Name | None = None
    owner: Owner | None = None
    mesh_ref: MeshRef | None = None
    mesh: Mesh | None = None
    mesh_stamp: object = field(default_factory=object)
    deleted: bool = False

    @property
    def exists(self) -> bool:
        """Whether the entity is in the document."""
        return self.transform is not None and not self.deleted

    def copy(self) -> "Unit":
        """A unit that changes by itself from here on."""
        return replace(self, mesh=self.mesh.copy() if self.mesh is not None else None)


def apply(unit: Unit, command: Command, assets: Mapping[bytes, bytes] = NO_ASSETS) -> Outcome:
    """Apply one command to its unit; the unit is unchanged unless the outcome is `applied`.

    Args:
        unit: what the commands before it fold to.
        command: an effective one.
        assets: by name, all that the command names.
    """
    operation = command.operation
    if isinstance(operation, ImportMesh):
        return _import(unit, command, operation, assets)
    if isinstance(operation, CreatePrimitive):
        _create(unit, command, operation)
        return APPLIED
    if not unit.exists:
        return NOT_THERE
    change = _CHANGES[type(operation)]
    try:
        change(unit, command, operation)
    except UsageError as error:
        return Outcome("no-op", f"{error.code}: {error}")
    return APPLIED


def _create(unit: Unit, command: Command, operation: CreatePrimitive) -> None:
    mesh = build_primitive(operation.kind, operation.size, command.name)
    _begin(unit, command, operation, DEFAULT_COLOUR, mesh)


def _import(unit: Unit, command: Command, operation: ImportMesh, assets: Mapping[bytes, bytes]) -> Outcome:
    """Only a room that stored what it must not makes it come to `rejected`; the same at every peer, all the same."""
    data = assets.get(operation.asset)
    if data is None:
        return Outcome("rejected", f"UnknownAsset: {operation.asset.hex()} is not here")
    try:
        mesh = build_imported(decode_polygons(data), command.name)
    except UsageError as error:
        return Outcome("rejected", f"{error.code}: {error}")
    red, green, blue = operation.colour
    _begin(unit, command, operation, (red + 0.0, green + 0.0, blue + 0.0), mesh)
    return APPLIED


def _begin(unit: Unit, command: Command, operation: CreatePrimitive | ImportMesh, colour: Vector3, mesh: Mesh) -> None:
    assert unit.transform is None, "an entity's id comes from the one command that makes it"
    unit.transform = placed(operation)
    unit.material = Material(colour, DEFAULT_METALLIC, DEFAULT_ROUGHNESS)
    unit.name = Name(operation.name)
    unit.owner = Owner(command.author)
    unit.mesh_ref = MeshRef(element_id(command.name, "mesh"))
    unit.mesh = mesh
    unit.mesh_stamp = object()


def placed(operation: CreatePrimitive | ImportMesh | SetTransform) -> Transform:
    """The transform that an operation asks for, with no negative zeros."""
    x, y, z = operation.translation
    a, b, c, d = operation.rotation
    u, v, w = operation.scale
    return Transform((x + 0.0, y + 0.0, z + 0.0), (a + 0.0, b + 0.0, c + 0.0, d + 0.0), (u + 0.0, v + 0.0, w + 0.0))


def _transform(unit: Unit, command: Command, operation: SetTransform) -> None:
    unit.transform = placed(operation)


def _move_vertices(unit: Unit, command: Command, operation: MoveVertices) -> None:
    ids = operation.vertices
    targets = np.frombuffer(operation.targets, dtype="<f8").reshape(-1, 3)
    move_vertices(cast(Mesh, unit.mesh), [ids[at : at + 16] for at in range(0, len(ids), 16)], targets)
    unit.mesh_stamp = object()


def _extrude_face(unit: Unit, command: Command, operation: ExtrudeFace) -> None:
    extrude_face(cast(Mesh, unit.mesh), operation.face, operation.distance, command.name)
    unit.mesh_stamp = object()


def _paint(unit: Unit, command: Command, operation: Paint) -> None:
    red, green, blue = operation.colour
    unit.material = replace(cast(Material, unit.material), colour=(red + 0.0, green + 0.0, blue + 0.0))


def _rename(unit: Unit, command: Command, operation: Rename) -> None:
    unit.name = Name(operation.name)


def _delete(unit: Unit, command: Command, operation: Delete) -> None:
    unit.deleted = True


_CHANGES: dict[type[Any], Callable[[Unit, Command, Any], None]] = {
    SetTransform: _transform,
    MoveVertices: _move_vertices,
    ExtrudeFace: _extrude_face,
    Paint: _paint,
    Rename: _rename,
    Delete: _delete,
}
