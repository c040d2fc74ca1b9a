"""Bytes to sections: every length and number is checked here, and what is wrong is named (REP-10 … REP-15).

What depends on what the receiver has (a difference to nothing, somebody who comes to a place that is taken) is checked
by `cells`.
"""

from functools import lru_cache
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import (
    BASELINE_AGE_TICKS_MAX,
    CELL_ENTITIES_MAX,
    STATE_CELLS_MAX,
    STATE_OBJECT_BYTES_MAX,
    STATE_SECTION_BYTES_MAX,
    U32_MAX,
)
from theta.replication.schema import ENTITY, FULL, REMOVED, ComponentLayout, Schema

_KINDS = ("removed", "full", "delta", "delta")


class Part(NamedTuple):
    """What a section says of one component.

    Attributes:
        number: the component's; ENTITY for who comes and leaves.
        kind: REMOVED, FULL, DELTA or WIDE.
        bitmap: indices in the cell.
        lanes: differences, (rows, lanes) int64; of REMOVED none.
        objects: for each object field its values, or None where none changed.
        destinations: of leaving entities: 0 despawned, 1 nowhere, else cell + 2.
    """

    number: int
    kind: int
    bitmap: int
    lanes: NDArray[np.int64]
    objects: tuple[tuple[bytes, ...] | None, ...] = ()
    destinations: tuple[int, ...] = ()

    @property
    def rows(self) -> tuple[int, ...]:
        """The bitmap's indices, ascending."""
        return indices_of(self.bitmap)


class Section(NamedTuple):
    """What changed in a cell since `age` ticks before; age 0 tells everything."""

    cell: int
    age: int
    parts: tuple[Part, ...]


def read_sections(schema: Schema, body: bytes, sections_max: int = STATE_CELLS_MAX) -> tuple[Section, ...]:
    """The sections of a frame's body.

    Args:
        schema: the session's.
        body: as it came.
        sections_max: reading ends where there are more.

    Raises:
        ProtocolError: names what is wrong, and after how many bytes.
    """
    plain = _read_plain(schema, body, sections_max)
    if plain is not None:
        return plain
    reader = _Reader(schema, body)
    told: list[tuple[int, int, list[_Told]]] = []
    cells: set[int] = set()
    while reader.at < len(body):
        if len(told) == sections_max:
            reader.fail(f"there are more than {sections_max} sections")
        section = reader.section()
        if section[0] in cells:
            reader.fail(f"cell {section[0]} is told twice")
        cells.add(section[0])
        told.append(section)
    for block in reader.blocks.values():
        block.read()
    return tuple([Section(cell, age, tuple([part.whole() for part in parts])) for cell, age, parts in told])


class _Block:
    """The lanes of all parts of one component that have the same widths, which are read at once."""

    __slots__ = ("count", "data", "lanes", "layout", "pieces", "stride")

    def __init__(self, layout: ComponentLayout, codes: tuple[int, ...]) -> None:
        self.layout = layout
        self.pieces, self.stride = _pieces(layout, codes)
        self.data: list[bytes] = []
        self.count = 0
        self.lanes = np.zeros((0, layout.lane_count), np.int64)

    def add(self, data: bytes, count: int) -> int:
        """The rows of a part; returns which is the first of them."""
        first = self.count
        self.data.append(data)
        self.count += count
        return first

    def read(self) -> None:
        """All rows, (rows, lanes)."""
        data = np.frombuffer(b"".join(self.data), np.uint8).reshape(self.count, self.stride)
        self.lanes = np.zeros((self.count, self.layout.lane_count), np.int64)
        for start, width, first, last in self.pieces:
            piece = np.ascontiguousarray(data[:, start : start + width * (last - first)])
            self.lanes[:, first:last] = piece.view(f"<i{width}")


_PlainPart = tuple[int, int, int, _Block, int, int]
"""As `_Told`, of values alone."""


def _read_plain(schema: Schema, body: bytes, sections_max: int) -> tuple[Section, ...] | None:
    """Sections of values alone, as nearly all are; None where there is more in them, or anything is wrong with them."""
    told: list[tuple[int, int, list[_PlainPart]]] = []
    blocks: dict[int, _Block] = {}
    cells: set[int] = set()
    at, end = 0, len(body)
    if end > STATE_SECTION_BYTES_MAX:
        return None
    try:
        while at < end:
            cell = body[at]
            if cell >= 0x80:
                at += 1
                if not 0 < body[at] < 0x80:
                    return None
                cell = cell & 0x7F | body[at] << 7
            age, count = body[at + 1], body[at + 2]
            if cell in cells or cell >= STATE_CELLS_MAX or age > BASELINE_AGE_TICKS_MAX or count >= 0x80:
                return None
            cells.add(cell)
            parts: list[_PlainPart] = []
            at = _read_plain_parts(schema, body, at + 3, count, age > 0, blocks, parts)
            if not at:
                return None
            told.append((cell, age, parts))
    except IndexError:
        return None
    if at > end or len(told) > sections_max:
        return None
    for block in blocks.values():
        block.read()
    return tuple([Section(cell, age, tuple([_plain_part(*part) for part in parts])) for cell, age, parts in told])


