"""Polygons that fit together anyhow, taken apart until they are an oriented 2-manifold: spec/mesh.md, MESH-22.

What is replayed is integer logic and one comparison of areas, so that every peer gets the same mesh of the same asset.
After Guéziec, Taubin, Lazarus, Horn, "Cutting and Stitching", 2001: cut at every singular edge, then at vertices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.errors import MeshError
from theta.mesh.linking import Linked, Loops, link_faces
from theta.mesh.orbits import Slots, cycle_minima, following_corners
from theta.mesh.polygon_asset import Polygons
from theta.mesh.polygons import TWICE_AREA_MIN, area_vectors
from theta.mesh.sorting import run_begins, sort_keys

FACE_CORNERS_MIN = 3


class Separation(NamedTuple):
    """Polygons that `build_from_arrays` accepts, and what it took.

    `separated_vertices` were added since a vertex became several; `dropped_faces` had no area, or no three corners.
    `vertices`, `faces` and `corners` are where each of the result's was before, so that what belongs to it can follow.
    """

    polygons: Polygons
    separated_vertices: int
    dropped_faces: int
    vertices: Slots
    faces: Slots
    corners: Slots


class _Kept(NamedTuple):
    """Faces that are kept: how many corners of each, and which corners and faces they were."""

    counts: Slots
    corners: Slots
    faces: Slots


class _Sides(NamedTuple):
    """One side for each corner, from it to the next of its face.

    `twin` is the side that it is glued to, or -1; `following` the next corner; `faces` the corner's face.
    """

    twin: Slots
    following: Slots
    faces: Slots


def separate(polygons: Polygons) -> Separation:
    """Take polygons apart, deterministically.

    Sides are glued where an edge has exactly two, in opposite directions, of different faces. Each fan of corners
    becomes a vertex of its own: the one with the lowest corner keeps the old vertex, others come after all that there
    are, in the order of their lowest corners. Faces that would still share an edge with more than one other, run along
    it the same way, or come to a vertex twice, share nothing any more. Polygons that are a manifold stay as they are.
    """
    return separate_and_link(polygons)[0]


def separate_and_link(polygons: Polygons) -> tuple[Separation, Linked]:
    """As `separate`, and the separated polygons' links."""
    positions = polygons.positions
    kept = _without_repeats(polygons.counts, polygons.corners)
    kept = _kept(kept, kept.counts >= FACE_CORNERS_MIN)
    x, y, z = area_vectors(positions, kept.counts, polygons.corners[kept.corners]).T
    counts, sources, faces = _kept(kept, np.sqrt(x * x + y * y + z * z) >= TWICE_AREA_MIN)
    corners = polygons.corners[sources]
    dropped = len(polygons.counts) - len(counts)
    try:
        linked = _linked(len(positions), counts, corners)
        vertices = np.arange(len(positions))
    except MeshError:
        corners, vertices = _taken_apart(len(positions), counts, corners)
        linked = _linked(len(vertices), counts, corners)
    separated = Polygons(positions[vertices], counts, corners)
    return Separation(separated, len(vertices) - len(positions), dropped, vertices, faces, sources), linked


def _linked(vertex_count: int, counts: Slots, corners: Slots) -> Linked:
    """The links of faces; what is no mesh is not told by name."""
    nobody = np.zeros((max(vertex_count, len(counts)), IDENTIFIER_BYTES), np.uint8)
    return link_faces(Loops(counts, corners, nobody[:vertex_count], nobody[: len(counts)]))


def _taken_apart(vertex_count: int, counts: Slots, corners: Slots) -> tuple[Slots, Slots]:
    """The corners' vertices when nothing is glued that must not be, and of each vertex the one whose place it has."""
    sides = _glued(vertex_count, counts, corners)
    fans = _fans(sides)
    alone = _in_conflict(fans, sides, len(counts))
    if alone.any():
        fans = _fans(_detached(sides, alone))
    return _numbered(vertex_count, corners, fans)


