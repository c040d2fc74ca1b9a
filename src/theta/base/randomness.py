"""Seeded randomness: the core is given a seed and never asks the machine, so that a seed replays byte for byte."""

import hashlib


class Randomness:
    """A stream of bytes from a seed: BLAKE2b in counter mode. With a secret seed it is fit for nonces and tokens."""

    def __init__(self, seed: bytes) -> None:
        assert seed, "a seed of no bytes would make every stream the same"
        self._key = hashlib.blake2b(seed, digest_size=32, person=b"theta-random").digest()
        self._counter = 0

    def draw(self, count: int) -> bytes:
        """The next `count` bytes."""
        out = b""
        while len(out) < count:
            block = self._counter.to_bytes(8, "little")
            out += hashlib.blake2b(block, key=self._key, digest_size=64).digest()
            self._counter += 1
        return out[:count]

    def integer(self, below: int) -> int:
        """A whole number in [0, below), unbiased to within 2^-64."""
        assert below > 0
        return int.from_bytes(self.draw(16), "little") % below

    def fraction(self) -> float:
        """A float in [0, 1) with 53 random bits."""
        return (int.from_bytes(self.draw(8), "little") >> 11) / float(1 << 53)