def _read_plain_parts(
    schema: Schema, body: bytes, at: int, count: int, has_base: bool, blocks: dict[int, _Block], parts: list[_PlainPart]
) -> int:
    """So many parts from byte `at` on, into `parts`; returns where they end, or 0 if they are not all plain.

    What `_Reader` does in many calls for each of them is written out here.
    """
    before = taken = 0
    for _ in range(count):
        head, bitmap = body[at], body[at + 1] | body[at + 2] << 8
        number, kind = head >> 2, head & 3
        if number != before >> 2:
            taken = 0
        is_told_so = kind == FULL or (kind != REMOVED and has_base and number != ENTITY)
        if not (before < head < 0x80 and bitmap and is_told_so) or taken & bitmap:
            return 0
        before, taken = head, taken | bitmap
        key = number << 8 | body[at + 3]
        block = blocks.get(key)
        if block is None:
            block = _plain_block(schema, number, body[at + 3])
            if block is None:
                return 0
            blocks[key] = block
        rows = bitmap.bit_count()
        start = at + 4
        at = start + block.stride * rows
        first = block.add(body[start:at], rows)
        parts.append((number, kind, bitmap, block, first, first + rows))
    return at


def _plain_part(number: int, kind: int, bitmap: int, block: _Block, first: int, last: int) -> Part:
    return Part(number, kind, bitmap, block.lanes[first:last])


def _plain_block(schema: Schema, number: int, packed: int) -> _Block | None:
    """A component's rows of such widths; None where it has fields that are no lanes, or not these widths."""
    layout = schema.layouts[number]
    codes, problem = _codes_of(layout, packed)
    return None if layout.objects or layout.code_bytes > 1 or problem else _Block(layout, codes)


class _Told(NamedTuple):
    """A part whose lanes are not read yet: rows `first` to `last` of a block."""

    number: int
    kind: int
    bitmap: int
    block: _Block
    first: int
    last: int
    objects: tuple[tuple[bytes, ...] | None, ...]
    destinations: tuple[int, ...]

    def whole(self) -> Part:
        """The part with its lanes."""
        number, kind, bitmap, block, first, last, objects, destinations = self
        return Part(number, kind, bitmap, block.lanes[first:last], objects, destinations)


