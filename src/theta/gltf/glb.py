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
# Raw views may hold float64, which most languages only read in place on such boundaries.
RAW_ALIGNMENT_BYTES = 8
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
        accessors: glTF accessors, one for each array of vertices or indices appended.
        views: glTF buffer views, one for each array appended, each on a boundary of 4 bytes.
    """

    def __init__(self) -> None:
        self.accessors: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self._parts: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append_vectors(self, vectors: NDArray[np.float64] | NDArray[np.float32], *, bounded: bool = False) -> int:
        """Append vertex data as float32 and return its accessor.

        Args:
            vectors: (n, 2), (n, 3) or (n, 4), n at least 1.
            bounded: with min and max, which positions must have; of the rounded numbers, as section 3.6.2.5 asks.
        """
        rounded = np.ascontiguousarray(vectors, "<f4")
        kind = f"VEC{rounded.shape[1]}"
        accessor: dict[str, Any] = {"componentType": FLOAT, "count": len(rounded), "type": kind}
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

    def append_raw(self, data: bytes) -> int:
        """Append bytes, at least one, that no accessor describes; returns their view, on a boundary of 8 bytes."""
        self._append_bytes(b"", RAW_ALIGNMENT_BYTES)
        return self._append_view(data, {})

    def to_bytes(self) -> bytes:
        """Everything appended, padded to a multiple of 4 bytes."""
        return b"".join(self._parts)

    def _append(self, data: bytes, target: int, accessor: dict[str, Any]) -> int:
        self.accessors.append({"bufferView": self._append_view(data, {"target": target}), **accessor})
        return len(self.accessors) - 1

    def _append_view(self, data: bytes, more: dict[str, Any]) -> int:
        self.views.append({"buffer": 0, "byteOffset": self._size, "byteLength": len(data), **more})
        self._append_bytes(data, ALIGNMENT_BYTES)
        return len(self.views) - 1

    def _append_bytes(self, data: bytes, alignment: int) -> None:
        padding = -(self._size + len(data)) % alignment
        self._parts += (data, bytes(padding))
        self._size += len(data) + padding


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
