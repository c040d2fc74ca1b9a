"""What the demo's builders do, before anybody does it: everything once, in an order that cannot lock up."""

import pytest

from theta.base.limits import CHAT_BURST_MAX, CHAT_CHARACTERS_MAX
from theta.cli.demo.script import Beat, BringBack, Make, Paint, Part, Say, Shape, TakeBack, plan_parts
from theta.session.colours import PALETTE, colour_for

SEEDS = range(12)


def beats_of(parts: tuple[Part, ...]) -> list[Beat]:
    return [beat for part in parts for beat in part.beats]


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_waits_for_ever(seed: int) -> None:
    waiting = [list(part.beats) for part in plan_parts(seed)]
    over: set[str] = set()
    while any(waiting):
        ready = [beats for beats in waiting if beats and over.issuperset(beats[0].after)]
        assert ready, f"all wait: {[beats[0] for beats in waiting if beats]}"
        for beats in ready:
            over.add(beats.pop(0).key)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_thing_is_made_once_and_before_it_is_worked_on(seed: int) -> None:
    parts = plan_parts(seed)
    keys = [beat.key for beat in beats_of(parts) if beat.key]
    assert len(set(keys)) == len(keys)
    for part in parts:
        made: list[str] = []
        for beat in part.beats:
            if isinstance(beat.action, Make):
                assert beat.action.thing.name not in made
                made.append(beat.action.thing.name)
            elif isinstance(beat.action, Shape):
                assert beat.action.thing.name in made


@pytest.mark.parametrize("seed", SEEDS)
def test_they_undo_redo_and_replace(seed: int) -> None:
    beats = beats_of(plan_parts(seed))
    acts = {beat.key: beat.action for beat in beats if beat.key}
    undone = [beat for beat in beats if isinstance(beat.action, TakeBack)]
    assert len(undone) == 2
    for beat in undone:
        assert isinstance(beat.action, TakeBack)
        assert isinstance(acts[beat.action.key], Paint | Shape)
    (redone,) = [beat.action for beat in beats if isinstance(beat.action, BringBack)]
    assert isinstance(acts[redone.key], TakeBack)
    assert len({beat.action.colour for beat in beats if isinstance(beat.action, Paint)}) == 2


def test_what_they_say_is_short_and_not_too_much() -> None:
    for part in plan_parts(1):
        said = [beat.action.text for beat in part.beats if isinstance(beat.action, Say)]
        assert 2 <= len(said) <= CHAT_BURST_MAX / 2, "hurried, it must fit one burst, and a greeting or two"
        assert all(len(text) < 90 < CHAT_CHARACTERS_MAX for text in said)


def test_the_schedule_fills_the_time_it_is_given() -> None:
    for part in plan_parts(1):
        ends = [end for _, end in part.schedule(90.0)]
        assert ends == sorted(ends)
        assert ends[0] > 0.0
        assert ends[-1] == pytest.approx(90.0)
        assert [end / 9.0 for end in ends] == pytest.approx([end for _, end in part.schedule(10.0)])


@pytest.mark.parametrize("seed", SEEDS)
def test_who_they_are_follows_from_the_seed(seed: int) -> None:
    parts = plan_parts(seed)
    assert [part.name for part in parts] == ["Ada", "Grace", "Linus"]
    again = plan_parts(seed)
    assert [part.identity.public_key for part in parts] == [part.identity.public_key for part in again]
    assert [part.instance for part in parts] == [part.instance for part in again]
    assert [part.beats for part in parts] == [part.beats for part in again]
    taken: list[int] = []
    for part in parts:
        taken.append(colour_for(part.identity.public_key, taken))
    assert taken == [PALETTE[0], PALETTE[4], PALETTE[1]]


def test_seeds_are_other_people() -> None:
    keys = {part.identity.public_key for seed in SEEDS for part in plan_parts(seed)}
    assert len(keys) == 3 * len(SEEDS)
