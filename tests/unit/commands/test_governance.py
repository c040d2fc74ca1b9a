from collections.abc import Callable

import pytest

from tests.unit.commands.rooms import ANNA, BEN, CREATE, OWNER, RENAME, Room, Speaker, packet_record
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH
from theta.commands.branches import Strategy
from theta.commands.governing import (
    CreateBranch,
    Governing,
    Kick,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
)
from theta.commands.records import RecordKind, encode
from theta.commands.refusals import Kicked, NotAllowed, Revoked
from theta.wire.types import RoleName


class Studio:
    """The owner, Anna as editor, Ben as admin by invite, in one room."""

    def __init__(self) -> None:
        self.room = Room()
        self.owner = self.room.join(OWNER, b"o" * 16, b"o" * 16, "viewer")
        self.anna = self.room.join(ANNA, b"i" * 16, b"s" * 16, "editor")
        self.ben = self.room.join(BEN, b"j" * 16, b"t" * 16, "admin")
        self.governance = self.room.log.governance

    @property
    def head(self) -> int:
        """The log's last record."""
        return self.room.log.head_seq


def forge(speaker: Speaker, *operations: Governing) -> None:
    """Put a packet into the log that admission would not have let in."""
    body = speaker.body(operations or (RENAME,))
    speaker.room.add(RecordKind.PACKET, encode(packet_record(speaker, speaker.speak(body))))


def test_cmd_61_without_any_command_invites_decide() -> None:
    studio = Studio()
    governance = studio.governance
    roles = [governance.role_of(each.public_key, studio.head) for each in (OWNER, ANNA, BEN)]
    assert roles == ["admin", "editor", "admin"]
    assert governance.role_of(b"x" * 32, studio.head) is None
    assert governance.role_of(b"x" * 32, studio.head, "viewer") == "viewer"
    assert governance.role_of(ANNA.public_key, 2) is None, "her session is record 3"


def test_cmd_61_the_highest_of_an_authors_sessions_counts() -> None:
    studio = Studio()
    studio.room.join(ANNA, b"a" * 16, b"1" * 16, "admin")
    studio.room.join(ANNA, b"b" * 16, b"2" * 16, "viewer")
    assert studio.governance.role_of(ANNA.public_key, studio.head) == "admin"
    assert studio.governance.role_of(ANNA.public_key, 4) == "editor"


def test_cmd_61_set_role_overrides_what_invites_grant_until_it_is_set_again() -> None:
    studio = Studio()
    before = studio.head
    studio.ben.do(SetRole(ANNA.public_key, "viewer"))
    assert studio.governance.role_of(ANNA.public_key, studio.head, "admin") == "viewer"
    assert studio.governance.role_of(ANNA.public_key, before, "admin") == "admin"
    with pytest.raises(NotAllowed, match="a viewer may look and talk; ask for an invite as editor"):
        studio.anna.do(RENAME)
    again = studio.room.join(ANNA, b"a" * 16, b"1" * 16, "admin")
    with pytest.raises(NotAllowed):
        again.do(RENAME)
    studio.ben.do(SetRole(ANNA.public_key, "admin"))
    again.do(SetCascade(False))


def test_cmd_61_an_admin_may_step_down_and_the_owner_may_not() -> None:
    studio = Studio()
    studio.ben.do(SetRole(BEN.public_key, "editor"))
    with pytest.raises(NotAllowed, match=r"theta\.set_cascade is for admins; your role is editor"):
        studio.ben.do(SetCascade(False))
    for operation in (SetRole(OWNER.public_key, "viewer"), Kick(OWNER.public_key, ""), RevokeKey(OWNER.public_key, "")):
        with pytest.raises(NotAllowed, match="the room's owner is always admin"):
            studio.owner.do(operation)
        forge(studio.owner, operation)
        name = studio.owner.name(studio.owner.number)
        assert studio.governance.outcome(name) == "the room's owner is always admin"
        assert studio.governance.role_of(OWNER.public_key, studio.head) == "admin"
    studio.owner.do(RENAME)


def test_cmd_62_a_kick_ends_the_sessions_before_it() -> None:
    studio = Studio()
    log = studio.room.log
    other = studio.room.join(ANNA, b"a" * 16, b"1" * 16)
    kick = studio.ben.do(Kick(ANNA.public_key, "please don't"))
    assert studio.governance.outcome(kick) == ""
    for speaker in (studio.anna, other):
        assert studio.governance.is_ended(log.session_seqs[speaker.record.session], ANNA.public_key)
        with pytest.raises(Kicked, match="please don't"):
            speaker.do(RENAME)
        with pytest.raises(StoreCorrupt, match="its session was ended by an admin"):
            forge(speaker)
    fresh = studio.room.join(ANNA, b"c" * 16, b"3" * 16)
    assert not studio.governance.is_ended(log.session_seqs[fresh.record.session], ANNA.public_key)
    fresh.do(RENAME)
    assert not studio.governance.is_ended(log.session_seqs[studio.ben.record.session], BEN.public_key)


def test_cmd_63_a_revoked_key_is_refused_until_it_is_restored() -> None:
    studio = Studio()
    before = studio.head
    studio.ben.do(RevokeKey(ANNA.public_key, "stolen"))
    assert studio.governance.role_of(ANNA.public_key, studio.head, "admin") is None
    assert studio.governance.is_revoked(ANNA.public_key, studio.head)
    assert not studio.governance.is_revoked(ANNA.public_key, before)
    with pytest.raises(Revoked, match="stolen"):
        studio.anna.do(RENAME)
    with pytest.raises(StoreCorrupt, match="key was revoked"):
        forge(studio.anna)
    anew = studio.room.join(ANNA, b"c" * 16, b"3" * 16)
    with pytest.raises(Revoked):
        anew.do(RENAME)
    studio.ben.do(RestoreKey(ANNA.public_key))
    anew.number = 0
    anew.do(RENAME)
    needless = studio.ben.do(RestoreKey(ANNA.public_key))
    assert studio.governance.outcome(needless) == "the key is not revoked"


