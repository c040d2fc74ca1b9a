"""`theta serve` and `theta.connect` by WebRTC, at the room's own signalling server and at one in another process."""

from pathlib import Path

import pytest

import theta
from tests.contract.transport_contract import soon
from tests.support.room_process import RoomProcess, serving
from tests.support.signal_process import signalling

pytestmark = pytest.mark.integration


async def build(room: RoomProcess, identity: Path, signaling: str | None = None) -> None:
    """Join in a way that is named, build, and leave."""
    async with theta.connect(room.link, name="Ada", identity=identity, transport="webrtc", signaling=signaling) as ada:
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
