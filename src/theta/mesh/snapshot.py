"""A mesh as bytes with every slot in its place: what is done to it after reading gives the same bytes as without.

Canonical bytes (`theta.mesh.canonical`) say which elements there are; a snapshot also says where they lie, which slots
are dead, and what replaced what is gone. spec/log.md, LOG-22.
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.attributes import DOMAINS, DTYPES, TYPES, Attributes, check_count, check_key, check_type
from theta.mesh.columns import Column, IdTable
from theta.mesh.errors import MalformedMesh
from theta.mesh.halfedges import DEAD, NONE, HalfEdges
from theta.mesh.redirects import parse_redirects
from theta.mesh.topology import Mesh

MAGIC = b"TMS1"
_HEADER = struct.Struct("<4s4IQ")
_ATTRIBUTE = struct.Struct("<BBBB")


def snapshot_bytes(mesh: Mesh) -> bytes:
    """All that a mesh holds but its journal, little-endian (LOG-22)."""
    halfedges = mesh.halfedges
    redirects = halfedges.redirects.to_bytes()
    attributes = list(_attribute_parts(halfedges.attributes))
    counts = halfedges.slot_counts()
    head = _HEADER.pack(
        MAGIC,
        counts["vertex"],
        counts["edge"],
        counts["face"],
        len(halfedges.attributes.columns),
        len(redirects),
    )
    columns = [_little(column.array()) for column in halfedges.columns()]
    return b"".join([head, *columns, *attributes, redirects])


def _attribute_parts(attributes: Attributes) -> Iterator[bytes]:
    # In the order in which the mesh got them: it is part of what operations go by.
    for key, column in attributes.columns.items():
        kind = attributes.type_of(key)
        name = key.name.encode("ascii")
        yield _ATTRIBUTE.pack(DOMAINS.index(key.domain), TYPES.index(kind.type), kind.width, len(name))
        yield name
        yield _little(column.array())


def _little(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def mesh_of_snapshot(data: bytes) -> Mesh:
    """The mesh that `snapshot_bytes` was given. What a stranger sends has to be validated besides.

    Raises:
        MalformedMesh: cut short, or a column that cannot be one; names the field.
        InvalidValue: an attribute or the redirects are over a limit.
        DuplicateElement: two living elements have one id.
    """
    if len(data) < _HEADER.size:
        raise MalformedMesh("header", "cut short")
    magic, vertices, edges, faces, attribute_count, redirect_bytes = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise MalformedMesh("magic", "no snapshot of a mesh")
    reader = _Reader(data, _HEADER.size)
    sides = [reader.array("links", "<i4", 2 * edges) for _ in range(4)]
    vertex_halfedge = reader.array("vertex links", "<i4", vertices)
    face_halfedge = reader.array("face links", "<i4", faces)
    positions = reader.array("positions", "<f8", vertices, 3)
    ids = [reader.array("ids", "<u1", count, IDENTIFIER_BYTES) for count in (vertices, edges, faces)]
    for links, most in ((sides[:2], 2 * edges), (sides[2:3], vertices), (sides[3:], faces)):
        _check_links(links, most)
    _check_links([vertex_halfedge, face_halfedge], 2 * edges)
    alive = (vertex_halfedge != DEAD, sides[2][0::2] != DEAD, face_halfedge != DEAD)
    kinds = ("vertex", "edge", "face")
    tables = tuple(IdTable.with_dead(*each) for each in zip(kinds, ids, alive, strict=True))
    check_count(attribute_count)
    slots = {"vertex": vertices, "edge": edges, "face": faces, "corner": 2 * edges}
    attributes = Attributes()
    for _ in range(attribute_count):
        _read_attribute(reader, attributes, slots)
    redirects = parse_redirects(reader.take("redirects", redirect_bytes))
    reader.finish()
    columns: tuple[Column[int], ...] = tuple(Column(each) for each in (*sides, vertex_halfedge, face_halfedge))
    return Mesh(HalfEdges(columns, Column(positions), tables, attributes, redirects))


class _Reader:
    """Takes fields off bytes, one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, field: str, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise MalformedMesh(field, f"cut short at byte {self._at}")
        part = self._data[self._at : end]
        self._at = end
        return part

    def array(self, field: str, dtype: str, rows: int, width: int = 1) -> NDArray[Any]:
        native = np.dtype(dtype).newbyteorder("=")
        flat = np.frombuffer(self.take(field, rows * width * native.itemsize), dtype).astype(native, copy=False)
        return flat if width == 1 else flat.reshape(rows, width)

    def finish(self) -> None:
        if self._at != len(self._data):
            raise MalformedMesh("end", f"{len(self._data) - self._at} bytes too many")


def _check_links(columns: list[NDArray[Any]], most: int) -> None:
    for column in columns:
        if len(column) and not (int(column.min()) >= min(DEAD, NONE) and int(column.max()) < most):
            raise MalformedMesh("links", "a link to a slot that is not there")


def _read_attribute(reader: _Reader, attributes: Attributes, slots: dict[str, int]) -> None:
    domain, kind, width, length = _ATTRIBUTE.unpack(reader.take("attribute", _ATTRIBUTE.size))
    if domain >= len(DOMAINS) or kind >= len(TYPES):
        raise MalformedMesh("attribute", "of no known domain or type")
    key = check_key(DOMAINS[domain], reader.take("attribute", length).decode("latin-1"))
    if key in attributes.columns:
        raise MalformedMesh("attribute", "comes twice")
    check_type(TYPES[kind], width)
    dtype = DTYPES[TYPES[kind]].newbyteorder("<").str
    attributes.columns[key] = Column(reader.array("attribute", dtype, slots[key.domain], width).reshape(-1, width))