class _Reader:
    def __init__(self, schema: Schema, body: bytes) -> None:
        if len(body) > STATE_SECTION_BYTES_MAX:
            raise ProtocolError(f"sections have at most {STATE_SECTION_BYTES_MAX} bytes, not {len(body)}")
        self.schema, self.body, self.at = schema, body, 0
        self.blocks: dict[tuple[int, int], _Block] = {}

    def fail(self, problem: str) -> NoReturn:
        raise ProtocolError(f"sections, byte {self.at}: {problem}")

    def section(self) -> tuple[int, int, list[_Told]]:
        cell = self.varint("cell")
        if cell >= STATE_CELLS_MAX:
            self.fail(f"cell is {cell}, but must be below {STATE_CELLS_MAX}")
        age = self.byte("age")
        if age > BASELINE_AGE_TICKS_MAX:
            self.fail(f"age is {age}, but must be at most {BASELINE_AGE_TICKS_MAX}")
        parts: list[_Told] = []
        before = -1
        number, taken = ENTITY, 0
        for _ in range(self.varint("parts")):
            head = self.varint("part")
            if head <= before:
                self.fail("parts are not in ascending order of number and kind")
            before = head
            part = self.part(head >> 2, head & 3, age)
            if part.number != number:
                number, taken = part.number, 0
            if number != ENTITY:
                if taken & part.bitmap:
                    self.fail(f"a row of {self.schema.layouts[number].name} is told twice")
                taken |= part.bitmap
            parts.append(part)
        return cell, age, parts

    def part(self, number: int, kind: int, age: int) -> _Told:
        if number >= self.schema.count:
            self.fail(f"component number {number} is not among the session's {self.schema.count - 1}")
        layout = self.schema.layouts[number]
        if age == 0 and kind != FULL:
            self.fail(f"{layout.name} is {_KINDS[kind]} in a section from nothing")
        if number == ENTITY and kind > FULL:
            self.fail("entities come and leave, but have no deltas")
        bitmap = self.byte("rows") | self.byte("rows") << 8
        if not bitmap:
            self.fail(f"{layout.name} has no rows")
        count = bitmap.bit_count()
        if kind == REMOVED:
            leaving = count if number == ENTITY else 0
            destinations = tuple([self.varint("destination") for _ in range(leaving)])
            none = self.blocks.get((number, 0)) or self.block(number, layout, 0)
            return _Told(number, kind, bitmap, none, 0, 0, (), destinations)
        size = layout.code_bytes
        packed = self.byte("widths") if size == 1 else int.from_bytes(self.take(size, "widths"), "little")
        block = self.blocks.get((number, packed)) or self.block(number, layout, packed)
        first = block.add(self.take(block.stride * count, "lanes of ", layout.name), count)
        objects = self.objects(layout, packed, count) if layout.objects else ()
        return _Told(number, kind, bitmap, block, first, first + count, objects, ())

    def block(self, number: int, layout: ComponentLayout, packed: int) -> _Block:
        codes, problem = _codes_of(layout, packed)
        if problem:
            self.fail(f"{layout.name}{problem}")
        block = self.blocks[number, packed] = _Block(layout, codes)
        return block

    def objects(self, layout: ComponentLayout, packed: int, count: int) -> tuple[tuple[bytes, ...] | None, ...]:
        codes, _ = _codes_of(layout, packed)
        return tuple(
            tuple([self.object(layout) for _ in range(count)]) if code else None for code in codes[len(layout.groups) :]
        )

    def object(self, layout: ComponentLayout) -> bytes:
        size = self.varint("length")
        if size > STATE_OBJECT_BYTES_MAX:
            self.fail(f"{layout.name}: a field of {size} bytes, but at most {STATE_OBJECT_BYTES_MAX}")
        return self.take(size, "field of ", layout.name)

    def byte(self, what: str) -> int:
        at = self.at
        if at >= len(self.body):
            self.fail(f"the bytes end within the {what}")
        self.at = at + 1
        return self.body[at]

    def take(self, size: int, what: str, of: str = "") -> bytes:
        end = self.at + size
        if end > len(self.body):
            self.fail(f"the bytes end within the {what}{of}")
        data = self.body[self.at : end]
        self.at = end
        return data

    def varint(self, what: str) -> int:
        value = self.byte(what)
        if value < 0x80:
            return value
        value &= 0x7F
        for shift in range(7, 35, 7):
            byte = self.byte(what)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > U32_MAX or not byte:
                    break
                return value
        self.fail(f"the {what} is no LEB128 of a u32 in its shortest form")


@lru_cache(maxsize=4096)
def indices_of(bitmap: int) -> tuple[int, ...]:
    """The indices in a cell that a bitmap has, ascending."""
    return tuple(at for at in range(CELL_ENTITIES_MAX) if bitmap >> at & 1)


@lru_cache(maxsize=4096)
def _codes_of(layout: ComponentLayout, packed: int) -> tuple[tuple[int, ...], str]:
    """Each group's width, and what is wrong with them."""
    codes = tuple(packed >> 2 * group & 3 for group in range(layout.group_count))
    if packed >> 2 * layout.group_count:
        return codes, f" has widths of more than its {layout.group_count} groups"
    for group, code in enumerate(codes):
        if group >= len(layout.groups):
            if code not in (0, 3):
                return codes, f": width {code} of an object field, which has 0 or 3"
        elif (code == 2 and layout.natural_bytes[group] == 1) or (code == 3 and layout.natural_bytes[group] < 4):
            return codes, f": width {code} of group {group}, of {layout.natural_bytes[group]} bytes"
    return codes, ""


@lru_cache(maxsize=4096)
def _pieces(layout: ComponentLayout, codes: tuple[int, ...]) -> tuple[tuple[tuple[int, int, int, int], ...], int]:
    """Where lanes of one width are in a row: first byte, bytes of a lane, first lane, lane after the last.

    And a row's bytes. Neighbouring groups of one width are one piece.
    """
    pieces: list[tuple[int, int, int, int]] = []
    start = first = 0
    for lanes, natural, code in zip(layout.groups, layout.natural_bytes, codes[: len(layout.groups)], strict=True):
        width = (0, 1, 2, natural)[code]
        if width and pieces and pieces[-1][1] == width and pieces[-1][3] == first:
            pieces[-1] = (*pieces[-1][:3], first + lanes)
        elif width:
            pieces.append((start, width, first, first + lanes))
        start += width * lanes
        first += lanes
    return tuple(pieces), start
