"""Counts, positions against published figures and trimesh's, limits, and independence of slots."""

from collections.abc import Callable, Iterable
from random import Random

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, mesh_from, raw_state, torus
from tests.unit.mesh.subdivision.golden import (
    APEX_HEIGHTS,
    GOLDEN,
    ICOSAHEDRON_NEW_RADIUS,
    ICOSAHEDRON_OLD_RADIUS,
    ICOSAHEDRON_VOLUME,
)
from tests.unit.mesh.subdivision.surfaces import (
    bipyramid,
    several_parts,
    shape,
    shuffled,
    sorted_rows,
    step,
    triangles_of,
)
from theta.base.errors import InvalidValue, UsageError
from theta.base.identifiers import CommandName, blake2b_128
from theta.base.limits import MESH_BYTES_MAX
from theta.mesh import DuplicateElement, Mesh, canonical_bytes, canonical_mesh, move_vertices, triangulate, validate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.errors import NotApplicable
from theta.mesh.subdivision import SCHEMES, predicted, predicted_faces, subdivide, subdividing
from theta.mesh.subdivision.schemes import loop_weights


def moved(mesh: Mesh, random: Random, by: float = 0.3) -> Mesh:
    """The same mesh, each vertex a little elsewhere."""
    ids = mesh.vertex_ids()
    shift = [[random.uniform(-by, by) for _ in range(3)] for _ in ids]
    move_vertices(mesh, ids, mesh.positions() + np.array(shift))
    return mesh


def neighbours(mesh: Mesh, vertex: bytes) -> list[bytes]:
    pairs = (mesh.edge_vertices(edge) for edge in mesh.edge_ids())
    return [one if other == vertex else other for one, other in pairs if vertex in (one, other)]


def faces_at(mesh: Mesh, vertex: bytes) -> list[list[bytes]]:
    loops = (mesh.face_vertices(face) for face in mesh.face_ids())
    return [loop for loop in loops if vertex in loop]


def mean(rows: Iterable[Iterable[float]]) -> list[float]:
    averaged: list[float] = np.mean([list(row) for row in rows], axis=0).tolist()
    return averaged


