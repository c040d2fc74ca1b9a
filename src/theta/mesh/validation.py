"""Whether a mesh keeps its invariants: spec/mesh.md, MESH-1 … MESH-6. For tests, and for finding our own bugs."""

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import COORDINATE_METRES_MAX
from theta.mesh.columns import IdTable
from theta.mesh.errors import InvariantBroken
from theta.mesh.halfedges import DEAD, NONE, HalfEdges
from theta.mesh.orbits import Slots, cycle_minima, orbit_steps
from theta.mesh.topology import Mesh

Links = NDArray[np.int32]


def validate(mesh: Mesh) -> None:
    """Check every invariant, in the order of the spec.

    Raises:
        InvariantBroken: names the first that does not hold, with the slot.
    """
    halfedges = mesh.halfedges
    _check_sizes(halfedges)
    _check_ids(halfedges)
    living = _check_links(halfedges)
    _check_faces(halfedges, living)
    _check_vertices(halfedges, living)
    _check_euler(halfedges, living)
    _check_attributes(halfedges)
    positions = halfedges.positions.array()
    wrong = ~(np.abs(positions) <= COORDINATE_METRES_MAX) | ((positions == 0.0) & np.signbit(positions))
    _require(~wrong.any(axis=1), "a vertex's coordinates are finite, in range and no negative zero")


def _require(holds: NDArray[np.bool_], invariant: str, slots: Slots | None = None) -> None:
    if not holds.all():
        at = int(np.argmin(holds))
        raise InvariantBroken(f"{invariant}: not at slot {at if slots is None else int(slots[at])}")


def _check_sizes(halfedges: HalfEdges) -> None:
    sizes = {column.count for column in halfedges.links[:4]} | {2 * halfedges.edges.column.count}
    vertices = {halfedges.vertex_halfedge.count, halfedges.positions.count, halfedges.vertices.column.count}
    faces = {halfedges.face_halfedge.count, halfedges.faces.column.count}
    if len(sizes) != 1 or len(vertices) != 1 or len(faces) != 1:
        raise InvariantBroken("columns of one kind of element are equally long")


def _check_attributes(halfedges: HalfEdges) -> None:
    """A row for every slot, zeros on the boundary, and numbers that are finite and no negative zero."""
    counts = halfedges.slot_counts()
    for key, column in halfedges.attributes.columns.items():
        rows = column.array().reshape(-1, column.width)
        if len(rows) != counts[key.domain]:
            raise InvariantBroken(f"{key.domain} attribute {key.name} has a row for every slot")
        wrong = ~np.isfinite(rows) | ((rows == 0) & np.signbit(rows)) if rows.dtype.kind == "f" else rows != rows
        _require(~wrong.any(axis=1), f"{key.domain} attribute {key.name} is finite and no negative zero")
        if key.domain == "corner":
            boundary = halfedges.face.array() == NONE
            _require(~rows[boundary].any(axis=1), f"corner attribute {key.name} is 0 where there is no face")


def _check_ids(halfedges: HalfEdges) -> None:
    living = (
        halfedges.vertex_halfedge.array() != DEAD,
        halfedges.origin.array()[0::2] != DEAD,
        halfedges.face_halfedge.array() != DEAD,
    )
    for table, alive in zip((halfedges.vertices, halfedges.edges, halfedges.faces), living, strict=True):
        _check_table(table, np.flatnonzero(alive))


def _check_table(table: IdTable, slots: Slots) -> None:
    if len(table.slots) != len(slots):
        raise InvariantBroken(f"each living {table.kind} has an id of its own, and no dead one has")
    for slot in slots.tolist():
        if table.slots.get(table.id_of(slot)) != slot:
            raise InvariantBroken(f"{table.kind} id maps agree: not at slot {slot}")


def _check_links(halfedges: HalfEdges) -> Slots:
    """Involutions, and no living link to the dead; returns the living half-edges."""
    forward, back, origin, face = (column.array() for column in halfedges.links[:4])
    dead = origin == DEAD
    for column in (forward, back, face):
        _require((column == DEAD) == dead, "a dead half-edge is dead in every column")
    _require(dead[0::2] == dead[1::2], "twins live and die together")
    living = np.flatnonzero(~dead)
    for column, name in ((forward, "next"), (back, "prev")):
        target = column[living]
        _require((target >= 0) & (target < len(origin)), f"{name} is a half-edge", living)
        _require(~dead[target], f"{name} is alive", living)
    _require(back[forward[living]] == living, "prev of next is the half-edge itself", living)
    _require(forward[back[living]] == living, "next of prev is the half-edge itself", living)
    _require(origin[forward[living]] == origin[living ^ 1], "next begins where the half-edge ends", living)
    _require(origin[living] != origin[living ^ 1], "an edge has two different ends", living)
    _require(face[forward[living]] == face[living], "next has the same face", living)
    _check_targets(origin[living], halfedges.vertex_halfedge.array(), living, "origin")
    inner = living[face[living] != NONE]
    _check_targets(face[inner], halfedges.face_halfedge.array(), inner, "face")
    _require((face[living] != NONE) | (face[living ^ 1] != NONE), "an edge has a face", living)
    key = np.sort(origin[living].astype(np.int64) * (halfedges.vertex_halfedge.count + 1) + origin[living ^ 1])
    _require(key[1:] != key[:-1], "two vertices share one edge at most")
    return living


