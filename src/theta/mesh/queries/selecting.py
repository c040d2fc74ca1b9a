"""Growing and shrinking a selection by one step: spec/mesh.md, MESH-86."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from theta.mesh.halfedges import HalfEdges
from theta.mesh.queries.walks import ids_of, in_id_order, living_edges, living_faces, living_vertices
from theta.mesh.topology import Mesh

Mask = NDArray[np.bool_]


def grow_selection(mesh: Mesh, kind: str, ids: Iterable[bytes]) -> tuple[bytes, ...]:
    """The elements given and their neighbours (MESH-86), ascending.

    Args:
        mesh: any mesh.
        kind: "vertex": along edges; "edge" or "face": those that share a vertex.
        ids: elements of this kind.

    Raises:
        InvalidValue: the kind is none of these.
        UnknownElement: no such element.
    """
    halfedges = mesh.halfedges
    return _named(halfedges, kind, _grown(halfedges, kind, _selected(halfedges, kind, ids)))


def shrink_selection(mesh: Mesh, kind: str, ids: Iterable[bytes]) -> tuple[bytes, ...]:
    """The elements given without those that have a neighbour outside (MESH-86), ascending.

    Args:
        mesh: any mesh.
        kind: as in `grow_selection`.
        ids: elements of this kind.

    Raises:
        InvalidValue: the kind is none of these.
        UnknownElement: no such element.
    """
    halfedges = mesh.halfedges
    selected = _selected(halfedges, kind, ids)
    return _named(halfedges, kind, selected & ~_grown(halfedges, kind, _living(halfedges, kind) & ~selected))


def _selected(halfedges: HalfEdges, kind: str, ids: Iterable[bytes]) -> Mask:
    table = halfedges.table(kind)
    selected = np.zeros(table.column.count, np.bool_)
    selected[[table.slot_of(identifier) for identifier in ids]] = True
    return selected


def _living(halfedges: HalfEdges, kind: str) -> Mask:
    if kind == "vertex":
        return living_vertices(halfedges)
    return living_edges(halfedges) if kind == "edge" else living_faces(halfedges)


def _grown(halfedges: HalfEdges, kind: str, selected: Mask) -> Mask:
    sides = np.flatnonzero(np.repeat(living_edges(halfedges), 2))
    origin, face = halfedges.origin.array(), halfedges.face.array()
    grown = selected.copy()
    if kind == "vertex":
        grown[origin[sides[selected[origin[sides ^ 1]]]]] = True
        return grown
    touched = np.zeros(halfedges.vertex_halfedge.count, np.bool_)
    if kind == "edge":
        touched[origin[sides[selected[sides >> 1]]]] = True
        grown[sides[touched[origin[sides]]] >> 1] = True
        return grown
    sides = sides[face[sides] >= 0]
    touched[origin[sides[selected[face[sides]]]]] = True
    grown[face[sides[touched[origin[sides]]]]] = True
    return grown


def _named(halfedges: HalfEdges, kind: str, selected: Mask) -> tuple[bytes, ...]:
    table = halfedges.table(kind)
    return ids_of(table, in_id_order(table, np.flatnonzero(selected)))
