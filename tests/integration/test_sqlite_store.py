"""The room file: what it is on disk, who may open it, and what is said when it cannot be."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.contract.log_store_contract import make_log
from theta.adapters import file_lock
from theta.adapters.file_lock import FileLock
from theta.adapters.sqlite_store import APPLICATION_ID, SqliteLogStore, backup
from theta.base.errors import NotARoom, StoreCorrupt, StoreLocked, StoreTooNew, StoreUnavailable
from theta.commands.store import StoredRecord

pytestmark = pytest.mark.integration


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.theta"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteLogStore]:
    opened = SqliteLogStore.open(path)
    yield opened
    opened.close()


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


class TestFormat:
    def test_log_10_header_says_what_the_file_is(self, path: Path) -> None:
        SqliteLogStore.open(path).close()
        header = path.read_bytes()[:100]
        assert header[:16] == b"SQLite format 3\0"
        assert int.from_bytes(header[60:64], "big") == 1
        assert int.from_bytes(header[68:72], "big") == APPLICATION_ID == int.from_bytes(b"THTA", "big")

    def test_log_11_commits_are_synced_to_a_write_ahead_log(self, store: SqliteLogStore) -> None:
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)

    def test_closing_leaves_one_file(self, path: Path) -> None:
        opened = SqliteLogStore.open(path)
        opened.append(make_log(3))
        assert {entry.name for entry in path.parent.iterdir()} > {"room.theta", "room.theta.lock", "room.theta-wal"}
        opened.close()
        assert [entry.name for entry in path.parent.iterdir()] == ["room.theta"]

    def test_opening_again_goes_on(self, path: Path) -> None:
        records = make_log(6)
        for part in (records[:3], records[3:]):
            opened = SqliteLogStore.open(path)
            opened.append(part)
            opened.close()
        opened = SqliteLogStore.open(path)
        assert (list(opened.read()), opened.last_seq) == (records, 6)
        opened.close()

    def test_an_empty_file_becomes_a_room(self, path: Path) -> None:
        path.touch()
        opened = SqliteLogStore.open(path)
        opened.append(make_log(1))
        opened.close()

    @pytest.mark.parametrize("name", ["a room?.theta", "100%.theta", "a#b.theta", "Zürich 🏠.theta"])
    def test_names_that_a_uri_would_read_otherwise(self, tmp_path: Path, name: str) -> None:
        SqliteLogStore.open(tmp_path / name).close()
        assert [entry.name for entry in tmp_path.iterdir()] == [name]


class TestWhoMayOpen:
    def test_a_second_process_is_kept_out_and_told_who_is_in(self, path: Path, store: SqliteLogStore) -> None:
        script = (
            "import sys, pathlib; from theta.adapters.sqlite_store import SqliteLogStore\n"
            "from theta.base.errors import StoreLocked\n"
            "try: SqliteLogStore.open(pathlib.Path(sys.argv[1]))\n"
            "except StoreLocked as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=60)
        assert f"{path} is open in another process (pid {os.getpid()})" in done.stdout
        store.append(make_log(1))

    def test_a_stale_lock_file_does_not_matter(self, path: Path) -> None:
        path.with_name("room.theta.lock").write_text("1\n")
        SqliteLogStore.open(path).close()

    def test_a_refused_file_is_not_left_locked(self, path: Path, store: SqliteLogStore) -> None:
        store._connection.execute("PRAGMA user_version = 2")
        store.close()
        for _ in range(2):
            with pytest.raises(StoreTooNew, match="format 2; this one knows 1"):
                SqliteLogStore.open(path)

    def test_a_lock_won_on_an_unlinked_file_is_tried_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock_path = tmp_path / "x.lock"
        really_lock = file_lock._try_lock
        unlinked: list[bool] = []

        def lock_after_the_holder_left(file: object) -> bool:
            if not unlinked:
                unlinked.append(True)
                lock_path.unlink()
            return really_lock(file)  # type: ignore[arg-type]

        monkeypatch.setattr(file_lock, "_try_lock", lock_after_the_holder_left)
        lock = FileLock(lock_path, "x")
        assert lock_path.read_text() == f"{os.getpid()}\n"
        with pytest.raises(StoreLocked):
            FileLock(lock_path, "x")
        lock.release()
        lock.release()


class TestWhatIsRefused:
    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailable, match=r"nowhere does not exist: make it first"):
            SqliteLogStore.open(tmp_path / "nowhere" / "room.theta")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NotARoom, match="is a folder"):
            SqliteLogStore.open(tmp_path)

    def test_an_unwritable_folder(self) -> None:
        assert in_a_read_only_folder("SqliteLogStore.open(path)", []).startswith("StoreUnavailable cannot write in ")

    @pytest.mark.parametrize("content", [b"hello", b"\x89PNG\r\n\x1a\n" * 100, b"SQLite format 2\0" + bytes(100)])
    def test_other_files_are_left_alone(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        for opening in (SqliteLogStore.open, SqliteLogStore.open_read_only):
            with pytest.raises(NotARoom, match="not a room"):
                opening(path)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]

    def test_another_programs_database(self, path: Path) -> None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE t (a)")
        other.close()
        before = path.read_bytes()
        for opening in (SqliteLogStore.open, SqliteLogStore.open_read_only):
            with pytest.raises(NotARoom, match="some other program"):
                opening(path)
        assert path.read_bytes() == before

    def test_a_damaged_file(self, path: Path, store: SqliteLogStore) -> None:
        store.close()
        overwrite(path, 100, b"\xff" * 200)
        for opening in (SqliteLogStore.open, SqliteLogStore.open_read_only):
            with pytest.raises(StoreCorrupt, match="damaged"):
                opening(path)

    def test_an_unreadable_file(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.touch()

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(StoreUnavailable, match="cannot read"):
            SqliteLogStore.open(path)


class TestDamageInTheMiddle:
    def test_a_missing_record_is_named(self, store: SqliteLogStore) -> None:
        store.append(make_log(10))
        store._connection.execute("DELETE FROM records WHERE seq = 7")
        read = store.read()
        assert [next(read).seq for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        with pytest.raises(StoreCorrupt, match="record 7: it is missing") as told:
            next(read)
        assert told.value.seq == 7

    def test_records_missing_at_the_end_are_named(self, store: SqliteLogStore) -> None:
        store.append(make_log(10))
        store._connection.execute("DELETE FROM records WHERE seq > 8")
        with pytest.raises(StoreCorrupt, match="record 9"):
            list(store.read())

    def test_an_unreadable_page_is_named(self, path: Path, store: SqliteLogStore) -> None:
        store.append(make_log(500, body_bytes=200))
        store.close()
        pages = path.stat().st_size // 4096
        overwrite(path, (pages // 2) * 4096, b"\xff" * 4096)
        opened = SqliteLogStore.open(path)
        with pytest.raises(StoreCorrupt, match="damaged here") as told:
            list(opened.read())
        assert 1 < told.value.seq < 500
        opened.close()


class TestAFullDisk:
    def test_nothing_of_the_batch_is_kept_and_nothing_more_is_taken(self, path: Path, store: SqliteLogStore) -> None:
        records = make_log(1_000, body_bytes=4096)
        store.append(records[:5])
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 10}")
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            store.append(records[5:])
        with pytest.raises(StoreUnavailable, match="an earlier write failed"):
            store.append(records[5:6])
        assert list(store.read()) == records[:5]
        store.close()
        again = SqliteLogStore.open(path)
        assert list(again.read()) == records[:5]
        again.append(records[5:7])
        again.close()

    def test_a_file_size_limit_is_met_in_words(self, path: Path) -> None:
        script = (
            "import pathlib, resource, signal, sys\n"
            "from tests.contract.log_store_contract import make_log\n"
            "from theta.adapters.sqlite_store import SqliteLogStore\n"
            "from theta.base.errors import StoreUnavailable\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "store = SqliteLogStore.open(pathlib.Path(sys.argv[1])); records = make_log(300, body_bytes=4096)\n"
            "store.append(records[:1]); resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
            "try: store.append(records[1:])\n"
            "except StoreUnavailable as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=60)
        assert f"cannot write {path}" in done.stdout or "the disk is full" in done.stdout, done.stderr
        again = SqliteLogStore.open(path)
        assert list(again.read()) == make_log(1, body_bytes=4096)
        again.close()


class TestReadingOnly:
    def test_a_live_room_can_be_read_and_is_not_held_up(self, path: Path, store: SqliteLogStore) -> None:
        records = make_log(10)
        store.append(records[:5])
        reader = SqliteLogStore.open_read_only(path)
        reading = reader.read()
        assert next(reading) == records[0]
        store.append(records[5:])
        assert list(reading) == records[1:5]
        assert list(reader.read()) == records
        reader.close()
        store.append(make_log(1, after=records[-1]))

    def test_it_writes_nothing(self, path: Path, store: SqliteLogStore) -> None:
        store.close()
        before = path.read_bytes()
        reader = SqliteLogStore.open_read_only(path)
        with pytest.raises(StoreUnavailable, match="reading only"):
            reader.append(make_log(1))
        assert len(list(reader.read())) == 0
        reader.close()
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_a_crashed_rooms_log_is_read_and_left_as_it_is(self, path: Path, store: SqliteLogStore) -> None:
        records = make_log(5)
        store.append(records)
        (path.parent / "crashed").mkdir()
        copy = path.parent / "crashed" / path.name
        log = copy.with_name(f"{path.name}-wal")
        copy.write_bytes(path.read_bytes())
        log.write_bytes(path.with_name(log.name).read_bytes())
        before = copy.read_bytes(), log.read_bytes()
        reader = SqliteLogStore.open_read_only(copy)
        assert list(reader.read()) == records
        reader.close()
        assert (copy.read_bytes(), log.read_bytes()) == before

    def test_a_missing_room_is_not_made(self, path: Path) -> None:
        with pytest.raises(StoreUnavailable, match="does not exist"):
            SqliteLogStore.open_read_only(path)
        assert not path.exists()

    def test_a_closed_room_in_a_read_only_folder(self) -> None:
        said = in_a_read_only_folder("print(len(list(SqliteLogStore.open_read_only(path).read())))", make_log(3))
        assert said.strip() == "3"

    def test_a_newer_room(self, path: Path, store: SqliteLogStore) -> None:
        store._connection.execute("PRAGMA user_version = 9")
        store.close()
        with pytest.raises(StoreTooNew):
            SqliteLogStore.open_read_only(path)

    def test_a_file_without_the_tables(self, path: Path) -> None:
        with sqlite3.connect(path) as other:
            other.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            other.execute("CREATE TABLE t (a)")
        other.close()
        with pytest.raises(StoreCorrupt, match="records"):
            SqliteLogStore.open_read_only(path)


class TestBackup:
    def test_of_a_live_room_is_one_moment_of_it(self, path: Path, store: SqliteLogStore) -> None:
        records = make_log(2_000, body_bytes=2_000)
        store.append(records[:1_000])
        steps: list[tuple[int, int]] = []

        def write_meanwhile(done: int, total: int) -> None:
            steps.append((done, total))
            store.append(records[store.last_seq : store.last_seq + 10])

        copy = path.with_name("copy.theta")
        backup(path, copy, write_meanwhile)
        assert len(steps) > 2
        assert steps[-1][0] == steps[-1][1]
        copied = SqliteLogStore.open(copy)
        assert list(copied.read()) == records[:1_000]
        copied.append(records[1_000:1_001])
        copied.close()
        assert list(store.read()) == records[: store.last_seq]
        assert not list(path.parent.glob("*.partial*"))

    def test_nothing_is_overwritten(self, path: Path, store: SqliteLogStore) -> None:
        copy = path.with_name("copy.theta")
        copy.write_text("precious")
        with pytest.raises(StoreUnavailable, match="exists already"):
            backup(path, copy)
        assert copy.read_text() == "precious"

    def test_into_a_missing_folder(self, path: Path, store: SqliteLogStore) -> None:
        with pytest.raises(StoreUnavailable, match="cannot open"):
            backup(path, path.parent / "nowhere" / "copy.theta")

    def test_of_nothing(self, path: Path) -> None:
        with pytest.raises(StoreUnavailable, match="does not exist"):
            backup(path, path.with_name("copy.theta"))

    def test_a_copy_that_fails_its_check_gets_no_name(self, path: Path, store: SqliteLogStore) -> None:
        store.append(make_log(500, body_bytes=200))
        store.close()
        overwrite(path, (path.stat().st_size // 8192) * 4096, b"\xff" * 4096)
        copy = path.with_name("copy.theta")
        with pytest.raises(StoreCorrupt, match=r"integrity|malformed"):
            backup(path, copy)
        assert [entry.name for entry in path.parent.glob("copy*")] == []


def in_a_read_only_folder(statement: str, records: Sequence[StoredRecord]) -> str:
    """Run `statement` (over `path`) as a user who may not write in the room's folder; what it printed or raised."""
    script = (
        "import os, pathlib, sys; from theta.adapters.sqlite_store import SqliteLogStore\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "if os.geteuid() == 0: os.seteuid(65_534)\n"
        f"try: {statement}\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if records:
            opened = SqliteLogStore.open(folder / "room.theta")
            opened.append(records)
            opened.close()
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", script, folder / "room.theta"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        folder.chmod(0o755)
        return done.stdout
