"""Meshes and names that several of these tests build on."""

from collections.abc import Sequence

import numpy as np

from theta.base.identifiers import CommandName, element_id
from theta.mesh import Mesh, build_mesh, edge_pairs
from theta.mesh.attributes import AttributeKey

MAKER = CommandName(1, 1)


def ids(role: str, count: int, name: CommandName = MAKER) -> list[bytes]:
    """Different ids for elements of one role."""
    return [element_id(name, role, (), ordinal) for ordinal in range(count)]


def small_id(number: int) -> bytes:
    """An id that ascends with its number."""
    return number.to_bytes(16, "big")


def mesh_from(positions: Sequence[Sequence[float]], faces: Sequence[Sequence[int]], name: CommandName = MAKER) -> Mesh:
    """A mesh with ids of its own."""
    edges = len(edge_pairs(faces))
    tables = (ids("v", len(positions), name), ids("e", edges, name), ids("f", len(faces), name))
    return build_mesh(positions, faces, *tables)


def polygon(points: Sequence[Sequence[float]]) -> Mesh:
    """One face whose lowest vertex id is its first point."""
    count = len(points)
    vertices = [small_id(number) for number in range(count)]
    return build_mesh(points, [range(count)], vertices, ids("e", count), ids("f", 1))


def grid(columns: int, rows: int) -> Mesh:
    """Quads in the plane y = 0, facing +y."""
    wide = columns + 1
    positions = [(float(x), 0.0, float(z)) for z in range(rows + 1) for x in range(wide)]
    corners = [z * wide + x for z in range(rows) for x in range(columns)]
    return mesh_from(positions, [(at, at + wide, at + wide + 1, at + 1) for at in corners])


def torus(columns: int = 4, rows: int = 3) -> Mesh:
    """Quads over a closed surface of genus 1; flat, since only its topology matters."""
    positions = [(float(x), 0.0, float(z)) for z in range(rows) for x in range(columns)]

    def at(x: int, z: int) -> int:
        return z % rows * columns + x % columns

    faces = [(at(x, z), at(x, z + 1), at(x + 1, z + 1), at(x + 1, z)) for z in range(rows) for x in range(columns)]
    return mesh_from(positions, faces)


def raw_state(mesh: Mesh) -> tuple[list[bytes], list[tuple[dict[bytes, int], int]], dict[AttributeKey, bytes], bytes]:
    """Everything a mesh holds, slot order included: every column's bytes, the id maps, attributes and redirects."""
    halfedges = mesh.halfedges
    columns = [np.ascontiguousarray(column.array()).tobytes() for column in halfedges.columns()]
    tables = [(dict(table.slots), table.living) for table in (halfedges.vertices, halfedges.edges, halfedges.faces)]
    attributes = {key: column.array().tobytes() for key, column in halfedges.attributes.columns.items()}
    return columns, tables, attributes, halfedges.redirects.digest() + halfedges.redirects.to_bytes()
