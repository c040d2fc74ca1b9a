"""What replaced the elements that are no more: spec/mesh.md, MESH-25 … MESH-27. Redirects are state.

An append-only list of blocks, one for each replacement or, from a whole-mesh operation, one for a whole kind of
element. A living element wins over any redirect of its id, and a later block over an earlier one.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.identifiers import ZERO_ID, blake2b_128
from theta.base.limits import IDENTIFIER_BYTES, MESH_REDIRECTS_MAX
from theta.mesh.columns import IdArray
from theta.mesh.errors import MalformedMesh

KINDS = ("vertex", "edge", "face")
WHOLE = (0.0, 1.0)
_HEADER = struct.Struct("<BBII")
_HALVES = 3


# A block of one retired element, kept as it came, since local operations make many: its kind, its id, its parts' ids,
# and for edges span and onto of one part after the other; or for the two halves of an edge split at t, with the same
# direction as it or not, (t, whether the first has, whether the second has).
Single = tuple[str, bytes, tuple[bytes, ...], tuple[float, ...]]


class Part(NamedTuple):
    """What took over some of a retired element.

    Attributes:
        id: 16 bytes.
        span: for edges, which part of the retired one it is: parameters from the end with the lower vertex id.
        onto: for edges, where on the new one that part lies; backwards when the new one's ends compare otherwise.
    """

    id: bytes
    span: tuple[float, float] = WHOLE
    onto: tuple[float, float] = WHOLE


class Block:
    """Retired elements of one kind and what replaced each.

    Attributes:
        kind: "vertex", "edge" or "face".
        olds: (n, 16) uint8, different ids.
        counts: (n,) uint32, how many parts each has.
        ids: (m, 16) uint8, the parts, one retired element after the other.
        ranges: (m, 4) float64, span and onto; only for edges, else None.
    """

    __slots__ = ("_begins", "_pairs", "_rows", "counts", "ids", "kind", "olds", "ranges")

    def __init__(
        self,
        kind: str,
        olds: IdArray,
        counts: NDArray[np.uint32],
        ids: IdArray,
        ranges: NDArray[np.float64] | None,
    ) -> None:
        self.kind = kind
        self.olds, self.counts, self.ids, self.ranges = olds, counts, ids, ranges
        self._rows: dict[bytes, int] | None = None
        self._begins: NDArray[np.int64] | None = None
        self._pairs: dict[bytes, int] | None = None

    def parts_of(self, old: bytes) -> tuple[Part, ...] | None:
        """What replaced an element; None when it is not in this block."""
        if self._rows is None:
            rows = np.ascontiguousarray(self.olds).view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist()
            self._rows = dict(zip(rows, range(len(rows)), strict=True))
            self._begins = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.counts, dtype=np.int64)))
        row = self._rows.get(old)
        if row is None:
            return None
        assert self._begins is not None
        return tuple([self._part(at) for at in range(int(self._begins[row]), int(self._begins[row + 1]))])

    def parent_of(self, one: bytes) -> bytes | None:
        """The last element of this block of whose exactly two parts the first is `one`."""
        if self._pairs is None:
            rows = np.flatnonzero(self.counts == 2)
            firsts = np.cumsum(self.counts, dtype=np.int64)[rows] - 2
            ids = np.ascontiguousarray(self.ids[firsts]).view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist()
            self._pairs = dict(zip(ids, rows.tolist(), strict=True))
        row = self._pairs.get(one)
        return None if row is None else self.olds[row].tobytes()

    def to_bytes(self) -> bytes:
        """What is hashed and stored (MESH-26)."""
        ranges = b"" if self.ranges is None else self.ranges.astype("<f8", copy=False).tobytes()
        head = _HEADER.pack(KINDS.index(self.kind), self.ranges is not None, len(self.olds), len(self.ids))
        return head + self.olds.tobytes() + self.counts.astype("<u4").tobytes() + self.ids.tobytes() + ranges

    def _part(self, at: int) -> Part:
        if self.ranges is None:
            return Part(self.ids[at].tobytes())
        low, high, start, end = self.ranges[at].tolist()
        return Part(self.ids[at].tobytes(), (low, high), (start, end))


class Redirects:
    """All redirects of a mesh, in the order in which they were made.

    What is asked for by id is found by indices that are brought up to date when somebody asks.

    Attributes:
        count: how many retired elements have one, each as often as it was retired.
    """

    __slots__ = ("_blocks", "_bulk", "_digests", "_indexed", "_pairs", "_places", "count")

    def __init__(self) -> None:
        self._blocks: list[Single | Block] = []
        self._digests: list[bytes] = []
        self._bulk: list[tuple[int, Block]] = []
        self._places: dict[tuple[str, bytes], list[tuple[int, Single]]] = {}
        self._pairs: dict[tuple[str, bytes], list[tuple[int, bytes]]] = {}
        self._indexed = 0
        self.count = 0

    @property
    def length(self) -> int:
        """How many blocks there are."""
        return len(self._blocks)

    def add(self, kind: str, old: bytes, parts: Sequence[Part]) -> None:
        """One retired element, and what replaced it: at least one part.

        Raises:
            InvalidValue: more than MESH_REDIRECTS_MAX.
        """
        ranges = [number for part in parts for number in (*part.span, *part.onto)] if kind == "edge" else ()
        self.add_parts(kind, old, tuple([part.id for part in parts]), tuple(ranges))

    def add_parts(self, kind: str, old: bytes, ids: tuple[bytes, ...], ranges: tuple[float, ...] = ()) -> None:
        """As `add`, with the parts' ids, and for edges the ranges as in `Single`.

        Raises:
            InvalidValue: more than MESH_REDIRECTS_MAX.
        """
        if self.count >= MESH_REDIRECTS_MAX:
            self.check_room(1)
        self._blocks.append((kind, old, ids, ranges))
        self.count += 1

    def add_bulk(
        self,
        kind: str,
        olds: IdArray,
        counts: NDArray[np.uint32],
        ids: IdArray,
        ranges: NDArray[np.float64] | None = None,
    ) -> None:
        """Many retired elements of one kind; see Block.

        Raises:
            InvalidValue: more than MESH_REDIRECTS_MAX.
        """
        assert (ranges is not None) == (kind == "edge"), "edges have ranges, and nothing else has"
        self.check_room(len(olds))
        if len(olds):
            self._blocks.append(Block(kind, olds, counts, ids, ranges))
            self.count += len(olds)

    def check_room(self, more: int) -> None:
        """Refuse more than MESH_REDIRECTS_MAX redirects.

        Raises:
            InvalidValue: there would be.
        """
        if self.count + more > MESH_REDIRECTS_MAX:
            raise InvalidValue("redirects", self.count + more, f"at most {MESH_REDIRECTS_MAX}")

    def parts_of(self, kind: str, old: bytes) -> tuple[Part, ...]:
        """What last replaced a retired element; empty when nothing did."""
        self._index()
        places = self._places.get((kind, old))
        at = places[-1][0] if places else -1
        for place, block in reversed(self._bulk):
            if place < at:
                break
            parts = block.parts_of(old) if block.kind == kind else None
            if parts is not None:
                return parts
        return _parts(places[-1][1]) if places else ()

    def parent_of(self, kind: str, one: bytes, other: bytes) -> bytes | None:
        """The element that was last replaced by exactly these two parts, in either order; None when there is none."""
        self._index()
        found: list[tuple[int, bytes]] = []
        for first in (one, other):
            found += self._pairs.get((kind, first), ())
            for place, block in self._bulk:
                old = block.parent_of(first) if block.kind == kind else None
                if old is not None:
                    found.append((place, old))
        for _, old in sorted(found, reverse=True):
            parts = self.parts_of(kind, old)
            if len(parts) == 2 and {part.id for part in parts} == {one, other}:
                return old
        return None

    def to_bytes(self) -> bytes:
        """Every block's bytes, in order: all there is to store."""
        return b"".join([_block_bytes(block) for block in self._blocks])

    def digest(self) -> bytes:
        """16 bytes over every block in order: each block's hash covers the one before (MESH-26); zeros for none."""
        digests = self._digests
        while len(digests) < len(self._blocks):
            before = digests[-1] if digests else ZERO_ID
            digests.append(blake2b_128("theta-redirects", before, _block_bytes(self._blocks[len(digests)])))
        return digests[-1] if digests else ZERO_ID

    def truncate(self, length: int) -> None:
        """Drop the blocks from `length` on (the journal's call)."""
        while len(self._blocks) > length:
            block = self._blocks.pop()
            indexed = len(self._blocks) < self._indexed
            if isinstance(block, Block):
                self.count -= len(block.olds)
                if indexed:
                    self._bulk.pop()
                continue
            self.count -= 1
            if indexed:
                kind, old, ids, _ = block
                self._places[kind, old].pop()
                if len(ids) == 2:
                    self._pairs[kind, ids[0]].pop()
        self._indexed = min(self._indexed, length)
        del self._digests[length:]

    def copy(self) -> "Redirects":
        """The same redirects, growing by themselves from here on: what is there never changes, so it is shared."""
        redirects = Redirects()
        redirects._blocks = self._blocks.copy()
        redirects._digests = self._digests.copy()
        redirects.count = self.count
        return redirects

    def _index(self) -> None:
        while self._indexed < len(self._blocks):
            place, block = self._indexed, self._blocks[self._indexed]
            if isinstance(block, Block):
                self._bulk.append((place, block))
            else:
                kind, old, ids, _ = block
                self._places.setdefault((kind, old), []).append((place, block))
                if len(ids) == 2:
                    self._pairs.setdefault((kind, ids[0]), []).append((place, old))
            self._indexed += 1


