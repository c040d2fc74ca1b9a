"""A participant's Ed25519 key pair (RFC 8032), verified strictly (ID-1).

libsodium refuses an R of small order, S at or above the group's order, and keys that are not canonical or of small
order; `is_key` refuses those of mixed order too.
"""

from functools import lru_cache

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from theta.base.limits import PUBLIC_KEY_BYTES, SIGNATURE_BYTES

KEYS_REMEMBERED = 4_096


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
    if len(signature) != SIGNATURE_BYTES or not is_key(public_key):
        return False
    try:
        crypto_sign_open(signature + digest, public_key)
    except BadSignatureError:
        return False
    return True


@lru_cache(maxsize=KEYS_REMEMBERED)
def is_key(public_key: bytes) -> bool:
    """Whether these bytes are a public key: a point of the prime-order group but its identity, canonically encoded.

    A point of small or mixed order would pass for a key with some signatures that nobody made.
    """
    return len(public_key) == PUBLIC_KEY_BYTES and bool(crypto_core_ed25519_is_valid_point(public_key))
