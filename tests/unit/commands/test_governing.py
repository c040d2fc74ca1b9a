import msgspec
import pytest

from tests.unit.commands.rooms import envelope
from theta.base.errors import InvalidValue
from theta.base.limits import BRANCH_NAME_CHARACTERS_MAX, GESTURES_PER_COMMAND_MAX, GOVERNING_TEXT_CHARACTERS_MAX
from theta.commands.governing import (
    GOVERNING,
    CreateBranch,
    Governing,
    Kick,
    MergeBranch,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
)
from theta.commands.refusals import BadPayload
from theta.commands.registry import CommandRegistry
from theta.wire.messages import GestureName

REGISTRY = CommandRegistry(GOVERNING)
KEY = b"k" * 32
GOOD: tuple[Governing, ...] = (
    SetRole(KEY, "viewer"),
    Kick(KEY, ""),
    RevokeKey(KEY, "x" * GOVERNING_TEXT_CHARACTERS_MAX),
    RestoreKey(KEY),
    SetStrategy("theta.paint", "merge"),
    SetStrategy("*", "reject"),
    SetPermission("theta.move_vertices", "admin"),
    SetCascade(False),
    CreateBranch("x" * BRANCH_NAME_CHARACTERS_MAX, bytes(16), 1),
    MergeBranch(bytes(16), 1, "", []),
    MergeBranch(bytes(16), 1, "last-writer-wins", [GestureName(1, 2)] * GESTURES_PER_COMMAND_MAX),
)
BAD: tuple[tuple[Governing, str], ...] = (
    (Kick(KEY, "x" * (GOVERNING_TEXT_CHARACTERS_MAX + 1)), "reason"),
    (Kick(KEY, "a\nb"), "reason"),
    (RevokeKey(KEY, "\u202e"), "reason"),
    (SetStrategy("", "merge"), "command"),
    (SetStrategy("paint", "merge"), "command"),
    (SetStrategy("theta." + "p" * GOVERNING_TEXT_CHARACTERS_MAX, "merge"), "command"),
    (SetPermission("*", "admin"), "command"),
    (CreateBranch("", bytes(16), 1), "name"),
    (CreateBranch("x" * (BRANCH_NAME_CHARACTERS_MAX + 1), bytes(16), 1), "name"),
    (CreateBranch("a\x00", bytes(16), 1), "name"),
    (CreateBranch("attic", bytes(16), 0), "fork"),
    (MergeBranch(bytes(16), 0, "", []), "at"),
    (MergeBranch(bytes(16), 1, "", [GestureName(1, 2)] * (GESTURES_PER_COMMAND_MAX + 1)), "dropped"),
)


@pytest.mark.parametrize("operation", GOOD, ids=lambda each: each.NAME)
def test_cmd_60_a_governing_command_comes_back(operation: Governing) -> None:
    operation.check()
    assert REGISTRY.decode(envelope(operation, 1, 1, 1)) == operation
    assert (operation.price, operation.assets, operation.CREATES) == (0, (), 0)


def test_cmd_60_there_is_a_good_one_of_each() -> None:
    assert {type(each) for each in GOOD} == set(GOVERNING)
    assert {each.NAME for each in GOVERNING if each.LEAST_ROLE == "editor"} == {
        "theta.create_branch",
        "theta.merge_branch",
    }


@pytest.mark.parametrize(("operation", "field"), BAD)
def test_cmd_60_values_out_of_limits_are_refused_by_their_field(operation: Governing, field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        operation.check()
    assert caught.value.field == field
    with pytest.raises(BadPayload, match=field):
        REGISTRY.decode(envelope(operation, 1, 1, 1))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("theta.set_role", [b"k" * 31, "viewer"]),
        ("theta.set_role", [KEY, "owner"]),
        ("theta.set_strategy", ["theta.paint", ""]),
        ("theta.set_cascade", [1]),
        ("theta.merge_branch", [bytes(16), 1, "theirs", []]),
    ],
)
def test_cmd_60_a_payload_is_exactly_its_fields(name: str, fields: list[object]) -> None:
    good = next(each for each in GOOD if name == each.NAME)
    raw = msgspec.Raw(msgspec.msgpack.encode(fields))
    with pytest.raises(BadPayload):
        REGISTRY.decode(msgspec.structs.replace(envelope(good, 1, 1, 1), payload=raw))
