"""A checkpoint of a replica, as frames: the header, the log's index, the history and every unit (LOG-29)."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from theta.base.errors import InvalidValue
from theta.base.identifiers import MAIN_BRANCH, Position, blake2b_256
from theta.base.limits import IDENTIFIER_BYTES, U64_MAX
from theta.commands.records import RecordKind
from theta.editor.fold_base import NOTHING_BEFORE, FoldBase
from theta.editor.fold_base_bytes import base_bytes
from theta.editor.resuming import Tail, head_bytes, switches_bytes
from theta.editor.unit_snapshot import unit_bytes
from theta.node.checkpoint_frames import Frame, FrameKind
from theta.node.checkpointing import Draft
from theta.node.floors import BranchHead
from theta.node.replica import Replica
from theta.wire.messages import Part
from theta.wire.types import U32, U64, Id16

CHECKPOINT_FORMAT = 1


class CheckpointHeader(Part, frozen=True):
    """Where a checkpoint stands.

    Attributes:
        format: CHECKPOINT_FORMAT.
        seq: the log's head, where its index is taken.
        folded: up to which record the branch was folded.
        lamport, frontier: the frontier's Lamport time and record; the units are as of there.
        branch: whose document it is.
    """

    format: U32
    seq: U64
    folded: U64
    lamport: U64
    frontier: U64
    branch: Id16


class Drafts:
    """Begins the checkpoints of a replica; `frontier` is the record at which the frontier stood in the last one."""

    def __init__(self, replica: Replica, frontier: int = 0) -> None:
        self._replica = replica
        self._frontier = frontier

    def begin(self, *, at_close: bool = False) -> Draft | None:
        """A checkpoint of what is folded now; None while the frontier is where it was, or the fold is at work.

        Args:
            at_close: also when the frontier is where it was: what came since need not be folded at the next start.
        """
        frontier = self._replica.log.frontier
        if frontier is None or (frontier.seq <= self._frontier and not at_close):
            return None
        draft = draft_of(self._replica)
        if draft is not None:
            self._frontier = frontier.seq
        return draft


def draft_of(replica: Replica) -> Draft | None:
    """The checkpoint of what a replica has folded, as far as the frontier; None before there is a folded one.

    Units are taken when their frames are asked for, which has to be between two steps of the fold.
    """
    log, frontier = replica.log, replica.log.frontier
    if frontier is None or replica.is_folding or frontier_record(replica) > replica.folded_seq:
        return None
    position = Position(frontier.lamport, U64_MAX, U64_MAX)
    header = CheckpointHeader(
        CHECKPOINT_FORMAT, log.head_seq, replica.folded_seq, frontier.lamport, frontier.seq, replica.branch
    )
    return Draft(log.head_seq, frames_of(replica, header, log.index_bytes(), replica.history.base_at(position)))


def frames_of(replica: Replica, header: CheckpointHeader, index: bytes, base: FoldBase) -> Iterator[Frame]:
    """A checkpoint's frames, the units each when it is asked for."""
    return chain(_begin(header, index), _history(base), frames_after_history(replica, base.position))


def frames_after_history(replica: Replica, position: Position) -> Iterator[Frame]:
    """What the commands above a position have come to, as it is now, and the units there, each when it is asked for."""
    floor = replica.fold.floor
    known = (Frame(FrameKind.FLOOR, base_bytes(floor)),) if floor is not NOTHING_BEFORE else ()
    return chain(known, _frames(replica, position, replica.fold.tail_above(position)))


def base_frames(replicas: Sequence[Replica], index: bytes) -> Iterator[Frame]:
    """The frames of the checkpoint that a base stands on: of each branch all as it is at the log's head (LOG-27).

    Args:
        replicas: of all branches, the main one first, all folded to the head.
        index: the log's.
    """
    log = replicas[0].log
    position = Position(log.lamport, U64_MAX, U64_MAX)
    header = CheckpointHeader(CHECKPOINT_FORMAT, log.head_seq, log.head_seq, log.lamport, log.head_seq, MAIN_BRANCH)
    yield from _begin(header, index)
    known: dict[bytes, bytes] = {}
    for replica in replicas:
        if replica.branch != MAIN_BRANCH:
            head = BranchHead(replica.branch, replica.document.hash)
            yield Frame(FrameKind.BRANCH, msgspec.msgpack.encode(head))
        # Nobody is offered to undo what nobody can undo any more.
        yield from _history(replica.history.base_at(position)._replace(stacks={}, reaches={}))
        shared: list[bytes] = []
        for frame in _frames(replica, position, replica.fold.tail_above(position)):
            entity, digest = frame.data[:IDENTIFIER_BYTES], blake2b_256("theta-unit", frame.data)
            if frame.kind == FrameKind.UNIT and replica.branch == MAIN_BRANCH:
                known[entity] = digest
            elif frame.kind == FrameKind.UNIT and known.get(entity) == digest:
                shared.append(entity)
                continue
            yield frame
        if shared:
            yield Frame(FrameKind.SHARED, b"".join(shared))


def _begin(header: CheckpointHeader, index: bytes) -> tuple[Frame, ...]:
    return Frame(FrameKind.HEADER, msgspec.msgpack.encode(header)), Frame(FrameKind.LOG_INDEX, index)


def _history(base: FoldBase) -> tuple[Frame, ...]:
    return (Frame(FrameKind.HISTORY, base_bytes(base)),)


def _frames(replica: Replica, position: Position, tail: Tail) -> Iterator[Frame]:
    yield Frame(FrameKind.SWITCHES, switches_bytes(tail.switches))
    for entity, head in sorted(tail.heads.items()):
        yield Frame(FrameKind.HEAD, entity + head_bytes(head))
    for entity, data in replica.fold.units_at(position, unit_bytes):
        yield Frame(FrameKind.UNIT, entity + data)


def frontier_record(replica: Replica) -> int:
    """The number of the record that set the frontier; of the one at which it stands when that is not in memory."""
    frontier = replica.log.frontier
    assert frontier is not None
    for record in reversed(replica.log.records_between(frontier.seq + 1, replica.log.head_seq)):
        if record.kind == RecordKind.FRONTIER:
            return record.seq
    return frontier.seq


def read_header(data: bytes) -> CheckpointHeader:
    """The header in a checkpoint's first frame.

    Raises:
        InvalidValue: it is none, or one of another format.
    """
    try:
        header = msgspec.msgpack.decode(data, type=CheckpointHeader)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise InvalidValue("checkpoint", str(error), "one with a header") from error
    if header.format != CHECKPOINT_FORMAT or header.branch != MAIN_BRANCH:
        raise InvalidValue("checkpoint", header.format, f"of format {CHECKPOINT_FORMAT}, of the main branch")
    return header
