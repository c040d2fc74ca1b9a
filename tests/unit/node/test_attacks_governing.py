"""Attacks on who may be here: roles, kicks and revoked keys that cross with arrivals and packets on their way."""

import pytest

from tests.support.pump import Pump, agree, cube
from theta.commands.governing import Kick, RevokeKey, SetRole
from theta.node.events import Applied, Joined, Rejected
from theta.node.peer import Peer


def _owner(pump: Pump) -> Peer:
    owner = pump.peer("Owner", invite="", key="owner")
    pump.connect(owner)
    return owner


@pytest.mark.parametrize(("operation", "code"), [(RevokeKey, 4405), (Kick, 4407)])
def test_wire_31_who_is_thrown_out_while_their_session_is_on_its_way_to_the_disk_does_not_come_in(
    operation: type[RevokeKey] | type[Kick], code: int
) -> None:
    pump = Pump()
    owner = _owner(pump)
    pump.is_frozen = True
    eve = pump.peer("Eve")
    number = pump.connect(eve)
    owner.perform(pump.now, [operation(eve.author, "out")])
    pump.pump()
    pump.thaw()
    assert pump.code_of(number) == code
    assert pump.told(eve, Joined) == []
    assert [person.name for person in pump.room.people] == ["Owner"]
    assert not eve.is_joined


def test_wire_31_a_role_set_while_a_session_is_on_its_way_to_the_disk_is_the_one_that_is_told() -> None:
    pump = Pump()
    owner = _owner(pump)
    pump.is_frozen = True
    ada = pump.peer("Ada")
    pump.connect(ada)
    owner.perform(pump.now, [SetRole(ada.author, "viewer")])
    pump.pump()
    pump.thaw()
    assert [event.role for event in pump.told(ada, Joined)] == ["viewer"]
    assert {person.name: person.role for person in owner.people} == {"Ada": "viewer", "Owner": "admin"}


def test_cmd_61_a_demoted_admins_commands_in_the_same_batch_count_up_to_the_demotion() -> None:
    pump = Pump()
    owner, ada, bob = _owner(pump), pump.join("Ada", "admin"), pump.join("Bob", "viewer")
    pump.is_frozen = True
    ada.perform(pump.now, [SetRole(bob.author, "editor")])
    pump.pump()
    owner.perform(pump.now, [SetRole(ada.author, "viewer")])
    pump.pump()
    ada.perform(pump.now, [SetRole(bob.author, "admin")])
    bob.perform(pump.now, [cube()])
    pump.pump()
    pump.thaw()
    assert [event.code for event in pump.told(ada, Rejected)] == ["NotAllowed"]
    assert len(pump.told(bob, Applied)) == 1
    assert {person.name: person.role for person in pump.room.people}["Bob"] == "editor"
    agree(pump, owner, ada, bob)


def test_cmd_62_packets_of_a_kicked_session_that_wait_for_the_disk_count_and_later_ones_do_not() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    pump.is_frozen = True
    ada.perform(pump.now, [cube("before")])
    pump.pump()
    owner.perform(pump.now, [Kick(ada.author, "")])
    pump.pump()
    ada.perform(pump.now, [cube("after")])
    pump.pump()
    pump.thaw()
    assert pump.room.replica.document.entity_count == 1
    assert not ada.is_joined
    # By the invite she may come back; what was not admitted comes with her, once.
    pump.connect(ada)
    assert pump.told(ada, Joined)[-1].resumed is False
    assert pump.room.replica.document.entity_count == 2
    assert ada.unacknowledged == 0
    agree(pump, owner, ada)
    pump.restart()
    assert pump.room.replica.document.entity_count == 2
