"""Vertices and faces where there were none."""

import math
from functools import partial

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    edge_at,
    operate,
    refuse,
    rename,
    row,
    vertex_at,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from, polygon, small_id
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import element_id
from theta.base.limits import COORDINATE_METRES_MAX, MESH_FACE_CORNERS_MAX
from theta.mesh import BowTie, DuplicateElement, Mesh, MultiEdge, RepeatedVertex, SelfEdge, build_primitive, validate
from theta.mesh.errors import NotApplicable
from theta.mesh.local import add_face, create_vertex, delete_elements, fill_hole


def with_points(count: int) -> Mesh:
    """Isolated vertices on a circle of the plane y = 0, ids ascending."""
    points = [(float(at), 0.0, float(at * at)) for at in range(count)]
    mesh = Mesh()
    for at, point in enumerate(points):
        create_vertex(mesh, point, NAME._replace(number=100 + at))
        rename(mesh, "vertex", element_id(NAME._replace(number=100 + at), "create.vertex"), small_id(at))
    return mesh


def test_mesh_30_a_vertex_lies_where_it_was_put() -> None:
    mesh = with_attributes(grid(1, 1))
    made = operate(mesh, lambda mesh: create_vertex(mesh, (1.5, -0.0, 3.0), NAME), (1, 0, 0))
    assert made.vertices == (element_id(NAME, "create.vertex"),)
    assert mesh.position(made.vertices[0]) == (1.5, 0.0, 3.0)
    assert math.copysign(1.0, mesh.position(made.vertices[0])[1]) == 1.0
    assert row(mesh, "vertex", "mark", made.vertices[0]) == [0.0, 0.0]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -1.1 * COORDINATE_METRES_MAX])
def test_mesh_30_a_vertex_lies_within_the_limits(wrong: float) -> None:
    error = refuse(grid(1, 1), lambda mesh: create_vertex(mesh, (0.0, wrong, 0.0), NAME), InvalidValue)
    assert error.field == "point"


def test_mesh_30_a_point_has_three_coordinates() -> None:
    refuse(grid(1, 1), lambda mesh: create_vertex(mesh, (0.0, 1.0), NAME), InvalidValue, "three numbers")


def test_mesh_30_one_command_makes_one_vertex() -> None:
    mesh = grid(1, 1)
    create_vertex(mesh, (0.0, 0.0, 0.0), NAME)
    refuse(mesh, lambda mesh: create_vertex(mesh, (1.0, 0.0, 0.0), NAME), DuplicateElement)


def test_mesh_31_a_face_of_isolated_vertices_makes_all_its_edges() -> None:
    mesh = with_points(5)
    loop = [small_id(number) for number in (3, 4, 0, 1, 2)]
    made = operate(mesh, lambda mesh: add_face(mesh, loop, NAME), (0, 5, 1))
    ascending = [small_id(number) for number in range(5)]
    assert made.faces == (element_id(NAME, "add-face.face", ascending),)
    assert mesh.face_vertices(made.faces[0]) == ascending
    ends = [sorted((ascending[at], ascending[(at + 1) % 5])) for at in range(5)]
    assert list(made.edges) == [element_id(NAME, "add-face.edge", pair) for pair in ends]
    assert mesh.face_edges(made.faces[0]) == list(made.edges)


def test_mesh_31_a_face_takes_the_edges_that_there_are() -> None:
    mesh = mesh_from([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0), (2, 1, 0)], [(0, 1, 2, 3)])
    loop = [vertex_at(mesh, point) for point in ((1.0, 0.0, 0.0), (2.0, 0.0, 0.0), (2.0, 1.0, 0.0), (1.0, 1.0, 0.0))]
    old = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 1.0, 0.0))
    made = operate(mesh, lambda mesh: add_face(mesh, loop, NAME), (0, 3, 1))
    assert set(mesh.face_edges(made.faces[0])) == {old, *made.edges}


def test_mesh_31_a_face_between_faces_may_make_no_edge() -> None:
    mesh = build_primitive("cube", 2.0, NAME._replace(number=1))
    face = mesh.face_ids()[2]
    loop = mesh.face_vertices(face)
    delete_elements(mesh, [], [], [face], NAME._replace(number=5))
    made = operate(mesh, lambda mesh: add_face(mesh, loop, NAME), (0, 0, 1))
    assert made.edges == ()