def test_cmd_64_policies_count_from_their_record_on_and_a_type_goes_before_all_types() -> None:
    studio = Studio()
    governance = studio.governance
    start = studio.head
    studio.ben.do(SetStrategy("*", "reject"))
    everywhere = studio.head
    studio.ben.do(SetStrategy("theta.paint", "merge"))
    paint = studio.head
    studio.ben.do(SetStrategy("*", "last-writer-wins"))
    strategies = [governance.strategy("theta.paint", seq) for seq in (start, everywhere, paint, studio.head)]
    assert strategies == [Strategy.LAST_WRITER_WINS, Strategy.REJECT, Strategy.MERGE, Strategy.MERGE]
    others = [governance.strategy("theta.rename", seq) for seq in (everywhere, paint, studio.head)]
    assert others == [Strategy.REJECT, Strategy.REJECT, Strategy.LAST_WRITER_WINS]


def test_cmd_64_of_several_in_one_packet_the_last_counts() -> None:
    studio = Studio()
    studio.ben.do(SetStrategy("*", "reject"), SetStrategy("*", "merge"), SetCascade(False), SetCascade(True))
    assert studio.governance.strategy("theta.paint", studio.head) == Strategy.MERGE
    assert studio.governance.cascade_allowed(studio.head)


def test_cmd_64_cascades_are_allowed_until_they_are_not() -> None:
    studio = Studio()
    before = studio.head
    studio.ben.do(SetCascade(False))
    allowed = [studio.governance.cascade_allowed(seq) for seq in (0, before, studio.head, studio.head + 9)]
    assert allowed == [True, True, False, False]


def test_cmd_64_a_permission_raises_or_lowers_what_a_type_demands() -> None:
    studio = Studio()
    viewer = studio.room.join(ANNA, b"v" * 16, b"v" * 16, "viewer")
    studio.ben.do(SetPermission("theta.rename", "admin"))
    raised = studio.head
    with pytest.raises(NotAllowed, match=r"theta\.rename is for admins; your role is editor"):
        studio.anna.do(RENAME)
    with pytest.raises(StoreCorrupt, match=r"role does not allow theta\.rename"):
        forge(studio.anna)
    studio.anna.do(CREATE)
    with pytest.raises(NotAllowed):
        studio.anna.do(CREATE, RENAME)
    studio.ben.do(SetPermission("theta.rename", "viewer"))
    viewer.do(RENAME)
    assert not studio.governance.may(ANNA.public_key, raised, "theta.rename")
    assert studio.governance.may(ANNA.public_key, studio.head, "theta.rename", "viewer")
    with pytest.raises(NotAllowed):
        viewer.do(CREATE)


def test_cmd_64_governing_cannot_be_opened_to_others_than_admins() -> None:
    studio = Studio()
    roles: tuple[RoleName, ...] = ("viewer", "editor")
    for role in roles:
        with pytest.raises(NotAllowed, match=r"theta\.set_role is for admins"):
            studio.ben.do(SetPermission("theta.set_role", role))
    forge(studio.ben, SetPermission("theta.set_role", "editor"))
    assert studio.governance.outcome(studio.ben.name(studio.ben.number)) == "theta.set_role is for admins"
    assert studio.governance.least_role("theta.set_role", studio.head) == "admin"
    studio.ben.do(SetPermission("theta.create_branch", "admin"))
    with pytest.raises(NotAllowed):
        studio.anna.do(CreateBranch("attic", MAIN_BRANCH, 1))


GOVERNED: tuple[Callable[[], Governing], ...] = (
    lambda: SetRole(BEN.public_key, "viewer"),
    lambda: Kick(BEN.public_key, ""),
    lambda: RevokeKey(BEN.public_key, ""),
    lambda: RestoreKey(BEN.public_key),
    lambda: SetStrategy("*", "merge"),
    lambda: SetPermission("theta.paint", "viewer"),
    lambda: SetCascade(True),
)


@pytest.mark.parametrize("make", GOVERNED, ids=lambda make: make().NAME)
def test_cmd_60_governing_is_for_admins_in_a_log_as_in_admission(make: Callable[[], Governing]) -> None:
    studio = Studio()
    with pytest.raises(NotAllowed, match="is for admins; your role is editor"):
        studio.anna.do(make())
    before = studio.head
    with pytest.raises(StoreCorrupt, match="its author's role does not allow"):
        forge(studio.anna, make())
    assert studio.head == before
    assert studio.governance.commands == []


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_log_5_what_a_viewer_did_makes_a_log_corrupt(role: RoleName) -> None:
    room = Room()
    speaker = room.join(role=role)
    if role == "viewer":
        with pytest.raises(StoreCorrupt, match=r"role does not allow theta\.rename"):
            forge(speaker)
    else:
        forge(speaker)


def test_cmd_60_a_room_says_how_it_was_governed_in_order() -> None:
    studio = Studio()
    studio.ben.do(SetRole(ANNA.public_key, "admin"))
    studio.anna.do(RENAME)
    studio.anna.do(SetCascade(False), RENAME, SetStrategy("*", "merge"))
    assert [each.operation.NAME for each in studio.governance.commands] == [
        "theta.set_role",
        "theta.set_cascade",
        "theta.set_strategy",
    ]
    assert [each.author for each in studio.governance.commands] == [BEN.public_key, ANNA.public_key, ANNA.public_key]
