"""Opening a log from its newest good checkpoint and the records after it, or from all its records: LOG-25."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from theta.base.errors import InvalidValue, StoreCorrupt, UsageError
from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.log import Command, CommandLog
from theta.commands.records import BadRecord, chain_after, read_base
from theta.commands.store import LogSource, StoredCheckpoint, StoredRecord
from theta.editor.fold_base import NOTHING_BEFORE, FoldBase
from theta.editor.fold_base_bytes import base_of_bytes
from theta.editor.resuming import DecidedSwitch, HeadUnit, Tail, head_of_bytes, switches_of_bytes
from theta.editor.unit import Unit
from theta.editor.unit_snapshot import unit_of_bytes
from theta.node.asset_shelf import AssetShelf
from theta.node.checkpoint_frames import Frame, FrameKind, read_frames
from theta.node.drafting import CheckpointHeader, read_header
from theta.node.floors import Floors, floor_of
from theta.node.older import OlderCommands
from theta.node.protocol import REGISTRY
from theta.node.reading import LogReader
from theta.node.replica import Replica


class Opened(NamedTuple):
    """A replica that was opened.

    Attributes:
        replica: at the head of its log.
        header: of the checkpoint that it was opened from; None for all its records.
        tail_commands, tail_bytes: how much came after that.
        stored: the checkpoints that are there, without the damaged ones that were met.
        damaged: why newer checkpoints were passed over.
        base_seq: the base's record, 0 when the log has none.
    """

    replica: Replica
    header: CheckpointHeader | None
    tail_commands: int
    tail_bytes: int
    stored: tuple[StoredCheckpoint, ...]
    damaged: tuple[str, ...]
    base_seq: int = 0


def open_log(records: Iterable[StoredRecord] | LogSource, assets: AssetShelf | None = None) -> Opened:
    """Open a log, believing a checkpoint that has its hashes and the log's chain, and the records after it.

    Args:
        records: where records and checkpoints are, or all records and no more.
        assets: all that are stored.

    Raises:
        StoreCorrupt: a record does not fit, or names an asset that is missing; or the log is a compacted one, and there
            is no good checkpoint.
    """
    shelf = assets if assets is not None else AssetShelf()
    if not isinstance(records, LogSource):
        return _fold_whole(records, shelf, ())
    damaged: list[str] = []
    stored = _checkpoints(records, damaged)
    for number, checkpoint in enumerate(stored):
        try:
            opened = _resume(records, checkpoint, shelf)
            base_seq = records.first_seq if records.first_seq > 1 else 0
            return opened._replace(stored=tuple(stored[number:]), damaged=tuple(damaged), base_seq=base_seq)
        except (StoreCorrupt, UsageError, BadRecord) as error:
            damaged.append(f"the checkpoint at record {checkpoint.seq} was passed over: {error}")
    if records.first_seq > 1:
        raise StoreCorrupt(
            records.first_seq, "the checkpoint that the base stands on is damaged: " + "; ".join(damaged)
        )
    return _fold_whole(records.read(), shelf, tuple(damaged))


def _fold_whole(records: Iterable[StoredRecord], shelf: AssetShelf, damaged: tuple[str, ...]) -> Opened:
    replica = Replica(shelf)
    commands: list[Command] = []
    size = 0
    for record in records:
        commands += replica.log.accept(record, verify=False)
        size += len(record.body)
    replica.check_assets(commands)
    replica.apply(commands, replica.log.head_seq)
    return Opened(replica, None, len(commands), size, (), damaged)


def _checkpoints(source: LogSource, damaged: list[str]) -> list[StoredCheckpoint]:
    try:
        return source.checkpoints()
    except StoreCorrupt as error:
        damaged.append(str(error))
        return []


class Loaded(NamedTuple):
    """A checkpoint that was read: what it says, and a replica whose fold stands at the frontier."""

    header: CheckpointHeader
    base: FoldBase
    units: dict[bytes, Unit]
    tail: Tail
    replica: Replica
    floor: FoldBase

    def begin(self, replica: Replica) -> None:
        """Let a replica of the same branch begin with it; then let it `go_on`."""
        header = self.header
        where = (header.branch, header.folded, header.lamport)
        past = OlderCommands(replica.log, replica.reader, *where, self.floor)
        replica.begin(self.base, self.units, past, header.folded)


def load_checkpoint(parts: Iterable[bytes], source: LogSource, shelf: AssetShelf) -> Loaded:
    """Read a checkpoint's parts; older records are read from `source` when they are needed.

    Raises:
        InvalidValue, BadRecord, MeshError: not the parts of a checkpoint, or of one of another format.
    """
    frames = read_frames(parts)
    header = read_header(_expect(frames, FrameKind.HEADER))
    log = CommandLog.from_index(REGISTRY, _expect(frames, FrameKind.LOG_INDEX))
    base = base_of_bytes(_expect(frames, FrameKind.HISTORY))
    floor, switches = _read_floor(frames)
    heads: dict[bytes, HeadUnit] = {}
    units: dict[bytes, Unit] = {}
    for frame in frames:
        entity, data = frame.data[:IDENTIFIER_BYTES], frame.data[IDENTIFIER_BYTES:]
        if frame.kind == FrameKind.HEAD and not units:
            heads[entity] = head_of_bytes(data)
        elif frame.kind == FrameKind.UNIT:
            units[entity] = unit_of_bytes(data)
        elif frame.kind == FrameKind.BRANCH:
            break
        else:
            raise InvalidValue("checkpoint", frame.kind, "heads and then units after the history")
    replica = Replica(shelf, log, header.branch)
    is_compacted = source.first_seq > 1
    replica.reader = LogReader(log, source.read, Floors(source) if is_compacted else None)
    if is_compacted and floor is None and header.seq != source.first_seq:
        raise InvalidValue("checkpoint", header.seq, "one of a compacted log, that says where it begins")
    dropped = (floor or floor_of(base)) if is_compacted else NOTHING_BEFORE
    loaded = Loaded(header, base, units, Tail(switches, heads), replica, dropped)
    loaded.begin(replica)
    return loaded


def _read_floor(frames: Iterator[Frame]) -> tuple[FoldBase | None, tuple[DecidedSwitch, ...]]:
    """What was dropped, if the checkpoint says so, and the switches after it."""
    frame = next(frames, None)
    floor = base_of_bytes(frame.data) if frame is not None and frame.kind == FrameKind.FLOOR else None
    if floor is not None:
        frame = next(frames, None)
    if frame is None or frame.kind != FrameKind.SWITCHES:
        raise InvalidValue("checkpoint", frame and frame.kind, f"frame {FrameKind.SWITCHES} here")
    return floor, switches_of_bytes(frame.data)


def _resume(source: LogSource, checkpoint: StoredCheckpoint, shelf: AssetShelf) -> Opened:
    loaded = load_checkpoint(source.read_checkpoint(checkpoint), source, shelf)
    header, replica = loaded.header, loaded.replica
    log = replica.log
    at_head = header.frontier <= header.seq == checkpoint.seq == log.head_seq <= source.last_seq
    is_inside = log.knows(header.frontier) and header.frontier <= header.folded <= source.last_seq
    if not at_head or not is_inside:
        raise InvalidValue("checkpoint", header.seq, f"at record {checkpoint.seq} of a log that goes on")
    _check_base(source, log)
    commands: list[Command] = []
    size = 0
    chain = log.chain_at(header.frontier)
    for record in source.read(header.frontier + 1):
        if record.seq <= header.seq:
            chain = _check_chain(record, chain)
            if record.seq == header.seq and chain != log.chain:
                raise InvalidValue("checkpoint", chain.hex(), "one of this log")
            commands += replica.reader.commands(record)
        else:
            commands += log.accept(record, verify=False)
            size += len(record.body)
    held = log.governance.vector(header.branch, header.folded)
    tail = [
        each for each in commands if each.seq <= held.get(each.branch, 0) and each.position.lamport > header.lamport
    ]
    replica.check_assets(commands)
    replica.go_on(tail, [each for each in commands if each.seq > header.folded], log.head_seq, loaded.tail)
    since = sum(int(each.seq > header.seq) for each in commands)
    return Opened(replica, header, since, size, (), ())


def _check_base(source: LogSource, log: CommandLog) -> None:
    """Of a compacted log: whether its base is this room's, and this record's."""
    if source.first_seq == 1:
        return
    record = next(source.read(source.first_seq, source.first_seq))
    base = read_base(record.body)
    if (base.room, base.seq, base.chain) != (log.genesis.room, record.seq, record.chain):
        raise StoreCorrupt(record.seq, "the base is another room's, or another record's")


def _check_chain(record: StoredRecord, before: bytes) -> bytes:
    if record.chain != chain_after(before, record.seq, record.kind, record.body):
        raise StoreCorrupt(record.seq, "its bytes do not fit the chain")
    return record.chain


def _expect(frames: Iterator[Frame], kind: FrameKind) -> bytes:
    frame = next(frames, None)
    if frame is None or frame.kind != kind:
        raise InvalidValue("checkpoint", frame and frame.kind, f"frame {kind} here")
    return frame.data
