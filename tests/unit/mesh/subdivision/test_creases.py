"""Sharp edges: whole, fractional and infinite sharpness, on their own, in pairs and more."""

import itertools
import math
from random import Random

import numpy as np
import pytest

from tests.unit.mesh.subdivision.surfaces import bipyramid, rows_by_id, shape, shuffled, step, triangles_of
from theta.mesh import Mesh, canonical_bytes, validate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.subdivision import subdivide

SMOOTHING = ("catmull-clark", "loop")


def crease(mesh: Mesh, edges: list[bytes], sharpness: float | list[float]) -> Mesh:
    values = [sharpness] * len(edges) if isinstance(sharpness, float) else sharpness
    set_attribute(mesh, "edge", "crease", edges, values)
    return mesh


def block(scheme: str) -> Mesh:
    """A box, of triangles for Loop's scheme."""
    return triangles_of(shape("cube")) if scheme == "loop" else shape("cube")


def length(mesh: Mesh, edge: bytes) -> float:
    one, other = mesh.edge_vertices(edge)
    return math.dist(mesh.position(one), mesh.position(other))


def upper_rim(mesh: Mesh) -> list[bytes]:
    """The edges of the top's border, which is a closed loop of four."""
    return [
        edge
        for edge in mesh.edge_ids()
        if all(mesh.position(end)[1] == 1.0 for end in mesh.edge_vertices(edge)) and length(mesh, edge) == 2.0
    ]


def places(mesh: Mesh) -> dict[bytes, np.ndarray]:
    return {vertex: np.array(mesh.position(vertex)) for vertex in mesh.vertex_ids()}


def subdivided(mesh: Mesh, scheme: str, times: int = 1) -> dict[bytes, np.ndarray]:
    other = mesh.copy()
    for number in range(1, times + 1):
        subdivide(other, scheme, step(number))
        validate(other)
    return places(other)


def middle_of(mesh: Mesh, edge: bytes, scheme: str = "linear") -> bytes:
    """The vertex that subdivision makes on an edge."""
    other = mesh.copy()
    subdivide(other, scheme, step(1))
    one, second = (set(other.edge_vertices(half)) for half in other.resolve("edge", edge))
    return (one & second).pop()


@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_a_box_with_infinite_creases_stays_a_box(scheme: str) -> None:
    mesh = block(scheme)
    edges = [edge for edge in mesh.edge_ids() if len(set(mesh.edge_vertices(edge))) == 2]
    crease(mesh, edges, 10.0)
    for number in range(1, 4):
        subdivide(mesh, scheme, step(number))
    assert np.abs(mesh.positions()).max(axis=1) == pytest.approx(np.ones(mesh.vertex_count))
    assert set(map(tuple, rows_by_id(mesh, "edge", "crease").values())) == {(10.0,), (0.0,)}


@pytest.mark.parametrize("scheme", SMOOTHING)
@pytest.mark.parametrize(
    ("before", "after"), [(2.5, 1.5), (1.0, 0.0), (0.25, 0.0), (10.0, 10.0), (12.0, 10.0), (-3.0, 0.0)]
)
def test_mesh_75_halves_are_one_less_sharp(scheme: str, before: float, after: float) -> None:
    mesh = block(scheme)
    rim = upper_rim(mesh)
    crease(mesh, rim, before)
    subdivide(mesh, scheme, step(1))
    sharpness = rows_by_id(mesh, "edge", "crease")
    halves = {half for edge in rim for half in mesh.resolve("edge", edge)}
    assert {half: sharpness[half] for half in halves} == {half: [after] for half in halves}
    assert all(sharpness[edge] == [0.0] for edge in mesh.edge_ids() if edge not in halves)


def test_mesh_75_linear_keeps_the_sharpness() -> None:
    mesh = shape("cube")
    rim = upper_rim(mesh)
    crease(mesh, rim, 2.5)
    subdivide(mesh, "linear", step(1))
    assert [rows_by_id(mesh, "edge", "crease")[half] for half in mesh.resolve("edge", rim[0])] == [[2.5], [2.5]]


