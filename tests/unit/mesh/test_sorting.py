"""Sorting and linking: as quick as they are, they give what the plain way gives."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import grid, torus
from theta.mesh import Mesh, canonical_mesh, separate
from theta.mesh.linking import Loops, edge_ends, link_faces
from theta.mesh.orbits import FEW, orbit_lengths, orbit_steps
from theta.mesh.polygon_asset import Polygons
from theta.mesh.separate import _taken_apart, separate_and_link
from theta.mesh.sorting import ascending, different, run_begins, sort_keys

LARGEST = 2**62


@given(st.lists(st.integers(0, 20) | st.integers(LARGEST - 3, LARGEST), max_size=60))
def test_keys_are_sorted_stably(keys: list[int]) -> None:
    given_keys = np.array(keys, np.int64)
    ordered, order = sort_keys(given_keys)
    wanted = np.argsort(given_keys, kind="stable")
    assert order.tolist() == wanted.tolist()
    assert ordered.tolist() == sorted(keys)
    assert different(ordered).tolist() == sorted(set(keys))
    assert run_begins(ordered).tolist() == [at for at, key in enumerate(sorted(keys)) if sorted(keys).index(key) == at]


@given(st.lists(st.integers(0, 8), min_size=1, max_size=200), st.randoms(use_true_random=False))
def test_the_lengths_of_orbits_are_those_of_the_walks(sizes: list[int], random: Random) -> None:
    slots = list(range(sum(sizes) + len(sizes)))
    random.shuffle(slots)
    step, starts, at = np.empty(len(slots), np.int32), [], 0
    for size in sizes:
        orbit = slots[at : at + size + 1]
        step[orbit] = [*orbit[1:], orbit[0]]
        starts.append(orbit[0])
        at += size + 1
    lengths = orbit_lengths(step, np.array(starts, np.int32))
    assert lengths.tolist() == [size + 1 for size in sizes]
    assert lengths.tolist() == orbit_steps(step, np.array(starts, np.int64))[0].tolist()


def test_a_long_orbit_among_many_short_ones() -> None:
    count = 4 * FEW
    step = np.arange(count + 500, dtype=np.int32)
    step[count:] = np.roll(np.arange(count, count + 500), -1)
    starts = np.append(np.arange(count), count).astype(np.int32)
    assert orbit_lengths(step, starts).tolist() == [1] * count + [500]


@given(st.lists(st.lists(st.integers(-2, 9), min_size=3, max_size=5), max_size=12))
def test_edges_are_the_different_sides_in_order(faces: list[list[int]]) -> None:
    """Also with indices that no mesh has, of which the caller is told later."""
    counts = np.array([len(face) for face in faces], np.int64)
    corners = np.array([corner for face in faces for corner in face], np.int64)
    sides = {tuple(sorted(pair)) for face in faces for pair in zip(face, [*face[1:], face[0]], strict=True)}
    found = edge_ends(counts, corners)
    assert found.shape == (len(sides), 2)
    assert list(map(tuple, found.tolist())) == sorted(sides)


@pytest.mark.parametrize("mesh", [grid(4, 3), torus()])
def test_a_mesh_is_not_taken_apart(mesh: Mesh) -> None:
    canonical = canonical_mesh(mesh)
    counts, corners = canonical.face_counts.astype(np.int64), canonical.corners.astype(np.int64)
    kept, sources = _taken_apart(mesh.vertex_count, counts, corners)
    assert kept.tolist() == corners.tolist()
    assert sources.tolist() == list(range(mesh.vertex_count))


@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=4), min_size=1, max_size=9))
def test_mesh_22_the_links_are_those_of_the_separated_polygons(faces: list[list[int]]) -> None:
    points = np.array([(x, y, x * y) for x in range(3) for y in range(3)], np.float64)[:7]
    counts = np.array([len(face) for face in faces], np.int64)
    polygons = Polygons(points, counts, np.array([corner for face in faces for corner in face], np.int64))
    separation, linked = separate_and_link(polygons)
    assert separation.polygons.corners.tolist() == separate(polygons).polygons.corners.tolist()
    positions, counts, corners = separation.polygons
    ids = np.zeros((max(len(positions), len(counts)), 16), np.uint8)
    again = link_faces(Loops(counts, corners, ids[: len(positions)], ids[: len(counts)]))
    assert all((one == other).all() for one, other in zip(linked.links, again.links, strict=True))
    assert (linked.ends == again.ends).all()
    assert (linked.ends == edge_ends(counts, corners)).all()
    assert positions.tolist() == points[separation.vertices].tolist()
    assert points[polygons.corners[separation.corners]].tolist() == positions[corners].tolist()


FEW_BYTES = st.binary(min_size=2, max_size=2)
IDS = st.lists(
    st.binary(min_size=16, max_size=16)
    | st.builds(lambda one, two: bytes(6) + one + bytes(6) + two, FEW_BYTES, FEW_BYTES)
    | st.builds(lambda one, two: one + bytes(6) + two + bytes(6), FEW_BYTES, FEW_BYTES),
    max_size=80,
    unique=True,
)


@given(IDS)
def test_ids_ascend_as_bytes(ids: list[bytes]) -> None:
    table = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 16)
    assert [ids[at] for at in ascending(table).tolist()] == sorted(ids)


def test_ids_that_differ_in_their_last_bits_only() -> None:
    words = np.zeros((5_000, 2), ">u8")
    words[:, 0], words[:, 1] = np.arange(5_000) // 50, np.arange(5_000) % 50
    mixed = words[np.random.default_rng(3).permutation(5_000)]
    ids = np.ascontiguousarray(mixed).view(np.uint8).reshape(-1, 16)
    assert (ids[ascending(ids)] == words.view(np.uint8).reshape(-1, 16)).all()
