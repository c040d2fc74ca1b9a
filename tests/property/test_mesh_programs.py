"""Random programs on meshes: they stay valid, roll back to the byte, and fail without a trace."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.property.mesh_programs.table import (
    BEGINNINGS,
    OPERATIONS,
    PROGRAMS,
    SHORT_PROGRAMS,
    Step,
    beginning,
    run,
    run_step,
)
from tests.unit.mesh.meshes import ids, mesh_from, raw_state
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.mesh import (
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
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.errors import MultiEdge, NotApplicable
from theta.mesh.local import dissolve_edge, dissolve_vertex, flip_edge, flip_normals, split_edge, split_face
from theta.mesh.results import Made

LATER, LAST = CommandName(3, 1), CommandName(3, 2)
USUAL_EXAMPLES = 100


def examples(count: int) -> settings:
    """So many examples, more when exploring. Shrinking a program takes minutes; the blob replays it as it is."""
    most = settings.default.max_examples if settings.default else USUAL_EXAMPLES
    return settings(max_examples=count * most // USUAL_EXAMPLES, phases=(Phase.explicit, Phase.generate))


@examples(12)
@given(BEGINNINGS, PROGRAMS)
def test_mesh_2_random_programs_stay_valid(number: int, program: list[Step]) -> None:
    mesh = beginning(number)
    run(mesh, program, checked=True)
    triangles = triangulate(mesh)
    assert len(triangles.corners) == sum(len(mesh.face_vertices(face)) - 2 for face in mesh.face_ids())
    assert mesh.journal.kept == 0


def test_mesh_28_every_operation_is_done_often() -> None:
    """Were the choice of elements poor, the programs above would hardly do anything."""
    done: dict[object, int] = dict.fromkeys(OPERATIONS, 0)
    draw = np.random.default_rng(5)
    for number in range(26):
        mesh = beginning(number)
        for at in range(150):
            step = draw.integers(0, 1 << 16, 7).tolist()
            before = canonical_bytes(mesh)
            made = run_step(mesh, step, CommandName(1, 2 + at))
            if made is not None or canonical_bytes(mesh) != before:
                done[OPERATIONS[step[0] % len(OPERATIONS)]] += 1
    assert min(done.values()) >= 10, done


@examples(12)
@given(BEGINNINGS, PROGRAMS)
def test_mesh_9_rollback_to_any_mark_restores_every_byte(number: int, program: list[Step]) -> None:
    """The steps' last numbers say where marks are set, rolled back and released, nested as they come."""
    mesh = beginning(number)
    marks = []
    for at, step in enumerate(program, start=2):
        what = step[-1] % 8
        if what == 0:
            marks.append((mesh.journal.mark(), raw_state(mesh), canonical_bytes(mesh)))
        elif what == 1 and marks:
            del marks[1 + step[0] % len(marks) :]
            mark, raw, content = marks.pop()
            mesh.journal.rollback(mark)
            assert raw_state(mesh) == raw
            assert canonical_bytes(mesh) == content
            validate(mesh)
        elif what == 2 and marks:
            mesh.journal.release(marks.pop()[0])
        run_step(mesh, step, CommandName(1, at))
    while marks:
        mark, raw, _ = marks.pop()
        mesh.journal.rollback(mark)
        assert raw_state(mesh) == raw
    assert (mesh.journal.depth, mesh.journal.kept) == (0, 0)
    validate(mesh)


@examples(12)
@given(BEGINNINGS, SHORT_PROGRAMS, SHORT_PROGRAMS)
def test_mesh_9_what_was_rolled_back_is_done_again_alike(number: int, kept: list[Step], undone: list[Step]) -> None:
    mesh = beginning(number)
    run(mesh, kept)
    before = raw_state(mesh)
    copy = mesh.copy()
    mark = mesh.journal.mark()
    run(mesh, undone, 1_000)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == before == raw_state(copy)
    run(mesh, undone, 1_000)
    run(copy, undone, 1_000)
    assert raw_state(mesh) == raw_state(copy)
    validate(mesh)


