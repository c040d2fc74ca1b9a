"""Undo and redo, and the conflicts in which one's own work met somebody else's."""

from collections.abc import AsyncIterator
from typing import Generic, NamedTuple

from theta.adapters.client.entities import Entity
from theta.adapters.client.room_view import RoomView
from theta.adapters.client.values import AnyEntity
from theta.adapters.host import machine_clock
from theta.base.identifiers import CommandName
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.fold import entity_of
from theta.editor.unit import Outcome
from theta.node.events import ConflictFound
from theta.node.labels import label_of


class Conflict(NamedTuple, Generic[AnyEntity]):
    """Your command and somebody else's changed the same thing, neither knowing of the other.

    Attributes:
        entity: the object that it was about.
        mine: what you did, in a few words.
        name: what the other one is called.
        author: the other one's public key, 32 bytes.
        theirs: what they did, in a few words.
        strategy: what decided between the two.
        mine_is_later: whether yours is the later one, whose `outcome` it is.
        outcome: what became of the later one.
        my_gesture, their_gesture: as `merge_branch(dropped=…)` takes them.
    """

    entity: AnyEntity
    mine: str
    name: str
    author: bytes
    theirs: str
    strategy: Strategy
    mine_is_later: bool
    outcome: Outcome
    my_gesture: CommandName
    their_gesture: CommandName


class Undoing(RoomView):
    """What a RoomClient can take back, and what it is told when others did something at the same time."""

    async def undo(self, *, cascade: bool = False) -> None:
        """Take back your last gesture that still does something, and nobody else's.

        Args:
            cascade: take back too what others built on it. They can bring it back, and so does your redo.

        Raises:
            NothingToUndo: nothing of yours is left.
            UndoConflict: others built on it; says who and what.
            NoEffect: somebody built on it meanwhile, or the room's policy does not let undo cascade.
        """
        self._check_entered()
        await self._settle(self._peer.undo(machine_clock(), cascade=cascade))

    async def redo(self) -> None:
        """Bring back what you undid last, with what the undo took along.

        Raises:
            NothingToUndo: nothing was undone since your last edit.
        """
        self._check_entered()
        await self._settle(self._peer.redo(machine_clock()))

    async def conflicts(self) -> AsyncIterator[Conflict[Entity]]:
        """Each conflict that was found since this client came in, and each that will be; it does not end by itself.

        Raises:
            ConnectionFailed: the room closed the door for good.
            NotConnected: the room was left.
        """
        while True:
            await self._waiting.until(lambda: bool(self._waiting.conflicts))
            for conflict in self.take_conflicts():
                yield conflict

    def take_conflicts(self) -> list[Conflict[Entity]]:
        """The conflicts that were found since they were asked for last, at most CONFLICTS_KEPT_MAX."""
        found = [self._conflict_of(event) for event in self._waiting.conflicts]
        self._waiting.conflicts.clear()
        return found

    def _conflict_of(self, found: ConflictFound) -> Conflict[Entity]:
        mine, theirs = found.mine, found.theirs
        return Conflict(
            Entity(self, entity_of(mine)),
            self._label(mine),
            self.name_of(theirs.author),
            theirs.author,
            self._label(theirs),
            found.strategy,
            mine.position > theirs.position,
            found.outcome,
            mine.gesture,
            theirs.gesture,
        )

    def _label(self, command: Command) -> str:
        return label_of(command, self.name_of)
