"""`theta invite`, `role`, `kick`, `revoke`, `policy` and `branch`: on a file by itself, and on a room that is open."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.integration.test_cli import Server, living_in
from tests.integration.written_room import WrittenRoom
from theta.adapters.chosen_branches import chosen_branch
from theta.adapters.client import RoomClient
from theta.adapters.files import identity_path, read_or_make_secret, running_room_of
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import ThetaError
from theta.base.identifiers import entity_id
from theta.cli.main import app
from theta.commands.identity import Identity
from theta.editor.vocabulary import CreatePrimitive, Paint
from theta.session.invites import read_invite, role_of_invite
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration

BOB = Identity.from_seed(b"b" * 32)
RED = (1.0, 0.0, 0.0)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with living_in(tmp_path) as folder:
        yield folder


@pytest.fixture
def room(home: Path) -> Path:
    """A closed room of one's own: two people, a tower that Bob painted."""
    path = home.parent / "castle.theta"
    owner = Identity.from_seed(read_or_make_secret(identity_path()))
    written = WrittenRoom(path, owner)
    ada, bob = written.come_in("Ada", owner, "admin"), written.come_in("Bob", BOB)
    (tower,) = written.say(ada, CreatePrimitive("cube", 1.0, "tower", (0.0,) * 3, (0.0, 0.0, 0.0, 1.0), (1.0,) * 3))
    written.say(bob, Paint(entity_id(tower.name), RED))
    assert written.close() == 5
    return path


def theta(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed(*arguments: object) -> list[str]:
    done = theta(*arguments)
    assert done.exit_code == 0, (done, done.exception)
    return done.stdout.splitlines()


def refused(*arguments: object) -> str:
    done = theta(*arguments)
    assert isinstance(done.exception, ThetaError), done
    assert done.stdout == ""
    return str(done.exception)


def records_in(file: Path) -> int:
    store = SqliteLogStore.open_read_only(file)
    try:
        return store.last_seq
    finally:
        store.close()


class TestInvite:
    def test_from_the_file_with_a_role_and_an_end(self, room: Path) -> None:
        token, where, what = printed("invite", room, "--role", "viewer", "--expires", "2h")
        invite = read_invite(token)
        assert invite is not None
        secret = RoomSecret(b"r" * 32)
        assert role_of_invite(secret, token, invite.expires_ms - 1) == "viewer"
        assert "Nobody serves" in where
        assert re.search(
            r"may look and talk, as viewer, and come in until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, 2 hours from", what
        )
        assert records_in(room) == 5

    def test_without_an_end_it_is_the_one_that_serve_prints(self, room: Path) -> None:
        token, _, what = printed("invite", room, "--expires", "never")
        assert role_of_invite(RoomSecret(b"r" * 32), token) == "editor"
        assert what.endswith("come in without an end.")

    def test_as_a_link_to_an_address(self, room: Path) -> None:
        link, _ = printed("invite", room, "--address", "https://192.168.1.5:8080/")
        assert re.fullmatch(r"https://192\.168\.1\.5:8080/#invite=[\w-]{56}", link)

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--role", "king"), "role is 'king', but must be one of viewer, editor, admin"),
            (("--expires", "soon"), "--expires is 'soon', but must be a span such as"),
            (("--address", "here"), "--address is 'here', but must be where the room is reached"),
        ],
    )
    def test_what_is_asked_wrongly(self, room: Path, options: tuple[str, ...], says: str) -> None:
        assert says in refused("invite", room, *options)

    def test_it_takes_the_rooms_key(self, room: Path) -> None:
        room.with_name("castle.theta.key").unlink()
        assert "has no key" in refused("invite", room)

    def test_what_is_no_room(self, room: Path) -> None:
        assert "a room's file that exists" in refused("invite", "nowhere.theta")
        (room.parent / "photo.theta").write_bytes(b"\x89PNG\r\n\x1a\n")
        assert "not a room" in refused("invite", "photo.theta")


