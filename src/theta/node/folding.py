"""What is durable, on its way through the folds of all branches: in order, and a few milliseconds at a time."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from theta.base.errors import StoreError, UsageError
from theta.commands.log import Command
from theta.commands.store import StoredRecord
from theta.editor.judging import Judge
from theta.node.branches import Branches
from theta.node.catch_up import COMMIT_BYTES_TARGET
from theta.node.replica import ReplicaChange

COMMIT_RECORDS_MAX = 256


class Durable(NamedTuple):
    """A record that is on disk, and the commands in it."""

    record: StoredRecord
    commands: list[Command]


class Folded(NamedTuple):
    """The records of one commit, their commands, and of each branch what they changed there and who judged it."""

    records: list[StoredRecord]
    commands: list[Command]
    changes: dict[bytes, ReplicaChange]
    judges: dict[bytes, Judge]


class _Chore:
    """Work that takes folds to itself, and how it ended."""

    def __init__(self, work: Iterator[None]) -> None:
        self.work = work
        self.is_done = False
        self.error: StoreError | UsageError | None = None


class FoldingLine:
    """Takes durable records in order and gives back commits, folded."""

    def __init__(self, branches: Branches) -> None:
        self._branches = branches
        self._waiting: deque[Durable] = deque()
        self.commands = 0
        """How many commands are in it."""
        self._work: Iterator[None] | None = None
        self._group: list[Durable] = []
        self._chores: deque[_Chore] = deque()
        self._chore: _Chore | None = None
        self._is_chores_turn = True

    @property
    def is_idle(self) -> bool:
        """Whether everything that was put in has come out."""
        return self.is_between and not self._waiting and not self._chores

    @property
    def is_between(self) -> bool:
        """Whether nothing is half folded, so that every document is as of the same record."""
        return self._work is None and self._chore is None

    @property
    def length(self) -> int:
        """How many records are in it."""
        return len(self._waiting) + len(self._group)

    def put(self, durable: Durable) -> None:
        """The next record."""
        self._waiting.append(durable)
        self.commands += len(durable.commands)

    def alone(self, work: Iterator[None]) -> Iterator[None]:
        """Wait until work has been done that folds must not go on beside, a few milliseconds at a time between commits.

        Raises:
            StoreError, UsageError: what the work raises.
        """
        chore = _Chore(work)
        self._chores.append(chore)
        while not chore.is_done:
            yield
        if chore.error is not None:
            raise chore.error

    def step(self) -> Folded | None:
        """Work for a few milliseconds; returns a commit that was finished, None when its time was up before."""
        if self._work is None:
            if self._chore is None and self._chores and (self._is_chores_turn or not self._waiting):
                self._chore = self._chores.popleft()
            if self._chore is not None:
                self._go_on_with(self._chore)
                return None
            if not self._waiting:
                return None
            self._is_chores_turn = True
            self._group = self._take_group()
            self._work = self._fold([command for each in self._group for command in each.commands])
        try:
            for _ in self._work:
                return None
        except Exception:
            # A bug: nothing of this commit is passed on, and whoever follows the log will notice and ask anew.
            self.commands -= sum(len(each.commands) for each in self._group)
            self._work, self._group = None, []
            raise
        commands = [command for each in self._group for command in each.commands]
        folded = Folded(
            [each.record for each in self._group],
            commands,
            {replica.branch: replica.last_change for replica in self._branches},
            {replica.branch: replica.judge for replica in self._branches},
        )
        self.commands -= len(commands)
        self._work, self._group = None, []
        return folded

    def _go_on_with(self, chore: _Chore) -> None:
        chore.is_done = True
        try:
            for _ in chore.work:
                chore.is_done = False
                return
        except (StoreError, UsageError) as error:
            chore.error = error
        finally:
            # Whatever else it raises is a bug, and it has ended with that as well.
            if chore.is_done:
                self._chore, self._is_chores_turn = None, False

    def _fold(self, commands: list[Command]) -> Iterator[None]:
        for replica in self._branches:
            yield from replica.apply_slowly(commands, self._group[-1].record.seq)

    def _take_group(self) -> list[Durable]:
        """The next records, as many as one commit carries."""
        group: list[Durable] = []
        size = 0
        while self._waiting and size < COMMIT_BYTES_TARGET and len(group) < COMMIT_RECORDS_MAX:
            group.append(self._waiting.popleft())
            size += len(group[-1].record.body)
        return group
