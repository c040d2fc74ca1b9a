"""Any surface that random polygons separate into, with random creases: valid, counted, and the same in any slots."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import ids, raw_state
from tests.unit.mesh.subdivision.surfaces import shuffled, step
from theta.mesh import Mesh, Polygons, canonical_bytes, separate, validate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.build import build_from_arrays
from theta.mesh.errors import NotApplicable
from theta.mesh.linking import edge_ends
from theta.mesh.subdivision import SCHEMES, Scheme, predicted, subdivide

COORDINATES = st.floats(-100.0, 100.0, allow_subnormal=False)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES, COORDINATES), min_size=5, max_size=9, unique=True)
LOOPS = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=5, unique=True), min_size=1, max_size=12)
SHARPNESS = st.sampled_from((0.0, 0.0, 0.2, 0.75, 1.0, 1.5, 2.0, 10.0))


def surface(points: list[tuple[float, float, float]], loops: list[list[int]]) -> Mesh:
    counts = np.array([len(loop) for loop in loops])
    polygons = separate(
        Polygons(np.array(points) + 0.0, counts, np.concatenate([np.array(loop) for loop in loops]))
    ).polygons
    edges = len(edge_ends(polygons.counts, polygons.corners))
    tables = (ids("v", len(polygons.positions)), ids("e", edges), ids("f", len(polygons.counts)))
    return build_from_arrays(polygons.positions, polygons.counts, polygons.corners, tables)


@given(POINTS, LOOPS, st.sampled_from(SCHEMES), st.lists(SHARPNESS, min_size=1, max_size=7), st.integers(0, 2**32))
def test_mesh_71_any_surface_subdivides_alike_in_any_slots(
    points: list[tuple[float, float, float]],
    loops: list[list[int]],
    scheme: Scheme,
    sharpness: list[float],
    seed: int,
) -> None:
    mesh = surface(points, [loop[:3] for loop in loops] if scheme == "loop" else loops)
    edges = mesh.edge_ids()
    set_attribute(mesh, "edge", "crease", edges, [[sharpness[at % len(sharpness)]] for at in range(len(edges))])
    other = shuffled(mesh, Random(seed))
    before = raw_state(mesh)
    try:
        for number in (1, 2):
            expected = predicted(mesh, scheme)
            subdivide(mesh, scheme, step(number))
            validate(mesh)
            assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == expected
            subdivide(other, scheme, step(number))
    except NotApplicable:
        assert scheme == "loop"
        assert raw_state(mesh) == before
        return
    assert canonical_bytes(other) == canonical_bytes(mesh)
    assert raw_state(other) == raw_state(mesh)
    assert np.abs(mesh.positions()).max(initial=0.0) <= 100.0 + 1e-9
