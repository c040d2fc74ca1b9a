from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import pytest

from tests.unit.ecs.parts import Everything, Pose, Position, Secret
from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.ecs import received as received_module
from theta.ecs.codecs import Bits, FixedPoint
from theta.ecs.component import Bytes, Column, Migration, Plane, Text, component, component_type
from theta.ecs.declaration import Values
from theta.ecs.errors import MigrationError
from theta.ecs.evolution import RemoteComponent, read_descriptor
from theta.ecs.received import NEVER_ADVERTISED, ReceivedComponents, UnknownNotice

NUMBER = {"name": "number", "kind": "column", "dtype": "<i2", "width": 1}


def to_metres(values: Values) -> Values:
    return values | {"metres": values["feet"] * np.float32(0.25)}


def to_feet(values: Values) -> Values:
    return values | {"feet": values["metres"] / np.float32(0.25)}


def double(values: Values) -> Values:
    return values | {"metres": values["metres"] * np.float32(2.0)}


def halve(values: Values) -> Values:
    return values | {"metres": values["metres"] / np.float32(2.0)}


@component(
    "test.Height",
    plane=Plane.STATE,
    version=3,
    migrations=[Migration(3, double, halve), Migration(2, to_metres, to_feet)],
)
@dataclass(frozen=True)
class Height:
    metres: Annotated[float, Column("<f4")]
    name: Annotated[str, Text(8)] = field(default_factory=lambda: "new")


def descriptor(name: str, fields: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "id": f"{name_id(name):016x}", "plane": "state", "fields": fields, **more}


FEET = {"name": "feet", "kind": "column", "dtype": "<f4", "width": 1}
OLD_HEIGHT = descriptor("test.Height", [FEET])


@pytest.mark.parametrize("declared", [Pose, Secret, Everything, Height])
def test_ecs_24_a_descriptor_is_read_as_it_was_declared(declared: type[object]) -> None:
    local = component_type(declared)
    remote = read_descriptor(local.descriptor())
    assert remote == RemoteComponent(local.name, local.version, local.scope, local.fields, local)
    assert remote.lanes.groups == local.lanes.groups
    assert remote.lanes.codecs == local.lanes.codecs


def test_ecs_24_fields_go_by_name() -> None:
    fields = [
        {"name": "gone", "kind": "text", "characters_max": 5},
        {"name": "size", "kind": "column", "dtype": "<f4", "width": 1},
        {"name": "flags", "kind": "column", "dtype": "<u1", "width": 2},
        {"name": "payload", "kind": "bytes", "length_max": 9},
        {"name": "translation", "kind": "column", "dtype": "<f8", "width": 3},
    ]
    remote = read_descriptor(descriptor("test.Pose", fields))
    values = {
        "gone": np.array(["a", "b"], object),
        "size": np.array([0.5, 2.0], np.float32),
        "flags": np.array([[1, 2], [3, 4]], np.uint8),
        "payload": np.array([b"x", b"xyz"], object),
        "translation": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    }
    local = remote.to_local(values, 2)
    assert list(local) == [field.name for field in component_type(Pose).fields]
    assert local["size"].dtype == np.float64
    assert local["size"].tolist() == [0.5, 2.0]
    assert local["translation"].dtype == np.float32
    assert local["translation"].tolist() == values["translation"].tolist()
    assert local["payload"].tolist() == [b"x", b"xyz"]
    assert local["flags"].tolist() == [0, 0], "another width counts as missing"
    assert local["rotation"].tolist() == [[0.0, 0.0, 0.0, 1.0]] * 2, "what is missing gets its default"
    assert local["key"].tolist() == [[0, 0], [0, 0]]
    back = remote.from_local(local, 2)
    assert list(back) == ["gone", "size", "flags", "payload", "translation"]
    assert back["gone"].tolist() == ["", ""]
    assert back["flags"].tolist() == [[0, 0], [0, 0]]
    assert back["size"].dtype == np.float32
    too_large = values | {"translation": np.full((2, 3), 1e300), "payload": np.array([b"1234567", b""], object)}
    fitted = remote.to_local(too_large, 2)
    assert fitted["translation"].tolist() == [[0.0] * 3] * 2
    assert fitted["payload"].tolist() == [b"", b""]
    assert remote.to_local({name: array[:0] for name, array in values.items()}, 0)["key"].shape == (0, 2)


