"""Who moves what in a room's world, and who adds to it and takes from it (REP-74 … REP-79, REP-84, REP-85).

    handle_joined, handle_suspended, handle_left, handle_role   participants; after the plane has heard of them
    handle_message                          claims, releases, owned state, spawning and despawning
    apply                                   at each tick, after the world's systems and before the plane's tick
    poll_transmit                           messages, each with those who get it; drain it after each call

`theta.replication.ownership` decides; here is who may ask, what reaches the world, and who is told.
"""

from collections import Counter, deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import (
    OWNED_ROW_BURST_MAX,
    OWNED_ROWS_PER_SECOND,
    OWNERSHIP_CLAIM_BURST_MAX,
    OWNERSHIP_CLAIMS_PER_SECOND,
    OWNERSHIP_ROWS_PER_MESSAGE_MAX,
)
from theta.commands.rate_limit import TokenBucket
from theta.commands.roles import may_edit
from theta.ecs.batch import Batch
from theta.ecs.declaration import Plane
from theta.ecs.entities import Entities, Entity
from theta.ecs.relations import CHILD_OF, OWNED_BY, OwnedBy
from theta.node.state_plane import StatePlane
from theta.node.state_spawning import StateSpawning
from theta.node.state_values import TakenValues
from theta.replication.owned_state import OwnedStateIntake
from theta.replication.ownership import ROOM, Holding, OwnershipTable, Refusal, Verdict, answer, row_of
from theta.wire.message import Message
from theta.wire.ownership_messages import (
    ClaimOwnership,
    DespawnEntities,
    OwnedState,
    OwnershipChanged,
    ReleaseOwnership,
    SpawnEntities,
)
from theta.wire.types import RoleName

_OWNERSHIP_BYTES = 4
ROWS_CHARGED_MIN = 8
"""A message counts as so many rows at least: reading one costs as much as reading so many rows more."""
RELATIONS = (CHILD_OF, OWNED_BY)
"""Components that the room alone writes: what they say decides who may end what, and who sees it."""


class OwnershipTransmit(NamedTuple):
    """A message, and the actors who get it."""

    actors: tuple[int, ...]
    message: Message


class _Member:
    """A participant.

    Attributes:
        role: what it may do.
        is_here: whether its connection stands.
        claims, rows: what it may still ask for and send.
    """

    def __init__(self, now: float, role: RoleName) -> None:
        self.role = role
        self.is_here = False
        self.claims = TokenBucket(OWNERSHIP_CLAIM_BURST_MAX, OWNERSHIP_CLAIMS_PER_SECOND, now)
        self.rows = TokenBucket(OWNED_ROW_BURST_MAX, OWNED_ROWS_PER_SECOND, now)


