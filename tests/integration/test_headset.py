"""`theta headset` against a stand-in adb on the PATH that notes what it is asked and plays what can go wrong."""

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from theta.adapters.files import RunningRoom, RuntimeNote, write_runtime_note
from theta.base.errors import InvalidValue
from theta.cli import main
from theta.cli.headset import AdbFailed, AdbMissing, NoHeadset, RoomNotRunning, open_in_headset

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a #! line"),
]

PORT = 8123
INVITE = "AgH4LVO-kqJA4MjObBbvr_8jH2YUgN2ER9_PIowifpR9Fw"
QUEST = "2G0YC5ZF8B03QK         device usb:1-4 product:eureka model:Quest_3 device:eureka transport_id:1"
LISTED = "List of devices attached\n"
STAND_IN = """#!{python}
import json, sys, time
play = json.load(open({play!r}))
with open({asked!r}, "a") as asked:
    asked.write(json.dumps(sys.argv[1:]) + "\\n")
verb = next(word for word in sys.argv[1:] if word in ("devices", "reverse", "shell"))
said = play.get(verb, {{}})
time.sleep(said.get("sleep", 0))
print(said.get("out", ""), end="")
print(said.get("err", ""), end="", file=sys.stderr)
sys.exit(said.get("code", 0))
"""


