"""Who made what, and where the log stood, as they travel in a file: spec/gltf.md, GLTF-8 and GLTF-9."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import DIGEST_BYTES, IDENTIFIER_BYTES, NAME_CHARACTERS_MAX, PUBLIC_KEY_BYTES

NOBODY = 0xFFFF_FFFF
"""The maker's number of an element of which it is not known who made it."""

# What a number in JSON can be without any reader rounding it.
NUMBER_MAX = 2**53 - 1
MAGIC = b"TMA1"

Makers = NDArray[np.uint32]

_MAKER = struct.Struct("<32sQQQH")


@dataclass(frozen=True)
class Maker:
    """One command that made elements.

    Attributes:
        author: the public key, 32 bytes.
        name: what the author was called; empty if not known.
        seq: the record's number in the log.
        lamport: the command's Lamport time.
        time_ms: when the author made it, by its own clock, Unix milliseconds.
    """

    author: bytes
    name: str
    seq: int
    lamport: int
    time_ms: int


@dataclass(frozen=True, eq=False)
class Authorship:
    """Who made each element of a mesh.

    Attributes:
        makers: each different command once.
        vertices, edges, faces: of each element, ids ascending, its maker's index, or NOBODY.
    """

    makers: tuple[Maker, ...]
    vertices: Makers
    edges: Makers
    faces: Makers

    def check(self, counts: tuple[int, int, int]) -> None:
        """Refuse what does not fit a mesh of so many vertices, edges and faces.

        Raises:
            InvalidValue: a field is out of its limits.
        """
        for maker in self.makers:
            check_maker(maker)
        for field, rows, count in zip(("vertices", "edges", "faces"), self.parts(), counts, strict=True):
            if rows.dtype != np.uint32 or rows.shape != (count,):
                raise InvalidValue(f"authorship.{field}", f"{rows.shape} {rows.dtype}", f"({count},) uint32")
            if (rows[rows != NOBODY] >= len(self.makers)).any():
                raise InvalidValue(f"authorship.{field}", int(rows.max()), f"below {len(self.makers)}, or NOBODY")

    def parts(self) -> tuple[Makers, Makers, Makers]:
        """The indices of vertices, edges and faces."""
        return self.vertices, self.edges, self.faces


@dataclass(frozen=True)
class LogHead:
    """Where the log stood when the file was written.

    Attributes:
        seq: the last record's number.
        chain: the chain's hash there, 32 bytes.
        document: the document's hash there, 16 bytes.
    """

    seq: int
    chain: bytes
    document: bytes

    def check(self) -> None:
        """Refuse a head that cannot be one.

        Raises:
            InvalidValue: a field is out of its limits.
        """
        _check_number("head.seq", self.seq)
        _check_length("head.chain", self.chain, DIGEST_BYTES)
        _check_length("head.document", self.document, IDENTIFIER_BYTES)


def check_maker(maker: Maker) -> None:
    """Refuse a maker that cannot be written.

    Raises:
        InvalidValue: a field is out of its limits.
    """
    _check_length("maker.author", maker.author, PUBLIC_KEY_BYTES)
    if len(maker.name) > NAME_CHARACTERS_MAX:
        raise InvalidValue("maker.name", maker.name, f"at most {NAME_CHARACTERS_MAX} characters")
    for field in ("seq", "lamport", "time_ms"):
        _check_number(f"maker.{field}", getattr(maker, field))


def encoded_authorship(authorship: Authorship) -> Sequence[bytes]:
    """The parts of the bytes that go into the payload's digest (GLTF-9)."""
    parts = [MAGIC, len(authorship.makers).to_bytes(4, "little")]
    for maker in authorship.makers:
        name = maker.name.encode("utf-8")
        parts += (_MAKER.pack(maker.author, maker.seq, maker.lamport, maker.time_ms, len(name)), name)
    return [*parts, *(rows.astype("<u4", copy=False).tobytes() for rows in authorship.parts())]


def _check_number(field: str, value: int) -> None:
    if not 0 <= value <= NUMBER_MAX:
        raise InvalidValue(field, value, f"a whole number from 0 to {NUMBER_MAX}")


def _check_length(field: str, data: bytes, length: int) -> None:
    if len(data) != length:
        raise InvalidValue(field, data, f"{length} bytes")
