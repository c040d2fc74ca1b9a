"""A participant's part in the state plane: what it sees of the room's world, and what it does there (REP-82, REP-83).

    handle_session, handle_disconnected                    connections
    handle_message, handle_timeout          what the room says, and the time that `timeout` names
    poll_transmit, poll_event               what to send, and what happened; drain them

Entities are named as in `world`, which is this participant's own; the room's ids stay inside.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import ProtocolError
from theta.base.limits import STATE_COMPONENTS_MAX, STATE_ENTITIES_MAX, STATE_SPAWNED_PER_MESSAGE_MAX
from theta.ecs.component import component_type
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity, EntityList, as_entities
from theta.ecs.errors import MissingComponent
from theta.ecs.world import World
from theta.node.events import (
    ComponentSkipped,
    EntitiesAppeared,
    EntitiesDisappeared,
    OwnersChanged,
    OwnershipLost,
)
from theta.node.state_encoding import StateEncoding
from theta.node.state_follower import EntityNews, StateFollower
from theta.node.state_holding import HoldingNews, StateHolding
from theta.node.state_looking import StateLooking
from theta.node.state_playback import StatePlayback
from theta.replication.owned_state import OwnedStateSender
from theta.replication.receiving import Written
from theta.replication.remote_world import WorldListener
from theta.replication.schema import Schema
from theta.replication.standard import Pose
from theta.wire.message import Message
from theta.wire.ownership_messages import OwnershipChanged, OwnershipRefused
from theta.wire.state_messages import STATE_FROM_ROOM, ComponentDescriptors, StateFrame, StateSection

FROM_ROOM = (*STATE_FROM_ROOM, OwnershipChanged, OwnershipRefused)
"""What `handle_message` takes."""
_ID_BYTES = 8
StateNews = EntitiesAppeared | EntitiesDisappeared | OwnersChanged | OwnershipLost | ComponentSkipped
_ENTITIES_MAX = 4 * STATE_ENTITIES_MAX
"""Twice what a room may tell of, what was spawned and is not told of yet, and as many of one's own."""


