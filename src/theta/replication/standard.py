"""The components of the state plane that every room has, and that a page knows how to draw."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from theta.base.limits import COORDINATE_METRES_MAX
from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Column, Plane, component

Float3 = tuple[float, float, float]
Float4 = tuple[float, float, float, float]
Bytes3 = tuple[int, int, int]


@component("theta.Pose", plane=Plane.STATE, position="translation")
@dataclass(frozen=True)
class Pose:
    """Where something is: metres, right-handed with y up, and a unit quaternion x y z w.

    On the way it is off by at most 2 mm along each axis, and 0.14 degrees.
    """

    translation: Annotated[
        Float3, Column("<f4", 3), FixedPoint(step=0.004, low=-COORDINATE_METRES_MAX, high=COORDINATE_METRES_MAX)
    ]
    rotation: Annotated[Float4, Column("<f4", 4), SmallestThree(bits=11)] = (0.0, 0.0, 0.0, 1.0)


class ShapeKind(IntEnum):
    """What a `Shape` looks like; each is 1 m across before its size counts."""

    BOX = 0
    SPHERE = 1
    CYLINDER = 2
    CONE = 3


@component("theta.Shape", plane=Plane.STATE)
@dataclass(frozen=True)
class Shape:
    """What something looks like: a `ShapeKind`, its size along each axis in metres, and its colour, 0 to 255 sRGB."""

    kind: Annotated[int, Column("<u1")] = ShapeKind.BOX
    size: Annotated[Float3, Column("<f4", 3), FixedPoint(step=0.001, low=0.0, high=65.535)] = (0.1, 0.1, 0.1)
    colour: Annotated[Bytes3, Column("<u1", 3)] = (200, 200, 200)


STANDARD_COMPONENTS = (Pose, Shape)
