"""A receiver's baselines, acknowledgements, and which entities it shows."""

import numpy as np
import pytest

from tests.unit.replication.test_sections import SMALL, history_of, sections_of, write
from theta.base.errors import ProtocolError
from theta.base.limits import BASELINE_AGE_TICKS_MAX, CELL_ENTITIES_MAX, STATE_HANDOVER_SECONDS_MAX
from theta.replication.baselines import Baselines
from theta.replication.cells import EMPTY
from theta.replication.history import History
from theta.replication.receiving import StateReceiver, StateUpdate
from theta.replication.schema import ComponentLayout, Schema
from theta.replication.sections import encode_sections
from theta.wire.state_messages import CellsLeft, StateAck, StateFrame, StateSection

ENTITY = 1 << 32


def updates(receiver: StateReceiver) -> list[StateUpdate]:
    found = []
    while update := receiver.poll_update():
        found.append(update)
    return found


def body_of(history: History, cells: list[int], age: int) -> bytes:
    return encode_sections(history, np.array(cells), np.full(len(cells), age)).body


def place(history: History, places: dict[int, int]) -> None:
    """Who is where from now on."""
    history.write_members(np.array(list(places)), np.array(list(places.values()), np.uint64))


def test_rep_16_a_difference_is_to_the_newest_state_not_after_its_baseline() -> None:
    history = history_of(SMALL, 1)
    receiver = StateReceiver(SMALL)
    bodies = {}
    for tick in range(1, 12):
        if tick > 1:
            history.begin_tick(tick)
        if tick in (1, 2, 3, 11):
            write(history, 1, {0: [tick, 0, 0]})
        bodies[tick] = [sections_of(history, 0, age) for age in range(tick)]
    assert receiver.handle_body(0.0, 1, bodies[1][0])
    assert receiver.handle_body(0.0, 3, bodies[3][2])
    # Nothing changed from tick 3 to 10: what the receiver has of tick 3 is what was at tick 10.
    assert receiver.handle_body(0.0, 11, bodies[11][1])
    assert receiver.state(0).components[1].lanes[0, 0] == 11
    # Tick 1 is older than the baseline that was used, and is kept no longer.
    assert not receiver.handle_body(0.0, 12, bodies[2][1].replace(b"\x00\x01", b"\x00\x0b", 1))
    assert receiver.counts["dropped"] == 1


def test_rep_16_what_comes_late_is_kept_as_a_baseline_but_not_shown() -> None:
    history = history_of(SMALL, 1)
    write(history, 1, {0: [1, 0, 0]})
    receiver = StateReceiver(SMALL)
    receiver.handle_body(0.0, 1, sections_of(history, 0, 0))
    late: list[bytes] = []
    newest: list[bytes] = []
    for tick in (2, 3):
        history.begin_tick(tick)
        write(history, 1, {0: [10 * tick, 0, 0]})
        (late if tick == 2 else newest).append(sections_of(history, 0, tick - 1))
    history.begin_tick(4)
    write(history, 1, {0: [40, 0, 0]})
    updates(receiver)
    assert receiver.handle_body(0.0, 3, newest[0])
    assert len(updates(receiver)) == 1
    assert receiver.handle_body(0.0, 2, late[0])
    assert updates(receiver) == []
    assert receiver.state(0).components[1].lanes[0, 0] == 30
    assert receiver.handle_body(0.0, 4, sections_of(history, 0, 2)), "from tick 2"
    assert receiver.state(0).components[1].lanes[0, 0] == 40
    assert receiver.counts == {"applied": 3, "stale": 1}


def test_rep_16_without_a_baseline_nothing_is_applied_and_nothing_acknowledged() -> None:
    history = history_of(SMALL, 20)
    history.begin_tick(2)
    write(history, 1, {0: [1, 1, 1], 17: [1, 1, 1]})
    receiver = StateReceiver(SMALL)
    receiver.handle_body(0.0, 1, body_of(history_of(SMALL, 20), [0], 0))
    receiver.handle_frame(0.0, StateFrame(1, 2, 0, False, body_of(history, [0, 1], 1)))
    assert receiver.poll_ack() is None
    assert receiver.state(0).components[1].present == 1, "the other cell counts"
    assert receiver.state(1) is EMPTY


