"""The same room without `await`, for notebooks and the REPL: an event loop in a thread does the waiting."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from numpy.typing import ArrayLike

from theta.adapters.client.address import room_address
from theta.adapters.client.assets import ImportDetails
from theta.adapters.client.blocking_state import BlockingState
from theta.adapters.client.blocking_verbs import run_step
from theta.adapters.client.entities import Entity
from theta.adapters.client.files import FileDetails
from theta.adapters.client.looking_back import Past
from theta.adapters.client.opening import Opener, TransportChoice
from theta.adapters.client.room_client import RoomClient
from theta.adapters.client.undoing import Conflict
from theta.adapters.client.values import Element, MadeBy
from theta.base.errors import NotConnected
from theta.mesh import Faces, Mesh
from theta.wire.messages import Person

Result = TypeVar("Result")


def connect_blocking(
    url: str = "http://localhost:8080",
    *,
    name: str = "python",
    invite: str | None = None,
    identity: str | os.PathLike[str] | None = None,
    transport: TransportChoice = "auto",
    signaling: str | None = None,
    heartbeat_seconds: float | None = None,
) -> "BlockingRoom":
    """Enter a room and return it once the whole document is here; arguments and errors as in `theta.connect`.

    Use it with `with`, or call `close` in the end.
    """
    opener = Opener(room_address(url, invite), transport, signaling)
    return BlockingRoom(
        partial(RoomClient, opener=opener, heartbeat_seconds=heartbeat_seconds), url, name, invite, identity
    )


class BlockingRoom(BlockingState):
    """A RoomClient whose verbs return when they are done."""

    def __init__(self, make: Callable[..., RoomClient], *arguments: object) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="theta room", daemon=True)
        self._thread.start()
        try:
            self.room: RoomClient = self.call(_enter(make, arguments))
        except BaseException:
            self._stop()
            raise

    def call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run something of the room's own on its event loop and wait for it."""
        if self._loop.is_closed():
            coroutine.close()
            raise NotConnected("left the room")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def read(self, view: Callable[[RoomClient], Result]) -> Result:
        """Look at the room on its own event loop, where nothing changes meanwhile."""
        return self.call(_view(view, self.room))

    def close(self) -> None:
        """Leave the room."""
        if self._thread.is_alive():
            self.call(self.room.close())
            self._stop()

    @property
    def entities(self) -> list["BlockingEntity"]:
        """Every object, by id."""
        return [BlockingEntity(self, entity) for entity in self.read(lambda room: room.entities)]

    @property
    def people(self) -> tuple[Person, ...]:
        """Everyone in the room now."""
        return self.read(lambda room: room.people)

    @property
    def document_hash(self) -> str:
        """The document's hash, 32 hexadecimal digits."""
        return self.read(lambda room: room.document_hash)

    @property
    def transport(self) -> str:
        """See RoomClient.transport."""
        return self.read(lambda room: room.transport)

    def find(self, name: str) -> "BlockingEntity":
        """The first object of this name; see RoomClient.find."""
        return BlockingEntity(self, self.read(lambda room: room.find(name)))

    def create(self, kind: str = "cube", **details: Any) -> "BlockingEntity":
        """Make an object; see RoomClient.create."""
        return BlockingEntity(self, self.call(self.room.create(kind, **details)))

    def import_polygons(self, positions: ArrayLike, faces: Faces, **details: Unpack[ImportDetails]) -> "BlockingEntity":
        """Make an object of polygons; see RoomClient.import_polygons."""
        return BlockingEntity(self, self.call(self.room.import_polygons(positions, faces, **details)))

    def import_mesh(self, mesh: Mesh, **details: Unpack[ImportDetails]) -> "BlockingEntity":
        """Make an object of a mesh of your own; see RoomClient.import_mesh."""
        return BlockingEntity(self, self.call(self.room.import_mesh(mesh, **details)))

    def import_file(self, path: str | os.PathLike[str], **details: Unpack[FileDetails]) -> list["BlockingEntity"]:
        """Make objects of a file; see RoomClient.import_file."""
        return [BlockingEntity(self, entity) for entity in self.call(self.room.import_file(path, **details))]

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the room to a file; see RoomClient.export."""
        self.call(self.room.export(path))

    def undo(self, *, cascade: bool = False) -> None:
        """See RoomClient.undo."""
        self.call(self.room.undo(cascade=cascade))

    def redo(self) -> None:
        """See RoomClient.redo."""
        self.call(self.room.redo())

    def history(self, count: int = 20, before: int = 0) -> list[Past["BlockingEntity"]]:
        """See RoomClient.history."""
        found = self.call(self.room.history(count, before))
        return [Past(past.seq, past.name, past.author, past.what, self._twin(past.entity), *past[5:]) for past in found]

    def conflicts(self) -> list[Conflict["BlockingEntity"]]:
        """The conflicts that were found since you asked last; see RoomClient.take_conflicts."""
        found = self.read(lambda room: room.take_conflicts())
        return [Conflict(BlockingEntity(self, each.entity), *each[1:]) for each in found]

    def who_made(self, entity: "BlockingEntity", element: Element | None = None) -> MadeBy:
        """See RoomClient.who_made."""
        return self.call(self.room.who_made(entity.entity, element))

    def say(self, text: str) -> None:
        """See RoomClient.say."""
        self.read(lambda room: room.say(text))

    @contextmanager
    def gesture(self) -> Iterator[None]:
        """See RoomClient.gesture."""
        gesture = self.room.gesture()
        self.call(run_step(gesture.__aenter__))
        try:
            yield
        finally:
            self.call(run_step(lambda: gesture.__aexit__(None, None, None)))

    def _twin(self, entity: Entity | None) -> "BlockingEntity | None":
        return BlockingEntity(self, entity) if entity is not None else None

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        """Entered already: the room itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the room."""
        self.close()


class BlockingEntity:
    """An Entity whose verbs return when they are done. `entity` is the handle itself, for everything to read."""

    def __init__(self, room: BlockingRoom, entity: Entity) -> None:
        self._room = room
        self.entity = entity

    def __getattr__(self, name: str) -> Any:
        """What an Entity can tell (name, position, faces and so on), and its verbs, which wait until they are done."""
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._room.read(lambda room: getattr(self.entity, name))
        return self._waiting(found) if iscoroutinefunction(found) else found

    def separate(self, faces: Iterable[Element], name: str | None = None) -> "BlockingEntity":
        """See Entity.separate."""
        return BlockingEntity(self._room, self._room.call(self.entity.separate(faces, name)))

    def _waiting(self, verb: Callable[..., Coroutine[Any, Any, Result]]) -> Callable[..., Result]:
        @wraps(verb)
        def call(*arguments: Any, **named: Any) -> Result:
            return self._room.call(verb(*arguments, **named))

        return call

    def __repr__(self) -> str:
        """As the handle."""
        return repr(self.entity)


async def _enter(make: Callable[..., RoomClient], arguments: Sequence[object]) -> RoomClient:
    return await make(*arguments).__aenter__()


async def _view(view: Callable[[RoomClient], Result], room: RoomClient) -> Result:
    return view(room)
