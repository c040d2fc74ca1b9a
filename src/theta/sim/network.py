"""A seeded network of connections with five lanes: delay, loss, reordering, duplication, damage, partitions, cuts.

The datagram lane drops, reorders and duplicates. Each reliable lane keeps its order, and nothing is in order between
two of them: a loss costs a retransmission's delay on its own lane. A partition swallows datagrams and holds reliable
frames back until it heals; so does a change of address, until the other side hears from the new one. A connection that
is cut loses what is in flight both ways, and each end learns of it after a while of its own.
"""

import math
from collections import deque
from collections.abc import Iterable

from theta.base.randomness import Randomness
from theta.node.lanes import Lane
from theta.sim.links import (
    END,
    GOOD_LINK,
    Connection,
    Deliver,
    LinkSettings,
    NetworkNode,
    Pipe,
    Waiting,
    damaged,
)
from theta.sim.schedule import Schedule

CLOSE_ABNORMAL = 1006
RETRANSMISSION_SECONDS_MIN = 0.2
RETRANSMISSIONS_MAX = 5
CUT_NOTICED_SECONDS_MAX = 4.0
CRASH_NOTICED_SECONDS_MAX = 0.1
SILENT_CRASH_SHARE = 0.25


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
        self._connections: dict[int, Connection] = {}
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
        pipes = {caller: Pipe(caller, listener), listener: Pipe(listener, caller)}
        connection = self._connections[self._counter] = Connection(self._counter, pipes)
        answer = pipes[listener]
        self._send_reliable(
            connection, pipes[caller], Lane.CONTROL, lambda node: self._answer(connection, answer, node)
        )
        return connection.number

    def send(self, connection: int, sender: str, lane: Lane, frame: bytes) -> None:
        """Send a frame; on a connection that is gone it is lost."""
        found = self._connections.get(connection)
        if found is None or sender in found.gone:
            return
        pipe = found.pipes[sender]
        if lane is Lane.DATAGRAM:
            self._send_datagram(found, pipe, frame)
        else:
            deliver: Deliver = lambda node: node.handle_arrived(connection, lane, frame)  # noqa: E731
            self._send_reliable(found, pipe, lane, deliver, len(frame))

    def close(self, connection: int, closer: str, code: int, reason: str) -> None:
        """Close one end; the other learns of it after every reliable frame sent before."""
        found = self._connections.get(connection)
        if found is None or closer in found.gone:
            return
        found.gone.add(closer)
        pipe = found.pipes[closer]
        self._send_reliable(found, pipe, END, lambda _: self._end(found, pipe.receiver, code, reason))
        self._forget_if_gone(found)

    def cut(self, connection: int) -> None:
        """Break a connection: what is in flight is lost, and each end learns of it after a while of its own."""
        found = self._connections.get(connection)
        if found is None:
            return
        for name, pipe in found.pipes.items():
            pipe.severed_at = min(pipe.severed_at, self._now)
            self._notify(found, name, self._now + self._randomness.fraction() * CUT_NOTICED_SECONDS_MAX)

    def change_address(self, name: str) -> None:
        """A node sends from another address from now on: its connections go on once the others heard it from there.

        What they have sent to the old address is lost, or sent again. Where a carrier cannot go on, `cut` is what
        happens.
        """
        for connection in self._connections_of(name):
            for pipe in connection.pipes.values():
                if pipe.sender == name:
                    pipe.address += 1
                else:
                    pipe.is_astray = True

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
        held = 2.0 * RETRANSMISSION_SECONDS_MIN if any(pipe.held or pipe.has_waiting for pipe in pipes) else 0.0
        return max([self._now + held, *(pipe.delivered_by for pipe in pipes)])

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return self._schedule.clock.seconds

    def _connections_of(self, name: str) -> list[Connection]:
        return [each for each in self._connections.values() if name in each.pipes and name not in each.gone]

    def _link_of(self, pipe: Pipe) -> LinkSettings:
        return self._links.get(frozenset((pipe.sender, pipe.receiver)), self.link)

    def _is_spoilt(self, pipe: Pipe, link: LinkSettings, seconds: float) -> bool:
        """Whether what is on its way at a time is lost, or so damaged that its carrier drops it."""
        luck = self._randomness
        return pipe.is_lost(self._now, seconds, link, luck) or (link.is_checked and link.is_damaged(luck))

    def _send_reliable(
        self, connection: Connection, pipe: Pipe, lane: int, deliver: Deliver, size_bytes: int = 0
    ) -> None:
        pipe.put(Waiting(lane, deliver, max(1, size_bytes)))
        self._pump(connection, pipe)

    def _pump(self, connection: Connection, pipe: Pipe) -> None:
        """Let out what can leave now, and come again when more can."""
        link = self._link_of(pipe)
        while (leaving := pipe.poll(self._now, link)) is not None:
            waiting, departure = leaving
            self._depart(connection, pipe, link, waiting, departure)
        if pipe.has_waiting and not pipe.is_pumping:
            pipe.is_pumping = True

            def again() -> None:
                pipe.is_pumping = False
                self._pump(connection, pipe)

            self._schedule.call_at(pipe.has_room_at(link), again)

    def _depart(
        self, connection: Connection, pipe: Pipe, link: LinkSettings, waiting: Waiting, departure: float
    ) -> None:
        if not link.is_checked and link.is_damaged(self._randomness):
            self.cut(connection.number)
            return
        arrival = departure
        wait = max(RETRANSMISSION_SECONDS_MIN, 2.0 * link.delay_seconds)
        for _ in range(RETRANSMISSIONS_MAX):
            if not self._is_spoilt(pipe, link, arrival):
                break
            arrival += wait
            wait *= 2.0
        address = pipe.address
        self._schedule.call_at(
            pipe.arrives(waiting.lane, arrival + link.travel_seconds(self._randomness)),
            lambda: self._arrive_reliable(connection, pipe, waiting, address),
        )

    def _send_datagram(self, connection: Connection, pipe: Pipe, frame: bytes) -> None:
        link = self._link_of(pipe)
        if pipe.queued_bytes(self._now, link) + len(frame) > link.queue_bytes:
            return
        departure = pipe.depart(self._now, link, len(frame))
        copies = 2 if self._randomness.fraction() < link.duplication else 1
        for _ in range(copies):
            if not self._is_spoilt(pipe, link, departure):
                self._depart_datagram(connection, pipe, link, frame, departure)

    def _depart_datagram(
        self, connection: Connection, pipe: Pipe, link: LinkSettings, frame: bytes, departure: float
    ) -> None:
        if frame and not link.is_checked and link.is_damaged(self._randomness):
            frame = damaged(frame, self._randomness)
        address, arrival = pipe.address, departure + link.travel_seconds(self._randomness)
        deliver: Deliver = lambda node: node.handle_arrived(connection.number, Lane.DATAGRAM, frame)  # noqa: E731
        self._schedule.call_at(arrival, lambda: self._arrive_datagram(connection, pipe, deliver, address))

    def _arrive_reliable(self, connection: Connection, pipe: Pipe, waiting: Waiting, address: int) -> None:
        if waiting.lane in pipe.held or self._is_shut(connection, pipe, waiting.lane):
            pipe.held.setdefault(waiting.lane, deque()).append(waiting.deliver)
        else:
            self._deliver(connection, pipe, waiting.deliver, address)

    def _arrive_datagram(self, connection: Connection, pipe: Pipe, deliver: Deliver, address: int) -> None:
        if pipe.receiver in connection.opened and not self._is_blocked(pipe):
            self._deliver(connection, pipe, deliver, address)

    def _is_blocked(self, pipe: Pipe) -> bool:
        return pipe.is_astray or self.are_separated(pipe.sender, pipe.receiver)

    def _is_shut(self, connection: Connection, pipe: Pipe, lane: int) -> bool:
        """Whether a frame on a reliable lane has to wait: for the way, for the opening, or for all others."""
        if self._is_blocked(pipe):
            return True
        if lane == END:
            return any(each != END for each in pipe.held)
        return lane != Lane.CONTROL and pipe.receiver not in connection.opened

    def _hear_from(self, connection: Connection, pipe: Pipe, address: int) -> None:
        """The receiver knows where the sender is, if it does not send from somewhere else again already."""
        back = connection.pipes[pipe.receiver]
        if back.is_astray and address == pipe.address:
            back.is_astray = False
            self._release_later(connection, back)

    def _deliver(self, connection: Connection, pipe: Pipe, deliver: Deliver, address: int) -> None:
        if pipe.receiver in connection.gone or self._now >= pipe.severed_at:
            return
        self._hear_from(connection, pipe, address)
        node = self._nodes.get(pipe.receiver)
        if node is None:
            # Nobody listens: the kernel answers for the process that isn't there.
            connection.gone.add(pipe.receiver)
            self._notify(connection, pipe.sender, self._now + self._link_of(pipe).delay_seconds)
        else:
            deliver(node)

    def _answer(self, connection: Connection, pipe: Pipe, listener: NetworkNode) -> None:
        """The call is at the listener, who answers through `pipe`."""
        self._open(connection, pipe.sender, listener)
        self._send_reliable(
            connection, pipe, Lane.CONTROL, lambda caller: self._open(connection, pipe.receiver, caller)
        )

    def _open(self, connection: Connection, name: str, node: NetworkNode) -> None:
        connection.opened.add(name)
        node.handle_opened(connection.number)
        for pipe in connection.pipes.values():
            if pipe.receiver == name:
                self._release_later(connection, pipe)

    def _notify(self, connection: Connection, name: str, seconds: float) -> None:
        self._schedule.call_at(seconds, lambda: self._end(connection, name, CLOSE_ABNORMAL, "the connection was lost"))

    def _end(self, connection: Connection, name: str, code: int, reason: str) -> None:
        if name in connection.gone:
            return
        connection.gone.add(name)
        node = self._nodes.get(name)
        if node is not None:
            node.handle_closed(connection.number, code, reason)
        self._forget_if_gone(connection)

    def _forget_if_gone(self, connection: Connection) -> None:
        if len(connection.gone) == len(connection.pipes):
            self._connections.pop(connection.number, None)

    def _end_partition(self, number: int) -> None:
        if self._islands.pop(number, None) is None:
            return
        for connection in list(self._connections.values()):
            for pipe in connection.pipes.values():
                self._release_later(connection, pipe)

    def _release_later(self, connection: Connection, pipe: Pipe) -> None:
        """What was held comes, each lane's after a while of its own."""
        for lane in pipe.held:
            self._release_lane_later(connection, pipe, lane)

    def _release_lane_later(self, connection: Connection, pipe: Pipe, lane: int) -> None:
        wait = self._randomness.fraction() * 2.0 * RETRANSMISSION_SECONDS_MIN
        self._schedule.call_after(wait, lambda: self._release(connection, pipe, lane))

    def _release(self, connection: Connection, pipe: Pipe, lane: int) -> None:
        held = pipe.held.get(lane)
        while held and not self._is_shut(connection, pipe, lane):
            self._deliver(connection, pipe, held.popleft(), pipe.address)
        if held is not None and not held:
            del pipe.held[lane]
            if END in pipe.held:
                self._release_lane_later(connection, pipe, END)