@pytest.mark.parametrize("scheme", SMOOTHING)
@pytest.mark.parametrize("sharpness", [1.0, 1.5, 3.0, 10.0])
def test_mesh_75_a_crease_is_a_curve_of_its_own(scheme: str, sharpness: float) -> None:
    mesh = block(scheme)
    rim = upper_rim(mesh)
    corners = {vertex for edge in rim for vertex in mesh.edge_vertices(edge)}
    found = subdivided(crease(mesh, rim, sharpness), scheme)
    for corner in corners:
        a, b = (
            next(end for end in mesh.edge_vertices(edge) if end != corner)
            for edge in rim
            if corner in mesh.edge_vertices(edge)
        )
        expected = 0.75 * np.array(mesh.position(corner)) + 0.125 * np.add(mesh.position(a), mesh.position(b))
        assert found[corner] == pytest.approx(expected, abs=1e-15)
    for edge in rim:
        expected = np.mean([mesh.position(end) for end in mesh.edge_vertices(edge)], axis=0)
        assert found[middle_of(mesh, edge)] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("scheme", SMOOTHING)
@pytest.mark.parametrize("sharpness", [0.125, 0.5, 0.75])
def test_mesh_75_under_one_it_lies_between_sharp_and_smooth(scheme: str, sharpness: float) -> None:
    mesh = block(scheme)
    rim = upper_rim(mesh)
    smooth = subdivided(mesh, scheme)
    sharp = subdivided(crease(mesh.copy(), rim, 1.0), scheme)
    found = subdivided(crease(mesh.copy(), rim, sharpness), scheme)
    assert any(np.abs(sharp[vertex] - smooth[vertex]).max() > 0.01 for vertex in smooth)
    for vertex, place in found.items():
        assert place == pytest.approx(sharp[vertex] * sharpness + smooth[vertex] * (1.0 - sharpness), abs=1e-15)


@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_no_sharpness_is_smooth(scheme: str) -> None:
    mesh = block(scheme)
    smooth = subdivided(mesh, scheme)
    found = subdivided(crease(mesh, mesh.edge_ids(), 0.0), scheme)
    assert {each: place.tolist() for each, place in found.items()} == {
        each: place.tolist() for each, place in smooth.items()
    }


@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_whole_sharpness_is_that_many_sharp_steps(scheme: str) -> None:
    """2 is two steps by the crease's rule, then smooth ones: the same as infinite for two, and then none."""
    mesh = block(scheme)
    rim = upper_rim(mesh)
    two = crease(mesh.copy(), rim, 2.0)
    infinite = crease(mesh.copy(), rim, 10.0)
    for number in (1, 2):
        subdivide(two, scheme, step(number))
        subdivide(infinite, scheme, step(number))
    assert two.positions().tolist() == infinite.positions().tolist()
    set_attribute(infinite, "edge", "crease", infinite.edge_ids(), [0.0] * infinite.edge_count)
    subdivide(two, scheme, step(3))
    subdivide(infinite, scheme, step(3))
    assert two.positions().tolist() == infinite.positions().tolist()


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_the_end_of_a_crease_is_smooth(scheme: str, sharpness: float) -> None:
    mesh = bipyramid(6)
    apex = max(mesh.vertex_ids(), key=lambda vertex: mesh.position(vertex)[2])
    spoke = next(edge for edge in mesh.edge_ids() if apex in mesh.edge_vertices(edge))
    smooth = subdivided(mesh, scheme)
    found = subdivided(crease(mesh, [spoke], sharpness), scheme)
    changed = [vertex for vertex in found if not np.array_equal(found[vertex], smooth[vertex])]
    assert changed == [middle_of(mesh, spoke, scheme)]


@pytest.mark.parametrize("scheme", SMOOTHING)
@pytest.mark.parametrize("count", [3, 4, 6])
def test_mesh_75_where_three_or_more_meet_is_a_corner(scheme: str, count: int) -> None:
    mesh = bipyramid(6)
    apex = max(mesh.vertex_ids(), key=lambda vertex: mesh.position(vertex)[2])
    spokes = [edge for edge in mesh.edge_ids() if apex in mesh.edge_vertices(edge)][:count]
    assert subdivided(crease(mesh, spokes, 2.0), scheme)[apex].tolist() == list(mesh.position(apex))


