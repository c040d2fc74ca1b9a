"""What is exported of a document says who made its elements, whatever the room's policies are (CMD-57, CMD-83)."""

import pytest

from tests.support.pump import Pump, cube
from theta.base.identifiers import entity_id
from theta.commands.governance import Strategy
from theta.commands.governing import SetStrategy
from theta.editor.mesh_operations import SplitEdge
from theta.node.scene_copy import document_to_write


@pytest.mark.parametrize("is_undone", [False, True])
@pytest.mark.parametrize("strategy", Strategy)
def test_cmd_57_an_export_names_makers_under_every_strategy(strategy: Strategy, is_undone: bool) -> None:
    pump = Pump()
    owner, ada, bob = pump.join("Owner", "admin"), pump.join("Ada"), pump.join("Bob")
    owner.perform(pump.now, [SetStrategy("*", strategy.value)])
    pump.pump()
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    mesh = ada.replica.document.mesh(entity)
    assert mesh is not None
    edge = mesh.edge_ids()[0]
    for peer, at in ((ada, 0.25), (bob, 0.5)):
        peer.perform(pump.now, [SplitEdge(entity, edge, at)])
    pump.pump()
    if is_undone:
        ada.undo(pump.now)
        pump.pump()
    replica = pump.room.replica
    found = replica.fold.makers(entity)
    shown = replica.document.mesh(entity)
    assert shown is not None
    if not is_undone:
        assert shown.vertex_count == (9 if strategy is Strategy.REJECT else 10)
    to_write = document_to_write(replica)
    written = to_write.units[0].makers(to_write.assets, to_write.judge)
    assert [len(ids) for ids in written.ids] == [shown.vertex_count, shown.edge_count, shown.face_count]
    assert [row.tolist() for row in written.rows] == [row.tolist() for row in found.rows]
    assert [each.name for each in written.makers] == [each.name for each in found.makers]
    assert to_write.glb("test").startswith(b"glTF")
