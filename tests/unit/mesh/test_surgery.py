"""The kernel of local operations: what it makes, and what it refuses without leaving a trace."""

from collections.abc import Callable

import pytest

from tests.unit.mesh.meshes import grid, mesh_from, raw_state
from theta.base.errors import InvalidValue, UsageError
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import COORDINATE_METRES_MAX, MESH_FACE_CORNERS_MAX
from theta.mesh import (
    BowTie,
    DuplicateElement,
    Mesh,
    MultiEdge,
    RepeatedVertex,
    SelfEdge,
    build_primitive,
    canonical_bytes,
    validate,
)
from theta.mesh import surgery as kernel
from theta.mesh.attribute_rows import attribute_rows, set_attribute
from theta.mesh.halfedges import NONE
from theta.mesh.redirects import Part
from theta.mesh.surgery import Surgery

NAME = CommandName(7, 1)


def new(role: str, ordinal: int = 0) -> bytes:
    return element_id(CommandName(9, 9), role, (), ordinal)


def counts(mesh: Mesh) -> tuple[int, int, int]:
    return mesh.vertex_count, mesh.edge_count, mesh.face_count


def loop_of(mesh: Mesh, face: bytes) -> list[int]:
    halfedges = mesh.halfedges
    return [halfedges.origin.view[side] for side in halfedges.face_loop(halfedges.faces.slot_of(face))]


def poked(mesh: Mesh, face: bytes) -> Surgery:
    """The face replaced by triangles around its middle."""
    halfedges = mesh.halfedges
    slot, loop = halfedges.faces.slot_of(face), loop_of(mesh, face)
    surgery = Surgery(halfedges)
    share = 1.0 / len(loop)
    middle = surgery.vertex(new("middle"), (0.0, -0.0, 0.0), tuple((vertex, share) for vertex in loop))
    surgery.remove_face(slot)
    for at, vertex in enumerate(loop):
        surgery.face(new("part", at), [vertex, loop[(at + 1) % len(loop)], middle], slot)
        surgery.name_edge(vertex, middle, new("spoke", at), None)
    surgery.redirect("face", face, [Part(new("part", at)) for at in range(len(loop))])
    return surgery


def test_mesh_28_faces_go_and_others_take_their_sides() -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    face = mesh.face_ids()[0]
    mark = mesh.journal.mark()
    before = raw_state(mesh)
    poked(mesh, face).apply()
    validate(mesh)
    assert counts(mesh) == (9, 16, 9)
    assert not mesh.has_face(face)
    assert mesh.resolve("face", face) == [new("part", at) for at in range(4)]
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before


def test_mesh_28_edges_that_no_face_uses_any_more_go_and_what_is_left_is_a_boundary() -> None:
    mesh = grid(2, 2)
    corner = min(
        mesh.face_ids(),
        key=lambda face: sum(
            mesh.position(vertex)[0] + mesh.position(vertex)[2] for vertex in mesh.face_vertices(face)
        ),
    )
    surgery = Surgery(mesh.halfedges)
    surgery.remove_face(mesh.halfedges.faces.slot_of(corner))
    surgery.apply()
    validate(mesh)
    assert counts(mesh) == (9, 10, 3)
    assert len([vertex for vertex in mesh.halfedges.vertex_halfedge.array().tolist() if vertex == -1]) == 1, "isolated"


def test_mesh_28_an_isolated_vertex_can_be_retired_with_its_face() -> None:
    mesh = grid(1, 1)
    surgery = Surgery(mesh.halfedges)
    surgery.remove_face(0)
    for vertex in range(4):
        surgery.retire_vertex(vertex)
    surgery.apply()
    validate(mesh)
    assert counts(mesh) == (0, 0, 0)


def test_mesh_28_a_face_on_boundary_sides_shares_their_edges() -> None:
    mesh = mesh_from([(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), (2, 0, 2)], [(0, 2, 1)])
    surgery = Surgery(mesh.halfedges)
    surgery.face(new("face"), [1, 2, 3])
    for at, (one, other) in enumerate([(2, 3), (1, 3), (1, 2)]):
        surgery.name_edge(one, other, new("edge", at))
    surgery.apply()
    validate(mesh)
    assert counts(mesh) == (5, 5, 2)


