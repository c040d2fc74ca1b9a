"""Why something was or was not sent."""

import numpy as np
import pytest

from tests.unit.interest.scenes import Scene
from theta.base.errors import InvalidValue
from theta.interest.explain import Explanation


def scene_with_peers(*, acknowledges: bool = True) -> Scene:
    scene = Scene(acknowledges=acknowledges)
    scene.interest.join(0, "editor")
    scene.interest.join(1, "viewer")
    scene.interest.look([0], [(0.0, 0.0, 0.0)])
    return scene


def test_int_18_a_relevant_entity_is_explained_from_its_coming_to_its_acknowledgement() -> None:
    scene = scene_with_peers(acknowledges=False)
    scene.add(1, (0.0, 3.0, 4.0))
    scene.interest.select(0, [1])
    scene.interest.update()
    scene.interest.rank(scene.changed())
    found = scene.interest.explain(0, 1)
    assert found == Explanation(
        peer=0,
        slot=1,
        scope="",
        cell=0,
        index=0,
        relevant=True,
        reasons=("within the radius",),
        distance_metres=5.0,
        radius_metres=10.0,
        selected=True,
        accumulator=float(np.float32(8 / 2.25)),
        weight=float(np.float32(8 / 2.25)),
        sent_tick=0,
        acknowledged_tick=0,
        changed_tick=1,
        waited_ticks=0,
        waits_for="budget",
    )
    scene.tick()
    found = scene.interest.explain(0, 1)
    assert (found.sent_tick, found.accumulator, found.waits_for) == (1, 0.0, "baseline")
    scene.interest.pairs.acknowledge([0], [0], [1])
    assert scene.interest.explain(0, 1).waits_for == "nothing"
    scene.interest.select(0, [])
    assert "each tick\n" in str(scene.interest.explain(0, 1))
    scene.interest.select(0, [1])
    scene.touch(1)
    scene.tick()
    found = scene.interest.explain(0, 1)
    assert (found.changed_tick, found.acknowledged_tick, found.waits_for) == (2, 1, "acknowledgement")
    assert str(found) == (
        "entity 1 is relevant to peer 0: within the radius\n"
        "place: cell 0, index 0\n"
        "distance: 5.00 m of 10.00 m\n"
        "priority: 0.000, 3.556 more each tick, selected\n"
        "cell: changed in tick 2, sent in tick 2, acknowledged of tick 1\n"
        "waits for: acknowledgement"
    )


def test_int_18_waiting_for_the_budget_is_counted() -> None:
    scene = scene_with_peers()
    scene.add(1, (5.0, 0.0, 0.0))
    scene.interest.budgets.tokens[0] = -1e6
    for _ in range(4):
        scene.tick()
    found = scene.interest.explain(0, 1)
    assert (found.waits_for, found.waited_ticks, found.sent_tick) == ("budget", 4, 0)
    assert str(found).endswith("never sent, never acknowledged\nwaits for: budget, for 4 ticks")


def test_int_18_every_reason_has_words() -> None:
    scene = scene_with_peers(acknowledges=False)
    scene.add(1, (9.9, 0.0, 0.0))
    scene.add(2, None, "editor")
    scene.add(3, (100.0, 0.0, 0.0))
    scene.add(4, (9.8, 0.0, 0.0))
    scene.interest.own(0, [3])
    scene.interest.regions.subscribe(0, (101.0, 0.0, 0.0), 5.0)
    scene.tick()
    assert scene.interest.explain(0, 3).reasons == ("within a region that it subscribed to", "its own")
    placeless = scene.interest.explain(0, 2, "editor")
    assert placeless.reasons == ("without a position",)
    assert placeless.distance_metres is None
    assert str(placeless).startswith('entity 2 is relevant to peer 0 in scope "editor": without a position\nplace: ')
    scene.move(1, (10.5, 0.0, 0.0))
    scene.move(4, (5.0, 0.0, 0.0))
    scene.tick()
    assert scene.interest.explain(0, 1).reasons == ("within the leave radius",)
    scene.interest.look([0], [(-5.0, 0.0, 0.0)])
    scene.tick()
    assert scene.interest.explain(0, 1).reasons == ("out of reach, until it knows who left",)


def test_int_18_what_is_not_relevant_is_explained_as_well() -> None:
    scene = scene_with_peers()
    scene.add(1, (30.0, 0.0, 40.0))
    scene.add(2, (1.0, 0.0, 0.0), "editor")
    scene.tick()
    found = scene.interest.explain(0, 1)
    assert (found.relevant, found.waits_for, found.distance_metres) == (False, "relevance", 50.0)
    assert str(found) == (
        "entity 1 is not relevant to peer 0: 50.00 m away, beyond 10.00 m, in no region and not its own\n"
        "place: cell 0, index 0\n"
        "distance: 50.00 m of 10.00 m\n"
        "waits for: relevance"
    )
    assert scene.interest.explain(0, 2).reasons == ("it has no place in this scope",)
    assert scene.interest.explain(0, 9_999).cell == -1
    assert scene.interest.explain(1, 2, "editor").reasons == ("the peer's role is not told of this scope",)
    assert scene.interest.explain(1, 1).reasons == ("the peer looks nowhere yet",)
    scene.add(3, None)
    assert scene.interest.explain(0, 3).reasons == ("it came after the last update",)
    for peer, scope in ((2, ""), (0, "owner")):
        with pytest.raises(InvalidValue):
            scene.interest.explain(peer, 1, scope)
