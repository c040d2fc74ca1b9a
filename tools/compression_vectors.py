"""The vectors of spec/vectors/compression.json: zstd frames, those that are taken and those that are not (WIRE-46).

Both are frames as bytes: what the encoder makes of something differs between zstd's versions, and is no rule.
"""

from typing import Any, NamedTuple

import zstandard

from theta.base.limits import DICTIONARY_SAMPLE_BYTES_MIN
from theta.wire.compression import BadCompression, Compressor, Decompressor
from theta.wire.dictionaries import Dictionary, dictionary_file, train

BYTES_MAX = 4_096
"""What the frames may declare, in these vectors."""
_TEXT = b"somebody moves the red cube, " * 12
_MAGIC = bytes.fromhex("28b52ffd")
_RAW_BLOCK = bytes.fromhex("190000") + b"abc"
"""A last block of three bytes as they are."""
_SKIPPABLE = bytes.fromhex("502a4d18") + bytes.fromhex("03000000") + b"abc"


class _Taken(NamedTuple):
    title: str
    frame: bytes
    content: bytes


def a_dictionary(seed: int = 7) -> Dictionary:
    """A small one, trained on made-up sentences; another seed, other sentences."""
    words = ("cube", "tower", "wall", "moves", "paints", "turns", "the", "red")
    samples: list[bytes] = []
    state = seed
    while sum(len(each) for each in samples) < DICTIONARY_SAMPLE_BYTES_MIN:
        sentence: list[str] = []
        for _ in range(24):
            state = (state * 1_103_515_245 + 12_345) % 2**31
            sentence.append(words[(state >> 16) % len(words)])
        samples.append(" ".join(sentence).encode())
    return train(samples, 512)


def compression_vectors() -> dict[str, Any]:
    """One dictionary, frames with their content, and frames that are refused with the field that is wrong."""
    dictionary, other = a_dictionary(), a_dictionary(8)
    decompressor = Decompressor([dictionary])
    taken = list(_taken(dictionary))
    for title, frame, content in taken:
        assert decompressor.decompress(frame, BYTES_MAX) == content, title
    return {
        "bytes_max": BYTES_MAX,
        "dictionary": {
            "id": dictionary.id,
            "digest": dictionary.digest.hex(),
            "capability": dictionary.capability,
            "data": dictionary.data.hex(),
            "file": dictionary_file(dictionary).hex(),
        },
        "frames": [{"title": each.title, "frame": each.frame.hex(), "content": each.content.hex()} for each in taken],
        "refused": [
            {"title": title, "frame": frame.hex(), "field": _wrong_field(decompressor, frame)}
            for title, frame in _refused(other)
        ],
    }


def _taken(dictionary: Dictionary) -> list[_Taken]:
    noise = bytes(at * at * 31 % 251 for at in range(BYTES_MAX))
    made = Compressor().compress(_TEXT)
    helped = Compressor(dictionary).compress(b"Ann paints the tower near the wall red " * 8)
    assert made is not None
    assert helped is not None
    summed = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(_TEXT)
    return [
        _Taken("text", made, _TEXT),
        _Taken("with the dictionary", helped, b"Ann paints the tower near the wall red " * 8),
        _Taken("with a checksum", summed, _TEXT),
        _Taken("as large as it may be", zstandard.ZstdCompressor().compress(noise), noise),
        _Taken("a block as it is", _MAGIC + b"\x20\x03" + _RAW_BLOCK, b"abc"),
        _Taken("a repeated byte", _MAGIC + b"\x60\x00\x00" + b"\x03\x08\x00" + b"z", b"z" * 256),
        _Taken("two blocks", _MAGIC + b"\x20\x06" + b"\x18\x00\x00abc" + _RAW_BLOCK, b"abcabc"),
        _Taken("a window of its own", _MAGIC + b"\x80\x68" + b"\x03\x00\x00\x00" + _RAW_BLOCK, b"abc"),
    ]


def _refused(other: Dictionary) -> list[tuple[str, bytes]]:
    whole = _MAGIC + b"\x20\x03" + _RAW_BLOCK
    text = Compressor().compress(_TEXT)
    foreign = Compressor(other).compress(_TEXT)
    assert text is not None
    assert foreign is not None
    summed = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(_TEXT)
    return [
        ("no bytes", b""),
        ("half a magic number", _MAGIC[:2]),
        ("another format", b"\x1f\x8b\x08\x00" + _TEXT),
        ("a skippable frame", _SKIPPABLE),
        ("nothing after the magic number", _MAGIC),
        ("cut off in its header", _MAGIC + b"\xa0\x03"),
        ("a reserved bit", _MAGIC + b"\x28\x03" + _RAW_BLOCK),
        ("no size declared", zstandard.ZstdCompressor(write_content_size=False).compress(_TEXT)),
        ("size 0", _MAGIC + b"\x20\x00" + b"\x01\x00\x00"),
        ("one byte too many declared", _MAGIC + b"\x60" + (BYTES_MAX + 1 - 256).to_bytes(2, "little") + _RAW_BLOCK),
        ("a bomb of 2^40 bytes", _MAGIC + b"\xe0" + (2**40).to_bytes(8, "little") + b"\x03\x00\x10z"),
        ("2^64 − 2 bytes", _MAGIC + b"\xe0" + (2**64 - 2).to_bytes(8, "little") + _RAW_BLOCK),
        ("a window of 9 MiB", _MAGIC + b"\x80\x69" + b"\x03\x00\x00\x00" + _RAW_BLOCK),
        ("a window of 2 GiB", _MAGIC + b"\x80\xa8" + b"\x03\x00\x00\x00" + _RAW_BLOCK),
        ("a window beyond zstd's own", _MAGIC + b"\x80\xf8" + b"\x03\x00\x00\x00" + _RAW_BLOCK),
        ("another dictionary", foreign),
        ("a dictionary of one byte's id", _MAGIC + b"\x21\x05\x03" + _RAW_BLOCK),
        ("a byte after it", whole + b"\x00"),
        ("another frame after it", text + text),
        ("a skippable frame after it", whole + _SKIPPABLE),
        ("without its last byte", text[:-1]),
        ("cut off before its blocks", text[:7]),
        ("no last block", _MAGIC + b"\x20\x03" + b"\x18\x00\x00abc"),
        ("a reserved kind of block", _MAGIC + b"\x20\x03" + b"\x1f\x00\x00abc"),
        ("less than it declares", _MAGIC + b"\x20\x04" + _RAW_BLOCK),
        ("more than it declares", _MAGIC + b"\x20\x02" + _RAW_BLOCK),
        ("a wrong checksum", summed[:-1] + bytes([summed[-1] ^ 1])),
        ("without its checksum", summed[:-4]),
        ("damaged at its end", text[:-2] + b"\xff\xff"),
    ]


def _wrong_field(decompressor: Decompressor, frame: bytes) -> str:
    try:
        decompressor.decompress(frame, BYTES_MAX)
    except BadCompression as error:
        return error.field
    raise AssertionError("it is refused")
