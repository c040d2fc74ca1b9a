"""Seven people who come in by every way there is, and build together over a bad network: all end with the same.

Two by QUIC and two by WebRTC in Python, and pages in Chromium by WebTransport, WebRTC and WebSocket: each in a process
of its own, as is the room. The network is `tests.support.impairment`; WebRTC goes through a TURN server behind it. A
quarter of a minute of it is in the gate; `make soak-mixed` takes longer.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from tests.browser.stage import Visitor, launched, visit
from tests.support.building import BuilderProcess, building
from tests.support.coturn import SECRET, TURNSERVER, Coturn
from tests.support.impairment import HOST, ImpairedPort, Impairment, impaired
from tests.support.ledger import commands_in
from tests.support.room_process import RoomProcess, serving
from theta.base.identifiers import CommandName, entity_id
from theta.sim.links import LinkSettings

SECONDS = float(os.environ.get("THETA_MIXED_SECONDS", "15"))

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.timeout(300 + SECONDS),
    pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed"),
]

EVERY_SECONDS = 1.0
HEALED_SECONDS_MAX = 60.0
"""WebRTC notices after six seconds that its way is gone, and may be turned away for ten before it tries again."""

BAD = LinkSettings(delay_seconds=0.75, jitter_seconds=0.05, loss=0.3, reorder=0.05, duplication=0.02, burst_seconds=0.2)
"""Each way: a round trip takes a second and a half."""
DARK = {"on_seconds": 5.0, "off_seconds": 2.0}
OF_ROOM = Impairment(BAD, address_seconds=5.0, **DARK)
# Passed twice each way, by the room and by its guest. Whom a TURN server knows by an address cannot change it.
OF_RELAY = Impairment(BAD._replace(delay_seconds=BAD.delay_seconds / 2.0, loss=0.16), **DARK)

PAGE_BUILDS = """([name, every]) => {
  const { client } = window.theta;
  const building = { made: [], failed: [], began: 0, returns: 0, stop: () => clearInterval(timer) };
  const put = () => {
    const number = building.began++;
    const at = [0.5 * (number % 10), 0, 1 + 0.5 * Math.floor(number / 10)];
    const cube = { type: "create_primitive", kind: "cube", size: 0.25, name: `${name} ${number}`, translation: at };
    client.perform([cube]).then(
      ({ names }) => building.made.push(...names.map(({ actor, number }) => [String(actor), Number(number)])),
      (error) => building.failed.push(String(error)),
    );
  };
  const timer = setInterval(put, every * 1000);
  let was = client.connection.phase;
  client.on("connection", () => {
    if (was !== "online" && client.connection.phase === "online") building.returns++;
    was = client.connection.phase;
  });
  window.building = building;
}"""


class PageBuilder:
    """A page that builds."""

    def __init__(self, name: str, transport: str, visitor: Visitor) -> None:
        self.name = name
        self._transport = transport
        self._visitor = visitor
        self.made: set[str] = set()
        self.returns = 0

    async def begin(self) -> None:
        """Build from now on."""
        await self._visitor.page.evaluate(PAGE_BUILDS, [self.name, EVERY_SECONDS])

    async def stop(self) -> int:
        """Build no more; how many objects it began, once all of them are made."""
        page = self._visitor.page
        await page.evaluate("building.stop()")
        await page.wait_for_function(
            "() => building.made.length + building.failed.length === building.began", timeout=HEALED_SECONDS_MAX * 1000
        )
        said = json.loads(await page.evaluate("JSON.stringify(building)"))
        assert said["failed"] == []
        self.returns = said["returns"]
        self.made = {entity_id(CommandName(int(actor), number)).hex() for actor, number in said["made"]}
        return int(said["began"])

    async def leave(self, objects: int) -> dict[str, Any]:
        """What it has once it has so many objects, and is in the room."""
        await self._visitor.until("entities", str(objects), HEALED_SECONDS_MAX)
        await self._visitor.until("transport", self._transport, HEALED_SECONDS_MAX)
        told = {name: await self._visitor.state(name) for name in ("documentHash", "transport", "entities")}
        return {"hash": told["documentHash"], "transport": told["transport"], "objects": int(told["entities"])}


class Company:
    """Who builds, and the network around them."""

    def __init__(self, folder: Path, room: RoomProcess, way: ImpairedPort, relay: ImpairedPort) -> None:
        self._folder = folder
        self._room = room
        self._way = way
        self._relay = relay
        self.builders: list[BuilderProcess] = []
        self.pages: list[PageBuilder] = []

    @property
    def everybody(self) -> list[BuilderProcess | PageBuilder]:
        """Programs and pages."""
        return [*self.builders, *self.pages]

    async def come_in(self, stack: AsyncExitStack, browser: Browser) -> None:
        """All of them, while the network is good yet."""
        link = self._room.link.replace(urlsplit(self._room.link).netloc, f"{HOST}:{self._way.port}")
        for name, transport in (("Ada", "quic"), ("Bo", "quic"), ("Cy", "webrtc"), ("Di", "webrtc")):
            how = ("--transport", transport, "--every", str(EVERY_SECONDS))
            self.builders.append(await stack.enter_async_context(building(self._folder, link, name, *how)))
        for builder in self.builders:
            await builder.until("joined")
        for name, transport in (("Eve", "webtransport"), ("Fay", "webrtc"), ("Gus", "websocket")):
            self.pages.append(PageBuilder(name, transport, await visit(browser, link, name, transport=transport)))

    async def build(self, seconds: float) -> None:
        """Everybody builds for so long, on a network that is bad."""
        for each in self.everybody:
            await each.begin()
        self._way.become(OF_ROOM)
        self._relay.become(OF_RELAY)
        await asyncio.sleep(seconds)
        self._way.become(Impairment())
        self._relay.become(Impairment())


@asynccontextmanager
async def company(folder: Path, seed: int) -> AsyncIterator[Company]:
    """Seven people in a room."""
    async with AsyncExitStack() as stack:
        coturn = Coturn(folder, "allow-loopback-peers", f"allowed-peer-ip={HOST}", address=HOST)
        stack.push_async_callback(coturn.stop)
        await coturn.start()
        relay = await stack.enter_async_context(impaired((HOST, coturn.port), Impairment(), seed))
        ice = folder / "ice.toml"
        url = f"turn:{HOST}:{relay.port}?transport=udp"
        ice.write_text(f'relay_only = true\n[[ice_servers]]\nurls = ["{url}"]\nsecret = "{SECRET}"\n')
        ice.chmod(0o600)
        room = await stack.enter_async_context(serving(folder, "--no-lan", "--ice", str(ice)))
        target = (HOST, urlsplit(room.link).port or 0)
        way = await stack.enter_async_context(impaired(target, Impairment(), seed + 1))
        people = Company(folder, room, way, relay)
        await people.come_in(stack, await stack.enter_async_context(launched()))
        yield people
        await room.stop()


async def test_everybody_ends_with_the_same_whatever_the_network_did(tmp_path: Path, seed: int) -> None:
    async with company(tmp_path, seed) as people:
        await people.build(SECONDS)
        swallowed = people._way.swallowed + people._relay.swallowed
        built = await asyncio.gather(*(each.stop() for each in people.everybody))
        ends = await asyncio.gather(*(each.leave(sum(built)) for each in people.everybody))
        for each, count, end in zip(people.everybody, built, ends, strict=True):
            print(f"{each.name}: {count} objects by {end['transport']}, came back {each.returns} times")
        print(f"{swallowed} packets lost, {people._way.address_changes} other addresses")
    assert len({end["hash"] for end in ends}) == 1
    assert {end["objects"] for end in ends} == {sum(built)}
    assert [end["transport"] for end in ends] == [
        *("quic", "quic", "webrtc", "webrtc"),
        *("webtransport", "webrtc", "websocket"),
    ]
    assert swallowed > 0
    assert people._way.address_changes > 0
    # Each name is in the log once: nothing was applied twice. And all that anybody was told of is there.
    logged = {entity_id(command.name).hex() for command in commands_in(people._room.records_as_they_lie())}
    for each, count in zip(people.everybody, built, strict=True):
        assert len(each.made) == count
        assert each.made <= logged
    assert len(logged) >= sum(built)
