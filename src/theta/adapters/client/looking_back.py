"""What happened in a room: who did what and when, and who made what."""

from collections.abc import Generator
from typing import Generic, NamedTuple, TypeVar, cast

from theta.adapters.client.entities import Entity
from theta.adapters.client.room_view import RoomView
from theta.adapters.client.values import AnyEntity, Element, MadeBy, id_of
from theta.base.errors import InvalidValue, StoreUnavailable, UnknownElement
from theta.base.identifiers import CommandName
from theta.base.limits import HISTORY_ENTRIES_MAX
from theta.commands.log import Command
from theta.node.labels import label_of
from theta.node.past import PastGesture, gestures_before
from theta.wire.messages import HistoryEntry, HistoryPage, HistoryRequest, WhoAnswer, WhoRequest
from theta.wire.types import ElementKind, OutcomeName

Result = TypeVar("Result")


class Past(NamedTuple, Generic[AnyEntity]):
    """A gesture of the past, press to release.

    Attributes:
        seq: the record of its last command.
        name: what its author was called last.
        author: the author's public key, 32 bytes.
        what: its first command, in a few words.
        entity: the object that it was done to; None for what governs the room, and for an undo.
        outcome: of its commands that did something the first one's, else its first command's.
        at_ms: when, by the author's clock, ms since 1970.
        gesture: its name, as `merge_branch(dropped=…)` takes it.
    """

    seq: int
    name: str
    author: bytes
    what: str
    entity: AnyEntity | None
    outcome: OutcomeName
    at_ms: int
    gesture: CommandName


class LookingBack(RoomView):
    """What a RoomClient can tell of the past of the branch that it is on."""

    async def history(self, count: int = 20, before: int = 0) -> list[Past[Entity]]:
        """The last gestures, newest first; those of one record come together, so that there may be a few more.

        What was done before this client came may not be held here; then the room is asked.

        Args:
            count: how many, from 1 to HISTORY_ENTRIES_MAX.
            before: only those that ended before this record; 0 for all.

        Raises:
            InvalidValue: a value out of its limits.
            CommandRefused: the room was asked too often, or holds no more either.
        """
        if not 1 <= count <= HISTORY_ENTRIES_MAX:
            raise InvalidValue("count", count, f"from 1 to {HISTORY_ENTRIES_MAX}")
        if before < 0:
            raise InvalidValue("before", before, "a record, or 0 for all")
        try:
            return [self._past_of(each) for each in _all_of(gestures_before(self.replica, before, count))[0]]
        except StoreUnavailable:
            page = await self._ask(lambda number: HistoryRequest(number, before, count))
            assert isinstance(page, HistoryPage)
            return [self._past_told(entry) for entry in page.entries]

    async def who_made(self, entity: Entity, element: Element | None = None) -> MadeBy:
        """Who made an object, or a vertex, an edge or a face of its mesh, and how; the room is asked what is not here.

        Raises:
            UnknownElement: no such object or element lives.
            CommandRefused: the room was asked too often.
        """
        kind = "object" if element is None else cast(ElementKind, entity.select.kind_of(element))
        identifier = entity.id if element is None else id_of(element)
        try:
            return entity.made_by(element) if element is not None else self._creator_of(entity)
        except StoreUnavailable:
            answer = await self._ask(lambda number: WhoRequest(number, entity.id, kind, identifier))
        assert isinstance(answer, WhoAnswer)
        if not answer.found:
            raise UnknownElement(kind, identifier)
        return MadeBy(answer.author_name, answer.author, answer.label, answer.seq, answer.at_ms)

    def _creator_of(self, entity: Entity) -> MadeBy:
        commands, _ = self.replica.fold.unit_commands(entity.id)
        for command in commands:
            if command.operation.CREATES and entity.exists:
                return self.made_by(command)
        raise UnknownElement("object", entity.id)

    def made_by(self, command: Command) -> MadeBy:
        """A command as what made something: whose it is, what it was and when."""
        (record,) = self.replica.reader.records(command.seq, command.seq)
        times = [at_ms for each, at_ms in self.replica.reader.timed_commands(record) if each.name == command.name]
        what = label_of(command, self.name_of)
        return MadeBy(self.name_of(command.author), command.author, what, command.seq, times[0])

    def _past_of(self, past: PastGesture) -> Past[Entity]:
        command = past.command
        return Past(
            past.seq,
            self.name_of(command.author),
            command.author,
            label_of(command, self.name_of),
            Entity(self, past.entity) if past.entity else None,
            past.outcome,
            past.at_ms,
            command.gesture,
        )

    def _past_told(self, entry: HistoryEntry) -> Past[Entity]:
        entity = Entity(self, entry.entity) if entry.entity else None
        gesture = CommandName(entry.actor, entry.number)
        return Past(
            entry.seq, entry.author_name, entry.author, entry.label, entity, entry.outcome, entry.at_ms, gesture
        )


def _all_of(work: Generator[None, None, Result]) -> Result:
    """What work that pauses now and then comes to."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: Result = end.value
            return found
