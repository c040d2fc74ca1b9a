"""Putting a vertex on an edge: spec/mesh.md, MESH-32.

Written on the columns themselves, without the kernel (surgery.py), which would look for what a vertex on an edge cannot
break: fans, boundaries, second edges.
"""

import struct
from typing import Any

from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName, role_bytes, three_ids
from theta.base.limits import MESH_FACE_CORNERS_MAX
from theta.mesh.attributes import Domain, blended
from theta.mesh.errors import DuplicateElement
from theta.mesh.halfedges import DEAD, NONE, HalfEdges
from theta.mesh.rebuild import check_size
from theta.mesh.results import Made
from theta.mesh.surgery import Blend
from theta.mesh.topology import Mesh

# Bytes and rows of four scalars at once, in half the time that slices take.
_ID, _TWO_IDS, _THREE_IDS = struct.Struct("16s"), struct.Struct("32s"), struct.Struct("16s16s16s")
_FOUR = struct.Struct("4i")
_ROLE = role_bytes("split-edge")


def split_edge(mesh: Mesh, edge_id: bytes, t: float, name: CommandName) -> Made:
    """Put a vertex on an edge (MESH-32): ΔV, ΔE, ΔF = 1, 1, 0.

    Args:
        mesh: what to change.
        edge_id: the edge; it is retired.
        t: where, 0 < t < 1, from its end with the lower vertex id.
        name: the command that does it; the new ids hash it.

    Returns:
        The vertex, and the edges to the lower and to the higher end.

    Raises:
        UnknownElement: no such edge.
        InvalidValue: t is out of its limits, a face would have more than MESH_FACE_CORNERS_MAX corners, or the mesh
            would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edge_slots, vertex_slots = halfedges.edges.slots, halfedges.vertices.slots
    edge = edge_slots.get(edge_id)
    if edge is None:
        raise UnknownElement("edge", edge_id)
    if not 0.0 < t < 1.0:
        raise InvalidValue("t", t, "between 0 and 1, without these")
    origin, ids = halfedges.origin.view, halfedges.vertices.column.view
    side = 2 * edge
    (low,), (high,) = _ID.unpack_from(ids, 16 * origin[side]), _ID.unpack_from(ids, 16 * origin[side + 1])
    if high < low:
        side, low, high = side + 1, high, low
    made = three_ids(name, _ROLE + edge_id)
    vertex_id, to_low, to_high = _THREE_IDS.unpack(made)
    if vertex_id in vertex_slots or to_low in edge_slots or to_high in edge_slots:
        raise _taken(halfedges, vertex_id, to_low, to_high)
    check_size(len(vertex_slots) + 1, len(edge_slots) + 1, halfedges.faces.living, halfedges.attributes)
    halfedges.redirects.check_room(1)
    rows = _attribute_rows(halfedges, side, t) if halfedges.attributes.columns else ()
    try:
        vertex, first = _splice(halfedges, side, t, vertex_id, made)
    except (IndexError, struct.error):
        _make_room(halfedges)
        vertex, first = _splice(halfedges, side, t, vertex_id, made)
    del edge_slots[edge_id]
    vertex_slots[vertex_id] = vertex
    edge_slots[to_low] = first
    edge_slots[to_high] = first + 1
    if rows:
        halfedges.fit_attributes()
        for column, row, values in rows:
            halfedges.write_row(column, row, values)
    both = (to_low, to_high)
    halfedges.redirects.add_parts("edge", edge_id, both, (t, low < vertex_id, vertex_id < high))
    # Half the time of Made(…).
    return tuple.__new__(Made, ((vertex_id,), both, ()))


def _taken(halfedges: HalfEdges, vertex: bytes, to_low: bytes, to_high: bytes) -> DuplicateElement:
    if vertex in halfedges.vertices.slots:
        return DuplicateElement("vertex", vertex)
    return DuplicateElement("edge", to_low if to_low in halfedges.edges.slots else to_high)


def _check_corners(halfedges: HalfEdges, side: int) -> None:
    """Refuse one corner more for a half-edge's face if it has as many as it may."""
    if halfedges.face.view[side] == NONE:
        return
    following = halfedges.next.view
    corners, here = 1, following[side]
    while here != side:
        here = following[here]
        corners += 1
    if corners >= MESH_FACE_CORNERS_MAX:
        raise InvalidValue("face corners", corners + 1, f"at most {MESH_FACE_CORNERS_MAX}")


