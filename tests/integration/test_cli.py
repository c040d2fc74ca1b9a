"""The command `theta` as people meet it: what it prints, how it fails, and that Ctrl-C loses nothing."""

import asyncio
import json
import re
import shutil
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.driven_peer import DrivenPeer, a_cube
from theta import __version__
from theta.adapters.files import RunningRoom, find_running_room, identity_path, read_or_make_secret
from theta.adapters.sqlite_store import SqliteLogStore
from theta.adapters.websocket_transport import connect_websocket
from theta.cli.main import flowing

pytestmark = pytest.mark.integration

THETA = (sys.executable, "-c", "from theta.cli.main import run; run()")
DEADLINE_SECONDS = 60


@contextmanager
def living_in(folder: Path) -> Iterator[Path]:
    """Work in `folder`, with an empty home in it."""
    home = folder / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("COLUMNS", "100")
        for name in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        patch.chdir(folder)
        yield home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with living_in(tmp_path) as folder:
        yield folder


def theta(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [*THETA, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)


class Server:
    """`theta serve` on a free port, until it is stopped."""

    def __init__(self, *arguments: str) -> None:
        command = [*THETA, "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.welcome = self.process.stdout.readline()
        self.link = self.welcome.strip()
        found = re.fullmatch(r"(http://localhost:(\d+))/#invite=([\w-]{46})", self.link)
        assert found, (self.link, self.process.stderr.read() if self.process.stderr else "")
        self.url, self.port, self.invite = found[1], int(found[2]), found[3]
        while "Ctrl-C" not in self.welcome:
            line = self.process.stdout.readline()
            assert line, self.welcome
            self.welcome += line

    def note(self) -> RunningRoom | None:
        return find_running_room(self.port)

    def build(self, *names: str) -> bytes:
        """Join, make cubes, and leave; the document's hash."""
        return asyncio.run(self._build(names))

    async def _build(self, names: tuple[str, ...]) -> bytes:
        async with aiohttp.ClientSession() as http:
            transport = await connect_websocket(http, self.url.replace("http", "ws", 1) + "/ws")
            peer = await DrivenPeer(transport, self.invite).joined()
            for name in names:
                await peer.perform(a_cube(name))
            document_hash = peer.peer.replica.document.hash
            await peer.leave()
        return document_hash

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Signal it and wait; exit code and all that it printed."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, self.welcome + out, err


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    running = Server("room.theta")
    yield running
    running.process.kill()
    running.process.communicate()


@pytest.fixture(scope="module")
def castle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed room with two cubes; copy it."""
    with living_in(tmp_path_factory.mktemp("castle")) as home:
        running = Server("room.theta", "--name", "The castle")
        running.build("one", "two")
        assert running.stop()[0] == 0
        return home.parent / "room.theta"


@pytest.fixture
def room(castle: Path, home: Path) -> Path:
    """The closed room, one's own."""
    for name in ("room.theta", "room.theta.key"):
        shutil.copy2(castle.with_name(name), home.parent / name)
    return home.parent / "room.theta"


class TestServing:
    def test_the_link_comes_first_and_opens_a_room_that_ctrl_c_closes(self, server: Server, home: Path) -> None:
        assert server.build("cube") != bytes(16)
        code, out, err = server.stop()
        assert code == 0
        assert "build in room" in out
        assert "Ctrl-C" in out
        assert re.search(r"room\.theta is closed and safe: \d+ records", err)
        assert sorted(entry.name for entry in home.parent.iterdir()) == ["home", "room.theta", "room.theta.key"]

    def test_the_next_start_goes_on_where_it_was(self, server: Server) -> None:
        document_hash = server.build("one", "two")
        server.stop(signal.SIGTERM)
        again = Server("room.theta")
        assert again.build() == document_hash
        assert again.invite == server.invite
        assert again.stop()[0] == 0

    def test_nothing_acknowledged_is_lost_to_kill_9(self, server: Server) -> None:
        document_hash = server.build("one", "two")
        server.stop(signal.SIGKILL)
        assert theta("verify", "room.theta").returncode == 0
        again = Server("room.theta")
        assert again.build() == document_hash
        again.stop()

    def test_local_tools_find_it_while_it_runs(self, server: Server, home: Path) -> None:
        note = server.note()
        assert note is not None
        assert (note.url, note.invite, note.pid) == (server.url, server.invite, server.process.pid)
        assert Path(note.file) == home.parent / "room.theta"
        path = home / f".local/state/theta/run/{server.port}.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        server.stop()
        assert not path.exists()

    def test_keys_are_private(self, server: Server, home: Path) -> None:
        for key in (home / ".config/theta/identity.key", home.parent / "room.theta.key"):
            assert stat.S_IMODE(key.stat().st_mode) == 0o600

    def test_the_default_file_and_a_given_name(self, home: Path) -> None:
        running = Server("--name", "The [b]castle[/b]")
        _, out, _ = running.stop()
        assert "The [b]castle[/b]" in out
        assert (home.parent / "studio.theta").exists()
        again = Server()
        assert "The [b]castle[/b]" in again.stop()[1]

    @pytest.mark.parametrize("log_format", ["text", "json"])
    def test_no_invite_is_logged(self, home: Path, log_format: str) -> None:
        running = Server("room.theta", "--log-level", "debug", "--log-format", log_format)
        running.build("cube")
        _, _, err = running.stop()
        assert "serving" in err
        assert "connected" in err
        assert running.invite not in err
        if log_format == "json":
            lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
            assert {"serving", "connected", "disconnected"} <= {line["message"] for line in lines}

    def test_the_network_is_told_how_to_come_in(self, server: Server) -> None:
        async def told() -> dict[str, Any]:
            async with aiohttp.ClientSession() as http, http.get(server.url + "/api/room") as response:
                said: dict[str, Any] = await response.json()
                return said

        said = asyncio.run(told())
        assert said["quic"] is True
        for link in said["links"][:4]:
            assert f"    {link}/#invite={server.invite}\n" in server.welcome
        if said["links"]:
            assert re.search(rf"or type  {re.escape(said['links'][0])}/#[0-9A-Z]{{4}}-[0-9A-Z]{{4}} ", server.welcome)
            assert re.search(r"SHA-256  ([0-9A-F]{2}:){31}[0-9A-F]{2}$", server.welcome, re.MULTILINE)
            assert "“Your connection is not private” → Advanced → “Proceed to " in server.welcome
        assert "\x1b" not in server.welcome, "no QR code off a terminal"

    def test_the_certificates_key_is_private_and_stays(self, server: Server, home: Path) -> None:
        folder = home / ".config/theta/tls"
        assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
        certificate = (folder / "certificate.pem").read_bytes()
        server.stop()
        Server("room.theta").stop()
        assert (folder / "certificate.pem").read_bytes() == certificate

    def test_no_lan_listens_on_localhost_only(self, home: Path) -> None:
        running = Server("--no-lan", "--no-quic")
        try:
            assert "https://" not in running.welcome
            with socket.socket() as taken:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind(("127.0.0.2", running.port))
        finally:
            running.stop()

    def test_a_taken_udp_port_is_a_warning(self, home: Path) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken, socket.socket() as free:
            taken.bind(("0.0.0.0", 0))
            port = taken.getsockname()[1]
            try:
                free.bind(("0.0.0.0", port))
            except OSError:
                pytest.skip("the TCP port of that number is taken")
            free.close()
            running = Server("--port", str(port))
            _, _, err = running.stop()
        assert err.count("warning") == 1
        assert f"no QUIC, so Python peers use WebSocket: UDP port {port} cannot be listened on" in err

    def test_the_page_is_answered(self, server: Server) -> None:
        async def status() -> tuple[int, str]:
            async with aiohttp.ClientSession() as http, http.get(server.url + "/healthz") as response:
                return response.status, await response.text()

        assert asyncio.run(status()) == (200, "ok\n")


class TestServeRefuses:
    """One clear line on stderr, and an exit code: 2 for what was asked wrongly, 1 for what failed."""

    def refused(self, code: int, *arguments: object) -> str:
        done = theta("serve", *arguments)
        assert done.returncode == code, done
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def test_a_port_in_use(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            said = self.refused(2, "--port", port)
        assert f"port {port} is in use" in said
        assert f"--port {port + 1}" in said
        assert not (home.parent / "studio.theta").exists()

    def test_a_file_that_another_process_has_open(self, server: Server) -> None:
        said = self.refused(1, "room.theta", "--port", 0)
        assert f"open in another process (pid {server.process.pid})" in said

    def test_a_link_to_a_file_that_another_process_has_open(self, server: Server, home: Path) -> None:
        (home.parent / "link.theta").symlink_to(Path("room.theta").resolve())
        said = self.refused(1, home.parent / "link.theta", "--port", 0)
        assert f"open in another process (pid {server.process.pid})" in said

    def test_a_file_from_a_newer_version(self, room: Path) -> None:
        with sqlite3.connect(room) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
        assert "newer Theta" in self.refused(1, room, "--port", 0)

    def test_a_missing_folder(self, home: Path) -> None:
        assert "does not exist: make it first" in self.refused(1, "nowhere/room.theta", "--port", 0)

    @pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that even root cannot write to")
    def test_an_unwritable_folder(self, home: Path) -> None:
        assert "cannot write in /sys/kernel" in self.refused(1, "/sys/kernel/room.theta", "--port", 0)

    def test_another_kind_of_file(self, home: Path) -> None:
        (home.parent / "photo.theta").write_bytes(b"\x89PNG\r\n\x1a\n")
        assert "not a room" in self.refused(1, "photo.theta", "--port", 0)

    def test_a_room_without_its_key(self, room: Path) -> None:
        room.with_name("room.theta.key").unlink()
        assert "has no key" in self.refused(1, room, "--port", 0)

    def test_a_room_with_another_rooms_key(self, room: Path) -> None:
        room.with_name("room.theta.key").write_text("ab" * 32 + "\n")
        assert "another room" in self.refused(1, room, "--port", 0)

    def test_an_exposed_identity(self, room: Path, home: Path) -> None:
        read_or_make_secret(identity_path())
        identity_path().chmod(0o644)
        assert "chmod 600" in self.refused(2, room, "--port", 0)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("--port", "70000"), "port is 70000"),
            (("--name", ""), "name is ''"),
            (("--name", "x" * 65, "--port", "0"), "1 to 64 printable characters"),
            (("--host", "203.0.113.1"), "no address of this machine"),
            (("--host", "192.168.1.5", "--no-lan"), "--host is '192.168.1.5', but must be left out with --no-lan"),
            (("--cert", "x.pem"), "--cert is 'x.pem', but must be given together with --key"),
            (("--key", "x.pem"), "--key is 'x.pem', but must be given together with --cert"),
            (("--cert", "x.pem", "--key", "x.key"), "cannot read x.pem: No such file or directory; --cert names"),
        ],
    )
    def test_bad_options(self, home: Path, arguments: tuple[str, ...], says: str) -> None:
        assert says in self.refused(2, *arguments)

    def test_a_damaged_log_names_the_record(self, room: Path) -> None:
        change_record(room, 3)
        assert "record 3" in self.refused(1, room, "--port", 0)


