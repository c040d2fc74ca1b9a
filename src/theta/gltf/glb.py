"""The binary container: glTF 2.0 specification, sections 3.6 (buffers, views, accessors) and 4.4 (GLB)."""

import struct
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import GLB_BYTES_MAX

MAGIC = 0x46546C67
VERSION = 2
CHUNK_JSON = 0x4E4F534A
CHUNK_BIN = 0x004E4942
ALIGNMENT_BYTES = 4
HEADER_BYTES = 12
CHUNK_HEADER_BYTES = 8

ARRAY_BUFFER = 34962
ELEMENT_ARRAY_BUFFER = 34963
UNSIGNED_SHORT = 5123
UNSIGNED_INT = 5125
FLOAT = 5126
# The highest index of each width means "begin anew" to graphics hardware, so no vertex may have it.
UNSIGNED_SHORT_VERTICES_MAX = 65_535


class BinaryBuffer:
    """The one binary buffer of a GLB, with the accessors and views that describe it.

    Attributes:
        accessors: glTF accessors, one for each array appended.
        views: glTF buffer views, one for each accessor, each on a boundary of 4 bytes.
    """

    def __init__(self) -> None:
        self.accessors: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self._parts: list[bytes] = []
        self._size = 0

    def append_vectors(self, vectors: NDArray[np.float64], *, bounded: bool = False) -> int:
        """Append vertex data as float32 and return its accessor.

        Args:
            vectors: (n, 3), n at least 1.
            bounded: with min and max, which positions must have; of the rounded numbers, as section 3.6.2.5 asks.
        """
        rounded = np.ascontiguousarray(vectors, "<f4")
        accessor: dict[str, Any] = {"componentType": FLOAT, "count": len(rounded), "type": "VEC3"}
        if bounded:
            accessor |= {"min": rounded.min(axis=0).tolist(), "max": rounded.max(axis=0).tolist()}
        return self._append(rounded.tobytes(), ARRAY_BUFFER, accessor)

    def append_indices(self, indices: NDArray[np.int64], vertex_count: int) -> int:
        """Append triangles' corners, (n,) below `vertex_count`, as u16 where that is wide enough, else as u32."""
        narrow = vertex_count <= UNSIGNED_SHORT_VERTICES_MAX
        accessor = {
            "componentType": UNSIGNED_SHORT if narrow else UNSIGNED_INT,
            "count": len(indices),
            "type": "SCALAR",
        }
        return self._append(indices.astype("<u2" if narrow else "<u4").tobytes(), ELEMENT_ARRAY_BUFFER, accessor)

    def to_bytes(self) -> bytes:
        """Everything appended, padded to a multiple of 4 bytes."""
        return b"".join(self._parts)

    def _append(self, data: bytes, target: int, accessor: dict[str, Any]) -> int:
        self.views.append({"buffer": 0, "byteOffset": self._size, "byteLength": len(data), "target": target})
        self.accessors.append({"bufferView": len(self.views) - 1, **accessor})
        padded = _pad(data, b"\0")
        self._parts.append(padded)
        self._size += len(padded)
        return len(self.accessors) - 1


def write_glb(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB file.

    Args:
        document: the glTF JSON; when `binary` is not empty, its first buffer is `binary`.
        binary: the first buffer, a multiple of 4 bytes.

    Raises:
        InvalidValue: the file would be over GLB_BYTES_MAX, more than its header can say.
    """
    chunks = [(CHUNK_JSON, _pad(msgspec.json.encode(document), b" "))]
    if binary:
        chunks.append((CHUNK_BIN, binary))
    size = HEADER_BYTES + sum(CHUNK_HEADER_BYTES + len(data) for _, data in chunks)
    if size > GLB_BYTES_MAX:
        raise InvalidValue("GLB size", size, f"at most {GLB_BYTES_MAX} bytes")
    parts = [struct.pack("<III", MAGIC, VERSION, size)]
    for kind, data in chunks:
        parts += (struct.pack("<II", len(data), kind), data)
    return b"".join(parts)


def _pad(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % ALIGNMENT_BYTES)
