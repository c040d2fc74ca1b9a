"""The shapes that a mesh begins as: spec/mesh.md, MESH-10 … MESH-13."""

from collections.abc import Callable
from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import PRIMITIVE_METRES_MAX, PRIMITIVE_METRES_MIN
from theta.mesh.build import build_mesh, edge_pairs
from theta.mesh.halfedges import Point
from theta.mesh.topology import Mesh


class Shape(NamedTuple):
    """A primitive's vertices, in metres, and its faces, anticlockwise seen from outside; both by ordinal."""

    positions: tuple[Point, ...]
    faces: tuple[tuple[int, ...], ...]


def build_primitive(kind: str, size: float, name: CommandName) -> Mesh:
    """The mesh that the command `name` makes.

    Args:
        kind: one of PRIMITIVES.
        size: edge length in metres.
        name: the command; element ids hash it with the roles "<kind>.vertex", "<kind>.edge" and "<kind>.face".

    Raises:
        InvalidValue: the kind is none of PRIMITIVES, or the size is out of its limits.
    """
    shape_of = _SHAPES.get(kind)
    if shape_of is None:
        raise InvalidValue("kind", kind, "one of " + ", ".join(PRIMITIVES))
    if not PRIMITIVE_METRES_MIN <= size <= PRIMITIVE_METRES_MAX:
        raise InvalidValue("size", size, f"{PRIMITIVE_METRES_MIN} … {PRIMITIVE_METRES_MAX} metres")
    shape = shape_of(float(size) * 0.5)

    def ids(part: str, count: int) -> list[bytes]:
        return [element_id(name, f"{kind}.{part}", (), ordinal) for ordinal in range(count)]

    return build_mesh(
        shape.positions,
        shape.faces,
        ids("vertex", len(shape.positions)),
        ids("edge", len(edge_pairs(shape.faces))),
        ids("face", len(shape.faces)),
    )


def cube(half: float) -> Shape:
    """Vertex ordinal's bits 0, 1 and 2 say the side in x, y and z; faces -x, +x, -y, +y, -z, +z."""
    low, high = -half, half
    positions = tuple((x, y, z) for z in (low, high) for y in (low, high) for x in (low, high))
    faces = ((0, 4, 6, 2), (1, 3, 7, 5), (0, 1, 5, 4), (2, 6, 7, 3), (0, 2, 3, 1), (4, 5, 7, 6))
    return Shape(positions, faces)


def pyramid(half: float) -> Shape:
    """The base's corners in the order of `_square`, the apex last; faces: the base, then the sides around it."""
    base = _square(half, -half)
    faces = ((0, 1, 2, 3), (1, 0, 4), (2, 1, 4), (3, 2, 4), (0, 3, 4))
    return Shape((*base, (0.0, half, 0.0)), faces)


def plane(half: float) -> Shape:
    """One quad that faces +y."""
    return Shape(_square(half, 0.0), ((0, 3, 2, 1),))


def _square(half: float, y: float) -> tuple[Point, ...]:
    """Corners in x and z: low low, high low, high high, low high."""
    return ((-half, y, -half), (half, y, -half), (half, y, half), (-half, y, half))


_SHAPES: dict[str, Callable[[float], Shape]] = {"cube": cube, "pyramid": pyramid, "plane": plane}

PRIMITIVES: tuple[str, ...] = tuple(_SHAPES)
