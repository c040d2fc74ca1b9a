"""Branches: which commands each holds at every record (CMD-65 … CMD-68).

What a branch holds is a vector: of each branch, up to which record. It begins as its parent's at the fork, its own
entry grows with the log, and a merge takes the larger of both, entry by entry. So it does not matter which of two is
merged into the other, nor how often.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.base.limits import MERGE_COMMANDS_PER_TOKEN, U64_MAX
from theta.commands.timeline import Timeline

Span = tuple[int, int]
"""After which record, and up to which."""


class Strategy(StrEnum):
    """What happens to the later of two concurrent commands that write the same field of the same element."""

    LAST_WRITER_WINS = "last-writer-wins"
    MERGE = "merge"
    REJECT = "reject"


class Branch(NamedTuple):
    """A line of the document's history: it holds what `parent` held at record `fork`, and its own packets since."""

    id: bytes
    name: str
    parent: bytes
    fork: int
    author: bytes
    seq: int


class Merge(NamedTuple):
    """What `source` held at record `at` came into `branch` at record `seq`.

    `news` is what it brought, by branch; `rest` what `branch` had and the source had not.
    """

    number: int
    seq: int
    source: bytes
    at: int
    strategy: Strategy | None
    news: Mapping[bytes, Span]
    rest: Mapping[bytes, Span]
    dropped: frozenset[CommandName]

    def brings_together(self, one: bytes, one_seq: int, other: bytes, other_seq: int) -> bool:
        """Whether one of two records, each of a branch, came to the other by this merge."""
        return (_has(self.news, one, one_seq) and _has(self.rest, other, other_seq)) or (
            _has(self.news, other, other_seq) and _has(self.rest, one, one_seq)
        )


MAIN = Branch(MAIN_BRANCH, "main", MAIN_BRANCH, 0, b"", 0)


class Branches:
    """All branches of a log, as its records make them."""

    def __init__(self) -> None:
        self.by_id: dict[bytes, Branch] = {MAIN_BRANCH: MAIN}
        self._merges: dict[bytes, list[Merge]] = {MAIN_BRANCH: []}
        self._others: dict[bytes, Timeline[Mapping[bytes, int]]] = {}
        self._merge_count = 0
        self._ordered: dict[tuple[bytes, int], tuple[Merge, ...]] = {}
        self.counts: dict[bytes, CommandCount] = {}
        self.base_seq = 0
        """The record of a compacted log's base; 0 when all records are kept."""
        self.last_edits: dict[bytes, int] = {}
        """Of each branch, the last record up to the base that holds edits."""

    def drop(self, base_seq: int, last_edits: Mapping[bytes, int]) -> None:
        """Records up to a base are not kept any more."""
        self.base_seq, self.last_edits = base_seq, dict(last_edits)

    def root(self, branch: bytes) -> bytes:
        """The branch that there was at the base, of whose document there a branch goes on."""
        made = self.by_id[branch]
        while made.seq > self.base_seq and made.id != MAIN_BRANCH:
            made = self.by_id[made.parent]
        return made.id

    def reaches_below_base(self, branch: bytes, seq: int, source: bytes, at: int) -> bool:
        """Whether merging `source` as of record `at` would bring edits that were dropped, as far as that is known.

        Of a source that begins in the middle of what was dropped, it is taken for granted.
        """
        ours = self.vector(branch, seq)
        theirs = self.vector(source, at)
        return any(ours.get(each, 0) < min(held, self.last_edits.get(each, 0)) for each, held in theirs.items())

    def add_commands(self, branch: bytes, seq: int, count: int) -> None:
        """A packet of so many commands came into a branch as record `seq`."""
        counted = self.counts.get(branch)
        if counted is None:
            counted = self.counts[branch] = CommandCount()
        counted.add(seq, count)

    def create(self, branch: Branch) -> None:
        """A branch begins; its parent is known."""
        self.by_id[branch.id] = branch
        self._merges[branch.id] = []
        self._put(branch.id, branch.seq, self.vector(branch.parent, branch.fork))

    def merge(
        self,
        branch: bytes,
        seq: int,
        source: bytes,
        at: int,
        strategy: Strategy | None,
        dropped: frozenset[CommandName],
    ) -> None:
        """What `source` held at record `at` comes into `branch` at record `seq`."""
        ours, theirs = self.vector(branch, seq), self.vector(source, at)
        news, rest = _beyond(theirs, ours), _beyond(ours, theirs)
        self._merge_count += 1
        self._merges[branch].append(Merge(self._merge_count, seq, source, at, strategy, news, rest, dropped))
        self._ordered.clear()
        if news:
            self._put(branch, seq, larger(ours, theirs))

    def vector(self, branch: bytes, seq: int) -> dict[bytes, int]:
        """What a branch holds at record `seq`, of each branch up to which record; earlier, what it begins with."""
        made = self.by_id[branch]
        if seq < made.seq:
            return self.vector(made.parent, min(made.fork, seq))
        others = self._others.get(branch)
        held = (others.at(seq) if others is not None else None) or {}
        return {**held, branch: seq}

    def holds(self, branch: bytes, at_seq: int, other: bytes, other_seq: int) -> bool:
        """Whether `branch` held record `other_seq` of branch `other` when the log stood at `at_seq`."""
        return branch in self.by_id and self.vector(branch, at_seq).get(other, 0) >= other_seq

    def dropped(self, branch: bytes, seq: int) -> set[CommandName]:
        """The gestures that the merges which a branch holds at record `seq` left out."""
        return {gesture for merge in self.merges_held(branch, seq) for gesture in merge.dropped}

    def merge_strategy(
        self, branch: bytes, one: bytes, one_seq: int, other: bytes, other_seq: int, seq: int = U64_MAX
    ) -> Strategy | None:
        """The strategy of the first merge that a branch holds at record `seq` which brought two records together."""
        for merge in self.merges_in_order(branch, seq):
            if merge.brings_together(one, one_seq, other, other_seq):
                return merge.strategy
        return None

    def merges_in_order(self, branch: bytes, seq: int = U64_MAX) -> tuple[Merge, ...]:
        """`merges_held`, in the order of the log."""
        key = (branch, seq)
        found = self._ordered.get(key)
        if found is None:
            # What is kept may be dropped at any time, where another thread writes an export.
            found = self._ordered[key] = tuple(sorted(self.merges_held(branch, seq), key=lambda merge: merge.number))
        return found

    def merges_held(self, branch: bytes, seq: int) -> Iterator[Merge]:
        """Every merge of which a branch holds what it made at record `seq`, those into its parent and sources too."""
        seen: dict[bytes, int] = {}
        found: set[int] = set()
        waiting = [(branch, seq)]
        while waiting:
            line, until = waiting.pop()
            if seen.get(line, -1) >= until:
                continue
            seen[line] = until
            made = self.by_id[line]
            if made.seq:
                waiting.append((made.parent, min(made.fork, until)))
            for merge in self._merges[line]:
                if merge.seq <= until and merge.number not in found:
                    found.add(merge.number)
                    waiting.append((merge.source, merge.at))
                    yield merge

    def merge_size(self, branch: bytes, seq: int, source: bytes, at: int) -> int:
        """How many commands a merge replays: those of the two since what both hold, counted in steps of a token's."""
        if branch not in self.by_id or source not in self.by_id:
            return 0
        ours, theirs = self.vector(branch, seq), self.vector(source, at)
        total = 0
        for each, held in larger(ours, theirs).items():
            counted = self.counts.get(each)
            if counted is not None:
                total += counted.between(min(ours.get(each, 0), theirs.get(each, 0)), held)
        return total

    def length_after(self, branch: bytes, seq: int, after: int) -> int:
        """How many commands above record `after` a branch holds at record `seq`, counted as for `merge_size`."""
        held = self.vector(branch, seq)
        return sum(self.counts[each].between(after, until) for each, until in held.items() if each in self.counts)

    def _put(self, branch: bytes, seq: int, vector: Mapping[bytes, int]) -> None:
        others = {each: held for each, held in vector.items() if each != branch}
        self._others.setdefault(branch, Timeline()).put(seq, others)


