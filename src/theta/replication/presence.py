"""Presence: where everyone is and what they point at, latest wins, never in the log (REP-1 … REP-5)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.identifiers import ZERO_ID
from theta.base.limits import PRESENCE_TIMEOUT_SECONDS
from theta.ecs.component import Blob, Column, Plane, canonical_bytes, check, component, parse
from theta.ecs.entities import Entity
from theta.ecs.world import World

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
    if len(rows) % PRESENCE_BYTES:
        raise ProtocolError(f"presence rows have {PRESENCE_BYTES} bytes each, not {len(rows)} in all")
    for at in range(0, len(rows), PRESENCE_BYTES):
        yield decode_presence(rows[at : at + PRESENCE_BYTES])


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


class PresenceBoard:
    """Everyone's latest row, as `Presence` components of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._entities: dict[int, Entity] = {}
        self._heard: dict[int, float] = {}
        self._polled_tick = world.tick - 1

    def moved_to(self, world: World) -> "PresenceBoard":
        """The same rows in another world."""
        board = PresenceBoard(world)
        for actor, entity in self._entities.items():
            board._entities[actor] = world.spawn(self._world.read(entity, Presence))
        board._heard = dict(self._heard)
        return board

    def handle_row(self, seconds: float, row: Presence) -> bool:
        """Take a row; False when a newer one is here already (sequence numbers wrap as in RFC 1982)."""
        entity = self._entities.get(row.actor)
        if entity is None:
            self._entities[row.actor] = self._world.spawn(row)
        else:
            ahead = (row.sequence - self._world.read(entity, Presence).sequence) & 0xFFFF_FFFF
            if not 0 < ahead < 1 << 31:
                return False
            self._world.write(entity, row)
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
        """The actor's latest row."""
        entity = self._entities.get(actor)
        return self._world.read(entity, Presence) if entity is not None else None

    def rows(self) -> list[Presence]:
        """Everyone's latest row, by actor."""
        return [self._world.read(self._entities[actor], Presence) for actor in sorted(self._entities)]

    def encoded_rows(self) -> list[bytes]:
        """Everyone's latest row as bytes, by actor."""
        return [canonical_bytes(row) for row in self.rows()]

    def remove(self, actor: int) -> None:
        """The actor has left."""
        entity = self._entities.pop(actor, None)
        if entity is not None:
            self._world.despawn(entity)
            self._heard.pop(actor, None)

    def hide_silent(self, seconds: float) -> list[int]:
        """Show nothing any more of who has said nothing for PRESENCE_TIMEOUT_SECONDS; returns these actors (REP-4)."""
        silent = [actor for actor, heard in self._heard.items() if seconds >= heard + PRESENCE_TIMEOUT_SECONDS]
        for actor in silent:
            del self._heard[actor]
            row = self._world.read(self._entities[actor], Presence)
            # The hidden row is news: without a sequence number of its own nobody would take it.
            hidden = replace(row, flags=0, selection=0, drag=0, sequence=(row.sequence + 1) & 0xFFFF_FFFF)
            self._world.write(self._entities[actor], hidden)
        return silent

    def poll_batch(self) -> bytes:
        """The rows that changed since the last call, concatenated; empty when none did."""
        changed = self._world.changed_since(Presence, self._polled_tick)
        self._polled_tick = self._world.tick
        self._world.advance_tick()
        return b"".join(canonical_bytes(self._world.read(entity, Presence)) for entity in changed)
