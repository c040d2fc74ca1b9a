"""Normals, centroids, bounds and triangles."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, mesh_from, polygon
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, element_id
from theta.mesh import (
    DegenerateFace,
    Mesh,
    build_primitive,
    extrude_face,
    face_centroid,
    face_normal,
    face_normals,
    move_vertices,
    nearest_face_to_normal,
    triangulate,
)
from theta.mesh.polygons import clip_ears

NAME = CommandName(7, 1)

L_SHAPE = [(0, 0, 0), (2, 0, 0), (2, 1, 0), (1, 1, 0), (1, 2, 0), (0, 2, 0)]
ARROW = [(0, 0, 0), (2, 1, 0), (0, 2, 0), (1, 1, 0)]
COMB = [(0, 0, 0), (7, 0, 0), (7, 3, 0), (6, 1, 0), (5, 3, 0), (4, 1, 0), (3, 3, 0), (2, 1, 0), (1, 3, 0)]
WITH_MIDPOINTS = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 2, 0), (0, 2, 0)]
CROSSING = [(0, 0, 0), (3, 3, 0), (3, 0, 0), (1, 3, 0), (-1, 1, 0)]

Points = Sequence[tuple[float, float, float]]


def areas(mesh: Mesh) -> list[float]:
    """Twice each triangle's area along the normal of its face."""
    triangles = triangulate(mesh)
    normals = face_normals(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    crossed: list[float] = (np.cross(b - a, c - a) * normals[triangles.faces]).sum(axis=1).tolist()
    return crossed


def twice_area(points: Points) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return float(sum(a[0] * b[1] - a[1] * b[0] for a, b in pairs))


@pytest.mark.parametrize("points", [L_SHAPE, ARROW, COMB, WITH_MIDPOINTS], ids=["L", "arrow", "comb", "midpoints"])
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_mesh_15_triangles_cover_a_polygon_from_any_corner(points: Points, axes: tuple[int, int, int]) -> None:
    for start in range(len(points)):
        turned = [*points[start:], *points[:start]]
        mesh = polygon([tuple(point[axis] for axis in axes) for point in turned])
        parts = areas(mesh)
        assert len(parts) == len(points) - 2
        assert min(parts) > 0.0
        assert sum(parts) == pytest.approx(twice_area(points))


def test_mesh_15_a_convex_face_is_a_fan_from_its_lowest_vertex() -> None:
    mesh = polygon([(math.cos(a), math.sin(a), 0.0) for a in (0.0, 1.0, 2.0, 3.0, 4.5)])
    assert triangulate(mesh).corners.tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4]]
    assert triangulate(mesh).corners.dtype == np.uint32


def test_mesh_15_triangles_follow_the_faces_in_order() -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    triangles = triangulate(mesh)
    assert triangles.faces.tolist() == [face for face in range(6) for _ in range(2)]
    vertices, faces = mesh.vertex_ids(), mesh.face_ids()
    for face, corners in zip(triangles.faces.tolist(), triangles.corners.tolist(), strict=True):
        assert {vertices[corner] for corner in corners} <= set(mesh.face_vertices(faces[face]))
    assert sum(areas(mesh)) == pytest.approx(2 * 24.0)


def test_mesh_15_concave_faces_among_others_take_their_own_triangles() -> None:
    mesh = mesh_from([*L_SHAPE, (3, 0, 0), (3, 2, 0)], [range(6), (1, 6, 7, 2)])
    assert sum(areas(mesh)) == pytest.approx(2 * (3.0 + 1.5))
    assert min(areas(mesh)) > 0.0


def test_mesh_15_what_crosses_itself_or_has_no_area_still_gives_triangles() -> None:
    assert len(triangulate(polygon(CROSSING)).corners) == 3
    assert len(triangulate(polygon([(at, at, at) for at in range(5)])).corners) == 3
    assert len(clip_ears([(0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0)], (0.0, 0.0, 1.0))) == 2


def test_mesh_15_of_axes_that_are_equally_long_the_first_is_left_out() -> None:
    """Seen along x the first corner is an ear, seen along z it is not."""
    points = [(0.0, 0.0, 0.0), (2.0, 1.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0)]
    assert clip_ears(points, (0.5, 0.5, 0.5))[0] == (3, 0, 1)
    assert clip_ears(points, (0.0, 0.0, 1.0))[0] == (0, 1, 2)


