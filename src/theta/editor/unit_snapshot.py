"""A unit as bytes, slots, redirects and writers included: what is folded onto it after reading comes out the same."""

import msgspec

from theta.base.errors import InvalidValue, UsageError
from theta.editor.components import Material, MeshRef, Name, Owner, Surface, Transform
from theta.editor.unit import Unit
from theta.editor.writers import Writers
from theta.mesh.snapshot import mesh_of_snapshot, snapshot_bytes


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    transform: Transform | None
    material: Material | None
    name: Name | None
    owner: Owner | None
    mesh_ref: MeshRef | None
    surface: Surface | None
    deleted: bool
    writers: bytes
    mesh: bytes | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Stored)


def unit_bytes(unit: Unit) -> bytes:
    """Everything that later commands can depend on (LOG-22); what the last one made is not among it."""
    mesh = snapshot_bytes(unit.mesh) if unit.mesh is not None else None
    parts = (unit.transform, unit.material, unit.name, unit.owner, unit.mesh_ref, unit.surface)
    return _ENCODER.encode(_Stored(*parts, unit.deleted, unit.writers.to_bytes(), mesh))


def unit_of_bytes(data: bytes) -> Unit:
    """The unit that `unit_bytes` was given.

    Raises:
        InvalidValue: not the bytes of a unit.
        MeshError: not those of a mesh; names the field.
    """
    try:
        stored = _DECODER.decode(data)
        writers = Writers.from_bytes(stored.writers)
        mesh = mesh_of_snapshot(stored.mesh) if stored.mesh is not None else None
    except UsageError:
        raise
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        raise InvalidValue("unit", str(error), "what a unit was written as") from error
    return Unit(
        transform=stored.transform,
        material=stored.material,
        name=stored.name,
        owner=stored.owner,
        mesh_ref=stored.mesh_ref,
        mesh=mesh,
        deleted=stored.deleted,
        surface=stored.surface,
        writers=writers,
    )
