"""Entering a room from the command line: by its link, or by its file, whether somebody serves that now or not."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from theta.adapters.client.address import RoomAddress, load_identity
from theta.adapters.client.connecting import connect
from theta.adapters.client.room_client import RoomClient
from theta.adapters.files import running_room_of
from theta.adapters.host import RoomHost
from theta.adapters.memory_transport import memory_pair
from theta.adapters.sqlite_store import SqliteLogStore
from theta.adapters.transport import Transport
from theta.base.errors import InvalidValue, StoreLocked
from theta.cli.room_files import read_log
from theta.cli.serve import ServeOptions, open_room, opened_store
from theta.commands.log import CommandLog
from theta.commands.records import SessionRecord
from theta.node.asset_desk import shelf_of
from theta.node.opening import open_log
from theta.node.room import Room

NAME = "theta"
"""What this user is called who never was in the room, or whose name there is not known before entering."""


@asynccontextmanager
async def entered(target: str) -> AsyncIterator[RoomClient]:
    """A room to act in, as this user; by its file, under the name that they had there last.

    Args:
        target: a link as people join by it, or a room's file. A file that is served now is entered where it is served;
            otherwise its room is opened here, with nobody else in it, and closed again.

    Raises:
        InvalidValue: neither a file nor a link.
        StoreError: the file cannot be opened as a room.
        ConnectionFailed: the room cannot be reached, or does not let us in.
    """
    if not is_file(target):
        async with connect(target, name=NAME) as room:
            yield room
        return
    running = running_room_of(Path(target))
    if running is not None:
        name = _name_in(read_log(Path(target)).sessions.values())
        async with connect(running.url, name=name, invite=running.invite) as room:
            yield room
        return
    with _opened(Path(target)) as (store, source):
        async with _entered_here(Path(target), store, source) as room:
            yield room


async def log_in(target: str) -> CommandLog:
    """A room's log, to look at: out of its file, which stays as it is, or by entering the room behind a link.

    Raises:
        InvalidValue, ConnectionFailed: as for `entered`.
        StoreError: the file cannot be read as a room.
    """
    if is_file(target):
        return read_log(Path(target))
    async with entered(target) as room:
        return room.replica.log


def is_file(target: str) -> bool:
    """Whether a target is a room's file, and not a link.

    Raises:
        InvalidValue: it looks like a file, and there is none.
    """
    if "://" in target or "#" in target:
        return False
    if Path(target).exists():
        return True
    if target.endswith(".theta") or os.sep in target:
        raise InvalidValue("ROOM", target, "a room's file that exists, or the link to a room")
    return False


@contextmanager
def _opened(file: Path) -> Iterator[tuple[SqliteLogStore, SqliteLogStore]]:
    with ExitStack() as stack:
        try:
            both = stack.enter_context(opened_store(file))
        except StoreLocked as error:
            raise StoreLocked(f"{error}; or give the link to the room instead of its file") from error
        yield both


@asynccontextmanager
async def _entered_here(file: Path, store: SqliteLogStore, source: SqliteLogStore) -> AsyncIterator[RoomClient]:
    room = open_room(ServeOptions(file), source, store.assets(), load_identity(None))
    # What this participant holds from the file need not go through a connection.
    held = open_log(source, shelf_of(store.assets())).replica if source.last_seq else None
    host = RoomHost(room, store)
    try:
        name = _name_in(room.replica.log.sessions.values())
        async with RoomClient("", name, None, None, opener=_DoorInside(room, host), held=held) as client:
            yield client
    finally:
        await host.close()


def _name_in(sessions: Iterable[SessionRecord]) -> str:
    """What this user was called last."""
    author = load_identity(None).public_key
    return next(iter([session.name for session in sessions if session.author == author][-1:]), NAME)


class _DoorInside:
    """Opens connections to a room in this process; whoever has its key is let in as an admin."""

    def __init__(self, room: Room, host: RoomHost) -> None:
        self.address = RoomAddress("", room.invite("admin"), room.room_key, None, "", 0)
        self._host = host
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> Transport:
        """See Opening.open."""
        inside, outside = memory_pair()
        task = asyncio.create_task(self._host.serve_connection(inside), name="theta inside")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return outside

    def handle_fruitless(self, kind: str) -> None:
        """There is no other way."""

    async def close(self) -> None:
        """See Opening.close."""
        if self._serving:
            await asyncio.wait(self._serving)
