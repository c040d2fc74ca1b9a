"""From a packet's frame to the document: decode, admit, commit, fold. One thread, one core; clients signed before."""

import gc
import os
import sqlite3
import statistics
import tempfile
import time
from bisect import insort
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from nacl.bindings import crypto_sign_open

from benches._command_load import NOW, Load, Maker, log_of, packets_of, unlimited_admission
from benches._command_meshes import Workpiece
from benches._command_peers import PEERS, settings_of
from benches._report import FOLDER, Row
from theta.adapters.collecting import settle_collector
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.identifiers import Position
from theta.base.limits import FRONTIER_AGE_RECORDS, PACKET_COMMANDS_MAX
from theta.commands.log import Command
from theta.commands.packets import SigningDomain, decode_body, packet_digest
from theta.commands.store import StoredRecord
from theta.editor.vocabulary import Operation, Paint
from theta.node.replica import Replica
from theta.wire import codec
from theta.wire.messages import SubmitPacket

RUNS = 5
GROUP_COMMIT_SECONDS = 0.010
"""What arrives in this time at a row's bar is committed and folded at once, as the room's group commit would."""
HUNDREDS_BAR, PLAIN_BAR, SINGLES_BAR, MOVES_BAR, TOPOLOGICAL_BAR = 200_000, 500_000, 15_000, 50_000, 2_000
UNSETTLED_COMMANDS = FRONTIER_AGE_RECORDS * PACKET_COMMANDS_MAX
"""What may stand above the frontier, and therefore has no final place yet."""
PAINTED = 1_000
COMMANDS = 200_000
SINGLE_COMMANDS = 20_000
MOVE_COMMANDS = 50_000
TOPOLOGICAL_COMMANDS = 2_000


class Folded(Protocol):
    """What folds the commands of durable records."""

    def apply(self, commands: list[Command], seq: int) -> object:
        """Fold commands up to record `seq`."""
        ...


class NoOpFold:
    """Reduces each command to nothing, in the order of positions; those that a late one may come before are kept."""

    def __init__(self) -> None:
        self.ordered: list[Position] = []

    def apply(self, commands: list[Command], seq: int) -> None:
        """Fold commands up to record `seq`."""
        ordered = self.ordered
        del ordered[:-UNSETTLED_COMMANDS]
        for command in commands:
            position = command.position
            if not ordered or position > ordered[-1]:
                ordered.append(position)
            else:
                insort(ordered, position)
            reduce_to_nothing(command)


def reduce_to_nothing(command: Command) -> None:
    """The no-op reducer."""


def paints(count: int) -> list[Operation]:
    """Paints of many objects."""
    entities = [number.to_bytes(16, "little") for number in range(PAINTED)]
    return [Paint(entities[at % PAINTED], (at % 7 / 7, at % 11 / 11, at % 13 / 13)) for at in range(count)]


def run_once(load: Load, fold: Callable[[Load], Folded], store: Path | None, per_commit: int) -> float:
    """Commands a second from the frames to the fold.

    Args:
        load: what comes in.
        fold: makes what folds it, opening included.
        store: commit to this file, with fsync; None for no disk.
        per_commit: how many packets are committed and folded at once.
    """
    folded = fold(load)
    log = log_of(load.opening)
    admission = unlimited_admission(log)
    disk = SqliteLogStore.open(store) if store is not None else None
    if disk is not None:
        disk.append(load.opening)
    waiting: list[StoredRecord] = []
    commands: list[Command] = []

    def commit() -> None:
        if disk is not None:
            disk.append(waiting)
        folded.apply(commands, waiting[-1].seq)
        waiting.clear()
        commands.clear()

    settle_collector()
    start = time.perf_counter()
    for session, frame in zip(load.who, load.frames, strict=True):
        packet = codec.decode_from_participant(frame)
        assert isinstance(packet, SubmitPacket)
        admitted = admission.admit(NOW, session, session.role, packet)
        assert admitted.record is not None
        commands += log.accept(admitted.record, verify=False)
        waiting.append(admitted.record)
        if len(waiting) == per_commit:
            commit()
    if waiting:
        commit()
    seconds = time.perf_counter() - start
    assert log.command_count >= load.commands
    if disk is not None:
        disk.close()
    return load.commands / seconds


def commands_per_second(load: Load, fold: Callable[[Load], Folded], bar: int, *, disk: bool) -> float:
    """The median of several runs, each with a room and a file of its own."""
    found = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            path = Path(folder) / "bench.theta" if disk else None
            found.append(run_once(load, fold, path, packets_per_commit(load, bar)))
    return statistics.median(found)


def packets_per_commit(load: Load, bar: int) -> int:
    """How many packets arrive while a commit gathers, when so many commands a second come in."""
    return max(1, int(bar * GROUP_COMMIT_SECONDS * len(load.frames) / load.commands))


