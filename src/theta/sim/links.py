"""How frames travel between two nodes, and one direction of a connection: what it carries, and what waits for it."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

from theta.base.randomness import Randomness
from theta.node.lanes import RELIABLE_LANES, Lane
from theta.sim.bursts import Bursts

FRAME_OVERHEAD_BYTES = 40
PIECE_BYTES = 4_096
"""A reliable frame goes in pieces of this size where bytes take time, so that what is more urgent goes between them."""
END = len(Lane)
"""Beside the lanes: the end of a connection, which comes after everything on them."""
PRIORITIES: dict[int, int] = {lane: place for place, lane in enumerate((*RELIABLE_LANES, END))}


class LinkSettings(NamedTuple):
    """How frames travel between two nodes; `loss`, `reorder`, `duplication` and `corruption` are shares in [0, 1).

    Losses are independent of each other, or come in bursts that last `burst_seconds` on average: see `Bursts`, which
    takes a `loss` under 0.9. Where bytes take time, what has left a node waits in a queue of `queue_bytes`: a datagram
    that finds it full is dropped, and reliable frames stay with their sender until half of it is free. What is damaged
    is lost where the carrier `is_checked`; where it is not, a datagram arrives with one wrong byte, and a damaged
    reliable frame costs the connection.
    """

    delay_seconds: float = 0.02
    jitter_seconds: float = 0.01
    loss: float = 0.0
    reorder: float = 0.0
    duplication: float = 0.0
    bytes_per_second: float = math.inf
    burst_seconds: float = 0.0
    queue_bytes: float = 65_536.0
    corruption: float = 0.0
    is_checked: bool = True

    def travel_seconds(self, randomness: Randomness) -> float:
        """How long something is on its way, once it has left."""
        seconds = self.delay_seconds + randomness.fraction() * self.jitter_seconds
        if self.reorder and randomness.fraction() < self.reorder:
            seconds += (self.delay_seconds + self.jitter_seconds) * 4.0 * randomness.fraction()
        return seconds

    def is_damaged(self, randomness: Randomness) -> bool:
        """Whether something is damaged on its way."""
        return self.corruption > 0.0 and randomness.fraction() < self.corruption


def damaged(frame: bytes, randomness: Randomness) -> bytes:
    """Some bytes, at least one, with one other byte among them."""
    at = randomness.integer(len(frame))
    return frame[:at] + bytes((frame[at] ^ (1 + randomness.integer(255)),)) + frame[at + 1 :]


GOOD_LINK = LinkSettings(delay_seconds=0.005, jitter_seconds=0.001)
BAD_LINK = LinkSettings(
    delay_seconds=0.04, jitter_seconds=0.03, loss=0.05, reorder=0.1, duplication=0.03, corruption=0.01
)


class NetworkNode(Protocol):
    """What the network calls; a connection is named by its number at both ends."""

    def handle_opened(self, connection: int) -> None:
        """The connection stands: the other side called, or answered."""
        ...

    def handle_arrived(self, connection: int, lane: Lane, frame: bytes) -> None:
        """A frame is here."""
        ...

    def handle_closed(self, connection: int, code: int, reason: str) -> None:
        """The connection is gone, by the other side's will or by the network's."""
        ...


Deliver = Callable[[NetworkNode], None]


@dataclass
class Waiting:
    """A reliable frame, or the end, that its sender still holds; `rest_bytes` of it have not left."""

    lane: int
    deliver: Deliver
    rest_bytes: int


@dataclass
class Pipe:
    """One direction of a connection; nothing gets out of it from `severed_at` on.

    `address` is where the sender sends from, a number. What travels here goes astray while the receiver has another
    address than the sender has heard from. What `held` has, by lane, waits for that, or for a partition to heal.
    """

    sender: str
    receiver: str
    busy_until: float = 0.0
    severed_at: float = math.inf
    address: int = 0
    is_astray: bool = False
    is_pumping: bool = False
    last_arrivals: dict[int, float] = field(default_factory=dict)
    held: dict[int, deque[Deliver]] = field(default_factory=dict)
    bursts: Bursts | None = None
    _waiting: list[tuple[int, int, Waiting]] = field(default_factory=list)
    _counter: int = 0

    def put(self, waiting: Waiting) -> None:
        """Something to send, after what is as urgent and came before."""
        self._counter += 1
        heappush(self._waiting, (PRIORITIES[waiting.lane], self._counter, waiting))

    @property
    def has_waiting(self) -> bool:
        """Whether the sender holds something."""
        return bool(self._waiting)

    def poll(self, now: float, link: LinkSettings) -> tuple[Waiting, float] | None:
        """What leaves as a whole by this, and when its last byte does; None when nothing more can leave now."""
        while self._waiting and self.queued_bytes(now, link) <= link.queue_bytes / 2.0:
            _, _, first = self._waiting[0]
            piece = first.rest_bytes if math.isinf(link.bytes_per_second) else min(first.rest_bytes, PIECE_BYTES)
            departure = self.depart(now, link, piece)
            first.rest_bytes -= piece
            if not first.rest_bytes:
                heappop(self._waiting)
                return first, departure
        return None

    def has_room_at(self, link: LinkSettings) -> float:
        """When half of the queue is free again, in simulated seconds; a little later, so that no rounding matters."""
        return self.busy_until - link.queue_bytes / 2.0 / link.bytes_per_second + 1e-6

    def queued_bytes(self, now: float, link: LinkSettings) -> float:
        """What has left the sender and waits to be on its way."""
        behind = self.busy_until - now
        return behind * link.bytes_per_second if behind > 0.0 else 0.0

    def depart(self, now: float, link: LinkSettings, size_bytes: int) -> float:
        """When the last of so many bytes is on its way, after all that left before."""
        self.busy_until = max(now, self.busy_until) + (size_bytes + FRAME_OVERHEAD_BYTES) / link.bytes_per_second
        return self.busy_until

    def is_lost(self, now: float, seconds: float, link: LinkSettings, randomness: Randomness) -> bool:
        """Whether what is on its way at a time, now or later, is lost."""
        if not link.burst_seconds:
            return randomness.fraction() < link.loss
        if self.bursts is None:
            self.bursts = Bursts(Randomness(randomness.draw(32)), now)
        return self.bursts.is_lost(seconds, link.loss, link.burst_seconds)

    def arrives(self, lane: int, seconds: float) -> float:
        """When a reliable frame arrives that could at a time: after those before it on its lane, the end after all."""
        before = list(self.last_arrivals.values()) if lane == END else [self.last_arrivals.get(lane, 0.0)]
        self.last_arrivals[lane] = arrival = max(seconds, *before, 0.0)
        return arrival

    @property
    def delivered_by(self) -> float:
        """By when all reliable frames that have left arrive, and what waits can leave, if nothing holds them."""
        return max([self.busy_until if self._waiting else 0.0, *self.last_arrivals.values()])


@dataclass
class Connection:
    """Two pipes by sender. An end is in `gone` once it closed the connection or was told that it is closed."""

    number: int
    pipes: dict[str, Pipe]
    opened: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
