"""`theta log` and `theta replay`: what happened in a room, told from its file alone."""

import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from tests.integration.written_room import MINUTE_MS, START_MS, Speaker, WrittenRoom
from theta.base.errors import ThetaError
from theta.base.identifiers import MAIN_BRANCH, entity_id
from theta.cli import console
from theta.cli import log as log_module
from theta.cli.main import app
from theta.commands.governance import branch_id
from theta.commands.governing import CreateBranch, MergeBranch, SetStrategy
from theta.commands.identity import Identity
from theta.editor.unit import NOT_THERE
from theta.editor.vocabulary import CreatePrimitive, Delete, Paint, Rename, SetEffective, SetEffectiveV2
from theta.wire.messages import GestureName

pytestmark = pytest.mark.integration

ADA, BOB = Identity.from_seed(b"a" * 32), Identity.from_seed(b"b" * 32)
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def cube(name: str) -> CreatePrimitive:
    return CreatePrimitive("cube", 1.0, name, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))


def gesture(who: Speaker, number: int) -> GestureName:
    return GestureName(who.actor, number)


@pytest.fixture(scope="module")
def castle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, four objects; a record a minute from 04:00 UTC on."""
    path = tmp_path_factory.mktemp("castle") / "castle.theta"
    room = WrittenRoom(path, ADA)  # 1 at 04:00
    ada = room.come_in("Ada", ADA, "admin")  # 2
    bob = room.come_in("Bob", BOB)  # 3
    (tower,) = room.say(ada, cube("tower"))  # 4 at 04:03
    room.say(bob, cube("gate"), Paint(entity_id(tower.name), RED))  # 5
    room.say(ada, Paint(entity_id(tower.name), BLUE))  # 6
    room.say(ada, SetEffective([gesture(ada, 2)], False))  # 7
    room.say(bob, Rename(entity_id(tower.name), "keep"))  # 8
    (moat,) = room.say(ada, cube("moat"))  # 9
    room.say(ada, Delete(entity_id(moat.name)))  # 10
    room.say(bob, Paint(entity_id(moat.name), RED))  # 11 at 04:10: the moat is gone
    room.say(ada, cube("flag"), gesture=6)  # 12: goes on with a gesture of its own
    room.say(ada, SetStrategy("*", "merge"))  # 13
    assert room.close() == 13
    return path


@pytest.fixture
def room(castle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file, one's own, in a time zone two hours east of Greenwich."""
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    yield Path(shutil.copy(castle, tmp_path / "castle.theta"))
    monkeypatch.undo()
    time.tzset()


