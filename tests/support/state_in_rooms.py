"""Rooms in which something lives, and participants that watch it: whole rooms, frames and all, on a Pump.

pump = room_with(pose(0.0), pose(1.0))
anna = watcher(pump, "anna")
pump.advance(0.5)
assert positions(anna) == [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)]
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tests.support.participants import Newcomer
from tests.support.pump import Pump
from theta.base.moment import Moment
from theta.ecs.component import Bytes, Plane, component
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.lanes import Lane
from theta.node.state_desk import StateDesk
from theta.node.state_follower import StateFollower
from theta.node.state_world import StateWorld
from theta.node.unpacking import Unpacking
from theta.replication.presence import HEAD_VALID, Presence, encode_presence
from theta.replication.standard import Pose, Shape
from theta.session.participant_handshake import ParticipantHandshake, Resumption
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import Message, PresenceUpdate
from theta.wire.state_messages import STATE_FROM_ROOM, ComponentDescriptors
from theta.wire.types import RoleName

WATCHING = ("fold", "presence", "state", "zstd")
Metres = tuple[float, float, float]
HERE: Metres = (0.0, 0.0, 0.0)
FAR: Metres = (100.0, 0.0, 0.0)


@component("test.desk.Note", plane=Plane.STATE)
@dataclass(frozen=True)
class Note:
    """Something that may be too large for a datagram."""

    text: Annotated[bytes, Bytes(8_192)] = b""


def pose(x: float, y: float = 0.0, z: float = 0.0) -> tuple[Pose, Shape]:
    """Something to see."""
    return Pose((x, y, z)), Shape()


def world_of(
    *entities: Sequence[object], components: Iterable[type[object]] = (), fill: Callable[[World], None] | None = None
) -> Callable[[], StateWorld]:
    """Makes the same world at each start of a room: these entities, and what `fill` does beside (systems …)."""

    def make() -> StateWorld:
        world = World()
        for each in entities:
            world.spawn(*each)
        if fill is not None:
            fill(world)
        return StateWorld(world, tuple(components))

    return make


def room_with(
    *entities: Sequence[object],
    components: Iterable[type[object]] = (),
    fill: Callable[[World], None] | None = None,
    seed: int = 1,
) -> Pump:
    """A room in whose world these live; `pump.room.state` is its desk."""
    return Pump(seed, state=world_of(*entities, components=components, fill=fill))


class Watcher(Newcomer):
    """Shakes hands, follows the state plane, and comes back to its session.

    `is_mute`, it answers nothing of the state plane. `told` is what came of it, in order; `frames_told` how many bytes
    of frames. `resets` counts how often the room had it begin anew.
    """

    def __init__(self, name: str, invite: str, capabilities: tuple[str, ...] = WATCHING) -> None:
        super().__init__(name, invite, capabilities)
        self.follower = StateFollower()
        self.told: list[Message] = []
        self.told_bytes = 0
        self.resets = 0
        self.is_mute = False
        self._unpacking = Unpacking()
        self._resumption = Resumption()
        self._shown = 0

    def show(self, metres: Metres) -> None:
        """Its head is there."""
        self._shown += 1
        row = Presence(self.actor, self._shown, HEAD_VALID, head_position=metres)
        self.say(PresenceUpdate(encode_presence(row)))

    def handle_connected(self, now: Moment) -> None:
        super().handle_connected(now)
        self._out.clear()
        self._handshake = ParticipantHandshake(self._terms, self._resumption, self._randomness)
        self.throw(self._handshake.hello_frame)

    def handle_disconnected(self, now: Moment) -> None:
        if self.session is not None:
            self._resumption = Resumption(self.session.session, self.session.resume_token)
        super().handle_disconnected(now)

    def handle_frame(self, now: Moment, lane: Lane, frame: bytes) -> None:
        was_in = self.session is not None
        message = self._unpacking.unwrap(decode_from_room(frame), allowed=True)
        if isinstance(message, STATE_FROM_ROOM):
            self.told_bytes += len(frame)
        # What was compressed is heard as what it was.
        super().handle_frame(now, lane, encode(message))
        if self.session is not None and not was_in and self.session.resumed:
            self.follower.handle_resumed()

    def take(self, now: Moment, message: Message, frame: bytes) -> None:
        if not isinstance(message, STATE_FROM_ROOM):
            return
        self.told.append(message)
        if isinstance(message, ComponentDescriptors) and self.follower.is_told:
            self.resets += 1
            self.follower.end()
            self.follower = StateFollower()
        self.follower.handle_message(now.seconds, message)
        while self.follower.poll_event() is not None:
            pass

    def handle_timeout(self, now: Moment) -> None:
        if self.follower.timeout is not None and now.seconds >= self.follower.timeout:
            self.follower.handle_timeout(now.seconds)

    def poll_timeout(self) -> float | None:
        return self.follower.timeout

    def poll_transmit(self) -> tuple[Lane, bytes] | None:
        found = super().poll_transmit()
        while found is None and self.session is not None and (answer := self.follower.poll_transmit()) is not None:
            if not self.is_mute:
                found = answer[0], encode(answer[1])
        return found


def watcher(
    pump: Pump,
    name: str,
    role: RoleName = "editor",
    *,
    at: Metres | None = (0.0, 0.0, 0.0),
    capabilities: tuple[str, ...] = WATCHING,
) -> Watcher:
    """A watcher whose session stands, with its head at a place; None shows no head."""
    found = Watcher(name, pump.room.invite(role), capabilities)
    pump.connect(found)
    if at is not None:
        found.show(at)
        pump.pump()
    return found


def desk_of(pump: Pump) -> StateDesk:
    """The room's desk for the state plane."""
    return pump.room.state


def positions(each: Watcher) -> list[Metres]:
    """Where everything that it is told of is, in order, rounded to what the codec keeps."""
    found = [rows.columns[0]["translation"] for rows in each.follower.world.query(Pose)]
    metres = np.concatenate([np.zeros((0, 3)), *found])
    return sorted((round(x, 2) + 0.0, round(y, 2) + 0.0, round(z, 2) + 0.0) for x, y, z in metres.tolist())


@system(Stage.SIMULATION, writes=(Pose,))
def rise(world: World, seconds: float) -> None:
    """Everything goes up, a metre a second."""
    for _, (poses,) in world.query_mut(Pose):
        poses["translation"][:, 1] += seconds


def rising(world: World) -> None:
    """A world with that system."""
    world.schedule.add(rise)


def of(each: Watcher, kind: type[Message]) -> list[Message]:
    """What somebody was told, of one kind."""
    return [message for message in each.told if isinstance(message, kind)]


def height(pump: Pump) -> float:
    """Of the first entity in the room."""
    rows = next(iter(desk_of(pump).plane.world.query(Pose)))
    return float(rows.columns[0]["translation"][0, 1])
