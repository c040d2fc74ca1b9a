"""Elements deleted, with the faces at them."""

from functools import partial

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    edge_at,
    face_at,
    operate,
    refuse,
    rename,
    row,
    vertex_at,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, polygon, raw_state, torus
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, element_id
from theta.mesh import DuplicateElement, Mesh, build_primitive
from theta.mesh import rebuild as rebuilding
from theta.mesh.local import create_vertex, delete_elements, poke


def cube() -> Mesh:
    return build_primitive("cube", 2.0, CommandName(1, 1))


def deleting(vertices: list[bytes] = [], edges: list[bytes] = [], faces: list[bytes] = []) -> partial:  # type: ignore[type-arg]  # noqa: B006
    return partial(delete_elements, vertex_ids=vertices, edge_ids=edges, face_ids=faces, name=NAME)


def square(x: int, z: int) -> list[tuple[float, float, float]]:
    """The corners of a grid's face."""
    return [(float(x + dx), 0.0, float(z + dz)) for dx in range(2) for dz in range(2)]


def test_mesh_40_a_face_goes_and_leaves_its_edges_to_others() -> None:
    mesh = with_attributes(cube())
    face = mesh.face_ids()[0]
    operate(mesh, deleting(faces=[face, face]), (0, 0, -1))
    assert mesh.resolve("face", face) == []


def test_mesh_40_what_loses_its_last_face_goes() -> None:
    mesh = with_attributes(grid(3, 1))
    lone = create_vertex(mesh, (9.0, 9.0, 9.0), CommandName(3, 1)).vertices[0]
    operate(mesh, deleting(faces=[face_at(mesh, *square(0, 0))]), (-2, -3, -1))
    assert mesh.has_vertex(lone)
    operate(mesh, deleting(faces=mesh.face_ids()), (-6, -7, -2))
    assert mesh.vertex_ids() == [lone]
    operate(mesh, deleting(vertices=[lone]), (-1, 0, 0))


def test_mesh_40_a_vertex_takes_its_faces_along() -> None:
    mesh = with_attributes(grid(2, 2))
    operate(mesh, deleting(vertices=[vertex_at(mesh, (0.0, 0.0, 0.0))]), (-1, -2, -1))
    cubic = with_attributes(cube())
    vertex = cubic.vertex_ids()[3]
    operate(cubic, deleting(vertices=[vertex]), (-1, -3, -3))
    assert cubic.resolve("vertex", vertex) == []


def test_mesh_40_an_edge_takes_its_faces_along() -> None:
    mesh = with_attributes(grid(3, 1))
    edge = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    operate(mesh, deleting(edges=[edge]), (-4, -6, -2))
    assert mesh.resolve("edge", edge) == []


def test_mesh_40_several_kinds_go_at_once() -> None:
    mesh = grid(4, 1)
    vertices = [vertex_at(mesh, (0.0, 0.0, 0.0))]
    edges = [edge_at(mesh, (1.0, 0.0, 0.0), (2.0, 0.0, 0.0))]
    faces = [face_at(mesh, *square(2, 0))]
    operate(mesh, deleting(vertices, edges, faces), (-6, -9, -3))


def test_mesh_40_nothing_named_is_nothing_done() -> None:
    mesh = torus()
    before = raw_state(mesh)
    operate(mesh, deleting(), (0, 0, 0))
    assert raw_state(mesh) == before