def _splice(halfedges: HalfEdges, side: int, t: float, vertex_id: bytes, made: bytes) -> tuple[int, int]:
    """Put low → new, new → low, new → high and high → new in the place of `side` (low → high) and its twin.

    Returns:
        The slots of the vertex and of the first of the two edges.

    Raises:
        InvalidValue: a face would have too many corners.
        IndexError, struct.error: there is no room in a column. Nothing is overwritten then.
    """
    nexts, prevs, origins, faces, outgoing, starting = halfedges.links
    following, before, origin, face = nexts.view, prevs.view, origins.view, faces.view
    vertex_ids, edge_ids, positions = halfedges.vertices.column, halfedges.edges.column, halfedges.positions
    places = positions.view
    twin, first, vertex = side ^ 1, nexts.count, outgoing.count
    back, on, last = first + 1, first + 2, first + 3
    left, right = face[side], face[twin]
    low, high, ahead, behind = origin[side], origin[twin], following[side], before[side]
    after, beside = following[twin], before[twin]
    # Triangles and quads need no counting.
    if following[ahead] != behind and following[following[ahead]] != behind:
        _check_corners(halfedges, side)
    if following[after] != beside and following[following[after]] != beside:
        _check_corners(halfedges, twin)
    # First what needs room, past the end of the columns, where nobody looks.
    at = 4 * first
    _FOUR.pack_into(face, at, left, right, left, right)
    _FOUR.pack_into(origin, at, low, vertex, vertex, high)
    _FOUR.pack_into(before, at, behind, last, first, beside)
    _FOUR.pack_into(following, at, on, after, ahead, back)
    _ID.pack_into(vertex_ids.view, 16 * vertex, vertex_id)
    _TWO_IDS.pack_into(edge_ids.view, 8 * first, made[16:])
    # Never past an end, rounding included, since t < 1 takes the last bit off the product; and never -0, since a sum
    # is that only if both terms are.
    at, start, end = 3 * vertex, 3 * low, 3 * high
    x, y, z = places[start], places[start + 1], places[start + 2]
    places[at + 2] = z + (places[end + 2] - z) * t
    places[at + 1] = y + (places[end + 1] - y) * t
    places[at] = x + (places[end] - x) * t
    spokes, starts = outgoing.view, starting.view
    spokes[vertex] = back if right == NONE else on
    if halfedges.journal.depth:
        _keep(halfedges, side)
    following[behind] = first
    before[ahead] = on
    following[beside] = last
    before[after] = back
    if spokes[low] == side:
        spokes[low] = first
    if spokes[high] == twin:
        spokes[high] = last
    if left != NONE and starts[left] == side:
        starts[left] = first
    if right != NONE and starts[right] == twin:
        starts[right] = last
    following[side] = before[side] = origin[side] = face[side] = DEAD
    following[twin] = before[twin] = origin[twin] = face[twin] = DEAD
    nexts.count = prevs.count = origins.count = faces.count = first + 4
    outgoing.count = positions.count = vertex_ids.count = vertex + 1
    edge_ids.count = (first >> 1) + 2
    halfedges.vertices.living += 1
    halfedges.edges.living += 1
    return vertex, first >> 1


def _make_room(halfedges: HalfEdges) -> None:
    for column in halfedges.columns():
        column.reserve(4)


def _keep(halfedges: HalfEdges, side: int) -> None:
    """Keep in the journal all that `_splice` overwrites."""
    keep = halfedges.journal.keep
    following, before = halfedges.next, halfedges.prev
    for one in (side, side ^ 1):
        for column in halfedges.links[:4]:
            keep(column, one, column.view[one])
        keep(following, before.view[one], one)
        keep(before, following.view[one], one)
        vertex, face = halfedges.origin.view[one], halfedges.face.view[one]
        keep(halfedges.vertex_halfedge, vertex, halfedges.vertex_halfedge.view[vertex])
        if face != NONE:
            keep(halfedges.face_halfedge, face, halfedges.face_halfedge.view[face])
    keep(halfedges.edges, side >> 1, halfedges.edges.id_of(side >> 1))


def _attribute_rows(halfedges: HalfEdges, side: int, t: float) -> list[tuple[Any, int, list[Any]]]:
    """Column, slot and values of the attributes of what is made; `side` runs from the lower end to the higher."""
    twin, first, following = side ^ 1, halfedges.next.count, halfedges.next.view
    origin = halfedges.origin.view
    whole: float = 1.0
    blends: dict[Domain, list[tuple[int, Blend]]] = {
        "vertex": [(halfedges.vertex_halfedge.count, ((origin[side], 1.0 - t), (origin[twin], t)))],
        "edge": [(first >> 1, ((side >> 1, whole),)), ((first >> 1) + 1, ((side >> 1, whole),))],
        "face": [],
        "corner": [
            (first, ((side, whole),)),
            (first + 1, ((following[twin], 1.0 - t), (twin, t))),
            (first + 2, ((side, 1.0 - t), (following[side], t))),
            (first + 3, ((twin, whole),)),
            (side, ()),
            (twin, ()),
        ],
    }
    return [
        (column, slot, blended(column, blend))
        for domain, places in blends.items()
        for _, column in halfedges.attributes.of(domain)
        for slot, blend in places
    ]
