"""Every other operation on a few elements, on 20,000 faces: what one costs, without a bar."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from benches._mesh_inputs import apart, command, icosphere, shuffled, twenty_thousand_faces
from benches._report import Row
from theta.base.errors import UsageError
from theta.mesh import Mesh
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.local import (
    bevel_edge,
    collapse_edge,
    create_vertex,
    delete_elements,
    dissolve_edge,
    extrude_region,
    flip_edge,
    inset_face,
    loop_cut,
    poke,
    triangulate_faces,
    weld,
)
from theta.mesh.queries import edge_ring, one_ring

CALLS = 200

Arguments = Callable[[Mesh], list[tuple[Any, ...]]]


def _edges(*more: Any) -> Arguments:
    return lambda mesh: [(edge, *more) for edge in shuffled(mesh.edge_ids(), CALLS)]


def _faces(*more: Any) -> Arguments:
    return lambda mesh: [(face, *more) for face in apart(mesh.face_ids(), mesh.face_vertices, CALLS)]


def _vertices(mesh: Mesh) -> list[tuple[Any, ...]]:
    return [(vertex,) for vertex in shuffled(mesh.vertex_ids(), CALLS)]


def _regions(mesh: Mesh) -> list[tuple[Any, ...]]:
    """Four by four quads around vertices."""
    found = []
    for vertex in shuffled(mesh.vertex_ids(), CALLS):
        faces = {face for near in one_ring(mesh, vertex).vertices for face in one_ring(mesh, near).faces}
        found.append((sorted(faces), (0.0, 0.001, 0.0)))
    return found


# Each operation with what it is given besides the mesh and a name; last, whether on triangles.
OPERATIONS: tuple[tuple[Callable[..., object], Arguments, bool], ...] = (
    (create_vertex, lambda _: [((at / 7.0, 0.0, 0.0),) for at in range(CALLS)], False),
    (dissolve_edge, _edges(), False),
    (poke, _faces(), False),
    (triangulate_faces, lambda mesh: [([face],) for (face,) in _faces()(mesh)], False),
    (flip_edge, _edges(), True),
    (collapse_edge, _edges(0.5), True),
    (delete_elements, lambda mesh: [([], [], [face]) for (face,) in _faces()(mesh)], False),
    (inset_face, _faces(0.0005, 0.0), False),
    (extrude_region, _regions, False),
    (loop_cut, lambda mesh: _edges(0.5)(mesh)[:10], False),
    (bevel_edge, _edges(0.0005), False),
    (weld, lambda mesh: [(list(mesh.edge_vertices(edge)), None) for (edge,) in _edges()(mesh)], False),
    (edge_ring, _edges(), False),
    (one_ring, _vertices, False),
)


def operation_rows() -> list[Row]:
    """The median of each operation that was not refused."""
    quads, triangles = twenty_thousand_faces(), icosphere(5)
    rows = []
    for operation, arguments, on_triangles in OPERATIONS:
        mesh = (triangles if on_triangles else quads).copy()
        times = _times(operation, mesh, arguments(mesh))
        what = f"{operation.__name__} on 20,000 {'triangles' if on_triangles else 'quads'}, median"
        rows.append(Row(what, statistics.median(times), "µs", runs=len(times)))
    mesh = quads.copy()
    some = shuffled(mesh.face_ids(), 1_000)
    start = time.perf_counter_ns()
    set_attribute(mesh, "face", "colour", some, [(0.1, 0.2, 0.3)] * len(some))
    rows.append(Row("painting 1,000 of 20,000 faces", (time.perf_counter_ns() - start) / 1e6, "ms"))
    return rows


def _times(operation: Callable[..., object], mesh: Mesh, calls: list[tuple[Any, ...]]) -> list[float]:
    asks = operation in (edge_ring, one_ring)
    times = []
    for at, arguments in enumerate(calls):
        every = arguments if asks else (*arguments, command(100 + at))
        start = time.perf_counter_ns()
        try:
            operation(mesh, *every)
        except UsageError:
            continue
        times.append((time.perf_counter_ns() - start) / 1e3)
    assert len(times) > 0.8 * len(calls), f"{operation.__name__} was refused too often"
    return times
