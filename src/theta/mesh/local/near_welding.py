"""Welding all vertices that are near each other: spec/mesh.md, MESH-57. Work by array, as there may be many."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh.bulk_ids import bulk_key, of_one
from theta.mesh.canonical import CanonicalMesh, canonical_mesh
from theta.mesh.columns import IdArray
from theta.mesh.linking import Linked, Loops, link_faces
from theta.mesh.local.arguments import different
from theta.mesh.local.near import near_groups
from theta.mesh.orbits import Slots, following_corners
from theta.mesh.rebuild import replace_linked
from theta.mesh.results import NOTHING, Made
from theta.mesh.surgery import FACE_CORNERS_MIN
from theta.mesh.topology import Mesh

_WHOLE = (0.0, 1.0, 0.0, 1.0)
_BACKWARDS = (0.0, 1.0, 1.0, 0.0)


class _Edges(NamedTuple):
    """What becomes of the edges.

    Attributes:
        source: (new E,) the old edge whose attributes each new one has.
        ids: (new E, 16) uint8.
        made: which of them have an id of their own.
        olds, successors: rows of old and of new edges, of those that redirect, ascending.
        turned: whether the parameters of these turn around.
    """

    source: Slots
    ids: IdArray
    made: Slots
    olds: Slots
    successors: Slots
    turned: NDArray[np.bool_]


def weld_by_distance(mesh: Mesh, vertex_ids: Sequence[bytes] | None, distance: float, name: CommandName) -> Made:
    """Weld vertices that are near each other, as `weld` does; each that stays does so where it is.

    In ascending order of ids, every vertex that is still there takes those after it that are within the distance.

    Args:
        mesh: what to change.
        vertex_ids: different vertices; None for all of the mesh.
        distance: metres, at least 0.
        name: the command that does it.

    Returns:
        The edges that replace others whose parameters would turn around, in ascending order of these: (n, 16) uint8.

    Raises:
        UnknownElement: no such vertex.
        RepeatedVertex, NonManifoldEdge, MultiEdge, BowTie: the mesh would be no oriented 2-manifold.
        InvalidValue: the distance is out of its limits, a vertex comes twice, or more than WELD_CROWDED_MAX have others
            about as near as the distance.
        DuplicateElement: an id that this would make is taken.
    """
    if vertex_ids is not None:
        different("vertex_ids", vertex_ids, mesh.halfedges.vertices, 0)
    if not 0.0 <= distance <= COORDINATE_METRES_MAX:
        raise InvalidValue("distance", distance, f"between 0 and {COORDINATE_METRES_MAX} metres")
    old = canonical_mesh(mesh)
    some = np.arange(len(old.vertex_ids)) if vertex_ids is None else _rows_of(old, vertex_ids)
    into = near_groups(old.positions[some], float(distance))
    if not into:
        return NOTHING
    keeper = np.arange(len(old.vertex_ids))
    keeper[some[list(into)]] = some[list(into.values())]
    return _merge(mesh, old, keeper, name)


def _rows_of(old: CanonicalMesh, ids: Sequence[bytes]) -> Slots:
    """Where ids come in a mesh, ascending."""
    wanted = np.frombuffer(b"".join(sorted(ids)), np.uint8).reshape(-1, old.vertex_ids.shape[1])
    row = {identifier: at for at, identifier in enumerate(old.vertex_ids.view("V16").reshape(-1).tolist())}
    return np.fromiter((row[identifier] for identifier in wanted.view("V16").reshape(-1).tolist()), np.int64, len(ids))


def _merge(mesh: Mesh, old: CanonicalMesh, keeper: Slots, name: CommandName) -> Made:
    """Every vertex becomes its `keeper`, all by row of the arrays in id order."""
    counts = old.face_counts.astype(np.int64)
    corners = keeper[old.corners]
    face_of = np.repeat(np.arange(len(counts)), counts)
    sides = corners != corners[following_corners(counts)]
    left = np.bincount(face_of[sides], minlength=len(counts))
    faces = np.flatnonzero(left >= FACE_CORNERS_MIN)
    kept = np.flatnonzero(sides & (left >= FACE_CORNERS_MIN)[face_of])
    vertices = np.flatnonzero(keeper == np.arange(len(keeper)))
    number = np.zeros(len(keeper), np.int64)
    number[vertices] = np.arange(len(vertices))
    vertex_ids, face_ids = old.vertex_ids[vertices], old.face_ids[faces]
    linked = link_faces(Loops(left[faces], number[corners[kept]], vertex_ids, face_ids))
    edges = _edges(old, keeper, number, linked, name)
    rows = {"vertex": vertices, "edge": edges.source, "face": faces, "corner": kept}
    redirects = mesh.redirects
    taken = np.flatnonzero(keeper != np.arange(len(keeper)))
    ranges = np.where(edges.turned[:, np.newaxis], _BACKWARDS, _WHOLE)
    redirects.check_room(len(taken) + len(edges.olds))
    with mesh.journal.operation():
        replace_linked(
            mesh,
            linked,
            old.positions[vertices],
            (vertex_ids, edges.ids, face_ids),
            {key: values[rows[key.domain]] for key, values in old.attributes.items()},
        )
        ones = np.ones(max(len(taken), len(edges.olds)), np.uint32)
        redirects.add_bulk("vertex", old.vertex_ids[taken], ones[: len(taken)], old.vertex_ids[keeper[taken]])
        successors = edges.ids[edges.successors]
        redirects.add_bulk("edge", old.edge_ids[edges.olds], ones[: len(edges.olds)], successors, ranges)
    return Made(edges=edges.ids[edges.made])


def _edges(old: CanonicalMesh, keeper: Slots, number: Slots, linked: Linked, name: CommandName) -> _Edges:
    """Of the edges that come to lie in one place the one that lay there stays, else the one with the lowest id."""
    size = max(len(number), 1)
    was = old.edge_ends.astype(np.int64)
    ends = keeper[was]
    new = number[ends]
    keys = new.min(axis=1, initial=size) * size + new.max(axis=1, initial=-1)
    order = np.lexsort((np.arange(len(keys)), (ends != was).any(axis=1), keys))
    source = order[np.searchsorted(keys[order], linked.ends[:, 0] * size + linked.ends[:, 1])]
    turned = ends[:, 0] > ends[:, 1]
    made = np.flatnonzero(turned[source])
    made = made[np.argsort(source[made], kind="stable")]
    ids = old.edge_ids[source]
    ids[made] = of_one(bulk_key(name, "weld.edge"), old.edge_ids[source[made]])
    # The new edges ascend by their ends, so each old one's is found among them, if a face still comes there.
    there = linked.ends[:, 0] * size + linked.ends[:, 1]
    at = np.minimum(np.searchsorted(there, keys), max(len(there) - 1, 0))
    goes = (there[at] == keys) & (ends[:, 0] != ends[:, 1]) if len(there) else np.zeros(len(keys), np.bool_)
    stays = np.zeros(len(keys), np.bool_)
    stays[source] = ~turned[source]
    olds = np.flatnonzero(goes & ~stays)
    return _Edges(source, ids, made, olds, at[olds], turned[olds])