def _without_repeats(counts: Slots, corners: Slots) -> _Kept:
    """Corners that repeat the one before them in their face are left out."""
    before = np.empty(len(corners), np.int64)
    before[following_corners(counts[counts > 0])] = corners
    different = np.flatnonzero(corners != before)
    faces = np.arange(len(counts))
    if len(different) < len(corners):
        counts = np.bincount(np.repeat(faces, counts)[different], minlength=len(counts))
    return _Kept(counts, different, faces)


def _kept(kept: _Kept, keep: NDArray[np.bool_]) -> _Kept:
    """Only these faces."""
    if keep.all():
        return kept
    return _Kept(kept.counts[keep], kept.corners[np.repeat(keep, kept.counts)], kept.faces[keep])


def _glued(vertex_count: int, counts: Slots, corners: Slots) -> _Sides:
    following = following_corners(counts)
    heads = corners[following]
    faces = np.repeat(np.arange(len(counts)), counts)
    key = np.minimum(corners, heads) * vertex_count + np.maximum(corners, heads)
    ordered, order = sort_keys(key)
    begins, uses = _runs(ordered)
    pairs = begins[uses == 2]
    one, other = order[pairs], order[pairs + 1]
    fits = (corners[one] != corners[other]) & (faces[one] != faces[other])
    one, other = one[fits], other[fits]
    twin = np.full(len(corners), -1, np.int64)
    twin[one] = other
    twin[other] = one
    return _Sides(twin, following, faces)


def _detached(sides: _Sides, alone: NDArray[np.bool_]) -> _Sides:
    """The sides with nothing glued to the faces that are to be alone."""
    twin = sides.twin
    apart = (twin >= 0) & (alone[sides.faces] | alone[sides.faces[twin]])
    return sides._replace(twin=np.where(apart, -1, twin))


def _fans(sides: _Sides) -> Slots:
    """For each corner the lowest corner of its fan: those to which glued sides lead around its vertex."""
    corner_count = len(sides.twin)
    around = np.arange(corner_count)
    glued = np.flatnonzero(sides.twin >= 0)
    around[glued] = sides.following[sides.twin[glued]]
    backward = np.arange(corner_count)
    backward[around[glued]] = glued
    # A fan that is no full circle ends at a side that is not glued: close it, so that the walk is a permutation.
    first = backward
    for _ in range(corner_count.bit_length()):
        first = first[first]
    ends = np.flatnonzero(sides.twin < 0)
    around[ends] = first[ends]
    return cycle_minima(around.astype(np.int32))


def _in_conflict(fans: Slots, sides: _Sides, face_count: int) -> NDArray[np.bool_]:
    """The faces that, with each fan a vertex, would still share too much."""
    size = max(len(fans), 1)
    heads = fans[sides.following]
    key = np.minimum(fans, heads) * size + np.maximum(fans, heads)
    ordered, order = sort_keys(key)
    begins, uses = _runs(ordered)
    clash = uses > 2
    pairs = begins[uses == 2]
    clash[uses == 2] = fans[order[pairs]] == fans[order[pairs + 1]]
    alone = np.zeros(face_count, np.bool_)
    alone[sides.faces[order[np.repeat(clash, uses)]]] = True
    visits = np.sort(sides.faces * size + fans)
    alone[visits[1:][visits[1:] == visits[:-1]] // size] = True
    return alone


def _runs(ordered: Slots) -> tuple[Slots, Slots]:
    """Where each run of equal keys begins, and how long it is."""
    begins = run_begins(ordered)
    return begins, np.diff(begins, append=len(ordered))


def _numbered(vertex_count: int, corners: Slots, fans: Slots) -> tuple[Slots, Slots]:
    """The corners' vertices when each fan is one, and of each vertex the old one whose place it has."""
    lowest = np.flatnonzero(fans == np.arange(len(fans)))
    owners = np.full(vertex_count, len(fans), np.int64)
    np.minimum.at(owners, corners[lowest], lowest)
    keeps = owners[corners[lowest]] == lowest
    number = np.empty(len(fans), np.int64)
    number[lowest[keeps]] = corners[lowest[keeps]]
    added = lowest[~keeps]
    number[added] = vertex_count + np.arange(len(added))
    return number[fans], np.concatenate((np.arange(vertex_count), corners[added]))
