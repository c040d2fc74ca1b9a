"""Welding vertices."""

import math
import random
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    Operate,
    counts,
    edge_at,
    edge_between,
    operate,
    refuse,
    row,
    vertex_at,
    with_attributes,
    with_ends,
)
from tests.unit.mesh.meshes import grid, mesh_from, polygon, small_id
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import (
    BowTie,
    Mesh,
    MultiEdge,
    RepeatedVertex,
    build_mesh,
    build_primitive,
    canonical_mesh,
    move_vertices,
)
from theta.mesh.bulk_ids import bulk_key, of_one
from theta.mesh.local import near
from theta.mesh.local.near import near_groups
from theta.mesh.local.near_welding import weld_by_distance
from theta.mesh.local.welding import weld
from theta.mesh.surgery import Surgery


def welded(*points: tuple[float, float, float], at: tuple[float, float, float] | None = None) -> Operate:
    return lambda mesh: weld(mesh, [vertex_at(mesh, point) for point in points], at, NAME)


def together(vertices: Sequence[bytes], at: Sequence[float] | None = None) -> Operate:
    return lambda mesh: weld(mesh, vertices, at, NAME)


def by_distance(distance: float, vertices: list[bytes] | None = None) -> Operate:
    return lambda mesh: weld_by_distance(mesh, vertices, distance, NAME)


def cracked(gap: float = 0.001) -> Mesh:
    """Two strips of three quads side by side with a gap between them."""
    points = [(float(x), 0.0, z) for z in (0.0, 1.0, 1.0 + gap, 2.0) for x in range(4)]
    rows = [(at, at + 4, at + 5, at + 1) for at in (0, 1, 2, 8, 9, 10)]
    return mesh_from(points, rows)


def test_mesh_56_the_lowest_id_stays_and_the_others_redirect() -> None:
    mesh = with_attributes(build_primitive("cube", 2.0, NAME))
    edge = edge_at(mesh, (-1.0, -1.0, -1.0), (1.0, -1.0, -1.0))
    low, high = mesh.edge_vertices(edge)
    mark, place = row(mesh, "vertex", "mark", low), mesh.position(low)
    operate(mesh, lambda mesh: weld(mesh, [high, low], None, NAME), (-1, -1, 0))
    assert mesh.position(low) == place
    assert row(mesh, "vertex", "mark", low) == mark
    assert mesh.resolve("vertex", high) == [low]
    assert mesh.resolve("edge", edge) == []
    assert sorted(len(mesh.face_vertices(face)) for face in mesh.face_ids()) == [3, 3, 4, 4, 4, 4]


def test_mesh_56_the_vertex_is_put_where_it_is_asked_to_be() -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    pair = ((-1.0, -1.0, -1.0), (1.0, -1.0, -1.0))
    keeper = min(vertex_at(mesh, point) for point in pair)
    operate(mesh, welded(*pair, at=(0.0, -1.5, -0.0)), (-1, -1, 0))
    assert mesh.position(keeper) == (0.0, -1.5, 0.0)
    assert math.copysign(1.0, mesh.position(keeper)[2]) == 1.0


def test_mesh_56_faces_with_two_corners_left_go_and_edges_become_one() -> None:
    """A side of a tetrahedron's triangle: as a collapse, −1, −3, −2."""
    mesh = with_attributes(grid(2, 2))
    for at, face in enumerate(mesh.face_ids()):
        triangulate_quad(mesh, face, at)
    middle, right = vertex_at(mesh, (1.0, 0.0, 1.0)), vertex_at(mesh, (2.0, 0.0, 1.0))
    edge = edge_between(mesh, middle, right)
    beside = [face for face in mesh.face_ids() if edge in mesh.face_edges(face)]
    operate(mesh, lambda mesh: weld(mesh, [middle, right], None, NAME), (-1, -3, -2))
    assert all(not mesh.has_face(face) and mesh.resolve("face", face) == [] for face in beside)


def triangulate_quad(mesh: Mesh, face: bytes, number: int) -> None:
    halfedges = mesh.halfedges
    slot = halfedges.faces.slot_of(face)
    a, b, c, d = (halfedges.origin.view[side] for side in halfedges.face_loop(slot))
    surgery = Surgery(halfedges)
    surgery.reshape(slot, (a, b, c))
    surgery.face(bytes([number + 1]) * 16, (a, c, d), like=slot)
    surgery.name_edge(a, c, bytes([number + 1]) * 16)
    surgery.apply()


