"""What QUIC connections are made with, the room's side and a participant's: what is spoken, certificates, limits."""

import ssl
from pathlib import Path

from aioquic.quic.configuration import QuicConfiguration

from theta.adapters.quic_stateless import CONNECTION_ID_BYTES
from theta.base.errors import InvalidValue
from theta.base.limits import QUIC_IDLE_SECONDS_MAX, QUIC_RECEIVE_WINDOW_BYTES

ALPN = "theta"
ALPN_HTTP = "h3"
"""HTTP/3, over which WebTransport comes (RFC 9114, 3.1)."""
_DATAGRAM_FRAME_BYTES_TAKEN = 65_535  # RFC 9221, 3: any that fits a packet; ours refuses the too large with a code


def room_configuration(certificate: Path, key: Path, *, takes_pages: bool = False) -> QuicConfiguration:
    """What a room's side is made with.

    Args:
        certificate: PEM, the room's own first and then those that vouch for it.
        key: PEM, the certificate's private key.
        takes_pages: whether HTTP/3 is spoken beside the native protocol.

    Raises:
        InvalidValue: a file cannot be read, or is none.
    """
    configuration = _configuration([ALPN, ALPN_HTTP] if takes_pages else [ALPN], is_client=False)
    try:
        configuration.load_cert_chain(certificate, key)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise InvalidValue("certificate", f"{certificate} with {key}", f"PEM files of a pair ({error})") from error
    return configuration


def participant_configuration(server_name: str, *, verify: bool, alpn: str = ALPN) -> QuicConfiguration:
    """What a participant's side is made with.

    Args:
        server_name: the name or address in the link.
        verify: whether the certificate must be vouched for by an authority of this machine.
        alpn: what is spoken, ALPN or ALPN_HTTP.
    """
    configuration = _configuration([alpn], is_client=True)
    configuration.server_name = server_name
    configuration.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if verify:
        places = ssl.get_default_verify_paths()
        configuration.load_verify_locations(cafile=places.cafile, capath=places.capath)
    return configuration


def _configuration(protocols: list[str], *, is_client: bool) -> QuicConfiguration:
    """Without session tickets, so that there is no 0-RTT, whose data can be replayed (RFC 8446, 8)."""
    return QuicConfiguration(
        alpn_protocols=protocols,
        connection_id_length=CONNECTION_ID_BYTES,
        idle_timeout=QUIC_IDLE_SECONDS_MAX,
        is_client=is_client,
        max_data=QUIC_RECEIVE_WINDOW_BYTES,
        max_stream_data=QUIC_RECEIVE_WINDOW_BYTES,
        max_datagram_frame_size=_DATAGRAM_FRAME_BYTES_TAKEN,
    )