def theta(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed(*arguments: object) -> list[str]:
    done = theta(*arguments)
    assert done.exit_code == 0, done
    return done.stdout.splitlines()


def refused(*arguments: object) -> str:
    done = theta(*arguments)
    assert isinstance(done.exception, ThetaError), done
    assert done.stdout == ""
    return str(done.exception)


class TestLog:
    def test_who_did_what_and_when_oldest_first(self, room: Path) -> None:
        assert printed("log", room) == [
            " 4  2026-11-26 06:03:00  Ada  made a cube, “tower”",
            " 5  2026-11-26 06:04:00  Bob  made a cube, “gate”, and painted “tower” #ff0000",
            " 6  2026-11-26 06:05:00  Ada  painted “tower” #0000ff [undone]",
            " 7  2026-11-26 06:06:00  Ada  took back: painted “keep” #0000ff",
            " 8  2026-11-26 06:07:00  Bob  renamed “tower” to “keep”",
            " 9  2026-11-26 06:08:00  Ada  made a cube, “moat”",
            "10  2026-11-26 06:09:00  Ada  deleted “moat”",
            f"11  2026-11-26 06:10:00  Bob  painted “moat” #ff0000 [no effect] · {NOT_THERE.reason}",
            "12  2026-11-26 06:11:00  Ada  made a cube, “flag”",
            "13  2026-11-26 06:12:00  Ada  set the strategy of every command to merge",
        ]

    @pytest.mark.parametrize(
        ("options", "records"),
        [
            (("--author", "bob"), [5, 8, 11]),
            (("--author", BOB.public_key.hex()[:6]), [5, 8, 11]),
            (("--since", "10"), [10, 11, 12, 13]),
            (("--since", "2026-11-26 06:09"), [10, 11, 12, 13]),
            (("--since", "2026-11-26T04:09:30Z"), [11, 12, 13]),
            (("--entity", "tower"), [4, 5, 6, 7, 8]),
            (("--entity", "keep"), [4, 5, 6, 7, 8]),
            (("--entity", "moat", "--author", "Ada"), [9, 10]),
            (("--branch", "main"), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
            (("--limit", "2"), [12, 13]),
            (("--author", "Bob", "--limit", "1"), [11]),
            (("--since", "2126-01-01"), []),
        ],
    )
    def test_only_what_is_asked_for(self, room: Path, options: tuple[str, ...], records: list[int]) -> None:
        assert [int(line.split()[0]) for line in printed("log", room, *options)] == records

    def test_only_the_command_of_a_gesture_that_is_asked_for(self, room: Path) -> None:
        (line,) = printed("log", room, "--entity", "keep", "--author", "Bob", "--limit", "2")[:1]
        assert line.endswith("Bob  painted “tower” #ff0000")

    def test_json_lines_have_every_command(self, room: Path) -> None:
        lines = [json.loads(line) for line in printed("log", room, "--json")]
        assert [line["seq"] for line in lines] == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
        undone, gate = lines[2], lines[1]
        assert undone["at"] == "2026-11-26T04:05:00.000Z"
        assert undone["at_ms"] == START_MS + 5 * MINUTE_MS
        assert (undone["author"], undone["key"], undone["branch"]) == ("Ada", ADA.public_key.hex(), "main")
        assert (undone["outcome"], undone["reason"]) == ("suspended", "its gesture was undone")
        assert undone["object"] == "tower"
        assert [(each["type"], each["outcome"]) for each in gate["commands"]] == [
            ("theta.create_primitive@1", "applied"),
            ("theta.paint@1", "applied"),
        ]
        actor, number = gate["gesture"].split(":")
        assert (int(actor, 16) > 0, number) == (True, "1")

    def test_without_outcomes_nothing_is_folded(self, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_module, "Outcomes", None)
        lines = printed("log", room, "--no-outcomes")
        assert len(lines) == 10
        assert lines[2].endswith("painted “tower” #0000ff")
        assert lines[3].endswith("took back a step")
        assert json.loads(printed("log", room, "--no-outcomes", "--json")[0])["outcome"] is None

    def test_how_long_ago(self, room: Path) -> None:
        for line in printed("log", room, "--relative"):
            assert "ago  " in line or "in " in line

    def test_people_have_colours_on_a_terminal(self, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        terminal = Console(force_terminal=True, color_system="truecolor", width=200, record=True, file=io.StringIO())
        monkeypatch.setattr(log_module, "out", terminal)
        assert printed("log", room) == []
        html = terminal.export_html(clear=False)
        text = terminal.export_text()
        assert "painted “tower” #0000ff [undone]" in text
        colours = {line.split("font-weight")[0] for line in html.splitlines() if "Ada" in line or "Bob" in line}
        assert len(colours) > 1

    def test_people_of_one_name_are_told_apart_by_their_keys(self, tmp_path: Path) -> None:
        path = tmp_path / "twins.theta"
        twins = WrittenRoom(path, ADA)
        for identity in (ADA, BOB):
            twins.say(twins.come_in("Sam", identity), cube("box"))
        twins.close()
        first, second = printed("log", path)
        assert f"Sam ({ADA.public_key.hex()[:4]})" in first
        assert f"Sam ({BOB.public_key.hex()[:4]})" in second
        assert len(printed("log", path, "--author", "Sam")) == 2

    def test_an_object_is_called_what_it_is_called_on_the_branch(self, tmp_path: Path) -> None:
        path = tmp_path / "names.theta"
        names = WrittenRoom(path, ADA)
        ada = names.come_in("Ada", ADA, "admin")
        tower = entity_id(names.say(ada, cube("tower"))[0].name)
        (made,) = names.say(ada, CreateBranch("attic", MAIN_BRANCH, names.log.head_seq))
        attic = branch_id(made.name)
        names.say(ada, Rename(tower, "ruin"), branch=attic)
        names.say(ada, Paint(tower, RED))
        names.say(ada, Rename(tower, "keep"))
        (blue,) = names.say(ada, Paint(tower, BLUE), branch=attic)
        names.say(ada, SetEffectiveV2([GestureName(*blue.gesture)], False, []), branch=attic)
        names.say(ada, MergeBranch(attic, names.log.head_seq, "", []))
        names.say(ada, Paint(tower, RED))
        names.close()
        assert [line.partition("Ada  ")[2] for line in printed("log", path)] == [
            "made a cube, “tower”",
            "began the branch “attic” at record 3",
            "renamed “tower” to “ruin” on attic",
            "painted “tower” #ff0000",
            "renamed “tower” to “keep”",
            "painted “ruin” #0000ff [undone] on attic",
            "took back: painted “ruin” #0000ff on attic",
            "merged the branch attic as of record 9",
            "painted “keep” #ff0000",
        ]

    def test_a_gesture_of_many_commands_is_a_line(self, tmp_path: Path) -> None:
        path = tmp_path / "many.theta"
        many = WrittenRoom(path, ADA)
        ada = many.come_in("Ada", ADA)
        tower = entity_id(many.say(ada, cube("tower"), cube("gate"), cube("moat"))[0].name)
        many.say(ada, *[Paint(tower, RED)] * 3)
        many.say(ada, Paint(tower, BLUE), Paint(bytes(16), BLUE))
        many.close()
        assert [line.partition("Ada  ")[2] for line in printed("log", path)] == [
            "made a cube, “tower”, and 2 more",
            "painted “tower” #ff0000, 3 times",
            "painted “tower” #0000ff, and painted an object #0000ff · 1 of 2 without effect: " + NOT_THERE.reason,
        ]

    def test_whose_work_met_whose(self, tmp_path: Path) -> None:
        path = tmp_path / "both.theta"
        both = WrittenRoom(path, ADA)
        ada, bob = both.come_in("Ada", ADA, "admin"), both.come_in("Bob", BOB)
        both.say(ada, SetStrategy("theta.paint", "reject"))
        (made,) = both.say(ada, cube("tower"))
        seen = both.log.head_seq
        both.say(ada, Paint(entity_id(made.name), RED), seen=seen)
        both.say(bob, Paint(entity_id(made.name), BLUE), seen=seen)
        both.close()
        painted = [line for line in printed("log", path) if "painted" in line]
        (refused_one,) = [line for line in painted if "[refused]" in line]
        assert "met the work of " in refused_one
        (told,) = [line for line in map(json.loads, printed("log", path, "--json")) if line["outcome"] == "rejected"]
        assert len(told["commands"][0]["against"]) == 1

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--author", "eve"), "author is 'eve', but must be a name or the start of a key of one of: Ada, Bob"),
            (("--entity", "dragon"), "entity is 'dragon'"),
            (("--branch", "draft"), "branch is 'draft', but must be one of main"),
            (("--since", "soon"), "--since is 'soon', but must be a record's number, a time such as 14:05"),
            (("--limit", "0"), "--limit is 0, but must be at least 1"),
        ],
    )
    def test_what_is_asked_wrongly(self, room: Path, options: tuple[str, ...], says: str) -> None:
        assert says in refused("log", room, *options)

    def test_a_missing_file_and_an_empty_one(self, tmp_path: Path) -> None:
        assert "does not exist" in refused("log", tmp_path / "none.theta")
        assert "does not exist" in refused("replay", tmp_path / "none.theta")

    def test_the_pager_may_close_early(self, room: Path) -> None:
        program = f"{sys.executable} -c 'from theta.cli.main import run; run()' log {room} | head -1"
        done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60)
        assert done.stdout == " 4  2026-11-26 06:03:00  Ada  made a cube, “tower”\n"
        assert "Traceback" not in done.stderr


