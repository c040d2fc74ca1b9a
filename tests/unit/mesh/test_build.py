"""Building from face loops, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.mesh.meshes import ids, mesh_from, small_id
from theta.base.errors import InvalidValue, UsageError
from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh import (
    BowTie,
    DuplicateElement,
    MultiEdge,
    NonManifoldEdge,
    RepeatedVertex,
    SelfEdge,
    build_mesh,
    edge_pairs,
    validate,
)
from theta.mesh import build as build_module
from theta.mesh.build import build_from_arrays

POINTS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0), (2.0, 2.0, 2.0)]
V, F = ids("v", 9), ids("f", 9)


def test_mesh_7_ids_go_to_elements_in_the_written_order() -> None:
    faces = [(2, 3, 0), (0, 1, 2)]
    edges = [small_id(9 - number) for number in range(5)]
    mesh = build_mesh(POINTS[:4], faces, V[:4], edges, F[:2])
    validate(mesh)
    assert edge_pairs(faces) == [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]
    for edge, pair in zip(edges, edge_pairs(faces), strict=True):
        assert set(mesh.edge_vertices(edge)) == {V[pair[0]], V[pair[1]]}
    for face, loop in zip(F, faces, strict=False):
        assert set(mesh.face_vertices(face)) == {V[corner] for corner in loop}
    for vertex, point in zip(V, POINTS[:4], strict=False):
        assert mesh.position(vertex) == point


def test_ids_may_be_arrays() -> None:
    def array(some: list[bytes]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.frombuffer(b"".join(some), np.uint8).reshape(-1, 16)

    mesh = build_mesh(POINTS[:3], [(0, 1, 2)], array(V[:3]), array(ids("e", 3)), array(F[:1]))
    assert mesh.vertex_ids() == sorted(V[:3])
    assert all(type(vertex) is bytes for vertex in mesh.vertex_ids())


def test_edge_pairs_of_nothing_are_none() -> None:
    assert edge_pairs([]) == []


def test_mesh_7_a_third_face_at_an_edge_is_refused() -> None:
    with pytest.raises(NonManifoldEdge) as told:
        mesh_from(POINTS, [(0, 1, 2), (1, 0, 3), (0, 1, 4)])
    assert set(told.value.ends) == {V[0], V[1]}
    assert told.value.sides == 3


def test_mesh_7_two_faces_the_same_way_along_an_edge_are_refused() -> None:
    with pytest.raises(MultiEdge) as told:
        mesh_from(POINTS, [(0, 1, 2), (0, 1, 3)])
    assert set(told.value.ends) == {V[0], V[1]}


def test_mesh_7_an_edge_from_a_vertex_to_itself_is_refused() -> None:
    with pytest.raises(SelfEdge) as told:
        mesh_from(POINTS, [(0, 1, 2), (0, 2, 3, 3)])
    assert (told.value.face_id, told.value.vertex_id) == (F[1], V[3])


def test_mesh_7_a_face_that_comes_to_a_vertex_twice_is_refused() -> None:
    with pytest.raises(RepeatedVertex) as told:
        mesh_from(POINTS, [(0, 1, 2, 0, 3)])
    assert (told.value.face_id, told.value.vertex_id) == (F[0], V[0])


@pytest.mark.parametrize(
    ("faces", "middle"),
    [
        ([(0, 1, 2), (0, 3, 4)], 0),
        ([(0, 1, 2), (2, 1, 0), (0, 3, 4), (4, 3, 0)], 0),
        ([(0, 1, 2), (2, 1, 0), (2, 3, 4)], 2),
    ],
    ids=["two open fans", "two closed fans", "a closed and an open fan"],
)
def test_mesh_7_a_bow_tie_is_refused(faces: list[tuple[int, ...]], middle: int) -> None:
    with pytest.raises(BowTie) as told:
        mesh_from(POINTS, faces)
    assert told.value.vertex_id == V[middle]


def test_two_faces_back_to_back_are_a_closed_mesh() -> None:
    mesh = mesh_from(POINTS[:3], [(0, 1, 2), (2, 1, 0)])
    validate(mesh)
    assert (mesh.halfedges.face.array() >= 0).all()


@pytest.mark.parametrize("kind", ["vertex", "edge", "face"])
def test_mesh_7_an_id_given_twice_is_refused(kind: str) -> None:
    tables = {"vertex": V[:4], "edge": ids("e", 5), "face": F[:2]}
    tables[kind] = [*tables[kind][:-1], tables[kind][0]]
    with pytest.raises(DuplicateElement) as told:
        build_mesh(POINTS[:4], [(0, 1, 2), (0, 2, 3)], tables["vertex"], tables["edge"], tables["face"])
    assert (told.value.kind, told.value.identifier) == (kind, tables[kind][0])


@pytest.mark.parametrize(
    ("field", "build"),
    [
        ("vertex index", lambda: mesh_from(POINTS, [(0, 1, 5)])),
        ("vertex index", lambda: mesh_from(POINTS, [(0, 1, -1)])),
        ("face corners", lambda: mesh_from(POINTS, [(0, 1)])),
        ("face corners", lambda: mesh_from([(0.0, 0.0, 0.0)] * 257, [range(257)])),
        ("faces", lambda: edge_pairs([(0, 1, 1.5)])),  # type: ignore[list-item]
        ("faces", lambda: edge_pairs([(0, 1, 2**70)])),
        ("vertex_ids", lambda: build_mesh(POINTS[:3], [], V[:2], [], [])),
        ("face_ids", lambda: build_mesh(POINTS[:3], [(0, 1, 2)], V[:3], ids("e", 3), [])),
        ("edge_ids", lambda: build_mesh(POINTS[:3], [(0, 1, 2)], V[:3], ids("e", 2), F[:1])),
        ("vertex id", lambda: build_mesh(POINTS[:1], [], [b"short"], [], [])),
        ("vertex ids", lambda: build_mesh(POINTS[:1], [], np.zeros((1, 8), np.uint8), [], [])),
        ("positions", lambda: build_mesh([(0.0, 0.0)], [], V[:1], [], [])),
        ("positions", lambda: build_mesh("nonsense", [], V[:1], [], [])),
        ("positions", lambda: build_mesh([(0.0, 0.0, float("nan"))], [], V[:1], [], [])),
        ("positions", lambda: build_mesh([(0.0, 0.0, -1.1 * COORDINATE_METRES_MAX)], [], V[:1], [], [])),
        ("corners", lambda: build_from_arrays(POINTS[:3], np.array([3]), np.array([0, 1]), (V[:3], [], F[:1]))),
    ],
)
def test_mesh_20_what_is_out_of_its_limits_is_named(field: str, build: Callable[[], object]) -> None:
    with pytest.raises(InvalidValue) as told:
        build()
    assert told.value.field == field
    assert isinstance(told.value, UsageError)


def test_mesh_21_limits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "MESH_VERTICES_MAX", 3)
    with pytest.raises(InvalidValue, match="vertices is 4"):
        mesh_from(POINTS[:4], [(0, 1, 2, 3)])
    monkeypatch.setattr(build_module, "MESH_FACES_MAX", 1)
    with pytest.raises(InvalidValue, match="faces is 2"):
        mesh_from(POINTS[:3], [(0, 1, 2), (2, 1, 0)])


def test_mesh_21_negative_zero_is_written_as_zero() -> None:
    mesh = build_mesh([(-0.0, 1.0, -0.0)], [], V[:1], [], [])
    assert str(mesh.position(V[0])) == "(0.0, 1.0, 0.0)"
