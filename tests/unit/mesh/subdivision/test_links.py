"""Links computed from the old ones are those that linking the new faces from nothing gives."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, torus
from tests.unit.mesh.subdivision.surfaces import bipyramid, several_parts, shape, step, triangles_of
from theta.mesh import Mesh, validate
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.linking import Linked, Loops, link_faces
from theta.mesh.orbits import orbit_steps
from theta.mesh.subdivision import subdivide
from theta.mesh.subdivision.linked import link_quads, link_triangles
from theta.mesh.subdivision.surface import surface_of

MESHES: dict[str, Callable[[], Mesh]] = {
    "cube": lambda: shape("cube"),
    "plane": lambda: shape("plane"),
    "ngon": lambda: shape("ngon", segments=7),
    "cone": lambda: shape("cone", segments=5),
    "icosphere": lambda: shape("icosphere", levels=1),
    "torus": torus,
    "grid": lambda: grid(3, 2),
    "parts": several_parts,
    "bipyramid": lambda: bipyramid(9),
    "empty": Mesh,
}


def compare(linked: Linked, vertex_count: int) -> None:
    """Both ways of linking agree on everything but the edges' numbers and which half-edge an element points at."""
    forward, back, origin, face, vertex_halfedge, face_halfedge = linked.links
    counts, sides = orbit_steps(forward, face_halfedge.astype(np.int64))
    assert (face[face_halfedge] == np.arange(len(face_halfedge))).all()
    ids = np.zeros((max(vertex_count, len(counts)), 16), np.uint8)
    again = link_faces(Loops(counts, origin[sides].astype(np.int64), ids[:vertex_count], ids[: len(counts)]))
    assert len(again.ends) == len(linked.ends)
    one = {(int(origin[side]), int(origin[side ^ 1])): side for side in range(len(origin))}
    to_again = np.empty(len(origin), np.int64)
    ends = again.links[2].reshape(-1, 2)
    for side, pair in enumerate(np.stack((ends, ends[:, ::-1]), axis=1).reshape(-1, 2).tolist()):
        to_again[one[pair[0], pair[1]]] = side
    assert (again.links[0][to_again] == to_again[forward]).all()
    assert (again.links[1][to_again] == to_again[back]).all()
    assert (again.links[2][to_again] == origin).all()
    assert (again.links[3][to_again] == face).all()
    assert ((again.links[4] == NONE) == (vertex_halfedge == NONE)).all()
    used = np.flatnonzero(vertex_halfedge != NONE)
    assert (origin[vertex_halfedge[used]] == used).all()
    on_border = again.links[3][again.links[4][used]] == NONE
    assert (to_again[vertex_halfedge[used]][on_border] == again.links[4][used][on_border]).all()


@pytest.mark.parametrize("kind", MESHES)
def test_mesh_72_quads_are_linked_as_from_nothing(kind: str) -> None:
    surface = surface_of(MESHES[kind]().halfedges)
    vertices, edges, faces, _ = surface.sizes
    compare(link_quads(surface), vertices + edges + faces)


@pytest.mark.parametrize("kind", MESHES)
def test_mesh_72_triangles_are_linked_as_from_nothing(kind: str) -> None:
    mesh = triangles_of(MESHES[kind]())
    surface = surface_of(mesh.halfedges)
    vertices, edges, _, _ = surface.sizes
    compare(link_triangles(surface), vertices + edges)


@pytest.mark.parametrize("kind", MESHES)
def test_mesh_72_a_quad_lies_at_each_corner(kind: str) -> None:
    mesh = MESHES[kind]()
    before = {face: mesh.face_vertices(face) for face in mesh.face_ids()}
    subdivide(mesh, "linear", step(1))
    validate(mesh)
    for face, loop in before.items():
        parts = mesh.resolve("face", face)
        assert len(parts) == len(loop)
        shared = set.intersection(*(set(mesh.face_vertices(part)) for part in parts))
        assert len(shared) == 1
        for corner, part in zip(loop, parts, strict=True):
            quad = mesh.face_vertices(part)
            assert len(quad) == 4
            assert quad[(quad.index(corner) + 2) % 4] in shared


def tombstones(mesh: Mesh, keep: int) -> None:
    """Retire every part that does not hold the `keep`-th vertex."""
    halfedges: HalfEdges = mesh.halfedges
    origin = halfedges.origin.array()
    part = np.arange(halfedges.vertex_halfedge.count)
    for _ in range(len(part)):
        np.minimum.at(part, origin, part[origin[np.arange(len(origin)) ^ 1]])
    gone = part != part[keep]
    face_part = gone[origin[halfedges.face_halfedge.array()]]
    edge_part = gone[origin[0::2]]
    for face in np.flatnonzero(face_part).tolist():
        halfedges.retire_face(face)
    for edge in np.flatnonzero(edge_part).tolist():
        halfedges.retire_edge(edge)
    for vertex in np.flatnonzero(gone).tolist():
        halfedges.retire_vertex(vertex)


@pytest.mark.parametrize("keep", [0, 6])
def test_mesh_72_tombstones_are_left_behind(keep: int) -> None:
    mesh = several_parts()
    tombstones(mesh, keep)
    validate(mesh)
    before = mesh.vertex_count, mesh.edge_count, mesh.face_count
    corners = int((mesh.halfedges.face.array() >= 0).sum())
    subdivide(mesh, "catmull-clark", step(1))
    validate(mesh)
    assert mesh.vertex_count == before[0] + before[1] + before[2]
    assert (mesh.edge_count, mesh.face_count) == (2 * before[1] + corners, corners)
    assert mesh.halfedges.positions.count == mesh.vertex_count
