"""What participants take away over HTTP: who may, what they get, and that the room goes on meanwhile."""

import asyncio
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, make_mocked_request

from tests.contract.transport_contract import soon
from tests.integration.driven_peer import DrivenPeer, a_cube
from tests.integration.test_host import Hosted
from tests.support.gltf_validator import validate
from tests.support.room_files import read_replica
from theta import __version__
from theta.adapters import http_downloads
from theta.adapters.http_downloads import content_disposition
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.sqlite_store import SqliteLogStore, backup
from theta.base.limits import DOWNLOAD_BURST_MAX
from theta.editor.vocabulary import ImportMesh, Paint
from theta.gltf import import_glb
from theta.mesh.polygon_asset import encode_polygons
from theta.node.audit import audit
from theta.node.scene_copy import SceneCopy, document_to_write, exported_entities
from theta.node.scene_writing import SceneToWrite
from theta.session.host_handshake import resume_token
from theta.session.secret import RoomSecret
from theta.wire.types import RoleName

pytestmark = pytest.mark.integration

GRID = 150


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    running = Hosted(SqliteLogStore.open(tmp_path / "studio.theta"))
    yield running
    await running.close()


@pytest.fixture
async def http(hosted: Hosted, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    server = TestServer(create_app(hosted.host, HttpSettings(file=tmp_path / "studio.theta")))
    await server.start_server()
    async with aiohttp.ClientSession(base_url=server.make_url("/")) as session:
        yield session
    await soon(hosted.host.close())
    await server.close()


async def join(hosted: Hosted, role: RoleName = "editor", name: str = "Ada") -> DrivenPeer:
    return await DrivenPeer(hosted.connect(), hosted.host.room.invite(role), name).joined()


def bearer(hosted: Hosted, peer: DrivenPeer) -> dict[str, str]:
    """The header of a participant of this room."""
    records = hosted.host.room.replica.log.sessions.values()
    record = next(each for each in reversed(records) if each.actor == peer.peer.actor)
    token = resume_token(RoomSecret(b"\x07" * 32), record.session, record.author)
    return {"Authorization": f"Bearer {record.session.hex()}:{token.hex()}"}


async def bring_in_a_grid(peer: DrivenPeer, side: int = GRID) -> None:
    """A sheet of side × side quads."""
    positions = [(x / 10, 0.0, z / 10) for z in range(side + 1) for x in range(side + 1)]
    row = side + 1
    faces = [(at, at + row, at + row + 1, at + 1) for z in range(side) for at in range(z * row, z * row + side)]
    name = await peer.upload(encode_polygons(positions, faces))
    await peer.perform(
        ImportMesh(name, "sheet", (0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (1.0, 0.5, 0.0))
    )


def watched_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, asyncio.Event]:
    """Where temporary files go from now on, and what is set once something was taken away there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    removed, loop, plain = asyncio.Event(), asyncio.get_running_loop(), shutil.rmtree

    def remove(path: Path, ignore_errors: bool) -> None:
        plain(path, ignore_errors)
        loop.call_soon_threadsafe(removed.set)

    monkeypatch.setattr(shutil, "rmtree", remove)
    return folder, removed


class TestWhoMay:
    @pytest.mark.parametrize("path", ["/api/export.glb", "/api/copy.theta", "/api/invites"])
    async def test_nobody_without_a_session_of_their_own(
        self, http: aiohttp.ClientSession, hosted: Hosted, path: str
    ) -> None:
        ada = await join(hosted)
        own = bearer(hosted, ada)["Authorization"]
        session, token = own.removeprefix("Bearer ").split(":")
        tampered = f"{int(token, 16) ^ 1:032x}"
        for shown in (
            None,
            "",
            "Bearer",
            f"Bearer {session}",
            f"Bearer {session}:{tampered}",
            f"Bearer {token}:{session}",
            f"Bearer {'0' * 32}:{token}",
            f"Basic {session}:{token}",
            own + "0",
            f"Bearer {hosted.host.room.invite('editor')}",
        ):
            headers = {} if shown is None else {"Authorization": shown}
            async with http.get(path, headers=headers) as response:
                assert response.status == 401, shown
                assert "Join the room first" in await response.text()
        async with http.get(f"{path}?session={session}&token={token}") as response:
            assert response.status == 401, "never by the URL"
        async with http.get(path, headers={"Authorization": own, "Origin": "http://elsewhere.example"}) as response:
            assert response.status == 403
        async with http.get(path, headers={"Authorization": own}) as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-store"
        await ada.leave()
        async with http.get(path, headers={"Authorization": own}) as response:
            assert response.status == 401, "only while one is here"

    async def test_a_viewer_may_export_and_not_copy(self, http: aiohttp.ClientSession, hosted: Hosted) -> None:
        vera = bearer(hosted, await join(hosted, "viewer", "Vera"))
        async with http.get("/api/export.glb", headers=vera) as response:
            assert response.status == 200
        async with http.get("/api/copy.theta", headers=vera) as response:
            assert response.status == 403
            assert "editor's link" in await response.text()

    @pytest.mark.parametrize(
        ("role", "granted"),
        [("viewer", {"viewer"}), ("editor", {"viewer", "editor", "code"}), ("admin", {"viewer", "editor", "code"})],
    )
    async def test_nobody_hands_on_more_than_they_have(
        self, http: aiohttp.ClientSession, hosted: Hosted, role: RoleName, granted: set[str]
    ) -> None:
        who = bearer(hosted, await join(hosted, role))
        async with http.get("/api/invites", headers=who) as response:
            found = await response.json()
        room = hosted.host.room
        whole = {"viewer": room.invite("viewer"), "editor": room.invite("editor"), "code": room.code}
        assert found == {key: whole[key] for key in granted}

    async def test_asking_too_often_is_refused_with_a_time(self, http: aiohttp.ClientSession, hosted: Hosted) -> None:
        ada, bo = bearer(hosted, await join(hosted)), bearer(hosted, await join(hosted, name="Bo"))
        for _ in range(DOWNLOAD_BURST_MAX):
            async with http.get("/api/export.glb", headers=ada) as response:
                assert response.status == 200
        async with http.get("/api/export.glb", headers=ada) as response:
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 10
        async with http.get("/api/export.glb", headers=bo) as response:
            assert response.status == 200, "each has a bucket of their own"

    async def test_one_at_a_time_each(
        self, http: aiohttp.ClientSession, hosted: Hosted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        going, let_go = asyncio.Event(), asyncio.Event()
        plain = asyncio.to_thread

        async def held(function: object, *arguments: object) -> object:
            if getattr(function, "__func__", None) is SceneToWrite.glb:
                going.set()
                await let_go.wait()
            return await plain(function, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio, "to_thread", held)
        ada = bearer(hosted, await join(hosted))

        async def status() -> int:
            async with http.get("/api/export.glb", headers=ada) as response:
                return response.status

        first = asyncio.create_task(status())
        await soon(going.wait())
        assert await status() == 429
        let_go.set()
        assert await soon(first) == 200


class TestTheExport:
    async def test_it_is_what_theta_export_writes(
        self, http: aiohttp.ClientSession, hosted: Hosted, tmp_path: Path
    ) -> None:
        ada = await join(hosted)
        await ada.perform(a_cube("one"), a_cube("two"))
        await bring_in_a_grid(ada)
        async with http.get("/api/export.glb", headers=bearer(hosted, ada)) as response:
            content = await response.read()
            assert response.headers["Content-Type"] == "model/gltf-binary"
            assert response.headers["Content-Length"] == str(len(content))
            assert response.headers["Content-Disposition"] == content_disposition("studio", ".glb")
        backup(tmp_path / "studio.theta", tmp_path / "there.theta")
        replica = read_replica(tmp_path / "there.theta")
        head = import_glb(content).head
        assert head is not None
        # The room may have signed a head since.
        assert (head.chain, head.document) == (replica.log.chain_at(head.seq), replica.document.hash)
        plain = replace(document_to_write(replica), head=head).glb(f"Theta {__version__}")
        assert content == plain
        (tmp_path / "scene.glb").write_bytes(content)
        code, report = validate(tmp_path / "scene.glb")
        assert code == 0, report["issues"]

    async def test_edits_go_on_while_it_is_made(self, http: aiohttp.ClientSession, hosted: Hosted) -> None:
        ada, bo = await join(hosted), await join(hosted, name="Bo")
        for _ in range(2):
            await bring_in_a_grid(ada)
        export = asyncio.create_task(http.get("/api/export.glb", headers=bearer(hosted, ada)).__aenter__())
        edits = 0
        while not export.done():
            await soon(bo.perform(a_cube(f"cube {edits}")))
            edits += 1
        response = await export
        assert response.status == 200
        assert (await response.read())[:4] == b"glTF"
        response.release()
        assert edits >= 1


class TestTheCopy:
    async def test_it_is_the_room_and_can_be_verified(
        self, http: aiohttp.ClientSession, hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary, removed = watched_folder(tmp_path, monkeypatch)
        ada = await join(hosted)
        await ada.perform(a_cube("one"))
        await bring_in_a_grid(ada, 20)
        async with http.get("/api/copy.theta", headers=bearer(hosted, ada)) as response:
            content = await response.read()
            assert response.headers["Content-Length"] == str(len(content))
            assert response.headers["Content-Disposition"] == content_disposition("studio", ".theta")
        copy = tmp_path / "copy.theta"
        copy.write_bytes(content)
        reader = SqliteLogStore.open_read_only(copy)
        report = audit(reader.read(), assets=read_replica(copy).assets)
        reader.close()
        assert report.is_good
        assert read_replica(copy).document.hash == hosted.host.room.document_hash
        with closing(sqlite3.connect(copy)) as tables:
            names = {name for (name,) in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names == {"meta", "records", "assets"}
        assert RoomSecret(b"\x07" * 32).identity.public_key in content
        assert b"\x07" * 32 not in content, "never the key"
        await soon(removed.wait())
        assert list(temporary.iterdir()) == [], "nothing is left behind"

    async def test_who_hangs_up_leaves_nothing_behind(
        self, http: aiohttp.ClientSession, hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary, removed = watched_folder(tmp_path, monkeypatch)
        ada = await join(hosted)
        response = await http.get("/api/copy.theta", headers=bearer(hosted, ada))
        response.close()
        await soon(removed.wait())
        assert list(temporary.iterdir()) == []
        await ada.perform(a_cube())

    async def test_a_room_that_closes_while_it_is_copied_leaves_nothing_behind(
        self, hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary, removed = watched_folder(tmp_path, monkeypatch)
        begun, go_on = threading.Event(), threading.Event()

        def slow_backup(file: Path, copy: Path) -> None:
            begun.set()
            go_on.wait(10.0)
            copy.write_bytes(b"late")

        monkeypatch.setattr(http_downloads, "backup", slow_backup)
        downloads = http_downloads._Downloads(hosted.host.room, tmp_path / "studio.theta", hosted.host._clock)
        ada = await join(hosted)
        request = make_mocked_request("GET", "/api/copy.theta", headers=bearer(hosted, ada))
        task = asyncio.create_task(downloads.copy(request))
        await soon(asyncio.to_thread(begun.wait, 10.0))
        task.cancel()
        assert not (await asyncio.wait((task,), timeout=0.1))[0], "it is still being written"
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await soon(task)
        await soon(removed.wait())
        assert list(temporary.iterdir()) == []

    async def test_a_room_without_a_file_says_so(self) -> None:
        hosted = Hosted(MemoryLogStore())
        async with TestServer(create_app(hosted.host, HttpSettings())) as server, aiohttp.ClientSession() as session:
            headers = bearer(hosted, await join(hosted))
            async with session.get(server.make_url("/api/copy.theta"), headers=headers) as response:
                assert response.status == 404
                assert "in memory only" in await response.text()
            await hosted.close()


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("studio", "attachment; filename=\"studio.glb\"; filename*=UTF-8''studio.glb"),
        (
            "Zoë's “room”",
            "attachment; filename=\"Zo_'s _room_.glb\"; filename*=UTF-8''Zo%C3%AB%27s%20%E2%80%9Croom%E2%80%9D.glb",
        ),
        ('../a"b\\c;d\n', "attachment; filename=\"_a_b_c;d_.glb\"; filename*=UTF-8''_a_b_c%3Bd_.glb"),
        (" . ", "attachment; filename=\"room.glb\"; filename*=UTF-8''room.glb"),
    ],
)
def test_the_file_is_called_after_the_room(name: str, header: str) -> None:
    assert content_disposition(name, ".glb") == header


async def test_a_scene_copied_in_slices_is_one_moment(hosted: Hosted) -> None:
    ada = await join(hosted)
    await ada.perform(*(a_cube(f"cube {number}") for number in range(9)))
    replica = hosted.host.room.replica
    scene = SceneCopy(replica)
    assert not scene.copy_some(20), "three cubes at most"
    first = replica.document.entities()[0]
    await ada.perform(a_cube("late"), Paint(first, (1.0, 0.0, 0.0)))
    steps = 0
    while not scene.copy_some(20):
        steps += 1
    assert 1 <= steps <= 6
    assert scene.to_write().glb("x") == document_to_write(replica).glb("x")
    copied = {entity.name: entity.mesh for entity in scene.entities()}
    assert all(mesh is not entity.mesh for entity in exported_entities(replica) for mesh in [copied[entity.name]])
