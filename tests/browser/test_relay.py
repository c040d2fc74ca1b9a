"""A page that uses nothing but what a TURN server lends (TRN-40): coturn, on this machine's loopback address."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

import theta
from tests.browser.stage import by_transport, chromium, visit
from tests.support.coturn import SECRET, TURNSERVER, Coturn
from tests.support.room_process import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed"),
]

NEXT_FAILURE = """() => new Promise((done) => {
  window.theta.client.on("link", ({ passedOver: [first] }) => first && done(first));
})"""
SELECTED = """async () => {
  const [peer] = window.peers.slice(-1);
  const stats = await peer.getStats();
  const { selectedCandidatePairId } = [...stats.values()].find(({ type }) => type === "transport");
  return stats.get(stats.get(selectedCandidatePairId).localCandidateId).candidateType;
}"""
KEEP_PEERS = """
window.peers = [];
window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
  construct(target, parameters) {
    const peer = new target(...parameters);
    window.peers.push(peer);
    return peer;
  },
});
"""


def servers_of(turn: Coturn, folder: Path) -> Path:
    """A list of servers for `theta serve --ice`."""
    file = folder / "servers.toml"
    url = f"turn:{turn.address}:{turn.port}?transport=udp"
    file.write_text(f'[[ice_servers]]\nurls = ["{url}"]\nsecret = "{SECRET}"\n')
    file.chmod(0o600)
    return file


def relayed(link: str) -> str:
    """The link with which a page uses WebRTC over TURN and nothing else."""
    return by_transport(link, "webrtc").replace("?", "?relay=only&")


async def next_failure(page: Page) -> dict[str, Any]:
    """What the next way is said to have failed of, and after how long."""
    said: dict[str, Any] = await page.evaluate(NEXT_FAILURE)
    return said


async def test_trn_40_a_page_builds_over_a_relay_and_is_told_in_time_when_that_is_gone(tmp_path: Path) -> None:
    turn = Coturn(tmp_path, "allow-loopback-peers", "allowed-peer-ip=127.0.0.1")
    await turn.start()
    keep_peers = tmp_path / "keep-peers.js"
    keep_peers.write_text(KEEP_PEERS)
    async with (
        serving(tmp_path, "--no-lan", "--ice", str(servers_of(turn, tmp_path))) as room,
        chromium() as browser,
        theta.connect(room.link, name="Cleo", identity=tmp_path / "cleo.key") as cleo,
    ):
        ana = await visit(browser, relayed(room.link), "Ana", [keep_peers], transport=None)
        await ana.until("transport", "webrtc")
        assert await ana.page.evaluate(SELECTED) == "relay"
        await ana.press("c")
        await cleo.wait_until(lambda: len(cleo.entities) == 1)
        await ana.until("documentHash", cleo.document_hash)

        await turn.stop()
        await ana.page.evaluate("() => window.peers.at(-1).close()")
        failed = await next_failure(ana.page)
        assert failed["transport"] == "webrtc"
        assert failed["reason"].startswith(("IceGatheringTimeout: ", "IceFailed: "))
        assert failed["afterMs"] < 10_000
