"""A glTF file opened: its JSON and its buffers (glTF 2.0, sections 3.6.1 and 4.4)."""

import binascii
import struct
from collections.abc import Mapping
from typing import Any

import msgspec

from theta.base.limits import GLTF_JSON_VALUES_MAX, IMPORT_FILE_BYTES_MAX
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields
from theta.gltf.glb import CHUNK_BIN, CHUNK_HEADER_BYTES, CHUNK_JSON, HEADER_BYTES, MAGIC, VERSION

_DATA = "data:"
_BASE64 = ";base64"


class GltfFile:
    """A file's JSON, and its buffers, which are opened when they are first asked for.

    Attributes:
        root: the JSON.
        notes: what was passed over, in words.
    """

    def __init__(self, root: Fields, binary: bytes | None, resources: Mapping[str, bytes], notes: list[str]) -> None:
        self.root = root
        self.notes = notes
        self._binary = binary
        self._resources = resources
        self._buffers: dict[int, memoryview] = {}
        self._opened_bytes = 0

    def buffer(self, index: int) -> memoryview:
        """The bytes of a buffer, as many as it says.

        Raises:
            GltfError: there is no such buffer, or not all of it.
        """
        known = self._buffers.get(index)
        if known is not None:
            return known
        described = self.root.item("buffers", index)
        length = described.integer("byteLength")
        data = self._data_of(described, index)
        if len(data) < length:
            raise GltfError(described.at("byteLength"), f"is {length}, but there are {len(data)} bytes")
        self._opened_bytes += length
        if self._opened_bytes > IMPORT_FILE_BYTES_MAX:
            raise GltfError(described.path, f"all buffers together are over {IMPORT_FILE_BYTES_MAX} bytes")
        self._buffers[index] = memoryview(data)[:length]
        return self._buffers[index]

    def _data_of(self, described: Fields, index: int) -> bytes:
        field = described.at("uri")
        if not described.has("uri"):
            if index == 0 and self._binary is not None:
                return self._binary
            raise GltfError(field, "is missing, and there is no binary chunk for it")
        uri = described.text("uri")
        if uri[: len(_DATA)].lower() == _DATA:
            return _decoded_data_uri(field, uri)
        for name in (uri, _percent_decoded(uri)):
            if name in self._resources:
                return self._resources[name]
        raise GltfError(field, f"names another file, {uri[:80]!r}, which was not given")


def open_glb(data: bytes) -> GltfFile:
    """Open a binary file.

    Raises:
        GltfError: too large, cut short, no GLB of version 2, or its JSON cannot be read.
    """
    _check_size(len(data))
    if len(data) < HEADER_BYTES:
        raise GltfError("header", f"{len(data)} bytes, but it takes {HEADER_BYTES}")
    magic, version, size = struct.unpack_from("<III", data)
    if magic != MAGIC:
        raise GltfError("magic", "its first bytes are those of another kind of file")
    if version != VERSION:
        raise GltfError("version", f"is {version}; known is {VERSION}")
    if not HEADER_BYTES <= size <= len(data):
        raise GltfError("length", f"is {size}, but the file has {len(data)} bytes")
    notes = [f"{len(data) - size} bytes after its end were passed over."] if size < len(data) else []
    chunks = _chunks(data, size)
    if not chunks or chunks[0][0] != CHUNK_JSON:
        raise GltfError("chunks[0]", "must be the JSON")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == CHUNK_BIN else None
    return GltfFile(_decoded_json(bytes(chunks[0][1])), binary, {}, notes)


def open_gltf(json: bytes, resources: Mapping[str, bytes]) -> GltfFile:
    """Open a JSON file whose buffers are in it as data URIs or in `resources` by their URIs.

    Raises:
        GltfError: too large, or the JSON cannot be read.
    """
    _check_size(len(json) + sum(map(len, resources.values())))
    return GltfFile(_decoded_json(json), None, resources, [])


def _check_size(size: int) -> None:
    if size > IMPORT_FILE_BYTES_MAX:
        raise GltfError("size", f"{size} bytes are more than {IMPORT_FILE_BYTES_MAX}")


def _chunks(data: bytes, size: int) -> list[tuple[int, bytes]]:
    chunks: list[tuple[int, bytes]] = []
    at = HEADER_BYTES
    while at < size:
        field = f"chunks[{len(chunks)}].length"
        if at + CHUNK_HEADER_BYTES > size:
            raise GltfError(field, f"{size - at} bytes are left, but a chunk's header takes {CHUNK_HEADER_BYTES}")
        length, kind = struct.unpack_from("<II", data, at)
        at += CHUNK_HEADER_BYTES
        if length > size - at:
            raise GltfError(field, f"is {length}, but {size - at} bytes are left")
        # Only the first two mean anything; of the others there may be as many as their headers fit.
        if len(chunks) < 2:
            chunks.append((kind, data[at : at + length]))
        at += length
    return chunks


def _decoded_json(data: bytes) -> Fields:
    data = data.removeprefix(b"\xef\xbb\xbf")
    # Every value but the first follows one of these; base64 has none of them.
    values = 1 + sum(map(data.count, (b",", b"[", b"{")))
    if values > GLTF_JSON_VALUES_MAX:
        raise GltfError("JSON", f"about {values} values are more than {GLTF_JSON_VALUES_MAX}")
    try:
        value: Any = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise GltfError("JSON", str(error)) from error
    except RecursionError as error:
        raise GltfError("JSON", "is nested too deeply") from error
    return Fields.of("", value) if isinstance(value, dict) else Fields.of("JSON", value)


def _decoded_data_uri(field: str, uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma or not head.lower().endswith(_BASE64):
        raise GltfError(field, "is a data URI, but not of base64")
    try:
        # Some writers leave out the padding.
        return binascii.a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise GltfError(field, f"is no base64: {error}") from error


def _percent_decoded(uri: str) -> str:
    raw = bytearray()
    data = uri.encode("utf-8", "surrogatepass")
    at = 0
    while at < len(data):
        digits = data[at + 1 : at + 3]
        if data[at] == ord("%") and len(digits) == 2 and digits.isalnum() and not digits.translate(None, _HEX):
            raw.append(int(digits, 16))
            at += 3
        else:
            raw.append(data[at])
            at += 1
    return raw.decode("utf-8", "replace")


_HEX = b"0123456789abcdefABCDEF"
