"""What must hold of the state plane once the world has healed: everybody has what the room has, within its interest."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import INTEREST_METRES
from theta.commands.roles import may_edit
from theta.ecs.codecs import EntityReference
from theta.ecs.declaration import ComponentType, Values
from theta.ecs.entities import Entities, Entity, slots_of
from theta.ecs.relations import OwnedBy
from theta.ecs.world import World
from theta.interest.grid import BORDER, CELL_METRES
from theta.interest.regions import LEAVE_SHARE
from theta.interest.scopes import SCOPES
from theta.node.room import Room
from theta.node.state_plane import StatePlane
from theta.replication.cell_hashes import cell_at, hash_of
from theta.replication.standard import Pose
from theta.sim.living_world import Spot
from theta.sim.participant import SimulatedPeer
from theta.wire.types import RoleName

CELL_DIAGONAL_METRES = 3.0**0.5 * CELL_METRES * (1.0 + 2.0 * BORDER)
"""Who is relevant may bring along somebody so far away: what is relevant is cells."""
ROUNDING_METRES = 0.01


def state_differences(room: Room, peers: list[SimulatedPeer]) -> Iterator[str]:
    """What participants have otherwise than the room, each as a line; who is away does not count."""
    roles = {person.actor: person.role for person in room.people}
    seated = set(room.state.plane.peers)
    for peer in peers:
        if peer.is_away:
            continue
        role = roles.get(peer.actor)
        if role is None or peer.actor not in seated or not peer.peer.state.is_on:
            yield f"{peer.name} has no part in the state plane"
        else:
            yield from (f"{peer.name}: {line}" for line in _Comparison(room.state.plane, peer, role).lines())


class _Comparison:
    """One participant, and the room.

    Args:
        plane: the room's.
        peer: whose session stands.
        role: what the room lets it see.
    """

    def __init__(self, plane: StatePlane, peer: SimulatedPeer, role: RoleName) -> None:
        self._world = plane.world
        self._plane = plane
        self._peer = peer
        self._state = peer.peer.state
        self._receiver = self._state.follower.receiver
        self._cells = set(plane.cells_of(peer.actor).tolist())
        self._members: dict[str, set[int]] = {scope: set() for scope in SCOPES if not scope or may_edit(role)}
        for cell in sorted(self._cells):
            scope = SCOPES[plane.history.scopes(np.array([cell]))[0]]
            self._members.setdefault(scope, set()).update(cell_at(plane.history, cell, 0).entities.tolist())
        self._relevant = sorted(set[int]().union(*self._members.values()) - {0})

    def lines(self) -> Iterator[str]:
        """What differs. What only follows from something else is not told."""
        for find in (self._different_cells, self._different_entities, self._misplaced):
            found = list(find())
            if found:
                yield from found
                return
        yield from self._different_values()
        yield from self._different_owners()

    def _different_cells(self) -> Iterator[str]:
        """By their hashes, lanes and all; and of no others than those that are relevant."""
        for cell in self._receiver.cells:
            # An empty one is forgotten late, when its number is to be given to another.
            if cell not in self._cells and self._receiver.state(cell).entities.any():
                yield f"cell {cell} is not forgotten"
        for cell in sorted(self._cells):
            ours, theirs = cell_at(self._plane.history, cell, 0), self._receiver.state(cell)
            if hash_of(cell, ours).digests != hash_of(cell, theirs).digests:
                yield f"cell {cell}, at tick {theirs.tick}, is not the room's at {ours.tick}"

    def _different_entities(self) -> Iterator[str]:
        """Who is relevant is shown, and lives; nobody else."""
        follower = self._state.follower
        found = {remote: follower.local(remote) for remote in self._relevant}
        for remote, local in found.items():
            if local is None:
                yield f"entity {remote:#x} is not shown"
            elif not self._state.world.contains(local):
                yield f"entity {remote:#x} is shown, but does not live"
        there = {local for local in found.values() if local is not None}
        if there != {Entity(each) for each in follower.shown.entities.tolist()}:
            yield f"{follower.entity_count} entities are shown, {len(found)} are relevant"
        if there != self._peer.there:
            yield f"{len(self._peer.there)} entities are there by its events, {len(there)} are shown"

    def _misplaced(self) -> Iterator[str]:
        """Whoever is near is relevant, and nobody who is far away; found without the room's interest."""
        places = self._places()
        entities = list(places)
        metres = np.array([places[each] for each in entities], np.float64).reshape(-1, 3)
        balls = [(self._peer.looks_from, INTEREST_METRES)]
        balls += [(each.centre, each.radius) for each in self._state.looking.regions]
        near, not_far = np.zeros(len(metres), np.bool_), np.zeros(len(metres), np.bool_)
        for centre, radius in balls:
            away = np.sqrt(((metres - np.array(centre)) ** 2).sum(axis=1))
            near |= away <= radius - ROUNDING_METRES
            not_far |= away <= LEAVE_SHARE * radius + CELL_DIAGONAL_METRES
        for own in self._world.owned_by(self._peer.actor).tolist():
            if own in places:
                away = np.sqrt(((metres - np.array(places[own])) ** 2).sum(axis=1))
                not_far |= away <= CELL_DIAGONAL_METRES
        relevant = np.isin(np.array(entities, np.uint64), np.array(self._relevant, np.uint64))
        for at in np.flatnonzero(near & ~relevant).tolist():
            yield f"entity {entities[at]:#x} at {places[entities[at]]} is near, but not relevant"
        for at in np.flatnonzero(relevant & ~not_far).tolist():
            yield f"entity {entities[at]:#x} at {places[entities[at]]} is relevant, but far"

    def _places(self) -> dict[int, list[float]]:
        """Where in the room everything is that is anywhere."""
        found: dict[int, list[float]] = {}
        for declared, field in ((Spot, "metres"), (Pose, "translation")):
            for rows in self._world.query(declared):
                found.update(zip(rows.entities.tolist(), rows.columns[0][field].tolist(), strict=True))
        return found

    def _different_values(self) -> Iterator[str]:
        for declaration in self._plane.components:
            members = self._members.get(declaration.scope, set())
            having = [each for each in self._relevant if self._world.has(Entity(each), declaration.made_by)]
            wanted = [each for each in having if each in members]
            theirs = [each for each in self._relevant if self._state.world.has(self._local(each), declaration.made_by)]
            if theirs != wanted:
                yield f"{declaration.name}: {len(theirs)} have it, {len(wanted)} should"
            elif wanted:
                yield from self._different_rows(declaration, wanted)

    def _different_rows(self, declaration: ComponentType, remotes: list[int]) -> Iterator[str]:
        """To the byte what the room's values are when they are quantised. Who changes something has it finer."""
        locals_ = np.array([self._local(each) for each in remotes], np.uint64)
        wanted = _quantised(declaration, self._world, np.array(remotes, np.uint64))
        exact = self._state.world.gather(declaration.made_by, slots_of(locals_))
        coarse = _quantised(declaration, self._state.world, locals_)
        own = np.isin(locals_, self._state.holding.changed(declaration.made_by)).tolist()
        references = {name for name, codec, _, _ in declaration.lanes.codecs if isinstance(codec, EntityReference)}
        for name, column in wanted.items():
            for at, value in enumerate(_plain(column)):
                if own[at] and name in references:
                    continue  # it may name whom it saw once, and the room still does
                expected = (self._state.follower.local(value) or 0) if name in references else value
                found = _plain((coarse if own[at] else exact)[name][at : at + 1])[0]
                if found != expected:
                    yield f"{declaration.name}.{name} of entity {remotes[at]:#x} is {found!r}, not {expected!r}"

    def _different_owners(self) -> Iterator[str]:
        holding = self._state.holding
        for remote in self._relevant:
            entity, local = Entity(remote), self._local(remote)
            owner = self._world.read(entity, OwnedBy).actor if self._world.has(entity, OwnedBy) else 0
            if holding.owner_of(local) != owner:
                yield f"entity {remote:#x} is {holding.owner_of(local):#x}'s, but the room says {owner:#x}'s"
            elif holding.is_owner(local) != (owner == self._peer.actor):
                yield f"it moves entity {remote:#x}: {holding.is_owner(local)}, but the room says it is {owner:#x}'s"

    def _local(self, remote: int) -> Entity:
        found = self._state.follower.local(remote)
        assert found is not None, "everything that is relevant is shown"
        return found


def _quantised(declaration: ComponentType, world: World, entities: Entities) -> Values:
    """A component's columns as whoever is told of them has them."""
    columns = world.gather(declaration.made_by, slots_of(entities))
    return {**columns, **declaration.lanes.restore(declaration.lanes.quantise(columns, len(entities)))}


def _plain(column: NDArray[Any]) -> list[Any]:
    found: list[Any] = np.asarray(column).tolist()
    return found
