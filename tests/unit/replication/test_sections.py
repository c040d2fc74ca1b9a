"""Sections: what the room writes and the receiver reads, rule by rule."""

from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.replication.state_worlds import MOTION, PAPER, POSE, Motion, Paper, Pose, Scene
from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, STATE_BODY_BYTES_MAX
from theta.replication.cells import EMPTY, apply_section
from theta.replication.history import History
from theta.replication.reading_sections import Part, read_sections
from theta.replication.schema import DELTA, ENTITY, FULL, REMOVED, WIDE, ComponentLayout, Schema
from theta.replication.sections import encode_sections
from theta.replication.whole_cells import encode_whole
from theta.wire import codec
from theta.wire.state_messages import StateFrame

SMALL = Schema((ComponentLayout("a", "", (2, 1), (4, 1)), ComponentLayout("b", "", (1,), (8,), objects=1)))
AT_ORIGIN = Pose((0.0, 0.0, 0.0))


def history_of(schema: Schema, entities: int) -> History:
    """Entities 1 << 32 | slot, each at the place of its number, without components; at tick 1."""
    history = History(schema)
    history.begin_tick(1)
    history.write_members(np.arange(entities), np.arange(entities, dtype=np.uint64) | np.uint64(1 << 32))
    return history


def write(history: History, number: int, values: dict[int, list[int]], objects: list[bytes] | None = None) -> None:
    told = [objects] if objects is not None else []
    history.write(number, np.array(list(values)), np.array(list(values.values()), np.int64), told)


def sections_of(history: History, cell: int, age: int) -> bytes:
    return encode_sections(history, np.array([cell]), np.array([age])).body


def parts_of(history: History, cell: int, age: int) -> tuple[Part, ...]:
    (section,) = read_sections(history.schema, sections_of(history, cell, age))
    assert (section.cell, section.age) == (cell, age)
    return section.parts


def test_rep_9_an_entity_keeps_its_index_and_a_cell_holds_sixteen() -> None:
    history = history_of(SMALL, 20)
    first, second = (parts_of(history, cell, 0)[0] for cell in (0, 1))
    assert first.rows == tuple(range(16))
    assert second.rows == (0, 1, 2, 3)
    assert second.lanes.tolist() == [[16, 1], [17, 1], [18, 1], [19, 1]]
    history.begin_tick(2)
    history.write_members(np.array([17]), np.array([0], np.uint64))
    assert parts_of(history, 1, 1)[0].rows == (1,)


def test_rep_9_components_of_another_scope_are_not_in_a_cell() -> None:
    schema = Schema((ComponentLayout("a", "", (1,), (4,)), ComponentLayout("tool", "editor", (1,), (4,))))
    history = History(schema)
    history.set_scopes(np.array([0, 1]), np.array([0, 1]))
    history.begin_tick(1)
    entity = np.array([1 << 32 | 5], np.uint64)
    history.write_members(np.array([3]), entity)
    history.write_members(np.array([16]), entity)
    write(history, 1, {5: [7]})
    write(history, 2, {5: [9]})
    assert [part.number for part in parts_of(history, 0, 0)] == [ENTITY, 1]
    assert [part.number for part in parts_of(history, 1, 0)] == [ENTITY, 2]
    history.begin_tick(2)
    write(history, 2, {5: [10]})
    assert history.cell_changed[:2].tolist() == [1, 2]


def test_rep_10_these_are_the_bytes_of_a_section() -> None:
    history = history_of(SMALL, 2)
    write(history, 1, {0: [1, -2, 3], 1: [300, 0, 0]})
    history.begin_tick(2)
    write(history, 1, {0: [2, -2, 3], 1: [300, 40_000, 0]})
    expected = (
        "00 01 02"  # cell 0, one tick old, two parts
        " 06 0100 01 01 00"  # number 1, delta; row 0; a byte for the first group, none for the second; 1, 0
        " 07 0200 03 00000000 409c0000"  # number 1, wide; row 1; four bytes; 0, 40,000
    )
    assert sections_of(history, 0, 1) == bytes.fromhex(expected)


