"""One's own work shows before the room has answered, and what the log says goes before it."""

from tests.support.pump import Pump, agree, cube, red
from theta.base.identifiers import entity_id
from theta.commands.governing import SetPermission
from theta.editor.mesh_operations import ExtrudeFaceV2
from theta.editor.vocabulary import Delete, Rename
from theta.node.events import PreviewChanged, Rejected
from theta.node.peer import Peer


def _name(peer: Peer, entity: bytes) -> str | None:
    unit = peer.preview.unit(entity)
    return unit.name.text if unit is not None and unit.name is not None else None


def test_what_is_pending_shows_and_what_is_folded_stays_as_it_is() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    pump.is_frozen = True
    made = ada.perform(pump.now, [cube("pending")])[0]
    entity = entity_id(made)
    pump.pump()
    assert (_name(ada, entity), ada.preview.entities()) == ("pending", [entity])
    assert ada.replica.document.entities() == []
    before = ada.preview.unit(entity)
    assert before is not None
    assert before.mesh is not None
    ada.perform(pump.now, [ExtrudeFaceV2(entity, before.mesh.face_ids()[0], 0.5)])
    after = ada.preview.unit(entity)
    assert after is before, "only what is new is applied to the copy"
    assert after.mesh is not None
    assert after.mesh.face_count == 10
    assert pump.told(ada, PreviewChanged)[0].entities == {entity}
    pump.thaw()
    assert ada.unacknowledged == 0
    assert ada.preview.unit(entity) is ada.replica.fold.unit(entity)
    agree(pump, ada)


def test_what_others_do_meanwhile_goes_before_it() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    ada.perform(pump.now, [red(entity)])
    held = []
    while (sent := ada.poll_transmit()) is not None:
        held.append(sent)
    bob.perform(pump.now, [Rename(entity, "bob's")])
    pump.pump()
    unit = ada.preview.unit(entity)
    assert unit is not None
    assert unit.material is not None
    assert unit.name is not None
    assert (unit.material.colour, unit.name.text) == ((1.0, 0.0, 0.0), "bob's")
    for sent in held:
        pump.room.handle_frame(pump.now, pump.number_of(ada), *sent)
    pump.pump()
    agree(pump, ada, bob)


def test_a_deleted_object_is_gone_at_once_and_back_when_that_is_refused() -> None:
    pump = Pump()
    owner = pump.peer("Owner", invite="", key="owner")
    pump.connect(owner)
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    owner.perform(pump.now, [SetPermission("theta.delete", "admin")])
    pump.pump()
    pump.events[ada].clear()
    ada.perform(pump.now, [Delete(entity)])
    assert ada.preview.entities() == []
    assert ada.preview.unit(entity) is None
    pump.pump()
    assert [event.code for event in pump.told(ada, Rejected)] == ["NotAllowed"]
    assert ada.preview.entities() == [entity]
    assert [event.entities for event in pump.told(ada, PreviewChanged)] == [{entity}, {entity}]


def test_work_on_another_branch_does_not_show_here() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    attic = ada.create_branch(pump.now, "attic")
    pump.pump()
    pump.is_frozen = True
    ada.perform(pump.now, [Rename(entity, "on main")])
    ada.switch_branch(attic)
    assert _name(ada, entity) == "cube"
    ada.perform(pump.now, [Rename(entity, "in the attic")])
    assert _name(ada, entity) == "in the attic"
    ada.switch_branch(bytes(16))
    assert _name(ada, entity) == "on main"
