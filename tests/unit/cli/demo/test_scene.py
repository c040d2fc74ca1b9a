"""The demo's scene holds for every seed: nothing overlaps by accident, hangs in the air, or stands in the way."""

from itertools import combinations, pairwise

import pytest

from theta.base.randomness import Randomness
from theta.cli.demo.motion import along
from theta.cli.demo.scene import COLOURS, Pull, Scene, Shift, Thing, plan_scene
from theta.editor.vocabulary import check_name

SEEDS = range(12)
TOUCH_METRES = 1e-6
NEAR_METRES = 0.006
BODY_METRES = 0.2


def scene_of(seed: int) -> Scene:
    return plan_scene(Randomness(f"test {seed}".encode()))


def bounds_of(thing: Thing) -> tuple[list[float], list[float]]:
    """The box around a thing in the end, the box of its turned self where it is turned."""
    half = [extent / 2.0 for extent in thing.size]
    if thing.kind == "plane":
        half[1] = 0.0
    low = [middle - extent for middle, extent in zip(thing.at, half, strict=True)]
    high = [middle + extent for middle, extent in zip(thing.at, half, strict=True)]
    for shaping in thing.shaping:
        match shaping:
            case Pull(direction, metres):
                low = [a + min(0.0, way * metres) for a, way in zip(low, direction, strict=True)]
                high = [a + max(0.0, way * metres) for a, way in zip(high, direction, strict=True)]
            case Shift(_, offset):
                low = [a + min(0.0, way) for a, way in zip(low, offset, strict=True)]
                high = [a + max(0.0, way) for a, way in zip(high, offset, strict=True)]
    _, sine, _, cosine = thing.rotation
    turned = abs(2.0 * sine * cosine)
    straight = abs(cosine * cosine - sine * sine)
    x, z = (high[0] - low[0]) / 2.0, (high[2] - low[2]) / 2.0
    wide, deep = straight * x + turned * z, turned * x + straight * z
    middle_x, middle_z = (high[0] + low[0]) / 2.0, (high[2] + low[2]) / 2.0
    return [middle_x - wide, low[1], middle_z - deep], [middle_x + wide, high[1], middle_z + deep]


def overlap(a: Thing, b: Thing, metres: float = TOUCH_METRES) -> bool:
    """Whether they go into each other by more than that; below 0: whether they are that near."""
    (a_low, a_high), (b_low, b_high) = bounds_of(a), bounds_of(b)
    return all(min(a_high[k], b_high[k]) - max(a_low[k], b_low[k]) > metres for k in range(3))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_overlaps_by_accident(seed: int) -> None:
    for a, b in combinations(scene_of(seed).everything, 2):
        if b.name in a.touches or a.name in b.touches:
            continue
        assert not overlap(a, b), f"{a.name} and {b.name} (seed {seed})"


def test_the_overlap_check_can_fail() -> None:
    door = next(thing for thing in scene_of(1).everything if thing.name == "door")
    assert overlap(door, door)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_rests_on_something(seed: int) -> None:
    everything = scene_of(seed).everything
    for thing in everything:
        others = (other for other in everything if other is not thing)
        held = bounds_of(thing)[0][1] <= TOUCH_METRES or any(overlap(thing, other, -NEAR_METRES) for other in others)
        assert held, f"{thing.name} hangs in the air (seed {seed})"


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_a_small_scene_at_human_scale(seed: int) -> None:
    scene = scene_of(seed)
    boxes = [bounds_of(thing) for thing in scene.everything]
    assert 25 <= len(boxes) <= 40
    assert min(low[1] for low, _ in boxes) >= -TOUCH_METRES
    assert 2.5 < max(high[1] for _, high in boxes) < 4.5
    assert all(low[k] > -4.0 and high[k] < 4.0 for low, high in boxes for k in (0, 2)), "near where newcomers stand"
    door = next(thing for thing in scene.everything if thing.name == "door")
    assert 1.8 < door.size[1] < 2.1


@pytest.mark.parametrize("seed", SEEDS)
def test_builders_stand_and_walk_beside_things(seed: int) -> None:
    scene = scene_of(seed)
    boxes = [(thing.name, bounds_of(thing)) for thing in scene.everything]
    # One steps over what is low, and walks under what is high.
    walls = [(name, box) for name, box in boxes if box[1][1] > 0.3 and box[0][1] < 1.85]
    for things in (scene.cottage, scene.garden, scene.yard):
        for before, thing in pairwise(things):
            for step in range(41):
                x, z = along((before.stand, *thing.via, thing.stand), step / 40)
                for other, (low, high) in walls:
                    inside = low[0] - BODY_METRES < x < high[0] + BODY_METRES
                    inside = inside and low[2] - BODY_METRES < z < high[2] + BODY_METRES
                    assert not inside, f"from {before.name} to {thing.name} through {other} (seed {seed})"


def test_the_seed_decides() -> None:
    assert scene_of(3) == scene_of(3)
    assert len({scene_of(seed).everything for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_names_are_plain_and_unique_and_colours_exist(seed: int) -> None:
    scene = scene_of(seed)
    names = [thing.name for thing in scene.everything]
    assert len(set(names)) == len(names)
    for thing in scene.everything:
        check_name(thing.name)
        assert thing.colour in COLOURS
        assert set(thing.touches) <= set(names)
    assert scene.door_colour in COLOURS
