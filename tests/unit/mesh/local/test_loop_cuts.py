"""Cutting across rings and strips of quads."""

import math

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    Operate,
    edge_at,
    edge_between,
    face_at,
    near,
    operate,
    refuse,
    row,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from, torus
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import element_id
from theta.mesh import Mesh, MultiEdge, build_primitive
from theta.mesh.errors import NotApplicable
from theta.mesh.local.loop_cuts import loop_cut


def cut(edge: bytes, t: float = 0.5) -> Operate:
    return lambda mesh: loop_cut(mesh, edge, t, NAME)


def test_mesh_53_a_ring_counts_k_2k_k() -> None:
    for edge in build_primitive("cube", 2.0, NAME).edge_ids():
        operate(with_attributes(build_primitive("cube", 2.0, NAME)), cut(edge, 0.25), (4, 8, 4))
    for edge in torus(5, 4).edge_ids()[:6]:
        mesh = torus(5, 4)
        before = mesh.face_count
        operate(mesh, cut(edge))
        assert mesh.face_count - before in (4, 5)
        assert mesh.vertex_count - 20 == mesh.face_count - before


def test_mesh_53_a_strip_counts_one_more() -> None:
    mesh = with_attributes(grid(3, 2))
    operate(mesh, cut(edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))), (4, 7, 3))
    mesh = grid(3, 2)
    operate(mesh, cut(edge_at(mesh, (1.0, 0.0, 1.0), (2.0, 0.0, 1.0))), (3, 5, 2))
    mesh = grid(3, 2)
    operate(mesh, cut(edge_at(mesh, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))), (4, 7, 3))


def house() -> Mesh:
    """Two quads in a row with a triangle at each end."""
    points = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (-1.0, 0.5), (3.0, 0.5)]
    faces = [(0, 1, 4, 3), (1, 2, 5, 4), (0, 3, 6), (2, 7, 5)]
    return mesh_from([(x, y, 0.0) for x, y in points], faces)


def test_mesh_53_a_face_that_is_no_quad_gets_a_corner() -> None:
    mesh = with_attributes(house())
    triangle = face_at(mesh, (0.0, 0.0, 0.0), (-1.0, 0.5, 0.0))
    made = operate(mesh, cut(edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)), 0.25), (3, 5, 2))
    loop = mesh.face_vertices(triangle)
    assert len(loop) == 4
    assert len(set(loop) & set(made.vertices)) == 1
    heights = {mesh.position(vertex)[1] for vertex in made.vertices}
    assert heights in ({0.25}, {0.75})
    # From the edge of a triangle, into the quads.
    mesh = house()
    operate(mesh, cut(edge_at(mesh, (0.0, 0.0, 0.0), (0.0, 1.0, 0.0))), (3, 5, 2))


def test_mesh_53_both_ends_in_one_face() -> None:
    """A face of which two sides are the ends of one strip."""
    points = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 3.0), (-1.0, 3.0)]
    mesh = mesh_from([(x, y, 0.0) for x, y in points], [(0, 1, 4, 3), (1, 2, 5, 4), (2, 6, 7, 0, 3, 4, 5)])
    seven = face_at(mesh, (3.0, 3.0, 0.0))
    operate(mesh, cut(edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 1.0, 0.0))), (3, 5, 2))
    assert len(mesh.face_vertices(seven)) == 9


def test_mesh_53_the_cut_lies_as_far_from_one_side_all_along() -> None:
    mesh = grid(4, 3)
    edge = edge_at(mesh, (2.0, 0.0, 1.0), (2.0, 0.0, 2.0))
    low, high = (mesh.position(end) for end in mesh.edge_vertices(edge))
    made = operate(mesh, cut(edge, 0.25), (5, 9, 4))
    expected = low[2] + (high[2] - low[2]) * 0.25
    assert {mesh.position(vertex)[2] for vertex in made.vertices} == {expected}


def test_mesh_53_cut_elements_redirect_to_their_parts() -> None:
    mesh = grid(3, 1)
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    face = face_at(mesh, (1.0, 0.0, 0.0), (2.0, 0.0, 1.0))
    uncut = {edge_at(mesh, (1.0, 0.0, z), (2.0, 0.0, z)) for z in (0.0, 1.0)}
    rungs = [edge_at(mesh, (float(x), 0.0, 0.0), (float(x), 0.0, 1.0)) for x in range(4)]
    ends = {rung: mesh.edge_vertices(rung) for rung in rungs}
    places = {rung: [mesh.position(end) for end in ends[rung]] for rung in rungs}
    made = operate(mesh, cut(edge, 0.25), (4, 7, 3))
    for rung in rungs:
        assert not mesh.has_edge(rung)
        (ax, ay, az), (bx, by, bz) = places[rung]
        for t in (0.0, 0.1, 0.3, 0.6, 0.8, 1.0):
            part, at = mesh.resolve_edge(rung, t)
            (cx, cy, cz), (dx, dy, dz) = (mesh.position(end) for end in mesh.edge_vertices(part))
            near(
                [cx + (dx - cx) * at, cy + (dy - cy) * at, cz + (dz - cz) * at],
                [ax + (bx - ax) * t, ay + (by - ay) * t, az + (bz - az) * t],
            )
        vertex = element_id(NAME, "loop-cut.vertex", (rung,))
        for end in ends[rung]:
            assert edge_between(mesh, vertex, end) == element_id(NAME, "loop-cut.part", (rung, end))
    assert set(mesh.resolve("face", face)) == {element_id(NAME, "loop-cut.face", (face, each)) for each in uncut}
    assert mesh.has_edge(element_id(NAME, "loop-cut.edge", (face,)))
    for half, each in ((half, each) for half in mesh.resolve("face", face) for each in uncut):
        assert (each in mesh.face_edges(half)) == (half == element_id(NAME, "loop-cut.face", (face, each)))
    assert len(made.edges) == 8 + 3
    told = refuse(mesh, cut(edge), UnknownElement)
    assert told.identifier == edge


