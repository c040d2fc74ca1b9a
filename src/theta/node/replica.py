"""A replica: the log and everything that follows from it. The room, Python peers and the tools hold the same one."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import NamedTuple

from theta.base.errors import BeyondHistory, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.base.limits import U64_MAX
from theta.commands.governing import Governing
from theta.commands.log import Command, CommandLog
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Conflict, Fold, FoldChange, OutcomeChange
from theta.editor.fold_base import FoldBase, Past
from theta.editor.history import Gestures, History
from theta.editor.judging import LogJudge
from theta.editor.masks import OwnedGesture
from theta.editor.resuming import Tail
from theta.editor.unit import Outcome, Unit
from theta.editor.unit_fold import BeyondBase
from theta.node.asset_shelf import AssetShelf
from theta.node.floors import Floors, floor_of
from theta.node.older import OlderCommands
from theta.node.protocol import REGISTRY
from theta.node.reading import LogReader
from theta.wire.messages import UnitPatch

PATCHED_SLICE_BYTES = 262_144
"""What is shown and hashed anew between two pauses of `apply_slowly`; one object that is larger has its own."""
STACKED_SLICE_COMMANDS = 1_024
"""Commands that the authors' history takes between two pauses of `apply_slowly`."""
SHOWN_SLICE_ENTITIES = 64
"""Objects that are shown for the first time between two pauses, unless one of them is large."""
READ_SLICE_RECORDS = 32
"""Old records that are read between two pauses of `apply_slowly`."""


class ReplicaChange(NamedTuple):
    """What records changed: the new commands, every changed outcome, every new conflict, and the units as patches."""

    commands: list[Command]
    outcomes: list[OutcomeChange]
    units: list[UnitPatch]
    conflicts: list[Conflict]


NO_CHANGE = ReplicaChange([], [], [], [])


