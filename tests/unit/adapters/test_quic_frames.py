"""What came in over QUIC: frames put together from any pieces, and bounds on what waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.adapters.quic_frames import PREAMBLE, FrameReader, Inbox, with_length
from theta.adapters.transport import TransportMetrics
from theta.base.errors import FrameTooLarge, ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, DATAGRAM_QUEUE_BYTES_MAX
from theta.node.lanes import Lane


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 200), min_size=1))
def test_trn_9_frames_are_the_same_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = PREAMBLE + b"".join(bytes(with_length(frame)) for frame in frames)
    reader = FrameReader(300, has_preamble=True)
    read: list[bytes] = []
    at = turn = 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        read += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert read == frames


def test_trn_9_the_length_is_four_bytes_little_endian() -> None:
    assert bytes(with_length(b"x" * 258)) == b"\x02\x01\x00\x00" + b"x" * 258
    assert PREAMBLE == b"\x00"


def test_trn_2_a_length_over_the_limit_is_refused_before_the_frame_comes() -> None:
    reader = FrameReader(300, has_preamble=False)
    frames = reader.feed(bytes(with_length(b"before")) + (301).to_bytes(4, "little"))
    assert next(frames) == b"before"
    with pytest.raises(FrameTooLarge, match="301 bytes is over the limit of 300"):
        next(frames)


def test_trn_11_another_beginning_is_refused() -> None:
    with pytest.raises(ProtocolError):
        list(FrameReader(300, has_preamble=True).feed(b"\x01"))


def test_trn_12_whole_frames_count_as_read_once_they_are_taken() -> None:
    inbox = Inbox(FrameReader(300, has_preamble=False), TransportMetrics())
    stream = bytes(with_length(b"x" * 100))
    inbox.handle_stream(stream[:50])
    assert inbox.read_bytes == 50, "what is not whole yet must be able to become whole"
    inbox.handle_stream(stream[50:])
    assert inbox.read_bytes == 0
    assert inbox.take() == (Lane.RELIABLE, b"x" * 100)
    assert inbox.read_bytes == 104


@pytest.mark.parametrize("size", [0, 1, 1000, DATAGRAM_BYTES_MAX])
def test_trn_12_of_too_many_datagrams_the_latest_wait_to_be_read(size: int) -> None:
    metrics = TransportMetrics()
    inbox = Inbox(FrameReader(300, has_preamble=False), metrics)
    inbox.handle_stream(bytes(with_length(b"kept")))
    kept = DATAGRAM_QUEUE_BYTES_MAX // max(1, size)
    for number in range(kept + 3):
        inbox.handle_datagram(number.to_bytes(4, "little")[:size].ljust(size, b"\0"))
    assert inbox.datagram_bytes <= DATAGRAM_QUEUE_BYTES_MAX
    assert metrics.datagrams_dropped == 3
    assert inbox.take() == (Lane.RELIABLE, b"kept")
    taken = []
    while (next_one := inbox.take()) is not None:
        taken.append(next_one)
    assert len(taken) == kept
    if size >= 4:
        assert taken[0] == (Lane.DATAGRAM, (3).to_bytes(4, "little").ljust(size, b"\0"))


def test_a_datagram_over_the_limit_is_refused() -> None:
    with pytest.raises(FrameTooLarge, match=str(DATAGRAM_BYTES_MAX)):
        Inbox(FrameReader(300, has_preamble=False), TransportMetrics()).handle_datagram(bytes(DATAGRAM_BYTES_MAX + 1))


def test_a_shut_inbox_drops_what_comes_and_counts_it_as_read() -> None:
    inbox = Inbox(FrameReader(300, has_preamble=False), TransportMetrics())
    inbox.handle_stream(bytes(with_length(b"waits")))
    inbox.shut()
    inbox.handle_stream(b"\xff" * 20)
    inbox.handle_datagram(b"late")
    assert inbox.take() is None
    assert inbox.read_bytes == 29


def test_trn_12_empty_frames_take_room_as_well() -> None:
    inbox = Inbox(FrameReader(300, has_preamble=False), TransportMetrics())
    inbox.handle_stream(bytes(4 * 1000))
    assert inbox.read_bytes == 0, "else a peer could send on without end"
    for _ in range(1000):
        assert inbox.take() == (Lane.RELIABLE, b"")
    assert inbox.read_bytes == 4000
