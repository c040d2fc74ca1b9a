"""`theta serve`: a room in a file, on a port, until Ctrl-C."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape

from theta import __version__
from theta.adapters.collecting import settle_collector
from theta.adapters.dictionary_files import read_dictionary
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
from theta.adapters.http_server import HttpSettings
from theta.adapters.ice_file import read_ice_file
from theta.adapters.lan_server import LanServer
from theta.adapters.listening import listen, url_of
from theta.adapters.logging_setup import LogFormat, set_up_logging
from theta.adapters.signal_server import SignalHub
from theta.adapters.sqlite_store import SqliteLogStore
from theta.adapters.tls_watch import CertificateWatch, certificate_source
from theta.adapters.world_files import read_world
from theta.base.errors import InvalidValue, StoreUnavailable, UsageError
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS, NAME_CHARACTERS_MAX
from theta.base.randomness import Randomness
from theta.cli.console import err
from theta.cli.meeting import Meeting, check_signaling_link
from theta.cli.sources import ShownSource, recorded_name
from theta.cli.welcome import Place, print_welcome
from theta.commands.identity import Identity
from theta.commands.store import StoredAsset
from theta.node.room import Room, RoomSettings
from theta.node.state_notices import StateNotice
from theta.node.state_report import fault_text
from theta.node.state_world import StateWorld
from theta.session.heartbeat import check_heartbeat
from theta.session.secret import RoomSecret
from theta.signaling.ice import IceSettings
from theta.signaling.proof import room_of_key
from theta.signaling.server import SignalSettings

_log = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130
ANSWER_SECONDS_MAX = 0.5
"""After so long a second Ctrl-C counts, also when the first could not be answered."""


@dataclass(frozen=True)
class ServeOptions:
    """The command line of `theta serve`; `name` None means the room's own, or the file's, `host` None every address."""

    file: Path
    host: str | None = None
    port: int = 8080
    name: str | None = None
    log_level: str = "warning"
    log_format: LogFormat = "text"
    lan: bool = True
    certificate: Path | None = None
    key: Path | None = None
    quic: bool = True
    qr: bool = True
    dictionary: Path | None = None
    ice: Path | None = None
    signal: str | None = None
    world: Path | None = None
    heartbeat: float = HEARTBEAT_INTERVAL_SECONDS

    @property
    def listen_host(self) -> str:
        """What to listen on, "" for every address.

        Raises:
            InvalidValue: --host and --no-lan exclude each other.
        """
        if not self.lan and self.host is not None:
            raise InvalidValue("--host", self.host, "left out with --no-lan, which means localhost only")
        return (self.host or "") if self.lan else "localhost"


Beside = Callable[[Room, str], Coroutine[Any, Any, bool]]
"""What goes on beside a room while it is open, given the room and its link; when it returns true, the room closes."""


def serve(options: ServeOptions, beside: Beside | None = None) -> None:
    """Open the room and run it until Ctrl-C or SIGTERM, with `beside` in the same event loop.

    Raises:
        UsageError: a bad option, a world file or a certificate that cannot be used, or a port that is taken.
        StoreError: the room file, or the world file, cannot be opened.
    """
    if options.name is not None:
        check_room_name(options.name)
    check_heartbeat(options.heartbeat)
    if options.signal is not None:
        check_signaling_link(options.signal)
    set_up_logging(options.log_level, options.log_format)
    ice = read_ice_file(options.ice) if options.ice is not None else IceSettings()
    world = _built_world(options.world) if options.world is not None else None
    identity = Identity.from_seed(read_or_make_secret(identity_path()))
    watch = CertificateWatch(certificate_source(options.certificate, options.key))
    sockets = listen(options.listen_host, options.port)
    try:
        with opened_store(options.file) as (store, source):
            room = open_room(options, source, store.assets(), identity, world)
            hub = SignalHub(SignalSettings(ice, frozenset({room_of_key(room.room_key)})))
            secret = _secret_of(options.file, source)
            meeting = Meeting(hub, secret.identity, options.signal, on_this_machine=not options.lan)
            run_on_best_loop(_run(options, room, store, sockets, watch, meeting, beside))
    finally:
        for each in sockets:
            each.close()


@contextmanager
def opened_store(file: Path) -> Iterator[tuple[SqliteLogStore, SqliteLogStore]]:
    """A room's file to write to, from whatever thread does that, and the same to read older records from meanwhile.

    Raises:
        StoreError: the room file cannot be opened.
    """
    store = SqliteLogStore.open(file)
    try:
        source = store.beside()
        try:
            yield store, source
        finally:
            source.close()
    finally:
        store.close()


def open_room(
    options: ServeOptions,
    source: SqliteLogStore,
    assets: Iterable[StoredAsset],
    identity: Identity,
    world: StateWorld | None = None,
) -> Room:
    """The room in an open file, or a new one, with a world or an empty one.

    Raises:
        StoreCorrupt: the log does not hold; names the first bad record.
        StoreUnavailable: the room's key is missing, or another room's; or the dictionary cannot be read.
        InvalidValue: the dictionary is none.
    """
    secret = _secret_of(options.file, source)
    name = options.name or recorded_name(source) or options.file.stem[:NAME_CHARACTERS_MAX] or "room"
    dictionary = read_dictionary(options.dictionary) if options.dictionary is not None else None
    settings = RoomSettings(name, secret, identity.public_key, dictionary, world, options.heartbeat)
    shown = ShownSource(source, f"Opening {options.file}")
    room = Room(settings, shown, Randomness(os.urandom(32)), machine_clock(), assets, time.perf_counter)
    for why in room.passed_over:
        err.print(f"[yellow]warning:[/yellow] {escape(why)}")
    return room


def _secret_of(file: Path, source: SqliteLogStore) -> RoomSecret:
    """The room's; made for a new room."""
    key = room_secret_path(file)
    try:
        return RoomSecret(read_secret(key) if source.last_seq else read_or_make_secret(key))
    except FileNotFoundError as error:
        raise StoreUnavailable(
            f"{file} has no key: put {key} back beside it (`theta backup` keeps it with the copy)"
        ) from error