@examples(8)
@given(BEGINNINGS, PROGRAMS)
def test_mesh_18_a_program_gives_the_same_bytes_again(number: int, program: list[Step]) -> None:
    """From the start, in the same slots and in others."""
    first, again = beginning(number), beginning(number)
    other = mesh_of(parse_canonical(canonical_bytes(first)))
    for mesh in (first, again, other):
        run(mesh, program)
    assert raw_state(first) == raw_state(again)
    assert canonical_bytes(first) == canonical_bytes(other)
    assert first.redirects.to_bytes() == other.redirects.to_bytes()


@examples(12)
@given(BEGINNINGS, SHORT_PROGRAMS)
def test_mesh_18_bytes_read_back_go_on_alike(number: int, program: list[Step]) -> None:
    """A mesh in other slots gives the same bytes to every program, where no redirect from before matters."""
    mesh = beginning(number)
    run(mesh, program[:20])
    mesh = mesh_of(parse_canonical(canonical_bytes(mesh)))
    other = mesh_of(parse_canonical(canonical_bytes(mesh)))
    other.halfedges.replace(mesh_of(parse_canonical(canonical_bytes(mesh))).halfedges)
    run(mesh, program[20:], 1_000)
    run(other, program[20:], 1_000)
    assert canonical_bytes(mesh) == canonical_bytes(other)


@examples(25)
@given(BEGINNINGS, SHORT_PROGRAMS, st.integers(0, 9_999), st.floats(0.01, 0.99))
def test_mesh_33_splitting_and_dissolving_edges_restores_the_digest(
    number: int, program: list[Step], element: int, t: float
) -> None:
    mesh = beginning(number)
    run(mesh, program)
    if not mesh.edge_count:
        return
    edge = mesh.edge_ids()[element % mesh.edge_count]
    before = canonical_bytes(mesh)
    made = split_edge(mesh, edge, t, LATER)
    part, at = mesh.resolve_edge(edge, 0.5)
    assert part in made.edges
    assert dissolve_vertex(mesh, made.vertices[0], LAST).edges == (edge,)
    assert canonical_bytes(mesh) == before
    back, middle = mesh.resolve_edge(part, at)
    assert back == edge
    assert math.isclose(middle, 0.5, abs_tol=1e-9)
    validate(mesh)


@examples(25)
@given(BEGINNINGS, SHORT_PROGRAMS, st.integers(0, 9_999), st.integers(0, 9_999))
def test_mesh_35_splitting_faces_and_dissolving_edges_restores_the_digest(
    number: int, program: list[Step], element: int, corner: int
) -> None:
    mesh = beginning(number)
    run(mesh, program)
    faces = [face for face in mesh.face_ids() if len(mesh.face_vertices(face)) > 3]
    for face in _from(faces, element):
        loop = mesh.face_vertices(face)
        before = canonical_bytes(mesh)
        try:
            made = split_face(mesh, face, loop[corner % len(loop)], loop[(corner + 2) % len(loop)], LATER)
        except MultiEdge:
            continue
        assert mesh.resolve("face", face) == list(made.faces)
        assert dissolve_edge(mesh, made.edges[0], LAST).faces == (face,)
        assert canonical_bytes(mesh) == before
        validate(mesh)
        return


@examples(25)
@given(BEGINNINGS, SHORT_PROGRAMS, st.integers(0, 9_999))
def test_mesh_38_flipping_twice_restores_the_digest(number: int, program: list[Step], element: int) -> None:
    mesh = beginning(number)
    run(mesh, program)
    _smooth_corners(mesh)
    for edge in _from(mesh.edge_ids(), element):
        before = canonical_bytes(mesh)
        try:
            flip_edge(mesh, edge, LATER)
        except (NotApplicable, MultiEdge):
            continue
        validate(mesh)
        assert canonical_bytes(mesh) != before
        flip_edge(mesh, edge, LAST)
        assert canonical_bytes(mesh) == before
        return