def test_mesh_15_a_corner_on_a_straight_side_is_in_the_way_of_an_ear() -> None:
    corners = [(0, 0, 0), (2, 0, 0), (1, 1, 0), (0, 2, 0)]
    assert clip_ears(corners, (0.0, 0.0, 1.0)) == [(0, 1, 2), (0, 2, 3)]


def test_mesh_14_too_small_an_area_is_none() -> None:
    for leg, found in ((1e-8, False), (2e-8, True)):
        mesh = polygon([(0, 0, 0), (leg, 0, 0), (0, leg, 0)])
        assert face_normals(mesh).any() == found
        if found:
            assert face_normal(mesh, mesh.face_ids()[0]) == (0.0, 0.0, 1.0)
        else:
            with pytest.raises(DegenerateFace):
                face_normal(mesh, mesh.face_ids()[0])


def test_mesh_14_all_normals_have_the_bits_of_each(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = build_primitive("cube", 1.0, NAME)
    for number in range(12):
        extrude_face(mesh, mesh.face_ids()[int(generator.integers(mesh.face_count))], 0.3, CommandName(7, 2 + number))
        corner = mesh.vertex_ids()[int(generator.integers(mesh.vertex_count))]
        move_vertices(mesh, [corner], generator.normal(size=(1, 3)))
    for number in (5, 30):
        ring = [(math.cos(at), math.sin(at), float(generator.normal())) for at in np.linspace(0.0, 6.0, number)]
        for some in (mesh, polygon(ring)):
            every = face_normals(some)
            assert every.tolist() == [list(face_normal(some, face)) for face in some.face_ids()]


def test_mesh_14_normals_far_from_the_origin_are_exact() -> None:
    mesh = polygon([(9e5, 9e5, 0), (9e5 + 0.25, 9e5, 0), (9e5 + 0.25, 9e5 + 0.25, 0)])
    assert face_normal(mesh, mesh.face_ids()[0]) == (0.0, 0.0, 1.0)


def test_mesh_14_a_face_without_area_has_no_normal() -> None:
    mesh = mesh_from([(0, 0, 0), (1, 1, 1), (2, 2, 2), (5, 0, 0)], [(0, 1, 2), (2, 1, 3)])
    flat = element_id(CommandName(1, 1), "f", (), 0)
    with pytest.raises(DegenerateFace):
        face_normal(mesh, flat)
    assert face_normals(mesh)[mesh.face_ids().index(flat)].tolist() == [0.0, 0.0, 0.0]
    assert nearest_face_to_normal(mesh, (1, 0, 0)) != flat
    assert nearest_face_to_normal(mesh, (-1, 0, 0)) != flat


def test_mesh_14_the_nearest_face_and_of_equals_the_lowest() -> None:
    mesh = build_primitive("cube", 1.0, NAME)
    assert nearest_face_to_normal(mesh, (0, 5, 1)) == element_id(NAME, "cube.face", (), 3)
    assert nearest_face_to_normal(mesh, np.array([-1e-300, 0.0, 0.0])) == element_id(NAME, "cube.face", (), 0)
    flat = grid(3, 3)
    assert nearest_face_to_normal(flat, (0, -1, 0)) == flat.face_ids()[0]


@pytest.mark.parametrize("direction", [(0, 0, 0), (math.nan, 0, 0), (math.inf, 0, 0), (1, 0), [(1, 0, 0), (0, 1, 0)]])
def test_mesh_20_what_is_no_direction_is_refused(direction: Sequence[float]) -> None:
    with pytest.raises(InvalidValue) as told:
        nearest_face_to_normal(build_primitive("cube", 1.0, NAME), direction)
    assert told.value.field == "direction"


@pytest.mark.parametrize("mesh", [Mesh(), polygon([(0, 0, 0), (1, 1, 1), (2, 2, 2)])], ids=["empty", "flat"])
def test_mesh_20_a_mesh_without_a_normal_has_no_nearest(mesh: Mesh) -> None:
    with pytest.raises(InvalidValue) as told:
        nearest_face_to_normal(mesh, (0, 1, 0))
    assert told.value.field == "mesh"


def test_mesh_14_a_centroid_is_the_mean_of_the_corners() -> None:
    mesh = polygon([(0, 0, 0), (4, 0, 0), (4, 2, 1), (0, 2, 1)])
    assert face_centroid(mesh, mesh.face_ids()[0]) == (2.0, 1.0, 0.5)
    with pytest.raises(UnknownElement):
        face_centroid(mesh, bytes(16))