@pytest.mark.parametrize("turned", [False, True])
def test_mesh_40_fans_that_are_left_get_vertices_of_their_own(turned: bool) -> None:
    mesh = with_attributes(grid(2, 2))
    gone = [square(0, 0), square(1, 1)] if turned else [square(0, 1), square(1, 0)]
    left = [square(0, 1), square(1, 0)] if turned else [square(0, 0), square(1, 1)]
    faces = sorted(face_at(mesh, *corners) for corners in left)
    middle = vertex_at(mesh, (1.0, 0.0, 1.0))
    mark = row(mesh, "vertex", "mark", middle)
    uv = {face: row(mesh, "corner", "uv", face, middle) for face in faces}
    edges = {
        edge: next(end for end in mesh.edge_vertices(edge) if end != middle)
        for edge in mesh.face_edges(faces[1])
        if middle in mesh.edge_vertices(edge)
    }
    marks = {edge: row(mesh, "edge", "mark", edge) for edge in edges}
    made = operate(mesh, deleting(faces=[face_at(mesh, *corners) for corners in gone]), (-1, -4, -2))
    assert made.vertices == (element_id(NAME, "delete.vertex", (middle, faces[1])),)
    new = made.vertices[0]
    assert mesh.position(new) == mesh.position(middle)
    assert row(mesh, "vertex", "mark", new) == mark
    assert middle in mesh.face_vertices(faces[0])
    assert new in mesh.face_vertices(faces[1])
    assert row(mesh, "corner", "uv", faces[0], middle) == uv[faces[0]]
    assert row(mesh, "corner", "uv", faces[1], new) == uv[faces[1]]
    for edge, end in edges.items():
        now = mesh.the_one("edge", edge)
        falls = (end < middle) != (end < new)
        assert now == (element_id(NAME, "delete.edge", (edge,)) if falls else edge)
        assert (now in made.edges) is falls
        assert set(mesh.edge_vertices(now)) == {end, new}
        assert mesh.resolve_edge(edge, 0.25) == (now, 0.75 if falls else 0.25)
        assert row(mesh, "edge", "mark", now) == marks[edge]


def test_mesh_40_both_ends_of_an_edge_may_be_new() -> None:
    """A row of three faces; above and below every other one goes, so that the middle row has fans at both ends."""
    mesh = with_attributes(grid(4, 4))
    gone = [square(x, z) for x in range(4) for z in range(4) if (x + z) % 2]
    made = operate(mesh, deleting(faces=[face_at(mesh, *corners) for corners in gone]))
    assert mesh.face_count == 8
    assert mesh.vertex_count == 32
    assert mesh.edge_count == 32
    assert len(made.vertices) == 9
    assert all(len({*mesh.face_edges(face)}) == 4 for face in mesh.face_ids())


def test_mesh_40_an_edge_inside_a_fan_is_named_anew_once() -> None:
    """Around the vertex in the middle of a poked hexagon, fans of two triangles each are left."""
    hexagon = [(2, 0, 0), (1, 2, 0), (-1, 2, 0), (-2, 0, 0), (-1, -2, 0), (1, -2, 0)]
    for number in range(12):
        mesh = polygon(hexagon)
        around = poke(mesh, mesh.face_ids()[0], CommandName(3, number))
        with_attributes(mesh)
        made = operate(mesh, deleting(faces=[around.faces[0], around.faces[3]]), (1, -2, -2))
        assert len(made.edges) == len(set(made.edges)) <= 3
        for spoke in around.edges:
            assert mesh.the_one("edge", spoke) in mesh.edge_ids()


def test_mesh_40_what_is_no_element_is_not_deleted() -> None:
    mesh = cube()
    for wrong in (deleting([NOTHING]), deleting([], [NOTHING]), deleting([], [], [mesh.face_ids()[0], NOTHING])):
        refuse(mesh, wrong, UnknownElement)


def test_mesh_40_an_id_that_is_taken_is_refused() -> None:
    mesh = grid(2, 2)
    gone = [face_at(mesh, *square(0, 1)), face_at(mesh, *square(1, 0))]
    faces = sorted(face for face in mesh.face_ids() if face not in gone)
    middle = vertex_at(mesh, (1.0, 0.0, 1.0))
    taken = element_id(NAME, "delete.vertex", (middle, faces[1]))
    rename(mesh, "vertex", vertex_at(mesh, (0.0, 0.0, 0.0)), taken)
    refuse(mesh, deleting(faces=gone), DuplicateElement)


def test_mesh_40_a_deletion_that_makes_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = grid(4, 4)
    monkeypatch.setattr(rebuilding, "MESH_VERTICES_MAX", 30)
    gone = [face_at(mesh, *square(x, z)) for x in range(4) for z in range(4) if (x + z) % 2]
    assert refuse(mesh, deleting(faces=gone), InvalidValue).field == "vertices"
