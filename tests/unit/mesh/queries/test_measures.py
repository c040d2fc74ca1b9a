"""Areas and volumes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import grid, mesh_from, polygon
from tests.unit.mesh.queries.shaped import icosphere, remove, round_torus, shuffled, some_mesh, together
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive, extrude_face, move_vertices, triangulate
from theta.mesh.polygons import area_vector
from theta.mesh.queries import face_area, face_areas, parts, surface_area, volume

SEEDS = st.integers(0, 2**32 - 1)
NAME = CommandName(3, 1)


def plain_volume(mesh: Mesh) -> float:
    """Signed tetrahedra over the triangles, from the origin, added exactly."""
    triangles = triangulate(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    return math.fsum((np.cross(a, b) * c).sum(axis=1)) / 6.0


def inside_out(mesh: Mesh) -> Mesh:
    number = {vertex: at for at, vertex in enumerate(mesh.vertex_ids())}
    faces = [[number[vertex] for vertex in reversed(mesh.face_vertices(face))] for face in mesh.face_ids()]
    return mesh_from(mesh.positions().tolist(), faces)


@pytest.mark.parametrize("size", [1e-3, 1.0, 250.0])
def test_mesh_85_cubes_and_pyramids_have_the_measures_of_school(size: float) -> None:
    cube, pyramid = build_primitive("cube", size, NAME), build_primitive("pyramid", size, NAME)
    assert face_areas(cube) == pytest.approx([size**2] * 6)
    assert surface_area(cube) == pytest.approx(6 * size**2)
    assert volume(cube) == pytest.approx(size**3)
    assert volume(pyramid) == pytest.approx(size**3 / 3)
    assert surface_area(pyramid) == pytest.approx(size**2 * (1 + math.sqrt(5)))


def test_mesh_85_a_sphere_and_a_torus_come_near_their_formulas() -> None:
    sphere = icosphere(4)
    assert volume(sphere) == pytest.approx(4 / 3 * math.pi, rel=0.01)
    assert volume(sphere) == pytest.approx(plain_volume(sphere), rel=1e-12)
    assert surface_area(sphere) == pytest.approx(4 * math.pi, rel=0.01)
    torus = round_torus(96, 48)
    assert volume(torus) == pytest.approx(2 * math.pi**2 * 2.0 * 0.5**2, rel=0.01)
    assert surface_area(torus) == pytest.approx(4 * math.pi**2 * 2.0 * 0.5, rel=0.01)


def test_mesh_85_turned_inside_out_the_volume_is_negative() -> None:
    assert volume(inside_out(icosphere(2))) == pytest.approx(-volume(icosphere(2)), rel=1e-12)


def test_mesh_85_far_from_the_origin_the_volume_is_as_good() -> None:
    mesh = build_primitive("cube", 0.25, NAME)
    move_vertices(mesh, mesh.vertex_ids(), mesh.positions() + 9e5)
    assert volume(mesh) == pytest.approx(0.25**3, rel=1e-12)


def test_mesh_85_concave_faces_count_what_they_cover() -> None:
    # The prism over an L of three unit squares.
    outline = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
    mesh = polygon([(x, y, 0) for x, y in outline])
    assert face_area(mesh, mesh.face_ids()[0]) == 3.0
    sides = [(at, (at + 1) % 6, (at + 1) % 6 + 6, at + 6) for at in range(6)]
    prism = mesh_from([(x, y, z) for z in (0, 2) for x, y in outline], [range(5, -1, -1), range(6, 12), *sides])
    assert volume(prism) == pytest.approx(6.0)


def test_mesh_85_a_part_has_its_own_volume() -> None:
    mesh = together(build_primitive("cube", 2.0, NAME), grid(2, 2), round_torus())
    with pytest.raises(InvalidValue) as told:
        volume(mesh)
    assert told.value.field == "mesh"
    closed = [part for part in parts(mesh) if part.closed]
    assert sorted(volume(mesh, part) for part in closed) == pytest.approx(sorted((8.0, volume(round_torus()))))
    stale = closed[0]
    remove(mesh, stale.faces[0])
    with pytest.raises(UnknownElement):
        volume(mesh, stale)
    with pytest.raises(InvalidValue):
        volume(mesh, next(part for part in parts(mesh) if stale.faces[1] in part.faces))


def test_mesh_85_nothing_has_no_area_and_no_volume() -> None:
    assert (surface_area(Mesh()), volume(Mesh()), face_areas(Mesh()).shape) == (0.0, 0.0, (0,))
    with pytest.raises(UnknownElement):
        face_area(Mesh(), bytes(16))


def test_mesh_85_sums_are_added_in_the_order_of_the_rule(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for mesh in (icosphere(1), round_torus(7, 5), build_primitive("pyramid", 3.0, NAME)):
        move_vertices(
            mesh, mesh.vertex_ids(), mesh.positions() + generator.normal(scale=0.1, size=(mesh.vertex_count, 3))
        )
        corners = [mesh.position(vertex) for vertex in mesh.vertex_ids()]
        low, high = ([pick(point[axis] for point in corners) for axis in range(3)] for pick in (min, max))
        rx, ry, rz = (low[axis] + (high[axis] - low[axis]) * 0.5 for axis in range(3))
        terms, areas = [], []
        for face in mesh.face_ids():
            points = [mesh.position(vertex) for vertex in mesh.face_vertices(face)]
            x, y, z = area_vector(points)
            areas.append(math.sqrt(x * x + y * y + z * z) * 0.5)
            px, py, pz = points[0]
            terms.append((px - rx) * x + (py - ry) * y + (pz - rz) * z)
        assert volume(mesh) == halved(terms) / 6.0
        assert surface_area(mesh) == halved(areas)


def halved(terms: list[float]) -> float:
    size = 1
    while size < len(terms):
        size *= 2
    terms = terms + [0.0] * (size - len(terms))
    while len(terms) > 1:
        half = len(terms) // 2
        terms = [one + other for one, other in zip(terms[:half], terms[half:], strict=True)]
    return terms[0]


@given(SEEDS)
def test_mesh_85_all_areas_have_the_bits_of_each_whatever_the_slots(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    areas = face_areas(mesh)
    assert areas.tolist() == [face_area(mesh, face) for face in mesh.face_ids()]
    other = shuffled(mesh, generator)
    assert face_areas(other).tolist() == areas.tolist()
    assert surface_area(other) == surface_area(mesh)
    assert surface_area(mesh) == pytest.approx(math.fsum(areas))


def test_mesh_85_volumes_have_the_same_bits_whatever_the_slots(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = build_primitive("cube", 1.0, NAME)
    for number in range(40):
        face = mesh.face_ids()[int(generator.integers(mesh.face_count))]
        extrude_face(mesh, face, float(generator.normal()), CommandName(4, number + 1))
        corner = mesh.vertex_ids()[int(generator.integers(mesh.vertex_count))]
        move_vertices(mesh, [corner], generator.normal(size=(1, 3)))
    first = volume(mesh)
    for _ in range(5):
        assert volume(shuffled(mesh, generator)) == first
