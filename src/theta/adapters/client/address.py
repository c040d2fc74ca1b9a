"""Where a room is and how to get in: a link as people pass it on, or just the address of a room of one's own."""

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from theta.adapters.files import find_running_room, identity_path, read_or_make_secret
from theta.base.errors import InvalidValue
from theta.commands.identity import Identity

_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
DEFAULT_PORT = 8080


class RoomAddress(NamedTuple):
    """A room's WebSocket, the invite to show there, and the key that the room must have (None: any)."""

    websocket_url: str
    invite: str
    room_key: bytes | None


def room_address(link: str, invite: str | None = None) -> RoomAddress:
    """Read a link such as `http://localhost:8080/#invite=…`.

    Without an invite, a room that this user serves on this machine is found by the note that `theta serve` left.

    Raises:
        InvalidValue: not a link to a room.
    """
    try:
        parts = urlsplit(link if "://" in link else f"http://{link}")
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise InvalidValue("url", link, "a link such as http://localhost:8080") from error
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
        raise InvalidValue("url", link, "a link such as http://localhost:8080")
    secure = parts.scheme in ("https", "wss")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    websocket_url = f"{'wss' if secure else 'ws'}://{host}:{port}/ws"
    token = invite or parse_qs(parts.fragment).get("invite", [""])[0]
    if not token and parts.hostname in _LOCAL:
        running = find_running_room(port)
        if running is not None:
            return RoomAddress(websocket_url, running.invite, bytes.fromhex(running.room_key))
    return RoomAddress(websocket_url, token, None)


def load_identity(label: str | os.PathLike[str] | None) -> Identity:
    """The key pair to take part with, made on first use.

    Args:
        label: None for this user's own; a word for another kept under that name; a path for a key file anywhere.

    Raises:
        SecretExposed: others can read the file.
        SecretUnusable: it holds no key, or cannot be written.
        InvalidValue: a word with characters that no file name should have.
    """
    if label is None:
        return Identity.from_seed(read_or_make_secret(identity_path()))
    if isinstance(label, os.PathLike) or os.sep in label:
        return Identity.from_seed(read_or_make_secret(Path(label)))
    if not label.replace("-", "").replace("_", "").isalnum():
        raise InvalidValue("identity", label, "letters, digits, - and _, or a path")
    return Identity.from_seed(read_or_make_secret(identity_path().with_name(f"identity-{label}.key")))
