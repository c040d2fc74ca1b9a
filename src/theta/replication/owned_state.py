"""What participants send of the entities that they own, and what the room takes of it (REP-66, REP-67)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import OWNED_BODY_BYTES_MAX, OWNED_REPEAT_SECONDS, OWNED_ROWS_MAX
from theta.ecs.entities import Entities
from theta.replication.entity_sections import EntityRows, chosen_rows, places_of, read_entities, write_entities
from theta.replication.ownership import OwnershipTable, following, is_newer
from theta.replication.receiving import Written
from theta.replication.schema import Schema
from theta.wire.ownership_messages import OwnedState


class Taken(NamedTuple):
    """What of a message counts.

    Attributes:
        tick: the sender's.
        written: by component number, the values that count; the entities have them from now on.
    """

    tick: int
    written: dict[int, Written]


class OwnedStateSender:
    """Makes a participant's messages; a message's sequence is also the number of the input that it is (REP-72).

    Args:
        schema: of the session's descriptors.

    Attributes:
        schema: set it anew when there are more descriptors.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._sequence = 0
        self._timeout: float | None = None

    @property
    def sequence(self) -> int:
        """Of the last message; 0 before the first."""
        return self._sequence

    @property
    def timeout(self) -> float | None:
        """When to say again what is owned, changed or not, in monotonic seconds; None where nothing was."""
        return self._timeout

    def messages(
        self, now: float, tick: int, entities: Sequence[int], ownerships: Sequence[int], written: Mapping[int, Written]
    ) -> list[OwnedState]:
        """The messages that tell of owned entities; as many as it takes for each to be a datagram.

        Args:
            now: monotonic seconds.
            tick: this participant's own count.
            entities: n of the room's, each once; one without values says only that it is still held.
            ownerships: by which this participant owns them, n.
            written: by component number, values of some of these entities.

        Raises:
            InvalidValue: the values of one entity do not fit in a message; no sequence was spent.
        """
        places = places_of(written)
        bodies: list[tuple[bytes, bytes]] = []
        start = 0
        while start < len(entities):
            count = min(OWNED_ROWS_MAX, len(entities) - start)
            body = write_entities(self.schema, entities[start : start + count], places, written)
            while len(body) > OWNED_BODY_BYTES_MAX:
                if count == 1:
                    raise InvalidValue("values", len(body), f"at most {OWNED_BODY_BYTES_MAX} bytes for an entity")
                count //= 2
                body = write_entities(self.schema, entities[start : start + count], places, written)
            bodies.append((np.array(ownerships[start : start + count], "<u4").tobytes(), body))
            start += count
        self._timeout = now + OWNED_REPEAT_SECONDS if bodies else None
        return [self._message(tick, *each) for each in bodies]

    def _message(self, tick: int, ownerships: bytes, body: bytes) -> OwnedState:
        self._sequence = following(self._sequence)
        return OwnedState(self._sequence, tick, ownerships, body)


class OwnedStateIntake:
    """The room's side: of what participants send, only what an owner says of its own counts.

    Args:
        schema: of the session's descriptors.
        table: who owns what.
        allowed: numbers of the components that owners may write.

    Attributes:
        schema: set it anew when there are more descriptors.
        counts: rows that were "taken", and those dropped: "not-owned" (another's, by another ownership sequence, or
            not newer than the last) and values "not-allowed".
    """

    def __init__(self, schema: Schema, table: OwnershipTable, allowed: Collection[int]) -> None:
        self.counts: Counter[str] = Counter()
        self.schema = schema
        self._table = table
        self._allowed = frozenset(allowed)
        self._inputs: dict[int, int] = {}

    def handle_owned(self, now: float, actor: int, message: OwnedState) -> Taken:
        """An actor's message.

        Raises:
            ProtocolError: malformed; nothing was taken.
        """
        rows = read_entities(self.schema, message.body, "OwnedState", OWNED_ROWS_MAX)
        if len(message.ownerships) != 4 * len(rows.entities):
            raise ProtocolError(
                f"OwnedState: {len(message.ownerships)} bytes of ownerships for {len(rows.entities)} entities"
            )
        ownerships = np.frombuffer(message.ownerships, "<u4")
        taken = self._table.take_rows(now, actor, rows.entities, ownerships, message.sequence)
        count = int(np.count_nonzero(taken))
        self.counts["taken"] += count
        self.counts["not-owned"] += len(taken) - count
        if count:
            self._note(actor, message.sequence)
        return Taken(message.tick, self._written(rows, rows.entities[taken]))

    def input_of(self, actor: int) -> int:
        """The newest sequence of which something was taken: `StateFrame.input`; 0 when there is none."""
        return self._inputs.get(actor, 0)

    def handle_left(self, actor: int) -> None:
        """The actor is gone."""
        self._inputs.pop(actor, None)

    def _written(self, rows: EntityRows, taken: Entities) -> dict[int, Written]:
        found: dict[int, Written] = {}
        for number, values in rows.written.items():
            mine = np.ones(len(values.entities), np.bool_)
            if len(taken) < len(rows.entities):
                mine = np.isin(values.entities, taken)
            if number not in self._allowed:
                self.counts["not-allowed"] += int(mine.sum())
            elif mine.all():
                found[number] = values
            elif mine.any():
                found[number] = chosen_rows(values, mine)
        return found

    def _note(self, actor: int, sequence: int) -> None:
        if actor not in self._inputs or is_newer(sequence, self._inputs[actor]):
            self._inputs[actor] = sequence
