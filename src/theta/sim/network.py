"""A seeded network of two-lane connections: delay, jitter, loss, reordering, duplication, partitions and cuts.

The datagram lane drops, reorders and duplicates. The reliable lane keeps its order; a loss costs a retransmission's
delay there. A partition swallows datagrams and holds reliable frames back until it heals. A connection that is cut
loses what is in flight both ways, and each end learns of it after a while of its own.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from theta.base.randomness import Randomness
from theta.node.lanes import Lane
from theta.sim.bursts import Bursts
from theta.sim.schedule import Schedule

CLOSE_ABNORMAL = 1006
RETRANSMISSION_SECONDS_MIN = 0.2
RETRANSMISSIONS_MAX = 5
CUT_NOTICED_SECONDS_MAX = 4.0
CRASH_NOTICED_SECONDS_MAX = 0.1
SILENT_CRASH_SHARE = 0.25
FRAME_OVERHEAD_BYTES = 40


class LinkSettings(NamedTuple):
    """How frames travel between two nodes; `loss`, `reorder` and `duplication` are shares in [0, 1).

    Losses are independent of each other, or come in bursts that last `burst_seconds` on average: see `Bursts`, which
    takes a `loss` under 0.9.
    """

    delay_seconds: float = 0.02
    jitter_seconds: float = 0.01
    loss: float = 0.0
    reorder: float = 0.0
    duplication: float = 0.0
    bytes_per_second: float = math.inf
    burst_seconds: float = 0.0


GOOD_LINK = LinkSettings(delay_seconds=0.005, jitter_seconds=0.001)
BAD_LINK = LinkSettings(delay_seconds=0.04, jitter_seconds=0.03, loss=0.05, reorder=0.1, duplication=0.03)


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
class _Pipe:
    """One direction of a connection. `held` waits for a partition to heal; nothing gets out from `severed_at` on."""

    sender: str
    receiver: str
    busy_until: float = 0.0
    last_arrival: float = 0.0
    severed_at: float = math.inf
    held: deque[Deliver] = field(default_factory=deque)
    bursts: Bursts | None = None


@dataclass
class _Connection:
    """Two pipes by sender. An end is in `gone` once it closed the connection or was told that it is closed."""

    number: int
    pipes: dict[str, _Pipe]
    opened: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)


class Network:
    """Connections between named nodes.

    Args:
        schedule: when things happen.
        randomness: what the network draws its luck from.
        link: how frames travel wherever `set_link` says nothing else.
    """

    def __init__(self, schedule: Schedule, randomness: Randomness, link: LinkSettings = GOOD_LINK) -> None:
        self.link = link
        self._schedule = schedule
        self._randomness = randomness
        self._links: dict[frozenset[str], LinkSettings] = {}
        self._nodes: dict[str, NetworkNode] = {}
        self._connections: dict[int, _Connection] = {}
        self._islands: dict[int, frozenset[str]] = {}
        self._counter = 0

    # -- nodes and links -----------------------------------------------------------------------------------------

    def attach(self, name: str, node: NetworkNode) -> None:
        """The node is up: it can call, and be called."""
        self._nodes[name] = node

    def set_link(self, one: str, other: str, link: LinkSettings) -> None:
        """Frames between these two travel by rules of their own from now on."""
        self._links[frozenset((one, other))] = link

    def crash(self, name: str) -> None:
        """The node's process was killed. Others learn of it soon, or late when its machine went with it."""
        self._nodes.pop(name, None)
        noticed = 8.0 if self._randomness.fraction() < SILENT_CRASH_SHARE else CRASH_NOTICED_SECONDS_MAX
        for connection in self._connections_of(name):
            connection.gone.add(name)
            pipe = connection.pipes[name]
            severed_at = self._now + self._randomness.fraction() * 2.0 * self._link_of(pipe).delay_seconds
            pipe.severed_at = min(pipe.severed_at, severed_at)
            self._notify(connection, pipe.receiver, pipe.severed_at + self._randomness.fraction() * noticed)

    def partition(self, nodes: Iterable[str], seconds: float) -> None:
        """Nothing passes between these nodes and the others for a while."""
        self._counter += 1
        number = self._counter
        self._islands[number] = frozenset(nodes)
        self._schedule.call_after(seconds, lambda: self._end_partition(number))

    def heal(self, link: LinkSettings = GOOD_LINK) -> None:
        """End all partitions, and let every link be a good one."""
        self.link = link
        self._links.clear()
        for number in list(self._islands):
            self._end_partition(number)

    def are_separated(self, one: str, other: str) -> bool:
        """Whether a partition lies between two nodes."""
        return any((one in island) != (other in island) for island in self._islands.values())

    # -- connections ---------------------------------------------------------------------------------------------

    def connect(self, caller: str, listener: str) -> int:
        """Call another node and return the connection's number.

        `handle_opened` or `handle_closed` follows; neither does while a partition lasts.
        """
        self._counter += 1
        pipes = {caller: _Pipe(caller, listener), listener: _Pipe(listener, caller)}
        connection = self._connections[self._counter] = _Connection(self._counter, pipes)
        answer = pipes[listener]
        self._send_reliable(connection, pipes[caller], lambda node: self._answer(connection, answer, node), 0)
        return connection.number

    def send(self, connection: int, sender: str, lane: Lane, frame: bytes) -> None:
        """Send a frame; on a connection that is gone it is lost."""
        found = self._connections.get(connection)
        if found is None or sender in found.gone:
            return
        pipe = found.pipes[sender]
        deliver: Deliver = lambda node: node.handle_arrived(connection, lane, frame)  # noqa: E731
        if lane is Lane.RELIABLE:
            self._send_reliable(found, pipe, deliver, len(frame))
        else:
            self._send_datagram(found, pipe, deliver, len(frame))

    def close(self, connection: int, closer: str, code: int, reason: str) -> None:
        """Close one end; the other learns of it after every reliable frame sent before."""
        found = self._connections.get(connection)
        if found is None or closer in found.gone:
            return
        found.gone.add(closer)
        pipe = found.pipes[closer]
        self._send_reliable(found, pipe, lambda _: self._end(found, pipe.receiver, code, reason), 0)
        self._forget_if_gone(found)

    def cut(self, connection: int) -> None:
        """Break a connection: what is in flight is lost, and each end learns of it after a while of its own."""
        found = self._connections.get(connection)
        if found is None:
            return
        for name, pipe in found.pipes.items():
            pipe.severed_at = min(pipe.severed_at, self._now)
            self._notify(found, name, self._now + self._randomness.fraction() * CUT_NOTICED_SECONDS_MAX)

    def connections_of(self, name: str) -> list[int]:
        """The numbers of a node's connections, oldest first."""
        return [connection.number for connection in self._connections_of(name)]

    def is_sound(self, connection: int) -> bool:
        """Whether a connection stands at both ends; one that was cut does not, whether or not they know."""
        found = self._connections.get(connection)
        return (
            found is not None
            and found.opened == found.pipes.keys()
            and not found.gone
            and all(math.isinf(pipe.severed_at) for pipe in found.pipes.values())
        )

    @property
    def delivered_by(self) -> float:
        """By when every reliable frame arrives that is on its way, in simulated seconds, if no partition lasts.

        What was lost may have to wait for its retransmission long after the network has healed.
        """
        pipes = [pipe for each in self._connections.values() if not each.gone for pipe in each.pipes.values()]
        held = 2.0 * RETRANSMISSION_SECONDS_MIN if any(pipe.held for pipe in pipes) else 0.0
        return max([self._now + held, *(pipe.last_arrival for pipe in pipes)])

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return self._schedule.clock.seconds

    def _connections_of(self, name: str) -> list[_Connection]:
        return [each for each in self._connections.values() if name in each.pipes and name not in each.gone]

    def _link_of(self, pipe: _Pipe) -> LinkSettings:
        return self._links.get(frozenset((pipe.sender, pipe.receiver)), self.link)

    def _departure(self, pipe: _Pipe, link: LinkSettings, size_bytes: int) -> float:
        pipe.busy_until = max(self._now, pipe.busy_until) + (size_bytes + FRAME_OVERHEAD_BYTES) / link.bytes_per_second
        return pipe.busy_until

    def _is_lost(self, pipe: _Pipe, link: LinkSettings, seconds: float) -> bool:
        if not link.burst_seconds:
            return self._randomness.fraction() < link.loss
        if pipe.bursts is None:
            pipe.bursts = Bursts(Randomness(self._randomness.draw(32)), self._now)
        return pipe.bursts.is_lost(seconds, link.loss, link.burst_seconds)

    def _send_reliable(self, connection: _Connection, pipe: _Pipe, deliver: Deliver, size_bytes: int) -> None:
        link = self._link_of(pipe)
        arrival = self._departure(pipe, link, size_bytes)
        wait = max(RETRANSMISSION_SECONDS_MIN, 2.0 * link.delay_seconds)
        for _ in range(RETRANSMISSIONS_MAX):
            if not self._is_lost(pipe, link, arrival):
                break
            arrival += wait
            wait *= 2.0
        arrival += link.delay_seconds + self._randomness.fraction() * link.jitter_seconds
        pipe.last_arrival = max(arrival, pipe.last_arrival)
        self._schedule.call_at(pipe.last_arrival, lambda: self._arrive_reliable(connection, pipe, deliver))

    def _send_datagram(self, connection: _Connection, pipe: _Pipe, deliver: Deliver, size_bytes: int) -> None:
        link = self._link_of(pipe)
        departure = self._departure(pipe, link, size_bytes)
        copies = 2 if self._randomness.fraction() < link.duplication else 1
        for _ in range(copies):
            if self._is_lost(pipe, link, departure):
                continue
            arrival = departure + link.delay_seconds + self._randomness.fraction() * link.jitter_seconds
            if self._randomness.fraction() < link.reorder:
                arrival += (link.delay_seconds + link.jitter_seconds) * 4.0 * self._randomness.fraction()
            self._schedule.call_at(arrival, lambda: self._arrive_datagram(connection, pipe, deliver))

    def _arrive_reliable(self, connection: _Connection, pipe: _Pipe, deliver: Deliver) -> None:
        if pipe.held or self.are_separated(pipe.sender, pipe.receiver):
            pipe.held.append(deliver)
        else:
            self._deliver(connection, pipe, deliver)

    def _arrive_datagram(self, connection: _Connection, pipe: _Pipe, deliver: Deliver) -> None:
        if pipe.receiver in connection.opened and not self.are_separated(pipe.sender, pipe.receiver):
            self._deliver(connection, pipe, deliver)

    def _deliver(self, connection: _Connection, pipe: _Pipe, deliver: Deliver) -> None:
        if pipe.receiver in connection.gone or self._now >= pipe.severed_at:
            return
        node = self._nodes.get(pipe.receiver)
        if node is None:
            # Nobody listens: the kernel answers for the process that isn't there.
            connection.gone.add(pipe.receiver)
            self._notify(connection, pipe.sender, self._now + self._link_of(pipe).delay_seconds)
        else:
            deliver(node)

    def _answer(self, connection: _Connection, pipe: _Pipe, listener: NetworkNode) -> None:
        """The call is at the listener, who answers through `pipe`."""
        self._open(connection, pipe.sender, listener)
        self._send_reliable(connection, pipe, lambda caller: self._open(connection, pipe.receiver, caller), 0)

    def _open(self, connection: _Connection, name: str, node: NetworkNode) -> None:
        connection.opened.add(name)
        node.handle_opened(connection.number)

    def _notify(self, connection: _Connection, name: str, seconds: float) -> None:
        self._schedule.call_at(seconds, lambda: self._end(connection, name, CLOSE_ABNORMAL, "the connection was lost"))

    def _end(self, connection: _Connection, name: str, code: int, reason: str) -> None:
        if name in connection.gone:
            return
        connection.gone.add(name)
        node = self._nodes.get(name)
        if node is not None:
            node.handle_closed(connection.number, code, reason)
        self._forget_if_gone(connection)

    def _forget_if_gone(self, connection: _Connection) -> None:
        if len(connection.gone) == len(connection.pipes):
            self._connections.pop(connection.number, None)

    def _end_partition(self, number: int) -> None:
        if self._islands.pop(number, None) is None:
            return
        for connection in list(self._connections.values()):
            for pipe in connection.pipes.values():
                if pipe.held:
                    self._release_later(connection, pipe)

    def _release_later(self, connection: _Connection, pipe: _Pipe) -> None:
        wait = self._randomness.fraction() * 2.0 * RETRANSMISSION_SECONDS_MIN
        self._schedule.call_after(wait, lambda: self._release(connection, pipe))

    def _release(self, connection: _Connection, pipe: _Pipe) -> None:
        while pipe.held and not self.are_separated(pipe.sender, pipe.receiver):
            self._deliver(connection, pipe, pipe.held.popleft())