def test_rep_17_an_entity_that_moves_is_spawned_once() -> None:
    history = history_of(SMALL, 1)
    write(history, 1, {0: [1, 2, 3]})
    receiver = StateReceiver(SMALL)
    receiver.handle_body(0.0, 1, body_of(history, [0], 0))
    (first,) = updates(receiver)
    assert (first.spawned, first.despawned) == ([ENTITY], [])
    history.begin_tick(2)
    place(history, {0: 0, 16: ENTITY})
    # It leaves first; the other cell tells later.
    receiver.handle_body(1.0, 2, body_of(history, [0], 1))
    assert updates(receiver) == []
    deadline = receiver.timeout
    assert deadline == 1.0 + STATE_HANDOVER_SECONDS_MAX
    receiver.handle_body(1.5, 2, body_of(history, [1], 0))
    (update,) = updates(receiver)
    assert (update.spawned, update.despawned, update.removed) == ([], [], [])
    given_up = receiver.timeout
    assert given_up is None
    history.begin_tick(3)
    history.despawn(np.array([0]))
    place(history, {16: 0})
    receiver.handle_body(2.0, 3, body_of(history, [1], 1))
    (last,) = updates(receiver)
    assert last.despawned == [ENTITY]
    assert receiver.entity_count == 0


def test_rep_17_who_is_told_of_nowhere_ends_after_a_second() -> None:
    history = history_of(SMALL, 1)
    receiver = StateReceiver(SMALL)
    receiver.handle_body(0.0, 1, body_of(history, [0], 0))
    history.begin_tick(2)
    place(history, {0: 0, 16: ENTITY})
    receiver.handle_body(0.0, 2, body_of(history, [0], 1))
    receiver.handle_timeout(0.99)
    assert [update.despawned for update in updates(receiver)] == [[]]
    receiver.handle_timeout(1.0)
    assert [update.despawned for update in updates(receiver)] == [[ENTITY]]


def test_rep_17_who_has_ended_does_not_come_back_late() -> None:
    history = history_of(SMALL, 1)
    receiver = StateReceiver(SMALL)
    receiver.handle_body(0.0, 1, body_of(history, [0], 0))
    history.begin_tick(2)
    place(history, {0: 0, 16: ENTITY})
    late = body_of(history, [1], 0)
    history.begin_tick(3)
    history.despawn(np.array([0]))
    place(history, {16: 0})
    receiver.handle_body(0.0, 3, body_of(history, [0], 2))
    assert receiver.entity_count == 0
    updates(receiver)
    receiver.handle_body(0.0, 2, late)
    assert updates(receiver) == []
    receiver.handle_body(0.0, 3, body_of(history, [1], 1))
    assert updates(receiver) == []


def test_rep_18_cells_that_are_left_are_forgotten_and_what_is_under_way_ignored() -> None:
    history = history_of(SMALL, 1)
    receiver = StateReceiver(SMALL)
    first = body_of(history, [0], 0)
    receiver.handle_frame(0.0, StateFrame(1, 1, 0, False, first))
    receiver.handle_cells_left(0.0, CellsLeft(5, [0, 7]))
    assert receiver.cells == []
    receiver.handle_frame(0.0, StateFrame(2, 4, 0, False, first))
    assert (receiver.cells, receiver.counts["stale"]) == ([], 1)
    assert receiver.poll_ack() == StateAck(2, 1)
    receiver.handle_timeout(1.0)
    assert [update.despawned for update in updates(receiver)] == [[], [ENTITY]]
    receiver.handle_frame(0.0, StateFrame(3, 6, 0, False, first))
    assert receiver.cells == [0]


def test_rep_19_acknowledgements_tell_the_newest_and_64_before() -> None:
    history = history_of(SMALL, 1)
    receiver = StateReceiver(SMALL)
    body = body_of(history, [0], 0)
    assert receiver.poll_ack() is None
    for sequence in (3, 1, 70, 68, 68):
        receiver.handle_frame(0.0, StateFrame(sequence, sequence, 0, False, body))
    assert receiver.poll_ack() == StateAck(70, 0b10 | 1 << (70 - 3 - 1) & (1 << 64) - 1)
    assert receiver.poll_ack() is None
    receiver.handle_frame(0.0, StateSection(71, 71, body))
    assert receiver.poll_ack() == StateAck(71, 0b101)


def test_rep_19_a_room_knows_the_baselines_by_what_was_acknowledged() -> None:
    baselines = Baselines()
    sent = {baselines.send(tick, np.array([tick, 100])): tick for tick in range(1, 6)}
    assert list(sent) == [1, 2, 3, 4, 5]
    found = baselines.handle_ack(6, 4, 0b101)
    assert [(each.tick, each.cells.tolist()) for each in found] == [(1, [1, 100]), (3, [3, 100]), (4, [4, 100])]
    assert baselines.handle_ack(6, 4, 0b101) == []
    assert baselines.in_flight == 2
    assert baselines.handle_ack(100, 5, 0) == [], "too old to be a baseline"
    for wrong in ((6, 0), (0, 0), (3, 0b1000)):
        with pytest.raises(ProtocolError):
            baselines.handle_ack(6, *wrong)
    for _ in range(2_000):
        baselines.send(101, np.array([0]))
    assert baselines.in_flight == 1_024
    baselines.forget()
    assert baselines.in_flight == 0


