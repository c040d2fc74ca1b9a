import pytest

from theta.base.errors import UsageError
from theta.ecs.entities import Entity, EntityAllocator, generation_of, index_of
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
