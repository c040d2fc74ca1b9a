"""A room side of the state plane without a node: a model of entities in cells, and receivers over lossy lines."""

from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import numpy as np

from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX
from theta.replication.baselines import Baselines
from theta.replication.cells import CellState, Rows
from theta.replication.history import History
from theta.replication.receiving import StateReceiver, StateUpdate
from theta.replication.schema import ComponentLayout, Schema
from theta.replication.sections import encode_sections
from theta.wire.state_messages import CellsLeft, StateAck, StateFrame

TICK_SECONDS = 1 / 30
LAYOUTS = (
    ComponentLayout("test.Pose", "", (3, 1, 3), (4, 1, 2)),
    ComponentLayout("test.Health", "", (1, 2), (8, 1)),
    ComponentLayout("test.Label", "", (1,), (4,), objects=2),
    ComponentLayout("test.Tool", "editor", (2,), (2,)),
    ComponentLayout("test.Note", "", (), (), objects=1),
)
PUBLIC, EDITOR = 0, 1
T = TypeVar("T")


@dataclass
class Thing:
    """An entity as the model has it; places by scope."""

    entity: int
    places: dict[int, int] = field(default_factory=dict)
    values: dict[int, tuple[tuple[int, ...], tuple[bytes, ...]]] = field(default_factory=dict)


