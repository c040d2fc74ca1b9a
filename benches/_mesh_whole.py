"""Operations on whole meshes: subdivision, building, picking, export, and how their cost grows."""

import statistics
import time
from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import trimesh
from compas.datastructures.mesh.subdivision import mesh_subdivide_catmullclark

from benches._mesh_inputs import (
    RADIUS,
    arrays,
    command,
    compas_mesh,
    icosphere,
    openmesh,
    shuffled,
    torus,
    twenty_thousand_faces,
)
from benches._report import Row, median_milliseconds
from theta.gltf import ExportedEntity, export_glb, import_glb
from theta.mesh import Mesh, Polygons, canonical_bytes, move_vertices, triangulate
from theta.mesh.build import build_from_arrays
from theta.mesh.bulk_ids import bulk_key, numbered
from theta.mesh.compaction import compact
from theta.mesh.imported import build_numbered
from theta.mesh.local import mirror
from theta.mesh.queries import Picker
from theta.mesh.separate import separate_and_link
from theta.mesh.subdivision import subdivide

RUNS = 15
SLOW_RUNS = 3
CATMULL_CLARK_MILLISECONDS_MAX = 11.0
BUILD_MILLISECONDS_MAX = 60.0
PICK_MILLISECONDS_MAX = 2.0
EXPORT_MILLISECONDS_MAX = 100.0
PICKS = 300


def whole_rows() -> list[Row]:
    """The bars of whole-mesh operations, with the peers beside them."""
    return [*_subdivision_rows(), *_scaling_rows(), *_build_rows(), *_pick_rows(), *_export_rows()]


def _on_copies(mesh: Mesh, operation: Callable[[Mesh], object], runs: int = RUNS) -> float:
    """The median time in ms of an operation on a fresh copy, which is not timed; after one to warm up."""
    times = []
    for _ in range(runs + 1):
        copy = mesh.copy()
        start = time.perf_counter_ns()
        operation(copy)
        times.append((time.perf_counter_ns() - start) / 1e6)
    return statistics.median(times[1:])


def _subdivision(mesh: Mesh, scheme: str) -> float:
    return _on_copies(mesh, lambda copy: subdivide(copy, scheme, command(2)))


def _subdivision_rows() -> list[Row]:
    mesh = icosphere(4)
    theirs = compas_mesh(mesh)
    positions, faces = arrays(mesh)
    smooth, loop, linear = (_subdivision(mesh, scheme) for scheme in ("catmull-clark", "loop", "linear"))
    peer_smooth = median_milliseconds(lambda: mesh_subdivide_catmullclark(theirs), SLOW_RUNS)
    peer_loop = median_milliseconds(lambda: trimesh.remesh.subdivide_loop(positions, faces, iterations=1), RUNS)
    peer_linear = median_milliseconds(lambda: trimesh.remesh.subdivide(positions, faces), RUNS)
    what, limit = "of 5,120 triangles", CATMULL_CLARK_MILLISECONDS_MAX
    return [
        Row(f"Catmull–Clark {what}", smooth, "ms", limit, "compas", peer_smooth, RUNS),
        Row(f"Loop {what}", loop, "ms", peer_loop, "trimesh", peer_loop, RUNS),
        Row(f"linear {what}, into quads", linear, "ms", None, "trimesh, into triangles", peer_linear, RUNS),
    ]


def _scaling_rows() -> list[Row]:
    """Each of these makes or goes over so many faces; canonical bytes of more would not fit into a frame."""
    small, large = 5_120, 81_920
    allowed = large * log(large) / (small * log(small))
    rows = []
    for what, inputs, operation, changes in (
        ("Loop, to", (icosphere(3), icosphere(5)), lambda mesh: subdivide(mesh, "loop", command(2)), True),
        ("Catmull–Clark, to", (torus(64, 20), torus(256, 80)), _smoothed, True),
        ("the image in a mirror of", (icosphere(4), icosphere(6)), _mirrored, True),
        ("compaction of", (icosphere(4), icosphere(6)), compact, True),
        ("canonical bytes of", (icosphere(4), icosphere(6)), canonical_bytes, False),
        ("a copy of", (icosphere(4), icosphere(6)), Mesh.copy, False),
    ):
        low, high = (_on_copies(mesh, operation) for mesh in inputs)
        rows.append(Row(f"{what} 5,120 faces", low, "ms", runs=RUNS))
        rows.append(Row(f"{what} 81,920 faces", high, "ms", runs=RUNS))
        bar = allowed if changes else None
        rows.append(Row(f"{what} 81,920 faces, how much longer than 5,120", high / low, "×", bar, runs=RUNS))
    return rows


def _smoothed(mesh: Mesh) -> object:
    return subdivide(mesh, "catmull-clark", command(2))


def _mirrored(mesh: Mesh) -> object:
    return mirror(mesh, "x", 2.0 * RADIUS, 0.0, command(2))


