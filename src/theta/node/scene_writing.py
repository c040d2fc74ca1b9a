"""The document of one moment as a GLB file, with who made what: the slow part, which may be done in another thread.

What it works on does not change any more: copies of meshes, commands and records, which nobody writes again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from theta.commands import records
from theta.commands.log import Command
from theta.commands.packets import decode_body
from theta.commands.store import StoredRecord
from theta.editor.authorship import ElementMakers, element_makers
from theta.editor.fold import NOTHING_READ
from theta.editor.judging import Judge, LogJudge
from theta.gltf import Authorship, ExportedEntity, LogHead, Maker, export_glb
from theta.gltf.authorship import NUMBER_MAX
from theta.node.replica import Replica


@dataclass(frozen=True)
class UnitCommands:
    """All commands of one entity in the order of the fold, and which of them take part."""

    commands: tuple[Command, ...]
    effective: tuple[bool, ...]

    @property
    def is_whole(self) -> bool:
        """Whether they begin with what made the entity; a compacted log has what came later only (LOG-26)."""
        return any(command.operation.CREATES for command in self.commands)

    def makers(self, assets: Mapping[bytes, bytes], judge: Judge) -> ElementMakers:
        """Who made what of its mesh."""
        takes_part = {each.name: takes for each, takes in zip(self.commands, self.effective, strict=True)}
        return element_makers(self.commands, lambda command: takes_part[command.name], assets, judge)


@dataclass(frozen=True)
class SceneToWrite:
    """What `glb` writes.

    Attributes:
        entities: as they are written, without authorship.
        units: of each entity, the commands that made it.
        head: where the log stands.
        names: what authors were called last.
        record: gives a record of the log by its number.
        assets: by name, all that the commands name.
        judge: as the commands were folded with.
    """

    entities: Sequence[ExportedEntity]
    units: Sequence[UnitCommands]
    head: LogHead
    names: Mapping[bytes, str]
    record: Callable[[int], StoredRecord]
    assets: Mapping[bytes, bytes]
    judge: Judge

    def glb(self, generator: str) -> bytes:
        """The file; `generator` is what makes it, for example "Theta 0.1.0".

        Raises:
            InvalidValue: it would be too large.
        """
        authored = [
            replace(entity, authorship=self._authorship(unit.makers(self.assets, self.judge)))
            if unit.is_whole
            else entity
            for entity, unit in zip(self.entities, self.units, strict=True)
        ]
        return export_glb(authored, generator, head=self.head)

    def _authorship(self, found: ElementMakers) -> Authorship:
        return Authorship(tuple([self._maker(command) for command in found.makers]), *found.rows)

    def _maker(self, command: Command) -> Maker:
        packet = records.decode(records.PacketRecord, self.record(command.seq).body)
        time_ms = decode_body(packet.body).timestamp_ms
        name = self.names.get(command.author, "")
        # Beyond NUMBER_MAX a JSON number is not exact; nobody gets there but on purpose.
        return Maker(command.author, name, command.seq, min(command.position.lamport, NUMBER_MAX), time_ms)


def scene_to_write(
    replica: Replica, scene: Mapping[bytes, ExportedEntity], old: Mapping[bytes, Sequence[Command]] = NOTHING_READ
) -> SceneToWrite:
    """What is needed to write entities of the document as it is now, by their ids in ascending order.

    Args:
        replica: whose they are.
        scene: what they look like.
        old: commands of theirs that were read and not loaded, see Fold.old_commands_slowly.
    """
    seq = replica.folded_seq
    names = {session.author: session.name for session in replica.log.sessions.values()}
    units = [UnitCommands(*replica.fold.unit_commands(entity, old)) for entity in scene]
    head = LogHead(seq, replica.log.chain_at(seq), replica.document.hash)
    # Another one than the replica's, for which nothing counts that comes while this is written.
    judge = LogJudge(replica.log.governance, replica.branch, min(seq, replica.until))
    return SceneToWrite(list(scene.values()), units, head, names, replica.reader.record, replica.assets, judge)
