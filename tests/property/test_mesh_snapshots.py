"""A mesh that was written down and read goes on as if it had not been: every column, slot by slot."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.property.mesh_programs.table import BEGINNINGS, SHORT_PROGRAMS, Step, beginning, run
from tests.unit.mesh.meshes import grid, raw_state
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, build_primitive, canonical_bytes, validate
from theta.mesh.errors import MalformedMesh
from theta.mesh.local import dissolve_vertex, split_edge
from theta.mesh.snapshot import mesh_of_snapshot, snapshot_bytes

EXAMPLES = settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))


@EXAMPLES
@given(BEGINNINGS, SHORT_PROGRAMS, SHORT_PROGRAMS)
def test_log_22_a_program_goes_on_alike_after_a_snapshot(
    number: int, before: Sequence[Step], after: Sequence[Step]
) -> None:
    mesh = beginning(number)
    run(mesh, before)
    other = mesh_of_snapshot(snapshot_bytes(mesh))
    assert raw_state(other) == raw_state(mesh)
    assert list(other.halfedges.attributes.columns) == list(mesh.halfedges.attributes.columns)
    validate(other)
    for each in (mesh, other):
        run(each, after, 1_000)
    assert raw_state(other) == raw_state(mesh)
    assert canonical_bytes(other) == canonical_bytes(mesh)
    assert snapshot_bytes(other) == snapshot_bytes(mesh)


@EXAMPLES
@given(BEGINNINGS, SHORT_PROGRAMS, SHORT_PROGRAMS)
def test_log_22_what_was_done_after_a_snapshot_rolls_back_to_it(
    number: int, before: Sequence[Step], after: Sequence[Step]
) -> None:
    mesh = beginning(number)
    run(mesh, before)
    data = snapshot_bytes(mesh)
    other = mesh_of_snapshot(data)
    mark = other.journal.mark()
    run(other, after, 1_000)
    other.journal.rollback(mark)
    assert snapshot_bytes(other) == data
    assert raw_state(other) == raw_state(mesh)


def changed_mesh() -> Mesh:
    """Dead slots, redirects and an attribute."""
    mesh = grid(2, 2)
    made = split_edge(mesh, mesh.edge_ids()[0], 0.25, CommandName(1, 2))
    dissolve_vertex(mesh, made.vertices[0], CommandName(1, 3))
    split_edge(mesh, mesh.edge_ids()[3], 0.5, CommandName(1, 4))
    return mesh


def test_log_22_a_snapshot_keeps_dead_slots_and_redirects() -> None:
    mesh = changed_mesh()
    assert (mesh.halfedges.face_halfedge.array() >= 0).all()
    assert (mesh.halfedges.vertex_halfedge.array() == -2).any()
    other = mesh_of_snapshot(snapshot_bytes(mesh))
    assert raw_state(other) == raw_state(mesh)
    assert other.redirects.count == mesh.redirects.count > 0


def test_log_22_an_empty_mesh_has_a_snapshot() -> None:
    assert raw_state(mesh_of_snapshot(snapshot_bytes(Mesh()))) == raw_state(Mesh())


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_log_22_damaged_snapshots_are_refused_or_read_as_they_are(place: int, flip: int) -> None:
    data = bytearray(snapshot_bytes(changed_mesh()))
    data[place % len(data)] ^= flip
    try:
        mesh = mesh_of_snapshot(bytes(data))
    except UsageError:
        return
    assert snapshot_bytes(mesh) == bytes(data)


@pytest.mark.parametrize("cut", [0, 3, 27, 28, 200, -1])
def test_log_22_a_snapshot_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(MalformedMesh):
        mesh_of_snapshot(snapshot_bytes(build_primitive("cube", 1.0, CommandName(1, 1)))[:cut])
    with pytest.raises(MalformedMesh, match="too many"):
        mesh_of_snapshot(snapshot_bytes(build_primitive("cube", 1.0, CommandName(1, 1))) + b"\0")


def test_log_22_links_out_of_the_columns_are_refused() -> None:
    data = bytearray(snapshot_bytes(build_primitive("cube", 1.0, CommandName(1, 1))))
    data[28:32] = np.int32(24).tobytes()
    with pytest.raises(MalformedMesh, match="links"):
        mesh_of_snapshot(bytes(data))