@pytest.mark.parametrize(
    ("loop", "error"),
    [
        ([0, 1], InvalidValue),
        ([], InvalidValue),
        ([0, 1, 1], SelfEdge),
        ([0, 1, 2, 1], RepeatedVertex),
        ([0, 1, 2, 3], MultiEdge),
        ([0, 4, 5], BowTie),
        ([0, 4, 99], UnknownElement),
    ],
)
def test_mesh_31_what_would_be_no_mesh_is_refused(loop: list[int], error: type[InvalidValue]) -> None:
    mesh = polygon([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    for number, point in ((4, (5.0, 0.0, 0.0)), (5, (6.0, 0.0, 0.0))):
        create_vertex(mesh, point, NAME._replace(number=number))
        rename(mesh, "vertex", element_id(NAME._replace(number=number), "create.vertex"), small_id(number))
    refuse(mesh, lambda mesh: add_face(mesh, [small_id(number) for number in loop], NAME), error)


def test_mesh_31_ids_that_are_taken_are_refused() -> None:
    for kind, role, parents in (("face", "add-face.face", (0, 1, 2)), ("edge", "add-face.edge", (0, 1))):
        mesh = with_points(6)
        add_face(mesh, [small_id(number) for number in (3, 4, 5)], NAME)
        taken = element_id(NAME, role, [small_id(number) for number in parents])
        old = (mesh.face_ids if kind == "face" else mesh.edge_ids)()[0]
        rename(mesh, kind, old, taken)
        refuse(mesh, lambda mesh: add_face(mesh, [small_id(at) for at in range(3)], NAME), DuplicateElement, kind)


def test_mesh_41_a_hole_is_filled_whichever_of_its_edges_is_named() -> None:
    results = set()
    for number in range(4):
        mesh = grid(3, 3)
        inner = next(face for face in mesh.face_ids() if all(_inside(mesh, each) for each in mesh.face_vertices(face)))
        loop, edges = mesh.face_vertices(inner), mesh.face_edges(inner)
        delete_elements(mesh, [], [], [inner], NAME._replace(number=5))
        edge = edges[number]
        made = operate(mesh, partial(fill_hole, edge_id=edge, name=NAME), (0, 0, 1))
        assert made.faces == (element_id(NAME, "fill.face", (min(edges),)),)
        assert mesh.face_vertices(made.faces[0]) == loop
        results.add(made.faces)
    assert len(results) == 1


def _inside(mesh: Mesh, vertex: bytes) -> bool:
    x, _, z = mesh.position(vertex)
    return 1.0 <= x <= 2.0 and 1.0 <= z <= 2.0


def test_mesh_41_a_single_faces_boundary_is_filled_from_behind() -> None:
    mesh = with_attributes(polygon([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]))
    made = operate(mesh, lambda mesh: fill_hole(mesh, mesh.edge_ids()[0], NAME), (0, 0, 1))
    assert mesh.face_vertices(made.faces[0]) == [small_id(number) for number in (0, 3, 2, 1)]
    assert row(mesh, "face", "mark", made.faces[0]) == [0.0, 0.0]


def test_mesh_41_only_a_hole_can_be_filled() -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    error = refuse(mesh, lambda mesh: fill_hole(mesh, mesh.edge_ids()[3], NAME), NotApplicable)
    assert (error.field, error.identifier) == ("edge", mesh.edge_ids()[3])
    refuse(mesh, lambda mesh: fill_hole(mesh, NOTHING, NAME), UnknownElement)


def test_mesh_41_a_hole_of_too_many_edges_is_refused() -> None:
    mesh = grid(MESH_FACE_CORNERS_MAX // 2, 1)
    validate(mesh)
    refuse(mesh, lambda mesh: fill_hole(mesh, edge_at(mesh, (0, 0, 0), (0, 0, 1)), NAME), InvalidValue, "face corners")


def test_mesh_41_an_id_that_is_taken_is_refused() -> None:
    mesh = grid(2, 1)
    edge = edge_at(mesh, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    lowest = min(each for each in mesh.edge_ids() if each != edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0)))
    rename(mesh, "face", mesh.face_ids()[0], element_id(NAME, "fill.face", (lowest,)))
    refuse(mesh, lambda mesh: fill_hole(mesh, edge, NAME), DuplicateElement)
