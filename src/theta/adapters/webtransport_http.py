"""HTTP/3 as far as WebTransport needs it: the settings, the request that begins a session, and the answers to it.

aioquic's H3Connection does HTTP/3 and QPACK (RFC 9114, RFC 9204); what it leaves to its user is here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from aioquic.h3.connection import H3Connection, Setting
from aioquic.h3.events import H3Event, Headers
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent

from theta.adapters.webtransport_path import WEBTRANSPORT_PATH
from theta.base.errors import ProtocolError

PROTOCOL = b"webtransport"

H3_NO_ERROR = 0x100
H3_REQUEST_REJECTED = 0x10B
WT_SESSION_GONE = 0x170D7B68

_WT_MAX_SESSIONS_DRAFT_7 = 0xC671706A
_WT_MAX_SESSIONS_DRAFT_13 = 0x14E9CD29
_WT_INITIAL_MAX_DATA = 0x2B61
_WT_INITIAL_MAX_STREAMS_ONE_WAY = 0x2B64
_WT_INITIAL_MAX_STREAMS_BOTH_WAYS = 0x2B65
_WITHOUT_LIMIT = 2**60
_SETTINGS_OF_DRAFTS = {
    # Safari 26.4 and later begin no session without one of these, and Chromium none without the oldest, which aioquic
    # sends (aioquic's issue 644). With draft 13 a session has a flow control of its own, from nothing unless it is said
    # where it begins; here QUIC's does all of that.
    _WT_MAX_SESSIONS_DRAFT_7: 1,
    _WT_MAX_SESSIONS_DRAFT_13: 1,
    _WT_INITIAL_MAX_DATA: _WITHOUT_LIMIT,
    _WT_INITIAL_MAX_STREAMS_ONE_WAY: _WITHOUT_LIMIT,
    _WT_INITIAL_MAX_STREAMS_BOTH_WAYS: _WITHOUT_LIMIT,
}
_ERROR_CODES_START = 0x52E4A40FA8DB
_ERROR_CODES_STEP = 0x1E
_CODES_MAX = 2**32 - 1

MayJoin = Callable[[str, str | None], bool]
"""Whether a session may begin: asked with the `:authority` and the Origin (None: a program's, which sends none)."""


class Http3(H3Connection):
    """aioquic's HTTP/3 with the settings of every draft of WebTransport that a browser asks for.

    What the other side says of WebTransport itself is not asked for: browsers disagree about what to send, and who
    begins a session knows what it is. Datagrams are QUIC's own affair (BoundedConnection.check_peer).
    """

    def __init__(self, connection: QuicConnection) -> None:
        super().__init__(connection, enable_webtransport=True)

    def _get_local_settings(self) -> dict[int, int]:
        return super()._get_local_settings() | _SETTINGS_OF_DRAFTS

    def _validate_settings(self, settings: dict[int, int]) -> None:
        if settings.get(Setting.ENABLE_WEBTRANSPORT) == 1:
            settings.setdefault(Setting.H3_DATAGRAM, 1)
        super()._validate_settings(settings)

    def handle_event(self, event: QuicEvent) -> list[H3Event]:
        """What an event of the connection means in HTTP.

        Raises:
            ProtocolError: the other side has stopped a stream that HTTP cannot do without.
        """
        with _streams_needed():
            return super().handle_event(event)

    def send_headers(self, stream_id: int, headers: Headers, end_stream: bool = False) -> None:
        """Headers on a stream; raises as `handle_event` does."""
        with _streams_needed():
            super().send_headers(stream_id, headers, end_stream)

    @property
    def takes_sessions(self) -> bool | None:
        """Whether the other side is a server that takes WebTransport sessions; None before it said."""
        if self.received_settings is None:
            return None
        names = (Setting.ENABLE_WEBTRANSPORT, _WT_MAX_SESSIONS_DRAFT_7, _WT_MAX_SESSIONS_DRAFT_13)
        return any(self.received_settings.get(each) for each in names)


@contextmanager
def _streams_needed() -> Iterator[None]:
    """Aioquic raises these when it has to write on a stream of HTTP's own that the other side has stopped."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise ProtocolError("a stream that HTTP needs was stopped") from error


class Request(NamedTuple):
    """What a request asks for."""

    method: bytes
    protocol: bytes
    path: bytes
    authority: bytes
    origin: bytes | None


def request_of(headers: list[tuple[bytes, bytes]]) -> Request:
    """A request by its headers.

    Raises:
        ProtocolError: it has two origins.
    """
    origins = [value for name, value in headers if name == b"origin"]
    if len(origins) > 1:
        raise ProtocolError("a request with two origins")
    of = dict(headers)
    method, protocol, path, authority = (of.get(b":" + name, b"") for name in _PSEUDO_HEADERS)
    return Request(method, protocol, path, authority, origins[0] if origins else None)


_PSEUDO_HEADERS = (b"method", b"protocol", b"path", b"authority")


def answer_to(request: Request, may_join: MayJoin) -> int:
    """The status that a request is answered with; 200 begins the session."""
    if request.path != WEBTRANSPORT_PATH.encode("ascii"):
        return 404
    if request.method != b"CONNECT" or request.protocol != PROTOCOL:
        return 405
    try:
        authority = request.authority.decode("ascii")
        origin = None if request.origin is None else request.origin.decode("ascii")
    except UnicodeDecodeError:
        return 400
    return 200 if may_join(authority, origin) else 403


def session_request(authority: str) -> list[tuple[bytes, bytes]]:
    """The headers of the request that begins a session (draft-ietf-webtrans-http3, 3.2)."""
    return [
        (b":method", b"CONNECT"),
        (b":scheme", b"https"),
        (b":authority", authority.encode("idna" if not authority.isascii() else "ascii")),
        (b":path", WEBTRANSPORT_PATH.encode("ascii")),
        (b":protocol", PROTOCOL),
        (b"sec-webtransport-http3-draft02", b"1"),
    ]


def status_headers(status: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer."""
    headers = [(b":status", str(status).encode("ascii")), (b"server", b"theta")]
    return [*headers, (b"sec-webtransport-http3-draft", b"draft02")] if status == 200 else headers


def status_of(headers: list[tuple[bytes, bytes]]) -> int:
    """An answer's status; aioquic has seen that it has one, of three digits."""
    return int(dict(headers)[b":status"])


def to_http_error(code: int) -> int:
    """A close code as an error code of HTTP/3 (draft-ietf-webtrans-http3, 4.3: WebTransport application errors)."""
    return _ERROR_CODES_START + code + code // _ERROR_CODES_STEP


def from_http_error(error_code: int) -> int | None:
    """The close code in an error code of HTTP/3; None when it is one of HTTP/3's own."""
    shifted = error_code - _ERROR_CODES_START
    if not _ERROR_CODES_START <= error_code <= to_http_error(_CODES_MAX) or (error_code - 0x21) % 0x1F == 0:
        return None
    return shifted - shifted // (_ERROR_CODES_STEP + 1)
