"""Moving vertices and extruding faces."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.mesh.local.operating import operate, row, with_attributes
from tests.unit.mesh.meshes import grid, mesh_from, polygon, raw_state
from theta.base.errors import InvalidValue, UnknownElement, UsageError
from theta.base.identifiers import CommandName, blake2b_128, element_id
from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh import (
    DegenerateFace,
    DuplicateElement,
    Journal,
    Mesh,
    build_primitive,
    canonical_bytes,
    extrude_face,
    face_normal,
    move_vertices,
    nearest_face_to_normal,
    rebuild,
    validate,
)
from theta.mesh.canonical import HEADER
from theta.mesh.columns import Column, IdTable
from theta.mesh.results import Made

NAME = CommandName(7, 1)
NEXT = CommandName(7, 2)
NOTHING = bytes(16)


def cube() -> Mesh:
    return build_primitive("cube", 2.0, NAME)


def test_mesh_16_moved_vertices_are_where_they_were_put() -> None:
    mesh = cube()
    some = mesh.vertex_ids()[2:5]
    others = {vertex: mesh.position(vertex) for vertex in mesh.vertex_ids() if vertex not in some}
    targets = np.array([[1.5, 2.5, 3.5], [0.1, -0.0, 0.3], [COORDINATE_METRES_MAX, 0.0, -COORDINATE_METRES_MAX]])
    move_vertices(mesh, some, targets)
    validate(mesh)
    assert [mesh.position(vertex) for vertex in some] == [tuple(row) for row in targets.tolist()]
    assert math.copysign(1.0, mesh.position(some[1])[1]) == 1.0
    assert others == {vertex: mesh.position(vertex) for vertex in others}
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (8, 12, 6)


def test_mesh_16_moving_nothing_changes_nothing() -> None:
    mesh = cube()
    before = raw_state(mesh)
    move_vertices(mesh, [], [])
    assert raw_state(mesh) == before


@pytest.mark.parametrize("kind", ["cube", "pyramid", "plane"])
def test_mesh_17_an_extrusion_counts_n_2n_n(kind: str) -> None:
    for ordinal in range(build_primitive(kind, 2.0, NAME).face_count):
        mesh = build_primitive(kind, 2.0, NAME)
        face = element_id(NAME, f"{kind}.face", (), ordinal)
        before = (mesh.vertex_count, mesh.edge_count, mesh.face_count)
        corners = len(mesh.face_vertices(face))
        extrude_face(mesh, face, 0.5, NEXT)
        validate(mesh)
        after = (mesh.vertex_count, mesh.edge_count, mesh.face_count)
        assert tuple(new - old for new, old in zip(after, before, strict=True)) == (corners, 2 * corners, corners)


def test_mesh_17_the_cap_keeps_the_face_and_stands_off_by_the_distance() -> None:
    mesh = cube()
    face = nearest_face_to_normal(mesh, (0, 1, 0))
    old, normal = mesh.face_vertices(face), face_normal(mesh, face)
    made = extrude_face(mesh, face, 0.25, NEXT)
    assert set(mesh.face_vertices(face)) == set(made.vertices)
    assert face_normal(mesh, face) == normal
    for below, above in zip(old, made.vertices, strict=True):
        x, y, z = mesh.position(below)
        assert mesh.position(above) == (x, y + 0.25, z)


def test_mesh_17_ids_and_neighbours_are_as_written() -> None:
    mesh = cube()
    face = mesh.face_ids()[3]
    old, edges = mesh.face_vertices(face), mesh.face_edges(face)
    made = extrude_face(mesh, face, -0.5, NEXT)
    count = len(old)
    for at in range(count):
        after = (at + 1) % count
        assert made.vertices[at] == element_id(NEXT, "extrude.vertex", (face, old[at]))
        assert made.side_edges[at] == element_id(NEXT, "extrude.side-edge", (face, old[at]))
        assert made.cap_edges[at] == element_id(NEXT, "extrude.cap-edge", (face, edges[at]))
        assert made.side_faces[at] == element_id(NEXT, "extrude.side", (face, edges[at]))
        assert set(mesh.edge_vertices(made.side_edges[at])) == {old[at], made.vertices[at]}
        assert set(mesh.edge_vertices(made.cap_edges[at])) == {made.vertices[at], made.vertices[after]}
        loop = [old[at], old[after], made.vertices[after], made.vertices[at]]
        start = loop.index(min(loop))
        assert mesh.face_vertices(made.side_faces[at]) == loop[start:] + loop[:start]
        assert edges[at] in mesh.face_edges(made.side_faces[at])


def test_mesh_17_faces_on_the_boundary_extrude() -> None:
    mesh = grid(3, 3)
    for number, face in enumerate(mesh.face_ids()):
        extrude_face(mesh, face, 1.0 + number, CommandName(7, 2 + number))
        validate(mesh)
    assert mesh.face_count == 9 * 5


def test_mesh_17_zero_is_a_distance() -> None:
    mesh = cube()
    face = mesh.face_ids()[0]
    made = extrude_face(mesh, face, 0.0, NEXT)
    validate(mesh)
    with pytest.raises(DegenerateFace) as told:
        extrude_face(mesh, made.side_faces[0], 1.0, CommandName(7, 3))
    assert told.value.face_id == made.side_faces[0]
    extrude_face(mesh, face, 1.0, CommandName(7, 3))


def test_mesh_17_mesh_24_what_is_new_has_the_attributes_of_what_is_below() -> None:
    mesh = with_attributes(grid(3, 2))
    face = mesh.face_ids()[2]
    old, edges = mesh.face_vertices(face), mesh.face_edges(face)
    uv = [row(mesh, "corner", "uv", face, vertex) for vertex in old]

    def extruded(mesh: Mesh) -> Made:
        made = extrude_face(mesh, face, 0.5, NEXT)
        return Made(made.vertices, made.side_edges + made.cap_edges, made.side_faces)

    made = operate(mesh, extruded, (4, 8, 4))
    for at in range(4):
        after = (at + 1) % 4
        for name in ("mark", "group"):
            assert row(mesh, "vertex", name, made.vertices[at]) == row(mesh, "vertex", name, old[at])
            assert row(mesh, "edge", name, made.edges[4 + at]) == row(mesh, "edge", name, edges[at])
            assert row(mesh, "face", name, made.faces[at]) == row(mesh, "face", name, face)
            assert not any(row(mesh, "edge", name, made.edges[at]))
        assert row(mesh, "corner", "uv", face, made.vertices[at]) == uv[at]
        for corner, number in (
            (old[at], at),
            (old[after], after),
            (made.vertices[at], at),
            (made.vertices[after], after),
        ):
            assert row(mesh, "corner", "uv", made.faces[at], corner) == uv[number]


def test_mesh_17_an_extrusion_keeps_its_bytes_for_ever() -> None:
    mesh = build_primitive("pyramid", 1.5, NAME)
    face = element_id(NAME, "pyramid.face", (), 2)
    move_vertices(mesh, [element_id(NAME, "pyramid.vertex", (), 4)], [(0.3, 1.1, -0.7)])
    extrude_face(mesh, face, 0.1, NEXT)
    extrude_face(mesh, face, -0.7, CommandName(7, 3))
    assert blake2b_128("test", canonical_bytes(mesh)).hex() == "1c670ac320c09fbe4375ce8d6a5368f2"


def test_mesh_17_the_structures_beginning_of_a_loop_does_not_matter() -> None:
    points = [(0.1, 0.2, 0.3), (1.7, 0.1, 0.4), (1.3, 1.9, -0.2), (0.2, 1.1, 0.6), (-0.4, 0.7, 0.9)]
    results = set()
    for start in range(5):
        mesh = polygon(points)
        mesh.halfedges.face_halfedge.view[0] = mesh.halfedges.face_loop(0)[start]
        extrude_face(mesh, mesh.face_ids()[0], 0.3, NEXT)
        results.add(canonical_bytes(mesh))
    assert len(results) == 1


def far() -> Mesh:
    edge = COORDINATE_METRES_MAX
    return polygon([(0.0, edge, 0.0), (0.0, edge, 1.0), (1.0, edge, 0.0)])


def line() -> Mesh:
    return mesh_from([(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (2.0, 2.0, 2.0)], [(0, 1, 2)])


def with_taken(kind: str, role: str) -> Callable[[], Mesh]:
    """A cube of which some element away from its first face has an id that extruding this face by NEXT would make."""

    def make() -> Mesh:
        mesh = cube()
        face = mesh.face_ids()[0]
        near = {"vertex": mesh.face_vertices(face), "edge": mesh.face_edges(face), "face": [face]}
        parents = near["vertex" if role in {"extrude.vertex", "extrude.side-edge"} else "edge"]
        taken = element_id(NEXT, role, (face, parents[-1]))
        table = {each.kind: each for each in (mesh.halfedges.vertices, mesh.halfedges.edges, mesh.halfedges.faces)}[
            kind
        ]
        renamed = next(identifier for identifier in table.slots if identifier not in near[kind])
        slot = table.slots.pop(renamed)
        table.slots[taken] = slot
        table.column.view[16 * slot : 16 * slot + 16] = taken
        return mesh

    return make


def first_face(mesh: Mesh, distance: float) -> None:
    extrude_face(mesh, mesh.face_ids()[0], distance, NEXT)


def extrude_untaken(mesh: Mesh) -> None:
    extrude_face(mesh, cube().face_ids()[0], 1.0, NEXT)


@pytest.mark.parametrize(
    ("make", "operate", "error"),
    [
        (cube, lambda mesh: move_vertices(mesh, [NOTHING], [(0, 0, 0)]), UnknownElement),
        (cube, lambda mesh: move_vertices(mesh, mesh.vertex_ids()[:1] * 2, np.zeros((2, 3))), InvalidValue),
        (cube, lambda mesh: move_vertices(mesh, mesh.vertex_ids()[:2], np.zeros((3, 3))), InvalidValue),
        (cube, lambda mesh: move_vertices(mesh, mesh.vertex_ids()[:2], np.zeros((2, 2))), InvalidValue),
        (cube, lambda mesh: move_vertices(mesh, mesh.vertex_ids()[:1], [(0, math.nan, 0)]), InvalidValue),
        (cube, lambda mesh: move_vertices(mesh, mesh.vertex_ids()[:1], [(0, 0, 1.1e6)]), InvalidValue),
        (cube, lambda mesh: extrude_face(mesh, NOTHING, 1.0, NEXT), UnknownElement),
        (cube, lambda mesh: first_face(mesh, math.inf), InvalidValue),
        (cube, lambda mesh: first_face(mesh, math.nan), InvalidValue),
        (far, lambda mesh: first_face(mesh, 1.0), InvalidValue),
        (line, lambda mesh: first_face(mesh, 1.0), DegenerateFace),
        (with_taken("vertex", "extrude.vertex"), extrude_untaken, DuplicateElement),
        (with_taken("edge", "extrude.side-edge"), extrude_untaken, DuplicateElement),
        (with_taken("edge", "extrude.cap-edge"), extrude_untaken, DuplicateElement),
        (with_taken("face", "extrude.side"), extrude_untaken, DuplicateElement),
    ],
)
def test_mesh_20_what_fails_leaves_the_mesh_as_it_was(
    make: Callable[[], Mesh], operate: Callable[[Mesh], Any], error: type[UsageError]
) -> None:
    mesh = make()
    before = raw_state(mesh)
    with pytest.raises(error):
        operate(mesh)
    assert raw_state(mesh) == before
    assert mesh.journal.depth == 0
    validate(mesh)


@pytest.mark.parametrize(("limit", "field"), [("MESH_VERTICES_MAX", "vertices"), ("MESH_FACES_MAX", "faces")])
def test_mesh_21_an_extrusion_over_a_limit_is_refused(limit: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = cube()
    before = raw_state(mesh)
    monkeypatch.setattr(rebuild, limit, 9)
    with pytest.raises(InvalidValue) as told:
        first_face(mesh, 1.0)
    assert told.value.field == field
    assert raw_state(mesh) == before


def test_mesh_21_an_extrusion_keeps_the_mesh_within_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = cube()
    after = 40 * 12 + 32 * 20 + 20 * 10
    monkeypatch.setattr(rebuild, "MESH_BYTES_MAX", after - 1)
    before = raw_state(mesh)
    with pytest.raises(InvalidValue) as told:
        first_face(mesh, 1.0)
    assert told.value.field == "mesh"
    assert raw_state(mesh) == before
    monkeypatch.setattr(rebuild, "MESH_BYTES_MAX", after)
    first_face(mesh, 1.0)
    assert len(canonical_bytes(mesh)) <= after + HEADER.size


def test_mesh_21_no_operation_writes_negative_zero() -> None:
    mesh = polygon([(0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)])
    first_face(mesh, -0.0)
    assert not np.signbit(mesh.positions()).any()


@pytest.mark.parametrize("after", range(13))
def test_mesh_9_a_failure_midway_rolls_back(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the n-th overwrite of an extrusion: 3 for each of 4 old sides and one for the face."""
    mesh = cube()
    before = raw_state(mesh)
    write = Journal.write
    writes = 0

    def breaking(self: Journal, column: Any, index: int, scalar: Any) -> None:
        nonlocal writes
        if writes == after:
            raise MemoryError
        writes += 1
        write(self, column, index, scalar)

    monkeypatch.setattr(Journal, "write", breaking)
    with pytest.raises(MemoryError):
        first_face(mesh, 1.0)
    assert raw_state(mesh) == before
    validate(mesh)
    assert writes == after


