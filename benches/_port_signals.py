"""Signalling for WebRTC between two processes of a bench, over a WebSocket of its own."""

from typing import Any

from theta.adapters.webrtc_signals import Candidate, Description, Signal

_KINDS: dict[str, Any] = {"Description": Description, "Candidate": Candidate}


class SocketSignals:
    """One end of one attempt; see SignalPort.

    Args:
        socket: aiohttp's, the server's or the client's.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def send(self, signal: Signal) -> None:
        """Hand a signal on."""
        await self._socket.send_json([type(signal).__name__, *signal])

    async def receive(self) -> Signal:
        """The next signal of the other end."""
        kind, *values = await self._socket.receive_json()
        found: Signal = _KINDS[kind](*values)
        return found
