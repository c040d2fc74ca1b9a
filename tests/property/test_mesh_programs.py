"""Random programs on meshes: they stay valid, roll back to the byte, and fail without a trace."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mesh.meshes import grid, ids, mesh_from, raw_state, torus
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.mesh import (
    PRIMITIVES,
    DegenerateFace,
    Mesh,
    build_mesh,
    build_primitive,
    canonical_bytes,
    edge_pairs,
    extrude_face,
    mesh_of,
    move_vertices,
    parse_canonical,
    triangulate,
    validate,
)


class Step(NamedTuple):
    """One operation: on which element (by its place among the ascending ids), and three numbers for it."""

    extrude: bool
    element: int
    numbers: tuple[float, float, float]


COORDINATES = st.floats(-100.0, 100.0, allow_subnormal=False)
STEPS = st.builds(Step, st.booleans(), st.integers(0, 10_000), st.tuples(COORDINATES, COORDINATES, COORDINATES))
PROGRAMS = st.lists(STEPS, max_size=40)
BEGINNINGS = st.sampled_from([*PRIMITIVES, "torus", "grid"])


def beginning(kind: str) -> Mesh:
    if kind == "torus":
        return torus()
    return grid(3, 2) if kind == "grid" else build_primitive(kind, 2.0, CommandName(1, 1))


def run(mesh: Mesh, program: list[Step], first_number: int = 2) -> None:
    """Run a program, checking the counts; a face without area is left as it is."""
    for number, step in enumerate(program, start=first_number):
        before = (mesh.vertex_count, mesh.edge_count, mesh.face_count)
        if step.extrude:
            face = mesh.face_ids()[step.element % mesh.face_count]
            corners = len(mesh.face_vertices(face))
            try:
                extrude_face(mesh, face, step.numbers[0], CommandName(1, number))
            except DegenerateFace:
                corners = 0
        else:
            vertex = mesh.vertex_ids()[step.element % mesh.vertex_count]
            move_vertices(mesh, [vertex], np.array([step.numbers]))
            assert mesh.position(vertex) == step.numbers
            corners = 0
        after = (mesh.vertex_count, mesh.edge_count, mesh.face_count)
        assert after == (before[0] + corners, before[1] + 2 * corners, before[2] + corners)


@given(BEGINNINGS, PROGRAMS)
def test_mesh_2_random_programs_stay_valid(kind: str, program: list[Step]) -> None:
    mesh = beginning(kind)
    for number, step in enumerate(program, start=2):
        run(mesh, [step], number)
        validate(mesh)
    triangles = triangulate(mesh)
    assert len(triangles.corners) == sum(len(mesh.face_vertices(face)) - 2 for face in mesh.face_ids())


@given(BEGINNINGS, PROGRAMS, PROGRAMS)
def test_mesh_9_rollback_restores_every_byte(kind: str, kept: list[Step], undone: list[Step]) -> None:
    mesh = beginning(kind)
    run(mesh, kept)
    before = raw_state(mesh)
    copy = mesh.copy()
    mark = mesh.journal.mark()
    run(mesh, undone, 1_000)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before
    assert raw_state(copy) == before
    run(mesh, undone, 1_000)
    run(copy, undone, 1_000)
    assert raw_state(mesh) == raw_state(copy)
    validate(mesh)


@given(BEGINNINGS, PROGRAMS)
def test_mesh_18_bytes_read_back_go_on_alike(kind: str, program: list[Step]) -> None:
    """A mesh in other slots gives the same bytes to every program."""
    mesh = beginning(kind)
    half = len(program) // 2
    run(mesh, program[:half])
    other = mesh_of(parse_canonical(canonical_bytes(mesh)))
    run(mesh, program[half:], 1_000)
    run(other, program[half:], 1_000)
    assert canonical_bytes(mesh) == canonical_bytes(other)


@given(st.data(), st.integers(1, 5), st.integers(1, 4))
def test_mesh_18_bytes_do_not_depend_on_the_order_of_building(data: st.DataObject, columns: int, rows: int) -> None:
    wide = columns + 1
    count = wide * (rows + 1)
    loops = [
        [at, at + wide, at + wide + 1, at + 1] for at in (z * wide + x for z in range(rows) for x in range(columns))
    ]
    positions = [(float(at % wide), 0.0, float(at // wide)) for at in range(count)]
    vertices, faces = ids("v", count), ids("f", len(loops))
    edges = dict(zip(edge_pairs(loops), ids("e", len(edge_pairs(loops))), strict=True))
    plain = build_mesh(positions, loops, vertices, list(edges.values()), faces)

    order = data.draw(st.permutations(range(count)))
    place = {vertex: at for at, vertex in enumerate(order)}
    face_order = data.draw(st.permutations(range(len(loops))))
    starts = data.draw(st.lists(st.integers(0, 3), min_size=len(loops), max_size=len(loops)))
    turned = [
        [place[at] for at in loops[face][start:] + loops[face][:start]]
        for face, start in zip(face_order, starts, strict=True)
    ]
    edge_ids = [edges[min(order[a], order[b]), max(order[a], order[b])] for a, b in edge_pairs(turned)]
    mixed = build_mesh(
        [positions[at] for at in order],
        turned,
        [vertices[at] for at in order],
        edge_ids,
        [faces[at] for at in face_order],
    )
    assert canonical_bytes(mixed) == canonical_bytes(plain)


WRONG = st.sampled_from([math.nan, math.inf, -math.inf, 1.1e6, -1e300])


@given(BEGINNINGS, PROGRAMS, STEPS, WRONG, st.integers(0, 2))
def test_mesh_20_failed_operations_leave_the_bytes(
    kind: str, program: list[Step], step: Step, wrong: float, axis: int
) -> None:
    mesh = beginning(kind)
    run(mesh, program)
    before, state = canonical_bytes(mesh), raw_state(mesh)
    target = list(step.numbers)
    target[axis] = wrong
    vertices = mesh.vertex_ids()
    with pytest.raises(UsageError):
        move_vertices(mesh, vertices[:2], [step.numbers, tuple(target)])
    with pytest.raises(UsageError):
        move_vertices(mesh, [vertices[0], bytes(16)], [step.numbers, step.numbers])
    with pytest.raises(UsageError):
        extrude_face(mesh, mesh.face_ids()[step.element % mesh.face_count], 3.0 * wrong, CommandName(2, 1))
    assert canonical_bytes(mesh) == before
    assert raw_state(mesh) == state


@given(st.lists(st.lists(st.integers(0, 7), min_size=3, max_size=5), max_size=8))
def test_mesh_7_random_loops_are_refused_or_valid(loops: list[list[int]]) -> None:
    positions = [(float(at & 1), float(at >> 1 & 1), float(at >> 2)) for at in range(8)]
    try:
        mesh = mesh_from(positions, loops)
    except UsageError:
        return
    validate(mesh)
    assert mesh.face_count == len(loops)


@given(st.binary(max_size=64), st.integers(0, 10_000), st.integers(1, 255))
def test_mesh_19_damaged_bytes_are_refused_or_read_as_they_are(tail: bytes, place: int, flip: int) -> None:
    data = bytearray(canonical_bytes(build_primitive("pyramid", 2.0, CommandName(1, 1))))
    data[place % len(data)] ^= flip
    for candidate in (bytes(data), bytes(data[: place % len(data)]) + tail, tail, b"TMC1" + tail):
        try:
            canonical = parse_canonical(candidate)
        except UsageError:
            continue
        mesh = mesh_of(canonical)
        validate(mesh)
        assert canonical_bytes(mesh) == candidate
