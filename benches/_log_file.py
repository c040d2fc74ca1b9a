"""A room file of many commands, signed by several people, and how long it takes to open.

PYTHONPATH=. python benches/_log_file.py [COMMANDS]
"""

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benches._command_load import NOW, SECRET, Maker, packets_of
from benches._report import FOLDER, Row, report
from theta.adapters.files import write_secret
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.identifiers import entity_id
from theta.base.limits import CHECKPOINT_COMMANDS, FRONTIER_AGE_RECORDS, PACKET_COMMANDS_MAX
from theta.commands.records import RecordKind, sign_part
from theta.commands.store import StoredCheckpoint, StoredRecord, part_digest
from theta.editor.mesh_operations import ExtrudeFaceV2, MoveVerticesV2
from theta.editor.vocabulary import CreatePrimitiveV2, Operation, Paint, SetTransform
from theta.mesh import Mesh
from theta.node.checkpoint_frames import PartCutter
from theta.node.checkpoint_schedule import thinned
from theta.node.checkpointing import Draft
from theta.node.drafting import Drafts
from theta.node.replica import Replica

COMMANDS = 1_000_000
OBJECTS = 40
SEGMENTS, RINGS = 40, 25
FRONTIER_RECORDS = 64
"""Records between two frontiers, as in a room."""
BATCH_RECORDS = 500
SEED = 5
UPRIGHT = (0.0, 0.0, 0.0, 1.0)
ONE = (1.0, 1.0, 1.0)


class LogFile(NamedTuple):
    """A file that was made: where, how many records and commands are in it, how large it is, and what they fold to."""

    path: Path
    records: int
    commands: int
    byte_count: int
    document_hash: bytes


class Opened(NamedTuple):
    """How long a new process took, in seconds: to the document alone, and with Python's start and imports."""

    seconds: float
    process_seconds: float
    document_hash: bytes
    tail_commands: int


