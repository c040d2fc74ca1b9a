"""`theta serve`: a room in a file, on a port, until Ctrl-C."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from rich.markup import escape

from theta import __version__
from theta.adapters.files import (
    RunningRoom,
    RuntimeNote,
    identity_path,
    read_or_make_secret,
    read_secret,
    room_secret_path,
    write_runtime_note,
)
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.http_server import HttpSettings, create_app, create_runner
from theta.adapters.listening import listen, url_of
from theta.adapters.logging_setup import LogFormat, set_up_logging
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.base.limits import NAME_CHARACTERS_MAX
from theta.base.randomness import Randomness
from theta.cli.console import err, out, with_progress
from theta.commands.identity import Identity
from theta.commands.records import BadRecord, read_genesis
from theta.node.room import Room, RoomSettings
from theta.session.secret import RoomSecret

_log = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class ServeOptions:
    """The command line of `theta serve`; `name` None means the room's own, or the file's."""

    file: Path
    host: str
    port: int
    name: str | None
    log_level: str
    log_format: LogFormat


def serve(options: ServeOptions) -> None:
    """Open the room and run it until Ctrl-C or SIGTERM.

    Raises:
        UsageError: a bad option, or a port that is taken.
        StoreError: the room file cannot be opened.
    """
    if options.name is not None:
        check_room_name(options.name)
    set_up_logging(options.log_level, options.log_format)
    identity = Identity.from_seed(read_or_make_secret(identity_path()))
    sockets = listen(options.host, options.port)
    try:
        store = SqliteLogStore.open(options.file)
        try:
            room = open_room(options, store, identity)
            run_on_best_loop(_run(options, room, store, sockets))
        finally:
            store.close()
    finally:
        for each in sockets:
            each.close()


def open_room(options: ServeOptions, store: SqliteLogStore, identity: Identity) -> Room:
    """The room in an open file, or a new one.

    Raises:
        StoreCorrupt: the log does not hold; names the first bad record.
        StoreUnavailable: the room's key is missing, or another room's.
    """
    key = room_secret_path(options.file)
    try:
        secret = RoomSecret(read_secret(key) if store.last_seq else read_or_make_secret(key))
    except FileNotFoundError as error:
        raise StoreUnavailable(
            f"{options.file} has no key: put {key} back beside it (`theta backup` keeps it with the copy)"
        ) from error
    name = options.name or _recorded_name(store) or options.file.stem[:NAME_CHARACTERS_MAX] or "room"
    records = with_progress(store.read(), store.last_seq, f"Opening {options.file}")
    randomness = Randomness(os.urandom(32))
    return Room(RoomSettings(name, secret, identity.public_key), records, randomness, machine_clock())


def check_room_name(name: str) -> None:
    """Refuse a name that could not be shown.

    Raises:
        InvalidValue: empty, too long, or not printable.
    """
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise InvalidValue("name", name, f"1 to {NAME_CHARACTERS_MAX} printable characters")


def _recorded_name(store: SqliteLogStore) -> str:
    for record in store.read():
        with suppress(BadRecord):
            return read_genesis(record.body).name
        break
    return ""


def run_on_best_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on uvloop where there is one, else on asyncio's own loop."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


async def _run(options: ServeOptions, room: Room, store: SqliteLogStore, sockets: list[socket.socket]) -> None:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    host = RoomHost(room, store, on_store_failed=_say_read_only)
    runner = create_runner(create_app(host, HttpSettings(listen_host=options.host)))
    note: RuntimeNote | None = None
    try:
        await runner.setup()
        for each in sockets:
            await web.SockSite(runner, each).start()
        url = url_of(options.host, sockets)
        port = sockets[0].getsockname()[1]
        note = write_runtime_note(port, _running(room, url, options.file))
        _log.info(
            "serving", extra={"url": url, "file": str(options.file), "records": room.head_seq, "version": __version__}
        )
        _print_welcome(options, room, url)
        await stop.wait()
        err.print("Closing the room …" if sys.stderr.isatty() else "closing the room")
    finally:
        if note is not None:
            note.remove()
        await host.close()
        await runner.cleanup()
    err.print(f"{escape(str(options.file))} is closed and safe: {room.head_seq} records")


def _running(room: Room, url: str, file: Path) -> RunningRoom:
    return RunningRoom(
        url=url,
        invite=room.invite("editor"),
        room_key=room.room_key.hex(),
        file=str(file.absolute()),
        pid=os.getpid(),
    )


def _print_welcome(options: ServeOptions, room: Room, url: str) -> None:
    out.print(f"[bold]{url}/#invite={room.invite('editor')}[/bold]")
    out.print(f"  Open this link to build in [bold]{escape(room.name)}[/bold]; whoever has it may edit.")
    out.print(f"  To let somebody only watch: {url}/#invite={room.invite('viewer')}")
    records = f"{room.head_seq} records" if room.head_seq else "a new room"
    out.print(f"  {escape(str(options.file))} · {records} · Ctrl-C closes it")
    if options.host not in ("localhost", "127.0.0.1", "::1"):
        out.print("  [yellow]Anyone on your network can read what is sent: this address is plain HTTP.[/yellow]")
    sys.stdout.flush()


def _say_read_only(reason: str) -> None:
    err.print(f"[bold red]error:[/bold red] {escape(reason)}")
    err.print("  The room is read-only now: nobody's edits are taken. Mend the disk, then start again.")


def _stop_on_signals(stop: asyncio.Event) -> None:
    """The first Ctrl-C or SIGTERM closes the room in order; the second aborts, which loses nothing acknowledged."""
    loop = asyncio.get_running_loop()

    def handle() -> None:
        if stop.is_set():
            os._exit(EXIT_INTERRUPTED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, handle)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(handle))