def limit_per_second(load: Load, *, disk: bool = False) -> float:
    """Decode, hash and verify alone, and with `disk` bare commits of the frames: what no log could do without."""
    genesis = log_of(load.opening).genesis
    found = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            bare = BareStore(Path(folder) / "bare.db", packets_per_commit(load, HUNDREDS_BAR)) if disk else None
            gc.collect()
            start = time.perf_counter()
            for session, frame in zip(load.who, load.frames, strict=True):
                packet = codec.decode_from_participant(frame)
                assert isinstance(packet, SubmitPacket)
                decode_body(packet.body)
                domain = SigningDomain(genesis.server, genesis.room, session.session, session.actor)
                digest = packet_digest(domain, packet.nonce, packet.seen, packet.chain, packet.body)
                crypto_sign_open(packet.signature + digest, session.author)
                if bare is not None:
                    bare.add(frame)
            if bare is not None:
                bare.close()
            found.append(load.commands / (time.perf_counter() - start))
    return statistics.median(found)


class BareStore:
    """SQLite as a room uses it, and nothing else."""

    def __init__(self, path: Path, per_commit: int) -> None:
        self._per_commit = per_commit
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB)")
        self._waiting: list[tuple[bytes]] = []

    def add(self, body: bytes) -> None:
        """A record; committed in groups."""
        self._waiting.append((body,))
        if len(self._waiting) == self._per_commit:
            self._commit()

    def close(self) -> None:
        """Commit the rest."""
        self._commit()
        self._connection.close()

    def _commit(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO records (body) VALUES (?)", self._waiting)
        self._connection.execute("COMMIT")
        self._waiting.clear()


def no_op(load: Load) -> NoOpFold:
    """See NoOpFold."""
    return NoOpFold()


def document(load: Load) -> Replica:
    """The room's own replica, its document hash kept at every commit."""
    return Replica.from_records(load.opening)


def pin() -> None:
    """One core for all that follows."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def ours(what: str, value: float, bar: float | None, peer: str, peer_value: float | None) -> Row:
    """A row in commands a second."""
    return Row(what, value, "commands/s", bar, peer, peer_value, RUNS, more_is_better=True)


def paint_rows() -> list[Row]:
    """Packets of 100 and of 1 through the no-op reducer."""
    operations = paints(COMMANDS)
    load = Maker().load(packets_of(100, operations))
    settings = settings_of(operations)
    replays = {name: replay(settings, 100).per_second for name, replay in PEERS.items()}
    limit, durable_limit = limit_per_second(load), limit_per_second(load, disk=True)
    durable = commands_per_second(load, no_op, HUNDREDS_BAR, disk=True)
    plain = commands_per_second(load, no_op, PLAIN_BAR, disk=False)
    single = Maker().load(packets_of(1, paints(SINGLE_COMMANDS)))
    single_limit = limit_per_second(single)
    single_plain, single_durable = (
        commands_per_second(single, no_op, SINGLES_BAR, disk=disk) for disk in (False, True)
    )
    hundred, one = "signed packets of 100 paints, no-op reducer", "signed packets of 1 paint, no-op reducer"
    physical = "decode, hash and verify alone"
    return [
        ours(f"{hundred}, fsync", durable, HUNDREDS_BAR, f"{physical}, bare SQLite commits", durable_limit),
        *(ours(f"{hundred}, fsync", durable, None, f"{name}, unsigned, no disk", replays[name]) for name in PEERS),
        ours(f"{hundred}, no disk", plain, PLAIN_BAR, physical, limit),
        ours(f"{one}, fsync", single_durable, SINGLES_BAR, physical, single_limit),
        ours(f"{one}, no disk", single_plain, SINGLES_BAR, physical, single_limit),
    ]


def mesh_rows() -> list[Row]:
    """Real operations on a mesh of 20,000 faces, the document's hash kept at every commit."""
    maker = Maker()
    moves = [move for move, _ in zip(Workpiece(maker).moves(), range(MOVE_COMMANDS), strict=False)]
    load = maker.load(packets_of(100, moves))
    settings = settings_of(moves)
    replays = {name: replay(settings, 100).per_second for name, replay in PEERS.items()}
    durable, plain = (commands_per_second(load, document, MOVES_BAR, disk=disk) for disk in (True, False))
    maker = Maker()
    changes = Workpiece(maker).topological()
    load = maker.load(packets_of(100, [each for each, _ in zip(changes, range(TOPOLOGICAL_COMMANDS), strict=False)]))
    topological = commands_per_second(load, document, TOPOLOGICAL_BAR, disk=True)
    what = "vertex moves on 20,000 faces, hash kept, packets of 100"
    return [
        *(
            ours(f"{what}, fsync", durable, MOVES_BAR, f"{name}, unsigned, no disk, no mesh", replays[name])
            for name in PEERS
        ),
        ours(f"{what}, no disk", plain, None, "", None),
        ours(
            "splits and extrusions on 20,000 faces, hash kept, packets of 100, fsync",
            topological,
            TOPOLOGICAL_BAR,
            "",
            None,
        ),
    ]
