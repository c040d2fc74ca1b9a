"""Two vertices made one."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    edge_at,
    edge_between,
    near,
    operate,
    refuse,
    rename,
    row,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, ids, mesh_from, raw_state, small_id, torus
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, element_id
from theta.mesh import DuplicateElement, Journal, Mesh, build_mesh, build_primitive, move_vertices, validate
from theta.mesh.errors import NotApplicable
from theta.mesh.local import collapse_edge, poke, triangulate_faces


def cube() -> Mesh:
    return build_primitive("cube", 2.0, CommandName(1, 1))


def triangles(make: Callable[[], Mesh]) -> Mesh:
    mesh = make()
    triangulate_faces(mesh, mesh.face_ids(), CommandName(2, 1))
    return mesh


def poked(make: Callable[[], Mesh]) -> Mesh:
    """Triangles around the middle of every face."""
    mesh = make()
    for number, face in enumerate(mesh.face_ids()):
        poke(mesh, face, CommandName(3, number))
    return mesh


# Vertex 3 has the lowest id, 6 the highest: all of its edges turn around when it goes over to 3.
TURNING = [1, 2, 3, 0, 4, 5, 8, 6, 7]


def fan(order: list[int]) -> Mesh:
    """Six triangles around vertex 6 of a hexagon, and three more outside; vertices have the ids of these numbers."""
    points = [(2, 0, 0), (1, 2, 0), (-1, 2, 0), (-2, 0, 0), (-1, -2, 0), (1, -2, 0), (0, 0, 0), (3, 3, 0), (-4, 0, 0)]
    faces = [(at, (at + 1) % 6, 6) for at in range(6)] + [(1, 0, 7), (3, 2, 8), (4, 3, 8)]
    edges = len({frozenset(pair) for face in faces for pair in zip(face, (*face[1:], face[0]), strict=True)})
    return build_mesh(points, faces, [small_id(at) for at in order], ids("e", edges), ids("f", len(faces)))


@pytest.mark.parametrize("make", [lambda: triangles(torus), lambda: poked(cube), lambda: poked(lambda: grid(3, 2))])
def test_mesh_39_edges_collapse_with_their_triangles(make: Callable[[], Mesh]) -> None:
    collapsed = set()
    for number in range(make().edge_count):
        mesh = with_attributes(make())
        edge = mesh.edge_ids()[number]
        faces = [face for face in mesh.face_ids() if edge in mesh.face_edges(face)]
        low, high = mesh.edge_vertices(edge)
        a, b = mesh.position(low), mesh.position(high)
        before = raw_state(mesh)
        try:
            collapse_edge(mesh.copy(), edge, 0.25, NAME)
        except NotApplicable:
            refuse(mesh, partial(collapse_edge, edge_id=edge, t=0.25, name=NAME), NotApplicable)
            continue
        assert raw_state(mesh) == before
        marks = [row(mesh, "vertex", "mark", vertex) for vertex in (low, high)]
        operate(
            mesh,
            partial(collapse_edge, edge_id=edge, t=0.25, name=NAME),
            (-1, -3, -2) if len(faces) == 2 else (-1, -2, -1),
        )
        collapsed.add(len(faces))
        assert mesh.position(low) == tuple(a[axis] + (b[axis] - a[axis]) * 0.25 for axis in range(3))
        assert mesh.the_one("vertex", high) == low
        assert mesh.resolve("edge", edge) == []
        assert [mesh.resolve("face", face) for face in faces] == [[]] * len(faces)
        near(row(mesh, "vertex", "mark", low), [marks[0][at] * 0.75 + marks[1][at] * 0.25 for at in range(2)])
    assert collapsed


@pytest.mark.parametrize(("t", "end"), [(0.0, 0), (1.0, 1)])
def test_mesh_39_the_ends_parameters_are_the_ends(t: float, end: int) -> None:
    mesh = poked(lambda: grid(2, 2))
    points = [[0.1, 0.2, 0.3], [1.7, 1e-9, 3e5]]
    edge = next(edge for edge in mesh.edge_ids() if _collapses(mesh, edge))
    ends = mesh.edge_vertices(edge)
    move_vertices(mesh, ends, points)
    operate(mesh, partial(collapse_edge, edge_id=edge, t=t, name=NAME))
    assert mesh.position(ends[0]) == tuple(points[end])


def _collapses(mesh: Mesh, edge: bytes) -> bool:
    try:
        collapse_edge(mesh.copy(), edge, 0.5, NAME)
    except NotApplicable:
        return False
    return True


@pytest.mark.parametrize("order", [list(range(9)), [5, 0, 8, 2, 7, 1, 4, 3, 6], [8, 7, 6, 5, 4, 3, 2, 1, 0], TURNING])
def test_mesh_39_edges_go_over_to_the_vertex_that_stays(order: list[int]) -> None:
    """Each old edge stands for the one in its place, and a parameter of it for the same point."""
    mesh = with_attributes(fan(order))
    one, other = small_id(order[6]), small_id(order[3])
    edge = edge_between(mesh, one, other)
    low, high = sorted((one, other))
    tops = {small_id(order[2]), small_id(order[4])}
    old = {
        each: next(end for end in mesh.edge_vertices(each) if end != high)
        for each in mesh.edge_ids()
        if high in mesh.edge_vertices(each) and each != edge
    }
    marks = {each: row(mesh, "edge", "mark", each) for each in mesh.edge_ids()}
    sides = {top: edge_between(mesh, low, top) for top in tops}
    made = operate(mesh, partial(collapse_edge, edge_id=edge, t=0.5, name=NAME), (-1, -3, -2))
    for each, end in old.items():
        new = mesh.the_one("edge", each)
        assert set(mesh.edge_vertices(new)) == {low, end}
        turned = low < end < high
        assert mesh.resolve_edge(each, 0.25) == (new, 0.75 if turned else 0.25)
        if end in tops:
            assert new == sides[end]
            assert row(mesh, "edge", "mark", new) == marks[sides[end]]
            continue
        assert row(mesh, "edge", "mark", new) == marks[each]
        assert (new in made.edges) is turned
        assert new == (element_id(NAME, "collapse-edge.edge", (each,)) if turned else each)


def test_mesh_39_corners_keep_their_values() -> None:
    mesh = with_attributes(fan(list(range(9))))
    low, high = small_id(3), small_id(6)
    corners = [(face, vertex) for face in mesh.face_ids() for vertex in mesh.face_vertices(face)]
    uv = {corner: row(mesh, "corner", "uv", *corner) for corner in corners}
    operate(mesh, partial(collapse_edge, edge_id=edge_between(mesh, low, high), t=0.5, name=NAME))
    for face in mesh.face_ids():
        for vertex in mesh.face_vertices(face):
            source = vertex if (face, vertex) in uv else high
            assert row(mesh, "corner", "uv", face, vertex) == uv[face, source]


def test_mesh_39_faces_around_may_have_more_corners() -> None:
    mesh = grid(2, 1)
    corner = edge_at(mesh, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    face = next(face for face in mesh.face_ids() if corner in mesh.face_edges(face))
    poke(mesh, face, CommandName(3, 1))
    made = mesh.vertex_ids()
    middle = next(each for each in made if mesh.position(each) == (0.5, 0.0, 0.5))
    edge = next(edge for edge in mesh.edge_ids() if set(mesh.edge_vertices(edge)) > {middle})
    operate(mesh, partial(collapse_edge, edge_id=edge, t=0.0, name=NAME), (-1, -3, -2))


def tetrahedron() -> Mesh:
    return mesh_from([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)])


def test_mesh_39_a_tetrahedron_collapses_once() -> None:
    mesh = tetrahedron()
    operate(mesh, lambda mesh: collapse_edge(mesh, tetrahedron().edge_ids()[0], 0.5, NAME), (-1, -3, -2))
    refuse(mesh, lambda mesh: collapse_edge(mesh, mesh.edge_ids()[0], 0.5, NAME), NotApplicable, "four vertices")


def hole() -> Mesh:
    """An octahedron without one of its faces."""
    points = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    faces = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5)]
    return mesh_from(points, faces)


def strip() -> Mesh:
    """Three triangles side by side."""
    return mesh_from([(0, 0, 0), (1, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 0)], [(0, 1, 2), (2, 1, 3), (2, 3, 4)])


@pytest.mark.parametrize(
    ("make", "one", "other", "why"),
    [
        (cube, (-1, -1, -1), (1, -1, -1), "triangles only"),
        (strip, (1, 0, 0), (1, 1, 0), "both of its ends"),
        (strip, (0, 0, 0), (1, 0, 0), None),
        (lambda: mesh_from([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)]), (0, 0, 0), (1, 0, 0), "other two sides"),
        (hole, (0, 0, -1), (0, 1, 0), None),
        (hole, (0, 0, -1), (1, 0, 0), "neighbours"),
        (hole, (1, 0, 0), (0, -1, 0), "neighbours"),
    ],
)
def test_mesh_39_nothing_is_pinched(
    make: Callable[[], Mesh], one: tuple[float, ...], other: tuple[float, ...], why: str | None
) -> None:
    mesh = make()
    edge = edge_at(mesh, (one[0], one[1], one[2]), (other[0], other[1], other[2]))
    if why is None:
        operate(mesh, partial(collapse_edge, edge_id=edge, t=0.5, name=NAME))
        return
    error = refuse(mesh, partial(collapse_edge, edge_id=edge, t=0.5, name=NAME), NotApplicable, why)
    assert (error.field, error.identifier) == ("edge", edge)


def test_mesh_39_ends_that_share_another_face_stay() -> None:
    """Opposite corners of a hexagon, with a roof over it whose ridge is their edge."""
    points = [(2, 0, 0), (1, 2, 0), (-1, 2, 0), (-2, 0, 0), (-1, -2, 0), (1, -2, 0), (0, -1, 1), (0, 1, 1)]
    roof = [(6, 4, 3), (6, 5, 4), (6, 0, 5), (6, 3, 0), (7, 2, 1), (7, 3, 2), (7, 1, 0), (7, 0, 3)]
    mesh = mesh_from(points, [(0, 1, 2, 3, 4, 5), *roof])
    edge = edge_at(mesh, (2, 0, 0), (-2, 0, 0))
    refuse(mesh, partial(collapse_edge, edge_id=edge, t=0.5, name=NAME), NotApplicable, "share no faces")


@pytest.mark.parametrize("t", [-0.1, 1.1, float("nan")])
def test_mesh_39_an_edge_collapses_within_its_ends(t: float) -> None:
    mesh = poked(lambda: grid(1, 1))
    error = refuse(mesh, lambda mesh: collapse_edge(mesh, mesh.edge_ids()[0], t, NAME), InvalidValue)
    assert error.field == "t"
    refuse(mesh, lambda mesh: collapse_edge(mesh, NOTHING, 0.5, NAME), UnknownElement)


def test_mesh_39_an_id_that_is_taken_is_refused() -> None:
    mesh = fan(TURNING)
    low, high = small_id(0), small_id(8)
    edge = edge_between(mesh, low, high)
    renamed = [
        each
        for each in mesh.edge_ids()
        if high in mesh.edge_vertices(each) and any(low < end < high for end in mesh.edge_vertices(each))
    ]
    assert len(renamed) == 5, "of which two are of the triangles"
    tops = {small_id(TURNING[2]), small_id(TURNING[4])}
    far = next(each for each in mesh.edge_ids() if not {low, high} & set(mesh.edge_vertices(each)))
    rename(
        mesh,
        "edge",
        far,
        element_id(
            NAME, "collapse-edge.edge", (next(each for each in renamed if not tops & set(mesh.edge_vertices(each))),)
        ),
    )
    refuse(mesh, partial(collapse_edge, edge_id=edge, t=0.5, name=NAME), DuplicateElement)


def test_mesh_9_a_collapse_that_fails_midway_rolls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = with_attributes(fan(list(range(9))))
    edge = edge_between(mesh, small_id(3), small_id(6))
    before = raw_state(mesh)
    write = Journal.write
    left = 0

    def breaking(self: Journal, column: object, index: int, scalar: float) -> None:
        nonlocal left
        if not left:
            raise MemoryError
        left -= 1
        write(self, column, index, scalar)  # type: ignore[arg-type]

    for number in (0, 10, 50, 100):
        left = number
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "write", breaking)
            with pytest.raises(MemoryError):
                collapse_edge(mesh, edge, 0.5, NAME)
        assert raw_state(mesh) == before
        validate(mesh)
