"""What payloads of commands on meshes may hold: CMD-44, CMD-45, CMD-50, CMD-52 to CMD-56."""

import math
from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.mesh_commands import pick_operation
from tests.unit.editor.scenes import HERE, NO_TURN, NOBODY, ONE, doubles
from tests.unit.mesh.meshes import grid, mesh_from
from theta.base import limits
from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.commands.registry import encode_payload
from theta.editor import mesh_operations as commands
from theta.editor.mesh_operations import MESH_OPERATIONS, MeshOperation
from theta.editor.surface import SurfaceValues
from theta.editor.vocabulary import CreatePrimitiveV2, ImportMeshV2, Operation, SetSurface
from theta.mesh import Mesh
from theta.mesh.local.vertices import create_vertex

A, B, C = (letter * 16 for letter in (b"a", b"b", b"c"))
MANY = b"".join(number.to_bytes(16, "big") for number in range(limits.COMMAND_ELEMENTS_MAX + 1))
JUST_ENOUGH = MANY[16:]
METRES, LENGTH = limits.COORDINATE_METRES_MAX, limits.PRIMITIVE_METRES_MAX
NOT_FINITE = [math.nan, math.inf, -math.inf]
IDS_PAST = [b"", b"a" * 15, A + A, MANY]
SHARES_PAST = [-5e-324, math.nextafter(1.0, 2.0), *NOT_FINITE]
FAR = [(METRES * 1.1, 0.0, 0.0), (0.0, -METRES * 1.1, 0.0), (0.0, 0.0, math.nan)]
SHINY = SurfaceValues(0.5, 0.5, (0.0, 0.5, 1.0), 0.5, "mask", 0.25, False)
SPHERE = CreatePrimitiveV2("sphere", 1.0, 8, 6, 0, 0.0, "ball", HERE, NO_TURN, ONE)
MODEL = ImportMeshV2(b"a" * 32, "n", HERE, NO_TURN, ONE, (0.0, 0.5, 1.0), SHINY)

