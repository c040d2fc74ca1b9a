"""coturn with the configuration in docs/operating: it takes our credentials, and relays to nobody it should not."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed

from tests.contract.transport_contract import soon
from tests.support.coturn import CONFIGURATION, SECRET, TURNSERVER, Coturn
from theta.signaling.ice import TurnCredential, turn_credential

USER_QUOTA = 8

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(TURNSERVER is None, reason="coturn's turnserver is not installed"),
]


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    server = Coturn(tmp_path)
    await soon(server.start())
    yield server
    await soon(server.stop())


def credential(secret: str = SECRET, seconds: int = 600, peer: int = 7) -> TurnCredential:
    return turn_credential(secret, peer, int(time.time()) + seconds)


def code_of(failed: pytest.ExceptionInfo[TransactionFailed]) -> int:
    return int(failed.value.response.attributes["ERROR-CODE"][0])


@pytest.mark.parametrize("carrier", ["udp", "tcp", "tls"])
async def test_sig_13_coturn_takes_our_credentials(coturn: Coturn, carrier: str) -> None:
    client = await soon(coturn.allocate(credential(), carrier))
    assert client.relayed_address is not None
    host, port = client.relayed_address
    assert host == "127.0.0.1"
    assert 49160 <= port <= 50159


@pytest.mark.parametrize(
    "wrong",
    [
        credential(seconds=-5),
        credential(secret="another secret"),
        credential()._replace(credential=credential(peer=8).credential),
        credential()._replace(username="4102444800:7"),
        TurnCredential("anna", "word"),
    ],
    ids=["over", "another secret", "another peer's", "a later end", "no credential of ours"],
)
async def test_sig_13_coturn_takes_no_others(coturn: Coturn, wrong: TurnCredential) -> None:
    with pytest.raises(TransactionFailed) as failed:
        await soon(coturn.allocate(wrong))
    assert code_of(failed) == 401


async def test_the_configuration_denies_private_addresses_and_no_public_one(coturn: Coturn) -> None:
    client = await soon(coturn.allocate(credential()))
    private = "127.0.0.1 10.1.2.3 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 192.0.2.1 0.0.0.0"
    for number, address in enumerate(private.split()):
        with pytest.raises(TransactionFailed) as failed:
            await soon(client.channel_bind(0x4000 + number, (address, 9)))
        assert code_of(failed) == 403, address
    for address in ("::1", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::1"):
        with pytest.raises(TransactionFailed) as failed:
            await soon(client.channel_bind(0x4090, (address, 9)))
        assert code_of(failed) in (403, 443), "forbidden, or not of the family that was asked for"
    for number, address in enumerate(("1.1.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.254")):
        await soon(client.channel_bind(0x4100 + number, (address, 9)))


async def test_the_configuration_sets_quotas_and_nothing_in_it_is_unknown(coturn: Coturn) -> None:
    for _ in range(USER_QUOTA):
        await soon(coturn.allocate(credential()))
    with pytest.raises(TransactionFailed) as failed:
        await soon(coturn.allocate(credential(seconds=700)))
    assert code_of(failed) == 486, "a later end does not make another user"
    await soon(coturn.allocate(credential(peer=8)))
    said = coturn.output.read_text(errors="replace") + coturn.log.read_text(errors="replace")
    assert "Relay address to use" in said
    assert "Bad configuration" not in said


async def test_one_private_address_can_be_allowed(tmp_path: Path) -> None:
    """As the relay's own, at which two peers that both use it meet."""
    assert "# allowed-peer-ip=RELAY_ADDRESS" in CONFIGURATION.read_text(encoding="utf-8")
    server = Coturn(tmp_path, "allowed-peer-ip=10.1.2.3")
    try:
        await soon(server.start())
        client = await soon(server.allocate(credential()))
        await soon(client.channel_bind(0x4000, ("10.1.2.3", 9)))
        with pytest.raises(TransactionFailed) as failed:
            await soon(client.channel_bind(0x4001, ("10.1.2.4", 9)))
        assert code_of(failed) == 403
    finally:
        await soon(server.stop())
