"""What a ray or a point points at: spec/mesh.md, MESH-87 and MESH-88.

A `Picker` keeps up with its mesh: before each answer it finds the faces that changed and mends its boxes around them.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.mesh.columns import IdTable
from theta.mesh.halfedges import NONE, Point
from theta.mesh.orbits import Slots, orbit_steps
from theta.mesh.queries.boxes import TriangleBoxes
from theta.mesh.queries.face_triangles import FaceTriangles
from theta.mesh.queries.nearest import nearest_on_segments, nearest_on_triangles, weighted
from theta.mesh.queries.rays import Ray, checked_point, checked_radius, point_on_segments, ray_from, squared
from theta.mesh.topology import Mesh

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaceHit:
    """A point on a face.

    Attributes:
        face: the face's id.
        distance: metres from the ray's origin, or from the point asked about.
        point: where on the face, metres.
        corners: the vertices of the face's triangle (MESH-15) that it lies in, anticlockwise.
        weights: of these corners: they add up to 1 and give the point.
        outside: whether the ray came, or the point lies, on the side from which the face is anticlockwise.
    """

    face: bytes
    distance: float
    point: Point
    corners: tuple[bytes, bytes, bytes]
    weights: tuple[float, float, float]
    outside: bool


@dataclass(frozen=True, slots=True)
class EdgeHit:
    """The point of an edge that is nearest to a ray or a point.

    Attributes:
        edge: the edge's id.
        distance: metres to it from the ray, or from the point asked about.
        along: metres from the ray's origin to where the ray is nearest; 0 for a point.
        point: where on the edge, metres.
        parameter: where on the edge, from 0 at the end with the lower vertex id to 1.
    """

    edge: bytes
    distance: float
    along: float
    point: Point
    parameter: float


@dataclass(frozen=True, slots=True)
class VertexHit:
    """A vertex near a ray or a point.

    Attributes:
        vertex: the vertex's id.
        distance: metres to it from the ray, or from the point asked about.
        along: metres from the ray's origin to where the ray is nearest; 0 for a point.
        point: where the vertex is, metres.
    """

    vertex: bytes
    distance: float
    along: float
    point: Point


class Picker:
    """Answers what is hit and what is near, on a mesh that may change between any two questions.

    Attributes:
        mesh: what it looks at; may be set to another mesh, which costs little when that is a changed copy.
    """

    __slots__ = ("_boxes", "_triangles", "mesh")

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self._triangles = FaceTriangles()
        self._boxes = TriangleBoxes(self._triangles, np.empty((0, 3)))

    def face_along(self, origin: ArrayLike, direction: ArrayLike) -> FaceHit | None:
        """The first face that a ray goes through, from either side (MESH-87).

        Args:
            origin: (3,) metres.
            direction: (3,) of any length but zero.

        Returns:
            None when it misses all.

        Raises:
            InvalidValue: the origin or the direction is out of its limits.
        """
        ray = ray_from(origin, direction)
        self._update()
        return self._first_face(ray)

    def edge_along(
        self, origin: ArrayLike, direction: ArrayLike, radius: float, *, through: bool = False
    ) -> EdgeHit | None:
        """The edge nearest to a ray within a radius (MESH-87).

        Args:
            origin: (3,) metres.
            direction: (3,) of any length but zero.
            radius: metres.
            through: whether what lies behind the first face that is hit counts too.

        Raises:
            InvalidValue: an argument is out of its limits.
        """
        ray, limit = ray_from(origin, direction), checked_radius(radius)
        self._update()
        edges = self._edges_at(self._boxes.along(ray, limit))
        a, b = self._ends(edges)
        distance, along, parameters = ray.nearest_on_segments(a, b)
        seen = (distance <= limit) & (along <= self._view(ray, limit, through))
        best = self._best(self.mesh.halfedges.edges, edges, np.where(seen, distance, inf), along)
        return None if best is None else self._edge_hit(int(edges[best]), distance[best], along[best], parameters[best])

    def vertex_along(
        self, origin: ArrayLike, direction: ArrayLike, radius: float, *, through: bool = False
    ) -> VertexHit | None:
        """The vertex nearest to a ray within a radius (MESH-87).

        Args:
            origin: (3,) metres.
            direction: (3,) of any length but zero.
            radius: metres.
            through: whether what lies behind the first face that is hit counts too.

        Raises:
            InvalidValue: an argument is out of its limits.
        """
        ray, limit = ray_from(origin, direction), checked_radius(radius)
        self._update()
        vertices = self._vertices_at(self._boxes.along(ray, limit))
        distance, along = ray.nearest_to_points(self._positions()[vertices])
        seen = (distance <= limit) & (along <= self._view(ray, limit, through))
        best = self._best(self.mesh.halfedges.vertices, vertices, np.where(seen, distance, inf), along)
        return None if best is None else self._vertex_hit(int(vertices[best]), distance[best], along[best])

    def face_near(self, point: ArrayLike, radius: float = inf) -> FaceHit | None:
        """The face nearest to a point within a radius (MESH-88).

        Args:
            point: (3,) metres.
            radius: metres.

        Raises:
            InvalidValue: an argument is out of its limits.
        """
        centre, limit = checked_point(point, "point"), checked_radius(radius)
        self._update()
        beside = self._boxes.beside(centre)
        if not len(beside):
            return None
        nearest = float(nearest_on_triangles(centre, *self._corners(beside))[0].min())
        places = self._boxes.around(centre, min(nearest, limit))
        distance, weights = nearest_on_triangles(centre, *self._corners(places))
        best = self._best_face(places, np.where(distance <= limit, distance, inf))
        if best is None:
            return None
        x, y, z = (centre - self._positions()[self._triangles.corners[places[best], 0]]).tolist()
        u, v, w = self._triangles.normals[self._triangles.faces[places[best]]].tolist()
        return self._face_hit(int(places[best]), distance[best], weights[best], x * u + y * v + z * w >= 0.0)

    def edge_near(self, point: ArrayLike, radius: float = inf) -> EdgeHit | None:
        """The edge nearest to a point within a radius (MESH-88).

        Args:
            point: (3,) metres.
            radius: metres.

        Raises:
            InvalidValue: an argument is out of its limits.
        """
        centre, limit = checked_point(point, "point"), checked_radius(radius)
        self._update()
        edges = self._edges_at(self._boxes.beside(centre))
        if not len(edges):
            return None
        nearest = float(nearest_on_segments(centre, *self._ends(edges))[0].min())
        edges = self._edges_at(self._boxes.around(centre, min(nearest, limit)))
        distance, parameters = nearest_on_segments(centre, *self._ends(edges))
        some = np.where(distance <= limit, distance, inf)
        best = self._best(self.mesh.halfedges.edges, edges, some, np.zeros(len(edges)))
        return None if best is None else self._edge_hit(int(edges[best]), distance[best], 0.0, parameters[best])

    def vertex_near(self, point: ArrayLike, radius: float = inf) -> VertexHit | None:
        """The vertex nearest to a point within a radius (MESH-88).

        Args:
            point: (3,) metres.
            radius: metres.

        Raises:
            InvalidValue: an argument is out of its limits.
        """
        centre, limit = checked_point(point, "point"), checked_radius(radius)
        self._update()
        vertices = self._vertices_at(self._boxes.beside(centre))
        if not len(vertices):
            return None
        nearest = float(np.sqrt(squared(self._positions()[vertices] - centre)).min())
        vertices = self._vertices_at(self._boxes.around(centre, min(nearest, limit)))
        distance = np.sqrt(squared(self._positions()[vertices] - centre))
        some = np.where(distance <= limit, distance, inf)
        best = self._best(self.mesh.halfedges.vertices, vertices, some, np.zeros(len(vertices)))
        return None if best is None else self._vertex_hit(int(vertices[best]), distance[best], 0.0)

    def _update(self) -> None:
        places = self._triangles.update(self.mesh.halfedges)
        if places is None or (len(places) and not self._boxes.update(places, self._positions())):
            self._boxes = TriangleBoxes(self._triangles, self._positions())

    def _first_face(self, ray: Ray) -> FaceHit | None:
        places = self._boxes.along(ray, 0.0)
        along, weights, outside = ray.crossings(*self._corners(places))
        best = self._best_face(places, along)
        if best is None:
            return None
        return self._face_hit(int(places[best]), along[best], weights[best], bool(outside[best]))

    def _view(self, ray: Ray, radius: float, through: bool) -> float:
        """How far along a ray things are seen."""
        hit = None if through else self._first_face(ray)
        return inf if hit is None else hit.distance + radius

    def _positions(self) -> Numbers:
        positions: Numbers = self.mesh.halfedges.positions.array()
        return positions

    def _corners(self, places: Slots) -> tuple[Numbers, Numbers, Numbers]:
        corners, positions = self._triangles.corners[places], self._positions()
        return positions[corners[:, 0]], positions[corners[:, 1]], positions[corners[:, 2]]

    def _edges_at(self, places: Slots) -> Slots:
        """The edges of the faces whose triangles are in these places."""
        halfedges = self.mesh.halfedges
        faces = np.unique(self._triangles.faces[places])
        starts = halfedges.face_halfedge.array()[faces].astype(np.int64)
        return np.unique(orbit_steps(halfedges.next.array(), starts)[1] >> 1)

    def _vertices_at(self, places: Slots) -> Slots:
        """The corners of the triangles in these places, and every isolated vertex."""
        isolated = np.flatnonzero(self.mesh.halfedges.vertex_halfedge.array() == NONE)
        return np.unique(np.concatenate((self._triangles.corners[places].reshape(-1), isolated)))

    def _ends(self, edges: Slots) -> tuple[Numbers, Numbers]:
        """Where the edges' ends are, the one with the lower vertex id first."""
        halfedges = self.mesh.halfedges
        ends = halfedges.origin.array().reshape(-1, 2)[edges]
        words = halfedges.vertices.column.array().view(">u8")[ends]
        high, low = words[:, :, 0], words[:, :, 1]
        turned = (high[:, 0] > high[:, 1]) | ((high[:, 0] == high[:, 1]) & (low[:, 0] > low[:, 1]))
        ends[turned] = ends[turned, ::-1]
        positions = self._positions()
        return positions[ends[:, 0]], positions[ends[:, 1]]

    def _best(self, table: IdTable, slots: Slots, distance: Numbers, along: Numbers) -> int | None:
        """Which is nearest; of equals the one the ray comes to first, of these the one with the lowest id."""
        nearest = float(distance.min(initial=inf))
        if nearest == inf:
            return None
        near = np.flatnonzero(distance == nearest)
        first: list[int] = near[along[near] == along[near].min()].tolist()
        return min(first, key=lambda at: table.id_of(int(slots[at])))

    def _best_face(self, places: Slots, distance: Numbers) -> int | None:
        """Which triangle is nearest; of equals the first one of the face with the lowest id."""
        nearest = float(distance.min(initial=inf))
        if nearest == inf:
            return None
        faces, id_of = self._triangles.faces, self.mesh.halfedges.faces.id_of
        near: list[int] = np.flatnonzero(distance == nearest).tolist()
        return min(near, key=lambda at: (id_of(int(faces[places[at]])), int(places[at])))

    def _face_hit(self, place: int, distance: float, weights: Numbers, outside: bool) -> FaceHit:
        halfedges = self.mesh.halfedges
        one, two, three = (halfedges.vertices.id_of(slot) for slot in self._triangles.corners[place].tolist())
        point = weighted(*self._corners(np.array([place])), weights[np.newaxis])
        u, v, w = weights.tolist()
        face = halfedges.faces.id_of(int(self._triangles.faces[place]))
        return FaceHit(face, float(distance), _as_point(point[0]), (one, two, three), (u, v, w), outside)

    def _edge_hit(self, edge: int, distance: float, along: float, parameter: float) -> EdgeHit:
        a, b = self._ends(np.array([edge]))
        point = _as_point(point_on_segments(a, b, np.array([parameter]))[0])
        return EdgeHit(self.mesh.halfedges.edges.id_of(edge), float(distance), float(along), point, float(parameter))

    def _vertex_hit(self, vertex: int, distance: float, along: float) -> VertexHit:
        halfedges = self.mesh.halfedges
        return VertexHit(halfedges.vertices.id_of(vertex), float(distance), float(along), halfedges.point(vertex))


def _as_point(row: Numbers) -> Point:
    x, y, z = row.tolist()
    return x, y, z
