"""What a participant takes in its hand, by the ids of its own world (REP-65, REP-82)."""

from collections import deque
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import OWNED_ENTITIES_PER_ACTOR_MAX, OWNERSHIP_RELEASE_SECONDS_MAX, STATE_ENTITIES_MAX
from theta.ecs.component import component_type
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity
from theta.ecs.placing import checked_batches
from theta.ecs.world import World
from theta.node.events import OwnersChanged, OwnershipLost
from theta.node.state_encoding import StateEncoding
from theta.node.state_predicting import StatePredicting
from theta.node.state_streaming import StateStreaming
from theta.replication.owned_state import OwnedStateSender
from theta.replication.ownership import Refusal, following
from theta.replication.ownership_view import OwnershipView
from theta.replication.prediction import Pose as Place
from theta.replication.prediction import Quaternion, Vector3
from theta.replication.receiving import Written
from theta.replication.remote_world import RemoteWorld
from theta.replication.standard import Pose
from theta.wire.message import Message
from theta.wire.ownership_messages import OwnershipChanged, OwnershipRefused


class HoldingNews:
    """Who has what, since somebody asked last; it outlives sessions and stays small."""

    def __init__(self) -> None:
        self._owners: dict[Entity, None] = {}
        self._lost: deque[OwnershipLost] = deque(maxlen=OWNED_ENTITIES_PER_ACTOR_MAX)

    def change(self, entity: Entity) -> None:
        """Somebody took it or let go of it."""
        self._owners[entity] = None
        if len(self._owners) > STATE_ENTITIES_MAX:
            del self._owners[next(iter(self._owners))]

    def lose(self, entity: Entity, reason: Refusal | None) -> None:
        """This participant does not have it."""
        self._lost.append(OwnershipLost(entity, reason))

    def poll(self) -> OwnersChanged | OwnershipLost | None:
        """What happened since the last call; of what was lost, one after the other."""
        if self._lost:
            return self._lost.popleft()
        if self._owners:
            changed, self._owners = self._owners, {}
            return OwnersChanged(tuple(changed))
        return None


