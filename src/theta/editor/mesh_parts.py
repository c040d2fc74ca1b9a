"""Some of a mesh's faces as a mesh of their own: what an object is made of that is separated from another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import UnknownElement
from theta.mesh import Mesh, canonical_bytes, canonical_mesh
from theta.mesh.linking import edge_ends
from theta.mesh.orbits import Slots
from theta.mesh.rebuild import replace_mesh


def part_bytes(mesh: Mesh, faces: Sequence[bytes]) -> bytes:
    """The canonical bytes of some of a mesh's faces with their edges and vertices, under their ids.

    Args:
        mesh: any.
        faces: different ids.

    Raises:
        UnknownElement: no such face.
        BowTie: two of them would meet in nothing but a vertex.
    """
    whole = canonical_mesh(mesh)
    row_of = dict(zip(mesh.face_ids(), range(len(whole.face_ids)), strict=True))
    wanted = np.zeros(len(whole.face_ids), np.bool_)
    for face in faces:
        if face not in row_of:
            raise UnknownElement("face", face)
        wanted[row_of[face]] = True
    corners = np.repeat(wanted, whole.face_counts)
    loops = whole.corners[corners].astype(np.int64)
    used = np.zeros(len(whole.vertex_ids), np.bool_)
    used[loops] = True
    number = np.cumsum(used, dtype=np.int64) - 1
    counts, loops = whole.face_counts[wanted].astype(np.int64), number[loops]
    ends = number[whole.edge_ends.astype(np.int64)]
    both = used[whole.edge_ends[:, 0]] & used[whole.edge_ends[:, 1]]
    edges = _rows_of(ends, both, edge_ends(counts, loops))
    rows: dict[str, NDArray[Any]] = {"vertex": used, "edge": edges, "face": wanted, "corner": corners}
    attributes = {key: values[rows[key.domain]] for key, values in whole.attributes.items()}
    part = Mesh()
    ids = (whole.vertex_ids[used], whole.edge_ids[edges], whole.face_ids[wanted])
    replace_mesh(part, whole.positions[used], counts, loops, ids, attributes)
    return canonical_bytes(part)


def _rows_of(ends: Slots, candidates: NDArray[np.bool_], wanted: Slots) -> Slots:
    """The rows of `ends` (lower, higher) that are `wanted`, in its order; all wanted are among the candidates."""
    rows = np.flatnonzero(candidates)
    rows = rows[np.lexsort((ends[rows, 1], ends[rows, 0]))]
    width = int(wanted.max(initial=0)) + 1
    keys = ends[rows, 0] * width + ends[rows, 1]
    found: Slots = rows[np.searchsorted(keys, wanted[:, 0] * width + wanted[:, 1])]
    return found
