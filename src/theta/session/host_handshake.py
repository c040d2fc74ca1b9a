"""The room's side of the handshake (SES-1 … SES-8), from HELLO to ACKNOWLEDGE in theta.session.states."""

import hmac
from typing import NamedTuple

from theta.base.errors import BadProof, HandshakeTimeout, NotInvited, ProtocolError
from theta.base.limits import HANDSHAKE_SECONDS_MAX, HEARTBEAT_INTERVAL_SECONDS
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import is_signed_by
from theta.session.capabilities import intersect
from theta.session.heartbeat import agree_heartbeat
from theta.session.invites import role_of_invite
from theta.session.nonces import NonceMemory
from theta.session.plain_text import is_plain_text
from theta.session.secret import RoomSecret
from theta.session.states import HOST, Action, Event, SessionMachine, event_of
from theta.session.transcript import challenge_digest, proof_digest
from theta.session.upgrading import Protocol, check_protocol
from theta.wire.messages import Message, SessionChallenge, SessionHello, SessionProof
from theta.wire.types import RoleName


class HostTerms(NamedTuple):
    """What a room demands and knows before anybody speaks; `dictionaries` are capabilities (SES-14)."""

    secret: RoomSecret
    owner: bytes
    protocol: Protocol
    dictionaries: tuple[str, ...] = ()
    heartbeat_seconds: float = HEARTBEAT_INTERVAL_SECONDS


class Established(NamedTuple):
    """A participant whose key is proved. `role` is None when it comes without an invite and only resumes."""

    public_key: bytes
    instance: bytes
    name: str
    capabilities: list[str]
    role: RoleName | None
    resume_session: bytes
    last_seq: int
    heartbeat_seconds: float = HEARTBEAT_INTERVAL_SECONDS


def resume_token(secret: RoomSecret, session: bytes, public_key: bytes) -> bytes:
    """The 16 bytes with which a session's own participant, and nobody else, takes it up again."""
    return secret.token("theta-resume", session + public_key)


class HostHandshake:
    """One connection's handshake: frames in, a challenge out, and at the end who it is.

    Args:
        terms: see HostTerms.
        randomness: for the nonce; secret.
        now: when the connection was there.
        nonces: those of the room's earlier handshakes, where the participant's must not be among them.

    Attributes:
        session: where the connection's session is.
    """

    def __init__(
        self, terms: HostTerms, randomness: Randomness, now: Moment, nonces: NonceMemory | None = None
    ) -> None:
        self._terms = terms
        self._randomness = randomness
        self._nonces = nonces if nonces is not None else NonceMemory("participant")
        self.session = SessionMachine(HOST)
        self._hello_frame = b""
        self._challenge_frame = b""
        self._hello: SessionHello | None = None
        self.deadline = now.seconds + HANDSHAKE_SECONDS_MAX

    def check_deadline(self, now: Moment) -> None:
        """Give up on who is too slow.

        Raises:
            HandshakeTimeout: HANDSHAKE_SECONDS_MAX are over.
        """
        if now.seconds >= self.deadline and self.session.answer(Event.LATE) is Action.HANG_UP:
            raise HandshakeTimeout(f"the handshake took over {HANDSHAKE_SECONDS_MAX:g} s")

    def handle_hello(self, message: Message, frame: bytes) -> SessionChallenge:
        """Answer the first message.

        Raises:
            ProtocolError: it is another message, or its name cannot be shown.
            ProtocolMismatch: another version or manifest.
            BadNonce: its nonce is empty, short, long, or of another handshake.
        """
        if self.session.answer(event_of(message)) is not Action.CHALLENGE or not isinstance(message, SessionHello):
            raise ProtocolError(f"expected SessionHello first, not {type(message).__name__}")
        check_protocol(message.protocol_version, message.protocol_hash, message.software, self._terms.protocol)
        if not is_plain_text(message.name):
            raise ProtocolError("name must be text without control characters, and not only spaces")
        self._nonces.take(message.client_nonce)
        secret = self._terms.secret
        nonce = self._randomness.draw(32)
        digest = challenge_digest(frame, nonce, secret.identity.public_key, secret.server, secret.room)
        self._hello, self._hello_frame = message, frame
        self.session.handle(Event.HELLO)
        return SessionChallenge(
            nonce, secret.identity.public_key, secret.server, secret.room, secret.identity.sign(digest)
        )

    def handle_sent(self, challenge_frame: bytes) -> None:
        """The challenge as it went out: the proof will cover these bytes."""
        self._challenge_frame = challenge_frame

    def handle_proof(self, message: Message, now_ms: int | None = None) -> Established:
        """Check the second message; `now_ms` is the room's clock, without which no invite that ends is taken.

        Raises:
            ProtocolError: it is another message.
            BadProof: the signature is not the key's over this transcript.
            NotInvited: a garbled or foreign invite, one that is over, or none where one is needed.
            ProtocolMismatch: no common way to send the document.
        """
        hello = self._hello
        if self.session.answer(event_of(message)) is not Action.RECORD or not isinstance(message, SessionProof):
            raise ProtocolError(f"expected SessionProof next, not {type(message).__name__}")
        assert hello is not None
        if not is_signed_by(
            hello.public_key, proof_digest(self._hello_frame, self._challenge_frame), message.signature
        ):
            raise BadProof("the key was not proved: its signature does not fit this handshake")
        resumes = self._may_resume(hello)
        role = self._role(hello.public_key, message.invite, resumes, now_ms)
        capabilities = intersect(hello.capabilities, self._terms.dictionaries)
        session = hello.resume_session if resumes else b""
        heartbeat = agree_heartbeat(hello.heartbeat_ms, self._terms.heartbeat_seconds)
        self.session.handle(Event.PROOF)
        return Established(
            hello.public_key, hello.instance, hello.name, capabilities, role, session, hello.last_seq, heartbeat
        )

    def _may_resume(self, hello: SessionHello) -> bool:
        genuine = resume_token(self._terms.secret, hello.resume_session, hello.public_key)
        return bool(hello.resume_session) and hmac.compare_digest(hello.resume_token, genuine)

    def _role(self, public_key: bytes, invite: str, resumes: bool, now_ms: int | None) -> RoleName | None:
        if public_key == self._terms.owner:
            return "admin"
        try:
            return role_of_invite(self._terms.secret, invite, now_ms)
        except NotInvited:
            if resumes:
                return None
            raise
