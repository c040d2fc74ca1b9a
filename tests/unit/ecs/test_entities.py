from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.errors import UsageError
from theta.ecs.entities import Entity, EntityAllocator, generation_of, index_of, slots_of
from theta.ecs.errors import EntitiesExhausted


def test_ids_are_index_and_generation() -> None:
    allocator = EntityAllocator()
    first, second = allocator.allocate(), allocator.allocate()
    assert (index_of(first), generation_of(first)) == (0, 1)
    assert (index_of(second), generation_of(second)) == (1, 1)
    assert Entity(0) not in (first, second)
    assert allocator.live == 2


def test_a_slot_comes_back_with_the_next_generation() -> None:
    allocator = EntityAllocator()
    first = allocator.allocate()
    allocator.release(first)
    second = allocator.allocate()
    assert index_of(second) == index_of(first)
    assert generation_of(second) == generation_of(first) + 1


def test_no_id_is_given_out_twice() -> None:
    allocator = EntityAllocator(entities_max=4)
    seen: set[Entity] = set()
    for turn in range(100):
        out = [allocator.allocate() for _ in range(1 + turn % 4)]
        assert seen.isdisjoint(out)
        seen.update(out)
        for entity in out[:: -1 if turn % 2 else 1]:
            allocator.release(entity)
    assert allocator.live == 0


def test_only_so_many_may_live() -> None:
    allocator = EntityAllocator(entities_max=2)
    first, _ = allocator.allocate(), allocator.allocate()
    with pytest.raises(EntitiesExhausted, match="there are 2 entities"):
        allocator.allocate()
    assert allocator.live == 2
    allocator.release(first)
    allocator.allocate()


def test_a_slot_without_generations_left_is_retired() -> None:
    allocator = EntityAllocator(generation_max=2, index_max=1)
    given = []
    for _ in range(4):
        given.append(allocator.allocate())
        allocator.release(given[-1])
    assert [(index_of(entity), generation_of(entity)) for entity in given] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    with pytest.raises(EntitiesExhausted, match="every entity id has been used") as caught:
        allocator.allocate()
    assert isinstance(caught.value, UsageError)
    assert allocator.live == 0


def test_ecs_1_exhaustion_gives_out_nothing() -> None:
    allocator = EntityAllocator(entities_max=5, generation_max=2, index_max=2)
    first = allocator.allocate_many(2)
    with pytest.raises(EntitiesExhausted):
        allocator.allocate_many(2)
    assert allocator.live == 2
    assert allocator.allocate() == (1 << 32 | 2)
    allocator.release_many(first)
    with pytest.raises(EntitiesExhausted):
        allocator.allocate_many(5)
    assert allocator.allocate_many(2).tolist() == [2 << 32 | 1, 2 << 32]
    assert allocator.slots == 3


def test_slots_of_many_entities() -> None:
    assert slots_of(np.array([5 << 32 | 7, 1 << 32], np.uint64)).tolist() == [7, 0]


verbs = st.lists(st.tuples(st.sampled_from(["take", "give"]), st.integers(1, 6), st.integers(0, 99)), max_size=40)


def left_in(allocator: EntityAllocator, count: int) -> Iterator[int]:
    for _ in range(count):
        try:
            yield allocator.allocate()
        except EntitiesExhausted:
            return


@given(verbs)
def test_ecs_1_an_id_is_given_out_once_one_by_one_or_in_bulk(script: list[tuple[str, int, int]]) -> None:
    """Two allocators, one asked for many at once and one for each: the same ids, and none twice."""
    bulk, single = (EntityAllocator(entities_max=20, generation_max=3, index_max=15) for _ in range(2))
    out: list[int] = []
    seen: set[int] = set()
    for verb, count, pick in script:
        if verb == "take":
            try:
                given_out = bulk.allocate_many(count).tolist()
            except EntitiesExhausted:
                # The single one gives what is left; the other gave nothing, and has as many.
                room = single.live
                taken = list(left_in(single, count))
                assert len(taken) < count
                assert bulk.live == room
                assert bulk.allocate_many(len(taken)).tolist() == taken
                assert seen.isdisjoint(taken)
                seen |= set(taken)
                out += taken
                continue
            assert given_out == [single.allocate() for _ in range(count)]
            assert seen.isdisjoint(given_out)
            seen |= set(given_out)
            out += given_out
        elif out:
            back = [out.pop(pick % len(out)) for _ in range(min(count, len(out)))]
            bulk.release_many(np.array(back, np.uint64))
            for entity in back:
                single.release(Entity(entity))
        assert bulk.live == single.live == len(out)
