"""What participants send of the entities that they own, and what the room takes of it (REP-66, REP-67).

The bytes are sections of age 0 (REP-10 … REP-14), as the room's own are: 16 entities in each, cells numbered from 0.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import CELL_ENTITIES_MAX, OWNED_BODY_BYTES_MAX, OWNED_REPEAT_SECONDS, OWNED_ROWS_MAX
from theta.replication.cells import EMPTY, CellState, apply_section
from theta.replication.ownership import OwnershipTable, following, is_newer
from theta.replication.reading_sections import read_sections
from theta.replication.receiving import Written
from theta.replication.schema import ENTITY, FULL, Schema
from theta.replication.sections import varint
from theta.replication.whole_cells import natural_bytes
from theta.wire.ownership_messages import OwnedState

Rows = dict[int, int]
"""Where each entity's values are, by entity."""


class Taken(NamedTuple):
    """What of a message counts.

    Attributes:
        tick: the sender's.
        written: (number, values), a number once for each 16 entities; they have them from now on.
    """

    tick: int
    written: list[tuple[int, Written]]


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
        places = {number: dict(zip(values.entities.tolist(), range(len(values.entities)), strict=True))
                  for number, values in sorted(written.items())}  # fmt: skip
        bodies: list[tuple[bytes, bytes]] = []
        start = 0
        while start < len(entities):
            count = min(OWNED_ROWS_MAX, len(entities) - start)
            body = self._body(entities[start : start + count], places, written)
            while len(body) > OWNED_BODY_BYTES_MAX:
                if count == 1:
                    raise InvalidValue("values", len(body), f"at most {OWNED_BODY_BYTES_MAX} bytes for an entity")
                count //= 2
                body = self._body(entities[start : start + count], places, written)
            bodies.append((np.array(ownerships[start : start + count], "<u4").tobytes(), body))
            start += count
        self._timeout = now + OWNED_REPEAT_SECONDS if bodies else None
        return [self._message(tick, *each) for each in bodies]

    def _message(self, tick: int, ownerships: bytes, body: bytes) -> OwnedState:
        self._sequence = following(self._sequence)
        return OwnedState(self._sequence, tick, ownerships, body)

    def _body(self, entities: Sequence[int], places: Mapping[int, Rows], written: Mapping[int, Written]) -> bytes:
        body = b""
        for number, at in enumerate(range(0, len(entities), CELL_ENTITIES_MAX)):
            some = entities[at : at + CELL_ENTITIES_MAX]
            ids = np.array(some, np.uint64)
            lanes = np.stack([ids & np.uint64(0xFFFF_FFFF), ids >> np.uint64(32)], axis=1).astype(np.int64)
            parts = [self._part(ENTITY, range(len(some)), lanes, ())]
            for component, rows in places.items():
                having = [index for index, entity in enumerate(some) if entity in rows]
                if having:
                    chosen = [rows[some[index]] for index in having]
                    values = written[component]
                    objects = [[field[row] for row in chosen] for field in values.objects]
                    parts.append(self._part(component, having, values.lanes[chosen], objects))
            body += varint(number) + b"\x00" + varint(len(parts)) + b"".join(parts)
        return body

    def _part(
        self, number: int, indices: Sequence[int], lanes: NDArray[np.int64], objects: Sequence[Sequence[bytes]]
    ) -> bytes:
        """A part of values from nothing, each at its natural width."""
        layout = self.schema.layouts[number]
        codes = self.schema.natural_codes[number].to_bytes(layout.code_bytes, "little")
        head = varint(number << 2 | FULL) + sum(1 << index for index in indices).to_bytes(2, "little") + codes
        told = b"".join(varint(len(value)) + value for field in objects for value in field)
        return head + (natural_bytes(layout, lanes).tobytes() if layout.lane_count else b"") + told


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
        cells = self._read(message)
        entities = np.concatenate([cell.entities for cell in cells]) if cells else np.zeros(0, np.uint64)
        told = entities != 0
        ownerships = np.zeros(len(entities), np.uint32)
        if len(message.ownerships) != 4 * int(told.sum()):
            raise ProtocolError(f"OwnedState: {len(message.ownerships)} bytes of ownerships for {told.sum()} entities")
        if len(np.unique(entities[told])) < told.sum():
            raise ProtocolError("OwnedState: an entity is told twice")
        ownerships[told] = np.frombuffer(message.ownerships, "<u4")
        taken = self._table.take_rows(now, actor, entities, ownerships, message.sequence)
        self.counts["taken"] += int(taken.sum())
        self.counts["not-owned"] += int((told & ~taken).sum())
        if taken.any():
            self._note(actor, message.sequence)
        return Taken(message.tick, self._written(cells, taken))

    def input_of(self, actor: int) -> int:
        """The newest sequence of which something was taken: `StateFrame.input`; 0 when there is none."""
        return self._inputs.get(actor, 0)

    def handle_left(self, actor: int) -> None:
        """The actor is gone."""
        self._inputs.pop(actor, None)

    def _read(self, message: OwnedState) -> list[CellState]:
        sections = read_sections(self.schema, message.body)
        if [(each.cell, each.age) for each in sections] != [(number, 0) for number in range(len(sections))]:
            raise ProtocolError("OwnedState: sections are not of cells 0 and on, from nothing")
        return [apply_section(self.schema, EMPTY, each, 0) for each in sections]

    def _written(self, cells: Sequence[CellState], taken: NDArray[np.bool_]) -> list[tuple[int, Written]]:
        found: list[tuple[int, Written]] = []
        for cell, mine in zip(cells, taken.reshape(-1, CELL_ENTITIES_MAX), strict=True):
            for number, values in cell.components.items():
                rows = [index for index in mine.nonzero()[0].tolist() if values.present >> index & 1]
                if number not in self._allowed:
                    self.counts["not-allowed"] += len(rows)
                elif rows:
                    objects = tuple(tuple(field[row] for row in rows) for field in values.objects)
                    found.append((number, Written(cell.entities[rows], values.lanes[rows], objects)))
        return found

    def _note(self, actor: int, sequence: int) -> None:
        if actor not in self._inputs or is_newer(sequence, self._inputs[actor]):
            self._inputs[actor] = sequence
