"""Components that these tests build on."""

from dataclasses import dataclass
from typing import Annotated

from theta.ecs.codecs import Bits, EntityReference, FixedPoint, SmallestThree
from theta.ecs.component import Blob, Bytes, Column, Plane, Text, component

Vector = Annotated[tuple[float, ...], Column("<f8", 3)]


@component("test.Position", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Position:
    metres: Vector


@component("test.Velocity", plane=Plane.STATE)
@dataclass(frozen=True)
class Velocity:
    metres_per_second: Vector


@component("test.Label", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Label:
    text: Annotated[str, Text(8)]


@component("test.Key", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Key:
    raw: Annotated[bytes, Blob(4)]


@component("test.Everything", plane=Plane.STATE)
@dataclass(frozen=True)
class Everything:
    flag: Annotated[int, Column("<u1")]
    number: Annotated[int, Column("<i4")]
    pair: Annotated[tuple[int, ...], Column("<u2", 2)]
    weight: Annotated[float, Column("<f4")]
    key: Annotated[bytes, Blob(3)]
    note: Annotated[str, Text(5)]


EVERYTHING = Everything(7, -2, (1, 65_535), 0.5, b"\x00ab", "höh")

Float3 = tuple[float, float, float]
Float4 = tuple[float, float, float, float]


@component("test.Pose", plane=Plane.STATE, position="translation")
@dataclass(frozen=True)
class Pose:
    """One of each codec, and one of each field without lanes that may stand beside them."""

    translation: Annotated[Float3, Column("<f4", 3), FixedPoint(step=0.004, low=-100.0, high=100.0)]
    rotation: Annotated[Float4, Column("<f4", 4), SmallestThree()] = (0.0, 0.0, 0.0, 1.0)
    flags: Annotated[int, Column("<u1"), Bits()] = 0
    size: Annotated[float, Column("<f8")] = 1.0
    target: Annotated[int, Column("<u8"), EntityReference()] = 0
    key: Annotated[bytes, Blob(2)] = b"\0\0"
    payload: Annotated[bytes, Bytes(6)] = b""


@component("test.Secret", plane=Plane.STATE, scope="editor", version=3)
@dataclass(frozen=True)
class Secret:
    number: Annotated[int, Column("<i2")] = 7
