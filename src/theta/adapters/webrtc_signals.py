"""What two ends of a WebRTC connection say to each other through signalling, and what of it is believed.

A session description comes from somebody who is not known yet, and it makes its receiver send packets to addresses. So
it is checked and trimmed before aiortc sees it (TRN-33, TRN-34).
"""

import ipaddress
from typing import Literal, NamedTuple, Protocol

from theta.base.errors import ProtocolError
from theta.base.limits import SIGNAL_CANDIDATES_MAX, SIGNAL_DESCRIPTION_CHARACTERS_MAX, WEBRTC_PIECE_BYTES_MIN
from theta.signaling.candidates import candidate_count
from theta.signaling.refusals import TooManyCandidates

_MEDIA = "m=application "
_CARRIER = " UDP/DTLS/SCTP webrtc-datachannel"
_NEEDED = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:sha-256 ", "a=setup:", "a=sctp-port:")
_KEPT = (
    *("v=", "o=", "s=", "t=", "c=", "m=", "a=group:BUNDLE ", "a=mid:", "a=sctp-port:", "a=max-message-size:"),
    *("a=ice-ufrag:", "a=ice-pwd:", "a=ice-options:", "a=fingerprint:", "a=setup:", "a=candidate:"),
)
"""The rest is for media, or for nobody; aiortc's parser would trip over some of it."""
_CANDIDATE = "a=candidate:"
_MESSAGE_SIZE = "a=max-message-size:"


class Description(NamedTuple):
    """An offer or the answer to one (RFC 8829), as text (RFC 8866)."""

    kind: Literal["offer", "answer"]
    sdp: str


class Candidate(NamedTuple):
    """A way to reach the sender that is not in its description; an empty `text` says that there are no more."""

    text: str
    mid: str


Signal = Description | Candidate


class SignalPort(Protocol):
    """One attempt to connect, as its two ends see the signalling between them."""

    async def send(self, signal: Signal) -> None:
        """Hand a signal on to the other end.

        Raises:
            SignalingFailed: it cannot be.
        """
        ...

    async def receive(self) -> Signal:
        """The next signal of the other end.

        Raises:
            SignalingFailed: none will come any more.
        """
        ...


def believed(sdp: str, *, takes_loopback: bool) -> str:
    """What is needed of a description, without the candidates that nothing is sent to.

    That there are no more candidates is left out as well: the other end may still be learnt from its own checks, and
    how long that may take is our deadline's to say.

    Args:
        sdp: as it came.
        takes_loopback: whether addresses of this machine are taken.

    Raises:
        ProtocolError: too long, not about one set of data channels and nothing else, or something that it needs is
            missing.
        TooManyCandidates: more than SIGNAL_CANDIDATES_MAX.
    """
    if len(sdp) > SIGNAL_DESCRIPTION_CHARACTERS_MAX:
        raise ProtocolError(
            f"a session description of {len(sdp)} characters is over the limit of {SIGNAL_DESCRIPTION_CHARACTERS_MAX}"
        )
    if (count := candidate_count(sdp)) > SIGNAL_CANDIDATES_MAX:
        raise TooManyCandidates(
            f"{count} candidates in a session description; at most {SIGNAL_CANDIDATES_MAX} are taken"
        )
    lines = sdp.splitlines()
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not (media[0].startswith(_MEDIA) and media[0].endswith(_CARRIER)):
        raise ProtocolError("a session description has to be about data channels and nothing else")
    for needed in _NEEDED:
        if not any(line.startswith(needed) for line in lines):
            raise ProtocolError(f"a session description without {needed.rstrip(': ')}")
    kept = [line for line in lines if _stays(line, takes_loopback)]
    return "\r\n".join(kept) + "\r\n"


def is_believed(candidate: str, *, takes_loopback: bool) -> bool:
    """Whether something may be sent to a candidate (RFC 8839, 5.1): UDP, an address and no name, for one receiver.

    Browsers hide the addresses of their machine behind names of multicast DNS; such a peer is learnt from its checks.
    """
    words = candidate.removeprefix("a=").removeprefix("candidate:").split()
    if len(words) < 8 or words[1] != "1" or words[2].lower() != "udp" or words[6] != "typ":
        return False
    if words[7] not in ("host", "srflx", "relay") or not (_is_number(words[3], 10) and _is_number(words[5], 5)):
        return False
    try:
        address = ipaddress.ip_address(words[4])
    except ValueError:
        return False
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return False
    return 0 < int(words[5]) < 65_536 and (takes_loopback or not address.is_loopback)


def _stays(line: str, takes_loopback: bool) -> bool:
    if line.startswith(_CANDIDATE):
        return is_believed(line, takes_loopback=takes_loopback)
    if line.startswith(_MESSAGE_SIZE):
        size = line.removeprefix(_MESSAGE_SIZE).strip()
        if not _is_number(size, 20) or 0 < int(size) < WEBRTC_PIECE_BYTES_MIN:
            raise ProtocolError(f"a=max-message-size must be 0 or at least {WEBRTC_PIECE_BYTES_MIN}")
    return line.startswith(_KEPT)


def _is_number(text: str, digits_max: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= digits_max