def test_mesh_56_boundaries_are_stitched() -> None:
    mesh = with_attributes(cracked())
    before = {edge: mesh.edge_vertices(edge) for edge in mesh.edge_ids()}
    uv = {
        (face, vertex): row(mesh, "corner", "uv", face, vertex)
        for face in mesh.face_ids()
        for vertex in mesh.face_vertices(face)
    }
    operate(mesh, by_distance(0.01), (-4, -3, 0))
    for edge, ends in before.items():
        low, high = (mesh.the_one("vertex", end) for end in ends)
        stays, at = mesh.resolve_edge(edge, 0.25)
        assert set(mesh.edge_vertices(stays)) == {low, high}
        assert at == (0.25 if low < high else 0.75)
    for (face, vertex), values in uv.items():
        assert row(mesh, "corner", "uv", face, mesh.the_one("vertex", vertex)) == values


def slit(seed: int) -> tuple[Mesh, list[bytes], list[bytes]]:
    """Four quads around a vertex with a slit from there to the border; the slit's two outer ends and two edges."""
    points = [(float(x), 0.0, float(z)) for z in range(3) for x in range(3)] + [(1.0, 0.0, 0.0)]
    faces = [(0, 3, 4, 1), (9, 4, 5, 2), (3, 6, 7, 4), (4, 7, 8, 5)]
    draw = random.Random(seed)
    vertices, edges = ([small_id(each) for each in draw.sample(range(1, 200), count)] for count in (10, 13))
    mesh = build_mesh(points, faces, vertices, edges, [small_id(at) for at in range(4)])
    ends = [vertices[1], vertices[9]]
    return mesh, ends, [edge_between(mesh, vertices[4], end) for end in ends]


@pytest.mark.parametrize("seed", range(12))
def test_mesh_56_mesh_60_an_edge_between_vertices_that_stay_keeps_its_id(seed: int) -> None:
    mesh, ends, edges = slit(seed)
    keeper = min(ends)
    whole = edges[ends.index(keeper)]
    others = {edge: mesh.edge_vertices(edge) for edge in mesh.edge_ids() if max(ends) in mesh.edge_vertices(edge)}
    made = operate(mesh, together(ends), (-1, -1, 0))
    assert mesh.resolve("edge", edges[0]) == mesh.resolve("edge", edges[1]) == [whole]
    turned = []
    for edge, pair in others.items():
        low, high = (keeper if end == max(ends) else end for end in pair)
        if edge not in edges:
            now = with_ends(edge, low, high, "weld.edge")
            turned += [now] if now != edge else []
        else:
            now = whole
        assert mesh.resolve_edge(edge, 0.25) == (now, 0.25 if low < high else 0.75)
        assert set(mesh.edge_vertices(now)) == {low, high}
    assert list(made.edges) == turned


def test_mesh_56_what_would_be_no_manifold_is_refused() -> None:
    square = polygon([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)])
    refuse(square, welded((0.0, 0.0, 0.0), (1.0, 1.0, 0.0)), RepeatedVertex)
    refuse(grid(3, 3), welded((0.0, 0.0, 0.0), (3.0, 0.0, 3.0)), BowTie)
    twice = mesh_from(
        [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)],
        [(0, 1, 2), (3, 4, 5)],
    )
    refuse(twice, by_distance(0.0), MultiEdge)


