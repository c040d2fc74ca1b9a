"""What objects are called, which may be something else on every branch."""

from bisect import insort
from typing import NamedTuple

from theta.base.identifiers import Position
from theta.commands.branches import Branch, Branches
from theta.commands.command import Command
from theta.commands.governance import branch_id
from theta.commands.governing import CreateBranch, MergeBranch


class _Given(NamedTuple):
    position: Position
    seq: int
    branch: bytes
    name: str


class ObjectNames:
    """The names that objects were given, by the commands of a log in the order of its records.

    Undone renames count: what somebody saw then is what is told.
    """

    def __init__(self) -> None:
        self._given: dict[bytes, list[_Given]] = {}
        self._lines = Branches()

    def take(self, command: Command, entity: bytes) -> None:
        """The next command; `entity` is what it acts on or makes, if anything."""
        operation, lines = command.operation, self._lines
        if isinstance(operation, CreateBranch):
            if operation.parent in lines.by_id:
                made = branch_id(command.name)
                lines.create(
                    Branch(made, operation.name, operation.parent, operation.fork, command.author, command.seq)
                )
        elif isinstance(operation, MergeBranch):
            if operation.source in lines.by_id and command.branch in lines.by_id:
                lines.merge(command.branch, command.seq, operation.source, operation.at, None, frozenset())
        elif operation.CREATES or operation.NAME == "theta.rename":
            given = _Given(command.position, command.seq, command.branch, getattr(operation, "name", ""))
            insort(self._given.setdefault(entity, []), given)

    def of(self, entity: bytes, branch: bytes, seq: int) -> str:
        """What an object is called on a branch at a record: the last name in the order of the fold; "" for none."""
        given = self._given.get(entity, ())
        if not given:
            return ""
        # Of a branch that was made before a compacted log begins, nothing else is known.
        held = self._lines.vector(branch, seq) if branch in self._lines.by_id else {branch: seq}
        return next((each.name for each in reversed(given) if each.seq <= held.get(each.branch, 0)), "")
