"""Polygons of a file made fit for a mesh: equal points joined, the rest separated: spec/gltf.md, GLTF-15, GLTF-16."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import COORDINATE_METRES_MAX
from theta.gltf.digests import Drawn
from theta.gltf.errors import GltfError
from theta.gltf.materials import srgb_of_linear
from theta.gltf.placement import Placement, Vector3
from theta.mesh import Polygons, separate
from theta.mesh.attributes import COLOUR, NORMAL, PAINTED, UV, AttributeKey
from theta.mesh.orbits import starts_of
from theta.mesh.polygons import unit_normals

Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]

# Normals nearer to their face's than this light it flat, which needs no normals of its own.
FLAT_COSINE_MIN = 1.0 - 1.0e-5


@dataclass(frozen=True, slots=True, eq=False)
class RawShape:
    """Polygons as a file has them.

    Attributes:
        positions: (n, 3) float64.
        counts: (F,) corners of each face.
        corners: indices of positions, face by face.
        normals, colours, uvs: of each corner, (C, 3), (C, 4) linear with alpha, (C, 2); None if there are none.
    """

    positions: Doubles
    counts: Indices
    corners: Indices
    normals: NDArray[np.floating[Any]] | None = None
    colours: NDArray[np.floating[Any]] | None = None
    uvs: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True, eq=False)
class Shape:
    """Polygons that are a mesh by MESH-2, every vertex used by a face, with their attributes.

    Attributes:
        positions: (V, 3) float64 metres, without negative zeros.
        counts: (F,) int64 corners of each face.
        corners: (C,) int64 indices of vertices, face by face.
        attributes: rows in the order of the vertices, faces and corners above.
        joined_vertices: how many there were more, at exactly the same places.
        separated_vertices: how many were added, since polygons met where a mesh cannot.
        dropped_faces: how many had no area.
    """

    positions: Doubles
    counts: Indices
    corners: Indices
    attributes: Mapping[AttributeKey, NDArray[Any]] = field(default_factory=dict)
    joined_vertices: int = 0
    separated_vertices: int = 0
    dropped_faces: int = 0

    def polygons(self) -> Polygons:
        """Positions and faces alone; `separate` leaves them as they are."""
        return Polygons(self.positions, self.counts, self.corners)


def raw_triangles(drawn: Drawn) -> RawShape:
    """What is drawn as polygons of three corners."""
    corners = drawn.corners
    used, corner_points = np.unique(corners, return_inverse=True)
    counts = np.full(len(corners) // 3, 3, np.int64)
    rows = (None if part is None else part[corners] for part in (drawn.normals, drawn.colours, drawn.uvs))
    return RawShape(drawn.positions[used].astype(np.float64), counts, corner_points.astype(np.int64), *rows)


def shape_of(raw: RawShape, place: Placement, base: Vector3, path: str) -> Shape:
    """Join, separate, and keep what the corners carry.

    Args:
        raw: indices all of positions, no face without a corner.
        place: where it goes; what of it is a stretch goes into the points.
        base: the linear base colour of its material, by which colours of faces are multiplied.
        path: the field that errors name.

    Raises:
        GltfError: a coordinate is too large.
    """
    if place.mirrors:
        raw = _turned_round(raw)
    positions = _checked(place.stretched(raw.positions), path)
    points, corners = _joined(positions, raw.corners)
    separated = separate(Polygons(points, raw.counts, corners))
    polygons = separated.polygons
    used = np.bincount(polygons.corners, minlength=len(polygons.positions)) > 0
    number = np.cumsum(used, dtype=np.int64) - 1
    polygons = Polygons(polygons.positions[used], polygons.counts, number[polygons.corners])
    normals = raw.normals if place.stretch is None else None
    attributes = {
        **_colours(polygons, _rows(raw.colours, separated.corners), base),
        **_uvs(_rows(raw.uvs, separated.corners)),
        **_normals(polygons, _rows(normals, separated.corners)),
    }
    joined = len(positions) - len(points)
    return Shape(*polygons, attributes, joined, separated.separated_vertices, separated.dropped_faces)


def notes_of(shape: Shape) -> list[str]:
    """What had to be done to the polygons, in words."""
    notes = []
    if shape.separated_vertices:
        notes.append(f"{shape.separated_vertices} vertices were added where its faces meet in a way no surface can.")
    if shape.dropped_faces:
        notes.append(f"{shape.dropped_faces} faces without area were left out.")
    return notes


def stretched_shape(shape: Shape, place: Placement, path: str) -> Shape:
    """A shape that is fit already, with a place's stretch in its points; its own normals are left out.

    Raises:
        GltfError: a coordinate is too large.
    """
    positions = _checked(place.stretched(shape.positions), path)
    attributes = {key: rows for key, rows in shape.attributes.items() if key.domain != "edge" and key.name != NORMAL}
    corners = shape.corners
    if place.mirrors:
        turned = _reversed_corners(shape.counts)
        corners = corners[turned]
        attributes = {key: rows[turned] if key.domain == "corner" else rows for key, rows in attributes.items()}
    return Shape(positions, shape.counts, corners, attributes)


def _checked(positions: Doubles, path: str) -> Doubles:
    if not (np.abs(positions) <= COORDINATE_METRES_MAX).all():
        raise GltfError(path, f"has a coordinate that is not within ±{COORDINATE_METRES_MAX:g} metres")
    return positions + 0.0


def _joined(positions: Doubles, corners: Indices) -> tuple[Doubles, Indices]:
    """Positions without duplicates, in the order of their first use, and the corners' indices of them."""
    if not len(corners):
        return np.zeros((0, 3)), corners
    words = np.ascontiguousarray(positions).view(np.uint64)
    order = np.lexsort((words[:, 2], words[:, 1], words[:, 0]))
    ordered = words[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(first, dtype=np.int64) - 1
    groups = group[corners]
    uses = np.full(int(first.sum()), len(corners), np.int64)
    np.minimum.at(uses, groups, np.arange(len(corners)))
    by_use = np.argsort(uses, kind="stable")
    by_use = by_use[: int(np.searchsorted(uses[by_use], len(corners)))]
    number = np.zeros(len(uses), np.int64)
    number[by_use] = np.arange(len(by_use))
    return positions[corners[uses[by_use]]], number[groups]


def _turned_round(raw: RawShape) -> RawShape:
    """Every face the other way round."""
    turned = _reversed_corners(raw.counts)
    rest = (None if part is None else part[turned] for part in (raw.normals, raw.colours, raw.uvs))
    return RawShape(raw.positions, raw.counts, raw.corners[turned], *rest)


def _reversed_corners(counts: Indices) -> Indices:
    begins = starts_of(counts)
    return np.repeat(2 * begins + counts - 1, counts) - np.arange(int(counts.sum()))


def _rows(rows: NDArray[np.floating[Any]] | None, corners: Indices) -> Doubles | None:
    return None if rows is None else rows[corners].astype(np.float64)


def _colours(polygons: Polygons, colours: Doubles | None, base: Vector3) -> dict[AttributeKey, NDArray[Any]]:
    """Of faces where each has one opaque colour, else of vertices, else of corners."""
    if colours is None or (colours == 1.0).all():
        return {}
    colours = np.clip(colours, 0.0, 1.0)
    begins = starts_of(polygons.counts)
    faces = colours[begins]
    if (np.repeat(faces, polygons.counts, axis=0) == colours).all() and (faces[:, 3] == 1.0).all():
        painted = (faces[:, :3] != 1.0).any(axis=1)
        srgb = srgb_of_linear(faces[:, :3] * base)
        srgb[~painted] = 0.0
        return {
            AttributeKey("face", COLOUR): srgb,
            AttributeKey("face", PAINTED): painted.astype(np.uint8)[:, np.newaxis],
        }
    vertices = np.zeros((len(polygons.positions), 4))
    vertices[polygons.corners] = colours
    if (vertices[polygons.corners] == colours).all():
        return {AttributeKey("vertex", COLOUR): vertices}
    return {AttributeKey("corner", COLOUR): colours}


def _uvs(uvs: Doubles | None) -> dict[AttributeKey, NDArray[Any]]:
    return {} if uvs is None else {AttributeKey("corner", UV): uvs + 0.0}


def _normals(polygons: Polygons, normals: Doubles | None) -> dict[AttributeKey, NDArray[Any]]:
    """Only where they light a face otherwise than flat."""
    if normals is None or not len(normals):
        return {}
    flat = np.repeat(unit_normals(*polygons), polygons.counts, axis=0)
    length = np.sqrt((normals * normals).sum(axis=1))
    cosines = (flat * normals).sum(axis=1)
    if (cosines >= length * FLAT_COSINE_MIN).all():
        return {}
    return {AttributeKey("corner", NORMAL): normals + 0.0}
