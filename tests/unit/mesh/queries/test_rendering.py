"""What a client draws, whole and patched."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.mesh.meshes import grid, mesh_from
from tests.unit.mesh.queries.shaped import bumpy, edit, remove, shuffle, some_mesh, split, together
from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.mesh import BowTie, Mesh, build_primitive, extrude_face, face_normals, move_vertices, triangulate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.attributes import AttributeKey, attribute_column
from theta.mesh.queries import RenderPatch, RenderState, render_buffers

SEEDS = st.integers(0, 2**32 - 1)
RED = (1.0, 0.0, 0.25)


class Client:
    """Buffers as a client keeps them, written from patches alone."""

    def __init__(self) -> None:
        self.rows: NDArray[np.float32] = np.zeros((0, 3, 9), np.float32)
        self.face_ids: NDArray[np.uint8] = np.zeros((0, 16), np.uint8)
        self.state: RenderState | None = None

    def follow(self, mesh: Mesh, colour: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> RenderPatch:
        patch = render_buffers(mesh, self.state, colour)
        rows, face_ids = np.zeros((patch.count, 3, 9), np.float32), np.zeros((patch.count, 16), np.uint8)
        kept = 0 if patch.whole else len(self.rows)
        assert patch.count >= kept
        rows[:kept], face_ids[:kept] = self.rows[:kept], self.face_ids[:kept]
        new = np.concatenate((patch.positions, patch.normals, patch.colours), axis=1).reshape(-1, 3, 9)
        assert new.dtype == np.float32
        at = 0
        for first, size in patch.ranges.tolist():
            rows[first : first + size], face_ids[first : first + size] = (
                new[at : at + size],
                patch.face_ids[at : at + size],
            )
            at += size
        assert at == len(new) == len(patch.face_ids)
        self.rows, self.face_ids, self.state = rows, face_ids, patch.state
        return patch

    def drawn(self) -> list[tuple[bytes, bytes]]:
        """Each triangle that is there: its face, and its corners' numbers."""
        pairs = zip(self.face_ids, self.rows, strict=True)
        return sorted((face.tobytes(), row.tobytes()) for face, row in pairs if face.any())

    def empty(self) -> int:
        gone = ~self.face_ids.any(axis=1)
        assert not self.rows[gone].any()
        return int(np.count_nonzero(gone))


