"""The vectors of spec/vectors/codecs.json: what columns are as lanes, and what lanes restore to (ECS-5 to ECS-10).

Columns are their little-endian bytes. Each case names the codec as a descriptor does (ECS-4), null for Raw.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.ecs.codecs import Bits, Codec, EntityReference, FixedPoint, Raw, SmallestThree
from theta.ecs.fields import Column

_FLOATS = (0.0, -0.0, 1.0, -1.5, 0.002, 0.0021, 99.998, -100.0, 1e-30, 250.0, -3e38, float("inf"), float("nan"))
_HALF = 0.5
_ROTATIONS = (
    (0.0, 0.0, 0.0, 1.0),
    (0.0, 0.0, 0.0, -2.0),
    (_HALF, -_HALF, _HALF, -_HALF),
    (0.7071, 0.7071, 0.0, 0.0),
    (-0.1, 0.2, 0.9, -0.3),
    (0.3, -0.9, 0.05, 0.3),
    (1e-30, 0.0, 0.0, 0.0),
    (3e38, -3e38, 1e38, 0.0),
    (0.0, 0.0, 0.0, 0.0),
    (float("nan"), 0.0, 0.0, 1.0),
)
_WIDEST = (0, 1, -1, 127, -128, 128, 32_767, -32_768, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63))


def codec_vectors() -> dict[str, Any]:
    """Every codec over columns of every kind that it carries."""
    metres = FixedPoint(step=0.004, low=-100.0, high=100.0)
    cases: list[tuple[Codec, Column, Any]] = [
        (Raw(), Column("<f4"), _FLOATS),
        (Raw(), Column("<f8", 13), (_FLOATS,)),
        *((Raw(), Column(f"<{kind}{size}"), _ends(f"<{kind}{size}")) for kind in "ui" for size in (1, 2, 4, 8)),
        (metres, Column("<f4"), _FLOATS),
        (metres, Column("<f8", 13), (_FLOATS,)),
        (FixedPoint(step=0.1, low=0.0, high=1.0), Column("<f4"), (0.0, 0.04999, 0.05, 0.95, 1.0, 7.0)),
        *((SmallestThree(bits=bits), Column("<f4", 4), _ROTATIONS) for bits in (8, 10, 11, 16)),
        (SmallestThree(), Column("<f8", 4), _ROTATIONS),
        *((Bits(count=count), Column("<u1", 5), ((0, 1, 2, 3, 255), (255,) * 5, (0,) * 5)) for count in (1, 2, 4, 8)),
        (EntityReference(), Column("<u8"), (0, 1 << 32, 2**64 - 1)),
    ]
    return {"columns": [_case(*case) for case in cases]}


def _case(codec: Codec, column: Column, values: Any) -> dict[str, Any]:
    with np.errstate(over="ignore"):
        rows = np.array(values, column.dtype)
    bound = codec.bound_to(column)
    lanes = bound.quantise(rows)
    # Whatever lanes come, something restores: the numbers at which widths end, as their natural bytes hold them.
    sizes = np.repeat(bound.natural_bytes, bound.groups)
    strange = np.stack([np.array(_WIDEST).astype(f"<i{size}").astype(np.int64) for size in sizes], axis=1)
    return {
        "codec": codec.descriptor(),
        "dtype": column.dtype,
        "width": column.width,
        "groups": list(bound.groups),
        "natural_bytes": list(bound.natural_bytes),
        "rows": rows.tobytes().hex(),
        "lanes": _texts(lanes),
        "restored": bound.restore(lanes).tobytes().hex(),
        "strange_lanes": _texts(strange),
        "strange_restored": bound.restore(strange).tobytes().hex(),
    }


def _texts(lanes: NDArray[np.int64]) -> list[list[str]]:
    """The lanes as decimal strings: some have 64 bits."""
    return [[str(lane) for lane in row] for row in lanes.tolist()]


def _ends(dtype: str) -> tuple[int, ...]:
    limits = np.iinfo(dtype)
    return (int(limits.min), int(limits.max), 0, 1)