def _built_world(file: Path) -> StateWorld:
    """What a world file makes, however long it takes; Ctrl-C ends the command."""
    waiting = err.status(f"Building the world of {escape(str(file))} …") if sys.stderr.isatty() else nullcontext()
    try:
        with waiting:
            return read_world(file)
    except KeyboardInterrupt:
        err.print(f"stopped while {escape(str(file))} was being run; the room was not opened")
        sys.exit(EXIT_INTERRUPTED)


def check_room_name(name: str) -> None:
    """Refuse a name that could not be shown.

    Raises:
        InvalidValue: empty, too long, or not printable.
    """
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise InvalidValue("name", name, f"1 to {NAME_CHARACTERS_MAX} printable characters")


def run_on_best_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on uvloop where there is one, else on asyncio's own loop."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    if sys.platform == "win32":
        factory = asyncio.SelectorEventLoop  # the proactor cannot look at a connection without reading it
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


async def _run(
    options: ServeOptions,
    room: Room,
    store: SqliteLogStore,
    sockets: list[socket.socket],
    watch: CertificateWatch,
    meeting: Meeting,
    beside: Beside | None,
) -> None:
    stop, told = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop, told)
    host = RoomHost(room, store, on_store_failed=_say_read_only, on_state_notice=_say_fault)
    settings = HttpSettings(
        options.listen_host, file=options.file, signaling=meeting.hub, signaling_elsewhere=options.signal
    )
    server = LanServer(host, sockets, watch, settings)
    note: RuntimeNote | None = None
    try:
        await server.start()
        settle_collector()
        if options.quic:
            _start_quic(server)
        url = url_of(options.listen_host, sockets)
        port = sockets[0].getsockname()[1]
        note = write_runtime_note(port, _running(room, url, options.file))
        _log.info(
            "serving", extra={"url": url, "file": str(options.file), "records": room.head_seq, "version": __version__}
        )
        certificate, is_own = watch.sighting.certificate, watch.sighting.is_own
        links = server.reach.links
        shown = (options.qr, options.world, options.signal)
        place = Place(options.file, url, links, certificate.fingerprint, is_own, *shown)
        print_welcome(room, place)
        async with meeting.open(host), _company(stop, beside(room, url) if beside is not None else None):
            await stop.wait()
        err.print("Closing the room …" if sys.stderr.isatty() else "closing the room")
        told.set()
    finally:
        if note is not None:
            note.remove()
        await server.stop_accepting()
        await host.close()
        await server.close()
    err.print(f"{escape(str(options.file))} is closed and safe: {room.head_seq} records")


@asynccontextmanager
async def _company(stop: asyncio.Event, beside: Coroutine[Any, Any, bool] | None) -> AsyncIterator[None]:
    """Run `beside` meanwhile; it may set `stop`, and does when it fails, which is raised here."""
    if beside is None:
        yield
        return

    async def accompany() -> None:
        try:
            if await beside:
                stop.set()
        except BaseException:
            stop.set()
            raise

    task = asyncio.create_task(accompany(), name="theta beside the room")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _start_quic(server: LanServer) -> None:
    try:
        server.start_quic()
    except UsageError as error:
        err.print(f"[yellow]warning:[/yellow] no QUIC, so Python peers use WebSocket: {escape(str(error))}")


def _running(room: Room, url: str, file: Path) -> RunningRoom:
    return RunningRoom(
        url=url,
        invite=room.invite("editor"),
        room_key=room.room_key.hex(),
        file=str(file.absolute()),
        pid=os.getpid(),
    )


def _say_read_only(reason: str) -> None:
    err.print(f"[bold red]error:[/bold red] {escape(reason)}")
    err.print("  The room is read-only now: nobody's edits are taken. Mend the disk, then start again.")


def _say_fault(notice: StateNotice) -> None:
    """A system that failed is said once, with its line; the rest is in the log."""
    if notice.error is not None:
        err.print(f"[bold red]error:[/bold red] {escape(fault_text(notice.error))}")
        err.print("  The room goes on, and its world's systems stand still now. Mend the world file, then start again.")


def stop_on_signals(stop: asyncio.Event, told: asyncio.Event) -> None:
    """The first Ctrl-C or SIGTERM sets `stop`; the second aborts, which loses nothing that a room has acknowledged.

    It counts as a second one once the first was answered (`told`): `timeout`, for one, sends each signal twice.
    """
    loop = asyncio.get_running_loop()

    def handle() -> None:
        if told.is_set():
            os._exit(EXIT_INTERRUPTED)
        stop.set()
        loop.call_later(ANSWER_SECONDS_MAX, told.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, handle)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(handle))
