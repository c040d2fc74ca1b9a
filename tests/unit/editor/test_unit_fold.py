"""A unit's fold: rolling back, copies, bases, trials (CMD-90, CMD-91)."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

from tests.unit.editor.rivalry import BALL, ENTITY, HOST, TOP, Result, Room, doubles, vertex
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor import mesh_operations as meshes
from theta.editor import step_shelf, unit_fold
from theta.editor.step_shelf import StepShelf
from theta.editor.unit import NO_ASSETS, Outcome, Unit, apply
from theta.editor.unit_fold import BeyondBase, UnitFold, is_costly
from theta.editor.vocabulary import Delete, Rename

ANNA, BEN = 1, 2
V, W = vertex(2), vertex(3)


def everything(command: Command) -> bool:
    """Nothing is masked."""
    return True


def all_but(masked: Collection[Command]) -> "unit_fold.IsEffective":
    """Some are masked."""
    return lambda command: command not in masked


def busy(count: int = 40, room: Room | None = None) -> Room:
    """Anna and Ben take turns, who see everything: moves, and now and then an extrusion or a split."""
    room = room or Room()
    for at in range(count):
        face = TOP if at % 8 == 3 else None
        if face is not None:
            operation: meshes.MeshOperation = meshes.ExtrudeFaceV3(ENTITY, face, 0.25)
        else:
            moved = (V, W)[at % 2]
            operation = meshes.MoveVerticesV2(ENTITY, moved, doubles(0.01 * at, 0.5, -0.5), doubles(0.0, 0.0, 0.0))
        room.do((ANNA, BEN)[at % 3 == 0], operation, seen=[room.commands[-1]])
    return room


def folded(room: Room, base: Unit | None = None) -> UnitFold:
    """All of it, folded."""
    fold = UnitFold(NO_ASSETS, room.judge, base)
    for command in room.commands:
        fold.insert(command)
    list(fold.run(everything))
    return fold


@contextmanager
def keeping(steps: int, copies: int = 10**9, most: int = 10**9) -> Iterator[None]:
    """So many steps, a copy after so many commands, and so many overwritten values."""
    with (
        patch.object(unit_fold, "STEPS_KEPT", steps),
        patch.object(unit_fold, "CHECKPOINT_COMMANDS", copies),
        patch.object(unit_fold, "CHECKPOINT_ELEMENTS_PER_COMMAND", 10**9),
        patch.object(unit_fold, "CHANGES_KEPT_MAX", most),
    ):
        yield


def facts(fold: UnitFold) -> tuple[object, ...]:
    """Down to the raw arrays."""
    return Result(fold.state, {}).facts()


def test_cmd_90_the_last_commands_are_rolled_back_without_folding_any_before_them() -> None:
    room = busy()
    fold = folded(room)
    applied: list[Command] = []

    def spy(unit: Unit, command: Command, *rest: object) -> Outcome:
        applied.append(command)
        return apply(unit, command, *rest)  # type: ignore[arg-type]

    with patch.object(unit_fold, "apply", spy):
        for back in (1, 8, len(room.commands) - 1):
            applied.clear()
            first = room.commands[-back]
            mesh = fold.state.mesh
            fold.rewind(fold.positions.index(first.position))
            assert fold.folded == len(room.commands) - back
            assert facts(fold) == Result.plain(room.commands[:-back], room.judge, ()).facts()
            list(fold.run(everything))
            assert applied == room.commands[-back:]
            assert fold.state.mesh is mesh
    assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()


@pytest.mark.parametrize(
    ("steps", "copies", "most"), [(0, 1, 10**9), (4, 16, 10**9), (10**3, 10**9, 60), (0, 10**9, 0)]
)
def test_cmd_90_what_lies_before_the_steps_that_are_kept_is_replayed(steps: int, copies: int, most: int) -> None:
    room = busy()
    plain = Result.plain(room.commands, room.judge, ()).facts()
    with keeping(steps, copies, most):
        fold = folded(room)
        assert facts(fold) == plain
        for index in (39, 20, 3, 1, 0):
            fold.rewind(index)
            assert fold.folded <= index
            list(fold.run(everything))
            assert facts(fold) == plain


def test_cmd_90_steps_that_hold_too_much_are_let_go_of() -> None:
    room = busy(200)
    with keeping(16):
        fold = folded(room)
    mesh = fold.state.mesh
    assert mesh is not None
    assert mesh.journal.kept < 16 * 3 * 60
    whole = busy(4, Room(made=BALL))
    for _ in range(12):
        whole.do(HOST, meshes.CompactMesh(ENTITY), seen=[whole.commands[-1]])
    assert is_costly(whole.commands[-1])
    with patch.object(unit_fold, "STEPS_KEPT", 2):
        fold = folded(whole)
        kept = fold._steps
        assert len(kept) <= unit_fold.WHOLE_STEPS_MAX + 2, "each keeps the whole mesh as it was"
        fold.rewind(3)
        list(fold.run(everything))
        assert facts(fold) == Result.plain(whole.commands, whole.judge, ()).facts()


def test_cmd_90_the_copies_are_few() -> None:
    room = busy(64)
    with keeping(0, 2):
        fold = folded(room)
        assert len(fold._copies) <= unit_fold.CHECKPOINTS_MAX
        with patch.object(unit_fold, "LARGE_FACES", 3):
            fold = folded(room)
            assert len(fold._copies) <= 2
            fold.rewind(30)
            list(fold.run(everything))
            assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()


def test_cmd_90_folding_may_stop_after_any_command() -> None:
    room = busy()
    fold = UnitFold(NO_ASSETS, room.judge)
    for command in room.commands:
        fold.insert(command)
    for at, (command, outcome) in enumerate(fold.run(everything), 1):
        assert command is room.commands[at - 1]
        assert outcome.did_something
        if at == 10:
            break
    assert fold.folded == 10
    assert [each for each, _ in fold.run(everything)] == room.commands[10:]
    assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()


@pytest.mark.parametrize("steps", [0, 1_024])
def test_cmd_90_a_trial_changes_nothing(steps: int) -> None:
    room = busy(24)
    extrusion = next(each for each in room.commands if isinstance(each.operation, meshes.ExtrudeFaceV3))
    late = room.do(ANNA, meshes.PaintFaces(ENTITY, TOP, (1.0, 0.0, 0.0)), seen=[room.commands[-1]])
    with keeping(steps, 5):
        fold = folded(room)
        fold.rewind(fold.positions.index(late.position))
        list(fold.run(all_but([late])))
        before = facts(fold)
        tried = fold.trial(extrusion, all_but([extrusion, late]))
        assert [each for each, _ in tried] == room.commands[extrusion.seq - 1 :]
        without = Result.plain(room.commands, room.judge, [extrusion, late]).outcomes
        assert all(without[each.name] == outcome for each, outcome in tried)
        assert tried[0][1].kind == "suspended"
        assert facts(fold) == before
        assert fold.folded == len(room.commands)
        until = room.commands[extrusion.seq + 2]
        some = fold.trial(extrusion, all_but([extrusion]), until.position)
        assert [each for each, _ in some] == room.commands[extrusion.seq - 1 : extrusion.seq + 2]
        assert facts(fold) == before


def test_cmd_90_a_trial_of_what_is_not_folded_yet_leaves_it_so() -> None:
    room = busy(12)
    fold = UnitFold(NO_ASSETS, room.judge)
    for command in room.commands:
        fold.insert(command)
    tried = fold.trial(room.commands[4], everything)
    assert all(outcome.did_something for _, outcome in tried)
    assert fold.folded == 0
    list(fold.run(everything))
    assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()


def test_cmd_90_a_command_that_is_taken_out_leaves_nothing() -> None:
    room = busy(24)
    fold = folded(room)
    out = room.commands[7]
    fold.remove(out)
    list(fold.run(everything))
    rest = [each for each in room.commands if each is not out]
    assert fold.commands == rest
    assert fold.positions == [each.position for each in rest]
    assert facts(fold) == Result.plain(rest, room.judge, ()).facts()


def test_cmd_90_what_a_command_made_is_known_wherever_it_lies() -> None:
    room = busy(30)
    extrusions = [each for each in room.commands if isinstance(each.operation, meshes.ExtrudeFaceV3)]
    for steps in (0, 1_024):
        with keeping(steps, 4):
            fold = folded(room)
            for each in extrusions:
                made = fold.made(each, everything)
                assert made is not None
                assert len(made.faces) == 4
                assert all(face in folded_faces(room, each.seq) for face in made.faces)
            room_off = all_but(extrusions[:1])
            fold.rewind(fold.positions.index(extrusions[0].position))
            assert fold.made(extrusions[0], room_off) is None
            last = fold.made(room.commands[-1], room_off)
            assert last is not None
            assert not last.faces


def folded_faces(room: Room, count: int) -> set[bytes]:
    """The faces after so many commands."""
    return set(Result.plain(room.commands[:count], room.judge, ()).mesh.face_ids())


def test_cmd_88_what_still_counts_is_asked_of_the_fold() -> None:
    room = Room()
    first = room.do(ANNA, Rename(ENTITY, "one"))
    second = room.do(BEN, Rename(ENTITY, "two"))
    nothing = room.do(BEN, meshes.Poke(ENTITY, b"\xee" * 16))
    gone = room.do(ANNA, Delete(ENTITY))
    fold = folded(room)
    assert [fold.still_counts(each) for each in (first, second, nothing, gone)] == [False, True, False, True]


def test_cmd_91_a_base_stands_for_what_came_before_it() -> None:
    room = busy(40)
    whole = Result.plain(room.commands, room.judge, ())
    base = Result.plain(room.commands[:20], room.judge, ()).unit
    before = Result(base, {}).facts()
    fold = UnitFold(NO_ASSETS, room.judge, base, room.commands[19].position)
    assert fold.state is base
    for command in room.commands[20:]:
        fold.insert(command)
    list(fold.run(everything))
    assert facts(fold) == whole.facts()
    fold.rewind(0)
    list(fold.run(everything))
    with keeping(0):
        fold.rewind(3)
        list(fold.run(everything))
    assert facts(fold) == whole.facts()
    assert Result(base, {}).facts() == before, "it is not changed"
    with pytest.raises(BeyondBase):
        fold.insert(room.commands[19])
    with pytest.raises(BeyondBase):
        fold.insert(room.commands[5])
    assert fold.commands == room.commands[20:]


def test_cmd_91_conflicts_with_what_is_in_the_base_are_the_same() -> None:
    room = Room(Strategy.MERGE)
    a = room.do(ANNA, meshes.MoveVerticesV2(ENTITY, V, doubles(0.0, 0.0, 0.0), bytes(24)))
    b = room.do(ANNA, meshes.ExtrudeFaceV3(ENTITY, TOP, 1.0))
    c = room.do(BEN, meshes.MoveVerticesV2(ENTITY, V, doubles(0.0, 0.0, 0.0), doubles(1.0, 0.0, 0.0)))
    d = room.do(BEN, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5))
    whole = room.result()
    assert whole.against(c) == (a.name,)
    assert whole.against(d) == (b.name,)
    base = Result.plain(room.commands[:3], room.judge, ()).unit.copy()
    stored = type(base.writers).from_bytes(base.writers.to_bytes())
    base.writers = stored
    fold = UnitFold(NO_ASSETS, room.judge, base, b.position)
    fold.insert(c)
    fold.insert(d)
    outcomes = {each.name: outcome for each, outcome in fold.run(everything)}
    assert outcomes == {each.name: whole.outcomes[each.name] for each in (c, d)}
    assert facts(fold) == whole.facts()


def test_cmd_90_units_that_nobody_changes_any_more_keep_no_steps() -> None:
    rooms = [busy(40) for _ in range(4)]
    shelf = StepShelf()
    with patch.object(step_shelf, "STEPS_TOTAL_MAX", 90), patch.object(unit_fold, "STEPS_KEPT", 40):
        folds = []
        for room in rooms:
            fold = UnitFold(NO_ASSETS, room.judge, shelf=shelf)
            for command in room.commands:
                fold.insert(command)
                list(fold.run(everything))
            folds.append(fold)
        assert shelf.total <= 90
        assert [fold.reversible > 0 for fold in folds] == [False, False, True, True]
        for fold, room in zip(folds, rooms, strict=True):
            fold.rewind(20)
            list(fold.run(everything))
            assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()
        folds.clear()
        del fold
        for room in rooms:
            fold = UnitFold(NO_ASSETS, room.judge, shelf=shelf)
            for command in room.commands:
                fold.insert(command)
            list(fold.run(everything))
        assert shelf.total <= 90
