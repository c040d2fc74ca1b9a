"""Where a room is and how to get in: a link as people pass it on, or just the address of a room of one's own."""

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from theta.adapters.files import find_running_room, identity_path, read_or_make_secret
from theta.base.errors import InvalidValue
from theta.commands.identity import Identity
from theta.session.invites import read_code, room_of_invite

LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
DEFAULT_PORT = 8080

Who = str | os.PathLike[str] | Identity | None
"""Whose key to take part with: see `load_identity`."""


class RoomAddress(NamedTuple):
    """Where a room is, and what it must be.

    Attributes:
        websocket_url: for example `ws://localhost:8080/ws`.
        invite: to be shown there; "" for none.
        room_key: the key that the room must have; None for any.
        room: the id of the room that the invite is for; None where it names none.
        host: the name or address alone.
        port: the port of everything, TCP and UDP.
        code: typed instead of an invite, to be exchanged for one (see `redeem`); "" for none.
    """

    websocket_url: str
    invite: str
    room_key: bytes | None
    room: bytes | None
    host: str
    port: int
    code: str = ""

    @property
    def is_known_by_key(self) -> bool:
        """Whether the room has to prove a key that is known beforehand, so that its certificate says nothing more."""
        return self.room_key is not None or self.room is not None


def room_address(link: str, invite: str | None = None) -> RoomAddress:
    """Read a link such as `http://localhost:8080/#invite=…`, or one with a code, `https://192.168.1.5:8080/#K7QM-2RWD`.

    Without an invite, a room that this user serves on this machine is found by the note that `theta serve` left.

    Raises:
        InvalidValue: not a link to a room, or an invite that was cut off or is of another version.
    """
    try:
        parts = urlsplit(link if "://" in link else f"http://{link}")
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise InvalidValue("url", link, "a link such as http://localhost:8080") from error
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname or not _is_hostname(parts.hostname):
        raise InvalidValue("url", link, "a link such as http://localhost:8080")
    secure = parts.scheme in ("https", "wss")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    websocket_url = f"{'wss' if secure else 'ws'}://{host}:{port}/ws"
    token = invite or parse_qs(parts.fragment).get("invite", [""])[0]
    if token and room_of_invite(token) is None:
        raise InvalidValue("invite", token, "the whole of one, as `theta serve` printed it: copy the link again")
    code = "" if token else read_code(parts.fragment) or ""
    if not token and not code and parts.hostname in LOCAL_NAMES:
        running = find_running_room(port)
        if running is not None:
            key = bytes.fromhex(running.room_key)
            return RoomAddress(websocket_url, running.invite, key, room_of_invite(running.invite), parts.hostname, port)
    return RoomAddress(websocket_url, token, None, room_of_invite(token), parts.hostname, port, code)


def _is_hostname(name: str) -> bool:
    """Whether a name or address could be looked up at all."""
    try:
        return name.isprintable() and (":" in name or bool(name.encode("idna")))
    except UnicodeError:
        return False


def load_identity(label: Who) -> Identity:
    """The key pair to take part with, made on first use.

    Args:
        label: None for this user's own; a word for another kept under that name; a path for a key file anywhere; a
            key pair is itself.

    Raises:
        SecretExposed: others can read the file.
        SecretUnusable: it holds no key, or cannot be written.
        InvalidValue: a word with characters that no file name should have.
    """
    if isinstance(label, Identity):
        return label
    if label is None:
        return Identity.from_seed(read_or_make_secret(identity_path()))
    if isinstance(label, os.PathLike) or os.sep in label:
        return Identity.from_seed(read_or_make_secret(Path(label)))
    if not label.replace("-", "").replace("_", "").isalnum():
        raise InvalidValue("identity", label, "letters, digits, - and _, or a path")
    return Identity.from_seed(read_or_make_secret(identity_path().with_name(f"identity-{label}.key")))
