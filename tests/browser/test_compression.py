"""The page takes compressed frames, and those made with a room's own dictionary, under its strict policy."""

from pathlib import Path

import pytest
from playwright.async_api import WebSocket

import theta
from tests.browser.stage import Visitor, by_transport, chromium, come_in, newcomer
from tests.support.room_process import serving
from theta.adapters.dictionary_files import read_dictionary
from theta.wire.codec import decode_from_room
from theta.wire.compression import read_frame_header
from theta.wire.messages import Compressed

pytestmark = pytest.mark.browser


class Received:
    """Which dictionaries the compressed frames needed that a page was sent; 0 for none."""

    def __init__(self, visitor: Visitor) -> None:
        self.dictionaries: set[int] = set()
        visitor.page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._note)

    def _note(self, frame: bytes | str) -> None:
        assert isinstance(frame, bytes)
        message = decode_from_room(frame[1:])
        if isinstance(message, Compressed):
            self.dictionaries.add(read_frame_header(message.data).dictionary)


async def test_wire_48_a_page_is_given_the_rooms_dictionary_and_decodes_with_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as room, chromium() as browser:
        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            for number in range(40):
                await cleo.create("cube", size=0.2, at=(0.3 * (number % 8), 0.1, 0.3 * (number // 8)))
        await room.stop()
        await room.theta("train-dictionary", "studio.theta")
        trained = read_dictionary(room.file.with_suffix(".dictionary"))
        await room.start("--dictionary", "studio.dictionary")

        ana = await newcomer(browser)
        received = Received(ana)
        async with ana.page.expect_response("**/*.wasm") as fetched:
            await ana.page.goto(by_transport(room.link, "websocket"))
        response = await fetched.value
        assert (response.status, response.headers["content-type"]) == (200, "application/wasm")
        await come_in(ana, "Ana")
        await ana.until("entities", "40")
        async with theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo:
            tower = await cleo.create("cube", size=0.5, at=(1.2, 0.25, 2.0), name="tower")
            await tower.paint((0.9, 0.4, 0.1))
            await ana.until("documentHash", cleo.document_hash)
        assert trained.id in received.dictionaries
        assert ana.complaints == []
