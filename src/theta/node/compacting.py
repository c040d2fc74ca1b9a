"""A log without its old records: a base that the room's key vouches for, and everything after it (LOG-26, LOG-27)."""

from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.identifiers import MAIN_BRANCH, Position
from theta.base.limits import U64_MAX
from theta.commands.identity import Identity
from theta.commands.records import BaseRecord, RecordKind, sign_base, sign_part
from theta.commands.store import CheckpointPart, LogSource, StoredCheckpoint, StoredRecord, part_digest
from theta.node.asset_shelf import AssetShelf
from theta.node.checkpoint_frames import PartCutter
from theta.node.drafting import CHECKPOINT_FORMAT, CheckpointHeader, frames_of
from theta.node.opening import load_checkpoint, open_log


class Compaction(NamedTuple):
    """What a compacted log is.

    Attributes:
        records: the base, and a frontier there, below which nothing may come any more.
        checkpoint: what the base stands on, with its parts.
        dropped: how many records are left out.
    """

    records: list[StoredRecord]
    checkpoint: StoredCheckpoint
    parts: list[CheckpointPart]
    dropped: int

    @property
    def base(self) -> StoredRecord:
        """The first record."""
        return self.records[0]


def compact_log(source: LogSource, assets: AssetShelf, identity: Identity, unix_ms: int) -> Compaction:
    """The base that stands for a whole log.

    A base further back would leave undos in the log that reach below it, and the document would be another one.

    Args:
        source: a log that was proved.
        assets: all that are stored with it.
        identity: the room's.
        unix_ms: now.

    Raises:
        InvalidValue: there is nothing to drop, or the log has branches, which need their history.
        StoreCorrupt: a record does not fit.
    """
    replica = open_log(source, assets).replica
    log = replica.log
    seq, lamport, first_seq = log.head_seq, log.lamport, source.first_seq
    if identity.public_key != log.genesis.room_key:
        raise InvalidValue("the key", "another room's", "the room's own, in the file beside it")
    branches = len(log.governance.branches) - 1
    if branches:
        raise InvalidValue("the number of branches", branches, "0: they need the history that would be dropped")
    if not lamport or not any(record.kind == RecordKind.PACKET for record in source.read(first_seq + 1)):
        raise InvalidValue("the room", "one without commands to drop", "one with some")
    index = log.index_bytes()
    position = Position(lamport, U64_MAX, U64_MAX)
    header = CheckpointHeader(CHECKPOINT_FORMAT, seq, seq, lamport, seq, MAIN_BRANCH)
    # Nobody is offered to undo what nobody can undo any more.
    base = replica.history.base_at(position)._replace(stacks={}, reaches={})
    cutter = PartCutter()
    data: list[bytes] = []
    for frame in frames_of(replica, header, index, base):
        data += cutter.put(frame)
    data += cutter.finish()
    parts = [CheckpointPart(seq, number, part) for number, part in enumerate(data)]
    digests = b"".join(part_digest(*part) for part in parts)
    checkpoint = StoredCheckpoint(seq, digests, sum(len(part) for part in data), unix_ms)
    loaded = load_checkpoint(data, source, assets)
    loaded.replica.go_on([], [], seq)
    genesis = log.genesis
    record = BaseRecord(
        genesis.format_version,
        genesis.server,
        genesis.room,
        genesis.room_key,
        genesis.owner,
        genesis.created_ms,
        genesis.name,
        seq,
        log.chain,
        lamport,
        loaded.replica.document.hash,
        checkpoint.digest,
        unix_ms,
    )
    records = [StoredRecord(seq, int(RecordKind.BASE), sign_base(identity, record), record.chain)]
    frontier = log.next_frontier(seq, unix_ms)
    if frontier is not None:
        body = sign_part(identity, genesis, frontier)
        records.append(log.next_record(RecordKind.FRONTIER, body))
    return Compaction(records, checkpoint, parts, seq - first_seq + 1)