def _ranges(block: Single) -> tuple[float, ...]:
    """Span and onto of one part after the other."""
    ranges = block[3]
    if len(ranges) != _HALVES:
        return ranges
    t, rises, rises_too = ranges
    first, second = (0.0, 1.0) if rises else (1.0, 0.0), (0.0, 1.0) if rises_too else (1.0, 0.0)
    return (0.0, t, *first, t, 1.0, *second)


def _parts(block: Single) -> tuple[Part, ...]:
    ids, ranges = block[2], _ranges(block)
    if not ranges:
        return tuple([Part(each) for each in ids])
    return tuple(
        [
            Part(each, (ranges[at], ranges[at + 1]), (ranges[at + 2], ranges[at + 3]))
            for each, at in zip(ids, range(0, len(ranges), 4), strict=True)
        ]
    )


def _block_bytes(block: Single | Block) -> bytes:
    """What is hashed and stored (MESH-26)."""
    if isinstance(block, Block):
        return block.to_bytes()
    (kind, old, ids, _), ranges = block, _ranges(block)
    head = _HEADER.pack(KINDS.index(kind), kind == "edge", 1, len(ids))
    return head + old + len(ids).to_bytes(4, "little") + b"".join(ids) + struct.pack(f"<{len(ranges)}d", *ranges)


