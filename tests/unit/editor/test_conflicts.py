from collections.abc import Callable

import pytest

from tests.unit.editor.rivalry import BALL, ENTITY, MAKE, TOP, Result, Room, doubles, vertex
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import CONFLICT_NAMES_MAX, COORDINATE_METRES_MAX
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor import mesh_operations as meshes
from theta.editor.conflicts import still_written, written
from theta.editor.operation import Operation
from theta.editor.vocabulary import Delete, ExtrudeFace, MoveVertices, Paint, Rename
from theta.editor.writers import WHOLE

LWW, MERGE, REJECT = Strategy.LAST_WRITER_WINS, Strategy.MERGE, Strategy.REJECT
ANNA, BEN, CARL = 1, 2, 3
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
V, W = vertex(2), vertex(3)
START = (-0.5, 0.5, -0.5)
BRANCH = b"\xbb" * 16
Point = tuple[float, float, float]


def move(target: Point, delta: Point = (0.0, 0.0, 0.0), *vertices: bytes) -> meshes.MoveVerticesV2:
    """To one place, by default V."""
    ids = vertices or (V,)
    return meshes.MoveVerticesV2(ENTITY, b"".join(ids), doubles(*target) * len(ids), doubles(*delta) * len(ids))


def delete(vertices: bytes = b"", edges: bytes = b"", faces: bytes = b"") -> meshes.DeleteElements:
    """Some elements."""
    return meshes.DeleteElements(ENTITY, vertices, edges, faces)


def test_cmd_80_what_the_author_had_seen_or_did_is_no_rival() -> None:
    room = Room(REJECT)
    a = room.do(ANNA, move((0.0, 0.0, 0.0)))
    again = room.do(ANNA, move((1.0, 0.0, 0.0)))
    seen = room.do(BEN, move((2.0, 0.0, 0.0)), seen=[again])
    unseen = room.do(CARL, move((3.0, 0.0, 0.0)), seen=[a])
    result = room.result()
    assert [result.kind(each) for each in (a, again, seen, unseen)] == ["applied", "applied", "applied", "rejected"]
    assert result.against(unseen) == (seen.name,), "who knew of the others"
    assert room.result([seen]).kind(unseen) == "rejected"


def test_cmd_80_what_another_branch_did_is_judged_by_what_the_authors_held() -> None:
    room = Room()
    a = room.do(ANNA, move((0.0, 0.0, 0.0)))
    forked = room.do(BEN, move((1.0, 0.0, 0.0)), seen=[a], branch=BRANCH)
    last = room.do(CARL, move((2.0, 0.0, 0.0)), seen=[forked])
    holds = {(BRANCH, a.seq): True, (a.branch, forked.seq): False}
    asked: list[tuple[bytes, int, bytes]] = []

    def precedes(actor: int, seq: int, branch: bytes, later: Command) -> bool:
        asked.append((branch, seq, later.branch))
        held = holds.get((later.branch, seq), False) if branch != later.branch else seq <= later.seen
        return actor == later.name.actor or held

    room.judge.precedes = precedes  # type: ignore[method-assign]
    result = room.result()
    assert result.against(forked) == ()
    assert result.against(last) == (forked.name,), "its number is in what was seen, but on a branch that was not held"
    assert (BRANCH, forked.seq, last.branch) in asked


