"""What a room's end of a WebTransport session does when packets bring the worst at the worst time."""

from itertools import chain
from pathlib import Path

import pylsqpack
import pytest
from aioquic.h3.connection import FrameType, encode_frame
from aioquic.quic import events

from tests.unit.adapters.test_quic_connection import Both
from theta.adapters.quic_configuration import ALPN_HTTP
from theta.adapters.webtransport_carrier import WebTransportCarrier
from theta.adapters.webtransport_http import session_request
from theta.base.errors import ProtocolError

ENCODER, DECODER = 7, 11
"""The room's streams of HTTP."""


@pytest.mark.parametrize("stream", [ENCODER, DECODER])
def test_trn_53_a_stream_that_http_needs_and_that_was_stopped_is_the_peers_fault(tmp_path: Path, stream: int) -> None:
    both = Both(tmp_path, alpn_protocols=[ALPN_HTTP])
    carrier = WebTransportCarrier(both.room, may_join=lambda authority, origin: True)
    both.exchange()
    both.events_of(both.room)
    _, request = pylsqpack.Encoder().encode(0, session_request("localhost:8080"))
    both.participant.stop_stream(stream, 0)
    both.participant.send_stream_data(0, encode_frame(FrameType.HEADERS, request))
    both.exchange()
    told = both.events_of(both.room)
    # In a packet the request can stand first: by the time that it is looked at, the stream is gone all the same.
    told.sort(key=lambda event: not isinstance(event, events.StreamDataReceived))
    with pytest.raises(ProtocolError, match="was stopped"):
        list(chain.from_iterable(map(carrier.handle_event, told)))
