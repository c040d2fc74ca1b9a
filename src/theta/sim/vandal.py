"""Somebody who sends garbage: random bytes, and frames of honest people cut short or with bits turned over."""

from theta.base.randomness import Randomness
from theta.node.lanes import Lane
from theta.sim.host import HOST
from theta.sim.network import CLOSE_ABNORMAL, Network
from theta.sim.schedule import Schedule
from theta.wire.codec import encode
from theta.wire.messages import ChatLine, Ping

FRAMES_MAX = 4
GARBAGE_BYTES_MAX = 200


class Vandal:
    """Calls the room, says something that no honest participant says, and hangs up unless it is thrown out."""

    def __init__(self, name: str, randomness: Randomness, schedule: Schedule, network: Network) -> None:
        self.name = name
        self.codes: list[int] = []
        self._randomness = randomness
        self._schedule = schedule
        self._network = network
        network.attach(name, self)

    def call(self) -> None:
        """Connect; what follows happens when the room answers."""
        self._network.connect(self.name, HOST)

    def handle_opened(self, connection: int) -> None:
        """See NetworkNode."""
        for _ in range(1 + self._randomness.integer(FRAMES_MAX)):
            self._network.send(connection, self.name, Lane(self._randomness.integer(len(Lane))), self._garbage())
        self._schedule.call_after(1.0, lambda: self._network.close(connection, self.name, CLOSE_ABNORMAL, "bored"))

    def handle_arrived(self, connection: int, lane: Lane, frame: bytes) -> None:
        """See NetworkNode."""

    def handle_closed(self, connection: int, code: int, reason: str) -> None:
        """See NetworkNode."""
        self.codes.append(code)

    def _garbage(self) -> bytes:
        luck = self._randomness
        if luck.integer(3) == 0:
            return luck.draw(luck.integer(GARBAGE_BYTES_MAX))
        honest = bytearray(encode(ChatLine("hello")) if luck.integer(2) else encode(Ping(1, 1.0)))
        if luck.integer(2):
            del honest[luck.integer(len(honest)) :]
        else:
            honest[luck.integer(len(honest))] ^= 1 << luck.integer(8)
        return bytes(honest)
