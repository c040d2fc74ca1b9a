"""What each side signs in the handshake: everything said so far (SES-3, SES-4)."""

from theta.base.identifiers import blake2b_256


def challenge_digest(hello_frame: bytes, server_nonce: bytes, room_key: bytes, server: bytes, room: bytes) -> bytes:
    """The 32 bytes that the room signs; `hello_frame` is the SessionHello as received."""
    return blake2b_256("theta-challenge", hello_frame, server_nonce, room_key, server, room)


def proof_digest(hello_frame: bytes, challenge_frame: bytes) -> bytes:
    """The 32 bytes that the participant signs; both frames as sent."""
    return blake2b_256("theta-proof", hello_frame, challenge_frame)
