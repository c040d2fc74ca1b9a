"""A participant's outbox: what it did that the room has not acknowledged yet (CMD-20 to CMD-22).

A packet keeps its nonce and bytes for as long as its session lives, so that sending it again can never apply it
twice. Under a new session, or when the room's frontier has passed it (`Stale`), it is signed anew; the commands keep
their names and get new Lamport times. It is settled by its acknowledgement, or when its commands are seen in the log.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from theta.base.errors import InvalidValue
from theta.base.identifiers import MAIN_BRANCH, CommandName, signed_name_id
from theta.base.lamport import LamportClock
from theta.base.limits import OUTBOX_PACKETS_MAX, PACKET_COMMANDS_MAX, PACKETS_IN_FLIGHT_MAX, U64_MAX
from theta.base.moment import Moment
from theta.commands.governing import Governing
from theta.commands.identity import Identity
from theta.commands.log import CommandLog
from theta.commands.packets import SigningDomain, encode_body, sign_packet
from theta.commands.registry import encode_payload
from theta.editor.vocabulary import Operation
from theta.wire.messages import CommandEnvelope, PacketRefused, SubmitPacket

STALE = "Stale"
SESSION_ENDED = ("Kicked", "Revoked")
STALE_RETRY_SECONDS = 0.02
"""Until the commits that the refused packet had not seen are here."""
BLOCKED_RETRY_SECONDS = 0.05
Performed = Operation | Governing
"""What a participant can do: edit the document, or govern the room."""


@dataclass(eq=False)
class Outgoing:
    """One packet's worth of commands for a branch: (number, gesture, operation) each; the packet once it is signed."""

    commands: list[tuple[int, int, Performed]]
    branch: bytes
    packet: SubmitPacket | None = None
    sent: bool = False
    awaited: bool = False
    """Whether the room holds back what comes after it until this very nonce comes again (CMD-13)."""
    names: list[CommandName] = field(default_factory=list)