class Scene:
    """Objects of 1,000 faces each: mostly dragged vertices, some objects moved and painted, some faces extruded."""

    def __init__(self, maker: Maker) -> None:
        self._random = random.Random(SEED)
        self._meshes: list[tuple[bytes, Mesh, list[bytes], list[bytes]]] = []
        for number in range(OBJECTS):
            at = (float(number % 8), 0.0, float(number // 8))
            made = CreatePrimitiveV2("torus", 1.0, SEGMENTS, RINGS, 0, 0.4, f"torus {number}", at, UPRIGHT, ONE)
            (command,) = maker.open_with(made)
            mesh = made.build(command.name)
            faces = mesh.face_ids()
            self._random.shuffle(faces)
            self._meshes.append((entity_id(command.name), mesh, mesh.vertex_ids(), faces))

    def operations(self) -> Iterator[Operation]:
        """Without end."""
        draw = self._random
        while True:
            entity, mesh, vertices, faces = draw.choice(self._meshes)
            dice = draw.random()
            if dice < 0.03:
                yield Paint(entity, (draw.random(), draw.random(), draw.random()))
            elif dice < 0.06:
                yield SetTransform(entity, (draw.uniform(-5, 5), 0.0, draw.uniform(-5, 5)), UPRIGHT, ONE)
            elif dice < 0.0601 and faces:
                yield ExtrudeFaceV2(entity, faces.pop(), 0.01)
            else:
                vertex = draw.choice(vertices)
                target = np.array(mesh.position(vertex)) + draw.uniform(-0.01, 0.01)
                yield MoveVerticesV2(entity, vertex, target.astype("<f8").tobytes(), bytes(24))


def records_of(maker: Maker, commands: int) -> Iterator[StoredRecord]:
    """The room's records, in order: packets of 100 by all its authors in turn, a frontier now and then."""
    scene = Scene(maker)
    yield from maker.opening
    batches = packets_of(PACKET_COMMANDS_MAX, islice(scene.operations(), commands))
    for number, batch in enumerate(batches, 1):
        author = maker.authors[number % len(maker.authors)]
        yield maker.take(author, batch)[0]
        if number % FRONTIER_RECORDS == 0 and maker.log.head_seq > FRONTIER_AGE_RECORDS:
            frontier = maker.log.next_frontier(maker.log.head_seq - FRONTIER_AGE_RECORDS, NOW.unix_ms)
            if frontier is not None:
                body = sign_part(SECRET.identity, maker.log.genesis, frontier)
                record = maker.log.next_record(RecordKind.FRONTIER, body)
                maker.log.accept(record, verify=False)
                yield record


def make_file(path: Path, commands: int = COMMANDS) -> LogFile:
    """Make a room's file, its key beside it, with the checkpoints that the room would have written."""
    for old in (path, path.with_name(path.name + ".key")):
        old.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_secret(path.with_name(path.name + ".key"), b"r" * 32)
    store = SqliteLogStore.open(path)
    replica, count, last = Replica(), 0, 0
    drafts = Drafts(replica)
    batch: list[StoredRecord] = []
    for record in records_of(Maker(), commands):
        batch.append(record)
        found = replica.log.accept(record, verify=False)
        replica.apply(found, record.seq)
        count += len(found)
        if len(batch) >= BATCH_RECORDS or record.kind == RecordKind.FRONTIER:
            store.append(batch)
            batch.clear()
        if record.kind == RecordKind.FRONTIER and count - last >= CHECKPOINT_COMMANDS:
            last = count
            _store_checkpoint(store, drafts.begin())
    store.append(batch)
    _store_checkpoint(store, drafts.begin(at_close=True))
    store.close()
    return LogFile(path, replica.log.head_seq, count, path.stat().st_size, replica.document.hash)


def _store_checkpoint(store: SqliteLogStore, draft: Draft | None) -> None:
    assert draft is not None
    cutter = PartCutter()
    parts = [part for frame in draft.frames for part in cutter.put(frame)] + list(cutter.finish())
    for number, part in enumerate(parts):
        store.put_part(draft.seq, number, part)
    digests = b"".join(part_digest(draft.seq, number, part) for number, part in enumerate(parts))
    checkpoint = StoredCheckpoint(draft.seq, digests, sum(map(len, parts)), NOW.unix_ms)
    store.put_checkpoint(checkpoint)
    store.drop_checkpoints(thinned(store.checkpoints()))


_OPEN = """
import sys, time
from pathlib import Path
from theta.adapters.sqlite_store import SqliteLogStore
from theta.node.asset_desk import shelf_of
from theta.node.opening import open_log
begun = time.perf_counter()
store = SqliteLogStore.open(Path(sys.argv[1]))
opened = open_log(store.beside(), shelf_of(store.assets()))
seconds = time.perf_counter() - begun
assert opened.header is not None, opened.damaged
print(seconds, opened.replica.document.hash.hex(), opened.tail_commands)
"""


def open_file(file: LogFile) -> Opened:
    """Open the file in a process of its own, as a room does, up to the document."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _OPEN, str(file.path)], capture_output=True, text=True, check=True)
    process_seconds = time.perf_counter() - begun
    seconds, document_hash, tail = done.stdout.split()
    assert bytes.fromhex(document_hash) == file.document_hash, "opened to another document"
    return Opened(float(seconds), process_seconds, bytes.fromhex(document_hash), int(tail))


def opening_rows(commands: int = COMMANDS, runs: int = 5) -> list[Row]:
    """Opening a file of so many commands with checkpoints."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        file = make_file(Path(folder) / "long.theta", commands)
        opened = [open_file(file) for _ in range(runs)]
    seconds = statistics.median(each.seconds for each in opened)
    process = statistics.median(each.process_seconds for each in opened)
    what = f"open a file of {file.commands:,} commands ({opened[0].tail_commands:,} after its checkpoint)"
    return [
        Row(what, seconds, "s", bar=1.0, runs=runs),
        Row("  with Python's start and imports", process, "s", runs=runs),
        Row("  bytes in the file per command", file.byte_count / file.commands, "B"),
    ]


def main() -> int:
    """Make a file and open it."""
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS
    return 0 if report("opening", opening_rows(commands)) else 1


if __name__ == "__main__":
    sys.exit(main())
