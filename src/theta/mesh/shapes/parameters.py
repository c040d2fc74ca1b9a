"""What a shape is asked for by, and what each kind takes: spec/mesh.md, MESH-65."""

from dataclasses import dataclass
from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import (
    PRIMITIVE_METRES_MAX,
    PRIMITIVE_METRES_MIN,
    SHAPE_LEVELS_MAX,
    SHAPE_RINGS_MAX,
    SHAPE_SEGMENTS_MAX,
    SHAPE_TUBE_RATIO_MAX,
    SHAPE_TUBE_RATIO_MIN,
)


@dataclass(frozen=True, slots=True)
class ShapeParameters:
    """Which shape to make. What is None is the kind's default; what the kind does not take must be None.

    Attributes:
        kind: one of SHAPES.
        size: metres; the edge of the cube around the origin that the shape fits.
        segments: around the axis (cone, cylinder, sphere, torus, ngon), or along x (grid).
        rings: from pole to pole (sphere), around the tube (torus), or along z (grid).
        levels: how often each triangle of the icosahedron is split into four.
        tube: the torus's ratio of the tube's radius to that of the circle in its middle.
    """

    kind: str
    size: float = 1.0
    segments: int | None = None
    rings: int | None = None
    levels: int | None = None
    tube: float | None = None


class Range(NamedTuple):
    """A parameter's limits, both within, and its default."""

    low: float
    high: float
    default: float


class Sizes(NamedTuple):
    """The parameters of one shape, checked; 0 for what its kind does not take.

    `half` is half of the size, in metres.
    """

    half: float
    segments: int
    rings: int
    levels: int
    tube: float


def _around(default: int, low: int = 3) -> Range:
    return Range(low, SHAPE_SEGMENTS_MAX, default)


def _rings(default: int, low: int) -> Range:
    return Range(low, SHAPE_RINGS_MAX, default)


TAKES: dict[str, dict[str, Range]] = {
    "cube": {},
    "pyramid": {},
    "cone": {"segments": _around(32)},
    "cylinder": {"segments": _around(32)},
    "sphere": {"segments": _around(32), "rings": _rings(16, 2)},
    "icosphere": {"levels": Range(0, SHAPE_LEVELS_MAX, 2)},
    "torus": {
        "segments": _around(48),
        "rings": _rings(12, 3),
        "tube": Range(SHAPE_TUBE_RATIO_MIN, SHAPE_TUBE_RATIO_MAX, 0.25),
    },
    "plane": {},
    "grid": {"segments": _around(10, 1), "rings": _rings(10, 1)},
    "ngon": {"segments": _around(32)},
}
"""The parameters of each kind besides its size."""

SHAPES: tuple[str, ...] = tuple(TAKES)


def check_parameters(parameters: ShapeParameters) -> Sizes:
    """The parameters with their defaults, believing nothing.

    Raises:
        InvalidValue: no such kind, a parameter that it does not take, or one that is out of its limits.
    """
    kind, size = parameters.kind, parameters.size
    takes = TAKES.get(kind)
    if takes is None:
        raise InvalidValue("kind", kind, "one of " + ", ".join(SHAPES))
    if not _is_number(size) or not PRIMITIVE_METRES_MIN <= size <= PRIMITIVE_METRES_MAX:
        raise InvalidValue("size", size, f"{PRIMITIVE_METRES_MIN} … {PRIMITIVE_METRES_MAX} metres")
    return Sizes(
        half=float(size) * 0.5,
        segments=_whole(kind, "segments", parameters.segments, takes),
        rings=_whole(kind, "rings", parameters.rings, takes),
        levels=_whole(kind, "levels", parameters.levels, takes),
        tube=float(_checked(kind, "tube", parameters.tube, takes)),
    )


def _whole(kind: str, field: str, value: int | None, takes: dict[str, Range]) -> int:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise InvalidValue(field, value, "a whole number")
    return int(_checked(kind, field, value, takes))


def _checked(kind: str, field: str, value: float | None, takes: dict[str, Range]) -> float:
    limits = takes.get(field)
    if limits is None:
        if value is not None:
            raise InvalidValue(field, value, f"left out, since a {kind} has none")
        return 0
    if value is None:
        return limits.default
    if not _is_number(value) or not limits.low <= value <= limits.high:
        raise InvalidValue(field, value, f"{limits.low} … {limits.high}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
