"""The messages between a peer and a signalling server: spec/signaling.md (SIG-n).

They have a registry of their own, so that neither a room nor its participants take any of them, and a signalling server
takes nothing else. They are in no protocol hash: SIGNAL_PROTOCOL_VERSION says which they are.
"""

from typing import Annotated

from msgspec import Meta

from theta.base import limits
from theta.wire.message import Message, Part
from theta.wire.messages import Ping, Pong
from theta.wire.types import U32, Digest32, Id16, PublicKey, Signature

SIGNAL_PROTOCOL_VERSION = 1

DescriptionText = Annotated[str, Meta(min_length=1, max_length=limits.SIGNAL_DESCRIPTION_CHARACTERS_MAX)]
CandidateText = Annotated[str, Meta(max_length=limits.SIGNAL_CANDIDATE_CHARACTERS_MAX)]
MediaId = Annotated[str, Meta(max_length=32)]
ReasonText = Annotated[str, Meta(max_length=limits.SIGNAL_REASON_CHARACTERS_MAX)]
CodeText = Annotated[str, Meta(max_length=64)]
IceText = Annotated[str, Meta(max_length=limits.ICE_URL_CHARACTERS_MAX)]
Guests = Annotated[list[U32], Meta(max_length=limits.SIGNAL_PEERS_PER_ROOM_MAX)]


class IceServer(Part, frozen=True):
    """A STUN or TURN server as RTCPeerConnection takes it; both texts are empty for STUN."""

    urls: Annotated[list[IceText], Meta(min_length=1, max_length=limits.ICE_URLS_MAX)]
    username: IceText
    credential: IceText


IceServers = Annotated[list[IceServer], Meta(max_length=limits.ICE_SERVERS_MAX)]


class SignalGreeting(Message, frozen=True):
    """The server's first message; a host signs the nonce (SIG-2)."""

    protocol_version: U32
    nonce: Digest32


class SignalJoin(Message, frozen=True):
    """A guest's first message: the room that it wants, by the id in its invite."""

    protocol_version: U32
    room: Id16


class SignalHost(Message, frozen=True):
    """A host's first message: the room's key, and its signature over the server's nonce."""

    protocol_version: U32
    room_key: PublicKey
    signature: Signature


class SignalWelcome(Message, frozen=True):
    """The peer's own number, and who is there: to a guest its host (0: not yet), to a host its guests.

    `ice_servers` serve for `ice_seconds` (0: for ever); with `relay_only` only candidates of a TURN server are to be
    used.
    """

    peer: U32
    host: U32
    guests: Guests
    ice_servers: IceServers
    ice_seconds: U32
    relay_only: bool


class SignalIceServers(Message, frozen=True):
    """The servers anew, before the credentials of the last ones end."""

    ice_servers: IceServers
    ice_seconds: U32


class SignalPeerJoined(Message, frozen=True):
    """To a guest: its host is there. To a host: a guest."""

    peer: U32


class SignalPeerLeft(Message, frozen=True):
    """To a guest: its host has left the server. To a host: a guest. What stands between them goes on."""

    peer: U32


class SignalOffer(Message, frozen=True):
    """A session description; `peer` is who it goes to, and on its way from the server who it comes from.

    `attempt` names the peer connection that it is about: even when the polite side offers, odd else (SIG-10).
    """

    peer: U32
    attempt: U32
    sdp: DescriptionText


class SignalAnswer(Message, frozen=True):
    """The answer to the offer of `attempt`; fields as in SignalOffer."""

    peer: U32
    attempt: U32
    sdp: DescriptionText


class SignalCandidate(Message, frozen=True):
    """A way to reach the sender, found after its description was sent; an empty `candidate` says there are no more."""

    peer: U32
    attempt: U32
    candidate: CandidateText
    mid: MediaId


class SignalAbandon(Message, frozen=True):
    """The sender gave the attempt up; nobody needs to wait for it any longer."""

    peer: U32
    attempt: U32
    reason: ReasonText


class SignalRefused(Message, frozen=True):
    """To a sender: its message about `attempt` for `peer` was not passed on; nothing of it is kept."""

    peer: U32
    attempt: U32
    code: CodeText
    reason: ReasonText


SignalRelayed = SignalOffer | SignalAnswer | SignalCandidate | SignalAbandon
"""What the server passes on between a guest and its host."""

SIGNAL_RELAYED = (SignalOffer, SignalAnswer, SignalCandidate, SignalAbandon)
SIGNAL_FROM_PEER = (SignalJoin, SignalHost, *SIGNAL_RELAYED, Ping, Pong)
SIGNAL_FROM_SERVER = (
    SignalGreeting,
    SignalWelcome,
    SignalIceServers,
    SignalPeerJoined,
    SignalPeerLeft,
    *SIGNAL_RELAYED,
    SignalRefused,
    Ping,
    Pong,
)
