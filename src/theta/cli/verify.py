"""`theta verify`: prove a room's file, and say how far each proof reaches."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.markup import escape

from theta.base.errors import InvalidValue
from theta.base.limits import DIGEST_BYTES
from theta.cli.console import EXIT_FAILURE, err, out, with_progress
from theta.cli.sources import room_at_one_moment
from theta.commands.store import StoredRecord
from theta.node.asset_desk import shelf_of
from theta.node.audit import AuditReport, audit


def verify(file: Path, known_head: str = "") -> int:
    """Check every record and print what is proved; the exit code, 0 when nothing is wrong.

    Args:
        file: the room's file.
        known_head: a chain hash in hex, noted earlier, that the log must contain; empty for none.

    Raises:
        InvalidValue: `known_head` is no hash.
        StoreError: the file cannot be read as a room.
    """
    watch = HeadWatch(known_head)
    with room_at_one_moment(file) as store:
        records = with_progress(store.read(), store.last_seq, f"Verifying {file}")
        report = audit(watch.over(records), shelf_of(store.assets()), source=store)
    _print_proofs(report)
    faults = _faults_of(report, watch)
    for fault in faults:
        err.print(f"[bold red]bad:[/bold red] {escape(fault)}")
    if faults:
        return EXIT_FAILURE
    out.print(f"[bold green]good[/bold green]: {escape(str(file))}")
    return 0


class HeadWatch:
    """Looks out for a known head among the records that pass by."""

    def __init__(self, known_head: str) -> None:
        try:
            self._head = bytes.fromhex(known_head)
        except ValueError:
            self._head = b"?"
        if len(self._head) not in (0, DIGEST_BYTES):
            raise InvalidValue("--head", known_head, f"{2 * DIGEST_BYTES} hexadecimal digits, as `theta info` prints")
        self.seq = 0

    @property
    def is_missing(self) -> bool:
        """Whether a head was named that has not come by."""
        return bool(self._head) and not self.seq

    def over(self, records: Iterable[StoredRecord]) -> Iterator[StoredRecord]:
        """The same records."""
        for record in records:
            if record.chain == self._head:
                self.seq = record.seq
            yield record


def _print_proofs(report: AuditReport) -> None:
    out.print(f"records: {report.records} with {report.commands} commands")
    if report.first_seq > 1:
        out.print(f"base: the room's key vouches for what came up to record {report.first_seq}, which was compacted")
    out.print(f"authors: authentic up to record {report.authentic_seq}")
    if report.attested_seq:
        out.print(f"order: the room's key vouches for it up to record {report.attested_seq}")
    else:
        out.print("order: in the chain, but the room's key has not vouched for it yet")
    out.print(f"head: {report.records} {report.head.hex()}")
    out.print(f"document hash: {report.document_hash.hex()}")
    if report.checkpoints or report.checkpoint_faults:
        out.print(f"checkpoints: {report.checkpoints} agree with the records")
    if report.is_good:
        out.print(f"a cut after record {report.records} would not show: compare the head, by --head")


def _faults_of(report: AuditReport, watch: HeadWatch) -> list[str]:
    if report.fault is not None:
        return [str(report.fault), *report.checkpoint_faults]
    if watch.is_missing:
        return ["the head that you named is not in this log: records were cut off, or it is another room's"]
    if watch.seq:
        out.print(f"named head: it is record {watch.seq}")
    return list(report.checkpoint_faults)
