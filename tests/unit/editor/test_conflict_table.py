"""Every row of the table of conflicts, by every strategy, with either author first (CMD-83)."""

import pytest

from tests.unit.editor.rivalry import BALL, ENTITY, MAKE, TOP, Room, doubles, vertex
from theta.base.identifiers import element_id
from theta.commands.governance import Strategy
from theta.editor import mesh_operations as meshes
from theta.mesh import Mesh
from theta.mesh.attribute_rows import attribute_rows
from theta.mesh.attributes import COLOUR, PAINTED

LWW, MERGE, REJECT = Strategy.LAST_WRITER_WINS, Strategy.MERGE, Strategy.REJECT
ANNA, BEN = 1, 2
RED = (1.0, 0.0, 0.0)
V = vertex(2)
START = (-0.5, 0.5, -0.5)
EDGE = element_id(MAKE, "cube.edge", (), 0)

every_case = pytest.mark.parametrize(
    ("strategy", "first", "second"),
    [(strategy, *pair) for strategy in Strategy for pair in ((ANNA, BEN), (BEN, ANNA))],
)


def move(target: tuple[float, float, float], delta: tuple[float, float, float], v: bytes = V) -> meshes.MoveVerticesV2:
    """One vertex."""
    return meshes.MoveVerticesV2(ENTITY, v, doubles(*target), doubles(*delta))


def paint(*faces: bytes) -> meshes.PaintFaces:
    """Red."""
    return meshes.PaintFaces(ENTITY, b"".join(faces), RED)


def delete_face(face: bytes) -> meshes.DeleteElements:
    """That face alone."""
    return meshes.DeleteElements(ENTITY, b"", b"", face)


