"""Presence: where everyone is and what they point at, latest wins, never in the log (REP-1 … REP-5)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, NamedTuple

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.identifiers import ZERO_ID
from theta.base.limits import PRESENCE_TIMEOUT_SECONDS
from theta.ecs.component import Blob, Column, Plane, canonical_bytes, check, component, parse

Float3 = tuple[float, float, float]
Float4 = tuple[float, float, float, float]

HEAD_VALID = 1
RAY_VALID = 2
LEFT_VALID = 4
RIGHT_VALID = 8
TOOLS = ("none", "select", "move", "extrude", "paint", "draw")
SELECTIONS = ("none", "object", "face", "vertex")
DRAGS = ("none", "object", "extrude", "element")
PRESENCE_BYTES = 184

_LAYOUT = struct.Struct("<QIBBBB13f16s16s21f")
_HEAD = struct.Struct("<QIBBBB")


@component("theta.Presence", plane=Plane.STATE)
@dataclass(frozen=True)
class Presence:
    """One participant's row: 184 bytes, little-endian, in this order. Metres, unit quaternion (x, y, z, w).

    A drag previews what is selected: an object at `drag_position` and `drag_rotation` in the world, a face pulled by
    `drag_position[0]` along its normal, a face or vertex moved by `drag_position`, both in the mesh's space (REP-5).
    """

    actor: Annotated[int, Column("<u8")]
    sequence: Annotated[int, Column("<u4")]
    flags: Annotated[int, Column("<u1")] = 0
    tool: Annotated[int, Column("<u1")] = 0
    selection: Annotated[int, Column("<u1")] = 0
    drag: Annotated[int, Column("<u1")] = 0
    head_position: Annotated[Float3, Column("<f4", 3)] = (0.0, 0.0, 0.0)
    head_rotation: Annotated[Float4, Column("<f4", 4)] = (0.0, 0.0, 0.0, 1.0)
    ray_origin: Annotated[Float3, Column("<f4", 3)] = (0.0, 0.0, 0.0)
    ray_direction: Annotated[Float3, Column("<f4", 3)] = (0.0, 0.0, -1.0)
    selected_entity: Annotated[bytes, Blob(16)] = ZERO_ID
    selected_element: Annotated[bytes, Blob(16)] = ZERO_ID
    left_position: Annotated[Float3, Column("<f4", 3)] = (0.0, 0.0, 0.0)
    left_rotation: Annotated[Float4, Column("<f4", 4)] = (0.0, 0.0, 0.0, 1.0)
    right_position: Annotated[Float3, Column("<f4", 3)] = (0.0, 0.0, 0.0)
    right_rotation: Annotated[Float4, Column("<f4", 4)] = (0.0, 0.0, 0.0, 1.0)
    drag_position: Annotated[Float3, Column("<f4", 3)] = (0.0, 0.0, 0.0)
    drag_rotation: Annotated[Float4, Column("<f4", 4)] = (0.0, 0.0, 0.0, 1.0)


def encode_presence(row: Presence) -> bytes:
    """The row's bytes."""
    return canonical_bytes(row)


def decode_rows(rows: bytes) -> Iterator[Presence]:
    """The rows of a batch.

    Raises:
        ProtocolError: not whole rows, or a field out of its limits.
    """
    return map(decode_presence, _cut(rows))


def decode_presence(row: bytes) -> Presence:
    """One row.

    Raises:
        ProtocolError: another length, a number that is not finite, or an unknown tool, selection or drag.
    """
    if len(row) != PRESENCE_BYTES:
        raise ProtocolError(f"a presence row has {PRESENCE_BYTES} bytes, not {len(row)}")
    try:
        presence = parse(Presence, row)
        _check_choices(presence)
    except InvalidValue as error:
        raise ProtocolError(f"presence: {error}") from error
    return presence


def check_presence(row: Presence) -> None:
    """Refuse a row that nobody would take.

    Raises:
        InvalidValue: names the field and its limit.
    """
    check(row)
    _check_choices(row)


def _check_choices(row: Presence) -> None:
    if row.tool >= len(TOOLS):
        raise InvalidValue("tool", row.tool, f"below {len(TOOLS)}")
    if row.selection >= len(SELECTIONS):
        raise InvalidValue("selection", row.selection, f"below {len(SELECTIONS)}")
    if row.drag >= len(DRAGS):
        raise InvalidValue("drag", row.drag, f"below {len(DRAGS)}")


class PresenceRow(NamedTuple):
    """A row as it travels, and what of it others have to know without decoding all of it.

    Attributes:
        data: the row, PRESENCE_BYTES.
        actor: whose.
        sequence: its number.
        flags: what of it is valid.
        place: where its head is; without one where its ray begins, or else a hand is; None without any. Metres.
    """

    data: bytes
    actor: int
    sequence: int
    flags: int
    place: Float3 | None

    @property
    def doing(self) -> bytes:
        """What the participant does, apart from where it is: what is valid, its tool, selection and drag's kind."""
        return self.data[12:16] + self.data[68:100]


