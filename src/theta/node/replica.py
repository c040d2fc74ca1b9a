"""A replica: the log and everything that follows from it. The room, Python peers and the tools hold the same one."""

from collections.abc import Iterable
from typing import NamedTuple

from theta.base.errors import StoreCorrupt
from theta.commands.log import Command, CommandLog
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold, OutcomeChange
from theta.editor.history import Gestures, History
from theta.editor.masks import OwnedGesture
from theta.node.asset_shelf import AssetShelf
from theta.node.protocol import REGISTRY
from theta.wire.messages import UnitPatch


class ReplicaChange(NamedTuple):
    """What records changed: the new commands, every changed outcome, and the units as patches."""

    commands: list[Command]
    outcomes: list[OutcomeChange]
    units: list[UnitPatch]


class Replica:
    """log → fold → document, and the authors' history. `assets` holds what commands name, before they are folded."""

    def __init__(self, assets: AssetShelf | None = None) -> None:
        self.assets = assets if assets is not None else AssetShelf()
        self.world = World()
        self.log = CommandLog(REGISTRY)
        self.fold = Fold(self.assets)
        self.history = History(self.fold)
        self.document = Document(self.world)
        self.folded_seq = 0

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
        """Fold the commands of the log's records up to `seq`."""
        change = self.fold.add(commands)
        self.history.add(commands)
        self.folded_seq = seq
        patches = (self.document.update(entity, self.fold.unit(entity)) for entity in sorted(change.entities))
        return ReplicaChange(commands, change.outcomes, [patch for patch in patches if patch is not None])

    def dependants(self, author: bytes, gestures: Gestures) -> list[Command]:
        """Others' commands that undoing the author's gestures would bring to nothing."""
        return self.fold.dependants(author, [OwnedGesture(author, gesture) for gesture in gestures])

    def commands_to_try(self, author: bytes, gestures: Gestures) -> int:
        """How many commands `dependants` replays to find out."""
        return self.fold.commands_to_try([OwnedGesture(author, gesture) for gesture in gestures])

    def name_of(self, author: bytes) -> str:
        """What the author was called last, or the start of the key."""
        for session in reversed(self.log.sessions.values()):
            if session.author == author:
                return session.name
        return author.hex()[:8]
