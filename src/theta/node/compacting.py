"""A log without its old records: a base that the room's key vouches for, and everything after it (LOG-26, LOG-27)."""

from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.identifiers import MAIN_BRANCH
from theta.commands.governing import Governing
from theta.commands.identity import Identity
from theta.commands.records import BaseRecord, RecordKind, sign_base, sign_part
from theta.commands.store import CheckpointPart, LogSource, StoredCheckpoint, StoredRecord, part_digest
from theta.node.asset_shelf import AssetShelf
from theta.node.branches import Branches
from theta.node.checkpoint_frames import PartCutter
from theta.node.drafting import base_frames
from theta.node.opening import open_log
from theta.node.replica import Replica


class Compaction(NamedTuple):
    """What a compacted log is.

    Attributes:
        records: the base, and a frontier there, below which nothing may come any more.
        checkpoint: what the base stands on, with its parts.
        dropped: how many records are left out.
        hashes: of each branch's document.
        apart: the names of the branches with work that could still be merged into the main one, and from now on cannot.
    """

    records: list[StoredRecord]
    checkpoint: StoredCheckpoint
    parts: list[CheckpointPart]
    dropped: int
    hashes: dict[bytes, bytes]
    apart: tuple[str, ...]

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
        InvalidValue: there is nothing to drop.
        StoreCorrupt: a record does not fit.
    """
    replica = open_log(source, assets).replica
    log = replica.log
    seq, lamport, first_seq = log.head_seq, log.lamport, source.first_seq
    if identity.public_key != log.genesis.room_key:
        raise InvalidValue("the key", "another room's", "the room's own, in the file beside it")
    last_edits = _last_edits(replica, source)
    if not lamport or not any(record.kind == RecordKind.PACKET for record in source.read(first_seq + 1)):
        raise InvalidValue("the room", "one without commands to drop", "one with some")
    lines = log.governance.lines
    held = lines.vector(MAIN_BRANCH, seq)
    apart = [
        branch.name
        for branch in lines.by_id.values()
        if held.get(branch.id, 0) < last_edits.get(branch.id, 0)
        and not lines.reaches_below_base(MAIN_BRANCH, seq, branch.id, seq)
    ]
    replicas = _all_branches(replica, source)
    lines.drop(seq, last_edits)
    cutter = PartCutter()
    data: list[bytes] = []
    for frame in base_frames(replicas, log.index_bytes()):
        data += cutter.put(frame)
    data += cutter.finish()
    parts = [CheckpointPart(seq, number, part) for number, part in enumerate(data)]
    digests = b"".join(part_digest(*part) for part in parts)
    checkpoint = StoredCheckpoint(seq, digests, sum(len(part) for part in data), unix_ms)
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
        replica.document.hash,
        checkpoint.digest,
        unix_ms,
    )
    records = [StoredRecord(seq, int(RecordKind.BASE), sign_base(identity, record), record.chain)]
    frontier = log.next_frontier(seq, unix_ms)
    if frontier is not None:
        body = sign_part(identity, genesis, frontier)
        records.append(log.next_record(RecordKind.FRONTIER, body))
    hashes = {each.branch: each.document.hash for each in replicas}
    return Compaction(records, checkpoint, parts, seq - first_seq + 1, hashes, tuple(apart))


def _last_edits(replica: Replica, source: LogSource) -> dict[bytes, int]:
    """Of each branch the last record that holds edits of it."""
    last = dict(replica.log.governance.lines.last_edits)
    for record in source.read(source.first_seq + 1):
        for command in replica.reader.commands(record):
            if not isinstance(command.operation, Governing):
                last[command.branch] = record.seq
    return last


def _all_branches(main: Replica, source: LogSource) -> list[Replica]:
    """The documents of all branches, the main one first."""
    branches, found = Branches(main, source), [main]
    for branch in sorted(main.log.governance.branches.keys() - {MAIN_BRANCH}):
        for _ in branches.open_slowly(branch):
            pass
        found.append(branches.of(branch))
    return found