FAR = element_id(MAKE, "cube.edge", (), 0)
EDGE_OF_TOP = element_id(MAKE, "cube.edge", (), 5)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (move(START), move(START, (0.0, 0.0, 0.0), W, V), True),
        (move(START), move(START, (0.0, 0.0, 0.0), W), False),
        (move(START), meshes.SplitEdge(ENTITY, EDGE_OF_TOP, 0.5), False),
        (move(START), delete(vertices=V), True),
        (move(START), meshes.Subdivide(ENTITY, "linear"), True),
        (meshes.Subdivide(ENTITY, "linear"), move(START), True),
        (meshes.FlipNormals(ENTITY, TOP), meshes.SplitFace(ENTITY, TOP, V, W), True),
        (meshes.FlipNormals(ENTITY, TOP), move(START), False),
        (meshes.PaintFaces(ENTITY, TOP, RED), meshes.SetAttribute(ENTITY, "face", "wear", "u1", 1, TOP, b"\1"), False),
        (
            meshes.SetAttribute(ENTITY, "face", "colour", "f8", 3, TOP, doubles(*RED)),
            meshes.PaintFaces(ENTITY, TOP, RED),
            True,
        ),
        (meshes.SetAttribute(ENTITY, "corner", "uv", "u1", 1, TOP + V, b"\1"), meshes.Poke(ENTITY, TOP), True),
        (meshes.Poke(ENTITY, TOP), meshes.PaintFaces(ENTITY, TOP, RED), True),
        (meshes.SetCrease(ENTITY, FAR, 1.0), meshes.SetCrease(ENTITY, EDGE_OF_TOP, 1.0), False),
        (MoveVertices(ENTITY, V, doubles(*START), bytes(24)), move(START), True),
        (ExtrudeFace(ENTITY, TOP, 0.5), meshes.Poke(ENTITY, TOP), True),
        (ExtrudeFace(ENTITY, TOP, 0.5), move(START), False),
        (Paint(ENTITY, RED), Paint(ENTITY, BLUE), True),
        (Paint(ENTITY, RED), Rename(ENTITY, "it"), False),
        (Paint(ENTITY, RED), Delete(ENTITY), True),
        (move(START), Delete(ENTITY), True),
        (meshes.CreateVertex(ENTITY, START), meshes.CreateVertex(ENTITY, START), False),
        (meshes.CompactMesh(ENTITY), meshes.CompactMesh(ENTITY), False),
    ],
)
def test_cmd_81_commands_are_in_conflict_about_the_same_field_of_the_same_element(
    one: Operation, other: Operation, overlap: bool
) -> None:
    room = Room(REJECT)
    first = room.do(ANNA, one)
    second = room.do(BEN, other)
    result = room.result()
    assert result.kind(first) == "applied"
    assert result.kind(second) == ("rejected" if overlap else "applied")


def test_cmd_81_ids_are_in_the_scope_whether_they_live_or_not() -> None:
    mesh = Room().result().mesh
    nobody = b"\xee" * 16
    assert set(written(meshes.Poke(ENTITY, nobody), mesh)["topology"]) == {nobody}
    assert set(written(meshes.Poke(ENTITY, TOP), None)["topology"]) == {TOP}
    around = set(written(meshes.Poke(ENTITY, TOP), mesh)["topology"])
    assert {TOP, V, vertex(0)} <= around, "the vertices of the faces beside it"
    assert len(around & set(mesh.face_ids())) == 5, "all but the opposite one"
    assert set(written(meshes.Mirror(ENTITY, "x", 1.0, 0.0), mesh)["position"]) == {WHOLE}


