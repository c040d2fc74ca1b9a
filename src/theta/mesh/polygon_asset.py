"""Polygons as an asset: what an imported model is before the fold makes a mesh of it. spec/assets.md, AST-1 … AST-3."""

from collections.abc import Sequence
from itertools import chain
from operator import index
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.base.identifiers import blake2b_256
from theta.base.limits import (
    ASSET_BYTES_MAX,
    ASSET_CORNERS_MAX,
    ASSET_FACE_CORNERS_MAX,
    ASSET_FACES_MAX,
    COORDINATE_METRES_MAX,
)
from theta.mesh.build import checked_positions
from theta.mesh.errors import UnusableAsset
from theta.mesh.orbits import Slots

Faces = Sequence[Sequence[int]] | NDArray[np.integer[Any]]
"""Loops of vertex indices: any lengths, or an array (F, n) when all have n corners."""

ASSET_VERSION = 1

_POSITION_BYTES = 24
_INDEX_BYTES = 4
_decoder = msgspec.msgpack.Decoder(tuple[int, bytes, bytes, bytes])


class Polygons(NamedTuple):
    """Polygons that need not fit together: an edge may have any number of them.

    `positions` (V, 3) float64 metres without negative zeros; `counts` (F,) corners of each face; `corners` indices of
    vertices, face by face.
    """

    positions: NDArray[np.float64]
    counts: Slots
    corners: Slots


def asset_name(data: bytes) -> bytes:
    """The 32 bytes that name an asset: the hash of all its bytes (AST-2)."""
    return blake2b_256("theta-asset", data)


def encode_polygons(positions: ArrayLike, faces: Faces) -> bytes:
    """The asset of polygons (AST-1); vertices that no face uses are left out.

    Args:
        positions: (V, 3) metres.
        faces: vertex indices of each face, anticlockwise seen from outside.

    Raises:
        InvalidValue: not numbers of that shape.
        UnusableAsset: over a limit; names the field.
    """
    points = checked_positions(positions)
    counts = np.fromiter(map(len, faces), np.int64, len(faces))
    try:
        corners = np.fromiter(map(index, chain.from_iterable(faces)), np.int64)
    except (TypeError, OverflowError) as error:
        raise InvalidValue("faces", faces, "loops of vertex indices") from error
    _check_loops(len(points), counts, corners)
    used = np.bincount(corners, minlength=len(points)) > 0
    points, corners = points[used], (np.cumsum(used, dtype=np.int64) - 1)[corners]
    offsets = np.zeros(len(counts) + 1, np.int64)
    offsets[1:] = np.cumsum(counts, dtype=np.int64)
    data = msgspec.msgpack.encode(
        (
            ASSET_VERSION,
            points.astype("<f8").tobytes(),
            offsets.astype("<u4").tobytes(),
            corners.astype("<u4").tobytes(),
        )
    )
    check_asset_size(len(data))
    return data


def decode_polygons(data: bytes) -> Polygons:
    """The polygons in an asset, believing nothing (AST-3).

    Raises:
        UnusableAsset: it is none, or over a limit; names the field.
    """
    check_asset_size(len(data))
    try:
        version, positions, offsets, corners = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, OverflowError) as error:
        raise UnusableAsset("asset", str(error)) from error
    if msgspec.msgpack.encode((version, positions, offsets, corners)) != data:
        raise UnusableAsset("asset", "its MessagePack is not the shortest form")
    if version != ASSET_VERSION:
        raise UnusableAsset("version", f"{version}; known is {ASSET_VERSION}")
    if len(positions) % _POSITION_BYTES:
        raise UnusableAsset("positions", f"{len(positions)} bytes are no multiple of {_POSITION_BYTES}")
    if len(offsets) % _INDEX_BYTES or not offsets:
        raise UnusableAsset("offsets", f"{len(offsets)} bytes are no uint32 for each face and one more")
    if len(corners) % _INDEX_BYTES:
        raise UnusableAsset("corners", f"{len(corners)} bytes are no multiple of {_INDEX_BYTES}")
    ends = np.frombuffer(offsets, "<u4").astype(np.int64)
    counts = ends[1:] - ends[:-1]
    loops = np.frombuffer(corners, "<u4").astype(np.int64)
    if ends[0] != 0 or ends[-1] != len(loops) or (counts < 0).any():
        raise UnusableAsset("offsets", f"they do not rise from 0 to the {len(loops)} corners")
    points = np.frombuffer(positions, "<f8").astype(np.float64).reshape(-1, 3)
    _check_loops(len(points), counts, loops)
    unused = np.bincount(loops, minlength=len(points)) == 0
    if unused.any():
        raise UnusableAsset("positions", f"no face comes to vertex {int(np.argmax(unused))}")
    if not (np.abs(points) <= COORDINATE_METRES_MAX).all():
        raise UnusableAsset("positions", f"not all finite and within ±{COORDINATE_METRES_MAX:g} metres")
    points += 0.0
    return Polygons(points, counts, loops)


def check_asset_size(size: int) -> None:
    """Refuse more bytes than an asset may have.

    Raises:
        UnusableAsset: over ASSET_BYTES_MAX.
    """
    if size > ASSET_BYTES_MAX:
        raise UnusableAsset("size", f"{size} bytes are more than {ASSET_BYTES_MAX}")


def _check_loops(vertex_count: int, counts: Slots, corners: Slots) -> None:
    if not 1 <= len(counts) <= ASSET_FACES_MAX:
        raise UnusableAsset("faces", f"{len(counts)} faces are not 1 to {ASSET_FACES_MAX}")
    if len(corners) > ASSET_CORNERS_MAX:
        raise UnusableAsset("corners", f"{len(corners)} corners are more than {ASSET_CORNERS_MAX}")
    if counts.max() > ASSET_FACE_CORNERS_MAX:
        raise UnusableAsset("faces", f"one has {int(counts.max())} corners, more than {ASSET_FACE_CORNERS_MAX}")
    outside = (corners < 0) | (corners >= vertex_count)
    if outside.any():
        worst = int(corners[int(np.argmax(outside))])
        raise UnusableAsset("corners", f"vertex {worst} is none of 0 … {vertex_count - 1}")
