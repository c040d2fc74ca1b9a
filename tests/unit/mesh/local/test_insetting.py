"""Insetting faces."""

import math

import numpy as np
import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    Operate,
    near,
    operate,
    refuse,
    rename,
    row,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, polygon, small_id
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import element_id
from theta.mesh import DegenerateFace, DuplicateElement, build_primitive, face_normal
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.errors import NotApplicable
from theta.mesh.local.insetting import inset_face

SQUARE = [(0.0, 0.0, 0.0), (4.0, 0.0, 0.0), (4.0, 4.0, 0.0), (0.0, 4.0, 0.0)]
L_SHAPE = [(0.0, 0.0, 0.0), (6.0, 0.0, 0.0), (6.0, 2.0, 0.0), (2.0, 2.0, 0.0), (2.0, 6.0, 0.0), (0.0, 6.0, 0.0)]


def inset(distance: float, depth: float = 0.0, face: bytes = b"") -> Operate:
    return lambda mesh: inset_face(mesh, face or mesh.face_ids()[0], distance, depth, NAME)


@pytest.mark.parametrize("kind", ["cube", "pyramid", "plane"])
def test_mesh_50_an_inset_counts_n_2n_n(kind: str) -> None:
    for face in build_primitive(kind, 2.0, NAME).face_ids():
        mesh = build_primitive(kind, 2.0, NAME)
        corners = len(mesh.face_vertices(face))
        normal = face_normal(mesh, face)
        operate(mesh, inset(0.25, face=face), (corners, 2 * corners, corners))
        near(face_normal(mesh, face), normal)


def test_mesh_50_inner_sides_are_parallel_at_the_distance() -> None:
    mesh = polygon(SQUARE)
    face = mesh.face_ids()[0]
    made = operate(mesh, inset(1.0, 0.5), (4, 8, 4))
    assert [mesh.position(vertex) for vertex in made.vertices] == [
        (1.0, 1.0, 0.5),
        (3.0, 1.0, 0.5),
        (3.0, 3.0, 0.5),
        (1.0, 3.0, 0.5),
    ]
    assert set(mesh.face_vertices(face)) == set(made.vertices)


def test_mesh_50_reflex_and_straight_corners_are_offset_from_both_sides() -> None:
    mesh = polygon(L_SHAPE)
    made = operate(mesh, inset(0.5), (6, 12, 6))
    near(
        [mesh.position(vertex) for vertex in made.vertices],
        [(0.5, 0.5, 0), (5.5, 0.5, 0), (5.5, 1.5, 0), (1.5, 1.5, 0), (1.5, 5.5, 0), (0.5, 5.5, 0)],
    )
    straight = polygon([SQUARE[0], (2.0, 0.0, 0.0), *SQUARE[1:]])
    made = operate(straight, inset(1.0), (5, 10, 5))
    near(straight.position(made.vertices[1]), (2.0, 1.0, 0.0))


