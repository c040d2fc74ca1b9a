"""Divergence: found by the hashes of a cell, named, and healed by telling the cell from nothing."""

from random import Random

import pytest

from tests.unit.replication.state_worlds import Pose
from tests.unit.replication.test_state_snapshots import scene_of
from theta.base.errors import ProtocolError
from theta.replication.cell_hashes import HashRound, compare_hashes, hash_of
from theta.replication.cells import Rows
from theta.wire.state_messages import CellHash


def test_rep_24_equal_cells_have_equal_hashes_at_every_tick() -> None:
    scene = scene_of(60)
    scene.tell(0)
    told = [hash_of(cell, scene.receiver.state(cell)) for cell in scene.receiver.cells]
    assert compare_hashes(scene.history, told) == []
    random = Random(1)
    for _ in range(30):
        for rows in scene.world.query_mut(Pose):
            rows.columns[0]["metres"] += random.random()
        scene.step()
        assert compare_hashes(scene.history, told) == [], "compared with what was then"
    for _ in range(100):
        scene.step()
    assert compare_hashes(scene.history, told) == [], "what the history does not reach is passed over"


def test_rep_24_a_difference_names_cell_and_component_and_is_healed() -> None:
    scene = scene_of(60)
    scene.tell(0)
    state = scene.receiver.state(2)
    rows = state.components[2]
    lanes = rows.lanes.copy()
    lanes[5, 0] += 1
    scene.receiver._states[2] = [
        state._replace(components={**state.components, 2: Rows(rows.present, lanes, rows.objects)})
    ]
    message = HashRound().hashes(scene.receiver)
    (found,) = compare_hashes(scene.history, message.hashes)
    assert (found.cell, found.tick, found.components) == (2, scene.tick, ("test.state.Motion",))
    scene.step()
    scene.tell(0)
    assert compare_hashes(scene.history, [hash_of(2, scene.receiver.state(2))]) == []


def test_rep_24_who_is_in_a_cell_is_compared_too() -> None:
    scene = scene_of(20)
    scene.tell(0)
    state = scene.receiver.state(1)
    entities = state.entities.copy()
    entities[3] += 1
    (found,) = compare_hashes(scene.history, [hash_of(1, state._replace(entities=entities))])
    assert found.components == ("theta.Entity",)


def test_rep_24_every_cell_has_its_turn() -> None:
    scene = scene_of(16 * 20)
    scene.tell(0)
    turns = HashRound()
    seen = [each.cell for _ in range(3) for each in turns.hashes(scene.receiver).hashes]
    assert len(seen) == 24
    cells = sorted(scene.receiver.cells)
    assert seen == (cells * 2)[:24]


@pytest.mark.parametrize("digests", [b"123", b"\xff\xff12345678"])
def test_rep_24_hashes_that_are_none_are_refused(digests: bytes) -> None:
    scene = scene_of(20)
    with pytest.raises(ProtocolError):
        compare_hashes(scene.history, [CellHash(0, scene.tick, digests)])
    assert compare_hashes(scene.history, [CellHash(1 << 20, scene.tick, b"")]) == []
