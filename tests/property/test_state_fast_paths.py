"""What is done at once, for many rows or cells, comes to what the plain way comes to: on random worlds."""

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from theta.base.errors import ProtocolError
from theta.base.limits import CELL_ENTITIES_MAX
from theta.replication import dense_sections, reading_sections
from theta.replication.cells import EMPTY, CellState, apply_section
from theta.replication.cells_at_once import Step, apply_steps
from theta.replication.history import History
from theta.replication.reading_sections import read_sections
from theta.replication.receiving import StateReceiver, StateUpdate
from theta.replication.schema import ComponentLayout, Schema
from theta.replication.sections import encode_sections
from theta.replication.whole_cells import encode_whole

ALL = 10**9
TICKS_MAX = 6


class RandomRoom:
    """A history that is written to at random, tick by tick: everything that may happen to a cell happens."""

    def __init__(self, seed: int, has_scopes: bool = True) -> None:
        self.random = np.random.default_rng(seed)
        self.schema = Schema([self._layout(at, has_scopes) for at in range(int(self.random.integers(1, 5)))])
        self.history = History(self.schema)
        self.slots = int(self.random.integers(1, 80))
        self.generations = np.ones(self.slots, np.int64)
        self.cell_count = -(-self.slots // CELL_ENTITIES_MAX) + 1
        self.scopes = self.random.integers(0, 2, self.cell_count) if has_scopes else np.zeros(self.cell_count, np.int64)
        self.history.set_scopes(np.arange(self.cell_count), self.scopes)
        self.there: dict[int, int] = {}

    @property
    def cells(self) -> np.ndarray:
        return np.arange(self.cell_count)

    def _layout(self, at: int, has_scopes: bool) -> ComponentLayout:
        groups = int(self.random.integers(0, 5))
        lanes = tuple(self.random.integers(1, 5, groups).tolist())
        natural = tuple(self.random.choice([1, 2, 4, 8], groups).tolist())
        scope = "editor" if has_scopes and self.random.random() < 0.2 else ""
        return ComponentLayout(f"c{at}", scope, lanes, natural, int(self.random.integers(0 if groups else 1, 3)))

    def step(self) -> None:
        self.history.begin_tick(self.history.tick + 1)
        if self.random.random() < 0.7 or self.history.tick == 1:
            self._move()
        for number in range(1, self.schema.count):
            self._write(number)
        if self.random.random() < 0.2:
            self._despawn(self._some_slots(0.2))

    def _some_slots(self, share: float) -> np.ndarray:
        count = int(self.random.integers(0, max(1, int(self.slots * share)) + 1))
        return np.sort(self.random.choice(self.slots, count, replace=False))

    def _move(self) -> None:
        count = self.cell_count * CELL_ENTITIES_MAX
        places = np.sort(self.random.choice(count, count // 3, replace=False))
        for place in places.tolist():
            self.there.pop(place, None)
        taken = {(self._scope(place), entity & 0xFFFF_FFFF) for place, entity in self.there.items()}
        entities = []
        for place in places.tolist():
            slot = int(self.random.integers(0, self.slots))
            entity = 0
            if (self._scope(place), slot) not in taken and self.random.random() < 0.8:
                taken.add((self._scope(place), slot))
                entity = self.there[place] = int(self.generations[slot]) << 32 | slot
            entities.append(entity)
        self.history.write_members(places, np.array(entities, np.uint64))

    def _despawn(self, slots: np.ndarray) -> None:
        ended = set(slots.tolist())
        places = [place for place, entity in self.there.items() if entity & 0xFFFF_FFFF in ended]
        self.generations[slots] += 1
        self.history.despawn(slots)
        self.history.write_members(np.array(sorted(places), np.int64), np.zeros(len(places), np.uint64))
        for place in places:
            del self.there[place]

    def _scope(self, place: int) -> int:
        return int(self.scopes[place // CELL_ENTITIES_MAX])

    def _write(self, number: int) -> None:
        layout = self.schema.layouts[number]
        slots = self._some_slots(1.0)
        if self.random.random() < 0.3:
            self.history.remove(number, self._some_slots(0.5))
        if len(slots):
            largest = [min(8 * size - 1, 62) if self.random.random() < 0.4 else 4 for size in layout.lane_bytes]
            columns = [self.random.integers(-(1 << bits), 1 << bits, len(slots)) for bits in largest]
            lanes = np.stack(columns, axis=1) if columns else np.zeros((len(slots), 0), np.int64)
            words = (b"", b"a", b"bc", b"d" * 200)
            texts = [[words[at] for at in self.random.integers(0, 4, len(slots))] for _ in range(layout.objects)]
            self.history.write(number, slots, lanes, texts)


def encoded(room: RandomRoom, ages: np.ndarray, dense_rows_min: int) -> tuple[bytes, list[int]]:
    with (
        patch.object(dense_sections, "DENSE_ROWS_MIN", dense_rows_min),
        patch.object(dense_sections, "_PLAIN_ROWS_MIN", dense_rows_min),
        patch.object(dense_sections, "LANES_PER_SHAPE_MIN", 0),
    ):
        found = encode_sections(room.history, room.cells, ages)
    return found.body, found.ends.tolist()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_rep_13_blocks_of_rows_are_written_as_rows_one_by_one(seed: int) -> None:
    room = RandomRoom(seed)
    for tick in range(1, TICKS_MAX):
        room.step()
        ages = room.random.integers(0, tick, room.cell_count)
        assert encoded(room, ages, 0) == encoded(room, ages, ALL)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_rep_20_whole_cells_tell_what_sections_from_nothing_tell(seed: int) -> None:
    room = RandomRoom(seed)
    for _ in range(TICKS_MAX // 2):
        room.step()
    whole = encode_whole(room.history, room.cells)
    narrow = encode_sections(room.history, room.cells, np.zeros(room.cell_count, np.int64))
    told, same = (read_sections(room.schema, body) for body in (whole.buffer.tobytes(), narrow.body))
    assert [section.cell for section in told] == room.cells.tolist()
    for one, other in zip(told, same, strict=True):
        assert_same(apply_section(room.schema, EMPTY, one, 1), apply_section(room.schema, EMPTY, other, 1))


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), place=st.integers(0, 2**16), byte=st.integers(0, 255))
def test_rep_15_sections_of_values_alone_are_read_as_part_by_part(seed: int, place: int, byte: int) -> None:
    room = RandomRoom(seed)
    for tick in range(1, 4):
        room.step()
        whole = encode_sections(room.history, room.cells, np.full(room.cell_count, tick - 1)).body
        broken = bytearray(whole)
        if whole:
            broken[place % len(whole)] = byte
        for body in (whole, bytes(broken), whole[: place % (len(whole) + 1)]):
            outcomes = [outcome(room.schema, body)]
            with patch.object(reading_sections, "_read_plain", lambda *_: None):
                outcomes.append(outcome(room.schema, body))
            assert outcomes[0] == outcomes[1]


def outcome(schema: Schema, body: bytes) -> object:
    """What a body says, or what is wrong with it."""
    try:
        sections = read_sections(schema, body)
    except ProtocolError as error:
        return str(error)
    return [
        (section.cell, section.age, [(*part[:3], part.lanes.tolist(), *part[4:]) for part in section.parts])
        for section in sections
    ]


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_rep_15_many_sections_are_applied_at_once_as_one_by_one(seed: int) -> None:
    room = RandomRoom(seed)
    known: list[CellState] = [EMPTY] * room.cell_count
    for tick in range(1, TICKS_MAX):
        room.step()
        ages = np.ones(room.cell_count, np.int64) if tick > 1 else np.zeros(room.cell_count, np.int64)
        ages[room.random.random(room.cell_count) < 0.2] = 0
        told = read_sections(room.schema, encode_sections(room.history, room.cells, ages).body)
        steps = [Step(known[each.cell] if each.age else EMPTY, each) for each in told]
        after = apply_steps(room.schema, steps, tick)
        for step, state in zip(steps, after, strict=True):
            assert_same(state, apply_section(room.schema, step.base, step.section, tick))
            known[step.section.cell] = state


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), place=st.integers(0, 2**16), byte=st.integers(0, 255))
def test_rep_15_what_cannot_be_applied_at_once_is_refused_as_one_by_one(seed: int, place: int, byte: int) -> None:
    room = RandomRoom(seed)
    room.step()
    bases = read_sections(room.schema, encode_sections(room.history, room.cells, np.zeros(room.cell_count, int)).body)
    known = {each.cell: apply_section(room.schema, EMPTY, each, 1) for each in bases}
    room.step()
    age = int(room.random.integers(0, 2))
    body = bytearray(encode_sections(room.history, room.cells, np.full(room.cell_count, age)).body)
    if not body:
        return
    body[place % len(body)] = byte
    try:
        told = read_sections(room.schema, bytes(body))
    except ProtocolError:
        return
    steps = [Step(known.get(each.cell, EMPTY) if each.age else EMPTY, each) for each in told]
    outcomes = []
    for apply in (apply_steps, one_by_one):
        try:
            outcomes.append((apply(room.schema, steps, 2), ""))
        except ProtocolError as error:
            outcomes.append(([], str(error)))
    (at_once, refusal), (plain, same_refusal) = outcomes
    assert refusal == same_refusal
    for one, other in zip(at_once, plain, strict=True):
        assert_same(one, other)


def one_by_one(schema: Schema, steps: list[Step], tick: int) -> list[CellState]:
    return [apply_section(schema, *step, tick) for step in steps]


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_rep_16_a_receiver_writes_the_same_whether_at_once_or_cell_by_cell(seed: int) -> None:
    room = RandomRoom(seed, has_scopes=False)
    fast, plain = StateReceiver(room.schema), StateReceiver(room.schema)
    shown: list[dict[int, dict[int, object]]] = [{}, {}]
    told = [[0] for _ in room.cells]
    for tick in range(1, 2 * TICKS_MAX):
        room.step()
        # Differences are from what was acknowledged: of a cell's last two states, one or the other.
        ages = np.array([tick - int(room.random.choice(each[-2:])) if each[0] or len(each) > 2 else 0 for each in told])
        cells = room.cells[room.random.random(room.cell_count) < 0.7]
        for cell in cells.tolist():
            told[cell].append(tick)
        body = encode_sections(room.history, cells, ages[cells]).body
        assert fast.handle_body(0.0, tick, body) == plain_body(plain, tick, body)
        for world, receiver in zip(shown, (fast, plain), strict=True):
            show(world, receiver)
        assert shown[0] == shown[1]
        assert fast.counts == plain.counts
        assert sorted(fast.cells) == sorted(plain.cells)
        for cell in fast.cells:
            assert_same(fast.state(cell), plain.state(cell))


def plain_body(receiver: StateReceiver, tick: int, body: bytes) -> bool:
    """As `handle_body`, without what is done for many cells at once."""
    with (
        patch("theta.replication.receiving.apply_steps", one_by_one),
        patch("theta.replication.receiving.is_regular", lambda before, after: False),
        patch.object(StateReceiver, "_come_new", lambda self, changes, draft: False),
    ):
        return receiver.handle_body(0.0, tick, body)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_rep_16_updates_that_nobody_takes_are_bounded_and_tell_everything_when_they_are_taken(seed: int) -> None:
    room = RandomRoom(seed, has_scopes=False)
    lazy, eager = StateReceiver(room.schema), StateReceiver(room.schema)
    late: dict[int, dict[int, object]] = {}
    early: dict[int, dict[int, object]] = {}
    with patch("theta.replication.receiving.STATE_UPDATES_WAITING_MAX", 2):
        for tick in range(1, 2 * TICKS_MAX):
            room.step()
            body = encode_sections(room.history, room.cells, np.full(room.cell_count, min(tick - 1, 1))).body
            for receiver in (lazy, eager):
                receiver.handle_body(0.0, tick, body)
            show(early, eager)
            assert len(lazy._updates) <= 3
            if room.random.random() < 0.1:
                show(late, lazy)
    show(late, lazy)
    assert late == early


def show(world: dict[int, dict[int, object]], receiver: StateReceiver) -> None:
    """Do what the updates say; each must be possible."""
    while update := receiver.poll_update():
        take(world, update)


def take(world: dict[int, dict[int, object]], update: StateUpdate) -> None:
    for entity in update.spawned:
        assert entity not in world, "spawned twice"
        world[entity] = {}
    for number, entities in update.removed:
        for entity in entities:
            world[entity].pop(number, None)
    for number, written in update.written:
        for at, entity in enumerate(written.entities.tolist()):
            world[entity][number] = (written.lanes[at].tolist(), [field[at] for field in written.objects])
    for entity in update.despawned:
        del world[entity]


def assert_same(one: CellState, other: CellState) -> None:
    assert one.tick == other.tick
    assert one.entities.tolist() == other.entities.tolist()
    assert one.components.keys() == other.components.keys()
    for number, rows in one.components.items():
        same = other.components[number]
        assert (rows.present, rows.objects) == (same.present, same.objects)
        assert rows.lanes.tolist() == same.lanes.tolist()