class TestDecisions:
    def test_a_role_is_asked_for_and_given(self, room: Path) -> None:
        key = BOB.public_key.hex()[:8]
        assert printed("role", room, "Bob") == [f"Bob ({key}…): editor"]
        assert records_in(room) == 5
        assert printed("role", room, "bob", "viewer") == [f"Bob ({key}…): viewer"]
        assert printed("role", room, key) == [f"Bob ({key}…): viewer"]
        assert printed("log", room, "--limit", "1")[0].endswith("made Bob a viewer")
        assert theta("verify", room).exit_code == 0

    def test_the_owner_stays_admin(self, room: Path) -> None:
        assert printed("role", room, "Ada")[0].endswith("): admin, as the owner")
        assert "owner" in refused("role", room, "Ada", "viewer")

    def test_who_is_meant(self, room: Path) -> None:
        assert "one who ever came in, by name or key: Ada" in refused("kick", room, "Eve")
        assert "role is 'king'" in refused("role", room, "Bob", "king")

    def test_kick_and_revoke_are_in_the_log(self, room: Path) -> None:
        assert "with an invite they may come back" in printed("kick", room, "Bob", "--reason", "a break")[0]
        assert "is out for good" in printed("revoke", room, "Bob", "--reason", "spam")[0]
        assert printed("role", room, "Bob")[0].endswith(": revoked")
        assert "may come in again" in printed("revoke", room, "Bob", "--restore")[0]
        assert printed("role", room, "Bob")[0].endswith(": editor")
        assert [line.partition("Ada  ")[2] for line in printed("log", room, "--since", "6")] == [
            "removed Bob from the room: a break",
            "revoked the key of Bob: spam",
            "restored the key of Bob",
        ]
        assert "the key is not revoked" in refused("revoke", room, "Bob", "--restore")

    def test_policies_are_told_and_changed(self, room: Path) -> None:
        usual = ["conflicts: last-writer-wins", "undo may cascade over what others built"]
        assert printed("policy", room) == usual
        assert records_in(room) == 5
        assert printed("policy", room, "--strategy", "merge", "--command", "move_vertices", "--no-cascade") == [
            usual[0],
            "undo may not cascade over what others built",
            "  move_vertices: merge",
        ]
        assert printed("policy", room, "--command", "delete", "--role", "admin", "--cascade") == [
            *usual,
            "  delete: for admins",
            "  move_vertices: merge",
        ]
        assert printed("policy", room, "--strategy", "reject")[0] == "conflicts: reject"

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--strategy", "coin"), "--strategy is 'coin'"),
            (("--command", "explode", "--strategy", "merge"), "command is 'explode'"),
            (("--role", "admin"), "--command is '*', but must be one type of command, for --role"),
            (("--role", "viewer", "--command", "kick"), "kick is for admins"),
        ],
    )
    def test_what_is_asked_wrongly(self, room: Path, options: tuple[str, ...], says: str) -> None:
        assert says in refused("policy", room, *options)


class TestBranches:
    def test_created_switched_to_and_merged_in_a_file(self, room: Path) -> None:
        assert printed("branch", "list", room) == ["* main"]
        assert printed("branch", "create", room, "draft", "--at", "4")[0].startswith("draft: from main at record 4;")
        assert [line[:7] for line in printed("branch", "list", room)] == ["* main", "  draft"]
        before = printed("info", room)
        assert "branch: main, of 2" in before
        assert printed("branch", "switch", room, "draft")[0].startswith("draft: ")
        assert [line[:7] for line in printed("branch", "list", room)] == ["  main", "* draft"]
        then = printed("replay", room, "--at", "4", "--branch", "main")[-1]
        assert printed("info", room)[-1] == then
        assert printed("replay", room)[-1] == then
        assert printed("info", room, "--branch", "main")[-1] == before[-1]
        assert printed("branch", "merge", room, "main")[0].startswith("main is in draft: 1 objects, document hash ")
        assert printed("info", room)[-1] == before[-1]
        printed("branch", "switch", room, "main")
        assert chosen_branch(RoomSecret(b"r" * 32).room) == "main"
        assert theta("verify", room).exit_code == 0

    def test_what_was_done_on_a_branch_says_so_in_the_log(self, room: Path) -> None:
        printed("branch", "create", room, "draft")
        printed("branch", "create", room, "finer draft", "--from", "draft")
        printed("branch", "merge", room, "draft", "--into", "finer draft", "--strategy", "merge")
        lines = [line.partition("Ada  ")[2] for line in printed("log", room, "--since", "6")]
        assert lines[0] == "began the branch “draft” at record 6"
        assert lines[1].startswith("began the branch “finer draft” at record ")
        assert re.fullmatch(r"merged the branch draft as of record \d+ by merge on finer draft", lines[2])
        assert len(printed("log", room, "--branch", "finer draft")) == 1

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("switch", "nowhere"), "branch is 'nowhere', but must be one of main"),
            (("create", "draft", "--from", "nowhere"), "branch is 'nowhere', but must be one of main"),
            (("create", "main"), "a branch 'main' already"),
            (("create", ""), "name is ''"),
            (("create", "draft", "--at", "99"), "at is 99"),
            (("create", "draft", "--at", "2000-01-01"), "not before record 1, the first held here"),
            (("merge", "nowhere"), "branch is 'nowhere'"),
            (("merge", "main", "--strategy", "coin"), "--strategy is 'coin'"),
            (("merge", "main", "--without", "x:y"), "--without is 'x:y'"),
        ],
    )
    def test_what_is_asked_wrongly(self, room: Path, arguments: tuple[str, ...], says: str) -> None:
        verb, *rest = arguments
        assert says in refused("branch", verb, room, *rest)

    def test_a_choice_that_cannot_be_kept(self, room: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(room))
        printed("branch", "create", room, "draft")
        assert "cannot remember the branch" in refused("branch", "switch", room, "draft")
        assert printed("branch", "list", room)[0] == "* main"