def test_rep_23_where_two_cells_tell_of_one_entity_the_newer_counts() -> None:
    schema = Schema((ComponentLayout("a", "", (1,), (4,)),))
    history = history_of(schema, 1)
    write(history, 1, {0: [1]})
    receiver = StateReceiver(schema)
    receiver.handle_body(0.0, 1, body_of(history, [0], 0))
    history.begin_tick(2)
    write(history, 1, {0: [2]})
    still = body_of(history, [0], 1)
    history.begin_tick(3)
    write(history, 1, {0: [3]})
    place(history, {0: 0, 16: ENTITY})
    receiver.handle_body(0.0, 3, body_of(history, [1], 0))
    updates(receiver)
    # The cell that it has left says something older, and then that it is gone.
    receiver.handle_body(0.0, 2, still)
    told = [written.lanes.tolist() for update in updates(receiver) for _, written in update.written]
    assert all(lanes == [[3]] for lanes in told)
    receiver.handle_body(0.0, 3, body_of(history, [0], 2))
    told = [written.lanes.tolist() for update in updates(receiver) for _, written in update.written]
    assert all(lanes == [[3]] for lanes in told)
    assert receiver.entity_count == 1


def test_rep_19_frames_that_are_too_old_for_a_baseline_are_not_kept() -> None:
    baselines = Baselines()
    for tick in range(1, 3 * BASELINE_AGE_TICKS_MAX):
        baselines.send(tick, np.arange(3))
    assert baselines.in_flight == BASELINE_AGE_TICKS_MAX + 1


def test_rep_23_an_older_cell_that_gains_a_component_does_not_take_it_from_the_newer_one() -> None:
    schema = Schema([ComponentLayout("a", "", (1,), (4,)), ComponentLayout("b", "", (1,), (4,))])
    entity, slot = 1 << 32 | 7, np.array([7])

    def room(place: int) -> History:
        history = History(schema)
        history.begin_tick(1)
        history.write_members(np.array([place]), np.array([entity], np.uint64))
        return history

    def body(history: History, cell: int, age: int) -> bytes:
        return encode_sections(history, np.array([cell]), np.array([age])).body

    older, newer, receiver = room(0), room(CELL_ENTITIES_MAX), StateReceiver(schema)
    older.write(1, slot, np.array([[1]]), [])
    newer.begin_tick(2)
    newer.write(2, slot, np.array([[20]]), [])
    receiver.handle_body(0.0, 1, body(older, 0, 0))
    receiver.handle_body(0.0, 2, body(newer, 1, 0))
    while receiver.poll_update():
        pass
    older.begin_tick(2)
    older.begin_tick(3)
    older.write(2, slot, np.array([[5]]), [])
    receiver.handle_body(0.0, 3, body(older, 0, 1))
    written = []
    while (update := receiver.poll_update()) is not None:
        written += [(number, rows.lanes.tolist()) for number, rows in update.written]
    assert (2, [[5]]) not in written


def test_rep_18_cells_that_were_left_are_remembered_for_as_long_as_something_of_them_may_arrive() -> None:
    history, receiver = history_of(SMALL, 17), StateReceiver(SMALL)
    receiver.handle_body(0.0, 1, body_of(history, [0, 1], 0))
    receiver.handle_cells_left(0.0, CellsLeft(1, [1]))
    history.begin_tick(2)
    late = body_of(history, [1], 0)
    receiver.handle_cells_left(0.0, CellsLeft(2, [1, 2, 3]))
    for tick in range(3, 2 * BASELINE_AGE_TICKS_MAX + 3):
        receiver.handle_body(0.0, tick, b"")
    receiver.handle_body(0.0, 2, late)
    assert receiver.cells == [0]
    assert len(receiver._left) == 3
    receiver.handle_body(0.0, 2 * BASELINE_AGE_TICKS_MAX + 3, b"")
    assert not receiver._left


def test_rep_18_a_room_that_names_cells_without_end_costs_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.replication.receiving.STATE_CELLS_LEFT_MAX", 10)
    receiver = StateReceiver(SMALL)
    for first in range(0, 100, 5):
        receiver.handle_cells_left(0.0, CellsLeft(2**32 - 1, list(range(first, first + 5))))
    assert sorted(receiver._left) == list(range(90, 100)), "the newest"


def test_rep_19_a_sequence_far_ahead_costs_no_memory() -> None:
    receiver = StateReceiver(Schema([]))
    receiver.handle_frame(0.0, StateFrame(3, 1, 0, False, b""))
    receiver.handle_frame(0.0, StateFrame(2**32 - 1, 2, 0, False, b""))
    ack = receiver.poll_ack()
    assert ack is not None
    assert (ack.sequence, ack.received) == (2**32 - 1, 0)
