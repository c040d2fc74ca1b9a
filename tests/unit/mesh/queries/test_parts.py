"""Connected parts, Euler characteristic and genus; growing and shrinking a selection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import grid, mesh_from, small_id, torus
from tests.unit.mesh.queries.shaped import numbered, round_torus, shuffled, some_mesh, together
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive
from theta.mesh.queries import (
    boundary_loops,
    euler_characteristic,
    genus,
    grow_selection,
    part_of,
    parts,
    shrink_selection,
)

SEEDS = st.integers(0, 2**32 - 1)


def cube() -> Mesh:
    return build_primitive("cube", 1.0, CommandName(3, 1))


def handle_pair() -> Mesh:
    """Two tori joined where a quad was taken out of each: genus 2."""
    one, wide = round_torus(6, 5), 30
    faces = [list(loop) for loop in np.split(_corners(one), np.cumsum([4] * 30)[:-1])]
    hole = faces.pop(7)
    mirrored = [[corner + wide for corner in reversed(loop)] for loop in faces]
    bridge = [
        [hole[at], hole[(at + 1) % 4], hole[(at + 1) % 4] + wide, hole[at] + wide] for at in range(4)
    ]  # fmt: skip
    positions = [[x, y, z] for x, y, z in one.positions().tolist()]
    positions += [[x, y + 9.0, z] for x, y, z in positions]
    return mesh_from(positions, faces + mirrored + bridge)


def _corners(mesh: Mesh) -> np.ndarray:
    number = {vertex: at for at, vertex in enumerate(mesh.vertex_ids())}
    return np.array([number[vertex] for face in mesh.face_ids() for vertex in mesh.face_vertices(face)])


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [(cube(), 0), (torus(), 1), (round_torus(), 1), (handle_pair(), 2), (grid(3, 3), 0), (Mesh(), 0)],
    ids=["cube", "flat torus", "torus", "two handles", "grid", "empty"],
)
def test_mesh_84_genus_counts_handles(mesh: Mesh, expected: int) -> None:
    assert genus(mesh) == expected
    assert genus(together(mesh, torus())) == expected + 1


def test_mesh_84_parts_know_their_kind() -> None:
    mesh = together(cube(), torus(), grid(2, 2), mesh_from([(0, 0, 0)], []))
    known = {len(part.vertices): part for part in parts(mesh)}
    assert {count: (part.euler, part.genus, part.boundaries, part.closed) for count, part in known.items()} == {
        8: (2, 0, 0, True), 12: (0, 1, 0, True), 9: (1, 0, 1, False), 1: (1, 0, 0, False)
    }  # fmt: skip
    assert euler_characteristic(mesh) == 4
    assert euler_characteristic(Mesh()) == 0
    assert parts(Mesh()) == ()


def test_mesh_84_parts_come_by_their_lowest_vertex() -> None:
    mesh = numbered(
        [(0, 0, 0), (9, 0, 0), (1, 0, 0), (0, 0, 5), (1, 0, 5), (0, 1, 5), (0, 1, 0)], [(3, 4, 5), (0, 2, 6)]
    )  # fmt: skip
    assert [part.vertices for part in parts(mesh)] == [
        (small_id(0), small_id(2), small_id(6)), (small_id(1),), (small_id(3), small_id(4), small_id(5))
    ]  # fmt: skip
    assert [part.faces for part in parts(mesh)] == [(small_id(1),), (), (small_id(0),)]


@given(SEEDS)
def test_mesh_84_parts_are_all_there_is_and_each_element_is_in_its_own(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    found = parts(mesh)
    assert found == parts(shuffled(mesh, generator))
    for kind, ids in (("vertices", mesh.vertex_ids()), ("edges", mesh.edge_ids()), ("faces", mesh.face_ids())):
        assert sorted(identifier for part in found for identifier in getattr(part, kind)) == ids
    assert sum(part.boundaries for part in found) == len(boundary_loops(mesh))
    assert sum(part.euler for part in found) == euler_characteristic(mesh)
    for part in found:
        assert part.genus >= 0
        inside = set(part.vertices)
        assert all(set(mesh.edge_vertices(edge)) <= inside for edge in part.edges)
        assert all(set(mesh.face_vertices(face)) <= inside for face in part.faces)
        assert _reached(mesh, part.vertices[0]) == inside
        assert list(part.vertices) == sorted(part.vertices)
        assert list(part.edges) == sorted(part.edges)
        assert list(part.faces) == sorted(part.faces)
        assert part_of(mesh, "vertex", part.vertices[-1]) == part
        if part.faces:
            assert part_of(mesh, "edge", part.edges[0]) == part
            assert part_of(mesh, "face", part.faces[-1]) == part


def _reached(mesh: Mesh, vertex: bytes) -> set[bytes]:
    ends = [mesh.edge_vertices(edge) for edge in mesh.edge_ids()]
    reached = {vertex}
    while more := {b for a, b in (*ends, *((b, a) for a, b in ends)) if a in reached} - reached:
        reached |= more
    return reached


def test_mesh_84_a_long_strip_is_one_part(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = shuffled(together(grid(2000, 1), grid(1, 700)), generator)
    assert sorted(len(part.faces) for part in parts(mesh)) == [700, 2000]


def test_mesh_84_what_is_no_element_has_no_part() -> None:
    with pytest.raises(UnknownElement):
        part_of(cube(), "edge", bytes(16))
    with pytest.raises(InvalidValue) as told:
        part_of(cube(), "corner", bytes(16))
    assert told.value.field == "kind"


def test_mesh_86_a_selection_grows_and_shrinks_by_a_step() -> None:
    wide = 6
    mesh = numbered(
        [(float(x), 0.0, float(z)) for z in range(wide) for x in range(wide)],
        [(at, at + wide, at + wide + 1, at + 1) for at in range(29) if at % wide < 5],
    )
    face = [small_id(12)]
    grown = grow_selection(mesh, "face", face)
    assert [int.from_bytes(each, "big") for each in grown] == [6, 7, 8, 11, 12, 13, 16, 17, 18]
    assert shrink_selection(mesh, "face", grown) == (small_id(12),)
    assert shrink_selection(mesh, "face", face) == ()
    vertex = [small_id(14)]
    assert [int.from_bytes(each, "big") for each in grow_selection(mesh, "vertex", vertex)] == [8, 13, 14, 15, 20]
    edge = next(each for each in mesh.edge_ids() if mesh.edge_vertices(each) == (small_id(14), small_id(15)))
    assert len(grow_selection(mesh, "edge", [edge])) == 7


def test_mesh_86_all_of_a_mesh_neither_grows_nor_shrinks() -> None:
    mesh = grid(3, 2)
    for kind, ids in (("vertex", mesh.vertex_ids()), ("edge", mesh.edge_ids()), ("face", mesh.face_ids())):
        for step in (grow_selection, shrink_selection):
            assert list(step(mesh, kind, ids)) == ids
            assert step(mesh, kind, []) == ()
            with pytest.raises(UnknownElement):
                step(mesh, kind, [bytes(16)])
            with pytest.raises(InvalidValue):
                step(mesh, "loop", ids)
    assert grow_selection(Mesh(), "face", []) == ()


@given(SEEDS)
def test_mesh_86_neighbours_as_the_rule_says(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = some_mesh(generator)
    ends = {edge: set(mesh.edge_vertices(edge)) for edge in mesh.edge_ids()}
    corners = {
        "vertex": {vertex: {vertex} for vertex in mesh.vertex_ids()},
        "edge": ends,
        "face": {face: set(mesh.face_vertices(face)) for face in mesh.face_ids()},
    }
    for kind, of in corners.items():
        ids = sorted(of)
        chosen = {ids[at] for at in generator.permutation(len(ids))[: int(generator.integers(0, 5))]}
        touched = {vertex for each in chosen for vertex in of[each]}
        if kind == "vertex":
            touched |= {vertex for pair in ends.values() if pair & touched for vertex in pair}
        grown = grow_selection(mesh, kind, chosen)
        assert list(grown) == sorted(each for each in ids if of[each] & touched)
        rest = set(ids) - chosen
        assert set(shrink_selection(mesh, kind, chosen)) == chosen - set(grow_selection(mesh, kind, rest))
        assert grow_selection(shuffled(mesh, generator), kind, chosen) == grown
