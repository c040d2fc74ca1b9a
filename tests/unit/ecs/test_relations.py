import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ecs.parts import Label, Position
from theta.base.limits import RELATION_DEPTH_MAX
from theta.ecs.bulk import Batch
from theta.ecs.component import component_type
from theta.ecs.entities import Entity
from theta.ecs.errors import RelationError, UnknownEntity
from theta.ecs.relations import ChildOf, OwnedBy
from theta.ecs.world import World

HERE = Position((1.0, 2.0, 3.0))


def test_ecs_16_children_are_found_and_end_with_their_parent() -> None:
    world = World()
    table = world.spawn(HERE)
    lamp = world.spawn(ChildOf(table), HERE)
    bulb = world.spawn(ChildOf(lamp))
    cup = world.spawn(ChildOf(table))
    alone = world.spawn(HERE)
    assert world.children_of(table).tolist() == [lamp, cup]
    assert world.parent_of(bulb) == lamp
    assert world.parent_of(table) is None
    assert world.parent_of(alone) is None
    world.write(cup, ChildOf(alone))
    assert world.children_of(alone).tolist() == [cup]
    world.despawn(table)
    assert [world.contains(each) for each in (table, lamp, bulb, cup, alone)] == [False, False, False, True, True]
    world.remove(cup, ChildOf)
    world.despawn(alone)
    assert world.contains(cup)


def test_ecs_16_many_end_with_all_that_hangs_on_them() -> None:
    world = World()
    roots = world.spawn_many(3)
    leaves = world.spawn_many(6, Batch(ChildOf, parent=np.repeat(roots, 2)))
    leaf = world.spawn(ChildOf(leaves.item(5)), Label("x"))
    world.despawn_many(np.array([roots[2], leaves[4], roots[0]]))
    assert world.contains_many(roots).tolist() == [False, True, False]
    assert world.contains_many(leaves).tolist() == [False, False, True, True, False, False]
    assert not world.contains(leaf)
    assert world.entity_count == 3


def test_ecs_16_circles_and_missing_parents_are_refused() -> None:
    world = World()
    one = world.spawn()
    two = world.spawn(ChildOf(one))
    three = world.spawn(ChildOf(two))
    gone = world.spawn()
    world.despawn(gone)
    for refused in (
        lambda: world.insert(one, ChildOf(one)),
        lambda: world.insert(one, ChildOf(three)),
        lambda: world.write(two, ChildOf(three)),
        lambda: world.write_many(np.array([two], np.uint64), ChildOf(three)),
        lambda: world.query_mut(ChildOf),
    ):
        with pytest.raises(RelationError):
            refused()
    for missing in (
        lambda: world.spawn(ChildOf(gone)),
        lambda: world.write(two, ChildOf(gone)),
        lambda: world.spawn_many(2, Batch(ChildOf, parent=np.array([one, gone], np.uint64))),
    ):
        with pytest.raises(UnknownEntity):
            missing()
    assert world.entity_count == 3
    assert world.parent_of(one) is None
    assert world.parent_of(two) == one
    world.write(three, ChildOf(one))
    world.write_many(np.array([two, three], np.uint64), Batch(ChildOf, parent=np.array([three, one], np.uint64)))
    assert (world.parent_of(two), world.parent_of(three)) == (three, one)


def test_ecs_16_two_writes_at_once_that_close_a_circle_are_refused() -> None:
    world = World()
    pair = world.spawn_many(2, ChildOf(0))
    with pytest.raises(RelationError, match="its own ancestor"):
        world.write_many(pair, Batch(ChildOf, parent=pair[::-1]))
    with pytest.raises(RelationError, match="its own ancestor"):
        world.write_many(pair[1:], ChildOf(pair.item(1)))
    assert world.parent_of(Entity(pair.item(0))) is None


def test_ecs_16_a_parent_that_is_not_here_is_nobody() -> None:
    world = World()
    entity = world.spawn(ChildOf(0))
    assert world.parent_of(entity) is None
    assert world.read(entity, ChildOf) == ChildOf(0)
    world.despawn(world.spawn())
    assert world.contains(entity)


def test_ecs_16_chains_are_only_so_long() -> None:
    world = World()
    last = world.spawn()
    for _ in range(RELATION_DEPTH_MAX - 1):
        last = world.spawn(ChildOf(last))
    with pytest.raises(RelationError, match=f"more than {RELATION_DEPTH_MAX} ancestors"):
        world.spawn(ChildOf(world.spawn(ChildOf(last))))
    world.spawn(ChildOf(last))


def test_ecs_16_owners_see_what_they_own() -> None:
    world = World()
    mine = world.spawn_many(2, HERE, OwnedBy(2**64 - 1))
    world.spawn(OwnedBy(3))
    third = world.spawn(OwnedBy(2**64 - 1))
    assert world.owned_by(2**64 - 1).tolist() == [*mine.tolist(), third]
    assert world.owned_by(9).tolist() == []
    assert component_type(OwnedBy).name == "theta.OwnedBy"
    assert component_type(ChildOf).name == "theta.ChildOf"


steps = st.lists(
    st.tuples(st.sampled_from(["spawn", "attach", "end", "end many"]), st.integers(0, 99), st.integers(0, 99)),
    max_size=60,
)


def _ancestors(parents: dict[int, int], entity: int) -> list[int]:
    """The entity and everybody above it; ends with the entity again where there is a circle."""
    chain = [entity]
    while parents.get(chain[-1], 0):
        chain.append(parents[chain[-1]])
        if chain[-1] == entity:
            break
    return chain


@given(steps)
def test_ecs_16_a_forest_is_its_model(script: list[tuple[str, int, int]]) -> None:
    """Parents in a dict: what is refused closes a circle, what ends takes its descendants along, and nobody else."""
    world = World()
    parents: dict[int, int] = {}
    for verb, pick, other in script:
        living = list(parents)
        above = Entity(living[other % len(living)]) if living else Entity(0)
        if verb == "spawn" or not living:
            entity = world.spawn(*([ChildOf(above)] if other % 3 and living else []))
            parents[entity] = above if other % 3 else 0
            continue
        entity = Entity(living[pick % len(living)])
        if verb == "attach":
            attach = world.write if world.has(entity, ChildOf) else world.insert
            if entity in _ancestors(parents, above):
                with pytest.raises(RelationError):
                    attach(entity, ChildOf(above))
            else:
                attach(entity, ChildOf(above))
                parents[entity] = above
        else:
            ending = {entity} if verb == "end" else {entity, above}
            if verb == "end":
                world.despawn(entity)
            else:
                world.despawn_many(sorted(ending))
            parents = {each: up for each, up in parents.items() if not ending & set(_ancestors(parents, each))}
        assert world.entity_count == len(parents)
    for each, up in parents.items():
        assert (world.parent_of(Entity(each)) or 0) == up
        assert set(world.children_of(Entity(each)).tolist()) == {child for child, of in parents.items() if of == each}
