"""The list of STUN and TURN servers in a file, TOML or JSON: docs/operating/signaling.md."""

import stat
import sys
from pathlib import Path

import msgspec

from theta.base.errors import InvalidValue
from theta.base.limits import ICE_CREDENTIAL_SECONDS
from theta.signaling.ice import IceServerSettings, IceSettings

_BYTES_MAX = 65_536


class _Server(msgspec.Struct, forbid_unknown_fields=True):
    urls: list[str]
    secret: str = ""
    username: str = ""
    credential: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    ice_servers: list[_Server]
    credential_seconds: int = ICE_CREDENTIAL_SECONDS
    relay_only: bool = False


def read_ice_file(path: Path) -> IceSettings:
    """The servers in a file.

    Raises:
        InvalidValue: it cannot be read, everybody on this machine may read its secrets, or it says something else.
    """
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise InvalidValue("--ice", str(path), f"a file of at most {_BYTES_MAX} bytes")
        content = path.read_bytes()
        is_open = sys.platform != "win32" and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError as error:
        raise InvalidValue("--ice", str(path), f"a file that can be read ({error.strerror})") from error
    try:
        decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
        read = decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValue("--ice", str(path), f"TOML, or JSON with the suffix .json, of servers: {error}") from error
    if is_open and any(server.secret or server.credential for server in read.ice_servers):
        raise InvalidValue("--ice", str(path), f"kept from others, as it has secrets in it: chmod o-r {path}")
    servers = tuple(
        IceServerSettings(tuple(each.urls), each.secret, each.username, each.credential) for each in read.ice_servers
    )
    return IceSettings(servers, read.credential_seconds, read.relay_only)