class StateHolding:
    """For as long as the room's world is the same.

    Args:
        actor: this participant.
        world: its own.
        shown: the room's entities in it.
        encoding: how values travel.
        sender: makes the messages; it goes on with the next world.
        news: who is told what.
    """

    def __init__(
        self,
        actor: int,
        world: World,
        shown: RemoteWorld,
        encoding: StateEncoding,
        sender: OwnedStateSender,
        news: HoldingNews,
    ) -> None:
        self._world = world
        self._shown = shown
        self._encoding = encoding
        self._sender = sender
        self._news = news
        self._view = OwnershipView(actor)
        self._streaming = StateStreaming(world, shown, encoding, sender)
        self._predicting = StatePredicting(world)
        self._leaving: dict[int, float] = {}
        self._refused: dict[Entity, Refusal] = {}
        self._messages: deque[Message] = deque()

    # -- what there is to know -----------------------------------------------------------------------------------------

    def owner_of(self, entity: Entity) -> int:
        """The actor who has an entity, one's own wishes counted as granted; 0 is the room.

        Raises:
            InvalidValue: it is none of the room's.
        """
        return self._view.holding(self.remote(entity)).owner

    def is_owner(self, entity: Entity) -> bool:
        """As `holds`, and until the room has what was made of an entity that was let go of."""
        remote = self._shown.remote(entity)
        return remote is not None and self._view.owns(remote)

    def holds(self, entity: Entity) -> bool:
        """Whether this participant moves an entity, granted or not yet."""
        return self.is_owner(entity) and self.remote(entity) not in self._leaving

    def is_granted(self, entity: Entity) -> bool:
        """Whether the room said that this participant has an entity that it wants."""
        return self.holds(entity) and self._view.is_granted(self.remote(entity))

    def refusal(self, entity: Entity) -> Refusal | None:
        """Why the room did not let this participant have an entity when it asked last; None where another has it."""
        if self._shown.remote(entity) is None:
            return Refusal.UNKNOWN_ENTITY
        return self._refused.get(entity)

    def remote(self, entity: Entity) -> int:
        """The room's id of an entity.

        Raises:
            InvalidValue: it is none of the room's.
        """
        remote = self._shown.remote(entity)
        if remote is None:
            raise InvalidValue("entity", entity, "one of the room's that is in the world here")
        return remote

    # -- what this participant does ------------------------------------------------------------------------------------

    def grab(self, now: float, entity: Entity, *, gently: bool = False) -> None:
        """Take an entity, out of another's hand if need be; `gently` only where nobody holds it.

        It is this participant's at once, and `is_granted` once the room has said so. Where the room decides otherwise,
        `holds` is False from then on, and OwnershipLost is told.

        Raises:
            InvalidValue: it is none of the room's, or too many are held; nothing changes.
        """
        remote = self.remote(entity)
        if len(self._view.owned) >= OWNED_ENTITIES_PER_ACTOR_MAX and not self._view.owns(remote):
            raise InvalidValue("entities held", len(self._view.owned) + 1, f"at most {OWNED_ENTITIES_PER_ACTOR_MAX}")
        self._leaving.pop(remote, None)
        self._refused.pop(entity, None)
        if gently:
            self._view.touch(now, remote)
        else:
            self._view.grab(now, remote)
        if self._view.owns(remote):
            self._streaming.hold(now, remote)

    def release(self, now: float, entity: Entity) -> None:
        """Let go of an entity, as soon as the room has what was made of it; nothing where it is not held."""
        if self.holds(entity):
            self._streaming.look()
            self._leaving[self.remote(entity)] = now + OWNERSHIP_RELEASE_SECONDS_MAX
            self._finish_leaving(now)

    def write(self, entity: Entity, component: object) -> None:
        """Change a component of an entity that is held; the room is told at most once a tick.

        Raises:
            InvalidValue: it is not held, the value is out of its limits, or this room does not replicate it.
            UnknownComponent, MissingComponent: as for `World.write`.
        """
        remote = self._held(entity)
        ((declaration, values),) = checked_batches((component,), 1).values()
        _, told = self._encoding.component(declaration.made_by)
        self._encoding.check(told, values)
        self._streaming.check_size(told, self._encoding.encode(told, values, 1))
        self._world.write_many([entity], component)
        if declaration.made_by is Pose:
            self._predicting.forget(remote)

    def move_by(self, now: float, entity: Entity, translation: Vector3, rotation: Quaternion) -> None:
        """Move an entity that is held by a difference in the world, and turn it about itself.

        Where the room has it elsewhere, because its own systems move it, these movements go on from there (REP-72).

        Raises:
            InvalidValue: it is not held, or a number is not finite.
            MissingComponent: it has no `Pose`.
        """
        remote = self._held(entity)
        for name, numbers, count in (("translation", translation, 3), ("rotation", rotation, 4)):
            if len(numbers) != count or not all(isfinite(each) for each in numbers):
                raise InvalidValue(name, numbers, f"{count} finite numbers")
        x, y, z = translation
        qx, qy, qz, qw = rotation
        change = Place((float(x), float(y), float(z)), (float(qx), float(qy), float(qz), float(qw)))
        self._predicting.move_by(now, remote, entity, change, following(self._sender.sequence))

    # -- what the room says --------------------------------------------------------------------------------------------

    def handle_resumed(self, now: float) -> None:
        """There is another connection: ask again for all that is wanted."""
        self._messages.clear()
        self._view.handle_resumed(now)

    def handle_ownership(self, now: float, message: OwnershipChanged | OwnershipRefused) -> None:
        """Who has what."""
        if isinstance(message, OwnershipChanged):
            self._view.handle_changed(now, message)
            rows = message.rows
        else:
            self._view.handle_refused(now, message)
            rows = [message.row]
        for row in rows:
            entity = self._shown.named(row.entity)
            if entity is not None:
                self._news.change(entity)
        while (correction := self._view.poll_correction()) is not None:
            self._lose(correction.holding.entity, correction.refusal)
        self._view.forget_free(STATE_ENTITIES_MAX)

    def look(self) -> None:
        """Take in what was changed here, before the room's values come."""
        if len(self._streaming):
            self._streaming.look()

    def withhold(self, number: int, written: Written, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
        """See WorldListener.withhold."""
        withheld = self._streaming.withhold(number, written, rows)
        if withheld is not None and number == self._encoding.schema.numbers.get(component_type(Pose).name):
            chosen = rows[withheld]
            columns = self._encoding.remote(number).lanes.restore(written.lanes[chosen])
            for at, remote in enumerate(written.entities[chosen].tolist()):
                self._predicting.note_answer(remote, columns["translation"][at], columns["rotation"][at])
        return withheld

    def settle(self, now: float, sequence: int) -> None:
        """The room's values are taken, with this participant's inputs up to `sequence` in them."""
        self._predicting.handle_input(now, sequence)
        self._streaming.settle()
        self._finish_leaving(now)

    def handle_gone(self, entities: dict[int, Entity]) -> None:
        """These are shown no more."""
        for remote, entity in entities.items():
            self._streaming.forget(remote)
            self._predicting.forget(remote)
            self._leaving.pop(remote, None)
            if self._view.owns(remote):
                self._news.lose(entity, Refusal.UNKNOWN_ENTITY)
                self._view.handle_despawned(remote)

    # -- time, and what to send ----------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds."""
        times = (self._view.timeout, self._streaming.timeout, *self._leaving.values())
        return min((each for each in times if each is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """The time that `timeout` named has come."""
        if self._view.timeout is not None and now >= self._view.timeout:
            self._view.handle_timeout(now)
        ownerships = {remote: self._view.holding(remote).ownership for remote in self._view.owned}
        self._messages.extend(self._streaming.messages(now, ownerships))
        self._finish_leaving(now)

    def poll_message(self) -> Message | None:
        """What to send to the room."""
        claim = self._view.poll_message()
        if claim is not None:
            return claim
        return self._messages.popleft() if self._messages else None

    def discard(self) -> None:
        """There is no connection: nothing waits, what is wanted is asked for again."""
        self._messages.clear()
        while self._view.poll_message() is not None:
            pass

    # -- what is seen --------------------------------------------------------------------------------------------------

    def changed(self, declared: type[object]) -> Entities:
        """The held entities of which a component is this participant's own, (n,)."""
        number = self._encoding.schema.numbers.get(component_type(declared).name, 0)
        found = (self._shown.local(remote) for remote in self._streaming.changed(number))
        return np.array([entity for entity in found if entity is not None], np.uint64)

    def show(self, now: float, entities: Entities, poses: Values) -> None:
        """Put what is moved by differences where it is shown, in the columns of `Pose` of these entities."""
        for entity in self.changed(Pose).tolist():
            place = self._predicting.shown(now, self.remote(Entity(entity)))
            if place is not None:
                rows = entities == entity
                poses["translation"][rows], poses["rotation"][rows] = place

    # -- within --------------------------------------------------------------------------------------------------------

    def _held(self, entity: Entity) -> int:
        remote = self.remote(entity)
        if not self.holds(entity):
            raise InvalidValue("entity", entity, "one that was grabbed and not let go of")
        return remote

    def _lose(self, remote: int, reason: Refusal | None) -> None:
        self._leaving.pop(remote, None)
        self._predicting.forget(remote)
        self._streaming.drop(remote)
        entity = self._shown.named(remote)
        if entity is not None:
            self._news.lose(entity, reason)
            if reason is not None:
                self._refused[entity] = reason
                if len(self._refused) > OWNED_ENTITIES_PER_ACTOR_MAX:
                    del self._refused[next(iter(self._refused))]

    def _finish_leaving(self, now: float) -> None:
        for remote, until in list(self._leaving.items()):
            if now >= until or self._streaming.is_told(remote):
                del self._leaving[remote]
                self._view.release(now, remote)
                self._predicting.forget(remote)
                self._streaming.drop(remote)
