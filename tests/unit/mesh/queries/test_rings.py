"""One-rings, boundary loops, edge loops and edge rings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import grid, mesh_from, small_id, torus
from tests.unit.mesh.queries.shaped import icosphere, numbered, shuffled, some_mesh
from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive, move_vertices
from theta.mesh.queries import Chain, Ring, boundary_loops, edge_loop, edge_ring, one_ring

SEEDS = st.integers(0, 2**32 - 1)


def numbered_grid(columns: int, rows: int) -> Mesh:
    """Vertex (x, z) has number z * (columns + 1) + x."""
    wide = columns + 1
    positions = [(float(x), 0.0, float(z)) for z in range(rows + 1) for x in range(wide)]
    corners = [z * wide + x for z in range(rows) for x in range(columns)]
    return numbered(positions, [(at, at + wide, at + wide + 1, at + 1) for at in corners])


def numbers(ids: tuple[bytes, ...]) -> list[int]:
    return [int.from_bytes(identifier, "big") for identifier in ids]


def edge_between(mesh: Mesh, one: int, other: int) -> bytes:
    ends = (small_id(min(one, other)), small_id(max(one, other)))
    return next(edge for edge in mesh.edge_ids() if mesh.edge_vertices(edge) == ends)


def test_mesh_80_a_ring_goes_anticlockwise_from_the_lowest_neighbour() -> None:
    # y is up: seen from above, x to the right and z towards the viewer.
    ring = one_ring(numbered_grid(2, 2), small_id(4))
    assert numbers(ring.vertices) == [1, 3, 7, 5]
    assert numbers(ring.faces) == [0, 2, 3, 1]
    assert not ring.boundary


def test_mesh_80_a_ring_on_the_boundary_goes_from_boundary_to_boundary() -> None:
    mesh = numbered_grid(2, 2)
    ring = one_ring(mesh, small_id(1))
    assert numbers(ring.vertices) == [0, 4, 2]
    assert numbers(ring.faces) == [0, 1]
    assert ring.boundary
    corner = one_ring(mesh, small_id(0))
    assert numbers(corner.vertices) == [3, 1]
    assert numbers(corner.faces) == [0]


def test_mesh_80_an_isolated_vertex_has_nothing_around_it() -> None:
    ring = one_ring(mesh_from([(0, 0, 0)], []), mesh_from([(0, 0, 0)], []).vertex_ids()[0])
    assert (ring.vertices, ring.edges, ring.faces, ring.boundary) == ((), (), (), False)
    with pytest.raises(UnknownElement):
        one_ring(Mesh(), bytes(16))


@given(SEEDS)
def test_mesh_80_rings_agree_with_the_elements_whatever_the_slots(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    other = shuffled(mesh, generator)
    edges = {edge: mesh.edge_vertices(edge) for edge in mesh.edge_ids()}
    faces = {face: mesh.face_vertices(face) for face in mesh.face_ids()}
    for vertex in mesh.vertex_ids():
        ring = one_ring(mesh, vertex)
        assert ring == one_ring(other, vertex)
        assert set(ring.edges) == {edge for edge, ends in edges.items() if vertex in ends}
        assert set(ring.faces) == {face for face, loop in faces.items() if vertex in loop}
        assert len(ring.faces) == len(ring.edges) - ring.boundary
        for number, (neighbour, edge) in enumerate(zip(ring.vertices, ring.edges, strict=True)):
            assert set(edges[edge]) == {vertex, neighbour}
            if number < len(ring.faces):
                loop = faces[ring.faces[number]]
                at = loop.index(vertex)
                # Anticlockwise: the face runs from the next neighbour through the vertex to this one.
                assert loop[(at + 1) % len(loop)] == neighbour
                assert loop[at - 1] == ring.vertices[(number + 1) % len(ring.vertices)]
        if ring.vertices and not ring.boundary:
            assert ring.vertices[0] == min(ring.vertices)


def test_mesh_81_a_boundary_is_walked_with_the_gap_on_its_left() -> None:
    mesh = numbered_grid(3, 3)
    (loop,) = boundary_loops(mesh)
    assert numbers(loop.vertices) == [0, 1, 2, 3, 7, 11, 15, 14, 13, 12, 8, 4]
    assert loop.closed
    assert [set(mesh.edge_vertices(edge)) for edge in loop.edges] == [
        {one, other} for one, other in zip(loop.vertices, (*loop.vertices[1:], loop.vertices[0]), strict=True)
    ]


def test_mesh_81_loops_ascend_by_their_lowest_vertex() -> None:
    mesh = numbered(
        [(float(x % 4), 0.0, float(x // 4)) for x in range(16)],
        [(at, at + 4, at + 5, at + 1) for at in (0, 1, 2, 4, 6, 8, 9, 10)],
    )
    assert [numbers(loop.vertices)[0] for loop in boundary_loops(mesh)] == [0, 5]
    assert numbers(boundary_loops(mesh)[1].vertices) == [5, 9, 10, 6]
    assert boundary_loops(torus()) == ()
    assert boundary_loops(Mesh()) == ()


@given(SEEDS)
def test_mesh_81_loops_cover_every_boundary_edge_once(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    loops = boundary_loops(mesh)
    assert loops == boundary_loops(shuffled(mesh, generator))
    sides: dict[bytes, int] = dict.fromkeys(mesh.edge_ids(), 0)
    for face in mesh.face_ids():
        for edge in mesh.face_edges(face):
            sides[edge] += 1
    covered = [edge for loop in loops for edge in loop.edges]
    assert sorted(covered) == sorted(edge for edge, uses in sides.items() if uses == 1)
    for loop in loops:
        assert loop.closed
        assert loop.vertices[0] == min(loop.vertices)
        assert edge_loop(mesh, loop.edges[0]).closed
        assert set(edge_loop(mesh, loop.edges[-1]).edges) == set(loop.edges)


def test_mesh_82_a_loop_goes_straight_on_to_the_boundary() -> None:
    mesh = numbered_grid(3, 3)
    loop = edge_loop(mesh, edge_between(mesh, 5, 9))
    assert numbers(loop.vertices) == [1, 5, 9, 13]
    assert not loop.closed
    assert loop == edge_loop(mesh, edge_between(mesh, 13, 9))
    assert [mesh.edge_vertices(edge) for edge in loop.edges] == [
        (small_id(1), small_id(5)), (small_id(5), small_id(9)), (small_id(9), small_id(13))
    ]  # fmt: skip


def test_mesh_82_a_loop_stops_where_there_is_no_opposite_edge() -> None:
    sphere = icosphere(1)
    assert sorted({len(edge_loop(sphere, edge).edges) for edge in sphere.edge_ids()}) == [1, 2]
    cube = build_primitive("cube", 1.0, CommandName(3, 1))
    for edge in cube.edge_ids():
        assert edge_loop(cube, edge) == Chain(cube.edge_vertices(edge), (edge,), False)


def test_mesh_82_a_loop_goes_through_vertices_with_two_edges() -> None:
    # Two hexagons, back to back: every vertex has two edges.
    mesh = numbered([(at, at * at, 0.0) for at in range(6)], [range(6), range(5, -1, -1)])
    loop = edge_loop(mesh, edge_between(mesh, 3, 4))
    assert numbers(loop.vertices) == [0, 1, 2, 3, 4, 5]
    assert loop.closed


def test_mesh_82_a_closed_loop_begins_at_its_lowest_edge_from_its_lower_end() -> None:
    mesh = torus(5, 4)
    seen: dict[Chain, int] = {}
    for edge in mesh.edge_ids():
        loop = edge_loop(mesh, edge)
        assert edge in loop.edges
        assert loop.closed
        assert loop.edges[0] == min(loop.edges)
        assert mesh.edge_vertices(loop.edges[0]) == loop.vertices[:2]
        seen[loop] = seen.get(loop, 0) + 1
    assert sorted(seen.values()) == [4] * 5 + [5] * 4


def test_mesh_82_on_the_boundary_it_is_the_whole_boundary() -> None:
    mesh = numbered_grid(3, 2)
    loop = edge_loop(mesh, edge_between(mesh, 7, 11))
    assert loop.closed
    assert set(loop.edges) == set(boundary_loops(mesh)[0].edges)
    assert loop.edges[0] == min(loop.edges)


def test_mesh_83_a_ring_goes_across_quads_to_the_boundary() -> None:
    mesh = numbered_grid(3, 2)
    ring = edge_ring(mesh, edge_between(mesh, 1, 5))
    assert ring.edges == tuple(edge_between(mesh, at, at + 4) for at in range(4))
    assert numbers(ring.faces) == [0, 1, 2]
    assert not ring.closed
    assert ring == edge_ring(mesh, edge_between(mesh, 3, 7))


def test_mesh_83_a_ring_stops_at_what_is_no_quad() -> None:
    mesh = numbered(
        [(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 0), (2, 0, 0.5)], [(0, 1, 2, 3), (3, 2, 4)]
    )  # fmt: skip
    assert numbers(edge_ring(mesh, edge_between(mesh, 2, 3)).faces) == [0]
    alone = edge_between(mesh, 3, 4)
    assert edge_ring(mesh, alone) == Ring((alone,), (), False)


def test_mesh_83_a_closed_ring_begins_at_its_lowest_edge_towards_the_lower_face() -> None:
    cube = build_primitive("cube", 1.0, CommandName(3, 1))
    rings = {edge_ring(cube, edge) for edge in cube.edge_ids()}
    assert len(rings) == 3
    for ring in rings:
        assert ring.closed
        assert len(ring.edges) == len(ring.faces) == 4
        assert ring.edges[0] == min(ring.edges)
        assert ring.faces[0] < ring.faces[-1]
        for number, face in enumerate(ring.faces):
            assert {ring.edges[number], ring.edges[(number + 1) % 4]} <= set(cube.face_edges(face))


@given(SEEDS)
def test_mesh_83_loops_and_rings_are_the_same_from_each_of_their_edges_whatever_the_slots(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    other = shuffled(mesh, generator)
    edges = mesh.edge_ids()
    for at in generator.permutation(len(edges))[:4]:
        loop, ring = edge_loop(mesh, edges[at]), edge_ring(mesh, edges[at])
        assert edges[at] in loop.edges
        assert edges[at] in ring.edges
        assert len(set(loop.edges)) == len(loop.edges)
        assert len(set(ring.edges)) == len(ring.edges) == len(ring.faces) + (not ring.closed)
        for number, edge in enumerate(loop.edges):
            ends = {loop.vertices[number], loop.vertices[(number + 1) % len(loop.vertices)]}
            assert ends == set(mesh.edge_vertices(edge))
            assert edge_loop(other, edge) == loop
        for edge in ring.edges:
            assert edge_ring(other, edge) == ring


def test_mesh_82_and_83_unknown_edges_are_refused() -> None:
    mesh = grid(1, 1)
    move_vertices(mesh, mesh.vertex_ids()[:1], [(5, 5, 5)])
    for query in (edge_loop, edge_ring):
        with pytest.raises(UnknownElement):
            query(mesh, bytes(16))
