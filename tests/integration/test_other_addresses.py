"""Whose address changes: by QUIC and WebTransport their connection goes on, by WebSocket their session is resumed."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

import theta
from tests.contract.transport_contract import soon
from tests.support.impairment import HOST, ImpairedPort, Impairment, impaired
from tests.support.room_process import serving
from theta.adapters.client.opening import TransportChoice
from theta.node.events import Event, Joined

pytestmark = pytest.mark.integration

ADDRESS_SECONDS = 1_000.0


def move(port: ImpairedPort) -> None:
    """Let everybody behind it have another address from now on."""
    port._opened_at -= ADDRESS_SECONDS
    port._reset_streams()


@pytest.mark.parametrize(("transport", "comes_back"), [("quic", False), ("webtransport", False), ("websocket", True)])
async def test_whoever_has_another_address_goes_on(
    tmp_path: Path, seed: int, transport: TransportChoice, comes_back: bool
) -> None:
    joined: list[Event] = []
    async with serving(tmp_path, "--no-lan") as room:
        target = (HOST, urlsplit(room.link).port or 0)
        async with impaired(target, Impairment(address_seconds=ADDRESS_SECONDS), seed) as port:
            link = room.link.replace(urlsplit(room.link).netloc, f"{HOST}:{port.port}")
            ada = theta.connect(link, name="Ada", identity=tmp_path / "ada.key", transport=transport)
            ada.on_event = lambda event: joined.append(event) if isinstance(event, Joined) else None
            async with ada, theta.connect(room.link, name="Bo", identity=tmp_path / "bo.key") as bo:
                await soon(ada.create("cube", name="from the first address"))
                for objects in (3, 5, 7):
                    move(port)
                    await soon(ada.create("cube", name="from the new address"))
                    await soon(bo.create("cube", name="to the new address"))
                    await soon(ada.wait_until(lambda: len(ada.entities) == objects))  # noqa: B023
                assert ada.document_hash == bo.document_hash
            assert port.address_changes >= 3
    resumed = [event.resumed for event in joined if isinstance(event, Joined)]
    assert resumed == ([False, True, True, True] if comes_back else [False])
