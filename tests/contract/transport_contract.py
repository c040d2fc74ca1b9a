"""What every transport does: spec/transport.md. Subclass it and give a `pair` fixture: (room's end, participant's)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from theta.adapters.transport import Transport, TransportClosed, clip_reason
from theta.base.errors import FrameTooLarge, PeerTooSlow
from theta.base.limits import (
    CLIENT_FRAME_BYTES_MAX,
    CLOSE_REASON_BYTES_MAX,
    DATAGRAM_AGE_SECONDS_MAX,
    DATAGRAM_BYTES_MAX,
    DATAGRAM_QUEUE_BYTES_MAX,
    FRAME_BYTES_MAX,
    SEND_QUEUE_BYTES_MAX,
)
from theta.node.lanes import RELIABLE_LANES, Lane

DEADLINE_SECONDS = 30.0
RELIABLE, DATAGRAM, BULK = Lane.COMMANDS, Lane.DATAGRAM, Lane.BULK

ASSET_BYTES = 15 * 1024 * 1024
ASSET_PART_BYTES = 65_536
AHEAD_BYTES_MAX = 1_500_000
"""Of an asset that is on its way, so much may come before a command that is sent meanwhile: what had left already."""

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    """Its result, before the deadline."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await awaitable


async def end_of(transport: Transport) -> TransportClosed:
    """Read until the end, and give what it says."""
    while True:
        try:
            await soon(transport.receive())
        except TransportClosed as closed:
            return closed


