"""Attributes by id, their canonical bytes, and what is refused."""

from typing import Any

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, polygon, raw_state, small_id
from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import (
    MalformedMesh,
    Mesh,
    build_primitive,
    canonical_bytes,
    extrude_face,
    mesh_of,
    parse_canonical,
    validate,
)
from theta.mesh import rebuild as rebuild_module
from theta.mesh.attribute_rows import attribute_rows, set_attribute
from theta.mesh.attributes import AttributeKey
from theta.mesh.canonical import encode_canonical
from theta.mesh.compaction import compact
from theta.mesh.local import mirror, poke
from theta.mesh.subdivision import subdivide
from theta.mesh.surgery import Surgery

NAME = CommandName(7, 1)


def painted() -> Mesh:
    mesh = grid(2, 1)
    face = mesh.face_ids()[1]
    set_attribute(mesh, "face", "colour", [face], [[0.25, -0.0, 1.0]])
    set_attribute(mesh, "face", "painted", [face], [1], "u1")
    set_attribute(mesh, "edge", "crease", mesh.edge_ids()[2:4], [1.5, 2.5])
    set_attribute(mesh, "vertex", "group", mesh.vertex_ids()[:1], [-7], "i4")
    corners = [(face, vertex) for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "corner", "uv", corners, np.arange(8.0).reshape(4, 2))
    return mesh


def test_mesh_24_rows_are_zero_until_they_are_written() -> None:
    mesh = painted()
    validate(mesh)
    assert mesh.attribute_keys() == [
        AttributeKey("vertex", "group"),
        AttributeKey("edge", "crease"),
        AttributeKey("face", "colour"),
        AttributeKey("face", "painted"),
        AttributeKey("corner", "uv"),
    ]
    assert attribute_rows(mesh, "face", "colour").tolist() == [[0.0, 0.0, 0.0], [0.25, 0.0, 1.0]]
    assert not np.signbit(attribute_rows(mesh, "face", "colour")).any()
    assert attribute_rows(mesh, "edge", "crease").reshape(-1).tolist() == [0.0, 0.0, 1.5, 2.5, 0.0, 0.0, 0.0]
    assert attribute_rows(mesh, "corner", "uv").tolist() == [[0.0, 0.0]] * 4 + np.arange(8.0).reshape(4, 2).tolist()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("point", "x", [], []), "domain"),
        (("face", "", [], []), "attribute"),
        (("face", "Ä", [], []), "attribute"),
        (("face", "x" * 33, [], []), "attribute"),
        (("face", "x", [], [], "f4"), "attribute type"),
        (("face", "x", [small_id(0)], [[1.0] * 5]), "attribute width"),
        (("face", "x", [small_id(0)], [1.0, 2.0]), "rows"),
        (("face", "x", [small_id(0)], [np.nan]), "rows"),
        (("face", "x", [small_id(0)], [256], "u1"), "rows"),
        (("face", "x", [small_id(0)], [1.5], "u1"), "rows"),
        (("face", "x", [small_id(0)], [-0.5], "i4"), "rows"),
        (("face", "x", [small_id(0)], [2**31], "i4"), "rows"),
        (("face", "x", [small_id(0)], [np.nan], "i4"), "rows"),
        (("face", "x", [small_id(0)], ["red"]), "rows"),
        (("face", "x", [small_id(0)], [[1.0], [2.0, 3.0]]), "rows"),
    ],
)
def test_mesh_24_what_is_wrong_is_named(arguments: Any, field: str) -> None:
    mesh = grid(1, 1)
    before = raw_state(mesh)
    with pytest.raises(InvalidValue) as told:
        set_attribute(mesh, *arguments)
    assert told.value.field == field
    assert raw_state(mesh) == before


def test_mesh_24_elements_are_known_and_different_and_the_type_stays() -> None:
    mesh = painted()
    before = raw_state(mesh)
    face = mesh.face_ids()[0]
    elsewhere = next(vertex for vertex in mesh.vertex_ids() if vertex not in mesh.face_vertices(face))
    with pytest.raises(UnknownElement, match="face"):
        set_attribute(mesh, "face", "colour", [small_id(1)], [[0.0, 0.0, 0.0]])
    with pytest.raises(UnknownElement, match="corner"):
        set_attribute(mesh, "corner", "uv", [(face, elsewhere)], [[0.0, 0.0]])
    with pytest.raises(InvalidValue, match="all different"):
        set_attribute(mesh, "face", "colour", [face, face], np.zeros((2, 3)))
    with pytest.raises(InvalidValue, match="type and width"):
        set_attribute(mesh, "face", "colour", [face], [1.0])
    with pytest.raises(InvalidValue, match="one that the mesh has"):
        attribute_rows(mesh, "face", "warmth")
    assert raw_state(mesh) == before


def test_mesh_24_there_is_an_end_to_them() -> None:
    mesh = grid(1, 1)
    for number in range(32):
        set_attribute(mesh, "face", f"a{number}", mesh.face_ids(), [1.0])
    with pytest.raises(InvalidValue, match="at most 32"):
        set_attribute(mesh, "face", "one-more", mesh.face_ids(), [1.0])


def test_mesh_24_whole_numbers_are_kept_to_the_last() -> None:
    mesh = grid(2, 1)
    set_attribute(mesh, "face", "x", mesh.face_ids(), [-(2**31), 2**31 - 1], "i4")
    assert attribute_rows(mesh, "face", "x").reshape(-1).tolist() == [-(2**31), 2**31 - 1]


