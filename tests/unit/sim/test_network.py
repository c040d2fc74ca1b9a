from collections.abc import Iterable

import pytest

from theta.base.randomness import Randomness
from theta.node.lanes import RELIABLE_LANES, Lane
from theta.sim import GOOD_LINK, LinkSettings, Network, Schedule, SimulatedClock
from theta.sim.network import CLOSE_ABNORMAL, CUT_NOTICED_SECONDS_MAX

STILL = LinkSettings(delay_seconds=0.1, jitter_seconds=0.0)


class Node:
    """Remembers what the network told it, and when."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.opened: list[tuple[float, int]] = []
        self.frames: list[tuple[float, bytes]] = []
        self.closed: list[tuple[float, int]] = []

    def handle_opened(self, connection: int) -> None:
        self.opened.append((self._schedule.clock.seconds, connection))

    def handle_arrived(self, connection: int, lane: Lane, frame: bytes) -> None:
        self.frames.append((self._schedule.clock.seconds, frame))

    def handle_closed(self, connection: int, code: int, reason: str) -> None:
        self.closed.append((self._schedule.clock.seconds, code))

    @property
    def contents(self) -> list[bytes]:
        return [frame for _, frame in self.frames]


class Pair:
    """A caller and a listener, with a connection that stands from 1.0 s on."""

    def __init__(self, link: LinkSettings = STILL, seed: bytes = b"network") -> None:
        self.schedule = Schedule(SimulatedClock())
        self.network = Network(self.schedule, Randomness(seed), GOOD_LINK)
        self.caller, self.listener = Node(self.schedule), Node(self.schedule)
        self.network.attach("caller", self.caller)
        self.network.attach("listener", self.listener)
        self.number = self.network.connect("caller", "listener")
        self.schedule.run_until(1.0)
        self.network.set_link("caller", "listener", link)

    def send(self, lane: Lane, frames: Iterable[int], spacing: float = 0.001) -> list[bytes]:
        sent = [each.to_bytes(2, "big") for each in frames]
        for frame in sent:
            self.network.send(self.number, "caller", lane, frame)
            self.schedule.run_until(self.schedule.clock.seconds + spacing)
        return sent


def test_a_call_is_answered_and_both_ends_know_the_number() -> None:
    pair = Pair()
    ((answered, at_listener),) = pair.listener.opened
    ((opened, at_caller),) = pair.caller.opened
    assert at_listener == at_caller == pair.number
    assert 0.005 <= answered <= 0.006 < 0.010 <= opened <= 0.012


def test_a_call_that_nobody_answers_is_refused() -> None:
    pair = Pair()
    pair.network.crash("listener")
    pair.network.connect("caller", "listener")
    pair.schedule.run_until(20.0)
    assert [code for _, code in pair.caller.closed] == [CLOSE_ABNORMAL, CLOSE_ABNORMAL]


@pytest.mark.parametrize("seed", [b"1", b"2", b"3"])
def test_a_reliable_lane_keeps_its_order_and_loses_nothing(seed: bytes) -> None:
    pair = Pair(LinkSettings(0.05, 0.05, loss=0.3, reorder=0.5, duplication=0.5), seed)
    sent = pair.send(Lane.COMMANDS, range(200))
    pair.schedule.run_until(60.0)
    assert pair.listener.contents == sent
    assert max(at for at, _ in pair.listener.frames) > 1.2 + 0.2, "no loss has cost a retransmission"


def test_the_datagram_lane_drops_reorders_and_duplicates() -> None:
    pair = Pair(LinkSettings(0.05, 0.01, loss=0.2, reorder=0.2, duplication=0.1))
    sent = pair.send(Lane.DATAGRAM, range(1000))
    pair.schedule.run_until(60.0)
    got = pair.listener.contents
    assert 0.7 < len(set(got)) / len(sent) < 0.9
    assert len(got) > len(set(got))
    assert got != sorted(got)
    assert set(got) <= set(sent)


def test_a_datagram_may_overtake_a_reliable_frame_but_not_the_connection() -> None:
    schedule = Schedule(SimulatedClock())
    network = Network(schedule, Randomness(b"overtake"), STILL)
    caller, listener = Node(schedule), Node(schedule)
    network.attach("caller", caller)
    network.attach("listener", listener)
    number = network.connect("caller", "listener")
    network.link = LinkSettings(delay_seconds=0.01, jitter_seconds=0.0)
    network.send(number, "caller", Lane.DATAGRAM, b"too early")
    schedule.run_until(1.0)
    assert listener.frames == []


@pytest.mark.parametrize("seed", [b"1", b"2", b"3"])
def test_each_lane_keeps_its_order_and_nothing_is_in_order_between_two(seed: bytes) -> None:
    pair = Pair(LinkSettings(0.05, 0.02, loss=0.2, reorder=0.2), seed)
    for number in range(200):
        lane = RELIABLE_LANES[number % 4]
        pair.network.send(pair.number, "caller", lane, bytes((lane, number)))
        pair.schedule.run_until(pair.schedule.clock.seconds + 0.005)
    pair.network.close(pair.number, "caller", 1000, "done")
    pair.schedule.run_until(60.0)
    got = pair.listener.contents
    assert len(got) == 200
    for lane in RELIABLE_LANES:
        assert [frame for frame in got if frame[0] == lane] == sorted(frame for frame in got if frame[0] == lane)
    assert [frame[1] for frame in got] != sorted(frame[1] for frame in got)
    ((closed_at, code),) = pair.listener.closed
    assert code == 1000
    assert closed_at >= max(at for at, _ in pair.listener.frames), "the end overtook a frame"


def test_after_a_partition_each_lane_comes_when_it_can_and_the_end_after_all() -> None:
    orders = set()
    for seed in range(12):
        pair = Pair(seed=b"partition %d" % seed)
        pair.network.partition(["listener"], 5.0)
        for lane in reversed(RELIABLE_LANES):
            pair.network.send(pair.number, "caller", lane, bytes((lane,)))
        pair.network.close(pair.number, "caller", 1000, "done")
        pair.schedule.run_until(20.0)
        orders.add(tuple(pair.listener.contents))
        assert len(pair.listener.frames) == 4
        assert pair.listener.closed[0][0] >= pair.listener.frames[-1][0]
    assert len(orders) > 5


def test_a_frame_that_overtakes_the_opening_waits_for_it() -> None:
    """The listener knows of the connection before the caller does, and may send at once."""
    for seed in range(20):
        schedule = Schedule(SimulatedClock())
        network = Network(schedule, Randomness(b"opening %d" % seed), LinkSettings(0.05, 0.05, loss=0.3, reorder=0.5))
        caller, listener = Node(schedule), Node(schedule)
        network.attach("caller", caller)
        network.attach("listener", listener)
        number = network.connect("caller", "listener")
        while not listener.opened:
            schedule.run_next()
        network.send(number, "listener", Lane.BULK, b"at once")
        schedule.run_until(60.0)
        assert caller.contents == [b"at once"]
        assert caller.frames[0][0] >= caller.opened[0][0]


def test_what_is_damaged_is_lost_where_the_carrier_checks() -> None:
    pair = Pair(LinkSettings(0.05, 0.0, corruption=0.2))
    datagrams = pair.send(Lane.DATAGRAM, range(1_000))
    frames = pair.send(Lane.STATE, range(1_000, 1_200))
    pair.schedule.run_until(60.0)
    got = pair.listener.contents
    assert [frame for frame in got if frame in set(frames)] == frames
    assert set(got) <= {*datagrams, *frames}
    assert 0.75 < (len(got) - len(frames)) / len(datagrams) < 0.85
    assert pair.listener.closed == []


def test_a_carrier_that_does_not_check_gives_damaged_datagrams_and_loses_the_connection_on_reliable_lanes() -> None:
    pair = Pair(LinkSettings(0.05, 0.0, corruption=0.2, is_checked=False))
    datagrams = pair.send(Lane.DATAGRAM, range(256, 1_256))
    pair.schedule.run_until(5.0)
    got = pair.listener.contents
    damaged = [(sent, came) for sent, came in zip(datagrams, got, strict=True) if sent != came]
    assert 150 < len(damaged) < 250
    assert all(sum(one != other for one, other in zip(*each, strict=True)) == 1 for each in damaged)
    pair.send(Lane.STATE, range(100))
    pair.schedule.run_until(20.0)
    assert [code for _, code in pair.caller.closed + pair.listener.closed] == [CLOSE_ABNORMAL, CLOSE_ABNORMAL]


def test_a_full_queue_drops_datagrams_and_lets_reliable_frames_wait() -> None:
    pair = Pair(STILL._replace(bytes_per_second=10_000.0, queue_bytes=3_100.0))
    datagrams = [bytes(960) for _ in range(10)]
    for frame in datagrams:
        pair.network.send(pair.number, "caller", Lane.DATAGRAM, frame)
    frames = [bytes((number,)) * 960 for number in range(10)]
    for frame in frames:
        pair.network.send(pair.number, "caller", Lane.STATE, frame)
    pair.schedule.run_until(10.0)
    got = pair.listener.contents
    assert got[:-10] == datagrams[:3], "one on its way, and two behind it"
    assert got[-10:] == frames
    assert [at for at, _ in pair.listener.frames] == pytest.approx([1.1 + 0.1 * each for each in range(1, 14)])


def test_what_is_urgent_goes_before_what_waits() -> None:
    pair = Pair(STILL._replace(bytes_per_second=100_000.0, queue_bytes=4_000.0))
    pair.network.send(pair.number, "caller", Lane.BULK, bytes(100_000))
    pair.schedule.run_until(1.1)
    for lane in (Lane.STATE, Lane.COMMANDS, Lane.CONTROL):
        pair.network.send(pair.number, "caller", lane, bytes((lane,)))
    pair.schedule.run_until(10.0)
    assert [len(frame) if len(frame) > 1 else Lane(frame[0]) for frame in pair.listener.contents] == [
        Lane.CONTROL,
        Lane.COMMANDS,
        Lane.STATE,
        100_000,
    ]
    assert pair.listener.frames[2][0] < 1.4, "it waited for what is not urgent"


def test_after_a_change_of_address_the_connection_goes_on_once_the_other_side_heard_of_it() -> None:
    pair = Pair()
    pair.network.send(pair.number, "listener", Lane.DATAGRAM, b"lost")
    pair.network.send(pair.number, "listener", Lane.COMMANDS, b"sent again")
    pair.network.change_address("caller")
    pair.schedule.run_until(3.0)
    pair.network.send(pair.number, "listener", Lane.DATAGRAM, b"lost too")
    pair.schedule.run_until(4.0)
    assert pair.caller.frames == [], "it was sent to the old address"
    pair.network.send(pair.number, "caller", Lane.CONTROL, b"here I am")
    pair.schedule.run_until(6.0)
    assert pair.listener.contents == [b"here I am"]
    assert pair.caller.contents == [b"sent again"]
    pair.network.send(pair.number, "listener", Lane.DATAGRAM, b"arrives")
    pair.schedule.run_until(7.0)
    assert pair.caller.contents == [b"sent again", b"arrives"]
    assert pair.caller.closed == pair.listener.closed == []


def test_what_left_the_old_address_does_not_tell_the_new_one() -> None:
    pair = Pair()
    pair.network.send(pair.number, "caller", Lane.CONTROL, b"from the old address")
    pair.network.change_address("caller")
    pair.network.send(pair.number, "listener", Lane.COMMANDS, b"to the old address")
    pair.schedule.run_until(5.0)
    assert pair.listener.contents == [b"from the old address"]
    assert pair.caller.frames == []


def test_bandwidth_spaces_frames() -> None:
    pair = Pair(STILL._replace(bytes_per_second=1_000.0))
    for _ in range(3):
        pair.network.send(pair.number, "caller", Lane.COMMANDS, bytes(460))
    pair.schedule.run_until(10.0)
    assert [at for at, _ in pair.listener.frames] == pytest.approx([1.6, 2.1, 2.6])


def test_a_partition_holds_reliable_frames_and_swallows_datagrams() -> None:
    pair = Pair()
    pair.network.partition(["listener", "somebody else"], 5.0)
    assert pair.network.are_separated("caller", "listener")
    sent = pair.send(Lane.COMMANDS, range(5))
    pair.send(Lane.DATAGRAM, range(100, 110))
    pair.schedule.run_until(5.9)
    assert pair.listener.frames == []
    pair.schedule.run_until(10.0)
    assert pair.listener.contents == sent
    assert pair.caller.closed == pair.listener.closed == []


def test_healing_ends_partitions_at_once() -> None:
    pair = Pair()
    pair.network.partition(["listener"], 1000.0)
    pair.network.partition(["caller"], 1000.0)
    sent = pair.send(Lane.COMMANDS, range(3))
    pair.network.heal()
    pair.schedule.run_until(3.0)
    assert pair.listener.contents == sent
    pair.schedule.run_until(2_000.0)


def test_nodes_on_the_same_side_of_a_partition_are_together() -> None:
    pair = Pair()
    pair.network.partition(["caller", "listener"], 5.0)
    assert not pair.network.are_separated("caller", "listener")
    assert pair.network.are_separated("caller", "somebody else")


def test_a_cut_loses_what_is_in_flight_and_both_ends_learn_of_it_by_themselves() -> None:
    pair = Pair()
    pair.network.send(pair.number, "caller", Lane.COMMANDS, b"lost")
    pair.network.send(pair.number, "listener", Lane.COMMANDS, b"lost too")
    pair.network.cut(pair.number)
    pair.network.send(pair.number, "caller", Lane.COMMANDS, b"sent into nothing")
    pair.schedule.run_until(10.0)
    assert pair.listener.frames == pair.caller.frames == []
    ((caller_at, caller_code),) = pair.caller.closed
    ((listener_at, listener_code),) = pair.listener.closed
    assert caller_code == listener_code == CLOSE_ABNORMAL
    assert caller_at != listener_at
    assert 1.0 <= min(caller_at, listener_at) <= max(caller_at, listener_at) <= 1.0 + CUT_NOTICED_SECONDS_MAX
    assert pair.network.connections_of("caller") == []


def test_a_close_comes_after_the_frames_before_it_and_ends_both_directions() -> None:
    pair = Pair()
    sent = pair.send(Lane.COMMANDS, range(3))
    pair.network.close(pair.number, "caller", 4400, "rude")
    pair.network.send(pair.number, "caller", Lane.COMMANDS, b"after the end")
    pair.network.send(pair.number, "listener", Lane.COMMANDS, b"to nobody")
    pair.schedule.run_until(5.0)
    assert pair.listener.contents == sent
    assert [code for _, code in pair.listener.closed] == [4400]
    assert pair.caller.closed == []
    assert pair.caller.frames == []


@pytest.mark.parametrize("seed", [b"1", b"2", b"3", b"4"])
def test_a_crash_is_noticed_by_the_other_side_only(seed: bytes) -> None:
    pair = Pair(seed=seed)
    pair.network.send(pair.number, "caller", Lane.COMMANDS, b"to the dead")
    pair.network.crash("listener")
    pair.schedule.run_until(20.0)
    assert pair.listener.closed == []
    assert pair.listener.frames == []
    assert [code for _, code in pair.caller.closed] == [CLOSE_ABNORMAL]


def test_what_was_cut_stays_cut_when_its_end_crashes() -> None:
    """A crash once moved the moment of the cut to later, and let frames of after the cut through."""
    pair = Pair()
    pair.network.cut(pair.number)
    pair.network.send(pair.number, "listener", Lane.COMMANDS, b"after the cut")
    pair.schedule.run_until(1.09)
    pair.network.crash("listener")
    pair.schedule.run_until(10.0)
    assert pair.caller.frames == []


def test_losses_come_in_bursts_where_a_link_says_so(seed: int) -> None:
    pair = Pair(LinkSettings(0.01, 0.0, loss=0.3, burst_seconds=0.1), b"bursts %d" % seed)
    sent = pair.send(Lane.DATAGRAM, range(2_000))
    pair.schedule.run_until(20.0)
    arrived = set(pair.listener.contents)
    lost = [frame not in arrived for frame in sent]
    assert 0.1 < sum(lost) / len(lost) < 0.5
    runs = sum(lost[at] and not lost[at - 1] for at in range(1, len(lost)))
    assert sum(lost) / runs > 4.0, "independent losses come 1.4 in a row"


def test_reliable_frames_of_a_link_with_bursts_all_come_in_order_by_the_time_it_says(seed: int) -> None:
    pair = Pair(LinkSettings(0.01, 0.0, loss=0.4, burst_seconds=0.3), b"reliable %d" % seed)
    sent = pair.send(Lane.COMMANDS, range(300), spacing=0.01)
    by = pair.network.delivered_by
    assert by > pair.schedule.clock.seconds
    pair.schedule.run_until(by)
    assert pair.listener.contents == sent
    assert pair.listener.frames[-1][0] == by
    assert pair.network.delivered_by == by


def test_what_a_partition_holds_back_is_not_delivered_before_it_is_let_go() -> None:
    pair = Pair()
    pair.network.partition(["caller"], 5.0)
    pair.send(Lane.COMMANDS, range(3))
    pair.schedule.run_until(2.0)
    pair.network.heal()
    by = pair.network.delivered_by
    assert by > pair.schedule.clock.seconds
    pair.schedule.run_until(2.0)
    assert pair.listener.contents == []


def test_a_connection_is_sound_until_it_is_closed_or_cut() -> None:
    pair = Pair()
    assert pair.network.is_sound(pair.number)
    pair.network.cut(pair.number)
    assert pair.listener.closed == pair.caller.closed == []
    assert not pair.network.is_sound(pair.number), "nobody knows yet, but nothing gets through"
    pair = Pair()
    pair.network.close(pair.number, "caller", 1000, "bye")
    assert not pair.network.is_sound(pair.number)
    assert not pair.network.is_sound(12_345)
    calling = pair.network.connect("caller", "listener")
    assert not pair.network.is_sound(calling), "it is not answered"