def a_second_face_along_an_edge(mesh: Mesh) -> Surgery:
    loop = loop_of(mesh, mesh.face_ids()[0])
    surgery = Surgery(mesh.halfedges)
    surgery.face(new("face"), loop[:3])
    surgery.name_edge(loop[0], loop[2], new("edge"))
    return surgery


def a_second_fan(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    tips = [surgery.vertex(new("tip", at), (float(at), 5.0, 5.0)) for at in range(2)]
    surgery.face(new("face"), [0, *tips])
    for at, (one, other) in enumerate([(0, tips[0]), (0, tips[1]), (tips[0], tips[1])]):
        surgery.name_edge(one, other, new("edge", at))
    return surgery


def a_face_twice_at_a_vertex(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.face(new("face"), [0, 1, 2, 1, 3])
    return surgery


def a_side_to_itself(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.face(new("face"), [0, 1, 1, 2])
    return surgery


def two_corners(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.face(new("face"), [0, 1])
    return surgery


def too_many_corners(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.face(new("face"), range(MESH_FACE_CORNERS_MAX + 1))
    return surgery


def too_far(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.vertex(new("vertex"), (0.0, COORDINATE_METRES_MAX * 2.0, 0.0))
    return surgery


def an_id_that_is_taken(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.vertex(mesh.vertex_ids()[0], (0.0, 0.0, 0.0))
    return surgery


def an_id_given_twice(mesh: Mesh) -> Surgery:
    surgery = Surgery(mesh.halfedges)
    surgery.vertex(new("vertex"), (0.0, 0.0, 0.0))
    surgery.vertex(new("vertex"), (0.0, 0.0, 1.0))
    return surgery


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (a_second_face_along_an_edge, MultiEdge),
        (a_second_fan, BowTie),
        (a_face_twice_at_a_vertex, RepeatedVertex),
        (a_side_to_itself, SelfEdge),
        (two_corners, InvalidValue),
        (too_many_corners, InvalidValue),
        (too_far, InvalidValue),
        (an_id_that_is_taken, DuplicateElement),
        (an_id_given_twice, DuplicateElement),
    ],
)
def test_mesh_28_what_would_be_no_manifold_leaves_no_trace(
    wrong: Callable[[Mesh], Surgery], error: type[UsageError]
) -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    before = raw_state(mesh)
    with pytest.raises(error):
        wrong(mesh).apply()
    assert raw_state(mesh) == before


def test_mesh_24_new_elements_take_their_attributes_from_where_they_come_from() -> None:
    mesh = grid(1, 1)
    [face] = mesh.face_ids()
    vertices = mesh.face_vertices(face)
    set_attribute(mesh, "vertex", "warmth", vertices, [1.0, 2.0, 3.0, 6.0])
    set_attribute(mesh, "vertex", "group", vertices, [5, 6, 7, 8], "i4")
    set_attribute(mesh, "face", "colour", [face], [[0.1, 0.2, 0.3]])
    set_attribute(mesh, "corner", "uv", [(face, vertex) for vertex in vertices], [[0, 0], [1, 0], [1, 1], [0, 1]])
    poked(mesh, face).apply()
    validate(mesh)
    middle = mesh.vertex_ids().index(new("middle"))
    assert attribute_rows(mesh, "vertex", "warmth")[middle].tolist() == [3.0]
    assert attribute_rows(mesh, "vertex", "group")[middle].tolist() == [5]
    assert attribute_rows(mesh, "face", "colour").tolist() == [[0.1, 0.2, 0.3]] * 4
    uv = attribute_rows(mesh, "corner", "uv").tolist()
    corners = [vertex for part in mesh.face_ids() for vertex in mesh.face_vertices(part)]
    expected = dict(zip(vertices, [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], strict=True)) | {
        new("middle"): [0.5, 0.5]
    }
    assert uv == [expected[vertex] for vertex in corners]


def test_mesh_24_a_new_corner_between_vertices_that_its_face_lacks_is_as_the_first_that_it_has() -> None:
    mesh = grid(3, 1)
    halfedges, face = mesh.halfedges, mesh.face_ids()[0]
    slot, vertices = halfedges.faces.slot_of(face), mesh.face_vertices(face)
    elsewhere = next(each for each in mesh.vertex_ids() if each not in vertices)
    set_attribute(mesh, "corner", "uv", [(face, vertex) for vertex in vertices], [1.0, 2.0, 3.0, 4.0])
    inside, outside = halfedges.vertices.slot_of(vertices[2]), halfedges.vertices.slot_of(elsewhere)
    for blend, expected in ((((outside, 0.5), (inside, 0.5)), 3.0), (((outside, 1.0),), 1.0)):
        mark = mesh.journal.mark()
        surgery = Surgery(halfedges)
        made = surgery.vertex(new("corner"), (9.0, 9.0, 9.0), blend)
        others = [surgery.vertex(new("corner", at), (float(at), 9.0, 9.0), blend) for at in (1, 2)]
        surgery.face(new("face"), [made, *others], like=slot)
        for at, vertex in enumerate((made, *others)):
            surgery.name_edge(vertex, [made, *others][at - 1], new("edge", at))
        surgery.apply()
        row = mesh.face_ids().index(new("face"))
        begin = sum(len(mesh.face_vertices(each)) for each in mesh.face_ids()[:row])
        assert attribute_rows(mesh, "corner", "uv")[begin].tolist() == [expected]
        mesh.journal.rollback(mark)


def test_mesh_24_rolling_back_takes_attributes_back_too() -> None:
    mesh = grid(1, 1)
    [face] = mesh.face_ids()
    set_attribute(mesh, "face", "colour", [face], [[0.1, 0.2, 0.3]])
    before, mark = raw_state(mesh), mesh.journal.mark()
    set_attribute(mesh, "edge", "crease", mesh.edge_ids()[:2], [1.0, 2.0])
    set_attribute(mesh, "face", "colour", [face], [[0.5, 0.5, 0.5]])
    poked(mesh, face).apply()
    assert canonical_bytes(mesh)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before


@pytest.mark.parametrize("attributes", [0, 2])
@pytest.mark.parametrize("change", ["remove", "reshape", "make", "foresee"])
def test_mesh_28_too_much_at_once_is_refused_before_it_is_worked_out(
    monkeypatch: pytest.MonkeyPatch, change: str, attributes: int
) -> None:
    mesh = grid(4, 1)
    for number in range(attributes):
        set_attribute(mesh, "vertex", f"a{number}", [mesh.vertex_ids()[0]], [[1.0]])
    # Three quads cost 12, 36 and 24 without attributes, and twice as much with two.
    most = {"remove": 12, "reshape": 36, "make": 24, "foresee": 24}[change] * (2 + attributes) // 2
    raw = raw_state(mesh)

    def run() -> None:
        surgery = Surgery(mesh.halfedges)
        for face in range(3):
            loop = mesh.halfedges.face_loop(face)
            vertices = [mesh.halfedges.origin.view[side] for side in loop]
            if change == "remove":
                surgery.remove_face(face)
                surgery.remove_face(face)
            elif change == "reshape":
                surgery.reshape(face, vertices)
                surgery.reshape(face, vertices)
            elif change == "make":
                surgery.face(new("face", face), vertices)
        if change == "foresee":
            surgery.foresee(3)

    monkeypatch.setattr(kernel, "SURGERY_WORK_MAX", most)
    run()
    monkeypatch.setattr(kernel, "SURGERY_WORK_MAX", most - 1)
    with pytest.raises(InvalidValue, match=f"faces is 'a change of {most}'"):
        run()
    assert raw_state(mesh) == raw


def test_the_side_between_two_vertices_is_found_from_either() -> None:
    mesh = grid(3, 3)
    mesh.halfedges.vertices.extend([new("lone")])
    mesh.halfedges.positions.extend([0.0, 9.0, 0.0])
    mesh.halfedges.vertex_halfedge.extend([NONE])
    halfedges = mesh.halfedges
    origin = halfedges.origin.view
    sides = {(origin[side], origin[side ^ 1]): side for side in range(2 * mesh.edge_count)}
    everything = range(mesh.vertex_count)
    assert {
        (tail, head): halfedges.side_between(tail, head) for tail in everything for head in everything if tail != head
    } == {(tail, head): sides.get((tail, head)) for tail in everything for head in everything if tail != head}