def test_mesh_24_a_blend_that_is_not_finite_leaves_no_trace() -> None:
    """Eleven times 1/11, each rounded, is more than 1."""
    mesh = polygon([(np.cos(at * 0.57), np.sin(at * 0.57), 0.0) for at in range(11)])
    largest = float(np.finfo(np.float64).max)
    set_attribute(mesh, "vertex", "weight", mesh.vertex_ids(), [largest] * 11)
    before = raw_state(mesh)
    with pytest.raises(InvalidValue) as told:
        poke(mesh, mesh.face_ids()[0], NAME)
    assert told.value.field == "attribute"
    assert raw_state(mesh) == before


def test_mesh_24_halves_of_the_least_number_are_no_negative_zeros() -> None:
    """Half of the smallest negative number rounds to -0, in attributes and in positions (MESH-21)."""
    least = -5e-324
    mesh = polygon([(least, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (1.0, 0.0, 0.0)])
    set_attribute(mesh, "vertex", "weight", [small_id(0)], [least])
    set_attribute(mesh, "corner", "weight", [(mesh.face_ids()[0], small_id(0))], [least])
    subdivide(mesh, "linear", NAME)
    validate(mesh)
    assert not np.signbit(attribute_rows(mesh, "vertex", "weight")[1:]).any()
    assert np.signbit(mesh.positions()).sum() == 1


def test_mesh_21_attributes_count_among_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = grid(2, 1)
    room = 40 * 6 + 32 * 7 + 20 * 2 + 2 * 7 * 16
    corner = (mesh.face_ids()[0], mesh.face_vertices(mesh.face_ids()[0])[0])
    monkeypatch.setattr(rebuild_module, "MESH_BYTES_MAX", room - 1)
    before = raw_state(mesh)
    with pytest.raises(InvalidValue, match=f"mesh is {room}"):
        set_attribute(mesh, "corner", "uv", [corner], [[0.0, 0.0]])
    assert raw_state(mesh) == before
    monkeypatch.setattr(rebuild_module, "MESH_BYTES_MAX", room)
    set_attribute(mesh, "corner", "uv", [corner], [[0.0, 0.0]])
    assert len(canonical_bytes(mesh)) < room + 64
    before = raw_state(mesh)
    for operation in (
        lambda: extrude_face(mesh, mesh.face_ids()[0], 0.5, NAME),
        lambda: poke(mesh, mesh.face_ids()[0], NAME),
        lambda: subdivide(mesh, "linear", NAME),
        lambda: mirror(mesh, "y", 2.0, 0.0, NAME),
    ):
        with pytest.raises(InvalidValue) as told:
            operation()
        assert told.value.field == "mesh"
        assert raw_state(mesh) == before


def test_mesh_18_attributes_have_canonical_bytes_and_without_them_nothing_differs() -> None:
    assert canonical_bytes(grid(2, 1))[:4] == b"TMC1"
    mesh = painted()
    data = canonical_bytes(mesh)
    assert data[:4] == b"TMC2"
    canonical = parse_canonical(data)
    assert encode_canonical(canonical) == data
    again = mesh_of(canonical)
    validate(again)
    assert canonical_bytes(again) == data
    assert attribute_rows(again, "corner", "uv").tolist() == attribute_rows(mesh, "corner", "uv").tolist()


def test_mesh_19_attributes_are_believed_no_more_than_the_rest() -> None:
    mesh = grid(1, 1)
    plain = len(canonical_bytes(mesh))
    set_attribute(mesh, "face", "warmth", mesh.face_ids(), [1.0])
    data = canonical_bytes(mesh)
    head = data[:plain]
    one = data[plain + 4 :]
    wrong = [
        head,
        head + b"\0\0\0\0",
        head + b"\2\0\0\0" + one + one,
        head + b"\x21\0\0\0" + one,
        head + b"\1\0\0\0\1",
        head + b"\1\0\0\0\4\0\1\1x",
        head + b"\1\0\0\0\2\3\1\1x",
        head + b"\1\0\0\0\2\0\5\1x",
        head + b"\1\0\0\0\2\0\1\1X" + bytes(8),
        data[:-1],
        data + b"\0",
        data[:-8] + np.array([-0.0]).tobytes(),
        data[:-8] + np.array([np.nan]).tobytes(),
    ]
    for bytes_ in wrong:
        with pytest.raises(MalformedMesh):
            parse_canonical(bytes_)


def test_mesh_29_compaction_changes_nothing_that_has_an_id() -> None:
    mesh = painted()
    extrude_face(mesh, mesh.face_ids()[1], 0.5, CommandName(7, 2))
    before, mark = canonical_bytes(mesh), mesh.journal.mark()
    raw = raw_state(mesh)
    compact(mesh)
    validate(mesh)
    assert canonical_bytes(mesh) == before
    assert mesh.halfedges.vertices.column.array().tobytes() == b"".join(mesh.vertex_ids())
    extrude_face(mesh, mesh.face_ids()[1], 0.5, CommandName(7, 3))
    validate(mesh)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == raw


def test_mesh_29_compaction_drops_the_dead() -> None:
    mesh = build_primitive("cube", 2.0, NAME)
    surgery = Surgery(mesh.halfedges)
    surgery.remove_face(0)
    surgery.apply()
    compact(mesh)
    validate(mesh)
    assert mesh.halfedges.face_halfedge.count == mesh.face_count == 5


def test_mesh_9_what_was_written_before_a_rebuild_is_rolled_back_after_it() -> None:
    mesh = painted()
    face = mesh.face_ids()[1]
    before, outer = raw_state(mesh), mesh.journal.mark()
    set_attribute(mesh, "face", "colour", [face], [[0.5, 0.5, 0.5]])
    inner = mesh.journal.mark()
    compact(mesh)
    mesh.journal.rollback(inner)
    for number in range(2, 40):
        extrude_face(mesh, face, 0.5, CommandName(7, number))
    mesh.journal.rollback(outer)
    assert raw_state(mesh) == before
