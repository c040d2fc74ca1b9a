"""Mirroring a mesh."""

import math

import numpy as np
import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    Operate,
    counts,
    edge_at,
    operate,
    refuse,
    row,
    vertex_at,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from, small_id
from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.mesh import BowTie, Mesh, NonManifoldEdge, build_mesh, build_primitive, face_normal
from theta.mesh import rebuild as rebuilding
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.bulk_ids import bulk_key, of_one
from theta.mesh.local import mirroring
from theta.mesh.local.mirroring import mirror


def mirrored(axis: str = "x", offset: float = 0.0, weld: float = 1e-4) -> Operate:
    return lambda mesh: mirror(mesh, axis, offset, weld, NAME)


def image_of(role: str, parent: bytes) -> bytes:
    return bytes(of_one(bulk_key(NAME, role), np.frombuffer(parent, np.uint8).reshape(1, 16))[0])


def test_mesh_58_a_mesh_away_from_the_plane_is_doubled() -> None:
    for axis in ("x", "y", "z"):
        mesh = with_attributes(build_primitive("pyramid", 2.0, NAME))
        operate(mesh, mirrored(axis, 5.0), (5, 8, 5))


def test_mesh_58_vertices_near_the_plane_are_put_on_it_and_shared() -> None:
    points = [(0.00005, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (-0.00005, 1.0, 0.0)]
    mesh = with_attributes(mesh_from(points, [(0, 1, 2, 3)]))
    operate(mesh, mirrored(), (2, 3, 1))
    assert {mesh.position(vertex) for vertex in mesh.vertex_ids()} == {
        (x, y, 0.0) for x in (-1.0, 0.0, 1.0) for y in (0.0, 1.0)
    }
    assert all(face_normal(mesh, face) == (0.0, 0.0, 1.0) for face in mesh.face_ids())
    middle = edge_at(mesh, (0.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert all(middle in mesh.face_edges(face) for face in mesh.face_ids())


def test_mesh_58_faces_in_the_plane_go() -> None:
    mesh = with_attributes(build_primitive("cube", 2.0, CommandName(1, 1)))
    wall = {vertex for vertex in mesh.vertex_ids() if mesh.position(vertex)[0] == -1.0}
    face = next(face for face in mesh.face_ids() if set(mesh.face_vertices(face)) == wall)
    operate(mesh, mirrored(offset=-1.0), (4, 8, 4))
    assert not mesh.has_face(face)
    assert mesh.resolve("face", face) == []
    # A wall of four faces: its middle, which only they have, goes with them.
    box = mesh_from(
        [(0.0, y, z) for z in (0.0, 1.0, 2.0) for y in (0.0, 1.0, 2.0)] + [(4.0, 1.0, 1.0)],
        [(0, 3, 4, 1), (1, 4, 5, 2), (3, 6, 7, 4), (4, 7, 8, 5)]
        + [(a, b, 9) for a, b in ((0, 1), (1, 2), (2, 5), (5, 8), (8, 7), (7, 6), (6, 3), (3, 0))],
    )
    operate(box, mirrored(), (1 - 1, 8 - 4, 8 - 4))


def test_mesh_58_ids_positions_and_order_are_as_written() -> None:
    mesh = with_attributes(grid(2, 1))
    vertices = [vertex for vertex in mesh.vertex_ids() if mesh.position(vertex)[0] != 2.0]
    shared = edge_at(mesh, (2.0, 0.0, 0.0), (2.0, 0.0, 1.0))
    edges = [edge for edge in mesh.edge_ids() if edge != shared]
    faces = mesh.face_ids()
    made = operate(mesh, mirrored("x", 2.0), (4, 6, 2))
    assert [bytes(each) for each in made.vertices] == [image_of("mirror.vertex", each) for each in vertices]
    assert [bytes(each) for each in made.edges] == [image_of("mirror.edge", each) for each in edges]
    assert [bytes(each) for each in made.faces] == [image_of("mirror.face", each) for each in faces]
    image = {each: image_of("mirror.vertex", each) if each in vertices else each for each in mesh.vertex_ids()}
    for vertex in vertices:
        x, y, z = mesh.position(vertex)
        assert mesh.position(image[vertex]) == ((2.0 + 2.0) - x, y, z)
        assert row(mesh, "vertex", "mark", image[vertex]) == row(mesh, "vertex", "mark", vertex)
    for edge in edges:
        twin = image_of("mirror.edge", edge)
        assert set(mesh.edge_vertices(twin)) == {image[end] for end in mesh.edge_vertices(edge)}
        assert row(mesh, "edge", "mark", twin) == row(mesh, "edge", "mark", edge)
    for face in faces:
        twin = image_of("mirror.face", face)
        loop = [image[vertex] for vertex in mesh.face_vertices(face)[::-1]]
        start = loop.index(min(loop))
        assert mesh.face_vertices(twin) == loop[start:] + loop[:start]
        assert row(mesh, "face", "group", twin) == row(mesh, "face", "group", face)
        for vertex in mesh.face_vertices(face):
            assert row(mesh, "corner", "uv", twin, image[vertex]) == row(mesh, "corner", "uv", face, vertex)


def test_mesh_58_corner_normals_are_mirrored() -> None:
    mesh = grid(1, 1)
    face = mesh.face_ids()[0]
    corners = [(face, vertex) for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "corner", "normal", corners, [[0.6, 0.8, 0.0]] * 4)
    operate(mesh, mirrored("x", 5.0))
    assert row(mesh, "corner", "normal", face, corners[0][1]) == [0.6, 0.8, 0.0]
    twin = image_of("mirror.face", face)
    assert row(mesh, "corner", "normal", twin, mesh.face_vertices(twin)[0]) == [-0.6, 0.8, 0.0]


@pytest.mark.parametrize(("kind", "number"), [("u1", 5), ("i4", -(2**31))])
def test_mesh_58_whole_numbers_are_no_normals(kind: str, number: int) -> None:
    """What they would be negated is out of their range, and differs between processors."""
    mesh = grid(1, 1)
    face = mesh.face_ids()[0]
    corners = [(face, vertex) for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "corner", "normal", corners, [[number] * 3] * 4, kind)
    operate(mesh, mirrored("x", 5.0))
    twin = image_of("mirror.face", face)
    assert row(mesh, "corner", "normal", twin, mesh.face_vertices(twin)[0]) == [number] * 3


def test_mesh_58_isolated_vertices_are_mirrored_too() -> None:
    points = [(1.0, 0.0, 0.0), (0.0, 0.0, 0.0)]
    mesh = build_mesh(points, [], [small_id(1), small_id(2)], [], [])
    made = mirror(mesh, "x", 0.0, 0.0, NAME)
    assert counts(mesh) == (3, 0, 0)
    assert mesh.position(bytes(made.vertices[0])) == (-1.0, 0.0, 0.0)
    empty = Mesh()
    mirror(empty, "x", 0.0, 0.0, NAME)
    assert counts(empty) == (0, 0, 0)


def test_mesh_58_mirroring_twice_by_different_commands() -> None:
    mesh = with_attributes(grid(1, 1))
    operate(mesh, mirrored("x", 1.0), (2, 3, 1))
    operate(mesh, lambda mesh: mirror(mesh, "z", 1.0, 0.0, CommandName(7, 3)), (3, 5, 2))
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (9, 12, 4)


def test_mesh_58_what_would_be_no_manifold_is_refused() -> None:
    refuse(grid(2, 1), mirrored("x", 1.0), NonManifoldEdge)
    tip = mesh_from([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)], [(0, 1, 2)])
    refuse(tip, mirrored(), BowTie)
    operate(mesh_from([(0.1, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)], [(0, 1, 2)]), mirrored(), (3, 3, 1))


def test_mesh_58_what_is_wrong_is_named() -> None:
    mesh = grid(1, 1)
    assert refuse(mesh, mirrored("w"), InvalidValue).field == "axis"
    for offset in (math.nan, 1.1e6):
        assert refuse(mesh, mirrored(offset=offset), InvalidValue).field == "offset"
    for weld in (math.nan, -0.1):
        assert refuse(mesh, mirrored(weld=weld), InvalidValue).field == "weld_distance"
    assert refuse(mesh, mirrored("y"), InvalidValue, "not every face").field == "offset"
    far = mesh_from([(1e6, 0.0, 0.0), (1e6, 1.0, 0.0), (1e6, 0.0, 1.0)], [(0, 1, 2)])
    assert refuse(far, mirrored(offset=-1.0), InvalidValue).field == "position"
    assert vertex_at(mesh, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("limit", ["MESH_FACES_MAX", "MESH_VERTICES_MAX"])
def test_mesh_58_a_mesh_over_the_limits_is_refused(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"theta.mesh.rebuild.{limit}", 6)
    refuse(grid(2, 2), mirrored(offset=7.0), InvalidValue)


def test_mesh_58_what_would_be_too_large_is_refused_before_it_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def worked_out(mesh: Mesh) -> None:
        pytest.fail("nothing must be worked out")

    # One face of the cube lies in the plane: it goes with no vertex and no edge, and all else is there twice.
    cube = build_primitive("cube", 2.0, NAME)
    most = 40 * 2 * 4 + 32 * 2 * 8 + 20 * 2 * 5
    monkeypatch.setattr(rebuilding, "MESH_BYTES_MAX", most - 1)
    with monkeypatch.context() as patched:
        patched.setattr(mirroring, "canonical_mesh", worked_out)
        assert refuse(cube, mirrored("x", 1.0), InvalidValue, f"mesh is {most},").field == "mesh"
    monkeypatch.setattr(rebuilding, "MESH_BYTES_MAX", 40 * 12 + 32 * 20 + 20 * 10)
    operate(cube, mirrored("x", 1.0), (4, 8, 4))
