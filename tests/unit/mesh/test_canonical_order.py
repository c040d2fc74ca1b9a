"""What is kept of the canonical order is never out of date, whatever happens to the mesh."""

from contextlib import suppress
from random import Random

import numpy as np
import pytest

from tests.support.mesh_commands import pick_operation
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.base.slices import finish
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.mesh import Mesh, build_primitive, canonical_bytes, canonical_mesh, extrude_face, move_vertices
from theta.mesh import canonical_order as canonical_order_module
from theta.mesh.canonical import canonical_bytes_slowly
from theta.mesh.canonical_order import canonical_order
from theta.mesh.local import collapse_edge, dissolve_edge, flip_edge, poke, split_edge
from theta.mesh.shapes import ShapeParameters, build_shape

ENTITY = b"e" * 16
MAKER = CommandName(1, 3)


def fresh(mesh: Mesh) -> bytes:
    """The canonical bytes by a copy that keeps nothing from before."""
    copy = mesh.copy()
    copy.halfedges.order = None
    return canonical_bytes(copy)


@pytest.mark.parametrize("seed", range(12))
def test_mesh_18_the_bytes_are_the_same_with_and_without_what_was_kept(seed: int) -> None:
    random = Random(seed)
    shapes = (
        ShapeParameters("grid", 1.0, segments=6, rings=6),
        ShapeParameters("icosphere", 1.0, levels=1),
        ShapeParameters("cube", 1.0),
    )
    mesh = build_shape(random.choice(shapes), CommandName(1, 1))
    marks, depths = [], []
    for number in range(2, 40):
        if random.random() < 0.2:
            marks.append(mesh.journal.mark())
            depths.append(canonical_bytes(mesh))
        elif random.random() < 0.15 and marks:
            at = random.randrange(len(marks))
            mesh.journal.rollback(marks[at])
            assert canonical_bytes(mesh) == depths[at]
            del marks[at:], depths[at:]
        operation = pick_operation(random.choice(MESH_OPERATIONS), mesh, ENTITY, random)
        if operation is None or mesh.face_count > 400:
            continue
        with suppress(UsageError):
            operation.change(mesh, CommandName(1, number))
        assert canonical_bytes(mesh) == fresh(mesh)


def test_mesh_18_moving_vertices_keeps_the_order_and_changes_the_bytes() -> None:
    mesh = build_primitive("cube", 1.0, CommandName(1, 1))
    before, order = canonical_bytes(mesh), canonical_order(mesh.halfedges)
    move_vertices(mesh, mesh.vertex_ids()[:1], [(9.0, 9.0, 9.0)])
    assert canonical_order(mesh.halfedges) is order
    assert canonical_bytes(mesh) != before
    assert canonical_bytes(mesh) == fresh(mesh)


def test_mesh_18_what_is_kept_cannot_be_written() -> None:
    mesh = build_primitive("cube", 1.0, CommandName(1, 1))
    canonical = canonical_mesh(mesh)
    for array in (canonical.vertex_ids, canonical.edge_ids, canonical.edge_ends, canonical.face_ids, canonical.corners):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    canonical.positions[:] = 7.0
    assert not np.array_equal(mesh.positions(), canonical.positions)


def change(mesh: Mesh, random: Random, number: int) -> None:
    """A local operation somewhere, if it can be done there."""
    name, edge, face = CommandName(2, number), random.choice(mesh.edge_ids()), random.choice(mesh.face_ids())
    with suppress(UsageError):
        match random.randrange(6):
            case 0:
                extrude_face(mesh, face, 0.1, name)
            case 1:
                split_edge(mesh, edge, 0.5, name)
            case 2:
                poke(mesh, face, name)
            case 3:
                dissolve_edge(mesh, edge, name)
            case 4:
                flip_edge(mesh, edge, name)
            case _:
                collapse_edge(mesh, edge, 0.5, name)


@pytest.mark.parametrize("seed", range(8))
def test_mesh_18_of_a_large_mesh_only_the_loops_that_changed_are_walked(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, number = Random(seed), 0
    mesh = build_shape(ShapeParameters("torus", 1.0, segments=24, rings=16), CommandName(1, 1))
    canonical_bytes(mesh)
    expected = []
    for _ in range(25):
        mark = mesh.journal.mark()
        for _ in range(random.randrange(1, 4)):
            number += 1
            change(mesh, random, number)
        if random.random() < 0.4:
            canonical_bytes(mesh)
            # Their slots are taken again, by others.
            mesh.journal.rollback(mark)
            number += 1
            change(mesh, random, number)
        expected.append(fresh(mesh))
        with monkeypatch.context() as patched:
            patched.delattr(canonical_order_module, "loops_of")
            assert canonical_bytes(mesh) == expected[-1]
    assert len(set(expected)) > len(expected) // 2


def test_mesh_18_of_a_mesh_that_is_another_altogether_all_is_put_in_order() -> None:
    mesh = build_shape(ShapeParameters("torus", 1.0, segments=24, rings=16), CommandName(1, 1))
    canonical_bytes(mesh)
    for other in (build_primitive("cube", 1.0, CommandName(1, 2)), Mesh(), build_primitive("cube", 1.0, MAKER)):
        mesh.halfedges.replace(other.copy().halfedges)
        assert canonical_bytes(mesh) == fresh(mesh) == canonical_bytes(other)


def test_mesh_18_with_pauses_the_bytes_are_the_same() -> None:
    mesh = build_shape(ShapeParameters("torus", 1.0, segments=24, rings=16), CommandName(1, 1))
    for number in range(3):
        extrude_face(mesh, mesh.face_ids()[7 * number], 0.1, CommandName(2, number))
        pauses = len(list(canonical_bytes_slowly(mesh)))
        assert pauses > 3
        assert finish(canonical_bytes_slowly(mesh)) == canonical_bytes(mesh) == fresh(mesh)
    before = mesh.halfedges.order
    assert len(list(canonical_bytes_slowly(mesh))) < pauses
    assert mesh.halfedges.order is before, "what is in order stays so"
