"""Subdivision beside trimesh and compas, on the same inputs, and against published numbers."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import compas.datastructures
import numpy as np
import pytest
import trimesh
from compas.datastructures.mesh.subdivision import mesh_subdivide_catmullclark
from scipy.spatial import cKDTree

from tests.conformance.mesh_surfaces import (
    MAKER,
    SAMPLES,
    Surface,
    assert_same,
    joined,
    of_arrays,
    of_compas,
    ours,
    to_compas,
)
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive, validate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.queries.measures import surface_area
from theta.mesh.shapes import ShapeParameters, build_shape
from theta.mesh.subdivision import subdivide

TOLERANCE_METRES = 1e-12
SEED_SCALE = 0.02


def noisy(made: Any) -> Surface:
    """A primitive of trimesh with every vertex moved a little, so that no symmetry hides a wrong weight."""
    surface = joined(made.vertices, made.faces)
    noise = np.random.default_rng(len(surface.faces)).uniform(-SEED_SCALE, SEED_SCALE, surface.positions.shape)
    return Surface(surface.positions + noise, surface.faces)


CLOSED: dict[str, Callable[[], Any]] = {
    "box": lambda: trimesh.creation.box((1.0, 2.0, 3.0)),
    "icosphere": lambda: trimesh.creation.icosphere(2),
    "uv sphere": lambda: trimesh.creation.uv_sphere(count=(8, 12)),
    "cylinder": lambda: trimesh.creation.cylinder(0.5, 2.0, sections=9),
    "cone": lambda: trimesh.creation.cone(0.5, 2.0, sections=7),
    "capsule": lambda: trimesh.creation.capsule(1.0, 0.5, count=(6, 8)),
    "torus": lambda: trimesh.creation.torus(1.0, 0.3, major_sections=12, minor_sections=7),
    "annulus": lambda: trimesh.creation.annulus(0.5, 1.0, 0.7, sections=10),
    "icosahedron": trimesh.creation.icosahedron,
}


def open_grid() -> Surface:
    """Triangles with a boundary on which no inner edge joins two boundary vertices."""
    size = 7
    rng = np.random.default_rng(5)
    points = [(x + rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), float(y)) for y in range(size) for x in range(size)]
    faces = []
    for y in range(size - 1):
        for x in range(size - 1):
            a, b, c, d = y * size + x, y * size + x + 1, (y + 1) * size + x + 1, (y + 1) * size + x
            # At the two corners where this diagonal would cut off an ear, the other one.
            cut = (x, y) in ((0, 0), (size - 2, size - 2))
            faces += [(a, d, b), (b, d, c)] if not cut else [(a, d, c), (a, c, b)]
    return of_arrays(points, faces)


def subdivided(surface: Surface, scheme: str) -> Mesh:
    mesh = surface.mesh()
    subdivide(mesh, scheme, CommandName(MAKER.actor, 2))
    validate(mesh)
    return mesh


@pytest.mark.parametrize("name", [*CLOSED, "open grid"])
def test_loop_is_what_trimesh_makes(name: str) -> None:
    surface = open_grid() if name == "open grid" else noisy(CLOSED[name]())
    faces = np.array(surface.faces)
    theirs = of_arrays(*trimesh.remesh.subdivide_loop(surface.positions, faces, iterations=1))
    assert_same(ours(subdivided(surface, "loop")), theirs, TOLERANCE_METRES)


@pytest.mark.parametrize("name", [*CLOSED, "open grid"])
def test_linear_puts_vertices_where_trimesh_does_and_one_in_each_face(name: str) -> None:
    surface = open_grid() if name == "open grid" else noisy(CLOSED[name]())
    faces = np.array(surface.faces)
    halved, _ = trimesh.remesh.subdivide(surface.positions, faces)
    centres = surface.positions[faces].mean(axis=1)
    mesh = subdivided(surface, "linear")
    points = ours(mesh).positions
    assert len(points) == len(halved) + len(centres)
    distances, places = cKDTree(points).query(np.concatenate((halved, centres)))
    assert distances.max() <= TOLERANCE_METRES
    assert len(set(places.tolist())) == len(points)
    area = trimesh.Trimesh(surface.positions, faces, process=False).area
    assert surface_area(mesh) == pytest.approx(area, rel=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_loop_three_times_is_what_trimesh_makes(steps: int) -> None:
    surface = noisy(trimesh.creation.box())
    mesh = surface.mesh()
    for step in range(steps):
        subdivide(mesh, "loop", CommandName(MAKER.actor, 2 + step))
    theirs = of_arrays(*trimesh.remesh.subdivide_loop(surface.positions, np.array(surface.faces), iterations=steps))
    assert_same(ours(mesh), theirs, TOLERANCE_METRES)


def polygon_shapes() -> dict[str, Surface]:
    kinds = ("cube", "pyramid", "cone", "cylinder", "sphere", "icosphere", "torus")
    segments = {"cone": 7, "cylinder": 9, "sphere": 8, "torus": 11}
    found = {}
    for kind in kinds:
        parameters = ShapeParameters(kind, segments=segments.get(kind), levels=1 if kind == "icosphere" else None)
        surface = ours(build_shape(parameters, MAKER))
        noise = np.random.default_rng(len(surface.faces)).uniform(-SEED_SCALE, SEED_SCALE, surface.positions.shape)
        found[kind] = Surface(surface.positions + noise, surface.faces)
    return found


@pytest.mark.parametrize("kind", polygon_shapes())
def test_catmull_clark_is_what_compas_makes(kind: str) -> None:
    surface = polygon_shapes()[kind]
    theirs = of_compas(mesh_subdivide_catmullclark(to_compas(surface)))
    assert_same(ours(subdivided(surface, "catmull-clark")), theirs, TOLERANCE_METRES)


def test_catmull_clark_three_times_is_what_compas_makes() -> None:
    surface = polygon_shapes()["cone"]
    mesh = surface.mesh()
    for step in range(3):
        subdivide(mesh, "catmull-clark", CommandName(MAKER.actor, 2 + step))
    assert_same(ours(mesh), of_compas(mesh_subdivide_catmullclark(to_compas(surface), k=3)), TOLERANCE_METRES)


@pytest.mark.parametrize("name", ["tubemesh.obj", "hypar.obj", "quadmesh.obj", "faces.obj", "mesh.obj"])
def test_catmull_clark_of_open_models_is_what_compas_makes_away_from_the_boundary(name: str) -> None:
    """compas moves boundary vertices as if they were inner ones, which no published rule does."""
    coarse = compas.datastructures.Mesh.from_obj(SAMPLES / name)
    fine = mesh_subdivide_catmullclark(coarse)
    theirs = of_compas(fine)
    mine = ours(subdivided(of_compas(coarse), "catmull-clark"))
    assert (len(mine.positions), len(mine.faces)) == (len(theirs.positions), len(theirs.faces))
    on_boundary = {key for loop in fine.vertices_on_boundaries() for key in loop}
    inner = [at for at, key in enumerate(fine.vertices()) if key not in on_boundary]
    assert len(inner) > len(theirs.positions) / 4
    size = np.ptp(theirs.positions, axis=0).max()
    distances, places = cKDTree(mine.positions).query(theirs.positions[inner])
    assert distances.max() <= TOLERANCE_METRES * size
    assert len(set(places.tolist())) == len(inner)


@pytest.mark.parametrize(("sharpness", "steps"), [(1, 1), (1, 3), (2, 3), (9, 3)])
def test_creases_of_whole_sharpness_are_what_compas_makes(sharpness: int, steps: int) -> None:
    """Around one cap of a cylinder, and a single edge that ends in a smooth vertex."""
    surface = polygon_shapes()["cylinder"]
    cap = max(surface.faces, key=len)
    pairs = {frozenset(pair) for pair in pairwise((*cap, cap[0]))}
    side = next(face for face in surface.faces if len(face) == 4 and not set(face) & set(cap[:4]))
    pairs.add(next(frozenset(pair) for pair in pairwise(side) if len(set(pair) & set(cap)) == 1))

    theirs = to_compas(surface)
    for one, other in map(sorted, pairs):
        theirs.edge_attribute((one, other), "crease", sharpness)
    mesh = surface.mesh()
    number = {tuple(point): at for at, point in enumerate(surface.positions.tolist())}
    ends = {edge: frozenset(number[mesh.position(v)] for v in mesh.edge_vertices(edge)) for edge in mesh.edge_ids()}
    sharp = [edge for edge, pair in ends.items() if pair in pairs]
    assert len(sharp) == len(pairs) == len(cap) + 1
    set_attribute(mesh, "edge", "crease", sharp, [[float(sharpness)]] * len(sharp))
    for step in range(steps):
        subdivide(mesh, "catmull-clark", CommandName(MAKER.actor, 2 + step))
    assert_same(ours(mesh), of_compas(mesh_subdivide_catmullclark(theirs, k=steps)), TOLERANCE_METRES)


def test_catmull_clark_of_a_cube_has_the_published_coordinates() -> None:
    """Catmull and Clark, "Recursively generated B-spline surfaces", 1978, by hand on the cube [-1, 1]³."""
    mesh = build_primitive("cube", 2.0, MAKER)
    subdivide(mesh, "catmull-clark", CommandName(MAKER.actor, 2))
    found = sorted(tuple(sorted(abs(x) for x in point)) for point in ours(mesh).positions.tolist())
    wanted = sorted([(0.0, 0.0, 1.0)] * 6 + [(0.0, 0.75, 0.75)] * 12 + [(5 / 9, 5 / 9, 5 / 9)] * 8)
    assert np.allclose(found, wanted, rtol=0.0, atol=1e-15)


def test_catmull_clark_of_a_cube_goes_to_its_limit() -> None:
    """Halstead, Kass, DeRose, "Efficient, fair interpolation using Catmull–Clark surfaces", 1993: the limit of a vertex
    with n edges is (n² v + 4 Σe + Σf) / n(n + 5), for the cube's corner (9 + 4 − 1) / 24.

    Of the subdivision matrix on (v, mean e, mean f) of three edges, the eigenvalues are 1, 1/6 and 0.
    """
    mesh = build_primitive("cube", 2.0, MAKER)
    corner = max(mesh.vertex_ids(), key=mesh.position)
    left = 1.0 / 3.0
    for step in range(6):
        subdivide(mesh, "catmull-clark", CommandName(MAKER.actor, 2 + step))
        left /= 6.0
        assert mesh.position(corner) == pytest.approx((0.5 + left,) * 3, abs=1e-15)


def test_catmull_clark_limits_are_kept_by_every_step() -> None:
    """The limit of each vertex is the same whether it is computed from the control mesh or from a finer one."""
    surface = polygon_shapes()["torus"]
    mesh = surface.mesh()
    before = limits(mesh)
    for step in range(3):
        subdivide(mesh, "catmull-clark", CommandName(MAKER.actor, 2 + step))
        after = limits(mesh)
        for vertex, point in before.items():
            assert np.allclose(after[vertex], point, rtol=0.0, atol=1e-14)


def limits(mesh: Mesh) -> dict[bytes, Any]:
    """By the formula of Halstead, Kass, DeRose, which holds where all faces are quads."""
    surface = ours(mesh)
    ids = mesh.vertex_ids()
    edges: list[set[int]] = [set() for _ in ids]
    opposite: list[list[int]] = [[] for _ in ids]
    for face in surface.faces:
        assert len(face) == 4
        for at, vertex in enumerate(face):
            edges[vertex] |= {face[at - 1], face[(at + 1) % 4]}
            opposite[vertex].append(face[(at + 2) % 4])
    found = {}
    for vertex, identifier in enumerate(ids):
        n = len(edges[vertex])
        around = 4.0 * surface.positions[sorted(edges[vertex])].sum(axis=0)
        across = surface.positions[opposite[vertex]].sum(axis=0)
        found[identifier] = (n * n * surface.positions[vertex] + around + across) / (n * (n + 5.0))
    return found
