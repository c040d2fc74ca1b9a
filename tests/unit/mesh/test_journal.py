import pytest

from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive, extrude_face, move_vertices
from theta.mesh.operations import move_vertex


def raw(mesh: Mesh) -> list[bytes]:
    """All columns as they are."""
    return [column.array().tobytes() for column in mesh.halfedges.columns()]


def cube() -> Mesh:
    """One metre."""
    return build_primitive("cube", 1.0, CommandName(1, 1))


def test_mesh_9_marks_before_what_is_forgotten_do_not_stand_any_more() -> None:
    mesh = cube()
    marks, states = [], []
    for number in range(6):
        states.append(raw(mesh))
        marks.append(mesh.journal.mark())
        extrude_face(mesh, mesh.face_ids()[0], 0.1, CommandName(1, 2 + number))
    kept = mesh.journal.kept
    mesh.journal.forget_before(marks[3])
    assert 0 < mesh.journal.kept < kept
    mesh.journal.rollback(marks[5])
    assert raw(mesh) == states[5]
    mesh.journal.rollback(marks[3])
    assert raw(mesh) == states[3]
    assert mesh.journal.kept == 0
    with pytest.raises(AssertionError):
        mesh.journal.rollback(marks[2])


def test_mesh_9_a_mark_like_the_one_before_it_rolls_back_the_same() -> None:
    mesh = cube()
    extrude_face(mesh, mesh.face_ids()[0], 0.1, CommandName(1, 2))
    vertex = mesh.vertex_ids()[0]
    first = mesh.journal.mark()
    assert move_vertex(mesh, vertex, (1.0, 2.0, 3.0))
    between = raw(mesh)
    second = mesh.journal.mark(first)
    extrude_face(mesh, mesh.face_ids()[0], 0.1, CommandName(1, 3))
    mesh.journal.rollback(second)
    assert raw(mesh) == between
    mesh.journal.rollback(first)
    assert mesh.position(vertex) != (1.0, 2.0, 3.0)


def test_mesh_9_a_release_of_the_last_mark_goes_on_from_where_it_was() -> None:
    mesh = cube()
    mark = mesh.journal.mark()
    move_vertices(mesh, mesh.vertex_ids()[:2], [(1, 2, 3), (4, 5, 6)])
    mesh.journal.release(mark)
    before = raw(mesh)
    mark = mesh.journal.mark()
    move_vertices(mesh, mesh.vertex_ids()[:2], [(0, 0, 0), (-0.0, 0, 0)])
    mesh.journal.rollback(mark)
    assert raw(mesh) == before


def test_mesh_16_one_vertex_is_moved_as_several_are() -> None:
    one, several = cube(), cube()
    vertex = one.vertex_ids()[3]
    for point in ((0.5, -0.0, 3.0), (10.0, 20.0, -30.0)):
        assert move_vertex(one, vertex, point)
        move_vertices(several, [vertex], [point])
        assert raw(one) == raw(several)
    before = raw(one)
    for bad in ((float("nan"), 0.0, 0.0), (0.0, float("inf"), 0.0), (0.0, 0.0, -1e300)):
        assert not move_vertex(one, vertex, bad)
    assert not move_vertex(one, b"\xee" * 16, (0.0, 0.0, 0.0))
    assert raw(one) == before
