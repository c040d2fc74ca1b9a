"""The canonical form of a mesh: the same bytes for the same elements, whatever their slots: spec/mesh.md, MESH-18."""

import struct
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import (
    COORDINATE_METRES_MAX,
    IDENTIFIER_BYTES,
    MESH_FACE_CORNERS_MAX,
    MESH_FACES_MAX,
    MESH_VERTICES_MAX,
)
from theta.mesh.attributes import (
    DOMAINS,
    DTYPES,
    TYPES,
    AttributeKey,
    attribute_column,
    check_count,
    check_key,
    check_type,
)
from theta.mesh.build import FACE_CORNERS_MIN, build_from_arrays
from theta.mesh.canonical_order import CanonicalOrder, canonical_order, canonical_order_slowly
from theta.mesh.columns import Column, IdArray
from theta.mesh.errors import MalformedMesh, MeshError
from theta.mesh.linking import Loops, link_faces
from theta.mesh.orbits import Slots, orbit_steps, starts_of, total_of
from theta.mesh.topology import Mesh

MAGIC = b"TMC1"
MAGIC_WITH_ATTRIBUTES = b"TMC2"
HEADER = struct.Struct("<4s4I")
ATTRIBUTE_HEADER = struct.Struct("<4B")

Attribute = NDArray[Any]

Indices = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalMesh:
    """A mesh as arrays, in ascending order of ids.

    Attributes:
        vertex_ids: (V, 16) uint8.
        positions: (V, 3) float64, metres.
        edge_ids: (E, 16) uint8.
        edge_ends: (E, 2) uint32, indices of vertices, the lower first.
        face_ids: (F, 16) uint8.
        face_counts: (F,) uint32, corners of each face.
        corners: (C,) uint32, indices of vertices face by face, each face from its lowest, anticlockwise.
        attributes: (n, width) rows in the order of the domain's elements above; corners as in `corners`.
    """

    vertex_ids: IdArray
    positions: NDArray[np.float64]
    edge_ids: IdArray
    edge_ends: Indices
    face_ids: IdArray
    face_counts: Indices
    corners: Indices
    attributes: Mapping[AttributeKey, Attribute] = field(default_factory=dict)


def canonical_mesh(mesh: Mesh) -> CanonicalMesh:
    """The mesh's elements as arrays, in ascending order of ids; all but positions and attributes are read-only."""
    return _in_order(mesh, canonical_order(mesh.halfedges))


def canonical_bytes(mesh: Mesh) -> bytes:
    """The mesh's canonical bytes (MESH-18), little-endian: what is hashed, sent and compared."""
    return encode_canonical(canonical_mesh(mesh))


def canonical_bytes_slowly(mesh: Mesh) -> Generator[None, None, bytes]:
    """As `canonical_bytes`, pausing on the way; until it has ended nothing may change the mesh."""
    order = yield from canonical_order_slowly(mesh.halfedges)
    canonical = _in_order(mesh, order)
    yield
    return encode_canonical(canonical)


def _in_order(mesh: Mesh, order: CanonicalOrder) -> CanonicalMesh:
    halfedges = mesh.halfedges
    vertices, edges, faces = order.vertices, order.edges, order.faces
    rows = {"vertex": vertices.slots, "edge": edges.slots, "face": faces.slots, "corner": order.loops.sides}
    attributes = halfedges.attributes
    return CanonicalMesh(
        vertices.ids,
        halfedges.positions.array().take(vertices.slots, axis=0),
        edges.ids,
        order.edge_ends,
        faces.ids,
        order.face_counts,
        order.corners,
        {key: _rows(attributes.columns[key], rows[key.domain]) for key in attributes.in_order()},
    )


def encode_canonical(canonical: CanonicalMesh) -> bytes:
    """The bytes of the arrays (MESH-18)."""
    sizes = (len(canonical.vertex_ids), len(canonical.edge_ids), len(canonical.face_ids), len(canonical.corners))
    parts = (
        canonical.vertex_ids,
        canonical.positions.astype("<f8", copy=False),
        canonical.edge_ids,
        canonical.edge_ends.astype("<u4", copy=False),
        canonical.face_ids,
        canonical.face_counts.astype("<u4", copy=False),
        canonical.corners.astype("<u4", copy=False),
    )
    attributes = [_encode_attribute(key, rows) for key, rows in canonical.attributes.items()]
    magic = MAGIC_WITH_ATTRIBUTES if attributes else MAGIC
    count = len(attributes).to_bytes(4, "little") if attributes else b""
    # The arrays as they lie, copied once.
    arrays = [memoryview(cast(Any, np.ascontiguousarray(part))).cast("B") for part in parts if part.size]
    return b"".join([HEADER.pack(magic, *sizes), *arrays, count, *attributes])


