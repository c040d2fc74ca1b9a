"""Local operations on 20,000 faces, one at a time, and their rollback."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benches._mesh_inputs import (
    apart,
    arrays,
    command,
    compas_mesh,
    icosphere,
    openmesh,
    shuffled,
    twenty_thousand_faces,
)
from benches._report import Row, median_milliseconds
from theta.mesh import Mesh, canonical_bytes, extrude_face
from theta.mesh.local import split_edge, split_face

OPERATIONS = 1_000
PASSES = 5
P99_MILLISECONDS_MAX = 0.2
ROLLED_BACK = 64
ROLLBACKS = 50
ROLLBACK_MILLISECONDS_MAX = 2.0
SMALL_EDGES = 100
DISTANCE_METRES = 0.001

Calls = Iterable[Callable[[], object]]


def local_rows() -> list[Row]:
    """The bars of single operations, with compas and OpenMesh beside them: they too keep nothing to go back by."""
    mesh = twenty_thousand_faces()
    theirs = compas_mesh(mesh)
    runs = PASSES * OPERATIONS
    rows = []
    for name, ours, peer in (
        ("split_edge", _edge_splits, _compas_edge_splits),
        ("extrude_face", _extrusions, _compas_extrusions),
        ("split_face", _face_splits, _compas_face_splits),
    ):
        median, p99 = _passes(lambda ours=ours: ours(_copy(mesh)))
        peer_median, peer_p99 = _passes(lambda peer=peer: peer(theirs.copy()))
        what = f"{name} on 20,000 faces"
        rows.append(Row(f"{what}, p99", p99, "ms", P99_MILLISECONDS_MAX, "compas", peer_p99, runs))
        bar = 1e3 * peer_median if name == "split_edge" else None
        rows.append(Row(f"{what}, median", 1e3 * median, "µs", bar, "compas", 1e3 * peer_median, runs))
        if name == "split_edge":
            rows += _openmesh_rows(mesh, f"{what}, median", 1e3 * median, runs)
            rows.append(_small_row())
        marked, _ = _passes(lambda ours=ours: ours(_copy(mesh, marked=True)))
        rows.append(Row(f"{what}, median, the journal keeping", 1e3 * marked, "µs", runs=runs))
    return [*rows, _rollback_row(mesh, theirs)]


def _small_row() -> Row:
    """On few faces, which is what compas's figures are usually of."""
    mesh = icosphere(1)
    ours, _ = _passes(lambda: _edge_splits(_copy(mesh), SMALL_EDGES))
    theirs, _ = _passes(lambda: _compas_edge_splits(compas_mesh(mesh), SMALL_EDGES))
    return Row("split_edge on 80 faces, median", 1e3 * ours, "µs", None, "compas", 1e3 * theirs, PASSES * SMALL_EDGES)


def _copy(mesh: Mesh, *, marked: bool = False) -> Mesh:
    """A mesh to change, which has been asked for an element already."""
    copy = mesh.copy()
    for kind in (copy.has_vertex, copy.has_edge, copy.has_face):
        kind(b"")
    if marked:
        copy.journal.mark()
    return copy


def _passes(calls: Callable[[], Calls]) -> tuple[float, float]:
    """Median and 99th percentile in ms, each the median of the passes."""
    medians, highest = [], []
    for _ in range(PASSES):
        times = [_milliseconds(call) for call in calls()]
        medians.append(statistics.median(times))
        highest.append(statistics.quantiles(times, n=100)[98])
    return statistics.median(medians), statistics.median(highest)


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1e6


def _edge_splits(mesh: Mesh, count: int = OPERATIONS) -> Calls:
    for at, edge in enumerate(shuffled(mesh.edge_ids(), count)):
        name = command(100 + at)
        yield lambda edge=edge, name=name: split_edge(mesh, edge, 0.5, name)


def _face_splits(mesh: Mesh, count: int = OPERATIONS) -> Calls:
    for at, face in enumerate(shuffled(mesh.face_ids(), count)):
        name, corners = command(100 + at), mesh.face_vertices(face)
        yield lambda face=face, name=name, corners=corners: split_face(mesh, face, corners[0], corners[2], name)


