"""Faces cut in two, joined, poked and cut into triangles."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    edge_at,
    edge_between,
    face_at,
    near,
    operate,
    refuse,
    rename,
    row,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from, polygon, raw_state, small_id, torus
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import MESH_FACE_CORNERS_MAX
from theta.mesh import (
    DuplicateElement,
    Mesh,
    MultiEdge,
    build_primitive,
    canonical_bytes,
    face_centroid,
    face_normal,
    move_vertices,
    triangulate,
    validate,
)
from theta.mesh import rebuild as rebuilding
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.errors import NotApplicable, SplitElement
from theta.mesh.local import dissolve_edge, flip_edge, poke, split_edge, split_face, triangulate_faces, triangulating

LATER = CommandName(7, 3)
HEXAGON = [(2, 0, 0), (1, 2, 0), (-1, 2, 0), (-2, 0, 0), (-1, -2, 0), (1, -2, 0)]
# Its corner 3 turns the other way, and sees no corner but its neighbours and 0 and 1.
ARROW = [(0, 0, 0), (4, 0, 0), (4, 3, 0), (1, 1, 0), (0, 3, 0)]


def cube() -> Mesh:
    return build_primitive("cube", 2.0, CommandName(1, 1))


def pillow(corners: int) -> Mesh:
    """Two n-gons with the same corners, back to back."""
    points = [(float(at), float(at * at), 0.0) for at in range(corners)]
    return mesh_from(points, [list(range(corners)), list(range(corners))[::-1]])


@pytest.mark.parametrize(("one", "other"), [(0, 2), (5, 1), (1, 4), (3, 0)])
def test_mesh_34_a_face_is_cut_between_two_of_its_vertices(one: int, other: int) -> None:
    mesh = with_attributes(polygon(HEXAGON))
    face = mesh.face_ids()[0]
    uv = {vertex: row(mesh, "corner", "uv", face, vertex) for vertex in mesh.vertex_ids()}
    mark = row(mesh, "face", "mark", face)
    ends = small_id(one), small_id(other)
    made = operate(mesh, lambda mesh: split_face(mesh, face, small_id(one), small_id(other), NAME), (0, 1, 1))
    assert made.edges == (element_id(NAME, "split-face.edge", (face,)),)
    assert made.faces == tuple(element_id(NAME, "split-face.face", (face,), at) for at in range(2))
    low, high = min(one, other), max(one, other)
    loops = [mesh.face_vertices(each) for each in made.faces]
    assert loops[0] == [small_id(at) for at in range(low, high + 1)]
    assert loops[1] == [small_id(at) for at in sorted({*range(high, 6), *range(low + 1)})]
    assert set(mesh.edge_vertices(made.edges[0])) == set(ends)
    assert mesh.resolve("face", face) == list(made.faces)
    with pytest.raises(SplitElement):
        mesh.the_one("face", face)
    for each, loop in zip(made.faces, loops, strict=True):
        assert row(mesh, "face", "mark", each) == mark
        assert [row(mesh, "corner", "uv", each, vertex) for vertex in loop] == [uv[vertex] for vertex in loop]
    assert row(mesh, "edge", "mark", made.edges[0]) == [0.0, 0.0]


def test_mesh_34_what_is_no_diagonal_cuts_no_face() -> None:
    mesh = cube()
    face = mesh.face_ids()[0]
    loop = mesh.face_vertices(face)
    away = next(vertex for vertex in mesh.vertex_ids() if vertex not in loop)
    cut = partial(split_face, face_id=face, name=NAME)
    assert refuse(mesh, partial(cut, one=loop[0], other=loop[0]), NotApplicable).field == "vertex"
    error = refuse(mesh, partial(cut, one=loop[0], other=away), NotApplicable)
    assert error.identifier == away
    assert set(refuse(mesh, partial(cut, one=loop[3], other=loop[0]), MultiEdge).ends) == {loop[0], loop[3]}
    refuse(mesh, partial(cut, one=loop[0], other=NOTHING), UnknownElement)
    refuse(mesh, lambda mesh: split_face(mesh, NOTHING, loop[0], loop[2], NAME), UnknownElement)


def test_mesh_34_an_edge_behind_the_face_is_an_edge() -> None:
    mesh = pillow(4)
    one, other = mesh.face_ids()
    loop = mesh.face_vertices(one)
    split_face(mesh, one, loop[0], loop[2], NAME)
    refuse(mesh, lambda mesh: split_face(mesh, other, loop[0], loop[2], LATER), MultiEdge)
    split_face(mesh, other, loop[1], loop[3], LATER)
    validate(mesh)


@pytest.mark.parametrize("role", ["split-face.edge", "split-face.face"])
def test_mesh_34_ids_that_are_taken_are_refused(role: str) -> None:
    mesh = cube()
    face, other = mesh.face_ids()[:2]
    loop = mesh.face_vertices(face)
    away = next(edge for edge in mesh.edge_ids() if edge not in mesh.face_edges(face))
    kind, old = ("edge", away) if role == "split-face.edge" else ("face", other)
    rename(mesh, kind, old, element_id(NAME, role, (face,), 0))
    refuse(mesh, lambda mesh: split_face(mesh, face, loop[0], loop[2], NAME), DuplicateElement)


@pytest.mark.parametrize("make", [cube, torus, lambda: grid(3, 2), lambda: polygon(HEXAGON)])
def test_mesh_35_joining_what_was_cut_gives_the_face_back(make: Callable[[], Mesh]) -> None:
    for number in range(make().face_count):
        for shift in range(2):
            mesh = with_attributes(make())
            face = mesh.face_ids()[number]
            loop = mesh.face_vertices(face)
            before = canonical_bytes(mesh)
            made = split_face(mesh, face, loop[shift], loop[shift + 2], NAME)
            back = operate(mesh, partial(dissolve_edge, edge_id=made.edges[0], name=LATER), (0, -1, -1))
            assert back.faces == (face,)
            assert canonical_bytes(mesh) == before
            assert [mesh.the_one("face", each) for each in made.faces] == [face, face]
            assert mesh.resolve("edge", made.edges[0]) == []


def test_mesh_35_other_faces_make_a_new_one() -> None:
    mesh = with_attributes(grid(2, 1))
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    faces = mesh.face_ids()
    loops = {face: mesh.face_vertices(face) for face in faces}
    uv = {(face, vertex): row(mesh, "corner", "uv", face, vertex) for face in faces for vertex in loops[face]}
    mark = row(mesh, "face", "mark", faces[0])
    made = operate(mesh, partial(dissolve_edge, edge_id=edge, name=NAME), (0, -1, -1))
    assert made.faces == (element_id(NAME, "dissolve-edge.face", faces),)
    assert len(mesh.face_vertices(made.faces[0])) == 6
    assert row(mesh, "face", "mark", made.faces[0]) == mark
    for vertex in mesh.face_vertices(made.faces[0]):
        source = faces[0] if vertex in loops[faces[0]] else faces[1]
        assert row(mesh, "corner", "uv", made.faces[0], vertex) == uv[source, vertex]
    assert [mesh.the_one("face", face) for face in faces] == list(made.faces) * 2


def test_mesh_35_faces_that_share_more_are_not_joined() -> None:
    mesh = cube()
    split_edge(mesh, mesh.edge_ids()[0], 0.5, NAME)
    half = next(
        edge
        for edge in mesh.edge_ids()
        if any(
            len([each for each in mesh.edge_ids() if end in mesh.edge_vertices(each)]) == 2
            for end in mesh.edge_vertices(edge)
        )
    )
    error = refuse(mesh, lambda mesh: dissolve_edge(mesh, half, LATER), NotApplicable)
    assert (error.field, error.identifier) == ("edge", half)
    flat = grid(1, 1)
    refuse(flat, lambda mesh: dissolve_edge(mesh, mesh.edge_ids()[0], NAME), NotApplicable, "between two faces")
    refuse(flat, lambda mesh: dissolve_edge(mesh, NOTHING, NAME), UnknownElement)


def test_mesh_35_a_face_has_a_limit_of_corners() -> None:
    mesh = grid(2, 1)
    middle = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    edge = edge_at(mesh, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    for number in range(MESH_FACE_CORNERS_MAX - 6):
        edge = split_edge(mesh, edge, 0.5, CommandName(3, number)).edges[0]
    joined = mesh.copy()
    made = dissolve_edge(joined, middle, LATER)
    assert len(joined.face_vertices(made.faces[0])) == MESH_FACE_CORNERS_MAX
    split_edge(mesh, edge, 0.5, CommandName(3, 9_999))
    refuse(mesh, lambda mesh: dissolve_edge(mesh, middle, LATER), InvalidValue, "face corners")


def test_mesh_35_an_id_that_is_taken_is_refused() -> None:
    mesh = grid(3, 1)
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    beside = sorted(face_at(mesh, (float(x), 0.0, 0.0), (x + 1.0, 0.0, 0.0)) for x in range(2))
    far = face_at(mesh, (2.0, 0.0, 0.0), (3.0, 0.0, 0.0))
    rename(mesh, "face", far, element_id(NAME, "dissolve-edge.face", beside))
    refuse(mesh, lambda mesh: dissolve_edge(mesh, edge, NAME), DuplicateElement)


def test_mesh_36_a_poked_face_is_triangles_around_its_centroid() -> None:
    mesh = with_attributes(polygon(HEXAGON))
    face = mesh.face_ids()[0]
    sides, centre = mesh.face_edges(face), face_centroid(mesh, face)
    marks = [row(mesh, "vertex", "mark", small_id(at)) for at in range(6)]
    uvs = [row(mesh, "corner", "uv", face, small_id(at)) for at in range(6)]
    made = operate(mesh, partial(poke, face_id=face, name=NAME), (1, 6, 5))
    assert made.vertices == (element_id(NAME, "poke.vertex", (face,)),)
    assert list(made.edges) == [element_id(NAME, "poke.edge", (face, small_id(at))) for at in range(6)]
    assert list(made.faces) == [element_id(NAME, "poke.face", (face, side)) for side in sides]
    middle = made.vertices[0]
    assert mesh.position(middle) == centre
    assert mesh.resolve("face", face) == list(made.faces)
    for at, (edge, each) in enumerate(zip(made.edges, made.faces, strict=True)):
        assert set(mesh.edge_vertices(edge)) == {middle, small_id(at)}
        assert set(mesh.face_vertices(each)) == {middle, small_id(at), small_id((at + 1) % 6)}
        assert row(mesh, "corner", "uv", each, small_id(at)) == uvs[at]
        near(row(mesh, "corner", "uv", each, middle), [sum(uv[axis] for uv in uvs) / 6.0 for axis in range(2)])
        near(face_normal(mesh, each), (0.0, 0.0, 1.0))
    near(row(mesh, "vertex", "mark", middle), [sum(mark[axis] for mark in marks) / 6.0 for axis in range(2)])


@pytest.mark.parametrize("make", [cube, lambda: build_primitive("pyramid", 1.0, CommandName(1, 1)), torus])
def test_mesh_36_every_face_can_be_poked(make: Callable[[], Mesh]) -> None:
    mesh = make()
    for number, face in enumerate(mesh.face_ids()):
        corners = len(mesh.face_vertices(face))
        operate(mesh, partial(poke, face_id=face, name=CommandName(8, number)), (1, corners, corners - 1))


def test_mesh_36_what_cannot_be_poked_stays() -> None:
    mesh = cube()
    face = mesh.face_ids()[0]
    refuse(mesh, lambda mesh: poke(mesh, NOTHING, NAME), UnknownElement)
    rename(mesh, "face", mesh.face_ids()[3], element_id(NAME, "poke.face", (face, mesh.face_edges(face)[1])))
    refuse(mesh, lambda mesh: poke(mesh, face, NAME), DuplicateElement)


def test_mesh_36_too_large_a_mesh_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = cube()
    monkeypatch.setattr(rebuilding, "MESH_FACES_MAX", 8)
    error = refuse(mesh, lambda mesh: poke(mesh, mesh.face_ids()[0], NAME), InvalidValue)
    assert error.field == "faces"


def test_mesh_37_convex_faces_become_fans() -> None:
    mesh = with_attributes(polygon(HEXAGON))
    face = mesh.face_ids()[0]
    mark = row(mesh, "face", "mark", face)
    uv = {vertex: row(mesh, "corner", "uv", face, vertex) for vertex in mesh.vertex_ids()}
    made = operate(mesh, partial(triangulate_faces, face_ids=[face], name=NAME), (0, 3, 3))
    assert [mesh.face_vertices(each) for each in made.faces] == [
        [small_id(0), small_id(at), small_id(at + 1)] for at in range(1, 5)
    ]
    assert list(made.faces) == [element_id(NAME, "triangulate.face", (face,), at) for at in range(4)]
    ends = [(small_id(0), small_id(at)) for at in range(2, 5)]
    assert list(made.edges) == [element_id(NAME, "triangulate.edge", (face, *pair)) for pair in ends]
    assert [mesh.edge_vertices(edge) for edge in made.edges] == ends
    assert mesh.resolve("face", face) == list(made.faces)
    for each in made.faces:
        assert row(mesh, "face", "mark", each) == mark
        for vertex in mesh.face_vertices(each):
            assert row(mesh, "corner", "uv", each, vertex) == uv[vertex]


def test_mesh_37_the_triangles_are_those_that_are_drawn() -> None:
    mesh = polygon(ARROW)
    shown = {frozenset(triangle) for triangle in triangulate(mesh).corners.tolist()}
    made = operate(mesh, partial(triangulate_faces, face_ids=mesh.face_ids(), name=NAME), (0, 2, 2))
    number = {vertex: at for at, vertex in enumerate(mesh.vertex_ids())}
    assert {frozenset(number[vertex] for vertex in mesh.face_vertices(face)) for face in made.faces} == shown
    for face in made.faces:
        near(face_normal(mesh, face), (0.0, 0.0, 1.0))


def test_mesh_37_triangles_stay_as_they_are() -> None:
    mesh = build_primitive("pyramid", 2.0, CommandName(1, 1))
    quad = next(face for face in mesh.face_ids() if len(mesh.face_vertices(face)) == 4)
    others = [face for face in mesh.face_ids() if face != quad]
    made = operate(mesh, partial(triangulate_faces, face_ids=mesh.face_ids()[::-1], name=NAME), (0, 1, 1))
    assert set(mesh.face_ids()) == {*others, *made.faces}
    before = canonical_bytes(mesh)
    assert operate(mesh, partial(triangulate_faces, face_ids=others, name=LATER), (0, 0, 0)).faces == ()
    assert operate(mesh, partial(triangulate_faces, face_ids=[], name=LATER), (0, 0, 0)).faces == ()
    assert canonical_bytes(mesh) == before


def test_mesh_37_the_order_of_the_arguments_does_not_matter() -> None:
    states = set()
    for turn in (1, -1):
        mesh = cube()
        triangulate_faces(mesh, mesh.face_ids()[::turn], NAME)
        states.add(canonical_bytes(mesh) + mesh.redirects.digest())
    assert len(states) == 1


@pytest.mark.parametrize("corners", [4, 5, 6, 7])
def test_mesh_37_diagonals_keep_off_edges_that_there_are(corners: int) -> None:
    mesh = pillow(corners)
    operate(
        mesh,
        partial(triangulate_faces, face_ids=mesh.face_ids(), name=NAME),
        (0, 2 * (corners - 3), 2 * (corners - 3)),
    )


def crossed() -> tuple[Mesh, bytes]:
    """A torus with a quad of which both pairs of opposite corners share an edge on its other side.

    Of the torus that is the complete graph on 7 vertices (Császár), an edge ab is dissolved and another flipped to ab.
    """
    triangles = [[(at + step) % 7 for step in steps] for at in range(7) for steps in ((0, 1, 3), (0, 3, 2))]
    points = [(float(at), float(at * at % 7), float(at * at * at % 7)) for at in range(7)]
    for number in range(21):
        mesh = mesh_from(points, triangles)
        edge = mesh.edge_ids()[number]
        ends = set(mesh.edge_vertices(edge))
        quad = dissolve_edge(mesh, edge, LATER).faces[0]
        for other in mesh.edge_ids():
            faces = [face for face in mesh.face_ids() if face != quad and other in mesh.face_edges(face)]
            tops = {vertex for face in faces for vertex in mesh.face_vertices(face)} - set(mesh.edge_vertices(other))
            if len(faces) == 2 and tops == ends:
                flip_edge(mesh, other, LATER)
                validate(mesh)
                return mesh, quad
    raise AssertionError("no such edge")


def test_mesh_37_there_may_be_no_diagonal_left() -> None:
    mesh, quad = crossed()
    error = refuse(mesh, lambda mesh: triangulate_faces(mesh, [quad], NAME), MultiEdge)
    assert set(error.ends) <= set(mesh.face_vertices(quad))


def test_mesh_37_faces_are_named_once() -> None:
    mesh = cube()
    face = mesh.face_ids()[0]
    assert refuse(mesh, lambda mesh: triangulate_faces(mesh, [face, face], NAME), InvalidValue).field == "faces"
    refuse(mesh, lambda mesh: triangulate_faces(mesh, [face, NOTHING], NAME), UnknownElement)


def test_mesh_37_a_face_without_area_becomes_a_fan() -> None:
    mesh = polygon(HEXAGON)
    move_vertices(mesh, mesh.vertex_ids(), [(1.0, 1.0, 1.0)] * 6)
    made = operate(mesh, partial(triangulate_faces, face_ids=mesh.face_ids(), name=NAME), (0, 3, 3))
    assert all(mesh.face_vertices(face)[0] == small_id(0) for face in made.faces)
    assert edge_between(mesh, small_id(0), small_id(2)) == made.edges[0]


def a_split_edge(mesh: Mesh) -> None:
    split_edge(mesh, mesh.edge_ids()[0], 0.5, CommandName(8, 8))


def a_split_face(mesh: Mesh) -> None:
    face = mesh.face_ids()[0]
    corners = mesh.face_vertices(face)
    split_face(mesh, face, corners[0], corners[2], CommandName(8, 8))


def a_triangulated_face(mesh: Mesh) -> None:
    triangulate_faces(mesh, mesh.face_ids()[:1], CommandName(8, 8))


@pytest.mark.parametrize("cut", [a_split_edge, a_split_face, a_triangulated_face])
def test_mesh_21_attributes_count_in_what_a_mesh_may_have(
    cut: Callable[[Mesh], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = grid(2, 2)
    set_attribute(mesh, "vertex", "wide", mesh.vertex_ids(), np.zeros((mesh.vertex_count, 4)))
    elements = 40 * mesh.vertex_count + 32 * mesh.edge_count + 20 * mesh.face_count
    monkeypatch.setattr(rebuilding, "MESH_BYTES_MAX", elements + 100)
    before = raw_state(mesh)
    with pytest.raises(InvalidValue, match="bytes"):
        cut(mesh)
    assert raw_state(mesh) == before


@pytest.mark.parametrize(
    ("limit", "most", "attributes"),
    [("TRIANGULATION_WORK_MAX", 36, 0), ("SURGERY_WORK_MAX", 8, 0), ("SURGERY_WORK_MAX", 16, 2)],
)
def test_mesh_37_too_much_is_refused_before_ears_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, attributes: int
) -> None:
    mesh = mesh_from(HEXAGON, [tuple(range(6))])
    for number in range(attributes):
        set_attribute(mesh, "vertex", f"a{number}", [mesh.vertex_ids()[0]], [[1.0]])
    monkeypatch.setattr(triangulating, limit, most - 1)
    with monkeypatch.context() as patched:
        patched.setattr(triangulating, "triangulate_loops", lambda *_: pytest.fail("nothing must be worked out"))
        refuse(mesh, lambda mesh: triangulate_faces(mesh, mesh.face_ids(), NAME), InvalidValue, f"change of {most}'")
    monkeypatch.setattr(triangulating, limit, most)
    operate(mesh, lambda mesh: triangulate_faces(mesh, mesh.face_ids(), NAME), (0, 3, 3))
