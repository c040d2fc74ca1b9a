"""How these tests run an operation: on the mesh, on the same mesh in other slots, and once to be rolled back."""

import random
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest

from tests.unit.mesh.meshes import raw_state
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName, element_id
from theta.mesh import Mesh, build_mesh, canonical_bytes, canonical_mesh, edge_pairs, validate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.results import Made

NAME = CommandName(7, 2)
NOTHING = bytes(16)

Operate = Callable[[Mesh], Made]
Error = TypeVar("Error", bound=UsageError)
Deltas = tuple[int, int, int]


def counts(mesh: Mesh) -> Deltas:
    return mesh.vertex_count, mesh.edge_count, mesh.face_count


def ids_of(mesh: Mesh) -> tuple[set[bytes], set[bytes], set[bytes]]:
    return set(mesh.vertex_ids()), set(mesh.edge_ids()), set(mesh.face_ids())


def with_attributes(mesh: Mesh) -> Mesh:
    """The mesh with an attribute in every domain, of which no two rows are equal."""
    for domain, ids in (("vertex", mesh.vertex_ids()), ("edge", mesh.edge_ids()), ("face", mesh.face_ids())):
        set_attribute(mesh, domain, "mark", ids, [[float(at), at / 7.0] for at in range(1, len(ids) + 1)])
        set_attribute(mesh, domain, "group", ids, [[at] for at in range(1, len(ids) + 1)], "i4")
    corners = [(face, vertex) for face in mesh.face_ids() for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "corner", "uv", corners, [[at / 3.0, 100.0 - at] for at in range(1, len(corners) + 1)])
    return mesh


def row(mesh: Mesh, domain: str, name: str, identifier: bytes, vertex: bytes = b"") -> list[float]:
    """An element's row of an attribute; a corner's by its face and vertex."""
    canonical = canonical_mesh(mesh)
    column = {key.name: rows for key, rows in canonical.attributes.items() if key.domain == domain}[name]
    if domain == "corner":
        face = mesh.face_ids().index(identifier)
        start = int(canonical.face_counts[:face].sum())
        values: list[float] = column[start + mesh.face_vertices(identifier).index(vertex)].tolist()
        return values
    ids = {"vertex": mesh.vertex_ids, "edge": mesh.edge_ids, "face": mesh.face_ids}[domain]()
    values = column[ids.index(identifier)].tolist()
    return values


def shuffled(mesh: Mesh, seed: int = 1) -> Mesh:
    """The same elements in other slots, without redirects."""
    draw = random.Random(seed)
    vertices, faces = mesh.vertex_ids(), mesh.face_ids()
    draw.shuffle(vertices)
    draw.shuffle(faces)
    place = {vertex: at for at, vertex in enumerate(vertices)}
    loops = []
    for face in faces:
        loop = [place[vertex] for vertex in mesh.face_vertices(face)]
        start = draw.randrange(len(loop))
        loops.append(loop[start:] + loop[:start])
    named = {tuple(sorted(place[end] for end in mesh.edge_vertices(edge))): edge for edge in mesh.edge_ids()}
    edges = [named[pair] for pair in edge_pairs(loops)]
    other = build_mesh([mesh.position(vertex) for vertex in vertices], loops, vertices, edges, faces)
    canonical = canonical_mesh(mesh)
    corners = [(face, vertex) for face in mesh.face_ids() for vertex in mesh.face_vertices(face)]
    ids: dict[str, Any] = {
        "vertex": mesh.vertex_ids(),
        "edge": mesh.edge_ids(),
        "face": mesh.face_ids(),
        "corner": corners,
    }
    for key, rows in canonical.attributes.items():
        kind = {"f": "f8", "i": "i4", "u": "u1"}[rows.dtype.kind]
        set_attribute(other, key.domain, key.name, ids[key.domain], rows, kind)
    assert canonical_bytes(other) == canonical_bytes(mesh)
    return other


def operate(mesh: Mesh, operation: Operate, deltas: Deltas | None = None) -> Made:
    """Run an operation, checking all that holds for every operation: MESH-9, MESH-18, MESH-28."""
    before, raw, ids = counts(mesh), raw_state(mesh), ids_of(mesh)
    other = None if mesh.redirects.length else shuffled(mesh)
    mark = mesh.journal.mark()
    operation(mesh)
    changed = raw_state(mesh)
    mesh.journal.rollback(mark)
    assert raw_state(mesh) == raw
    made = operation(mesh)
    assert raw_state(mesh) == changed
    validate(mesh)
    if deltas is not None:
        assert tuple(new - old for new, old in zip(counts(mesh), before, strict=True)) == deltas
    told = [[bytes(each) for each in kind] for kind in (made.vertices, made.edges, made.faces)]
    for old, new, these in zip(ids, ids_of(mesh), told, strict=True):
        assert len(set(these)) == len(these)
        assert new - old == set(these)
    if other is not None:
        same = operation(other)
        assert [[bytes(each) for each in kind] for kind in (same.vertices, same.edges, same.faces)] == told
        assert canonical_bytes(other) == canonical_bytes(mesh)
        assert other.redirects.to_bytes() == mesh.redirects.to_bytes()
    assert mesh.journal.depth == 0
    return made


def refuse(mesh: Mesh, operation: Operate, error: type[Error], match: str | None = None) -> Error:
    """Run an operation that cannot be done, and check that it leaves nothing behind: MESH-20."""
    raw = raw_state(mesh)
    with pytest.raises(error, match=match) as told:
        operation(mesh)
    assert raw_state(mesh) == raw
    assert mesh.journal.depth == 0
    return told.value


def vertex_at(mesh: Mesh, point: tuple[float, float, float]) -> bytes:
    """The one vertex at a point."""
    found = [vertex for vertex in mesh.vertex_ids() if mesh.position(vertex) == point]
    assert len(found) == 1
    return found[0]


def edge_between(mesh: Mesh, one: bytes, other: bytes) -> bytes:
    """The edge between two vertices."""
    return next(edge for edge in mesh.edge_ids() if set(mesh.edge_vertices(edge)) == {one, other})


def edge_at(mesh: Mesh, one: tuple[float, float, float], other: tuple[float, float, float]) -> bytes:
    """The edge between the vertices at two points."""
    return edge_between(mesh, vertex_at(mesh, one), vertex_at(mesh, other))


def face_at(mesh: Mesh, *points: tuple[float, float, float]) -> bytes:
    """The face that comes to the vertices at these points."""
    vertices = {vertex_at(mesh, point) for point in points}
    return next(face for face in mesh.face_ids() if vertices <= set(mesh.face_vertices(face)))


def with_ends(edge: bytes, low: bytes, high: bytes, role: str) -> bytes:
    """What an edge is called whose lower and higher ends have become these: MESH-60."""
    return edge if low < high else element_id(NAME, role, (edge,))


def near(one: object, other: object) -> None:
    """Numbers that rounding alone may tell apart."""
    np.testing.assert_allclose(np.array(one), np.array(other), rtol=0.0, atol=1e-12)


def rename(mesh: Mesh, kind: str, old: bytes, new: bytes) -> None:
    """Give an element another id."""
    table = {each.kind: each for each in (mesh.halfedges.vertices, mesh.halfedges.edges, mesh.halfedges.faces)}[kind]
    slot = table.slots.pop(old)
    table.slots[new] = slot
    table.column.view[16 * slot : 16 * slot + 16] = new
