"""Canonical bytes: written, read, and refused when they are wrong."""

import struct
from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.mesh.meshes import grid, ids, polygon, raw_state, small_id, torus
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.base.limits import COORDINATE_METRES_MAX, MESH_FACES_MAX, MESH_VERTICES_MAX
from theta.mesh import (
    MalformedMesh,
    Mesh,
    build_mesh,
    build_primitive,
    canonical_bytes,
    edge_pairs,
    encode_canonical,
    extrude_face,
    mesh_of,
    parse_canonical,
    validate,
)
from theta.mesh import canonical as canonical_module
from theta.mesh.sorting import ascending

NAME = CommandName(7, 1)


def plain_bytes(mesh: Mesh) -> bytes:
    """MESH-18 word for word, an element at a time, by the public queries alone."""
    vertices, edges, faces = mesh.vertex_ids(), mesh.edge_ids(), mesh.face_ids()
    number = {vertex: at for at, vertex in enumerate(vertices)}
    loops = [[number[vertex] for vertex in mesh.face_vertices(face)] for face in faces]
    parts = [b"TMC1", struct.pack("<4I", len(vertices), len(edges), len(faces), sum(len(loop) for loop in loops))]
    parts += vertices
    parts += [struct.pack("<3d", *mesh.position(vertex)) for vertex in vertices]
    parts += edges
    parts += [struct.pack("<2I", *sorted(number[end] for end in mesh.edge_vertices(edge))) for edge in edges]
    parts += faces
    parts += [struct.pack("<I", len(loop)) for loop in loops]
    parts += [struct.pack(f"<{len(loop)}I", *loop) for loop in loops]
    return b"".join(parts)


def extruded() -> Mesh:
    mesh = build_primitive("pyramid", 2.0, NAME)
    for number in range(5):
        extrude_face(mesh, mesh.face_ids()[number], 0.5, CommandName(7, 2 + number))
    return mesh


def with_large_face() -> Mesh:
    return polygon([(float(at), float(at * at), 0.0) for at in range(50)])


@pytest.mark.parametrize("make", [Mesh, extruded, torus, with_large_face, lambda: grid(5, 4)])
def test_mesh_18_the_bytes_are_as_written(make: Callable[[], Mesh]) -> None:
    assert canonical_bytes(make()) == plain_bytes(make())


def test_mesh_18_a_plane_byte_by_byte() -> None:
    vertices, edges = [small_id(at) for at in (4, 2, 3, 1)], [small_id(at) for at in (9, 8, 7, 6)]
    points = [(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 0)]
    mesh = build_mesh(points, [(0, 1, 2, 3)], vertices, edges, [small_id(5)])
    assert edge_pairs([(0, 1, 2, 3)]) == [(0, 1), (0, 3), (1, 2), (2, 3)]
    expected = b"TMC1" + struct.pack("<4I", 4, 4, 1, 4)
    expected += b"".join(small_id(at) for at in (1, 2, 3, 4))
    expected += struct.pack("<12d", 1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0)
    expected += b"".join(small_id(at) for at in (6, 7, 8, 9))
    expected += struct.pack("<8I", 0, 2, 1, 2, 0, 3, 1, 3)
    expected += small_id(5) + struct.pack("<5I", 4, 0, 3, 1, 2)
    assert canonical_bytes(mesh) == expected


@pytest.mark.parametrize("make", [Mesh, extruded, torus, with_large_face, lambda: grid(5, 4)])
def test_mesh_18_bytes_read_are_the_bytes_written(make: Callable[[], Mesh]) -> None:
    data = canonical_bytes(make())
    canonical = parse_canonical(data)
    assert encode_canonical(canonical) == data
    again = mesh_of(canonical)
    validate(again)
    assert canonical_bytes(again) == data
    assert canonical.positions.dtype == np.float64
    assert canonical.corners.dtype == np.uint32


def test_mesh_18_reading_leaves_the_mesh_alone() -> None:
    mesh = extruded()
    before = raw_state(mesh)
    canonical_bytes(mesh)
    assert raw_state(mesh) == before


def test_ids_that_begin_alike_ascend_too() -> None:
    some = [bytes(8) + bytes((at,)) * 8 for at in (200, 3, 127, 128, 0)]
    array = np.frombuffer(b"".join(some), np.uint8).reshape(-1, 16)
    assert [some[at] for at in ascending(array)] == sorted(some)


