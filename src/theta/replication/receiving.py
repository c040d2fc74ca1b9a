"""A receiver of the state plane: sections become cells, and cells become changes of a world (REP-16 … REP-19, REP-23).

    handle_frame, handle_body, handle_cells_left    what came
    handle_timeout                          the time that `timeout` names has come
    poll_ack                                what to answer
    poll_update                             what changed, for `remote_world`; drain it

A frame is taken as a whole or, when it is malformed, not at all. Of more than STATE_UPDATES_WAITING_MAX updates that
nobody takes, one remains that ends everything, and one that tells anew what is here.
"""

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import (
    BASELINE_AGE_TICKS_MAX,
    CELL_ENTITIES_MAX,
    STATE_ACK_FRAMES,
    STATE_CELL_STATES_MAX,
    STATE_CELLS_LEFT_MAX,
    STATE_UPDATES_WAITING_MAX,
)
from theta.replication.body_code import restore_body
from theta.replication.cells import EMPTY, CellState, Rows
from theta.replication.cells_at_once import Step, apply_steps, changed_rows, is_regular
from theta.replication.reading_sections import Section, indices_of, read_sections
from theta.replication.schema import ENTITY, REMOVED, Schema
from theta.replication.whereabouts import CELL_BASE, Whereabouts
from theta.wire.state_messages import CellsLeft, StateAck, StateFrame, StateSection

Entities = NDArray[np.uint64]


class Written(NamedTuple):
    """One component's new values: entities (n,), lanes (n, lanes), and n values of each object field."""

    entities: Entities
    lanes: NDArray[np.int64]
    objects: tuple[tuple[bytes, ...], ...]


def body_of(message: StateFrame | StateSection) -> bytes:
    """A message's sections.

    Raises:
        ProtocolError: they are coded, and not well.
    """
    return restore_body(message.body) if isinstance(message, StateFrame) and message.coded else message.body


class StateUpdate(NamedTuple):
    """What a receiver learned at once; to be done in this order. Entities are the room's.

    Attributes:
        tick: the room's.
        spawned: new ones.
        removed: (number, entities): they have a component no longer.
        written: (number, values): inserted where an entity has none.
        despawned: gone.
    """

    tick: int
    spawned: list[int]
    removed: list[tuple[int, list[int]]]
    written: list[tuple[int, Written]]
    despawned: list[int]


class _Change(NamedTuple):
    """A cell before and after, where those who left went, and the tick of the differences' base."""

    cell: int
    before: CellState
    after: CellState
    destinations: dict[int, int]
    base_tick: int


