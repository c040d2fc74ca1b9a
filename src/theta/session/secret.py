"""The room's secret: its Ed25519 key, and the keys of the tokens that it hands out, all from one seed."""

from theta.base.identifiers import blake2b_128, blake2b_256, keyed_blake2b_128
from theta.commands.identity import Identity


class RoomSecret:
    """32 bytes that make a room itself, kept beside the room file, never in it, so that copies can be given away."""

    def __init__(self, seed: bytes) -> None:
        assert len(seed) == 32
        self.identity = Identity.from_seed(seed)
        self.server = blake2b_128("theta-server", self.identity.public_key)
        self.room = blake2b_128("theta-room", self.identity.public_key)
        self._token_key = blake2b_256("theta-tokens", seed)

    def token(self, domain: str, content: bytes) -> bytes:
        """A 16-byte MAC over `content` that only this room can make."""
        return keyed_blake2b_128(self._token_key, domain, content)

    def __repr__(self) -> str:
        """Never shows the secret."""
        return f"RoomSecret({self.identity.public_key.hex()[:16]}…)"
