"""Which session descriptions and candidates are believed (TRN-33, TRN-34)."""

import pytest

from theta.adapters.webrtc_signals import believed, is_believed
from theta.base.errors import ProtocolError
from theta.base.limits import SIGNAL_CANDIDATES_MAX, SIGNAL_DESCRIPTION_CHARACTERS_MAX, WEBRTC_PIECE_BYTES_MIN
from theta.signaling.refusals import TooManyCandidates

HOST = "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host"
DESCRIPTION = (
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=sctp-port:5000",
    "a=max-message-size:262144",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    "a=fingerprint:sha-256 AB:CD",
    "a=setup:actpass",
)


def text(*lines: str) -> str:
    return "\r\n".join(lines) + "\r\n"


def test_trn_33_a_description_of_data_channels_passes_as_it_is() -> None:
    assert believed(text(*DESCRIPTION, HOST), takes_loopback=False) == text(*DESCRIPTION, HOST)


@pytest.mark.parametrize("missing", ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=sctp-port"])
def test_trn_33_what_a_connection_needs_has_to_be_there(missing: str) -> None:
    kept = [line for line in DESCRIPTION if not line.startswith(missing)]
    with pytest.raises(ProtocolError, match=missing):
        believed(text(*kept), takes_loopback=False)


@pytest.mark.parametrize(
    "media",
    [
        ("m=audio 9 UDP/TLS/RTP/SAVPF 0",),
        ("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=video 9 UDP/TLS/RTP/SAVPF 96"),
        ("m=application 9 TCP/DTLS/SCTP webrtc-datachannel",),
        ("m=application 9 UDP/DTLS/SCTP something-else",),
        (),
    ],
)
def test_trn_33_no_media_is_negotiated(media: tuple[str, ...]) -> None:
    lines = [line for line in DESCRIPTION if not line.startswith("m=")]
    with pytest.raises(ProtocolError, match="data channels"):
        believed(text(*lines, *media), takes_loopback=False)


def test_trn_33_candidates_are_counted() -> None:
    assert believed(text(*DESCRIPTION, *[HOST] * SIGNAL_CANDIDATES_MAX), takes_loopback=False)
    with pytest.raises(TooManyCandidates, match=str(SIGNAL_CANDIDATES_MAX)):
        believed(text(*DESCRIPTION, *[HOST] * (SIGNAL_CANDIDATES_MAX + 1)), takes_loopback=False)


def test_trn_33_a_long_description_is_not_read() -> None:
    long = text(*DESCRIPTION, "a=" + "x" * SIGNAL_DESCRIPTION_CHARACTERS_MAX)
    with pytest.raises(ProtocolError, match=str(SIGNAL_DESCRIPTION_CHARACTERS_MAX)):
        believed(long, takes_loopback=False)


@pytest.mark.parametrize("size", ["1", str(WEBRTC_PIECE_BYTES_MIN - 1), "many", "-5", ""])
def test_trn_31_messages_that_are_too_small_are_refused(size: str) -> None:
    with pytest.raises(ProtocolError, match="max-message-size"):
        believed(text(*DESCRIPTION, f"a=max-message-size:{size}"), takes_loopback=False)


def test_trn_34_the_end_of_candidates_is_left_to_our_deadline() -> None:
    assert believed(text(*DESCRIPTION, HOST, "a=end-of-candidates"), takes_loopback=False) == text(*DESCRIPTION, HOST)


@pytest.mark.parametrize(
    ("candidate", "is_taken"),
    [
        ("candidate:1 1 udp 5 192.0.2.7 50000 typ host", True),
        ("a=candidate:1 1 UDP 5 198.51.100.7 50000 typ srflx raddr 0.0.0.0 rport 9", True),
        ("candidate:1 1 udp 5 2001:db8::7 50000 typ relay raddr :: rport 9", True),
        ("candidate:1 1 udp 5 0d3c9f1e-5d1b-4c3a-8f6e-0a1b2c3d4e5f.local 50000 typ host", False),
        ("candidate:1 1 udp 5 example.org 50000 typ host", False),
        ("candidate:1 1 tcp 5 192.0.2.7 9 typ host tcptype active", False),
        ("candidate:1 2 udp 5 192.0.2.7 50000 typ host", False),
        ("candidate:1 1 udp 5 224.0.0.251 5353 typ host", False),
        ("candidate:1 1 udp 5 255.255.255.255 50000 typ host", False),
        ("candidate:1 1 udp 5 0.0.0.0 50000 typ host", False),
        ("candidate:1 1 udp 5 127.0.0.1 50000 typ host", False),
        ("candidate:1 1 udp 5 ::1 50000 typ host", False),
        ("candidate:1 1 udp 5 ::ffff:127.0.0.1 50000 typ host", False),
        ("candidate:1 1 udp 5 192.0.2.7 0 typ host", False),
        ("candidate:1 1 udp 5 192.0.2.7 65536 typ host", False),
        ("candidate:1 1 udp -5 192.0.2.7 50000 typ host", False),
        ("candidate:1 1 udp 5 192.0.2.7 50000 typ prflx", False),
        ("candidate:1 1 udp 5 192.0.2.7", False),
        ("", False),
    ],
)
def test_trn_34_which_candidates_are_sent_to(candidate: str, is_taken: bool) -> None:
    assert is_believed(candidate, takes_loopback=False) is is_taken
    in_description = believed(text(*DESCRIPTION, "a=" + candidate.removeprefix("a=")), takes_loopback=False)
    assert (candidate.removeprefix("a=") in in_description) is (is_taken or not candidate)


def test_trn_34_loopback_counts_where_we_are_reached_there_ourselves() -> None:
    assert is_believed("candidate:1 1 udp 5 127.0.0.1 50000 typ host", takes_loopback=True)