@pytest.mark.parametrize(
    ("sharpness", "mean"),
    [
        ([0.25, 3.0, 0.5], 0.375),
        ([0.25, 0.5, 0.375], 0.375),
        ([0.5, 2.0, 0.25, 0.75], 0.5),
        ([1.0, 0.5, 1.0], 2.5 / 3.0),
    ],
)
@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_a_corner_whose_edges_soften_goes_by_their_mean(
    scheme: str, sharpness: list[float], mean: float
) -> None:
    """A corner before, smooth after: the mean of those that end decides, and one that goes on does not count."""
    mesh = bipyramid(6)
    apex = max(mesh.vertex_ids(), key=lambda vertex: mesh.position(vertex)[2])
    spokes = [edge for edge in mesh.edge_ids() if apex in mesh.edge_vertices(edge)]
    smooth = subdivided(mesh, scheme)[apex]
    found = subdivided(crease(mesh, spokes[: len(sharpness)], sharpness), scheme)[apex]
    assert found == pytest.approx(np.array(mesh.position(apex)) * mean + smooth * (1.0 - mean), abs=1e-15)


@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_a_soft_crease_that_meets_the_boundary_fades(scheme: str) -> None:
    mesh = shape("grid", segments=2, rings=2)
    mesh = triangles_of(mesh) if scheme == "loop" else mesh
    inner = [
        edge
        for edge in mesh.edge_ids()
        if any(np.abs(mesh.position(end)).max() < 0.5 for end in mesh.edge_vertices(edge))
    ]
    straight = [edge for edge in inner if length(mesh, edge) == 1.0]
    edge = straight[0]
    at_rim = next(end for end in mesh.edge_vertices(edge) if np.abs(mesh.position(end)).max() == 1.0)
    curve = subdivided(mesh, scheme)[at_rim]
    corner = np.array(mesh.position(at_rim))
    found = subdivided(crease(mesh.copy(), [edge], 0.25), scheme)[at_rim]
    assert found == pytest.approx(corner * 0.25 + curve * 0.75, abs=1e-15)
    assert subdivided(crease(mesh.copy(), [edge], 1.0), scheme)[at_rim].tolist() == corner.tolist()


def test_mesh_75_a_vertex_of_one_crease_is_as_without_to_the_last_bit() -> None:
    for scheme in ("catmull-clark", "loop"):
        smooth = block(scheme)
        lonely = smooth.edge_ids()[5]
        ends = smooth.edge_vertices(lonely)
        expected = subdivided(smooth, scheme)
        sharp = subdivided(crease(block(scheme), [lonely], 0.3), scheme)
        assert all(sharp[end].tobytes() == expected[end].tobytes() for end in ends)


def test_mesh_75_an_attribute_of_another_type_is_no_crease() -> None:
    mesh = shape("cube")
    smooth = subdivided(mesh, "catmull-clark")
    set_attribute(mesh, "edge", "crease", mesh.edge_ids(), [5] * 12, "i4")
    assert subdivided(mesh, "catmull-clark")[mesh.vertex_ids()[0]].tolist() == smooth[mesh.vertex_ids()[0]].tolist()


@pytest.mark.parametrize("scheme", SMOOTHING)
def test_mesh_75_slots_leave_no_trace(scheme: str) -> None:
    random = Random(75)
    mesh = triangles_of(shape("cylinder", segments=7)) if scheme == "loop" else shape("cylinder", segments=7)
    crease(mesh, mesh.edge_ids(), [random.choice((0.0, 0.0, 0.3, 0.9, 1.0, 2.6, 10.0)) for _ in mesh.edge_ids()])
    other = shuffled(mesh, random)
    for number, one in itertools.product((1, 2), (mesh, other)):
        subdivide(one, scheme, step(number))
    assert canonical_bytes(other) == canonical_bytes(mesh)
