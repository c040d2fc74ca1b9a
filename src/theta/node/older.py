"""The commands below a fold's base, found again in the records when an undo or a merge reaches that far (LOG-20)."""

from collections.abc import Callable, Collection, Iterator

from theta.base.identifiers import CommandName, Position, entity_id, signed_name_id
from theta.commands.governing import GOVERNING
from theta.commands.log import Command, CommandLog
from theta.commands.packets import parse_body
from theta.commands.records import PacketRecord, RecordKind, decode
from theta.commands.store import StoredRecord
from theta.editor.fold import entity_of
from theta.editor.fold_base import NOTHING_BEFORE, FoldBase
from theta.editor.unit import Unit
from theta.editor.vocabulary import OPERATIONS, SetEffective
from theta.node.reading import LogReader

_NOWHERE = {signed_name_id(SetEffective.NAME), *(signed_name_id(each.NAME) for each in GOVERNING)}
_CREATING = {signed_name_id(each.NAME) for each in OPERATIONS if each.CREATES}
# A payload is an array of at most 15 fields, the first of which is its entity: 16 bytes after these two.
_ID_HEAD = b"\xc4\x10"
_ID_START, _ID_END = 3, 19

SCANNED_SLICE_RECORDS = 16
"""Records that are looked through between two pauses."""

_MayBe = Callable[[int, CommandName, CommandName, bytes], bool]
"""Whether a command may be looked for, by its type, name, gesture and payload; what cannot be told so, may be."""


class OlderCommands:
    """Looks for commands of a branch at or below a base.

    Args:
        log: whose they are.
        reader: reads its records.
        branch: the branch's id.
        folded_seq: up to which record the branch was folded when the base was made.
        lamport: the highest Lamport time in the base.
        floor: what commands that were dropped had come to, of a compacted log.
    """

    def __init__(
        self,
        log: CommandLog,
        reader: LogReader,
        branch: bytes,
        folded_seq: int,
        lamport: int,
        floor: FoldBase = NOTHING_BEFORE,
    ) -> None:
        self.floor = floor
        self._log = log
        self._reader = reader
        self._branch = branch
        self._folded_seq = folded_seq
        self._lamport = lamport

    @property
    def is_gone(self) -> bool:
        """Whether all of them were dropped, so that there is nothing to be found."""
        return self.floor.position.lamport >= self._lamport

    def units_of(self, entities: Collection[bytes]) -> Iterator[tuple[bytes, Unit] | None]:
        """What those that were dropped had come to on some entities; None where it may pause.

        Raises:
            NotHere: that is not here.
        """
        floors = self._reader.floors
        if floors is None:
            return
        section = yield from floors.read_slowly(self._log.governance.lines.root(self._branch), entities)
        yield from section.units.items()

    def of_gestures(self, gestures: Collection[CommandName]) -> Iterator[Command | None]:
        """All edits of some gestures in the base, in the order of the log; None where it may pause."""
        return self._scan(lambda type_id, name, gesture, payload: gesture in gestures)

    def of_entities(self, entities: Collection[bytes]) -> Iterator[Command | None]:
        """All edits of some entities in the base, in the order of the log; None where it may pause."""

        def may_be(type_id: int, name: CommandName, gesture: CommandName, payload: bytes) -> bool:
            if type_id in _CREATING:
                return entity_id(name) in entities
            return payload[1:_ID_START] != _ID_HEAD or payload[_ID_START:_ID_END] in entities

        return (each for each in self._scan(may_be) if each is None or entity_of(each) in entities)

    def _scan(self, may_be: _MayBe) -> Iterator[Command | None]:
        held = self._log.governance.vector(self._branch, self._folded_seq)
        begin = self._log.governance.lines.base_seq + 1
        for first in range(begin, self._folded_seq + 1, SCANNED_SLICE_RECORDS):
            for record in self._reader.records(first, min(self._folded_seq, first + SCANNED_SLICE_RECORDS - 1)):
                if record.kind == RecordKind.PACKET:
                    packet = decode(PacketRecord, record.body)
                    if record.seq <= held.get(packet.branch, 0):
                        yield from self._read(record, packet, may_be)
            yield None

    def _read(self, record: StoredRecord, packet: PacketRecord, may_be: _MayBe) -> Iterator[Command]:
        author = self._log.sessions[packet.session].author
        for envelope in parse_body(packet.body).envelopes():
            name = CommandName(packet.actor, envelope.number)
            gesture = CommandName(packet.actor, envelope.gesture)
            if envelope.lamport > self._lamport or envelope.type_id in _NOWHERE:
                continue
            if may_be(envelope.type_id, name, gesture, bytes(envelope.payload)):
                position = Position(envelope.lamport, *name)
                operation = self._log.registry.decode(envelope)
                yield Command(position, name, gesture, author, record.seq, packet.seen, operation, packet.branch)
