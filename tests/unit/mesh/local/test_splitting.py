"""Vertices put on edges and taken off again."""

import math
from collections.abc import Callable
from functools import partial

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    edge_at,
    near,
    operate,
    refuse,
    rename,
    row,
    vertex_at,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from, polygon, raw_state, small_id, torus
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, blake2b_128, element_id, role_bytes, three_ids
from theta.base.limits import COORDINATE_METRES_MAX, MESH_FACE_CORNERS_MAX
from theta.mesh import DuplicateElement, Mesh, MultiEdge, build_primitive, canonical_bytes, move_vertices, validate
from theta.mesh import rebuild as rebuilding
from theta.mesh import redirects as redirecting
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.errors import NotApplicable
from theta.mesh.local import delete_elements, dissolve_edge, dissolve_vertex, split_edge
from theta.mesh.redirects import Part
from theta.mesh.subdivision import subdivide

LATER = CommandName(7, 3)
MESHES = [
    lambda: build_primitive("cube", 2.0, CommandName(1, 1)),
    lambda: build_primitive("pyramid", 2.0, CommandName(1, 1)),
    lambda: grid(3, 2),
    torus,
    lambda: polygon([(0, 0, 0), (1, 0, 0), (0, 1, 0)]),
]


def made_by_splitting(edge: bytes, name: CommandName = NAME) -> tuple[bytes, bytes, bytes]:
    made = three_ids(name, role_bytes("split-edge") + edge)
    return made[:16], made[16:32], made[32:]


@pytest.mark.parametrize("make", MESHES)
def test_mesh_32_every_edge_splits_in_two(make: Callable[[], Mesh]) -> None:
    for number in range(make().edge_count):
        mesh = with_attributes(make())
        edge = mesh.edge_ids()[number]
        low, high = mesh.edge_vertices(edge)
        made = operate(mesh, partial(split_edge, edge_id=edge, t=0.25, name=NAME), (1, 1, 0))
        assert (*made.vertices, *made.edges) == made_by_splitting(edge)
        (vertex,), (to_low, to_high) = made.vertices, made.edges
        assert set(mesh.edge_vertices(to_low)) == {low, vertex}
        assert set(mesh.edge_vertices(to_high)) == {high, vertex}
        a, b = mesh.position(low), mesh.position(high)
        assert mesh.position(vertex) == tuple(a[axis] + (b[axis] - a[axis]) * 0.25 for axis in range(3))


def test_mesh_32_many_splits_grow_every_column() -> None:
    mesh = grid(6, 6)
    for number in range(400):
        split_edge(mesh, mesh.edge_ids()[number * 7 % mesh.edge_count], 0.5, CommandName(3, number))
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (49 + 400, 84 + 400, 36)


def test_mesh_32_attributes_blend_by_the_parameter() -> None:
    mesh = with_attributes(grid(2, 1))
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    ends = mesh.edge_vertices(edge)
    rows = [row(mesh, "vertex", "mark", end) for end in ends]
    groups = [row(mesh, "vertex", "group", end) for end in ends]
    marked = row(mesh, "edge", "mark", edge)
    corners = {face: [row(mesh, "corner", "uv", face, end) for end in ends] for face in mesh.face_ids()}
    made = operate(mesh, partial(split_edge, edge_id=edge, t=0.25, name=NAME))
    near(row(mesh, "vertex", "mark", made.vertices[0]), [rows[0][at] * 0.75 + rows[1][at] * 0.25 for at in range(2)])
    assert row(mesh, "vertex", "group", made.vertices[0]) == groups[0]
    assert [row(mesh, "edge", "mark", each) for each in made.edges] == [marked, marked]
    for face, (one, other) in corners.items():
        assert [row(mesh, "corner", "uv", face, end) for end in ends] == [one, other]
        between = row(mesh, "corner", "uv", face, made.vertices[0])
        near(between, [one[at] * 0.75 + other[at] * 0.25 for at in range(2)])