def test_mesh_53_a_strip_is_told_to_the_left_of_the_edge() -> None:
    mesh = grid(3, 1)
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    low, high = (mesh.position(end) for end in mesh.edge_vertices(edge))
    made = operate(mesh, cut(edge), (4, 7, 3))
    along = [mesh.position(vertex)[0] for vertex in made.vertices]
    # Seen from above, with +z downwards, left of the way to +z is +x.
    assert along == ([0.0, 1.0, 2.0, 3.0] if low[2] < high[2] else [3.0, 2.0, 1.0, 0.0])


def test_mesh_53_attributes_blend_along_the_cut_edges() -> None:
    mesh = with_attributes(grid(2, 1))
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    low, high = mesh.edge_vertices(edge)
    faces = {face: [row(mesh, "corner", "uv", face, end) for end in (low, high)] for face in mesh.face_ids()}
    marks = [row(mesh, "vertex", "mark", end) for end in (low, high)]
    edge_mark, face_marks = row(mesh, "edge", "mark", edge), {face: row(mesh, "face", "mark", face) for face in faces}
    operate(mesh, cut(edge, 0.25), (3, 5, 2))
    vertex = element_id(NAME, "loop-cut.vertex", (edge,))
    near(row(mesh, "vertex", "mark", vertex), [a * 0.75 + b * 0.25 for a, b in zip(*marks, strict=True)])
    for face, (one, other) in faces.items():
        for half in mesh.resolve("face", face):
            assert row(mesh, "face", "mark", half) == face_marks[face]
            blend = [a * 0.75 + b * 0.25 for a, b in zip(one, other, strict=True)]
            near(row(mesh, "corner", "uv", half, vertex), blend)
    for part in mesh.resolve("edge", edge):
        assert row(mesh, "edge", "mark", part) == edge_mark


def looping() -> Mesh:
    """Five quads in a cross, and one from the end of its row to the end of its column: a strip that meets itself."""
    points = [(float(x), float(y), 0.0) for y in range(4) for x in range(4)]
    corners = [4, 5, 6, 1, 9]
    faces = [(low, low + 1, low + 5, low + 4) for low in corners]
    return mesh_from(points, [*faces, (7, 13, 14, 11)])


def test_mesh_53_a_strip_that_crosses_itself_is_refused() -> None:
    mesh = looping()
    crossing = edge_at(mesh, (1.0, 1.0, 0.0), (1.0, 2.0, 0.0))
    refuse(mesh, cut(crossing), NotApplicable, "cross itself")
    refuse(mesh, cut(edge_at(mesh, (0.0, 1.0, 0.0), (0.0, 2.0, 0.0))), NotApplicable, "cross itself")
    operate(mesh, cut(edge_at(mesh, (0.0, 1.0, 0.0), (1.0, 1.0, 0.0))), (2, 3, 1))


def test_mesh_53_a_ring_that_winds_around_several_times() -> None:
    columns, rows, shift = 5, 4, 2

    def at(x: int, z: int) -> int:
        return (z % rows) * columns + (x + shift * (z // rows)) % columns

    faces = [(at(x, z), at(x, z + 1), at(x + 1, z + 1), at(x + 1, z)) for z in range(rows) for x in range(columns)]
    mesh = mesh_from([(float(x), 0.0, float(z)) for z in range(rows) for x in range(columns)], faces)
    sizes = set()
    for edge in mesh.edge_ids():
        cut_mesh = mesh.copy()
        made = operate(cut_mesh, cut(edge))
        sizes.add(len(made.vertices))
    assert sizes == {columns, columns * rows}


def test_mesh_53_edges_beside_no_quad_are_refused() -> None:
    mesh = build_primitive("pyramid", 2.0, NAME)
    base = next(face for face in mesh.face_ids() if len(mesh.face_vertices(face)) == 4)
    slanted = next(edge for edge in mesh.edge_ids() if edge not in mesh.face_edges(base))
    refuse(mesh, cut(slanted), NotApplicable, "four corners")
    operate(mesh, cut(mesh.face_edges(base)[0]), (2, 3, 1))


def test_mesh_53_two_quads_back_to_back_are_refused() -> None:
    points = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)]
    pillow = mesh_from(points, [(0, 1, 2, 3), (3, 2, 1, 0)])
    refused = refuse(pillow, cut(pillow.edge_ids()[0]), MultiEdge)
    assert all(len(end) == 16 for end in refused.ends)


@pytest.mark.parametrize("t", [0.0, 1.0, -0.5, math.nan])
def test_mesh_53_what_is_wrong_is_named(t: float) -> None:
    mesh = grid(1, 1)
    assert refuse(mesh, cut(mesh.edge_ids()[0], t), InvalidValue).field == "t"
    refuse(mesh, cut(NOTHING), UnknownElement)
