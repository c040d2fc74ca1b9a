"""Reads a GLB back by hand, as section 4.4 of the glTF 2.0 specification lays it out."""

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = {5123: "<u2", 5125: "<u4", 5126: "<f4"}


class Glb:
    """A parsed file: its JSON, its binary chunk, and arrays by accessor."""

    def __init__(self, data: bytes) -> None:
        magic, version, size = struct.unpack_from("<4sII", data)
        assert (magic, version, size) == (b"glTF", 2, len(data))
        self.kinds: list[bytes] = []
        chunks: list[bytes] = []
        at = 12
        while at < len(data):
            length, kind = struct.unpack_from("<I4s", data, at)
            assert length % 4 == 0
            self.kinds.append(kind)
            chunks.append(data[at + 8 : at + 8 + length])
            at += 8 + length
        assert at == len(data)
        self.json: dict[str, Any] = json.loads(chunks[0])
        self.binary = chunks[1] if len(chunks) > 1 else b""

    def array(self, accessor: int) -> NDArray[Any]:
        """An accessor's numbers, (n,) or (n, 3)."""
        described = self.json["accessors"][accessor]
        view = self.json["bufferViews"][described["bufferView"]]
        assert view["byteOffset"] % 4 == 0
        data = self.binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        numbers = np.frombuffer(data, DTYPES[described["componentType"]])
        shaped = numbers.reshape(-1, 3) if described["type"] == "VEC3" else numbers
        assert len(shaped) == described["count"]
        return shaped

    def primitive(self, mesh: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """A mesh's positions, normals and triangles (t, 3)."""
        (primitive,) = self.json["meshes"][mesh]["primitives"]
        attributes = primitive["attributes"]
        indices = self.array(primitive["indices"]).reshape(-1, 3)
        return self.array(attributes["POSITION"]), self.array(attributes["NORMAL"]), indices
