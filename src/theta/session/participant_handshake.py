"""The participant's side of the handshake (SES-1 … SES-8, SES-13)."""

from typing import NamedTuple

from theta.base.errors import BadProof, ProtocolError, WrongRoom
from theta.base.identifiers import actor_of, blake2b_128
from theta.base.randomness import Randomness
from theta.commands.identity import Identity, is_signed_by
from theta.session.heartbeat import check_agreed
from theta.session.invites import room_of_invite
from theta.session.nonces import NonceMemory, check_nonce
from theta.session.states import PARTICIPANT, Action, Event, SessionMachine, event_of
from theta.session.transcript import challenge_digest, proof_digest
from theta.session.upgrading import Protocol
from theta.wire.codec import encode
from theta.wire.messages import (
    Message,
    SessionAcknowledge,
    SessionChallenge,
    SessionHello,
    SessionProof,
)


class ParticipantTerms(NamedTuple):
    """Who wants to join, and what it knows of the room.

    `room_key` is the key that the room must have, None if any will do; an `invite` names its room by itself.
    """

    identity: Identity
    instance: bytes
    name: str
    capabilities: tuple[str, ...]
    protocol: Protocol
    invite: str = ""
    room_key: bytes | None = None
    heartbeat_seconds: float | None = None
    """How often to ping; None leaves it to the room."""


class Resumption(NamedTuple):
    """The session to take up again, with what is held of its log; all empty for a new one."""

    session: bytes = b""
    token: bytes = b""
    last_seq: int = 0


class ParticipantHandshake:
    """Hello out, challenge in, proof out, acknowledgement in.

    Args:
        terms: who it is.
        resumption: what to take up again.
        randomness: for the nonce; secret.
        session: where the session is, over all its connections; there is another connection now.
        nonces: those of the room's earlier challenges to this participant.
    """

    def __init__(
        self,
        terms: ParticipantTerms,
        resumption: Resumption,
        randomness: Randomness,
        session: SessionMachine | None = None,
        nonces: NonceMemory | None = None,
    ) -> None:
        self._terms = terms
        self.session = session if session is not None else SessionMachine(PARTICIPANT)
        self._nonces = nonces if nonces is not None else NonceMemory("room")
        self.session.handle(Event.CONNECTED)
        hello = SessionHello(
            terms.protocol.version,
            terms.protocol.hash,
            randomness.draw(32),
            terms.identity.public_key,
            terms.instance,
            terms.name,
            list(terms.capabilities),
            resumption.session,
            resumption.token,
            resumption.last_seq,
            0 if terms.heartbeat_seconds is None else round(terms.heartbeat_seconds * 1000.0),
            terms.protocol.software,
        )
        self.hello_frame = encode(hello)
        self.challenge: SessionChallenge | None = None
        self.acknowledge: SessionAcknowledge | None = None

    def handle_frame(self, message: Message, frame: bytes) -> bytes | None:
        """Take the room's next message and return the frame to answer with, if any.

        Raises:
            ProtocolError: another message was due, or the acknowledgement is not for this participant.
            BadProof: the room did not prove its key.
            WrongRoom: it is another room than the invite or the key was for; it gets no proof and no invite.
            BadNonce: the room's nonce is empty, short, long, or of another challenge.
        """
        event = event_of(message)
        is_due = self.session.answer(event) in (Action.PROVE, Action.SEND_ANEW, Action.SEND_AGAIN)
        if is_due and isinstance(message, SessionChallenge):
            proof = self._prove(message, frame)
            self.session.handle(event)
            return proof
        if is_due and isinstance(message, SessionAcknowledge):
            self._check(message)
            self.acknowledge = message
            self.session.handle(event)
            return None
        raise ProtocolError(f"{type(message).__name__} came out of place in the handshake")

    def _prove(self, challenge: SessionChallenge, frame: bytes) -> bytes:
        check_nonce("room", challenge.server_nonce)
        digest = challenge_digest(
            self.hello_frame, challenge.server_nonce, challenge.room_key, challenge.server, challenge.room
        )
        if not is_signed_by(challenge.room_key, digest, challenge.signature):
            raise BadProof("the room did not prove its key")
        if challenge.room != blake2b_128("theta-room", challenge.room_key):
            raise BadProof("the room goes by an id that is not its key's")
        invited_to = room_of_invite(self._terms.invite)
        if self._terms.room_key not in (None, challenge.room_key) or invited_to not in (None, challenge.room):
            raise WrongRoom(
                "another room answers here than the link is for; it was not shown the invite. Ask for a new link"
            )
        self._nonces.take(challenge.server_nonce)
        self.challenge = challenge
        signature = self._terms.identity.sign(proof_digest(self.hello_frame, frame))
        # An invite that names no room could end up anywhere.
        return encode(SessionProof(signature, self._terms.invite if invited_to else ""))

    def _check(self, acknowledge: SessionAcknowledge) -> None:
        if acknowledge.actor != actor_of(self._terms.identity.public_key, self._terms.instance):
            raise ProtocolError("the room acknowledged another actor")
        if not set(acknowledge.capabilities) <= set(self._terms.capabilities):
            raise ProtocolError("the room acknowledged capabilities that were not offered")
        check_agreed(acknowledge.heartbeat_ms)
