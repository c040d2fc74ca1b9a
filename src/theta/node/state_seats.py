"""The participants of a room's state plane, each with a number for interest, and who of them is silent."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import PEERS_MAX
from theta.interest.interest import Interest
from theta.interest.priority import TICKS_PER_SECOND
from theta.replication.baselines import Baselines
from theta.wire.types import RoleName

Ints = NDArray[np.int64]

SILENCE_TICKS = 2 * TICKS_PER_SECOND
"""Who was sent frames and acknowledged none for so long is asked only now and then, until it answers."""
PROBE_TICKS = TICKS_PER_SECOND // 2


class Seat:
    """One participant.

    Attributes:
        peer: its number outside: whatever the caller names it by.
        number: its number in interest, 0 to PEERS_MAX − 1.
        role: what it may be told of.
        radius: how far it sees, metres.
        bytes_per_second: its budget.
        takes_zstd: whether it can be sent compressed chunks.
        baselines: the frames on their way to it.
        hashes_tick: when its hashes were compared last.
        input: the newest of its inputs that the world has taken in, 0 for none.
        has_answered: it has said of something that it has it, so that it knows the components.
        owed_bytes: what other planes sent it and its budget has not paid yet.
    """

    __slots__ = (
        "baselines",
        "bytes_per_second",
        "has_answered",
        "hashes_tick",
        "input",
        "number",
        "owed_bytes",
        "peer",
        "radius",
        "role",
        "takes_zstd",
    )

    def __init__(
        self, peer: int, number: int, role: RoleName, radius: float, bytes_per_second: int, *, takes_zstd: bool = True
    ) -> None:
        self.peer = peer
        self.number = number
        self.role = role
        self.radius = radius
        self.bytes_per_second = bytes_per_second
        self.takes_zstd = takes_zstd
        self.baselines = Baselines()
        self.hashes_tick = 0
        self.input = 0
        self.has_answered = False
        self.owed_bytes = 0.0


class Seats:
    """All participants, by the caller's number and by interest's.

    Args:
        interest: what is told of them.

    Attributes:
        suspended: who is sent nothing because it has no connection, by number, (PEERS_MAX,) bool.
    """

    def __init__(self, interest: Interest) -> None:
        self._interest = interest
        self._by_peer: dict[int, Seat] = {}
        self._by_number: list[Seat | None] = [None] * PEERS_MAX
        self._unanswered = np.zeros(PEERS_MAX, np.int64)
        self.suspended = np.zeros(PEERS_MAX, np.bool_)
        self._acknowledged: list[tuple[int, int, Ints]] = []

    def __len__(self) -> int:
        return len(self._by_peer)

    def __contains__(self, peer: int) -> bool:
        return peer in self._by_peer

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._by_peer.values())

    @property
    def connected(self) -> int:
        """How many are not suspended."""
        return len(self._by_peer) - int(np.count_nonzero(self.suspended))

    def __getitem__(self, peer: int) -> Seat:
        """A participant's seat.

        Raises:
            InvalidValue: it is not here.
        """
        seat = self._by_peer.get(peer)
        if seat is None:
            raise InvalidValue("peer", peer, "one that has joined")
        return seat

    def at(self, number: int) -> Seat:
        """The seat with a number that somebody has."""
        seat = self._by_number[number]
        assert seat is not None
        return seat

    def join(self, peer: int, role: RoleName, radius: float, bytes_per_second: int, *, takes_zstd: bool = True) -> Seat:
        """Give a participant a seat.

        Raises:
            InvalidValue: it has one, or there is none left; a radius or budget out of its limits.
        """
        number = next((at for at, seat in enumerate(self._by_number) if seat is None), None)
        if peer in self._by_peer or number is None:
            raise InvalidValue("peer", peer, f"a new one, and {PEERS_MAX} at most")
        self._interest.join(number, role, radius, bytes_per_second)
        seat = Seat(peer, number, role, radius, bytes_per_second, takes_zstd=takes_zstd)
        self._by_peer[peer] = self._by_number[number] = seat
        self._unanswered[number] = 0
        return seat

    def change_role(self, peer: int, role: RoleName) -> None:
        """A participant may be told of more, or of less.

        Raises:
            InvalidValue: it is not here.
        """
        seat = self[peer]
        self._interest.join(seat.number, role, seat.radius, seat.bytes_per_second)
        seat.role = role

    def leave(self, peer: int) -> Seat:
        """Take a participant's seat back.

        Raises:
            InvalidValue: it is not here.
        """
        seat = self[peer]
        self._interest.part(seat.number)
        del self._by_peer[peer]
        self._by_number[seat.number] = None
        self.suspended[seat.number] = False
        self._acknowledged = [each for each in self._acknowledged if each[0] != seat.number]
        return seat

    # -- acknowledgements ----------------------------------------------------------------------------------------------

    def note_sent(self, numbers: Sequence[int], tick: int) -> None:
        """These participants were sent frames."""
        sent = np.array(numbers, np.int64)
        sent = sent[self._unanswered[sent] == 0]
        self._unanswered[sent] = tick

    def note_answer(self, seat: Seat) -> None:
        """A participant answered: it reads what it is sent."""
        seat.has_answered = True
        self._unanswered[seat.number] = 0

    def suspend(self, seat: Seat) -> None:
        """A participant has no connection: what is on its way to it is lost."""
        seat.baselines.forget()
        self.suspended[seat.number] = True

    def resume(self, seat: Seat) -> None:
        """A participant has a connection again, perhaps in place of one that still stood."""
        seat.baselines.forget()
        self.suspended[seat.number] = False
        self._unanswered[seat.number] = 0

    def note_acknowledged(self, seat: Seat, tick: int, cells: Ints) -> None:
        """A participant has cells (n,) as they were at a tick; interest is told of all at once."""
        self._acknowledged.append((seat.number, tick, cells))

    def tell_acknowledged(self) -> None:
        """Tell interest what was acknowledged since the last call."""
        if not self._acknowledged:
            return
        numbers, ticks, cells = zip(*self._acknowledged, strict=True)
        self._acknowledged = []
        counts = np.array([len(each) for each in cells])
        self._interest.pairs.acknowledge(
            np.repeat(np.array(numbers, np.int64), counts),
            np.concatenate(cells),
            np.repeat(np.array(ticks, np.int64), counts),
        )

    def is_silent(self, number: int, tick: int) -> bool:
        """Whether a participant, by its number, is suspended or has not answered for SILENCE_TICKS."""
        since = int(self._unanswered[number])
        return bool(self.suspended[number]) or (bool(since) and tick - since > SILENCE_TICKS)

    def silent(self, tick: int) -> NDArray[np.bool_]:
        """Who has not answered for SILENCE_TICKS, by number, (PEERS_MAX,)."""
        since = self._unanswered
        found: NDArray[np.bool_] = (since > 0) & (tick - since > SILENCE_TICKS)
        return found

    def asked(self, tick: int) -> NDArray[np.bool_]:
        """Whose turn it is to be sent something even if it is silent, every PROBE_TICKS, by number, (PEERS_MAX,)."""
        found: NDArray[np.bool_] = (tick + np.arange(PEERS_MAX)) % PROBE_TICKS == 0
        return found