class StandIn:
    """An adb that says what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.path = folder / "adb"
        self._play, self._asked = folder / "play.json", folder / "asked"
        self.path.write_text(STAND_IN.format(python=sys.executable, play=str(self._play), asked=str(self._asked)))
        self.path.chmod(0o755)
        self.play(devices={"out": f"{LISTED}{QUEST}\n\n"})

    def play(self, **verbs: Mapping[str, object]) -> None:
        self._play.write_text(json.dumps(verbs))

    def play_devices(self, *lines: str) -> None:
        self.play(devices={"out": LISTED + "".join(f"{line}\n" for line in lines) + "\n"})

    @property
    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in self._asked.read_text().splitlines()] if self._asked.exists() else []


@pytest.fixture
def adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(made.folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return made


def note(url: str = f"http://localhost:{PORT}") -> RuntimeNote:
    return write_runtime_note(
        PORT, RunningRoom(url=url, invite=INVITE, room_key="ab" * 32, file="/studio.theta", pid=os.getpid())
    )


@pytest.fixture
def room(adb: StandIn) -> Iterator[RuntimeNote]:
    written = note()
    yield written
    written.remove()


def refused(kind: type[Exception], says: str, **options: object) -> None:
    asked = {"adb": None, "serial": "", "seconds_max": 20.0, **options}
    with pytest.raises(kind, match=says):
        open_in_headset(PORT, **asked)  # type: ignore[arg-type]


def test_the_port_is_led_here_and_the_page_opened(
    adb: StandIn, room: RuntimeNote, capsys: pytest.CaptureFixture[str]
) -> None:
    open_in_headset(PORT, None, "")
    serial = QUEST.split(maxsplit=1)[0]
    link = f"http://localhost:{PORT}/#invite={INVITE}"
    *calls, (*shell, command) = adb.asked
    assert calls == [["devices", "-l"], ["-s", serial, "reverse", f"tcp:{PORT}", f"tcp:{PORT}"]]
    assert shell == ["-s", serial, "shell"]
    # The device's shell takes it apart as this one does: nothing of the link may be a comment to it.
    assert shlex.split(command, comments=True) == ["am", "start", "-a", "android.intent.action.VIEW", "-d", link]
    assert f"-d '{link}'" in command
    said = capsys.readouterr().out
    assert f"Opened the room on {serial}" in said
    assert INVITE not in said


def test_a_given_adb_comes_before_the_path(adb: StandIn, room: RuntimeNote, tmp_path: Path) -> None:
    other = StandIn(tmp_path / "tools")
    open_in_headset(PORT, other.path, "")
    assert adb.asked == []
    assert len(other.asked) == 3


@pytest.mark.usefixtures("room")
class TestAdb:
    def test_missing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        refused(AdbMissing, r"`adb` \(Debian, Ubuntu\).*`android-tools`.*--adb PATH")

    def test_given_and_not_there(self, tmp_path: Path) -> None:
        refused(AdbMissing, "is no program that can be run", adb=tmp_path / "nowhere" / "adb")
        plain = tmp_path / "plain"
        plain.write_text("no program")
        refused(AdbMissing, "is no program that can be run", adb=plain)

    def test_given_beside_is_not_one_on_the_path(
        self, adb: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = StandIn(tmp_path / "other")
        monkeypatch.chdir(other.folder)
        open_in_headset(PORT, Path("./adb"), "")
        assert len(other.asked) == 3
        assert adb.asked == []

    def test_that_cannot_start(self, adb: StandIn) -> None:
        adb.path.write_text("#!/nowhere/interpreter\n")
        refused(AdbFailed, "cannot be run: No such file")

    def test_that_fails(self, adb: StandIn) -> None:
        devices = {"out": f"{LISTED}{QUEST}\n"}
        adb.play(devices={"code": 1, "err": "* daemon not running\nadb: cannot connect to daemon\n"})
        refused(AdbFailed, "`adb devices -l` failed: adb: cannot connect to daemon")
        adb.play(devices={"code": 3})
        refused(AdbFailed, "`adb devices -l` failed: exit code 3")
        adb.play(devices=devices, reverse={"code": 1, "err": "adb: error: cannot bind listener\n"})
        refused(AdbFailed, f"reverse tcp:{PORT}` failed: adb: error: cannot bind listener")
        for said in ({"out": "Error: unable to resolve Intent\n"}, {"err": "Error: unable to resolve Intent\n"}):
            adb.play(devices=devices, shell=said)
            refused(AdbFailed, f"did not open the page: Error: unable to resolve Intent; open http://localhost:{PORT}/")
        adb.play(devices=devices, shell={"code": 1, "err": "error: closed\n"})
        with pytest.raises(AdbFailed, match="shell` failed: error: closed") as told:
            open_in_headset(PORT, None, "")
        assert INVITE not in str(told.value)

    def test_that_hangs(self, adb: StandIn) -> None:
        adb.play(devices={"sleep": 60})
        refused(AdbFailed, "`adb devices -l` did not answer within 0.5 s: .*`adb kill-server`", seconds_max=0.5)


@pytest.mark.usefixtures("room")
class TestDevices:
    @pytest.mark.parametrize(
        ("lines", "says"),
        [
            ((), "no headset is plugged in: .*developer mode"),
            (("* daemon started successfully",), "no headset is plugged in"),
            (("2G0Y unauthorized usb:1-4 transport_id:1",), "put on the headset and allow USB debugging"),
            (("2G0Y offline transport_id:1",), "2G0Y is offline: unplug it"),
            (("???????????? no permissions (user in plugdev group); see [x]",), "you may not use .*udev rules"),
            (("2G0Y recovery transport_id:1",), "cannot be used now, adb says 'recovery"),
            (("2G0Y device usb:1", "3H1Z device usb:2"), "several devices .*--serial, of 2G0Y, 3H1Z"),
        ],
    )
    def test_that_will_not_do(self, adb: StandIn, lines: tuple[str, ...], says: str) -> None:
        adb.play_devices(*lines)
        refused(NoHeadset, says)
        assert len(adb.asked) == 1

    def test_the_only_one_that_is_ready_is_taken(self, adb: StandIn) -> None:
        adb.play_devices("1AAA unauthorized usb:1", QUEST)
        open_in_headset(PORT, None, "")
        assert adb.asked[1][1] == QUEST.split(maxsplit=1)[0]

    def test_a_serial_chooses(self, adb: StandIn) -> None:
        adb.play_devices("2G0Y device usb:1", "3H1Z device usb:2", "4J2A unauthorized usb:3")
        open_in_headset(PORT, None, "3H1Z")
        assert adb.asked[1][:2] == ["-s", "3H1Z"]
        refused(NoHeadset, "allow USB debugging", serial="4J2A")
        refused(NoHeadset, "no device has the serial 9X: there is 2G0Y, 3H1Z, 4J2A", serial="9X")
        adb.play_devices()
        refused(NoHeadset, "no device has the serial 9X: nothing is plugged in", serial="9X")


class TestRoom:
    def test_none_runs_there(self, adb: StandIn) -> None:
        refused(RoomNotRunning, f"no room of yours runs on port {PORT}: start one with `theta serve`")
        assert adb.asked == []

    def test_one_that_listens_elsewhere_only(self, adb: StandIn) -> None:
        written = note(f"https://192.168.1.5:{PORT}")
        refused(RoomNotRunning, "serve it without --host")
        written.remove()

    def test_no_port(self, adb: StandIn) -> None:
        with pytest.raises(InvalidValue, match="port is 0"):
            open_in_headset(0, None, "")


def test_on_the_command_line(
    adb: StandIn, room: RuntimeNote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["theta", "headset", "--port", str(PORT), "--adb", str(adb.path), "--serial", "2G0YC5ZF8B03QK"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as done:
        main.run()
    assert done.value.code == 0
    adb.play_devices()
    with pytest.raises(SystemExit) as done:
        main.run()
    assert done.value.code == 2
    assert capsys.readouterr().err.startswith("error: no device has the serial")
