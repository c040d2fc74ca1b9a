"""Polygons taken apart: MESH-22 and MESH-23."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import MAKER
from theta.base.identifiers import CommandName, element_id, element_ids
from theta.mesh import (
    Mesh,
    Polygons,
    Separation,
    UnusableAsset,
    build_imported,
    build_primitive,
    canonical_bytes,
    canonical_mesh,
    separate,
    validate,
)
from theta.mesh.build import build_from_arrays
from theta.mesh.linking import edge_ends

Faces = list[tuple[int, ...]]
GRID = [(x * 0.5, y * 0.25, float(z)) for z in range(2) for y in range(2) for x in range(3)]


def soup(positions: Sequence[tuple[float, ...]], faces: Faces) -> Polygons:
    points = np.array(positions, np.float64).reshape(-1, 3)
    counts = np.array([len(face) for face in faces], np.int64)
    return Polygons(points, counts, np.array([corner for face in faces for corner in face], np.int64))


def built(polygons: Polygons) -> Mesh:
    """As a mesh, with ids of its own; raises when it is none."""
    counts, corners = polygons.counts, polygons.corners
    tables = tuple(
        np.frombuffer(element_ids(MAKER, role, count), np.uint8).reshape(-1, 16)
        for role, count in (
            ("v", len(polygons.positions)),
            ("e", len(edge_ends(counts, corners))),
            ("f", len(counts)),
        )
    )
    return build_from_arrays(polygons.positions, counts, corners, (tables[0], tables[1], tables[2]))


def loops(polygons: Polygons) -> list[list[tuple[float, ...]]]:
    """Each face as the points that it goes through."""
    ends = np.cumsum(polygons.counts)
    points = [tuple(point) for point in polygons.positions.tolist()]
    return [
        [points[corner] for corner in polygons.corners[end - count : end]]
        for end, count in zip(ends.tolist(), polygons.counts.tolist(), strict=True)
    ]


def separated(positions: Sequence[tuple[float, ...]], faces: Faces) -> Separation:
    result = separate(soup(positions, faces))
    validate(built(result.polygons))
    return result


@st.composite
def any_soup(draw: st.DrawFn) -> Polygons:
    count = draw(st.integers(3, 9))
    corner = st.integers(0, count - 1)
    faces = draw(st.lists(st.lists(corner, min_size=0, max_size=6).map(tuple), min_size=1, max_size=14))
    return soup(GRID[:count], faces)


@given(any_soup())
@example(soup(GRID, [(0, 1, 2, 0, 4, 5)]))
@example(soup(GRID, [(0, 1, 4), (0, 1, 4), (4, 1, 0), (0, 1, 7), (1, 0, 8), (4, 0, 8)]))
def test_mesh_22_any_polygons_become_a_mesh(polygons: Polygons) -> None:
    result = separate(polygons)
    mesh = built(result.polygons)
    validate(mesh)
    before = {tuple(point) for point in polygons.positions.tolist()}
    assert {tuple(point) for point in result.polygons.positions.tolist()} == before
    assert np.array_equal(result.polygons.positions[: len(polygons.positions)], polygons.positions)
    assert len(result.polygons.positions) == len(polygons.positions) + result.separated_vertices
    kept = len(polygons.counts) - result.dropped_faces
    assert len(result.polygons.counts) == kept
    merged = [
        [at for at, before in zip(loop, [loop[-1], *loop[:-1]], strict=True) if at != before] if loop else []
        for loop in loops(polygons)
    ]
    left = Counter(tuple(loop) for loop in merged)
    assert all(left[tuple(loop)] > 0 for loop in loops(result.polygons)), "a face goes where it went"
    assert sum(len(loop) < 3 for loop in merged) <= result.dropped_faces


@given(any_soup())
def test_mesh_22_what_is_a_mesh_stays_as_it_is(polygons: Polygons) -> None:
    once = separate(polygons).polygons
    twice = separate(once)
    assert twice.separated_vertices == twice.dropped_faces == 0
    assert all(np.array_equal(one, other) for one, other in zip(once, twice.polygons, strict=True))


@given(any_soup())
def test_mesh_22_the_same_every_time(polygons: Polygons) -> None:
    one, other = separate(polygons), separate(polygons)
    assert all(np.array_equal(a, b) for a, b in zip(one.polygons, other.polygons, strict=True))


@pytest.mark.parametrize("kind", ["cube", "pyramid", "plane"])
def test_mesh_22_a_primitive_stays_as_it_is(kind: str) -> None:
    canonical = canonical_mesh(build_primitive(kind, 1.0, MAKER))
    polygons = Polygons(canonical.positions, canonical.face_counts.astype(np.int64), canonical.corners.astype(np.int64))
    result = separate(polygons)
    assert (result.separated_vertices, result.dropped_faces) == (0, 0)
    assert all(np.array_equal(a, b) for a, b in zip(polygons, result.polygons, strict=True))


def test_mesh_22_three_faces_at_an_edge_come_apart_there() -> None:
    result = separated(GRID, [(0, 1, 3), (1, 0, 6), (0, 1, 9)])
    assert result.separated_vertices == 4, "each of the three has its own ends of the edge"
    assert result.dropped_faces == 0


def test_mesh_22_two_cubes_that_share_an_edge_stay_whole() -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    points = [(x + dx, y + dx, float(z)) for dx in (0.0, 1.0) for z in (0, 1) for x, y in square]
    sides: Faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    # The second cube's vertical edge at its corner 0 is the first cube's at its corner 2.
    shared = {8: 2, 12: 6}
    faces = sides + [tuple(shared.get(8 + corner, 8 + corner) for corner in face) for face in sides]
    result = separated(points, faces)
    assert (result.separated_vertices, result.dropped_faces) == (2, 0)
    mesh = built(result.polygons)
    assert (mesh.edge_count, mesh.face_count) == (24, 12), "closed, both of them"


def test_mesh_22_a_bow_tie_comes_apart() -> None:
    result = separated(GRID, [(0, 1, 3), (0, 6, 9)])
    assert result.separated_vertices == 1
    assert result.polygons.corners.tolist() == [0, 1, 3, 12, 6, 9], "the fan of the lowest corner keeps the place"


def test_mesh_22_repeats_are_merged_and_what_has_no_area_is_dropped() -> None:
    result = separated(GRID, [(0, 0, 1, 3, 3, 0), (0, 1, 2), (4, 4, 5), (1, 2, 4)])
    assert result.dropped_faces == 2, "three corners on a line, and two corners"
    assert result.polygons.counts.tolist() == [3, 3]


def test_mesh_22_a_face_that_comes_to_a_vertex_twice_is_kept() -> None:
    result = separated(GRID, [(0, 1, 3, 0, 6, 9), (1, 0, 7)])
    assert result.dropped_faces == 0
    assert len(set(result.polygons.corners[:6].tolist())) == 6


def test_mesh_23_ids_come_from_the_command_and_order() -> None:
    name = CommandName(7, 9)
    mesh = build_imported(soup(GRID, [(0, 1, 4, 3), (1, 2, 5, 4), (4, 1, 9)]), name)
    validate(mesh)
    for role, found in (("vertex", mesh.vertex_ids()), ("edge", mesh.edge_ids()), ("face", mesh.face_ids())):
        assert found == sorted(element_id(name, f"import.{role}", (), ordinal) for ordinal in range(len(found)))
    assert mesh.position(element_id(name, "import.vertex", (), 5)) == GRID[5]
    first_edge = mesh.edge_vertices(element_id(name, "import.edge", (), 0))
    assert set(first_edge) == {element_id(name, "import.vertex", (), at) for at in (0, 1)}
    assert canonical_bytes(mesh) == canonical_bytes(
        build_imported(soup(GRID, [(0, 1, 4, 3), (1, 2, 5, 4), (4, 1, 9)]), name)
    )


def test_mesh_23_polygons_without_any_area_make_no_mesh() -> None:
    with pytest.raises(UnusableAsset, match="none has an area") as caught:
        build_imported(soup(GRID, [(0, 1, 2), (0, 0, 1)]), MAKER)
    assert caught.value.field == "faces"
