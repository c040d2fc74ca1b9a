import dataclasses
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ecs.parts import EVERYTHING, Everything, Key, Label, Pose, Position, Secret, Velocity
from theta.base.errors import InvalidValue, UsageError
from theta.base.identifiers import name_id
from theta.ecs.codecs import Bits, FixedPoint, Raw, SmallestThree
from theta.ecs.component import (
    Blob,
    Bytes,
    Column,
    ComponentType,
    Migration,
    Plane,
    Text,
    canonical_bytes,
    check,
    component,
    component_named,
    component_type,
    component_types,
    parse,
)
from theta.ecs.errors import ComponentIdCollision, DuplicateComponent, InvalidComponent, UnknownComponent

EVERYTHING_BYTES = struct.pack("<BiHHf3s", 7, -2, 1, 65_535, 0.5, b"\x00ab") + "höh".encode()


def test_the_decorator_declares_name_id_plane_and_fields() -> None:
    declaration = component_type(Position)
    assert declaration.name == "test.Position"
    assert declaration.id == name_id("test.Position")
    assert declaration.plane is Plane.DOCUMENT
    assert component_type(Velocity).plane is Plane.STATE
    assert [field.name for field in declaration.fields] == ["metres"]
    assert component_type(Position((1.0, 2.0, 3.0))) is declaration


def test_the_descriptor_is_plain_data() -> None:
    assert component_type(Everything).descriptor() == {
        "name": "test.Everything",
        "id": f"{name_id('test.Everything'):016x}",
        "plane": "state",
        "fields": [
            {"name": "flag", "kind": "column", "dtype": "<u1", "width": 1},
            {"name": "number", "kind": "column", "dtype": "<i4", "width": 1},
            {"name": "pair", "kind": "column", "dtype": "<u2", "width": 2},
            {"name": "weight", "kind": "column", "dtype": "<f4", "width": 1},
            {"name": "key", "kind": "blob", "length": 3},
            {"name": "note", "kind": "text", "characters_max": 5},
        ],
    }
    assert type(component_type(Everything).descriptor()["plane"]) is str


def test_ecs_4_a_descriptor_says_what_is_used_and_no_more() -> None:
    assert component_type(Pose).descriptor() == {
        "name": "test.Pose",
        "id": f"{name_id('test.Pose'):016x}",
        "plane": "state",
        "position": "translation",
        "fields": [
            {
                "name": "translation",
                "kind": "column",
                "dtype": "<f4",
                "width": 3,
                "codec": {"name": "fixed-point", "step": 0.004, "low": -100.0, "high": 100.0},
            },
            {
                "name": "rotation",
                "kind": "column",
                "dtype": "<f4",
                "width": 4,
                "codec": {"name": "smallest-three", "bits": 11},
            },
            {"name": "flags", "kind": "column", "dtype": "<u1", "width": 1, "codec": {"name": "bits", "count": 8}},
            {"name": "size", "kind": "column", "dtype": "<f8", "width": 1},
            {"name": "target", "kind": "column", "dtype": "<u8", "width": 1, "codec": {"name": "entity"}},
            {"name": "key", "kind": "blob", "length": 2},
            {"name": "payload", "kind": "bytes", "length_max": 6},
        ],
    }
    told = component_type(Secret).descriptor()
    assert (told["scope"], told["version"]) == ("editor", 3)


def test_ecs_2_the_codec_is_bound_to_its_column() -> None:
    codecs = [field.codec for field in component_type(Pose).fields]
    assert [type(codec) for codec in codecs[:4]] == [FixedPoint, SmallestThree, Bits, Raw]
    assert codecs[-2:] == [None, None]
    assert codecs[0] is not None
    assert codecs[0].column == Column("<f4", 3)
    assert component_named("test.Pose") is component_type(Pose)
    assert component_named("test.Nobody") is None


def test_ecs_3_bytes_are_the_last_of_the_canonical_bytes() -> None:
    pose = Pose((1.0, 2.0, 3.0), flags=9, key=b"ab", payload=b"\0xyz")
    data = canonical_bytes(pose)
    assert data == struct.pack("<3f4fBdQ2s", 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 1.0, 9, 1.0, 0, b"ab") + b"\0xyz"
    assert parse(Pose, data) == pose
    payloads: tuple[Any, ...] = (b"1234567", "text")
    for payload in payloads:
        with pytest.raises(InvalidValue, match="at most 6 bytes"):
            check(dataclasses.replace(pose, payload=payload))
    with pytest.raises(InvalidValue, match=r"test\.Pose\.payload"):
        parse(Pose, data + b"123")