def test_ecs_24_migrations_go_up_and_down_version_by_version() -> None:
    old = read_descriptor(OLD_HEIGHT)
    assert old.version == 1
    local = old.to_local({"feet": np.array([4.0, 8.0], np.float32)}, 2)
    assert local["metres"].tolist() == [2.0, 4.0]
    assert local["name"].tolist() == ["new", "new"]
    assert old.from_local(local, 2)["feet"].tolist() == [4.0, 8.0]
    metres = {"name": "metres", "kind": "column", "dtype": "<f4", "width": 1}
    middle = read_descriptor(descriptor("test.Height", [metres], version=2))
    assert middle.to_local({"metres": np.array([1.0], np.float32)}, 1)["metres"].tolist() == [2.0]
    assert middle.from_local(local, 2)["metres"].tolist() == [1.0, 2.0]
    newer = read_descriptor(descriptor("test.Height", [metres], version=9))
    assert newer.to_local({"metres": np.array([1.0], np.float32)}, 1)["metres"].tolist() == [1.0]
    assert newer.from_local(local, 2)["metres"].tolist() == [2.0, 4.0]


def test_ecs_24_a_migration_that_gives_what_does_not_fit_is_named() -> None:
    def lose_rows(values: Values) -> Values:
        return {"text": values["number"][:-1]}

    @component("test.Broken", plane=Plane.STATE, version=2, migrations=[Migration(2, lose_rows, lose_rows)])
    @dataclass(frozen=True)
    class Broken:
        text: Annotated[bytes, Bytes(3)]

    remote = read_descriptor(descriptor("test.Broken", [NUMBER]))
    with pytest.raises(MigrationError, match=r"does not fit: test\.Broken\.text"):
        remote.to_local({"number": np.zeros(2, np.int16)}, 2)
    assert component_type(Broken).version == 2


def bad_descriptors() -> list[tuple[object, str]]:
    name = "test.Bad"
    good = descriptor(name, [NUMBER])

    def with_field(**changes: Any) -> dict[str, Any]:
        return good | {"fields": [NUMBER | changes]}

    def without(key: str) -> dict[str, Any]:
        return good | {"fields": [{each: value for each, value in NUMBER.items() if each != key}]}

    step = {"name": "fixed-point", "step": 1.0, "low": 0.0, "high": 1.0}
    return [
        (3, "descriptor"),
        ({1: 2}, "descriptor"),
        (good | {"more": 1}, "descriptor"),
        (good | {"name": 3}, "descriptor.name"),
        (good | {"name": "käse"}, "descriptor.name"),
        (good | {"id": "0" * 16}, f"{name}.id"),
        (good | {"plane": "document"}, f"{name}.plane"),
        (good | {"position": 3}, f"{name}.plane"),
        (good | {"version": 0}, f"{name}.version"),
        (good | {"version": True}, f"{name}.version"),
        (good | {"scope": "admins"}, f"{name}.scope"),
        (good | {"fields": []}, f"{name}.fields"),
        (good | {"fields": [NUMBER] * 65}, f"{name}.fields"),
        (good | {"fields": [NUMBER, NUMBER]}, f"{name}.fields"),
        (good | {"fields": [3]}, f"{name}.fields"),
        (with_field(name="not a name"), f"{name}.fields"),
        (with_field(kind="list"), f"{name}.number"),
        (with_field(dtype="<f2"), "dtype"),
        (with_field(dtype=4), f"{name}.number"),
        (with_field(width="1"), f"{name}.number"),
        (with_field(width=1.0), f"{name}.number"),
        (with_field(width=True), f"{name}.number"),
        (with_field(width=10**9), "width"),
        (with_field(more=1), f"{name}.number"),
        (without("dtype"), f"{name}.number"),
        (with_field(codec=3), f"{name}.number"),
        (with_field(codec={"name": "zip"}), f"{name}.number"),
        (with_field(codec={"name": "bits", "column": 1}), f"{name}.number"),
        (with_field(codec=step), "codec"),
        (with_field(dtype="<f4", codec=step | {"high": 10**400}), f"{name}.number"),
        (with_field(dtype="<f4", codec=step | {"step": 0}), "step"),
        (good | {"fields": [{"name": "a", "kind": "blob", "length": 10**9}]}, "length"),
        (good | {"fields": [{"name": "a", "kind": "blob", "length": 2, "codec": {"name": "bits"}}]}, f"{name}.a"),
    ]