class TestReplay:
    @pytest.mark.parametrize(
        ("at", "record", "objects"),
        [("4", 4, 1), ("9", 9, 3), ("10", 10, 2), ("2026-11-26 06:04:59", 5, 2), ("2126-01-01", 13, 3)],
    )
    def test_any_moment(self, room: Path, at: str, record: int, objects: int) -> None:
        lines = dict(line.split(": ", 1) for line in printed("replay", room, "--at", at))
        assert lines["record"].startswith(f"{record} of 13, 2026-11-26 06:")
        assert lines["objects"].startswith(f"{objects} (")

    def test_the_end_is_what_info_says(self, room: Path) -> None:
        told = {line for line in printed("info", room) if line.startswith(("head", "document hash"))}
        assert len(told) == 2
        assert told < set(printed("replay", room))

    def test_a_moment_as_a_model(self, room: Path, tmp_path: Path) -> None:
        assert printed("replay", room, "--at", "4", "--export", tmp_path / "then.glb")[-1].startswith(
            str(tmp_path / "then.glb")
        )
        assert (tmp_path / "then.glb").read_bytes()[:4] == b"glTF"
        (tmp_path / "letter.txt").write_text("dear")
        assert "an older GLB to replace" in refused("replay", room, "--export", tmp_path / "letter.txt")

    def test_a_moment_as_a_file_that_verifies(self, room: Path, tmp_path: Path) -> None:
        then = tmp_path / "then.theta"
        lines = printed("replay", room, "--at", "8", "--out", then)
        assert lines[-1] == f"{then}: the room up to record 8, to read and verify; it has no key"
        assert [line for line in printed("verify", then) if line.startswith("document hash")] == [
            line for line in lines if line.startswith("document hash")
        ]
        assert len(printed("log", then)) == 5
        assert sorted(each.name for each in tmp_path.iterdir()) == ["castle.theta", "then.theta"]
        assert "exists already" in refused("replay", room, "--out", then)

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--at", "14"), "--at is 14, but must be a record from 1 to 13, or a time"),
            (("--at", "0"), "--at is 0"),
            (("--at", "2020-01-01"), "not before the log begins, at 2026-11-26 06:00:00"),
            (("--at", "then"), "--at is 'then'"),
            (("--branch", "draft"), "branch is 'draft', but must be one of main"),
        ],
    )
    def test_what_is_asked_wrongly(self, room: Path, options: tuple[str, ...], says: str) -> None:
        assert says in refused("replay", room, *options)