def positions_start(data: bytes) -> int:
    """Where in canonical bytes the positions begin: what is before them stays as it is when vertices move."""
    _, vertices, *_ = HEADER.unpack_from(data)
    return HEADER.size + int(vertices) * IDENTIFIER_BYTES


def parse_canonical(data: bytes) -> CanonicalMesh:
    """Read canonical bytes, believing nothing.

    Raises:
        MalformedMesh: not the canonical bytes of any mesh; names the field.
    """
    canonical = _split(data)
    _check_ascending("vertex ids", canonical.vertex_ids)
    _check_ascending("edge ids", canonical.edge_ids)
    _check_ascending("face ids", canonical.face_ids)
    _check_positions(canonical.positions)
    _check_faces(canonical)
    loops = Loops(
        canonical.face_counts.astype(np.int64),
        canonical.corners.astype(np.int64),
        canonical.vertex_ids,
        canonical.face_ids,
    )
    try:
        linked = link_faces(loops)
    except MeshError as error:
        raise MalformedMesh("corners", str(error)) from error
    ends = canonical.edge_ends.astype(np.int64)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    if not np.array_equal(ends[order], linked.ends):
        raise MalformedMesh("edge ends", "they are not the faces' sides")
    return canonical


def mesh_of(canonical: CanonicalMesh) -> Mesh:
    """The mesh that the arrays describe, in new slots.

    Raises:
        MeshError, InvalidValue: the arrays describe none; never after `parse_canonical`.
    """
    ends = canonical.edge_ends
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    counts, corners = canonical.face_counts.astype(np.int64), canonical.corners.astype(np.int64)
    ids = (canonical.vertex_ids, canonical.edge_ids[order], canonical.face_ids)
    mesh = build_from_arrays(canonical.positions, counts, corners, ids)
    halfedges = mesh.halfedges
    sides = orbit_steps(halfedges.next.array(), halfedges.face_halfedge.array().astype(np.int64))[1]
    for key, rows in canonical.attributes.items():
        placed = rows[order] if key.domain == "edge" else rows
        if key.domain == "corner":
            placed = np.zeros((halfedges.next.count, rows.shape[1]), rows.dtype)
            placed[sides] = rows
        halfedges.attributes.columns[key] = attribute_column(placed)
    return mesh


def _rows(column: Column[Any], slots: Slots) -> Attribute:
    rows: Attribute = column.array().reshape(-1, column.width).take(slots, axis=0)
    return rows


def _encode_attribute(key: AttributeKey, rows: Attribute) -> bytes:
    """Domain, type, width and length of the name, the name, and the rows (MESH-18)."""
    kinds = list(DTYPES.values())
    head = ATTRIBUTE_HEADER.pack(DOMAINS.index(key.domain), kinds.index(rows.dtype), rows.shape[1], len(key.name))
    return head + key.name.encode("ascii") + rows.astype(rows.dtype.newbyteorder("<"), copy=False).tobytes()


def _split(data: bytes) -> CanonicalMesh:
    if len(data) < HEADER.size:
        raise MalformedMesh("header", f"{len(data)} bytes, but it takes {HEADER.size}")
    magic, vertices, edges, faces, corners = HEADER.unpack_from(data)
    if magic not in (MAGIC, MAGIC_WITH_ATTRIBUTES):
        raise MalformedMesh("magic", f"{magic!r} instead of {MAGIC!r} or {MAGIC_WITH_ATTRIBUTES!r}")
    if vertices > MESH_VERTICES_MAX:
        raise MalformedMesh("vertices", f"{vertices} are more than {MESH_VERTICES_MAX}")
    if faces > MESH_FACES_MAX:
        raise MalformedMesh("faces", f"{faces} are more than {MESH_FACES_MAX}")
    size = IDENTIFIER_BYTES
    sections = (
        (vertices * size, "<u1"),
        (vertices * 24, "<f8"),
        (edges * size, "<u1"),
        (edges * 8, "<u4"),
        (faces * size, "<u1"),
        (faces * 4, "<u4"),
        (corners * 4, "<u4"),
    )
    total = HEADER.size + vertices * (size + 24) + edges * (size + 8) + faces * (size + 4) + corners * 4
    if len(data) < total or (magic == MAGIC and len(data) != total):
        raise MalformedMesh("length", f"{len(data)} bytes, but the counts take {total}")
    rows = {"vertex": vertices, "edge": edges, "face": faces, "corner": corners}
    attributes = _split_attributes(data, total, rows) if magic == MAGIC_WITH_ATTRIBUTES else {}
    arrays = []
    at = HEADER.size
    for length, dtype in sections:
        arrays.append(np.frombuffer(data[at : at + length], dtype).astype(np.dtype(dtype).newbyteorder("=")))
        at += length
    vertex_ids, positions, edge_ids, ends, face_ids, counts, loops = arrays
    return CanonicalMesh(
        vertex_ids.reshape(-1, size),
        positions.reshape(-1, 3),
        edge_ids.reshape(-1, size),
        ends.reshape(-1, 2),
        face_ids.reshape(-1, size),
        counts,
        loops,
        attributes,
    )