def test_mesh_32_the_old_edge_stands_for_both_new_ones() -> None:
    mesh = grid(1, 1)
    edge = mesh.edge_ids()[0]
    made = operate(mesh, partial(split_edge, edge_id=edge, t=0.25, name=NAME))
    assert mesh.resolve("edge", edge) == list(made.edges)
    for at in (0.0, 0.1, 0.25, 0.6, 1.0):
        part, t = mesh.resolve_edge(edge, at)
        assert part == made.edges[at > 0.25]
        low, high = mesh.edge_vertices(part)
        a, b = mesh.position(low), mesh.position(high)
        # Before, the edge lay between its ends; a point of it is still there.
        first, last = (
            next(mesh.position(end) for end in mesh.edge_vertices(each) if end != made.vertices[0])
            for each in made.edges
        )
        near(
            [a[axis] + (b[axis] - a[axis]) * t for axis in range(3)],
            [first[axis] + (last[axis] - first[axis]) * at for axis in range(3)],
        )


def test_mesh_32_redirects_lead_through_chains_of_splits() -> None:
    mesh = grid(1, 1)
    edge = mesh.edge_ids()[0]
    first = split_edge(mesh, edge, 0.5, NAME)
    second = split_edge(mesh, first.edges[0], 0.5, LATER)
    assert set(mesh.resolve("edge", edge)) == {*second.edges, first.edges[1]}
    assert mesh.resolve_edge(edge, 0.75)[0] == first.edges[1]
    assert mesh.resolve_edge(edge, 0.1)[0] in second.edges
    delete_elements(mesh, [], [], mesh.face_ids(), CommandName(7, 4))
    assert mesh.resolve("edge", edge) == []
    with pytest.raises(UnknownElement):
        mesh.resolve_edge(edge, 0.75)


@pytest.mark.parametrize("t", [0.0, 1.0, -0.5, 1.5, math.nan, math.inf])
def test_mesh_32_an_edge_splits_between_its_ends(t: float) -> None:
    mesh = with_attributes(grid(1, 1))
    error = refuse(mesh, lambda mesh: split_edge(mesh, mesh.edge_ids()[0], t, NAME), InvalidValue)
    assert error.field == "t"


def test_mesh_32_what_is_no_edge_does_not_split() -> None:
    refuse(grid(1, 1), lambda mesh: split_edge(mesh, NOTHING, 0.5, NAME), UnknownElement)


@pytest.mark.parametrize("number", range(3))
def test_mesh_32_ids_that_are_taken_are_refused(number: int) -> None:
    mesh = grid(2, 2)
    edge = mesh.edge_ids()[0]
    kind = "edge" if number else "vertex"
    other = mesh.edge_ids()[5] if number else mesh.vertex_ids()[5]
    rename(mesh, kind, other, made_by_splitting(edge)[number])
    error = refuse(mesh, lambda mesh: split_edge(mesh, edge, 0.5, NAME), DuplicateElement)
    assert (error.kind, error.identifier) == (kind, made_by_splitting(edge)[number])


