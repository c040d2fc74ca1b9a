"""What a client draws of a mesh, and of it only what changed: spec/mesh.md, MESH-89."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.mesh.attributes import COLOUR, PAINTED, AttributeKey
from theta.mesh.columns import IdArray
from theta.mesh.halfedges import HalfEdges
from theta.mesh.orbits import Slots
from theta.mesh.queries.face_triangles import EMPTY, FaceTriangles
from theta.mesh.queries.snapshot import KeptColumn
from theta.mesh.topology import Mesh

Colour = tuple[float, float, float]
Drawn = NDArray[np.float32]

WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class RenderPatch:
    """Triangles to write into a client's buffers, three corners to each, none shared.

    Attributes:
        whole: whether this is everything, whatever the client had.
        count: how many triangles the buffers hold then, empty ones included.
        ranges: (n, 2) int64, the first triangle and how many, ascending; the arrays below hold them one after another.
        positions: (3 k, 3) float32 metres, anticlockwise; an empty triangle is zeros.
        normals: (3 k, 3) float32, the face's; zeros where it has none.
        colours: (3 k, 3) float32 in [0, 1], sRGB.
        face_ids: (k, 16) uint8, whose triangle it is; zeros where empty.
        state: what the client has after this: give it as `since` the next time.
    """

    whole: bool
    count: int
    ranges: Slots
    positions: Drawn
    normals: Drawn
    colours: Drawn
    face_ids: IdArray
    state: "RenderState"


class RenderState:
    """What a client was given last. Several clients may go on from one, each at its own pace."""

    __slots__ = ("_buffers", "_revision")

    def __init__(self, buffers: "_Buffers", revision: int) -> None:
        """For `render_buffers` to make."""
        self._buffers = buffers
        self._revision = revision

    def patch(self, mesh: Mesh, colour: Colour) -> RenderPatch:
        """What is different in `mesh` now."""
        self._buffers.update(mesh.halfedges, colour)
        return self._buffers.patch(mesh.halfedges, self._revision)


def render_buffers(mesh: Mesh, since: RenderState | None = None, colour: Sequence[float] = WHITE) -> RenderPatch:
    """Triangles of flat faces (MESH-89): all of them, or those that changed.

    Args:
        mesh: any mesh; with `since`, the same one as then or a changed copy, else much of it counts as changed.
        since: the state in the patch that the client got last; None for a client that has nothing.
        colour: sRGB in [0, 1] of faces that are not painted.

    Raises:
        InvalidValue: the colour is out of its limits.
    """
    chosen = _checked_colour(colour)
    state = RenderState(_Buffers(), 0) if since is None else since
    return state.patch(mesh, chosen)


class _Buffers:
    """A mesh's triangles by place, and at which revision each was last written."""

    __slots__ = ("_colour", "_colours", "_face_ids", "_laid_out", "_painted", "_revision", "_triangles", "_written")

    def __init__(self) -> None:
        self._triangles = FaceTriangles()
        self._colour = WHITE
        self._colours, self._painted = KeptColumn(np.float64), KeptColumn(np.uint8)
        self._face_ids = KeptColumn(np.uint64)
        self._revision = 0
        self._laid_out = 0
        self._written = np.empty(0, np.int64)

    def update(self, halfedges: HalfEdges, colour: Colour) -> None:
        """Keep up with the mesh: what is different now counts as written at the next revision."""
        places = self._triangles.update(halfedges)
        recoloured = self._recoloured(halfedges)
        if places is None or colour != self._colour or not self._revision:
            self._colour = colour
            self._revision += 1
            self._laid_out = self._revision
            self._written = np.full(self._triangles.count, self._revision)
            return
        if not len(places) and not len(recoloured):
            return
        self._revision += 1
        if self._triangles.count > len(self._written):
            written = np.zeros(self._triangles.count + (self._triangles.count >> 2), np.int64)
            written[: len(self._written)] = self._written
            self._written = written
        self._written[places] = self._revision
        self._written[self._triangles.places_of(recoloured)] = self._revision

    def patch(self, halfedges: HalfEdges, revision: int) -> RenderPatch:
        """What was written since a revision; everything if the places of then are no more."""
        triangles = self._triangles
        whole = revision < self._laid_out
        written = self._written[: triangles.count] > (0 if whole else revision)
        places = np.flatnonzero(written)
        faces = triangles.faces[places]
        there = faces != EMPTY
        positions = np.zeros((len(places), 3, 3), np.float32)
        positions[there] = halfedges.positions.array()[triangles.corners[places[there]]]
        normals, colours = np.zeros((len(places), 3), np.float32), np.zeros((len(places), 3), np.float32)
        normals[there] = triangles.normals[faces[there]]
        colours[there] = self._colours_of(halfedges, faces[there])
        face_ids = np.zeros((len(places), 16), np.uint8)
        face_ids[there] = halfedges.faces.column.array()[faces[there]]
        return RenderPatch(
            whole,
            triangles.count,
            _ranges(places),
            positions.reshape(-1, 3),
            np.repeat(normals, 3, axis=0),
            np.repeat(colours, 3, axis=0),
            face_ids,
            RenderState(self, self._revision),
        )

    def _recoloured(self, halfedges: HalfEdges) -> Slots:
        """The living faces whose colour or id is not as last time."""
        colours, painted = _columns(halfedges)
        slots = np.unique(
            np.concatenate(
                (
                    self._colours.changes(colours.reshape(-1)) // 3,
                    self._painted.changes(painted),
                    self._face_ids.changes(halfedges.faces.column.array().reshape(-1).view(np.uint64)) // 2,
                )
            )
        )
        living: Slots = slots[halfedges.face_halfedge.array()[slots] >= 0]
        return living

    def _colours_of(self, halfedges: HalfEdges, faces: NDArray[np.int32]) -> NDArray[Any]:
        colours, painted = _columns(halfedges)
        own = np.minimum(np.maximum(colours[faces], 0.0), 1.0)
        chosen: NDArray[Any] = np.where(painted[faces, np.newaxis] == 1, own, np.array(self._colour))
        return chosen


def _columns(halfedges: HalfEdges) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Face colours (F, 3) and whether they count (F,), by slot: zeros where there are none."""
    columns, count = halfedges.attributes.columns, halfedges.face_halfedge.count
    colour, painted = columns.get(AttributeKey("face", COLOUR)), columns.get(AttributeKey("face", PAINTED))
    if colour is None or painted is None or (colour.width, painted.width) != (3, 1):
        return np.zeros((count, 3)), np.zeros(count, np.uint8)
    return colour.array(), painted.array()


def _checked_colour(colour: Sequence[float]) -> Colour:
    try:
        red, green, blue = (float(part) for part in colour)
    except (TypeError, ValueError) as error:
        raise InvalidValue("colour", colour, "three numbers from 0 to 1") from error
    if not (0.0 <= red <= 1.0 and 0.0 <= green <= 1.0 and 0.0 <= blue <= 1.0):
        raise InvalidValue("colour", colour, "three numbers from 0 to 1")
    return red, green, blue


def _ranges(places: Slots) -> Slots:
    """Ascending numbers as runs (n, 2) of first and length."""
    if not len(places):
        return np.empty((0, 2), np.int64)
    breaks = np.flatnonzero(places[1:] != places[:-1] + 1) + 1
    firsts = np.concatenate((np.zeros(1, np.int64), breaks))
    ends = np.concatenate((breaks, np.array([len(places)])))
    return np.stack((places[firsts], ends - firsts), axis=1)
