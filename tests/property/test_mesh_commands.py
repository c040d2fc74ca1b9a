"""Whatever a payload holds that passes its check: the fold goes on, and the mesh is one or stays as it was."""

from random import Random

import msgspec
import pytest

from tests.support.mesh_commands import doubles, pick_operation
from tests.unit.editor.mesh_operations.test_declarations import BASES, ENTITY
from theta.base.errors import InvalidValue, UsageError
from theta.base.identifiers import CommandName
from theta.editor.mesh_operations import MESH_OPERATIONS, MeshOperation, Mirror, Subdivide
from theta.mesh import Mesh, canonical_bytes, mesh_of, parse_canonical, validate

EXTREMES = (0.0, -0.0, 5e-324, 1e-300, 1e-160, 1e-9, 1e-4, 0.5, 1.0 - 2**-53, 1.0, 9999.0, 1e4, 1e6, -1e6, -1e-9)
FACES_TO_DOUBLE_MAX = 60
PROGRAMS, STEPS = 12, 25


def spoiled(operation: MeshOperation, mesh: Mesh, random: Random) -> MeshOperation:
    """The same with other elements and extreme numbers, if that still passes its check."""
    ids = {"vertex": mesh.vertex_ids(), "edge": mesh.edge_ids(), "face": mesh.face_ids()}
    changes: dict[str, object] = {}
    for field in operation.__struct_fields__:
        value = getattr(operation, field)
        if random.random() < 0.4:
            continue
        if isinstance(value, float):
            changes[field] = random.choice(EXTREMES)
        elif isinstance(value, tuple):
            changes[field] = tuple(random.choice(EXTREMES) for _ in value)
        elif field == "shift":
            changes[field] = random.choice((0, 1, 7, 2**32 - 1))
        elif field == "targets":
            changes[field] = doubles(*(random.choice(EXTREMES) for _ in range(len(value) // 8)))
        elif field in operation.ELEMENTS and 0 < len(value) // 16 <= len(ids[operation.kind_of(field)]):
            changes[field] = b"".join(random.sample(ids[operation.kind_of(field)], len(value) // 16))
    other: MeshOperation = msgspec.structs.replace(operation, **changes)
    try:
        other.check()
    except InvalidValue:
        return operation
    return other


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_cmd_50_no_payload_breaks_a_mesh(number: int, seed: int) -> None:
    random = Random(f"{seed} {number}")
    mesh = random.choice(BASES)()
    carried_out = 0
    for step in range(STEPS):
        kind = random.choice(MESH_OPERATIONS)
        if kind in (Subdivide, Mirror) and mesh.face_count > FACES_TO_DOUBLE_MAX:
            continue
        picked = pick_operation(kind, mesh, ENTITY, random)
        if picked is None:
            continue
        operation = spoiled(picked, mesh, random)
        before = canonical_bytes(mesh), mesh.redirects.digest()
        try:
            operation.change(mesh, CommandName(5, 100 + step))
        except UsageError:
            assert (canonical_bytes(mesh), mesh.redirects.digest()) == before, operation
            continue
        carried_out += 1
        validate(mesh)
        data = canonical_bytes(mesh)
        assert canonical_bytes(mesh_of(parse_canonical(data))) == data, operation
    assert carried_out
