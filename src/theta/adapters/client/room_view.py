"""What a handle needs of its room."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from theta.adapters.client.values import MadeBy
from theta.adapters.client.waiting import Waiting
from theta.base.identifiers import CommandName
from theta.commands.log import Command
from theta.editor.document import Document
from theta.mesh.results import Made
from theta.node.events import Answer
from theta.node.outbox import Performed
from theta.node.peer import Peer
from theta.node.replica import Replica
from theta.wire.messages import Message


class RoomView(Protocol):
    """A room as its handles, and the parts of a RoomClient, see it."""

    _peer: Peer
    _waiting: Waiting

    @property
    def replica(self) -> Replica:
        """The log, the fold and the document, as they are here."""
        ...

    @property
    def document(self) -> Document:
        """The document as folded here."""
        ...

    def name_of(self, author: bytes) -> str:
        """What an author (32-byte public key) was called last."""
        ...

    async def perform(self, *operations: Performed) -> CommandName:
        """Send commands and wait until they are on disk and folded here."""
        ...

    async def upload(self, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> bytes:
        """Give an asset to the room and return its name, once it is on the room's disk."""
        ...

    def as_one_step(self) -> AbstractAsyncContextManager[None]:
        """A gesture, or the one that is open already."""
        ...

    def made_by_command(self, entity: bytes, name: CommandName) -> Made:
        """What a command made in an entity's mesh."""
        ...

    def made_by(self, command: Command) -> MadeBy:
        """A command as what made something: whose it is, what it was and when."""
        ...

    def maker_of(self, entity: bytes, kind: str, element: bytes) -> Command:
        """The command that made an element of an entity's mesh."""
        ...

    async def _ask(self, request: Callable[[int], Message]) -> Answer:
        """The room's answer to a request; `request` makes it with the number that it is given."""
        ...

    async def _settle(self, names: list[CommandName]) -> None:
        """Return once commands of one's own are on disk and folded here."""
        ...

    def _check_entered(self) -> None:
        """Refuse to act outside of the room."""
        ...

    def _pump(self) -> None:
        """Carry out what the peer asks for."""
        ...