def test_mesh_19_every_truncation_is_refused() -> None:
    data = canonical_bytes(build_primitive("pyramid", 2.0, NAME))
    for length in range(len(data)):
        with pytest.raises(MalformedMesh):
            parse_canonical(data[:length])
    with pytest.raises(MalformedMesh) as told:
        parse_canonical(data + b"\0")
    assert told.value.field == "length"
    assert isinstance(told.value, UsageError)


# Two triangles over a quad: vertices 0 … 3, faces (0 1 2) and (0 2 3).
V, E, F = sorted(ids("v", 4)), sorted(ids("e", 5)), sorted(ids("f", 2))
ENDS = [0, 1, 0, 2, 0, 3, 1, 2, 2, 3]
POINTS = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0]


def packed(
    *,
    magic: bytes = b"TMC1",
    counts: tuple[int, ...] | None = None,
    vertices: list[bytes] = V,
    points: list[float] = POINTS,
    edges: list[bytes] = E,
    ends: list[int] = ENDS,
    faces: list[bytes] = F,
    sizes: tuple[int, ...] = (3, 3),
    corners: tuple[int, ...] = (0, 1, 2, 0, 2, 3),
) -> bytes:
    counts = counts or (len(vertices), len(edges), len(faces), len(corners))
    return b"".join(
        [
            magic,
            struct.pack("<4I", *counts),
            *vertices,
            struct.pack(f"<{len(points)}d", *points),
            *edges,
            struct.pack(f"<{len(ends)}I", *ends),
            *faces,
            struct.pack(f"<{len(sizes)}I", *sizes),
            struct.pack(f"<{len(corners)}I", *corners),
        ]
    )


def test_mesh_19_a_face_of_too_many_corners_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = canonical_bytes(grid(2, 1))
    monkeypatch.setattr(canonical_module, "MESH_FACE_CORNERS_MAX", 3)
    with pytest.raises(MalformedMesh, match="face corner counts"):
        parse_canonical(data)


def test_mesh_19_two_triangles_are_read() -> None:
    assert parse_canonical(packed()).corners.tolist() == [0, 1, 2, 0, 2, 3]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"TMC1", "header"),
        (packed(magic=b"TMC9"), "magic"),
        (packed(counts=(MESH_VERTICES_MAX + 1, 0, 0, 0)), "vertices"),
        (packed(counts=(0, 0, MESH_FACES_MAX + 1, 0)), "faces"),
        (packed(counts=(4, 2**32 - 1, 2, 2**32 - 1)), "length"),
        (packed(vertices=[V[1], V[0], V[2], V[3]]), "vertex ids"),
        (packed(vertices=[V[0], V[0], V[2], V[3]]), "vertex ids"),
        (packed(edges=[E[1], E[0], *E[2:]]), "edge ids"),
        (packed(faces=F[::-1]), "face ids"),
        (packed(points=[float("nan"), *POINTS[1:]]), "positions"),
        (packed(points=[float("inf"), *POINTS[1:]]), "positions"),
        (packed(points=[1.01 * COORDINATE_METRES_MAX, *POINTS[1:]]), "positions"),
        (packed(points=[-0.0, *POINTS[1:]]), "positions"),
        (packed(ends=[1, 0, *ENDS[2:]]), "edge ends"),
        (packed(ends=[0, 0, *ENDS[2:]]), "edge ends"),
        (packed(ends=[0, 4, *ENDS[2:]]), "edge ends"),
        (packed(ends=[0, 1, 0, 1, *ENDS[4:]]), "edge ends"),
        (packed(ends=[1, 3, *ENDS[2:]]), "edge ends"),
        (packed(edges=E[:4], ends=ENDS[:8]), "edge ends"),
        (packed(sizes=(2, 4)), "face corner counts"),
        (packed(sizes=(3, 4)), "face corner counts"),
        (packed(sizes=(2**32 - 1, 2**32 - 1)), "face corner counts"),
        (packed(corners=(0, 1, 2, 0, 2, 4)), "corners"),
        (packed(corners=(0, 1, 2, 2, 3, 0)), "corners"),
        (packed(corners=(0, 1, 2, 0, 3, 2)), "corners"),
        (packed(corners=(0, 1, 2, 0, 2, 2)), "corners"),
        (packed(corners=(0, 1, 2), sizes=(3, 0)), "face corner counts"),
    ],
)
def test_mesh_19_what_is_wrong_is_named(data: bytes, field: str) -> None:
    with pytest.raises(MalformedMesh) as told:
        parse_canonical(data)
    assert told.value.field == field
