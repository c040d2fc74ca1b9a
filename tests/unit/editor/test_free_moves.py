"""Moves of one packet are folded at once: whatever that comes to is what one by one does (CMD-90)."""

from random import Random
from unittest.mock import patch

import pytest

from tests.unit.editor.rivalry import BALL, ENTITY, Result, Room, doubles
from tests.unit.editor.test_unit_fold import all_but, everything, facts, keeping
from theta.base.limits import COORDINATE_METRES_MAX
from theta.commands.governance import Strategy
from theta.editor import mesh_operations as meshes
from theta.editor import unit_fold
from theta.editor.operation import Operation
from theta.editor.unit import NO_ASSETS, Outcome
from theta.editor.unit_fold import UnitFold
from theta.editor.unit_snapshot import unit_bytes, unit_of_bytes
from theta.editor.writers import EVERY, Writer, Writers
from theta.mesh.operations import move_each, move_vertex

ANNA, BEN, CARL = 1, 2, 3
BARE = Result.plain(Room(made=BALL).commands, Room().judge, ()).mesh
VERTICES, FACES = sorted(BARE.vertex_ids()), sorted(BARE.face_ids())


def move(vertex: bytes, x: float) -> meshes.MoveVerticesV2:
    """One vertex."""
    return meshes.MoveVerticesV2(ENTITY, vertex, doubles(x, 0.5, -0.0), doubles(0.25, 0.0, 0.0))


def some_packet(draw: Random) -> list[Operation]:
    """Mostly moves of vertices that differ; some of one that was moved before, of none, of several, or other things."""
    packet: list[Operation] = []
    for vertex in draw.sample(VERTICES, draw.randint(1, 12)):
        kind = draw.randint(0, 30)
        if kind == 0:
            packet.append(move(b"\xee" * 16, draw.random()))
        elif kind == 1:
            packet.append(move(draw.choice(VERTICES), draw.random()))
        elif kind == 2:
            packet.append(meshes.MoveVerticesV2(ENTITY, b"".join(VERTICES[:2]), doubles(*range(6)), bytes(48)))
        elif kind == 3:
            packet.append(meshes.ExtrudeFaceV3(ENTITY, draw.choice(FACES), 0.25))
        elif kind == 4:
            packet.append(meshes.DeleteElements(ENTITY, b"", b"", draw.choice(FACES)))
        packet.append(move(vertex, draw.random()))
    return packet


def some_room(draw: Random, strategy: Strategy, packets: int) -> Room:
    """Three people, who have seen more or less of what the others did."""
    room = Room(strategy, BALL)
    for _ in range(packets):
        seen = room.commands[draw.randrange(max(0, len(room.commands) - 30), len(room.commands))]
        room.packet(draw.choice((ANNA, BEN, CARL)), some_packet(draw), seen=[seen])
    return room


def fold_of(room: Room) -> UnitFold:
    """All of it, not folded yet."""
    fold = UnitFold(NO_ASSETS, room.judge)
    for command in room.commands:
        fold.insert(command)
    return fold


def fold_until(fold: UnitFold, end: int, takes_part: "unit_fold.IsEffective" = everything) -> dict[object, Outcome]:
    """Fold until so many are folded, at once where that can be."""
    found: dict[object, Outcome] = {}
    while fold.folded < end:
        found.update((command.name, outcome) for command, outcome in fold.fold_some(1, end, takes_part))
    return found


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("seed", range(5))
def test_cmd_90_moves_at_once_come_to_what_they_come_to_one_by_one(seed: int, strategy: Strategy) -> None:
    draw = Random(f"{seed} {strategy} free moves")
    room = some_room(draw, strategy, 14)
    masked = draw.sample(room.commands[1:], 5)
    for takes_part, left_out in ((everything, []), (all_but(masked), masked)):
        plain = Result.plain(room.commands, room.judge, left_out)
        fold = fold_of(room)
        fold_at_once = UnitFold._fold_at_once
        with patch.object(UnitFold, "_fold_at_once", autospec=True, side_effect=fold_at_once) as at_once:
            outcomes = fold_until(fold, len(room.commands), takes_part)
        assert at_once.call_count > 3, "it is what this test is about"
        assert outcomes == plain.outcomes
        assert facts(fold) == plain.facts()
        for _ in range(12):
            index = draw.randrange(len(room.commands))
            fold.rewind(index)
            assert fold.folded <= index
            assert facts(fold) == Result.plain(room.commands[: fold.folded], room.judge, left_out).facts()
            fold_until(fold, index, takes_part)
            assert facts(fold) == Result.plain(room.commands[:index], room.judge, left_out).facts()
            fold_until(fold, len(room.commands), takes_part)
            assert facts(fold) == plain.facts()


@pytest.mark.parametrize(("steps", "most", "least"), [(0, 10**9, 0), (20, 10**9, 20), (20, 30, 1)])
def test_cmd_90_moves_at_once_are_let_go_of_like_others(steps: int, most: int, least: int) -> None:
    room = some_room(Random("let go of"), Strategy.LAST_WRITER_WINS, 60)
    plain = Result.plain(room.commands, room.judge, ()).facts()
    with keeping(steps, most=most):
        fold = fold_of(room)
        fold_until(fold, len(room.commands))
        assert least <= fold.reversible < len(room.commands) // 2
        for index in (len(room.commands) - 1, len(room.commands) - 70, 40, 3):
            fold.rewind(index)
            assert fold.folded <= index
            fold_until(fold, len(room.commands))
            assert facts(fold) == plain