def test_component_types_lists_all_by_name() -> None:
    names = [declaration.name for declaration in component_types()]
    assert names == sorted(names)
    assert {"test.Position", "test.Label"} <= set(names)


def test_canonical_bytes_are_little_endian_in_declared_order() -> None:
    assert canonical_bytes(EVERYTHING) == EVERYTHING_BYTES
    assert canonical_bytes(Position((1.0, 2.0, 3.0))) == struct.pack("<3d", 1.0, 2.0, 3.0)
    assert canonical_bytes(Label("käse")) == "käse".encode()
    assert canonical_bytes(Label("")) == b""
    assert canonical_bytes(Key(b"\0\1\2\3")) == b"\0\1\2\3"
    assert parse(Everything, EVERYTHING_BYTES) == EVERYTHING


def test_minus_zero_is_written_and_parsed_as_zero() -> None:
    raw = struct.pack("<3d", -0.0, 0.0, -1.0)
    assert canonical_bytes(Position((-0.0, 0.0, -1.0))) == struct.pack("<3d", 0.0, 0.0, -1.0)
    assert canonical_bytes(parse(Position, raw)) == canonical_bytes(Position((0.0, 0.0, -1.0)))


@given(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3))
def test_float_columns_round_trip(metres: tuple[float, ...]) -> None:
    position = Position(metres)
    assert parse(Position, canonical_bytes(position)) == position


@given(
    flag=st.integers(0, 255),
    number=st.integers(-(2**31), 2**31 - 1),
    pair=st.tuples(*[st.integers(0, 65_535)] * 2),
    weight=st.floats(width=32, allow_nan=False, allow_infinity=False),
    key=st.binary(min_size=3, max_size=3),
    note=st.text(st.characters(codec="utf-8"), max_size=5),
)
def test_every_kind_of_field_round_trips(**fields: Any) -> None:
    value = Everything(**fields)
    assert parse(Everything, canonical_bytes(value)) == value


@given(st.binary(max_size=24))
def test_parse_refuses_or_gives_a_value_with_one_spelling(data: bytes) -> None:
    for declared in (Position, Label, Key, Everything):
        try:
            value = parse(declared, data)
        except InvalidValue:
            continue
        written = canonical_bytes(value)
        assert len(written) == len(data)
        assert canonical_bytes(parse(declared, written)) == written


