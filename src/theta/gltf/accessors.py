"""A glTF's arrays: buffer views and accessors (glTF 2.0, sections 3.6.1.2 and 3.6.2)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import GLTF_NUMBERS_MAX, IMPORT_FACES_MAX
from theta.gltf.container import GltfFile
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields

Rows = NDArray[Any]

COMPONENTS: dict[int, np.dtype[Any]] = {
    5120: np.dtype("i1"),
    5121: np.dtype("u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
STRIDE_BYTES_MAX = 252


class Accessors:
    """Reads accessors of a file: at most GLTF_NUMBERS_MAX numbers and IMPORT_FACES_MAX faces of all together."""

    def __init__(self, file: GltfFile) -> None:
        self._file = file
        self._numbers_left = GLTF_NUMBERS_MAX
        self._faces_left = IMPORT_FACES_MAX
        self._vectors: dict[int, NDArray[np.float32]] = {}

    def described(self, index: int) -> Fields:
        """The accessor's own JSON."""
        return self._file.root.item("accessors", index)

    def count(self, index: int) -> int:
        """How many rows an accessor says it has; nothing is read."""
        return self.described(index).integer("count")

    def vectors(self, index: int, *types: str) -> NDArray[np.float32]:
        """Rows of an accessor of one of these types, (n, width) float32, normalised numbers as in section 3.6.2.2.

        They are read once: a thousand primitives may share one array, each with a few vertices of it.

        Raises:
            GltfError: another type, numbers that are not finite, or reaching beyond the data.
        """
        accessor = self.described(index)
        kind = accessor.text("type")
        if kind not in types:
            raise GltfError(accessor.at("type"), f"is {kind!r}, but must be {' or '.join(types)}")
        if index not in self._vectors:
            self._vectors[index] = self._floats(accessor, WIDTHS[kind])
        return self._vectors[index]

    def scalars(self, index: int, limit: int) -> NDArray[np.int64]:
        """Whole numbers of an accessor, (n,), each below `limit`.

        Raises:
            GltfError: another type, or a number that is not below the limit.
        """
        accessor = self.described(index)
        if accessor.text("type") != "SCALAR" or accessor.integer("componentType") not in (5121, 5123, 5125):
            raise GltfError(accessor.path, "are no unsigned whole numbers")
        numbers = self._rows(accessor, 1).reshape(-1)
        # The highest number of its type is below the limit too, so that nothing reads it as "begin anew".
        if len(numbers) and int(numbers.max()) >= limit:
            at = int(np.argmax(numbers >= limit))
            raise GltfError(accessor.path, f"number {at} is {int(numbers[at])}, but must be below {limit}")
        return numbers.astype(np.int64)

    def view(self, index: int) -> memoryview:
        """All bytes of a buffer view.

        Raises:
            GltfError: no such view, or not within its buffer.
        """
        view, data = self._view(index)
        self.charge(view.path, len(data) // 4)
        return data

    def charge(self, field: str, numbers: int) -> None:
        """Count numbers that are about to be read.

        Raises:
            GltfError: over GLTF_NUMBERS_MAX.
        """
        self._numbers_left -= numbers
        if self._numbers_left < 0:
            raise GltfError(field, f"the file has more than {GLTF_NUMBERS_MAX} numbers to read")

    def charge_faces(self, field: str, faces: int) -> None:
        """Count faces that are about to be read.

        Raises:
            GltfError: over IMPORT_FACES_MAX.
        """
        self._faces_left -= faces
        if self._faces_left < 0:
            raise GltfError(field, f"all parts together have more than {IMPORT_FACES_MAX} faces")

    def _floats(self, accessor: Fields, width: int) -> NDArray[np.float32]:
        normalised = accessor.flag("normalized")
        rows = self._rows(accessor, width)
        if rows.dtype.kind == "f":
            if not np.isfinite(rows).all():
                row = int(np.argmax(~np.isfinite(rows).all(axis=1)))
                raise GltfError(accessor.path, f"row {row} holds a number that is not finite")
            return np.ascontiguousarray(rows, np.float32)
        if not normalised:
            return rows.astype(np.float32)
        most = float(np.iinfo(rows.dtype).max)
        return np.maximum(rows.astype(np.float64) / most, -1.0).astype(np.float32)

    def _rows(self, accessor: Fields, width: int) -> Rows:
        count = accessor.integer("count")
        self.charge(accessor.at("count"), count * width)
        dtype = _component(accessor)
        view = accessor.index("bufferView")
        if view is not None:
            rows = self._window(accessor, view, count, width, dtype)
        else:
            rows = np.zeros((count, width), dtype)
        if accessor.has("sparse"):
            rows = self._overlaid(accessor.object("sparse"), rows)
        return rows

    def _overlaid(self, sparse: Fields, rows: Rows) -> Rows:
        """Single rows replaced (section 3.6.2.3)."""
        count = sparse.integer("count", most=len(rows))
        self.charge(sparse.at("count"), count * (1 + rows.shape[1]))
        where, what = sparse.object("indices"), sparse.object("values")
        dtype = _component(where)
        if dtype.kind != "u":
            raise GltfError(where.at("componentType"), "is no unsigned whole number's")
        places = self._window(where, where.integer("bufferView"), count, 1, dtype, strided=False).reshape(-1)
        if count and int(places.max()) >= len(rows):
            raise GltfError(where.path, f"row {int(places.max())} does not exist: there are {len(rows)}")
        values = self._window(what, what.integer("bufferView"), count, rows.shape[1], rows.dtype, strided=False)
        done = rows.copy()
        done[places.astype(np.int64)] = values
        return done

    def _window(
        self, source: Fields, index: int, count: int, width: int, dtype: np.dtype[Any], *, strided: bool = True
    ) -> Rows:
        """`count` rows of `width` numbers from a view, in place."""
        view, data = self._view(index)
        row_bytes = width * dtype.itemsize
        stride = view.integer("byteStride", row_bytes, most=STRIDE_BYTES_MAX) if strided else row_bytes
        if stride < row_bytes:
            raise GltfError(view.at("byteStride"), f"is {stride}, but a row of {source.path} takes {row_bytes}")
        offset = source.integer("byteOffset", 0)
        needed = offset + (count - 1) * stride + row_bytes if count else 0
        if needed > len(data):
            raise GltfError(source.path, f"reaches to byte {needed} of {view.path}, which has {len(data)}")
        if not count:
            return np.zeros((0, width), dtype)
        raw = np.frombuffer(data, np.uint8)
        window = np.lib.stride_tricks.as_strided(raw[offset:], (count, row_bytes), (stride, 1), writeable=False)
        return np.ascontiguousarray(window).view(dtype)

    def _view(self, index: int) -> tuple[Fields, memoryview]:
        view = self._file.root.item("bufferViews", index)
        buffer = self._file.buffer(view.integer("buffer"))
        start, length = view.integer("byteOffset", 0), view.integer("byteLength")
        if start + length > len(buffer):
            raise GltfError(view.path, f"reaches to byte {start + length} of its buffer, which has {len(buffer)}")
        return view, buffer[start : start + length]


def _component(parent: Fields) -> np.dtype[Any]:
    kind = parent.integer("componentType")
    if kind not in COMPONENTS:
        raise GltfError(parent.at("componentType"), f"is {kind}, but must be one of {sorted(COMPONENTS)}")
    return COMPONENTS[kind]
