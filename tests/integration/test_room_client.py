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
    for link in ("http://[bad", "ftp://localhost:8080", "http://"):
        with pytest.raises(theta.InvalidValue, match="url"):
            theta.connect(link)
