"""The messages of ownership and of what owners send: spec/replication.md (REP-60 …)."""

from typing import Annotated, Literal

from msgspec import Meta

from theta.base import limits
from theta.wire.message import Message, Part
from theta.wire.types import U8, U32, U64

RefusalName = Literal["unknown-entity", "outdated", "held", "not-owner", "too-many", "not-allowed"]
OwnedBytes = Annotated[bytes, Meta(max_length=limits.OWNED_BODY_BYTES_MAX)]
SpawnBytes = Annotated[bytes, Meta(max_length=limits.STATE_SPAWN_BYTES_MAX)]
EntityBytes = Annotated[bytes, Meta(max_length=8 * limits.STATE_SPAWNED_PER_MESSAGE_MAX)]
OwnershipBytes = Annotated[bytes, Meta(max_length=4 * limits.OWNED_ROWS_MAX)]


class ClaimOwnership(Message, frozen=True):
    """The sender takes an entity: a grab with the next `ownership`, a touch with the next `authority` (REP-61)."""

    entity: U64
    ownership: U32
    authority: U32


class ReleaseOwnership(Message, frozen=True):
    """The owner lets go of an entity that it has by these numbers; with `keep` it still moves it (REP-63)."""

    entity: U64
    ownership: U32
    authority: U32
    keep: bool


class OwnershipRow(Part, frozen=True):
    """Who has an entity: `owner` 0 is the room; `grip` 0 free, 1 touched, 2 grabbed (REP-60)."""

    entity: U64
    owner: U64
    ownership: U32
    authority: U32
    grip: U8


class OwnershipChanged(Message, frozen=True):
    """Who has these entities now (REP-62)."""

    rows: Annotated[list[OwnershipRow], Meta(max_length=limits.OWNERSHIP_ROWS_PER_MESSAGE_MAX)]


class OwnershipRefused(Message, frozen=True):
    """A claim or a release with these numbers was not taken; `row` is how it stands (REP-62)."""

    ownership: U32
    authority: U32
    reason: RefusalName
    row: OwnershipRow


class OwnedState(Message, frozen=True):
    """What the sender's entities are, at its tick (REP-66).

    `ownerships` are the entities' ownership sequences, u32 little-endian, in the order of `body`: sections of age 0.
    """

    sequence: U32
    tick: U32
    ownerships: OwnershipBytes
    body: OwnedBytes


class SpawnEntities(Message, frozen=True):
    """The sender wants entities in the room's world (REP-84).

    `body` is sections of age 0, as of OwnedState; instead of ids, number 0 counts: index from 1 on, generation 1.
    """

    request: U32
    body: SpawnBytes


class EntitiesSpawned(Message, frozen=True):
    """They are there; their ids as u64 little-endian, in the order of the request."""

    request: U32
    entities: EntityBytes


class DespawnEntities(Message, frozen=True):
    """The sender wants entities to end: u64 little-endian (REP-85)."""

    request: U32
    entities: EntityBytes


class EntitiesDespawned(Message, frozen=True):
    """They are no more."""

    request: U32


OWNERSHIP_FROM_ROOM = (OwnershipChanged, OwnershipRefused, EntitiesSpawned, EntitiesDespawned)
OWNERSHIP_FROM_PARTICIPANT = (ClaimOwnership, ReleaseOwnership, OwnedState, SpawnEntities, DespawnEntities)
OWNED_DATAGRAMS = (OwnedState,)
"""Those of the plane "state"; all others are reliable."""
