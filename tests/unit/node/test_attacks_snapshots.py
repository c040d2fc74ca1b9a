"""Attacks on newcomers who begin with a checkpoint: what it was made beside reaches below it."""

import pytest

from tests.support.pump import agree, cube
from tests.unit.node.test_snapshots import WITH_SNAPSHOT, StoredPump
from theta.base.identifiers import entity_id
from theta.editor.vocabulary import Rename, SetEffectiveV2
from theta.node import checkpoint_schedule, snapshots
from theta.node.checkpoint_frames import read_frames
from theta.node.drafting import read_header
from theta.node.peer import Peer
from theta.wire.messages import GestureName


def _busy(pump: StoredPump, peer: Peer, count: int) -> None:
    entity = peer.replica.document.entities()[0]
    for number in range(count):
        peer.perform(pump.now, [Rename(entity, f"name {number}")])
        if number % 10 == 9:
            pump.advance(0.15)


def test_wire_41_an_undo_that_was_admitted_while_the_checkpoint_was_made_locks_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", 600)
    monkeypatch.setattr(snapshots, "SNAPSHOT_RECORDS_MIN", 100)
    pump = StoredPump()
    ada = pump.join("Ada")
    entity_id(ada.perform(pump.now, [cube("undone")])[0])
    ada.perform(pump.now, [cube("stays")])
    pump.pump()
    _busy(pump, ada, 450)
    assert pump.store.checkpoints() == []
    pump.is_frozen = True
    _busy(pump, ada, 260)
    ada.perform(pump.now, [SetEffectiveV2([GestureName(ada.actor, 1)], False, [])])
    pump.pump()
    pump.thaw()
    pump.advance(1.0)
    (checkpoint,) = pump.store.checkpoints()
    header = read_header(next(read_frames(pump.store.read_checkpoint(checkpoint))).data)
    assert header.folded < header.seq, "the undo is in the log that it stands at, and not in its fold"
    assert pump.room.replica.document.entity_count == 1
    late = pump.peer("Late", capabilities=WITH_SNAPSHOT)
    pump.connect(late)
    pump.advance(1.0)
    assert late.is_joined
    agree(pump, ada, late)
    pump.restart()
    assert pump.room.replica.document.entity_count == 1
