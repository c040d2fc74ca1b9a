"""A whole mesh replaced at once, as one entry of the journal: spec/mesh.md, MESH-5 and MESH-29."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import COORDINATE_METRES_MAX, MESH_BYTES_MAX, MESH_FACES_MAX, MESH_VERTICES_MAX
from theta.mesh.attributes import AttributeKey, Attributes, attribute_column
from theta.mesh.columns import IdArray
from theta.mesh.halfedges import HalfEdges
from theta.mesh.linking import Linked, Loops, link_faces
from theta.mesh.orbits import Slots, orbit_steps
from theta.mesh.topology import Mesh

IdArrays = tuple[IdArray, IdArray, IdArray]
AttributeRows = Mapping[AttributeKey, NDArray[Any]]


def replace_mesh(
    mesh: Mesh,
    positions: NDArray[np.float64],
    counts: Slots,
    corners: Slots,
    ids: IdArrays,
    attributes: AttributeRows | None = None,
) -> None:
    """Give a mesh new elements; its redirects stay.

    Args:
        mesh: what to change.
        positions: (V, 3) metres.
        counts: (F,) int64, corners of each face.
        corners: (C,) int64 vertex indices, face by face.
        ids: of vertices, of edges in the order of `edge_ends(counts, corners)`, and of faces.
        attributes: (n, width) rows; of edges in the order of their ids, of corners as `corners`.

    Raises:
        SelfEdge, RepeatedVertex, NonManifoldEdge, MultiEdge, BowTie: no oriented 2-manifold.
        DuplicateElement: an id comes twice.
        InvalidValue: a coordinate is out of its limits, or the mesh would be too large.
    """
    linked = link_faces(Loops(counts, corners, ids[0], ids[2]))
    replace_linked(mesh, linked, positions, ids, attributes)


def replace_linked(
    mesh: Mesh,
    linked: Linked,
    positions: NDArray[np.float64],
    ids: IdArrays,
    attributes: AttributeRows | None = None,
) -> None:
    """As `replace_mesh`, for faces that are linked already; corners are in the order of faces, from `face_halfedge`.

    Raises:
        DuplicateElement: an id comes twice.
        InvalidValue: a coordinate is out of its limits, or the mesh would be too large.
    """
    check_size(len(ids[0]), len(ids[1]), len(ids[2]))
    largest = np.abs(positions).max(initial=0.0)
    if not largest <= COORDINATE_METRES_MAX:
        raise InvalidValue("position", float(largest), f"within ±{COORDINATE_METRES_MAX} metres")
    made = HalfEdges.of(linked.links, positions + 0.0, ids)
    for key, rows in (attributes or {}).items():
        if key.domain == "corner":
            _, sides = orbit_steps(made.next.array(), made.face_halfedge.array().astype(np.int64))
            spread = np.zeros((made.next.count, rows.shape[1]), rows.dtype)
            spread[sides] = rows
            made.attributes.columns[key] = attribute_column(spread)
        else:
            made.attributes.columns[key] = attribute_column(rows)
    check_size(len(ids[0]), len(ids[1]), len(ids[2]), made.attributes)
    mesh.halfedges.replace(made)


def check_size(vertices: int, edges: int, faces: int, attributes: Attributes | None = None) -> None:
    """Refuse a mesh of more elements than there may be, or whose canonical bytes would not fit into a frame (MESH-21).

    Raises:
        InvalidValue: names "vertices", "faces" or "mesh".
    """
    if vertices > MESH_VERTICES_MAX:
        raise InvalidValue("vertices", vertices, f"at most {MESH_VERTICES_MAX}")
    if faces > MESH_FACES_MAX:
        raise InvalidValue("faces", faces, f"at most {MESH_FACES_MAX}")
    # Each edge as if it had two faces.
    size = 40 * vertices + 32 * edges + 20 * faces
    if attributes:
        size += attributes.bytes_of(vertices, edges, faces)
    if size > MESH_BYTES_MAX:
        raise InvalidValue("mesh", size, f"at most {MESH_BYTES_MAX} bytes")
