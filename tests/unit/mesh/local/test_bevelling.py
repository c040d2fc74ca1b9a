"""Cutting an edge off by a face."""

import math

import numpy as np
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
    vertex_at,
    with_attributes,
    with_ends,
)
from tests.unit.mesh.meshes import grid, mesh_from
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, element_id
from theta.mesh import Mesh, build_primitive, face_normal, move_vertices
from theta.mesh.errors import NotApplicable, SplitElement
from theta.mesh.local.bevelling import bevel_edge
from theta.mesh.local.splitting import split_edge


def bevel(edge: bytes, width: float = 0.25) -> Operate:
    return lambda mesh: bevel_edge(mesh, edge, width, NAME)


def cube() -> Mesh:
    return with_attributes(build_primitive("cube", 2.0, CommandName(1, 1)))


def test_mesh_54_between_ends_of_three_edges_a_bevel_counts_2_3_1() -> None:
    for edge in cube().edge_ids():
        mesh = cube()
        made = operate(mesh, bevel(edge), (2, 3, 1))
        assert len(mesh.face_vertices(made.faces[0])) == 4
        x, y, z = (abs(each) for each in face_normal(mesh, made.faces[0]))
        near(sorted((x, y, z)), [0.0, math.sqrt(0.5), math.sqrt(0.5)])