class StateRoom:
    """The room: a history, and beside it a plain model of what it must say."""

    def __init__(self, random: Random, layouts: tuple[ComponentLayout, ...] = LAYOUTS, cells: int = 6) -> None:
        self.random = random
        self.schema = Schema(layouts)
        self.history = History(self.schema)
        self.things: dict[int, Thing] = {}
        self.cells = cells
        self.generations: dict[int, int] = {}
        self.history.set_scopes(np.arange(cells), np.array([self.scope_of(cell) for cell in range(cells)]))
        self.history.begin_tick(1)

    @property
    def tick(self) -> int:
        return self.history.tick

    def scope_of(self, cell: int) -> int:
        """Every third cell is the editors'."""
        return EDITOR if cell % 3 == 2 else PUBLIC

    def spawn(self) -> Thing | None:
        """Somebody new, with some components, in a cell of each scope."""
        slot = next(slot for slot in range(1000) if slot not in self.things)
        if len(self.things) >= self.cells * 4:
            return None
        self.generations[slot] = self.generations.get(slot, 0) + 1
        thing = self.things[slot] = Thing(self.generations[slot] << 32 | slot)
        for number in range(1, self.schema.count):
            if self.random.random() < 0.6:
                self.write(thing, number)
        for scope in (PUBLIC, EDITOR):
            self.move(thing, scope)
        return thing

    def despawn(self, thing: Thing) -> None:
        """Gone, with all it has."""
        slot = thing.entity & 0xFFFF_FFFF
        del self.things[slot]
        self.history.despawn(np.array([slot]))
        places = np.array(sorted(thing.places.values()), np.int64)
        self.history.write_members(places, np.zeros(len(places), np.uint64))

    def move(self, thing: Thing, scope: int, nowhere: bool = False) -> None:
        """Into some cell of a scope, or out of all of them."""
        taken = {place for each in self.things.values() for place in each.places.values()}
        places = range(self.cells * CELL_ENTITIES_MAX)
        free = [at for at in places if at not in taken and self.scope_of(at // CELL_ENTITIES_MAX) == scope]
        old = thing.places.pop(scope, None)
        told = {} if old is None else {old: 0}
        if not nowhere:
            # Near the beginning of a cell, so that places are taken again soon.
            thing.places[scope] = min(self.random.choices(free, k=2), key=lambda place: place % CELL_ENTITIES_MAX)
            told[thing.places[scope]] = thing.entity
        self.history.write_members(np.array(list(told), np.int64), np.array(list(told.values()), np.uint64))

    def write(self, thing: Thing, number: int) -> None:
        """Some new values, near the old ones or anywhere."""
        layout = self.schema.layouts[number]
        before, _ = thing.values.get(number, ((0,) * layout.lane_count, ()))
        lanes = []
        for value, size in zip(before, layout.lane_bytes, strict=True):
            half = 1 << (8 * size - 1)
            reach = self.random.choice((0, 1, 100, 20_000, half))
            moved = value + self.random.randint(-reach, reach)
            lanes.append((moved + half) % (2 * half) - half)
        objects = tuple(
            bytes(self.random.choices(b"ab", k=self.random.choice((0, 1, 200)))) for _ in range(layout.objects)
        )
        thing.values[number] = tuple(lanes), objects
        slots = np.array([thing.entity & 0xFFFF_FFFF])
        values = np.array([lanes], np.int64).reshape(1, layout.lane_count)
        self.history.write(number, slots, values, [[value] for value in objects])

    def remove(self, thing: Thing, number: int) -> None:
        """It has the component no longer."""
        del thing.values[number]
        self.history.remove(number, np.array([thing.entity & 0xFFFF_FFFF]))

    def step(self, busyness: int) -> None:
        """One tick of whatever happens."""
        self.history.begin_tick(self.tick + 1)
        for _ in range(busyness):
            self.happen()

    def happen(self) -> None:
        """One thing."""
        chance = self.random.random()
        thing = self.random.choice(list(self.things.values())) if self.things else None
        if thing is None or chance < 0.08:
            self.spawn()
        elif chance < 0.13:
            self.despawn(thing)
        elif chance < 0.28:
            self.move(thing, self.random.choice((PUBLIC, EDITOR)), nowhere=chance < 0.15)
        elif chance < 0.36 and thing.values:
            self.remove(thing, self.random.choice(sorted(thing.values)))
        else:
            self.write(thing, self.random.randrange(1, self.schema.count))

    def cell_state(self, cell: int) -> CellState:
        """What a receiver of the cell must have."""
        entities = np.zeros(CELL_ENTITIES_MAX, np.uint64)
        components: dict[int, Rows] = {}
        scope = self.scope_of(cell)
        for thing in self.things.values():
            place = thing.places.get(scope, -1)
            if place // CELL_ENTITIES_MAX != cell:
                continue
            index = place % CELL_ENTITIES_MAX
            entities[index] = thing.entity
            for number, (lanes, objects) in thing.values.items():
                layout = self.schema.layouts[number]
                if layout.scope != ("", "editor")[scope]:
                    continue
                if number not in components:
                    none = np.zeros((CELL_ENTITIES_MAX, layout.lane_count), np.int64)
                    components[number] = Rows(0, none, ((b"",) * CELL_ENTITIES_MAX,) * layout.objects)
                rows = components[number]
                rows.lanes[index] = lanes
                told = tuple(
                    (*held[:index], value, *held[index + 1 :])
                    for held, value in zip(rows.objects, objects, strict=True)
                )
                components[number] = Rows(rows.present | 1 << index, rows.lanes, told)
        return CellState(0, entities, components)


class Line:
    """One receiver, the room's book about it, and the network between them."""

    def __init__(self, room: StateRoom, random: Random, loss: float) -> None:
        self.room, self.random, self.loss = room, random, loss
        self.receiver = StateReceiver(room.schema)
        self.baselines = Baselines()
        self.acknowledged = dict.fromkeys(range(room.cells), 0)
        self.since = dict.fromkeys(range(room.cells), 0)
        self.to_receiver: list[tuple[int, StateFrame]] = []
        self.to_room: list[tuple[int, StateAck]] = []
        self.shown: dict[int, dict[int, tuple[tuple[int, ...], tuple[bytes, ...]]]] = {}

    def rest(self) -> None:
        """Before a tick's changes: where nothing changed, what the receiver has is what is now."""
        for cell, tick in self.acknowledged.items():
            if tick and tick >= self.room.history.cell_changed[cell]:
                self.acknowledged[cell] = self.room.tick

    def leave(self, cell: int) -> None:
        """The receiver is told of a cell no more."""
        if cell in self.acknowledged:
            del self.acknowledged[cell]
            self.receiver.handle_cells_left(self.now, CellsLeft(self.room.tick, [cell]))

    def enter(self, cell: int) -> None:
        """The receiver is told of a cell again."""
        if cell not in self.acknowledged:
            self.acknowledged[cell] = 0
            self.since[cell] = self.room.tick

    @property
    def now(self) -> float:
        return self.room.tick * TICK_SECONDS

    def send(self) -> None:
        """Sections of what changed, a few cells in each frame."""
        room = self.room
        cells = np.array(sorted(self.acknowledged), np.int64)
        ticks = np.array([self.acknowledged[cell] for cell in cells.tolist()], np.int64)
        ages = np.where((ticks == 0) | (room.tick - ticks > BASELINE_AGE_TICKS_MAX), 0, room.tick - ticks)
        # A baseline of this tick has nothing to be told.
        due = (ticks != room.tick) & (room.tick > np.array([self.since[cell] for cell in cells.tolist()], np.int64))
        cells, ages = cells[due], ages[due]
        sections = encode_sections(room.history, cells, ages)
        told = [at for at in range(len(cells)) if len(sections.section(at))]
        self.random.shuffle(told)
        while told:
            some, told = told[:2], told[2:]
            body = b"".join(sections.section(at) for at in some)
            sequence = self.baselines.send(room.tick, cells[some])
            self._post(self.to_receiver, StateFrame(sequence, room.tick, 0, False, body))

    def _post(self, line: list[tuple[int, T]], message: T) -> None:
        copies = [True for _ in range(self.random.choice((1, 1, 1, 2))) if self.random.random() >= self.loss]
        delays = (0, 1, 2, 5) if self.loss else (1,)
        line.extend((self.room.tick + self.random.choice(delays), message) for _ in copies)

    def deliver(self) -> None:
        """What has arrived by now, in any order."""
        tick = self.room.tick
        for _, frame in [each for each in self.to_receiver if each[0] <= tick]:
            self.receiver.handle_frame(self.now, frame)
        self.to_receiver = [each for each in self.to_receiver if each[0] > tick]
        self.receiver.handle_timeout(self.now)
        while update := self.receiver.poll_update():
            self.show(update)
        ack = self.receiver.poll_ack()
        if ack is not None:
            self._post(self.to_room, ack)
        for _, answer in [each for each in self.to_room if each[0] <= tick]:
            for known in self.baselines.handle_ack(tick, answer.sequence, answer.received):
                for cell in known.cells.tolist():
                    if cell in self.acknowledged and known.tick > self.since[cell]:
                        self.acknowledged[cell] = max(self.acknowledged[cell], known.tick)
        self.to_room = [each for each in self.to_room if each[0] > tick]

    def show(self, update: StateUpdate) -> None:
        """Keep a plain world from the updates; every step must fit it."""
        for entity in update.spawned:
            assert entity not in self.shown, "spawned while it is here"
            self.shown[entity] = {}
        for number, entities in update.removed:
            for entity in entities:
                del self.shown[entity][number]
        for number, written in update.written:
            for at, entity in enumerate(written.entities.tolist()):
                values = tuple(values[at] for values in written.objects)
                self.shown[entity][number] = tuple(written.lanes[at].tolist()), values
        for entity in update.despawned:
            del self.shown[entity]


def assert_same_cell(found: CellState, wanted: CellState) -> None:
    """Members, presence, lanes and objects are the same."""
    assert found.entities.tolist() == wanted.entities.tolist()
    assert sorted(found.components) == sorted(wanted.components)
    for number, rows in wanted.components.items():
        other = found.components[number]
        assert other.present == rows.present
        assert other.lanes.tolist() == rows.lanes.tolist()
        assert other.objects == rows.objects