def _from(items: list[bytes], number: int) -> list[bytes]:
    """All of them, from one on."""
    at = number % max(1, len(items))
    return items[at:] + items[:at]


def _smooth_corners(mesh: Mesh) -> None:
    """All corners at a vertex get the same values: a seam is lost when its edge turns."""
    corners = [(face, vertex) for face in mesh.face_ids() for vertex in mesh.face_vertices(face)]
    for key in mesh.attribute_keys():
        if key.domain == "corner":
            width = mesh.halfedges.attributes.columns[key].width
            rows = np.array([[float(vertex[0])] * width for _, vertex in corners]).reshape(-1, width)
            set_attribute(mesh, "corner", key.name, corners, rows)


@examples(12)
@given(BEGINNINGS, SHORT_PROGRAMS, st.integers(0, 9_999))
def test_mesh_42_turning_twice_restores_the_digest(number: int, program: list[Step], element: int) -> None:
    mesh = beginning(number)
    run(mesh, program)
    if not mesh.face_count:
        return
    face = mesh.face_ids()[element % mesh.face_count]
    before = canonical_bytes(mesh)
    flip_normals(mesh, [face], LATER)
    validate(mesh)
    assert canonical_bytes(mesh) != before
    flip_normals(mesh, [face], LAST)
    assert canonical_bytes(mesh) == before


UNDONE: list[Callable[[Mesh, bytes], Made | object]] = [
    lambda mesh, face: extrude_face(mesh, face, 0.5, LATER),
    lambda mesh, face: split_edge(mesh, mesh.face_edges(face)[0], 0.5, LATER),
    lambda mesh, face: dissolve_edge(mesh, mesh.face_edges(face)[0], LATER),
]


@examples(12)
@given(BEGINNINGS, SHORT_PROGRAMS, st.integers(0, 9_999), st.sampled_from(UNDONE))
def test_mesh_9_operations_and_undo_restore_the_digest(
    number: int, program: list[Step], element: int, operate: Callable[[Mesh, bytes], object]
) -> None:
    mesh = beginning(number)
    run(mesh, program)
    if not mesh.face_count:
        return
    face = mesh.face_ids()[element % mesh.face_count]
    before, raw = canonical_bytes(mesh), raw_state(mesh)
    mark = mesh.journal.mark()
    try:
        operate(mesh, face)
    except UsageError:
        assert raw_state(mesh) == raw
    mesh.journal.rollback(mark)
    assert canonical_bytes(mesh) == before
    assert raw_state(mesh) == raw


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


POINTS = st.tuples(*[st.floats(-100.0, 100.0, allow_subnormal=False)] * 3)


@examples(25)
@given(BEGINNINGS, SHORT_PROGRAMS, POINTS, WRONG, st.integers(0, 2))
def test_mesh_20_failed_operations_leave_the_bytes(
    number: int, program: list[Step], point: tuple[float, float, float], wrong: float, axis: int
) -> None:
    mesh = beginning(number)
    run(mesh, program)
    before, state = canonical_bytes(mesh), raw_state(mesh)
    target = list(point)
    target[axis] = wrong
    vertices = [*mesh.vertex_ids(), bytes(16), bytes(16)]
    with pytest.raises(UsageError):
        move_vertices(mesh, vertices[:2], [point, tuple(target)])
    with pytest.raises(UsageError):
        move_vertices(mesh, [vertices[0], bytes(16)], [point, point])
    with pytest.raises(UsageError):
        extrude_face(mesh, [*mesh.face_ids(), bytes(16)][0], 3.0 * wrong, CommandName(2, 1))
    with pytest.raises(UsageError):
        split_edge(mesh, [*mesh.edge_ids(), bytes(16)][0], wrong, CommandName(2, 1))
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
