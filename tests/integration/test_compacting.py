"""`theta compact` on real files."""

from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from tests.support.long_logs import MAIN, PLACE, LongLog
from theta.adapters.files import read_secret, room_secret_path, write_secret
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import InvalidValue, StoreCorrupt, StoreLocked, StoreUnavailable
from theta.base.identifiers import CommandName, entity_id
from theta.cli.compacting import compact
from theta.cli.main import app
from theta.commands.governing import CreateBranch
from theta.commands.records import RecordKind
from theta.editor.vocabulary import CreatePrimitive, Paint, Rename
from theta.node.opening import open_log

pytestmark = pytest.mark.integration

KEY = b"l" * 32


@pytest.fixture
def log(seed: int) -> LongLog:
    log = LongLog(Random(f"{seed} file"), people=2)
    log.grow(30)
    log.attest()
    return log


@pytest.fixture
def file(log: LongLog, tmp_path: Path) -> Path:
    """The log in a closed room's file, with its key."""
    path = tmp_path / "studio.theta"
    store = SqliteLogStore.open(path)
    store.append(log.records)
    store.close()
    write_secret(room_secret_path(path), KEY)
    return path


def test_log_27_theta_compact_writes_a_file_that_verifies_and_opens(file: Path, log: LongLog, tmp_path: Path) -> None:
    before, copy = file.read_bytes(), tmp_path / "small.theta"
    done = CliRunner().invoke(app, ["compact", str(file), str(copy)])
    assert done.exit_code == 0, done.output
    assert f"{len(log.records)} records left out" in done.output.replace("\n", "")
    assert file.read_bytes() == before
    assert read_secret(room_secret_path(copy)) == KEY
    store = SqliteLogStore.open(copy)
    assert (store.first_seq, store.last_seq) == (len(log.records), len(log.records) + 1)
    assert open_log(store.beside()).replica.document.hash == log.replica.document.hash
    store.close()
    checked = CliRunner().invoke(app, ["verify", str(copy)])
    assert checked.exit_code == 0, checked.output
    assert f"document hash: {log.replica.document.hash.hex()}" in checked.output
    assert "base: the room's key vouches" in checked.output
    assert "checkpoints: 1 agree with the records" in checked.output
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["small.theta", "small.theta.key", "studio.theta", "studio.theta.key"]


def test_log_28_theta_verify_names_a_checkpoint_that_was_changed(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small.theta"
    compact(file, copy)
    store = SqliteLogStore.open(copy)
    store._connection.execute("UPDATE checkpoint_parts SET data = zeroblob(10) WHERE number = 0")
    store.close()
    checked = CliRunner().invoke(app, ["verify", str(copy)])
    assert checked.exit_code == 1
    with pytest.raises(StoreCorrupt, match="the base stands on is damaged"):
        open_log(SqliteLogStore.open_read_only(copy))


def test_log_27_what_cannot_be_compacted_is_said_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small.theta"
    with pytest.raises(StoreUnavailable, match="does not exist"):
        compact(tmp_path / "nowhere.theta", copy)
    with pytest.raises(StoreUnavailable, match="exists already"):
        compact(file, file)
    store = SqliteLogStore.open(file)
    with pytest.raises(StoreLocked):
        compact(file, copy)
    store._connection.execute("UPDATE records SET body = zeroblob(5) WHERE seq = 7")
    store.close()
    with pytest.raises(StoreCorrupt, match="record 7"):
        compact(file, copy)
    room_secret_path(file).unlink()
    with pytest.raises(StoreUnavailable, match="has no key"):
        compact(file, copy)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["studio.theta"]


def test_log_27_another_rooms_key_does_not_sign(file: Path, tmp_path: Path) -> None:
    room_secret_path(file).unlink()
    write_secret(room_secret_path(file), b"x" * 32)
    with pytest.raises(InvalidValue, match="another room's"):
        compact(file, tmp_path / "small.theta")


def test_log_27_theta_compact_refuses_what_could_not_be_merged_then_unless_it_is_to_stay_apart(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    log = LongLog(Random(f"{seed} branches"), people=2)
    log.grow(10)
    for name in ("attic", "cellar"):
        log.packet(log.people[0], [CreateBranch(name, MAIN, log.log.head_seq)], seen=log.log.head_seq)
        log.packet(log.people[1], [CreatePrimitive("cube", 1.0, name, *PLACE)], log.branches[-1])
    file, copy = tmp_path / "studio.theta", tmp_path / "small.theta"
    store = SqliteLogStore.open(file)
    store.append(log.records)
    store.close()
    write_secret(room_secret_path(file), KEY)

    def theta(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output if code == 0 else str(done.exception)

    theta("branch", "merge", str(file), "cellar", "--into", "main")
    refused = theta("compact", str(file), str(copy), code=1)
    assert (
        "work that main does not have is 'on attic', but must be none: merge them first, or give --keep-apart"
        in refused
    )
    assert not copy.exists()
    assert "attic: stays apart" in theta("compact", str(file), str(copy), "--keep-apart")
    assert "checkpoints: 1 agree" in theta("verify", str(copy))
    for branch in ("main", "attic", "cellar"):
        lines = [theta("info", str(each), "--branch", branch).splitlines()[-1] for each in (file, copy)]
        assert lines[0] == lines[1]
        assert lines[0].startswith("document hash: ")
    late = theta("branch", "merge", str(copy), "attic", "--into", "main", code=1)
    assert "BeyondHistory: it would bring what was done before record" in late
    assert "cellar is in main" in theta("branch", "merge", str(copy), "cellar", "--into", "main")
    theta("branch", "switch", str(copy), "attic")
    (line,) = theta("log", str(copy), "--branch", "attic").splitlines()
    assert line.endswith("is not in this file: it was compacted")
    assert lines[0].split()[-1] not in theta("replay", str(copy))
    theta("verify", str(copy))


def test_theta_log_calls_objects_of_a_compacted_room_as_each_branch_does(log: LongLog, tmp_path: Path) -> None:
    person = log.people[0]
    log.packet(person, [CreatePrimitive("cube", 1.0, "tower", *PLACE)])
    entity = entity_id(CommandName(person.record.actor, person.number))
    log.packet(person, [CreateBranch("attic", MAIN, log.log.head_seq)], seen=log.log.head_seq)
    (attic,) = log.branches
    log.packet(person, [Rename(entity, "keep")], attic)
    file, copy = tmp_path / "studio.theta", tmp_path / "small.theta"
    store = SqliteLogStore.open(file)
    store.append(log.records)
    store.close()
    write_secret(room_secret_path(file), KEY)
    compact(file, copy, keep_apart=True)
    store = SqliteLogStore.open(copy)
    for record in store.read(log.log.head_seq + 1):
        log.add(RecordKind(record.kind), record.body)
    log.packet(person, [CreateBranch("loft", attic, log.log.head_seq)], seen=log.log.head_seq)
    for branch in (MAIN, *log.branches):
        log.packet(person, [Paint(entity, (1.0, 0.0, 0.0))], branch)
    log.packet(person, [Rename(entity, "ruin")])
    log.packet(person, [Paint(entity, (1.0, 0.0, 0.0))])
    store.append(log.records[-6:])
    store.close()
    told = CliRunner().invoke(app, ["log", str(copy), "--entity", "keep"]).stdout.splitlines()
    assert [line.split("1  ", 1)[-1] for line in told] == [
        "painted “tower” #ff0000",
        "painted “keep” #ff0000 on attic",
        "painted “keep” #ff0000 on loft",
        "renamed “tower” to “ruin”",
        "painted “ruin” #ff0000",
    ]