def _check_targets(targets: Links, elements: Links, slots: Slots, name: str) -> None:
    _require((targets >= 0) & (targets < len(elements)), f"{name} exists", slots)
    _require(elements[targets] != DEAD, f"{name} is alive", slots)


def _check_faces(halfedges: HalfEdges, living: Slots) -> None:
    """Each face is one loop of at least three different vertices."""
    forward, face, origin = halfedges.next.array(), halfedges.face.array(), halfedges.origin.array()
    faces = np.flatnonzero(halfedges.face_halfedge.array() != DEAD)
    first = halfedges.face_halfedge.array()[faces]
    _require((first >= 0) & (first < len(face)), "a face's half-edge exists", faces)
    _require(face[first] == faces, "a face's half-edge is one of its own", faces)
    counts, sides = orbit_steps(forward, first.astype(np.int64))
    owned = np.bincount(face[living][face[living] != NONE], minlength=halfedges.face_halfedge.count)[faces]
    _require(counts == owned, "a face is one loop", faces)
    _require(counts >= 3, "a face has at least three corners", faces)
    loops = np.repeat(faces, counts)
    key = np.sort(loops * (halfedges.vertex_halfedge.count + 1) + origin[sides])
    _require(key[1:] != key[:-1], "a face comes to a vertex once")


def _check_vertices(halfedges: HalfEdges, living: Slots) -> None:
    """Each vertex is isolated or one fan, and a boundary vertex points at its one boundary half-edge."""
    forward, face, origin = halfedges.next.array(), halfedges.face.array(), halfedges.origin.array()
    outgoing = halfedges.vertex_halfedge.array()
    degrees = np.bincount(origin[living], minlength=len(outgoing))
    alive = np.flatnonzero(outgoing != DEAD)
    _require((outgoing[alive] == NONE) == (degrees[alive] == 0), "an isolated vertex has no half-edge", alive)
    used = alive[outgoing[alive] != NONE]
    _check_targets(outgoing[used], origin, used, "a vertex's half-edge")
    _require(origin[outgoing[used]] == used, "a vertex's half-edge leaves it", used)
    around = np.zeros(len(forward), np.int32)
    around[living] = forward[living ^ 1]
    fans, _ = orbit_steps(around, outgoing[used].astype(np.int64))
    _require(fans == degrees[used], "a vertex is one fan", used)
    boundary = living[face[living] == NONE]
    borders = np.bincount(origin[boundary], minlength=len(outgoing))
    _require(borders <= 1, "at most one boundary half-edge leaves a vertex")
    on_border = np.flatnonzero(borders)
    _require(face[outgoing[on_border]] == NONE, "a boundary vertex points at its boundary half-edge", on_border)


def _check_euler(halfedges: HalfEdges, living: Slots) -> None:
    """V - E + F + B = 2 - 2g with a whole genus g >= 0, for every connected surface (Euler–Poincaré)."""
    forward, origin = halfedges.next.array(), halfedges.origin.array()
    outgoing = halfedges.vertex_halfedge.array()
    part = _parts(len(outgoing), origin[living], origin[living ^ 1])
    closed = np.arange(len(forward), dtype=np.int32)
    closed[living] = forward[living]
    loops = living[cycle_minima(closed)[living] == living]
    vertices = part[outgoing >= 0]
    size = len(outgoing)
    euler = (
        np.bincount(vertices, minlength=size)
        - np.bincount(part[origin[living[living % 2 == 0]]], minlength=size)
        + np.bincount(part[origin[loops]], minlength=size)
    )
    parts = np.unique(vertices)
    genus_twice = 2 - euler[parts]
    _require((genus_twice >= 0) & (genus_twice % 2 == 0), "V - E + F + B = 2 - 2g for a connected surface", parts)


def _parts(vertex_count: int, tails: Links, heads: Links) -> Slots:
    """For each vertex, the lowest vertex that edges lead to from it."""
    part = np.arange(vertex_count)
    while True:
        lower = part.copy()
        np.minimum.at(lower, tails, part[heads])
        lower = lower[lower]
        if np.array_equal(lower, part):
            return part
        part = lower
