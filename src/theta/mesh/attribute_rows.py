"""Reading and writing attributes by id: spec/mesh.md, MESH-24."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue, UnknownElement
from theta.mesh.attributes import DTYPES, AttributeKey, Domain, attribute_column, check_count, check_key, check_type
from theta.mesh.canonical import canonical_mesh
from theta.mesh.columns import Column
from theta.mesh.halfedges import HalfEdges
from theta.mesh.rebuild import check_size
from theta.mesh.topology import Mesh

CornerId = tuple[bytes, bytes]


def attribute_rows(mesh: Mesh, domain: Domain, name: str) -> NDArray[Any]:
    """An attribute's rows, (n, width), in ascending order of ids; corners face by face from the lowest vertex.

    Raises:
        InvalidValue: the mesh has no such attribute.
    """
    key = check_key(domain, name)
    if key not in mesh.halfedges.attributes.columns:
        raise InvalidValue("attribute", f"{domain} {name}", "one that the mesh has")
    return canonical_mesh(mesh).attributes[key]


def set_attribute(
    mesh: Mesh,
    domain: str,
    name: str,
    elements: Sequence[bytes] | Sequence[CornerId],
    rows: ArrayLike,
    kind: str = "f8",
) -> None:
    """Write an attribute of some elements; the others have 0 until theirs is written. ΔV, ΔE, ΔF = 0, 0, 0.

    Args:
        mesh: what to change.
        domain: "vertex", "edge", "face" or "corner".
        name: 1 … ATTRIBUTE_NAME_CHARACTERS_MAX of a-z, 0-9, _ and -.
        elements: n different ids; corners as (face, vertex).
        rows: (n, width) numbers; a negative zero is written as zero.
        kind: "f8", "i4" or "u1"; as it is, if the mesh has the attribute.

    Raises:
        UnknownElement: no such element, or a face that does not come to the vertex.
        InvalidValue: a name, kind, width, count or number is out of its limits, the attribute is of another type, or
            the mesh would be too large.
    """
    key = check_key(domain, name)
    values = _checked_rows(rows, len(elements), kind)
    check_type(kind, values.shape[1])
    halfedges = mesh.halfedges
    slots = _slots(halfedges, key.domain, elements)
    if len(set(slots)) != len(slots):
        raise InvalidValue("elements", len(slots), "all different")
    column = halfedges.attributes.columns.get(key)
    if column is None:
        check_count(len(halfedges.attributes.columns) + 1)
    elif (column.width, column.array().dtype) != (values.shape[1], values.dtype):
        raise InvalidValue("attribute", f"{kind} × {values.shape[1]}", "of the type and width that it has")
    with halfedges.journal.operation():
        column = column or _new_column(halfedges, key, values)
        for slot, row in zip(slots, values.tolist(), strict=True):
            halfedges.write_row(column, slot, row)


def _new_column(halfedges: HalfEdges, key: AttributeKey, values: NDArray[Any]) -> Column[Any]:
    rows = halfedges.slot_counts()[key.domain]
    column = attribute_column(np.zeros((rows, values.shape[1]), values.dtype))
    halfedges.journal.keep(halfedges.attributes, key, None)
    halfedges.attributes.columns[key] = column
    living = (halfedges.vertices.living, halfedges.edges.living, halfedges.faces.living)
    check_size(*living, halfedges.attributes)
    return column


def _checked_rows(rows: ArrayLike, count: int, kind: str) -> NDArray[Any]:
    check_type(kind, 1)
    try:
        given = np.asarray(rows, np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidValue("rows", "what was given", "numbers, as many to each element") from error
    if given.ndim == 1:
        given = given.reshape(-1, 1)
    if given.ndim != 2 or len(given) != count:
        raise InvalidValue("rows", given.shape, f"({count}, width), one for each element")
    if kind == "f8":
        if not np.isfinite(given).all():
            raise InvalidValue("rows", "a number", "finite")
        return given + 0.0
    # Every whole number of these types is a float64 too.
    dtype = DTYPES["u1" if kind == "u1" else "i4"]
    limits = np.iinfo(dtype)
    if not ((given >= limits.min) & (given <= limits.max) & (np.floor(given) == given)).all():
        raise InvalidValue("rows", "a number", f"whole and in the range of {kind}")
    return given.astype(dtype)


def _slots(halfedges: HalfEdges, domain: Domain, elements: Sequence[Any]) -> list[int]:
    if domain == "corner":
        return [_corner(halfedges, face, vertex) for face, vertex in elements]
    tables = {"vertex": halfedges.vertices, "edge": halfedges.edges, "face": halfedges.faces}
    return [tables[domain].slot_of(element) for element in elements]


def _corner(halfedges: HalfEdges, face_id: bytes, vertex_id: bytes) -> int:
    vertex = halfedges.vertices.slot_of(vertex_id)
    for side in halfedges.face_loop(halfedges.faces.slot_of(face_id)):
        if halfedges.origin.view[side] == vertex:
            return side
    raise UnknownElement("corner", vertex_id)
