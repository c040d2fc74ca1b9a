"""A WebTransport session over HTTP/3 (draft-ietf-webtrans-http3), on either side of it: TRN-50 to TRN-57.

A connection carries one session. Its streams and datagrams are told apart from HTTP's by what they begin with; after
that they go past aioquic's HTTP/3, which would look for frames in them.
"""

from collections.abc import Iterator

from aioquic._buffer import Buffer, BufferReadError
from aioquic.buffer import encode_uint_var
from aioquic.h3 import events as http
from aioquic.quic import events

from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_streams import CarrierEvent, Datagram, Ready, SessionEnded, StreamBroken, StreamBytes
from theta.adapters.transport import CLOSE_LOST, CLOSE_NORMAL
from theta.adapters.webtransport_capsules import CapsuleReader, close_capsule
from theta.adapters.webtransport_http import (
    H3_NO_ERROR,
    H3_REQUEST_REJECTED,
    WT_SESSION_GONE,
    Http3,
    MayJoin,
    answer_to,
    from_http_error,
    request_of,
    session_request,
    status_headers,
    status_of,
    to_http_error,
)
from theta.base.errors import ProtocolError
from theta.base.limits import WEBTRANSPORT_CONTROL_BYTES_MAX

_ONE_WAY = 0x2  # RFC 9000, 2.1
_CLIENT_STREAMS = 4


