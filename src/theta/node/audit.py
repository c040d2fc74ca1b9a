"""Proving a log from nothing but its records: authors, order, and what they fold to (LOG-7)."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from theta.base.errors import StoreCorrupt
from theta.commands.log import Command
from theta.commands.records import HeadRecord, RecordKind
from theta.commands.store import StoredRecord
from theta.editor.refold import refold
from theta.node.asset_shelf import AssetShelf
from theta.node.replica import Replica


class AuditReport(NamedTuple):
    """What is proved, and where it stops.

    `authentic_seq`: up to this record every packet is its author's and the chain holds.
    `attested_seq`: up to this record the room's key vouches for the order and for the document's hash; what follows is
    in the chain but not vouched for yet, and a log cut off after it would not show.
    `fault`: the first bad record, None when there is none.
    """

    records: int
    commands: int
    authentic_seq: int
    attested_seq: int
    head: bytes
    document_hash: bytes
    fault: StoreCorrupt | None

    @property
    def is_good(self) -> bool:
        """Whether no record is bad."""
        return self.fault is None


def audit(
    records: Iterable[StoredRecord],
    assets: AssetShelf | None = None,
    progress: Callable[[int], None] = lambda seq: None,
) -> AuditReport:
    """Read a whole log and check every record: chain, signatures, order, assets, and each hash that the room recorded.

    Args:
        records: from the first to the last.
        assets: all that are stored with it.
        progress: told each record's seq once it is checked.
    """
    replica = Replica(assets)
    commands: list[Command] = []
    attested_seq = 0
    fault: StoreCorrupt | None = None
    try:
        for record in records:
            found = replica.log.accept(record)
            replica.check_assets(found)
            commands += found
            replica.apply(found, record.seq)
            if record.kind == RecordKind.HEAD and replica.log.last_head is not None:
                _check_head(record.seq, replica.log.last_head, commands, replica)
                attested_seq = replica.log.last_head.seq
            progress(record.seq)
        _check_fold(replica, commands)
    except StoreCorrupt as error:
        fault = error
    log = replica.log
    authentic_seq = fault.seq - 1 if fault is not None else log.head_seq
    return AuditReport(
        log.head_seq, log.command_count, authentic_seq, attested_seq, log.chain, replica.document.hash, fault
    )


def _check_head(seq: int, head: HeadRecord, commands: list[Command], replica: Replica) -> None:
    if all(command.seq <= head.seq for command in commands):
        document_hash = replica.document.hash
    else:
        earlier = Replica(replica.assets)
        earlier.apply([command for command in commands if command.seq <= head.seq], head.seq)
        document_hash = earlier.document.hash
    if document_hash != head.document_hash:
        recorded = head.document_hash.hex()
        raise StoreCorrupt(
            seq, f"up to {head.seq} the log folds to {document_hash.hex()}; the room recorded {recorded}"
        )


def _check_fold(replica: Replica, commands: list[Command]) -> None:
    """The fold as it went along equals a plain refold of everything."""
    plain = Replica(replica.assets)
    for entity, unit in refold(commands, replica.assets).items():
        plain.document.update(entity, unit)
    if plain.document.hash != replica.document.hash:
        raise StoreCorrupt(replica.log.head_seq, "the fold differs from a plain refold: this is a bug in Theta")
