"""spec/vectors/signaling.json: every message of signalling, a host's proof, a TURN credential, numbers of attempts."""

from typing import Any

from theta.base.identifiers import signed_name_id
from theta.base.moment import Moment
from theta.signaling.candidates import candidate_count
from theta.signaling.ice import turn_credential
from theta.signaling.negotiation import Negotiation, is_polite
from theta.signaling.proof import host_digest, prove_host, room_of_key
from theta.wire import codec
from theta.wire import messages as wire
from theta.wire import signal_messages as signal
from tools.vector_people import SECRET, UNIX_MS, plain, run_of

_ICE = [
    signal.IceServer(["stun:turn.example.org:3478"], "", ""),
    signal.IceServer(["turns:turn.example.org:443?transport=tcp"], "1700003600:7", "c2VjcmV0"),
]
_NONCE = run_of(1, 32)
_DESCRIPTIONS = (
    "v=0\r\n",
    "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n",
    "a=CANDIDATE:1\n a=candidate:2\x0ba=candidate:3",
)


def signal_messages() -> list[wire.Message]:
    """One of each."""
    found: list[wire.Message] = [
        signal.SignalJoin(1, run_of(2, 16)),
        prove_host(SECRET.identity, _NONCE),
        signal.SignalGreeting(1, _NONCE),
        signal.SignalWelcome(7, 0, [1, 2**32 - 1], _ICE, 3_600, True),
        signal.SignalIceServers([], 0),
        signal.SignalPeerJoined(1),
        signal.SignalPeerLeft(2**32 - 1),
        signal.SignalOffer(7, 2, "v=0\r\n"),
        signal.SignalAnswer(7, 2, "v=0\r\n"),
        signal.SignalCandidate(7, 3, "candidate:1 1 udp 1 192.0.2.1 9 typ host", "0"),
        signal.SignalAbandon(7, 3, "overtaken"),
        signal.SignalRefused(7, 3, "TooManyCandidates", "65 candidates"),
        wire.Ping(7, 1.5),
        wire.Pong(7, 1.5, float(UNIX_MS)),
    ]
    assert {type(each) for each in found} == {*signal.SIGNAL_FROM_PEER, *signal.SIGNAL_FROM_SERVER}
    return found


def signal_vectors() -> dict[str, Any]:
    """The file's content."""
    key = SECRET.identity.public_key
    credential = turn_credential("north", 42, 1_433_895_918)
    return {
        "messages": [_message(each) for each in signal_messages()],
        "host": {
            "room_key": key.hex(),
            "room": room_of_key(key).hex(),
            "nonce": _NONCE.hex(),
            "digest": host_digest(_NONCE, key).hex(),
            "signature": prove_host(SECRET.identity, _NONCE).signature.hex(),
        },
        "credential": {"secret": "north", "peer": 42, "expires_unix": 1_433_895_918, **credential._asdict()},
        "candidates": [{"sdp": sdp, "count": candidate_count(sdp)} for sdp in _DESCRIPTIONS],
        "polite": [
            {"own": own, "other": other, "host": host, "polite": is_polite(own, other, host=host)}
            for own, other, host in ((5, 2, 2), (2, 5, 2), (5, 7, 7), (9, 4, 1), (4, 9, 1))
        ],
        "attempts": [
            {"polite": polite, "known": known, "next": _next(polite, known)}
            for polite in (True, False)
            for known in (0, 2, 3, 7, 8)
        ],
    }


def _message(message: wire.Message) -> dict[str, Any]:
    name = type(message).__name__
    return {
        "name": name,
        "tag": str(signed_name_id(wire.canonical_name(name))),
        "fields": plain(message),
        "frame": codec.encode(message).hex(),
    }


def _next(polite: bool, known: int) -> int:
    """The number that a side starts with when `known` is the highest that it has seen."""
    negotiation = Negotiation(1, polite=polite)
    negotiation.attempt = known
    return negotiation.start(Moment(0.0, 0))
