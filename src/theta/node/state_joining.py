"""What is around those who join, as snapshots: nearest first, not counted as budget, paced by the joiner's answers.

Those who join in one tick and are to be told of the same cells share one snapshot.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import STATE_CHUNK_BYTES_MAX, U32_MAX
from theta.interest.interest import Interest
from theta.interest.priority import Ranked
from theta.node.state_ticks import without
from theta.replication.history import History
from theta.replication.snapshots import SNAPSHOT_LEVEL, Snapshot, SnapshotSending, encode_snapshot
from theta.wire.compression import Compressor
from theta.wire.state_messages import StateChunk, StateChunksReceived

Ints = NDArray[np.int64]

SNAPSHOTS_PER_TICK = 4
"""So many are encoded in a tick; who wants another one waits for the next."""


class _Uncompressing(Compressor):
    """For participants that take no zstd."""

    def compress(self, data: bytes, overhead: int = 0) -> None:
        """Never shorter."""
        return


_PLAIN = _Uncompressing()


class _Transfer(NamedTuple):
    """A joiner's snapshot on its way.

    Attributes:
        sending: its way.
        order: its chunks, nearest first.
        number: of the snapshot.
        keys: the pairs of the joiner and the snapshot's cells, ascending.
        tick: what the snapshot shows.
    """

    sending: SnapshotSending
    order: list[int]
    number: int
    keys: Ints
    tick: int


class StateJoining:
    """All joiners and their snapshots.

    Args:
        interest: of the room.
        history: of the room.
        manifest: the hash of the session's descriptors, 16 bytes.
        chunk_bytes: the most that a chunk holds before it is compressed.
        opened_ms: when the room opened, milliseconds since 1970: its snapshots have other numbers than those of the
            room before, of which a participant may still speak.
    """

    def __init__(
        self,
        interest: Interest,
        history: History,
        manifest: bytes,
        chunk_bytes: int = STATE_CHUNK_BYTES_MAX,
        opened_ms: int = 0,
    ) -> None:
        self._interest = interest
        self._history = history
        self._manifest = manifest
        self._chunk_bytes = chunk_bytes
        self._compressor = Compressor(level=SNAPSHOT_LEVEL)
        self._newest = opened_ms & U32_MAX
        self._waiting: dict[int, None] = {}
        self._transfers: dict[int, _Transfer] = {}
        self._finished: dict[int, int] = {}
        self._plain: set[int] = set()

    def join(self, number: int, *, takes_zstd: bool = True) -> None:
        """A joiner wants a snapshot, compressed or not, as soon as it is known where it looks."""
        self._waiting[number] = None
        if not takes_zstd:
            self._plain.add(number)

    def leave(self, number: int) -> None:
        """Somebody is gone, whether joining still or not."""
        self._waiting.pop(number, None)
        self._transfers.pop(number, None)
        self._finished.pop(number, None)
        self._plain.discard(number)

    def resume(self, number: int) -> None:
        """A connection was lost and there is another: what was on its way goes again, but for what arrived."""
        transfer = self._transfers.get(number)
        if transfer is not None:
            transfer.sending.restart(transfer.order)

    def is_joining(self, number: int) -> bool:
        """Whether a participant waits for its snapshot, or for some of it."""
        return number in self._waiting or number in self._transfers

    @property
    def has_waiting(self) -> bool:
        """Whether anybody's snapshot has yet to be encoded."""
        return bool(self._waiting)

    def begin_snapshots(self, suspended: NDArray[np.bool_]) -> None:
        """Encode snapshots for joiners that have begun to look; once a tick, after interest's update.

        Args:
            suspended: who has to wait, by number.
        """
        encoded: dict[tuple[bool, bytes], Snapshot] = {}
        for number in list(self._waiting):
            if suspended[number] or self._interest.regions.viewpoint(number) is None:
                continue
            rows = self._rows_of(number)
            cells = self._interest.pairs.cells[rows]
            is_plain = number in self._plain
            shared = (is_plain, cells.tobytes())
            if shared not in encoded:
                if len(encoded) == SNAPSHOTS_PER_TICK:
                    break
                encoded[shared] = self._encode(rows, _PLAIN if is_plain else self._compressor)
            del self._waiting[number]
            self._begin(number, rows, encoded[shared])

    def without_held(self, ranked: Ranked) -> Ranked:
        """Leave out what comes with a snapshot that is on its way."""
        if not self._transfers:
            return ranked
        pairs = self._interest.pairs
        keys = pairs.keys[ranked.rows]
        held = np.zeros(len(keys), np.bool_)
        for transfer in self._transfers.values():
            if len(transfer.keys):
                places = np.minimum(transfer.keys.searchsorted(keys), len(transfer.keys) - 1)
                held |= (transfer.keys[places] == keys) & (pairs.since[ranked.rows] <= transfer.tick)
        return without(ranked, held & (pairs.acknowledged[ranked.rows] == 0))

    def handle_received(self, number: int, message: StateChunksReceived) -> tuple[int, Ints] | None:
        """What a joiner has; the snapshot's tick and the cells that it has whole with it, if any are new.

        Raises:
            ProtocolError: it is not sent this snapshot, or chunks of it that there are not.
        """
        transfer = self._transfers.get(number)
        if transfer is None or transfer.number != message.snapshot:
            # The last answer may come again.
            if self._finished.get(number) == message.snapshot:
                return None
            raise ProtocolError(f"StateChunksReceived: snapshot {message.snapshot} is not the one that is sent")
        found = transfer.sending.handle_received(message)
        if transfer.sending.complete:
            del self._transfers[number]
            self._finished[number] = transfer.number
        return (found.tick, found.cells) if len(found.cells) else None

    def poll_chunks(self, number: int) -> Iterator[StateChunk]:
        """The chunks that a joiner can be sent now."""
        transfer = self._transfers.get(number)
        while transfer is not None and (chunk := transfer.sending.poll_chunk()):
            yield chunk

    @property
    def receiving(self) -> tuple[int, ...]:
        """Whom chunks are sent to."""
        return tuple(self._transfers)

    def _rows_of(self, number: int) -> Ints:
        """The pairs of a joiner that it has nothing of yet."""
        mine = self._interest.pairs.rows_of_peer(number)
        rows: Ints = mine.start + np.flatnonzero(self._interest.pairs.acknowledged[mine] == 0)
        return rows

    def _encode(self, rows: Ints, compressor: Compressor) -> Snapshot:
        self._newest = (self._newest + 1) & U32_MAX
        pairs = self._interest.pairs
        nearest_first = np.argsort(self._distances(rows), kind="stable")
        cells = pairs.cells[rows[nearest_first]]
        return encode_snapshot(self._history, self._newest, cells, self._manifest, compressor, self._chunk_bytes)

    def _begin(self, number: int, rows: Ints, snapshot: Snapshot) -> None:
        pairs = self._interest.pairs
        order = self._nearest_first(rows, snapshot)
        # Who goes from there before the snapshot has come must be told of it.
        pairs.sent[rows] = np.maximum(pairs.sent[rows], snapshot.tick)
        sending, newest = SnapshotSending(snapshot, order), snapshot.chunks[0].snapshot
        self._transfers[number] = _Transfer(sending, order, newest, pairs.keys[rows], snapshot.tick)

    def _nearest_first(self, rows: Ints, snapshot: Snapshot) -> list[int]:
        """The chunks in the order in which this joiner wants them. Parts of one section are as near as each other."""
        cells = self._interest.pairs.cells[rows]
        distances = self._distances(rows)
        nearest = [float(distances[cells.searchsorted(each)].min(initial=np.inf)) for each in snapshot.cells]
        return sorted(range(len(nearest)), key=lambda chunk: (nearest[chunk], chunk))

    def _distances(self, rows: Ints) -> NDArray[np.float32]:
        """How far the pairs' cells are; those that are relevant wherever they are come first."""
        distances = self._interest.pairs.distances[rows]
        return np.where(np.isfinite(distances), distances, np.float32(-1.0))
