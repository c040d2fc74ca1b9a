"""A connected part as a mesh of its own: spec/mesh.md, MESH-59."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.canonical import CanonicalMesh, canonical_mesh
from theta.mesh.columns import IdArray
from theta.mesh.queries.parts import part_of
from theta.mesh.topology import Mesh


def extract_part(mesh: Mesh, face_id: bytes) -> CanonicalMesh:
    """The connected part that a face belongs to: its elements with their ids, positions and attributes.

    The mesh is not changed; `mesh_of` makes a mesh of it.

    Raises:
        UnknownElement: no such face.
    """
    part = part_of(mesh, "face", face_id)
    whole = canonical_mesh(mesh)
    vertices = _mask(whole.vertex_ids, part.vertices)
    edges, faces = _mask(whole.edge_ids, part.edges), _mask(whole.face_ids, part.faces)
    corners = np.repeat(faces, whole.face_counts)
    number = np.zeros(len(vertices), np.uint32)
    number[vertices] = np.arange(len(part.vertices))
    rows = {"vertex": vertices, "edge": edges, "face": faces, "corner": corners}
    return CanonicalMesh(
        whole.vertex_ids[vertices],
        whole.positions[vertices],
        whole.edge_ids[edges],
        number[whole.edge_ends[edges]],
        whole.face_ids[faces],
        whole.face_counts[faces],
        number[whole.corners[corners]],
        {key: values[rows[key.domain]] for key, values in whole.attributes.items()},
    )


def _mask(ids: IdArray, wanted: Sequence[bytes]) -> NDArray[np.bool_]:
    """Which of the ids are wanted."""
    some = set(wanted)
    rows = np.ascontiguousarray(ids).view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist()
    return np.fromiter((row in some for row in rows), np.bool_, len(rows))
