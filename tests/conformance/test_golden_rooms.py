"""Rooms written by each released semantic version replay to their recorded hashes, here and on other processors."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from theta.adapters.sqlite_store import SqliteLogStore
from theta.editor.vocabulary import OPERATIONS
from theta.node.asset_shelf import AssetShelf
from theta.node.audit import audit
from tools import golden_rooms
from tools.golden_programs import PROGRAMS

HASHES: dict[str, dict[str, Any]] = json.loads(golden_rooms.HASHES.read_text(encoding="utf-8"))
SECONDS_MAX = 240
OTHER_PROCESSORS = ("", "X86_V3 X86_V4 AVX512_ICL AVX512_SPR")


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """A copy of the golden rooms, since SQLite writes beside what it reads."""
    for path in golden_rooms.ROOMS.glob("*.theta"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_every_room_has_its_hash_and_every_hash_its_room() -> None:
    assert HASHES.keys() == {path.stem for path in golden_rooms.ROOMS.glob("*.theta")} == PROGRAMS.keys()


@pytest.mark.parametrize("name", HASHES)
def test_a_golden_room_replays_to_its_hash(name: str, rooms: Path) -> None:
    assert golden_rooms.replay(rooms / f"{name}.theta") == HASHES[name]


@pytest.mark.parametrize("name", HASHES)
def test_a_golden_room_is_proved_from_its_records_alone(name: str, rooms: Path) -> None:
    store = SqliteLogStore.open_read_only(rooms / f"{name}.theta")
    report = audit(list(store.read()), AssetShelf(asset.data for asset in store.assets()))
    store.close()
    assert report.is_good, report.fault
    assert report.document_hash.hex() == HASHES[name]["document_hash"]
    assert report.attested_seq > report.records // 2


def test_every_version_of_every_command_is_in_a_golden_room() -> None:
    known = {f"{each.NAME}@{each.VERSION}" for each in OPERATIONS}
    assert known - {each for room in HASHES.values() for each in room["types"]} == set()
    kinds = {each for room in HASHES.values() for each in room["outcome_kinds"]}
    assert kinds == {"applied", "merged", "no-op", "rejected", "suspended"}


@pytest.mark.integration
def test_golden_rooms_replay_to_their_hashes_under_other_hash_seeds_and_processor_features(
    rooms: Path, seed: int
) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tools.golden_rooms", "--replay", str(rooms)],
            cwd=golden_rooms.ROOMS.parents[1],
            env={**os.environ, "PYTHONHASHSEED": str((seed + at) % 2**32), "NPY_DISABLE_CPU_FEATURES": without},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for at, without in enumerate(OTHER_PROCESSORS)
    ]
    for process in running:
        out, err = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 0, err
        assert json.loads(out) == HASHES
