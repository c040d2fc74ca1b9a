"""Values that wait for the tick."""

import numpy as np

from tests.support.state_owning import COMPONENTS, NUMBERS, values
from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.node.state_values import TakenValues
from theta.replication.receiving import Written
from theta.replication.standard import Pose

ENTITIES = 40
STEPS = 1_000


def test_rep_77_only_the_newest_values_are_kept_however_long_the_tick_is_in_coming() -> None:
    world = World()
    entities = world.spawn_many(ENTITIES, Pose((0.0, 0.0, 0.0)))
    taken = TakenValues(world, COMPONENTS)
    first = values(entities.tolist(), *[Pose((0.0, 0.0, 0.0))] * ENTITIES)
    step_lanes = round(1.0 / 0.004)
    most = 0
    for step in range(1, STEPS + 1):
        # Each time half of them move on, by a metre.
        some = np.flatnonzero(np.arange(ENTITIES) % 2 == step % 2)
        lanes = first.lanes[some].copy()
        lanes[:, 0] = step * step_lanes
        taken.put({NUMBERS[Pose]: Written(entities[some], lanes, ())})
        most = max(most, taken.waiting)
    assert 2 * most < ENTITIES * STEPS // 2, "they do not pile up"
    taken.write()
    assert taken.waiting == 0
    found = [round(world.read(Entity(each), Pose).translation[0]) for each in entities.tolist()]
    assert found == [STEPS - place % 2 for place in range(ENTITIES)]
    assert taken.counts["written"] == ENTITIES