class WebTransportCarrier:
    """See StreamCarrier. Make it as soon as it is known that HTTP/3 is spoken.

    Args:
        connection: speaks HTTP/3.
        may_join: a room's answer to who asks for a session; None for a participant, which asks.
        authority: a participant's, the name and port in the link.
    """

    kind = "webtransport"

    def __init__(self, connection: BoundedConnection, *, may_join: MayJoin | None = None, authority: str = "") -> None:
        self._connection = connection
        self._may_join = may_join
        self._authority = authority
        self._http = Http3(connection)
        self._capsules = CapsuleReader()
        self._control_bytes = 0
        self._streams: set[int] = set()
        self._early: list[http.WebTransportStreamDataReceived] = []
        self._asked: int | None = None
        self._session: int | None = None
        self._datagram_start = b""
        self._has_ended = False

    @property
    def is_heard(self) -> bool:
        """See StreamCarrier.is_heard."""
        return self._session is None or not self._connection.held_on(self._session)

    def handle_event(self, event: events.QuicEvent) -> Iterator[CarrierEvent]:
        """See StreamCarrier.handle_event."""
        match event:
            case events.DatagramFrameReceived():
                yield from self._handle_datagram(event.data)
            case events.StreamDataReceived() if event.stream_id in self._streams:
                yield StreamBytes(event.stream_id, event.data, event.end_stream)
            case events.StreamDataReceived():
                yield from self._handle_http_stream(event)
            case events.StreamReset() | events.StopSendingReceived():
                yield from self._handle_broken_off(event)

    def open_stream(self) -> int:
        """See StreamCarrier.open_stream."""
        assert self._session is not None
        stream = self._http.create_webtransport_stream(self._session)
        self._streams.add(stream)
        return stream

    def send_stream(self, stream: int, data: bytes) -> None:
        """See StreamCarrier.send_stream."""
        self._connection.send_stream_data(stream, data)

    def send_datagram(self, data: bytes) -> None:
        """An HTTP datagram (RFC 9297, 2.1): a quarter of the session's number, and what it carries."""
        self._connection.send_datagram_frame(self._datagram_start + data)

    def close(self, code: int, reason: str) -> None:
        """CLOSE_WEBTRANSPORT_SESSION, and the connection waits until it is heard; without a session it is closed."""
        if self._session is None:
            self._connection.close(error_code=to_http_error(code), reason_phrase=reason)
        elif self._has_ended or not self._connection.can_write(self._session):
            self.hang_up()
        else:
            self._http.send_data(self._session, close_capsule(code, reason), end_stream=True)

    def hang_up(self) -> None:
        """See StreamCarrier.hang_up."""
        self._connection.close(error_code=H3_NO_ERROR)

    def close_code_of(self, error_code: int) -> int | None:
        """See StreamCarrier.close_code_of."""
        return from_http_error(error_code)

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def _handle_http_stream(self, event: events.StreamDataReceived) -> Iterator[CarrierEvent]:
        """What is not known to be the session's: HTTP's own, or the beginning of a stream of the session."""
        for each in self._http.handle_event(event):
            match each:
                case http.WebTransportStreamDataReceived():
                    yield from self._handle_session_stream(each)
                case http.HeadersReceived() if self._may_join is not None:
                    yield from self._handle_request(each, self._may_join)
                case http.HeadersReceived():
                    yield from self._handle_answer(each)
                case http.DataReceived() if each.stream_id == self._session:
                    yield from self._handle_session_data(each)
        if event.stream_id not in self._streams:
            self._control_bytes += len(event.data)
            if self._control_bytes > WEBTRANSPORT_CONTROL_BYTES_MAX:
                raise ProtocolError(f"more than {WEBTRANSPORT_CONTROL_BYTES_MAX} bytes beside the session's streams")
        if self._may_join is None and self._asked is None:
            yield from self._ask()

    def _handle_session_stream(self, event: http.WebTransportStreamDataReceived) -> Iterator[CarrierEvent]:
        """A stream of a session; one that overtook the request for its session waits for it."""
        if self._session is None:
            self._early.append(event)
            return
        if event.session_id != self._session:
            raise ProtocolError("a stream of another session")
        if event.stream_id & _ONE_WAY:
            raise ProtocolError("a stream that goes one way")
        self._streams.add(event.stream_id)
        yield StreamBytes(event.stream_id, event.data, event.stream_ended)

    def _handle_request(self, event: http.HeadersReceived, may_join: MayJoin) -> Iterator[CarrierEvent]:
        if self._session is not None:
            self._connection.refuse_stream(event.stream_id, H3_REQUEST_REJECTED)
            return
        status = answer_to(request_of(event.headers), may_join)
        if not self._connection.can_write(event.stream_id):
            return
        self._http.send_headers(event.stream_id, status_headers(status), end_stream=status != 200)
        if status == 200:
            yield from self._begin(event.stream_id)

    def _handle_session_data(self, event: http.DataReceived) -> Iterator[CarrierEvent]:
        for closed in self._capsules.feed(event.data):
            yield from self._end(closed.code or CLOSE_NORMAL, closed.reason)
        if event.stream_ended:
            yield from self._end(CLOSE_NORMAL, "")

    def _handle_broken_off(self, event: events.StreamReset | events.StopSendingReceived) -> Iterator[CarrierEvent]:
        if event.error_code == WT_SESSION_GONE:
            return  # what ended the session is on its way, or was overtaken by this
        if event.stream_id in self._streams:
            yield StreamBroken(event.stream_id)
        elif event.stream_id in (self._session, self._asked):
            yield from self._end(CLOSE_LOST, "the session was broken off")
        else:
            self._http.handle_event(event)

    def _handle_datagram(self, data: bytes) -> Iterator[CarrierEvent]:
        """A datagram of the session; one of another, or that overtook the request, is passed over (RFC 9297, 2.1)."""
        start = self._datagram_start
        if start and data.startswith(start):
            yield Datagram(data[len(start) :])
            return
        buffer = Buffer(data=data)
        try:
            quarter = buffer.pull_uint_var()
        except BufferReadError as error:
            raise ProtocolError("a datagram without a session") from error
        if self._session is not None and quarter == self._session // _CLIENT_STREAMS:
            yield Datagram(data[buffer.tell() :])

    # -- the session ---------------------------------------------------------------------------------------------

    def _ask(self) -> Iterator[CarrierEvent]:
        """Ask for the session as soon as the room has said that it takes them (draft-ietf-webtrans-http3, 3.1)."""
        takes_sessions = self._http.takes_sessions
        if takes_sessions:
            self._asked = self._connection.get_next_available_stream_id()
            self._http.send_headers(self._asked, session_request(self._authority))
        elif takes_sessions is False:
            yield from self._end(CLOSE_LOST, "no WebTransport is spoken there")

    def _handle_answer(self, event: http.HeadersReceived) -> Iterator[CarrierEvent]:
        status = status_of(event.headers)
        if event.stream_id != self._asked or self._session is not None or 100 <= status < 200:
            return
        if status == 200:
            yield from self._begin(event.stream_id)
        else:
            yield from self._end(CLOSE_LOST, f"no WebTransport session: the room answered {status}")

    def _begin(self, session: int) -> Iterator[CarrierEvent]:
        self._session = session
        self._datagram_start = encode_uint_var(session // _CLIENT_STREAMS)
        yield Ready()
        early, self._early = self._early, []
        for event in early:
            yield from self._handle_session_stream(event)

    def _end(self, code: int, reason: str) -> Iterator[CarrierEvent]:
        if not self._has_ended:
            self._has_ended = True
            yield SessionEnded(code, reason)
