"""The rooms of tests/golden: files written by each released semantic version, which replay to their hashes for ever.

    python -m tools.golden_rooms                   write the rooms that are not there yet, and their hashes
    python -m tools.golden_rooms --replay FOLDER   print what each room there folds to, as JSON

A room that is there is never written again: it stands for the version of Theta that wrote it. `first` was written by
the last one without branches, frontiers and conflicts, `governed` by the first one with them. A new version of a
command, or new rules of the fold, get a room of their own.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from theta.adapters.sqlite_store import SqliteLogStore
from theta.node.asset_shelf import AssetShelf
from theta.node.replica import Replica
from tools.golden_programs import PROGRAMS
from tools.golden_writing import Writer

ROOMS = Path(__file__).resolve().parents[1] / "tests/golden"
HASHES = ROOMS / "hashes.json"


def replay(path: Path) -> dict[str, Any]:
    """What a room's file folds to: the document's hash, and a digest of what kind of outcome each command has."""
    store = SqliteLogStore.open_read_only(path)
    try:
        shelf = AssetShelf()
        for asset in store.assets():
            shelf.add(asset.data)
        found = list(store.read())
    finally:
        store.close()
    replica = Replica(shelf)
    commands = [command for record in found for command in replica.log.accept(record)]
    replica.apply(commands, replica.log.head_seq)
    outcomes = [
        (*command.name, outcome.kind)
        for command in sorted(commands, key=lambda each: each.position)
        if (outcome := replica.outcome(command.name)) is not None
    ]
    return {
        "records": len(found),
        "commands": len(commands),
        "chain": replica.log.chain.hex(),
        "document_hash": replica.document.hash.hex(),
        "branches": {branch.name: hash_of(replica, branch.id) for branch in replica.log.governance.branches.values()},
        "outcomes": hashlib.sha256(msgspec.msgpack.encode(outcomes)).hexdigest(),
        "outcome_kinds": sorted({kind for *_, kind in outcomes}),
        "types": sorted({f"{each.operation.NAME}@{each.operation.VERSION}" for each in commands}),
    }


def hash_of(replica: Replica, branch: bytes) -> str:
    """What a branch folds to."""
    other = Replica(replica.assets, replica.log, branch)
    for _ in other.apply_slowly(None, replica.log.head_seq):
        pass
    return other.document.hash.hex()


def main(arguments: list[str] | None = None) -> int:
    """Write what is missing, or replay what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replay", type=Path, help="write nothing, print what each room in this folder folds to")
    options = parser.parse_args(arguments)
    if options.replay is not None:
        json.dump({path.stem: replay(path) for path in sorted(options.replay.glob("*.theta"))}, sys.stdout, indent=1)
        return 0
    ROOMS.mkdir(exist_ok=True)
    hashes: dict[str, Any] = json.loads(HASHES.read_text(encoding="utf-8")) if HASHES.exists() else {}
    for name, program in PROGRAMS.items():
        path = ROOMS / f"{name}.theta"
        if path.exists():
            continue
        writer = Writer(name)
        program(writer)
        writer.save(path)
        hashes[name] = replay(path)
    HASHES.write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