LIMITS: list[tuple[Operation | SurfaceValues, str, list[Any], list[Any]]] = [
    (SPHERE, "kind", ["sphere"], ["cube", "Sphere", "", "icosphere", "torus", "cylinder"]),
    (SPHERE, "segments", [3, limits.SHAPE_SEGMENTS_MAX], [0, 2, limits.SHAPE_SEGMENTS_MAX + 1]),
    (SPHERE, "rings", [2, limits.SHAPE_RINGS_MAX], [0, 1, limits.SHAPE_RINGS_MAX + 1]),
    (SPHERE, "levels", [0], [1]),
    (SPHERE, "tube", [0.0], [0.25]),
    (SPHERE, "size", [limits.PRIMITIVE_METRES_MIN, LENGTH], [0.0, -1.0, LENGTH * 2, *NOT_FINITE]),
    (SPHERE, "name", ["x"], ["", "a\nb"]),
    (SPHERE, "scale", [ONE], [(0.0, 1.0, 1.0)]),
    (MODEL, "name", ["x"], ["", "x" * 129]),
    (MODEL, "colour", [(0.0, 1.0, -0.0)], [(1.1, 0.0, 0.0), (0.0, math.nan, 0.0)]),
    (MODEL, "translation", [HERE], FAR),
    *((SHINY, field, [0.0, 1.0, -0.0], SHARES_PAST) for field in ("metallic", "roughness", "opacity", "alpha_cutoff")),
    (SHINY, "emissive", [(0.0, 1.0, -0.0)], [(1.1, 0.0, 0.0), (0.0, -0.1, 0.0)]),
    (SHINY, "alpha_mode", ["opaque", "mask", "blend"], ["", "OPAQUE"]),
    (commands.CreateVertex(NOBODY, HERE), "point", [(METRES, -METRES, -0.0)], FAR),
    (
        commands.MoveVerticesV2(NOBODY, A, doubles(0.0, 0.0, 0.0), doubles(0.0, 0.0, 0.0)),
        "vertices",
        [B],
        [b"", A + A, A + B, MANY[: 16 * (limits.MOVED_VERTICES_MAX + 1)]],
    ),
    (
        commands.MoveVerticesV2(NOBODY, A, doubles(0.0, 0.0, 0.0), doubles(0.0, 0.0, 0.0)),
        "targets",
        [doubles(METRES, -METRES, 0.0)],
        [b"", doubles(0.0, 0.0), doubles(math.nan, 0.0, 0.0), doubles(METRES * 1.1, 0.0, 0.0)],
    ),
    (commands.Weld(NOBODY, A + B, HERE), "vertices", [JUST_ENOUGH], [A, *IDS_PAST]),
    (commands.Weld(NOBODY, A + B, HERE), "point", [(METRES, 0.0, 0.0)], FAR),
    (commands.WeldByDistance(NOBODY, b"", 0.0), "vertices", [b"", A, JUST_ENOUGH], [A + A, b"a", MANY]),
    (commands.WeldByDistance(NOBODY, b"", 0.0), "distance", [0.0, METRES], [-5e-324, METRES * 1.1, *NOT_FINITE]),
    *(
        (make(NOBODY, A, 0.5), "t", [5e-324, 1.0 - 2**-53], [0.0, 1.0, -0.0, -1.0, *NOT_FINITE])
        for make in (commands.SplitEdge, commands.LoopCut)
    ),
    (commands.CollapseEdge(NOBODY, A, 0.5), "t", [0.0, 1.0], [-5e-324, 1.1, *NOT_FINITE]),
    (commands.BevelEdge(NOBODY, A, 0.5), "width", [5e-324, LENGTH], [0.0, -1.0, LENGTH * 1.1, *NOT_FINITE]),
    (commands.ExtrudeEdges(NOBODY, A, HERE), "edges", [JUST_ENOUGH], IDS_PAST),
    (commands.ExtrudeEdges(NOBODY, A, HERE), "offset", [(METRES, 0.0, 0.0)], FAR),
    (commands.SetCrease(NOBODY, A, 1.0), "edges", [JUST_ENOUGH], IDS_PAST),
    (commands.SetCrease(NOBODY, A, 1.0), "sharpness", [0.0, limits.CREASE_MAX], [-5e-324, 10.1, *NOT_FINITE]),
    (
        commands.AddFace(NOBODY, A + B + C),
        "vertices",
        [MANY[: 16 * limits.MESH_FACE_CORNERS_MAX]],
        [A + B, A + B + A, MANY[: 16 * (limits.MESH_FACE_CORNERS_MAX + 1)]],
    ),
    (commands.TriangulateFaces(NOBODY, A), "faces", [JUST_ENOUGH], IDS_PAST),
    (commands.ExtrudeFaceV2(NOBODY, A, 1.0), "distance", [LENGTH, -LENGTH], [0.0, -0.0, LENGTH * 1.1, *NOT_FINITE]),
    (commands.ExtrudeFaceV3(NOBODY, A, 1.0), "distance", [LENGTH, -LENGTH], [0.0, -0.0, LENGTH * 1.1, *NOT_FINITE]),
    *(
        (commands.InsetFace(NOBODY, A, 1.0, 0.0), field, [LENGTH, -LENGTH, 0.0], [LENGTH * 1.1, *NOT_FINITE])
        for field in ("distance", "depth")
    ),
    (commands.ExtrudeRegion(NOBODY, A, HERE), "faces", [JUST_ENOUGH], IDS_PAST),
    (commands.ExtrudeRegion(NOBODY, A, HERE), "offset", [(0.0, METRES, 0.0)], FAR),
    (commands.FlipNormals(NOBODY, A), "faces", [JUST_ENOUGH], IDS_PAST),
    (commands.PaintFaces(NOBODY, A, HERE), "faces", [JUST_ENOUGH], IDS_PAST),
    (commands.PaintFaces(NOBODY, A, HERE), "colour", [(0.0, 1.0, -0.0)], [(1.1, 0.0, 0.0), (0.0, math.nan, 0.0)]),
    (commands.DeleteElements(NOBODY, A, b"", b""), "vertices", [JUST_ENOUGH], [A + A, MANY, b"a"]),
    (commands.DeleteElements(NOBODY, b"", A, B), "faces", [b""], [B + B, JUST_ENOUGH]),
    (commands.Subdivide(NOBODY, "linear"), "scheme", ["catmull-clark", "loop"], ["", "doo-sabin"]),
    (commands.Mirror(NOBODY, "x", 0.0, 0.0), "axis", ["y", "z"], ["", "X", "xy"]),
    (commands.Mirror(NOBODY, "x", 0.0, 0.0), "offset", [METRES, -METRES], [METRES * 1.1, *NOT_FINITE]),
    (commands.Mirror(NOBODY, "x", 0.0, 0.0), "weld_distance", [0.0, METRES], [-5e-324, *NOT_FINITE]),
]
WEIGHT = commands.SetAttribute(NOBODY, "vertex", "weight", "f8", 2, A + B, doubles(0.0, 1.0, 2.0, 3.0))
CORNER = commands.SetAttribute(NOBODY, "corner", "seam", "u1", 1, A + B + A + C, b"\0\1")
LIMITS += [
    (WEIGHT, "domain", ["edge", "face"], ["", "corner", "mesh"]),
    (WEIGHT, "attribute", ["a", "x" * 32, "uv-2_b"], ["", "x" * 33, "UV", "a b", "é"]),
    (WEIGHT, "kind", ["f8"], ["f4", "i4", "u1", ""]),
    (WEIGHT, "width", [2], [0, 1, 4, 5]),
    (WEIGHT, "elements", [B + C], [b"", A, A + A, A + B + C, MANY]),
    (WEIGHT, "values", [doubles(-0.0, 1e300, 2.0, 3.0)], [b"", doubles(1.0), doubles(1.0, 2.0, 3.0, math.nan)]),
    (CORNER, "elements", [A + B + B + A], [b"", A + B + A, A + B + A + B, MANY]),
]