def test_cmd_82_the_last_of_each_actor_counts() -> None:
    room = Room(MERGE)
    a = room.do(ANNA, move((0.0, 0.5, -0.5)))
    b = room.do(ANNA, move((0.25, 0.5, -0.5)))
    c = room.do(BEN, move((0.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    d = room.do(CARL, move((0.0, 0.0, 0.0), (0.0, 0.0, 2.0)))
    result = room.result()
    assert result.against(c) == (b.name,)
    assert result.against(d) == (b.name, c.name)
    assert result.mesh.position(V) == (0.25, 1.5, 1.5)
    assert a.name not in {name for each in (c, d) for name in result.against(each)}


def test_cmd_82_an_object_that_another_deleted_is_told_of() -> None:
    room = Room()
    a = room.do(ANNA, Delete(ENTITY))
    b = room.do(BEN, Paint(ENTITY, RED))
    result = room.result()
    assert result.kind(b) == "no-op"
    assert result.against(b) == (a.name,)
    assert room.result([a]).kind(b) == "applied"
    assert room.result([a]).against(b) == ()


@pytest.mark.parametrize("version", [1, 2])
def test_cmd_84_deltas_are_added_where_others_moved_the_same_vertex_and_nowhere_else(version: int) -> None:
    room = Room(MERGE)
    kind = MoveVertices if version == 1 else meshes.MoveVerticesV2
    a = room.do(ANNA, move((0.0, 0.5, -0.5)))
    b = room.do(BEN, kind(ENTITY, V + W, doubles(9.0, 9.0, 9.0) * 2, doubles(0.0, -0.5, 0.25) * 2))
    result = room.result()
    assert result.mesh.position(V) == (0.0, 0.0, -0.25)
    assert result.mesh.position(W) == (9.0, 9.0, 9.0)
    assert result.outcomes[b.name].kind == "merged"
    assert result.outcomes[b.name].did_something
    assert result.against(b) == (a.name,)
    assert room.result([a]).mesh.position(V) == (9.0, 9.0, 9.0)


def test_cmd_84_a_sum_out_of_the_world_comes_to_nothing() -> None:
    room = Room(MERGE)
    a = room.do(ANNA, move((COORDINATE_METRES_MAX, 0.0, 0.0)))
    b = room.do(BEN, move((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)))
    result = room.result()
    assert result.kind(b) == "no-op"
    assert result.outcomes[b.name].reason.startswith("InvalidValue")
    assert result.mesh.position(V) == (COORDINATE_METRES_MAX, 0.0, 0.0)
    assert room.result([a]).kind(b) == "applied"


def test_cmd_84_what_the_whole_mesh_was_changed_by_is_added_to() -> None:
    room = Room(MERGE, BALL)
    mesh = room.result().mesh
    v = mesh.vertex_ids()[0]
    room.do(ANNA, meshes.Subdivide(ENTITY, "catmull-clark"))
    smooth = room.result().mesh.position(v)
    b = room.do(BEN, move((0.0, 0.0, 0.0), (0.0, 0.5, 0.0), v))
    result = room.result()
    assert result.kind(b) == "merged"
    assert result.mesh.position(v) == (smooth[0], smooth[1] + 0.5, smooth[2])


def heights(result: Result) -> set[float]:
    """Of the corners of the face that was the cube's top."""
    return {result.mesh.position(each)[1] for each in result.mesh.face_vertices(TOP)}


def extrude(distance: float) -> meshes.ExtrudeFaceV3:
    """The top."""
    return meshes.ExtrudeFaceV3(ENTITY, TOP, distance)


@pytest.mark.parametrize(("strategy", "height"), [(MERGE, 1.25), (LWW, 0.75)])
def test_cmd_85_three_make_one_storey(strategy: Strategy, height: float) -> None:
    room = Room(strategy)
    a = room.do(ANNA, extrude(1.0))
    b = room.do(BEN, extrude(1.0))
    c = room.do(CARL, extrude(0.25))
    result = room.result()
    assert result.mesh.face_count == 10
    assert heights(result) == {height}
    assert result.against(c) == (a.name, b.name)
    assert heights(room.result([a, b])) == {0.75}
    assert heights(room.result([b])) == {1.125 if strategy is MERGE else 0.75}


@pytest.mark.parametrize("strategy", [MERGE, LWW])
def test_cmd_85_what_would_have_been_made_stands_for_what_was(strategy: Strategy) -> None:
    alone = Room()
    alone.numbers[BEN] = 4
    only = alone.do(BEN, extrude(0.5))
    made_alone = alone.result()
    room = Room(strategy)
    room.do(ANNA, extrude(0.5))
    room.numbers[BEN] = 4
    b = room.do(BEN, extrude(0.5))
    assert b.name == only.name
    base = Room().result().mesh
    before = {"vertex": base.vertex_ids(), "edge": base.edge_ids(), "face": base.face_ids()}
    result = room.result()
    here, there = result.mesh, made_alone.mesh
    for kind, ids in (("vertex", there.vertex_ids()), ("edge", there.edge_ids()), ("face", there.face_ids())):
        for each in set(ids) - set(before[kind]):
            (found,) = here.resolve(kind, each)
            if kind == "vertex":
                assert here.position(found) == there.position(each)
            if kind == "edge":
                ends, others = here.edge_vertices(found), there.edge_vertices(each)
                assert {here.position(end) for end in ends} == {there.position(end) for end in others}
                assert here.position(ends[0]) != here.position(ends[1])
                resolved, at = here.resolve_edge(each, 0.25)
                low, high = (here.position(end) for end in here.edge_vertices(resolved))
                point = tuple(p + (q - p) * at for p, q in zip(low, high, strict=True))
                start, end = (there.position(other) for other in others)
                assert point == tuple(p + (q - p) * 0.25 for p, q in zip(start, end, strict=True))
            if kind == "face":
                corners = {here.position(one) for one in here.face_vertices(found)}
                assert corners == {there.position(one) for one in there.face_vertices(each)}


def test_cmd_85_what_its_author_does_next_lands_on_the_one_storey() -> None:
    room = Room(MERGE)
    a = room.do(ANNA, extrude(1.0))
    b = room.do(BEN, extrude(0.5))
    side = element_id(b.name, "extrude.side", (TOP, EDGE_OF_TOP))
    painted = room.do(BEN, meshes.PaintFaces(ENTITY, side, RED))
    corner = element_id(b.name, "extrude.vertex", (TOP, V))
    lifted = room.do(BEN, move((0.0, 3.0, 0.0), (0.0, 0.5, 0.0), corner))
    result = room.result()
    assert result.kind(painted) == "applied"
    (moved,) = result.mesh.resolve("vertex", corner)
    assert moved == element_id(a.name, "extrude.vertex", (TOP, V))
    assert result.mesh.position(moved) == (0.0, 3.0, 0.0)
    assert result.kind(lifted) == "applied"


def test_cmd_85_a_corner_moved_meanwhile_keeps_that() -> None:
    room = Room(MERGE)
    a = room.do(ANNA, extrude(1.0))
    corner = element_id(a.name, "extrude.vertex", (TOP, V))
    room.do(ANNA, move((-1.5, 1.5, -0.5), (-1.0, 0.0, 0.0), corner))
    room.do(BEN, extrude(0.5))
    result = room.result()
    assert result.mesh.position(corner) == (-1.5, 1.25, -0.5)
    assert heights(result) == {1.25}


@pytest.mark.parametrize(
    "between",
    [
        lambda a: meshes.SplitEdge(ENTITY, element_id(a.name, "extrude.cap-edge", (TOP, EDGE_OF_TOP)), 0.5),
        lambda a: extrude(0.25),
    ],
)
def test_cmd_85_a_cap_that_is_no_longer_as_it_was_made_is_extruded_again(
    between: Callable[[Command], Operation],
) -> None:
    room = Room(LWW)
    a = room.do(ANNA, extrude(1.0))
    changed = room.do(ANNA, between(a))
    faces = room.result().mesh.face_count
    b = room.do(BEN, extrude(0.5))
    result = room.result()
    assert result.kind(changed) == "applied"
    joined = isinstance(changed.operation, meshes.ExtrudeFaceV3)
    # The last extrusion is hers too, and its cap is as it was made.
    assert result.mesh.face_count == (faces if joined else faces + 5)
    assert result.against(b) == ((changed.name,) if joined else ())


def test_cmd_85_who_knows_of_one_that_joined_makes_a_storey_on_it() -> None:
    room = Room(MERGE)
    room.do(ANNA, extrude(1.0))
    room.do(BEN, extrude(1.0))
    on_top = room.do(BEN, extrude(0.5))
    result = room.result()
    assert result.mesh.face_count == 14
    assert result.kind(on_top) == "applied"
    assert heights(result) == {2.0}


def test_cmd_85_a_cap_out_of_the_world_comes_to_nothing() -> None:
    room = Room(LWW)
    a = room.do(ANNA, extrude(1.0))
    corner = element_id(a.name, "extrude.vertex", (TOP, V))
    room.do(ANNA, move((0.0, COORDINATE_METRES_MAX, 0.0), (0.0, 0.0, 0.0), corner))
    alone = room.result().facts()
    b = room.do(BEN, extrude(1.5))
    result = room.result()
    assert result.kind(b) == "no-op"
    assert result.outcomes[b.name].reason.startswith("InvalidValue")
    of_mesh = slice(6, None)
    assert result.facts()[of_mesh] == alone[of_mesh]
    assert room.result([a]).kind(b) == "applied"


def test_cmd_86_those_who_are_told() -> None:
    room = Room()
    a = room.do(ANNA, meshes.PaintFaces(ENTITY, TOP, RED))
    painted = room.do(BEN, meshes.PaintFaces(ENTITY, TOP, BLUE))
    split = room.do(CARL, meshes.Poke(ENTITY, TOP))
    result = room.result()
    assert result.against(painted) == (a.name,)
    assert result.against(split) == (), "it takes nothing from anybody"
    room = Room()
    a = room.do(ANNA, move((0.0, 0.5, -0.5)))
    beside = room.do(ANNA, move((0.5, 0.6, -0.5), (0.0, 0.0, 0.0), W))
    welded = room.do(BEN, meshes.Weld(ENTITY, V + W, START))
    gone = room.do(CARL, Delete(ENTITY))
    result = room.result()
    assert result.against(welded) == (a.name, beside.name)
    assert set(result.against(gone)) == {beside.name, welded.name}


def test_cmd_86_at_most_so_many_are_named() -> None:
    room = Room(made=BALL)
    ids = room.result().mesh.vertex_ids()
    room.judge = type(room.judge)(LWW)
    firsts = [
        room.do(10 + at, move((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), ids[at % len(ids)]), lamport=2)
        for at in range(CONFLICT_NAMES_MAX + 5)
    ]
    last = room.do(ANNA, move((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), *ids), lamport=3)
    outcome = Result.plain(room.commands, room.judge, ()).outcomes[last.name]
    assert outcome.against == tuple(sorted(each.name for each in firsts)[:CONFLICT_NAMES_MAX])


def test_cmd_87_what_was_rejected_rejects_nothing_and_stays_rejected() -> None:
    room = Room(REJECT)
    a = room.do(ANNA, move((0.0, 0.0, 0.0)))
    b = room.do(BEN, move((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), V, W))
    c = room.do(CARL, move((2.0, 0.0, 0.0), (0.0, 0.0, 0.0), W))
    for masked in ([], [a], [b], [a, b]):
        result = room.result(masked)
        assert result.kind(b) == "rejected"
        assert result.against(b) == (a.name,)
        assert result.kind(c) == "applied", "who was rejected changed nothing of it"
        assert result.kind(a) == ("suspended" if a in masked else "applied")


def test_cmd_87_a_command_that_came_to_nothing_rejects_all_the_same() -> None:
    room = Room(REJECT)
    nobody = b"\xee" * 16
    a = room.do(ANNA, meshes.Poke(ENTITY, nobody))
    b = room.do(BEN, meshes.Poke(ENTITY, nobody))
    result = room.result()
    assert [result.kind(each) for each in (a, b)] == ["no-op", "rejected"]
    room = Room()
    room.do(ANNA, meshes.Poke(ENTITY, nobody))
    b = room.do(BEN, meshes.Poke(ENTITY, nobody))
    assert room.result().against(b) == (), "and is in nobody's way otherwise"


def test_cmd_88_values_that_another_has_set_since_count_no_more() -> None:
    room = Room()
    both = room.do(ANNA, move((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), V, W))
    one = room.do(BEN, move((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), V))
    writers = room.result().unit.writers
    assert still_written(writers, both)
    assert still_written(writers, one)
    room.do(CARL, move((2.0, 0.0, 0.0), (0.0, 0.0, 0.0), W))
    assert not still_written(room.result().unit.writers, both)
    painted = room.do(ANNA, Paint(ENTITY, RED))
    assert still_written(room.result().unit.writers, painted)
    over = room.do(BEN, Paint(ENTITY, BLUE))
    assert not still_written(room.result().unit.writers, painted)
    assert still_written(room.result([over]).unit.writers, painted)
    poked = room.do(ANNA, meshes.Poke(ENTITY, TOP))
    assert still_written(room.result().unit.writers, poked), "it did more than set values"


def test_cmd_88_what_was_added_to_still_counts() -> None:
    room = Room(MERGE)
    a = room.do(ANNA, move((0.0, 0.0, 0.0)))
    room.do(BEN, move((1.0, 0.0, 0.0)))
    assert still_written(room.result().unit.writers, a)


def test_cmd_83_the_strategy_is_that_of_the_later_command() -> None:
    room = Room()
    asked: list[tuple[CommandName, bytes]] = []

    def strategy(later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        asked.append((later.name, earlier_branch))
        return REJECT if later.name.actor == BEN else LWW

    room.judge.strategy = strategy  # type: ignore[method-assign]
    a = room.do(ANNA, Paint(ENTITY, RED), branch=BRANCH)
    b = room.do(BEN, Paint(ENTITY, BLUE), branch=BRANCH)
    c = room.do(CARL, Paint(ENTITY, BLUE), branch=BRANCH)
    result = room.result()
    assert [result.kind(each) for each in (a, b, c)] == ["applied", "rejected", "applied"]
    assert set(asked) == {(b.name, BRANCH), (c.name, BRANCH)}
