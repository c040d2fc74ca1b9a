"""Edges turned between triangles, and parts turned inside out."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    edge_at,
    edge_between,
    near,
    operate,
    refuse,
    row,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from, raw_state, small_id, torus
from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, MultiEdge, build_mesh, build_primitive, canonical_bytes, face_normal, validate
from theta.mesh.attribute_rows import attribute_rows, set_attribute
from theta.mesh.errors import NotApplicable
from theta.mesh.local import create_vertex, flip_edge, flip_normals, triangulate_faces

LATER = CommandName(7, 3)


def cube() -> Mesh:
    return build_primitive("cube", 2.0, CommandName(1, 1))


def triangles(make: Callable[[], Mesh]) -> Mesh:
    mesh = make()
    triangulate_faces(mesh, mesh.face_ids(), CommandName(2, 1))
    return mesh


def with_smooth_attributes(mesh: Mesh) -> Mesh:
    """As `with_attributes`, but corners at one vertex have the same values."""
    with_attributes(mesh)
    number = {vertex: at for at, vertex in enumerate(mesh.vertex_ids())}
    corners = [(face, vertex) for face in mesh.face_ids() for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "corner", "uv", corners, [[float(number[vertex]), 1.0] for _, vertex in corners])
    return mesh


def two(ids: list[int]) -> tuple[Mesh, list[bytes]]:
    """The triangles (0 1 2) and (1 0 3), whose vertices have the ids of these numbers, and their ids by number."""
    vertices = [small_id(number) for number in ids]
    points = [(0, 0, 0), (1, 0, 0), (0.5, 1, 0), (0.5, -1, 0)]
    faces = [small_id(100), small_id(101)]
    edges = [small_id(number) for number in range(200, 205)]
    return build_mesh(points, [(0, 1, 2), (1, 0, 3)], vertices, edges, faces), vertices


@pytest.mark.parametrize("ids", [[0, 1, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2], [3, 2, 1, 0], [2, 0, 1, 3]])
def test_mesh_38_an_edge_turns_to_the_other_corners(ids: list[int]) -> None:
    mesh, (tail, head, left, right) = two(ids)
    faces = mesh.face_ids()
    by_top = {left: faces[0], right: faces[1]}
    edge = edge_between(mesh, tail, head)
    made = operate(mesh, partial(flip_edge, edge_id=edge, name=NAME), (0, 0, 0))
    assert (made.vertices, made.edges, made.faces) == ((), (), ())
    assert mesh.edge_vertices(edge) == tuple(sorted((left, right)))
    lower, higher = sorted((left, right))
    assert set(mesh.face_vertices(by_top[lower])) == {left, right, min(tail, head)}
    assert set(mesh.face_vertices(by_top[higher])) == {left, right, max(tail, head)}
    for face in faces:
        near(face_normal(mesh, face), (0.0, 0.0, 1.0))
    assert mesh.redirects.length == 0


@pytest.mark.parametrize("make", [torus, lambda: grid(3, 2), cube])
def test_mesh_38_flipping_twice_gives_the_mesh_back(make: Callable[[], Mesh]) -> None:
    flipped = 0
    for number in range(triangles(make).edge_count):
        mesh = with_smooth_attributes(triangles(make))
        edge = mesh.edge_ids()[number]
        before = canonical_bytes(mesh)
        try:
            flip_edge(mesh, edge, NAME)
        except (NotApplicable, MultiEdge):
            continue
        validate(mesh)
        assert canonical_bytes(mesh) != before
        operate(mesh, partial(flip_edge, edge_id=edge, name=LATER), (0, 0, 0))
        assert canonical_bytes(mesh) == before
        flipped += 1
    assert flipped > 5


def test_mesh_38_corners_keep_their_values() -> None:
    mesh, (tail, head, left, right) = two([0, 1, 2, 3])
    with_attributes(mesh)
    one, other = mesh.face_ids()
    uv = {
        (face, vertex): row(mesh, "corner", "uv", face, vertex)
        for face in (one, other)
        for vertex in mesh.face_vertices(face)
    }
    edge = edge_between(mesh, tail, head)
    mark = row(mesh, "edge", "mark", edge)
    operate(mesh, partial(flip_edge, edge_id=edge, name=NAME))
    assert row(mesh, "edge", "mark", edge) == mark
    assert row(mesh, "corner", "uv", one, tail) == uv[one, tail]
    assert row(mesh, "corner", "uv", one, left) == uv[one, left]
    assert row(mesh, "corner", "uv", one, right) == uv[other, right]
    assert row(mesh, "corner", "uv", other, head) == uv[other, head]
    assert row(mesh, "corner", "uv", other, left) == uv[one, left]


def test_mesh_38_only_an_edge_between_triangles_turns() -> None:
    mesh, (tail, head, left, _) = two([0, 1, 2, 3])
    border = edge_between(mesh, head, left)
    error = refuse(mesh, lambda mesh: flip_edge(mesh, border, NAME), NotApplicable)
    assert (error.field, error.identifier) == ("edge", border)
    refuse(mesh, lambda mesh: flip_edge(mesh, NOTHING, NAME), UnknownElement)
    quads = grid(2, 1)
    edge = edge_at(quads, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    refuse(quads, lambda mesh: flip_edge(mesh, edge, NAME), NotApplicable, "two triangles")
    back_to_back = mesh_from([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2), (2, 1, 0)])
    refuse(back_to_back, lambda mesh: flip_edge(mesh, mesh.edge_ids()[0], NAME), NotApplicable, "four vertices")
    assert tail != head


def test_mesh_38_the_other_corners_share_no_edge() -> None:
    tetrahedron = mesh_from([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)])
    for edge in tetrahedron.edge_ids():
        error = refuse(tetrahedron, partial(flip_edge, edge_id=edge, name=NAME), MultiEdge)
        assert not set(error.ends) & set(tetrahedron.edge_vertices(edge))


@pytest.mark.parametrize("make", [cube, torus, lambda: grid(3, 2), lambda: triangles(torus)])
def test_mesh_42_a_part_turns_inside_out_and_back(make: Callable[[], Mesh]) -> None:
    mesh = with_attributes(make())
    before = canonical_bytes(mesh)
    loops = {face: mesh.face_vertices(face) for face in mesh.face_ids()}
    edges = {edge: mesh.edge_vertices(edge) for edge in mesh.edge_ids()}
    turn = partial(flip_normals, face_ids=mesh.face_ids()[:1], name=NAME)
    operate(mesh, turn, (0, 0, 0))
    for face, loop in loops.items():
        assert mesh.face_vertices(face) == [loop[0], *loop[:0:-1]]
    assert edges == {edge: mesh.edge_vertices(edge) for edge in mesh.edge_ids()}
    operate(mesh, turn, (0, 0, 0))
    assert canonical_bytes(mesh) == before


def test_mesh_42_normals_point_the_other_way() -> None:
    mesh = cube()
    normals = {face: face_normal(mesh, face) for face in mesh.face_ids()}
    operate(mesh, partial(flip_normals, face_ids=mesh.face_ids(), name=NAME))
    for face, (x, y, z) in normals.items():
        near(face_normal(mesh, face), (-x, -y, -z))


def test_mesh_42_corners_keep_their_values_but_for_normals() -> None:
    mesh = with_attributes(grid(2, 2))
    corners = [(face, vertex) for face in mesh.face_ids() for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "corner", "normal", corners, [[0.0, 1.0, 0.5 * at] for at in range(len(corners))])
    old = {corner: row(mesh, "corner", "uv", *corner) for corner in corners}
    operate(mesh, partial(flip_normals, face_ids=mesh.face_ids()[:1], name=NAME))
    assert old == {corner: row(mesh, "corner", "uv", *corner) for corner in corners}
    for at, corner in enumerate(corners):
        assert row(mesh, "corner", "normal", *corner) == [0.0, -1.0, -0.5 * at]
    assert not (attribute_rows(mesh, "corner", "normal") == 0.0)[:, 1].any()
    validate(mesh)


def test_mesh_42_other_parts_stay() -> None:
    points = [(float(x), 0.0, float(z)) for x in range(4) for z in range(2)]
    mesh = with_attributes(mesh_from(points, [(0, 1, 3, 2), (4, 5, 7, 6)]))
    create_vertex(mesh, (9.0, 9.0, 9.0), CommandName(3, 1))
    one, other = mesh.face_ids()
    loop, uv = mesh.face_vertices(other), row(mesh, "corner", "uv", other, mesh.face_vertices(other)[1])
    operate(mesh, partial(flip_normals, face_ids=[one, one], name=NAME), (0, 0, 0))
    assert mesh.face_vertices(other) == loop
    assert row(mesh, "corner", "uv", other, loop[1]) == uv
    before = raw_state(mesh)
    operate(mesh, partial(flip_normals, face_ids=[], name=NAME), (0, 0, 0))
    assert raw_state(mesh) == before


def test_mesh_42_only_faces_are_turned() -> None:
    mesh = cube()
    refuse(mesh, lambda mesh: flip_normals(mesh, [mesh.face_ids()[0], NOTHING], NAME), UnknownElement)
