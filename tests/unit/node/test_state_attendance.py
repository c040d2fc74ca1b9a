"""Who comes back to a room's state plane, who is waited for, and who does not read what it is told."""

import pytest

from tests.support.participants import Newcomer
from tests.support.pump import Pump
from tests.support.state_in_rooms import (
    FAR,
    HERE,
    Note,
    Watcher,
    desk_of,
    height,
    pose,
    positions,
    rising,
    room_with,
    watcher,
)
from theta.base.limits import PEERS_MAX, RESUME_SECONDS_MAX, STATE_CHUNK_WINDOW
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.state_plane import TICK_SECONDS
from theta.node.state_seats import SILENCE_TICKS
from theta.replication.standard import Pose
from theta.wire.messages import Message
from theta.wire.ownership_messages import (
    OwnershipChanged,
)
from theta.wire.state_messages import (
    CellsLeft,
    ComponentDescriptors,
    StateChunk,
    StateChunksReceived,
    StateFrame,
    StateSection,
)

# -- connections -------------------------------------------------------------------------------------------------------


def test_rep_26_a_suspended_seat_costs_nothing_and_goes_on_when_its_session_is_resumed() -> None:
    pump = room_with(*(pose(0.2 * at) for at in range(20)), fill=rising)
    ben = watcher(pump, "ben", at=(50.0, 0.0, 0.0))
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    there = sorted(each for rows in anna.follower.world.query(Pose) for each in rows.entities.tolist())
    pump.drop(anna)
    counts = desk_of(pump).plane.counts.copy()
    told = len(anna.told)
    pump.advance(3.0)
    assert ben.is_open, "so that there are ticks"
    assert desk_of(pump).plane.counts == counts, "nothing is encoded or sent for who is suspended"
    found = pump.room.telemetry(pump.now)
    assert (found["theta_state_peers"], found["theta_state_suspended_peers"]) == (1, 1)
    pump.connect(anna)
    pump.advance(1.0)
    assert anna.session is not None
    assert anna.session.resumed
    assert not [each for each in anna.told[told:] if isinstance(each, ComponentDescriptors | StateChunk)]
    assert there == sorted(each for rows in anna.follower.world.query(Pose) for each in rows.entities.tolist())
    assert positions(anna)[0][1] == pytest.approx(height(pump), abs=0.1)
    assert anna.resets == 0


def test_rep_26_what_did_not_change_is_not_told_again_to_who_comes_back() -> None:
    pump = room_with(*(pose(0.2 * at) for at in range(40)))
    watcher(pump, "ben", at=(50.0, 0.0, 0.0))
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    pump.drop(anna)
    pump.advance(15.0)
    told = len(anna.told)
    pump.connect(anna)
    pump.advance(1.0)
    (word,) = anna.told[told:]
    assert isinstance(word, CellsLeft)
    assert word.cells == [], "it is told that it goes on, and nothing else"
    assert len(positions(anna)) == 40


def test_rep_26_who_comes_back_too_late_or_to_a_room_that_was_started_anew_begins_anew() -> None:
    pump = room_with(pose(0.0), fill=rising)
    anna = watcher(pump, "anna")
    pump.advance(5.0)
    pump.drop(anna)
    pump.advance(RESUME_SECONDS_MAX + 1.0)
    assert pump.room.telemetry(pump.now)["theta_state_suspended_peers"] == 0, "forgotten"
    pump.connect(anna)
    pump.advance(1.0)
    assert anna.resets == 1
    pump.restart()
    pump.connect(anna)
    pump.advance(1.0)
    assert anna.session is not None
    assert anna.session.resumed, "its session went on, but the world did not"
    assert anna.resets == 2
    assert desk_of(pump).tick < 40
    assert len(positions(anna)) == 1


def test_rep_26_who_never_answered_is_not_waited_for() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna")
    anna.is_mute = True
    ben = watcher(pump, "ben")
    ben.is_mute = True
    pump.advance(0.5)
    pump.drop(ben)
    assert pump.room.telemetry(pump.now)["theta_state_suspended_peers"] == 0
    ben.is_mute = False
    pump.connect(ben)
    pump.advance(0.5)
    assert ben.resets == 1
    assert positions(ben) == [HERE]


def test_rep_26_a_newer_connection_of_a_session_takes_its_seat_along() -> None:
    pump = room_with(pose(0.0), fill=rising)
    anna = watcher(pump, "anna")
    pump.advance(1.0)
    old = pump.number_of(anna)
    pump.drop(anna, silently=True)
    pump.connect(anna)
    pump.advance(1.0)
    assert pump.code_of(old) is not None, "it was closed"
    assert anna.resets == 0
    assert pump.room.telemetry(pump.now)["theta_state_peers"] == 1
    assert positions(anna)[0][1] == pytest.approx(height(pump), abs=0.1)


def test_rep_26_a_session_that_comes_back_with_other_capabilities_begins_anew_or_has_no_seat() -> None:
    pump = room_with(pose(0.0))
    anna = watcher(pump, "anna")
    pump.advance(0.5)
    pump.drop(anna)
    anna._terms = anna._terms._replace(capabilities=("fold", "presence", "state"))
    pump.connect(anna)
    pump.advance(0.5)
    assert anna.resets == 1, "it may not be sent compressed chunks any more"
    pump.drop(anna)
    anna._terms = anna._terms._replace(capabilities=("fold", "presence"))
    pump.connect(anna)
    told = len(anna.told)
    pump.advance(0.5)
    assert len(anna.told) == told
    found = pump.room.telemetry(pump.now)
    assert (found["theta_state_peers"], found["theta_state_suspended_peers"]) == (0, 0)


