"""Meshes to subdivide, and other slots for the same mesh."""

import math
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.unit.mesh.meshes import mesh_from
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, canonical_mesh, triangulate
from theta.mesh.attributes import attribute_column
from theta.mesh.build import build_from_arrays
from theta.mesh.halfedges import NONE
from theta.mesh.shapes import ShapeParameters, build_shape

MAKER = CommandName(3, 1)

Rows = NDArray[Any]


def step(number: int) -> CommandName:
    """The name of the number-th subdivision."""
    return CommandName(3, 1 + number)


def shape(kind: str, size: float = 2.0, **parameters: Any) -> Mesh:
    return build_shape(ShapeParameters(kind, size, **parameters), MAKER)


def bipyramid(sides: int) -> Mesh:
    """Height 1 both ways over a circle of radius 1; the vertices come in this order: circle, top, bottom."""
    turns = [2.0 * math.pi * at / sides for at in range(sides)]
    ring = [(math.cos(turn), math.sin(turn), 0.0) for turn in turns]
    top = [(at, (at + 1) % sides, sides) for at in range(sides)]
    bottom = [((at + 1) % sides, at, sides + 1) for at in range(sides)]
    return mesh_from([*ring, (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)], top + bottom)


def several_parts() -> Mesh:
    """A tetrahedron, an open strip of a quad, a pentagon and a triangle, and an isolated vertex."""
    positions: list[tuple[float, float, float]] = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (5, 5, 5)]
    faces: list[tuple[int, ...]] = [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)]
    positions += [(3, 0, 0), (4, 0, 0), (4, 1, 0.5), (3, 1, 0), (5, 2, 1), (4, 3, 0), (3, 2, 0.25), (6, 0, 1)]
    faces += [(5, 6, 7, 8), (8, 7, 9, 10, 11), (7, 6, 12)]
    return mesh_from(positions, faces)


def triangles_of(mesh: Mesh) -> Mesh:
    """The same surface of triangles."""
    triangles = triangulate(mesh)
    return mesh_from(triangles.positions.tolist(), triangles.corners.tolist())


def shuffled(mesh: Mesh, random: Random) -> Mesh:
    """The same elements in other slots, the loops begun elsewhere."""
    canonical = canonical_mesh(mesh)
    counts = canonical.face_counts.astype(np.int64)
    loops = np.split(canonical.corners.astype(np.int64), np.cumsum(counts)[:-1]) if len(counts) else []
    vertices = random.sample(range(len(canonical.vertex_ids)), len(canonical.vertex_ids))
    faces = random.sample(range(len(loops)), len(loops))
    number = np.empty(len(vertices), np.int64)
    number[vertices] = np.arange(len(vertices))
    turned = [np.roll(number[loops[face]], random.randrange(len(loops[face]))) for face in faces]
    ends = np.sort(number[canonical.edge_ends.astype(np.int64)], axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    ids = (canonical.vertex_ids[vertices], canonical.edge_ids[order], canonical.face_ids[faces])
    corners = np.concatenate(turned) if turned else np.empty(0, np.int64)
    other = build_from_arrays(canonical.positions[vertices], counts[faces], corners, ids)
    _copy_attributes(mesh, other)
    return other


def _copy_attributes(mesh: Mesh, other: Mesh) -> None:
    slots = other.halfedges.slot_counts()
    for key, column in mesh.halfedges.attributes.columns.items():
        rows = np.zeros((slots[key.domain], column.width), column.array().dtype)
        if key.domain == "corner":
            places = corner_slots(other)
            for corner, slot in corner_slots(mesh).items():
                rows[places[corner]] = column.array().reshape(-1, column.width)[slot]
        else:
            table = {"vertex": "vertices", "edge": "edges", "face": "faces"}[key.domain]
            for each, slot in getattr(mesh.halfedges, table).slots.items():
                rows[getattr(other.halfedges, table).slot_of(each)] = column.array().reshape(-1, column.width)[slot]
        other.halfedges.attributes.columns[key] = attribute_column(rows)


def corner_slots(mesh: Mesh) -> dict[tuple[bytes, bytes], int]:
    """The half-edge of each corner, by (face, vertex)."""
    halfedges = mesh.halfedges
    face, origin = halfedges.face.array().tolist(), halfedges.origin.array().tolist()
    faces, vertices = halfedges.faces, halfedges.vertices
    return {
        (faces.id_of(face[side]), vertices.id_of(origin[side])): side for side in range(len(face)) if face[side] > NONE
    }


def rows_by_id(mesh: Mesh, domain: str, name: str) -> dict[Any, list[float]]:
    """An attribute's rows by id; of corners by (face, vertex)."""
    (column,) = (each for key, each in mesh.halfedges.attributes.columns.items() if key == (domain, name))
    rows = column.array().reshape(-1, column.width).tolist()
    if domain == "corner":
        return {corner: rows[slot] for corner, slot in corner_slots(mesh).items()}
    table = {"vertex": mesh.halfedges.vertices, "edge": mesh.halfedges.edges, "face": mesh.halfedges.faces}[domain]
    return {each: rows[slot] for each, slot in table.slots.items()}


def sorted_rows(positions: Rows) -> Rows:
    """Rows in the order of their rounded coordinates."""
    return positions[np.lexsort(np.round(positions, 9).T[::-1])]