class StateOwnership:
    """A room's side of ownership, over the plane's world.

    Args:
        plane: whose participants are named by their actors.

    Attributes:
        counts: of all time, by name: requests that were granted ("claims") and "refused"; rows of `OwnedState`
            "taken" and "not-owned"; values "written", and those dropped: "not-allowed" (the room's alone to write),
            "unfit" or "gone" (see TakenValues); requests and rows that were too many ("rate-limited"); entities
            "spawned" and "despawned".
    """

    def __init__(self, plane: StatePlane) -> None:
        self._plane, self._world = plane, plane.world
        self._table = OwnershipTable(plane.world)
        components = plane.components
        allowed = [
            number for number, each in enumerate(components, 1) if each.plane is Plane.STATE and each not in RELATIONS
        ]
        self._intake = OwnedStateIntake(plane.history.schema, self._table, allowed)
        self._values = TakenValues(plane.world, components)
        self._spawning = StateSpawning(plane)
        self._members: dict[int, _Member] = {}
        self._owners: dict[int, int] = {}
        self._answered: dict[int, int] = {}
        self._messages: deque[OwnershipTransmit] = deque()
        self._counts: Counter[str] = Counter()

    # -- participants --------------------------------------------------------------------------------------------------

    def handle_joined(self, now: float, actor: int, role: RoleName) -> None:
        """A participant is here, or here again after `handle_suspended`; it is told who has what."""
        member = self._members.get(actor)
        if member is None:
            member = self._members[actor] = _Member(now, role)
        self.handle_role(now, actor, role)
        member.is_here = True
        # The plane may have a new seat for it.
        self._tell_plane({actor})
        self._tell_everything(actor)

    def handle_suspended(self, actor: int) -> None:
        """A participant's connection is gone and may come back; until then it is told nothing.

        What it holds it has until it is not heard of for too long (REP-64).
        """
        self._members[actor].is_here = False

    def handle_left(self, now: float, actor: int) -> None:
        """A participant is gone for good: what it has is the room's, and what it spawned nobody's in particular."""
        del self._members[actor]
        self._hand_back(now, actor)
        self._intake.handle_left(actor)
        self._spawning.handle_left(actor)

    def handle_role(self, now: float, actor: int, role: RoleName) -> None:
        """A participant may do more, or less: then what it has is the room's."""
        member = self._members[actor]
        before, member.role = member.role, role
        if may_edit(role) and not may_edit(before) and member.is_here:
            self._tell_everything(actor)
        elif may_edit(before) and not may_edit(role):
            self._hand_back(now, actor)

    def handle_message(self, now: float, actor: int, message: Message) -> None:
        """One of OWNERSHIP_FROM_PARTICIPANT, of a participant that is here.

        Raises:
            ProtocolError: malformed; nothing was taken.
        """
        member = self._members[actor]
        if isinstance(message, ClaimOwnership | ReleaseOwnership):
            self._decide(now, actor, member, message)
        elif isinstance(message, OwnedState):
            self._take(now, actor, member, message)
        elif isinstance(message, SpawnEntities):
            self._send([actor], self._spawning.handle_spawn(now, actor, member.role, message))
        elif isinstance(message, DespawnEntities):
            self._send([actor], self._spawning.handle_despawn(now, actor, member.role, message))
        else:
            raise ProtocolError(f"{type(message).__name__} is not about ownership")

    # -- the tick ------------------------------------------------------------------------------------------------------

    def apply(self, now: float) -> None:
        """Write into the world what owners said since the last call, and tell what has changed hands."""
        self._forget_ended()
        self._table.handle_timeout(now)
        self._values.write()
        self._tell_changes()

    def poll_transmit(self) -> OwnershipTransmit | None:
        """The next message."""
        return self._messages.popleft() if self._messages else None

    # -- answers -------------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> Counter[str]:
        """What was done so far, by name; see `StateOwnership`."""
        return self._counts + self._intake.counts + self._values.counts + self._spawning.counts

    def holding(self, entity: int) -> Holding:
        """Who has an entity."""
        return self._table.holding(Entity(entity))

    # -- within --------------------------------------------------------------------------------------------------------

    def _decide(self, now: float, actor: int, member: _Member, request: ClaimOwnership | ReleaseOwnership) -> None:
        if member.claims.take(1, now):
            # It is asked again (REP-65).
            self._counts["rate-limited"] += 1
            return
        verdict = self._verdict(now, actor, member.role, request)
        if verdict.refusal is None:
            self._answered[request.entity] = actor
        self._counts["claims" if verdict.refusal is None else "refused"] += 1
        self._send([actor], answer(request, verdict))

    def _verdict(self, now: float, actor: int, role: RoleName, request: ClaimOwnership | ReleaseOwnership) -> Verdict:
        entity = Entity(request.entity)
        if not self._known(np.array([entity], np.uint64), sees_all=may_edit(role)).all():
            return Verdict(Holding(entity), Refusal.UNKNOWN_ENTITY)
        if isinstance(request, ReleaseOwnership):
            return self._table.handle_release(now, entity, actor, request.ownership, request.authority, request.keep)
        if not may_edit(role):
            return Verdict(self._table.holding(entity), Refusal.NOT_ALLOWED)
        return self._table.handle_claim(now, entity, actor, request.ownership, request.authority)

    def _take(self, now: float, actor: int, member: _Member, message: OwnedState) -> None:
        rows = max(ROWS_CHARGED_MIN, len(message.ownerships) // _OWNERSHIP_BYTES)
        if member.rows.take(rows, now):
            self._counts["rate-limited"] += rows
            return
        self._values.put(self._intake.handle_owned(now, actor, message).written)
        self._plane.note_input(actor, self._intake.input_of(actor))

    def _hand_back(self, now: float, actor: int) -> None:
        self._table.handle_left(now, actor)
        # It does not know of that.
        self._answered = {entity: told for entity, told in self._answered.items() if told != actor}

    def _known(self, entities: Entities, *, sees_all: bool) -> NDArray[np.bool_]:
        """Which entities somebody may know of, (n,): those with a component of a scope that they are told of."""
        found = np.zeros(len(entities), np.bool_)
        for component in self._plane.components:
            if sees_all or not component.scope:
                found |= self._world.has_many(entities, component.made_by)
        return found

    def _forget_ended(self) -> None:
        claimed = self._table.claimed
        ended = claimed[~self._world.contains_many(claimed)]
        if len(ended):
            self._table.handle_despawned(ended)
        # The table knows nothing any more of those in whose slots others were claimed since.
        owned = np.fromiter(self._owners, np.uint64, len(self._owners))
        ended = owned[~self._world.contains_many(owned)]
        if len(ended):
            self._tell_plane({self._owners.pop(entity) for entity in ended.tolist()})

    # -- who is told ---------------------------------------------------------------------------------------------------

    def _tell_everything(self, actor: int) -> None:
        """Who has what, of all that it may know of."""
        self._tell([actor], self._table.holdings(), sees_all=may_edit(self._members[actor].role))

    def _tell_changes(self) -> None:
        """What changed hands since the last call: everybody who has not been told in an answer."""
        changed = self._table.poll_changed()
        answered, self._answered = self._answered, {}
        if not changed:
            return
        concerned = self._note_owners(changed)
        self._tell_plane(concerned)
        askers = set(answered.values())
        audiences: dict[tuple[bool, int], list[int]] = {}
        for actor, member in self._members.items():
            if member.is_here:
                key = may_edit(member.role), actor if actor in askers else ROOM
                audiences.setdefault(key, []).append(actor)
        for (sees_all, asker), actors in audiences.items():
            news = [each for each in changed if asker == ROOM or answered.get(each.entity) != asker]
            self._tell(actors, news, sees_all=sees_all)

    def _tell(self, actors: list[int], holdings: list[Holding], *, sees_all: bool) -> None:
        entities = np.array([each.entity for each in holdings], np.uint64)
        known = self._known(entities, sees_all=sees_all).tolist()
        rows = [row_of(each) for each, is_known in zip(holdings, known, strict=True) if is_known]
        for start in range(0, len(rows), OWNERSHIP_ROWS_PER_MESSAGE_MAX):
            self._send(actors, OwnershipChanged(rows[start : start + OWNERSHIP_ROWS_PER_MESSAGE_MAX]))

    def _note_owners(self, changed: list[Holding]) -> set[int]:
        """Keep the relation OwnedBy in step; returns who has more or less than before."""
        entities = np.array([each.entity for each in changed], np.uint64)
        owners = np.array([each.owner for each in changed], np.uint64)
        related = self._world.has_many(entities, OwnedBy)
        taken = ~related & (owners != ROOM)
        for chosen, put in ((related, self._world.write_many), (taken, self._world.insert_many)):
            if chosen.any():
                put(entities[chosen], Batch(OwnedBy, actor=owners[chosen]))
        concerned: set[int] = set()
        for each in changed:
            concerned |= {self._owners.pop(each.entity, ROOM), each.owner}
            if each.owner != ROOM:
                self._owners[each.entity] = each.owner
        return concerned

    def _tell_plane(self, actors: set[int]) -> None:
        """Owners are told of what is theirs wherever it is."""
        for actor in sorted(actors & self._members.keys()):
            self._plane.set_owned(actor, self._table.owned_by(actor))

    def _send(self, actors: list[int], message: Message) -> None:
        self._messages.append(OwnershipTransmit(tuple(actors), message))
