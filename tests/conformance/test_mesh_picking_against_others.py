"""Rays and nearest points beside trimesh, on models that npm ships."""

from typing import Any

import numpy as np
import pytest
import trimesh

from tests.conformance.mesh_surfaces import controller, loaded, surface_of, to_trimesh
from theta.mesh.queries import Picker

RAYS = 60
MODELS = ("generic-fixed-hand/left", "google-daydream/none", "meta-quest-touch-plus/left", "oculus-go/none")


@pytest.mark.parametrize("name", MODELS)
def test_rays_hit_where_trimesh_says(name: str, seed: int) -> None:
    mesh = surface_of(loaded(controller(name))).mesh()
    theirs = to_trimesh(mesh)
    size = float(theirs.scale)
    rng = np.random.default_rng(seed)
    targets = theirs.triangles_center[rng.integers(0, len(theirs.faces), RAYS)]
    origins = targets + rng.normal(size=(RAYS, 3)) * size
    directions = targets - origins
    places, rays, _ = theirs.ray.intersects_location(origins, directions, multiple_hits=True)
    picker = Picker(mesh)
    hits = 0
    for ray in range(RAYS):
        nearest = _nearest(places[rays == ray], origins[ray])
        hit = picker.face_along(origins[ray], directions[ray])
        if nearest is None:
            continue
        assert hit is not None
        hits += 1
        assert hit.distance == pytest.approx(nearest, abs=1e-6 * size)
        a, b, c = (np.array(mesh.position(corner)) for corner in hit.corners)
        u, v, w = hit.weights
        assert np.allclose(u * a + v * b + w * c, hit.point, rtol=0.0, atol=1e-9 * size)
    assert hits > 0.9 * RAYS


@pytest.mark.parametrize("name", MODELS)
def test_nearest_points_are_as_near_as_trimesh_says(name: str, seed: int) -> None:
    mesh = surface_of(loaded(controller(name))).mesh()
    theirs = to_trimesh(mesh)
    size = float(theirs.scale)
    rng = np.random.default_rng(seed)
    points = theirs.bounds[0] + rng.uniform(-0.2, 1.2, (RAYS, 3)) * (theirs.bounds[1] - theirs.bounds[0])
    wanted = [_to_any_triangle(theirs.triangles, point) for point in points]
    vertices = theirs.nearest.vertex(points)[0]
    picker = Picker(mesh)
    for point, distance, to_vertex in zip(points, wanted, vertices, strict=True):
        face, vertex, edge = picker.face_near(point), picker.vertex_near(point), picker.edge_near(point)
        assert face is not None
        assert vertex is not None
        assert edge is not None
        assert face.distance == pytest.approx(distance, abs=1e-9 * size)
        assert vertex.distance == pytest.approx(to_vertex, abs=1e-9 * size)
        assert face.distance - 1e-9 * size <= edge.distance <= vertex.distance + 1e-9 * size


def _to_any_triangle(triangles: Any, point: Any) -> float:
    """Of all triangles: trimesh's own search, `nearest.on_surface`, misses the nearest of one of these models."""
    closest = trimesh.triangles.closest_point(triangles, np.tile(point, (len(triangles), 1)))
    return float(np.sqrt(((closest - point) ** 2).sum(axis=1)).min())


def _nearest(places: Any, origin: Any) -> float | None:
    distances = np.sqrt(((places - origin) ** 2).sum(axis=1))
    return float(distances.min()) if len(distances) else None
