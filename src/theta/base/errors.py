"""The error tree: whose fault it is, and how the other side hears of it.

    ThetaError
    ├── PeerError            the other side of a connection is at fault; `close_code` where it closes
    │   ├── ProtocolError        4400  bytes that are no message of this protocol
    │   ├── FrameTooLarge        4413  a frame over its limit
    │   ├── ProtocolMismatch     4426  another protocol version or manifest
    │   ├── HandshakeTimeout     4408  no proof within the deadline
    │   ├── BadNonce             4400  an empty, short or repeated handshake nonce
    │   ├── BadProof             4401  the key was not proved
    │   ├── WrongRoom            4421  another room answers than the one that was asked for
    │   ├── NotInvited           4403  no invite, or one that this room did not make
    │   ├── RoomFull             4409  no place left
    │   ├── SessionReplaced      4410  the session went on over a newer connection
    │   ├── PeerTimeout          4504  three heartbeats missed
    │   ├── PeerTooSlow          4429  its send queue is over the limit
    │   ├── PeerTooFast          4429  it sends more than it may
    │   ├── SignalingFailed      4502  the signalling server, or who is behind it, does not answer
    │   ├── IceFailed            4503  no way through to the other side
    │   ├── IceGatheringTimeout  4505  no address of our own in time: a STUN or TURN server is silent
    │   └── Refused              (stays open) a packet was not admitted; see theta.commands.refusals
    ├── UsageError           the caller of the API is at fault
    │   ├── InvalidValue         a field is out of its limits
    │   ├── UnknownElement       an id that names nothing here
    │   ├── NothingToUndo        the author's stack is empty
    │   ├── UndoConflict         others built on what would be undone
    │   ├── BeyondHistory        it needs records that `theta compact` dropped
    │   └── NotConnected         the session has ended
    └── StoreError           the file or its disk
        ├── StoreLocked          another process has the room open
        ├── StoreTooNew          written by a newer Theta
        ├── StoreCorrupt         a record that does not fit the chain; names its seq
        ├── StoreUnavailable     cannot be opened, created or written
        │   └── StoreFull            no room for a checkpoint; the log goes on
        └── NotARoom             some other kind of file

Plain assertions are for our own bugs.
"""

from collections.abc import Sequence


class ThetaError(Exception):
    """Base of every error that Theta raises on purpose."""

    @property
    def code(self) -> str:
        """The error's stable name, as sent on the wire."""
        return type(self).__name__


class PeerError(ThetaError):
    """The other side of a connection broke a rule; `close_code` is sent when the connection is closed for it."""

    close_code: int = 4400


class ProtocolError(PeerError):
    """Bytes that are no message of this protocol, or a message out of place."""


class FrameTooLarge(PeerError):
    """A frame over its limit."""

    close_code = 4413


class ProtocolMismatch(PeerError):
    """The peer speaks another protocol version, or its manifest hash differs."""

    close_code = 4426


class HandshakeTimeout(PeerError):
    """The handshake was not finished within its deadline."""

    close_code = 4408


class BadNonce(PeerError):
    """A handshake nonce that is empty, too short, too long or repeated."""


class BadProof(PeerError):
    """Possession of the key was not proved."""

    close_code = 4401


class WrongRoom(PeerError):
    """Another room answers than the one that the invite is for; it was not shown the invite."""

    close_code = 4421


class NotInvited(PeerError):
    """No invite came along, or one that this room did not make."""

    close_code = 4403


class RoomFull(PeerError):
    """The room has no place left."""

    close_code = 4409


class SessionReplaced(PeerError):
    """The session was resumed over a newer connection."""

    close_code = 4410


class PeerTimeout(PeerError):
    """The peer missed its heartbeats."""

    close_code = 4504


class PeerTooSlow(PeerError):
    """The peer reads slower than the room may buffer for it."""

    close_code = 4429


class PeerTooFast(PeerError):
    """The peer sends more messages than it may."""

    close_code = 4429


class SignalingFailed(PeerError):
    """The signalling server cannot be reached, turns us away, or whoever is to answer through it does not.

    Args:
        reason: what happened, in words.
        code: the close code that it was, where there was one; SignalingFailed.close_code else.
    """

    close_code = 4502

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.close_code = SignalingFailed.close_code if code is None else code


class IceFailed(PeerError):
    """No way through to the other side was found (ICE), or what was found did not carry a connection (DTLS, SCTP)."""

    close_code = 4503


class IceGatheringTimeout(PeerError):
    """No address under which the other side could reach us was found in time: a STUN or TURN server is silent."""

    close_code = 4505


class UsageError(ThetaError):
    """The caller asked for something that cannot be; nothing was changed."""


class InvalidValue(UsageError):
    """A field is out of its limits.

    Args:
        field: the field's name.
        value: what was given.
        limit: what is allowed, in words.
    """

    def __init__(self, field: str, value: object, limit: str) -> None:
        super().__init__(f"{field} is {_brief(value)}, but must be {limit}")
        self.field = field
        self.limit = limit


class UnknownElement(UsageError):
    """An id that names nothing here (any more)."""

    def __init__(self, kind: str, identifier: bytes) -> None:
        super().__init__(f"there is no {kind} {identifier.hex()} here")
        self.kind = kind
        self.identifier = identifier


class NothingToUndo(UsageError):
    """The author has no effective gesture left to undo, or none to redo."""


class UndoConflict(UsageError):
    """Others built on what would be undone; `dependants` are their names and what they did."""

    def __init__(self, dependants: Sequence[str]) -> None:
        super().__init__("others built on it: " + ", ".join(dependants))
        self.dependants = tuple(dependants)


class BeyondHistory(UsageError):
    """It needs records that were dropped when the log was compacted."""


class NotConnected(UsageError):
    """The session has ended, or was never there."""


class StoreError(ThetaError):
    """The room file or its disk is at fault."""


class StoreLocked(StoreError):
    """Another process has the room open."""


class StoreTooNew(StoreError):
    """The file was written by a newer Theta."""


class StoreUnavailable(StoreError):
    """The file cannot be opened, created or written."""


class StoreFull(StoreUnavailable):
    """The disk has no room for a piece of a checkpoint: nothing of it was kept, and the file can still be written."""


class NotARoom(StoreError):
    """The file is something else than a room."""


class StoreCorrupt(StoreError):
    """A record does not fit the chain.

    Args:
        seq: the first bad record's number.
        reason: what is wrong with it.
    """

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq}: {reason}")
        self.seq = seq
        self.reason = reason


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