def test_rep_10_a_full_body_fits_a_datagram() -> None:
    frame = codec.encode(StateFrame(2**32 - 1, 2**32 - 1, 2**32 - 1, False, bytes(STATE_BODY_BYTES_MAX)))
    assert DATAGRAM_BYTES_MAX - 8 <= len(frame) <= DATAGRAM_BYTES_MAX


def test_rep_10_a_cell_that_did_not_change_has_no_section() -> None:
    history = history_of(SMALL, 20)
    write(history, 1, {17: [1, 2, 3]})
    history.begin_tick(2)
    write(history, 1, {17: [1, 2, 3]})
    sections = encode_sections(history, np.array([0, 1]), np.array([1, 1]))
    assert sections.ends.tolist() == [0, 0, 0]
    write(history, 1, {17: [2, 2, 3]})
    sections = encode_sections(history, np.array([0, 1]), np.array([1, 1]))
    assert not sections.section(0)
    assert sections.section(1)


def test_empty_delta_set_serializes_correctly() -> None:
    scene = Scene()
    assert scene.body(0).hex() != "", "with age 0 every cell has a section, even an empty one"
    empty = encode_sections(scene.history, np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert (empty.body, empty.ends.tolist()) == (b"", [0])
    entity = scene.world.spawn(AT_ORIGIN)
    scene.step()
    scene.tell(0)
    scene.step()
    assert scene.body(1) == b""
    assert read_sections(scene.receiver.schema, b"") == ()
    # A value that changed and changed back: a section without parts, which moves the baseline on.
    scene.world.write(entity, Pose((1.0, 0.0, 0.0)))
    scene.step()
    scene.world.write(entity, AT_ORIGIN)
    scene.step()
    cell = scene.receiver.cells[0]
    body = sections_of(scene.history, cell, 2)
    (section,) = read_sections(scene.receiver.schema, body)
    assert all(not part.lanes.any() for part in section.parts)
    assert scene.receiver.handle_body(0.0, scene.tick, body)
    assert scene.receiver.state(cell).tick == scene.tick


def test_rep_11_parts_come_by_number_and_kind() -> None:
    history = history_of(SMALL, 4)
    write(history, 1, {slot: [0, 0, 0] for slot in range(3)})
    history.begin_tick(2)
    history.remove(1, np.array([0]))
    write(history, 1, {1: [1, 1, 1], 2: [1 << 20, 0, 0], 3: [5, 5, 5]})
    write(history, 2, {1: [1 << 40]}, [b"x"])
    history.write_members(np.array([0, 5]), np.array([1 << 32 | 9, 1 << 32 | 0], np.uint64))
    kinds = [(part.number, part.kind, part.rows) for part in parts_of(history, 0, 1)]
    assert kinds == [
        (ENTITY, REMOVED, (0,)),
        (ENTITY, FULL, (0, 5)),
        (1, FULL, (3,)),
        (1, DELTA, (1,)),
        (1, WIDE, (2,)),
        (2, FULL, (1,)),
    ]


def test_rep_12_who_leaves_says_where_to() -> None:
    history = history_of(SMALL, 4)
    history.set_scopes(np.array([300]), np.array([0]))
    history.begin_tick(2)
    history.despawn(np.array([0]))
    entities = np.array([0, 0, 0, 1 << 32 | 2], np.uint64)
    history.write_members(np.array([0, 1, 2, 300 * 16 + 4]), entities)
    (leaving,) = parts_of(history, 0, 1)
    assert leaving == Part(ENTITY, REMOVED, 0b111, leaving.lanes, (), (0, 1, 302))


def test_rep_13_differences_wrap_in_their_natural_bytes() -> None:
    history = history_of(SMALL, 1)
    write(history, 1, {0: [2**31 - 1, 0, -128]})
    write(history, 2, {0: [2**63 - 1]}, [b""])
    history.begin_tick(2)
    write(history, 1, {0: [-(2**31), 0, 127]})
    write(history, 2, {0: [-(2**63)]}, [b""])
    before = apply_section(SMALL, EMPTY, read_sections(SMALL, encode_whole_at(history, 1))[0], 1)
    (section,) = read_sections(SMALL, sections_of(history, 0, 1))
    after = apply_section(SMALL, before, section, 2)
    assert after.components[1].lanes[0].tolist() == [-(2**31), 0, 127]
    assert after.components[2].lanes[0].tolist() == [-(2**63)]


def encode_whole_at(history: History, tick: int) -> bytes:
    """What a history of tick 1 with the first values above would have told."""
    first = history_of(SMALL, 1)
    write(first, 1, {0: [2**31 - 1, 0, -128]})
    write(first, 2, {0: [2**63 - 1]}, [b""])
    assert first.tick == tick
    return encode_whole(first, np.array([0])).buffer.tobytes()


@pytest.mark.parametrize(
    ("difference", "size"), [(0, 0), (1, 1), (127, 1), (-127, 1), (128, 2), (-32_767, 2), (32_768, 4), (2**31, 4)]
)
def test_rep_13_a_difference_takes_as_few_bytes_as_hold_it(difference: int, size: int) -> None:
    schema = Schema((ComponentLayout("a", "", (1,), (4,)),))
    history = history_of(schema, 1)
    write(history, 1, {0: [7]})
    history.begin_tick(2)
    write(history, 1, {0: [(7 + difference + 2**31) % 2**32 - 2**31]})
    body = sections_of(history, 0, 1)
    assert len(body) == (0 if difference == 0 else 3 + 4 + size)


def test_rep_14_object_fields_come_after_the_rows_of_a_part() -> None:
    history = history_of(SMALL, 3)
    write(history, 2, {0: [1], 1: [1], 2: [1]}, [b"long enough to have a length" * 10, b"", b"z"])
    (_, part) = parts_of(history, 0, 0)
    assert part.objects == ((b"long enough to have a length" * 10, b"", b"z"),)
    history.begin_tick(2)
    write(history, 2, {0: [2], 2: [1]}, [b"long enough to have a length" * 10, b"y"])
    parts = parts_of(history, 0, 1)
    assert [(part.kind, part.rows, part.objects) for part in parts] == [
        (DELTA, (0,), (None,)),
        (WIDE, (2,), ((b"y",),)),
    ]


def test_rep_20_a_whole_cell_is_the_same_section_with_natural_widths() -> None:
    scene = Scene()
    for at in range(40):
        more: list[Any] = [Motion((0.5, 0.0, at))] if at % 3 else [Paper(at, b"p" * at)]
        scene.world.spawn(Pose((at, 0.5, 0.0)), *more)
    scene.step()
    cells = scene.cells()
    narrow = read_sections(scene.history.schema, scene.body(0))
    natural = read_sections(scene.history.schema, encode_whole(scene.history, cells).buffer.tobytes())
    for one, other in zip(narrow, natural, strict=True):
        assert (one.cell, one.age) == (other.cell, other.age)
        assert [part._replace(lanes=part.lanes.tolist()) for part in one.parts] == [
            part._replace(lanes=part.lanes.tolist()) for part in other.parts
        ]


CORRUPTIONS = [
    ("ends within the cell", "80", "bytes end within the cell"),
    ("long varint", "ffffffffff01", "no LEB128"),
    ("varint not shortest", "8000 00 00", "no LEB128"),
    ("cell too large", "ffffffff0f 00 00", "cell is 4294967295"),
    ("age too large", "00 40 00", "age is 64"),
    ("ends within the parts", "00 01 02 06 0100 00", "bytes end within the part"),
    ("unknown number", "00 01 01 0e 0100", "component number 3"),
    ("parts out of order", "00 01 02 06 0100 00 05 0200 00", "ascending order"),
    ("no rows", "00 01 01 06 0000 00", "no rows"),
    ("row told twice", "00 01 02 06 0100 00 07 0100 00", "told twice"),
    ("cell told twice", "00 01 00 00 01 00", "cell 0 is told twice"),
    ("widths of more groups", "00 01 01 06 0100 10", "more than its 2 groups"),
    ("width over natural", "00 01 01 06 0100 08 0000", "width 2 of group 1"),
    ("width of an object", "00 01 01 0a 0100 04 00", "object field"),
    ("ends within lanes", "00 01 01 06 0100 03 000000", "lanes of a"),
    ("object over the end", "00 01 01 0a 0100 0c 7f 00", "field of b"),
    ("object too large", "00 01 01 0a 0100 0c 818004", "at most 65536"),
    ("delta from nothing", "00 00 01 06 0100 00", "from nothing"),
    ("delta of entities", "00 01 01 02 0100 00", "no deltas"),
    ("ends within destinations", "00 01 01 00 0300 00", "destination"),
]


@pytest.mark.parametrize(
    ("bytes_", "problem"), [each[1:] for each in CORRUPTIONS], ids=[each[0] for each in CORRUPTIONS]
)
def test_rep_15_what_is_wrong_with_a_section_is_named(bytes_: str, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        read_sections(SMALL, bytes.fromhex(bytes_))


MISFITS = [
    ("leaves nobody", "00 01 01 00 0200 00", "leaves an index that nobody has"),
    ("comes to a taken index", "00 01 01 01 0100 05 07 01", "index that is taken"),
    ("generation 0", "00 01 01 01 0200 01 07", "generation 0"),
    ("two indices", "00 01 01 01 0600 05 07 01 07 01", "two indices"),
    ("full twice", "00 01 01 05 0100 00", "full where it is already"),
    ("at nobody's index", "00 01 01 05 0200 00", "index that nobody has"),
    ("difference to nothing", "00 01 01 0a 0100 01 05", "difference to nothing"),
    ("removed where it is not", "00 01 01 08 0100", "removed where it is not"),
]


@pytest.mark.parametrize(("bytes_", "problem"), [each[1:] for each in MISFITS], ids=[each[0] for each in MISFITS])
def test_rep_15_a_section_that_does_not_fit_is_refused(bytes_: str, problem: str) -> None:
    history = history_of(SMALL, 1)
    write(history, 1, {0: [1, 2, 3]})
    (whole,) = read_sections(SMALL, sections_of(history, 0, 0))
    base = apply_section(SMALL, EMPTY, whole, 1)
    (section,) = read_sections(SMALL, bytes.fromhex(bytes_))
    with pytest.raises(ProtocolError, match=problem):
        apply_section(SMALL, base, section, 2)
    assert base.components[1].lanes[0].tolist() == [1, 2, 3]


@given(st.binary(max_size=80))
def test_rep_15_any_bytes_are_sections_or_a_protocol_error(data: bytes) -> None:
    with suppress(ProtocolError):
        assert all(section.age <= 63 for section in read_sections(SMALL, data))


def test_layouts_have_limits() -> None:
    with pytest.raises(InvalidValue, match="make it two components"):
        ComponentLayout("a", "", (1,) * 17, (1,) * 17)
    with pytest.raises(InvalidValue, match="natural bytes"):
        ComponentLayout("a", "", (1,), (3,))
    with pytest.raises(InvalidValue, match="lanes"):
        ComponentLayout("a", "", (0,), (1,))
    with pytest.raises(InvalidValue, match="scope"):
        ComponentLayout("a", "nobody", (1,), (1,))
    with pytest.raises(InvalidValue, match="components"):
        Schema([ComponentLayout(f"c{at}", "", (1,), (1,)) for at in range(1_024)])


def test_numbers_of_the_scene_are_in_the_order_of_its_components() -> None:
    scene = Scene()
    names = [layout.name for layout in scene.history.schema.layouts]
    assert [names[number] for number in (POSE, MOTION, PAPER)] == [
        "test.state.Pose",
        "test.state.Motion",
        "test.state.Paper",
    ]
    assert msgspec.json.decode(scene.descriptors.descriptors[0])["name"] == "test.state.Pose"
