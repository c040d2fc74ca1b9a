"""Secrets and runtime notes on disk: who may read them, and what is said when something is wrong."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from theta.adapters.files import (
    RunningRoom,
    SecretExposed,
    SecretUnusable,
    find_running_room,
    identity_path,
    is_alive,
    read_or_make_secret,
    read_secret,
    room_secret_path,
    runtime_folders,
    write_runtime_note,
    write_secret,
)
from theta.base.errors import InvalidValue

pytestmark = pytest.mark.integration

NO_PROCESS = 2**22 + 1


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return tmp_path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def a_room(pid: int | None = None) -> RunningRoom:
    return RunningRoom(
        url="http://localhost:8080",
        invite="token",
        room_key="ab" * 32,
        file="/x",
        pid=os.getpid() if pid is None else pid,
    )


class TestPlaces:
    def test_defaults_are_in_the_home_folder(self, home: Path) -> None:
        assert identity_path() == home / ".config/theta/identity.key"
        assert runtime_folders() == [home / ".local/state/theta/run"]
        assert room_secret_path(Path("a/b.theta")) == Path("a/b.theta.key")

    def test_no_home_at_all_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError("no home")))
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        with pytest.raises(SecretUnusable, match="set HOME"):
            identity_path()

    def test_xdg_variables_count_when_absolute(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/r")
        assert identity_path() == Path("/c/theta/identity.key")
        assert runtime_folders()[0] == Path("/r/theta")
        monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
        monkeypatch.setenv("XDG_RUNTIME_DIR", "")
        assert identity_path() == home / ".config/theta/identity.key"
        assert len(runtime_folders()) == 1


class TestSecrets:
    def test_made_once_and_private(self) -> None:
        path = identity_path()
        secret = read_or_make_secret(path)
        assert len(secret) == 32
        assert read_or_make_secret(path) == secret == read_secret(path)
        assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
        assert path.read_text() == secret.hex() + "\n"
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    def test_private_under_any_umask(self, home: Path, umask: int) -> None:
        before = os.umask(umask)
        try:
            read_or_make_secret(home / "a.key")
        finally:
            os.umask(before)
        assert mode_of(home / "a.key") == 0o600

    def test_two_secrets_differ(self, home: Path) -> None:
        assert read_or_make_secret(home / "a") != read_or_make_secret(home / "b")

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
    def test_one_that_others_may_read_is_not_used(self, home: Path, mode: int) -> None:
        path = home / "a.key"
        secret = read_or_make_secret(path)
        path.chmod(mode)
        with pytest.raises(SecretExposed, match=rf"mode {mode:04o}.*chmod 600 {path}"):
            read_or_make_secret(path)
        path.chmod(0o600)
        assert read_secret(path) == secret

    @pytest.mark.parametrize("content", [b"", b"hello", b"ab" * 31, b"ab" * 33, b"zz" * 32, b"\xff" * 64])
    def test_a_damaged_one_is_named_and_kept(self, home: Path, content: bytes) -> None:
        path = home / "a.key"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(SecretUnusable, match=r"a\.key is damaged"):
            read_or_make_secret(path)
        assert path.read_bytes() == content

    def test_a_folder_in_its_place(self, home: Path) -> None:
        with pytest.raises(SecretUnusable, match="cannot read"):
            read_or_make_secret(home)

    def test_a_file_where_its_folder_should_be(self, home: Path) -> None:
        (home / "theta").touch()
        with pytest.raises(SecretUnusable, match="cannot"):
            read_or_make_secret(home / "theta" / "identity.key")

    def test_an_unwritable_folder(self) -> None:
        with pytest.raises(SecretUnusable, match="cannot write"):
            read_or_make_secret(Path("/proc/theta/identity.key"))

    @pytest.mark.parametrize("has_links", [True, False])
    def test_the_first_of_two_writers_wins(self, home: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
        def no_links(*_: object) -> None:
            raise PermissionError

        if not has_links:
            monkeypatch.setattr(os, "link", no_links)
        path = home / "a.key"
        write_secret(path, bytes(32))
        with pytest.raises(FileExistsError):
            write_secret(path, b"\x01" * 32)
        assert read_secret(path) == bytes(32)
        assert list(home.iterdir()) == [path]

    def test_who_loses_the_race_reads_the_winners(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = home / "a.key"
        really_link = os.link

        def link_after_another_did(partial: Path, target: Path) -> None:
            monkeypatch.setattr(os, "link", really_link)
            write_secret(path, bytes(32))
            raise FileExistsError

        monkeypatch.setattr(os, "link", link_after_another_did)
        assert read_or_make_secret(path) == bytes(32)


class TestRuntimeNotes:
    def test_found_by_port_until_removed(self, home: Path) -> None:
        note = write_runtime_note(8080, a_room())
        assert find_running_room(8080) == a_room()
        assert find_running_room(8081) is None
        assert mode_of(note.path) == 0o600
        note.remove()
        note.remove()
        assert find_running_room(8080) is None
        assert list(note.path.parent.iterdir()) == []

    def test_the_runtime_folder_comes_first(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
        assert write_runtime_note(8080, a_room()).path == home / "run/theta/8080.json"
        assert find_running_room(8080) == a_room()

    def test_another_folder_is_taken_when_the_first_cannot_be(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/none")
        assert write_runtime_note(8080, a_room()).path == home / ".local/state/theta/run/8080.json"
        assert find_running_room(8080) == a_room()

    def test_no_folder_at_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/proc/none")
        with pytest.raises(SecretUnusable, match="cannot write a note"):
            write_runtime_note(8080, a_room())

    def test_a_dead_rooms_note_does_not_count_and_is_replaced(self) -> None:
        write_runtime_note(8080, a_room(NO_PROCESS))
        assert find_running_room(8080) is None
        write_runtime_note(8080, a_room())
        assert find_running_room(8080) == a_room()

    def test_anothers_note_is_not_removed(self) -> None:
        note = write_runtime_note(8080, a_room())
        write_runtime_note(8080, a_room(os.getppid()))
        note.remove()
        assert find_running_room(8080) == a_room(os.getppid())

    def test_a_note_that_others_could_have_written_does_not_count(self) -> None:
        write_runtime_note(8080, a_room()).path.chmod(0o666)
        assert find_running_room(8080) is None

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"url": 1}'])
    def test_nonsense_does_not_count(self, content: str) -> None:
        path = write_runtime_note(8080, a_room()).path
        path.write_text(content)
        assert find_running_room(8080) is None

    @pytest.mark.parametrize("port", [0, -1, 65_536])
    def test_no_port(self, port: int) -> None:
        with pytest.raises(InvalidValue, match="port"):
            find_running_room(port)

    def test_who_is_alive(self) -> None:
        ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
        assert is_alive(os.getpid())
        assert is_alive(1)
        assert not any(is_alive(pid) for pid in (0, -1, NO_PROCESS, int(ended.stdout)))