class TransportContract:
    """One test for each rule; both directions where they could differ."""

    Pair = tuple[Transport, Transport]
    make_pair: Callable[[], Awaitable[Pair]]

    @pytest.mark.parametrize("lane", RELIABLE_LANES)
    async def test_trn_1_frames_arrive_whole_and_in_order_both_ways(self, pair: Pair, lane: Lane) -> None:
        room, participant = pair
        for sender, receiver in (pair, (participant, room)):
            sent = [bytes([number]) * (number * 37) for number in range(100)]
            for frame in sent:
                sender.send(lane, frame)
            assert [await soon(receiver.receive()) for _ in sent] == [(lane, frame) for frame in sent]

    async def test_trn_1_each_lane_keeps_its_order_whatever_goes_on_on_the_others(self, pair: Pair) -> None:
        for sender, receiver in (pair, pair[::-1]):
            sent = [
                (lane, bytes([number, lane]) * (1 + 50 * number)) for number in range(60) for lane in RELIABLE_LANES
            ]
            for lane, frame in sent:
                sender.send(lane, frame)
            received = [await soon(receiver.receive()) for _ in sent]
            for lane in RELIABLE_LANES:
                assert [each for each in received if each[0] is lane] == [each for each in sent if each[0] is lane]

    async def test_each_lane_is_told_apart(self, pair: Pair) -> None:
        room, participant = pair
        sent = {(lane, lane.name.encode()) for lane in Lane}
        for sender, receiver in (pair, (participant, room)):
            for lane, frame in sent:
                sender.send(lane, frame)
            assert {await soon(receiver.receive()) for _ in sent} == sent

    async def test_trn_20_what_is_urgent_is_sent_first(self, pair: Pair) -> None:
        room, participant = pair
        for lane in (*reversed(RELIABLE_LANES), DATAGRAM):
            room.send(lane, b"first")
        received = [(await soon(participant.receive()))[0] for _ in Lane]
        assert received == [DATAGRAM, *RELIABLE_LANES]

    @pytest.mark.parametrize("lane", [Lane.CONTROL, Lane.COMMANDS])
    @pytest.mark.parametrize("large", [Lane.STATE, Lane.BULK])
    async def test_trn_21_a_command_does_not_wait_for_an_asset(self, pair: Pair, lane: Lane, large: Lane) -> None:
        """Of 15 MiB on their way, only what had left already comes before it: a count of bytes, and no time."""
        room, participant = pair
        parts = [bytes([number]) * ASSET_PART_BYTES for number in range(ASSET_BYTES // ASSET_PART_BYTES)]
        for part in parts:
            room.send(large, part)
        received = [await soon(participant.receive()) for _ in range(20)]
        assert {each[0] for each in received} == {large}
        room.send(lane, b"a command")
        while (received := [*received, await soon(participant.receive())])[-1][0] is large:
            pass
        assert received[-1] == (lane, b"a command")
        ahead = sum(len(frame) for _, frame in received[20:-1])
        assert ahead <= AHEAD_BYTES_MAX
        rest = [await soon(participant.receive()) for _ in range(len(parts) + 1 - len(received))]
        assert [frame for each, frame in (*received, *rest) if each is large] == parts

    async def test_trn_1_an_empty_frame_is_a_frame(self, pair: Pair) -> None:
        room, participant = pair
        participant.send(RELIABLE, b"")
        assert await soon(room.receive()) == (RELIABLE, b"")

    @pytest.mark.parametrize(
        ("from_room", "lane", "size"),
        [
            (True, RELIABLE, FRAME_BYTES_MAX),
            (True, BULK, FRAME_BYTES_MAX),
            (True, DATAGRAM, DATAGRAM_BYTES_MAX),
            (False, RELIABLE, CLIENT_FRAME_BYTES_MAX),
            (False, BULK, CLIENT_FRAME_BYTES_MAX),
            (False, DATAGRAM, DATAGRAM_BYTES_MAX),
        ],
    )
    async def test_the_biggest_frame_passes(self, pair: Pair, from_room: bool, lane: Lane, size: int) -> None:
        sender, receiver = pair if from_room else pair[::-1]
        frame = bytes(range(256)) * (size // 256) + bytes(size % 256)
        sender.send(lane, frame)
        assert await soon(receiver.receive()) == (lane, frame)

    @pytest.mark.parametrize(("lane", "bytes_max"), [(RELIABLE, FRAME_BYTES_MAX), (DATAGRAM, DATAGRAM_BYTES_MAX)])
    async def test_trn_2_sending_too_big_a_frame_is_refused_and_harms_nothing(
        self, pair: Pair, lane: Lane, bytes_max: int
    ) -> None:
        room, participant = pair
        with pytest.raises(FrameTooLarge, match=str(bytes_max)):
            room.send(lane, bytes(bytes_max + 1))
        assert room.queued_bytes == 0
        assert room.metrics.oversized == 1
        room.send(RELIABLE, b"after")
        assert await soon(participant.receive()) == (RELIABLE, b"after")

    async def test_trn_2_the_room_closes_on_a_frame_over_a_participants_limit(self, pair: Pair) -> None:
        room, participant = pair
        participant.send(RELIABLE, bytes(CLIENT_FRAME_BYTES_MAX + 1))
        ends = await asyncio.gather(end_of(room), end_of(participant))
        assert [end.close_code for end in ends] == [4413, 4413]
        assert str(CLIENT_FRAME_BYTES_MAX) in ends[1].reason
        assert (room.metrics.oversized, room.metrics.invalid) == (1, 0)

    async def test_trn_3_a_peer_that_does_not_read_fills_the_queue_and_no_more(self, pair: Pair) -> None:
        room, _ = pair
        frame = bytes(1024 * 1024)
        for _ in range(SEND_QUEUE_BYTES_MAX // len(frame)):
            room.send(RELIABLE, frame)
        with pytest.raises(PeerTooSlow, match=str(SEND_QUEUE_BYTES_MAX)):
            room.send(RELIABLE, frame)
        assert room.queued_bytes <= SEND_QUEUE_BYTES_MAX
        room.send(DATAGRAM, b"a datagram still fits")

    async def test_trn_3_the_bound_is_over_all_lanes(self, pair: Pair) -> None:
        room, _ = pair
        frame = bytes(1024 * 1024)
        for number in range(SEND_QUEUE_BYTES_MAX // len(frame)):
            room.send(RELIABLE_LANES[number % len(RELIABLE_LANES)], frame)
        for lane in RELIABLE_LANES:
            with pytest.raises(PeerTooSlow, match=str(SEND_QUEUE_BYTES_MAX)):
                room.send(lane, frame)
        assert room.queued_bytes <= SEND_QUEUE_BYTES_MAX

    async def test_a_peer_that_reads_again_gets_everything(self, pair: Pair) -> None:
        room, participant = pair
        sent = [bytes([number]) * 1024 * 1024 for number in range(SEND_QUEUE_BYTES_MAX // (1024 * 1024))]
        for frame in sent:
            room.send(RELIABLE, frame)
        assert [await soon(participant.receive()) for _ in sent] == [(RELIABLE, frame) for frame in sent]
        room.send(RELIABLE, b"and goes on")
        assert await soon(participant.receive()) == (RELIABLE, b"and goes on")
        assert room.queued_bytes == 0

    async def test_trn_4_of_too_many_datagrams_the_latest_stay(self, pair: Pair) -> None:
        room, participant = pair
        size = 1024
        count = 4 * DATAGRAM_QUEUE_BYTES_MAX // size
        for number in range(count):
            room.send(DATAGRAM, number.to_bytes(4, "little") * (size // 4))
        assert room.queued_bytes <= DATAGRAM_QUEUE_BYTES_MAX
        room.send(RELIABLE, b"end")
        kept = DATAGRAM_QUEUE_BYTES_MAX // size
        received = [await soon(participant.receive()) for _ in range(kept + 1)]
        numbers = [int.from_bytes(frame[:4], "little") for lane, frame in received if lane is DATAGRAM]
        assert numbers == list(range(count - kept, count))
        assert room.metrics.datagrams_dropped == count - kept

    async def test_trn_4_an_old_datagram_is_dropped(self, pair: Pair) -> None:
        room, participant = pair
        room.send(DATAGRAM, b"stale")
        hold_up_the_loop(DATAGRAM_AGE_SECONDS_MAX + 0.05)
        room.send(DATAGRAM, b"fresh")
        assert await soon(participant.receive()) == (DATAGRAM, b"fresh")
        assert room.metrics.datagrams_dropped == 1

    @pytest.mark.parametrize("from_room", [True, False])
    async def test_trn_5_code_and_reason_reach_both_sides(self, pair: Pair, from_room: bool) -> None:
        closer, other = pair if from_room else pair[::-1]
        waiting = asyncio.create_task(end_of(other))
        await soon(closer.close(4403, "no invite came along – ask for a link"))
        for end in (await soon(waiting), await end_of(closer)):
            assert (end.close_code, end.reason) == (4403, "no invite came along – ask for a link")
            assert "4403" in str(end)

    async def test_closing_wakes_ones_own_receive(self, pair: Pair) -> None:
        room, participant = pair
        waiting, far = asyncio.create_task(end_of(room)), asyncio.create_task(end_of(participant))
        await asyncio.sleep(0)
        await soon(room.close(1001, "the room closes"))
        assert (await soon(waiting)).close_code == (await soon(far)).close_code == 1001

    async def test_trn_5_what_was_sent_before_the_close_arrives(self, pair: Pair) -> None:
        room, participant = pair
        sent = [bytes([number]) * 25_000 for number in range(40)]
        for frame in sent:
            room.send(RELIABLE, frame)
        closing = asyncio.create_task(room.close(1001, "bye"))
        assert [await soon(participant.receive()) for _ in sent] == [(RELIABLE, frame) for frame in sent]
        assert (await end_of(participant)).close_code == 1001
        await soon(closing)

    async def test_trn_5_what_waits_on_any_lane_arrives_before_the_end(self, pair: Pair) -> None:
        room, participant = pair
        sent = [(lane, bytes([number, lane]) * 10_000) for number in range(15) for lane in RELIABLE_LANES]
        for lane, frame in sent:
            room.send(lane, frame)
        closing = asyncio.create_task(room.close(1001, "bye"))
        received = [await soon(participant.receive()) for _ in sent]
        for lane in RELIABLE_LANES:
            assert [each for each in received if each[0] is lane] == [each for each in sent if each[0] is lane]
        assert (await end_of(participant)).close_code == 1001
        await soon(closing)

    async def test_the_reason_arrives_although_the_peer_kept_sending(self, pair: Pair) -> None:
        room, participant = pair
        for _ in range(50):
            participant.send(RELIABLE, bytes(CLIENT_FRAME_BYTES_MAX))
        assert await soon(room.receive())
        closing = asyncio.create_task(room.close(4429, "too fast"))
        end = await end_of(participant)
        assert (end.close_code, end.reason) == (4429, "too fast")
        await soon(closing)

    async def test_the_end_is_told_again_and_again(self, pair: Pair) -> None:
        room, participant = pair
        far = asyncio.create_task(end_of(participant))
        await soon(room.close(4400, "nonsense"))
        await soon(far)
        for transport in pair:
            for _ in range(10):
                with pytest.raises(TransportClosed) as told:
                    await soon(transport.receive())
                assert told.value.close_code == 4400
            with pytest.raises(TransportClosed):
                transport.send(RELIABLE, b"late")

    async def test_closing_twice_does_nothing(self, pair: Pair) -> None:
        room, participant = pair
        far = asyncio.create_task(end_of(participant))
        await soon(asyncio.gather(room.close(4409, "full"), room.close(1000, "again")))
        await soon(room.close(1000, "and again"))
        heard = await soon(far)
        await soon(participant.close(1000, "me too"))
        ends = (heard, await end_of(participant), await end_of(room))
        assert [end.close_code for end in ends] == [4409, 4409, 4409]

    async def test_trn_5_a_long_reason_is_cut_at_a_character(self, pair: Pair) -> None:
        room, participant = pair
        far = asyncio.create_task(end_of(participant))
        await soon(room.close(4400, "é" * 200))
        reason = (await soon(far)).reason
        assert reason == "é" * (CLOSE_REASON_BYTES_MAX // 2)

    async def test_metrics_count_frames_and_their_bytes(self, pair: Pair) -> None:
        room, participant = pair
        room.send(RELIABLE, b"12345")
        room.send(DATAGRAM, b"123")
        await soon(participant.receive())
        await soon(participant.receive())
        participant.send(RELIABLE, b"1")
        await soon(room.receive())
        assert (room.metrics.frames_out, room.metrics.bytes_out) == (2, 8)
        assert (participant.metrics.frames_in, participant.metrics.bytes_in) == (2, 8)
        assert (room.metrics.frames_in, room.metrics.bytes_in) == (1, 1)
        assert room.metrics.datagrams_dropped == room.metrics.invalid == room.metrics.oversized == 0

    async def test_trn_25_metrics_count_by_lane(self, pair: Pair) -> None:
        for sender, receiver in (pair, pair[::-1]):
            sent = [frame for lane in Lane for frame in [(lane, bytes(10 * lane + 1))] * (lane + 1)]
            for lane, frame in sent:
                sender.send(lane, frame)
            for _ in sent:
                await soon(receiver.receive())
            frames, size = [lane + 1 for lane in Lane], [(lane + 1) * (10 * lane + 1) for lane in Lane]
            assert (sender.metrics.lane_frames_out, sender.metrics.lane_bytes_out) == (frames, size)
            assert (receiver.metrics.lane_frames_in, receiver.metrics.lane_bytes_in) == (frames, size)

    async def test_no_task_is_left_behind(self, pair: Pair) -> None:
        room, participant = pair
        far = asyncio.create_task(end_of(participant))
        room.send(RELIABLE, b"hello")
        await soon(room.close(1000, ""))
        await soon(far)
        await soon(participant.close())
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert not {name for name in names if name.startswith("theta")}

    def test_a_reason_is_clipped_by_bytes(self) -> None:
        assert clip_reason("a" * 200) == "a" * 123
        assert len(clip_reason("𝔘" * 50).encode()) == 120
        assert clip_reason("short") == "short"


def hold_up_the_loop(seconds: float) -> None:
    """Keep the event loop from running for a while, as a busy machine would."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        pass