class Replica:
    """log → fold → document, and the authors' history, of one branch.

    Args:
        assets: what commands name, before they are folded.
        log: the log that it follows, when others follow it too; a new one by default.
        branch: whose document it is.
        until: the last record that it will follow, of a document of the past: later merges do not count (CMD-83).
    """

    def __init__(
        self,
        assets: AssetShelf | None = None,
        log: CommandLog | None = None,
        branch: bytes = MAIN_BRANCH,
        until: int = U64_MAX,
    ) -> None:
        self.assets = assets if assets is not None else AssetShelf()
        self.world = World()
        self.log = log if log is not None else CommandLog(REGISTRY)
        self.reader = LogReader(self.log)
        self.branch = branch
        self.until = until
        self.judge = LogJudge(self.log.governance, branch, until)
        self.fold = Fold(self.assets, self.judge)
        self.history = History(self.fold)
        self.document = Document(self.world)
        self.folded_seq = 0
        self.is_folding = False
        """Whether `apply_slowly` has begun and not ended: units and document are between two moments."""
        self.last_change = NO_CHANGE
        """What the last `apply_slowly` that ended has changed."""
        self._held: Mapping[bytes, int] = {branch: 0}
        self._dropped: set[CommandName] = set()

    @classmethod
    def from_records(
        cls, records: Iterable[StoredRecord], assets: AssetShelf | None = None, *, verify: bool = False
    ) -> "Replica":
        """The replica of a whole log, with the assets that it names.

        Raises:
            StoreCorrupt: a record does not fit, or names an asset that is missing; names the first.
        """
        replica = cls(assets)
        commands: list[Command] = []
        for record in records:
            commands += replica.log.accept(record, verify=verify)
        replica.check_assets(commands)
        replica.apply(commands, replica.log.head_seq)
        return replica

    def begin(self, base: FoldBase, units: Mapping[bytes, Unit], past: Past, seq: int) -> None:
        """Begin with what the commands up to a frontier have come to; then `go_on` with those above it.

        Args:
            base: what is said about them.
            units: what they fold to.
            past: reads them again when they are needed.
            seq: up to which record all was folded when that was written down.
        """
        self.fold = Fold.from_base(base, units, past, self.assets, self.judge)
        self.history = History(self.fold)
        self._held = self.log.governance.vector(self.branch, seq)
        self._dropped = set(base.left_out)
        self.folded_seq = seq

    def go_on(self, tail: list[Command], commands: list[Command], seq: int, known: Tail | None = None) -> None:
        """After `begin`: fold the branch's commands above the frontier, and those of the records after, up to `seq`.

        Args:
            tail: the first, in the order of the log.
            commands: the others.
            seq: the log's record.
            known: what the first have come to, so that they need not be folded.

        Raises:
            InvalidValue: what is known is of other commands.
        """
        for _ in self.go_on_slowly(tail, commands, seq, known):
            pass

    def go_on_slowly(
        self, tail: list[Command], commands: list[Command], seq: int, known: Tail | None = None
    ) -> Iterator[None]:
        """As `go_on`, pausing every few milliseconds; only what is known is taken in one piece."""
        if known is None:
            yield from self.fold.add_slowly(tail)
        else:
            self.fold.resume(tail, known)
        self.history.add(tail)
        yield from self.apply_slowly(commands, seq)
        self.is_folding = True
        for count, entity in enumerate(self.fold.entities(), 1):
            yield from self.document.update_slowly(entity, self.fold.unit(entity))
            if count % SHOWN_SLICE_ENTITIES == 0:
                yield
        self.is_folding = False

    def check_assets(self, commands: Iterable[Command]) -> None:
        """Whether all that commands name is here.

        Raises:
            StoreCorrupt: an asset is missing; names the record.
        """
        for command in commands:
            for asset in command.operation.assets:
                if asset not in self.assets:
                    raise StoreCorrupt(command.seq, f"the asset {asset.hex()}, which it names, is missing or damaged")

    def apply(self, commands: list[Command], seq: int) -> ReplicaChange:
        """Fold the commands of the log's records up to `seq`, of whatever branch."""
        for _ in self.apply_slowly(commands, seq):
            pass
        return self.last_change

    def apply_slowly(self, commands: Iterable[Command] | None, seq: int) -> Iterator[None]:
        """As `apply`, pausing every few milliseconds; `last_change` says at the end what changed.

        Args:
            commands: those of the records since the last call; None to read them from the log.
            seq: the log's record up to which to fold.
        """
        self.is_folding = True
        if not self.folded_seq and self.reader.floors is not None:
            yield from self._begin_at_floor(self.reader.floors, seq)
        before, self._held = self._held, self.log.governance.vector(self.branch, seq)
        new = [each for each in commands or () if each.branch == self.branch or isinstance(each.operation, Governing)]
        for part in self._fetch(before, seq, own=commands is None):
            new += part
            yield
        changes = []
        dropped = self.log.governance.dropped(self.branch, seq)
        newly_dropped, self._dropped = dropped - self._dropped, set(dropped)
        try:
            if newly_dropped:
                yield from self.fold.leave_out_slowly(newly_dropped)
                changes.append(self.fold.last_change)
            yield from self.fold.add_slowly(new)
            yield from self._stack(new)
        except BeyondBase:
            yield from self._fold_anew(seq, new)
        changes.append(self.fold.last_change)
        patches: list[UnitPatch | None] = []
        size = 0
        for entity in sorted({entity for change in changes for entity in change.entities}):
            if size > PATCHED_SLICE_BYTES:
                size = 0
                yield
            patch = yield from self.document.update_slowly(entity, self.fold.unit(entity))
            patches.append(patch)
            size += sum(len(part.data) for part in patch.components) if patch is not None else 0
        if size > PATCHED_SLICE_BYTES:
            yield
        self.folded_seq = seq
        self.last_change = ReplicaChange(
            new,
            [outcome for change in changes for outcome in change.outcomes],
            [patch for patch in patches if patch is not None],
            [conflict for change in changes for conflict in change.conflicts],
        )
        self.is_folding = False

    def apply_all(self, seq: int) -> ReplicaChange:
        """As `apply`, with the commands read from the log."""
        for _ in self.apply_slowly(None, seq):
            pass
        return self.last_change

    def outcome(self, name: CommandName) -> Outcome | None:
        """What became of a command of this branch, or of one that governs the room; None when it is not here."""
        reason = self.log.governance.outcome(name)
        return Outcome("no-op", reason) if reason else self.fold.outcome(name)

    def dependants(self, author: bytes, gestures: Gestures) -> list[Command]:
        """Others' commands that undoing the author's gestures would bring to nothing."""
        return self.fold.dependants(author, [OwnedGesture(author, gesture) for gesture in gestures])

    def cascade_of(self, author: bytes, gestures: Gestures) -> list[CommandName]:
        """Others' gestures to be undone together with the author's: what depends on these, and on that."""
        return self.fold.cascade_of(author, [OwnedGesture(author, gesture) for gesture in gestures])

    def commands_to_try(self, author: bytes, gestures: Gestures) -> int:
        """How many commands `dependants` replays to find out."""
        return self.fold.commands_to_try([OwnedGesture(author, gesture) for gesture in gestures])

    def name_of(self, author: bytes) -> str:
        """What the author was called last, or the start of the key."""
        for session in reversed(self.log.sessions.values()):
            if session.author == author:
                return session.name
        return author.hex()[:8]

    def _stack(self, commands: list[Command]) -> Iterator[None]:
        """Put commands that are folded on their authors' stacks."""
        for first in range(0, len(commands), STACKED_SLICE_COMMANDS):
            if len(commands) > STACKED_SLICE_COMMANDS:
                yield
            self.history.add(commands[first : first + STACKED_SLICE_COMMANDS])

    def _fold_anew(self, seq: int, new: list[Command]) -> Iterator[None]:
        """Fold all of the branch's commands from nothing: a merge brought some from below what the fold began with.

        What the records before have come to is reported where it was known and is another now.
        """
        before, floors = self.fold, self.reader.floors
        commands: list[Command] = []
        first_seq = floors.seq if floors is not None else 0
        held = self.log.governance.vector(self.branch, first_seq) if floors is not None else {}
        for part in self._fetch(held, seq, own=True, folded_seq=first_seq):
            commands += part
            yield
        if floors is None:
            self.fold = Fold(self.assets, self.judge, self._dropped)
        else:
            self.fold = yield from self._fold_at_floor(floors)
        self.history = History(self.fold)
        yield from self.fold.add_slowly(commands)
        yield from self._stack(commands)
        change = self.fold.last_change
        names = {command.name for command in new}
        outcomes = []
        for each in change.outcomes:
            known = before.outcome(each.command.name)
            if known != each.outcome and (known is not None or each.command.name in names):
                outcomes.append(each._replace(before=known))
        conflicts = [each for each in change.conflicts if each.command.name in names]
        self.fold.last_change = FoldChange(change.entities, outcomes, conflicts)

    def _begin_at_floor(self, floors: Floors, seq: int) -> Iterator[None]:
        """Begin with what a compacted log's base says of the branch, as of its record."""
        if seq < floors.seq:
            raise BeyondHistory("it is older than what is kept: `theta compact` dropped it")
        self.fold = yield from self._fold_at_floor(floors)
        self.history = History(self.fold)
        self._dropped = set(self.fold.left_out)
        self._held = self.log.governance.vector(self.branch, floors.seq)
        self.folded_seq = floors.seq
        for entity in self.fold.entities():
            yield from self.document.update_slowly(entity, self.fold.unit(entity))

    def _fold_at_floor(self, floors: Floors) -> Generator[None, None, Fold]:
        base, units = yield from floors.read_slowly(self.log.governance.lines.root(self.branch))
        where = (self.branch, floors.seq, base.position.lamport)
        past = OlderCommands(self.log, self.reader, *where, floor_of(base))
        return Fold.from_base(base, units, past, self.assets, self.judge, self._dropped)

    def _fetch(
        self, before: Mapping[bytes, int], seq: int, *, own: bool, folded_seq: int | None = None
    ) -> Iterator[list[Command]]:
        """What merges brought from other branches, out of the log.

        Args:
            before: what the branch held last time.
            seq: the record up to which.
            own: whether the branch's own commands are wanted too.
            folded_seq: up to which record the rest is known; as it stands by default.
        """
        known_seq = self.folded_seq if folded_seq is None else folded_seq
        grown = {branch for branch, held in self._held.items() if held > before.get(branch, 0)}
        if not own:
            grown.discard(self.branch)
        if not grown:
            return
        # A branch has nothing of its own before the record that made it.
        made = self.log.governance.branches
        starts = [max(before.get(branch, 0), made[branch].seq) for branch in grown]
        first = 1 + min([*starts, self.folded_seq] if own else starts)
        # What a compacted log has dropped holds nothing that is lacking here: such merges have no effect.
        first = max(first, self.log.governance.lines.base_seq + 1)
        last = max(self._held[branch] for branch in grown)
        for at in range(first, last + 1, READ_SLICE_RECORDS):
            part: list[Command] = []
            for record in self.reader.records(at, min(last, at + READ_SLICE_RECORDS - 1)):
                for each in self.reader.commands(record):
                    if isinstance(each.operation, Governing):
                        is_new = own and known_seq < each.seq <= seq
                    else:
                        is_new = (
                            each.branch in grown and before.get(each.branch, 0) < each.seq <= self._held[each.branch]
                        )
                    if is_new:
                        part.append(each)
            yield part
