"""`theta serve` and `theta.connect` by WebRTC, at the room's own signalling server and at one in another process."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import theta
from tests.contract.transport_contract import soon
from tests.support.room_process import RoomProcess, serving

pytestmark = pytest.mark.integration

THETA = str(Path(sys.executable).parent / "theta")


@asynccontextmanager
async def signalling(folder: Path) -> AsyncIterator[str]:
    """`theta signal` on this machine; gives the link that it prints first."""
    process = await asyncio.create_subprocess_exec(
        *(THETA, "signal", "--host", "localhost", "--port", "0"),
        cwd=folder,
        env={"HOME": str(folder), "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield (await soon(process.stdout.readline())).decode().strip()
    finally:
        process.terminate()
        await soon(process.wait())


async def build(room: RoomProcess, identity: Path, **how: str) -> None:
    """Join in a way that is named, build, and leave."""
    async with theta.connect(room.link, name="Ada", identity=identity, transport="webrtc", **how) as ada:
        assert ada.transport == "webrtc"
        await ada.create("cube", size=0.5, name="by webrtc")
        assert ada.find("by webrtc").name == "by webrtc"


async def test_a_guest_builds_by_webrtc_and_others_see_it(tmp_path: Path) -> None:
    async with serving(tmp_path, "--no-lan") as room:
        await soon(build(room, tmp_path / "ada.key"))
        async with theta.connect(room.link, name="Bo", identity=tmp_path / "bo.key", transport="websocket") as bo:
            assert bo.find("by webrtc").name == "by webrtc"


async def test_a_room_is_met_at_another_signalling_server(tmp_path: Path) -> None:
    async with signalling(tmp_path) as link, serving(tmp_path, "--no-lan", "--signal", link) as room:
        await soon(build(room, tmp_path / "ada.key", signaling=link))


async def test_who_finds_no_host_there_is_told_so_in_time(tmp_path: Path) -> None:
    async with signalling(tmp_path) as link, serving(tmp_path, "--no-lan") as room:
        with pytest.raises(theta.ConnectionFailed, match="host"):
            await soon(build(room, tmp_path / "ada.key", signaling=link))