def expected(mesh: Mesh, colour: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> list[tuple[bytes, bytes]]:
    """What has to be drawn, from `triangulate` and `face_normals`."""
    triangles, normals, ids = triangulate(mesh), face_normals(mesh), mesh.face_ids()
    painted = paint_of(mesh)
    drawn = []
    for corners, face in zip(triangles.corners, triangles.faces.tolist(), strict=True):
        row = np.zeros((3, 9), np.float32)
        row[:, :3], row[:, 3:6] = triangles.positions[corners], normals[face]
        row[:, 6:] = painted.get(ids[face], colour)
        drawn.append((ids[face], row.tobytes()))
    return sorted(drawn)


def paint_of(mesh: Mesh) -> dict[bytes, tuple[float, ...]]:
    columns, faces = mesh.halfedges.attributes.columns, mesh.halfedges.faces
    if not columns:
        return {}
    colours, painted = columns["face", "colour"].array(), columns["face", "painted"].array()  # type: ignore[index]
    slots = {face: faces.slot_of(face) for face in mesh.face_ids()}
    return {face: tuple(colours[slot]) for face, slot in slots.items() if painted[slot]}


def paint(mesh: Mesh, face: bytes, colour: tuple[float, float, float]) -> None:
    halfedges = mesh.halfedges
    columns, count = halfedges.attributes.columns, halfedges.face_halfedge.count
    if not columns:
        columns[AttributeKey("face", "colour")] = attribute_column(np.zeros((count, 3)))
        columns[AttributeKey("face", "painted")] = attribute_column(np.zeros((count, 1), np.uint8))
    slot = halfedges.faces.slot_of(face)
    columns[AttributeKey("face", "colour")].array()[slot] = colour
    columns[AttributeKey("face", "painted")].array().reshape(-1)[slot] = 1


def test_mesh_89_whole_buffers_hold_every_triangle() -> None:
    mesh = build_primitive("cube", 2.0, CommandName(3, 1))
    patch = render_buffers(mesh)
    assert (patch.whole, patch.count, patch.ranges.tolist()) == (True, 12, [[0, 12]])
    assert patch.positions.shape == patch.normals.shape == patch.colours.shape == (36, 3)
    assert patch.face_ids.shape == (12, 16)
    assert (patch.colours == 1.0).all()
    outward = (patch.positions * patch.normals).sum(axis=1)
    assert (outward == 1.0).all()
    client = Client()
    client.follow(mesh)
    assert client.drawn() == expected(mesh)


def test_mesh_89_nothing_changed_is_nothing_to_write() -> None:
    mesh, client = grid(5, 5), Client()
    client.follow(mesh)
    patch = client.follow(mesh)
    assert (patch.whole, patch.count, len(patch.ranges), len(patch.positions)) == (False, 50, 0, 0)


def test_mesh_89_an_edit_writes_only_what_it_touches() -> None:
    mesh, client = grid(40, 40), Client()
    client.follow(mesh)
    face = mesh.face_ids()[777]
    extrude_face(mesh, face, 1.0, CommandName(4, 1))
    patch = client.follow(mesh)
    assert not patch.whole
    assert patch.count == 2 * 1604
    assert len(patch.face_ids) <= 2 * (5 + 8)
    move_vertices(mesh, [mesh.face_vertices(face)[0]], [(0.0, 9.0, 0.0)])
    patch = client.follow(mesh)
    assert (patch.whole, patch.count, len(patch.face_ids)) == (False, 2 * 1604, 2 * 3)
    assert client.drawn() == expected(mesh)


def test_mesh_89_places_of_removed_faces_are_empty_and_used_again() -> None:
    mesh, client = grid(9, 9), Client()
    client.follow(mesh)
    faces = mesh.face_ids()
    remove(mesh, faces[3])
    patch = client.follow(mesh)
    assert (patch.count, client.empty()) == (162, 2)
    assert not patch.face_ids.any()
    split(mesh, faces[5], CommandName(4, 1))
    patch = client.follow(mesh)
    assert client.drawn() == expected(mesh)
    extrude_face(mesh, faces[8], 1.0, CommandName(4, 2))
    client.follow(mesh)
    assert client.drawn() == expected(mesh)
    assert client.empty() < 6


def test_mesh_89_buffers_mostly_empty_are_laid_out_anew() -> None:
    mesh, client = grid(12, 12), Client()
    client.follow(mesh)
    whole = False
    for face in [face for face in mesh.face_ids() if _in_row(mesh, face)]:
        with suppress(BowTie):
            remove(mesh, face)
        whole |= client.follow(mesh).whole
        assert client.drawn() == expected(mesh)
    assert whole
    assert client.empty() <= len(client.rows) // 2 + 16


def _in_row(mesh: Mesh, face: bytes) -> bool:
    return max(mesh.position(vertex)[2] for vertex in mesh.face_vertices(face)) > 2.0


def test_mesh_89_painted_faces_have_their_colour_and_others_the_one_asked_for() -> None:
    mesh, client = grid(6, 6), Client()
    client.follow(mesh, (0.5, 0.5, 0.5))
    face = mesh.face_ids()[4]
    paint(mesh, face, RED)
    patch = client.follow(mesh, (0.5, 0.5, 0.5))
    assert not patch.whole
    assert {each.tobytes() for each in patch.face_ids} == {face}
    assert (patch.colours == np.array(RED, np.float32)).all()
    assert client.drawn() == expected(mesh, (0.5, 0.5, 0.5))
    patch = client.follow(mesh, (0.0, 0.0, 0.5))
    assert patch.whole
    assert client.drawn() == expected(mesh, (0.0, 0.0, 0.5))
    mesh.halfedges.attributes.columns.clear()
    client.follow(mesh, (0.0, 0.0, 0.5))
    assert client.drawn() == expected(mesh, (0.0, 0.0, 0.5))


def test_mesh_89_a_face_is_painted_where_painted_is_one() -> None:
    mesh = grid(1, 1)
    paint(mesh, mesh.face_ids()[0], RED)
    set_attribute(mesh, "face", "painted", mesh.face_ids(), [2], "u1")
    assert render_buffers(mesh).colours.tolist() == [[1.0, 1.0, 1.0]] * 6


def test_mesh_89_colours_are_brought_into_their_limits() -> None:
    mesh = grid(1, 1)
    paint(mesh, mesh.face_ids()[0], (1e300, -3.0, 0.25))
    assert render_buffers(mesh).colours.tolist() == [[1.0, 0.0, 0.25]] * 6


def test_mesh_89_clients_go_on_each_from_its_own_state() -> None:
    mesh, quick, slow = grid(10, 10), Client(), Client()
    quick.follow(mesh)
    slow.state = quick.state
    slow.rows, slow.face_ids = quick.rows.copy(), quick.face_ids.copy()
    for number in range(4):
        extrude_face(mesh, mesh.face_ids()[5 * number], 0.5, CommandName(4, number + 1))
        assert not quick.follow(mesh).whole
    assert not slow.follow(mesh).whole
    assert quick.drawn() == slow.drawn() == expected(mesh)


def test_mesh_89_an_empty_mesh_and_faces_without_area() -> None:
    client = Client()
    patch = client.follow(Mesh())
    assert (patch.whole, patch.count, patch.ranges.shape) == (True, 0, (0, 2))
    client.follow(mesh_from([(0, 0, 0), (1, 1, 1), (2, 2, 2)], [(0, 1, 2)]))
    assert not client.rows[:, :, 3:6].any()
    client.follow(Mesh())
    assert client.drawn() == []


@pytest.mark.parametrize("colour", [(0, 0), (0, 0, math.nan), (0, 1.1, 0), (-0.1, 0, 0), "red", 3])
def test_mesh_20_what_is_no_colour_is_refused(colour: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidValue) as told:
        render_buffers(Mesh(), None, colour)
    assert told.value.field == "colour"


@given(SEEDS)
def test_mesh_89_patched_buffers_are_what_whole_ones_are(seed: int) -> None:
    generator = np.random.default_rng(seed)
    mesh = together(bumpy(10, 8, generator), some_mesh(generator))
    client = Client()
    for number in range(8):
        client.follow(mesh)
        assert client.drawn() == expected(mesh)
        if int(generator.integers(3)) == 0:
            mark = mesh.journal.mark()
            edit(mesh, generator, CommandName(6, 2 * number + 1))
            client.follow(mesh)
            assert client.drawn() == expected(mesh)
            mesh.journal.rollback(mark)
        for each in range(int(generator.integers(0, 4))):
            edit(mesh, generator, CommandName(7 + each, number + 1))
        if int(generator.integers(3)) == 0 and mesh.face_ids():
            face = mesh.face_ids()[int(generator.integers(mesh.face_count))]
            paint(mesh, face, tuple(generator.random(3).tolist()))
        if int(generator.integers(10)) == 0:
            mesh.halfedges.attributes.columns.clear()
            shuffle(mesh, generator)
        elif int(generator.integers(5)) == 0:
            mesh = mesh.copy()


def test_mesh_89_the_same_change_under_other_ids_is_seen() -> None:
    mesh, client = grid(3, 3), Client()
    mark = mesh.journal.mark()
    for number in range(2):
        extrude_face(mesh, mesh.face_ids()[0], 1.0, CommandName(4, number + 1))
        client.follow(mesh)
        assert client.drawn() == expected(mesh)
        mesh.journal.rollback(mark)
        mark = mesh.journal.mark()
