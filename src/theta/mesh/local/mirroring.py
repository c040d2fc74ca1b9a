"""Adding a mesh's mirror image: spec/mesh.md, MESH-58."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh.arrays import slot_arrays
from theta.mesh.attributes import NORMAL, AttributeKey
from theta.mesh.bulk_ids import bulk_key, of_one
from theta.mesh.canonical import CanonicalMesh, canonical_mesh
from theta.mesh.linking import Linked, Loops, link_faces
from theta.mesh.orbits import Slots, starts_of
from theta.mesh.rebuild import check_size, replace_linked
from theta.mesh.results import Made
from theta.mesh.topology import Mesh

AXES = ("x", "y", "z")


class _Halves(NamedTuple):
    """What stays of a mesh and what its image is of; indices into the arrays of the canonical mesh.

    Attributes:
        on: (V,) which vertices are on the plane.
        vertices, mirrored: those that stay, and of these the ones that have an image of their own.
        edges: those whose image is not themselves.
        faces: those that stay, and have an image.
        corners, turned: the corners of these as they are, and in the order of their images.
    """

    on: NDArray[np.bool_]
    vertices: Slots
    mirrored: Slots
    edges: Slots
    faces: Slots
    corners: Slots
    turned: Slots


def mirror(mesh: Mesh, axis: str, offset: float, weld_distance: float, name: CommandName) -> Made:
    """Add the image of the whole mesh at the plane `axis` = `offset`, sharing the vertices near the plane.

    With p faces in the plane, which go with the e edges and v vertices that only they had, s vertices and d edges on it
    afterwards: V, E, F become 2(V - v) - s, 2(E - e) - d, 2(F - p).

    Args:
        mesh: what to change.
        axis: "x", "y" or "z".
        offset: where the plane is, metres.
        weld_distance: vertices at most so many metres from the plane are put on it, and are their own image.
        name: the command that does it.

    Returns:
        The images of vertices, edges and faces, in ascending order of what they are the image of: (n, 16) uint8.

    Raises:
        InvalidValue: the axis, the offset or the distance is out of its limits, every face lies in the plane, an image
            is out of the limits of a coordinate, or the mesh would be too large.
        NonManifoldEdge, MultiEdge, BowTie: what is joined at the plane would be no oriented 2-manifold.
        DuplicateElement: an id that this would make is taken.
    """
    _check(axis, offset, weld_distance)
    column, at = AXES.index(axis), float(offset) + 0.0
    _check_size(mesh, column, at, weld_distance)
    old = canonical_mesh(mesh)
    halves = _halves(old, np.abs(old.positions[:, column] - at) <= weld_distance)
    if len(old.face_ids) and not len(halves.faces):
        raise InvalidValue("offset", offset, "a plane in which not every face lies")
    made = (
        of_one(bulk_key(name, "mirror.vertex"), old.vertex_ids[halves.mirrored]),
        of_one(bulk_key(name, "mirror.edge"), old.edge_ids[halves.edges]),
        of_one(bulk_key(name, "mirror.face"), old.face_ids[halves.faces]),
    )
    vertex_ids = np.concatenate((old.vertex_ids[halves.vertices], made[0]))
    face_ids = np.concatenate((old.face_ids[halves.faces], made[2]))
    number, image = _numbers(old, halves)
    counts = np.tile(old.face_counts[halves.faces].astype(np.int64), 2)
    corners = np.concatenate((number[old.corners[halves.corners]], image[old.corners[halves.turned]]))
    linked = link_faces(Loops(counts, corners, vertex_ids, face_ids))
    edge_rows = _edge_rows(old, halves, linked, (number, image))
    edge_ids = np.concatenate((old.edge_ids, made[1]))[edge_rows]
    positions = old.positions.copy()
    positions[halves.on, column] = at
    images = positions[halves.mirrored]
    images[:, column] = (at + at) - images[:, column]
    replace_linked(
        mesh,
        linked,
        np.concatenate((positions[halves.vertices], images)),
        (vertex_ids, edge_ids, face_ids),
        {key: _rows(old, halves, key, edge_rows, column) for key in old.attributes},
    )
    return Made(*made)


def _check(axis: str, offset: float, weld_distance: float) -> None:
    if axis not in AXES:
        raise InvalidValue("axis", axis, "x, y or z")
    if not -COORDINATE_METRES_MAX <= offset <= COORDINATE_METRES_MAX:
        raise InvalidValue("offset", offset, f"within ±{COORDINATE_METRES_MAX} metres")
    if not 0.0 <= weld_distance <= COORDINATE_METRES_MAX:
        raise InvalidValue("weld_distance", weld_distance, f"between 0 and {COORDINATE_METRES_MAX} metres")


def _halves(old: CanonicalMesh, on: NDArray[np.bool_]) -> _Halves:
    counts = old.face_counts.astype(np.int64)
    face_of = np.repeat(np.arange(len(counts)), counts)
    begins, ends = starts_of(counts)[face_of], (starts_of(counts) + counts)[face_of]
    off_plane = np.bincount(face_of[~on[old.corners]], minlength=len(counts)) > 0
    stays = np.flatnonzero(off_plane[face_of])
    # Backwards from the same first corner: 0, n - 1, n - 2, …, 1.
    here = np.arange(len(face_of))
    turned = np.where(here == begins, here, begins + ends - here)[stays]
    used = np.bincount(old.corners, minlength=len(on)) > 0
    still = np.bincount(old.corners[stays], minlength=len(on)) > 0
    vertices = still | ~used
    return _Halves(
        on,
        np.flatnonzero(vertices),
        np.flatnonzero(vertices & ~on),
        np.flatnonzero(~on[old.edge_ends].all(axis=1)),
        np.flatnonzero(off_plane),
        stays,
        turned,
    )


def _check_size(mesh: Mesh, column: int, at: float, weld_distance: float) -> None:
    """Refuse what would be too large before anything is worked out: what is off the plane is there twice."""
    arrays = slot_arrays(mesh)
    off = np.abs(arrays.positions[:, column] - at) > weld_distance
    edges = int(np.count_nonzero(off[arrays.edge_ends].any(axis=1)))
    face_of = np.repeat(np.arange(len(arrays.counts)), arrays.counts)
    faces = int(np.count_nonzero(np.bincount(face_of[off[arrays.corners]])))
    check_size(2 * int(np.count_nonzero(off)), 2 * edges, 2 * faces, mesh.halfedges.attributes)


def _numbers(old: CanonicalMesh, halves: _Halves) -> tuple[Slots, Slots]:
    """The new number of each vertex, and of its image."""
    number = np.full(len(old.vertex_ids), -1, np.int64)
    number[halves.vertices] = np.arange(len(halves.vertices))
    image = number.copy()
    image[halves.mirrored] = len(halves.vertices) + np.arange(len(halves.mirrored))
    return number, image


def _edge_rows(old: CanonicalMesh, halves: _Halves, linked: Linked, numbers: tuple[Slots, Slots]) -> Slots:
    """For each new edge its row in the old edges followed by the images."""
    number, image = numbers
    size = int(image.max(initial=0)) + 1
    pairs = np.concatenate((number[old.edge_ends], image[old.edge_ends[halves.edges]]))
    keys = pairs.min(axis=1, initial=size) * size + pairs.max(axis=1, initial=-1)
    order = np.argsort(keys, kind="stable")
    rows: Slots = order[np.searchsorted(keys[order], linked.ends[:, 0] * size + linked.ends[:, 1])]
    return rows


def _rows(old: CanonicalMesh, halves: _Halves, key: AttributeKey, edge_rows: Slots, column: int) -> NDArray[Any]:
    rows = old.attributes[key]
    if key.domain == "edge":
        both: NDArray[Any] = np.concatenate((rows, rows[halves.edges]))[edge_rows]
        return both
    stay, go = {
        "vertex": (halves.vertices, halves.mirrored),
        "face": (halves.faces, halves.faces),
        "corner": (halves.corners, halves.turned),
    }[key.domain]
    images = rows[go]
    if key == AttributeKey("corner", NORMAL) and images.shape[1] == len(AXES) and images.dtype == np.float64:
        images[:, column] = 0.0 - images[:, column]
    return np.concatenate((rows[stay], images))