@pytest.mark.parametrize("after", range(10))
def test_mesh_9_a_failure_while_appending_rolls_back(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the n-th append of an extrusion: positions, three tables of ids, six columns of links."""
    mesh = cube()
    before = raw_state(mesh)
    extend = Column.extend
    appends = 0

    def breaking(self: Column[Any], scalars: Any) -> None:
        nonlocal appends
        if appends == after:
            raise MemoryError
        appends += 1
        extend(self, scalars)

    monkeypatch.setattr(Column, "extend", breaking)
    with pytest.raises(MemoryError):
        first_face(mesh, 1.0)
    assert raw_state(mesh) == before
    validate(mesh)
    assert appends == after


def test_mesh_9_a_failure_between_slots_and_names_rolls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = cube()
    before = raw_state(mesh)

    def breaking(self: IdTable, ids: list[bytes]) -> None:
        self.column.extend(b"".join(ids))
        raise MemoryError

    monkeypatch.setattr(IdTable, "extend", breaking)
    with pytest.raises(MemoryError):
        first_face(mesh, 1.0)
    assert raw_state(mesh) == before


def test_mesh_9_marks_nest() -> None:
    mesh = cube()
    states = [raw_state(mesh)]
    outer = mesh.journal.mark()
    first_face(mesh, 1.0)
    states.append(raw_state(mesh))
    inner = mesh.journal.mark()
    move_vertices(mesh, mesh.vertex_ids()[:2], [(1, 2, 3), (4, 5, 6)])
    extrude_face(mesh, mesh.face_ids()[1], 1.0, CommandName(7, 3))
    mesh.journal.rollback(inner)
    assert raw_state(mesh) == states[1]
    assert mesh.journal.depth == 1
    inner = mesh.journal.mark()
    extrude_face(mesh, mesh.face_ids()[1], 1.0, CommandName(7, 4))
    mesh.journal.release(inner)
    assert raw_state(mesh) != states[1]
    mesh.journal.rollback(outer)
    assert raw_state(mesh) == states[0]
    assert mesh.journal.depth == 0
    assert mesh.journal.kept == 0
    for gone in (mesh.journal.rollback, mesh.journal.release):
        with pytest.raises(AssertionError, match="does not stand"):
            gone(outer)


def test_mesh_9_nothing_is_kept_without_a_mark() -> None:
    mesh = cube()
    first_face(mesh, 1.0)
    assert mesh.journal.kept == 0
    mark = mesh.journal.mark()
    move_vertices(mesh, mesh.vertex_ids()[:2], [(1, 2, 3), (4, 5, 6)])
    assert mesh.journal.kept == 2, "a point each"
    mesh.journal.release(mark)
    assert mesh.journal.kept == 0


def test_mesh_9_rolling_back_across_growth_of_the_arrays() -> None:
    mesh = cube()
    before = raw_state(mesh)
    mark = mesh.journal.mark()
    for number in range(64):
        extrude_face(mesh, mesh.face_ids()[0], 0.01, CommandName(7, 2 + number))
    validate(mesh)
    assert mesh.vertex_count == 8 + 64 * 4
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before
    validate(mesh)
