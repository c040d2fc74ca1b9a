"""Lanes on data channels, on an SCTP of this process that sends when it is told to."""

import asyncio
from collections import deque
from typing import Any, cast

import pytest
from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCPeerConnection
from pyee.asyncio import AsyncIOEventEmitter

from theta.adapters.webrtc_transport import WebRtcTransport
from theta.base.limits import WEBRTC_AHEAD_BYTES_MAX
from theta.node.lanes import RELIABLE_LANES, Lane


class _Sctp:
    """What data channels hand over, in its order; aiortc's counts it as buffered until it is begun."""

    state = "connected"
    _remote_max_message_size = 65_536

    def __init__(self) -> None:
        self.waiting: deque[tuple[RTCDataChannel, bytes]] = deque()
        self.sent: dict[int, int] = dict.fromkeys((lane.value for lane in Lane), 0)

    def _data_channel_add_negotiated(self, channel: RTCDataChannel) -> None:
        channel._setReadyState("open")

    def _data_channel_send(self, channel: RTCDataChannel, data: bytes) -> None:
        channel._addBufferedAmount(len(data))
        self.waiting.append((channel, data))

    def send_all(self) -> None:
        while self.waiting:
            channel, data = self.waiting.popleft()
            assert channel.id is not None
            self.sent[channel.id] += len(data)
            channel._addBufferedAmount(-len(data))


class _PeerConnection(AsyncIOEventEmitter):
    connectionState = "connected"

    def __init__(self) -> None:
        super().__init__()
        self.sctp = _Sctp()

    def createDataChannel(self, label: str, **options: Any) -> RTCDataChannel:
        return RTCDataChannel(cast(Any, self.sctp), RTCDataChannelParameters(label=label, **options))

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "smaller",
    [
        (Lane.CONTROL, Lane.COMMANDS, Lane.STATE),
        (Lane.CONTROL, Lane.COMMANDS),
        (Lane.COMMANDS, Lane.STATE),
    ],
)
async def test_trn_21_what_waits_behind_other_lanes_goes_on_when_they_are_sent(smaller: tuple[Lane, ...]) -> None:
    """However the bytes ahead are shared between the lanes, one of them says when they are gone."""
    peer = _PeerConnection()
    transport = WebRtcTransport(cast(RTCPeerConnection, peer), is_room=True)
    transport._handle_open()
    for lane in smaller:
        transport.send(lane, bytes(WEBRTC_AHEAD_BYTES_MAX // len(smaller)))
    frame = bytes(5 * WEBRTC_AHEAD_BYTES_MAX)
    transport.send(RELIABLE_LANES[-1], frame)
    for _ in range(20):
        await asyncio.sleep(0)
        peer.sctp.send_all()
    assert peer.sctp.sent[RELIABLE_LANES[-1].value] == len(frame) + 4
    transport.abandon()
    await transport.close()