def test_a_file_that_somebody_else_has_open(room: Path) -> None:
    store = SqliteLogStore.open(room)
    try:
        said = refused("kick", room, "Bob")
    finally:
        store.close()
    assert "is open in another process" in said
    assert said.endswith("or give the link to the room instead of its file")


class TestALiveRoom:
    """By its file, which leads to where it is served, and by its link."""

    @pytest.fixture
    def server(self, home: Path) -> Iterator[Server]:
        running = Server("castle.theta", "--no-lan", "--no-quic")
        yield running
        running.process.kill()
        running.process.communicate()

    def test_is_found_by_its_file(self, server: Server) -> None:
        running = running_room_of(Path("castle.theta"))
        assert running is not None
        assert running.pid == server.process.pid
        assert running_room_of(Path("other.theta")) is None
        printed("branch", "create", "castle.theta", "draft")
        assert [line[:7] for line in printed("branch", "list", server.link)] == ["* main", "  draft"]
        link = printed("invite", "castle.theta", "--role", "viewer")[0]
        assert link.startswith(f"{server.url}/#invite=")

    def test_takes_imports_on_the_branch_that_was_chosen(self, server: Server) -> None:
        Path("tent.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
        printed("branch", "create", "castle.theta", "draft")
        printed("branch", "switch", "castle.theta", "draft")
        done = theta("import", "tent.obj", "--room", server.link)
        assert done.stdout == "tent: 1 faces\n"
        assert "note: on the branch draft" in done.stderr
        assert "objects: 1 (3 vertices, 1 faces)" in printed("info", "castle.theta")
        assert "objects: 0 (0 vertices, 0 faces)" in printed("info", "castle.theta", "--branch", "main")
        assert theta("import", "tent.obj", "--room", server.link, "--branch", "main").exit_code == 0
        assert "objects: 1 (3 vertices, 1 faces)" in printed("info", "castle.theta", "--branch", "main")

    def test_knows_ones_name_in_a_compacted_room(self, room: Path) -> None:
        printed("compact", room, "small.theta")
        running = Server("small.theta", "--no-lan", "--no-quic")
        try:
            printed("branch", "create", "small.theta", "draft")
        finally:
            running.stop()
        assert printed("log", "small.theta")[0].endswith("Ada  began the branch “draft” at record 7")

    def test_says_how_it_is_doing(self, server: Server) -> None:
        server.build("one", "two")
        told = dict(line.split(": ", 1) for line in printed("info", "castle.theta") if ": " in line)
        assert told["open at"] == f"{server.url} (process {server.process.pid})"
        assert told["since it was opened"].startswith("2 commands, ")
        assert told["packets"] == "2 admitted"
        assert told["conflicts"] == "none"
        assert re.fullmatch(r"\d+\.\d ms on average, \d+\.\d ms at most", told["to disk"])
        server.stop()
        assert not any(line.startswith("open at") for line in printed("info", "castle.theta"))

    def test_is_entered_by_its_link(self, server: Server) -> None:
        link = printed("invite", server.link, "--role", "admin", "--expires", "30min")[0]
        assert link.startswith(f"{server.url}/#invite=")

        async def viewer_is_kicked() -> str:
            try:
                async with RoomClient(server.link, "Bob", None, BOB) as bob:
                    kicked = asyncio.create_task(asyncio.to_thread(printed, "kick", link, "Bob", "--reason", "a break"))
                    await bob.wait_until(lambda: False)
            except ThetaError as error:
                await kicked
                return str(error)
            return ""

        assert "a break" in asyncio.run(asyncio.wait_for(viewer_is_kicked(), 60))
        assert "conflicts: merge" in printed("policy", link, "--strategy", "merge")

    def test_gives_nothing_to_those_who_may_not(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(Path("elsewhere").absolute()))
        assert "NotAllowed" in refused("invite", server.link, "--role", "admin")
        assert "NotAllowed" in refused("policy", server.link, "--strategy", "reject")
