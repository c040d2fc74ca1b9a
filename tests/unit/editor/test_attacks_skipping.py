"""A step that undo skips, since others have overwritten it, must really change nothing (CMD-88, CMD-101)."""

import pytest

from tests.unit.editor.rivalry import BALL, ENTITY, TOP, Result, Room, doubles, vertex
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor import mesh_operations as meshes
from theta.editor.operation import Operation
from theta.editor.unit import NO_ASSETS
from theta.editor.unit_fold import UnitFold
from theta.editor.vocabulary import MoveVertices
from theta.mesh import canonical_bytes

ANNA, BEN, EVE = 1, 2, 3
V, W = vertex(2), vertex(6)
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def move(v: bytes, x: float) -> meshes.MoveVerticesV2:
    """One vertex to a place of its own."""
    return meshes.MoveVerticesV2(ENTITY, v, doubles(x, 1.0, 1.0), doubles(0.0, 0.0, 0.5))


def move_1(v: bytes, x: float) -> MoveVertices:
    """The same by version 1."""
    return MoveVertices(ENTITY, v, doubles(x, 1.0, 1.0), doubles(0.0, 0.0, 0.5))


def corner(face: bytes, v: bytes, value: float) -> meshes.SetAttribute:
    """An attribute of one corner."""
    return meshes.SetAttribute(ENTITY, "corner", "u", "f8", 1, face + v, doubles(value))


def known(room: Room, actor: int, operation: Operation) -> Command:
    """A command whose author has seen all."""
    return room.do(actor, operation, seen=room.commands)


def folded(room: Room) -> UnitFold:
    """All of a room."""
    fold = UnitFold(NO_ASSETS, room.judge)
    for command in room.commands:
        fold.insert(command)
    assert len(list(fold.run(lambda each: True))) == len(room.commands)
    return fold


def changes_something(room: Room, command: Command) -> bool:
    """Whether the mesh is another without a command."""
    meshes_of = [Result.plain(room.commands, room.judge, masked).mesh for masked in ([], [command])]
    one, other = [canonical_bytes(each) + each.redirects.to_bytes() for each in meshes_of]
    return one != other


@pytest.mark.parametrize("moved", [move, move_1])
@pytest.mark.parametrize(
    "reader", [meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5), meshes.ExtrudeFaceV2(ENTITY, TOP, 0.5), meshes.Poke(ENTITY, TOP)]
)
def test_cmd_88_what_something_was_made_from_before_it_was_overwritten_counts(
    moved: type[MoveVertices], reader: Operation
) -> None:
    room = Room()
    first = known(room, ANNA, moved(V, 0.25))  # type: ignore[call-arg, arg-type]
    known(room, BEN, reader)
    known(room, BEN, move(V, 0.0))
    assert changes_something(room, first)
    assert folded(room).still_counts(first)


def test_cmd_88_what_was_overwritten_before_anything_read_it_counts_no_more() -> None:
    room = Room()
    first = known(room, ANNA, move(V, 0.25))
    known(room, BEN, move(V, 0.0))
    known(room, BEN, meshes.Poke(ENTITY, TOP))
    assert not changes_something(room, first)
    assert not folded(room).still_counts(first)


def test_cmd_88_what_was_done_elsewhere_on_the_object_did_not_read_it() -> None:
    room = Room(made=BALL)
    mesh = room.result().mesh
    one = mesh.vertex_ids()[0]
    far = next(each for each in mesh.face_ids() if one not in ring(room, each))
    first = known(room, ANNA, move(one, 0.25))
    known(room, BEN, meshes.Poke(ENTITY, far))
    known(room, BEN, move(one, 0.0))
    assert not changes_something(room, first)
    assert not folded(room).still_counts(first)


def test_cmd_88_a_neighbour_of_what_was_collapsed_is_where_it_was_put() -> None:
    room = Room(made=BALL)
    mesh = room.result().mesh
    edge = mesh.edge_ids()[0]
    ends = set(mesh.edge_vertices(edge))
    beside = next(each for each in ring_of_edge(room, edge) if each not in ends)
    first = known(room, ANNA, move(beside, 0.25))
    collapsed = known(room, BEN, meshes.CollapseEdge(ENTITY, edge, 0.5))
    assert room.result().kind(collapsed) == "applied"
    assert changes_something(room, first)
    assert folded(room).still_counts(first)


def test_cmd_88_who_pulls_a_face_on_adds_to_where_its_corners_were_put() -> None:
    room = Room()
    pulled = room.do(ANNA, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.25), lamport=5)
    cap = room.result().mesh.face_vertices(TOP)[0]
    first = room.do(EVE, move(cap, 0.25), lamport=6, seen=[pulled])
    room.do(BEN, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5), lamport=7)
    assert changes_something(room, first)
    assert folded(room).still_counts(first)


def test_cmd_88_one_corner_of_a_face_does_not_overwrite_another() -> None:
    room = Room()
    one, other = room.result().mesh.face_vertices(TOP)[:2]
    first = known(room, ANNA, corner(TOP, one, 0.25))
    known(room, BEN, corner(TOP, other, 0.5))
    assert changes_something(room, first)
    assert folded(room).still_counts(first)
    known(room, BEN, corner(TOP, one, 0.5))
    assert not folded(room).still_counts(first)


def test_cmd_88_a_colour_that_a_part_has_inherited_counts() -> None:
    room = Room()
    loop = room.result().mesh.face_vertices(TOP)
    first = known(room, ANNA, meshes.PaintFaces(ENTITY, TOP, RED))
    known(room, BEN, meshes.SplitFace(ENTITY, TOP, loop[0], loop[2]))
    part = room.result().mesh.face_ids()
    known(room, BEN, meshes.PaintFaces(ENTITY, TOP if TOP in part else part[0], BLUE))
    assert changes_something(room, first) == folded(room).still_counts(first)


@pytest.mark.parametrize("strategy", [Strategy.LAST_WRITER_WINS, Strategy.MERGE])
@pytest.mark.parametrize("moved", [move, move_1])
def test_cmd_86_who_moves_a_vertex_that_another_deleted_is_told_whom_it_was_lost_to(
    strategy: Strategy, moved: type[MoveVertices]
) -> None:
    room = Room(strategy)
    room.do(EVE, move(V, 0.5), lamport=4)
    gone = room.do(ANNA, meshes.DeleteElements(ENTITY, V, b"", b""), lamport=5)
    lost = room.do(BEN, moved(V, 0.25), lamport=6)  # type: ignore[call-arg, arg-type]
    result = room.result()
    assert result.kind(lost) == "no-op"
    assert result.against(lost) == (gone.name,), "and not to Eve, who only moved it"


def ring(room: Room, face: bytes) -> set[bytes]:
    """The vertices of a face and of all that touch it."""
    mesh = room.result().mesh
    corners = set(mesh.face_vertices(face))
    found = set(corners)
    for each in mesh.face_ids():
        if corners & set(mesh.face_vertices(each)):
            found.update(mesh.face_vertices(each))
    return found


def ring_of_edge(room: Room, edge: bytes) -> list[bytes]:
    """The vertices of all faces that touch an edge's ends, ascending."""
    mesh = room.result().mesh
    ends = set(mesh.edge_vertices(edge))
    return sorted(
        {v for each in mesh.face_ids() if ends & set(mesh.face_vertices(each)) for v in mesh.face_vertices(each)}
    )
