"""What a participant can do beyond the handshake; a session has those that both sides know (SES-5)."""

from collections.abc import Iterable

from theta.base.errors import ProtocolMismatch

FOLD = "fold"
PATCHES = "patches"
PRESENCE = "presence"
CHAT = "chat"
SNAPSHOT = "snapshot"
ZSTD = "zstd"
STATE = "state"
CAPABILITIES = (FOLD, PATCHES, PRESENCE, CHAT, SNAPSHOT, ZSTD, STATE)


def intersect(offered: Iterable[str], dictionaries: Iterable[str] = ()) -> list[str]:
    """The capabilities of a session, in the order of CAPABILITIES, and then the dictionaries that both sides have.

    Args:
        offered: what the participant can do.
        dictionaries: the capabilities of the room's own dictionaries (theta.wire.dictionaries).

    Raises:
        ProtocolMismatch: neither or both of "fold" and "patches", so that nobody knows how to send the document.
    """
    wanted = set(offered)
    common = [capability for capability in CAPABILITIES if capability in wanted]
    if ZSTD in common:
        common += [dictionary for dictionary in dictionaries if dictionary in wanted]
    if (FOLD in common) == (PATCHES in common):
        raise ProtocolMismatch('a participant offers either "fold" or "patches"')
    return common
