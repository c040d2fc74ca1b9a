"""`theta signal`: a signalling server alone, until Ctrl-C."""

import asyncio
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from theta.adapters.ice_file import read_ice_file
from theta.adapters.listening import listen, url_of
from theta.adapters.logging_setup import LogFormat, set_up_logging
from theta.adapters.signal_client import signal_url
from theta.adapters.signal_listener import SignalListener
from theta.adapters.signal_server import SignalHub
from theta.adapters.tls_watch import CertificateWatch, certificate_source
from theta.base.errors import InvalidValue
from theta.cli.console import out
from theta.cli.serve import run_on_best_loop, stop_on_signals
from theta.signaling.ice import IceSettings
from theta.signaling.server import SignalSettings


@dataclass(frozen=True)
class SignalOptions:
    """The command line of `theta signal`; `host` "" means every address, `rooms` empty any room."""

    host: str = ""
    port: int = 8090
    ice: Path | None = None
    origins: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    log_level: str = "warning"
    log_format: LogFormat = "text"


def signal(options: SignalOptions) -> None:
    """Run a signalling server until Ctrl-C or SIGTERM.

    Raises:
        UsageError: a bad option, a certificate or server list that cannot be used, or a port that is taken.
    """
    set_up_logging(options.log_level, options.log_format)
    origins = frozenset(check_origin(each) for each in options.origins)
    rooms = frozenset(read_room(each) for each in options.rooms) or None
    ice = read_ice_file(options.ice) if options.ice is not None else IceSettings()
    watch = CertificateWatch(certificate_source(options.certificate, options.key))
    sockets = listen(options.host, options.port)
    try:
        run_on_best_loop(_run(options.host, sockets, watch, SignalHub(SignalSettings(ice, rooms)), origins))
    finally:
        for each in sockets:
            each.close()


def check_origin(origin: str) -> str:
    """An origin as browsers write it.

    Raises:
        InvalidValue: it is none, or has more to it, such as a path.
    """
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
        raise InvalidValue("--origin", origin, "a page's scheme, host and port, such as https://studio.example.org")
    return origin


def read_room(text: str) -> bytes:
    """A room's id from hexadecimal.

    Raises:
        InvalidValue: it is none.
    """
    try:
        room = bytes.fromhex(text)
    except ValueError:
        room = b""
    if len(room) != 16:
        raise InvalidValue("--room", text, "a room's id: 32 hexadecimal digits")
    return room


async def _run(
    host: str, sockets: list[socket.socket], watch: CertificateWatch, hub: SignalHub, origins: frozenset[str]
) -> None:
    stop, told = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop, told)
    listener = SignalListener(hub, sockets, watch, host, origins)
    try:
        await listener.start()
        for link in (url_of(host, sockets), *listener.reach.links):
            out.print(signal_url(link), markup=False)
        out.print("  Rooms and their guests meet here; nothing is kept. Ctrl-C closes it.")
        sys.stdout.flush()
        await stop.wait()
        told.set()
    finally:
        await listener.close()
