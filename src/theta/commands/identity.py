"""A participant's Ed25519 key pair (RFC 8032). PyNaCl verifies strictly: small-order and non-canonical keys fail."""

from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as NaclValueError
from nacl.signing import SigningKey, VerifyKey

from theta.base.limits import PUBLIC_KEY_BYTES, SIGNATURE_BYTES


class Identity:
    """Whoever holds this may speak as its public key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.public_key: bytes = bytes(key.verify_key)

    @classmethod
    def from_seed(cls, seed: bytes) -> "Identity":
        """The key pair of a 32-byte seed."""
        assert len(seed) == PUBLIC_KEY_BYTES
        return cls(SigningKey(seed))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes: keep them in a file of mode 0600 and nowhere else."""
        return bytes(self._key)

    def sign(self, digest: bytes) -> bytes:
        """The 64-byte signature of `digest`."""
        return self._key.sign(digest).signature

    def __repr__(self) -> str:
        """Never shows the secret."""
        return f"Identity({self.public_key.hex()[:16]}…)"


def is_signed_by(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether `signature` is `public_key`'s own over `digest`; malformed keys and signatures are not."""
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        VerifyKey(public_key).verify(digest, signature)
    except (BadSignatureError, NaclValueError, ValueError):
        return False
    return True