class Outbox:
    """Packets in order, from made to acknowledged.

    The first `_window` of them are on their way. A refusal narrows it to one, each acknowledgement widens it again, so
    that a busy room is not asked the same thing 256 times over.
    """

    def __init__(self, identity: Identity, actor: int) -> None:
        self._identity = identity
        self._actor = actor
        self._clock = LamportClock()
        self._number = 0
        self._nonce = 0
        self._domain: SigningDomain | None = None
        self._packets: deque[Outgoing] = deque()
        self._by_first: dict[int, Outgoing] = {}
        self._resend_at: float | None = None
        self._window = PACKETS_IN_FLIGHT_MAX

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which refused packets may be sent again."""
        return self._resend_at

    @property
    def unacknowledged(self) -> int:
        """How many packets the room has not acknowledged."""
        return len(self._packets)

    @property
    def pending(self) -> Iterator[Outgoing]:
        """What the room has not acknowledged, in order."""
        return iter(self._packets)

    def put(
        self, operations: Sequence[Performed], gesture: int | None, branch: bytes = MAIN_BRANCH
    ) -> list[CommandName]:
        """Queue commands for one packet, in one gesture: `gesture` is its first command's number, None to begin one.

        Raises:
            InvalidValue: no command, a gesture that has not begun, or too many packets that wait already.
            PacketTooLarge: over the packet's limits.
        """
        if not operations:
            raise InvalidValue("operations", 0, f"1 to {PACKET_COMMANDS_MAX} of them")
        if gesture is not None and not 1 <= gesture <= self._number:
            raise InvalidValue("gesture", gesture, "the number of one's own command")
        if len(self._packets) >= OUTBOX_PACKETS_MAX:
            raise InvalidValue("outbox", len(self._packets), f"below {OUTBOX_PACKETS_MAX} packets: wait for the room")
        numbers = range(self._number + 1, self._number + 1 + len(operations))
        commands = [(number, gesture or numbers[0], each) for number, each in zip(numbers, operations, strict=True)]
        # Measured with the longest times there are, so that signing it later, or anew, cannot make it too large.
        encode_body(U64_MAX, [_envelope(number, U64_MAX, begun, each) for number, begun, each in commands])
        self._number = numbers[-1]
        names = [CommandName(self._actor, number) for number in numbers]
        self._packets.append(Outgoing(commands, branch, names=[*names]))
        self._by_first[numbers[0]] = self._packets[-1]
        return names

    def handle_session(self, domain: SigningDomain, next_nonce: int, *, resumed: bool) -> None:
        """A session stands: send everything unacknowledged first, in order, signed anew unless it was resumed."""
        self._domain = domain
        self._resend_at = None
        if not resumed:
            self._nonce = next_nonce - 1
            self.sign_anew()
        for packet in self._packets:
            packet.sent = packet.awaited = False

    def sign_anew(self) -> None:
        """What the packets were signed over holds no more: sign each again, under the names that it has."""
        self._sign_anew_from(0)

    def handle_disconnected(self) -> None:
        """Nothing can be sent until there is a session again."""
        self._domain = None

    def handle_acknowledged(self, nonce: int) -> None:
        """The packet is on the room's disk."""
        found = self._find(nonce)
        if found is not None:
            self._settle(found)

    def handle_committed(self, names: Iterable[CommandName]) -> None:
        """These commands of one's own are in the log, whatever became of the room's answer."""
        for name in names:
            found = self._by_first.get(name.number)
            if found is not None:
                self._settle(found)

    def handle_refused(self, now: Moment, refusal: PacketRefused) -> list[CommandName]:
        """The packet was not admitted; returns the names that are lost for good, none when it will be sent again."""
        found = self._find(refusal.nonce)
        if found is None:
            return []
        if refusal.code == STALE:
            self._sign_anew_from(self._packets.index(found))
            self._resend_at = now.seconds + STALE_RETRY_SECONDS
            return []
        if refusal.code in SESSION_ENDED:
            return []  # the connection ends with it; under another session, if there is one, it is signed anew
        if not refusal.retryable:
            self._remove(found)
            return found.names
        if refusal.code != "Blocked":
            found.awaited = True
            self._resend_at = now.seconds + refusal.retry_after_ms / 1000.0
            self._window = 1
        elif self._resend_at is None:
            self._resend_at = now.seconds + BLOCKED_RETRY_SECONDS
        for each in self._packets:
            if each.packet is not None and each.packet.nonce >= refusal.nonce:
                each.sent = False
        return []

    def poll(self, now: Moment, log: CommandLog) -> SubmitPacket | None:
        """The next packet to send, signed over the log as it is here, if one may be sent now."""
        if self._domain is None or (self._resend_at is not None and now.seconds < self._resend_at):
            return None
        self._resend_at = None
        for index, each in enumerate(islice(self._packets, self._window)):
            if not each.sent:
                if _is_behind(each, log):
                    self._sign_anew_from(index)
                each.sent = True
                each.packet = each.packet or self._sign(now, each, self._domain, log)
                return each.packet
        return None

    def _settle(self, packet: Outgoing) -> None:
        """The room took it: more may be on their way."""
        self._remove(packet)
        self._window = min(PACKETS_IN_FLIGHT_MAX, self._window + 1)

    def _remove(self, found: Outgoing) -> None:
        self._packets.remove(found)
        del self._by_first[found.commands[0][0]]

    def _sign_anew_from(self, index: int) -> None:
        """Later ones too: an actor's numbers rise from one packet to the next."""
        for each in islice(self._packets, index, None):
            each.packet, each.sent, each.awaited = None, False, False

    def _find(self, nonce: int) -> Outgoing | None:
        return next((each for each in self._packets if each.packet is not None and each.packet.nonce == nonce), None)

    def _sign(self, now: Moment, outgoing: Outgoing, domain: SigningDomain, log: CommandLog) -> SubmitPacket:
        self._clock.witness(log.lamport)
        envelopes = [
            _envelope(number, self._clock.tick(), gesture, operation)
            for number, gesture, operation in outgoing.commands
        ]
        self._nonce += 1
        body = encode_body(now.unix_ms, envelopes)
        domain = domain._replace(branch=outgoing.branch)
        return sign_packet(self._identity, domain, self._nonce, log.head_seq, log.chain, body)


def _is_behind(outgoing: Outgoing, log: CommandLog) -> bool:
    """Whether a packet is sure to be `Stale`, and may be signed anew before the room says so."""
    packet, frontier = outgoing.packet, log.frontier
    return packet is not None and frontier is not None and packet.seen < frontier.seq and not outgoing.awaited


def _envelope(number: int, lamport: int, gesture: int, operation: Performed) -> CommandEnvelope:
    return CommandEnvelope(
        number, lamport, gesture, signed_name_id(operation.NAME), operation.VERSION, encode_payload(operation)
    )
