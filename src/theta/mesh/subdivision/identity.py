"""Ids of what subdivision makes, and where the old edges and faces went: spec/mesh.md, MESH-77 and MESH-78."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.identifiers import CommandName
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.bulk_ids import bulk_key, of_one, of_two
from theta.mesh.columns import IdArray
from theta.mesh.subdivision.surface import Surface


class NewIds(NamedTuple):
    """Ids (n, 16) uint8, in the order of the new slots.

    Attributes:
        middles: of the edges' vertices.
        centres: of the faces' vertices, if there are any.
        halves: two of each edge, the one at the end with the lower id first: (2E, 16).
        inner_edges: one for each corner in the order of `Surface.sides`.
        faces: each old face's children.
    """

    middles: IdArray
    centres: IdArray
    halves: IdArray
    inner_edges: IdArray
    faces: IdArray

    def tables(self, surface: Surface) -> tuple[IdArray, IdArray, IdArray]:
        """Of all vertices, edges and faces there are now."""
        vertices = np.concatenate((surface.ids[0], self.middles, self.centres))
        return vertices, np.concatenate((self.halves, self.inner_edges)), self.faces


def quad_ids(surface: Surface, name: CommandName) -> NewIds:
    """Ids where each corner becomes a quad."""
    vertex_ids, edge_ids, face_ids = surface.ids
    sides = surface.sides
    owners = np.repeat(face_ids, surface.counts, axis=0)
    return NewIds(
        middles=of_one(bulk_key(name, "subdivide.edge-vertex"), edge_ids),
        centres=of_one(bulk_key(name, "subdivide.face-vertex"), face_ids),
        halves=_halves(surface, name),
        inner_edges=of_two(bulk_key(name, "subdivide.inner-edge"), owners, edge_ids.take(sides >> 1, axis=0)),
        faces=of_two(bulk_key(name, "subdivide.corner"), owners, vertex_ids.take(surface.origin.take(sides), axis=0)),
    )


def triangle_ids(surface: Surface, name: CommandName) -> NewIds:
    """Ids where each triangle becomes four: three at its corners, then the one in the middle."""
    vertex_ids, edge_ids, face_ids = surface.ids
    owners = np.repeat(face_ids, 3, axis=0)
    corners = vertex_ids.take(surface.origin.take(surface.sides), axis=0)
    faces = np.empty((len(face_ids), 4, IDENTIFIER_BYTES), np.uint8)
    faces[:, :3] = of_two(bulk_key(name, "subdivide.corner"), owners, corners).reshape(-1, 3, IDENTIFIER_BYTES)
    faces[:, 3] = of_one(bulk_key(name, "subdivide.middle"), face_ids)
    return NewIds(
        middles=of_one(bulk_key(name, "subdivide.edge-vertex"), edge_ids),
        centres=face_ids[:0],
        halves=_halves(surface, name),
        inner_edges=of_two(bulk_key(name, "subdivide.inner-edge"), owners, corners),
        faces=faces.reshape(-1, IDENTIFIER_BYTES),
    )


def half_ranges(surface: Surface, made: NewIds) -> NDArray[np.float64]:
    """Where the halves of each edge lie on it, the one at the lower id first: (2E, 4) as redirects have them."""
    middle_is_lower = _less(np.repeat(made.middles, 2, axis=0), surface.ids[0].take(surface.origin, axis=0)).reshape(
        -1, 2
    )
    ranges = np.empty((len(middle_is_lower), 2, 4))
    ranges[:, 0, :2] = (0.0, 0.5)
    ranges[:, 1, :2] = (0.5, 1.0)
    # The first half leads to the middle and the second from it, if their ends' ids compare that way.
    ranges[:, 0, 2] = middle_is_lower[:, 0]
    ranges[:, 1, 2] = ~middle_is_lower[:, 1]
    ranges[:, :, 3] = 1.0 - ranges[:, :, 2]
    return ranges.reshape(-1, 4)


def _halves(surface: Surface, name: CommandName) -> IdArray:
    keys = (bulk_key(name, "subdivide.half", ordinal) for ordinal in (0, 1))
    return np.stack([of_one(key, surface.ids[1]) for key in keys], axis=1).reshape(-1, IDENTIFIER_BYTES)


def _less(one: IdArray, other: IdArray) -> NDArray[np.bool_]:
    """Which of ids (n, 16) compare as lower, as bytes."""
    a, b = (ids.view(">u8").astype(np.uint64) for ids in (one, other))
    less: NDArray[np.bool_] = (a[:, 0] < b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] < b[:, 1]))
    return less