class CommandCount:
    """How many commands a branch had at a record, noted each time that they have grown by a merge's token."""

    def __init__(self) -> None:
        self.seqs: list[int] = [0]
        self.totals: list[int] = [0]
        self.total = 0

    def add(self, seq: int, count: int) -> None:
        """So many more at record `seq`."""
        self.total += count
        if self.total - self.totals[-1] >= MERGE_COMMANDS_PER_TOKEN:
            self.seqs.append(seq)
            self.totals.append(self.total)

    def between(self, after: int, until: int) -> int:
        """At least how many came after record `after` and up to `until`; too many by at most two tokens' worth."""
        if until <= after:
            return 0
        below = self.totals[bisect_right(self.seqs, after) - 1]
        index = bisect_left(self.seqs, until)
        return (self.totals[index] if index < len(self.totals) else self.total) - below


def larger(one: Mapping[bytes, int], other: Mapping[bytes, int]) -> dict[bytes, int]:
    """Two vectors as one: of each branch the larger entry."""
    union = dict(one)
    for each, held in other.items():
        if held > union.get(each, 0):
            union[each] = held
    return union


def judges_anew(before: Collection[Merge], after: Collection[Merge], held: Mapping[bytes, int]) -> bool:
    """Whether of what was held (a vector) any two may have been brought together by another merge than was known.

    Args:
        before: the merges that were known.
        after: those that are.
        held: of each branch, up to which record there was something to judge.
    """
    known = {merge.number for merge in before}
    if not known <= {merge.number for merge in after}:
        return True
    return any(_meets(merge.news, held) and _meets(merge.rest, held) for merge in after if merge.number not in known)


def _beyond(one: Mapping[bytes, int], other: Mapping[bytes, int]) -> dict[bytes, Span]:
    return {each: (other.get(each, 0), held) for each, held in one.items() if held > other.get(each, 0)}


def _has(spans: Mapping[bytes, Span], branch: bytes, seq: int) -> bool:
    span = spans.get(branch)
    return span is not None and span[0] < seq <= span[1]


def _meets(spans: Mapping[bytes, Span], held: Mapping[bytes, int]) -> bool:
    return any(after < held.get(branch, 0) for branch, (after, _) in spans.items())
