"""Who owns an entity of the state plane: the room's decisions (REP-60 … REP-64).

Two sequence numbers, as in "Networked Physics in Virtual Reality" (Fiedler, 2018): a grab counts `ownership` up, a
touch or a collision `authority`; the former beats the latter. Whether somebody may own anything at all (roles) is the
caller's to ask first.

    handle_claim, handle_release            what participants ask for
    handle_left, handle_despawned           who and what is gone
    handle_timeout                          the time that `timeout` names has come
    poll_changed                            who has what now; drain it
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import OWNED_ENTITIES_PER_ACTOR_MAX, OWNERSHIP_IDLE_SECONDS_MAX, U32_MAX
from theta.ecs.entities import Entities, Entity, Slots, index_of, slots_of
from theta.ecs.world import World
from theta.wire.ownership_messages import (
    ClaimOwnership,
    OwnershipChanged,
    OwnershipRefused,
    OwnershipRow,
    ReleaseOwnership,
)

ROOM = 0
"""The owner of what nobody has."""
_AHEAD_MAX = 1 << 31
_SLOTS_MIN = 64


class Grip(IntEnum):
    """How an entity is held."""

    FREE = 0
    TOUCHED = 1
    GRABBED = 2


class Refusal(StrEnum):
    """Why a claim, a release or a row was not taken."""

    UNKNOWN_ENTITY = "unknown-entity"
    OUTDATED = "outdated"
    HELD = "held"
    NOT_OWNER = "not-owner"
    TOO_MANY = "too-many"
    NOT_ALLOWED = "not-allowed"


class Holding(NamedTuple):
    """Who has an entity, and by which numbers; `owner` is an actor, or ROOM."""

    entity: int
    owner: int = ROOM
    ownership: int = 0
    authority: int = 0
    grip: Grip = Grip.FREE


class Verdict(NamedTuple):
    """What the room decided: how it stands now, and why it is not as asked."""

    holding: Holding
    refusal: Refusal | None = None


def row_of(holding: Holding) -> OwnershipRow:
    """A holding as it is told."""
    return OwnershipRow(*holding)


def answer(request: ClaimOwnership | ReleaseOwnership, verdict: Verdict) -> OwnershipChanged | OwnershipRefused:
    """What its sender is told of a request, also when the same was granted before (REP-62)."""
    row = row_of(verdict.holding)
    if verdict.refusal is None:
        return OwnershipChanged([row])
    return OwnershipRefused(request.ownership, request.authority, verdict.refusal.value, row)


def is_newer(one: int, other: int) -> bool:
    """Serial number arithmetic of RFC 1982 with 32 bits: whether `one` comes after `other`."""
    return 0 < (one - other) & U32_MAX < _AHEAD_MAX


def is_stamp_newer(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether (ownership, authority) comes after another: by ownership, and where it is the same, by authority."""
    return is_newer(one[0], other[0]) or (one[0] == other[0] and is_newer(one[1], other[1]))


def following(number: int) -> int:
    """The sequence number after this one."""
    return (number + 1) & U32_MAX


@dataclass
class _Columns:
    """By slot, each (slots,)."""

    entities: Entities
    owners: NDArray[np.uint64]
    ownerships: NDArray[np.uint32]
    authorities: NDArray[np.uint32]
    grips: NDArray[np.uint8]
    heard: NDArray[np.float64]
    sequences: NDArray[np.int64]

    @classmethod
    def of(cls, slots: int) -> "_Columns":
        wide, narrow = np.zeros((2, slots), np.uint64), np.zeros((2, slots), np.uint32)
        return cls(
            wide[0], wide[1], narrow[0], narrow[1], np.zeros(slots, np.uint8), np.zeros(slots), np.full(slots, -1)
        )

    def grown(self, slots: int) -> "_Columns":
        found = _Columns.of(slots)
        for name, column in vars(self).items():
            getattr(found, name)[: len(column)] = column
        return found


