"""The documents that somebody is working on: the main branch's always, another's while a session is on it."""

from collections.abc import Generator, Iterator, Sequence

from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.base.limits import BRANCHES_OPEN_MAX, U64_MAX
from theta.commands.store import LogSource
from theta.node.beginning import begin_slowly
from theta.node.replica import Replica


class Branches:
    """A room's replicas, all over the log of the main one.

    Args:
        main: the main branch's.
        source: where its checkpoints are, so that others need not be folded from nothing.
    """

    def __init__(self, main: Replica, source: LogSource | None = None) -> None:
        self._source = source
        assert main.branch == MAIN_BRANCH
        self.main = main
        self._ready: dict[bytes, Replica] = {MAIN_BRANCH: main}
        self._opening: set[bytes] = set()

    def __iter__(self) -> Iterator[Replica]:
        """Those that are kept up to date, the main one first."""
        return iter(list(self._ready.values()))

    def __contains__(self, branch: bytes) -> bool:
        """Whether a branch's document is kept up to date."""
        return branch in self._ready

    @property
    def first_seq(self) -> int:
        """The first record that is kept: 1, or where a compacted log begins."""
        return self._source.first_seq if self._source is not None else 1

    @property
    def count(self) -> int:
        """How many branches the log has."""
        return len(self.main.log.governance.branches)

    def find(self, branch: bytes) -> Replica | None:
        """The replica of a branch, if it is kept up to date."""
        return self._ready.get(branch)

    def of(self, branch: bytes) -> Replica:
        """The replica of a branch that a session is on."""
        return self._ready[branch]

    def replay_length(self, branch: bytes, gestures: Sequence[CommandName]) -> int | None:
        """How many commands undoing gestures on a branch replays; None when nobody is on it, or old ones are needed."""
        replica = self._ready.get(branch)
        return replica.fold.replay_length(gestures) if replica is not None else None

    def is_opening(self, branch: bytes) -> bool:
        """Whether `open_slowly` is at work on a branch."""
        return branch in self._opening

    @property
    def is_full(self) -> bool:
        """Whether no more may be opened before another is closed."""
        return len(self._ready) + len(self._opening) >= BRANCHES_OPEN_MAX

    def open_slowly(self, branch: bytes) -> Iterator[None]:
        """Fold a branch's document, pausing every few milliseconds; at the end it is kept up to date.

        It follows the main branch's replica until it has caught up with it. Exhaust it only while that is not folding.
        """
        self._opening.add(branch)
        replica = self._empty(branch)
        try:
            yield from begin_slowly(replica, self._source, self.main.folded_seq)
            while replica.folded_seq < self.main.folded_seq:
                yield from replica.apply_slowly(None, self.main.folded_seq)
            self._ready[branch] = replica
        finally:
            self._opening.discard(branch)

    def fold_moment_slowly(self, branch: bytes, seq: int) -> Generator[None, None, Replica]:
        """Fold what a branch held at a record of the past, pausing every few milliseconds."""
        replica = self._empty(branch, seq)
        yield from begin_slowly(replica, self._source, seq)
        yield from replica.apply_slowly(None, seq)
        return replica

    def _empty(self, branch: bytes, until: int = U64_MAX) -> Replica:
        replica = Replica(self.main.assets, self.main.log, branch, until)
        replica.reader = self.main.reader
        return replica

    def keep(self, wanted: set[bytes]) -> None:
        """Let go of branches that no session is on."""
        for branch in self._ready.keys() - wanted - {MAIN_BRANCH}:
            del self._ready[branch]
