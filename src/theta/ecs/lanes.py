"""A component's lanes side by side: what the state plane takes differences of, and the fields that travel as bytes."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from theta.ecs.codecs import Codec, Lanes
from theta.ecs.fields import Column, ObjectKind

if TYPE_CHECKING:
    from theta.ecs.declaration import Field


class LaneLayout:
    """The lanes and the object fields of some declared fields, in declared order.

    Attributes:
        codecs: (name, codec, first lane, lane after the last) of each field with lanes.
        objects: (name, kind) of each field that travels as bytes: Text, Bytes and Blob.
        groups: how many lanes each group has.
        natural_bytes: each group's bytes per lane at its widest.
    """

    def __init__(self, fields: Sequence["Field"]) -> None:
        codecs: list[tuple[str, Codec, int, int]] = []
        objects: list[tuple[str, ObjectKind]] = []
        start = 0
        for field in fields:
            if field.codec is not None:
                end = start + sum(field.codec.groups)
                codecs.append((field.name, field.codec, start, end))
                start = end
            else:
                assert not isinstance(field.kind, Column)
                objects.append((field.name, field.kind))
        self.codecs = tuple(codecs)
        self.objects = tuple(objects)
        self.groups = tuple(group for _, codec, _, _ in codecs for group in codec.groups)
        self.natural_bytes = tuple(size for _, codec, _, _ in codecs for size in codec.natural_bytes)

    @property
    def lane_count(self) -> int:
        """How many lanes there are."""
        return self.codecs[-1][3] if self.codecs else 0

    @cached_property
    def lane_bytes(self) -> NDArray[np.int64]:
        """Each lane's natural bytes, (lanes,)."""
        return np.repeat(np.array(self.natural_bytes, np.int64), np.array(self.groups, np.int64))

    def quantise(self, columns: Mapping[str, NDArray[Any]], rows: int) -> Lanes:
        """The lanes (rows, lanes) of a component's columns by field; fields without lanes are left out."""
        # Lane after lane in memory: differences and widths are worked out by lane.
        lanes = np.empty((self.lane_count, rows), np.int64)
        for name, codec, start, end in self.codecs:
            lanes[start:end] = codec.quantise(columns[name]).T
        return lanes.T

    def restore(self, lanes: Lanes) -> dict[str, NDArray[Any]]:
        """The columns by field that lanes (rows, lanes) stand for: in the fields' dtypes, (rows,) or (rows, width)."""
        return {name: codec.restore(lanes[:, start:end]) for name, codec, start, end in self.codecs}