class TestACompactedRoom:
    """What came before is gone; what came after is told as ever."""

    @pytest.fixture
    def compacted(self, room: Path, tmp_path: Path) -> Path:
        small = tmp_path / "small.theta"
        shutil.copy(room, tmp_path / "whole.theta")
        (tmp_path / "whole.theta.key").write_text("72" * 32 + "\n")
        (tmp_path / "whole.theta.key").chmod(0o600)
        printed("compact", tmp_path / "whole.theta", small)
        return small

    def test_is_what_it_was(self, room: Path, compacted: Path) -> None:
        assert printed("info", compacted)[-1] == printed("info", room)[-1]
        assert printed("replay", compacted)[-1] == printed("replay", room)[-1]

    def test_tells_what_came_after(self, compacted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        assert printed("log", compacted) == []
        printed("policy", compacted, "--strategy", "reject")
        for options in ((), ("--no-outcomes",)):
            (line,) = printed("log", compacted, *options)
            assert line.endswith("set the strategy of every command to reject")
        assert "author is 'eve', but must be a name or the start of a key of one of: Ada, Bob" in refused(
            "log", compacted, "--author", "eve"
        )
        assert "Ada" in " ".join(printed("role", compacted, "Ada"))

    def test_knows_what_objects_are_called_since_before(
        self, compacted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        printed("branch", "create", compacted, "attic")
        with pytest.raises(AssertionError, match="BeyondHistory"):
            printed("branch", "create", compacted, "old", "--at", "2")
        assert "a name that an object of this room has or had" in refused("log", compacted, "--entity", "castle")
        told = theta("log", compacted, "--entity", "keep")
        assert (told.exit_code, told.stdout) == (0, "")
        assert "what was done up to record 13 is not in this file: it was compacted" in told.stderr
        assert "branch is 'old', but must be one of main, attic" in refused("log", compacted, "--branch", "old")

    def test_begins_where_it_was_compacted(self, compacted: Path) -> None:
        assert "--at is 2, but must be a record from 13 to 14, or a time" in refused("replay", compacted, "--at", "2")
        assert "not before the log begins" in refused("replay", compacted, "--at", "2020-01-01")

    def test_can_be_copied_and_exported(self, compacted: Path, tmp_path: Path) -> None:
        then = tmp_path / "then.theta"
        printed("replay", compacted, "--out", then, "--export", tmp_path / "then.glb")
        assert theta("verify", then).exit_code == 0
        assert (tmp_path / "then.glb").read_bytes()[:4] == b"glTF"
        printed("export", compacted, tmp_path / "now.glb")


def test_bars_are_for_terminals(room: Path) -> None:
    assert not console.err.is_terminal
    assert theta("log", room).stderr == ""