def _build_rows() -> list[Row]:
    positions, faces = arrays(icosphere(6))
    counts, corners = np.full(len(faces), 3, np.int64), faces.reshape(-1)
    sizes = (len(positions), len(faces) * 3 // 2, len(faces))

    def plain() -> Mesh:
        vertices, edges, sides = (
            numbered(bulk_key(command(1), kind), size) for kind, size in zip("vef", sizes, strict=True)
        )
        return build_from_arrays(positions, counts, corners, (vertices, edges, sides))

    what = "building from 81,920 indexed triangles"
    imported = median_milliseconds(
        lambda: build_numbered(separate_and_link(Polygons(positions, counts, corners)), command(1)), RUNS
    )
    row = ("ms", BUILD_MILLISECONDS_MAX)
    beside = median_milliseconds(lambda: _trimesh_built(positions, faces), RUNS)
    rows = [
        Row(what, median_milliseconds(plain, RUNS), *row, "trimesh with adjacency", beside, RUNS),
        Row(f"{what}, looked at as an import is", imported, *row, "trimesh with adjacency", beside, RUNS),
    ]
    module = openmesh()
    if module is not None:
        theirs = median_milliseconds(lambda: module.TriMesh(positions, faces), RUNS)
        rows.append(Row(what, rows[0].value, "ms", None, "OpenMesh", theirs, RUNS))
    mesh = icosphere(6)
    theirs = median_milliseconds(lambda: compas_mesh(mesh), 1)
    return [*rows, Row(what, rows[0].value, "ms", None, "compas", theirs, RUNS)]


def _trimesh_built(positions: Any, faces: Any) -> Any:
    """trimesh finds neighbours when it is asked for them; a half-edge mesh has them."""
    made = trimesh.Trimesh(positions, faces, process=False)
    return made.face_adjacency, made.edges_unique


def _pick_rows() -> list[Row]:
    mesh = twenty_thousand_faces()
    theirs = _triangulated(mesh)
    picker = Picker(mesh)
    rng = np.random.default_rng(7)
    vertices = shuffled(mesh.vertex_ids(), PICKS)
    ours, beside, hits = [], [], 0
    for at, vertex in enumerate(vertices):
        x, y, z = mesh.position(vertex)
        target = np.array((x, y, z))
        origin = target * 3.0 + rng.uniform(-0.1, 0.1, 3)
        move_vertices(mesh, [vertex], [(x * 1.001, y * 1.001, z * 1.001)])
        start = time.perf_counter_ns()
        hit = picker.face_along(origin, target - origin)
        ours.append((time.perf_counter_ns() - start) / 1e6)
        hits += hit is not None
        if at < 2 * SLOW_RUNS:
            theirs.vertices[at] *= 1.001
            start = time.perf_counter_ns()
            theirs.ray.intersects_first([origin], [target - origin])
            beside.append((time.perf_counter_ns() - start) / 1e6)
    assert hits > 0.9 * PICKS, "the rays are aimed at vertices"
    what, limit = "ray pick on 20,000 faces after an edit", PICK_MILLISECONDS_MAX
    # The first pick builds the boxes.
    median, p99 = statistics.median(ours[1:]), statistics.quantiles(ours[1:], n=100)[98]
    peer = statistics.median(beside)
    return [
        Row(f"{what}, median", median, "ms", limit, "trimesh", peer, PICKS - 1),
        Row(f"{what}, p99", p99, "ms", None, "trimesh", peer, PICKS - 1),
        Row("the first pick on 20,000 faces", ours[0], "ms", None, "trimesh", peer, 1),
    ]


def _triangulated(mesh: Mesh) -> Any:
    triangles = triangulate(mesh)
    return trimesh.Trimesh(triangles.positions.copy(), triangles.corners.astype(np.int64), process=False)


def _export_rows() -> list[Row]:
    mesh = twenty_thousand_faces()
    entity = ExportedEntity("torus", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (0.5,) * 3, 0.0, 1.0, mesh)
    theirs = _triangulated(mesh)
    data = export_glb([entity], "bench")
    beside = theirs.export(file_type="glb")
    back = median_milliseconds(lambda: import_glb(data), RUNS)
    peer_back = median_milliseconds(lambda: trimesh.load(trimesh.util.wrap_as_stream(beside), file_type="glb"), RUNS)
    value = median_milliseconds(lambda: export_glb([entity], "bench"), RUNS)
    peer_value = median_milliseconds(lambda: theirs.export(file_type="glb"), RUNS)
    peer, limit = "trimesh, triangles only", EXPORT_MILLISECONDS_MAX
    return [
        Row("GLB export of 20,000 faces with polygons", value, "ms", limit, peer, peer_value, RUNS),
        Row("GLB import of these 20,000 faces", back, "ms", None, peer, peer_back, RUNS),
    ]
