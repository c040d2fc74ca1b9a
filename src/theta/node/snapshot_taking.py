"""Taking a checkpoint that the room offers in place of a long log: by parts, over several connections if need be."""

from collections.abc import Iterable, Iterator

from theta.base.errors import BeyondHistory, ProtocolError, StoreUnavailable
from theta.base.limits import ASSET_FETCH_SECONDS_MAX, DIGEST_BYTES, SNAPSHOT_BYTES_MAX, SNAPSHOT_WINDOW_PARTS
from theta.base.moment import Moment
from theta.commands.records import RecordKind, chain_after, read_base
from theta.commands.store import StoredCheckpoint, StoredRecord, part_digest
from theta.wire.messages import LogRecord, SnapshotOffer, SnapshotPart, SnapshotRequest


class NotHere(StoreUnavailable):
    """Records that a snapshot stands for are needed after all: the whole log has to be fetched."""


class SnapshotTaking:
    """What was offered and what has come of it. `offer` is None while nothing is being taken."""

    def __init__(self) -> None:
        self.offer: SnapshotOffer | None = None
        self._parts: list[bytes] = []
        self._byte_count = 0
        self._asked_to = 0
        self._deadline = 0.0

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which the room has taken too long."""
        return self._deadline if self.offer is not None and not self.is_whole else None

    @property
    def is_whole(self) -> bool:
        """Whether every part of what was offered is here."""
        return self.offer is not None and len(self._parts) * DIGEST_BYTES == len(self.offer.digests)

    def handle_session(self) -> None:
        """A new connection: what is here stays, and counts if the room offers the same again."""
        self._asked_to = 0

    def handle_offer(self, now: Moment, offer: SnapshotOffer) -> None:
        """The room offers a snapshot; the records after its frontier follow.

        Raises:
            ProtocolError: it makes no sense.
        """
        if not offer.digests or len(offer.digests) % DIGEST_BYTES or not offer.frontier <= offer.seq:
            raise ProtocolError("a snapshot was offered that can be none")
        if self.offer is None or (self.offer.seq, self.offer.digests) != (offer.seq, offer.digests):
            self.forget()
        self.offer = offer
        self._asked_to = 0
        self._deadline = now.seconds + ASSET_FETCH_SECONDS_MAX

    def handle_part(self, now: Moment, part: SnapshotPart) -> None:
        """A part has come.

        Raises:
            ProtocolError: it was not asked for, or is not what was offered.
        """
        number = len(self._parts)
        if self.offer is None or (part.seq, part.number) != (self.offer.seq, number) or number >= self._asked_to:
            raise ProtocolError("a part of a snapshot was sent that was not asked for")
        digest = self.offer.digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
        self._byte_count += len(part.data)
        if part_digest(part.seq, number, part.data) != digest or self._byte_count > SNAPSHOT_BYTES_MAX:
            raise ProtocolError("a part of a snapshot is not what its hash stands for")
        self._parts.append(part.data)
        self._deadline = now.seconds + ASSET_FETCH_SECONDS_MAX

    def poll_request(self) -> SnapshotRequest | None:
        """What to ask the room for next."""
        if self.offer is None or self.is_whole or len(self._parts) < self._asked_to:
            return None
        whole = len(self.offer.digests) // DIGEST_BYTES
        self._asked_to = min(whole, len(self._parts) + SNAPSHOT_WINDOW_PARTS)
        return SnapshotRequest(self.offer.seq, len(self._parts))

    def is_overdue(self, now: Moment) -> bool:
        """Whether nothing of what was asked for has come for too long."""
        return self.timeout is not None and now.seconds >= self._deadline

    def source(self, records: Iterable[tuple[int, LogRecord]]) -> "ReceivedLog | None":
        """The log as it was received, once the parts and the records up to the checkpoint's are here."""
        if self.offer is None or not self.is_whole:
            return None
        tail: list[StoredRecord] = []
        chain = self.offer.chain
        for seq, record in records:
            if self.offer.frontier < seq <= self.offer.seq:
                chain = chain_after(chain, seq, record.kind, record.body)
                tail.append(StoredRecord(seq, record.kind, record.body, chain))
        is_there = len(tail) == self.offer.seq - self.offer.frontier
        return ReceivedLog(self.offer, list(self._parts), tail) if is_there else None

    def forget(self) -> None:
        """Nothing is being taken any more."""
        self.offer = None
        self._parts = []
        self._byte_count = self._asked_to = 0


class ReceivedLog:
    """A checkpoint and the records after its frontier, as a source to open a log from."""

    def __init__(self, offer: SnapshotOffer, parts: list[bytes], tail: list[StoredRecord]) -> None:
        self._offer = offer
        self._parts = parts
        self._tail = tail

    @property
    def first_seq(self) -> int:
        """See LogSource."""
        return self._offer.first_seq

    @property
    def last_seq(self) -> int:
        """See LogSource."""
        return self._offer.seq

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[StoredRecord]:
        """See LogSource.

        Raises:
            NotHere: a record that the snapshot stands for.
            StoreUnavailable: the whole log, which is asked for when the snapshot is no good.
            BeyondHistory: a record that the room does not have any more.
            BadRecord: the base is none.
        """
        base_seq = self._offer.first_seq
        if base_seq > 1 and (first_seq, last_seq) == (base_seq, base_seq):
            yield StoredRecord(base_seq, RecordKind.BASE, self._offer.base, read_base(self._offer.base).chain)
            return
        if first_seq < base_seq:
            raise BeyondHistory("it is older than what is kept: `theta compact` dropped it")
        if first_seq <= self._offer.frontier and last_seq is None:
            raise StoreUnavailable("the snapshot is no good")
        if first_seq <= self._offer.frontier:
            raise NotHere(f"record {first_seq} is not here")
        yield from (each for each in self._tail if first_seq <= each.seq <= (last_seq or each.seq))

    def checkpoints(self) -> list[StoredCheckpoint]:
        """See LogSource."""
        size = sum(len(part) for part in self._parts)
        return [StoredCheckpoint(self._offer.seq, self._offer.digests, size, 0)]

    def read_checkpoint(self, checkpoint: StoredCheckpoint) -> Iterator[bytes]:
        """See LogSource."""
        return iter(self._parts)
