"""Which record holds a command, by its name: runs of numbers for each actor, so that a packet costs one entry."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence

from theta.base.identifiers import CommandName, Position


class _Runs:
    """The numbers of one actor: each run's first, how many, and the record they came in; all ascending."""

    __slots__ = ("base", "counts", "firsts", "seqs")

    def __init__(self, base: int) -> None:
        self.firsts = array("Q")
        self.counts = array("B")
        self.seqs = array("Q")
        self.base = base


class NameIndex:
    """The names of all commands. Of those at or below an actor's base it is only known that they were admitted.

    `lasts` has of every actor the last command's position.
    """

    def __init__(self) -> None:
        self._actors: dict[int, _Runs] = {}
        self.lasts: dict[int, Position] = {}

    def find(self, name: CommandName) -> int | None:
        """The record that holds a command; 0 when it was admitted before the index begins, None when it was not."""
        runs = self._actors.get(name.actor)
        if runs is None or name.number > self.lasts[name.actor].number:
            return None
        if name.number <= runs.base:
            return 0
        index = bisect_right(runs.firsts, name.number) - 1
        if index < 0 or name.number >= runs.firsts[index] + runs.counts[index]:
            return None
        return runs.seqs[index]

    def add(self, numbers: Sequence[int], last: Position, seq: int) -> None:
        """A packet's numbers, strictly rising and above the actor's last, came in record `seq`; `last` is its last."""
        runs = self._actors.get(last.actor)
        if runs is None:
            runs = self._actors[last.actor] = _Runs(0)
        self.lasts[last.actor] = last
        start, count = 0, len(numbers)
        if numbers[-1] - numbers[0] == count - 1:
            runs.firsts.append(numbers[0])
            runs.counts.append(count)
            runs.seqs.append(seq)
            return
        while start < count:
            end = _end_of_run(numbers, start)
            runs.firsts.append(numbers[start])
            runs.counts.append(end - start)
            runs.seqs.append(seq)
            start = end

    def add_base(self, last: Position) -> None:
        """All that is known of an actor is its last command's position."""
        self._actors[last.actor] = _Runs(last.number)
        self.lasts[last.actor] = last

    def forget(self, seq: int) -> None:
        """Forget where the commands of records up to `seq` are; that they were admitted stays known."""
        for runs in self._actors.values():
            count = bisect_right(runs.seqs, seq)
            if count:
                runs.base = runs.firsts[count - 1] + runs.counts[count - 1] - 1
                del runs.firsts[:count], runs.counts[:count], runs.seqs[:count]


def _end_of_run(numbers: Sequence[int], start: int) -> int:
    if numbers[-1] - numbers[start] == len(numbers) - 1 - start:
        return len(numbers)
    end = start + 1
    while end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
        end += 1
    return end
