"""Whole meshes from vertices and face loops, with the ids given: spec/mesh.md, MESH-7."""

from collections.abc import Sequence
from itertools import chain
from operator import index

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import (
    COORDINATE_METRES_MAX,
    IDENTIFIER_BYTES,
    MESH_FACE_CORNERS_MAX,
    MESH_FACES_MAX,
    MESH_VERTICES_MAX,
)
from theta.mesh.columns import IdArray
from theta.mesh.halfedges import HalfEdges
from theta.mesh.linking import Loops, edge_ends, link_faces
from theta.mesh.orbits import Slots, total_of
from theta.mesh.topology import Mesh

Ids = Sequence[bytes] | IdArray

FACE_CORNERS_MIN = 3


def build_mesh(
    positions: ArrayLike, faces: Sequence[Sequence[int]], vertex_ids: Ids, edge_ids: Ids, face_ids: Ids
) -> Mesh:
    """A mesh from face loops.

    Args:
        positions: (V, 3) metres; vertices that no face uses are isolated.
        faces: vertex indices of each face, anticlockwise seen from outside.
        vertex_ids: one for each position, 16 bytes each or (n, 16) uint8.
        edge_ids: one for each edge, in the order of `edge_pairs(faces)`.
        face_ids: one for each face.

    Raises:
        InvalidValue: a count, an index or a coordinate is out of its limits.
        SelfEdge, RepeatedVertex, NonManifoldEdge, MultiEdge, BowTie: no oriented 2-manifold.
        DuplicateElement: an id comes twice.
    """
    counts, corners = _flat(faces)
    return build_from_arrays(positions, counts, corners, (vertex_ids, edge_ids, face_ids))


def edge_pairs(faces: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """The distinct edges of face loops as (lower, higher) vertex index, in ascending order."""
    return [(low, high) for low, high in edge_ends(*_flat(faces)).tolist()]


def build_from_arrays(positions: ArrayLike, counts: Slots, corners: Slots, ids: tuple[Ids, Ids, Ids]) -> Mesh:
    """As `build_mesh`, from corner counts (F,) and the faces' vertex indices one after the other.

    Args:
        positions: (V, 3) metres.
        counts: int64.
        corners: int64.
        ids: of vertices, edges and faces.
    """
    points = checked_positions(positions)
    tables = tuple(_id_array(kind, table) for kind, table in zip(("vertex", "edge", "face"), ids, strict=True))
    vertex_ids, edge_ids, face_ids = tables
    _check_loops(len(points), counts, corners)
    _check_count("vertex_ids", vertex_ids, len(points))
    _check_count("face_ids", face_ids, len(counts))
    linked = link_faces(Loops(counts, corners, vertex_ids, face_ids))
    _check_count("edge_ids", edge_ids, len(linked.ends))
    return Mesh(HalfEdges.of(linked.links, points, (vertex_ids, edge_ids, face_ids)))


def checked_positions(positions: ArrayLike, field: str = "positions") -> NDArray[np.float64]:
    """The positions as a new (n, 3) float64 array without negative zeros.

    Raises:
        InvalidValue: not (n, 3), or a coordinate that is not finite or is beyond COORDINATE_METRES_MAX.
    """
    try:
        points = np.array(positions, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidValue(field, positions, "(n, 3) numbers") from error
    if points.shape == (0,):
        points = points.reshape(0, 3)
    if points.ndim != 2 or points.shape[1] != 3:
        raise InvalidValue(field, points.shape, "(n, 3) numbers")
    good = np.abs(points) <= COORDINATE_METRES_MAX
    if not good.all():
        raise InvalidValue(field, float(points[~good][0]), f"finite and within ±{COORDINATE_METRES_MAX} metres")
    points += 0.0
    return points


def _flat(faces: Sequence[Sequence[int]]) -> tuple[Slots, Slots]:
    counts = np.fromiter(map(len, faces), np.int64, len(faces))
    try:
        return counts, np.fromiter(map(index, chain.from_iterable(faces)), np.int64)
    except (TypeError, OverflowError) as error:
        raise InvalidValue("faces", faces, "loops of vertex indices") from error


def _check_loops(vertex_count: int, counts: Slots, corners: Slots) -> None:
    if vertex_count > MESH_VERTICES_MAX:
        raise InvalidValue("vertices", vertex_count, f"at most {MESH_VERTICES_MAX}")
    if len(counts) > MESH_FACES_MAX:
        raise InvalidValue("faces", len(counts), f"at most {MESH_FACES_MAX}")
    if len(counts) and counts.min() < FACE_CORNERS_MIN:
        raise InvalidValue("face corners", int(counts.min()), f"at least {FACE_CORNERS_MIN}")
    if len(counts) and counts.max() > MESH_FACE_CORNERS_MAX:
        raise InvalidValue("face corners", int(counts.max()), f"at most {MESH_FACE_CORNERS_MAX}")
    if total_of(counts) != len(corners):
        raise InvalidValue("corners", len(corners), f"the {total_of(counts)} that the faces count")
    outside = (corners < 0) | (corners >= vertex_count)
    if outside.any():
        raise InvalidValue("vertex index", int(corners[int(np.argmax(outside))]), f"0 … {vertex_count - 1}")


def _id_array(kind: str, ids: Ids) -> IdArray:
    if isinstance(ids, np.ndarray):
        array = ids
    else:
        for identifier in ids:
            if len(identifier) != IDENTIFIER_BYTES:
                raise InvalidValue(f"{kind} id", identifier, f"{IDENTIFIER_BYTES} bytes")
        array = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, IDENTIFIER_BYTES)
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != IDENTIFIER_BYTES:
        raise InvalidValue(f"{kind} ids", array.shape, f"(n, {IDENTIFIER_BYTES}) uint8")
    return array


def _check_count(field: str, ids: IdArray, count: int) -> None:
    if len(ids) != count:
        raise InvalidValue(field, len(ids), f"{count}, one for each")
