"""The room's WebTransport with Chromium's own at the other end: the wire format of TRN-50 to TRN-55, written out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser.stage import chromium
from tests.contract.transport_contract import end_of, soon
from tests.support.page_port import PagePort
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, DATAGRAM_BYTES_MAX
from theta.node.lanes import RELIABLE_LANES, Lane

pytestmark = [pytest.mark.browser]

OPEN = """async () => {
  const { url, hashes } = await (await fetch("/api/webtransport")).json();
  const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const started = performance.now();
  const session = new WebTransport(url, {
    serverCertificateHashes: hashes.map((each) => ({ algorithm: "sha-256", value: bytes(each) })),
  });
  await session.ready;
  const heard = { lanes: {}, datagrams: [], closed: null };
  const writers = {};
  session.closed.then((how) => { heard.closed = how; }, (error) => { heard.closed = String(error); });
  for (const lane of [0, 2, 3, 4]) {
    const stream = await session.createBidirectionalStream();
    writers[lane] = stream.writable.getWriter();
    await writers[lane].write(Uint8Array.of(lane));
    heard.lanes[lane] = [];
    (async () => {
      let gathered = new Uint8Array();
      for await (const piece of stream.readable) {
        const joined = new Uint8Array(gathered.length + piece.length);
        joined.set(gathered);
        joined.set(piece, gathered.length);
        gathered = joined;
        while (gathered.length >= 4) {
          const size = new DataView(gathered.buffer, gathered.byteOffset).getUint32(0, true);
          if (gathered.length < 4 + size) break;
          heard.lanes[lane].push({ size, first: gathered[4] });
          gathered = gathered.slice(4 + size);
        }
      }
    })().catch(() => {});
  }
  const datagrams = session.datagrams.writable.getWriter();
  (async () => {
    for await (const each of session.datagrams.readable) heard.datagrams.push({ size: each.length, first: each[0] });
  })().catch(() => {});
  Object.assign(window, { session, heard, writers, datagrams });
  return { url, milliseconds: performance.now() - started, datagram: session.datagrams.maxDatagramSize };
}"""
SEND = """async ([lane, size]) => {
  const frame = new Uint8Array(4 + size).fill(lane);
  new DataView(frame.buffer).setUint32(0, size, true);
  await writers[lane].write(frame);
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def port(tmp_path: Path) -> AsyncIterator[PagePort]:
    running = PagePort(tmp_path)
    await running.start()
    yield running
    await soon(running.close())


@pytest_asyncio.fixture(loop_scope="session")
async def page(port: PagePort) -> AsyncIterator[Page]:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(port.link)
        yield page


async def test_trn_52_chromium_and_a_room_exchange_frames_on_every_lane(port: PagePort, page: Page) -> None:
    opened = await page.evaluate(OPEN)
    print(f"Chromium opened a session in {opened['milliseconds']:.0f} ms")
    assert opened["url"] == f"https://localhost:{port.port}/webtransport"
    assert opened["datagram"] >= DATAGRAM_BYTES_MAX
    room = await soon(port.accepted.get())
    assert room.kind == "webtransport"

    for lane in RELIABLE_LANES:
        await page.evaluate(SEND, [int(lane), CLIENT_FRAME_BYTES_MAX])
        assert await soon(room.receive()) == (lane, bytes([lane]) * CLIENT_FRAME_BYTES_MAX)
    await page.evaluate(f"datagrams.write(new Uint8Array({DATAGRAM_BYTES_MAX}).fill(7))")
    assert await soon(room.receive()) == (Lane.DATAGRAM, b"\x07" * DATAGRAM_BYTES_MAX)

    sizes = {lane: 1_000_000 * (lane == Lane.BULK) + 1_000 for lane in RELIABLE_LANES}
    for lane in RELIABLE_LANES:
        room.send(lane, bytes([lane]) * sizes[lane])
        room.send(lane, b"")
        room.send(lane, bytes([lane]))
    room.send(Lane.DATAGRAM, b"\x09" * DATAGRAM_BYTES_MAX)
    await page.wait_for_function(
        "Object.values(heard.lanes).every((each) => each.length === 3) && heard.datagrams.length === 1"
    )
    heard = await page.evaluate("heard")
    for lane in RELIABLE_LANES:
        assert [(each["size"], each.get("first")) for each in heard["lanes"][str(int(lane))]] == [
            (sizes[lane], lane),
            (0, heard["lanes"][str(int(lane))][1].get("first")),
            (1, lane),
        ]
    assert heard["datagrams"] == [{"size": DATAGRAM_BYTES_MAX, "first": 9}]


async def test_trn_54_a_page_hears_why_the_room_ended_it(port: PagePort, page: Page) -> None:
    await page.evaluate(OPEN)
    room = await soon(port.accepted.get())
    closing = asyncio.create_task(room.close(4403, "no invite came along – ask for a link"))
    await page.wait_for_function("heard.closed !== null")
    assert await page.evaluate("heard.closed") == {"closeCode": 4403, "reason": "no invite came along – ask for a link"}
    assert (await end_of(room)).close_code == 4403
    await soon(closing)


async def test_trn_54_a_room_hears_why_the_page_ended_it(port: PagePort, page: Page) -> None:
    await page.evaluate(OPEN)
    room = await soon(port.accepted.get())
    await page.evaluate("session.close({ closeCode: 1000, reason: 'bye' })")
    end = await end_of(room)
    assert (end.close_code, end.reason) == (1000, "bye")


async def test_trn_51_a_page_of_another_origin_is_refused(port: PagePort, page: Page) -> None:
    tell = "fetch('/api/webtransport').then((answer) => answer.json())"
    where = await page.evaluate(tell)
    await page.goto(f"http://127.0.0.1:{port.port}/")
    refused = await page.evaluate(
        """async ({ url, hashes }) => {
          const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
          const session = new WebTransport(url, {
            serverCertificateHashes: hashes.map((each) => ({ algorithm: "sha-256", value: bytes(each) })),
          });
          session.closed.catch(() => {});
          return session.ready.then(() => "open", (error) => error.message);
        }""",
        where,
    )
    assert refused != "open"
    assert port.accepted.empty()
    assert await page.evaluate("location.origin") != f"http://localhost:{port.port}"