def test_mesh_56_a_face_that_vanishes_leaves_isolated_vertices() -> None:
    triangle = polygon([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
    operate(triangle, welded((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)), (-1, -3, -1))
    operate(triangle, lambda mesh: weld(mesh, mesh.vertex_ids(), None, NAME), (-1, 0, 0))


def test_mesh_56_what_is_wrong_is_named() -> None:
    mesh = grid(1, 1)
    some = mesh.vertex_ids()
    for vertices in ([], some[:1], [some[0], some[0]]):
        told = refuse(mesh, together(vertices), InvalidValue)
        assert told.field == "vertex_ids"
    refuse(mesh, lambda mesh: weld(mesh, [some[0], NOTHING], None, NAME), UnknownElement)
    for point in ((0.0, math.nan, 0.0), (0.0, 2e6, 0.0)):
        told = refuse(mesh, together(some[:2], point), InvalidValue)
        assert told.field == "point"


def with_ends_in_bulk(edge: bytes, low: bytes, high: bytes) -> bytes:
    """As `with_ends`, of role weld.edge by ID-9."""
    return edge if low < high else bytes(of_one(bulk_key(NAME, "weld.edge"), np.frombuffer(edge, np.uint8)[None])[0])


def test_mesh_57_mesh_60_an_edge_between_vertices_that_stay_keeps_its_id() -> None:
    for seed in range(8):
        order = list(range(8))
        random.Random(seed).shuffle(order)
        points = [(float(x), 0.0, z) for z in (0.0, 1.0, 1.0, 2.0) for x in (0.0, 1.0)]
        vertices = [small_id(order[at] + 1) for at in range(8)]
        edges = [small_id(100 + (7 * at + seed) % 8) for at in range(8)]
        mesh = build_mesh(points, [(0, 2, 3, 1), (4, 6, 7, 5)], vertices, edges, [small_id(1), small_id(2)])
        pairs = [(vertices[2], vertices[4]), (vertices[3], vertices[5])]
        both = [edge_between(mesh, vertices[2], vertices[3]), edge_between(mesh, vertices[4], vertices[5])]
        kept = {min(pair) for pair in pairs}
        whole = [edge for edge in both if set(mesh.edge_vertices(edge)) == kept]
        keeper = {end: min(pair) for pair in pairs for end in pair}
        low, high = (keeper[end] for end in mesh.edge_vertices(min(both)))
        made = operate(mesh, by_distance(0.0), (-2, -1, 0))
        stays = whole[0] if whole else with_ends_in_bulk(min(both), low, high)
        assert [mesh.resolve("edge", edge) for edge in both] == [[stays], [stays]]
        replaced = [edge for edge in sorted(edges) if mesh.resolve("edge", edge)[0] not in edges]
        told = [bytes(each) for each in made.edges]
        assert told == list(dict.fromkeys(mesh.resolve("edge", edge)[0] for edge in replaced))


def test_mesh_57_new_edges_ascend_by_the_edges_that_they_come_from() -> None:
    """Quads apart from each other, which become a strip."""
    points = [(float(at + x), 0.0, float(z)) for at in range(30) for x, z in ((0, 0), (0, 1), (1, 1), (1, 0))]
    mesh = mesh_from(points, [(4 * at, 4 * at + 1, 4 * at + 2, 4 * at + 3) for at in range(30)])
    old = mesh.edge_ids()
    made = [bytes(each) for each in operate(mesh, by_distance(0.0), (-58, -29, 0)).edges]
    parents = [min(edge for edge in old if mesh.resolve("edge", edge) == [each]) for each in made]
    assert parents == sorted(parents)
    assert len(parents) > 10


def test_mesh_57_vertices_within_the_distance_become_one() -> None:
    mesh = cracked(0.01)
    untouched = counts(mesh)
    operate(mesh, by_distance(0.009), (0, 0, 0))
    assert counts(mesh) == untouched
    some = [vertex for vertex in mesh.vertex_ids() if mesh.position(vertex)[0] < 1.5]
    operate(mesh, by_distance(0.011, some), (-2, -1, 0))
    operate(mesh, by_distance(0.011), (-2, -2, 0))


def test_mesh_57_each_vertex_takes_those_after_it() -> None:
    """Four in a row, one apart: with 1 the first takes the second, the third the fourth."""
    points = [(float(x), 0.0, 0.0) for x in range(4)]
    mesh = build_mesh(points, [], [small_id(at) for at in range(4)], [], [])
    weld_by_distance(mesh, None, 1.0, NAME)
    assert mesh.vertex_ids() == [small_id(0), small_id(2)]
    assert mesh.the_one("vertex", small_id(3)) == small_id(2)
    mesh = build_mesh(points, [], [small_id(at) for at in (1, 0, 2, 3)], [], [])
    weld_by_distance(mesh, None, 1.0, NAME)
    assert mesh.vertex_ids() == [small_id(0), small_id(3)]


@pytest.mark.parametrize("seed", range(8))
def test_mesh_57_welding_all_at_once_is_welding_one_by_one(seed: int) -> None:
    mesh = with_attributes(grid(9, 9))
    draw = random.Random(seed)
    pairs = []
    for x, z in ((1, 1), (1, 5), (5, 1), (5, 6)):
        place = (float(x + draw.randrange(2)), 0.0, float(z + draw.randrange(2)))
        step = draw.choice([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 1.0)])
        pairs.append([vertex_at(mesh, place), vertex_at(mesh, (place[0] + step[0], 0.0, place[2] + step[1]))])
    for one, other in pairs:
        move_vertices(mesh, [other], [mesh.position(one)])
    apart = mesh.copy()
    try:
        for number, pair in enumerate(pairs):
            weld(apart, pair, None, CommandName(8, number + 1))
    except RepeatedVertex:
        refuse(mesh, by_distance(0.0), RepeatedVertex)
        return
    operate(mesh, by_distance(0.0))
    assert [mesh.position(each) for each in mesh.vertex_ids()] == [apart.position(each) for each in apart.vertex_ids()]
    assert mesh.vertex_ids() == apart.vertex_ids()
    assert {face: mesh.face_vertices(face) for face in mesh.face_ids()} == {
        face: apart.face_vertices(face) for face in apart.face_ids()
    }
    kept = set(mesh.edge_ids()) & set(apart.edge_ids())
    assert len(mesh.edge_ids()) == len(apart.edge_ids())
    assert len(kept) > 150
    for edge in grid(9, 9).edge_ids():
        ends = [mesh.edge_vertices(each) for each in mesh.resolve("edge", edge)]
        assert ends == [apart.edge_vertices(each) for each in apart.resolve("edge", edge)]
    for key, rows in canonical_mesh(mesh).attributes.items():
        if key.domain != "edge":
            assert np.array_equal(rows, canonical_mesh(apart).attributes[key])


@pytest.mark.parametrize("distance", [0.0, 1e-12, 0.03, 0.2, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_mesh_57_the_grid_finds_what_comparing_all_finds(seed: int, distance: float) -> None:
    draw = np.random.default_rng(seed)
    points = draw.uniform(-1.0, 1.0, (300, 3)) * np.array([1.0, 1.0, 0.1]) + seed * 1e5
    points[100:120] = points[:20]
    taken: dict[int, int] = {}
    for one, other in combinations(range(300), 2):
        if one not in taken and other not in taken:
            x, y, z = (points[other] - points[one]).tolist()
            if x * x + y * y + z * z <= distance * distance:
                taken[other] = one
    assert near_groups(points, distance) == taken
    assert len(taken) >= 20


def test_mesh_57_crowds_do_not_cost_a_comparison_of_all() -> None:
    points = np.zeros((40_000, 3))
    assert near_groups(points, 1.0) == dict.fromkeys(range(1, 40_000), 0)


def test_mesh_57_points_picked_to_be_compared_do_not_cost_it_either() -> None:
    """Points in one cube, none of them near another; and points in cubes of which all keys are equal."""
    points = np.zeros((40_000, 3))
    points[:, 0] = np.arange(40_000) * 1e-15
    assert near_groups(points, 0.0) == {}
    points[20_000:] = points[:20_000]
    assert near_groups(points, 1e-10) == {20_000 + at: at for at in range(20_000)}
    apart = (np.arange(-20_000.0, 20_000.0)[:, np.newaxis] * (852_863.0, 1_285_698.0, 183_727.0) + 0.5) * 1.25e-9
    assert near_groups(apart, 1e-9) == {}


def test_mesh_57_all_may_become_one() -> None:
    mesh = with_attributes(grid(3, 3))
    lowest = mesh.vertex_ids()[0]
    operate(mesh, by_distance(100.0), (-15, -24, -9))
    assert mesh.vertex_ids() == [lowest]
    assert all(mesh.resolve("face", face) == [] for face in grid(3, 3).face_ids())


def test_mesh_57_redirects_over_their_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.mesh.redirects.MESH_REDIRECTS_MAX", 5)
    told = refuse(cracked(), by_distance(0.01), InvalidValue)
    assert told.field == "redirects"


def test_mesh_57_what_is_wrong_is_named() -> None:
    mesh = grid(1, 1)
    for distance in (-1.0, math.nan, 2e6):
        assert refuse(mesh, by_distance(distance), InvalidValue).field == "distance"
    refuse(mesh, by_distance(0.1, [NOTHING]), UnknownElement)
    operate(Mesh(), by_distance(0.1), (0, 0, 0))


def test_mesh_57_too_many_that_are_near_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two pairs, each of two cubes that touch at a corner, and one point by itself.
    points = np.array([(0.0,) * 3, (1.3,) * 3, (10.0,) * 3, (11.3,) * 3, (30.0,) * 3])
    monkeypatch.setattr(near, "WELD_CROWDED_MAX", 4)
    assert near_groups(points, 1.0) == {}
    monkeypatch.setattr(near, "WELD_CROWDED_MAX", 3)
    with pytest.raises(InvalidValue, match="at most 3 vertices") as told:
        near_groups(points, 1.0)
    assert told.value.field == "distance"
    assert near_groups(points[:4], 0.0) == {}, "at one place no cubes are taken"
