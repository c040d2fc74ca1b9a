"""The structure of meshes and what can be asked of them."""

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, mesh_from, polygon, raw_state, small_id, torus
from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import (
    Mesh,
    bounds,
    build_mesh,
    build_primitive,
    canonical_bytes,
    extrude_face,
    move_vertices,
    triangulate,
    validate,
)
from theta.mesh.halfedges import DEAD, NONE

NAME = CommandName(7, 1)
NOTHING = bytes(16)


def test_mesh_1_half_edges_come_in_twins_that_link_both_ways() -> None:
    halfedges = build_primitive("cube", 1.0, NAME).halfedges
    forward, back, origin, face = (column.array() for column in halfedges.links[:4])
    every = np.arange(24)
    assert (back[forward[every]] == every).all()
    assert (forward[back[every]] == every).all()
    assert (origin[forward] == origin[every ^ 1]).all()
    assert (face[forward] == face).all()
    assert halfedges.links[0].array().dtype == np.int32
    assert halfedges.positions.array().dtype == np.float64


def test_mesh_2_every_edge_of_a_cube_has_two_faces_and_of_a_torus_too() -> None:
    for mesh in (build_primitive("cube", 1.0, NAME), torus()):
        assert (mesh.halfedges.face.array() >= 0).all()
        validate(mesh)


def test_mesh_3_a_boundary_loop_is_a_walk() -> None:
    halfedges = grid(3, 2).halfedges
    boundary = np.flatnonzero(halfedges.face.array() == NONE).tolist()
    walk = [boundary[0]]
    while (step := halfedges.next.view[walk[-1]]) != boundary[0]:
        walk.append(step)
    assert sorted(walk) == boundary
    assert len(walk) == 10
    for side in boundary:
        assert halfedges.vertex_halfedge.view[halfedges.origin.view[side]] == side


def test_mesh_4_isolated_vertices_are_allowed() -> None:
    mesh = mesh_from([(0, 0, 0), (1, 0, 0), (0, 1, 0), (9, 9, 9)], [(0, 1, 2)])
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (4, 3, 1)
    assert bounds(mesh) == ((0.0, 0.0, 0.0), (9.0, 9.0, 9.0))
    assert mesh.halfedges.vertex_halfedge.view[3] == NONE


def kill_face(mesh: Mesh) -> None:
    """Remove the only face of a polygon with its edges, which leaves isolated vertices."""
    halfedges = mesh.halfedges
    for vertex in range(halfedges.vertex_halfedge.count):
        halfedges.journal.write(halfedges.vertex_halfedge, vertex, NONE)
    for edge in range(halfedges.edges.column.count):
        halfedges.retire_edge(edge)
    halfedges.retire_face(0)


def test_mesh_5_tombstones_are_named_by_nothing_and_not_used_again() -> None:
    mesh = polygon([(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    face, edge = mesh.face_ids()[0], mesh.edge_ids()[0]
    before = raw_state(mesh)
    mark = mesh.journal.mark()
    kill_face(mesh)
    mesh.halfedges.retire_vertex(1)
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (2, 0, 0)
    assert not mesh.has_face(face)
    assert not mesh.has_edge(edge)
    assert not mesh.has_vertex(small_id(1))
    with pytest.raises(UnknownElement):
        mesh.face_vertices(face)
    assert mesh.halfedges.face_halfedge.view[0] == DEAD
    assert mesh.halfedges.face_halfedge.count == 1
    assert mesh.vertex_ids() == [small_id(0), small_id(2)]
    assert bounds(mesh) == ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert mesh.positions().tolist() == [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert canonical_bytes(mesh) == canonical_bytes(
        _isolated([(0.0, 0.0, 0.0), (0.0, 1.0, 0.0)], [small_id(0), small_id(2)])
    )
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before
    validate(mesh)


def test_mesh_5_without_a_mark_nothing_is_kept() -> None:
    mesh = polygon([(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    kill_face(mesh)
    mark = mesh.journal.mark()
    after = raw_state(mesh)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == after


def _isolated(positions: list[tuple[float, float, float]], vertices: list[bytes]) -> Mesh:
    return build_mesh(positions, [], vertices, [], [])


def test_mesh_6_a_loop_begins_at_the_lowest_vertex_id() -> None:
    mesh = build_primitive("cube", 1.0, NAME)
    for face in mesh.face_ids():
        loop = mesh.face_vertices(face)
        assert loop[0] == min(loop)
        sides = zip(loop, loop[1:] + loop[:1], strict=True)
        assert [mesh.edge_vertices(edge) for edge in mesh.face_edges(face)] == [(min(s), max(s)) for s in sides]


def test_mesh_8_euler_poincare_tells_the_genus() -> None:
    for mesh, number in ((build_primitive("cube", 1.0, NAME), 2), (torus(), 0), (grid(2, 2), 1)):
        validate(mesh)
        assert mesh.vertex_count - mesh.edge_count + mesh.face_count == number


def test_queries_answer_in_canonical_order() -> None:
    mesh = build_primitive("pyramid", 2.0, NAME)
    assert mesh.vertex_ids() == sorted(mesh.vertex_ids())
    assert mesh.edge_ids() == sorted(mesh.edge_ids())
    assert mesh.face_ids() == sorted(mesh.face_ids())
    assert mesh.positions().tolist() == [list(mesh.position(vertex)) for vertex in mesh.vertex_ids()]
    assert all(type(vertex) is bytes and len(vertex) == 16 for vertex in mesh.vertex_ids())
    assert mesh.has_vertex(mesh.vertex_ids()[0])
    assert mesh.has_edge(mesh.edge_ids()[0])
    assert mesh.has_face(mesh.face_ids()[0])


def test_mesh_20_an_id_that_names_nothing_is_told() -> None:
    mesh = build_primitive("plane", 1.0, NAME)
    for question, kind in (
        (mesh.position, "vertex"),
        (mesh.face_vertices, "face"),
        (mesh.face_edges, "face"),
        (mesh.edge_vertices, "edge"),
    ):
        with pytest.raises(UnknownElement) as told:
            question(NOTHING)
        assert told.value.kind == kind
        assert told.value.identifier == NOTHING


def test_an_empty_mesh_is_a_mesh() -> None:
    mesh = Mesh()
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (0, 0, 0)
    assert bounds(mesh) is None
    assert triangulate(mesh).corners.shape == (0, 3)
    assert canonical_bytes(mesh) == b"TMC1" + bytes(16)


def test_mesh_9_a_copy_is_independent_and_has_an_empty_journal() -> None:
    mesh = build_primitive("cube", 1.0, NAME)
    mark = mesh.journal.mark()
    extrude_face(mesh, mesh.face_ids()[0], 1.0, CommandName(7, 2))
    copy = mesh.copy()
    assert raw_state(copy) == raw_state(mesh)
    assert copy.journal.depth == 0
    kept = raw_state(copy)
    extrude_face(mesh, mesh.face_ids()[0], 1.0, CommandName(7, 3))
    move_vertices(mesh, mesh.vertex_ids()[:1], [(5.0, 5.0, 5.0)])
    assert raw_state(copy) == kept
    mesh.journal.rollback(mark)
    assert raw_state(copy) == kept
    extrude_face(copy, copy.face_ids()[0], 1.0, CommandName(7, 3))
    validate(copy)
    validate(mesh)
