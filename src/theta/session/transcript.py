"""What each side signs in the handshake: everything said so far (SES-3, SES-4)."""

from theta.base.errors import BadNonce
from theta.base.identifiers import blake2b_256
from theta.base.limits import NONCE_BYTES_MAX, NONCE_BYTES_MIN


def challenge_digest(hello_frame: bytes, server_nonce: bytes, room_key: bytes, server: bytes, room: bytes) -> bytes:
    """The 32 bytes that the room signs; `hello_frame` is the SessionHello as received."""
    return blake2b_256("theta-challenge", hello_frame, server_nonce, room_key, server, room)


def proof_digest(hello_frame: bytes, challenge_frame: bytes) -> bytes:
    """The 32 bytes that the participant signs; both frames as sent."""
    return blake2b_256("theta-proof", hello_frame, challenge_frame)


def check_nonce(side: str, nonce: bytes) -> None:
    """Refuse an empty, short or long nonce.

    Raises:
        BadNonce: names the side and the limits.
    """
    if not NONCE_BYTES_MIN <= len(nonce) <= NONCE_BYTES_MAX:
        raise BadNonce(f"the {side}'s nonce has {len(nonce)} bytes; {NONCE_BYTES_MIN} to {NONCE_BYTES_MAX} are needed")