@pytest.mark.parametrize(
    ("declared", "data", "field"),
    [
        (Position, bytes(23), "test.Position"),
        (Position, bytes(25), "test.Position"),
        (Position, struct.pack("<3d", 0.0, float("nan"), 0.0), "test.Position.metres"),
        (Position, struct.pack("<3d", 0.0, 0.0, float("-inf")), "test.Position.metres"),
        (Label, b"\xff", "test.Label.text"),
        (Label, b"123456789", "test.Label.text"),
        (Label, b"\xed\xa0\x80", "test.Label.text"),
        (Everything, bytes(15), "test.Everything"),
    ],
)
def test_parse_names_the_bad_field(declared: type[object], data: bytes, field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse(declared, data)
    assert caught.value.field == field


def test_parse_takes_the_longest_text() -> None:
    assert parse(Label, "ääääääää".encode()) == Label("ääääääää")


@pytest.mark.parametrize(
    "changes",
    [
        {"flag": 256},
        {"flag": -1},
        {"flag": True},
        {"flag": 1.0},
        {"number": 2**31},
        {"pair": (1, 2, 3)},
        {"pair": [1, 2]},
        {"pair": 1},
        {"weight": 3.5e38},
        {"weight": float("nan")},
        {"weight": float("inf")},
        {"weight": False},
        {"weight": "1"},
        {"key": b"ab"},
        {"key": "abc"},
        {"note": "123456"},
        {"note": "\ud800"},
        {"note": b"abc"},
    ],
)
def test_check_refuses_what_a_field_cannot_hold(changes: dict[str, Any]) -> None:
    value = dataclasses.replace(EVERYTHING, **changes)
    (name,) = changes
    for refuse in (check, canonical_bytes):
        with pytest.raises(InvalidValue) as caught:
            refuse(value)
        assert caught.value.field == f"test.Everything.{name}"


def test_a_whole_number_is_a_float_too_unless_it_is_too_large() -> None:
    assert canonical_bytes(Position((1, 2, 3))) == struct.pack("<3d", 1.0, 2.0, 3.0)
    with pytest.raises(InvalidValue):
        check(Position((10**400, 0, 0)))


def test_a_name_belongs_to_one_class() -> None:
    @dataclass(frozen=True)
    class Impostor:
        metres: Annotated[tuple[float, ...], Column("<f8", 3)]

    with pytest.raises(DuplicateComponent, match=r"test\.Position is taken by .*parts\.Position"):
        component("test.Position", plane=Plane.DOCUMENT)(Impostor)
    with pytest.raises(UnknownComponent):
        component_type(Impostor)


def test_ecs_2_two_names_with_one_id_are_refused_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.ecs.component.name_id", lambda name: name_id("test.Position"))

    @dataclass(frozen=True)
    class Twin:
        metres: Annotated[tuple[float, ...], Column("<f8", 3)]

    with pytest.raises(ComponentIdCollision, match=r"test\.Twin and test\.Position have the same id") as caught:
        component("test.Twin", plane=Plane.DOCUMENT)(Twin)
    assert (caught.value.name, caught.value.other) == ("test.Twin", "test.Position")
    assert component_named("test.Twin") is None


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("turn", range(30))
def test_ecs_2_of_two_threads_that_declare_a_name_one_wins(turn: int) -> None:
    def make(width: int) -> type[object]:
        @dataclass(frozen=True)
        class Raced:
            numbers: Annotated[tuple[float, ...], Column("<f4", width)]

        return Raced

    outcomes: list[object] = []
    start = threading.Barrier(8)

    def run(width: int) -> None:
        declared = make(width)
        start.wait()
        try:
            outcomes.append(component_type(component(f"test.Raced{turn}", plane=Plane.STATE)(declared)).fields)
        except DuplicateComponent as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=run, args=(2 + at % 2,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [each for each in outcomes if each is not DuplicateComponent]
    assert len(outcomes) == 8
    assert len(won) == 4, "everybody who declares what the first one did is right"
    assert len(set(map(str, won))) == 1


def test_ecs_2_who_comes_a_step_later_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The narrowest race: another thread declares the name at the very moment when it is looked up."""

    @dataclass(frozen=True)
    class Late:
        number: Annotated[int, Column("<u1")]

    rival = dataclasses.replace(component_type(Position), name="test.Late", id=name_id("test.Late"))

    class Raced(dict[int, ComponentType]):
        def get(self, key: int, default: Any = None) -> Any:
            found = super().get(key, default)
            super().setdefault(key, rival)
            return found

        def setdefault(self, key: int, default: Any = None) -> Any:
            super().setdefault(key, rival)
            return super().setdefault(key, default)

    monkeypatch.setattr("theta.ecs.component._registered", Raced())
    with pytest.raises(DuplicateComponent, match=r"test\.Late is taken by .*Position"):
        component("test.Late", plane=Plane.STATE)(Late)
    assert component_named("test.Late") is rival


def test_a_class_may_be_declared_again_as_it_was() -> None:
    def declare(width: int) -> type[object]:
        @component("test.Again", plane=Plane.STATE)
        @dataclass(frozen=True)
        class Again:
            numbers: Annotated[tuple[float, ...], Column("<f4", width)]

        return Again

    first, second = declare(2), declare(2)
    assert component_type(first) == component_type(second)
    with pytest.raises(DuplicateComponent):
        declare(3)


def test_only_declared_classes_are_components() -> None:
    class Heir(Position):
        pass

    for stranger in (int, 3, Heir, object()):
        with pytest.raises(UnknownComponent, match="is no component"):
            component_type(stranger)
    with pytest.raises(UsageError):
        parse(int, b"")
    with pytest.raises(UsageError):
        canonical_bytes("text")


def _thawed() -> type[object]:
    @dataclass
    class Thawed:
        number: Annotated[int, Column("<u1")]

    return Thawed


def _plain() -> type[object]:
    class Plain:
        pass

    return Plain


def _empty() -> type[object]:
    @dataclass(frozen=True)
    class Empty:
        pass

    return Empty


def _bare() -> type[object]:
    @dataclass(frozen=True)
    class Bare:
        number: int

    return Bare


def _doubled() -> type[object]:
    @dataclass(frozen=True)
    class Doubled:
        number: Annotated[int, Column("<u1"), Column("<u2")]

    return Doubled


def _mistyped() -> type[object]:
    @dataclass(frozen=True)
    class Mistyped:
        numbers: Annotated[float, Column("<f8", 3)]

    return Mistyped


def _text_first() -> type[object]:
    @dataclass(frozen=True)
    class TextFirst:
        text: Annotated[str, Text(3)]
        number: Annotated[int, Column("<u1")]

    return TextFirst


def _bytes_first() -> type[object]:
    @dataclass(frozen=True)
    class BytesFirst:
        data: Annotated[bytes, Bytes(3)]
        number: Annotated[int, Column("<u1")]

    return BytesFirst


def _coded_text() -> type[object]:
    @dataclass(frozen=True)
    class CodedText:
        text: Annotated[str, Text(3), Raw()]

    return CodedText


def _coded_twice() -> type[object]:
    @dataclass(frozen=True)
    class CodedTwice:
        number: Annotated[int, Column("<u1"), Raw(), Bits()]

    return CodedTwice


def _coded_wrongly() -> type[object]:
    @dataclass(frozen=True)
    class CodedWrongly:
        numbers: Annotated[tuple[float, ...], Column("<f4", 3), SmallestThree()]

    return CodedWrongly


def _unchanged(values: dict[str, Any]) -> dict[str, Any]:
    return values


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"scope": "admins"}, "the scope is one of"),
        ({"scope": "editor", "plane": Plane.DOCUMENT}, "everyone has the document"),
        ({"version": 0}, "versions begin at 1"),
        ({"version": 2, "migrations": [Migration(3, _unchanged, _unchanged)]}, "from 2 to 2"),
        ({"version": 2, "migrations": [Migration(2, _unchanged, _unchanged)] * 2}, "one migration to a version"),
        ({"position": "nothing"}, "three floats"),
        ({"position": "pair"}, "three floats"),
        ({"position": "whole"}, "three floats"),
        ({"position": "text"}, "three floats"),
    ],
)
def test_ecs_2_options_that_cannot_be_are_refused(options: dict[str, Any], reason: str) -> None:
    @dataclass(frozen=True)
    class Optional:
        pair: Annotated[tuple[float, ...], Column("<f4", 2)]
        whole: Annotated[tuple[int, ...], Column("<i4", 3)]
        text: Annotated[str, Text(3)]

    with pytest.raises(InvalidComponent, match=reason):
        component("test.Refused", **({"plane": Plane.STATE} | options))(Optional)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_thawed, "frozen dataclass"),
        (_plain, "frozen dataclass"),
        (_empty, "no fields"),
        (_bare, "Annotated with one Column, Text or Blob"),
        (_doubled, "Annotated with one Column, Text or Blob"),
        (_mistyped, "annotated as tuple"),
        (_text_first, "text can only be the last field"),
        (_bytes_first, "so can Bytes"),
        (_coded_text, "only a Column has a codec"),
        (_coded_twice, "one codec at most"),
        (_coded_wrongly, "four floats for SmallestThree"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(make: Callable[[], type[object]], reason: str) -> None:
    with pytest.raises(InvalidComponent, match=reason):
        component("test.Refused", plane=Plane.STATE)(make())
    assert "test.Refused" not in [declaration.name for declaration in component_types()]


@pytest.mark.parametrize("name", ["", "käse", "a\nb"])
def test_a_name_is_printable_ascii(name: str) -> None:
    with pytest.raises(InvalidComponent, match="printable ASCII"):
        component(name, plane=Plane.STATE)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Column(">f8"), "dtype"),
        (lambda: Column("f8"), "dtype"),
        (lambda: Column("<f8", 0), "width"),
        (lambda: Column("<f8", 257), "width"),
        (lambda: Blob(0), "length"),
        (lambda: Blob(65_537), "length"),
        (lambda: Bytes(0), "length_max"),
        (lambda: Text(0), "characters_max"),
    ],
)
def test_a_kind_of_field_that_cannot_be_is_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.field == field
