"""Frames cut into parts and put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.errors import InvalidValue
from theta.base.limits import CHECKPOINT_PART_BYTES_MAX
from theta.node.checkpoint_frames import Frame, FrameKind, PartCutter, read_frames

SIZES = st.sampled_from([0, 1, 100, CHECKPOINT_PART_BYTES_MAX - 9, CHECKPOINT_PART_BYTES_MAX, 700_000])


def cut(frames: list[Frame]) -> list[bytes]:
    cutter = PartCutter()
    return [part for frame in frames for part in cutter.put(frame)] + list(cutter.finish())


@given(st.lists(st.tuples(st.sampled_from([each for each in FrameKind if each != FrameKind.END]), SIZES), max_size=6))
def test_log_29_frames_come_out_of_parts_as_they_went_in(wanted: list[tuple[FrameKind, int]]) -> None:
    frames = [Frame(kind, bytes([at + 1]) * size) for at, (kind, size) in enumerate(wanted)]
    parts = cut(frames)
    assert list(read_frames(parts)) == frames
    assert all(len(part) == CHECKPOINT_PART_BYTES_MAX for part in parts[:-1])
    assert 0 < len(parts[-1]) <= CHECKPOINT_PART_BYTES_MAX


def test_log_29_a_stream_that_ends_early_is_refused() -> None:
    parts = cut([Frame(FrameKind.UNIT, bytes(300_000))])
    whole = b"".join(parts)
    for length in (0, 5, 9, 1_000, CHECKPOINT_PART_BYTES_MAX, len(whole) - 1):
        with pytest.raises(InvalidValue, match="whole"):
            list(read_frames([whole[:length]]))


def test_log_29_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidValue, match="known kind"):
        list(read_frames([b"\x0b" + bytes(8)]))
