"""What a room said in its life, again from its log: the frames of its commits, to learn from what they have in common.

A room does not keep what it sends. But a commit follows from its records, and its patches from folding them.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from theta.commands.records import RecordKind
from theta.commands.store import LogSource, StoredRecord
from theta.node.asset_shelf import AssetShelf
from theta.node.catch_up import commit_of
from theta.node.checkpoint_audit import prove_base
from theta.node.replica import Replica
from theta.wire.codec import encode


class Said(NamedTuple):
    """The frames of one commit: for who folds, and for who takes patches."""

    records: bytes
    patches: bytes


def recorded_traffic(records: Iterable[StoredRecord], source: LogSource, shelf: AssetShelf) -> Iterator[Said]:
    """Each record as a commit of its own, as it is when people work at their pace.

    Args:
        records: the log, from its first record.
        source: where its checkpoints are; a compacted log cannot be read without.
        shelf: the assets that it names.

    Raises:
        StoreCorrupt: a record does not fit, or names an asset that is missing.
    """
    replica = Replica(shelf)
    for record in records:
        if record.kind == RecordKind.BASE and replica.log.is_empty:
            replica = prove_base(record, source, shelf).begin()
            continue
        commands = replica.log.accept(record, verify=False)
        replica.check_assets(commands)
        change = replica.apply(commands, record.seq)
        commit = commit_of([record], replica.document.hash, replica.branch)
        yield Said(encode(commit), encode(replace(commit, units=change.units)))
