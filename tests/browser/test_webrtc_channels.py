"""The room's WebRTC end with Chromium's own WebRTC at the other: the wire format of TRN-30 to TRN-32, written out."""

import asyncio

import pytest

from tests.browser.stage import chromium
from tests.contract.transport_contract import DATAGRAM, RELIABLE, end_of, soon
from tests.support.webrtc import signal_pair
from theta.adapters.webrtc_connecting import open_webrtc
from theta.adapters.webrtc_signals import Description
from theta.base.limits import CLIENT_FRAME_BYTES_MAX

pytestmark = [pytest.mark.browser]

OFFER = """async () => {
  const peer = new RTCPeerConnection();
  const make = (id, more) => {
    const channel = peer.createDataChannel(`theta-${id}`, { negotiated: true, id, ...more });
    channel.binaryType = "arraybuffer";
    return channel;
  };
  const reliable = make(2, {});
  const others = [0, 3, 4].map((id) => make(id, {}));
  const datagrams = make(1, { ordered: false, maxRetransmits: 0 });
  const heard = { stream: 0, first: 0, datagrams: [], texts: [], closed: false };
  reliable.onmessage = ({ data }) => {
    if (typeof data === "string") return heard.texts.push(data);
    if (!heard.stream) heard.first = new DataView(data).getUint32(0, true);
    heard.stream += data.byteLength;
    reliable.send(`read ${heard.stream}`);
  };
  datagrams.onmessage = ({ data }) => heard.datagrams.push(data.byteLength);
  reliable.onclose = () => { heard.closed = true; };
  Object.assign(window, { peer, reliable, others, datagrams, heard });
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 10));
  return peer.localDescription.sdp;
}"""
ANSWER = """async (sdp) => {
  await peer.setRemoteDescription({ type: "answer", sdp });
  while (reliable.readyState !== "open" || datagrams.readyState !== "open")
    await new Promise((done) => setTimeout(done, 5));
}"""
SEND = """(size) => {
  const stream = new Uint8Array(4 + size).fill(7);
  new DataView(stream.buffer).setUint32(0, size, true);
  for (let at = 0; at < stream.length; at += 16384) reliable.send(stream.subarray(at, at + 16384));
  datagrams.send(new Uint8Array(1150));
}"""


async def test_trn_34_chromium_and_a_room_understand_each_other() -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        room_signals, page_signals = signal_pair()
        opening = asyncio.create_task(open_webrtc(room_signals, is_room=True, offers=False))
        offer = await page.evaluate(OFFER)
        assert ".local " in offer, "Chromium hides its addresses behind names of multicast DNS (TRN-34)"
        await page_signals.send(Description("offer", offer))
        answer = await soon(page_signals.receive())
        assert isinstance(answer, Description)
        await soon(page.evaluate(ANSWER, answer.sdp))
        room = await soon(opening)

        await page.evaluate(SEND, CLIENT_FRAME_BYTES_MAX)
        received = dict([await soon(room.receive()), await soon(room.receive())])
        assert received == {RELIABLE: b"\x07" * CLIENT_FRAME_BYTES_MAX, DATAGRAM: bytes(1_150)}

        size = 3 * 1024 * 1024
        room.send(RELIABLE, bytes(size))
        room.send(DATAGRAM, b"state")
        await page.wait_for_function(f"heard.stream === {size + 4} && heard.datagrams.length === 1")
        assert await page.evaluate("heard.first") == size

        closing = asyncio.create_task(room.close(4403, "no invite"))
        await page.wait_for_function("heard.texts.includes('close 4403 no invite')")
        await page.evaluate("peer.close()")
        assert (await end_of(room)).close_code == 4403
        await soon(closing)
