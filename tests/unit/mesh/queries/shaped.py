"""Meshes to ask questions about, and random edits of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.unit.mesh.meshes import grid, mesh_from, small_id, torus
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName, element_id
from theta.mesh import Mesh, build_mesh, build_primitive, canonical_mesh, edge_pairs, extrude_face, move_vertices
from theta.mesh.build import build_from_arrays
from theta.mesh.rebuild import IdArrays, replace_mesh
from theta.mesh.surgery import Surgery

Points = Sequence[Sequence[float]]
Faces = Sequence[Sequence[int]]


def numbered(positions: Points, faces: Faces) -> Mesh:
    """A mesh whose ids ascend with the indices of vertices, edges (by their ends) and faces."""
    counts = (len(positions), len(edge_pairs(faces)), len(faces))
    return build_mesh(positions, faces, *([small_id(number) for number in range(count)] for count in counts))


def together(*meshes: Mesh) -> Mesh:
    """All of them in one mesh, side by side and with ids of its own."""
    positions: list[list[float]] = []
    faces: list[list[int]] = []
    for number, mesh in enumerate(meshes):
        canonical = canonical_mesh(mesh)
        first = len(positions)
        loops = np.split(canonical.corners, np.cumsum(canonical.face_counts))[:-1]
        faces += [[first + int(corner) for corner in loop] for loop in loops]
        positions += (canonical.positions + np.array([0.0, 0.0, 20.0 * number])).tolist()
    return mesh_from(positions, faces)


def round_torus(columns: int = 12, rows: int = 8, radius: float = 2.0, thickness: float = 0.5) -> Mesh:
    """A torus of quads around the y axis."""
    positions = []
    for row in range(rows):
        for column in range(columns):
            a, b = 2 * math.pi * column / columns, 2 * math.pi * row / rows
            far = radius + thickness * math.cos(b)
            positions.append((far * math.cos(a), thickness * math.sin(b), far * math.sin(a)))

    def at(column: int, row: int) -> int:
        return row % rows * columns + column % columns

    faces = [
        (at(column, row), at(column, row + 1), at(column + 1, row + 1), at(column + 1, row))
        for row in range(rows)
        for column in range(columns)
    ]
    return mesh_from(positions, faces)


def icosphere(levels: int = 2) -> Mesh:
    """Triangles with their corners on the unit sphere, from an octahedron."""
    points: list[tuple[float, float, float]] = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    faces = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)]
    for _ in range(levels):
        middles: dict[tuple[int, int], int] = {}

        def middle(one: int, other: int, middles: dict[tuple[int, int], int] = middles) -> int:
            key = (min(one, other), max(one, other))
            if key not in middles:
                x, y, z = (a + b for a, b in zip(points[one], points[other], strict=True))
                length = math.sqrt(x * x + y * y + z * z)
                middles[key] = len(points)
                points.append((x / length, y / length, z / length))
            return middles[key]

        smaller = []
        for a, b, c in faces:
            ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
            smaller += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        faces = smaller
    return mesh_from(points, faces)


def bumpy(columns: int, rows: int, generator: np.random.Generator) -> Mesh:
    """A grid of quads, none of them flat."""
    mesh = grid(columns, rows)
    move_vertices(mesh, mesh.vertex_ids(), mesh.positions() + generator.normal(scale=0.2, size=(mesh.vertex_count, 3)))
    return mesh


def some_mesh(generator: np.random.Generator) -> Mesh:
    """One or several random pieces, some of them edited, and at times an isolated vertex."""
    makers = (
        lambda: bumpy(int(generator.integers(1, 6)), int(generator.integers(1, 6)), generator),
        lambda: build_primitive("cube", 2.0, CommandName(3, 1)),
        lambda: round_torus(5, 4),
        lambda: torus(4, 5),
        lambda: mesh_from([(0, 0, 0), (3, 0, 0), (3, 3, 0), (2, 1, 0.1), (0, 3, 0)], [range(5)]),
        lambda: mesh_from([(1, 2, 3)], []),
    )
    pieces = [makers[int(generator.integers(len(makers)))]() for _ in range(int(generator.integers(1, 4)))]
    mesh = together(*pieces)
    for number in range(int(generator.integers(0, 8))):
        edit(mesh, generator, CommandName(5, number + 1))
    return mesh


def edit(mesh: Mesh, generator: np.random.Generator, name: CommandName) -> None:
    """One random change: vertices moved, a face extruded, taken out, cut in two, or an edge split."""
    faces, vertices = mesh.face_ids(), mesh.vertex_ids()
    kind = int(generator.integers(6)) if faces else 0
    if kind <= 1:
        some = generator.permutation(len(vertices))[: int(generator.integers(1, 4))]
        chosen = [vertices[at] for at in some]
        moves = generator.normal(scale=0.3, size=(len(chosen), 3))
        move_vertices(mesh, chosen, np.array([mesh.position(vertex) for vertex in chosen]) + moves)
        return
    face = faces[int(generator.integers(len(faces)))]
    try:
        if kind == 2:
            extrude_face(mesh, face, float(generator.normal()), name)
        elif kind == 3:
            remove(mesh, face)
        elif kind == 4:
            cut(mesh, face, name)
        else:
            split(mesh, face, name)
    except UsageError:
        pass  # a bow-tie, a triangle that cannot be cut, a face without a normal: not this time


def remove(mesh: Mesh, face: bytes) -> None:
    """Take a face out."""
    surgery = Surgery(mesh.halfedges)
    surgery.remove_face(mesh.halfedges.faces.slot_of(face))
    surgery.apply()


def cut(mesh: Mesh, face: bytes, name: CommandName) -> None:
    """Cut a face in two from its first to its third corner; it keeps its id."""
    halfedges = mesh.halfedges
    slot = halfedges.faces.slot_of(face)
    loop = [halfedges.origin.view[side] for side in halfedges.face_loop(slot)]
    surgery = Surgery(halfedges)
    surgery.reshape(slot, [loop[0], *loop[2:]])
    surgery.face(element_id(name, "cut", (face,), 0), loop[:3], slot)
    surgery.name_edge(loop[0], loop[2], element_id(name, "cut.edge", (face,), 0))
    surgery.apply()


def split(mesh: Mesh, face: bytes, name: CommandName) -> None:
    """Put a vertex into the middle of a face's first edge."""
    halfedges = mesh.halfedges
    side = halfedges.face_loop(halfedges.faces.slot_of(face))[0]
    a, b = halfedges.origin.view[side], halfedges.origin.view[side ^ 1]
    (x, y, z), (u, v, w) = halfedges.point(a), halfedges.point(b)
    surgery = Surgery(halfedges)
    middle = surgery.vertex(element_id(name, "split", (face,), 0), ((x + u) / 2, (y + v) / 2, (z + w) / 2))
    for each in (side, side ^ 1):
        if (slot := halfedges.face.view[each]) >= 0:
            loop = [halfedges.origin.view[other] for other in halfedges.face_loop(slot)]
            at = loop.index(halfedges.origin.view[each])
            surgery.reshape(slot, [*loop[: at + 1], middle, *loop[at + 1 :]])
    for number, end in enumerate((a, b)):
        surgery.name_edge(end, middle, element_id(name, "split.edge", (face,), number))
    surgery.apply()