class OwnershipTable:
    """The room's record of who owns which entity of its world; nobody else decides.

    Args:
        world: the room's; an id that does not live in it is refused.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._columns = _Columns.of(_SLOTS_MIN)
        self._changed: dict[int, None] = {}

    # -- what participants ask for -------------------------------------------------------------------------------------

    def handle_claim(self, now: float, entity: Entity, actor: int, ownership: int, authority: int) -> Verdict:
        """An actor grabs or touches an entity (REP-61). The same claim again has the same answer."""
        if not self._world.contains(entity):
            return Verdict(Holding(entity), Refusal.UNKNOWN_ENTITY)
        slot = self._settle(entity)
        have = self._holding(slot)
        if (have.owner, have.ownership, have.authority) == (actor, ownership, authority):
            self._columns.heard[slot] = now
            return Verdict(have)
        refusal = self._refusal_of_claim(have, actor, ownership, authority)
        if refusal is not None:
            return Verdict(have, refusal)
        grip = Grip.GRABBED if ownership != have.ownership else Grip.TOUCHED
        return Verdict(self._put(now, slot, Holding(entity, actor, ownership, authority, grip)))

    def handle_release(
        self, now: float, entity: Entity, actor: int, ownership: int, authority: int, keep: bool = False
    ) -> Verdict:
        """An owner lets go (REP-63): the room has the entity again, or with `keep` the owner goes on to move it."""
        if not self._world.contains(entity):
            return Verdict(Holding(entity), Refusal.UNKNOWN_ENTITY)
        have = self.holding(entity)
        if have.owner != actor:
            return Verdict(have, Refusal.NOT_OWNER)
        if (have.ownership, have.authority) != (ownership, authority):
            return Verdict(have, Refusal.OUTDATED)
        freed = Holding(entity, ROOM, ownership, following(authority), Grip.FREE)
        if keep:
            freed = freed._replace(owner=actor, grip=Grip.TOUCHED)
        return Verdict(self._put(now, index_of(entity), freed))

    def take_rows(
        self, now: float, actor: int, entities: Entities, ownerships: NDArray[np.uint32], sequence: int
    ) -> NDArray[np.bool_]:
        """Which of an actor's rows count (REP-67), (n,): of its entities, by their ownership, newer than the last.

        Args:
            now: monotonic seconds.
            actor: who sent them.
            entities: (n,), each once.
            ownerships: the ownership sequences that the actor has them by, (n,).
            sequence: of the message.
        """
        slots = slots_of(entities)
        known = self._world.contains_many(entities) & (slots < len(self._columns.owners))
        slots = np.where(known, slots, 0)
        columns = self._columns
        taken: NDArray[np.bool_]
        taken = known & (columns.entities[slots] == entities) & (columns.owners[slots] == actor)
        taken &= columns.ownerships[slots] == ownerships
        last = columns.sequences[slots]
        taken &= (last < 0) | _are_ahead(sequence - last)
        columns.sequences[slots[taken]] = sequence
        columns.heard[slots[taken]] = now
        return taken

    # -- who and what is gone ------------------------------------------------------------------------------------------

    def handle_left(self, now: float, actor: int) -> None:
        """An actor's connection ended: the room has what was its own."""
        self._hand_back(now, self._slots_of(actor))

    def handle_despawned(self, entities: Entities) -> None:
        """Entities ended; who comes after them in their slots is free."""
        slots = slots_of(entities)
        slots = slots[slots < len(self._columns.owners)]
        self._clear(slots)
        for slot in slots.tolist():
            self._changed.pop(slot, None)

    def handle_timeout(self, now: float) -> None:
        """Take back what its owner was not heard of for OWNERSHIP_IDLE_SECONDS_MAX (REP-64)."""
        owned = self._columns.owners.nonzero()[0]
        self._hand_back(now, owned[self._columns.heard[owned] + OWNERSHIP_IDLE_SECONDS_MAX <= now])

    # -- what there is to know -----------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds."""
        heard = self._columns.heard[self._columns.owners != ROOM]
        return float(heard.min()) + OWNERSHIP_IDLE_SECONDS_MAX if len(heard) else None

    def poll_changed(self) -> list[Holding]:
        """Who has what, of entities of which that changed since the last call."""
        found = [self._holding(slot) for slot in self._changed]
        self._changed.clear()
        return found

    def holding(self, entity: Entity) -> Holding:
        """Who has an entity."""
        slot = index_of(entity)
        if slot < len(self._columns.owners) and self._columns.entities.item(slot) == entity:
            return self._holding(slot)
        return Holding(entity)

    @property
    def claimed(self) -> Entities:
        """All entities that were ever claimed and that nobody has told the end of, by slot."""
        return self._columns.entities[self._columns.entities.nonzero()[0]]

    def holdings(self) -> list[Holding]:
        """All that were ever claimed: what a newcomer is told."""
        return [self._holding(slot) for slot in self._columns.entities.nonzero()[0].tolist()]

    def owners_of(self, entities: Entities) -> NDArray[np.uint64]:
        """The owners of these entities, (n,)."""
        slots = slots_of(entities)
        inside = slots < len(self._columns.owners)
        slots = np.where(inside, slots, 0)
        inside &= self._columns.entities[slots] == entities
        owners: NDArray[np.uint64] = np.where(inside, self._columns.owners[slots], np.uint64(ROOM))
        return owners

    def owned_by(self, actor: int) -> Entities:
        """What an actor owns, by slot."""
        return self._columns.entities[self._slots_of(actor)]

    # -- within --------------------------------------------------------------------------------------------------------

    def _refusal_of_claim(self, have: Holding, actor: int, ownership: int, authority: int) -> Refusal | None:
        if not is_stamp_newer((ownership, authority), (have.ownership, have.authority)):
            return Refusal.OUTDATED
        if ownership == have.ownership and have.grip is Grip.GRABBED:
            return Refusal.HELD
        if have.owner != actor and len(self._slots_of(actor)) >= OWNED_ENTITIES_PER_ACTOR_MAX:
            return Refusal.TOO_MANY
        return None

    def _slots_of(self, actor: int) -> NDArray[np.intp]:
        assert actor != ROOM
        slots: NDArray[np.intp] = (self._columns.owners == actor).nonzero()[0]
        return slots

    def _settle(self, entity: Entity) -> int:
        """The living entity's slot; another's before it is forgotten."""
        slot = index_of(entity)
        if slot >= len(self._columns.owners):
            self._columns = self._columns.grown(2 * (slot + 1))
        if self._columns.entities.item(slot) != entity:
            self._clear(np.array([slot], np.uint32))
            self._columns.entities[slot] = entity
        return slot

    def _clear(self, slots: Slots) -> None:
        columns = self._columns
        columns.entities[slots] = columns.owners[slots] = columns.ownerships[slots] = columns.authorities[slots] = 0
        columns.grips[slots] = Grip.FREE
        columns.sequences[slots] = -1

    def _holding(self, slot: int) -> Holding:
        columns = self._columns
        return Holding(
            columns.entities.item(slot),
            columns.owners.item(slot),
            columns.ownerships.item(slot),
            columns.authorities.item(slot),
            Grip(columns.grips.item(slot)),
        )

    def _put(self, now: float, slot: int, holding: Holding) -> Holding:
        columns = self._columns
        if columns.owners.item(slot) != holding.owner:
            columns.sequences[slot] = -1
        columns.owners[slot], columns.grips[slot] = holding.owner, holding.grip
        columns.ownerships[slot], columns.authorities[slot] = holding.ownership, holding.authority
        columns.heard[slot] = now
        self._changed[slot] = None
        return holding

    def _hand_back(self, now: float, slots: NDArray[np.intp]) -> None:
        for slot in slots.tolist():
            have = self._holding(slot)
            self._put(now, slot, have._replace(owner=ROOM, authority=following(have.authority), grip=Grip.FREE))


def _are_ahead(differences: NDArray[np.int64]) -> NDArray[np.bool_]:
    wrapped = differences & U32_MAX
    ahead: NDArray[np.bool_] = (wrapped > 0) & (wrapped < _AHEAD_MAX)
    return ahead
