"""The document as it will be if the room takes what its author has done: own commands, applied before it answers.

Only the units that these touch are copied, and only when they are asked about. What the log says goes before: after
each commit, and each refusal, a preview is made anew from what is folded. An undo or redo shows once it is folded.
"""

from collections.abc import Callable, Iterator, Sequence

from theta.base.identifiers import CommandName, Position, entity_id
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.fold import entity_of
from theta.editor.unit import Unit, apply
from theta.editor.vocabulary import SetEffective
from theta.node.outbox import Outbox, Outgoing, Performed
from theta.node.replica import Replica


class _Copy:
    """A unit with some of the pending commands applied, over what was folded up to record `seq`."""

    def __init__(self, replica: Replica, entity: bytes) -> None:
        folded = replica.fold.unit(entity)
        self.replica = replica
        self.seq = replica.folded_seq
        self.unit = folded.copy() if folded is not None else Unit()
        self.applied: list[CommandName] = []

    def is_of(self, replica: Replica, names: list[CommandName]) -> bool:
        """Whether it needs no more than the rest of these commands."""
        is_current = self.replica is replica and self.seq == replica.folded_seq
        return is_current and names[: len(self.applied)] == self.applied


class Preview:
    """What a participant sees of its own work at once.

    Args:
        author: its public key.
        replica: gives what is folded here, of the branch that it is on.
        outbox: what the room has not acknowledged.
    """

    def __init__(self, author: bytes, replica: Callable[[], Replica], outbox: Outbox) -> None:
        self._author = author
        self._replica = replica
        self._outbox = outbox
        self._copies: dict[bytes, _Copy] = {}

    def unit(self, entity: bytes) -> Unit | None:
        """The unit of an entity, None when it is not, or not any more, in the document: read it, never write."""
        replica = self._replica()
        pending = [command for command in self._pending(replica) if entity_of(command) == entity]
        if not pending:
            self._copies.pop(entity, None)
            return replica.fold.unit(entity)
        copy = self._copies.get(entity)
        names = [command.name for command in pending]
        if copy is None or not copy.is_of(replica, names):
            copy = self._copies[entity] = _Copy(replica, entity)
        for command in pending[len(copy.applied) :]:
            apply(copy.unit, command, replica.assets, replica.judge)
            copy.applied.append(command.name)
        return copy.unit if copy.unit.exists else None

    def entities(self) -> list[bytes]:
        """The ids of all entities in the document, with what is pending; ascending."""
        replica = self._replica()
        touched = self.touched()
        found = set(replica.fold.entities()) - touched
        return sorted(found | {entity for entity in touched if self.unit(entity) is not None})

    def touched(self) -> set[bytes]:
        """The entities that pending commands act on."""
        return {entity_of(command) for command in self._pending(self._replica())}

    def _pending(self, replica: Replica) -> Iterator[Command]:
        lamport = replica.log.lamport
        for outgoing in self._outbox.pending:
            if outgoing.branch != replica.branch:
                continue
            for command in commands_of(outgoing, self._author, replica.folded_seq, lamport):
                lamport = command.position.lamport
                if not isinstance(command.operation, SetEffective | Governing):
                    yield command


def commands_of(outgoing: Outgoing, author: bytes, seen: int, lamport: int) -> Iterator[Command]:
    """The commands of a packet as if it came into the log next, after a Lamport time."""
    for name, (number, gesture, operation) in zip(outgoing.names, outgoing.commands, strict=True):
        lamport += 1
        position = Position(lamport, name.actor, number)
        began = name._replace(number=gesture)
        yield Command(position, name, began, author, seen + 1, seen, operation, outgoing.branch)


def entities_of(names: Sequence[CommandName], operations: Sequence[Performed]) -> frozenset[bytes]:
    """The entities that commands of these names act on."""
    found = set()
    for name, operation in zip(names, operations, strict=True):
        if operation.CREATES:
            found.add(entity_id(name))
        elif not isinstance(operation, SetEffective | Governing):
            found.add(operation.entity)  # type: ignore[attr-defined]
    return frozenset(found)
