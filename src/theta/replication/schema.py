"""What a session's components are made of on the wire: lanes, groups and object fields (REP-6, REP-7).

A component's number is its place among the session's descriptors, from 1. Number 0 is the entity itself: two lanes, its
index and its generation, so that coming into a cell and leaving it are a part of a section like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import STATE_COMPONENT_GROUPS_MAX, STATE_COMPONENTS_MAX
from theta.ecs.component import ComponentType
from theta.ecs.declaration import SCOPES
from theta.ecs.evolution import RemoteComponent

ENTITY = 0
"""The number of the entity itself."""
REMOVED, FULL, DELTA, WIDE = range(4)
"""What a part's rows are, in the order of the wire: gone, from nothing, differences, differences that take more."""
_WIDE_CODES = 0x6666_6666_6666_6666
_NATURAL = (1, 2, 4, 8)


@dataclass(frozen=True)
class ComponentLayout:
    """One component as it travels.

    Attributes:
        name: the canonical name.
        scope: who gets it.
        groups: how many lanes each group has.
        natural_bytes: each group's bytes per lane at its widest: 1, 2, 4 or 8.
        objects: how many fields travel as bytes; each counts as a group, after the others.
    """

    name: str
    scope: str
    groups: tuple[int, ...]
    natural_bytes: tuple[int, ...]
    objects: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.group_count <= STATE_COMPONENT_GROUPS_MAX:
            raise InvalidValue(
                f"{self.name}: groups",
                self.group_count,
                f"in [1, {STATE_COMPONENT_GROUPS_MAX}]; make it two components",
            )
        if len(self.groups) != len(self.natural_bytes) or any(each not in _NATURAL for each in self.natural_bytes):
            raise InvalidValue(f"{self.name}: natural bytes", self.natural_bytes, "1, 2, 4 or 8 for each group")
        if any(lanes < 1 for lanes in self.groups):
            raise InvalidValue(f"{self.name}: lanes", self.groups, "at least 1 in a group")
        if self.scope not in SCOPES:
            raise InvalidValue(f"{self.name}: scope", self.scope, f"one of {SCOPES}")

    @classmethod
    def of(cls, component: ComponentType | RemoteComponent) -> "ComponentLayout":
        """A component's layout, as it is declared here or elsewhere.

        Raises:
            InvalidValue: over STATE_COMPONENT_GROUPS_MAX groups.
        """
        lanes = component.lanes
        return cls(component.name, component.scope, lanes.groups, lanes.natural_bytes, len(lanes.objects))

    @cached_property
    def lane_count(self) -> int:
        """How many lanes a row has, without its object fields."""
        return sum(self.groups)

    @cached_property
    def group_count(self) -> int:
        """How many widths a part tells, the object fields included."""
        return len(self.groups) + self.objects

    @cached_property
    def code_bytes(self) -> int:
        """The bytes of these widths, two bits each."""
        return -(-self.group_count // 4)

    @cached_property
    def lane_bytes(self) -> tuple[int, ...]:
        """Each lane's natural bytes."""
        pairs = zip(self.groups, self.natural_bytes, strict=True)
        return tuple(size for lanes, size in pairs for _ in range(lanes))


ENTITY_LAYOUT = ComponentLayout("theta.Entity", "", (1, 1), (4, 4))


class Schema:
    """The layouts of a session's components, by number; and as arrays, for encoding without a loop over entities.

    Args:
        components: those with numbers 1 and on, in order.

    Raises:
        InvalidValue: more than STATE_COMPONENTS_MAX.
    """

    def __init__(self, components: Iterable[ComponentLayout]) -> None:
        self.layouts = (ENTITY_LAYOUT, *components)
        if self.count - 1 > STATE_COMPONENTS_MAX:
            raise InvalidValue("components", self.count - 1, f"at most {STATE_COMPONENTS_MAX}")
        self.numbers = {layout.name: number for number, layout in enumerate(self.layouts)}
        self.stored_lanes = np.array([each.lane_count + each.objects for each in self.layouts], np.int64)
        self.parts_max = 4 * len(self.layouts)
        self.first_lane = np.cumsum(self.stored_lanes) - self.stored_lanes
        self.group_counts = np.array([each.group_count for each in self.layouts], np.int64)
        self.first_group = np.cumsum(self.group_counts) - self.group_counts
        self.object_counts = np.array([each.objects for each in self.layouts], np.int64)
        self.has_objects = bool(self.object_counts.any())
        self.allowed = np.array([[number == ENTITY or each.scope == scope for number, each in enumerate(self.layouts)]
                                 for scope in SCOPES])  # fmt: skip

    @classmethod
    def of(cls, components: Iterable[ComponentType | RemoteComponent]) -> "Schema":
        """The schema of components, in this order.

        Raises:
            InvalidValue: too many components, or too many groups in one.
        """
        return cls(ComponentLayout.of(each) for each in components)

    @property
    def count(self) -> int:
        """How many numbers there are, the entity's included."""
        return len(self.layouts)

    @cached_property
    def lane_shifts(self) -> tuple[NDArray[np.int64], ...]:
        """By number, for each lane: how far left and back again its natural bytes wrap around."""
        return tuple(64 - 8 * np.array(each.lane_bytes, np.int64) for each in self.layouts)

    @cached_property
    def stored_groups(self) -> tuple[tuple[int, ...], ...]:
        """By number: stored lanes of each group; an object field has one."""
        return tuple((*each.groups, *(1,) * each.objects) for each in self.layouts)

    @cached_property
    def group_lanes(self) -> NDArray[np.int64]:
        """Stored lanes of each group of all components, (groups,); an object field has one."""
        return np.array([lanes for groups in self.stored_groups for lanes in groups], np.int64)

    @cached_property
    def group_shifts(self) -> NDArray[np.uint64]:
        """Where each group's four bits are in its component's word of needs, (groups,)."""
        return np.array([4 * group for each in self.layouts for group in range(each.group_count)], np.uint64)

    @cached_property
    def needs(self) -> NDArray[np.uint64]:
        """By group and width code, (groups * 4,): the bits of a word that say what a row needs.

        A group's width is none, one byte, two, or its natural ones: codes 0 to 3. Code n sets the lowest n bits of the
        group's four, so that OR over rows is the widest of them. Natural bytes of 1 or 2 end at their own code, and an
        object field needs 3 or nothing.
        """
        rows = []
        for layout in self.layouts:
            widest = [*(_code_of(size) for size in layout.natural_bytes), *(3 for _ in range(layout.objects))]
            for group, most in enumerate(widest):
                least = most if group >= len(layout.groups) else 0
                codes = [0, *(min(max(code, least), most) for code in (1, 2, 3))]
                rows += [((1 << code) - 1) << (4 * group) for code in codes]
        return np.array(rows, np.uint64)

    @cached_property
    def widths(self) -> NDArray[np.int64]:
        """By group and its four bits of a word of needs, (groups * 16,): bytes of a lane; none for object fields."""
        rows = []
        for layout in self.layouts:
            for natural in (*layout.natural_bytes, *(0,) * layout.objects):
                row = [0] * 16
                row[0b001], row[0b011], row[0b111] = min(1, natural), min(2, natural), natural
                rows += row
        return np.array(rows, np.int64)

    @cached_property
    def stored_lane_counts(self) -> tuple[int, ...]:
        """`stored_lanes` as numbers."""
        return tuple(self.stored_lanes.tolist())

    @cached_property
    def bounded_groups(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """By number: groups of natural bytes 1 and 2, and the largest difference told apart there; object fields, 0."""
        found = []
        for layout in self.layouts:
            narrow = [(at, (1 << 8 * size - 1) - 1) for at, size in enumerate(layout.natural_bytes) if size < 4]
            found.append((*narrow, *((len(layout.groups) + at, 0) for at in range(layout.objects))))
        return tuple(found)

    def row_bytes(self, numbers: NDArray[np.int64], codes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Bytes of a row's lanes, for components and their widths on the wire, (n,)."""
        found = None
        for at, table in enumerate(self._bytes_of_codes):
            one: NDArray[np.int64] = table.take(numbers << 8 | (codes.view(np.int64) >> 8 * at & 0xFF))
            found = one if found is None else found + one
        assert found is not None
        return found

    @cached_property
    def _bytes_of_codes(self) -> list[NDArray[np.int64]]:
        """For each byte of widths, by number and byte, (numbers * 256,): bytes of a row's lanes in its four groups."""
        tables = np.zeros((self.code_bytes_max, self.count, 256), np.int64)
        codes = np.arange(256)
        for number, layout in enumerate(self.layouts):
            for group, (lanes, natural) in enumerate(zip(layout.groups, layout.natural_bytes, strict=True)):
                widths = np.array((0, 1, 2, natural)) * lanes
                tables[group // 4, number] += widths[codes >> 2 * (group % 4) & 3]
        return [table.ravel() for table in tables]

    @cached_property
    def lane_needs(self) -> NDArray[np.uint64]:
        """`needs` by stored lane and width code, (lanes * 4,)."""
        return self.needs.reshape(-1, 4).repeat(self.group_lanes, axis=0).ravel()

    @cached_property
    def lane_widths(self) -> NDArray[np.int64]:
        """`widths` by stored lane and four bits of a word of needs, (lanes * 16,)."""
        return self.widths.reshape(-1, 16).repeat(self.group_lanes, axis=0).ravel()

    @cached_property
    def lane_group_shifts(self) -> NDArray[np.uint64]:
        """`group_shifts` by stored lane, (lanes,)."""
        return self.group_shifts.repeat(self.group_lanes)

    @cached_property
    def head_shifts(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """By number and kind, (numbers * 4,): how far left a part's rows and its widths are behind its varint."""
        bits = (8 * self.heads[1]).view(np.uint64)
        return bits, bits + np.uint64(16)

    @cached_property
    def head_bytes(self) -> NDArray[np.int64]:
        """By number and kind, (numbers * 4,): bytes of a part before its rows' lanes."""
        return self.heads[1] + 2 + self.code_bytes

    @cached_property
    def code_bytes_max(self) -> int:
        """The most bytes that a component's widths take."""
        return int(self.code_bytes.max())

    @cached_property
    def heads(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """By number and kind, (numbers * 4,): the varint that begins a part, and its bytes."""
        return varints(np.arange(self.count * 4))

    @cached_property
    def code_bytes(self) -> NDArray[np.int64]:
        """Bytes of the widths by number and kind, (numbers * 4,); REMOVED has none."""
        return np.array(
            [0 if kind == REMOVED else layout.code_bytes for layout in self.layouts for kind in range(4)], np.int64
        )

    @cached_property
    def natural_codes(self) -> tuple[int, ...]:
        """By number: the widths of a part in which every group has its natural ones, as on the wire."""
        found = []
        for layout in self.layouts:
            codes = [*(_code_of(size) for size in layout.natural_bytes), *(3 for _ in range(layout.objects))]
            found.append(sum(int(code) << (2 * group) for group, code in enumerate(codes)))
        return tuple(found)


def is_wide(needs: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether words of needs ask for more than a byte in any group."""
    wide: NDArray[np.bool_] = (needs & np.uint64(_WIDE_CODES)) != 0
    return wide


def codes_of(needs: NDArray[np.uint64], code_bytes: int) -> NDArray[np.uint64]:
    """Words of needs as the widths on the wire, two bits for each group, from the low bits."""
    found = _CODES_OF_NEEDS[(needs & np.uint64(0xFFFF)).view(np.int64)]
    for at in range(1, code_bytes):
        quarter = (needs >> np.uint64(16 * at)) & np.uint64(0xFFFF)
        found |= _CODES_OF_NEEDS[quarter.view(np.int64)] << np.uint64(8 * at)
    return found


def varints(values: NDArray[np.int64], most: int | None = None) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """LEB128 of numbers below 2^35: the bytes as little-endian integers, and how many there are.

    Args:
        values: (n,).
        most: what none of them is over, if that is known.
    """
    rest = values.astype(np.uint64)
    sizes = np.ones(len(rest), np.int64)
    if not len(rest) or (int(rest.max()) if most is None else most) < 0x80:
        return rest, sizes
    packed = rest & np.uint64(0x7F)
    for at in range(1, 5):
        rest = rest >> np.uint64(7)
        more = rest > 0
        if not more.any():
            break
        packed |= (more.astype(np.uint64) << np.uint64(8 * at - 1)) | (rest & np.uint64(0x7F)) << np.uint64(8 * at)
        sizes += more
    return packed, sizes


def _code_of(natural: int) -> int:
    return {1: 1, 2: 2}.get(natural, 3)


def _codes_table() -> NDArray[np.uint64]:
    needs = np.arange(1 << 16, dtype=np.uint64)
    found = np.zeros(1 << 16, np.uint64)
    for group in range(4):
        four = (needs >> np.uint64(4 * group)) & np.uint64(0xF)
        code = (four & np.uint64(1)) + ((four >> np.uint64(1)) & np.uint64(1)) + ((four >> np.uint64(2)) & np.uint64(1))
        found |= code << np.uint64(2 * group)
    return found


_CODES_OF_NEEDS = _codes_table()
