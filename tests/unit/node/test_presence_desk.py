"""A room's presence: a dozen see everybody at once, a crowd sees who is near (REP-3, INT-20 …)."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from tests.support.pump import Pump
from tests.support.state_in_rooms import desk_of, pose, rising, room_with, watcher
from theta.base.limits import STATE_BYTES_PER_SECOND
from theta.interest.people import EVERYBODY_MAX
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.replication.presence import HEAD_VALID, PRESENCE_BYTES, Presence, decode_rows
from theta.wire import codec
from theta.wire.messages import PresenceBatch
from theta.wire.state_messages import StateFrame

TURN = 1.0 / 30.0


class Company:
    """People in a room who stand in a row, so many metres apart, and all move all the time."""

    def __init__(self, count: int, apart: float) -> None:
        self.pump = Pump()
        self.people = [self.pump.join(f"person {number}") for number in range(count)]
        self.apart = apart
        self.steps = 0
        self.seen: dict[tuple[int, int], list[float]] = {}
        self.frames: dict[int, list[bytes]] = {}
        self._numbers = {self.pump.number_of(each): at for at, each in enumerate(self.people)}
        self._by_actor = {each.actor: at for at, each in enumerate(self.people)}
        self.pump.meddle = self._note

    def row_of(self, at: int) -> Presence:
        """Where somebody is now."""
        return Presence(0, 0, HEAD_VALID, head_position=(at * self.apart, 1.5, self.steps / 1024.0))

    def move(self, turns: int) -> None:
        """Everybody moves, so many times."""
        for _ in range(turns):
            self.steps += 1
            for at, each in enumerate(self.people):
                each.show(self.pump.now, self.row_of(at))
            self.pump.pump()
            self.pump.advance(TURN)

    def _note(self, connection: int, lane: Lane, frame: bytes) -> bytes:
        message = codec.decode_from_room(frame)
        if isinstance(message, PresenceBatch):
            receiver = self._numbers[connection]
            self.frames.setdefault(receiver, []).append(frame)
            for row in decode_rows(message.rows):
                self.seen.setdefault((receiver, self._by_actor[row.actor]), []).append(self.pump.seconds)
        return frame


def _is_shown(peer: Peer, of: Peer, row: Presence) -> bool:
    shown = peer.presence_of(of.actor)
    return shown is not None and replace(shown, actor=0, sequence=0) == row


def test_rep_3_a_dozen_are_sent_the_same_bytes_the_sender_included() -> None:
    company = Company(EVERYBODY_MAX, 50.0)
    company.move(30)
    assert all(frames == company.frames[0] for frames in company.frames.values())
    pairs = {(a, b) for a in range(EVERYBODY_MAX) for b in range(EVERYBODY_MAX)}
    assert set(company.seen) == pairs
    assert all(28 <= len(seen) <= 31 for seen in company.seen.values())


def test_int_20_in_a_crowd_who_is_near_is_shown_often_and_all_are_shown_within_a_second() -> None:
    company = Company(20, 25.0)
    company.move(90)
    rates = {pair: len(seen) / 3.0 for pair, seen in company.seen.items()}
    assert set(rates) == {(a, b) for a in range(20) for b in range(20) if a != b}, "nobody is shown itself"
    assert all(rates[a, b] < 3.0 for a, b in rates if abs(a - b) > 2)
    assert all(3.0 < rates[a, b] < 8.0 for a, b in rates if abs(a - b) == 1)
    for seen in company.seen.values():
        assert max(b - a for a, b in pairwise(seen)) <= 1.0
    company.pump.advance(1.0)
    for receiver in company.people:
        for at, shown in enumerate(company.people):
            assert receiver is shown or _is_shown(receiver, shown, company.row_of(at)), "who came to rest is seen there"


def test_int_23_in_a_crowd_on_one_spot_the_budget_is_kept() -> None:
    company = Company(24, 0.25)
    company.move(60)
    for receiver in range(24):
        rows = Counter(
            round(at, 1) for (who, _), seen in company.seen.items() if who == receiver for at in seen if at > 100.5
        )
        seconds = (max(rows) - min(rows)) or 1.0
        assert sum(rows.values()) * PRESENCE_BYTES <= STATE_BYTES_PER_SECOND / 2 * (seconds + 0.2)


def test_rep_2_somebody_new_in_a_crowd_sees_everybody_at_once() -> None:
    company = Company(EVERYBODY_MAX + 2, 30.0)
    company.move(3)
    company.pump.meddle = None
    late = company.pump.join("Late")
    assert all(late.presence_of(each.actor) is not None for each in company.people)
    company.pump.drop(company.people[0])
    assert late.presence_of(company.people[0].actor) is None
    company.pump.connect(company.people[0])
    company.pump.advance(0.1)
    company.people[0].show(company.pump.now, company.row_of(5))
    company.pump.advance(1.0)
    assert _is_shown(late, company.people[0], company.row_of(5))


def test_rep_2_a_newer_connection_of_a_session_sees_everybody() -> None:
    company = Company(EVERYBODY_MAX + 2, 30.0)
    company.move(3)
    company.pump.meddle = None
    first = company.people[0]
    company.pump.drop(first, silently=True)
    company.pump.connect(first)
    for at, each in enumerate(company.people[1:], 1):
        assert _is_shown(first, each, company.row_of(at))


def test_int_20_a_crowd_is_shown_people_with_the_state_planes_ticks() -> None:
    pump = room_with(pose(0.0), fill=rising)
    anna = watcher(pump, "anna")
    others = [watcher(pump, f"other {number}", at=(20.0, 0.0, 0.0)) for number in range(EVERYBODY_MAX)]
    pump.advance(1.0)
    said: dict[str, set[float]] = {"state": set(), "people": set()}
    number = pump.number_of(anna)

    def note(connection: int, lane: Lane, frame: bytes) -> bytes:
        message = codec.decode_from_room(frame)
        if connection == number and isinstance(message, StateFrame | PresenceBatch):
            said["people" if isinstance(message, PresenceBatch) else "state"].add(pump.seconds)
        return frame

    pump.meddle = note
    before = desk_of(pump).tick
    for step in range(60):
        pump.advance(0.011)
        anna.show((step / 64.0, 1.5, 0.0))
        others[0].show((1.0, 1.5, step / 64.0))
        pump.pump()
    assert desk_of(pump).tick > before + 15
    assert len(said["people"]) > 10
    assert said["people"] <= said["state"]


def test_who_comes_back_without_the_capability_is_shown_nobody() -> None:
    pump = room_with()
    other, anna = watcher(pump, "other"), watcher(pump, "anna")
    pump.drop(anna, silently=True)
    anna._terms = anna._terms._replace(capabilities=("fold", "state"))
    number = pump.connect(anna)
    assert pump.number_of(anna) == number
    before = len(anna.of(PresenceBatch))
    other.show((1.0, 2.0, 3.0))
    pump.pump()
    pump.advance(1.0)
    assert len(anna.of(PresenceBatch)) == before
    assert other.of(PresenceBatch)


def test_a_room_that_closes_shows_nobody_any_more() -> None:
    company = Company(3, 1.0)
    company.people[0].show(company.pump.now, company.row_of(0))
    company.pump.pump()
    company.people[1].show(company.pump.now, company.row_of(1))
    room, now = company.pump.room, company.pump.now
    sent = company.people[1].poll_transmit()
    assert sent is not None
    room.handle_frame(now, company.pump.number_of(company.people[1]), *sent)
    room.handle_shutdown(now)
    while room.poll_transmit() is not None:
        pass
    due = room.poll_timeout()
    assert due is not None
    room.handle_timeout(now._replace(seconds=now.seconds + 1.0))
    assert room.poll_transmit() is None