def volume(mesh: Mesh) -> float:
    triangles = triangulate(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    return float((np.cross(a, b) * c).sum() / 6.0)


def area(mesh: Mesh) -> float:
    triangles = triangulate(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)


MESHES: dict[str, Callable[[], Mesh]] = {
    "cube": lambda: shape("cube"),
    "pyramid": lambda: shape("pyramid"),
    "plane": lambda: shape("plane"),
    "cone": lambda: shape("cone", segments=6),
    "icosphere": lambda: shape("icosphere", levels=1),
    "torus": torus,
    "grid": lambda: grid(4, 3),
    "parts": several_parts,
    "bipyramid": lambda: bipyramid(7),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", MESHES)
def test_mesh_71_counts_are_those_of_the_table_thrice(kind: str, scheme: str) -> None:
    mesh = triangles_of(MESHES[kind]()) if scheme == "loop" else MESHES[kind]()
    for number in range(1, 4):
        vertices, edges, faces = mesh.vertex_count, mesh.edge_count, mesh.face_count
        corners = sum(len(mesh.face_vertices(face)) for face in mesh.face_ids())
        expected = (vertices + edges + faces, 2 * edges + corners, corners)
        if scheme == "loop":
            expected = (vertices + edges, 2 * edges + 3 * faces, 4 * faces)
        assert predicted(mesh, scheme) == expected
        assert predicted_faces(mesh, scheme) == expected[2]
        euler = vertices - edges + faces
        made = subdivide(mesh, scheme, step(number))
        validate(mesh)
        assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == expected
        assert mesh.vertex_count - mesh.edge_count + mesh.face_count == euler
        assert len(made.vertices) == expected[0] - vertices
        assert (len(made.edges), len(made.faces)) == expected[1:]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_71_nothing_and_isolated_vertices_stay_as_they_are(scheme: str) -> None:
    mesh = Mesh()
    subdivide(mesh, scheme, step(1))
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (0, 0, 0)
    alone = mesh_from([(1.0, 2.0, 3.0)], [])
    before = canonical_bytes(alone)
    subdivide(alone, scheme, step(1))
    assert canonical_bytes(alone) == before


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", MESHES)
def test_mesh_71_slots_leave_no_trace(kind: str, scheme: str) -> None:
    random = Random(f"{kind} {scheme}")
    mesh = moved(triangles_of(MESHES[kind]()) if scheme == "loop" else MESHES[kind](), random)
    others = [shuffled(mesh, random) for _ in range(3)]
    for number in (1, 2):
        made = subdivide(mesh, scheme, step(number))
        for other in others:
            assert np.array_equal(np.asarray(subdivide(other, scheme, step(number)).edges), np.asarray(made.edges))
    for other in others:
        assert canonical_bytes(other) == canonical_bytes(mesh)
        assert raw_state(other) == raw_state(mesh)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_71_a_rollback_brings_every_byte_back(scheme: str) -> None:
    mesh = triangles_of(several_parts())
    subdivide(mesh, scheme, step(1))
    if scheme != "loop":
        assert mesh.face_count
    before, bytes_before = raw_state(mesh), canonical_bytes(mesh)
    mark = mesh.journal.mark()
    subdivide(mesh, scheme, step(2))
    subdivide(mesh, scheme, step(3))
    mesh.journal.rollback(mark)
    validate(mesh)
    assert raw_state(mesh) == before
    assert canonical_bytes(mesh) == bytes_before
    subdivide(mesh, scheme, step(2))
    validate(mesh)


def refused(mesh: Mesh, scheme: str, name: CommandName, error: type[UsageError]) -> UsageError:
    before = raw_state(mesh)
    with pytest.raises(error) as told:
        subdivide(mesh, scheme, name)
    assert raw_state(mesh) == before
    validate(mesh)
    return told.value


def test_mesh_71_an_unknown_scheme_is_refused() -> None:
    error = refused(shape("cube"), "doo-sabin", step(1), InvalidValue)
    assert isinstance(error, InvalidValue)
    assert error.field == "scheme"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_71_a_mesh_that_would_be_too_large_is_refused_before_any_work(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = shape("icosphere", levels=6)
    monkeypatch.setattr(subdividing, "surface_of", None)
    after = predicted(mesh, scheme)
    assert 40 * after.vertices + 32 * after.edges + 20 * after.faces > MESH_BYTES_MAX
    error = refused(mesh, scheme, step(1), InvalidValue)
    assert isinstance(error, InvalidValue)
    assert error.field == "mesh"


def test_mesh_71_loop_takes_triangles_only() -> None:
    mesh = several_parts()
    error = refused(mesh, "loop", step(1), NotApplicable)
    assert isinstance(error, NotApplicable)
    assert error.field == "face"
    assert len(mesh.face_vertices(error.identifier)) > 3


def test_mesh_71_loop_refuses_triangles_back_to_back() -> None:
    pillow = mesh_from([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)], [(0, 1, 2), (2, 1, 0)])
    validate(pillow)
    error = refused(pillow, "loop", step(1), NotApplicable)
    assert isinstance(error, NotApplicable)
    assert error.identifier == pillow.vertex_ids()[0]
    for number, scheme in enumerate(("catmull-clark", "linear")):
        subdivide(pillow, scheme, step(2 + number))
        validate(pillow)


def test_mesh_71_a_taken_id_is_refused() -> None:
    mesh = shape("cube")
    subdivide(mesh, "linear", step(1))
    refused(mesh, "linear", step(1), DuplicateElement)


def test_mesh_73_linear_keeps_the_shape() -> None:
    mesh = shape("cylinder", segments=7)
    old, size, surface = dict(zip(mesh.vertex_ids(), mesh.positions().tolist(), strict=True)), volume(mesh), area(mesh)
    subdivide(mesh, "linear", step(1))
    assert {vertex: list(mesh.position(vertex)) for vertex in old} == old
    subdivide(mesh, "linear", step(2))
    assert volume(mesh) == pytest.approx(size, rel=1e-12)
    assert area(mesh) == pytest.approx(surface, rel=1e-12)


@pytest.mark.parametrize("name", GOLDEN)
def test_mesh_73_linear_middles_are_trimeshs(name: str) -> None:
    golden = GOLDEN[name]
    mesh = mesh_from(golden.positions, golden.faces)
    centres = [mean(golden.positions[vertex] for vertex in face) for face in golden.faces]
    subdivide(mesh, "linear", step(1))
    expected = sorted_rows(np.concatenate((np.array(golden.middles), np.array(centres))))
    assert np.abs(sorted_rows(mesh.positions()) - expected).max() < 1e-15


def test_mesh_73_sums_begin_at_the_lowest_id() -> None:
    """Three numbers whose sum depends on the order."""
    corners = ((1.0, 0.1, 0.0), (0.0, 0.2, 1.0), (0.0, 0.3, 0.0))
    mesh = mesh_from(corners, [(0, 1, 2)])
    first, second, third = (mesh.position(vertex)[1] for vertex in mesh.face_vertices(mesh.face_ids()[0]))
    made = subdivide(mesh, "linear", step(1))
    centre = mesh.position(bytes(made.vertices[-1]))
    assert centre[1] == (first + second + third) / 3.0
    assert len({(0.1 + 0.2 + 0.3), (0.2 + 0.3 + 0.1), (0.3 + 0.1 + 0.2)}) > 1


def test_mesh_74_the_cube_is_the_published_one() -> None:
    """Edge points at 3/4, corners at 5/9: Catmull and Clark's rules by hand."""
    mesh = shape("cube")
    subdivide(mesh, "catmull-clark", step(1))
    found = {tuple(row) for row in np.round(mesh.positions(), 12).tolist()}
    signs = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) != (0, 0, 0)]
    reach = {1: 1.0, 2: 0.75, 3: 5.0 / 9.0}
    expected = {tuple(round(each * reach[sum(map(abs, sign))], 12) + 0.0 for each in sign) for sign in signs}
    assert found == expected


