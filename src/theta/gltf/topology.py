"""`THETA_mesh_topology` on a mesh: the polygons as they are, in buffer views: spec/gltf.md, GLTF-5 … GLTF-10."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import DIGEST_BYTES, IDENTIFIER_BYTES, MESH_FACES_MAX, MESH_VERTICES_MAX
from theta.gltf.accessors import Accessors
from theta.gltf.authorship import Authorship, LogHead, Maker
from theta.gltf.digests import payload_digest
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields
from theta.gltf.glb import BinaryBuffer
from theta.gltf.hints import EXTENSION_VERSION
from theta.mesh import CanonicalMesh, MalformedMesh, encode_canonical, parse_canonical
from theta.mesh.attributes import DTYPES, AttributeKey, check_count, check_key, check_type

_HEX = re.compile(r"(?:[0-9a-f]{2})*")
_TYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def written_topology(buffer: BinaryBuffer, canonical: CanonicalMesh, authorship: Authorship | None) -> dict[str, Any]:
    """Append a mesh's arrays to the buffer; returns the extension's object without the render digest.

    Raises:
        InvalidValue: the authorship does not fit the mesh.
    """
    counts = (len(canonical.vertex_ids), len(canonical.edge_ids), len(canonical.face_ids))
    if authorship is not None:
        authorship.check(counts)
    vertices = _views(buffer, counts[0], ids=canonical.vertex_ids, positions=canonical.positions)
    edges = _views(buffer, counts[1], ids=canonical.edge_ids, ends=canonical.edge_ends)
    faces = _views(buffer, counts[2], ids=canonical.face_ids, cornerCounts=canonical.face_counts)
    corners = _views(buffer, len(canonical.corners), vertices=canonical.corners)
    written: dict[str, Any] = {"version": EXTENSION_VERSION}
    written |= {"vertices": vertices, "edges": edges, "faces": faces, "corners": corners}
    if canonical.attributes:
        written["attributes"] = [
            {
                "domain": key.domain,
                "name": key.name,
                "type": _TYPE_NAMES[rows.dtype],
                "width": rows.shape[1],
                **_view(buffer, "rows", rows),
            }
            for key, rows in canonical.attributes.items()
        ]
    if authorship is not None:
        written["makers"] = [_written_maker(maker) for maker in authorship.makers]
        for part, rows in zip((vertices, edges, faces), authorship.parts(), strict=True):
            part.update(_view(buffer, "makers", rows))
    written["payloadDigest"] = payload_digest(encode_canonical(canonical), authorship)
    return written


def read_topology(topology: Fields, accessors: Accessors) -> tuple[CanonicalMesh, Authorship | None]:
    """The mesh that the extension holds, proved by its payload digest.

    Raises:
        GltfError: views missing or of a wrong length, another digest, or no canonical mesh.
    """
    version = topology.integer("version")
    if version != EXTENSION_VERSION:
        raise GltfError(topology.at("version"), f"is {version}; known is {EXTENSION_VERSION}")
    parts = [topology.object(name) for name in ("vertices", "edges", "faces", "corners")]
    vertices, edges, faces, corners = parts
    count = {part.path: part.integer("count") for part in parts}
    if count[vertices.path] > MESH_VERTICES_MAX or count[faces.path] > MESH_FACES_MAX:
        raise GltfError(topology.path, f"has more than {MESH_VERTICES_MAX} vertices or {MESH_FACES_MAX} faces")

    def rows(part: Fields, field: str, dtype: str, width: int = 1) -> NDArray[Any]:
        return _rows(accessors, part, field, (count[part.path], width), np.dtype(dtype))

    attributes = _read_attributes(topology, accessors, [count[part.path] for part in parts])
    canonical = CanonicalMesh(
        rows(vertices, "ids", "u1", IDENTIFIER_BYTES),
        rows(vertices, "positions", "<f8", 3),
        rows(edges, "ids", "u1", IDENTIFIER_BYTES),
        rows(edges, "ends", "<u4", 2),
        rows(faces, "ids", "u1", IDENTIFIER_BYTES),
        rows(faces, "cornerCounts", "<u4").reshape(-1),
        rows(corners, "vertices", "<u4").reshape(-1),
        attributes,
    )
    authorship = None
    if topology.has("makers"):
        makers = tuple(_read_maker(topology.item("makers", at)) for at in range(len(topology.items("makers"))))
        by_part = [rows(part, "makers", "<u4").reshape(-1) for part in parts[:3]]
        authorship = Authorship(makers, by_part[0], by_part[1], by_part[2])
    data = encode_canonical(canonical)
    if topology.text("payloadDigest") != payload_digest(data, authorship):
        raise GltfError(topology.at("payloadDigest"), "is not that of the data")
    try:
        if authorship is not None:
            authorship.check((len(canonical.vertex_ids), len(canonical.edge_ids), len(canonical.face_ids)))
        return parse_canonical(data), authorship
    except (MalformedMesh, InvalidValue) as error:
        raise GltfError(topology.path, str(error)) from error


def written_head(head: LogHead) -> dict[str, Any]:
    """The extension's object on the scene."""
    log = {"seq": head.seq, "chain": head.chain.hex(), "document": head.document.hex()}
    return {"version": EXTENSION_VERSION, "head": log}


