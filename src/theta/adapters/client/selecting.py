"""Choosing vertices, edges and faces of a mesh: what modelling verbs are then given."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from theta.adapters.client.values import Element, id_of, ids_of, vector
from theta.base.errors import InvalidValue, UnknownElement
from theta.mesh import Mesh, face_normals
from theta.mesh.queries import boundary_loops, edge_loop, edge_ring, grow_selection, part_of, shrink_selection

KINDS = ("vertex", "edge", "face")


class HasMesh(Protocol):
    """What elements are chosen of."""

    @property
    def mesh(self) -> Mesh:
        """Its mesh as it is now."""
        ...


class Selecting:
    """Elements of an entity's mesh as it is now, as lists of 16-byte ids."""

    def __init__(self, entity: HasMesh) -> None:
        self._entity = entity

    @property
    def vertices(self) -> list[bytes]:
        """Every vertex, ascending."""
        return self._entity.mesh.vertex_ids()

    @property
    def edges(self) -> list[bytes]:
        """Every edge, ascending."""
        return self._entity.mesh.edge_ids()

    @property
    def faces(self) -> list[bytes]:
        """Every face, ascending."""
        return self._entity.mesh.face_ids()

    def faces_toward(self, direction: Sequence[float], tolerance: float = 1e-6) -> list[bytes]:
        """The faces whose normal points along `direction`, in the mesh's space.

        Args:
            direction: three numbers of any length but zero.
            tolerance: how far the cosine of the angle between may be under 1: 2 takes every face that has a normal.

        Raises:
            InvalidValue: no direction.
        """
        wanted = np.array(vector(direction, "direction"))
        length = float(np.sqrt((wanted * wanted).sum()))
        if not 0.0 < length < float("inf"):
            raise InvalidValue("direction", direction, "three numbers, not all zero")
        normals = face_normals(self._entity.mesh)
        chosen = normals.any(axis=1) & (normals @ (wanted / length) >= 1.0 - tolerance)
        return [face for face, taken in zip(self.faces, chosen.tolist(), strict=True) if taken]

    def edge(self, one: Element, other: Element) -> bytes:
        """The edge between two vertices.

        Raises:
            UnknownElement: there is none.
        """
        ends = tuple(sorted((id_of(one), id_of(other))))
        mesh = self._entity.mesh
        for edge in self.edges:
            if mesh.edge_vertices(edge) == ends:
                return edge
        raise UnknownElement("edge between these vertices", ends[0])

    def edges_of(self, face: Element) -> list[bytes]:
        """A face's edges, in order around it."""
        return self._entity.mesh.face_edges(id_of(face))

    def edge_loop(self, edge: Element) -> list[bytes]:
        """The edges that go on straight ahead from an edge, through vertices of four; on a boundary, along it."""
        return list(edge_loop(self._entity.mesh, id_of(edge)).edges)

    def edge_ring(self, edge: Element) -> list[bytes]:
        """The edges opposite each other across quads, from an edge on both sides."""
        return list(edge_ring(self._entity.mesh, id_of(edge)).edges)

    def boundary_loops(self) -> list[list[bytes]]:
        """The edges of each hole or rim, in order around it."""
        return [list(loop.edges) for loop in boundary_loops(self._entity.mesh)]

    def part(self, element: Element) -> list[bytes]:
        """The faces of the connected part that a vertex, an edge or a face belongs to."""
        identifier = id_of(element)
        return list(part_of(self._entity.mesh, self.kind_of(identifier), identifier).faces)

    def grow(self, elements: Iterable[Element]) -> list[bytes]:
        """These elements, all of one kind, and their neighbours."""
        ids = ids_of(elements)
        return list(grow_selection(self._entity.mesh, self.kind_of(ids[0]), ids))

    def shrink(self, elements: Iterable[Element]) -> list[bytes]:
        """These elements, all of one kind, without those that have a neighbour outside."""
        ids = ids_of(elements)
        return list(shrink_selection(self._entity.mesh, self.kind_of(ids[0]), ids))

    def kind_of(self, element: Element) -> str:
        """Whether it is a "vertex", an "edge" or a "face" of the mesh.

        Raises:
            UnknownElement: it is none.
        """
        mesh, identifier = self._entity.mesh, id_of(element)
        for kind, has in zip(KINDS, (mesh.has_vertex, mesh.has_edge, mesh.has_face), strict=True):
            if has(identifier):
                return kind
        raise UnknownElement("vertex, edge or face", identifier)
