"""The participant's side of the handshake (SES-1 … SES-8, SES-13)."""

from typing import NamedTuple

from theta.base.errors import BadProof, ProtocolError, WrongRoom
from theta.base.identifiers import actor_of, blake2b_128
from theta.base.randomness import Randomness
from theta.commands.identity import Identity, is_signed_by
from theta.session.invites import room_of_invite
from theta.session.transcript import challenge_digest, check_nonce, proof_digest
from theta.wire.codec import encode
from theta.wire.messages import (
    PROTOCOL_VERSION,
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
    protocol_hash: bytes
    invite: str = ""
    room_key: bytes | None = None


class Resumption(NamedTuple):
    """The session to take up again, with what is held of its log; all empty for a new one."""

    session: bytes = b""
    token: bytes = b""
    last_seq: int = 0


class ParticipantHandshake:
    """Hello out, challenge in, proof out, acknowledgement in."""

    def __init__(self, terms: ParticipantTerms, resumption: Resumption, randomness: Randomness) -> None:
        self._terms = terms
        hello = SessionHello(
            PROTOCOL_VERSION,
            terms.protocol_hash,
            randomness.draw(32),
            terms.identity.public_key,
            terms.instance,
            terms.name,
            list(terms.capabilities),
            resumption.session,
            resumption.token,
            resumption.last_seq,
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
            BadNonce: the room's nonce is empty, short or long.
        """
        if self.challenge is None and isinstance(message, SessionChallenge):
            return self._prove(message, frame)
        if self.challenge is not None and isinstance(message, SessionAcknowledge):
            self._check(message)
            self.acknowledge = message
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
        self.challenge = challenge
        signature = self._terms.identity.sign(proof_digest(self.hello_frame, frame))
        # An invite that names no room could end up anywhere.
        return encode(SessionProof(signature, self._terms.invite if invited_to else ""))

    def _check(self, acknowledge: SessionAcknowledge) -> None:
        if acknowledge.actor != actor_of(self._terms.identity.public_key, self._terms.instance):
            raise ProtocolError("the room acknowledged another actor")
        if not set(acknowledge.capabilities) <= set(self._terms.capabilities):
            raise ProtocolError("the room acknowledged capabilities that were not offered")
