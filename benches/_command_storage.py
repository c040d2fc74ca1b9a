"""What commands cost on the disk: bytes each, beside Loro and Yjs for the same values; and opening a long file."""

import tempfile
from dataclasses import replace
from pathlib import Path

from benches._command_load import Maker, packets_of
from benches._command_meshes import Workpiece
from benches._command_peers import PEERS, loro_opening_seconds, settings_of, yjs_opening_seconds
from benches._log_file import COMMANDS, opening_rows
from benches._report import FOLDER, Row
from theta.adapters.sqlite_store import SqliteLogStore

STORED_COMMANDS = 20_000


def bytes_rows() -> list[Row]:
    """Bytes per vertex move, 100 to a packet: of the room's file, and of the records in it."""
    maker = Maker()
    operations = [each for each, _ in zip(Workpiece(maker).moves(), range(STORED_COMMANDS), strict=False)]
    maker.load(packets_of(100, operations))
    stored = maker.log.records
    bodies = sum(len(record.body) for record in stored)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        path = Path(folder) / "bench.theta"
        store = SqliteLogStore.open(path)
        store.append(stored)
        store.close()
        file_bytes = path.stat().st_size
    settings = settings_of(operations)
    rows = []
    for name, replay in PEERS.items():
        found = replay(settings, 100)
        rows += [
            _row("in the room's file", file_bytes, f"{name}, saved with its history", found.saved_bytes),
            _row("in its record", bodies, f"{name}, its updates as sent", found.sent_bytes),
        ]
    return rows


def _row(where: str, total: int, peer: str, peer_total: int) -> Row:
    what = f"bytes per vertex move {where}, 100 a packet, signed"
    return Row(what, total / STORED_COMMANDS, "B", None, f"{peer}, unsigned", peer_total / STORED_COMMANDS)


def long_file_rows() -> list[Row]:
    """Opening a file of a million commands, beside Loro and Yjs from what they save of as many settings."""
    opened, *rest = opening_rows()
    beside = {"Loro, from its snapshot": loro_opening_seconds, "Yjs, from its update": yjs_opening_seconds}
    return [*(replace(opened, peer=name, peer_value=seconds(COMMANDS)) for name, seconds in beside.items()), *rest]
