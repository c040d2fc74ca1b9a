"""Beginning a replica in the middle: from the newest checkpoint that its branch holds whole, a piece at a time."""

from collections.abc import Iterator

from theta.base.errors import StoreError, UsageError
from theta.base.identifiers import MAIN_BRANCH
from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.branches import judges_anew
from theta.commands.command import Command
from theta.commands.records import BadRecord
from theta.commands.store import LogSource
from theta.editor.fold_base import NOTHING_BEFORE
from theta.editor.fold_base_bytes import base_of_bytes
from theta.editor.unit import Unit
from theta.editor.unit_snapshot import unit_of_bytes
from theta.node.checkpoint_frames import Frame, FrameKind, read_frames
from theta.node.drafting import CheckpointHeader, read_header
from theta.node.floors import floor_of
from theta.node.older import OlderCommands
from theta.node.replica import READ_SLICE_RECORDS, Replica

UNITS_AT_ONCE = 8


def begin_slowly(replica: Replica, source: LogSource | None, seq: int) -> Iterator[None]:
    """Begin an empty replica so that not all of its log has to be folded up to record `seq`; it may stay empty.

    Of a compacted log a checkpoint of the main branch is no beginning for one that had work of its own at the base.

    Args:
        replica: over a log that knows of its branch.
        source: where checkpoints of the main branch are.
        seq: how far it will be folded.
    """
    if source is None or replica.folded_seq:
        return
    if replica.log.governance.lines.root(replica.branch) != MAIN_BRANCH:
        return
    for checkpoint in source.checkpoints():
        if checkpoint.seq > seq:
            continue
        try:
            frames = read_frames(source.read_checkpoint(checkpoint))
            header = read_header(next(frames).data)
            if _holds(replica, header, seq):
                yield from _take(replica, header, frames)
                return
        except (StoreError, UsageError, BadRecord):
            continue  # a damaged one is told of where the log is opened; older ones will do


def _holds(replica: Replica, header: CheckpointHeader, seq: int) -> bool:
    """Whether all in a checkpoint is in what the branch holds at record `seq`, and was judged by the same merges."""
    governance, branch = replica.log.governance, replica.branch
    held = governance.vector(branch, seq)
    inside = governance.vector(MAIN_BRANCH, header.folded)
    dropped = governance.dropped(MAIN_BRANCH, header.folded)
    return (
        header.folded <= seq
        and all(held.get(each, 0) >= until for each, until in inside.items())
        and dropped <= governance.dropped(branch, seq)
        and not judges_anew(
            governance.merges(MAIN_BRANCH, header.folded), governance.merges(branch, replica.until), inside
        )
    )


def _take(replica: Replica, header: CheckpointHeader, frames: Iterator[Frame]) -> Iterator[None]:
    base, floor = None, NOTHING_BEFORE
    units: dict[bytes, Unit] = {}
    for number, frame in enumerate(frames):
        if frame.kind == FrameKind.HISTORY:
            base = base_of_bytes(frame.data)
        elif frame.kind == FrameKind.FLOOR:
            floor = base_of_bytes(frame.data)
        elif frame.kind == FrameKind.BRANCH:
            break
        elif frame.kind == FrameKind.UNIT:
            units[frame.data[:IDENTIFIER_BYTES]] = unit_of_bytes(frame.data[IDENTIFIER_BYTES:])
        if number % UNITS_AT_ONCE == 0:
            yield
    if base is None:
        return
    where = (header.branch, header.folded, header.lamport)
    if floor is NOTHING_BEFORE and replica.reader.floors is not None:
        floor = floor_of(base)
    past = OlderCommands(replica.log, replica.reader, *where, floor)
    replica.begin(base, units, past, header.folded)
    inside = replica.log.governance.vector(MAIN_BRANCH, header.folded)
    tail: list[Command] = []
    for first in range(header.frontier + 1, header.folded + 1, READ_SLICE_RECORDS):
        for record in replica.reader.records(first, min(header.folded, first + READ_SLICE_RECORDS - 1)):
            tail += [
                command
                for command in replica.reader.commands(record)
                if command.seq <= inside.get(command.branch, 0) and command.position.lamport > header.lamport
            ]
        yield
    yield from replica.go_on_slowly(tail, [], header.folded)
