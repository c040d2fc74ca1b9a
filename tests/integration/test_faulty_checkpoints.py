"""A disk that fails at each boundary of each write in turn, while records and checkpoints are written.

Whatever fails: what was told to be on disk is there after a new start, and a checkpoint is whole or not there.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.log_store_contract import checkpoint_of, make_log
from tests.integration.test_faulty_store import FAILURES, Fault, FaultyConnection
from theta.adapters import sqlite_files
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import StoreUnavailable

pytestmark = [pytest.mark.integration]

RECORDS = make_log(12)
PARTS = {4: [b"one" * 1_000, b"two"], 8: [bytes(300_000), b"", b"three"], 10: [b"four"]}

Step = tuple[str, Callable[[SqliteLogStore], None]]


def put_part(seq: int, number: int) -> Callable[[SqliteLogStore], None]:
    return lambda store: store.put_part(seq, number, PARTS[seq][number])


def script() -> list[Step]:
    """Records, and a checkpoint between them now and then, as a room writes them."""
    steps: list[Step] = []
    for start in range(0, 12, 2):
        steps.append((f"records {start + 2}", lambda store, at=start: store.append(RECORDS[at : at + 2])))  # type: ignore[misc]
        seq = start + 2
        steps += [(f"part {seq}.{number}", put_part(seq, number)) for number in range(len(PARTS.get(seq, [])))]
        if seq in PARTS:
            done = checkpoint_of(seq, PARTS[seq])
            kept = [each for each in PARTS if seq - 4 <= each <= seq]
            steps.append((f"checkpoint {seq}", lambda store, done=done: store.put_checkpoint(done)))  # type: ignore[misc]
            steps.append(("drop", lambda store, kept=kept: store.drop_checkpoints(kept)))  # type: ignore[misc]
    return steps


@pytest.fixture(autouse=True)
def connections_that_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(uri: str) -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, factory=FaultyConnection)

    monkeypatch.setattr(sqlite_files, "connect", connect)


def play(path: Path, fault: Fault) -> list[str]:
    """Run the script until something fails; the names of the steps that were said to be done."""
    store = SqliteLogStore.open(path)
    assert isinstance(store._connection, FaultyConnection)
    store._connection.fault = fault
    done: list[str] = []
    for name, step in script():
        try:
            step(store)
        except StoreUnavailable:
            with pytest.raises(StoreUnavailable, match="an earlier write failed"):
                store.put_part(1, 0, b"")
            break
        done.append(name)
    store.close()
    return done


def check(path: Path, done: list[str]) -> None:
    store = SqliteLogStore.open(path)
    found = list(store.read())
    assert found == RECORDS[: len(found)]
    promised = max((int(name.split()[1]) for name in done if name.startswith("records")), default=0)
    assert promised <= len(found) <= promised + 2
    listed = {each.seq: each for each in store.checkpoints()}
    for seq, checkpoint in listed.items():
        assert list(store.read_checkpoint(checkpoint)) == PARTS[seq]
    for seq in PARTS:
        is_due = f"checkpoint {seq}" in done and not any(
            f"checkpoint {later}" in done for later in PARTS if later > seq + 4
        )
        assert seq in listed or not is_due
    store.append(RECORDS[len(found) :])
    store.close()


@pytest.mark.parametrize(("message", "words"), FAILURES)
def test_log_11_a_disk_that_fails_while_checkpoints_are_written_loses_nothing(
    tmp_path: Path, message: str, words: str
) -> None:
    sound = Fault()
    whole = play(tmp_path / "sound.theta", sound)
    assert whole == [name for name, _ in script()]
    check(tmp_path / "sound.theta", whole)
    assert len(sound.passed) > 60
    for fail_at in range(len(sound.passed)):
        path = tmp_path / f"{fail_at}.theta"
        done = play(path, Fault(fail_at, message))
        assert len(done) < len(whole)
        check(path, done)
