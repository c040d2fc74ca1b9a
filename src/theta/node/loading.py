"""Old commands that a question takes, read and folded a few milliseconds at a time beside everything else (LOG-20).

A document that was opened from a checkpoint has what its old commands came to, and not the commands. They are read
first, while commits go on; then the units that they belong to are folded from nothing, between two commits.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from theta.editor.fold_base import NotAtHand
from theta.node.branches import Branches
from theta.node.folding import FoldingLine
from theta.node.replica import Replica

Answer = TypeVar("Answer")


class Loading:
    """Loads what questions about the documents of a room take.

    Args:
        branches: the documents.
        line: what folds them.
    """

    def __init__(self, branches: Branches, line: FoldingLine) -> None:
        self._branches = branches
        self._line = line

    def ask_slowly(self, replica: Replica, question: Callable[[], Answer]) -> Generator[None, None, Answer]:
        """The answer to a question about a document; it may be asked several times, and must change nothing.

        Raises:
            StoreError, UsageError: old commands cannot be read.
        """
        while True:
            try:
                with replica.fold.at_hand():
                    return question()
            except NotAtHand as error:
                lacking = error
            yield from self.load_slowly(replica, lacking)

    def load_slowly(self, replica: Replica, lacking: NotAtHand) -> Iterator[None]:
        """Load what a question lacked.

        Raises:
            StoreError, UsageError: old commands cannot be read.
        """
        entities = yield from replica.fold.fetch_slowly(lacking)
        for entity in sorted(entities):
            if self._branches.find(replica.branch) is replica:
                yield from self._line.alone(_load(replica, entity))
            else:
                # Nobody folds anything into a moment of the past.
                yield from _load(replica, entity)


def _load(replica: Replica, entity: bytes) -> Iterator[None]:
    replica.is_folding = True
    try:
        yield from replica.fold.load_slowly([entity])
    finally:
        replica.is_folding = False
