"""Joining boundary loops."""

import pytest

from tests.unit.mesh.local.operating import (
    NAME,
    NOTHING,
    Operate,
    edge_at,
    edge_between,
    face_at,
    operate,
    refuse,
    row,
    vertex_at,
    with_attributes,
)
from tests.unit.mesh.meshes import grid, mesh_from
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import element_id
from theta.mesh import Mesh, MultiEdge
from theta.mesh.errors import NotApplicable
from theta.mesh.local.bridging import bridge

RING = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def two_squares(sides: int = 4) -> Mesh:
    """A square at z = 0 that faces down, and above it one of so many corners that faces up."""
    low = [(x, y, 0.0) for x, y in RING]
    high = [*[(x, y, 1.0) for x, y in RING], (-1.0, 0.5, 1.0)][:sides]
    return mesh_from([*low, *high], [(3, 2, 1, 0), tuple(range(4, 4 + sides))])


def square_side(mesh: Mesh, at: int, z: float) -> bytes:
    (ax, ay), (bx, by) = RING[at], RING[(at + 1) % 4]
    return edge_at(mesh, (ax, ay, z), (bx, by, z))


def bridged(at: int, other: int, shift: int = 0) -> Operate:
    return lambda mesh: bridge(mesh, square_side(mesh, at, 0.0), square_side(mesh, other, 1.0), shift, NAME)


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("other", range(4))
def test_mesh_55_a_bridge_counts_0_n_n(other: int, shift: int) -> None:
    mesh = with_attributes(two_squares())
    operate(mesh, bridged(1, other, shift), (0, 4, 4))
    assert mesh.vertex_count - mesh.edge_count + mesh.face_count == 2


def test_mesh_55_edges_named_lie_opposite_each_other() -> None:
    for at in range(4):
        mesh = two_squares()
        made = operate(mesh, bridged(at, at), (0, 4, 4))
        first, second = square_side(mesh, at, 0.0), square_side(mesh, at, 1.0)
        assert made.faces[0] == element_id(NAME, "bridge.face", (first, second))
        assert {first, second} <= set(mesh.face_edges(made.faces[0]))
        for x, y in RING:
            edge_between(mesh, vertex_at(mesh, (x, y, 0.0)), vertex_at(mesh, (x, y, 1.0)))


def test_mesh_55_the_shift_goes_on_along_the_second_boundary() -> None:
    mesh = two_squares()
    operate(mesh, bridged(0, 0, 1), (0, 4, 4))
    # The upper square runs 0 1 2 3, its boundary 3 2 1 0: one on from side 0 is side 3.
    face = face_at(mesh, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 1.0), (0.0, 0.0, 1.0))
    assert square_side(mesh, 3, 1.0) in mesh.face_edges(face)


def test_mesh_55_ids_and_attributes_are_as_written() -> None:
    mesh = with_attributes(two_squares())
    low, high = (face_at(mesh, (0.0, 0.0, z), (1.0, 1.0, z)) for z in (0.0, 1.0))
    made = operate(mesh, bridged(2, 2), (0, 4, 4))
    for edge, face in zip(made.edges, made.faces, strict=True):
        sides = mesh.face_edges(face)
        first = next(each for each in sides if each in mesh.face_edges(low))
        second = next(each for each in sides if each in mesh.face_edges(high))
        assert face == element_id(NAME, "bridge.face", (first, second))
        assert edge == element_id(NAME, "bridge.edge", (first, second))
        assert edge in sides
        assert row(mesh, "face", "mark", face) == row(mesh, "face", "mark", low)
        assert row(mesh, "edge", "mark", edge) == [0.0, 0.0]
        for vertex in mesh.face_vertices(face):
            beside = low if vertex in mesh.face_vertices(low) else high
            assert row(mesh, "corner", "uv", face, vertex) == row(mesh, "corner", "uv", beside, vertex)


def frame() -> Mesh:
    """A 3 × 3 grid without its middle: an outer loop of 12 edges and an inner one of 4."""
    whole = grid(3, 3)
    points = [whole.position(vertex) for vertex in whole.vertex_ids()]
    place = {vertex: at for at, vertex in enumerate(whole.vertex_ids())}
    middle = face_at(whole, (1.0, 0.0, 1.0), (2.0, 0.0, 2.0))
    loops = [[place[vertex] for vertex in whole.face_vertices(face)] for face in whole.face_ids() if face != middle]
    return mesh_from(points, loops)


def test_mesh_55_a_part_is_bridged_to_itself() -> None:
    """An open box without a bottom and a top becomes a torus."""
    points = [(x, y, z) for z in (0.0, 1.0) for x, y in RING]
    mesh = mesh_from(points, [(at, (at + 1) % 4, 4 + (at + 1) % 4, 4 + at) for at in range(4)])
    refuse(mesh, bridged(0, 0), MultiEdge)
    operate(mesh, bridged(0, 0, 2), (0, 4, 4))
    assert mesh.vertex_count - mesh.edge_count + mesh.face_count == 0


def test_mesh_55_loops_that_do_not_fit_are_refused() -> None:
    mesh = frame()
    outer = edge_at(mesh, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    inner = edge_at(mesh, (1.0, 0.0, 1.0), (2.0, 0.0, 1.0))
    between = edge_at(mesh, (1.0, 0.0, 0.0), (1.0, 0.0, 1.0))
    other = edge_at(mesh, (1.0, 0.0, 0.0), (2.0, 0.0, 0.0))
    refuse(mesh, lambda mesh: bridge(mesh, inner, outer, 0, NAME), NotApplicable, "a loop of 4 edges")
    refuse(mesh, lambda mesh: bridge(mesh, outer, other, 0, NAME), NotApplicable, "another boundary loop")
    refuse(mesh, lambda mesh: bridge(mesh, outer, outer, 0, NAME), NotApplicable, "another boundary loop")
    refuse(mesh, lambda mesh: bridge(mesh, between, outer, 0, NAME), NotApplicable, "on the boundary")
    refuse(mesh, lambda mesh: bridge(mesh, outer, between, 0, NAME), NotApplicable, "on the boundary")
    refuse(two_squares(5), bridged(1, 1), NotApplicable, "4 edges, not 5")


def test_mesh_55_what_is_wrong_is_named() -> None:
    mesh = two_squares()
    for shift in (-1, 4):
        assert refuse(mesh, bridged(0, 0, shift), InvalidValue).field == "shift"
    side = square_side(mesh, 0, 0.0)
    refuse(mesh, lambda mesh: bridge(mesh, NOTHING, side, 0, NAME), UnknownElement)
    refuse(mesh, lambda mesh: bridge(mesh, side, NOTHING, 0, NAME), UnknownElement)
