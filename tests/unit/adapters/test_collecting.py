"""The garbage collector of a process that keeps a room."""

import gc
from collections.abc import Iterator

import pytest

from theta.adapters.collecting import MIDDLE_PASSES, YOUNG_OBJECTS, YOUNG_PASSES, settle_collector


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_is_left_alone_and_passes_come_seldom() -> None:
    gc.unfreeze()
    kept = [[each] for each in range(1_000)]
    settle_collector()
    assert gc.get_freeze_count() >= len(kept)
    assert gc.get_threshold() == (YOUNG_OBJECTS, YOUNG_PASSES, MIDDLE_PASSES)
    assert gc.isenabled()


def test_garbage_that_comes_later_is_still_found() -> None:
    settle_collector()
    passes = gc.get_stats()[0]["collections"]
    for _ in range(YOUNG_OBJECTS + 1_000):
        circle: list[object] = []
        circle.append(circle)
    assert gc.get_stats()[0]["collections"] > passes