def test_cmd_90_a_late_command_among_moves_at_once_is_put_in_its_place() -> None:
    room = Room(made=BALL)
    room.packet(ANNA, [move(vertex, 0.5) for vertex in VERTICES[:20]])
    fold = fold_of(room)
    assert len(fold.fold_some(1, 1, everything)) == 1
    assert len(fold.fold_some(1, 21, everything)) == 20
    stamp = fold.state.mesh_stamp
    late = room.do(BEN, move(VERTICES[3], 4.0), lamport=10)
    fold.insert(late)
    assert fold.folded == 1
    assert fold.state.mesh_stamp is not stamp
    fold_until(fold, 22)
    assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()
    tried = fold.trial(late, all_but([late]))
    assert [outcome.kind for _, outcome in tried] == ["suspended"] + ["applied"] * (len(tried) - 1)
    assert facts(fold) == Result.plain(room.commands, room.judge, ()).facts()


def test_cmd_90_what_was_made_is_known_beside_moves_at_once() -> None:
    room = Room(made=BALL)
    still = {corner for face in FACES[:2] for corner in BARE.face_vertices(face)}
    extrusion = room.do(ANNA, meshes.ExtrudeFaceV3(ENTITY, FACES[0], 0.25))
    moves = room.packet(ANNA, [move(vertex, 0.5) for vertex in VERTICES[:12] if vertex not in still])
    other = room.do(ANNA, meshes.ExtrudeFaceV3(ENTITY, FACES[1], 0.25))
    fold = fold_of(room)
    fold_until(fold, len(room.commands))
    for command, faces in ((extrusion, 3), (other, 3), *((each, 0) for each in moves)):
        made = fold.made(command, everything)
        assert made is not None
        assert len(made.faces) == faces


def test_log_22_what_a_resumed_command_made_is_found_out_when_others_follow() -> None:
    room = Room(made=BALL)
    extrusion = room.do(ANNA, meshes.ExtrudeFaceV3(ENTITY, FACES[0], 0.25))
    known = fold_of(room)
    outcomes = fold_until(known, 2)
    resumed = UnitFold(NO_ASSETS, room.judge)
    resumed.resume([*room.commands], outcomes.values(), unit_of_bytes(unit_bytes(known.state)))
    for _ in range(2):
        made = resumed.made(extrusion, everything)
        assert made is not None
        assert len(made.faces) == 3
        resumed.insert(room.do(BEN, move(VERTICES[0], 1.0)))


@pytest.mark.parametrize("bad", [0, 3, 7])
@pytest.mark.parametrize("value", [2 * COORDINATE_METRES_MAX, float("nan"), float("inf")])
def test_mesh_17_all_are_moved_or_none(bad: int, value: float) -> None:
    one, other = BARE.copy(), BARE.copy()
    goals = [(0.125 * at, -0.0, -1.0) for at in range(8)]
    for vertex, goal in zip(VERTICES, goals, strict=False):
        assert move_vertex(one, vertex, goal)
    data = b"".join(doubles(*goal) for goal in goals)
    assert move_each(other, VERTICES[:8], data)
    assert one.halfedges.positions.array().tobytes() == other.halfedges.positions.array().tobytes()
    before = other.halfedges.positions.array().tobytes()
    goals[bad] = (0.5, value, 0.5)
    assert not move_each(other, VERTICES[:8], b"".join(doubles(*goal) for goal in goals))
    assert not move_each(other, [*VERTICES[:7], VERTICES[0]], data)
    assert not move_each(other, [*VERTICES[:7], b"\xee" * 16], data)
    assert other.halfedges.positions.array().tobytes() == before


@pytest.mark.parametrize("seed", range(20))
def test_cmd_80_writing_many_elements_is_writing_each_in_turn(seed: int) -> None:
    draw = Random(f"{seed} writers")
    one, other = Writers(), Writers()
    marks = []
    for record in range(1, 30):
        actor, branch, seen = draw.randint(1, 4), bytes([draw.randint(0, 1)]) * 16, draw.randint(0, record - 1)
        elements = [bytes([each]) * 16 for each in draw.sample(range(12), draw.randint(1, 8))]
        writers = [Writer(actor, record * 100 + at, record, branch) for at in range(len(elements))]
        if draw.random() < 0.2:
            for each in (one, other):
                each.write("position", elements, writers[0]._replace(did=False), seen)
            continue
        marks.append((other.mark(), one.copy().to_bytes()))
        for element, writer in zip(elements, writers, strict=True):
            one.write_one("position", element, writer, seen)
        other.write_each("position", elements, writers, seen)
        assert one.to_bytes() == other.to_bytes()
        assert one.heads("position", EVERY) == other.heads("position", EVERY)
    for mark, before in reversed(marks):
        other.rollback(mark)
        assert other.to_bytes() == before
