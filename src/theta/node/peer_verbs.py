"""What a participant does about its own history and about branches: verbs made of commands."""

from collections.abc import Sequence

from theta.base.errors import InvalidValue, UndoConflict, UnknownElement
from theta.base.identifiers import CommandName
from theta.base.moment import Moment
from theta.commands.governance import Strategy, branch_id
from theta.commands.governing import CreateBranch, MergeBranch
from theta.commands.log import Command
from theta.editor.history import Gestures, describe
from theta.node.outbox import Performed
from theta.node.replica import Replica
from theta.wire.messages import GestureName


class PeerVerbs:
    """The part of a Peer that needs no more than its replica and `perform`."""

    @property
    def replica(self) -> Replica:
        """The log here, and the document that it folds to."""
        raise NotImplementedError

    @property
    def author(self) -> bytes:
        """One's public key."""
        raise NotImplementedError

    @property
    def branch(self) -> bytes:
        """The branch that one is on."""
        raise NotImplementedError

    def perform(self, now: Moment, operations: Sequence[Performed], gesture: int | None = None) -> list[CommandName]:
        """See Peer.perform."""
        raise NotImplementedError

    def undo_step(self) -> Gestures:
        """What `undo` would take back.

        Raises:
            NothingToUndo: nothing is left.
            UndoConflict: others built on it.
        """
        gestures = self.replica.history.next_undo(self.author)
        dependants = self.replica.dependants(self.author, gestures)
        if dependants:
            raise UndoConflict([f"{self.replica.name_of(each.author)} ({describe(each)})" for each in dependants])
        return gestures

    def undo(self, now: Moment, *, cascade: bool = False) -> list[CommandName]:
        """Take back the author's last effective gesture; with `cascade`, and what others built on it.

        Raises:
            NothingToUndo: nothing is left.
            UndoConflict: others built on it, and there is to be no cascade.
            InvalidValue: too much was built on it for one cascade.
        """
        if not cascade:
            self.undo_step()
        return self.perform(now, [self.replica.history.undo_operation(self.author, cascade=cascade)])

    def redo(self, now: Moment) -> list[CommandName]:
        """Bring back what was undone last, with what the undo took along.

        Raises:
            NothingToUndo: nothing was undone since the last edit.
        """
        return self.perform(now, [self.replica.history.redo_operation(self.author)])

    def who_made(self, entity: bytes, kind: str, element: bytes) -> Command:
        """The command that made a living element of an entity's mesh; `kind` is `vertex`, `edge` or `face`.

        Raises:
            UnknownElement: no such element lives here, or nobody knows.
        """
        return self.replica.fold.who_made(entity, kind, element)

    def create_branch(self, now: Moment, name: str, fork: int | None = None) -> bytes:
        """Make a branch of this one as it is at record `fork`, by default as it is here; returns its id.

        It is there once `Applied` tells so of its command, unless its name was taken.

        Raises:
            InvalidValue: a name or a record that no room would take.
        """
        held = self.replica.log.head_seq
        if fork is not None and not 1 <= fork <= held:
            raise InvalidValue("fork", fork, f"between 1 and {held}")
        (made,) = self.perform(now, [CreateBranch(name, self.branch, held if fork is None else fork)])
        return branch_id(made)

    def merge_branch(
        self, now: Moment, source: bytes, strategy: Strategy | None = None, dropped: Sequence[CommandName] = ()
    ) -> CommandName:
        """Bring all that another branch holds, as far as it is here, into this one; returns the command's name.

        Args:
            now: the time.
            source: the other's id.
            strategy: what decides conflicts between the two; the room's policies by default.
            dropped: gestures that are left out from then on.

        Raises:
            UnknownElement: there is none of this id.
            InvalidValue: too many gestures.
        """
        if source not in self.replica.log.governance.branches:
            raise UnknownElement("branch", source)
        gestures = [GestureName(*gesture) for gesture in dropped]
        head = self.replica.log.head_seq
        merge = MergeBranch(source, head, strategy.value if strategy is not None else "", gestures)
        return self.perform(now, [merge])[0]