def test_mesh_54_the_long_sides_lie_at_the_width_from_the_edge() -> None:
    mesh = cube()
    edge = edge_at(mesh, (-1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    made = operate(mesh, bevel(edge), (2, 3, 1))
    assert {mesh.position(vertex) for vertex in made.vertices} == {
        (x, y, z) for x in (-1.0, 1.0) for y, z in ((1.0, 0.75), (0.75, 1.0))
    }
    # Beside slanting edges too: a triangular prism lying on its side.
    wedge = mesh_from(
        [(x, y, z) for x in (0.0, 6.0) for y, z in ((0.0, 0.0), (0.0, 2.0), (3.0, 0.0))],
        [(0, 1, 2), (5, 4, 3), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)],
    )
    edge = edge_at(wedge, (0.0, 3.0, 0.0), (6.0, 3.0, 0.0))
    made = operate(wedge, bevel(edge, 0.5), (2, 3, 1))
    for vertex in made.vertices:
        _, y, z = wedge.position(vertex)
        near(math.sqrt((y - 3.0) * (y - 3.0) + z * z), 0.5)


@pytest.mark.parametrize("seed", range(6))
def test_mesh_54_every_new_vertex_is_at_the_width_from_the_edge(seed: int) -> None:
    """In faces of any shape, measured against NumPy's cross product."""
    draw = np.random.default_rng(seed)
    mesh = grid(4, 4)
    for vertex in mesh.vertex_ids():
        move_vertices(mesh, [vertex], np.array(mesh.position(vertex)) + draw.uniform(-0.2, 0.2, (1, 3)))
    inner = [edge for edge in mesh.edge_ids() if sum(edge in mesh.face_edges(face) for face in mesh.face_ids()) == 2]
    for edge in inner[::3]:
        one, other = (np.array(mesh.position(end)) for end in mesh.edge_vertices(edge))
        copy = mesh.copy()
        made = operate(copy, bevel(edge, 0.07))
        for vertex in made.vertices:
            across = np.cross(np.array(copy.position(vertex)) - one, other - one)
            near(np.linalg.norm(across) / np.linalg.norm(other - one), 0.07)


def test_mesh_54_mesh_60_ids_and_redirects_are_as_written() -> None:
    mesh = cube()
    edge = edge_at(mesh, (-1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    ends = mesh.edge_vertices(edge)
    faces = [face for face in mesh.face_ids() if edge in mesh.face_edges(face)]
    beside = {
        (end, face): next(each for each in mesh.face_edges(face) if each != edge and end in mesh.edge_vertices(each))
        for end in ends
        for face in faces
    }
    far = {edge: mesh.edge_vertices(edge) for edge in beside.values()}
    marks = {each: row(mesh, "edge", "mark", each) for each in mesh.edge_ids()}
    made = operate(mesh, bevel(edge), (2, 3, 1))
    corner = {key: element_id(NAME, "bevel.vertex", (edge, each)) for key, each in beside.items()}
    assert made.faces == (element_id(NAME, "bevel.face", (edge,)),)
    assert set(mesh.face_vertices(made.faces[0])) == set(corner.values()) == set(made.vertices)
    longs = {}
    for face in faces:
        longs[face] = edge_between(mesh, corner[ends[0], face], corner[ends[1], face])
        assert longs[face] == element_id(NAME, "bevel.edge", (edge, face))
        assert row(mesh, "edge", "mark", longs[face]) == marks[edge]
        assert longs[face] in mesh.face_edges(face)
    assert set(mesh.resolve("edge", edge)) == set(longs.values())
    assert mesh.resolve_edge(edge, 0.25)[0] in longs.values()
    turned: list[bytes] = []
    for end in ends:
        one, other = (corner[end, face] for face in faces)
        assert edge_between(mesh, one, other) == element_id(NAME, "bevel.end-edge", (edge, end))
        assert set(mesh.resolve("vertex", end)) == {one, other}
        with pytest.raises(SplitElement):
            mesh.the_one("vertex", end)
        for face in faces:
            each = beside[end, face]
            low, high = (corner[end, face] if one == end else one for one in far[each])
            now = with_ends(each, low, high, "bevel.beside")
            assert set(mesh.edge_vertices(now)) == {low, high}
            assert mesh.resolve("edge", each) == [now]
            assert row(mesh, "edge", "mark", now) == marks[each]
            turned += [now] if now != each else []
    left = made.vertices[0]
    assert set(mesh.edge_vertices(made.edges[0])) == {left, made.vertices[1]}
    assert sorted(made.edges[4:]) == sorted(turned)
    assert 0 < len(turned) < 4


def test_mesh_54_points_of_the_edge_stand_for_points_beside_it() -> None:
    mesh = cube()
    edge = edge_at(mesh, (-1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    low, high = (mesh.position(end) for end in mesh.edge_vertices(edge))
    operate(mesh, bevel(edge), (2, 3, 1))
    for t in (0.0, 0.25, 1.0):
        here, at = mesh.resolve_edge(edge, t)
        assert here == mesh.redirects.parts_of("edge", edge)[0].id
        a, b = (mesh.position(end) for end in mesh.edge_vertices(here))
        near(a[0] + (b[0] - a[0]) * at, low[0] + (high[0] - low[0]) * t)


def test_mesh_54_both_long_sides_say_which_way_they_run() -> None:
    ways = set()
    for edge in cube().edge_ids():
        mesh = cube()
        low, high = (mesh.position(end) for end in mesh.edge_vertices(edge))
        along = [high[axis] - low[axis] for axis in range(3)]
        operate(mesh, bevel(edge), (2, 3, 1))
        for side, part in enumerate(mesh.redirects.parts_of("edge", edge)):
            a, b = (mesh.position(end) for end in mesh.edge_vertices(part.id))
            rises = sum((b[axis] - a[axis]) * along[axis] for axis in range(3)) > 0.0
            assert part.span == (0.0, 1.0)
            assert part.onto == ((0.0, 1.0) if rises else (1.0, 0.0))
            ways.add((side, rises))
    assert len(ways) == 4


def test_mesh_54_an_end_of_more_edges_stays_with_a_triangle() -> None:
    mesh = with_attributes(grid(5, 4))
    edge = edge_at(mesh, (2.0, 0.0, 2.0), (3.0, 0.0, 2.0))
    ends = mesh.edge_vertices(edge)
    crossing = [edge_at(mesh, (x, 0.0, 2.0), (x, 0.0, z)) for x in (2.0, 3.0) for z in (1.0, 3.0)]
    far = {each: mesh.edge_vertices(each) for each in crossing}
    made = operate(mesh, bevel(edge), (4, 7, 3))
    assert [len(mesh.face_vertices(face)) for face in made.faces] == [4, 3, 3]
    assert made.faces[1:] == tuple(element_id(NAME, "bevel.end-face", (edge, end)) for end in ends)
    for end, triangle in zip(ends, made.faces[1:], strict=True):
        assert end in mesh.face_vertices(triangle)
    for each in crossing:
        near_end = next(end for end in far[each] if end in ends)
        parts = [element_id(NAME, "bevel.part", (each, end)) for end in far[each]]
        assert set(mesh.resolve("edge", each)) == set(parts)
        t = 0.1 if far[each][0] == near_end else 0.9
        assert mesh.resolve_edge(each, t)[0] == element_id(NAME, "bevel.part", (each, near_end))
    assert {mesh.position(vertex) for vertex in made.vertices} == {
        (x, 0.0, z) for x in (2.0, 3.0) for z in (1.75, 2.25)
    }
    assert len(mesh.face_vertices(face_at(mesh, (1.0, 0.0, 1.0), (2.0, 0.0, 2.0)))) == 5


def leads(loop: list[bytes], one: bytes, other: bytes) -> bool:
    """Whether a face's loop leads from one vertex to the other."""
    return (one, other) in zip(loop, [*loop[1:], loop[0]], strict=True)


def test_mesh_54_an_end_of_two_edges_stays() -> None:
    mesh = cube()
    long_edge = edge_at(mesh, (-1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    made = split_edge(mesh, long_edge, 0.5, CommandName(1, 2))
    vertex = made.vertices[0]
    edge = made.edges[0]
    low, high = mesh.edge_vertices(edge)
    left = next(face for face in mesh.face_ids() if leads(mesh.face_vertices(face), low, high))
    uv = row(mesh, "corner", "uv", left, vertex)
    made = operate(mesh, bevel(edge), (1, 2, 1))
    assert row(mesh, "corner", "uv", made.faces[0], vertex) == uv
    assert len(mesh.face_vertices(made.faces[0])) == 3
    assert vertex in mesh.face_vertices(made.faces[0])
    mesh = cube()
    halves = split_edge(mesh, long_edge, 0.5, CommandName(1, 2)).edges
    middle = split_edge(mesh, halves[0], 0.5, CommandName(1, 3)).edges
    inner = next(each for each in middle if vertex in mesh.edge_vertices(each))
    refuse(mesh, bevel(inner), NotApplicable, "three or more")


@pytest.mark.parametrize(
    ("ends", "deltas"),
    [
        (((2.0, 0.0, 0.0), (2.0, 0.0, 1.0)), (3, 5, 2)),
        (((0.0, 0.0, 1.0), (1.0, 0.0, 1.0)), (3, 5, 2)),
        (((1.0, 0.0, 1.0), (2.0, 0.0, 1.0)), (4, 7, 3)),
    ],
)
def test_mesh_54_ends_on_the_boundary(
    ends: tuple[tuple[float, float, float], tuple[float, float, float]], deltas: tuple[int, int, int]
) -> None:
    mesh = with_attributes(grid(3, 2))
    operate(mesh, bevel(edge_at(mesh, *ends)), deltas)
    strip = with_attributes(grid(3, 1))
    operate(strip, bevel(edge_at(strip, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))), (2, 3, 1))


def test_mesh_54_a_boundary_end_of_many_edges() -> None:
    """A fan of five triangles around a boundary vertex: spokes beside the boundary, and others."""
    rim = [(math.copysign(1.0, at - 2.5) * min(abs(at - 2.5), 2.0), 3.0 - abs(at - 2.5), 0.0) for at in range(6)]
    for spoke in range(1, 5):
        mesh = with_attributes(mesh_from([(0.0, 0.0, 0.0), *rim], [(0, at + 1, at) for at in range(1, 6)]))
        edge = edge_between(mesh, vertex_at(mesh, (0.0, 0.0, 0.0)), vertex_at(mesh, rim[spoke]))
        operate(mesh, bevel(edge, 0.1), (3, 5, 2))


def test_mesh_54_closed_triangles() -> None:
    points = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    for at in range(6):
        mesh = with_attributes(mesh_from(points, [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)]))
        operate(mesh, bevel(mesh.edge_ids()[at], 0.1), (2, 3, 1))


def test_mesh_54_attributes_come_from_the_face_on_each_side() -> None:
    mesh = cube()
    edge = edge_at(mesh, (-1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    faces = [face for face in mesh.face_ids() if edge in mesh.face_edges(face)]
    loops = {face: mesh.face_vertices(face) for face in faces}
    uv = {(face, vertex): row(mesh, "corner", "uv", face, vertex) for face in faces for vertex in loops[face]}
    marks = {vertex: row(mesh, "vertex", "mark", vertex) for vertex in mesh.vertex_ids()}
    beside = {
        element_id(NAME, "bevel.vertex", (edge, each)): (face, mesh.edge_vertices(each))
        for face in faces
        for each in mesh.face_edges(face)
    }
    low, high = mesh.edge_vertices(edge)
    left = next(face for face in faces if loops[face][(loops[face].index(low) + 1) % 4] == high)
    face_mark = row(mesh, "face", "mark", left)
    made = operate(mesh, bevel(edge, 0.5), (2, 3, 1))
    assert row(mesh, "face", "mark", made.faces[0]) == face_mark
    for vertex in made.vertices:
        face, ends = beside[vertex]
        near_end = next(end for end in ends if end in (low, high))
        far_end = next(end for end in ends if end != near_end)
        blend = [a * 0.75 + b * 0.25 for a, b in zip(uv[face, near_end], uv[face, far_end], strict=True)]
        near(row(mesh, "corner", "uv", made.faces[0], vertex), blend)
        near(row(mesh, "corner", "uv", face, vertex), blend)
        mark = [a * 0.75 + b * 0.25 for a, b in zip(marks[near_end], marks[far_end], strict=True)]
        near(row(mesh, "vertex", "mark", vertex), mark)


def test_mesh_54_what_is_wrong_is_named() -> None:
    mesh = cube()
    edge = mesh.edge_ids()[0]
    for width in (0.0, -0.5, math.nan, math.inf, 2.0, 2.5):
        assert refuse(mesh, bevel(edge, width), InvalidValue).field == "width"
    operate(mesh, bevel(edge, 1.9), (2, 3, 1))
    refuse(mesh, bevel(NOTHING), UnknownElement)
    flat = grid(1, 1)
    refuse(flat, bevel(flat.edge_ids()[0]), NotApplicable, "two faces")


def test_mesh_54_an_edge_that_goes_on_in_its_line_is_refused() -> None:
    points = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (1.0, 1.0), (0.0, -1.0), (1.0, -1.0), (2.0, -1.0)]
    faces = [(0, 1, 3), (1, 2, 3), (4, 5, 1, 0), (5, 6, 2, 1)]
    mesh = mesh_from([(x, y, 0.0) for x, y in points], faces)
    # At (1, 0) the edge to (0, 0) is beside the one to (2, 0) only if nothing lies between: cut the upper corner off.
    flat = mesh_from([(x, y, 0.0) for x, y in points], [(0, 1, 2, 3), (4, 5, 1, 0), (5, 6, 2, 1)])
    edge = edge_at(flat, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    refuse(flat, bevel(edge), NotApplicable, "at an angle")
    operate(mesh, bevel(edge_at(mesh, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)), 0.1))
