"""The validator finds what is broken on purpose: every invariant, by breaking it."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, ids, mesh_from, torus
from theta.base.identifiers import CommandName
from theta.mesh import InvariantBroken, Mesh, build_primitive, validate, validation
from theta.mesh.columns import IdArray
from theta.mesh.halfedges import DEAD, NONE, HalfEdges

NAME = CommandName(7, 1)


def cube() -> Mesh:
    return build_primitive("cube", 1.0, NAME)


def two_cubes() -> Mesh:
    """Two closed surfaces in one structure."""
    faces = [(0, 4, 6, 2), (1, 3, 7, 5), (0, 1, 5, 4), (2, 6, 7, 3), (0, 2, 3, 1), (4, 5, 7, 6)]
    points = [(float(at & 1), float(at >> 1 & 1), float(at >> 2)) for at in range(8)]
    return mesh_from([*points, *points], [*faces, *(tuple(at + 8 for at in face) for face in faces)])


def two_triangles() -> Mesh:
    points = [(float(at), float(at % 3), 0.0) for at in range(6)]
    return mesh_from(points, [(0, 1, 2), (3, 4, 5)])


def swap_links(halfedges: HalfEdges, one: int, other: int) -> None:
    """Let two half-edges that end in the same vertex go on with each other's next."""
    after_one, after_other = halfedges.next.view[one], halfedges.next.view[other]
    halfedges.next.view[one], halfedges.next.view[other] = after_other, after_one
    halfedges.prev.view[after_other], halfedges.prev.view[after_one] = one, other


def merge_vertices(halfedges: HalfEdges) -> None:
    """Pinch the two cubes of `two_cubes` together in one vertex."""
    for side in range(halfedges.origin.count):
        if halfedges.origin.view[side] == 8:
            halfedges.origin.view[side] = 0
    halfedges.vertex_halfedge.view[8] = NONE


def join_faces(halfedges: HalfEdges) -> None:
    """Give the sides of face 6 to face 0, so that it is two loops."""
    for side in range(halfedges.face.count):
        if halfedges.face.view[side] == 6:
            halfedges.face.view[side] = 0
    halfedges.retire_face(6)


def pinch(halfedges: HalfEdges) -> None:
    """Make a bow-tie of two triangles, the boundary of one leading on to the other."""
    for side in range(halfedges.origin.count):
        if halfedges.origin.view[side] == 3:
            halfedges.origin.view[side] = 0
    halfedges.retire_vertex(3)
    sides = range(halfedges.origin.count)
    into = [side for side in sides if halfedges.origin.view[side ^ 1] == 0 and halfedges.face.view[side] == NONE]
    swap_links(halfedges, into[0], into[1])


def wire(halfedges: HalfEdges) -> None:
    """Take the only face away and leave its edges."""
    for side in range(halfedges.face.count):
        halfedges.face.view[side] = NONE
    halfedges.retire_face(0)


def vanish(halfedges: HalfEdges) -> None:
    halfedges.retire_edge(0)


def truncated(halfedges: HalfEdges) -> None:
    halfedges.positions.truncate(3)


def forget_id(halfedges: HalfEdges) -> None:
    del halfedges.faces.slots[halfedges.faces.id_of(2)]


def swap_ids(halfedges: HalfEdges) -> None:
    slots, one, other = halfedges.edges.slots, halfedges.edges.id_of(0), halfedges.edges.id_of(1)
    slots[one], slots[other] = slots[other], slots[one]


def half_dead(halfedges: HalfEdges) -> None:
    halfedges.retire_edge(0)
    halfedges.face.view[0] = 0


def one_twin_dead(halfedges: HalfEdges) -> None:
    for column in halfedges.links[:4]:
        column.view[1] = DEAD


def dead_vertex(halfedges: HalfEdges) -> None:
    halfedges.retire_vertex(0)


def dead_face(halfedges: HalfEdges) -> None:
    halfedges.retire_face(0)


def set_link(column: str, index: int, value: float) -> Callable[[HalfEdges], None]:
    def change(halfedges: HalfEdges) -> None:
        getattr(halfedges, column).view[index] = value

    return change


def foreign_vertex_link(halfedges: HalfEdges) -> None:
    halfedges.vertex_halfedge.view[0] = halfedges.vertex_halfedge.view[1]


def foreign_face_link(halfedges: HalfEdges) -> None:
    halfedges.face_halfedge.view[0] = halfedges.face_halfedge.view[1]


def self_edge(halfedges: HalfEdges) -> None:
    for side in range(halfedges.origin.count):
        halfedges.origin.view[side] = 0


def inner_vertex_link(halfedges: HalfEdges) -> None:
    """Let a boundary vertex point at a half-edge that has a face."""
    side = halfedges.vertex_halfedge.view[0]
    halfedges.vertex_halfedge.view[0] = halfedges.prev.view[side] ^ 1