def limit_of_quads(mesh: Mesh, vertex: bytes) -> list[float]:
    """(n² v + 4 Σe + Σf) / (n (n + 5)): Halstead, Kass, DeRose, "Efficient, Fair Interpolation…", 1993."""
    loops = faces_at(mesh, vertex)
    size = len(loops)
    edges = np.sum([mesh.position(each) for each in neighbours(mesh, vertex)], axis=0)
    opposite = np.sum([mesh.position(loop[(loop.index(vertex) + 2) % 4]) for loop in loops], axis=0)
    limit: list[float] = (
        (size**2 * np.array(mesh.position(vertex)) + 4.0 * edges + opposite) / (size * (size + 5))
    ).tolist()
    return limit


def test_mesh_74_the_cube_s_limit_is_the_published_one() -> None:
    mesh = shape("cube")
    corner = max(mesh.vertex_ids(), key=lambda vertex: sum(mesh.position(vertex)))
    assert limit_of_quads(mesh, corner) == pytest.approx([0.5, 0.5, 0.5], abs=1e-15)
    for number in range(1, 6):
        subdivide(mesh, "catmull-clark", step(number))
    assert mesh.position(corner) == pytest.approx([0.5, 0.5, 0.5], abs=1e-3)
    assert volume(mesh) == pytest.approx(3.0, rel=0.2)


@pytest.mark.parametrize("kind", ["cube", "cone", "icosphere", "torus", "bipyramid"])
def test_mesh_74_a_vertex_s_limit_stays_through_subdivision(kind: str) -> None:
    """Of every valence there is; holds only if old, edge and face points are all right."""
    mesh = moved(MESHES[kind](), Random(kind))
    subdivide(mesh, "catmull-clark", step(1))
    some = sorted(mesh.vertex_ids(), key=lambda vertex: len(neighbours(mesh, vertex)))
    some = some[:3] + some[-3:]
    before = [limit_of_quads(mesh, vertex) for vertex in some]
    subdivide(mesh, "catmull-clark", step(2))
    assert [limit_of_quads(mesh, vertex) for vertex in some] == [pytest.approx(limit, abs=1e-13) for limit in before]


@pytest.mark.parametrize("scheme", ["catmull-clark", "loop"])
def test_mesh_75_a_boundary_is_a_curve_of_its_own(scheme: str) -> None:
    """Cubic B-spline: old ones 1/8 6/8 1/8, new ones in the middle, whatever lies inside."""
    mesh = moved(triangles_of(grid(3, 3)), Random(5))
    rim = {vertex for vertex in mesh.vertex_ids() if len(neighbours(mesh, vertex)) > len(faces_at(mesh, vertex))}
    assert len(rim) == 12
    sides = {}
    for edge in mesh.edge_ids():
        ends = mesh.edge_vertices(edge)
        if sum(set(ends) <= set(mesh.face_vertices(face)) for face in mesh.face_ids()) == 1:
            sides[edge] = ends
    expected = {}
    for vertex in rim:
        a, b = (next(end for end in ends if end != vertex) for ends in sides.values() if vertex in ends)
        expected[vertex] = 0.75 * np.array(mesh.position(vertex)) + 0.125 * np.add(mesh.position(a), mesh.position(b))
    halfway = {edge: mean(mesh.position(end) for end in ends) for edge, ends in sides.items()}
    subdivide(mesh, scheme, step(1))
    for vertex, place in expected.items():
        assert mesh.position(vertex) == pytest.approx(place.tolist(), abs=1e-15)
    for edge, middle in halfway.items():
        one, other = (set(mesh.edge_vertices(half)) for half in mesh.resolve("edge", edge))
        assert mesh.position((one & other).pop()) == pytest.approx(middle, abs=1e-15)