class _Listener(WorldListener):
    """Keeps what is held apart, and gives the rest to who shows it."""

    def __init__(self, holding: StateHolding, playback: StatePlayback) -> None:
        self._holding = holding
        self._playback = playback

    def withhold(self, number: int, written: Written, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
        """Those that are this participant's own."""
        return self._holding.withhold(number, written, rows)

    def handle_written(self, tick: int, declared: type[object], entities: Entities, values: Values) -> None:
        """Samples of the room's."""
        self._playback.handle_written(tick, declared, entities, values)

    def handle_forgotten(self, declared: type[object] | None, entities: Entities) -> None:
        """Their samples are another's."""
        self._playback.forget(declared, entities)

    def handle_gone(self, entities: dict[int, Entity]) -> None:
        """Nobody holds what is not there."""
        self._holding.handle_gone(entities)


class StateParticipant:
    """One participant's, for the life of its program; the room's entities come and go with sessions.

    Args:
        actor: who this participant is.
        world: where the room's entities are shown; entities of one's own may be in it, and stay one's own.

    Attributes:
        world: this.
        is_on: whether a session stands that has a state plane.
        looking: regions and selection.
        follower, holding: what it knows of the room's world, and what it holds; others when the room begins anew.
    """

    def __init__(self, actor: int, world: World | None = None) -> None:
        self.world = World(_ENTITIES_MAX) if world is None else world
        self.is_on = False
        self.looking = StateLooking()
        self._actor = actor
        self._is_settled = False
        self._entity_news = EntityNews()
        self._holding_news = HoldingNews()
        self._skipped: dict[str, None] = {}
        self._sender = OwnedStateSender(Schema(()))
        self._begin()

    # -- connections ---------------------------------------------------------------------------------------------------

    def handle_session(self, now: float, *, resumed: bool, is_on: bool) -> None:
        """A session stands on a connection. One that is resumed goes on with what is here (REP-83).

        Whether the room does, too, is known with its first reliable word (REP-26): until then nothing is said to it.
        """
        self.is_on = is_on
        self._is_settled = not resumed
        if not (resumed and is_on):
            self._end()
        if is_on:
            self.follower.handle_resumed()
            self.holding.handle_resumed(now)
            self.looking.say_again()

    def handle_disconnected(self) -> None:
        """The connection is gone; all that is here stays for when it is resumed."""
        self.is_on = False

    # -- what the room says --------------------------------------------------------------------------------------------

    def handle_message(self, now: float, message: Message) -> None:
        """Something of the state plane.

        Args:
            now: monotonic seconds.
            message: one of FROM_ROOM.

        Raises:
            ProtocolError: it is not what a room says; nothing of it was taken.
            ProtocolMismatch: the room's components are not those of the manifest.
        """
        if isinstance(message, StateFrame) and not self._is_settled:
            # A datagram may overtake the word that the room begins anew; it will be said again.
            return
        self._is_settled = True
        if isinstance(message, OwnershipChanged | OwnershipRefused):
            self.holding.handle_ownership(now, message)
            return
        if isinstance(message, ComponentDescriptors) and message.first == 1 and self.follower.is_told:
            # The room begins anew: what is here is of a world that it does not know any more (REP-25).
            self._end()
            self.looking.say_again()
        self.holding.look()
        self.follower.handle_message(now, message)
        if isinstance(message, StateFrame):
            self._input = message.input
        if isinstance(message, StateFrame | StateSection):
            self._playback.handle_tick(now, message.tick)
        self.holding.settle(now, self._input)

    def handle_timeout(self, now: float) -> None:
        """The time that `timeout` named has come."""
        if self.follower.timeout is not None and now >= self.follower.timeout:
            self.follower.handle_timeout(now)
        self.holding.handle_timeout(now)

    # -- what to do ----------------------------------------------------------------------------------------------------

    @property
    def is_awaited(self) -> bool:
        """Whether the room has yet to tell of its components, which it does first."""
        return self.is_on and not self.follower.is_told

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds; None while there is no session with a state plane."""
        if not self.is_on:
            return None
        times = (self.follower.timeout, self.holding.timeout)
        return min((each for each in times if each is not None), default=None)

    def poll_transmit(self) -> Message | None:
        """The next message to send; without a session nothing, and what waited is said again when there is one."""
        if not self.is_on:
            self.looking.discard()
            self.holding.discard()
            return None
        if not self._is_settled:
            return None
        message = self.looking.poll_message() or self.holding.poll_message()
        if message is not None:
            return message
        told = self.follower.poll_transmit()
        return told[1] if told is not None else None

    def poll_event(self) -> StateNews | None:
        """What happened. What nobody asks for is told in fewer events later."""
        while (event := self.follower.poll_event()) is not None:
            if isinstance(event, EntitiesAppeared | EntitiesDisappeared):
                return event
            if event.name not in self._skipped:
                if len(self._skipped) >= STATE_COMPONENTS_MAX:
                    # More than one room has: names of rooms that began anew, long ago.
                    self._skipped.clear()
                self._skipped[event.name] = None
                return ComponentSkipped(event.name)
        return self._holding_news.poll()

    # -- what is here --------------------------------------------------------------------------------------------------

    def local_entity(self, remote: int) -> Entity | None:
        """The entity here that stands for the room's; None where it is not shown."""
        return self.follower.local(remote)

    def is_shown(self, entity: Entity) -> bool:
        """Whether an entity is one of the room's, of which the room tells."""
        remote = self.follower.shown.remote(entity)
        return remote is not None and self.follower.local(remote) == entity

    def shown(self, now: float, declared: type[object], entities: EntityList) -> Values:
        """What a component of entities looks like now, between the room's ticks (REP-68 …).

        What this participant holds and has changed, and entities of its own, are as they are in the world.

        Args:
            now: monotonic seconds.
            declared: the component.
            entities: (n,), of which all have it.

        Returns:
            By field (n,) or (n, width); of floats float64.

        Raises:
            UnknownEntity, UnknownComponent, MissingComponent: there is nothing to show.
        """
        found = as_entities(entities)
        self.world.places(found)
        having = self.world.has_many(found, declared)
        if not having.all():
            raise MissingComponent(int(found[~having][0]), component_type(declared).name)
        values = self._playback.values(now, declared, found, ~np.isin(found, self.holding.changed(declared)))
        if declared is Pose:
            self.holding.show(now, found, values)
        return values

    # -- what it adds and takes ----------------------------------------------------------------------------------------

    def spawn_bodies(self, count: int, components: Sequence[object]) -> list[tuple[int, bytes]]:
        """See StateEncoding.spawn_bodies."""
        return self._encoding.spawn_bodies(count, components)

    def announce(self, data: bytes, count: int) -> list[Entity]:
        """The entities here for those of which EntitiesSpawned tells; without components until the room tells more.

        Raises:
            ProtocolError: it tells of others than `count`, which were asked for.
        """
        if len(data) != _ID_BYTES * count:
            raise ProtocolError(f"EntitiesSpawned: {len(data)} bytes of ids for {count} entities")
        return [self.follower.shown.announce(remote) for remote in _ids(data)]

    def despawn_bodies(self, entities: EntityList) -> list[bytes]:
        """What to ask the room for, for these entities to end.

        Raises:
            InvalidValue: one is none of the room's.
        """
        remotes = [self.holding.remote(Entity(each)) for each in as_entities(entities).tolist()]
        size = STATE_SPAWNED_PER_MESSAGE_MAX
        return [np.array(remotes[at : at + size], "<u8").tobytes() for at in range(0, len(remotes), size)]

    def handle_despawned(self, data: bytes) -> None:
        """The room ended these: who was only announced ends here too."""
        for remote in _ids(data):
            self.follower.shown.forget(remote)

    # -- within --------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.follower = StateFollower(self.world, self._entity_news)
        shown = self.follower.shown
        self._encoding = StateEncoding(self.follower.session, shown)
        self.holding = StateHolding(self._actor, self.world, shown, self._encoding, self._sender, self._holding_news)
        self._playback = StatePlayback(shown)
        self._input = 0
        shown.listener = _Listener(self.holding, self._playback)

    def _end(self) -> None:
        self.follower.end()
        self.looking.deselect()
        self._begin()


def _ids(data: bytes) -> list[int]:
    found: list[int] = np.frombuffer(data, "<u8").tolist()
    return found