def read_head(extension: Fields) -> LogHead | None:
    """Where the log stood, None where the extension does not say.

    Raises:
        GltfError: it is no head.
    """
    if not extension.has("head"):
        return None
    head = extension.object("head")
    return LogHead(head.integer("seq"), _hex(head, "chain", DIGEST_BYTES), _hex(head, "document", IDENTIFIER_BYTES))


def _views(buffer: BinaryBuffer, count: int, **arrays: NDArray[Any]) -> dict[str, Any]:
    part: dict[str, Any] = {"count": count}
    for field, rows in arrays.items():
        part |= _view(buffer, field, rows)
    return part


def _view(buffer: BinaryBuffer, field: str, rows: NDArray[Any]) -> dict[str, int]:
    """The rows in a view of their own; glTF has no empty ones, so that no rows have none."""
    if not rows.size:
        return {}
    return {field: buffer.append_raw(np.ascontiguousarray(rows, rows.dtype.newbyteorder("<")).tobytes())}


def _rows(accessors: Accessors, part: Fields, field: str, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    size = shape[0] * shape[1] * dtype.itemsize
    if size == 0:
        return np.zeros(shape, dtype.newbyteorder("="))
    data = accessors.view(part.integer(field))
    if len(data) != size:
        raise GltfError(part.at(field), f"has {len(data)} bytes, but {shape[0]} rows take {size}")
    return np.frombuffer(data, dtype).astype(dtype.newbyteorder("=")).reshape(shape)


def _read_attributes(topology: Fields, accessors: Accessors, counts: list[int]) -> dict[AttributeKey, NDArray[Any]]:
    by_domain = dict(zip(("vertex", "edge", "face", "corner"), counts, strict=True))
    attributes: dict[AttributeKey, NDArray[Any]] = {}
    listed = len(topology.items("attributes"))
    try:
        check_count(listed)
        for at in range(listed):
            described = topology.item("attributes", at)
            key = check_key(described.text("domain"), described.text("name"))
            kind = check_type(described.text("type"), described.integer("width"))
            shape = (by_domain[key.domain], kind.width)
            attributes[key] = _rows(accessors, described, "rows", shape, DTYPES[kind.type].newbyteorder("<"))
    except InvalidValue as error:
        raise GltfError(topology.at("attributes"), str(error)) from error
    return attributes


def _written_maker(maker: Maker) -> dict[str, Any]:
    name = {"name": maker.name} if maker.name else {}
    return {"author": maker.author.hex(), **name, "seq": maker.seq, "lamport": maker.lamport, "time": maker.time_ms}


def _read_maker(maker: Fields) -> Maker:
    author = _hex(maker, "author", 32)
    numbers = (maker.integer("seq"), maker.integer("lamport"), maker.integer("time"))
    name = maker.text("name")
    if len(name.encode("utf-8", "surrogatepass")) > 0xFFFF:
        raise GltfError(maker.at("name"), "is too long")
    return Maker(author, name, *numbers)


def _hex(parent: Fields, field: str, length: int) -> bytes:
    text = parent.text(field)
    if len(text) != 2 * length or not _HEX.fullmatch(text):
        raise GltfError(parent.at(field), f"must be {2 * length} hexadecimal digits")
    return bytes.fromhex(text)