@pytest.mark.parametrize("name", GOLDEN)
def test_mesh_76_loop_is_trimeshs(name: str) -> None:
    golden = GOLDEN[name]
    mesh = mesh_from(golden.positions, golden.faces)
    subdivide(mesh, "loop", step(1))
    assert np.abs(sorted_rows(mesh.positions()) - golden.loop).max() < 1e-14


@pytest.mark.parametrize("sides", APEX_HEIGHTS)
def test_mesh_76_loop_s_weights_are_trimeshs(sides: int) -> None:
    mesh = bipyramid(sides)
    apex = max(mesh.vertex_ids(), key=lambda vertex: mesh.position(vertex)[2])
    subdivide(mesh, "loop", step(1))
    assert mesh.position(apex)[2] == pytest.approx(APEX_HEIGHTS[sides], abs=1e-14)


def test_mesh_76_the_icosahedron_is_trimeshs() -> None:
    mesh = shape("icosphere", levels=0)
    old = mesh.vertex_ids()
    subdivide(mesh, "loop", step(1))
    radii = {vertex: np.linalg.norm(mesh.position(vertex)) for vertex in mesh.vertex_ids()}
    assert [radii[vertex] for vertex in old] == [pytest.approx(ICOSAHEDRON_OLD_RADIUS, abs=1e-14)] * 12
    assert [radii[each] for each in radii if each not in old] == [pytest.approx(ICOSAHEDRON_NEW_RADIUS, abs=1e-14)] * 30
    assert volume(mesh) == pytest.approx(ICOSAHEDRON_VOLUME, rel=1e-13)


@pytest.mark.parametrize("sides", [3, 4, 5, 8, 17])
def test_mesh_76_a_vertex_s_limit_stays_through_subdivision(sides: int) -> None:
    """(w v + Σ neighbours) / (w + n) with w = 3 / 8β: Loop's thesis, 1987."""
    mesh = moved(bipyramid(sides), Random(sides), 0.1)
    weight = 3.0 / (8.0 * float(loop_weights(np.array([sides]))[0]))
    apex = max(mesh.vertex_ids(), key=lambda vertex: mesh.position(vertex)[2])

    def limit() -> list[float]:
        around = np.sum([mesh.position(each) for each in neighbours(mesh, apex)], axis=0)
        place: list[float] = ((weight * np.array(mesh.position(apex)) + around) / (weight + sides)).tolist()
        return place

    before = limit()
    for number in (1, 2):
        subdivide(mesh, "loop", step(number))
        assert limit() == pytest.approx(before, abs=1e-13)


def test_mesh_76_loop_makes_a_box_smaller_and_rounder() -> None:
    mesh = triangles_of(shape("cube"))
    sizes = [volume(mesh)]
    for number in range(1, 5):
        subdivide(mesh, "loop", step(number))
        sizes.append(volume(mesh))
    assert sizes == sorted(sizes, reverse=True)
    assert 2.0 < sizes[-1] < sizes[-2] < 4.0
    assert sizes[-2] - sizes[-1] < 0.2 * (sizes[-3] - sizes[-2]) + 0.05


def test_mesh_73_a_vertex_of_a_great_many_edges_is_summed_in_order() -> None:
    sides = 600
    mesh = bipyramid(sides)
    apex = max(mesh.vertex_ids(), key=lambda vertex: mesh.position(vertex)[2])
    total = np.zeros(3)
    for each in sorted(neighbours(mesh, apex)):
        total = total + np.array(mesh.position(each))
    weight = float(loop_weights(np.array([sides]))[0])
    expected = np.array(mesh.position(apex)) * (1.0 - sides * weight) + total * weight
    subdivide(mesh, "loop", step(1))
    assert mesh.position(apex) == tuple((expected + 0.0).tolist())


FOR_EVER = {
    "linear": "fd20190cb3d431f2c1b00df41c2bdcbb",
    "catmull-clark": "590ee65539ed3eb52548c5bb846eb602",
    "loop": "5543b7a67a8717813ae8007e83bd4244",
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_71_what_it_makes_keeps_its_bytes_for_ever(scheme: str) -> None:
    mesh = shape("icosphere", levels=1) if scheme == "loop" else shape("cone", segments=7)
    edges = mesh.edge_ids()
    set_attribute(mesh, "edge", "crease", edges, [[at % 5 * 0.75] for at in range(len(edges))])
    for number in (1, 2):
        subdivide(mesh, scheme, step(number))
    canonical = canonical_mesh(mesh)
    parts = (canonical.vertex_ids, canonical.positions, canonical.edge_ids, canonical.face_ids, canonical.corners)
    arrays = b"".join(part.tobytes() for part in parts)
    assert blake2b_128("test", arrays, mesh.redirects.to_bytes()).hex() == FOR_EVER[scheme]
