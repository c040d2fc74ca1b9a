"""What became of the commands of a whole log: each branch that somebody asks about is folded once."""

from collections import deque
from collections.abc import Collection, Iterable

from theta.adapters.chosen_branches import chosen_branch
from theta.base.errors import InvalidValue, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.cli.console import Pulse
from theta.cli.deeds import Chronicle
from theta.cli.words import tell
from theta.commands.command import Command
from theta.commands.log import CommandLog
from theta.commands.store import LogSource, StoredRecord
from theta.editor.masks import OwnedGesture
from theta.editor.unit import Outcome
from theta.node.asset_shelf import AssetShelf
from theta.node.opening import open_log
from theta.node.protocol import REGISTRY
from theta.node.replica import Replica


def log_of(records: Iterable[StoredRecord], shelf: AssetShelf) -> CommandLog:
    """The log of records that were proved before, unfolded; `shelf` holds the assets.

    Raises:
        StoreCorrupt: a record does not fit, or names an asset that is missing.
    """
    log = CommandLog(REGISTRY)
    for record in records:
        log.accept(record, verify=False)
    for asset, seq in log.named_assets.items():
        if asset not in shelf:
            raise StoreCorrupt(seq, f"the asset {asset.hex()}, which it names, is missing or damaged")
    return log


def folded(main: Replica, branch: bytes) -> Replica:
    """A branch's document at the head of the log that the main branch's replica follows."""
    if branch == main.branch:
        return main
    replica = Replica(main.assets, main.log, branch)
    replica.reader = main.reader
    with Pulse("Folding") as pulse:
        for _ in replica.apply_slowly(None, main.log.head_seq):
            pulse()
    return replica


def opened(source: LogSource, shelf: AssetShelf, branch: str) -> Replica:
    """A branch's document, from the newest good checkpoint on; `branch` as for `branch_called`.

    Raises:
        InvalidValue: there is no branch of that name.
        StoreCorrupt: there are no records, or one does not fit.
    """
    main = open_log(source, shelf).replica
    if main.log.is_empty:
        raise StoreCorrupt(1, "the file holds no records: its room was never opened")
    return folded(main, branch_called(main.log, branch))


def branch_called(log: CommandLog, name: str) -> bytes:
    """A branch by its name; "" is the one chosen with `theta branch switch`, or else the main one.

    Raises:
        InvalidValue: there is none of that name; says what there is.
    """
    branches = {branch.name: branch.id for branch in log.governance.branches.values()}
    if not name:
        return branches.get(chosen_branch(log.genesis.room), MAIN_BRANCH)
    if name not in branches:
        raise InvalidValue("branch", name, "one of " + ", ".join(branches))
    return branches[name]


class Outcomes:
    """The folds of a log, each from its first record on: a checkpoint knows nothing of what became of old commands.

    Args:
        source: the log.
        shelf: the assets that it names.
        chronicle: reads the same records meanwhile.
    """

    def __init__(self, source: LogSource, shelf: AssetShelf, chronicle: Chronicle) -> None:
        self._chronicle = chronicle
        if source.first_seq > 1:
            self._main = open_log(source, shelf).replica
            chronicle.know_base(self._main.log, source)
            deque(chronicle.over(source.read()), maxlen=0)
        else:
            log = log_of(chronicle.over(source.read()), shelf)
            self._main = Replica(shelf, log)
            with Pulse("Folding") as pulse:
                for _ in self._main.apply_slowly(None, log.head_seq):
                    pulse()
        # Which were begun in vain is known by now.
        branches = self._main.log.governance.branches
        chronicle.branch_names = {branch.id: branch.name for branch in branches.values()}
        self._replicas: dict[bytes, Replica] = {MAIN_BRANCH: self._main}

    def of(self, command: Command) -> Outcome | None:
        """What became of a command on its own branch."""
        return self._replica(command.branch).outcome(command.name)

    def gestures_on(self, entities: Collection[bytes], branches: Collection[bytes]) -> set[CommandName]:
        """The gestures that did something to these objects on these branches."""
        return {
            command.gesture
            for branch in branches
            for entity in entities
            for command in self._replica(branch).fold.unit_commands(entity)[0]
        }

    def gesture_words(self, gesture: CommandName, branch: bytes) -> str:
        """What a gesture on a branch was: its first command in words; "" when it holds no edit."""
        author = self._chronicle.author_of(gesture.actor)
        if author is None:
            return ""
        commands = self._replica(branch).fold.commands_of(OwnedGesture(author, gesture))
        if not commands:
            return ""
        first = min(commands, key=lambda command: command.position)
        return tell(first, self._chronicle.entity_of(first, branch)[1], self._chronicle.call)

    def _replica(self, branch: bytes) -> Replica:
        if branch not in self._replicas:
            self._replicas[branch] = folded(self._main, branch)
        return self._replicas[branch]
