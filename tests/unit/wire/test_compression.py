"""zstd frames: what is made, what is taken, and what is refused before anything is allocated for it."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import zstandard

from theta.base.errors import PeerError, ProtocolError
from theta.base.limits import COMPRESSION_BYTES_MIN, FRAME_BYTES_MAX
from theta.wire.codec import encode, unwrap
from theta.wire.compression import BadCompression, Compressor, Decompressor, read_frame_header
from theta.wire.dictionaries import dictionary_of, read_dictionary_file
from theta.wire.messages import Chat, Compressed, Message, Ping
from tools.compression_vectors import a_dictionary

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[3] / "spec/vectors/compression.json").read_text(encoding="utf-8")
)
TEXT = b"somebody moves the red cube, " * 40


def decompressor() -> Decompressor:
    return Decompressor([read_dictionary_file(bytes.fromhex(VECTORS["dictionary"]["file"]))])


def compressed(message: Message) -> Compressed:
    frame = Compressor().compress(encode(message))
    assert frame is not None
    return Compressed(frame)


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: vector["title"])
def test_wire_46_frames_within_the_limits_are_taken(vector: dict[str, str]) -> None:
    found = decompressor().decompress(bytes.fromhex(vector["frame"]), VECTORS["bytes_max"])
    assert found.hex() == vector["content"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["title"])
def test_wire_46_other_frames_are_refused_and_the_field_is_named(vector: dict[str, str]) -> None:
    taker = decompressor()
    with pytest.raises(BadCompression) as caught:
        taker.decompress(bytes.fromhex(vector["frame"]), VECTORS["bytes_max"])
    assert caught.value.field == vector["field"]
    assert isinstance(caught.value, PeerError)
    assert caught.value.close_code == 4400
    assert caught.value.limit in str(caught.value)
    good = VECTORS["frames"][1]
    assert taker.decompress(bytes.fromhex(good["frame"])).hex() == good["content"], "a refused frame changes nothing"


def test_wire_46_a_bomb_is_refused_before_memory_is_taken_for_it() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(256 * 1024 * 1024))
    assert len(bomb) < 16_384
    taker = Decompressor()
    tracemalloc.start()
    try:
        with pytest.raises(BadCompression, match="content size is 268435456"):
            taker.decompress(bomb)
        assert tracemalloc.get_traced_memory()[1] < 65_536
    finally:
        tracemalloc.stop()


def test_wire_45_a_frame_declares_its_size_and_its_dictionary() -> None:
    dictionary = a_dictionary()
    for compressor, number in ((Compressor(), 0), (Compressor(dictionary), dictionary.id)):
        frame = compressor.compress(TEXT)
        assert frame is not None
        header = read_frame_header(frame)
        assert (header.content_bytes, header.dictionary) == (len(TEXT), number)
        assert Decompressor([dictionary]).decompress(frame) == TEXT


def test_wire_45_what_is_short_or_would_grow_is_left_as_it_is() -> None:
    compressor = Compressor()
    assert compressor.compress(TEXT[: COMPRESSION_BYTES_MIN - 1]) is None
    assert compressor.compress(TEXT[:COMPRESSION_BYTES_MIN]) is not None
    noise = b"".join(dictionary_of(a_dictionary(seed).data).digest for seed in range(1, 12))
    assert compressor.compress(noise) is None
    made = compressor.compress(TEXT)
    assert made is not None
    assert compressor.compress(TEXT, overhead=len(TEXT) - len(made)) is None
    assert compressor.compress(TEXT, overhead=len(TEXT) - len(made) - 1) == made


def test_what_is_over_a_frames_limit_is_not_compressed() -> None:
    assert Compressor().compress(bytes(FRAME_BYTES_MAX + 1)) is None


def test_a_dictionary_makes_short_frames_shorter() -> None:
    text = b"Ann paints the tower near the wall red and moves the sphere, Ben turns the roof " * 4
    alone, helped = Compressor().compress(text), Compressor(a_dictionary()).compress(text)
    assert alone is not None
    assert helped is not None
    assert len(helped) < len(alone)


def test_wire_44_a_compressed_message_is_the_message_in_it() -> None:
    chat = Chat(1, "Ada", 0, "the same again and again " * 20, 0)
    assert unwrap(compressed(chat), Decompressor()) == chat
    assert unwrap(Ping(1, 0.0), None) == Ping(1, 0.0)


def test_wire_44_one_that_holds_another_or_comes_unasked_is_refused() -> None:
    inner = compressed(Chat(1, "Ada", 0, "x" * 500, 0))
    with pytest.raises(ProtocolError, match="takes none"):
        unwrap(inner, None)
    twice = Compressed(zstandard.ZstdCompressor().compress(encode(inner)))
    with pytest.raises(ProtocolError, match="another one"):
        unwrap(twice, Decompressor())
    with pytest.raises(ProtocolError, match="not a message"):
        unwrap(Compressed(zstandard.ZstdCompressor().compress(TEXT)), Decompressor())
