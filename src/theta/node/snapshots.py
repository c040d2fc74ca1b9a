"""Giving newcomers a checkpoint in place of a long log, or of what `theta compact` dropped (WIRE-41)."""

from collections.abc import Callable, Iterator
from itertools import islice

from theta.base.errors import ProtocolError, StoreError
from theta.base.limits import DIGEST_BYTES, SNAPSHOT_RECORDS_MIN, SNAPSHOT_WINDOW_PARTS
from theta.base.moment import Moment
from theta.commands.records import CHAIN_START
from theta.commands.store import LogSource, StoredCheckpoint
from theta.node.checkpoint_frames import read_frames
from theta.node.connections import Connection, Participant
from theta.node.drafting import read_header
from theta.node.outbound import Outbound
from theta.session.capabilities import SNAPSHOT
from theta.wire.messages import SnapshotOffer, SnapshotPart, SnapshotRequest


class Snapshots:
    """Offers the newest checkpoint, and gives its parts.

    Args:
        source: where records and checkpoints are; None when there are none but those in memory.
        newest: the checkpoint that was stored last, if there is one.
        outbound: where answers go.
    """

    def __init__(
        self, source: LogSource | None, newest: Callable[[], StoredCheckpoint | None], outbound: Outbound
    ) -> None:
        self._source = source
        self._newest = newest
        self._outbound = outbound
        self._offered: dict[int, StoredCheckpoint] = {}
        self._reading: dict[int, tuple[int, Iterator[bytes]]] = {}
        self._last: tuple[StoredCheckpoint, SnapshotOffer] | None = None

    def offer(self, connection: Connection, who: Participant, first_seq: int) -> SnapshotOffer | None:
        """What to offer to somebody who lacks the records from `first_seq` on; None to send them all."""
        if self._source is None or not who.folds:
            return None
        must = first_seq < self._source.first_seq
        # Whoever wants the whole of a compacted log has to begin with its base.
        checkpoint = self._base(self._source) if must and who.wants_whole_log else self._newest()
        may = SNAPSHOT in who.capabilities and not who.wants_whole_log
        is_long = checkpoint is not None and checkpoint.seq - first_seq >= SNAPSHOT_RECORDS_MIN
        if checkpoint is None or not (must or (may and is_long)):
            return None
        self._offered[connection.number] = checkpoint
        self._reading.pop(connection.number, None)
        if self._last is None or self._last[0] != checkpoint:
            self._last = (checkpoint, self._describe(self._source, checkpoint))
        return self._last[1]

    def handle_request(self, now: Moment, speaker: Connection, request: SnapshotRequest) -> None:
        """Send the next parts of what was offered.

        Raises:
            ProtocolError: nothing of the kind was offered, or it is asked for too often.
        """
        checkpoint = self._offered.get(speaker.number)
        if checkpoint is None or request.seq != checkpoint.seq or request.number >= checkpoint.part_count:
            raise ProtocolError("a snapshot was asked for that was not offered")
        if speaker.asset_requests.take(1, now.seconds):
            raise ProtocolError("parts of a snapshot were asked for too often")
        try:
            for number, part in self._parts(speaker.number, checkpoint, request.number):
                self._outbound.send(speaker.number, SnapshotPart(checkpoint.seq, number, part))
        except StoreError as error:
            raise ProtocolError("the snapshot is there no more; connect again") from error

    def forget(self, connection: int) -> None:
        """The connection is gone."""
        self._offered.pop(connection, None)
        self._reading.pop(connection, None)

    def _parts(self, connection: int, checkpoint: StoredCheckpoint, number: int) -> Iterator[tuple[int, bytes]]:
        assert self._source is not None
        at, parts = self._reading.pop(connection, (-1, iter(())))
        if at != number:
            parts = islice(self._source.read_checkpoint(checkpoint), number, None)
        window = enumerate(islice(parts, SNAPSHOT_WINDOW_PARTS), number)
        yield from window
        self._reading[connection] = (number + SNAPSHOT_WINDOW_PARTS, parts)

    def _base(self, source: LogSource) -> StoredCheckpoint | None:
        return next((each for each in source.checkpoints() if each.seq == source.first_seq), None)

    def _describe(self, source: LogSource, checkpoint: StoredCheckpoint) -> SnapshotOffer:
        header = read_header(next(read_frames(source.read_checkpoint(checkpoint))).data)
        chain = CHAIN_START
        for record in source.read(header.frontier, header.frontier) if header.frontier else ():
            chain = record.chain
        assert len(checkpoint.digests) % DIGEST_BYTES == 0
        first = source.first_seq
        base = b"".join(record.body for record in source.read(first, first)) if first > 1 else b""
        return SnapshotOffer(checkpoint.seq, header.frontier, first, base, chain, checkpoint.digests)
