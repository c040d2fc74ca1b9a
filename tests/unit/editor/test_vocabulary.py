import math
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.unit.editor.scenes import HERE, NO_TURN, NOBODY, ONE, RED, cube, doubles
from theta.base import limits
from theta.base.errors import InvalidValue
from theta.commands.governing import GOVERNING
from theta.commands.registry import CommandRegistry, encode_payload
from theta.editor import vocabulary
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.editor.vocabulary import (
    OPERATIONS,
    Delete,
    ExtrudeFace,
    ImportMesh,
    MoveVertices,
    Operation,
    Paint,
    Rename,
    SetEffective,
    SetTransform,
)
from theta.wire.messages import GestureName

FACE = b"f" * 16
METRES = limits.COORDINATE_METRES_MAX
PLACE = SetTransform(NOBODY, HERE, NO_TURN, ONE)
MOVE = MoveVertices(NOBODY, b"v" * 16, doubles(0.0, 0.0, 0.0), doubles(0.0, 0.0, 0.0))
EXTRUDE = ExtrudeFace(NOBODY, FACE, 0.5)
PAINT = Paint(NOBODY, RED)
RENAME = Rename(NOBODY, "n")
OFF = SetEffective([GestureName(1, 1)], False)
IMPORT = ImportMesh(b"a" * 32, "n", HERE, NO_TURN, ONE, RED)
GOOD = (cube(), PLACE, MOVE, EXTRUDE, PAINT, RENAME, Delete(NOBODY), OFF, IMPORT)


@dataclass
class Limit:
    """A field, with values just within its limits and just past them."""

    operation: Operation
    field: str
    within: list[Any]
    past: list[Any]


def _just_over(value: float) -> float:
    return math.nextafter(value, math.inf)


def _triples(value: float) -> list[tuple[float, float, float]]:
    return [(value, 0.5, 0.5), (0.5, value, 0.5), (0.5, 0.5, value)]


NOT_FINITE = [math.nan, math.inf, -math.inf]
BAD_TRIPLES = [triple for value in NOT_FINITE for triple in _triples(value)]
FAR = [*_triples(_just_over(METRES)), *_triples(-_just_over(METRES)), *BAD_TRIPLES]
SCALES = [
    *_triples(_just_over(limits.SCALE_FACTOR_MAX)),
    *_triples(math.nextafter(limits.SCALE_FACTOR_MIN, 0.0)),
    *_triples(0.0),
    *_triples(-1.0),
    *BAD_TRIPLES,
]
TURNS = [
    (0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 1.1),
    (0.0, 0.0, 0.0, 0.9),
    (0.5, 0.5, 0.5, 0.51),
    (1e200, 0.0, 0.0, 0.0),
    *[(value, 0.0, 0.0, 1.0) for value in NOT_FINITE],
]
NAMES_PAST = ["", "x" * 129, "a\nb", "\x00", "\x7f", "\x9f", "\u2028", "\u202e", "\u2069"]
NAMES_WITHIN = ["x", "x" * 128, "🌍" * 128, " ", "a b", "\u00a0", "\u200d", "\U000e0020", "\u0378"]
PLACEMENT: list[tuple[str, list[Any], list[Any]]] = [
    ("translation", [(METRES, -METRES, 0.0), (-0.0, 0.0, 0.0)], FAR),
    ("rotation", [(1.0, 0.0, 0.0, 0.0), (0.5, -0.5, 0.5, -0.5), (0.0, 0.0, 0.0, -1.0)], TURNS),
    ("scale", [(limits.SCALE_FACTOR_MIN, limits.SCALE_FACTOR_MAX, 1.0)], SCALES),
]
SIZE = limits.PRIMITIVE_METRES_MAX
POINTS_PAST = [
    b"",
    doubles(0.0, 0.0),
    doubles(0.0, 0.0, 0.0) + b"\0",
    doubles(*(0.0,) * 6),
    *[doubles(*triple) for triple in FAR],
]
MANY = b"".join(at.to_bytes(16, "big") for at in range(limits.MOVED_VERTICES_MAX + 1))
LIMITS = [
    Limit(cube(), "kind", ["cube", "pyramid", "plane"], ["", "sphere", "Cube", "cube "]),
    Limit(
        cube(),
        "size",
        [limits.PRIMITIVE_METRES_MIN, SIZE],
        [math.nextafter(limits.PRIMITIVE_METRES_MIN, 0.0), _just_over(SIZE), 0.0, -1.0, *NOT_FINITE],
    ),
    *[Limit(cube(), field, within, past) for field, within, past in (*PLACEMENT, ("name", NAMES_WITHIN, NAMES_PAST))],
    *[Limit(IMPORT, field, within, past) for field, within, past in (*PLACEMENT, ("name", NAMES_WITHIN, NAMES_PAST))],
    Limit(IMPORT, "colour", [(0.0, 1.0, -0.0)], [*_triples(_just_over(1.0)), *_triples(-5e-324), *BAD_TRIPLES]),
    *[Limit(PLACE, field, within, past) for field, within, past in PLACEMENT],
    Limit(MOVE, "vertices", [b"w" * 16], [b"", b"v" * 15, b"v" * 17, b"v" * 32, MANY]),
    *[
        Limit(MOVE, field, [doubles(METRES, -METRES, -0.0), doubles(5e-324, 0.0, 0.0)], POINTS_PAST)
        for field in ("targets", "deltas")
    ],
    Limit(EXTRUDE, "distance", [SIZE, -SIZE, 5e-324], [_just_over(SIZE), -_just_over(SIZE), 0.0, -0.0, *NOT_FINITE]),
    Limit(
        PAINT,
        "colour",
        [(0.0, 1.0, -0.0)],
        [*_triples(_just_over(1.0)), *_triples(-5e-324), *BAD_TRIPLES],
    ),
    Limit(RENAME, "name", NAMES_WITHIN, NAMES_PAST),
    Limit(OFF, "gestures", [[GestureName(1, 1)] * 256, [GestureName(2**64 - 1, 0)]], [[], [GestureName(1, 1)] * 257]),
]


