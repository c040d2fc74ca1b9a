"""The room's side of the handshake (SES-1 … SES-8).

state           | SessionHello       | SessionProof            | anything else  | after 2 s
----------------+--------------------+-------------------------+----------------+-----------------
AWAITING_HELLO  | → AWAITING_PROOF   | ProtocolError           | ProtocolError  | HandshakeTimeout
AWAITING_PROOF  | ProtocolError      | → ESTABLISHED           | ProtocolError  | HandshakeTimeout
"""

import hmac
from enum import Enum, auto
from typing import NamedTuple

from theta.base.errors import BadProof, HandshakeTimeout, NotInvited, ProtocolError, ProtocolMismatch
from theta.base.limits import HANDSHAKE_SECONDS_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import is_signed_by
from theta.session.capabilities import intersect
from theta.session.invites import role_of_invite
from theta.session.plain_text import is_plain_text
from theta.session.secret import RoomSecret
from theta.session.transcript import challenge_digest, check_nonce, proof_digest
from theta.wire.messages import PROTOCOL_VERSION, Message, SessionChallenge, SessionHello, SessionProof
from theta.wire.types import RoleName


class HostTerms(NamedTuple):
    """What a room demands and knows before anybody speaks; `dictionaries` are capabilities (SES-14)."""

    secret: RoomSecret
    owner: bytes
    protocol_hash: bytes
    dictionaries: tuple[str, ...] = ()


class Established(NamedTuple):
    """A participant whose key is proved. `role` is None when it comes without an invite and only resumes."""

    public_key: bytes
    instance: bytes
    name: str
    capabilities: list[str]
    role: RoleName | None
    resume_session: bytes
    last_seq: int


class _State(Enum):
    AWAITING_HELLO = auto()
    AWAITING_PROOF = auto()
    ESTABLISHED = auto()


def resume_token(secret: RoomSecret, session: bytes, public_key: bytes) -> bytes:
    """The 16 bytes with which a session's own participant, and nobody else, takes it up again."""
    return secret.token("theta-resume", session + public_key)


class HostHandshake:
    """One connection's handshake: frames in, a challenge out, and at the end who it is."""

    def __init__(self, terms: HostTerms, randomness: Randomness, now: Moment) -> None:
        self._terms = terms
        self._randomness = randomness
        self._state = _State.AWAITING_HELLO
        self._hello_frame = b""
        self._challenge_frame = b""
        self._hello: SessionHello | None = None
        self.deadline = now.seconds + HANDSHAKE_SECONDS_MAX

    def check_deadline(self, now: Moment) -> None:
        """Give up on who is too slow.

        Raises:
            HandshakeTimeout: HANDSHAKE_SECONDS_MAX are over.
        """
        if now.seconds >= self.deadline:
            raise HandshakeTimeout(f"the handshake took over {HANDSHAKE_SECONDS_MAX:g} s")

    def handle_hello(self, message: Message, frame: bytes) -> SessionChallenge:
        """Answer the first message.

        Raises:
            ProtocolError: it is another message, or its name cannot be shown.
            ProtocolMismatch: another version or manifest.
            BadNonce: its nonce is empty, short or long.
        """
        if self._state is not _State.AWAITING_HELLO or not isinstance(message, SessionHello):
            raise ProtocolError(f"expected SessionHello first, not {type(message).__name__}")
        self._check_protocol(message)
        check_nonce("participant", message.client_nonce)
        secret = self._terms.secret
        nonce = self._randomness.draw(32)
        digest = challenge_digest(frame, nonce, secret.identity.public_key, secret.server, secret.room)
        self._hello, self._hello_frame = message, frame
        self._state = _State.AWAITING_PROOF
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
        if self._state is not _State.AWAITING_PROOF or hello is None or not isinstance(message, SessionProof):
            raise ProtocolError(f"expected SessionProof next, not {type(message).__name__}")
        if not is_signed_by(
            hello.public_key, proof_digest(self._hello_frame, self._challenge_frame), message.signature
        ):
            raise BadProof("the key was not proved: its signature does not fit this handshake")
        self._state = _State.ESTABLISHED
        resumes = self._may_resume(hello)
        role = self._role(hello.public_key, message.invite, resumes, now_ms)
        capabilities = intersect(hello.capabilities, self._terms.dictionaries)
        session = hello.resume_session if resumes else b""
        return Established(hello.public_key, hello.instance, hello.name, capabilities, role, session, hello.last_seq)

    def _check_protocol(self, hello: SessionHello) -> None:
        if hello.protocol_version != PROTOCOL_VERSION:
            older = "your Theta" if hello.protocol_version < PROTOCOL_VERSION else "the room's Theta"
            raise ProtocolMismatch(
                f"protocol version {hello.protocol_version} meets {PROTOCOL_VERSION}: upgrade {older}"
            )
        if hello.protocol_hash != self._terms.protocol_hash:
            raise ProtocolMismatch("the manifests differ: install the same Theta on both sides, or reload the page")
        if not is_plain_text(hello.name):
            raise ProtocolError("name must be text without control characters, and not only spaces")

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