def read_row(data: bytes) -> PresenceRow:
    """A row that somebody sent: checked, and not decoded.

    Raises:
        ProtocolError: another length, a number that is not finite, or an unknown tool, selection or drag.
    """
    values = _LAYOUT.unpack(data) if len(data) == PRESENCE_BYTES else None
    if values is None or not _is_sound(values):
        decode_presence(data)  # says what is wrong with it
        raise ProtocolError("a presence row that cannot be decoded")
    actor, sequence, flags = values[:3]
    place = next((values[at : at + 3] for flag, at in _PLACES if flags & flag), None)
    return PresenceRow(bytes(data), actor, sequence, flags, place)


def read_rows(rows: bytes) -> Iterator[PresenceRow]:
    """The rows of a batch, checked, and not decoded.

    Raises:
        ProtocolError: not whole rows, or a field out of its limits.
    """
    return map(read_row, _cut(rows))


_PLACES = ((HEAD_VALID, 6), (RAY_VALID, 13), (LEFT_VALID, 21), (RIGHT_VALID, 28))
"""Which of a row's numbers tell a place, as `_LAYOUT` unpacks them, the best first."""


def _is_sound(values: tuple[Any, ...]) -> bool:
    # A sum of so few float32 numbers in float64 is finite when all of them are, and only then.
    is_finite = isfinite(sum(values[6:19]) + sum(values[21:]))
    return is_finite and values[3] < len(TOOLS) and values[4] < len(SELECTIONS) and values[5] < len(DRAGS)


def _cut(rows: bytes) -> Iterator[bytes]:
    if len(rows) % PRESENCE_BYTES:
        raise ProtocolError(f"presence rows have {PRESENCE_BYTES} bytes each, not {len(rows)} in all")
    return (rows[at : at + PRESENCE_BYTES] for at in range(0, len(rows), PRESENCE_BYTES))


class PresenceBoard:
    """Everyone's latest row."""

    def __init__(self) -> None:
        self._rows: dict[int, PresenceRow] = {}
        self._decoded: dict[int, Presence] = {}
        self._heard: dict[int, float] = {}
        self._changed: dict[int, None] = {}

    def handle_row(self, seconds: float, row: PresenceRow) -> bool:
        """Take a row; False when a newer one is here already (sequence numbers wrap as in RFC 1982)."""
        before = self._rows.get(row.actor)
        if before is not None and not 0 < (row.sequence - before.sequence) & 0xFFFF_FFFF < 1 << 31:
            return False
        self._put(row)
        if row.flags:
            self._heard[row.actor] = seconds
        else:
            self._heard.pop(row.actor, None)
        return True

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which `hide_silent` has somebody to hide, unless they say something before."""
        return min(self._heard.values()) + PRESENCE_TIMEOUT_SECONDS if self._heard else None

    def row(self, actor: int) -> Presence | None:
        """The actor's latest row, decoded."""
        if actor not in self._rows:
            return None
        if actor not in self._decoded:
            self._decoded[actor] = decode_presence(self._rows[actor].data)
        return self._decoded[actor]

    def rows(self) -> list[PresenceRow]:
        """Everyone's latest row, by actor."""
        return [self._rows[actor] for actor in sorted(self._rows)]

    def remove(self, actor: int) -> None:
        """The actor has left."""
        for known in (self._rows, self._decoded, self._heard, self._changed):
            known.pop(actor, None)

    def hide_silent(self, seconds: float) -> list[int]:
        """Show nothing any more of who has said nothing for PRESENCE_TIMEOUT_SECONDS; returns these actors (REP-4)."""
        silent = [actor for actor, heard in self._heard.items() if seconds >= heard + PRESENCE_TIMEOUT_SECONDS]
        for actor in silent:
            del self._heard[actor]
            row = self._rows[actor]
            # The hidden row is news: without a sequence number of its own nobody would take it.
            head = _HEAD.pack(actor, (row.sequence + 1) & 0xFFFF_FFFF, 0, row.data[13], 0, 0)
            self._put(read_row(head + row.data[_HEAD.size :]))
        return silent

    def poll_changed(self) -> list[PresenceRow]:
        """The rows that changed since the last call, in the order in which they first did."""
        changed = [self._rows[actor] for actor in self._changed]
        self._changed.clear()
        return changed

    def _put(self, row: PresenceRow) -> None:
        self._rows[row.actor] = row
        self._decoded.pop(row.actor, None)
        self._changed[row.actor] = None
