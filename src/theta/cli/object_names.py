"""What objects are called, which may be something else on every branch."""

from bisect import insort
from collections.abc import Mapping
from typing import NamedTuple, Self

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

    Args:
        lines: the branches, when they are known beforehand, as of a compacted log; else they are learnt on the way.
        before: what objects were called when such a log begins, by branch and entity.
    """

    def __init__(self, lines: Branches | None = None, before: Mapping[tuple[bytes, bytes], str] | None = None) -> None:
        self._given: dict[bytes, list[_Given]] = {}
        self._before = before or {}
        self._lines_known = lines
        self._lines = lines if lines is not None else Branches()

    def anew(self) -> Self:
        """The same before the first command was taken."""
        return type(self)(self._lines_known, self._before)

    def take(self, command: Command, entity: bytes) -> None:
        """The next command; `entity` is what it acts on or makes, if anything."""
        operation = command.operation
        if isinstance(operation, CreateBranch | MergeBranch):
            if self._lines_known is None:
                self._follow(command, operation)
        elif operation.CREATES or operation.NAME == "theta.rename":
            given = _Given(command.position, command.seq, command.branch, getattr(operation, "name", ""))
            insort(self._given.setdefault(entity, []), given)

    def of(self, entity: bytes, branch: bytes, seq: int) -> str:
        """What an object is called on a branch at a record: the last name in the order of the fold; "" for none."""
        given = self._given.get(entity, ())
        held = self._lines.vector(branch, seq) if given else {}
        name = next((each.name for each in reversed(given) if each.seq <= held.get(each.branch, 0)), "")
        if name or not self._before:
            return name
        return self._before.get((self._lines.root(branch), entity), "")

    def _follow(self, command: Command, operation: CreateBranch | MergeBranch) -> None:
        lines = self._lines
        if isinstance(operation, CreateBranch):
            if operation.parent in lines.by_id:
                made = branch_id(command.name)
                lines.create(
                    Branch(made, operation.name, operation.parent, operation.fork, command.author, command.seq)
                )
        elif operation.source in lines.by_id and command.branch in lines.by_id:
            lines.merge(command.branch, command.seq, operation.source, operation.at, None, frozenset())
