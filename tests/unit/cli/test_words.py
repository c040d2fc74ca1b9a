"""What commands are called, for people."""

import pytest

from theta.base.identifiers import CommandName, Position
from theta.cli.words import RULINGS, TELLERS, colour, count, plain, tell
from theta.commands.command import Command
from theta.commands.governing import GOVERNING, CreateBranch, Kick, MergeBranch, SetCascade, SetRole, SetStrategy
from theta.commands.registry import Payload
from theta.editor.mesh_operations import ExtrudeFaceV2, MoveVerticesV2
from theta.editor.vocabulary import OPERATIONS, CreatePrimitive, Delete, Paint, Rename

ENTITY = bytes(16)
ADA = b"a" * 32
UPRIGHT, UNSCALED = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0)


def said(operation: Payload, name: str = "box") -> str:
    command = Command(Position(1, 1, 1), CommandName(1, 1), CommandName(1, 1), ADA, 1, 0, operation)
    return tell(command, name, lambda identifier: {ADA: "Ada"}.get(identifier, "draft"))


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (CreatePrimitive("cube", 1.0, "box", (0.0, 0.0, 0.0), UPRIGHT, UNSCALED), "made a cube, “box”"),
        (ExtrudeFaceV2(ENTITY, ENTITY, 0.25), "pulled a face of “box” 0.25 m out"),
        (ExtrudeFaceV2(ENTITY, ENTITY, -2.0), "pulled a face of “box” 2 m in"),
        (MoveVerticesV2(ENTITY, bytes(16), bytes(24), bytes(24)), "moved a vertex of “box”"),
        (MoveVerticesV2(ENTITY, bytes(64), bytes(96), bytes(96)), "moved 4 vertices of “box”"),
        (Paint(ENTITY, (1.0, 0.5, 0.0)), "painted “box” #ff8000"),
        (Rename(ENTITY, "tower"), "renamed “box” to “tower”"),
        (Delete(ENTITY), "deleted “box”"),
        (SetRole(ADA, "admin"), "made Ada an admin"),
        (SetRole(ADA, "viewer"), "made Ada a viewer"),
        (Kick(ADA, "spam"), "removed Ada from the room: spam"),
        (SetStrategy("*", "reject"), "set the strategy of every command to reject"),
        (SetStrategy("theta.move_vertices", "merge"), "set the strategy of move vertices to merge"),
        (SetCascade(False), "no longer let undo take back what others built on it"),
        (CreateBranch("draft", ENTITY, 7), "began the branch “draft” at record 7"),
        (MergeBranch(ENTITY, 9, "", []), "merged the branch draft as of record 9"),
        (MergeBranch(ENTITY, 9, "reject", []), "merged the branch draft as of record 9 by reject"),
    ],
)
def test_commands_are_told_in_words(operation: Payload, words: str) -> None:
    assert said(operation) == words


def test_every_type_of_command_has_words() -> None:
    told = {*TELLERS, *RULINGS, "theta.set_effective"}
    assert {operation.NAME for operation in (*OPERATIONS, *GOVERNING)} == told


def test_an_object_without_a_name_is_an_object() -> None:
    assert said(Delete(ENTITY), "") == "deleted an object"


def test_nothing_reaches_the_terminal_that_it_would_obey() -> None:
    assert plain("a\x1b[31mb\nc\u202ed") == "a\ufffd[31mb\ufffdc\ufffdd"
    assert "\x1b" not in said(Delete(ENTITY), "\x1b[2J")


def test_colours_and_counts() -> None:
    assert colour((0.0, 1.0, 0.2)) == "#00ff33"
    assert colour((-1.0, 2.0, 0.0)) == "#00ff00"
    assert count(bytes(16), "edge") == "an edge"
    assert count(bytes(48), "vertex", "vertices") == "3 vertices"
