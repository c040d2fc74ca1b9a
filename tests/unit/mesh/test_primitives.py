"""Cube, pyramid and plane."""

import math

import pytest

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, blake2b_128, element_id
from theta.base.limits import PRIMITIVE_METRES_MAX, PRIMITIVE_METRES_MIN
from theta.mesh import PRIMITIVES, bounds, build_primitive, canonical_bytes, face_centroid, face_normal, validate

NAME = CommandName(0x0123456789ABCDEF, 42)


def vertices(kind: str, count: int) -> list[bytes]:
    return [element_id(NAME, f"{kind}.vertex", (), ordinal) for ordinal in range(count)]


def face(kind: str, ordinal: int) -> bytes:
    return element_id(NAME, f"{kind}.face", (), ordinal)


def test_mesh_10_cube() -> None:
    mesh = build_primitive("cube", 3.0, NAME)
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (8, 12, 6)
    for ordinal, vertex in enumerate(vertices("cube", 8)):
        assert mesh.position(vertex) == tuple(1.5 if ordinal >> bit & 1 else -1.5 for bit in range(3))
    for ordinal in range(6):
        axis, side = ordinal >> 1, 1.0 if ordinal & 1 else -1.0
        assert face_normal(mesh, face("cube", ordinal)) == tuple(side if at == axis else 0.0 for at in range(3))
    assert mesh.face_vertices(face("cube", 0)) == _turned([vertices("cube", 8)[at] for at in (0, 4, 6, 2)])


def _turned(loop: list[bytes]) -> list[bytes]:
    start = loop.index(min(loop))
    return loop[start:] + loop[:start]


def test_mesh_11_pyramid() -> None:
    mesh = build_primitive("pyramid", 2.0, NAME)
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (5, 8, 5)
    assert bounds(mesh) == ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))
    assert mesh.position(vertices("pyramid", 5)[4]) == (0.0, 1.0, 0.0)
    assert mesh.position(vertices("pyramid", 5)[2]) == (1.0, -1.0, 1.0)
    assert face_normal(mesh, face("pyramid", 0)) == (0.0, -1.0, 0.0)
    for ordinal, (x, z) in enumerate(((0, -1), (1, 0), (0, 1), (-1, 0)), start=1):
        normal = face_normal(mesh, face("pyramid", ordinal))
        assert normal[0] * x + normal[2] * z == pytest.approx(2.0 / math.sqrt(5.0))
        assert normal[1] == pytest.approx(1.0 / math.sqrt(5.0))
        assert len(mesh.face_vertices(face("pyramid", ordinal))) == 3


def test_mesh_12_plane() -> None:
    mesh = build_primitive("plane", 2.0, NAME)
    validate(mesh)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (4, 4, 1)
    assert face_normal(mesh, face("plane", 0)) == (0.0, 1.0, 0.0)
    assert face_centroid(mesh, face("plane", 0)) == (0.0, 0.0, 0.0)
    assert bounds(mesh) == ((-1.0, 0.0, -1.0), (1.0, 0.0, 1.0))


@pytest.mark.parametrize("kind", PRIMITIVES)
def test_mesh_13_ids_are_of_the_command_and_edges_ascend(kind: str) -> None:
    mesh = build_primitive(kind, 1.0, NAME)
    known = vertices(kind, mesh.vertex_count)
    assert sorted(known) == mesh.vertex_ids()
    edges = [element_id(NAME, f"{kind}.edge", (), ordinal) for ordinal in range(mesh.edge_count)]
    assert sorted(edges) == mesh.edge_ids()
    pairs = [sorted(known.index(vertex) for vertex in mesh.edge_vertices(edge)) for edge in edges]
    assert pairs == sorted(pairs)
    assert sorted(face(kind, ordinal) for ordinal in range(mesh.face_count)) == mesh.face_ids()


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf, PRIMITIVE_METRES_MIN / 2, PRIMITIVE_METRES_MAX * 2])
def test_mesh_13_a_size_out_of_its_limits_is_refused(size: float) -> None:
    with pytest.raises(InvalidValue) as told:
        build_primitive("cube", size, NAME)
    assert told.value.field == "size"


def test_mesh_13_an_unknown_kind_is_refused() -> None:
    assert PRIMITIVES == ("cube", "pyramid", "plane")
    with pytest.raises(InvalidValue, match="kind is 'teapot', but must be one of cube, pyramid, plane"):
        build_primitive("teapot", 1.0, NAME)


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("cube", "4a04ca36b465e490b11b9a3cb2bc1f4b"),
        ("pyramid", "3eadde67284ce6cb32bca4a87e2e6d65"),
        ("plane", "8d13e6009e7ecdffc510404ecbdea62f"),
    ],
)
def test_mesh_13_primitives_keep_their_bytes_for_ever(kind: str, digest: str) -> None:
    mesh = build_primitive(kind, 1.5, NAME)
    assert blake2b_128("test", canonical_bytes(mesh)).hex() == digest