def shuffled(mesh: Mesh, generator: np.random.Generator) -> Mesh:
    """The same elements in other slots."""
    positions, counts, corners, tables = _shuffled_arrays(mesh, generator)
    return build_from_arrays(positions, counts, corners, tables)


def shuffle(mesh: Mesh, generator: np.random.Generator) -> None:
    """Give the elements of this mesh other slots."""
    positions, counts, corners, tables = _shuffled_arrays(mesh, generator)
    replace_mesh(mesh, positions, counts, corners, tables)


def _shuffled_arrays(
    mesh: Mesh, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], IdArrays]:
    canonical = canonical_mesh(mesh)
    vertices = generator.permutation(len(canonical.vertex_ids))
    faces = generator.permutation(len(canonical.face_ids))
    place = np.argsort(vertices)
    loops = np.split(place[canonical.corners], np.cumsum(canonical.face_counts))[:-1]
    turned = [np.roll(loops[face], int(generator.integers(9))) for face in faces]
    corners = np.concatenate(turned) if len(faces) else np.empty(0, np.int64)
    ends = np.sort(place[canonical.edge_ends], axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    tables = (canonical.vertex_ids[vertices], canonical.edge_ids[order], canonical.face_ids[faces])
    return canonical.positions[vertices], canonical.face_counts[faces].astype(np.int64), corners, tables
