"""`theta.connect`: the way into a room."""

import os

from theta.adapters.client.address import room_address
from theta.adapters.client.opening import Opener, TransportChoice
from theta.adapters.client.room_client import RoomClient


def connect(
    url: str = "http://localhost:8080",
    *,
    name: str = "python",
    invite: str | None = None,
    identity: str | os.PathLike[str] | None = None,
    transport: TransportChoice = "auto",
    signaling: str | None = None,
    heartbeat_seconds: float | None = None,
) -> RoomClient:
    """A room, to be entered with `async with`.

    Args:
        url: the room's link; the invite in it (`#invite=…`), or the code (`#K7QM-2RWD`), is used. A room that you serve
            yourself on this machine needs none.
        name: what others see, 1 to 64 characters.
        invite: the token alone, instead of one in the link.
        identity: whose key to use: None for your own, a word for another kept under that name (so that a bot has an
            undo stack of its own), or a path.
        transport: "auto" takes QUIC, or WebSocket where QUIC does not get through, or WebRTC where there is a
            `signaling`; each can be asked for by name: "quic", "websocket", "webrtc" and "webtransport".
        signaling: link of a signalling server (`theta signal`) where the room's host can be met, when the room itself
            cannot be reached.
        heartbeat_seconds: how often both sides make sure that the other is there, 0.25 to 4; who is silent for three
            times that is gone. None leaves it to the room.

    Raises:
        InvalidValue: not a link, no such transport, or no such interval.
        SecretExposed: others can read the key file.
    """
    opener = Opener(room_address(url, invite), transport, signaling)
    return RoomClient(url, name, invite, identity, opener=opener, heartbeat_seconds=heartbeat_seconds)
