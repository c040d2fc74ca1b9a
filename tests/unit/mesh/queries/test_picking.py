"""Picking by ray and by point, against plain searches over all elements."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.mesh.meshes import mesh_from, polygon, small_id
from tests.unit.mesh.queries.shaped import (
    bumpy,
    edit,
    icosphere,
    numbered,
    round_torus,
    shuffle,
    shuffled,
    some_mesh,
    together,
)
from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive, extrude_face, move_vertices, triangulate
from theta.mesh.queries import FaceHit, Picker, boxes, one_ring, picking
from theta.mesh.queries.boxes import TriangleBoxes
from theta.mesh.queries.face_triangles import FaceTriangles

SEEDS = st.integers(0, 2**32 - 1)
Vector = NDArray[np.float64]


def cube() -> Mesh:
    return build_primitive("cube", 2.0, CommandName(3, 1))


def random_ray(mesh: Mesh, generator: np.random.Generator) -> tuple[Vector, Vector]:
    """From somewhere around to somewhere on or beside the mesh."""
    positions = mesh.positions()
    target = positions[int(generator.integers(len(positions)))] + generator.normal(scale=0.5, size=3)
    origin = target + generator.normal(scale=float(generator.choice([0.5, 5.0])), size=3)
    return origin, target - origin


def crossings(mesh: Mesh, origin: Vector, direction: Vector) -> list[tuple[float, bytes]]:
    """Möller and Trumbore, "Fast, Minimum Storage Ray-Triangle Intersection", 1997: every (metres, face), ascending."""
    triangles = triangulate(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    along = direction / np.linalg.norm(direction)
    p = np.cross(along, c - a)
    whole = ((b - a) * p).sum(axis=1)
    with np.errstate(all="ignore"):
        u = ((origin - a) * p).sum(axis=1) / whole
        q = np.cross(origin - a, b - a)
        v = (q @ along) / whole
        t = ((c - a) * q).sum(axis=1) / whole
        hit = (np.abs(whole) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0)
    ids = mesh.face_ids()
    return sorted((float(t[at]), ids[int(triangles.faces[at])]) for at in np.flatnonzero(hit))


def segment_distance(origin: Vector, direction: Vector, a: Vector, b: Vector) -> float:
    """Between a ray and a segment: the least of what the ends, and the lines where they are nearest, give."""
    along = direction / np.linalg.norm(direction)
    found = [np.linalg.norm(end - origin - along * max(float((end - origin) @ along), 0.0)) for end in (a, b)]
    size = float((b - a) @ (b - a))
    if size:
        s = min(max(float((origin - a) @ (b - a)) / size, 0.0), 1.0)
        found.append(np.linalg.norm(a + (b - a) * s - origin))
        (t, s), *_ = np.linalg.lstsq(np.stack((along, a - b), axis=1), a - origin, rcond=None)
        if t >= 0 and 0 <= s <= 1:
            found.append(np.linalg.norm(origin + along * t - a - (b - a) * s))
    return float(min(found))


def triangle_distances(point: Vector, a: Vector, b: Vector, c: Vector) -> Vector:
    """To triangles (n, 3) each: sampled, then again more finely around the best."""
    steps = np.linspace(-1.0, 1.0, 9)
    u0, v0, half = np.full(len(a), 0.5), np.full(len(a), 0.5), 0.5
    best = np.full(len(a), math.inf)
    for _ in range(18):
        u = np.clip(u0[:, None, None] + half * steps[:, None], 0.0, 1.0) + 0.0 * steps
        v = np.clip(v0[:, None, None] + half * steps, 0.0, 1.0 - u)
        u, v = u.reshape(len(a), -1, 1), v.reshape(len(a), -1, 1)
        places = a[:, None] + u * (b - a)[:, None] + v * (c - a)[:, None]
        gaps = np.linalg.norm(places - point, axis=2)
        at = np.argmin(gaps, axis=1)
        rows = np.arange(len(a))
        best = np.minimum(best, gaps[rows, at])
        u0, v0, half = u[rows, at, 0], v[rows, at, 0], half * 0.5
    return best


def answers(picker: Picker, rays: Sequence[tuple[Vector, Vector]]) -> list[object]:
    """All that can be asked with each ray, and with its origin."""
    return [
        ask
        for origin, direction in rays
        for ask in (
            picker.face_along(origin, direction),
            picker.edge_along(origin, direction, 0.3),
            picker.edge_along(origin, direction, math.inf, through=True),
            picker.vertex_along(origin, direction, 0.3),
            picker.vertex_along(origin, direction, 2.0, through=True),
            picker.face_near(origin),
            picker.edge_near(origin),
            picker.vertex_near(origin, 0.7),
        )
    ]


def test_mesh_87_a_ray_hits_the_first_face_from_either_side() -> None:
    picker = Picker(cube())
    hit = picker.face_along((0.25, 0.5, 9.0), (0, 0, -3))
    assert hit is not None
    assert hit.distance == pytest.approx(8.0)
    assert hit.point == pytest.approx((0.25, 0.5, 1.0))
    assert hit.outside
    normal_side = picker.mesh.face_vertices(hit.face)
    assert set(hit.corners) <= set(normal_side)
    corners = np.array([picker.mesh.position(corner) for corner in hit.corners])
    assert np.array(hit.weights) @ corners == pytest.approx((0.25, 0.5, 1.0))
    inner = picker.face_along((0, 0, 0), (0, 0, -1e-9))
    assert inner is not None
    assert inner.distance == pytest.approx(1.0)
    assert not inner.outside
    assert picker.face_along((0, 0, 9.0), (0, 0, 1)) is None
    assert picker.face_along((1.5, 0, 9.0), (0, 0, -1)) is None


@pytest.mark.parametrize(
    ("mesh", "inside"),
    [
        (icosphere(2), (0, 0, 0)),
        (icosphere(3), (0.1, 0.2, -0.3)),
        (cube(), (0.3, 0.4, 0.5)),
        (round_torus(), (2, 0, 0)),
    ],
    ids=["sphere", "aside", "cube", "torus"],
)
def test_mesh_87_no_ray_slips_through_between_faces(mesh: Mesh, inside: tuple[float, float, float]) -> None:
    picker = Picker(mesh)
    centre = np.array(inside, np.float64)
    for edge in mesh.edge_ids():
        a, b = (np.array(mesh.position(end)) for end in mesh.edge_vertices(edge))
        for target in (a, b, (a + b) * 0.5, a + (b - a) / 3.0):
            hit = picker.face_along(centre, target - centre)
            assert hit is not None
            if mesh.face_count != 96:  # the torus is not convex: a ray that grazes it may go on
                assert hit.distance == pytest.approx(np.linalg.norm(target - centre), rel=1e-12)


def test_mesh_87_of_faces_hit_at_once_the_lowest_counts() -> None:
    flat = numbered([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (-1, 0, 0), (-1, 1, 0)], [(0, 1, 2, 3), (4, 0, 3, 5)])
    hit = Picker(flat).face_along((0, 0.5, 1), (0, 0, -1))
    assert hit is not None
    assert hit.face == small_id(0)


def test_mesh_87_a_concave_face_is_hit_only_where_it_is() -> None:
    arrow = polygon([(0, 0, 0), (2, 1, 0), (0, 2, 0), (1, 1, 0)])
    picker = Picker(arrow)
    assert picker.face_along((0.5, 1.0, 5), (0, 0, -1)) is None
    assert picker.face_along((1.5, 1.0, 5), (0, 0, -1)) is not None
    thin = Picker(polygon([(0, 0, 0), (1, 1, 0), (2, 2, 0)]))
    assert thin.face_along((1, 1, 5), (0, 0, -1)) is None


@given(SEEDS)
def test_mesh_87_a_ray_hits_what_a_search_over_all_triangles_finds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    picker = Picker(mesh)
    for _ in range(8):
        origin, direction = random_ray(mesh, generator)
        found, hit = crossings(mesh, origin, direction), picker.face_along(origin, direction)
        assert (hit is None) == (not found)
        if hit is not None:
            assert hit.distance == pytest.approx(found[0][0], rel=1e-9, abs=1e-9)
            assert hit.face in {face for along, face in found if along <= found[0][0] + 1e-9}
            assert sum(hit.weights) == pytest.approx(1.0)
            along = origin + direction / np.linalg.norm(direction) * hit.distance
            assert np.array(hit.point) == pytest.approx(along, abs=1e-6)


@given(SEEDS)
def test_mesh_87_edges_and_vertices_along_a_ray_are_the_nearest(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    picker = Picker(mesh)
    at = {vertex: np.array(mesh.position(vertex)) for vertex in mesh.vertex_ids()}
    for _ in range(3):
        origin, direction = random_ray(mesh, generator)
        gaps = {
            edge: segment_distance(origin, direction, *(at[end] for end in mesh.edge_vertices(edge)))
            for edge in mesh.edge_ids()
        }
        radius = float(generator.uniform(0.01, 1.0))
        edge = picker.edge_along(origin, direction, radius, through=True)
        assert (edge is None) == (min(gaps.values(), default=math.inf) > radius)
        if edge is not None:
            assert edge.distance == pytest.approx(min(gaps.values()), abs=1e-9)
            assert gaps[edge.edge] == pytest.approx(edge.distance, abs=1e-9)
            low, high = (at[end] for end in mesh.edge_vertices(edge.edge))
            assert np.array(edge.point) == pytest.approx(low + (high - low) * edge.parameter)
        gaps = {vertex: segment_distance(origin, direction, place, place) for vertex, place in at.items()}
        vertex = picker.vertex_along(origin, direction, radius, through=True)
        assert (vertex is None) == (min(gaps.values()) > radius)
        if vertex is not None:
            assert vertex.distance == pytest.approx(min(gaps.values()), abs=1e-9)
            assert vertex.point == mesh.position(vertex.vertex)
            heading = direction / np.linalg.norm(direction)
            assert vertex.along == pytest.approx(max(float((at[vertex.vertex] - origin) @ heading), 0.0))


@given(SEEDS)
def test_mesh_88_nearest_to_a_point_are_the_nearest(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    picker = Picker(mesh)
    triangles = triangulate(mesh)
    at = {vertex: np.array(mesh.position(vertex)) for vertex in mesh.vertex_ids()}
    point, _ = random_ray(mesh, generator)
    vertex = picker.vertex_near(point)
    gaps = {identifier: float(np.linalg.norm(place - point)) for identifier, place in at.items()}
    assert vertex is not None
    assert vertex.distance == pytest.approx(min(gaps.values()))
    assert gaps[vertex.vertex] == pytest.approx(vertex.distance)
    edge, face = picker.edge_near(point), picker.face_near(point)
    assert (edge is None) == (face is None) == (not mesh.face_count)
    if edge is None or face is None:
        return
    ends = {identifier: [at[end] for end in mesh.edge_vertices(identifier)] for identifier in mesh.edge_ids()}
    a, b = (np.array([pair[at] for pair in ends.values()]) for at in range(2))
    gaps = dict(zip(ends, triangle_distances(point, a, b, b).tolist(), strict=True))
    assert edge.distance == pytest.approx(min(gaps.values()), abs=1e-5)
    assert gaps[edge.edge] == pytest.approx(edge.distance, abs=1e-5)
    low, high = ends[edge.edge]
    assert np.array(edge.point) == pytest.approx(low + (high - low) * edge.parameter)
    assert np.linalg.norm(np.array(edge.point) - point) == pytest.approx(edge.distance)
    corners = triangles.positions[triangles.corners]
    apart = triangle_distances(point, corners[:, 0], corners[:, 1], corners[:, 2])
    # Samples may miss the best of a thin triangle, but never beat it.
    assert face.distance <= apart.min() + 1e-9
    place, own = np.array(face.point), np.array([mesh.position(corner) for corner in face.corners])
    assert set(face.corners) <= set(mesh.face_vertices(face.face))
    assert np.linalg.norm(place - point) == pytest.approx(face.distance, abs=1e-9)
    assert np.array(face.weights) @ own == pytest.approx(place)
    assert min(face.weights) >= -1e-9
    # No corner is on this side of the plane through the nearest point: nothing of the triangle is nearer.
    assert ((own - place) @ (point - place) <= 1e-6).all()
    assert face.distance <= edge.distance + 1e-12
    assert edge.distance <= vertex.distance + 1e-12 or not one_ring(mesh, vertex.vertex).edges
    assert picker.face_near(point, face.distance * 0.999) is None or face.distance == 0.0


@given(SEEDS)
def test_mesh_87_and_88_after_any_edits_a_picker_answers_as_a_new_one(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = together(bumpy(12, 9, generator), some_mesh(generator))
    picker = Picker(mesh)
    for number in range(3):
        if int(generator.integers(3)) == 0:
            mark = mesh.journal.mark()
            edit(mesh, generator, CommandName(6, 2 * number + 1))
            picker.face_along(*random_ray(mesh, generator))
            mesh.journal.rollback(mark)
        for each in range(int(generator.integers(1, 4))):
            edit(mesh, generator, CommandName(7 + each, number + 1))
        if int(generator.integers(8)) == 0:
            shuffle(mesh, generator)
        if int(generator.integers(4)) == 0:
            picker.mesh = mesh = mesh.copy()
        rays = [random_ray(mesh, generator)]
        expected = answers(Picker(mesh), rays)
        assert answers(picker, rays) == expected
        assert answers(Picker(shuffled(mesh, generator)), rays) == expected


def test_mesh_87_boxes_have_as_many_levels_as_they_need(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "TOP", 2)
    generator = np.random.default_rng(seed)
    mesh = bumpy(40, 50, generator)
    picker = Picker(mesh)
    for step in range(12):
        rays = [random_ray(mesh, generator) for _ in range(3)]
        found = [crossings(mesh, *ray)[:1] for ray in rays]
        hits = [picker.face_along(*ray) for ray in rays]
        assert [bool(each) for each in found] == [hit is not None for hit in hits]
        assert [hit.distance for hit in hits if hit] == pytest.approx([along for each in found for along, _ in each])
        nearest = picker.vertex_near(rays[0][0])
        assert nearest is not None
        gaps = np.linalg.norm(mesh.positions() - rays[0][0], axis=1)
        assert nearest.distance == pytest.approx(float(gaps.min()))
        if step == 5:
            with monkeypatch.context() as flat:
                flat.setattr(boxes, "TOP", 4096)
                expected = answers(Picker(mesh), rays)
            assert answers(picker, rays) == expected
        edit(mesh, generator, CommandName(6, step + 1))


def test_mesh_87_a_picker_follows_many_edits(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = cube()
    picker = Picker(mesh)
    for number in range(400):
        edit(mesh, generator, CommandName(6, number + 1))
        if number % 20 == 0:
            rays = [random_ray(mesh, generator) for _ in range(3)]
            assert answers(picker, rays) == answers(Picker(mesh), rays)


def test_mesh_87_boxes_are_made_anew_when_too_much_has_changed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(seed)
    mesh = bumpy(30, 30, generator)
    picker = Picker(mesh)
    made: list[int] = []

    def counted(triangles: FaceTriangles, positions: Vector) -> TriangleBoxes:
        made.append(number)
        return TriangleBoxes(triangles, positions)

    faces = mesh.face_ids()
    for number in range(1200):
        if number < 200:
            extrude_face(mesh, faces[number], 0.5, CommandName(4, number + 1))
        else:
            corner = mesh.face_vertices(faces[number % 900])[0]
            move_vertices(mesh, [corner], np.array([mesh.position(corner)]) + generator.normal(scale=0.1, size=(1, 3)))
        ray = random_ray(mesh, generator)
        with monkeypatch.context() as counting:
            counting.setattr(picking, "TriangleBoxes", counted)
            hit = picker.face_along(*ray)
        if number % 60 == 59:
            assert hit == Picker(mesh).face_along(*ray)
    assert made[0] == 0
    assert any(0 < number < 200 for number in made), "no extrusion found its room taken"
    assert any(number >= 200 for number in made), "no move found too much changed"
    assert len(made) < 12


def test_mesh_87_what_is_behind_a_face_is_hidden_unless_asked_for() -> None:
    mesh = cube()
    picker = Picker(mesh)
    origin, direction = (0.99, 0.97, 9.0), (0.0, 0.0, -1.0)
    near, far = picker.vertex_along(origin, direction, 0.1), picker.vertex_along((0.5, 0.5, 9.0), direction, 0.9)
    assert near is not None
    assert far is not None
    assert near.point == far.point == (1.0, 1.0, 1.0)
    assert near.along == pytest.approx(8.0)
    # A small plate in front hides what lies farther behind it than the radius.
    plate = together(mesh, mesh_from([(0.4, 0.4, -16), (0.6, 0.4, -16), (0.6, 0.6, -16)], []))
    assert picker.edge_along((0.0, 0.97, 9.0), direction, 0.1) is not None
    sheet = mesh_from([(-5, -5, 0), (5, -5, 0), (0, 5, 0), (0.0, 0.0, -2.0)], [(0, 1, 2)])
    hidden = Picker(sheet)
    assert hidden.vertex_along((0.05, 0, 3), direction, 0.1) is None
    seen = hidden.vertex_along((0.05, 0, 3), direction, 0.1, through=True)
    assert seen is not None
    assert seen.point == (0.0, 0.0, -2.0)
    assert plate.vertex_count == 11


def test_mesh_87_behind_its_origin_a_ray_sees_no_farther_than_the_radius() -> None:
    mesh = mesh_from([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
    picker = Picker(mesh)
    assert picker.edge_along((0.5, 0.0, 1.0), (0, 0, 1), 0.9) is None
    behind = picker.edge_along((0.5, -0.5, 1.0), (0, 0, 1), 2.0)
    assert behind is not None
    assert behind.along == 0.0
    assert behind.distance == pytest.approx(math.sqrt(1.25))
    assert behind.parameter == pytest.approx(0.5)
    along = picker.edge_along((-1.0, 0.0, 0.0), (1, 0, 0), 0.5)
    assert along is not None
    assert along.distance == 0.0


def test_mesh_88_of_equals_the_lowest_id() -> None:
    mesh = numbered([(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0)], [(0, 1, 2, 3)])
    picker = Picker(mesh)
    vertex, edge = picker.vertex_near((1, 1, 3)), picker.edge_near((1, 1, 3))
    assert vertex is not None
    assert edge is not None
    assert (vertex.vertex, vertex.distance, vertex.along) == (small_id(0), math.sqrt(11), 0.0)
    assert (edge.edge, edge.parameter, edge.along) == (small_id(0), 0.5, 0.0)
    above, below = picker.face_near((1, 1, 3)), picker.face_near((1, 1, -3))
    assert above is not None
    assert below is not None
    assert (above.distance, above.outside, below.outside) == (3.0, True, False)
    assert picker.vertex_near((9, 9, 9), 1.0) is None
    assert picker.edge_near((9, 9, 9), 1.0) is None
    assert picker.face_near((9, 9, 9), 1.0) is None


def test_mesh_87_far_from_the_origin_answers_are_as_good() -> None:
    mesh = cube()
    move_vertices(mesh, mesh.vertex_ids(), mesh.positions() + 9e5)
    hit = Picker(mesh).face_along((9e5 + 0.25, 9e5 + 0.5, 9e5 + 99.0), (0, 0, -1))
    assert hit is not None
    assert hit.distance == pytest.approx(98.0, abs=1e-9)


def test_mesh_87_an_empty_mesh_and_an_isolated_vertex() -> None:
    picker = Picker(Mesh())
    assert answers(picker, [(np.zeros(3), np.ones(3))]) == [None] * 8
    picker.mesh = mesh_from([(1, 1, 1)], [])
    hit = picker.vertex_along((0, 0, 0), (2, 2, 2), 0.01)
    assert hit is not None
    assert hit.along == pytest.approx(math.sqrt(3))
    assert hit.distance == pytest.approx(0.0, abs=1e-12)
    near = picker.vertex_near((1, 1, 0))
    assert near is not None
    assert near.distance == 1.0
    assert picker.edge_near((0, 0, 0)) is None
    assert picker.face_near((0, 0, 0)) is None
    extrude_face(mesh := cube(), mesh.face_ids()[0], 1.0, CommandName(4, 1))
    picker.mesh = mesh
    assert isinstance(picker.face_near((0, 0, 0)), FaceHit)


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda picker: picker.face_along((0, 0, 0), (0, 0, 0)), "direction"),
        (lambda picker: picker.face_along((0, 0, 0), (math.nan, 0, 0)), "direction"),
        (lambda picker: picker.face_along((0, 0, 0), (0, 1)), "direction"),
        (lambda picker: picker.face_along((0, math.inf, 0), (0, 0, 1)), "origin"),
        (lambda picker: picker.face_along([(0, 0, 0)], (0, 0, 1)), "origin"),
        (lambda picker: picker.face_along("here", (0, 0, 1)), "origin"),
        (lambda picker: picker.edge_along((0, 0, 0), (0, 0, 1), -1.0), "radius"),
        (lambda picker: picker.vertex_along((0, 0, 0), (0, 0, 1), math.nan), "radius"),
        (lambda picker: picker.vertex_along((1e7, 0, 0), (0, 0, 1), 1.0), "origin"),
        (lambda picker: picker.face_near((0, 0, math.nan)), "point"),
        (lambda picker: picker.edge_near((0, 0, 0), -0.5), "radius"),
        (lambda picker: picker.vertex_near((0, 0)), "point"),
    ],
)
def test_mesh_20_what_is_no_ray_and_no_point_is_refused(ask: Callable[[Picker], object], field: str) -> None:
    with pytest.raises(InvalidValue) as told:
        ask(Picker(cube()))
    assert told.value.field == field