def parse_redirects(data: bytes) -> Redirects:
    """Read `Redirects.to_bytes`, believing nothing.

    Raises:
        MalformedMesh: not what any redirects give; names the field.
        InvalidValue: more than MESH_REDIRECTS_MAX.
    """
    redirects = Redirects()
    at = 0
    while at < len(data):
        at = _parse_block(redirects, data, at)
    return redirects


def _parse_block(redirects: Redirects, data: bytes, at: int) -> int:
    if at + _HEADER.size > len(data):
        raise MalformedMesh("redirects", f"cut short at byte {at}")
    kind, has_ranges, olds, parts = _HEADER.unpack_from(data, at)
    if kind >= len(KINDS) or has_ranges != (KINDS[kind] == "edge") or not olds:
        raise MalformedMesh("redirects", f"no block at byte {at}")
    redirects.check_room(olds)
    body = at + _HEADER.size
    sizes = (olds * IDENTIFIER_BYTES, olds * 4, parts * IDENTIFIER_BYTES, parts * 32 * has_ranges)
    ends = [body + int(sum(int(size) for size in sizes[: number + 1])) for number in range(4)]
    if ends[3] > len(data):
        raise MalformedMesh("redirects", f"cut short at byte {at}")
    old_ids = np.frombuffer(data[body : ends[0]], np.uint8).reshape(-1, IDENTIFIER_BYTES)
    counts = np.frombuffer(data[ends[0] : ends[1]], "<u4").astype(np.uint32)
    ids = np.frombuffer(data[ends[1] : ends[2]], np.uint8).reshape(-1, IDENTIFIER_BYTES)
    if int(counts.sum(dtype=np.uint64)) != parts or not counts.all():
        raise MalformedMesh("redirects", f"counts that don't add up at byte {at}")
    ranges = None
    if has_ranges:
        ranges = np.frombuffer(data[ends[2] : ends[3]], "<f8").astype(np.float64).reshape(-1, 4)
        if not ((ranges >= 0.0) & (ranges <= 1.0)).all():
            raise MalformedMesh("redirects", f"a range out of [0, 1] at byte {at}")
    if olds > 1:
        redirects.add_bulk(KINDS[kind], old_ids, counts, ids, ranges)
    else:
        block = Block(KINDS[kind], old_ids, counts, ids, ranges)
        redirects.add(KINDS[kind], old_ids[0].tobytes(), block.parts_of(old_ids[0].tobytes()) or ())
    return ends[3]