@pytest.mark.parametrize("seed", range(10))
def test_mesh_50_every_corner_is_at_the_distance_from_both_its_sides(seed: int) -> None:
    """Star-shaped polygons in tilted planes, measured against NumPy's cross product."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(3, 12))
    turns = np.sort(draw.uniform(0.0, 2.0 * np.pi, count)) + np.linspace(0.0, 0.1, count)
    radii = draw.uniform(3.0, 5.0, count)
    frame, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    points = np.outer(radii * np.cos(turns), frame[0]) + np.outer(radii * np.sin(turns), frame[1]) + draw.normal(size=3)
    mesh = polygon(points.tolist())
    made = None
    for distance in (0.4, 0.1, 0.01, 0.001):
        try:
            made = operate(mesh, inset(distance), (count, 2 * count, count))
        except NotApplicable:
            continue
        break
    assert made is not None
    new = np.array([mesh.position(vertex) for vertex in made.vertices])
    normal = np.cross(frame[0], frame[1])
    for at in range(count):
        along = points[(at + 1) % count] - points[at]
        inward = np.cross(normal, along) / np.linalg.norm(along)
        for corner in (new[at], new[(at + 1) % count]):
            np.testing.assert_allclose((corner - points[at]) @ inward, distance, rtol=1e-6)
            np.testing.assert_allclose((corner - points[at]) @ normal, 0.0, atol=1e-9)


def test_mesh_50_a_negative_inset_makes_the_face_larger() -> None:
    mesh = polygon(SQUARE)
    made = operate(mesh, inset(-1.0), (4, 8, 4))
    assert mesh.position(made.vertices[0]) == (-1.0, -1.0, 0.0)


def test_mesh_50_a_face_that_is_not_flat_is_inset_beside_its_sides() -> None:
    mesh = polygon([(0.0, 0.0, 0.3), (4.0, 0.0, -0.3), (4.0, 4.0, 0.3), (0.0, 4.0, -0.3)])
    made = operate(mesh, inset(1.0), (4, 8, 4))
    for vertex, height in zip(made.vertices, (0.3, -0.3, 0.3, -0.3), strict=True):
        near(mesh.position(vertex)[2], height)


def test_mesh_50_ids_and_neighbours_are_as_written() -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    face = mesh.face_ids()[3]
    old, edges = mesh.face_vertices(face), mesh.face_edges(face)
    made = operate(mesh, inset(0.25, -0.5, face), (4, 8, 4))
    for at in range(4):
        after = (at + 1) % 4
        assert made.vertices[at] == element_id(NAME, "inset.vertex", (face, old[at]))
        assert made.edges[at] == element_id(NAME, "inset.side-edge", (face, old[at]))
        assert made.edges[4 + at] == element_id(NAME, "inset.inner-edge", (face, edges[at]))
        assert made.faces[at] == element_id(NAME, "inset.side", (face, edges[at]))
        assert set(mesh.edge_vertices(made.edges[at])) == {old[at], made.vertices[at]}
        assert set(mesh.edge_vertices(made.edges[4 + at])) == {made.vertices[at], made.vertices[after]}
        assert set(mesh.face_vertices(made.faces[at])) == {old[at], old[after], made.vertices[after], made.vertices[at]}
    assert set(mesh.face_vertices(face)) == set(made.vertices)


def test_mesh_50_attributes_blend_between_a_corner_and_its_neighbours() -> None:
    mesh = with_attributes(polygon(SQUARE))
    face = mesh.face_ids()[0]
    # Rows that say where they are.
    corners = [(face, small_id(at)) for at in range(4)]
    set_attribute(mesh, "corner", "uv", corners, [[x / 4.0, y / 4.0] for x, y, _ in SQUARE])
    set_attribute(mesh, "vertex", "mark", [small_id(at) for at in range(4)], [[x, y] for x, y, _ in SQUARE])
    edges = mesh.face_edges(face)
    marks = {edge: row(mesh, "edge", "mark", edge) for edge in edges}
    made = operate(mesh, inset(1.0), (4, 8, 4))
    for vertex in made.vertices:
        x, y, _ = mesh.position(vertex)
        near(row(mesh, "vertex", "mark", vertex), [x, y])
        near(row(mesh, "corner", "uv", face, vertex), [x / 4.0, y / 4.0])
    for at, side in enumerate(made.faces):
        assert row(mesh, "face", "mark", side) == row(mesh, "face", "mark", face)
        assert row(mesh, "edge", "mark", made.edges[4 + at]) == marks[edges[at]]
        assert row(mesh, "edge", "mark", made.edges[at]) == [0.0, 0.0]
        x, y, _ = mesh.position(made.vertices[at])
        near(row(mesh, "corner", "uv", side, made.vertices[at]), [x / 4.0, y / 4.0])
    assert row(mesh, "vertex", "group", made.vertices[2]) == [3]


def test_mesh_50_at_a_reflex_corner_attributes_are_the_corners_own() -> None:
    mesh = with_attributes(polygon(L_SHAPE))
    face = mesh.face_ids()[0]
    uv = row(mesh, "corner", "uv", face, small_id(3))
    made = operate(mesh, inset(0.5), (6, 12, 6))
    assert row(mesh, "vertex", "mark", made.vertices[3]) == row(mesh, "vertex", "mark", small_id(3))
    assert row(mesh, "corner", "uv", face, made.vertices[3]) == uv


def test_mesh_50_beyond_both_neighbours_attributes_are_the_corners_own() -> None:
    """In a regular octagon of side 1 an inner corner may lie farther in than both neighbours of its corner."""
    reach, half = 0.5 + math.sqrt(0.5), 0.5
    points = [(reach, half), (half, reach), (-half, reach), (-reach, half)]
    mesh = with_attributes(polygon([(x, y, 0.0) for x, y in points + [(-x, -y) for x, y in points]]))
    made = operate(mesh, inset(1.1), (8, 16, 8))
    for at, vertex in enumerate(made.vertices):
        assert row(mesh, "vertex", "mark", vertex) == row(mesh, "vertex", "mark", small_id(at))


def test_mesh_50_an_inset_that_turns_a_side_round_is_refused() -> None:
    for distance in (2.0, 2.5, 1e5):
        refuse(polygon(SQUARE), inset(distance), NotApplicable, "sides are all left")
    operate(polygon(SQUARE), inset(1.999), (4, 8, 4))
    refuse(polygon(L_SHAPE), inset(1.01), NotApplicable)


def test_mesh_50_faces_that_cannot_be_inset_are_refused() -> None:
    spike = polygon([(0.0, 0.0, 0.0), (1000.0, 0.0, 0.0), (1000.0, 1.0, 0.0)])
    refuse(spike, inset(0.01), NotApplicable, "sharp")
    line = polygon([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0)])
    refuse(line, inset(0.01), DegenerateFace)
    double = polygon([*SQUARE[:2], SQUARE[1], *SQUARE[2:]])
    refuse(double, inset(0.01), NotApplicable, "length")


def test_mesh_50_what_is_wrong_is_named() -> None:
    mesh = grid(2, 2)
    for wrong in (math.nan, math.inf):
        assert refuse(mesh, inset(wrong), InvalidValue).field == "inset"
        assert refuse(mesh, inset(0.1, wrong), InvalidValue).field == "depth"
    refuse(mesh, inset(0.1, face=NOTHING), UnknownElement)
    refuse(mesh, inset(0.1, 1.1e6), InvalidValue, "position")


@pytest.mark.parametrize("role", ["inset.vertex", "inset.side-edge", "inset.inner-edge", "inset.side"])
def test_mesh_50_a_taken_id_is_refused(role: str) -> None:
    mesh = grid(2, 1)
    face, other = mesh.face_ids()
    parent = mesh.face_vertices(face)[1] if role in ("inset.vertex", "inset.side-edge") else mesh.face_edges(face)[1]
    kind = {"inset.vertex": "vertex", "inset.side": "face"}.get(role, "edge")
    spare = {
        "vertex": next(each for each in mesh.vertex_ids() if each not in mesh.face_vertices(face)),
        "edge": next(each for each in mesh.edge_ids() if each not in mesh.face_edges(face)),
        "face": other,
    }
    rename(mesh, kind, spare[kind], element_id(NAME, role, (face, parent)))
    refuse(mesh, inset(0.1, face=face), DuplicateElement)