@pytest.mark.parametrize(("told", "named"), bad_descriptors())
def test_ecs_25_a_descriptor_that_cannot_be_is_refused(told: object, named: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_descriptor(told)
    assert caught.value.field == named


def test_codecs_in_descriptors_may_have_whole_numbers() -> None:
    codec = {"name": "fixed-point", "step": 1, "low": 0, "high": 5}
    fields = [{"name": "a", "kind": "column", "dtype": "<f4", "width": 1, "codec": codec}]
    assert isinstance(read_descriptor(descriptor("test.Whole", fields)).fields[0].codec, FixedPoint)
    bits = [{"name": "a", "kind": "column", "dtype": "<u1", "width": 1, "codec": {"name": "bits", "count": 1}}]
    assert isinstance(read_descriptor(descriptor("test.Flags", bits)).fields[0].codec, Bits)


def test_ecs_25_unknown_components_are_skipped_counted_and_told_of_once() -> None:
    received = ReceivedComponents()
    received.handle_descriptors(1, [descriptor("test.Stranger", [NUMBER]), component_type(Secret).descriptor()])
    stranger, secret = received.find(1), received.find(2)
    assert stranger is not None
    assert stranger.local is None
    assert stranger.lanes.groups == (1,), "what is unknown can still be passed over"
    assert secret is not None
    assert secret.local is component_type(Secret)
    assert received.find(0) is None
    assert received.find(3) is None
    for number, rows in ((1, 16), (77, 1), (1, 4), (10**12, 1)):
        received.handle_skipped(number, rows)
    assert received.poll_notices() == [UnknownNotice(1, "test.Stranger"), UnknownNotice(NEVER_ADVERTISED, "")]
    received.handle_skipped(1)
    assert received.poll_notices() == []
    assert received.skipped == {1: 21, NEVER_ADVERTISED: 2}


def test_ecs_25_descriptors_come_in_the_order_of_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    received = ReceivedComponents()
    one, two, three = (descriptor(f"test.{name}", [NUMBER]) for name in ("One", "Two", "Three"))
    received.handle_descriptors(1, [one, two])
    received.handle_descriptors(2, [two, three])
    received.handle_descriptors(1, [one])
    assert len(received) == 3
    for first, told in ((5, [one]), (0, [one]), (2, [three]), (4, [one, {"name": 1}])):
        with pytest.raises(InvalidValue):
            received.handle_descriptors(first, told)
        assert len(received) == 3
    monkeypatch.setattr(received_module, "STATE_COMPONENTS_MAX", 3)
    with pytest.raises(InvalidValue, match="at most 3"):
        received.handle_descriptors(4, [descriptor("test.Four", [NUMBER])])
    document = component_type(Position).descriptor()
    with pytest.raises(InvalidValue, match="plane"):
        ReceivedComponents().handle_descriptors(1, [document])
