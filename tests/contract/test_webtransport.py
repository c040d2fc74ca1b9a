"""The transport contract over WebTransport, both ends on this machine's loopback address."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.transport_contract import TransportContract, soon
from tests.support.webtransport import webtransport_listening
from theta.adapters.transport import Transport


@pytest.mark.integration
class TestWebTransport(TransportContract):
    @pytest.fixture
    async def pair(self, tmp_path: Path) -> AsyncIterator[tuple[Transport, Transport]]:
        listening = webtransport_listening(tmp_path)
        yield await soon(listening.session())
        await soon(listening.close())

    async def test_it_says_what_it_is(self, pair: tuple[Transport, Transport]) -> None:
        assert [end.kind for end in pair] == ["webtransport", "webtransport"]
