"""Extruding boundary edges."""

import math
from collections.abc import Sequence

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    Operate,
    edge_at,
    operate,
    refuse,
    row,
    vertex_at,
    with_attributes,
)
from tests.unit.mesh.meshes import grid
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import element_id
from theta.mesh import Mesh
from theta.mesh.errors import NotApplicable
from theta.mesh.local.chains import extrude_edges

OUT = (0.0, 0.5, -1.0)


def pull(edges: Sequence[bytes], offset: Sequence[float] = OUT) -> Operate:
    return lambda mesh: extrude_edges(mesh, edges, offset, NAME)


def border(mesh: Mesh, first: int, last: int) -> list[bytes]:
    """Edges of the grid's border at z = 0."""
    return [edge_at(mesh, (float(x), 0.0, 0.0), (x + 1.0, 0.0, 0.0)) for x in range(first, last)]


def whole_border(mesh: Mesh) -> list[bytes]:
    return [edge for edge in mesh.edge_ids() if sum(edge in mesh.face_edges(face) for face in mesh.face_ids()) == 1]


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 2), (0, 3), (1, 4), (0, 4)])
def test_mesh_52_an_open_chain_counts_one_more(first: int, last: int) -> None:
    count = last - first
    operate(
        with_attributes(grid(4, 2)),
        lambda mesh: extrude_edges(mesh, border(mesh, first, last), OUT, NAME),
        (count + 1, 2 * count + 1, count),
    )


def test_mesh_52_a_chain_goes_around_corners_in_any_order() -> None:
    mesh = grid(2, 2)
    edges = [*border(mesh, 0, 2), edge_at(mesh, (2.0, 0.0, 0.0), (2.0, 0.0, 1.0))]
    operate(mesh, pull(edges[::-1]), (4, 7, 3))
    rest = [edge for edge in whole_border(grid(2, 2)) if edge not in border(grid(2, 2), 0, 1)]
    operate(grid(2, 2), pull(rest), (8, 15, 7))


def test_mesh_52_a_whole_loop_counts_m_2m_m() -> None:
    for size in (1, 2, 3):
        mesh = with_attributes(grid(size, 2))
        edges = whole_border(mesh)
        count = len(edges)
        lowest = min(end for edge in edges for end in mesh.edge_vertices(edge))
        made = operate(mesh, pull(edges), (count, 2 * count, count))
        assert made.vertices[0] == element_id(NAME, "extrude-edges.vertex", (lowest,))


def test_mesh_52_ids_order_and_attributes_are_as_written() -> None:
    mesh = with_attributes(grid(4, 2))
    edges = border(mesh, 1, 3)
    beside = {edge: next(face for face in mesh.face_ids() if edge in mesh.face_edges(face)) for edge in edges}
    made = operate(mesh, pull(edges), (3, 5, 2))
    # The faces run along z = 0 towards −x, so the boundary runs towards +x.
    old = [vertex_at(mesh, (float(x), 0.0, 0.0)) for x in (1, 2, 3)]
    for at, vertex in enumerate(old):
        x, y, z = mesh.position(vertex)
        assert mesh.position(made.vertices[at]) == (x, y + 0.5, z - 1.0)
        assert made.vertices[at] == element_id(NAME, "extrude-edges.vertex", (vertex,))
        assert made.edges[at] == element_id(NAME, "extrude-edges.side-edge", (vertex,))
        assert row(mesh, "vertex", "mark", made.vertices[at]) == row(mesh, "vertex", "mark", vertex)
    for at, edge in enumerate(edges):
        assert made.edges[3 + at] == element_id(NAME, "extrude-edges.edge", (edge,))
        assert made.faces[at] == element_id(NAME, "extrude-edges.face", (edge,))
        assert set(mesh.face_vertices(made.faces[at])) == {*old[at : at + 2], *made.vertices[at : at + 2]}
        assert edge in mesh.face_edges(made.faces[at])
        face = beside[edge]
        assert row(mesh, "face", "mark", made.faces[at]) == row(mesh, "face", "mark", face)
        assert row(mesh, "edge", "group", made.edges[3 + at]) == row(mesh, "edge", "group", edge)
        for vertex, new in zip(old[at : at + 2], made.vertices[at : at + 2], strict=True):
            uv = row(mesh, "corner", "uv", face, vertex)
            assert row(mesh, "corner", "uv", made.faces[at], new) == uv
            assert row(mesh, "corner", "uv", made.faces[at], vertex) == uv


def test_mesh_52_edges_that_are_no_chain_are_refused() -> None:
    mesh = grid(4, 3)
    inner = edge_at(mesh, (1.0, 0.0, 1.0), (2.0, 0.0, 1.0))
    refuse(mesh, pull([inner]), NotApplicable, "boundary")
    apart = [*border(mesh, 0, 1), *border(mesh, 2, 3)]
    refuse(mesh, pull(apart), NotApplicable, "one chain")


def test_mesh_52_what_is_wrong_is_named() -> None:
    mesh = grid(1, 1)
    edge = mesh.edge_ids()[0]
    refuse(mesh, pull([NOTHING]), UnknownElement)
    for edges in ([], [edge, edge]):
        told = refuse(mesh, pull(edges), InvalidValue)
        assert told.field == "edge_ids"
    for offset in ((0.0, math.inf, 0.0), (0.0,)):
        told = refuse(mesh, pull([edge], offset), InvalidValue)
        assert told.field == "offset"
    told = refuse(mesh, lambda mesh: extrude_edges(mesh, [edge], (1e6, 0.0, 0.0), NAME), InvalidValue)
    assert told.field == "position"
