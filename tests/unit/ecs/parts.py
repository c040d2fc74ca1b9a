"""Components that these tests build on."""

from dataclasses import dataclass
from typing import Annotated

from theta.ecs.component import Blob, Column, Plane, Text, component

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
