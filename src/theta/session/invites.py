"""Invites: a role, until when, a MAC by the room and the room's id, for a link's fragment (SES-7); and codes (SES-12).

No list of either is kept.
"""

import base64
import binascii
import hmac
from typing import NamedTuple

from theta.base.errors import NotInvited
from theta.base.limits import IDENTIFIER_BYTES, INVITE_CHARACTERS_MAX
from theta.commands.roles import ROLES
from theta.session.secret import RoomSecret
from theta.wire.types import RoleName

LASTING_VERSION = 2
ENDING_VERSION = 3
_CONTENT_BYTES = {LASTING_VERSION: 2, ENDING_VERSION: 10}
_MAC_BYTES = 16
CODE_CHARACTERS = 8
CODE_ROLE: RoleName = "editor"
_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LOOKALIKES = str.maketrans("OIL", "011", "- ")


class Invite(NamedTuple):
    """What a token says: the role it admits with, until when (ms since 1970; 0 for ever), and into which room."""

    role: RoleName
    expires_ms: int
    room: bytes


def make_invite(secret: RoomSecret, role: RoleName, expires_ms: int = 0) -> str:
    """A token, URL-safe, that admits its holder with `role` and says to which room.

    Args:
        secret: the room's.
        role: what its holder may do.
        expires_ms: when it ends, ms since 1970; 0 for one that lasts as long as the room (46 characters, else 56).
    """
    content = bytes((ENDING_VERSION if expires_ms else LASTING_VERSION, ROLES.index(role)))
    if expires_ms:
        content += expires_ms.to_bytes(8, "little")
    raw = content + secret.token("theta-invite", content) + secret.room
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def read_invite(token: str) -> Invite | None:
    """What a token says, whoever made it; None when it is no invite."""
    raw = _read(token)
    if raw is None or raw[1] >= len(ROLES):
        return None
    content = raw[: _CONTENT_BYTES[raw[0]]]
    return Invite(ROLES[content[1]], int.from_bytes(content[2:], "little"), raw[-IDENTIFIER_BYTES:])


def role_of_invite(secret: RoomSecret, token: str, now_ms: int | None = None) -> RoleName:
    """The role that a token admits with.

    Args:
        secret: the room's.
        token: as it was shown.
        now_ms: the room's clock, ms since 1970; without it, an invite that ends is over.

    Raises:
        NotInvited: empty, garbled, of an older version, of another room, or over.
    """
    if not token:
        raise NotInvited("this room needs an invite: open the whole link that `theta serve` printed")
    raw, invite = _read(token), read_invite(token)
    if raw is None or invite is None:
        raise NotInvited("the invite is garbled, or of another version of Theta: copy the whole link again")
    size = _CONTENT_BYTES[raw[0]]
    genuine = hmac.compare_digest(raw[size : size + _MAC_BYTES], secret.token("theta-invite", raw[:size]))
    if not genuine or invite.room != secret.room:
        raise NotInvited("the invite is not of this room, or no longer valid")
    if invite.expires_ms and (now_ms is None or now_ms >= invite.expires_ms):
        raise NotInvited("the invite is over: ask for a new link")
    return invite.role


def room_of_invite(token: str) -> bytes | None:
    """The 16-byte id of the room that an invite is for; None when `token` is no invite."""
    raw = _read(token)
    return None if raw is None else raw[-IDENTIFIER_BYTES:]


def make_code(secret: RoomSecret) -> str:
    """The room's code, 8 characters of Crockford's base32, for an editor who has to type: see `code_in_groups`."""
    mac = secret.token("theta-code", bytes((ROLES.index(CODE_ROLE),)))
    number = int.from_bytes(mac[:5], "big")
    return "".join(_CODE_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))


def code_in_groups(code: str) -> str:
    """A code as it is shown: `K7QM-2RWD`."""
    return f"{code[:4]}-{code[4:]}"


def read_code(text: str) -> str | None:
    """A code as somebody typed it, in its one form; None when it is none.

    Case, hyphens and spaces don't matter, and O, I and L count as the digits that they look like.
    """
    code = text.strip().upper().translate(_CODE_LOOKALIKES)
    return code if len(code) == CODE_CHARACTERS and all(each in _CODE_ALPHABET for each in code) else None


def is_code_of(secret: RoomSecret, text: str) -> bool:
    """Whether somebody typed this room's code."""
    code = read_code(text)
    return code is not None and hmac.compare_digest(code, make_code(secret))


def _read(token: str) -> bytes | None:
    """The bytes of a token in its one written form, or None."""
    if len(token) > INVITE_CHARACTERS_MAX:
        return None
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
    except (UnicodeEncodeError, binascii.Error):
        return None
    canonical = base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=") == token
    content_bytes = _CONTENT_BYTES.get(raw[0]) if raw else None
    whole = content_bytes is not None and len(raw) == content_bytes + _MAC_BYTES + IDENTIFIER_BYTES
    return raw if canonical and whole else None
