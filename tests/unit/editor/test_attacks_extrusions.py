"""Three people pull one face at once, in every order, and take it back in every combination (CMD-85)."""

from collections.abc import Collection
from itertools import chain, combinations, permutations

import pytest

from tests.unit.editor.rivalry import ENTITY, TOP, Result, Room, doubles
from theta.base.identifiers import CommandName
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor import mesh_operations as meshes
from theta.mesh import Mesh
from theta.mesh.attribute_rows import attribute_rows
from theta.mesh.attributes import PAINTED
from theta.mesh.operations import extrusion_ids

LWW, MERGE = Strategy.LAST_WRITER_WINS, Strategy.MERGE
PEOPLE = (1, 2, 3)
DISTANCE = {1: 0.25, 2: 0.5, 3: 1.5}
RED = (1.0, 0.0, 0.0)

every_order = pytest.mark.parametrize("order", list(permutations(PEOPLE)))


def loop_of_top() -> tuple[list[bytes], list[bytes]]:
    """The vertices and edges around the cube's top."""
    mesh = Room().result().mesh
    return mesh.face_vertices(TOP), mesh.face_edges(TOP)


VERTICES, EDGES = loop_of_top()


def would_be(name: CommandName) -> tuple[bytes, bytes]:
    """A corner of the cap and a side that somebody sees who extrudes the top alone."""
    ids = extrusion_ids(TOP, VERTICES, EDGES, name)
    return ids.vertices[0], ids.side_faces[0]


def height(mesh: Mesh) -> float:
    """Of the cap above the cube's top."""
    heights = {mesh.position(each)[1] for each in mesh.face_vertices(TOP)}
    assert len(heights) == 1
    return heights.pop() - 0.5


def painted(mesh: Mesh) -> set[bytes]:
    """The faces that were."""
    rows = attribute_rows(mesh, "face", PAINTED)
    return {each for each, row in zip(sorted(mesh.face_ids()), rows, strict=True) if row[0]}


def without(room: Room, masked: Collection[Command]) -> Result:
    """What is left when these are undone, by the plain fold and by one in which all arrive the wrong way round."""
    plain = Result.plain(room.commands, room.judge, masked)
    assert Result.arriving(room.commands[::-1], room.judge, masked).agrees(plain)
    return plain


def some_of(commands: list[Command]) -> list[tuple[Command, ...]]:
    """All subsets."""
    return list(chain.from_iterable(combinations(commands, count) for count in range(len(commands) + 1)))


@every_order
@pytest.mark.parametrize("strategy", [LWW, MERGE])
def test_cmd_85_three_extrusions_are_one_storey_whoever_takes_theirs_back(
    strategy: Strategy, order: tuple[int, ...]
) -> None:
    room = Room(strategy)
    pulls = [
        room.do(who, meshes.ExtrudeFaceV3(ENTITY, TOP, DISTANCE[who]), lamport=5 + at) for at, who in enumerate(order)
    ]
    for masked in some_of(pulls):
        left = [each for each in pulls if each not in masked]
        result = without(room, masked)
        assert result.mesh.face_count == (10 if left else 6)
        distances = [DISTANCE[each.name.actor] for each in left] or [0.0]
        wanted = distances[-1] if strategy is LWW else sum(distances) / len(distances)
        assert height(result.mesh) == pytest.approx(wanted, abs=1e-12)
        kinds = [result.kind(each) for each in left]
        assert kinds == ["applied", *["applied" if strategy is LWW else "merged"] * 2][: len(left)]


@every_order
@pytest.mark.parametrize("strategy", [LWW, MERGE])
def test_cmd_85_what_each_does_next_to_what_they_see_lands_on_the_one_storey(
    strategy: Strategy, order: tuple[int, ...]
) -> None:
    room = Room(strategy)
    pulls = [
        room.do(who, meshes.ExtrudeFaceV3(ENTITY, TOP, DISTANCE[who]), lamport=5 + at) for at, who in enumerate(order)
    ]
    last = pulls[-1]
    corner, side = would_be(last.name)
    paint = room.do(order[-1], meshes.PaintFaces(ENTITY, side, RED), lamport=9)
    moved = room.do(
        order[-1], meshes.MoveVerticesV2(ENTITY, corner, doubles(0.0, 2.0, 0.0), doubles(0.0, 0.0, 0.0)), lamport=10
    )
    for masked in some_of(pulls[:2]):
        result = without(room, masked)
        mesh = result.mesh
        assert result.kind(paint) == "applied"
        assert result.outcomes[moved.name].did_something
        first = next(each for each in pulls if each not in masked)
        own_corner, own_side = would_be(first.name)
        assert mesh.the_one("vertex", corner) == own_corner
        assert mesh.the_one("face", side) == own_side
        assert painted(mesh) == {own_side}
    result = room.result([last])
    assert [result.kind(each) for each in (paint, moved)] == ["no-op", "no-op"]


@every_order
def test_cmd_85_the_first_ones_cap_is_gone_and_so_nobody_joins(order: tuple[int, ...]) -> None:
    room = Room(MERGE)
    first = room.do(order[0], meshes.ExtrudeFaceV3(ENTITY, TOP, 0.25), lamport=5)
    room.do(order[0], meshes.DeleteElements(ENTITY, b"", b"", TOP), lamport=6)
    others = [room.do(who, meshes.ExtrudeFaceV3(ENTITY, TOP, 0.5), lamport=7) for who in order[1:]]
    result = room.result()
    assert [result.kind(each) for each in others] == ["no-op", "no-op"]
    assert all(first.name not in result.against(each) or result.kind(each) == "no-op" for each in others)
    again = room.result([room.commands[2]])
    assert [again.kind(each) for each in others] == ["merged", "merged"]
    assert again.mesh.face_count == 10
