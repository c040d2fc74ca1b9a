"""Invites: a role, a MAC by the room and the room's id, for a link's fragment (SES-7); and codes to type (SES-12).

No list of either is kept.
"""

import base64
import binascii
import hmac

from theta.base.errors import NotInvited
from theta.base.limits import IDENTIFIER_BYTES, INVITE_CHARACTERS_MAX
from theta.commands.roles import ROLES
from theta.session.secret import RoomSecret
from theta.wire.types import RoleName

INVITE_VERSION = 2
INVITE_BYTES = 2 + 16 + IDENTIFIER_BYTES
CODE_CHARACTERS = 8
CODE_ROLE: RoleName = "editor"
_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LOOKALIKES = str.maketrans("OIL", "011", "- ")


def make_invite(secret: RoomSecret, role: RoleName) -> str:
    """A token of 46 characters, URL-safe, that admits its holder with `role` and says to which room."""
    content = bytes((INVITE_VERSION, ROLES.index(role)))
    raw = content + secret.token("theta-invite", content) + secret.room
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def role_of_invite(secret: RoomSecret, token: str) -> RoleName:
    """The role that a token admits with.

    Raises:
        NotInvited: empty, garbled, of an older version, or of another room.
    """
    if not token:
        raise NotInvited("this room needs an invite: open the whole link that `theta serve` printed")
    raw = _read(token)
    if raw is None:
        raise NotInvited("the invite is garbled, or of another version of Theta: copy the whole link again")
    content, mac, room = raw[:2], raw[2:18], raw[18:]
    genuine = hmac.compare_digest(mac, secret.token("theta-invite", content)) and room == secret.room
    if not genuine or content[1] >= len(ROLES):
        raise NotInvited("the invite is not of this room, or no longer valid")
    return ROLES[content[1]]


def room_of_invite(token: str) -> bytes | None:
    """The 16-byte id of the room that an invite is for; None when `token` is no invite of this version."""
    raw = _read(token)
    return None if raw is None else raw[18:]


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
    return raw if canonical and len(raw) == INVITE_BYTES and raw[0] == INVITE_VERSION else None