@pytest.mark.parametrize(
    ("operation", "field", "within", "past"), LIMITS, ids=[f"{type(each[0]).__name__} {each[1]}" for each in LIMITS]
)
def test_cmd_50_each_field_holds_to_its_limits(
    operation: Operation | SurfaceValues, field: str, within: list[Any], past: list[Any]
) -> None:
    operation.check()
    for value in within:
        msgspec.structs.replace(operation, **{field: value}).check()
    for value in past:
        with pytest.raises(InvalidValue) as caught:
            msgspec.structs.replace(operation, **{field: value}).check()
        assert caught.value.limit


def sample(kind: type[MeshOperation]) -> MeshOperation:
    """A payload of this type."""
    for seed in range(200):
        random = Random(f"{kind.__name__} {seed}")
        mesh = random.choice((lambda: grid(3, 2), pieces, lambda: mesh_from(TETRAHEDRON, TRIANGLES)))()
        operation = pick_operation(kind, mesh, NOBODY, random)
        if operation is not None:
            return operation
    raise AssertionError(f"no mesh for {kind.__name__}")


TETRAHEDRON = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
TRIANGLES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]


def pieces() -> Mesh:
    """Two triangles apart with a corner of two edges, and vertices by themselves."""
    mesh = mesh_from([(x + 0.0, y, 0.0) for x in (0.0, 5.0) for y in (0.0, 1.0, 2.0)], [(0, 1, 2), (3, 4, 5)])
    for number in range(3):
        create_vertex(mesh, (number * 0.5, 2.0, 3.0), commands_name(number))
    return mesh


def commands_name(number: int) -> CommandName:
    """Any command's name."""
    return CommandName(9, number + 1)


@pytest.mark.parametrize("kind", MESH_OPERATIONS, ids=lambda each: f"{each.NAME}@{each.VERSION}")
def test_cmd_50_payloads_hold_exactly_their_fields(kind: type[MeshOperation]) -> None:
    operation = sample(kind)
    operation.check()
    data = encode_payload(operation)
    assert msgspec.msgpack.decode(data, type=kind) == operation
    fields = msgspec.msgpack.decode(data)
    for wrong in (fields[:-1], [*fields, None], []):
        with pytest.raises(msgspec.ValidationError):
            msgspec.msgpack.decode(msgspec.msgpack.encode(wrong), type=kind)


@pytest.mark.parametrize("operation", [SPHERE, MODEL, SetSurface(NOBODY, SHINY)], ids=lambda each: each.NAME)
def test_cmd_44_and_cmd_45_payloads_come_back_as_they_were(operation: Operation) -> None:
    operation.check()
    assert msgspec.msgpack.decode(encode_payload(operation), type=type(operation)) == operation


def test_cmd_50_declarations_name_fields_that_are_there() -> None:
    for kind in MESH_OPERATIONS:
        assert set(kind.ELEMENTS) <= set(kind.__struct_fields__) - {"entity"}
        for touch in (*kind.READS, *kind.WRITES):
            assert touch.field == "" or touch.field in kind.ELEMENTS, kind


def test_cmd_15_the_largest_selection_is_no_more_than_a_full_bucket() -> None:
    for kind in commands.MESH_OPERATIONS:
        most = max(1, limits.COMMAND_ELEMENTS_MAX // kind.ELEMENTS_PER_TOKEN) if kind.ELEMENTS else 0
        assert 1 + kind.TOKENS + most <= limits.COMMAND_BURST_MAX, kind.NAME


def test_cmd_15_what_takes_long_costs_more() -> None:
    faces = MANY[: 16 * 250]
    assert commands.PaintFaces(NOBODY, A, HERE).price == 0
    assert commands.PaintFaces(NOBODY, faces, HERE).price == 1
    assert commands.ExtrudeRegion(NOBODY, faces, HERE).price == 5
    assert commands.LoopCut(NOBODY, A, 0.5).price == limits.MESH_PART_TOKENS
    assert commands.FlipNormals(NOBODY, faces).price == limits.MESH_PART_TOKENS + 5
    assert commands.Subdivide(NOBODY, "loop").price == limits.WHOLE_MESH_TOKENS
    assert commands.WeldByDistance(NOBODY, faces, 0.0).price == limits.WHOLE_MESH_TOKENS + 1
    assert SPHERE.price == 0
    assert msgspec.structs.replace(SPHERE, segments=256, rings=256).price == 32
    ball = CreatePrimitiveV2("icosphere", 1.0, 0, 0, 6, 0.0, "ball", HERE, NO_TURN, ONE)
    ball.check()
    assert ball.price == 40