def test_mesh_32_a_face_has_a_limit_of_corners() -> None:
    mesh = polygon([(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    for number in range(MESH_FACE_CORNERS_MAX - 3):
        split_edge(mesh, mesh.edge_ids()[0], 0.5, CommandName(3, number))
    validate(mesh)
    refuse(mesh, lambda mesh: split_edge(mesh, mesh.edge_ids()[0], 0.5, NAME), InvalidValue, "face corners")


@pytest.mark.parametrize("low", [-COORDINATE_METRES_MAX, -0.1, 1e-300, 0.3, 999_999.9999999999, -5e-324])
def test_mesh_32_rounding_leads_past_no_end(low: float) -> None:
    for t in (math.nextafter(1.0, 0.0), 5e-324, 1.0 / 3.0):
        mesh = polygon([(low, 0.0, 0.0), (COORDINATE_METRES_MAX, 0.0, 0.0), (0.0, 1.0, 0.0)])
        edge = next(each for each in mesh.edge_ids() if mesh.edge_vertices(each) == (small_id(0), small_id(1)))
        made = operate(mesh, partial(split_edge, edge_id=edge, t=t, name=NAME))
        assert low <= mesh.position(made.vertices[0])[0] <= COORDINATE_METRES_MAX


@pytest.mark.parametrize("field", ["vertices", "mesh", "redirects"])
def test_mesh_21_a_split_over_a_limit_is_refused(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = grid(2, 2)
    if field == "redirects":
        monkeypatch.setattr(redirecting, "MESH_REDIRECTS_MAX", 0)
    elif field == "mesh":
        monkeypatch.setattr(rebuilding, "MESH_BYTES_MAX", 40 * 9 + 32 * 12 + 20 * 4 + 71)
    else:
        monkeypatch.setattr(rebuilding, "MESH_VERTICES_MAX", 9)
    error = refuse(mesh, lambda mesh: split_edge(mesh, mesh.edge_ids()[0], 0.5, NAME), InvalidValue)
    assert error.field == field


def test_mesh_32_a_split_edge_keeps_its_bytes_for_ever() -> None:
    mesh = build_primitive("cube", 2.0, CommandName(1, 1))
    made = split_edge(mesh, mesh.edge_ids()[3], 0.3, NAME)
    dissolve_vertex(mesh, made.vertices[0], LATER)
    split_edge(mesh, mesh.edge_ids()[3], 0.7, CommandName(7, 4))
    state = blake2b_128("test", canonical_bytes(mesh), mesh.redirects.digest())
    assert state.hex() == "5c17a66c7cd9773f0dd6f4af17e543d4"


@pytest.mark.parametrize("make", MESHES[:4])
@pytest.mark.parametrize("t", [0.5, 0.1, 0.9])
def test_mesh_33_dissolving_what_was_split_gives_the_edge_back(make: Callable[[], Mesh], t: float) -> None:
    for number in range(make().edge_count):
        mesh = with_attributes(make())
        edge = mesh.edge_ids()[number]
        before = canonical_bytes(mesh)
        made = split_edge(mesh, edge, t, NAME)
        vertex = made.vertices[0]
        move_vertices(mesh, [vertex], [(7.0, 8.0, 9.0)])
        back = operate(mesh, partial(dissolve_vertex, vertex_id=vertex, name=LATER), (-1, -1, 0))
        assert back.edges == (edge,)
        assert canonical_bytes(mesh) == before
        assert mesh.resolve("edge", made.edges[0]) == [edge] == mesh.resolve("edge", made.edges[1])
        assert mesh.resolve("vertex", vertex) == []
        whole = [mesh.resolve_edge(part, at) for part in made.edges for at in (0.0, 1.0)]
        near(sorted(at for _, at in whole), [0.0, t, t, 1.0])


def test_mesh_33_an_edge_lives_again_through_several_splits() -> None:
    mesh = with_attributes(grid(2, 2))
    edge = mesh.edge_ids()[4]
    before = canonical_bytes(mesh)
    first = split_edge(mesh, edge, 0.5, NAME)
    second = split_edge(mesh, first.edges[1], 0.5, LATER)
    assert dissolve_vertex(mesh, second.vertices[0], CommandName(7, 4)).edges == (first.edges[1],)
    assert dissolve_vertex(mesh, first.vertices[0], CommandName(7, 5)).edges == (edge,)
    assert canonical_bytes(mesh) == before
    assert mesh.the_one("edge", second.edges[0]) == edge
    again = split_edge(mesh, edge, 0.25, CommandName(7, 6))
    assert mesh.resolve("edge", edge) == list(again.edges)
    assert mesh.resolve("edge", first.edges[0]) == list(again.edges)


def test_mesh_33_other_parts_make_a_new_edge() -> None:
    """Two splits, dissolved in the order in which they were made: the middle part is in both."""
    mesh = with_attributes(grid(2, 2))
    edge = mesh.edge_ids()[4]
    first = split_edge(mesh, edge, 0.5, NAME)
    second = split_edge(mesh, first.edges[1], 0.5, LATER)
    low = next(each for each in second.edges if first.vertices[0] in mesh.edge_vertices(each))
    ends = {each: mesh.edge_vertices(each) for each in (first.edges[0], low)}
    outer = sorted((next(end for end in pair if end != first.vertices[0]), each) for each, pair in ends.items())
    made = operate(mesh, partial(dissolve_vertex, vertex_id=first.vertices[0], name=CommandName(7, 4)), (-1, -1, 0))
    parents = [each for _, each in outer]
    assert made.edges == (element_id(CommandName(7, 4), "dissolve-vertex.edge", parents),)
    assert mesh.resolve("edge", edge) == [made.edges[0], *(each for each in second.edges if each != low)]
    near(mesh.resolve_edge(edge, 0.25)[1], 1 / 3 if outer[0][1] == first.edges[0] else 2 / 3)


def bent() -> Mesh:
    """Two pentagons around two vertices of degree 2; lengths 3 and 1."""
    points = [(0, 0, 0), (0, 0, 3), (0, 0, 4), (5, 0, 4), (5, 0, 0), (-5, 0, 4), (-5, 0, 0)]
    return mesh_from(points, [(0, 1, 2, 3, 4), (2, 1, 0, 6, 5)])


def test_mesh_33_the_parts_lie_on_the_new_edge_by_their_lengths() -> None:
    mesh = with_attributes(bent())
    middle, one, other = (vertex_at(mesh, (0.0, 0.0, z)) for z in (3.0, 0.0, 4.0))
    three, single = edge_at(mesh, (0, 0, 3), (0, 0, 0)), edge_at(mesh, (0, 0, 3), (0, 0, 4))
    low = three if one < other else single
    crease = row(mesh, "edge", "mark", low)
    made = operate(mesh, partial(dissolve_vertex, vertex_id=middle, name=NAME), (-1, -1, 0))
    share = 0.75 if one < other else 0.25
    parts = mesh.redirects.parts_of("edge", low)
    falls = (one if one < other else other) > middle
    assert parts == (Part(made.edges[0], (0.0, 1.0), (share, 0.0) if falls else (0.0, share)),)
    assert row(mesh, "edge", "mark", made.edges[0]) == crease
    assert {mesh.resolve("edge", each)[0] for each in (three, single)} == {made.edges[0]}


def test_mesh_33_parts_without_length_share_the_edge() -> None:
    mesh = bent()
    middle = vertex_at(mesh, (0.0, 0.0, 3.0))
    ends = [vertex_at(mesh, (0.0, 0.0, z)) for z in (0.0, 4.0)]
    edges = [edge_at(mesh, (0, 0, 3), (0, 0, 0)), edge_at(mesh, (0, 0, 3), (0, 0, 4))]
    move_vertices(mesh, [middle, *ends], [(1.0, 1.0, 1.0)] * 3)
    dissolve_vertex(mesh, middle, NAME)
    places = [mesh.redirects.parts_of("edge", each)[0].onto for each in edges]
    assert {tuple(sorted(place)) for place in places} == {(0.0, 0.5), (0.5, 1.0)}


def test_mesh_33_only_a_vertex_of_two_edges_dissolves() -> None:
    cube = build_primitive("cube", 2.0, CommandName(1, 1))
    vertex = cube.vertex_ids()[0]
    error = refuse(cube, lambda mesh: dissolve_vertex(mesh, vertex, NAME), NotApplicable)
    assert (error.field, error.identifier) == ("vertex", vertex)
    refuse(cube, lambda mesh: dissolve_vertex(mesh, NOTHING, NAME), UnknownElement)
    triangle = polygon([(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    refuse(triangle, lambda mesh: dissolve_vertex(mesh, small_id(1), NAME), NotApplicable, "triangle")


def test_mesh_33_two_vertices_share_one_edge() -> None:
    """A quad whose opposite corners are joined behind it."""
    points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1)]
    mesh = mesh_from(points, [(0, 1, 2, 3), (2, 1, 4), (1, 0, 4), (0, 2, 4)])
    vertex = vertex_at(mesh, (0.0, 1.0, 0.0))
    refuse(mesh, lambda mesh: dissolve_vertex(mesh, vertex, NAME), MultiEdge)


def test_mesh_33_an_id_that_is_taken_is_refused() -> None:
    mesh = bent()
    middle, one, other = (vertex_at(mesh, (0.0, 0.0, z)) for z in (3.0, 0.0, 4.0))
    three, single = edge_at(mesh, (0, 0, 3), (0, 0, 0)), edge_at(mesh, (0, 0, 3), (0, 0, 4))
    parents = (three, single) if one < other else (single, three)
    far = edge_at(mesh, (5, 0, 4), (5, 0, 0))
    rename(mesh, "edge", far, element_id(NAME, "dissolve-vertex.edge", parents))
    refuse(mesh, lambda mesh: dissolve_vertex(mesh, middle, NAME), DuplicateElement)


def test_mesh_33_an_edge_that_lives_is_not_revived() -> None:
    """A command that is done again names the same elements: what it made before is not mistaken for its parts."""
    mesh = grid(2, 2)
    edge = mesh.edge_ids()[4]
    made = split_edge(mesh, edge, 0.5, NAME)
    other = next(each for each in mesh.edge_ids() if each not in made.edges)
    rename(mesh, "edge", other, edge)
    back = dissolve_vertex(mesh, made.vertices[0], LATER)
    assert back.edges != (edge,)
    validate(mesh)


def test_mesh_9_a_split_under_a_mark_rolls_back_with_its_attributes() -> None:
    mesh = grid(2, 2)
    set_attribute(mesh, "corner", "uv", [(mesh.face_ids()[0], mesh.face_vertices(mesh.face_ids()[0])[0])], [[1.0, 2.0]])
    before = raw_state(mesh)
    mark = mesh.journal.mark()
    for number in range(64):
        split_edge(mesh, mesh.edge_ids()[number], 0.5, CommandName(3, number))
    validate(mesh)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before
    validate(mesh)


def test_mesh_33_an_edge_that_a_subdivision_split_lives_again() -> None:
    mesh = build_primitive("plane", 2.0, CommandName(1, 1))
    edges = {edge: mesh.edge_vertices(edge) for edge in mesh.edge_ids()}
    subdivide(mesh, "linear", NAME)
    inner = next(
        edge for edge in mesh.edge_ids() if (0.0, 0.0, 0.0) in [mesh.position(end) for end in mesh.edge_vertices(edge)]
    )
    middle = next(end for end in mesh.edge_vertices(inner) if mesh.position(end) != (0.0, 0.0, 0.0))
    dissolve_edge(mesh, inner, LATER)
    made = operate(mesh, partial(dissolve_vertex, vertex_id=middle, name=CommandName(7, 4)), (-1, -1, 0))
    assert edges[made.edges[0]] == mesh.edge_vertices(made.edges[0])


@pytest.mark.parametrize("spans", [((0.0, 1.0), (0.0, 1.0)), ((0.0, 0.5), (0.6, 1.0)), ((0.1, 0.5), (0.5, 1.0))])
def test_mesh_33_parts_that_are_no_halves_revive_nothing(spans: tuple[tuple[float, float], ...]) -> None:
    mesh = bent()
    middle, one, other = (vertex_at(mesh, (0.0, 0.0, z)) for z in (3.0, 0.0, 4.0))
    three, single = edge_at(mesh, (0, 0, 3), (0, 0, 0)), edge_at(mesh, (0, 0, 3), (0, 0, 4))
    parts = (three, single) if one < other else (single, three)
    mesh.redirects.add("edge", small_id(7), [Part(part, span) for part, span in zip(parts, spans, strict=True)])
    made = dissolve_vertex(mesh, middle, NAME)
    assert made.edges == (element_id(NAME, "dissolve-vertex.edge", parts),)


def test_mesh_33_only_the_last_redirect_of_an_edge_counts() -> None:
    redirects = redirecting.Redirects()
    halves = [Part(small_id(2), (0.0, 0.5)), Part(small_id(3), (0.5, 1.0))]
    redirects.add("edge", small_id(1), halves)
    mark = redirects.length
    assert redirects.parent_of("edge", small_id(3), small_id(2)) == small_id(1)
    assert redirects.parent_of("face", small_id(2), small_id(3)) is None
    redirects.add("edge", small_id(1), [Part(small_id(4))])
    assert redirects.parent_of("edge", small_id(2), small_id(3)) is None
    redirects.truncate(mark)
    assert redirects.parent_of("edge", small_id(2), small_id(3)) == small_id(1)
    redirects.add("edge", small_id(5), halves)
    assert redirects.parent_of("edge", small_id(2), small_id(3)) == small_id(5), "the last that was replaced"
    redirects.truncate(0)
    assert redirects.parent_of("edge", small_id(2), small_id(3)) is None
