"""A room that is governed while people are in it: roles, kicks, revoked keys (CMD-60 … CMD-63, WIRE-31)."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree, cube, red
from theta.base.identifiers import entity_id
from theta.commands.governing import Kick, RestoreKey, RevokeKey, SetPermission, SetRole
from theta.node.events import Applied, Joined, PeopleChanged, Rejected
from theta.node.peer import Peer
from theta.wire.messages import Roster


def _owner(pump: Pump) -> Peer:
    owner = pump.peer("Owner", invite="", key="owner")
    pump.connect(owner)
    return owner


def _roles(peer: Peer) -> dict[str, str]:
    return {person.name: person.role for person in peer.people}


def test_wire_31_a_new_role_shows_at_once_and_counts_for_the_next_packet() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada", "viewer")
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert [event.code for event in pump.told(ada, Rejected)] == ["NotAllowed"]
    owner.perform(pump.now, [SetRole(ada.author, "editor")])
    pump.pump()
    assert _roles(ada) == _roles(owner) == {"Ada": "editor", "Owner": "admin"}
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert len(pump.told(ada, Applied)) == 1
    owner.perform(pump.now, [SetRole(ada.author, "viewer")])
    pump.pump()
    assert _roles(owner)["Ada"] == "viewer"
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert [event.code for event in pump.told(ada, Rejected)] == ["NotAllowed", "NotAllowed"]
    agree(pump, ada, owner)


def test_wire_31_a_role_outlives_the_connection_and_the_rooms_process() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    owner.perform(pump.now, [SetRole(ada.author, "viewer")])
    pump.pump()
    pump.drop(ada)
    pump.connect(ada)
    assert pump.told(ada, Joined)[-1].role == "viewer"
    pump.restart()
    pump.connect(ada)
    assert pump.told(ada, Joined)[-1].role == "viewer"
    assert _roles(ada) == {"Ada": "viewer"}


def test_wire_31_an_editor_governs_nothing_but_branches() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    ada.perform(pump.now, [Kick(bob.author, "no")])
    pump.pump()
    assert [event.code for event in pump.told(ada, Rejected)] == ["NotAllowed"]
    assert bob.is_joined


def test_wire_31_whoever_is_kicked_is_told_why_and_may_come_back_by_an_invite() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    number = pump.number_of(ada)
    owner.perform(pump.now, [Kick(ada.author, "shouting")])
    pump.pump()
    assert [(close.code, close.reason) for close in pump.closes if close.connection == number] == [
        (4407, "Kicked: an admin ended your session: shouting")
    ]
    assert not ada.is_joined
    assert _roles(owner) == {"Owner": "admin"}
    pump.connect(ada)
    assert pump.told(ada, Joined)[-1].resumed is False
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert len(pump.told(ada, Applied)) == 1
    agree(pump, ada, owner)


def test_wire_31_a_kicked_session_is_not_resumed_without_an_invite() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    owner.perform(pump.now, [Kick(ada.author, "")])
    pump.pump()
    ada.settings = ada.settings._replace(invite="")
    number = pump.connect(ada)
    assert pump.code_of(number) == 4403


def test_wire_31_a_revoked_key_is_shut_out_until_it_is_restored() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    number = pump.number_of(ada)
    owner.perform(pump.now, [RevokeKey(ada.author, "stolen")])
    pump.pump()
    assert pump.code_of(number) == 4405
    again = pump.connect(ada)
    assert [(close.code, close.reason) for close in pump.closes if close.connection == again] == [
        (4405, "Revoked: your key was revoked in this room: stolen")
    ]
    pump.restart()
    pump.connect(owner)
    assert pump.code_of(pump.connect(ada)) == 4405
    owner.perform(pump.now, [RestoreKey(ada.author)])
    pump.pump()
    pump.connect(ada)
    assert ada.is_joined


def test_wire_31_packets_on_their_way_when_the_key_is_revoked_are_not_admitted() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    before = pump.room.replica.log.command_count
    owner.perform(pump.now, [RevokeKey(ada.author, "")])
    pump.pump()
    ada.perform(pump.now, [cube()])
    pump.pump()
    assert pump.room.replica.log.command_count == before + 1
    assert ada.unacknowledged == 1


@pytest.mark.parametrize("operation", ["role", "kick", "revoke"])
def test_the_owner_can_be_neither_demoted_nor_thrown_out(operation: str) -> None:
    pump = Pump()
    owner, admin = _owner(pump), pump.join("Admin", "admin")
    made = {
        "role": SetRole(owner.author, "viewer"),
        "kick": Kick(owner.author, ""),
        "revoke": RevokeKey(owner.author, ""),
    }[operation]
    admin.perform(pump.now, [made])
    pump.pump()
    assert [event.code for event in pump.told(admin, Rejected)] == ["NotAllowed"]
    assert owner.is_joined


def test_a_page_hears_of_roles_by_the_roster() -> None:
    pump = Pump()
    owner = _owner(pump)
    page = PatchPeer("Page", pump.room.invite("editor"))
    pump.connect(page)
    owner.perform(pump.now, [SetRole(page.identity.public_key, "admin")])
    pump.pump()
    assert {person.name: person.role for person in page.of(Roster)[-1].people}["Page"] == "admin"
    count = len(page.of(Roster))
    owner.perform(pump.now, [SetPermission("theta.paint", "admin")])
    pump.pump()
    assert len(page.of(Roster)) == count, "nobody's role has changed"


def test_permissions_hold_for_a_type_of_command() -> None:
    pump = Pump()
    owner, ada = _owner(pump), pump.join("Ada")
    made = ada.perform(pump.now, [cube()])[0]
    owner.perform(pump.now, [SetPermission("theta.paint", "admin")])
    pump.pump()
    ada.perform(pump.now, [red(entity_id(made))])
    pump.pump()
    assert [event.code for event in pump.told(ada, Rejected)] == ["NotAllowed"]
    assert pump.told(owner, PeopleChanged)
