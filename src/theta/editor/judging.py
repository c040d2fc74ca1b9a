"""What the fold asks about two commands and cannot see in either: which came first, and what happens if neither did.

The log knows (theta.commands.governance); a fold without a log is judged by `ALONE`: one branch, no policies.
"""

from collections.abc import Mapping
from typing import Protocol

from theta.base.limits import U64_MAX
from theta.commands.branches import Merge, judges_anew
from theta.commands.governance import Governance, Strategy
from theta.commands.log import Command


class Judge(Protocol):
    """Causality, the room's policies, and who may do what: all of them follow from the log in `seq` order."""

    def precedes(self, actor: int, seq: int, branch: bytes, later: Command) -> bool:
        """Whether a command of `actor` in record `seq` of `branch`, ordered before `later`, was known to its author.

        Otherwise the two are concurrent.
        """
        ...

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        """What happens when `later` is in conflict with a concurrent command in a record of `earlier_branch`."""
        ...

    def may(self, author: bytes, seq: int, command_name: str) -> bool:
        """Whether the author might use commands of this type at record `seq`."""
        ...

    def cascade_allowed(self, seq: int) -> bool:
        """Whether an undo at record `seq` may take back what others built on it."""
        ...

    def agreed(self) -> int:
        """A number that rises when a merge changes by which strategy what was held already is judged."""
        ...


class Alone:
    """One branch, no policies, everybody may do everything."""

    def precedes(self, actor: int, seq: int, branch: bytes, later: Command) -> bool:
        """See Judge.precedes."""
        return actor == later.position.actor or seq <= later.seen

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        """See Judge.strategy."""
        return Strategy.LAST_WRITER_WINS

    def may(self, author: bytes, seq: int, command_name: str) -> bool:
        """See Judge.may."""
        return True

    def cascade_allowed(self, seq: int) -> bool:
        """See Judge.cascade_allowed."""
        return True

    def agreed(self) -> int:
        """See Judge.agreed."""
        return 0


ALONE: Judge = Alone()


class LogJudge:
    """Judges for the document of one branch by what the log has governed.

    Args:
        governance: the log's.
        branch: the branch's id.
        until: the last record whose merges count: that of the moment, for a document of the past.
    """

    def __init__(self, governance: Governance, branch: bytes, until: int = U64_MAX) -> None:
        self._governance = governance
        self._branch = branch
        self._until = until
        self._agreed = 0
        self._governed = -1
        self._merges: tuple[Merge, ...] = ()
        self._held: Mapping[bytes, int] = {}

    def precedes(self, actor: int, seq: int, branch: bytes, later: Command) -> bool:
        """See Judge.precedes."""
        if actor == later.position.actor:
            return True
        if branch == later.branch:
            return seq <= later.seen
        return self._governance.holds(later.branch, later.seen, branch, seq)

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        """See Judge.strategy: a merge's own strategy for what it brought together, else the policy at `later`."""
        if earlier_branch != later.branch:
            merged = self._governance.merge_strategy(
                self._branch, earlier_branch, earlier_seq, later.branch, later.seq, self._until
            )
            if merged is not None:
                return merged
        return self._governance.strategy(later.operation.NAME, later.seq)

    def may(self, author: bytes, seq: int, command_name: str) -> bool:
        """See Judge.may."""
        return self._governance.may(author, seq, command_name)

    def cascade_allowed(self, seq: int) -> bool:
        """See Judge.cascade_allowed."""
        return self._governance.cascade_allowed(seq)

    def agreed(self) -> int:
        """See Judge.agreed."""
        governance, branch = self._governance, self._branch
        governed = len(governance.commands)
        if governed != self._governed and branch in governance.branches:
            merges = governance.merges(branch, self._until)
            self._agreed += judges_anew(self._merges, merges, self._held)
            self._governed, self._merges, self._held = governed, merges, governance.vector(branch, self._until)
        return self._agreed
