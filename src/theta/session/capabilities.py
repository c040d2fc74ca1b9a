"""What a participant can do beyond the handshake; a session has those that both sides know (SES-5)."""

from collections.abc import Iterable

from theta.base.errors import ProtocolMismatch

FOLD = "fold"
PATCHES = "patches"
PRESENCE = "presence"
CHAT = "chat"
SNAPSHOT = "snapshot"
CAPABILITIES = (FOLD, PATCHES, PRESENCE, CHAT, SNAPSHOT)


def intersect(offered: Iterable[str]) -> list[str]:
    """The capabilities of a session, in the order of CAPABILITIES.

    Raises:
        ProtocolMismatch: neither or both of "fold" and "patches", so that nobody knows how to send the document.
    """
    wanted = set(offered)
    common = [capability for capability in CAPABILITIES if capability in wanted]
    if (FOLD in common) == (PATCHES in common):
        raise ProtocolMismatch('a participant offers either "fold" or "patches"')
    return common