def _split_attributes(data: bytes, at: int, rows: Mapping[str, int]) -> dict[AttributeKey, Attribute]:
    if at + 4 > len(data):
        raise MalformedMesh("attributes", "their count is cut short")
    count = int.from_bytes(data[at : at + 4], "little")
    at += 4
    attributes: dict[AttributeKey, Attribute] = {}
    try:
        check_count(count)
        for _ in range(count):
            at = _split_attribute(data, at, rows, attributes)
    except InvalidValue as error:
        raise MalformedMesh("attributes", str(error)) from error
    order = [(DOMAINS.index(key.domain), key.name) for key in attributes]
    if not count or len(order) != count or order != sorted(order):
        raise MalformedMesh("attributes", "none, twice the same, or not in ascending order")
    if at != len(data):
        raise MalformedMesh("length", f"{len(data)} bytes, but the attributes end at {at}")
    return attributes


def _split_attribute(data: bytes, at: int, rows: Mapping[str, int], into: dict[AttributeKey, Attribute]) -> int:
    if at + ATTRIBUTE_HEADER.size > len(data):
        raise MalformedMesh("attributes", f"cut short at byte {at}")
    domain, kind, width, length = ATTRIBUTE_HEADER.unpack_from(data, at)
    if domain >= len(DOMAINS) or kind >= len(TYPES):
        raise MalformedMesh("attributes", f"no such domain or type at byte {at}")
    check_type(TYPES[kind], width)
    begin = at + ATTRIBUTE_HEADER.size + length
    key = check_key(DOMAINS[domain], data[at + ATTRIBUTE_HEADER.size : begin].decode("latin-1"))
    dtype = DTYPES[TYPES[kind]]
    end: int = begin + rows[key.domain] * width * dtype.itemsize
    if end > len(data):
        raise MalformedMesh("attributes", f"{key.name}: cut short")
    values = np.frombuffer(data[begin:end], dtype.newbyteorder("<")).astype(dtype).reshape(-1, width)
    if dtype.kind == "f" and not (np.isfinite(values) & ~((values == 0.0) & np.signbit(values))).all():
        raise MalformedMesh("attributes", f"{key.name}: a number that is not finite, or a negative zero")
    into[key] = values
    return end


def _check_ascending(field: str, ids: IdArray) -> None:
    words = ids.view(">u8")
    high, low = words[:, 0], words[:, 1]
    rising = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    if not rising.all():
        raise MalformedMesh(field, "not in ascending order, or twice the same")


def _check_positions(positions: NDArray[np.float64]) -> None:
    if not (np.abs(positions) <= COORDINATE_METRES_MAX).all():
        raise MalformedMesh("positions", f"not all finite and within ±{COORDINATE_METRES_MAX} metres")
    if ((positions == 0.0) & np.signbit(positions)).any():
        raise MalformedMesh("positions", "a negative zero")


def _check_faces(canonical: CanonicalMesh) -> None:
    counts, corners = canonical.face_counts.astype(np.int64), canonical.corners
    vertices = len(canonical.vertex_ids)
    ends = canonical.edge_ends
    if not (ends[:, 0] < ends[:, 1]).all() or not (ends[:, 1] < vertices).all():
        raise MalformedMesh("edge ends", "the lower vertex index must come first, and both must exist")
    if len(counts) and counts.min() < FACE_CORNERS_MIN:
        raise MalformedMesh("face corner counts", f"a face with fewer than {FACE_CORNERS_MIN} corners")
    if len(counts) and counts.max() > MESH_FACE_CORNERS_MAX:
        raise MalformedMesh("face corner counts", f"a face with more than {MESH_FACE_CORNERS_MAX} corners")
    if total_of(counts) != len(corners):
        raise MalformedMesh("face corner counts", f"their sum is {total_of(counts)}, but there are {len(corners)}")
    if not (corners < vertices).all():
        raise MalformedMesh("corners", "an index of no vertex")
    begins = starts_of(counts)
    if len(counts) and (corners[begins] != np.minimum.reduceat(corners, begins)).any():
        raise MalformedMesh("corners", "a face that does not begin at its lowest vertex")