def test_rep_26_the_seat_that_was_left_longest_ago_is_given_to_a_newcomer() -> None:
    pump = room_with(pose(0.0))
    here = [watcher(pump, f"p{at}") for at in range(3)]
    for each in here:
        pump.advance(0.5)
        pump.drop(each)
    others = [Newcomer(f"n{at}", pump.room.invite("viewer"), ("fold", "state")) for at in range(PEERS_MAX - 2)]
    for at, other in enumerate(others):
        pump.connect(other)
        if at % 10 == 9:
            pump.advance(1.0)
    found = pump.room.telemetry(pump.now)
    assert (found["theta_state_peers"], found["theta_state_suspended_peers"]) == (PEERS_MAX - 2, 2)
    for number, each in enumerate((here[0], here[2])):
        pump.drop(others[number])
        pump.connect(each)
        pump.advance(0.2)
    assert [each.resets for each in here] == [1, 0, 0], "the first was left longest ago"


# -- who does not read -------------------------------------------------------------------------------------------------


def busy_room(seed: int = 1) -> Pump:
    """Things that move, and things that no datagram holds and that change."""

    @system(Stage.SIMULATION, writes=(Note,))
    def scribble(world: World, seconds: float) -> None:
        for rows in list(world.query(Note)):
            for entity in rows.entities.tolist():
                world.write(entity, Note(bytes([world.tick % 251]) * 1_500))

    def fill(world: World) -> None:
        world.schedule.add(rise_slowly, scribble)

    notes = [(Pose((0.0, 0.0, 4.0 * at)), Note(b"x" * 1_500)) for at in range(2)]
    return room_with(*(pose(0.5 * at) for at in range(20)), *notes, components=(Note,), fill=fill, seed=seed)


@system(Stage.SIMULATION, writes=(Pose,))
def rise_slowly(world: World, seconds: float) -> None:
    for _, (poses,) in world.query_mut(Pose):
        poses["translation"][:, 1] += 0.01 * seconds


def test_rep_27_who_never_answers_is_sent_ever_less_and_nothing_piles_up() -> None:
    pump = busy_room()
    anna, mute = watcher(pump, "anna"), watcher(pump, "mute")
    pump.advance(1.0)
    mute.is_mute = True
    pump.advance(SILENCE_TICKS * TICK_SECONDS + 0.5)
    before, before_anna = len(mute.told), len(anna.told)
    pump.advance(12.0)
    told = mute.told[before:]
    frames = [each for each in told if isinstance(each, StateFrame)]
    sections = [each for each in told if isinstance(each, StateSection)]
    assert len(frames) + len(sections) <= 2 * 27, "asked twice a second"
    assert 2 <= len(sections) <= 2 * 2, "each of two large ones once in ten seconds"
    assert not [each for each in told if isinstance(each, CellsLeft)]
    assert len(anna.told) - before_anna > 350
    plane = desk_of(pump).plane
    assert plane._seats[mute.actor].baselines.in_flight <= 1_024
    assert plane.poll_transmit() is None
    mute.is_mute = False
    pump.advance(2.0)
    assert positions(mute) == positions(anna), "it answers, and is told all"


def test_rep_27_a_joiner_that_never_answers_holds_one_window() -> None:
    entities = [(Pose((0.05 * at, 0.0, 0.0)), Note(bytes([at]) + at.to_bytes(2, "big") * 3_000)) for at in range(90)]
    pump = room_with(*entities, components=(Note,))
    mute = Watcher("mute", pump.room.invite("editor"), ("fold", "presence", "state"))
    mute.is_mute = True
    pump.connect(mute)
    mute.show(HERE)
    pump.advance(30.0)
    assert mute.is_open, "it answers pings"
    chunks = [each for each in mute.told if isinstance(each, StateChunk)]
    assert len(chunks) == STATE_CHUNK_WINDOW
    mute.is_mute = False
    mute.say(StateChunksReceived(chunks[0].snapshot, [chunk.number for chunk in chunks]))
    pump.advance(5.0)
    assert mute.follower.has_snapshot


def test_rep_27_who_does_not_read_changes_nothing_for_others() -> None:
    def told(with_mute: bool) -> list[Message]:
        pump = busy_room()
        anna = watcher(pump, "anna")
        if with_mute:
            watcher(pump, "mute").is_mute = True
        pump.advance(8.0)
        return [each for each in anna.told if not isinstance(each, OwnershipChanged)]

    assert told(True) == told(False)


def test_rep_27_who_is_silent_hears_later_which_cells_to_forget() -> None:
    pump = room_with(pose(0.0), pose(100.0), fill=lambda world: world.schedule.add(rise_slowly))
    anna = watcher(pump, "anna")
    watcher(pump, "ben")
    pump.advance(1.0)
    anna.is_mute = True
    pump.advance(4.0)
    anna.show(FAR)
    before = len(anna.told)
    pump.advance(6.0)
    assert not [each for each in anna.told[before:] if isinstance(each, CellsLeft)]
    anna.is_mute = False
    pump.advance(3.0)
    assert [each for each in anna.told[before:] if isinstance(each, CellsLeft)]
    assert [round(x) for x, _, _ in positions(anna)] == [100]