class StateReceiver:
    """What one participant knows of the state plane.

    Args:
        schema: of the session's descriptors.

    Attributes:
        counts: sections "applied", "stale" (an older one than what is here) and "dropped" (their baseline is not here).
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.counts: Counter[str] = Counter()
        self._states: dict[int, list[CellState]] = {}
        self._left: dict[int, int] = {}
        self._where = Whereabouts()
        self._shown: dict[int, int] = {}
        self._shared: set[int] = set()
        self._updates: deque[StateUpdate] = deque()
        self._newest = 0
        self._received = 0
        self._owes_ack = False
        self._tick = 0

    # -- what came -----------------------------------------------------------------------------------------------------

    def handle_frame(self, now: float, message: StateFrame | StateSection) -> None:
        """A datagram's sections, or those that were too large for one.

        Raises:
            ProtocolError: malformed, or it does not fit what is here; nothing was changed.
        """
        if self._has(message.sequence):
            self._owes_ack = True
            return
        if self.handle_body(now, message.tick, body_of(message)):
            self._note(message.sequence)

    def handle_body(self, now: float, tick: int, body: bytes) -> bool:
        """Sections of a tick; whether all of them were applied, or were older than what is here.

        Raises:
            ProtocolError: as for `handle_frame`.
        """
        sections = read_sections(self.schema, body)
        found, counts = self._prepare(sections, tick)
        self.counts += counts
        self._tell(now, self._commit(found), tick)
        return not counts["dropped"]

    def handle_cells_left(self, now: float, message: CellsLeft) -> None:
        """The room tells of these cells no more: what they held is forgotten, and what is under way of them ignored."""
        changes = []
        for cell in dict.fromkeys(message.cells):
            self._left[cell] = max(self._left.pop(cell, 0), message.tick)
            states = self._states.get(cell)
            if states and states[-1].tick <= message.tick:
                del self._states[cell]
                changes.append(_Change(cell, states[-1], EMPTY._replace(tick=message.tick), {}, 0))
        self._tell(now, changes, message.tick)

    def handle_timeout(self, now: float) -> None:
        """Give up who left for a cell that nobody told of."""
        late = self._where.handle_timeout(now)
        for entity in late:
            self._shown.pop(entity, None)
        if late:
            self._append(StateUpdate(self._tick, [], [], [], late))

    # -- what to do ----------------------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds."""
        return self._where.timeout

    def poll_ack(self) -> StateAck | None:
        """The answer to what came since the last one."""
        if not self._owes_ack:
            return None
        self._owes_ack = False
        return StateAck(self._newest, self._received)

    def poll_update(self) -> StateUpdate | None:
        """What changed, in order."""
        return self._updates.popleft() if self._updates else None

    # -- what is here --------------------------------------------------------------------------------------------------

    @property
    def entity_count(self) -> int:
        """How many entities are shown."""
        return len(self._where)

    @property
    def cells(self) -> list[int]:
        """The cells that are known."""
        return list(self._states)

    def state(self, cell: int) -> CellState:
        """The newest that is known of a cell; EMPTY when nothing is."""
        states = self._states.get(cell)
        return states[-1] if states else EMPTY

    # -- within --------------------------------------------------------------------------------------------------------

    def _has(self, sequence: int) -> bool:
        behind = self._newest - sequence
        return behind == 0 or (0 < behind <= STATE_ACK_FRAMES and bool(self._received >> (behind - 1) & 1))

    def _note(self, sequence: int) -> None:
        ahead = sequence - self._newest
        if ahead > 0:
            # The newest so far becomes the bit of its distance; there is none before the first.
            seen = self._received << 1 | (1 if self._newest else 0)
            self._received = (seen << min(ahead - 1, STATE_ACK_FRAMES)) & ((1 << STATE_ACK_FRAMES) - 1)
            self._newest = sequence
        elif -ahead <= STATE_ACK_FRAMES:
            self._received |= 1 << (-ahead - 1)
        self._owes_ack = True

    def _prepare(self, sections: Sequence[Section], tick: int) -> tuple[list[_Change], Counter[str]]:
        steps: list[Step] = []
        counts: Counter[str] = Counter()
        for section in sections:
            states = self._states.get(section.cell, ())
            is_newest = not states or states[-1].tick < tick
            if tick <= self._left.get(section.cell, 0) or not (is_newest or tick not in map(_tick_of, states)):
                counts["stale"] += 1
                continue
            base = _base_of(states, section, tick)
            if base is None:
                counts["dropped"] += 1
                continue
            steps.append(Step(base, section))
        changes = []
        for (base, section), after in zip(steps, apply_steps(self.schema, steps, tick), strict=True):
            before = self.state(section.cell)
            counts["stale" if tick < before.tick else "applied"] += 1
            changes.append(_Change(section.cell, before, after, _destinations(base, section), base.tick))
        return changes, counts

    def _commit(self, changes: Sequence[_Change]) -> list[_Change]:
        """Keep the states; returns the changes that are newer than what was here."""
        for change in changes:
            self._left.pop(change.cell, None)
            held = self._states.get(change.cell)
            if held is None:
                self._states[change.cell] = [change.after]
                continue
            # What is older than a baseline is never a baseline again. What came late may still become one: the room
            # hears that it is here.
            states = [state for state in held if state.tick >= change.base_tick]
            states.append(change.after)
            if change.after.tick < change.before.tick:
                states.sort(key=_tick_of)
            self._states[change.cell] = states[-STATE_CELL_STATES_MAX:]
        return [change for change in changes if change.after.tick > change.before.tick]

    def _tell(self, now: float, changes: Sequence[_Change], tick: int) -> None:
        self._tick = max(self._tick, tick)
        draft = _Draft(tick)
        unsure: set[int] = set()
        moved = [change for change in changes if change.after.entities is not change.before.entities]
        if not self._come_new(moved, draft):
            befores = {change.cell: change.before for change in changes}
            for change in moved:
                self._come(change, befores, draft, unsure)
            for change in moved:
                self._leave(now, change, draft, unsure)
        self._compare_all(changes, draft, unsure)
        for entity in sorted(self._where.all_of(unsure)):
            self._show_anew(entity, draft)
        self._prune()
        update = draft.update()
        if update is not None:
            self._append(update)

    def _prune(self) -> None:
        """Forget of cells and entities what counted only for messages that are too old by now to arrive."""
        self._where.prune(self._tick)
        while self._left:
            cell, tick = next(iter(self._left.items()))
            if tick + _LATE_TICKS_MAX >= self._tick and len(self._left) <= STATE_CELLS_LEFT_MAX:
                break
            del self._left[cell]

    def _append(self, update: StateUpdate) -> None:
        self._updates.append(update)
        if len(self._updates) <= STATE_UPDATES_WAITING_MAX:
            return
        known = set(self._where)
        for each in reversed(self._updates):
            known = (known | set(each.despawned)) - set(each.spawned)
        self._updates.clear()
        if known:
            self._updates.append(StateUpdate(update.tick, [], [], [], sorted(known)))
        anew = self._everything(update.tick)
        if anew is not None:
            self._updates.append(anew)

    def _everything(self, tick: int) -> StateUpdate | None:
        """What is here, for who knows of nothing."""
        draft = _Draft(tick)
        draft.spawned += self._where
        for cell, states in self._states.items():
            state = states[-1]
            names = state.entities.tolist()
            for number, rows in state.components.items():
                here = [row for row in indices_of(rows.present) if self._where.is_only_in(names[row], cell)]
                draft.write(number, state.entities, tuple(here), rows)
        for entity in sorted(self._where.elsewhere):
            self._write_shared(entity, draft)
        return draft.update()

    def _come_new(self, changes: Sequence[_Change], draft: "_Draft") -> bool:
        """Whether these were all cells that nothing was known of, and in them entities that nothing was known of."""
        if not changes or any(change.before is not EMPTY for change in changes):
            return False
        entities = np.concatenate([change.after.entities for change in changes])
        there = entities.nonzero()[0]
        names = entities[there].tolist()
        cells = np.array([change.cell for change in changes]).take(there // CELL_ENTITIES_MAX).tolist()
        indices = (there % CELL_ENTITIES_MAX).tolist()
        if not self._where.come_new(names, cells, indices, changes[0].after.tick):
            return False
        draft.spawned += names
        return True

    def _compare_all(self, changes: Sequence[_Change], draft: "_Draft", unsure: set[int]) -> None:
        """What changed of values; those who are in other cells too are added to `unsure`, to be looked at."""
        apart = unsure | self._shared | self._where.hidden
        special = apart | self._shown.keys()
        plain: list[tuple[CellState, CellState]] = []
        for change in changes:
            before, after = change.before, change.after
            if is_regular(before, after) and (not special or special.isdisjoint(after.entities.tolist())):
                plain.append((before, after))
            else:
                for number in before.components.keys() | after.components.keys():
                    unsure |= self._compare(change, number, apart, draft)
        for number, entities, lanes, objects in changed_rows(plain):
            draft.write_rows(number, Written(entities, lanes, objects))

    def _come(self, change: _Change, befores: dict[int, CellState], draft: "_Draft", unsure: set[int]) -> None:
        after = change.after.entities
        came = ((after != change.before.entities) & (after != 0)).nonzero()[0]
        for index, entity in zip(came.tolist(), after[came].tolist(), strict=True):
            if entity in self._where and entity not in self._shown:
                self._shown[entity] = self._presence(entity, befores)
            if self._where.come(entity, change.cell, index, change.after.tick):
                draft.spawned.append(entity)
            else:
                unsure.add(entity)

    def _leave(self, now: float, change: _Change, draft: "_Draft", unsure: set[int]) -> None:
        before = change.before.entities
        left = ((change.after.entities != before) & (before != 0)).nonzero()[0]
        if not len(left):
            return
        staying = set(change.after.entities.tolist())
        for index, entity in zip(left.tolist(), before[left].tolist(), strict=True):
            if entity in staying:
                continue
            if change.cell in self._where.cells(entity) and entity not in self._shown:
                self._shown[entity] = change.before.presence(index)
            destination = change.destinations.get(entity, CELL_BASE)
            if self._where.leave(now, entity, change.cell, destination, change.after.tick):
                draft.despawned.append(entity)
                self._shown.pop(entity, None)
                self._shared.discard(entity)
            elif entity in self._shown:
                unsure.add(entity)

    def _presence(self, entity: int, befores: dict[int, CellState]) -> int:
        """Which components an entity had before this update, in the cells that it was in."""
        found = 0
        for cell, came in self._where.cells(entity).items():
            state = befores.get(cell, self.state(cell))
            if int(state.entities[came.place]) == entity:
                found |= state.presence(came.place)
        return found

    def _compare(self, change: _Change, number: int, apart: set[int], draft: "_Draft") -> set[int]:
        """What changed of one component; returns who is in other cells too, and is to be looked at."""
        before, after = (state.components.get(number, _NO_ROWS) for state in (change.before, change.after))
        if before is after:
            return set()
        entities = change.after.entities
        told, known = after.present, 0
        if before.present:
            known = before.present & _bitmap(entities == change.before.entities)
            told &= _changed(before, after) | ~known
        gone = known & ~after.present
        rows, lost = indices_of(told), indices_of(gone)
        names = entities.tolist()
        unsure: set[int] = set()
        if not apart.isdisjoint(names):
            unsure = {names[index] for index in (*rows, *lost)} & self._shared
            rows = tuple(index for index in rows if names[index] not in apart)
            lost = tuple(index for index in lost if names[index] not in apart)
        if not self._shown.keys().isdisjoint(names):
            # In another cell too: with one component more here, both cells may tell of it.
            more = {names[index] for index in indices_of(told & ~known) if names[index] in self._shown}
            rows = tuple(index for index in rows if names[index] not in more)
            unsure |= more
            for index in lost:
                if names[index] in self._shown:
                    self._shown[names[index]] &= ~(1 << number)
        draft.lose(number, [names[index] for index in lost])
        draft.write(number, entities, rows, after)
        return unsure

    def _show_anew(self, entity: int, draft: "_Draft") -> None:
        """An entity that more than one cell tells of: each component counts in the cell where it came last."""
        cells = self._where.cells(entity)
        self._shared.discard(entity)
        if not cells:
            return
        shown, overlap = self._write_shared(entity, draft)
        for number in numbers_of(self._shown[entity] & ~shown):
            draft.lose(number, [entity])
        if overlap:
            self._shared.add(entity)
        if len(cells) > 1:
            self._shown[entity] = shown
        else:
            del self._shown[entity]

    def _write_shared(self, entity: int, draft: "_Draft") -> tuple[int, int]:
        """An entity's values, of the cell where each came last: which there are, and which several cells have."""
        shown = overlap = 0
        for cell, came in reversed(self._where.cells(entity).items()):
            state = self.state(cell)
            presence = state.presence(came.place)
            overlap |= presence & shown
            for number in numbers_of(presence & ~shown):
                draft.write(number, state.entities, (came.place,), state.components[number])
            shown |= presence
        return shown, overlap


class _Draft:
    """An update in the making."""

    def __init__(self, tick: int) -> None:
        self.tick = tick
        self.spawned: list[int] = []
        self.despawned: list[int] = []
        self._removed: dict[int, list[int]] = {}
        self._written: dict[int, list[Written]] = {}

    def lose(self, number: int, entities: list[int]) -> None:
        """They have a component no longer."""
        if entities:
            self._removed.setdefault(number, []).extend(entities)

    def write(self, number: int, entities: Entities, rows: tuple[int, ...], values: Rows) -> None:
        """They have these values."""
        if rows:
            objects = tuple(tuple(field[row] for row in rows) for field in values.objects)
            chosen = list(rows)
            self.write_rows(number, Written(entities[chosen], values.lanes[chosen], objects))

    def write_rows(self, number: int, written: Written) -> None:
        """They have these values."""
        if len(written.entities):
            self._written.setdefault(number, []).append(written)

    def update(self) -> StateUpdate | None:
        """The whole, unless nothing is in it."""
        if not (self.spawned or self.despawned or self._removed or self._written):
            return None
        written = [(number, _joined(parts)) for number, parts in sorted(self._written.items())]
        return StateUpdate(self.tick, self.spawned, sorted(self._removed.items()), written, self.despawned)


def _joined(parts: list[Written]) -> Written:
    if len(parts) == 1:
        return parts[0]
    entities, lanes, objects = zip(*parts, strict=True)
    fields = tuple(tuple(value for field in same for value in field) for same in zip(*objects, strict=True))
    names = np.concatenate(entities)
    # Who was looked at again, because another cell tells of it too, is written as it was seen last.
    last = np.sort(len(names) - 1 - np.unique(names[::-1], return_index=True)[1])
    if len(last) < len(names):
        fields = tuple(tuple(field[row] for row in last.tolist()) for field in fields)
    return Written(names[last], np.concatenate(lanes)[last], fields)


def _base_of(states: Sequence[CellState], section: Section, tick: int) -> CellState | None:
    """The newest state not after the section's baseline."""
    if section.age == 0:
        return EMPTY
    for state in reversed(states):
        if state.tick <= tick - section.age:
            return state
    return None


def _tick_of(state: CellState) -> int:
    return state.tick


def _destinations(base: CellState, section: Section) -> dict[int, int]:
    """Where those went who left since the base."""
    # Parts ascend: it is the first, if there is one.
    leaving = section.parts[0] if section.parts else None
    if leaving is None or leaving.number != ENTITY or leaving.kind != REMOVED:
        return {}
    return dict(zip(base.entities[list(leaving.rows)].tolist(), leaving.destinations, strict=True))


def _changed(before: Rows, after: Rows) -> int:
    """Which rows have other values, a bitmap."""
    found = _bitmap((before.lanes != after.lanes).any(axis=1)) if before.lanes.shape == after.lanes.shape else -1
    for old, new in zip(before.objects, after.objects, strict=False):
        if old is not new:
            found |= sum(1 << index for index in range(len(new)) if old[index] != new[index])
    return found


def _bitmap(flags: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def numbers_of(bitmap: int) -> list[int]:
    """The places of a bitmap's bits, ascending."""
    return [number for number in range(bitmap.bit_length()) if bitmap >> number & 1]


_LATE_TICKS_MAX = 2 * BASELINE_AGE_TICKS_MAX
_NO_ROWS = Rows(0, np.zeros((0, 0), np.int64), ())
