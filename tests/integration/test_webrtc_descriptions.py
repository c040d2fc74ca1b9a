"""Session descriptions that were tampered with: read, or refused with an error of ours (TRN-33)."""

import random

import pytest

from tests.contract.transport_contract import soon
from tests.support.webrtc import LOOPBACK, MemorySignals, quiet
from theta.adapters.webrtc_connecting import _Attempt
from theta.adapters.webrtc_signals import Description
from theta.base.errors import PeerError

pytestmark = pytest.mark.integration

ROUNDS = 400
SOUND = """v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
a=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host
a=end-of-candidates
a=ice-ufrag:M4iI
a=ice-pwd:dSN8wDokUFNwmx2uiTuEhg
a=fingerprint:sha-256 EB:06:64:63:05:31:52:1A:FC:87:67:73:13:13:BC:B2:46:EF:5B:7A:97:F3:7D:F3:54:39:04:06:8B:4F:C9:BC
a=setup:actpass
"""
ODD_LINES = (
    *("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 x", "v=x", "t="),
    *("a=group:BUNDLE 9", "a=setup:active", "a=mid:", "a=ice-lite", "a=sctpmap:5000 webrtc-datachannel x", "a=ssrc:1"),
    *("a=rtpmap:1 x/y", "a=fmtp:1 x", "a=rtcp-fb:1 x", "a=extmap:x y", "a=rtcp:x", "a=fingerprint:sha-256 a b"),
    *(
        "a=candidate:1 1 udp 1 127.0.0.1 5 typ host raddr 1 rport x",
        "a=candidate:1 1 udp 1 192.0.2.1 5 typ host tcptype",
    ),
    *("a=candidate:", "a=max-message-size:" + "9" * 5_000, "a=sctp-port:99999", "", "x" * 1_000),
)
ODD_TEXTS = ("", "0", "-1", "9" * 5_000, "\u0663", ":", " ", "\x00", "\u2028", "\r", "/", "*")


def tampered(choice: random.Random) -> str:
    """The sound description with up to three changes."""
    lines = SOUND.splitlines()
    for _ in range(choice.randint(1, 3)):
        at = choice.randrange(len(lines))
        match choice.randrange(4):
            case 0:
                lines[at] = choice.choice(ODD_LINES)
            case 1:
                lines.insert(at, choice.choice(ODD_LINES))
            case 2:
                begin = choice.randint(0, len(lines[at]))
                end = begin + choice.randint(0, 3)
                lines[at] = lines[at][:begin] + choice.choice(ODD_TEXTS) + lines[at][end:]
            case _:
                lines[at] = ""
    return "\r\n".join(lines) + "\r\n"


async def test_trn_33_what_was_tampered_with_is_read_or_refused(seed: int) -> None:
    choice = random.Random(seed)
    outcomes: set[str] = set()
    for number in range(ROUNDS):
        attempt = _Attempt(MemorySignals(), True, LOOPBACK)
        try:
            await attempt._take(Description("offer", tampered(choice)))
        except PeerError as error:
            outcomes.add(error.code)
        else:
            outcomes.add("read")
        attempt.transport.abandon()
        if number % 50 == 0:
            await soon(quiet())
    await soon(quiet())
    assert {"read", "ProtocolError"} <= outcomes


async def test_trn_33_the_sound_one_is_read() -> None:
    attempt = _Attempt(MemorySignals(), True, LOOPBACK)
    await attempt._take(Description("offer", SOUND.replace("\n", "\r\n")))
    attempt.transport.abandon()
    await soon(quiet())
