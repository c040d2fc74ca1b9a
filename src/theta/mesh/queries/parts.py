"""Connected parts, and what kind of surface they are: spec/mesh.md, MESH-84."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.mesh.columns import IdTable
from theta.mesh.halfedges import HalfEdges
from theta.mesh.orbits import Slots, starts_of
from theta.mesh.queries.walks import (
    boundary_walks,
    ids_of,
    in_id_order,
    living_edges,
    living_faces,
    living_vertices,
)
from theta.mesh.topology import Mesh

_Living = Callable[[HalfEdges], NDArray[np.bool_]]
_Anchors = Callable[[HalfEdges, Slots], Slots]


@dataclass(frozen=True, slots=True)
class Part:
    """All that edges connect; an isolated vertex is a part of its own.

    Attributes:
        vertices, edges, faces: ids, ascending.
        boundaries: how many boundary loops it has.
    """

    vertices: tuple[bytes, ...]
    edges: tuple[bytes, ...]
    faces: tuple[bytes, ...]
    boundaries: int

    @property
    def closed(self) -> bool:
        """Whether it is a surface without a boundary."""
        return bool(self.faces) and not self.boundaries

    @property
    def euler(self) -> int:
        """The Euler characteristic V - E + F."""
        return len(self.vertices) - len(self.edges) + len(self.faces)

    @property
    def genus(self) -> int:
        """How many handles the surface has: (2 - euler - boundaries) / 2; 0 for an isolated vertex."""
        return (2 - self.euler - self.boundaries) // 2


def parts(mesh: Mesh) -> tuple[Part, ...]:
    """Every connected part (MESH-84), in ascending order of their lowest vertex ids."""
    halfedges = mesh.halfedges
    label = part_labels(halfedges)
    vertices = in_id_order(halfedges.vertices, np.flatnonzero(living_vertices(halfedges)))
    lowest, first = np.unique(label[vertices], return_index=True)
    number = np.empty(len(label), np.int64)
    number[lowest[np.argsort(first)]] = np.arange(len(lowest))
    by_part = []
    for table, living, anchors in _kinds(halfedges):
        slots = in_id_order(table, np.flatnonzero(living(halfedges)))
        by_part.append(_grouped(table, slots, number[label[anchors(halfedges, slots)]], len(lowest)))
    counts, sides = boundary_walks(halfedges)
    on_loops = halfedges.origin.array()[sides[starts_of(counts)]]
    loops: list[int] = np.bincount(number[label[on_loops]], minlength=len(lowest)).tolist()
    return tuple(Part(*ids) for ids in zip(*by_part, loops, strict=True))


def part_of(mesh: Mesh, kind: str, identifier: bytes) -> Part:
    """The connected part that an element belongs to.

    Args:
        mesh: any mesh.
        kind: "vertex", "edge" or "face".
        identifier: the element's id.

    Raises:
        InvalidValue: the kind is none of these.
        UnknownElement: no such element.
    """
    halfedges = mesh.halfedges
    slot = np.array([halfedges.table(kind).slot_of(identifier)])
    label = part_labels(halfedges)
    anchor = next(anchors(halfedges, slot)[0] for table, _, anchors in _kinds(halfedges) if table.kind == kind)
    mine = label == label[anchor]
    ids = []
    for table, living, anchors in _kinds(halfedges):
        slots = np.flatnonzero(living(halfedges))
        slots = slots[mine[anchors(halfedges, slots)]]
        ids.append(ids_of(table, in_id_order(table, slots)))
    counts, sides = boundary_walks(halfedges)
    loops = mine[halfedges.origin.array()[sides[starts_of(counts)]]]
    vertices, edges, faces = ids
    return Part(vertices, edges, faces, int(np.count_nonzero(loops)))


def euler_characteristic(mesh: Mesh) -> int:
    """V - E + F of the whole mesh; an isolated vertex counts 1."""
    return mesh.vertex_count - mesh.edge_count + mesh.face_count


def genus(mesh: Mesh) -> int:
    """How many handles the mesh has: the sum over its parts (MESH-84)."""
    return sum(int(part.genus) for part in parts(mesh))


def part_labels(halfedges: HalfEdges) -> Slots:
    """For each vertex slot, the lowest slot that edges lead to from it."""
    origin = halfedges.origin.array()
    edges = np.flatnonzero(living_edges(halfedges))
    tails, heads = origin[2 * edges].astype(np.int64), origin[2 * edges + 1].astype(np.int64)
    label = np.arange(halfedges.vertex_halfedge.count)
    while len(tails):
        low, high = np.minimum(label[tails], label[heads]), np.maximum(label[tails], label[heads])
        apart = low != high
        tails, heads = tails[apart], heads[apart]
        np.minimum.at(label, high[apart], low[apart])
        while not np.array_equal(shorter := label[label], label):
            label = shorter
    return label


def _kinds(halfedges: HalfEdges) -> tuple[tuple[IdTable, _Living, _Anchors], ...]:
    """Of each kind of element: its ids, which slots live, and a vertex of each element."""
    return (
        (halfedges.vertices, living_vertices, lambda _, vertices: vertices),
        (halfedges.edges, living_edges, _edge_anchors),
        (halfedges.faces, living_faces, _face_anchors),
    )


def _edge_anchors(halfedges: HalfEdges, edges: Slots) -> Slots:
    """A vertex slot of each edge."""
    anchors: Slots = halfedges.origin.array()[2 * edges]
    return anchors


def _face_anchors(halfedges: HalfEdges, faces: Slots) -> Slots:
    """A vertex slot of each face."""
    anchors: Slots = halfedges.origin.array()[halfedges.face_halfedge.array()[faces]]
    return anchors


def _grouped(table: IdTable, slots: Slots, groups: Slots, count: int) -> list[tuple[bytes, ...]]:
    """The ids of slots by group 0 … count-1, in the order given."""
    order = np.argsort(groups, kind="stable")
    ids = ids_of(table, slots[order])
    ends = np.cumsum(np.bincount(groups, minlength=count), dtype=np.int64).tolist()
    return [ids[begin:end] for begin, end in zip([0, *ends][:-1], ends, strict=True)]
