"""Why a packet is not admitted: one class for each reason, all or nothing, in the order of spec/commands.md (CMD-10).

Refused
├── retryable: the same bytes may be sent again later
│   ├── RateLimited, Blocked, ReadOnly
├── final, the connection stays: NotAllowed, FutureTimestamp, SeenPastHead, SeenBehind, UnknownBranch, LamportBehind,
│   Stale, ClockJump, ClockExhausted, Replay, DocumentFull, UnknownAsset, TooExpensive
├── final, and the author may not speak any more, so the connection is closed with the code: Revoked 4405, Kicked 4407
└── final, and an honest participant never sends it, so the connection is closed with the code:
    PacketTooLarge 4413, BadSignature 4402, WrongChain 4414, Equivocation 4415, UnknownCommand 4422, BadPayload 4423
"""

from theta.base.errors import PeerError


class Refused(PeerError):
    """A packet was not admitted; nothing of it was."""

    close_code = 0
    retryable = False

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class PacketTooLarge(Refused):
    """Over PACKET_BYTES_MAX bytes or PACKET_COMMANDS_MAX commands."""

    close_code = 4413


class RateLimited(Refused):
    """More commands than the author's token bucket holds; retry after the time given."""

    retryable = True


class Blocked(Refused):
    """An earlier packet of the session has to be sent again first."""

    retryable = True


class ReadOnly(Refused):
    """The room cannot write; it says why."""

    retryable = True


class Replay(Refused):
    """A nonce at or below one that was used, with other content or too old to tell."""


class BadSignature(Refused):
    """The signature does not fit these bytes in this server, room, branch and session."""

    close_code = 4402


class SeenPastHead(Refused):
    """The packet claims to have seen records that do not exist."""


class SeenBehind(Refused):
    """The packet claims that its author has seen less than an earlier packet of the same author said."""


class WrongChain(Refused):
    """The packet's chain hash is not this log's at the record it has seen."""

    close_code = 4414


class Equivocation(Refused):
    """The same command name with other content."""

    close_code = 4415


class UnknownBranch(Refused):
    """The packet is for a branch that this log does not have."""


class Revoked(Refused):
    """The author's key was revoked."""

    close_code = 4405


class Kicked(Refused):
    """The session was ended by an admin; a new one may be opened."""

    close_code = 4407


class NotAllowed(Refused):
    """The author's role does not allow this command."""


class UnknownCommand(Refused):
    """A type or version that this room does not know."""

    close_code = 4422


class BadPayload(Refused):
    """A body or payload that its type does not allow; names the field and the limit."""

    close_code = 4423


class FutureTimestamp(Refused):
    """More than TIMESTAMP_AHEAD_SECONDS_MAX ahead of the room's clock."""


class LamportBehind(Refused):
    """A Lamport time not above everything at or below `seen`, or a number or time not above the actor's last."""


class Stale(Refused):
    """At or below the frontier, or made without having seen it; its author signs the same commands anew."""


class ClockJump(Refused):
    """More than LAMPORT_JUMP_MAX past the highest Lamport time admitted."""


class ClockExhausted(Refused):
    """No Lamport time is left above the highest admitted: the log takes no more commands."""


class DocumentFull(Refused):
    """The log would create more than OBJECTS_CREATED_MAX objects; deleted ones count, since undo may revive them."""


class UnknownAsset(Refused):
    """A command names an asset that is not stored here."""


class TooExpensive(Refused):
    """The packet costs more tokens than a full bucket holds, or merges more than MERGE_COMMANDS_MAX commands."""
