"""Invites: a role and a MAC by the room, for a link's fragment (SES-7). No list of them is kept."""

import base64
import binascii
import hmac

from theta.base.errors import NotInvited
from theta.base.limits import INVITE_CHARACTERS_MAX
from theta.commands.roles import ROLES
from theta.session.secret import RoomSecret
from theta.wire.types import RoleName

INVITE_VERSION = 1


def make_invite(secret: RoomSecret, role: RoleName) -> str:
    """A token of 24 characters, URL-safe, that admits its holder with `role`."""
    content = bytes((INVITE_VERSION, ROLES.index(role)))
    return base64.urlsafe_b64encode(content + secret.token("theta-invite", content)).decode("ascii").rstrip("=")


def role_of_invite(secret: RoomSecret, token: str) -> RoleName:
    """The role that a token admits with.

    Raises:
        NotInvited: empty, garbled, or of another room.
    """
    if not token:
        raise NotInvited("this room needs an invite: open the whole link that `theta serve` printed")
    try:
        raw = base64.urlsafe_b64decode(token[:INVITE_CHARACTERS_MAX].encode("ascii") + b"==")
    except (UnicodeEncodeError, binascii.Error) as error:
        raise NotInvited("the invite is garbled: copy the whole link again") from error
    content, mac = raw[:2], raw[2:]
    genuine = len(content) == 2 and hmac.compare_digest(mac, secret.token("theta-invite", content))
    if not genuine or content[0] != INVITE_VERSION or content[1] >= len(ROLES):
        raise NotInvited("the invite is not of this room, or no longer valid")
    return ROLES[content[1]]