class TestVerify:
    def test_a_good_room(self, room: Path) -> None:
        done = theta("verify", room)
        assert done.returncode == 0, done
        assert re.search(r"^authors: authentic up to record (\d+)$", done.stdout, re.MULTILINE)
        assert "the room's key vouches for it up to record" in done.stdout
        assert re.search(
            r"^a cut after record \d+ would not show: compare the head, by --head$", done.stdout, re.MULTILINE
        )
        assert re.search(r"^document hash: [0-9a-f]{32}$", done.stdout, re.MULTILINE)
        assert done.stdout.endswith(f"good: {room}\n")

    def test_the_first_bad_record_is_named(self, room: Path) -> None:
        change_record(room, 3)
        done = theta("verify", room)
        assert done.returncode == 1
        assert done.stderr.startswith("bad: record 3: ")
        assert "authentic up to record 2" in done.stdout

    def test_a_cut_log_shows_with_the_head_only(self, room: Path) -> None:
        head = re.search(r"^head: \d+ ([0-9a-f]{64})$", theta("info", room).stdout, re.MULTILINE)
        assert head
        assert theta("verify", room, "--head", head[1]).returncode == 0
        with sqlite3.connect(room) as database:
            database.execute("DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)")
        database.close()
        assert theta("verify", room).returncode == 0
        cut = theta("verify", room, "--head", head[1])
        assert cut.returncode == 1
        assert "records were cut off" in cut.stderr

    def test_a_live_room(self, server: Server) -> None:
        server.build("cube")
        assert theta("verify", "room.theta").returncode == 0

    @pytest.mark.parametrize("head", ["abc", "zz" * 32, "ab" * 31])
    def test_no_hash(self, room: Path, head: str) -> None:
        done = theta("verify", room, "--head", head)
        assert done.returncode == 2
        assert "64 hexadecimal digits" in done.stderr

    def test_a_room_that_was_never_opened(self, home: Path) -> None:
        SqliteLogStore.open(home.parent / "empty.theta").close()
        for command in ("verify", "info"):
            done = theta(command, "empty.theta")
            assert done.returncode == 1
            assert "no records" in done.stderr


