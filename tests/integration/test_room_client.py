"""The Python client at its edges: bad values, leaving, coming in twice, and a listener that raises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from theta.adapters.client import RoomClient
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.memory_store import MemoryLogStore

pytestmark = pytest.mark.integration


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[RoomClient]:
    """A client that has not entered yet."""
    hosted = Hosted(MemoryLogStore())
    server = TestServer(create_app(hosted.host, HttpSettings()))
    await server.start_server()
    link = f"{server.make_url('/')}#invite={hosted.host.room.invite('editor')}"
    yield theta.connect(link, name="Ada", identity=tmp_path / "ada.key")
    await soon(hosted.host.close())
    await server.close()


async def test_bad_values_are_named_before_anything_is_sent(room: RoomClient) -> None:
    async with room:
        cube = await room.create("cube", scale=np.float32(2))  # type: ignore[arg-type]
        assert cube.scale == (2.0, 2.0, 2.0)
        seq = room.head_seq
        with pytest.raises(theta.InvalidValue, match="size"):
            await room.create("cube", size="big")  # type: ignore[arg-type]
        with pytest.raises(theta.InvalidValue, match="rotation"):
            await room.create("cube", rotation=(1e-200, 0, 0, 0))
        with pytest.raises(theta.InvalidValue, match="colour"):
            await cube.paint("red")  # type: ignore[arg-type]
        assert room.head_seq == seq


async def test_whoever_waits_when_the_room_is_left_is_told(room: RoomClient) -> None:
    async with room:
        waiting = asyncio.create_task(room.wait_until(lambda: False))
        await asyncio.sleep(0)
    with pytest.raises(theta.NotConnected):
        await soon(waiting)
    with pytest.raises(theta.NotConnected):
        room.say("hello")
    with pytest.raises(theta.NotConnected):
        room.show(theta.Presence(0, 0))


async def test_a_client_is_in_one_room_at_a_time_and_may_come_back(room: RoomClient) -> None:
    async with room:
        with pytest.raises(theta.UsageError, match="already"):
            await room.__aenter__()
        await room.create("cube")
        async with room.gesture():
            with pytest.raises(theta.UsageError, match="gesture"):
                async with room.gesture():
                    pass
    async with room:
        assert len(room.entities) == 1


async def test_a_listener_that_raises_is_logged_and_harms_nothing(
    room: RoomClient, caplog: pytest.LogCaptureFixture
) -> None:
    def listen(event: object) -> None:
        raise RuntimeError("a bug of the user's")

    async with room:
        room.on_event = listen
        await soon(room.create("cube"))
    assert "on_event raised" in caplog.text
    assert "bug in the peer" not in caplog.text


def test_links_that_are_none() -> None:
    for link in ("http://[bad", "ftp://localhost:8080", "http://", "http://a..b", f"http://{'a' * 70}"):
        with pytest.raises(theta.InvalidValue, match="url"):
            theta.connect(link)
    for link in ("http://localhost:1/#invite=AgHVozpN1MWG", "http://localhost:1/#invite=none"):
        with pytest.raises(theta.InvalidValue, match="invite"):
            theta.connect(link)


SQUARE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)]


async def test_polygons_are_imported_with_progress_and_are_one_step_for_undo(room: RoomClient) -> None:
    told: list[tuple[int, int]] = []
    points = np.array([(0.01 * x, float(z), 0.0) for z in range(2) for x in range(5_001)])
    faces = np.array([(at, at + 1, at + 5_002, at + 5_001) for at in range(5_000)])
    async with room:
        strip = await room.import_polygons(
            points,
            faces,
            name="strip",
            at=(0, 1, 0),
            scale=2.0,
            colour=(1.0, 0.0, 0.0),
            on_progress=lambda received, size: told.append((received, size)),
        )
        assert (strip.name, strip.position, strip.scale) == ("strip", (0.0, 1.0, 0.0), (2.0, 2.0, 2.0))
        assert strip.mesh.face_count == 5_000
        assert told[0][0] == 0
        assert told[-1][0] == told[-1][1]
        again = await room.import_polygons(points, faces)
        assert len(room.entities) == 2
        assert again.name == "import"
        await room.undo()
        assert [entity.name for entity in room.entities] == ["strip"]


async def test_polygons_that_no_room_takes_are_refused_before_anything_is_sent(room: RoomClient) -> None:
    async with room:
        seq = room.head_seq
        with pytest.raises(theta.UsageError, match="asset: corners: vertex 4 is none of 0 … 3"):
            await room.import_polygons(SQUARE, [(0, 1, 4)])
        with pytest.raises(theta.InvalidValue, match="name"):
            await room.import_polygons(SQUARE, [(0, 1, 2)], name="")
        with pytest.raises(ZeroDivisionError):
            await room.import_polygons(SQUARE, [(0, 1, 2)], on_progress=lambda received, size: print(size // received))
        assert room.head_seq == seq
        await room.import_polygons(SQUARE, [(0, 1, 2, 3)])
