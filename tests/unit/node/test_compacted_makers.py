"""Who made what in a compacted room: of what was made since, the same as ever (CMD-57)."""

import pytest

from tests.support.pump import cube
from tests.unit.node.test_attacks_compacted import _compacted
from tests.unit.node.test_snapshots import StoredPump
from theta.base.errors import UnknownElement
from theta.base.identifiers import entity_id
from theta.editor.mesh_operations import ExtrudeFaceV2
from theta.editor.vocabulary import Rename
from theta.node import checkpoint_schedule
from theta.node.makers import MakerFinder
from theta.node.replica import Replica


def _faces(replica: Replica, entity: bytes) -> list[bytes]:
    mesh = replica.document.mesh(entity)
    assert mesh is not None
    return list(mesh.face_ids())


def _found(replica: Replica, entity: bytes, face: bytes) -> int | None:
    finding = MakerFinder(replica).find_slowly(entity, "face", face)
    while True:
        try:
            next(finding)
        except StopIteration as done:
            return done.value.name.number if done.value is not None else None


@pytest.mark.parametrize("is_reopened", [False, True])
def test_cmd_57_in_a_compacted_room_it_is_known_of_what_was_made_since(
    is_reopened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", 100)
    pump = StoredPump()
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    pump.drop(ada)
    pump = _compacted(pump)
    eve = pump.join("Eve")
    old = _faces(pump.room.replica, entity)
    (pulled,) = eve.perform(pump.now, [ExtrudeFaceV2(entity, old[0], 0.25)])
    for number in range(400):
        eve.perform(pump.now, [Rename(entity, f"again {number}")])
        if number % 10 == 9:
            pump.advance(0.15)
    pump.advance(3.0)
    new = set(_faces(pump.room.replica, entity)).difference(old)
    assert len(new) == 4
    if is_reopened:
        pump.restart()
        assert not pump.room.replica.fold.is_at_hand(pulled), "it lies below the checkpoint"
    replica = pump.room.replica
    for face in new:
        assert _found(replica, entity, face) == pulled.number
        assert replica.fold.who_made(entity, "face", face).name == pulled
    assert _found(replica, entity, old[1]) is None
    with pytest.raises(UnknownElement):
        replica.fold.who_made(entity, "face", old[1])