class TestInfo:
    def test_says_what_is_in_it(self, room: Path) -> None:
        done = theta("info", room)
        assert done.returncode == 0, done
        said = dict(line.split(": ", maxsplit=1) for line in done.stdout.splitlines() if ": " in line)
        assert said["room"] == "The castle"
        assert said["objects"] == "2 (16 vertices, 12 faces)"
        assert said["people"] == "1"
        assert "2 commands" in said["records"]
        assert re.fullmatch(r"[0-9a-f]{32}", said["document hash"])
        assert "… Ada" in done.stdout

    def test_agrees_with_the_peers(self, server: Server) -> None:
        document_hash = server.build("cube")
        assert f"document hash: {document_hash.hex()}\n" in theta("info", "room.theta").stdout

    @pytest.mark.parametrize("command", ["info", "verify"])
    def test_a_missing_file(self, home: Path, command: str) -> None:
        done = theta(command, "nothing.theta")
        assert (done.returncode, done.stderr) == (1, "error: nothing.theta does not exist\n")


class TestExport:
    def test_writes_binary_gltf(self, room: Path) -> None:
        target = room.with_name("room.glb")
        target.write_bytes(b"glTF of yesterday")
        done = theta("export", room, target)
        assert done.returncode == 0, done
        content = target.read_bytes()
        magic, version, length = struct.unpack("<4sII", content[:12])
        assert (magic, version, length) == (b"glTF", 2, len(content))
        scene = json.loads(content[20 : 20 + struct.unpack("<I", content[12:16])[0]])
        assert sorted(node["name"] for node in scene["nodes"]) == ["one", "two"]
        assert "2 objects" in done.stdout

    def test_into_a_missing_folder(self, room: Path) -> None:
        done = theta("export", room, "nowhere/room.glb")
        assert done.returncode == 1
        assert done.stderr.startswith("error: cannot write nowhere/room.glb")
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize("suffix", ["", ".key"])
    def test_never_over_a_room_or_its_key(self, room: Path, suffix: str) -> None:
        target = room.with_name(room.name + suffix)
        before = target.read_bytes()
        done = theta("export", room, target)
        assert done.returncode == 2
        assert "older GLB" in done.stderr
        assert target.read_bytes() == before

    def test_over_an_older_export(self, room: Path) -> None:
        target = room.with_name("out.glb")
        assert theta("export", room, target).returncode == 0
        assert theta("export", room, target).returncode == 0

    @pytest.mark.parametrize("command", ["export", "backup"])
    @pytest.mark.parametrize("folder", [".", "/"])
    def test_not_onto_a_folder(self, room: Path, command: str, folder: str) -> None:
        done = theta(command, room, folder)
        assert done.returncode == 2
        assert "not a folder" in done.stderr
        assert "Traceback" not in done.stderr


