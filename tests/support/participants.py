"""Participants for tests that a Peer cannot be: one that says anything, and one that takes patches."""

from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import TypeVar

from theta.base.identifiers import MAIN_BRANCH, CommandName, actor_of, blake2b_128, signed_name_id
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.governing import Governing
from theta.commands.identity import Identity
from theta.commands.packets import SigningDomain, decode_body, encode_body, sign_packet
from theta.commands.records import CHAIN_START, PacketRecord, RecordKind, chain_after, decode
from theta.commands.registry import encode_payload
from theta.editor.vocabulary import Operation
from theta.node.lanes import Lane, lane_of
from theta.node.protocol import protocol
from theta.session.participant_handshake import ParticipantHandshake, ParticipantTerms, Resumption
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import (
    BranchList,
    CommandEnvelope,
    Commit,
    Compressed,
    Corrected,
    DocumentPart,
    History,
    Message,
    PacketAcknowledged,
    PacketRefused,
    Ping,
    Pong,
    ResyncRequest,
    SessionAcknowledge,
    SubmitPacket,
    UnitPatch,
)

_MADE = count()
"""No two newcomers to a room may have the same nonce."""

AnyMessage = TypeVar("AnyMessage", bound=Message)


class RawClient:
    """Says what it is told to, keeps what it hears, and answers pings."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.frames: list[bytes] = []
        self.is_open = False
        self._out: deque[tuple[Lane, bytes]] = deque()

    def say(self, message: Message) -> None:
        """Queue a message on its lane."""
        self._out.append((lane_of(message), encode(message)))

    def throw(self, frame: bytes, lane: Lane = Lane.CONTROL) -> None:
        """Queue any bytes."""
        self._out.append((lane, frame))

    def of(self, kind: type[AnyMessage]) -> list[AnyMessage]:
        """What it heard of one kind."""
        return [message for message in self.heard if isinstance(message, kind)]

    def handle_connected(self, now: Moment) -> None:
        self.is_open = True

    def handle_disconnected(self, now: Moment) -> None:
        self.is_open = False
        self._out.clear()

    def handle_timeout(self, now: Moment) -> None:
        """It never has anything of its own to say."""

    def handle_frame(self, now: Moment, lane: Lane, frame: bytes) -> None:
        message = decode_from_room(frame)
        assert lane is lane_of(message) or isinstance(message, Ping | Compressed)
        self.heard.append(message)
        self.frames.append(frame)
        if isinstance(message, Ping):
            self._out.append((lane, encode(Pong(message.number, message.sent_ms, float(now.unix_ms)))))
        else:
            self.take(now, message, frame)

    def take(self, now: Moment, message: Message, frame: bytes) -> None:
        """What a subclass does with a message."""

    def poll_transmit(self) -> tuple[Lane, bytes] | None:
        return self._out.popleft() if self._out else None

    def poll_close(self) -> tuple[int, str] | None:
        return None

    def poll_timeout(self) -> float | None:
        return None


class Newcomer(RawClient):
    """Shakes hands properly, and then says what it is told to."""

    def __init__(self, name: str, invite: str, capabilities: tuple[str, ...] = ("fold", "presence", "chat")) -> None:
        super().__init__()
        self.identity = Identity.from_seed(Randomness(name.encode()).draw(32))
        self.instance = Randomness(f"instance {name}".encode()).draw(16)
        self.actor = actor_of(self.identity.public_key, self.instance)
        self.session: SessionAcknowledge | None = None
        self._terms = ParticipantTerms(self.identity, self.instance, name, capabilities, protocol(), invite)
        self._randomness = Randomness(f"nonces of newcomer {next(_MADE)}".encode())
        self._handshake = ParticipantHandshake(self._terms, Resumption(), self._randomness)

    def handle_connected(self, now: Moment) -> None:
        super().handle_connected(now)
        self._handshake = ParticipantHandshake(self._terms, Resumption(), self._randomness)
        self.throw(self._handshake.hello_frame)

    def handle_disconnected(self, now: Moment) -> None:
        super().handle_disconnected(now)
        self.session = None

    def handle_frame(self, now: Moment, lane: Lane, frame: bytes) -> None:
        message = decode_from_room(frame)
        if self.session is None and not isinstance(message, Ping | Pong):
            reply = self._handshake.handle_frame(message, frame)
            if reply is not None:
                self.throw(reply)
            self.session = self._handshake.acknowledge
        super().handle_frame(now, lane, frame)

    @property
    def domain(self) -> SigningDomain:
        """What its packets are signed for."""
        assert self.session is not None
        assert self._handshake.challenge is not None
        challenge = self._handshake.challenge
        return SigningDomain(challenge.server, challenge.room, self.session.session, self.actor)


class PatchPeer(Newcomer):
    """Holds the document as bytes and applies patches to it; knows nothing of what the bytes mean."""

    def __init__(self, name: str, invite: str) -> None:
        super().__init__(name, invite, ("patches", "presence", "chat"))
        self.components: dict[tuple[bytes, int], bytes] = {}
        self.seq = 0
        self.chain = CHAIN_START
        self.lamport = 0
        self.number = 0
        self.nonce = 0
        self.divergences = 0
        self.history: History | None = None
        self.branch = MAIN_BRANCH

    @property
    def hash(self) -> bytes:
        """The document's hash, from nothing but the bytes held."""
        total = sum(
            int.from_bytes(blake2b_128("theta-document", entity, component.to_bytes(8, "little"), data), "little")
            for (entity, component), data in self.components.items()
        )
        return (total % 2**128).to_bytes(16, "little")

    def perform(self, now: Moment, *operations: Operation | Governing, gesture: int | None = None) -> list[CommandName]:
        """Sign one packet over what was seen, and send it."""
        first = self.number + 1
        envelopes = []
        for operation in operations:
            self.number += 1
            self.lamport += 1
            type_id = signed_name_id(operation.NAME)
            named = (self.number, self.lamport, gesture or first)
            envelopes.append(CommandEnvelope(*named, type_id, operation.VERSION, encode_payload(operation)))
        self.submit(encode_body(now.unix_ms, envelopes))
        return [CommandName(self.actor, number) for number in range(first, self.number + 1)]

    def submit(self, body: bytes, *, identity: Identity | None = None) -> SubmitPacket:
        """Sign and send a body, with another key if told so."""
        self.nonce += 1
        signer = identity or self.identity
        domain = self.domain._replace(branch=self.branch)
        packet = sign_packet(signer, domain, self.nonce, self.seq, self.chain, body)
        self.say(packet)
        return packet

    def take(self, now: Moment, message: Message, frame: bytes) -> None:
        if isinstance(message, BranchList):
            self.branch = message.current
        elif isinstance(message, DocumentPart):
            assert message.branch == self.branch
            if message.first:
                self.components.clear()
            self._apply(message.units)
            self.seq, self.chain = message.seq, message.chain
            self.lamport = max(self.lamport, message.lamport)
            if message.last:
                self._compare(message.document_hash)
        elif isinstance(message, Commit):
            assert (message.first_seq, message.branch) == (self.seq + 1, self.branch)
            for record in message.records:
                self.seq += 1
                self.chain = chain_after(self.chain, self.seq, record.kind, record.body)
                if record.kind == RecordKind.PACKET:
                    body = decode_body(decode(PacketRecord, record.body).body)
                    self.lamport = max(self.lamport, body.commands[-1].lamport)
            self._apply(message.units)
            self._compare(message.document_hash)
        elif isinstance(message, History):
            self.history = message

    @property
    def outcomes(self) -> list[tuple[int, str]]:
        """(number, outcome) of each Corrected notice."""
        return [(notice.number, notice.outcome) for notice in self.of(Corrected)]

    @property
    def acknowledged(self) -> list[int]:
        """The nonces that the room acknowledged."""
        return [message.nonce for message in self.of(PacketAcknowledged)]

    @property
    def refusals(self) -> list[str]:
        """The codes that the room refused with."""
        return [message.code for message in self.of(PacketRefused)]

    def _apply(self, units: Sequence[UnitPatch]) -> None:
        for unit in units:
            if unit.removed:
                for key in [key for key in self.components if key[0] == unit.entity]:
                    del self.components[key]
            for part in unit.components:
                self.components[(unit.entity, part.component)] = part.data

    def _compare(self, document_hash: bytes) -> None:
        if document_hash != self.hash:
            self.divergences += 1
            self.say(ResyncRequest(self.seq, self.hash))
