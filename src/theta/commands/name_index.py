"""Which record holds a command, by its name: runs of numbers for each actor, so that a packet costs one entry."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from theta.base.identifiers import CommandName, Position
from theta.base.limits import ADMITTED_RANGES_PER_ACTOR_MAX


class _Runs:
    """The numbers of one actor: each run's first, how many, and the record they came in; all ascending.

    `ranges` are all numbers admitted, in whatever record, as first and last in turns; `seen` is the highest record that
    the actor has seen.
    """

    __slots__ = ("counts", "firsts", "ranges", "seen", "seqs")

    def __init__(self) -> None:
        self.firsts = array("Q")
        self.counts = array("B")
        self.seqs = array("Q")
        self.ranges = array("Q")
        self.seen = 0

    def add(self, first: int, count: int, seq: int) -> None:
        """Take the next run."""
        self.firsts.append(first)
        self.counts.append(count)
        self.seqs.append(seq)
        ranges = self.ranges
        if ranges and ranges[-1] == first - 1:
            ranges[-1] = first + count - 1
            return
        ranges.append(first)
        ranges.append(first + count - 1)
        if len(ranges) > 2 * ADMITTED_RANGES_PER_ACTOR_MAX:
            del ranges[:2]


class NameIndex:
    """The names of all commands. Of those in records that were forgotten it is only known that they were admitted.

    Of an actor's ranges of such numbers the highest ADMITTED_RANGES_PER_ACTOR_MAX are kept. There is one for each time
    that something of the actor's was refused for good, so that only somebody who skips numbers on purpose ever has
    more. What was in the others counts as never admitted: nothing that is not in the log may ever pass for admitted.

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
        index = bisect_right(runs.firsts, name.number) - 1
        if index < 0:
            # At an odd place it is behind a range's first, at an even one behind its last.
            at = bisect_right(runs.ranges, name.number)
            return 0 if at % 2 or (at and runs.ranges[at - 1] == name.number) else None
        if name.number >= runs.firsts[index] + runs.counts[index]:
            return None
        return runs.seqs[index]

    def seen_by(self, actor: int) -> int:
        """The highest record that an actor had seen when it made any of its commands; 0 when there is none."""
        runs = self._actors.get(actor)
        return runs.seen if runs is not None else 0

    def add(self, numbers: Sequence[int], last: Position, seq: int, seen: int) -> None:
        """A packet's numbers, strictly rising and above the actor's last, came in record `seq`.

        Args:
            numbers: in order.
            last: the position of the last.
            seq: the packet's record.
            seen: the record that their author had seen.
        """
        runs = self._actors.get(last.actor)
        if runs is None:
            runs = self._actors[last.actor] = _Runs()
        self.lasts[last.actor] = last
        if seen > runs.seen:
            runs.seen = seen
        start, count = 0, len(numbers)
        if numbers[-1] - numbers[0] == count - 1:
            runs.add(numbers[0], count, seq)
            return
        while start < count:
            end = _end_of_run(numbers, start)
            runs.add(numbers[start], end - start, seq)
            start = end

    def actors(self) -> Iterator[tuple[Position, int, Sequence[int]]]:
        """Of every actor the last command's position, the highest record seen, and the ranges of admitted numbers.

        The ranges are given as first and last in turns, ascending, at most ADMITTED_RANGES_PER_ACTOR_MAX.
        """
        for actor, runs in self._actors.items():
            yield self.lasts[actor], runs.seen, runs.ranges

    def add_base(self, last: Position, seen: int, ranges: Sequence[int]) -> None:
        """All that is known of an actor is what `actors` gave of it."""
        runs = self._actors[last.actor] = _Runs()
        runs.seen, runs.ranges = seen, array("Q", ranges)
        self.lasts[last.actor] = last

    def forget(self, seq: int) -> None:
        """Forget where the commands of records up to `seq` are; that they were admitted stays known."""
        for runs in self._actors.values():
            count = bisect_right(runs.seqs, seq)
            if count:
                del runs.firsts[:count], runs.counts[:count], runs.seqs[:count]


def _end_of_run(numbers: Sequence[int], start: int) -> int:
    if numbers[-1] - numbers[start] == len(numbers) - 1 - start:
        return len(numbers)
    end = start + 1
    while end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
        end += 1
    return end