@every_case
def test_cmd_83_both_move_a_vertex(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    a = room.do(first, move((0.0, 0.5, -0.5), (0.5, 0.0, 0.0)), lamport=5)
    b = room.do(second, move((-0.5, 0.75, -0.5), (0.0, 0.25, 0.0)), lamport=6)
    result = room.result()
    assert (
        result.mesh.position(V)
        == {
            LWW: (-0.5, 0.75, -0.5),
            MERGE: (0.0, 0.75, -0.5),
            REJECT: (0.0, 0.5, -0.5),
        }[strategy]
    )
    assert result.kind(a) == "applied"
    assert result.kind(b) == {LWW: "applied", MERGE: "merged", REJECT: "rejected"}[strategy]
    assert result.against(b) == (a.name,)
    without = room.result([a])
    assert without.kind(b) == ("rejected" if strategy is REJECT else "applied")
    assert without.mesh.position(V) == (START if strategy is REJECT else (-0.5, 0.75, -0.5))


@every_case
def test_cmd_83_both_split_an_edge(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    a = room.do(first, meshes.SplitEdge(ENTITY, EDGE, 0.25), lamport=5)
    b = room.do(second, meshes.SplitEdge(ENTITY, EDGE, 0.75), lamport=6)
    result = room.result()
    rejected = strategy is REJECT
    assert result.kind(b) == ("rejected" if rejected else "applied")
    assert result.mesh.vertex_count == (9 if rejected else 10)
    ends = [vertex(0), vertex(1)]
    low, high = (Room().result().mesh.position(each) for each in sorted(ends))
    at = {
        tuple(p + (q - p) * t for p, q in zip(low, high, strict=True)) for t in ((0.25,) if rejected else (0.25, 0.75))
    }
    assert {result.mesh.position(each) for each in set(result.mesh.vertex_ids()) - {vertex(n) for n in range(8)}} == at
    assert result.against(b) == ((a.name,) if rejected else ())


@every_case
def test_cmd_83_one_deletes_a_face_that_another_extrudes(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    a = room.do(first, delete_face(TOP), lamport=5)
    b = room.do(second, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5), lamport=6)
    result = room.result()
    assert not result.mesh.has_face(TOP)
    assert result.kind(b) == ("rejected" if strategy is REJECT else "no-op")
    assert result.against(b) == (a.name,), "its author is told who took the face"
    undone = room.result([a])
    assert undone.mesh.has_face(TOP)
    assert undone.kind(b) == ("rejected" if strategy is REJECT else "applied"), "back, or refused for good"
    assert undone.mesh.face_count == (6 if strategy is REJECT else 10)


@every_case
def test_cmd_83_one_extrudes_a_face_that_another_then_deletes(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    a = room.do(first, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5), lamport=5)
    b = room.do(second, delete_face(TOP), lamport=6)
    result = room.result()
    assert result.kind(b) == ("rejected" if strategy is REJECT else "applied")
    assert result.against(b) == (a.name,)
    assert result.mesh.face_count == (10 if strategy is REJECT else 9)


def some_edge(room: Room) -> tuple[bytes, bytes, bytes]:
    """An edge, and its ends u < v."""
    mesh = room.result().mesh
    edge = mesh.edge_ids()[0]
    return (edge, *mesh.edge_vertices(edge))


@every_case
def test_cmd_83_one_collapses_an_edge_whose_end_another_moves(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy, BALL)
    edge, u, v = some_edge(room)
    start = room.result().mesh.position(u)
    a = room.do(first, meshes.CollapseEdge(ENTITY, edge, 0.0), lamport=5)
    b = room.do(second, move((0.1, 0.2, 0.3), (0.5, 0.25, 0.0), v), lamport=6)
    result = room.result()
    assert not result.mesh.has_vertex(v)
    assert result.kind(b) == {LWW: "applied", MERGE: "merged", REJECT: "rejected"}[strategy]
    added = (start[0] + 0.5, start[1] + 0.25, start[2])
    assert result.mesh.position(u) == {LWW: (0.1, 0.2, 0.3), MERGE: added, REJECT: start}[strategy]
    assert result.against(b) == (a.name,)


@every_case
def test_cmd_83_one_moves_the_end_of_an_edge_that_another_then_collapses(
    strategy: Strategy, first: int, second: int
) -> None:
    room = Room(strategy, BALL)
    edge, u, v = some_edge(room)
    room.do(first, move((0.1, 0.2, 0.3), (0.5, 0.25, 0.0), v), lamport=5)
    b = room.do(second, meshes.CollapseEdge(ENTITY, edge, 1.0), lamport=6)
    result = room.result()
    assert result.kind(b) == ("rejected" if strategy is REJECT else "applied")
    assert result.mesh.position(v if strategy is REJECT else u) == (0.1, 0.2, 0.3)


@every_case
def test_cmd_83_both_extrude_a_face(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    a = room.do(first, meshes.ExtrudeFaceV3(ENTITY, TOP, 1.0), lamport=5)
    b = room.do(second, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5), lamport=6)
    result = room.result()
    assert result.kind(b) == {LWW: "applied", MERGE: "merged", REJECT: "rejected"}[strategy]
    assert result.against(b) == (a.name,)
    assert result.mesh.face_count == 10, "one storey"
    heights = {result.mesh.position(each)[1] for each in result.mesh.face_vertices(TOP)}
    assert heights == {{LWW: 1.0, MERGE: 1.25, REJECT: 1.5}[strategy]}
    assert room.result([a]).mesh.face_count == (6 if strategy is REJECT else 10)


@every_case
def test_cmd_83_one_paints_a_face_that_another_splits(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    loop = room.result().mesh.face_vertices(TOP)
    room.do(first, paint(TOP), lamport=5)
    b = room.do(second, meshes.SplitFace(ENTITY, TOP, loop[0], loop[2]), lamport=6)
    result = room.result()
    assert result.kind(b) == ("rejected" if strategy is REJECT else "applied")
    painted = painted_faces(result.mesh)
    assert painted == ({TOP} if strategy is REJECT else set(result.mesh.resolve("face", TOP)))
    assert len(painted) == (1 if strategy is REJECT else 2)


@every_case
def test_cmd_83_one_splits_a_face_that_another_then_paints(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    loop = room.result().mesh.face_vertices(TOP)
    room.do(first, meshes.SplitFace(ENTITY, TOP, loop[0], loop[2]), lamport=5)
    b = room.do(second, paint(TOP), lamport=6)
    result = room.result()
    assert result.kind(b) == ("rejected" if strategy is REJECT else "applied")
    assert painted_faces(result.mesh) == (set() if strategy is REJECT else set(result.mesh.resolve("face", TOP)))


@every_case
def test_cmd_83_one_moves_a_vertex_of_a_face_that_another_paints(strategy: Strategy, first: int, second: int) -> None:
    room = Room(strategy)
    a = room.do(first, move((0.0, 0.5, -0.5), (0.5, 0.0, 0.0)), lamport=5)
    b = room.do(second, paint(TOP), lamport=6)
    for masked in ((), (a,)):
        result = room.result(masked)
        assert result.kind(b) == "applied"
        assert result.against(b) == ()
        assert painted_faces(result.mesh) == {TOP}
    assert room.result().mesh.position(V) == (0.0, 0.5, -0.5)


def painted_faces(mesh: Mesh) -> set[bytes]:
    """Those with a colour of their own, which is red."""
    if not mesh.attribute_keys():
        return set()
    rows = zip(
        mesh.face_ids(),
        attribute_rows(mesh, "face", PAINTED).tolist(),
        attribute_rows(mesh, "face", COLOUR).tolist(),
        strict=True,
    )
    found = [(face, tuple(colour)) for face, (painted,), colour in rows if painted]
    assert all(colour == RED for _, colour in found)
    return {face for face, _ in found}