class TestImport:
    def test_a_model_goes_into_an_open_room_and_comes_out_again(self, server: Server) -> None:
        model = Path("two parts.obj")
        model.write_text("o one\nv 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\no two\nv 0 0 1\nf 1 2 4\nf 1 1 2\n")
        done = theta("import", model, "--room", server.url, "--name", "Ada")
        assert done.returncode == 0, done
        assert done.stdout == "one: 1 faces\ntwo: 1 faces\n"
        assert done.stderr.startswith("note: ")
        assert server.stop()[0] == 0
        assert theta("export", "room.theta", "room.glb").returncode == 0
        again = Server("other.theta")
        try:
            done = theta("import", "room.glb", "--room", again.link)
            assert sorted(done.stdout.splitlines()) == ["one: 1 faces", "two: 1 faces"]
            assert done.stderr == "", "nothing was lost"
        finally:
            again.stop()

    def test_what_is_no_model_or_no_room(self, home: Path) -> None:
        Path("notes.obj").write_text("hello\n")
        for arguments, says in (
            (("none.glb",), "none.glb"),
            (("notes.obj", "--room", "ftp://x"), "url is"),
        ):
            done = theta("import", *arguments)
            assert done.returncode == 2, done
            assert says in done.stderr
            assert "Traceback" not in done.stderr


