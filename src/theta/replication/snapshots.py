"""What is there already, for those who join: cells in chunks, each for itself (REP-20, REP-21).

A snapshot is encoded once and sent to everybody who joins in its tick. Each joiner is sent its nearest chunks first.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue, ProtocolError, ProtocolMismatch
from theta.base.identifiers import blake2b_128
from theta.base.limits import (
    STATE_CHUNK_BYTES_MAX,
    STATE_CHUNK_BYTES_MIN,
    STATE_CHUNK_WINDOW,
    STATE_CHUNKS_MAX,
    STATE_SECTION_BYTES_MAX,
)
from theta.replication.baselines import Acknowledged
from theta.replication.history import History
from theta.replication.receiving import StateReceiver
from theta.replication.whole_cells import encode_whole
from theta.wire.compression import Compressor, Decompressor
from theta.wire.state_messages import StateChunk, StateChunksReceived

Ints = NDArray[np.int64]


SNAPSHOT_LEVEL = -1
"""Of zstd, for a Compressor of snapshots: fast, at 5 % more bytes than level 3 gives them."""


class Snapshot(NamedTuple):
    """A snapshot's chunks.

    Attributes:
        tick: what it shows.
        chunks: in the order of their numbers.
        cells: the cells of each chunk; those of a section in several are with each of them.
    """

    tick: int
    chunks: tuple[StateChunk, ...]
    cells: tuple[Ints, ...]


def encode_snapshot(
    history: History,
    snapshot: int,
    cells: Ints,
    manifest: bytes,
    compressor: Compressor,
    chunk_bytes: int = STATE_CHUNK_BYTES_MAX,
) -> Snapshot:
    """A snapshot of cells at the history's tick.

    Args:
        history: of the room.
        snapshot: its number, u32, another for each.
        cells: (cells,), neighbours near each other: those of a chunk are sent together. None is fine.
        manifest: the hash of the session's descriptors, 16 bytes.
        compressor: of the chunks.
        chunk_bytes: the most that a chunk holds before it is compressed.

    Raises:
        InvalidValue: chunk_bytes out of its limits, or more chunks than STATE_CHUNKS_MAX.
    """
    if not STATE_CHUNK_BYTES_MIN <= chunk_bytes <= STATE_CHUNK_BYTES_MAX:
        raise InvalidValue("chunk_bytes", chunk_bytes, f"in [{STATE_CHUNK_BYTES_MIN}, {STATE_CHUNK_BYTES_MAX}]")
    sections = encode_whole(history, cells)
    pieces = _pieces(sections.ends.tolist(), chunk_bytes)
    if len(pieces) > STATE_CHUNKS_MAX:
        raise InvalidValue("snapshot", len(pieces), f"at most {STATE_CHUNKS_MAX} chunks; take larger ones")
    chunks = []
    for number, piece in enumerate(pieces):
        body = sections.buffer[piece.start : piece.end].tobytes()
        data = compressor.compress(body) or body
        chunks.append(
            StateChunk(
                snapshot,
                history.tick,
                number,
                len(pieces),
                piece.part,
                piece.parts,
                manifest,
                blake2b_128("theta-chunk", data),
                len(body),
                data,
            )
        )
    return Snapshot(history.tick, tuple(chunks), tuple(cells[piece.first : piece.last] for piece in pieces))


class _Piece(NamedTuple):
    """Bytes `start` to `end` of the sections `first` to `last`, as part `part` of `parts`."""

    start: int
    end: int
    first: int
    last: int
    part: int = 0
    parts: int = 1


def _pieces(ends: list[int], chunk_bytes: int) -> list[_Piece]:
    """Whole sections, as many as fit; one that is too large alone, in parts. At least one piece, if an empty one."""
    found: list[_Piece] = []
    first, count = 0, len(ends) - 1
    while first < count:
        start = ends[first]
        last = bisect_right(ends, start + chunk_bytes) - 1
        if last > first:
            found.append(_Piece(start, ends[last], first, last))
        else:
            last, end = first + 1, ends[first + 1]
            parts = -(-(end - start) // chunk_bytes)
            cuts = [*range(start, end, chunk_bytes), end]
            found += [_Piece(cuts[at], cuts[at + 1], first, last, at, parts) for at in range(parts)]
        first = last
    return found or [_Piece(0, 0, 0, 0)]


class SnapshotSending:
    """One joiner's way through a snapshot.

    Args:
        snapshot: what is sent.
        order: the numbers of its chunks, nearest first; each once.
    """

    def __init__(self, snapshot: Snapshot, order: Sequence[int]) -> None:
        self._snapshot = snapshot
        self._waiting = deque(order)
        self._flying: set[int] = set()
        self._here: set[int] = set()

    @property
    def complete(self) -> bool:
        """Whether the joiner has everything."""
        return len(self._here) == len(self._snapshot.chunks)

    def poll_chunk(self) -> StateChunk | None:
        """The next chunk; at most STATE_CHUNK_WINDOW are on their way."""
        while self._waiting and len(self._flying) < STATE_CHUNK_WINDOW:
            number = self._waiting.popleft()
            if number not in self._here:
                self._flying.add(number)
                return self._snapshot.chunks[number]
        return None

    def handle_received(self, message: StateChunksReceived) -> Acknowledged:
        """What the joiner has; the cells that it has with it, at the snapshot's tick.

        Raises:
            ProtocolError: chunks of another snapshot, or numbers that it does not have.
        """
        chunks = self._snapshot.chunks
        if message.snapshot != chunks[0].snapshot:
            raise ProtocolError(f"StateChunksReceived: snapshot {message.snapshot} is not the one that is sent")
        if any(number >= len(chunks) for number in message.numbers):
            raise ProtocolError(f"StateChunksReceived: snapshot {message.snapshot} has {len(chunks)} chunks")
        new = set(message.numbers) - self._here
        self._here |= new
        self._flying -= new
        whole = [number for number in sorted(new) if self._is_whole(chunks[number])]
        cells = [self._snapshot.cells[number] for number in whole]
        return Acknowledged(self._snapshot.tick, np.unique(np.concatenate(cells)) if cells else np.zeros(0, np.int64))

    def restart(self, order: Sequence[int]) -> None:
        """The connection was lost: what was on its way goes again, unless the joiner says that it is there."""
        self._flying.clear()
        self._waiting = deque(order)

    def _is_whole(self, chunk: StateChunk) -> bool:
        first = chunk.number - chunk.part
        return all(number in self._here for number in range(first, first + chunk.parts))


class SnapshotReceiver:
    """A joiner's side.

    Args:
        receiver: what takes the sections.
        decompressor: of the chunks.
    """

    def __init__(self, receiver: StateReceiver, decompressor: Decompressor) -> None:
        self._receiver = receiver
        self._decompressor = decompressor
        self._snapshot = 0
        self._count = 0
        self._here: set[int] = set()
        self._parts: dict[int, bytes] = {}
        self._told: set[int] = set()

    @property
    def complete(self) -> bool:
        """Whether all chunks of a snapshot have come."""
        return 0 < self._count == len(self._here)

    @property
    def missing(self) -> int:
        """How many chunks are still to come."""
        return self._count - len(self._here)

    def handle_chunk(self, now: float, chunk: StateChunk, manifest: bytes) -> None:
        """Take a chunk; one of another snapshot than before begins anew.

        Args:
            now: monotonic seconds.
            chunk: as it came.
            manifest: the hash of the descriptors that this side knows.

        Raises:
            ProtocolMismatch: it was made with other components.
            ProtocolError: it says what cannot be, or its bytes are not what it says; nothing was changed.
        """
        if chunk.manifest != manifest:
            raise ProtocolMismatch(
                f"StateChunk: made with the components {chunk.manifest.hex()}, but here are {manifest.hex()}"
            )
        is_new = chunk.snapshot != self._snapshot or chunk.count != self._count
        if not is_new and chunk.number in self._here:
            self._told.discard(chunk.number)
            return
        body = self._checked(chunk)
        parts = {chunk.number: body} if is_new else {**self._parts, chunk.number: body}
        numbers = range(chunk.number - chunk.part, chunk.number - chunk.part + chunk.parts)
        if all(number in parts for number in numbers):
            whole = b"".join(parts.pop(number) for number in numbers)
            self._receiver.handle_body(now, chunk.tick, whole)
        if is_new:
            self._snapshot, self._count = chunk.snapshot, chunk.count
            self._here.clear()
            self._told.clear()
        self._parts = parts
        self._here.add(chunk.number)

    def poll_received(self) -> StateChunksReceived | None:
        """What came since the last answer."""
        new = sorted(self._here - self._told)
        if not new:
            return None
        self._told |= self._here
        return StateChunksReceived(self._snapshot, new)

    def resume(self) -> StateChunksReceived | None:
        """After a lost connection: everything that is here, if a snapshot had begun."""
        self._told = set(self._here)
        return StateChunksReceived(self._snapshot, sorted(self._here)) if self._count else None

    def _checked(self, chunk: StateChunk) -> bytes:
        if not 0 < chunk.count <= STATE_CHUNKS_MAX or chunk.number >= chunk.count:
            raise ProtocolError(f"StateChunk: number {chunk.number} of {chunk.count}")
        first = chunk.number - chunk.part
        if (
            not 0 < chunk.parts <= chunk.count
            or not chunk.part < chunk.parts
            or not 0 <= first <= (chunk.count - chunk.parts)
        ):
            raise ProtocolError(f"StateChunk {chunk.number}: part {chunk.part} of {chunk.parts}")
        if chunk.size > STATE_CHUNK_BYTES_MAX:
            raise ProtocolError(f"StateChunk {chunk.number}: {chunk.size} bytes, at most {STATE_CHUNK_BYTES_MAX}")
        if chunk.size + sum(len(part) for part in self._parts.values()) > STATE_SECTION_BYTES_MAX:
            raise ProtocolError(f"StateChunk {chunk.number}: over {STATE_SECTION_BYTES_MAX} bytes of sections in parts")
        if blake2b_128("theta-chunk", chunk.data) != chunk.digest:
            raise ProtocolError(f"StateChunk {chunk.number}: the bytes are not those of its hash")
        if len(chunk.data) == chunk.size:
            return chunk.data
        body = self._decompressor.decompress(chunk.data, chunk.size)
        if len(body) != chunk.size:
            raise ProtocolError(f"StateChunk {chunk.number}: {len(body)} bytes, not {chunk.size}")
        return body
