"""Two sides that do not speak the same protocol: who is older, and what to install (SES-16).

What is said goes into a close frame, so that it has to be short.
"""

import re
from typing import NamedTuple

from theta.base.errors import ProtocolMismatch
from theta.base.limits import SOFTWARE_CHARACTERS_MAX

PACKAGE = "theta-engine"
_NUMBERS = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,3}")


class Protocol(NamedTuple):
    """What one side speaks: the protocol's version, its manifest's hash, and the version of its Theta."""

    version: int
    hash: bytes
    software: str


def check_protocol(version: int, protocol_hash: bytes, software: str, ours: Protocol) -> None:
    """Refuse a participant that speaks another protocol than the room.

    Args:
        version: the participant's protocol.
        protocol_hash: of its manifest, 16 bytes.
        software: the version of its Theta; "" when it cannot be read.
        ours: the room's.

    Raises:
        ProtocolMismatch: says which side is older, and what to install there.
    """
    if (version, protocol_hash) == (ours.version, ours.hash):
        return
    theirs = software if _numbers(software) is not None else ""
    order = _order(version, theirs, ours)
    if order < 0:
        what = f"your Theta {theirs}".rstrip() + " is older than the room's"
        raise ProtocolMismatch(f"{what}: install {PACKAGE} {ours.software}, or reload the page")
    if order > 0:
        what = f"the room's Theta {ours.software} is older than yours {theirs}".rstrip()
        raise ProtocolMismatch(f"{what}: upgrade {PACKAGE} where the room runs")
    raise ProtocolMismatch(f"two builds of Theta {ours.software} differ: install the room's here, or reload the page")


def _order(version: int, software: str, ours: Protocol) -> int:
    """Below 0 when the participant is older, above when the room is, 0 when nobody can tell."""
    if version != ours.version:
        return version - ours.version
    theirs, own = _numbers(software), _numbers(ours.software)
    if theirs is None or own is None:
        # Whoever cannot say its version is from before versions were said.
        return -1 if theirs is None else 0
    return (theirs > own) - (theirs < own)


def _numbers(software: str) -> tuple[int, ...] | None:
    """A release's numbers; None for what is no release."""
    if len(software) > SOFTWARE_CHARACTERS_MAX or not _NUMBERS.fullmatch(software):
        return None
    return tuple(int(number) for number in software.split("."))
