"""Proving a log from its records: authors, order, what they fold to (LOG-7); and its checkpoints by that (LOG-28)."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from theta.base.errors import StoreCorrupt
from theta.commands.log import Command
from theta.commands.records import HeadRecord, RecordKind
from theta.commands.store import LogSource, StoredRecord
from theta.editor.refold import refold
from theta.node.asset_shelf import AssetShelf
from theta.node.checkpoint_audit import BaseProof, CheckpointAudit, prove_base
from theta.node.replica import Replica


class AuditReport(NamedTuple):
    """What is proved, and where it stops.

    `first_seq`: the first record, above 1 when the log was compacted: what was before it the room's key vouches for.
    `authentic_seq`: up to this record every packet is its author's and the chain holds.
    `attested_seq`: up to this record the room's key vouches for the order and for the document's hash; what follows is
    in the chain but not vouched for yet, and a log cut off after it would not show.
    `fault`: the first bad record, None when there is none.
    `checkpoints`: how many checkpoints agree with the records.
    `checkpoint_faults`: what is wrong with the others; the records are no worse for it.
    """

    records: int
    commands: int
    authentic_seq: int
    attested_seq: int
    head: bytes
    document_hash: bytes
    fault: StoreCorrupt | None
    first_seq: int = 1
    checkpoints: int = 0
    checkpoint_faults: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether no record and no checkpoint is bad."""
        return self.fault is None and not self.checkpoint_faults


def audit(
    records: Iterable[StoredRecord],
    assets: AssetShelf | None = None,
    progress: Callable[[int], None] = lambda seq: None,
    source: LogSource | None = None,
) -> AuditReport:
    """Read a whole log and check every record: chain, signatures, order, assets, and each hash that the room recorded.

    Args:
        records: from the first to the last.
        assets: all that are stored with it.
        progress: told each record's seq once it is checked.
        source: where its checkpoints are, to be held against the records; None to leave them out. A compacted log
            cannot be read without.
    """
    shelf = assets if assets is not None else AssetShelf()
    walk = _Walk(shelf, source)
    fault: StoreCorrupt | None = None
    try:
        for record in records:
            walk.take(record)
            progress(record.seq)
        walk.check_fold()
        walk.finish()
    except StoreCorrupt as error:
        fault = error
    log = walk.replica.log
    checkpoints = walk.checkpoints
    return AuditReport(
        log.head_seq,
        log.command_count,
        fault.seq - 1 if fault is not None else log.head_seq,
        walk.attested_seq,
        log.chain,
        walk.replica.document.hash,
        fault,
        walk.base.seq if walk.base is not None else 1,
        checkpoints.agreeing if checkpoints is not None else 0,
        tuple(checkpoints.faults) if checkpoints is not None else (),
    )


class _Walk:
    """From the first record to the last."""

    def __init__(self, shelf: AssetShelf, source: LogSource | None) -> None:
        self.replica = Replica(shelf)
        self.attested_seq = 0
        self.base: BaseProof | None = None
        self.checkpoints = CheckpointAudit(source) if source is not None else None
        self._shelf = shelf
        self._source = source
        self._folded: list[Command] = []

    def take(self, record: StoredRecord) -> None:
        """The next record."""
        if record.kind == RecordKind.BASE and self.replica.log.is_empty:
            self.base = prove_base(record, self._source, self._shelf)
            self.replica = self.base.begin()
            self.attested_seq = self.base.seq
            if self.checkpoints is not None:
                self.checkpoints.handle_base(self.base)
            return
        replica = self.replica
        found = replica.log.accept(record)
        replica.check_assets(found)
        self._folded += replica.apply(found, record.seq).commands
        head = replica.log.last_head
        if record.kind == RecordKind.HEAD and head is not None:
            self._check_head(record.seq, head)
            self.attested_seq = head.seq
        if self.checkpoints is not None:
            self.checkpoints.handle_record(replica)

    def check_fold(self) -> None:
        """The fold as it went along equals a plain refold of everything; of a compacted log that cannot be done."""
        replica = self.replica
        if self.base is not None:
            return
        plain = Replica(self._shelf)
        units = refold(self._folded, self._shelf, replica.judge, replica.fold.left_out)
        for entity, unit in units.items():
            plain.document.update(entity, unit)
        if plain.document.hash != replica.document.hash:
            raise StoreCorrupt(replica.log.head_seq, "the fold differs from a plain refold: this is a bug in Theta")

    def finish(self) -> None:
        """There are no more records."""
        if self.checkpoints is not None:
            self.checkpoints.finish()

    def _check_head(self, seq: int, head: HeadRecord) -> None:
        document_hash = self.replica.document.hash
        if self.base is not None and head.seq < self.base.seq:
            return  # what was folded there nobody can say any more
        if self.replica.log.last_packet_seq > head.seq:
            earlier = self.base.begin(self.replica) if self.base is not None else Replica(self._shelf, self.replica.log)
            earlier.apply_all(head.seq)
            document_hash = earlier.document.hash
        if document_hash != head.document_hash:
            recorded = head.document_hash.hex()
            raise StoreCorrupt(
                seq, f"up to {head.seq} the log folds to {document_hash.hex()}; the room recorded {recorded}"
            )
