"""Whatever bytes come: a decompressor gives at most what it was told to, or says what is wrong."""

from hypothesis import given
from hypothesis import strategies as st

from theta.wire.compression import BadCompression, Compressor, Decompressor
from tools.compression_vectors import a_dictionary

DICTIONARY = a_dictionary()
BYTES_MAX = 4_096
FRAMES = tuple(
    made
    for compressor in (Compressor(), Compressor(DICTIONARY))
    for text in (b"Ann paints the wall " * 30, bytes(2_000), bytes(range(256)) * 8)
    if (made := compressor.compress(text)) is not None
)


def taken(data: bytes) -> bytes | None:
    try:
        return Decompressor([DICTIONARY]).decompress(data, BYTES_MAX)
    except BadCompression:
        return None


@given(st.binary(min_size=256, max_size=3_000))
def test_what_is_compressed_comes_back(data: bytes) -> None:
    for compressor in (Compressor(), Compressor(DICTIONARY)):
        frame = compressor.compress(data * 3)
        if frame is not None:
            assert len(frame) < 3 * len(data)
            assert Decompressor([DICTIONARY]).decompress(frame) == data * 3


@given(st.binary(max_size=200))
def test_bytes_that_are_no_frame_are_refused_by_name(data: bytes) -> None:
    for start in (b"", b"\x28\xb5\x2f\xfd"):
        found = taken(start + data)
        assert found is None or len(found) <= BYTES_MAX


@given(st.sampled_from(FRAMES), st.data())
def test_a_changed_frame_is_refused_or_keeps_within_its_limit(frame: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(frame) - 1))
    changed = frame[:at] + bytes([frame[at] ^ draw.draw(st.integers(1, 255))]) + frame[at + 1 :]
    found = taken(changed)
    assert found is None or len(found) <= BYTES_MAX
    assert taken(frame[:at]) is None
    assert taken(frame + frame[: at + 1]) is None
