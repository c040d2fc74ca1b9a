"""Files as other programs write them, put together by hand."""

import base64
import json
import struct
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

COMPONENT_TYPES = {"i1": 5120, "u1": 5121, "<i2": 5122, "<u2": 5123, "<u4": 5125, "<f4": 5126}
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}

TETRAHEDRON = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float32)
TETRAHEDRON_FACES = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])


class Builder:
    """A glTF file in the making: `json` may be changed at will before it is packed."""

    def __init__(self) -> None:
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "by hand"},
            "scene": 0,
            "scenes": [{"nodes": []}],
            "nodes": [],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
        }
        self.binary = b""

    def view(self, data: bytes, **more: Any) -> int:
        """Append bytes and return their view."""
        self.binary += bytes(-len(self.binary) % 8)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **more})
        self.binary += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, rows: ArrayLike, dtype: str = "<f4", **more: Any) -> int:
        """Append an array and return its accessor."""
        array = np.array(rows, dtype)
        table = array.reshape(len(array), -1)
        described = {
            "bufferView": self.view(array.tobytes()),
            "componentType": COMPONENT_TYPES[dtype],
            "count": len(array),
            "type": KINDS[table.shape[1]],
        }
        self.json["accessors"].append(described | more)
        return len(self.json["accessors"]) - 1

    def add(self, primitive: dict[str, Any], **node: Any) -> dict[str, Any]:
        """Append a mesh of one primitive, and a root node that shows it; returns the primitive."""
        self.json["meshes"].append({"primitives": [primitive]})
        self.node(mesh=len(self.json["meshes"]) - 1, **node)
        return primitive

    def node(self, root: bool = True, **node: Any) -> int:
        """Append a node."""
        self.json["nodes"].append(node)
        if root:
            self.json["scenes"][0]["nodes"].append(len(self.json["nodes"]) - 1)
        return len(self.json["nodes"]) - 1

    def triangles(
        self, positions: ArrayLike = TETRAHEDRON, faces: ArrayLike | None = TETRAHEDRON_FACES, **node: Any
    ) -> dict[str, Any]:
        """Append a node with a mesh of triangles; returns the primitive."""
        primitive: dict[str, Any] = {"attributes": {"POSITION": self.accessor(positions)}}
        if faces is not None:
            primitive["indices"] = self.accessor(np.reshape(faces, -1), "<u2")
        return self.add(primitive, **node)

    def glb(self) -> bytes:
        """A binary file."""
        return pack(self.json | {"buffers": [{"byteLength": len(self.binary)}]}, self.binary)

    def gltf(self, uri: str | None = None) -> bytes:
        """A JSON file, with a data URI, or one that names a file."""
        data = "data:application/octet-stream;base64," + base64.b64encode(self.binary).decode("ascii")
        buffers = [{"byteLength": len(self.binary), "uri": uri if uri is not None else data}]
        return json.dumps(self.json | {"buffers": buffers}).encode()


def pack(document: Any, binary: bytes = b"") -> bytes:
    """A GLB of any JSON, also of what is no glTF."""
    return pack_raw(json.dumps(document).encode(), binary)


def pack_raw(text: bytes, binary: bytes = b"") -> bytes:
    """A GLB of any bytes where the JSON should be."""
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def unpack(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk of a GLB."""
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document, data[28 + length :]


def triangles_of(positions: NDArray[Any], corners: NDArray[Any]) -> set[tuple[Any, ...]]:
    """Triangles as sets of places, each turned so that it begins at its lowest."""
    found = set()
    for face in np.asarray(corners).reshape(-1, 3).tolist():
        points = [tuple(np.asarray(positions)[corner].tolist()) for corner in face]
        start = points.index(min(points))
        found.add(tuple(points[start:] + points[:start]))
    return found