def _extrusions(mesh: Mesh, count: int = OPERATIONS) -> Calls:
    for at, face in enumerate(shuffled(mesh.face_ids(), count)):
        name = command(100 + at)
        yield lambda face=face, name=name: extrude_face(mesh, face, DISTANCE_METRES, name)


def _compas_edge_splits(mesh: Any, count: int = OPERATIONS) -> Calls:
    for edge in shuffled(list(mesh.edges()), count):
        yield lambda edge=edge: mesh.split_edge(edge, t=0.5, allow_boundary=True)


def _compas_face_splits(mesh: Any, count: int = OPERATIONS) -> Calls:
    for face in shuffled(list(mesh.faces()), count):
        corners = mesh.face_vertices(face)
        yield lambda face=face, corners=corners: mesh.split_face(face, corners[0], corners[2])


def _compas_extrusions(mesh: Any, count: int = OPERATIONS) -> Calls:
    for face in shuffled(list(mesh.faces()), count):
        yield lambda face=face: _compas_extrude(mesh, face)


def _compas_extrude(mesh: Any, face: int) -> None:
    """compas has no such operation; this is the least that it takes there."""
    corners = mesh.face_vertices(face)
    x, y, z = (part * DISTANCE_METRES for part in mesh.face_normal(face))
    made = []
    for corner in corners:
        a, b, c = mesh.vertex_coordinates(corner)
        made.append(mesh.add_vertex(x=a + x, y=b + y, z=c + z))
    mesh.delete_face(face)
    for at, corner in enumerate(corners):
        after = (at + 1) % len(corners)
        mesh.add_face([corner, corners[after], made[after], made[at]])
    mesh.add_face(made)


def _openmesh_rows(mesh: Mesh, what: str, median_microseconds: float, runs: int) -> list[Row]:
    module = openmesh()
    if module is None:
        return []

    def splits() -> Calls:
        theirs = module.PolyMesh(*arrays(mesh))
        for edge in shuffled(list(theirs.edges()), OPERATIONS):
            yield lambda edge=edge: _openmesh_split(theirs, edge)

    return [Row(what, median_microseconds, "µs", None, "OpenMesh", 1e3 * _passes(splits)[0], runs)]


def _openmesh_split(mesh: Any, edge: Any) -> None:
    side = mesh.halfedge_handle(edge, 0)
    one, other = mesh.point(mesh.from_vertex_handle(side)), mesh.point(mesh.to_vertex_handle(side))
    mesh.split_edge(edge, mesh.add_vertex((one + other) * 0.5))


def _rollback_row(mesh: Mesh, theirs: Any) -> Row:
    """compas keeps nothing to go back by: there, one copies before."""
    faces = apart(mesh.face_ids(), mesh.face_vertices, ROLLED_BACK)
    before, times = canonical_bytes(mesh), []
    for _ in range(ROLLBACKS):
        mark = mesh.journal.mark()
        _sixty_four(mesh, faces)
        times.append(_milliseconds(lambda mark=mark: mesh.journal.rollback(mark)))
    assert canonical_bytes(mesh) == before, "rolling back must bring everything back"
    peer = "compas, copying before"
    value, beside = statistics.median(times), median_milliseconds(theirs.copy, 5)
    return Row("rollback of 64 local operations", value, "ms", ROLLBACK_MILLISECONDS_MAX, peer, beside, ROLLBACKS)


def _sixty_four(mesh: Mesh, faces: Sequence[bytes]) -> None:
    for at, face in enumerate(faces):
        name = command(100 + at)
        if at % 3 == 0:
            split_edge(mesh, mesh.face_edges(face)[0], 0.5, name)
        elif at % 3 == 1:
            corners = mesh.face_vertices(face)
            split_face(mesh, face, corners[0], corners[2], name)
        else:
            extrude_face(mesh, face, DISTANCE_METRES, name)
