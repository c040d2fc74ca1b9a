"""Extruding several faces as one."""

import math
from collections.abc import Sequence

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    Deltas,
    Operate,
    edge_at,
    edge_between,
    face_at,
    operate,
    refuse,
    row,
    vertex_at,
    with_attributes,
    with_ends,
)
from tests.unit.mesh.meshes import grid, mesh_from, torus
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import element_id
from theta.mesh import BowTie, Mesh, build_primitive
from theta.mesh.errors import NotApplicable
from theta.mesh.local.regions import extrude_region

UP = (0.0, 1.0, 0.0)


def cell(mesh: Mesh, x: int, z: int) -> bytes:
    """The grid's face with its lowest corner at x, z."""
    return face_at(mesh, (float(x), 0.0, float(z)), (x + 1.0, 0.0, z + 1.0))


def extrude(*cells: tuple[int, int]) -> Operate:
    return lambda mesh: extrude_region(mesh, [cell(mesh, *each) for each in cells], UP, NAME)


def faces_by(faces: Sequence[bytes], offset: Sequence[float] = UP) -> Operate:
    return lambda mesh: extrude_region(mesh, faces, offset, NAME)


BLOCK = ((1, 1), (1, 2), (2, 1), (2, 2))


@pytest.mark.parametrize(
    ("cells", "border"),
    [
        (((1, 1),), 4),
        (BLOCK, 8),
        (((0, 0),), 4),
        (((0, 0), (1, 0)), 6),
        (((0, 0), (2, 2)), 8),
        (((1, 1), (1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (3, 3)), 16),
        (tuple((x, z) for x in range(5) for z in range(5)), 20),
    ],
)
def test_mesh_51_a_region_counts_m_2m_m(cells: tuple[tuple[int, int], ...], border: int) -> None:
    mesh = with_attributes(grid(5, 5))
    faces = [cell(mesh, *each) for each in cells]
    deltas: Deltas = (border, 2 * border, border)
    operate(mesh, extrude(*cells), deltas)
    for face in faces:
        assert all(mesh.position(vertex)[1] == 1.0 for vertex in mesh.face_vertices(face))


def test_mesh_51_faces_of_a_closed_surface() -> None:
    for kind in ("cube", "pyramid"):
        mesh = build_primitive(kind, 2.0, NAME)
        faces = mesh.face_ids()[:2]
        shared = set(mesh.face_edges(faces[0])) & set(mesh.face_edges(faces[1]))
        border = len(mesh.face_edges(faces[0])) + len(mesh.face_edges(faces[1])) - 2 * len(shared)
        operate(mesh, faces_by(faces), (border, 2 * border, border))
    ring = torus(5, 4)
    faces = [each for each in ring.face_ids() if each != ring.face_ids()[7]]
    operate(ring, faces_by(faces), (4, 8, 4))


def test_mesh_51_mesh_60_what_is_inside_keeps_its_ids_unless_parameters_turn() -> None:
    mesh = with_attributes(grid(4, 4))
    middle = vertex_at(mesh, (2.0, 0.0, 2.0))
    inner = [edge_at(mesh, (2.0, 0.0, 2.0), (x, 0.0, z)) for x, z in ((1.0, 2.0), (3.0, 2.0), (2.0, 1.0), (2.0, 3.0))]
    marks = [row(mesh, "edge", "mark", edge) for edge in inner]
    ends = [mesh.edge_vertices(edge) for edge in inner]
    border = edge_at(mesh, (1.0, 0.0, 1.0), (2.0, 0.0, 1.0))
    made = operate(mesh, extrude(*BLOCK), (8, 16, 8))
    assert mesh.position(middle) == (2.0, 1.0, 2.0)
    turned = []
    for edge, (low, high), mark in zip(inner, ends, marks, strict=True):
        new = [end if end == middle else element_id(NAME, "extrude-region.vertex", (end,)) for end in (low, high)]
        now = with_ends(edge, new[0], new[1], "extrude-region.inner-edge")
        turned += [now] if now != edge else []
        assert edge_between(mesh, new[0], new[1]) == now
        assert row(mesh, "edge", "mark", now) == mark
        assert [mesh.position(end)[1] for end in mesh.edge_vertices(now)] == [1.0, 1.0]
        assert mesh.resolve_edge(edge, 0.25) == ((edge, 0.25) if now == edge else (now, 0.75))
    assert set(made.edges[16:]) == set(turned)
    assert 0 < len(turned) == mesh.redirects.count
    assert [mesh.position(end)[1] for end in mesh.edge_vertices(border)] == [0.0, 0.0]


def test_mesh_51_ids_order_and_attributes_are_as_written() -> None:
    mesh = with_attributes(grid(4, 4))
    faces = [cell(mesh, *each) for each in BLOCK]
    uv = {
        (face, vertex): row(mesh, "corner", "uv", face, vertex) for face in faces for vertex in mesh.face_vertices(face)
    }
    loops = {face: mesh.face_vertices(face) for face in faces}
    sides = {
        (loop[at], loop[(at + 1) % 4]): (face, mesh.face_edges(face)[at])
        for face, loop in loops.items()
        for at in range(4)
    }
    border = {tail: head for tail, head in sides if (head, tail) not in sides}
    walk = [min(border)]
    while border[walk[-1]] != walk[0]:
        walk.append(border[walk[-1]])
    made = operate(mesh, extrude(*BLOCK), (8, 16, 8))
    for at, vertex in enumerate(walk):
        face, edge = sides[vertex, border[vertex]]
        assert made.vertices[at] == element_id(NAME, "extrude-region.vertex", (vertex,))
        assert made.edges[at] == element_id(NAME, "extrude-region.side-edge", (vertex,))
        assert made.edges[8 + at] == element_id(NAME, "extrude-region.edge", (edge,))
        assert made.faces[at] == element_id(NAME, "extrude-region.side", (edge,))
        after = made.vertices[(at + 1) % 8]
        assert set(mesh.face_vertices(made.faces[at])) == {vertex, border[vertex], after, made.vertices[at]}
        assert row(mesh, "vertex", "mark", made.vertices[at]) == row(mesh, "vertex", "mark", vertex)
        assert row(mesh, "edge", "mark", made.edges[8 + at]) == row(mesh, "edge", "mark", edge)
        assert row(mesh, "face", "group", made.faces[at]) == row(mesh, "face", "group", face)
        assert row(mesh, "corner", "uv", made.faces[at], made.vertices[at]) == uv[face, vertex]
        assert row(mesh, "corner", "uv", face, made.vertices[at]) == uv[face, vertex]


def test_mesh_51_border_loops_ascend_by_their_lowest_vertices() -> None:
    for cells in (((0, 0), (3, 3)), ((0, 3), (3, 0)), ((1, 0), (3, 2)), ((0, 1), (2, 2)), ((3, 1), (0, 0))):
        mesh = grid(4, 4)
        lowest = sorted(mesh.face_vertices(cell(mesh, *each))[0] for each in cells)
        made = operate(mesh, extrude(*cells), (8, 16, 8))
        expected = tuple(element_id(NAME, "extrude-region.vertex", (each,)) for each in lowest)
        assert (made.vertices[0], made.vertices[4]) == expected


def test_mesh_51_regions_that_cannot_be_extruded_are_refused() -> None:
    mesh = grid(4, 4)
    told = refuse(mesh, extrude((1, 1), (2, 2)), BowTie)
    assert isinstance(told, BowTie)
    assert told.vertex_id == vertex_at(mesh, (2.0, 0.0, 2.0))
    cube = build_primitive("cube", 2.0, NAME)
    refuse(cube, lambda mesh: extrude_region(mesh, mesh.face_ids(), UP, NAME), NotApplicable, "border")
    tetrahedron = [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)]
    points = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    two = mesh_from(
        [*points, *[(x + 5.0, y, z) for x, y, z in points], (9.0, 9.0, 9.0)],
        [*tetrahedron, *[(a + 4, b + 4, c + 4) for a, b, c in tetrahedron]],
    )
    closed = face_at(two, points[0], points[1], points[2])
    all_but_one = [face for face in two.face_ids() if face != closed]
    refuse(two, faces_by(all_but_one), NotApplicable, "border")


def test_mesh_51_what_is_wrong_is_named() -> None:
    mesh = grid(2, 2)
    face = mesh.face_ids()[0]
    refuse(mesh, faces_by([NOTHING]), UnknownElement)
    for faces in ([], [face, face]):
        told = refuse(mesh, faces_by(faces), InvalidValue)
        assert told.field == "face_ids"
    for offset in ((0.0, math.nan, 0.0), (0.0, 1.1e6, 0.0), (0.0, 0.0)):
        told = refuse(mesh, faces_by([face], offset), InvalidValue)
        assert told.field == "offset"
    told = refuse(mesh, lambda mesh: extrude_region(mesh, mesh.face_ids(), (1e6, 0.0, 0.0), NAME), InvalidValue)
    assert told.field == "position"


def test_mesh_51_a_distance_of_zero_is_one() -> None:
    operate(grid(2, 2), lambda mesh: extrude_region(mesh, mesh.face_ids()[:1], (0.0, -0.0, 0.0), NAME), (4, 8, 4))
