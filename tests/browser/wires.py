"""The wire between a page and its room, to be held up for a while in either direction."""

import re

from playwright.async_api import Page, WebSocketRoute

from theta.wire.codec import decode_from_participant
from theta.wire.messages import SubmitPacket


class Wire:
    """What a page and its room say to each other passes through here; attach it before the page is opened."""

    def __init__(self) -> None:
        self._to_page: list[bytes] = []
        self._to_room: list[bytes] = []
        self._holds_room = False
        self._holds_packets = False
        self._page: WebSocketRoute | None = None
        self._server: WebSocketRoute | None = None

    async def attach(self, page: Page) -> None:
        """Stand between this page and whatever room it opens."""
        await page.route_web_socket(re.compile(r"/ws$"), self._connect)

    def hold_room(self) -> None:
        """From now on the page does not hear the room: what it does, it does without knowing what others do."""
        self._holds_room = True

    def hold_packets(self) -> None:
        """From now on what the page does is not heard in the room."""
        self._holds_packets = True

    @property
    def packets_held(self) -> int:
        """How many packets wait."""
        return len(self._to_room)

    def release(self) -> None:
        """Deliver everything, in order, and hold nothing any more."""
        self._holds_room = self._holds_packets = False
        assert self._page is not None
        assert self._server is not None
        for frame in self._to_page:
            self._page.send(frame)
        for frame in self._to_room:
            self._server.send(frame)
        self._to_page.clear()
        self._to_room.clear()

    def _connect(self, page: WebSocketRoute) -> None:
        self._page, self._server = page, page.connect_to_server()
        page.on_message(self._hear_page)
        self._server.on_message(self._hear_room)

    def _hear_room(self, frame: bytes | str) -> None:
        assert isinstance(frame, bytes)
        assert self._page is not None
        if self._holds_room:
            self._to_page.append(frame)
        else:
            self._page.send(frame)

    def _hear_page(self, frame: bytes | str) -> None:
        assert isinstance(frame, bytes)
        assert self._server is not None
        # The first byte is the lane.
        if self._holds_packets and isinstance(decode_from_participant(frame[1:]), SubmitPacket):
            self._to_room.append(frame)
        else:
            self._server.send(frame)
