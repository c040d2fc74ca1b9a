"""What the state plane has to say, in messages, until somebody takes them."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from theta.base.limits import STATE_CELLS_PER_MESSAGE_MAX
from theta.interest.interest import Interest
from theta.interest.pairs import Left
from theta.node.lanes import Lane
from theta.node.state_joining import StateJoining
from theta.node.state_seats import Seat, Seats
from theta.node.state_ticks import FRAME_OVERHEAD_BYTES, SeatFrame
from theta.replication.body_code import code_bodies
from theta.wire.message import Message
from theta.wire.state_messages import CellsLeft, StateFrame, StateSection


class StateTransmit(NamedTuple):
    """A message for a participant."""

    peer: int
    lane: Lane
    message: Message


class StateOutbox:
    """Messages in order, for each lane. A tick's datagrams that nobody takes are dropped at the next tick.

    On the lane of state there is what is paced by answers (chunks), what is sent once until it is answered (large
    sections), and which cells are to be forgotten, which who is silent is not told. So nothing piles up.

    Args:
        interest: of the room.
        seats: of the room.

    Attributes:
        counts: "frames" of both lanes, and of them "sections" on the reliable one.
    """

    def __init__(self, interest: Interest, seats: Seats) -> None:
        self.counts: Counter[str] = Counter()
        self._interest = interest
        self._seats = seats
        self._to_forget: dict[int, set[int]] = {}
        self._reliable: deque[StateTransmit] = deque()
        self._datagrams: deque[StateTransmit] = deque()

    @property
    def has_to_tell(self) -> bool:
        """Whether somebody silent has yet to be told which cells to forget."""
        return bool(self._to_forget)

    def begin_tick(self) -> None:
        """What is to be said now is newer than what was not taken."""
        self._datagrams.clear()

    def forget_peer(self, seat: Seat) -> None:
        """A participant is gone: nothing has to be said to it."""
        self._to_forget.pop(seat.number, None)
        self.drop_messages(seat)

    def drop_messages(self, seat: Seat) -> None:
        """A participant's connection is gone, with what had yet to be said over it."""
        self._reliable = deque(each for each in self._reliable if each.peer != seat.peer)
        self._datagrams = deque(each for each in self._datagrams if each.peer != seat.peer)

    def send(self, peer: int, message: Message) -> None:
        """Say something reliably."""
        self._reliable.append(StateTransmit(peer, Lane.STATE, message))

    def send_left(self, left: Left, tick: int) -> None:
        """Tell participants which cells to forget; once a tick."""
        by_number: dict[int, list[int]] = {}
        for number, cell in zip(left.peers.tolist(), left.cells.tolist(), strict=True):
            by_number.setdefault(number, []).append(cell)
        for number, gone in by_number.items():
            # Who is silent or suspended is told later, once.
            if number in self._to_forget or self._seats.is_silent(number, tick):
                self._to_forget.setdefault(number, set()).update(gone)
            else:
                self._send_left(number, gone, tick)
        for number in [each for each in self._to_forget if not self._seats.is_silent(each, tick)]:
            waited = np.array(sorted(self._to_forget.pop(number)), np.int64)
            rows, again = self._interest.pairs.rows_of(np.full(len(waited), number), waited)
            # What is relevant again meanwhile is told anew, and to be forgotten when it is left.
            self._interest.pairs.sent[rows] = np.maximum(self._interest.pairs.sent[rows], 1)
            self._send_left(number, waited[~again].tolist(), tick)

    def send_chunks(self, joining: StateJoining, numbers: Iterable[int]) -> None:
        """One chunk to each joiner in turn: everybody has the nearest before anybody has all."""
        waiting = [(self._seats.at(number).peer, joining.poll_chunks(number)) for number in numbers]
        for turn in zip_longest(*(chunks for _, chunks in waiting)):
            for (peer, _), chunk in zip(waiting, turn, strict=True):
                if chunk is not None:
                    self.send(peer, chunk)

    def send_frames(self, frames: Sequence[SeatFrame], tick: int) -> None:
        """Send a tick's frames, and pay for what is around their sections."""
        numbers = [frame.number for frame in frames]
        self._interest.budgets.spend(numbers, np.full(len(numbers), FRAME_OVERHEAD_BYTES))
        self._seats.note_sent(numbers, tick)
        # A large one is compressed where it is packed (WIRE-44).
        codes = code_bodies([b"" if frame.is_large else frame.data for frame in frames])
        for frame, code in zip(frames, codes, strict=True):
            seat = self._seats.at(frame.number)
            sequence = seat.baselines.send(tick, frame.cells)
            if frame.is_large:
                self.send(seat.peer, StateSection(sequence, tick, frame.data))
                self.counts["sections"] += 1
            else:
                told = StateFrame(sequence, tick, seat.input, code is not None, frame.data if code is None else code)
                self._datagrams.append(StateTransmit(seat.peer, Lane.DATAGRAM, told))
        self.counts["frames"] += len(frames)

    def poll_transmit(self) -> StateTransmit | None:
        """The next message; what must arrive comes first."""
        for queue in (self._reliable, self._datagrams):
            if queue:
                return queue.popleft()
        return None

    def _send_left(self, number: int, cells: list[int], tick: int) -> None:
        peer = self._seats.at(number).peer
        for at in range(0, len(cells), STATE_CELLS_PER_MESSAGE_MAX):
            self.send(peer, CellsLeft(tick, cells[at : at + STATE_CELLS_PER_MESSAGE_MAX]))