class TestBackup:
    def test_of_a_live_room_can_be_served(self, server: Server, home: Path) -> None:
        document_hash = server.build("one")
        done = theta("backup", "room.theta", "copy.theta")
        assert done.returncode == 0, done
        assert stat.S_IMODE((home.parent / "copy.theta.key").stat().st_mode) == 0o600
        server.build("two")
        copy = Server("copy.theta")
        assert copy.build() == document_hash
        copy.stop()

    def test_without_the_key(self, room: Path) -> None:
        done = theta("backup", room, "copy.theta", "--no-key")
        assert done.returncode == 0, done
        assert not room.with_name("copy.theta.key").exists()
        assert theta("verify", "copy.theta").returncode == 0

    def test_when_the_key_is_missing_it_warns(self, room: Path) -> None:
        room.with_name("room.theta.key").unlink()
        done = theta("backup", room, "copy.theta")
        assert done.returncode == 0, done
        assert "warning" in done.stderr

    @pytest.mark.parametrize("existing", ["copy.theta", "copy.theta.key"])
    def test_nothing_is_overwritten(self, room: Path, existing: str) -> None:
        room.with_name(existing).write_text("precious")
        done = theta("backup", room, "copy.theta")
        assert done.returncode == 1
        assert "exists already" in done.stderr
        assert room.with_name(existing).read_text() == "precious"
        assert room.with_name("copy.theta").exists() == (existing == "copy.theta")


class TestHelp:
    def test_version(self, home: Path) -> None:
        assert theta("--version").stdout == f"theta {__version__}\n"

    @pytest.mark.parametrize("command", ["serve", "headset", "demo", "verify", "info", "export", "import", "backup"])
    def test_every_command_teaches_by_example(self, home: Path, command: str) -> None:
        done = theta(command, "--help")
        assert done.returncode == 0
        assert "Example" in done.stdout
        assert f"theta {command}" in done.stdout

    def test_help_lists_the_commands(self, home: Path) -> None:
        for arguments in ((), ("--help",)):
            said = theta(*arguments)
            shown = said.stdout + said.stderr
            commands = ("serve", "headset", "demo", "verify", "info", "export", "import", "backup")
            assert all(f" {command} " in shown for command in commands)

    def test_only_the_terminal_breaks_a_paragraph(self) -> None:
        assert flowing("One.\n\nTwo\nthree.\n\n  theta four\n  theta five") == (
            "One.\n\nTwo three.\n\n  theta four\n  theta five"
        )

    def test_an_unknown_command(self, home: Path) -> None:
        assert theta("paint").returncode == 2


def test_a_second_ctrl_c_aborts(home: Path) -> None:
    """The first waits for a disk that never answers; the second does not."""
    script = (
        "import threading\n"
        "from theta.adapters.sqlite_store import SqliteLogStore\n"
        "SqliteLogStore.append = lambda self, records: threading.Event().wait()\n"
        "from theta.cli.main import run; run()\n"
    )
    command = [sys.executable, "-c", script, "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("http://localhost")
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "closing the room\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 130


def change_record(room: Path, seq: int) -> None:
    """Flip one bit in a record's body."""
    with sqlite3.connect(room) as database:
        (body,) = database.execute("SELECT body FROM records WHERE seq = ?", (seq,)).fetchone()
        changed = bytes([body[0], body[1] ^ 1]) + body[2:]
        database.execute("UPDATE records SET body = ? WHERE seq = ?", (changed, seq))
    database.close()
