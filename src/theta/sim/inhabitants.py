"""What people do in a living world: they look about, take things, add and end them; one of them gives roles."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.governing import SetRole
from theta.ecs.entities import Entity
from theta.node.peer import Peer
from theta.replication.prediction import Quaternion, Vector3
from theta.sim.living_world import Arrow, Making, Spot
from theta.sim.workload import is_admin, pick, pick_weighted
from theta.wire.ownership_messages import DespawnEntities, SpawnEntities
from theta.wire.types import RoleName

REGION_METRES = (1.0, 2.5, 4.0)
REGIONS_WANTED = 3
CONTESTED = 3
"""So many of the things that somebody sees are what everybody reaches for."""
ROLES: tuple[RoleName, ...] = ("viewer", "editor", "editor")
A_LITTLE_LEFT: Quaternion = (0.0, 0.28, 0.0, 0.96)
SELECTED = 4


class Inhabitants:
    """Whatever participants can do on the state plane; nobody edits the document.

    Args:
        side_metres: how far the world reaches.
    """

    def __init__(self, side_metres: float) -> None:
        self._side = side_metres
        self._regions: dict[int, list[int]] = {}

    def act(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        """See Workload.act."""
        if not (peer.is_joined and peer.state.is_on):
            return []
        if is_admin(peer) and randomness.integer(12) == 0:
            return _give_role(now, peer, randomness)
        someone = _Someone(now, peer, randomness, Making(randomness, self._side))
        regions = self._regions.setdefault(peer.actor, [])
        deeds: tuple[tuple[int, Callable[[], object]], ...] = (
            (8, lambda: someone.see(regions)),
            (4, lambda: someone.see_no_more(regions)),
            (5, someone.select),
            (16, lambda: someone.take(gently=False)),
            (8, lambda: someone.take(gently=True)),
            (12, someone.let_go),
            (28, someone.change),
            (8, someone.push),
            (7, someone.add),
            (4, someone.end),
        )
        # What it wants may not be possible: too many regions, a thing that has no such component …
        with suppress(UsageError):
            pick_weighted(randomness, deeds)()
        return []


class _Someone:
    """One participant at one moment."""

    def __init__(self, now: Moment, peer: Peer, luck: Randomness, make: Making) -> None:
        self._now = now
        self._peer = peer
        self._state = peer.state
        self._luck = luck
        self._make = make

    def see(self, regions: list[int]) -> None:
        """A region as well, or one of them elsewhere."""
        looking, radius = self._state.looking, pick(self._luck, REGION_METRES)
        if len(regions) < REGIONS_WANTED:
            regions.append(looking.subscribe(self._make.metres(), radius))
        else:
            looking.move(pick(self._luck, regions), self._make.metres(), radius)

    def see_no_more(self, regions: list[int]) -> None:
        """One region less."""
        if regions:
            self._state.looking.unsubscribe(regions.pop(self._luck.integer(len(regions))))

    def select(self) -> None:
        """Some things."""
        things = self._things()
        chosen = {pick(self._luck, things) for _ in range(self._luck.integer(SELECTED))} if things else set()
        self._state.looking.select([self._state.holding.remote(each) for each in sorted(chosen)])

    def take(self, *, gently: bool) -> None:
        """Something in the hand, or by a collision; mostly what others want too."""
        things = self._things()
        if things:
            wanted = things[:CONTESTED] if self._luck.integer(3) else things
            self._state.holding.grab(self._now.seconds, pick(self._luck, wanted), gently=gently)

    def let_go(self) -> None:
        """Of something."""
        held = self._held()
        if held:
            self._state.holding.release(self._now.seconds, pick(self._luck, held))

    def change(self) -> None:
        """Some component of something that is held."""
        held = self._held()
        if held:
            make = self._make
            makers: tuple[Callable[[], object], ...] = (
                make.pose,
                make.pose,
                make.shape,
                make.sign,
                make.drift,
                make.gizmo,
                lambda: Spot(make.metres()),
                lambda: Arrow(pick(self._luck, self._things())),
            )
            self._state.holding.write(pick(self._luck, held), pick(self._luck, makers)())

    def push(self) -> None:
        """Something that is held, a little."""
        held = self._held()
        if held:
            step: Vector3 = (0.1, 0.0, 0.2 * self._luck.fraction() - 0.1)
            self._state.holding.move_by(self._now.seconds, pick(self._luck, held), step, A_LITTLE_LEFT)

    def add(self) -> None:
        """One thing or several of a kind."""
        count = 1 if self._luck.integer(3) else 2 + self._luck.integer(20)
        for _, body in self._state.spawn_bodies(count, self._make.components()):
            self._peer.ask(partial(SpawnEntities, body=body))

    def end(self) -> None:
        """Something: one's own, or the room does not let one."""
        things = self._things()
        if things:
            for body in self._state.despawn_bodies([pick(self._luck, things)]):
                self._peer.ask(partial(DespawnEntities, entities=body))

    def _things(self) -> list[Entity]:
        """What is shown, in an order that is everybody's: by the room's ids."""
        shown = self._state.follower.shown
        found = [Entity(each) for each in shown.entities.tolist()]
        return sorted(found, key=lambda each: shown.remote(each) or 0)

    def _held(self) -> list[Entity]:
        return [each for each in self._things() if self._state.holding.holds(each)]


def _give_role(now: Moment, peer: Peer, luck: Randomness) -> list[CommandName]:
    others = sorted({person.author for person in peer.people} - {peer.author})
    return peer.perform(now, [SetRole(pick(luck, others), pick(luck, ROLES))]) if others else []
