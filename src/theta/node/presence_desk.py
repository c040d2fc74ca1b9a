"""What a room has to do with presence: everybody's latest row, and who is shown it when (REP-1 … REP-5, INT-20 …).

    handle_joined, handle_left   sessions, those without the capability "presence" too
    handle_update                what participants show
    handle_timeout               the time that `timeout` names has come

What it has to say goes to the room's Outbound.
"""

from theta.base.errors import ProtocolError
from theta.base.limits import PRESENCE_HERTZ, STATE_BYTES_PER_SECOND
from theta.interest.people import Chosen, People
from theta.node.connections import Connections, Participant
from theta.node.outbound import PRESENCE_ROWS_MAX, Outbound, presence_batches
from theta.node.state_desk import StateDesk
from theta.node.state_plane import OTHERS_SHARE
from theta.replication.presence import PRESENCE_BYTES, PresenceBoard, PresenceRow, read_row
from theta.session.capabilities import PRESENCE
from theta.wire.messages import PresenceUpdate

TURN_SECONDS = 1.0 / PRESENCE_HERTZ
_ROWS_PER_TURN = PRESENCE_ROWS_MAX - 1
"""In a crowd: what leaves a frame of the state plane its place in the same packet."""


class PresenceDesk:
    """One room's.

    Args:
        connections: the room's.
        outbound: the room's.
        state: the room's; only when its next tick is, is asked.
        seconds: now, monotonic.
    """

    def __init__(self, connections: Connections, outbound: Outbound, state: StateDesk, seconds: float) -> None:
        self._connections = connections
        self._outbound = outbound
        self._state = state
        self._board = PresenceBoard()
        self._people = People(PRESENCE_BYTES, int(OTHERS_SHARE * STATE_BYTES_PER_SECOND), _ROWS_PER_TURN)
        self._numbers: dict[int, int] = {}
        self._actors: dict[int, int] = {}
        self._asked_at: float | None = None
        self._turned = seconds

    def handle_joined(self, seconds: float, who: Participant) -> None:
        """A session stands, and was sent everybody's row with `send_all_to`."""
        if PRESENCE in who.capabilities:
            self._people.note_all_sent(self._number_of(who.record.actor))
        else:
            self.handle_left(who.record.actor)
        self._asked_at = self._asked_at or seconds

    def handle_left(self, actor: int) -> None:
        """A participant is gone."""
        self._board.remove(actor)
        number = self._numbers.pop(actor, None)
        if number is not None:
            del self._actors[number]
            self._people.leave(number)

    def send_all_to(self, connection: int) -> None:
        """Show everybody's latest row on a connection (REP-2)."""
        for batch in presence_batches(b"".join(row.data for row in self._board.rows())):
            self._outbound.send(connection, batch)

    def handle_update(self, seconds: float, who: Participant, message: PresenceUpdate) -> PresenceRow | None:
        """A participant shows itself; returns its row if it is news.

        Raises:
            ProtocolError: it is no row, or another's.
        """
        row = read_row(message.row)
        if row.actor != who.record.actor:
            raise ProtocolError("a presence row names its own sender")
        if not self._board.handle_row(seconds, row):
            return None
        if self._asked_at is None:
            self._asked_at = max(seconds, self._turned + TURN_SECONDS)
        return row

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds; None when nothing is waited for."""
        times = [at for at in (self._turn_at, self._board.timeout) if at is not None]
        return min(times, default=None)

    def handle_timeout(self, seconds: float) -> None:
        """Do what is due; before the state plane does."""
        if self._board.hide_silent(seconds):
            self._asked_at = seconds
        if self._turn_at is None or seconds < self._turn_at:
            return
        for row in self._board.poll_changed():
            self._people.show(self._numbers[row.actor], row.place, row.doing)
        chosen = self._people.choose(seconds - self._turned)
        self._turned = seconds
        self._asked_at = seconds + TURN_SECONDS if self._people.waits else None
        self._send(chosen)

    @property
    def _turn_at(self) -> float | None:
        """When rows are passed on: in a crowd with a tick of the state plane, so that both share packets."""
        if self._asked_at is None or not self._people.is_crowd:
            return self._asked_at
        tick = self._state.next_tick
        if tick is None or tick > self._asked_at + TURN_SECONDS:
            return self._asked_at
        return max(tick, self._turned + TURN_SECONDS / 2.0)

    def _number_of(self, actor: int) -> int:
        """An actor's number among the people; it has one from when it joins until it leaves."""
        if actor not in self._numbers:
            number = next(each for each in range(len(self._actors) + 1) if each not in self._actors)
            self._people.join(number)
            self._numbers[actor] = number
            self._actors[number] = actor
        return self._numbers[actor]

    def _send(self, chosen: Chosen) -> None:
        """Who is shown the same people is sent the same bytes."""
        connections = {each.record.actor: at.number for at, each in self._connections.joined()}
        rows = {number: row.data for row in self._board.rows() if (number := self._numbers.get(row.actor)) is not None}
        for numbers, receivers in chosen.alike().items():
            # In a room that closes they have no connection any more.
            to = [at for each in receivers if (at := connections.get(self._actors[each])) is not None]
            for batch in presence_batches(b"".join(rows[number] for number in numbers)):
                self._outbound.send_all(to, batch)