@pytest.mark.parametrize("operation", GOOD, ids=lambda each: each.NAME)
def test_good_operations_pass_and_come_back(operation: Operation) -> None:
    operation.check()
    back = msgspec.msgpack.decode(encode_payload(operation), type=type(operation))
    assert back == operation


@pytest.mark.parametrize("limit", LIMITS, ids=lambda each: f"{each.operation.NAME} {each.field}")
def test_cmd_30_each_field_holds_to_its_limits(limit: Limit) -> None:
    for value in limit.within:
        msgspec.structs.replace(limit.operation, **{limit.field: value}).check()
    for value in limit.past:
        with pytest.raises(InvalidValue) as caught:
            msgspec.structs.replace(limit.operation, **{limit.field: value}).check()
        assert caught.value.field == limit.field
        assert caught.value.limit


def test_cmd_33_as_many_vertices_as_allowed() -> None:
    count = limits.MOVED_VERTICES_MAX
    points = doubles(*(0.0,) * 3 * count)
    MoveVertices(NOBODY, MANY[: 16 * count], points, points).check()
    over = doubles(*(0.0,) * 3 * (count + 1))
    with pytest.raises(InvalidValue, match="vertices"):
        MoveVertices(NOBODY, MANY, over, over).check()


def test_cmd_30_numbers_over_all_floats_are_refused_as_well() -> None:
    with pytest.raises(InvalidValue, match="size"):
        msgspec.structs.replace(cube(), size=10**400).check()


def test_cmd_30_what_a_name_may_hold_is_the_same_for_every_python() -> None:
    refused = []
    for code in range(0x110000):
        try:
            vocabulary.check_name(chr(code))
        except InvalidValue:
            refused.append(code)
    surrogates = range(0xD800, 0xE000)
    expected = [*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A), *surrogates]
    assert refused == sorted(expected)


@pytest.mark.parametrize("operation", GOOD, ids=lambda each: each.NAME)
def test_cmd_30_payloads_hold_exactly_their_fields(operation: Operation) -> None:
    fields = msgspec.msgpack.decode(encode_payload(operation))
    for wrong in (fields[:-1], [*fields, None], []):
        with pytest.raises(msgspec.ValidationError):
            msgspec.msgpack.decode(msgspec.msgpack.encode(wrong), type=type(operation))


def test_the_vocabulary_is_frozen() -> None:
    assert CommandRegistry(OPERATIONS).names == [
        "theta.create_primitive@1",
        "theta.transform@1",
        "theta.move_vertices@1",
        "theta.extrude_face@1",
        "theta.paint@1",
        "theta.rename@1",
        "theta.delete@1",
        "theta.set_effective@1",
        "theta.set_effective@2",
        "theta.import_mesh@1",
        "theta.create_primitive@2",
        "theta.import_mesh@2",
        "theta.set_surface@1",
        *(f"{each.NAME}@{each.VERSION}" for each in MESH_OPERATIONS),
        *(f"{each.NAME}@{each.VERSION}" for each in GOVERNING),
    ]
    creating = [f"{each.NAME}@{each.VERSION}" for each in OPERATIONS if each.CREATES]
    assert creating == [f"theta.{name}@{version}" for version in (1, 2) for name in ("create_primitive", "import_mesh")]
    assert [each.NAME for each in GOOD if each.assets] == ["theta.import_mesh"]
