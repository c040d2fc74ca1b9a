"""What one peer was sent and what it acknowledged: the baselines of its cells (REP-19)."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import BASELINE_AGE_TICKS_MAX, STATE_ACK_FRAMES, STATE_FRAMES_IN_FLIGHT_MAX


class Acknowledged(NamedTuple):
    """The receiver has these cells (n,) as they were at `tick`."""

    tick: int
    cells: NDArray[np.int64]


class Baselines:
    """Frames on their way to one receiver, by sequence number."""

    __slots__ = ("_flying", "_newest", "_since")

    def __init__(self) -> None:
        self._flying: OrderedDict[int, Acknowledged] = OrderedDict()
        self._newest = 0
        # No frame that is under way is from before this tick.
        self._since = 0

    @property
    def in_flight(self) -> int:
        """How many frames wait for their acknowledgement."""
        return len(self._flying)

    def send(self, tick: int, cells: NDArray[np.int64]) -> int:
        """A frame with sections of these cells at `tick` goes out; returns its sequence number, from 1.

        A frame that is over STATE_FRAMES_IN_FLIGHT_MAX frames or BASELINE_AGE_TICKS_MAX ticks old counts as lost.
        """
        self._newest += 1
        flying = self._flying
        flying[self._newest] = Acknowledged(tick, cells)
        if len(flying) > STATE_FRAMES_IN_FLIGHT_MAX:
            flying.popitem(last=False)
        if tick - self._since > BASELINE_AGE_TICKS_MAX:
            while tick - next(iter(flying.values())).tick > BASELINE_AGE_TICKS_MAX:
                flying.popitem(last=False)
            self._since = next(iter(flying.values())).tick
        return self._newest

    def handle_ack(self, now_tick: int, sequence: int, received: int) -> list[Acknowledged]:
        """What a StateAck says of frames that were not acknowledged before, oldest first.

        What is older than BASELINE_AGE_TICKS_MAX is no baseline, and is left out.

        Raises:
            ProtocolError: a frame that was never sent.
        """
        if not 0 < sequence <= self._newest or received >> (sequence - 1):
            raise ProtocolError(f"StateAck: frame {sequence} and 64 before, but only {self._newest} were sent")
        found = []
        for behind in range(STATE_ACK_FRAMES, -1, -1):
            if behind == 0 or received >> (behind - 1) & 1:
                frame = self._flying.pop(sequence - behind, None)
                if frame is not None and now_tick - frame.tick <= BASELINE_AGE_TICKS_MAX:
                    found.append(frame)
        return found

    def forget(self) -> None:
        """The receiver has nothing any more; acknowledgements of what is on its way are passed over."""
        self._flying.clear()
