"""The transport contract over WebRTC, both ends on this machine's loopback address."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.transport_contract import TransportContract, soon
from tests.support.webrtc import close_both, webrtc_pair
from theta.adapters.transport import Transport


@pytest.mark.integration
class TestWebRtcTransport(TransportContract):
    @pytest.fixture
    async def pair(self) -> AsyncIterator[tuple[Transport, Transport]]:
        pair = await soon(webrtc_pair())
        yield pair
        await soon(close_both(pair))

    async def test_it_says_what_it_is(self, pair: tuple[Transport, Transport]) -> None:
        assert [end.kind for end in pair] == ["webrtc", "webrtc"]
