"""Dictionaries of zstd (RFC 8878, section 5): bytes that both sides hold, so that short frames can refer to them.

A dictionary's id follows from its content (WIRE-47). So a damaged one is refused, and two that differ have different
ids, but for one pair in two thousand million, which the digest in the capability's name tells apart.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import zstandard

from theta.base.errors import InvalidValue
from theta.base.identifiers import blake2b_256
from theta.base.limits import DICTIONARY_BYTES_MAX, DICTIONARY_BYTES_MIN, DICTIONARY_SAMPLE_BYTES_MIN
from theta.wire.types import U32, Digest32

DICTIONARY_VERSION = 1
"""Of the file's layout, and of how ids are made."""
_MAGIC = b"\x37\xa4\x30\xec"
_HEAD = struct.Struct("<4sI")
_IDS = range(32_768, 2**31)
"""What RFC 8878, section 5, leaves to private use without a registration."""
_LEVEL = 3


class Dictionary(NamedTuple):
    """A dictionary as both sides hold it. `data` is zstd's own format, `digest` 32 bytes of BLAKE2b over it."""

    id: int
    digest: bytes
    data: bytes

    @property
    def capability(self) -> str:
        """How a session says that it is held: version 1 is `dictionary-`, the id and 6 bytes of the digest."""
        return f"dictionary-{self.id:08x}-{self.digest[:6].hex()}"


class _DictionaryFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="theta.dictionary"):
    version: U32
    id: U32
    digest: Digest32
    data: bytes


_file_decoder = msgspec.msgpack.Decoder(_DictionaryFile)


def dictionary_of(data: bytes) -> Dictionary:
    """The dictionary in these bytes.

    Raises:
        InvalidValue: too long or short, not in zstd's format, or with an id that is not its content's.
    """
    if not DICTIONARY_BYTES_MIN <= len(data) <= DICTIONARY_BYTES_MAX:
        raise InvalidValue("dictionary", len(data), f"{DICTIONARY_BYTES_MIN} to {DICTIONARY_BYTES_MAX} bytes")
    magic, number = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise InvalidValue("dictionary", data[:4], "in zstd's format (RFC 8878, section 5)")
    if number != _id_of(data):
        raise InvalidValue("dictionary id", number, f"{_id_of(data)}, which follows from its content: it is damaged")
    try:
        zstandard.ZstdDecompressor(dict_data=loaded_by_zstd(data))
    except zstandard.ZstdError as error:
        raise InvalidValue("dictionary", number, "one whose tables zstd can load") from error
    return Dictionary(number, blake2b_256("theta-dictionary", data), data)


def loaded_by_zstd(data: bytes) -> zstandard.ZstdCompressionDict:
    """A dictionary's bytes in zstd's own hands; each user needs one of its own, as it is changed by use."""
    return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_FULLDICT)


def train(samples: Sequence[bytes], size: int) -> Dictionary:
    """The dictionary of at most `size` bytes that shortens frames like these.

    Raises:
        InvalidValue: `size` is out of its limits, or the samples are too few or too short to learn from.
    """
    if not DICTIONARY_BYTES_MIN <= size <= DICTIONARY_BYTES_MAX:
        raise InvalidValue("size", size, f"{DICTIONARY_BYTES_MIN} to {DICTIONARY_BYTES_MAX} bytes")
    total = sum(len(each) for each in samples)
    if total < DICTIONARY_SAMPLE_BYTES_MIN:
        raise InvalidValue("traffic", total, f"at least {DICTIONARY_SAMPLE_BYTES_MIN} bytes to learn from")
    try:
        trained = zstandard.train_dictionary(size, list(samples), level=_LEVEL).as_bytes()
    except zstandard.ZstdError as error:
        raise InvalidValue("traffic", len(samples), f"frames that have something in common ({error})") from error
    return dictionary_of(_HEAD.pack(_MAGIC, _id_of(trained)) + trained[_HEAD.size :])


def dictionary_file(dictionary: Dictionary) -> bytes:
    """What `theta train-dictionary` writes: MessagePack of the version, the id, the digest and the dictionary."""
    return msgspec.msgpack.encode(_DictionaryFile(DICTIONARY_VERSION, *dictionary))


def read_dictionary_file(content: bytes) -> Dictionary:
    """The dictionary in such a file.

    Raises:
        InvalidValue: it is another kind of file, of another version, or damaged; names the field.
    """
    try:
        held = _file_decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise InvalidValue("dictionary file", content[:16], "one that `theta train-dictionary` wrote") from error
    if held.version != DICTIONARY_VERSION:
        raise InvalidValue("dictionary file's version", held.version, str(DICTIONARY_VERSION))
    found = dictionary_of(held.data)
    if (found.id, found.digest) != (held.id, held.digest):
        raise InvalidValue("dictionary file's hash", held.digest.hex(), f"{found.digest.hex()}: it is damaged")
    return found


def _id_of(data: bytes) -> int:
    digest = blake2b_256("theta-dictionary", data[_HEAD.size :])
    return _IDS.start + int.from_bytes(digest[:8], "little") % len(_IDS)