def swap_across_face(halfedges: HalfEdges) -> None:
    """Cross over at the vertex 0: its faces come apart."""
    into = [side for side in range(halfedges.origin.count) if halfedges.origin.view[side ^ 1] == 0]
    swap_links(halfedges, into[0], into[1])


@pytest.mark.parametrize(
    ("make", "damage", "invariant"),
    [
        (cube, truncated, "columns of one kind"),
        (cube, forget_id, "each living face has an id"),
        (cube, swap_ids, "edge id maps agree"),
        (cube, half_dead, "dead in every column"),
        (cube, one_twin_dead, "twins live and die together"),
        (cube, set_link("next", 0, 99), "next is a half-edge"),
        (cube, set_link("prev", 0, NONE), "prev is a half-edge"),
        (cube, vanish, "next is alive"),
        (cube, set_link("next", 0, 0), "prev of next"),
        (cube, set_link("prev", 0, 0), "prev of next"),
        (cube, set_link("origin", 0, 7), "next begins where"),
        (cube, self_edge, "two different ends"),
        (cube, set_link("face", 0, 5), "next has the same face"),
        (cube, swap_across_face, "next has the same face"),
        (cube, dead_vertex, "origin is alive"),
        (cube, dead_face, "face is alive"),
        (lambda: build_primitive("plane", 1.0, NAME), wire, "an edge has a face"),
        (two_cubes, merge_vertices, "a vertex is one fan"),
        (two_cubes, join_faces, "a face is one loop"),
        (two_triangles, pinch, "at most one boundary half-edge"),
        (cube, set_link("face_halfedge", 0, 99), "a face's half-edge exists"),
        (cube, foreign_face_link, "a face's half-edge is one of its own"),
        (cube, foreign_vertex_link, "a vertex's half-edge leaves it"),
        (cube, set_link("vertex_halfedge", 0, NONE), "an isolated vertex has no half-edge"),
        (cube, set_link("vertex_halfedge", 0, 99), "a vertex's half-edge exists"),
        (lambda: grid(2, 2), inner_vertex_link, "points at its boundary half-edge"),
        (cube, set_link("positions", 4, 2.0e6), "coordinates are finite"),
        (cube, set_link("positions", 4, -0.0), "no negative zero"),
        (cube, set_link("positions", 4, float("nan")), "finite"),
    ],
)
def test_mesh_20_a_broken_invariant_is_found(
    make: Callable[[], Mesh], damage: Callable[[HalfEdges], None], invariant: str
) -> None:
    mesh = make()
    validate(mesh)
    damage(mesh.halfedges)
    with pytest.raises(InvariantBroken, match=invariant):
        validate(mesh)


def by_hand(following: list[int], origin: list[int], face: list[int]) -> Mesh:
    """A structure of these links, each vertex and face pointing at the first half-edge that is its own."""
    back = [following.index(side) for side in range(len(following))]
    vertices = [origin.index(vertex) for vertex in range(max(origin) + 1)]
    faces = [face.index(one) for one in range(max(face) + 1)]
    links = tuple(np.array(link, np.int32) for link in (following, back, origin, face, vertices, faces))
    tables = [
        id_array(role, count) for role, count in (("v", len(vertices)), ("e", len(origin) // 2), ("f", len(faces)))
    ]
    return Mesh(HalfEdges.of(links, np.zeros((len(vertices), 3)), (tables[0], tables[1], tables[2])))


def id_array(role: str, count: int) -> IdArray:
    return np.frombuffer(b"".join(ids(role, count)), np.uint8).reshape(-1, 16)


@pytest.mark.parametrize(
    ("following", "origin", "face", "invariant"),
    [
        ([3, 2, 1, 0], [0, 1, 0, 1], [0, 1, 1, 0], "share one edge"),
        ([1, 0], [0, 1], [0, 0], "three corners"),
        ([2, 0, 3, 1], [0, 1, 1, 2], [0, 0, 0, 0], "comes to a vertex once"),
    ],
)
def test_mesh_2_what_no_building_gives_is_found(
    following: list[int], origin: list[int], face: list[int], invariant: str
) -> None:
    with pytest.raises(InvariantBroken, match=invariant):
        validate(by_hand(following, origin, face))


def test_mesh_8_a_half_genus_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = two_cubes()
    merge_vertices(mesh.halfedges)
    monkeypatch.setattr(validation, "_check_vertices", lambda *_: None)
    with pytest.raises(InvariantBroken, match="2 - 2g"):
        validate(mesh)


@pytest.mark.parametrize("make", [cube, two_cubes, two_triangles, torus, lambda: grid(4, 3)])
def test_what_is_sound_passes(make: Callable[[], Mesh]) -> None:
    validate(make())
