"""How commands make an object and change what it has beside its mesh: spec/commands.md, CMD-30 to CMD-46.

And version 1 of `extrude_face`, which knows no redirects.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from theta.base.errors import UsageError
from theta.base.identifiers import element_id
from theta.commands.log import Command
from theta.editor.components import (
    DEFAULT_COLOUR,
    DEFAULT_METALLIC,
    DEFAULT_ROUGHNESS,
    DEFAULT_SURFACE,
    Material,
    MeshRef,
    Name,
    Owner,
    Surface,
    Transform,
)
from theta.editor.mesh_assets import mesh_of_asset
from theta.editor.operation import Operation
from theta.editor.surface import SurfaceValues
from theta.editor.unit_state import APPLIED, Outcome, Unit
from theta.editor.vocabulary import (
    CreatePrimitive,
    CreatePrimitiveV2,
    Delete,
    ExtrudeFace,
    ImportMesh,
    ImportMeshV2,
    Paint,
    Rename,
    SetSurface,
    SetTransform,
    Vector3,
)
from theta.mesh import Mesh, build_imported, build_primitive, decode_polygons
from theta.mesh.operations import extrude_face
from theta.mesh.results import NOTHING, Made


def create_object(unit: Unit, command: Command, operation: Operation, assets: Mapping[bytes, bytes]) -> Outcome:
    """Apply a command that makes its object; `assets` by name, all that it names."""
    if isinstance(operation, ImportMesh | ImportMeshV2):
        return _import(unit, command, operation, assets)
    try:
        CHANGES[type(operation)](unit, command, operation)
    except UsageError as error:
        return Outcome("no-op", f"{error.code}: {error}")
    unit.made = NOTHING
    return APPLIED


def _create(unit: Unit, command: Command, operation: CreatePrimitive) -> None:
    mesh = build_primitive(operation.kind, operation.size, command.name)
    _begin(unit, command, operation, DEFAULT_COLOUR, mesh)


def _create_v2(unit: Unit, command: Command, operation: CreatePrimitiveV2) -> None:
    _begin(unit, command, operation, DEFAULT_COLOUR, operation.build(command.name))


def _import(
    unit: Unit, command: Command, operation: ImportMesh | ImportMeshV2, assets: Mapping[bytes, bytes]
) -> Outcome:
    """Only a room that stored what it must not makes it come to `rejected`; the same at every peer, all the same."""
    data = assets.get(operation.asset)
    if data is None:
        return Outcome("rejected", f"UnknownAsset: {operation.asset.hex()} is not here")
    try:
        if isinstance(operation, ImportMesh):
            mesh = build_imported(decode_polygons(data), command.name)
        else:
            mesh = mesh_of_asset(data, command.name)
    except UsageError as error:
        return Outcome("rejected", f"{error.code}: {error}")
    red, green, blue = operation.colour
    _begin(unit, command, operation, (red + 0.0, green + 0.0, blue + 0.0), mesh)
    if isinstance(operation, ImportMeshV2):
        _dress(unit, operation.surface)
    return APPLIED


_Creation = CreatePrimitive | CreatePrimitiveV2 | ImportMesh | ImportMeshV2


def _begin(unit: Unit, command: Command, operation: _Creation, colour: Vector3, mesh: Mesh) -> None:
    assert unit.transform is None, "an entity's id comes from the one command that makes it"
    unit.transform = placed(operation)
    unit.material = Material(colour, DEFAULT_METALLIC, DEFAULT_ROUGHNESS)
    unit.name = Name(operation.name)
    unit.owner = Owner(command.author)
    unit.mesh_ref = MeshRef(element_id(command.name, "mesh"))
    unit.mesh = mesh
    unit.mesh_stamp = object()


def _dress(unit: Unit, values: SurfaceValues) -> None:
    """The surface's values, in the two components that they belong to; the second comes once it says something."""
    unit.material = replace(
        cast(Material, unit.material), metallic=values.metallic + 0.0, roughness=values.roughness + 0.0
    )
    surface = Surface.of(values)
    if unit.surface is not None or surface != DEFAULT_SURFACE:
        unit.surface = surface


def placed(operation: _Creation | SetTransform) -> Transform:
    """The transform that an operation asks for, with no negative zeros."""
    x, y, z = operation.translation
    a, b, c, d = operation.rotation
    u, v, w = operation.scale
    return Transform((x + 0.0, y + 0.0, z + 0.0), (a + 0.0, b + 0.0, c + 0.0, d + 0.0), (u + 0.0, v + 0.0, w + 0.0))


def _transform(unit: Unit, command: Command, operation: SetTransform) -> None:
    unit.transform = placed(operation)


def _extrude_face(unit: Unit, command: Command, operation: ExtrudeFace) -> Made:
    made = extrude_face(cast(Mesh, unit.mesh), operation.face, operation.distance, command.name)
    unit.mesh_stamp = object()
    return Made(made.vertices, made.side_edges + made.cap_edges, made.side_faces)


def _paint(unit: Unit, command: Command, operation: Paint) -> None:
    red, green, blue = operation.colour
    unit.material = replace(cast(Material, unit.material), colour=(red + 0.0, green + 0.0, blue + 0.0))


def _set_surface(unit: Unit, command: Command, operation: SetSurface) -> None:
    _dress(unit, operation.surface)


def _rename(unit: Unit, command: Command, operation: Rename) -> None:
    unit.name = Name(operation.name)


def _delete(unit: Unit, command: Command, operation: Delete) -> None:
    unit.deleted = True


CHANGES: dict[type[Any], Callable[[Unit, Command, Any], Made | None]] = {
    CreatePrimitive: _create,
    CreatePrimitiveV2: _create_v2,
    SetTransform: _transform,
    ExtrudeFace: _extrude_face,
    Paint: _paint,
    SetSurface: _set_surface,
    Rename: _rename,
    Delete: _delete,
}
