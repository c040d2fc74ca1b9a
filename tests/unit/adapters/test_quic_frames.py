"""What came in over QUIC: frames put together from any pieces, and bounds on what waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.adapters.quic_frames import FrameReader, FrameWriter, Inbox, with_length
from theta.adapters.transport import SendQueue
from theta.adapters.transport_metrics import TransportMetrics
from theta.base.errors import FrameTooLarge
from theta.base.limits import DATAGRAM_BYTES_MAX, DATAGRAM_QUEUE_BYTES_MAX
from theta.node.lanes import RELIABLE_LANES, Lane


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 200), min_size=1))
def test_trn_9_frames_are_the_same_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(bytes(with_length(frame)) for frame in frames)
    reader = FrameReader(Lane.COMMANDS, 300)
    read: list[bytes] = []
    at = turn = 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        read += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert read == frames


def test_trn_9_the_length_is_four_bytes_little_endian() -> None:
    assert bytes(with_length(b"x" * 258)) == b"\x02\x01\x00\x00" + b"x" * 258


def test_trn_2_a_length_over_the_limit_is_refused_before_the_frame_comes() -> None:
    reader = FrameReader(Lane.COMMANDS, 300)
    frames = reader.feed(bytes(with_length(b"before")) + (301).to_bytes(4, "little"))
    assert next(frames) == b"before"
    with pytest.raises(FrameTooLarge, match="301 bytes is over the limit of 300"):
        next(frames)


def test_trn_12_whole_frames_count_as_read_once_they_are_taken() -> None:
    inbox = Inbox(300, TransportMetrics())
    stream = bytes(with_length(b"x" * 100))
    inbox.handle_stream(Lane.COMMANDS, stream[:50])
    assert inbox.read_bytes(Lane.COMMANDS) == 50, "what is not whole yet must be able to become whole"
    inbox.handle_stream(Lane.COMMANDS, stream[50:])
    assert inbox.read_bytes(Lane.COMMANDS) == 0
    assert inbox.take() == (Lane.COMMANDS, b"x" * 100)
    assert inbox.read_bytes(Lane.COMMANDS) == 104


@pytest.mark.parametrize("size", [0, 1, 1000, DATAGRAM_BYTES_MAX])
def test_trn_12_of_too_many_datagrams_the_latest_wait_to_be_read(size: int) -> None:
    metrics = TransportMetrics()
    inbox = Inbox(300, metrics)
    inbox.handle_stream(Lane.COMMANDS, bytes(with_length(b"kept")))
    kept = DATAGRAM_QUEUE_BYTES_MAX // max(1, size)
    for number in range(kept + 3):
        inbox.handle_datagram(number.to_bytes(4, "little")[:size].ljust(size, b"\0"))
    assert inbox.datagram_bytes <= DATAGRAM_QUEUE_BYTES_MAX
    assert metrics.datagrams_dropped == 3
    taken = [inbox.take() for _ in range(kept)]
    assert {each[0] for each in taken if each is not None} == {Lane.DATAGRAM}
    assert (inbox.take(), inbox.take()) == ((Lane.COMMANDS, b"kept"), None)
    if size >= 4:
        assert taken[0] == (Lane.DATAGRAM, (3).to_bytes(4, "little").ljust(size, b"\0"))


def test_a_datagram_over_the_limit_is_refused() -> None:
    with pytest.raises(FrameTooLarge, match=str(DATAGRAM_BYTES_MAX)):
        Inbox(300, TransportMetrics()).handle_datagram(bytes(DATAGRAM_BYTES_MAX + 1))


def test_a_shut_inbox_drops_what_comes_and_counts_it_as_read() -> None:
    inbox = Inbox(300, TransportMetrics())
    inbox.handle_stream(Lane.COMMANDS, bytes(with_length(b"waits")))
    inbox.shut()
    inbox.handle_stream(Lane.COMMANDS, b"\xff" * 20)
    inbox.handle_datagram(b"late")
    assert inbox.take() is None
    assert inbox.read_bytes(Lane.COMMANDS) == 29


def test_trn_12_empty_frames_take_room_as_well() -> None:
    inbox = Inbox(300, TransportMetrics())
    inbox.handle_stream(Lane.COMMANDS, bytes(4 * 1000))
    assert inbox.read_bytes(Lane.COMMANDS) == 0, "else a peer could send on without end"
    for _ in range(1000):
        assert inbox.take() == (Lane.COMMANDS, b"")
    assert inbox.read_bytes(Lane.COMMANDS) == 4000


def test_trn_20_what_is_urgent_is_read_first() -> None:
    inbox = Inbox(300, TransportMetrics())
    for lane in reversed(RELIABLE_LANES):
        for frame in (b"one", b"two"):
            inbox.handle_stream(lane, bytes(with_length(frame)))
    inbox.handle_datagram(b"pose")
    reliable = [(lane, frame) for lane in RELIABLE_LANES for frame in (b"one", b"two")]
    assert [inbox.take() for _ in range(9)] == [(Lane.DATAGRAM, b"pose"), *reliable]
    assert inbox.take() is None


def test_trn_12_lanes_are_read_each_on_its_own() -> None:
    inbox = Inbox(300, TransportMetrics())
    inbox.handle_stream(Lane.BULK, bytes(with_length(b"large")))
    inbox.handle_stream(Lane.COMMANDS, bytes(with_length(b"small"))[:6])
    assert (inbox.read_bytes(Lane.BULK), inbox.read_bytes(Lane.COMMANDS)) == (0, 6)
    assert inbox.take() == (Lane.BULK, b"large")
    assert (inbox.read_bytes(Lane.BULK), inbox.read_bytes(Lane.COMMANDS)) == (9, 6)


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 200), min_size=1))
def test_trn_9_frames_are_written_as_they_are_read_however_large_the_pieces(
    frames: list[bytes], sizes: list[int]
) -> None:
    metrics = TransportMetrics()
    queue = SendQueue(lambda: 0.0, metrics)
    writer = FrameWriter(Lane.BULK, queue, metrics)
    for frame in frames:
        queue.put(Lane.BULK, frame)
    reader, read, turn = FrameReader(Lane.BULK, 300), list[bytes](), 0
    while piece := writer.next_piece(sizes[turn % len(sizes)]):
        assert len(piece) <= sizes[turn % len(sizes)]
        read += reader.feed(piece)
        turn += 1
    assert read == frames
    assert queue.is_empty
    assert writer.writing_bytes == 0
    assert metrics.lane_frames_out[Lane.BULK] == len(frames)
