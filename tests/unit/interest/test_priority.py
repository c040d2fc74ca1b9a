"""Order and budget: accumulators, what is overdue, buckets, what is sent again."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.interest.scenes import TICK_SECONDS, Scene
from theta.base.errors import InvalidValue
from theta.base.limits import (
    BASELINE_AGE_TICKS_MAX,
    PEERS_MAX,
    REGIONS_PER_PEER_MAX,
    STATE_BYTES_PER_SECOND,
    STATE_BYTES_PER_SECOND_MIN,
    STATE_WAIT_SECONDS_MAX,
)
from theta.interest.interest import Interest
from theta.interest.priority import OVERDUE_TICKS, RESEND_TICKS, TICKS_PER_SECOND, Budgets, Ranked, pick, rank

SLOW = STATE_BYTES_PER_SECOND_MIN


def scene_of(*distances: float, rate: int = STATE_BYTES_PER_SECOND, acknowledges: bool = True) -> Scene:
    """A peer at the origin with an entity at each distance, in cells of their own."""
    scene = Scene(acknowledges=acknowledges, metres_max=900.0)
    scene.interest.join(0, "viewer", radius=900.0, bytes_per_second=rate)
    scene.interest.look([0], [(0.0, 0.0, 0.0)])
    for slot, distance in enumerate(distances):
        scene.add(slot, (distance, 0.0, 0.0))
    return scene


def touch_all(scene: Scene, count: int) -> None:
    for slot in range(count):
        scene.touch(slot)


def test_int_13_what_is_acknowledged_is_not_sent_again_until_it_changes() -> None:
    scene = scene_of(1.0, 20.0)
    assert len(scene.tick()) == 2
    assert scene.tick() == []
    scene.touch(1)
    assert scene.tick() == [(0, scene.cell(1))]
    assert scene.tick() == []


def test_int_13_what_is_not_acknowledged_is_sent_again_after_six_ticks_or_with_news() -> None:
    scene = scene_of(1.0, acknowledges=False)
    sent = [scene.now for _ in range(20) if scene.tick()]
    assert sent == [1 + 1, 2 + RESEND_TICKS, 2 + 2 * RESEND_TICKS, 2 + 3 * RESEND_TICKS]
    scene.touch(0)
    assert scene.tick()
    assert not scene.tick()


def test_rep_26_nothing_waits_for_who_is_suspended() -> None:
    scene = scene_of(1.0)
    scene.interest.update()
    suspended = np.zeros(PEERS_MAX, np.bool_)
    suspended[0] = True
    changed = np.full(scene.interest.grid.cells.count, scene.now, np.int64)
    assert len(scene.interest.rank(changed, suspended).rows) == 0
    assert scene.interest.pairs.accumulators.tolist() == [0.0]
    assert len(scene.interest.rank(changed, ~suspended).rows) == 1


def test_int_13_ages_count_from_the_acknowledged_tick() -> None:
    scene = scene_of(1.0, acknowledges=False)
    scene.tick()
    interest, row = scene.interest, np.array([0])
    assert interest.ages(row).tolist() == [0]
    interest.pairs.acknowledge([0], [scene.cell(0)], [1])
    assert interest.ages(row).tolist() == [1]
    interest.pairs.acknowledge([0, 5], [scene.cell(0), 77], [0, 1])
    assert interest.ages(row).tolist() == [1], "an older one does not take it back, an unknown pair is passed over"
    while scene.now < 1 + BASELINE_AGE_TICKS_MAX:
        scene.tick()
    assert interest.ages(row).tolist() == [BASELINE_AGE_TICKS_MAX]
    scene.tick()
    assert interest.ages(row).tolist() == [0]
    interest.pairs.acknowledge([0], [scene.cell(0)], [scene.now - 1])
    interest.pairs.forget([0], [scene.cell(0)])
    assert interest.ages(row).tolist() == [0]
    assert scene.tick() == [(0, scene.cell(0))], "a cell that went wrong is sent from nothing"


def test_int_13_an_acknowledgement_from_before_the_pair_is_ignored() -> None:
    scene = scene_of(1.0)
    scene.interest.regions.join(0, (0,), 10.0)
    scene.tick()
    cell = scene.cell(0)
    scene.interest.look([0], [(300.0, 0.0, 0.0)])
    scene.tick()
    assert not len(scene.interest.pairs)
    scene.interest.look([0], [(0.0, 0.0, 0.0)])
    scene.acknowledges = False
    scene.tick()
    scene.interest.pairs.acknowledge([0], [cell], [2])
    assert scene.interest.ages(np.array([0])).tolist() == [0]
    scene.interest.pairs.acknowledge([0], [cell], [scene.now - 1])
    assert scene.interest.ages(np.array([0])).tolist() == [1]


def test_int_14_weights_are_as_stated() -> None:
    scene = scene_of(0.0, 4.0, 12.0)
    scene.add(3, (28.0, 0.0, 0.0), size=3.0)
    scene.add(4, (60.0, 0.0, 0.0))
    scene.add(5, None)
    touch_all(scene, 6)
    scene.interest.select(0, [2])
    scene.interest.update()
    pairs = scene.interest.pairs

    def weights() -> list[float]:
        scene.interest.rank(scene.changed())
        return [float(pairs.weights[scene.row(0, scene.cell(slot))]) for slot in range(6)]

    assert weights() == [1.0, 0.5, 2.0, 0.5, 1.0 / 16.0, 1.0]
    scene.interest.own(0, [4])
    scene.interest.update()
    assert weights()[4] == 1.0, "an own one far away counts as near"
    scene.interest.select(0, [])
    scene.begin_tick()
    scene.touch(1)
    assert weights()[:3] == [4.0, 0.5, 1.0], "what came to rest must arrive"


def test_int_15_nearest_and_selected_go_first() -> None:
    scene = scene_of(40.0, 8.0, 20.0, 1.0)
    scene.interest.select(0, [0])
    order = [cell for _, cell in scene.tick()]
    assert order == [scene.cell(slot) for slot in (3, 0, 1, 2)]
    scene.interest.select(0, [])
    touch_all(scene, 4)
    assert [cell for _, cell in scene.tick()] == [scene.cell(slot) for slot in (3, 1, 2, 0)]


def test_int_15_nothing_slips_past_what_does_not_fit() -> None:
    ranked = Ranked(np.arange(6), np.array([0, 0, 0, 1, 1, 1]))
    tokens, bursts = np.array([100.0, 100.0]), np.array([500.0, 500.0])
    chosen = pick(ranked, [60, 50, 10, 10, 90, 1], tokens, bursts)
    assert chosen.tolist() == [True, False, False, True, True, False]
    assert pick(ranked, [0, 100, 0, 101, 0, 0], tokens, bursts).tolist() == [True, True, True, False, False, False]
    assert pick(Ranked(np.arange(0), np.arange(0)), [], tokens, bursts).tolist() == []


def test_int_15_a_section_larger_than_the_bucket_goes_alone_and_is_paid_off() -> None:
    scene = scene_of(1.0, 30.0, rate=SLOW)
    burst = float(scene.interest.budgets.bursts[0])
    large = int(3 * burst)
    assert scene.tick(large) == [(0, scene.cell(0))]
    tokens = scene.interest.budgets.tokens
    assert tokens[0] < 0.0
    waited = 0
    while not (sent := scene.tick(large)):
        touch_all(scene, 2)
        waited += 1
        assert tokens[0] <= burst
    assert sent == [(0, scene.cell(1))]
    assert waited == pytest.approx(large / (SLOW - burst) * TICKS_PER_SECOND, abs=2)


def test_int_16_what_has_waited_long_goes_first_the_longest_wait_first() -> None:
    scene = scene_of(1.0, 50.0, 60.0)
    scene.interest.update()
    scene.interest.rank(scene.changed())
    pairs = scene.interest.pairs
    rows = [scene.row(0, scene.cell(slot)) for slot in range(3)]
    now = scene.now + 100
    pairs.waiting[rows] = [now - OVERDUE_TICKS + 1, now - OVERDUE_TICKS, now - OVERDUE_TICKS - 1]
    pairs.accumulators[rows] = [1e6, 2.0, 1.0]
    assert rank(pairs, now).rows.tolist() == [rows[2], rows[1], rows[0]]


@pytest.mark.parametrize("peers", [5, 100])
def test_int_16_nobody_in_a_crowd_is_starved(peers: int) -> None:
    """All within 20 m of each other, all moving, 64 KB a second each: what is sent, in which order, and how soon."""
    seed = 20260817
    print(f"seed {seed}")
    generator = np.random.default_rng(seed)
    interest = Interest()
    interest.advance(1, TICK_SECONDS)
    angles, radii = generator.uniform(0, 2 * np.pi, peers), 10.0 * np.sqrt(generator.uniform(0, 1, peers))
    positions = np.column_stack((radii * np.cos(angles), np.zeros(peers), radii * np.sin(angles)))
    slots = np.arange(peers)
    interest.enter(slots, positions)
    for peer in range(peers):
        interest.join(peer, "viewer", radius=20.0)
        interest.own(peer, [peer])
        interest.select(peer, [(peer + peers // 2) % peers])
    spent = np.zeros((120, peers))
    last: dict[int, int] = {}
    waits: dict[int, list[int]] = {}
    for tick in range(2, 122):
        positions[:, [0, 2]] += generator.normal(0.0, 0.02, (peers, 2))
        interest.advance(tick, TICK_SECONDS)
        interest.look(slots, positions)
        interest.move(slots, positions)
        interest.update()
        pairs = interest.pairs
        changed = np.zeros(interest.grid.cells.count, np.int64)
        changed[interest.grid.cells_of(0, slots)] = tick
        ranked = interest.rank(changed)
        lengths = 60 * interest.grid.cells.occupied[pairs.cells[ranked.rows]]
        picked = interest.pick(ranked, lengths)
        np.add.at(spent[tick - 2], ranked.peers[picked], lengths[picked])
        sent = ranked.rows[picked]
        for key in pairs.keys[sent].tolist():
            waits.setdefault(key, []).append(tick - last.get(key, 1))
            last[key] = tick
        pairs.acknowledge(pairs.peers[sent], pairs.cells[sent], np.full(len(sent), tick))
        assert (interest.budgets.tokens >= 0.0).all()
    windows = np.cumsum(np.vstack((np.zeros(peers), spent)), axis=0)
    assert (windows[30:] - windows[:-30]).max() <= STATE_BYTES_PER_SECOND
    longest = max(max(each) for each in waits.values())
    assert longest <= STATE_WAIT_SECONDS_MAX * TICKS_PER_SECOND
    assert all(
        121 - tick <= STATE_WAIT_SECONDS_MAX * TICKS_PER_SECOND for key, tick in last.items() if key in pairs.keys
    )
    if peers == 100:
        assert (windows[-1] - windows[60]).min() > 0.85 * STATE_BYTES_PER_SECOND * 2, "there was more than fits"
        _check_order(interest, waits)


def _check_order(interest: Interest, waits: dict[int, list[int]]) -> None:
    pairs = interest.pairs
    steady = np.array([np.mean(waits[key][1:]) for key in pairs.keys.tolist()])
    selected = interest.pairs.weights >= 8.0 / (1.0 + 20.0 / 4.0)
    near, far = pairs.distances < 2.0, pairs.distances > 12.0
    assert steady[near & ~selected].mean() < 0.5 * steady[far & ~selected].mean()
    assert steady[far & selected].mean() < 0.7 * steady[far & ~selected].mean()


def test_int_17_no_second_holds_more_than_the_rate_on_all_channels() -> None:
    generator = np.random.default_rng(1)
    budgets = Budgets()
    budgets.set_rate(3, 20_000)
    times, sizes = [], []
    now = 0.0
    for _ in range(3_000):
        step = float(generator.choice([0.0, 0.001, 0.03, 0.1]))
        now += step
        budgets.advance(step)
        size = int(generator.integers(0, 1_500))
        if size <= budgets.tokens[3]:
            budgets.spend([3], [size])
            times.append(now)
            sizes.append(size)
    at, total = np.array(times), np.concatenate(([0], np.cumsum(sizes)))
    ends = at.searchsorted(at + 1.0)
    windows = total[ends] - total[: len(at)]
    assert 0.7 * 20_000 < windows.max() <= 20_000
    assert budgets.tokens[2] == budgets.bursts[2] == STATE_BYTES_PER_SECOND / 16


def test_int_17_another_role_fills_no_bucket() -> None:
    scene = scene_of(1.0)
    tokens = scene.interest.budgets.tokens
    scene.interest.budgets.spend([0], [4_000])
    before = tokens[0]
    scene.interest.join(0, "editor", bytes_per_second=2 * STATE_BYTES_PER_SECOND)
    assert tokens[0] == before
    scene.interest.join(0, "editor", bytes_per_second=SLOW)
    assert tokens[0] == min(before, scene.interest.budgets.bursts[0])


def test_a_shortlist_leaves_out_only_what_cannot_fit() -> None:
    scene = scene_of(*(3.4 * at for at in range(60)), rate=SLOW)
    scene.interest.update()
    ranked = scene.interest.rank(scene.changed())
    short = scene.interest.shortlist(ranked, np.full(60, 100))
    assert short.rows.tolist() == ranked.rows[: len(short.rows)].tolist()
    assert len(short.rows) == int(2 * scene.interest.budgets.tokens[0] // 100)
    assert scene.interest.budgets.tokens[0] == scene.interest.budgets.bursts[0], "nothing is paid yet"


def test_changes_may_be_told_for_fewer_or_more_cells_than_there_are() -> None:
    scene = scene_of(1.0, 20.0)
    scene.tick()
    scene.interest.update()
    assert len(scene.interest.rank([scene.now]).rows) == 1
    assert len(scene.interest.rank([scene.now] * 500).rows) == 2


@pytest.mark.parametrize("number", range(16))
def test_int_19_peers_regions_and_budgets_out_of_limits_change_nothing(number: int) -> None:
    scene = scene_of(1.0)
    interest, regions = scene.interest, scene.interest.regions
    region = regions.subscribe(0, (0.0, 0.0, 0.0), 5.0)
    calls: list[Callable[[], object]] = [
        lambda: interest.join(PEERS_MAX, "viewer"),
        lambda: interest.join(-1, "viewer"),
        lambda: interest.join(1, "viewer", radius=0.0),
        lambda: interest.join(1, "viewer", bytes_per_second=SLOW - 1),
        lambda: interest.part(1),
        lambda: interest.look([1], [(0.0, 0.0, 0.0)]),
        lambda: interest.look([PEERS_MAX], [(0.0, 0.0, 0.0)]),
        lambda: interest.look([0], [(0.0, float("nan"), 0.0)]),
        lambda: regions.subscribe(0, (0.0, 0.0, float("inf")), 5.0),
        lambda: regions.subscribe(0, (0.0, 0.0, 0.0), 1e9),
        lambda: regions.unsubscribe(0, region + 1),
        lambda: regions.unsubscribe(0, REGIONS_PER_PEER_MAX + 1),
        lambda: interest.enter([5], [(0.0, 0.0, 0.0)], "owner"),
        lambda: interest.own(7, [1]),
        lambda: interest.select(0, [-1]),
        lambda: interest.budgets.set_rate(0, 1),
    ]
    before = regions.balls
    with pytest.raises(InvalidValue):
        calls[number]()
    for then, now in zip(before, regions.balls, strict=True):
        assert (then == now).all()
    assert regions.sees.sum() == 1
