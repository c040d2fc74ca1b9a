"""Ids from provenance, redirects of what was split, and attributes."""

from typing import Any

import numpy as np
import pytest

from tests.unit.mesh.subdivision.surfaces import (
    MAKER,
    corner_slots,
    rows_by_id,
    several_parts,
    shape,
    step,
    triangles_of,
)
from theta.base.errors import InvalidValue
from theta.base.identifiers import element_id
from theta.mesh import Mesh, canonical_bytes, validate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.bulk_ids import bulk_key, of_one, of_two
from theta.mesh.subdivision import SCHEMES, subdivide

NAME = step(1)
MASK = 2**64 - 1


def start(scheme: str) -> Mesh:
    return triangles_of(several_parts()) if scheme == "loop" else several_parts()


def row(identifier: bytes) -> np.ndarray:
    return np.frombuffer(identifier, np.uint8).reshape(1, 16)


def one(role: str, parent: bytes, ordinal: int = 0) -> bytes:
    return of_one(bulk_key(NAME, role, ordinal), row(parent)).tobytes()


def two(role: str, parent: bytes, other: bytes) -> bytes:
    return of_two(bulk_key(NAME, role), row(parent), row(other)).tobytes()


def mixed(word: int) -> int:
    """ID-9's mix, in Python's whole numbers."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        word ^= word >> 33
        word = word * factor & MASK
    return word ^ word >> 33


def test_mesh_77_two_parents_make_the_id_of_id_9() -> None:
    face, vertex, key = (element_id(MAKER, role) for role in ("a", "b", "c"))
    p, q, k = ([int.from_bytes(each[at : at + 8], "little") for at in (0, 8)] for each in (face, vertex, key))
    first = mixed(p[0] ^ k[0]) ^ q[1]
    last = mixed(p[1] ^ k[1]) ^ q[0] ^ first
    assert of_two(key, row(face), row(vertex)).tobytes() == first.to_bytes(8, "little") + last.to_bytes(8, "little")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_77_ids_say_what_they_stem_from(scheme: str) -> None:
    mesh = start(scheme)
    before = mesh.copy()
    made = subdivide(mesh, scheme, NAME)
    middles = {edge: one("subdivide.edge-vertex", edge) for edge in before.edge_ids()}
    vertices, edges, faces = list(middles.values()), [], []
    for edge in before.edge_ids():
        for ordinal, end in enumerate(before.edge_vertices(edge)):
            half = one("subdivide.half", edge, ordinal)
            assert set(mesh.edge_vertices(half)) == {end, middles[edge]}
            edges.append(half)
    for face in before.face_ids():
        loop, sides = before.face_vertices(face), before.face_edges(face)
        centre = one("subdivide.face-vertex", face)
        vertices += [] if scheme == "loop" else [centre]
        for at, vertex in enumerate(loop):
            after, ahead = middles[sides[at]], middles[sides[at - 1]]
            inner = two("subdivide.inner-edge", face, vertex if scheme == "loop" else sides[at])
            assert set(mesh.edge_vertices(inner)) == ({ahead, after} if scheme == "loop" else {centre, after})
            part = two("subdivide.corner", face, vertex)
            loop_now = [vertex, after, ahead] if scheme == "loop" else [vertex, after, centre, ahead]
            turn = loop_now.index(min(loop_now))
            assert mesh.face_vertices(part) == loop_now[turn:] + loop_now[:turn]
            edges.append(inner)
            faces.append(part)
        if scheme == "loop":
            faces.append(one("subdivide.middle", face))
            assert set(mesh.face_vertices(faces[-1])) == {middles[side] for side in sides}
    assert set(before.vertex_ids()) | set(vertices) == set(mesh.vertex_ids())
    assert sorted(edges) == mesh.edge_ids()
    assert sorted(faces) == mesh.face_ids()
    centres = [] if scheme == "loop" else [one("subdivide.face-vertex", face) for face in before.face_ids()]
    assert list(map(bytes, made.vertices)) == [middles[edge] for edge in before.edge_ids()] + centres
    assert list(map(bytes, made.edges)) == edges
    assert list(map(bytes, made.faces)) == faces


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_77_ids_stay_different_time_after_time(scheme: str) -> None:
    mesh = shape("icosphere", levels=0)
    seen: set[bytes] = set()
    for number in range(1, 5):
        made = subdivide(mesh, scheme, step(number))
        new = {bytes(each) for kind in (made.edges, made.faces) for each in kind}
        assert len(new) == len(made.edges) + len(made.faces)
        assert not new & seen
        seen |= new


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_78_faces_redirect_to_their_parts(scheme: str) -> None:
    mesh = start(scheme)
    before = mesh.copy()
    subdivide(mesh, scheme, NAME)
    for face in before.face_ids():
        parts = [two("subdivide.corner", face, vertex) for vertex in before.face_vertices(face)]
        parts += [one("subdivide.middle", face)] if scheme == "loop" else []
        assert not mesh.has_face(face)
        assert mesh.resolve("face", face) == parts
    assert mesh.redirects.count == before.edge_count + before.face_count


def test_mesh_78_points_of_an_edge_stay_on_it() -> None:
    """By two linear steps, where every point of an edge keeps its place."""
    mesh = start("loop")
    before = mesh.copy()
    for number in (1, 2):
        subdivide(mesh, "linear", step(number))
    for edge in before.edge_ids():
        low, high = (np.array(before.position(end)) for end in before.edge_vertices(edge))
        for at in (0.0, 0.2, 0.375, 0.5, 0.6, 0.875, 1.0):
            now, parameter = mesh.resolve_edge(edge, at)
            one_end, other_end = (np.array(mesh.position(end)) for end in mesh.edge_vertices(now))
            place = one_end + (other_end - one_end) * parameter
            assert place == pytest.approx(low + (high - low) * at, abs=1e-12)
        assert len(mesh.resolve("edge", edge)) == 4


def test_mesh_78_halves_of_loop_s_scheme_have_the_same_ranges() -> None:
    quads, triangles = start("loop"), start("loop")
    subdivide(quads, "linear", NAME)
    subdivide(triangles, "loop", NAME)
    for edge in start("loop").edge_ids():
        assert quads.redirects.parts_of("edge", edge) == triangles.redirects.parts_of("edge", edge)
        assert [part.span for part in quads.redirects.parts_of("edge", edge)] == [(0.0, 0.5), (0.5, 1.0)]


def dress(mesh: Mesh) -> Mesh:
    """Different numbers on everything."""
    vertices, edges, faces = mesh.vertex_ids(), mesh.edge_ids(), mesh.face_ids()
    corners = sorted(corner_slots(mesh))
    set_attribute(
        mesh, "vertex", "colour", vertices, [(0.1 * at, 1.0 - 0.01 * at, 0.5, 1.0) for at in range(len(vertices))]
    )
    set_attribute(mesh, "vertex", "group", vertices, [[3 + 7 * at] for at in range(len(vertices))], "i4")
    set_attribute(mesh, "edge", "seam", edges, [[at % 251] for at in range(len(edges))], "u1")
    set_attribute(mesh, "face", "colour", faces, [(0.01 * at, 0.5, 1.0) for at in range(len(faces))])
    set_attribute(mesh, "face", "painted", faces, [[at % 2] for at in range(len(faces))], "u1")
    set_attribute(mesh, "corner", "uv", corners, [(0.3 * at, 5.0 - at) for at in range(len(corners))])
    set_attribute(mesh, "corner", "layer", corners, [[at] for at in range(len(corners))], "i4")
    return mesh


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_79_vertices_and_corners_blend(scheme: str) -> None:
    before = dress(start(scheme))
    mesh = before.copy()
    subdivide(mesh, scheme, NAME)
    validate(mesh)
    colour, group = rows_by_id(before, "vertex", "colour"), rows_by_id(before, "vertex", "group")
    new_colour, new_group = rows_by_id(mesh, "vertex", "colour"), rows_by_id(mesh, "vertex", "group")
    uv, layer = rows_by_id(before, "corner", "uv"), rows_by_id(before, "corner", "layer")
    new_uv, new_layer = rows_by_id(mesh, "corner", "uv"), rows_by_id(mesh, "corner", "layer")
    for vertex in before.vertex_ids():
        assert new_colour[vertex] == colour[vertex]
        assert new_group[vertex] == group[vertex]
    middles = {edge: one("subdivide.edge-vertex", edge) for edge in before.edge_ids()}
    for edge, middle in middles.items():
        low, high = before.edge_vertices(edge)
        assert new_colour[middle] == [(a + b) * 0.5 for a, b in zip(colour[low], colour[high], strict=True)]
        assert new_group[middle] == group[low]
    for face in before.face_ids():
        loop, sides = before.face_vertices(face), before.face_edges(face)
        size = len(loop)
        expected: dict[bytes, tuple[Any, Any]] = {}
        for at, vertex in enumerate(loop):
            following = loop[(at + 1) % size]
            pair = [uv[face, each] for each in (vertex, following)]
            expected[middles[sides[at]]] = (
                [(a + b) * 0.5 for a, b in zip(*pair, strict=True)],
                layer[face, min(vertex, following)],
            )
            expected[vertex] = uv[face, vertex], layer[face, vertex]
        parts = mesh.resolve("face", face)
        if scheme != "loop":
            centre = one("subdivide.face-vertex", face)
            average = np.mean([uv[face, vertex] for vertex in loop], axis=0)
            expected[centre] = pytest.approx(average.tolist(), abs=1e-12), layer[face, loop[0]]
            tint = np.mean([colour[vertex] for vertex in loop], axis=0).tolist()
            assert new_colour[centre] == pytest.approx(tint, abs=1e-12)
            assert new_group[centre] == group[loop[0]]
        for part in parts:
            for vertex in mesh.face_vertices(part):
                assert (new_uv[part, vertex], new_layer[part, vertex]) == expected[vertex]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mesh_79_halves_and_parts_have_their_parents(scheme: str) -> None:
    before = dress(start(scheme))
    mesh = before.copy()
    subdivide(mesh, scheme, NAME)
    seam, new_seam = rows_by_id(before, "edge", "seam"), rows_by_id(mesh, "edge", "seam")
    halves = {half: edge for edge in before.edge_ids() for half in mesh.resolve("edge", edge)}
    assert new_seam == {edge: seam[halves[edge]] if edge in halves else [0] for edge in mesh.edge_ids()}
    parents = {part: face for face in before.face_ids() for part in mesh.resolve("face", face)}
    for name in ("colour", "painted"):
        old = rows_by_id(before, "face", name)
        assert rows_by_id(mesh, "face", name) == {part: old[face] for part, face in parents.items()}
    assert mesh.attribute_keys() == before.attribute_keys()


def test_mesh_79_a_sum_that_overflows_is_refused() -> None:
    mesh = shape("cube")
    set_attribute(mesh, "vertex", "big", mesh.vertex_ids(), [[1.7e308]] * 8)
    before = canonical_bytes(mesh)
    with pytest.raises(InvalidValue) as told:
        subdivide(mesh, "catmull-clark", NAME)
    assert told.value.field == "attribute"
    assert canonical_bytes(mesh) == before
