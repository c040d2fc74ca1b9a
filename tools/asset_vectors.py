"""The vectors of spec/vectors/assets.json: polygons as assets, and bytes that are none (AST-1 to AST-3)."""

import struct
from typing import Any

import msgspec

from theta.editor.vocabulary import ImportMesh, Operation
from theta.mesh import UnusableAsset, asset_name, decode_polygons, encode_polygons


def doubles(*values: float) -> bytes:
    """Little-endian float64."""
    return struct.pack(f"<{len(values)}d", *values)


SQUARE = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, -1.0), (0.0, 0.5, -1e-3))
_SOUPS: tuple[tuple[str, tuple[tuple[float, ...], ...], tuple[tuple[int, ...], ...]], ...] = (
    ("one triangle", SQUARE[:3], ((0, 1, 2),)),
    ("a square and a triangle", (*SQUARE, (0.0, -2.0, 1e6)), ((0, 1, 2, 3), (1, 0, 4))),
    ("an edge of three faces", (*SQUARE, (0.25, -1.0, 0.125)), ((0, 1, 2), (1, 0, 3), (0, 1, 4))),
    ("more than 255 bytes of each", tuple((float(at), 0.0, at * 0.5) for at in range(90)), (tuple(range(90)),) * 70),
)


def an_import() -> Operation:
    """The payload that names an asset; it came after the packet of spec/vectors/packet.json was released."""
    upright, small, orange = (0.0, 0.0, 0.0, 1.0), (0.01, 0.01, 0.01), (1.0, 0.5, 0.0)
    return ImportMesh(asset_name(b"theta"), "Vase 🏺", (0.0, 1.0, -1.0), upright, small, orange)


def asset_vectors() -> dict[str, Any]:
    """Polygons, their bytes and name; and bytes that are refused, with the field that is wrong."""
    good = [(title, points, faces, encode_polygons(points, faces)) for title, points, faces in _SOUPS]
    return {
        "assets": [
            {
                "title": title,
                "positions": points,
                "faces": faces,
                "bytes": data.hex(),
                "name": asset_name(data).hex(),
            }
            for title, points, faces, data in good
        ],
        "refused": [{"title": title, "bytes": data.hex(), "field": _wrong_field(data)} for title, data in _REFUSED],
    }


def _columns(*columns: object) -> bytes:
    return msgspec.msgpack.encode(columns)


_POINTS = doubles(*(value for point in SQUARE[:3] for value in point))
_ENDS = struct.pack("<2I", 0, 3)
_LOOP = struct.pack("<3I", 0, 1, 2)
_REFUSED: tuple[tuple[str, bytes], ...] = (
    ("no bytes", b""),
    ("another version", _columns(2, _POINTS, _ENDS, _LOOP)),
    ("a column more", _columns(1, _POINTS, _ENDS, _LOOP, b"")),
    ("a byte after it", _columns(1, _POINTS, _ENDS, _LOOP) + b"\0"),
    ("a longer form", b"\x94\x01" + b"\xc6" + struct.pack(">I", len(_POINTS)) + _POINTS + _columns(_ENDS, _LOOP)[1:]),
    ("text for bytes", _columns(1, _POINTS, "offsets", _LOOP)),
    ("half a position", _columns(1, _POINTS[:-1], _ENDS, _LOOP)),
    ("a coordinate that is none", _columns(1, doubles(float("nan")) + _POINTS[8:], _ENDS, _LOOP)),
    ("a coordinate out of the world", _columns(1, doubles(1.1e6) + _POINTS[8:], _ENDS, _LOOP)),
    ("a vertex in no face", _columns(1, _POINTS + bytes(24), _ENDS, _LOOP)),
    ("no face", _columns(1, _POINTS, _ENDS[:4], b"")),
    ("offsets that do not begin at 0", _columns(1, _POINTS, struct.pack("<2I", 1, 3), _LOOP)),
    ("offsets that end too soon", _columns(1, _POINTS, struct.pack("<2I", 0, 2), _LOOP)),
    ("offsets that fall", _columns(1, _POINTS, struct.pack("<3I", 0, 4, 3), _LOOP)),
    ("a vertex that is not there", _columns(1, _POINTS, _ENDS, struct.pack("<3I", 0, 1, 4))),
    ("a face of too many corners", _columns(1, _POINTS, struct.pack("<2I", 0, 257), struct.pack("<257I", *(0,) * 257))),
)


def _wrong_field(data: bytes) -> str:
    try:
        decode_polygons(data)
    except UnusableAsset as error:
        return error.field
    raise AssertionError("it is refused")
