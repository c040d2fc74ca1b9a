"""A room's state plane and its participants over lossy lines, from a seed, tick by tick."""

import hashlib
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Annotated

import numpy as np

from theta.base.limits import COORDINATE_METRES_MAX
from theta.ecs.codecs import FixedPoint, SmallestThree
from theta.ecs.component import Bytes, Column, Plane, component, component_type
from theta.ecs.declaration import SCOPES
from theta.ecs.entities import Entity, slots_of
from theta.node.lanes import Lane
from theta.node.state_follower import EntitiesAppeared, EntitiesDisappeared, StateFollower
from theta.node.state_plane import TICK_SECONDS, Position, StatePlane
from theta.replication.cell_hashes import cell_at
from theta.wire import codec
from theta.wire.message import Message
from theta.wire.state_messages import CellHashes, StateAck, StateChunksReceived
from theta.wire.types import RoleName

RETRY_TICKS = 6
"""What was lost on the reliable lane is sent again after so many ticks."""


@component("test.company.Pose", plane=Plane.STATE, position="metres")
@dataclass(frozen=True)
class Pose:
    metres: Annotated[tuple[float, ...], Column("<f4", 3), FixedPoint(step=0.004, low=-4096.0, high=4096.0)]
    rotation: Annotated[tuple[float, ...], Column("<f4", 4), SmallestThree(bits=10)] = (0.0, 0.0, 0.0, 1.0)


@component("test.company.Motion", plane=Plane.STATE)
@dataclass(frozen=True)
class Motion:
    linear: Annotated[tuple[float, ...], Column("<f4", 3)]
    age: Annotated[int, Column("<u8")] = 0


@component("test.company.Label", plane=Plane.STATE)
@dataclass(frozen=True)
class Label:
    colour: Annotated[int, Column("<u2")]
    text: Annotated[bytes, Bytes(8_192)] = b""


@component("test.company.Gizmo", plane=Plane.STATE, scope="editor")
@dataclass(frozen=True)
class Gizmo:
    """What only editors see."""

    mode: Annotated[int, Column("<u1")]


DECLARED = (Pose, Motion, Label, Gizmo)
COMPONENTS = tuple(map(component_type, DECLARED))


@dataclass(frozen=True)
class Weather:
    """How a line is. In a burst most is lost, else nearly nothing; `loss` is over all, shares are in [0, 1)."""

    loss: float = 0.0
    reorder: float = 0.0
    duplication: float = 0.0
    delay_ticks: int = 1


class Line:
    """One direction of a connection: datagrams are lost, doubled and overtaken; reliable messages only come late."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.weather = Weather()
        self._is_burst = False
        self._datagrams: list[tuple[int, bytes]] = []
        self._reliable: deque[tuple[int, bytes]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._reliable) + len(self._datagrams)

    def send(self, tick: int, lane: Lane, frame: bytes) -> None:
        if lane is not Lane.DATAGRAM:
            self._reliable.append((tick + self.weather.delay_ticks, frame))
            return
        for _ in range(2 if self.random.random() < self.weather.duplication else 1):
            if not self._is_lost():
                late = self.random.randrange(8) if self.random.random() < self.weather.reorder else 0
                self._datagrams.append((tick + self.weather.delay_ticks + late, frame))

    def receive(self, tick: int) -> list[bytes]:
        """What has arrived by now."""
        if self.weather.loss == 0.0 or self.random.random() < 0.15:
            self._is_burst = self.random.random() < self.weather.loss
        here = [frame for due, frame in self._datagrams if due <= tick]
        self._datagrams = [each for each in self._datagrams if each[0] > tick]
        while self._reliable and self._reliable[0][0] <= tick:
            _, frame = self._reliable.popleft()
            if self._is_lost():
                self._reliable.appendleft((tick + RETRY_TICKS, frame))
                break
            here.append(frame)
        return here

    def _is_lost(self) -> bool:
        # On average what the weather says, most of it in bursts.
        return self.random.random() < (0.9 if self._is_burst else self.weather.loss / 8.0)


class Guest:
    """A participant, its lines, and what its events say is there."""

    def __init__(self, peer: int, random: Random, role: RoleName, radius: float) -> None:
        self.peer = peer
        self.role: RoleName = role
        self.radius = radius
        self.follower = StateFollower()
        self.to_guest, self.to_room = Line(random), Line(random)
        self.position: Position = (0.0, 0.0, 0.0)
        self.regions: list[int] = []
        self.is_frozen = False
        self.there: set[Entity] = set()

    def read_events(self) -> None:
        while (event := self.follower.poll_event()) is not None:
            if isinstance(event, EntitiesAppeared):
                assert not self.there & set(event.entities), "one appeared twice"
                self.there |= set(event.entities)
            elif isinstance(event, EntitiesDisappeared):
                assert self.there >= set(event.entities), "one disappeared that was not there"
                self.there -= set(event.entities)


class Company:
    """The room and its guests. `trace` is a hash of everything that was ever sent."""

    def __init__(self, seed: int | str) -> None:
        self.random = Random(f"state plane {seed}")
        self.plane = StatePlane(COMPONENTS)
        self.guests: dict[int, Guest] = {}
        self.tick = 0
        self.weather = Weather()
        self._trace = hashlib.blake2b(digest_size=16)
        self._newest_peer = 0

    @property
    def now(self) -> float:
        return self.tick * TICK_SECONDS

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()

    def join(self, position: Position, role: RoleName = "editor", radius: float = 10.0) -> Guest:
        # Numbers of peers are the caller's: far apart here.
        self._newest_peer += 1_000
        guest = self.guests[self._newest_peer] = Guest(self._newest_peer, self.random, role, radius)
        self.plane.handle_joined(self.now, guest.peer, role, radius)
        self.look(guest, position)
        self.set_weather(self.weather)
        return guest

    def leave(self, guest: Guest) -> None:
        self.plane.handle_left(guest.peer)
        del self.guests[guest.peer]

    def cut(self, guest: Guest) -> None:
        """The connection ends, with all that is on its way; there is another at once."""
        weather = guest.to_guest.weather
        guest.to_guest, guest.to_room = Line(self.random), Line(self.random)
        guest.to_guest.weather = guest.to_room.weather = weather
        if self.plane.can_resume(guest.peer):
            self.plane.handle_suspended(guest.peer)
            self.plane.handle_resumed(guest.peer)
            guest.follower.handle_resumed()
            return
        # The room does not know whether anything of it ever came: both begin anew.
        self.plane.handle_left(guest.peer)
        self.plane.handle_joined(self.now, guest.peer, guest.role, guest.radius)
        self.look(guest, guest.position)
        guest.follower.end()
        guest.read_events()
        guest.follower = StateFollower()
        guest.regions.clear()

    def look(self, guest: Guest, position: Position) -> None:
        guest.position = position
        self.plane.handle_pose(guest.peer, position)

    def set_weather(self, weather: Weather) -> None:
        self.weather = weather
        for guest in self.guests.values():
            guest.to_guest.weather = guest.to_room.weather = weather

    def step(self) -> None:
        """A tick of the room, and what arrives in it."""
        self.tick += 1
        for guest in self.guests.values():
            for frame in guest.to_room.receive(self.tick):
                self._answer(guest, codec.decode_from_participant(frame))
        self.plane.handle_tick(self.now)
        while told := self.plane.poll_transmit():
            frame = codec.encode(told.message)
            self._trace.update(f"{self.tick} {told.peer} {told.lane} ".encode() + frame)
            self.guests[told.peer].to_guest.send(self.tick, told.lane, frame)
        for guest in self.guests.values():
            if not guest.is_frozen:
                self._serve(guest)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_SECONDS)):
            self.step()

    def _answer(self, guest: Guest, message: Message) -> None:
        if isinstance(message, StateAck):
            self.plane.handle_ack(guest.peer, message)
        elif isinstance(message, StateChunksReceived):
            self.plane.handle_chunks(guest.peer, message)
        else:
            assert isinstance(message, CellHashes)
            self.plane.handle_hashes(guest.peer, message)

    def _serve(self, guest: Guest) -> None:
        follower = guest.follower
        for frame in guest.to_guest.receive(self.tick):
            follower.handle_message(self.now, codec.decode_from_room(frame))
        if follower.timeout is not None and follower.timeout <= self.now:
            follower.handle_timeout(self.now)
        while told := follower.poll_transmit():
            lane, message = told
            frame = codec.encode(message)
            self._trace.update(f"{self.tick} {guest.peer} answers {lane} ".encode() + frame)
            guest.to_room.send(self.tick, lane, frame)
        guest.read_events()


def differences(company: Company, guest: Guest) -> list[str]:
    """What a guest has otherwise than the room within its interest."""
    plane, follower = company.plane, guest.follower
    cells = plane.cells_of(guest.peer).tolist()
    # An empty cell is forgotten late, when its number is to be given to another.
    known = [cell for cell in follower.receiver.cells if follower.receiver.state(cell).entities.any()]
    found = [f"cell {cell} is not forgotten" for cell in known if cell not in cells]
    members: dict[str, set[int]] = {scope: set() for scope in SCOPES}
    for cell in cells:
        ours, theirs = cell_at(plane.history, cell, 0), follower.receiver.state(cell)
        members[SCOPES[plane.history.scopes(np.array([cell]))[0]]] |= set(ours.entities.tolist()) - {0}
        if ours.entities.tolist() != theirs.entities.tolist():
            found.append(f"cell {cell} has others in it")
        found += [
            f"cell {cell}: component {key} differs"
            for key in sorted(ours.components.keys() | theirs.components.keys())
            if key not in ours.components
            or key not in theirs.components
            or ours.components[key].present != theirs.components[key].present
            or ours.components[key].lanes.tobytes() != theirs.components[key].lanes.tobytes()
            or ours.components[key].objects != theirs.components[key].objects
        ]
    shown = {remote: follower.local(remote) for remote in sorted(set.union(*members.values()))}
    found += [f"entity {remote:#x} is not shown" for remote, local in shown.items() if local is None]
    if follower.entity_count != len(shown) or guest.there != set(shown.values()):
        found.append(f"{follower.entity_count} entities are shown, {len(shown)} are relevant")
    if found:
        return found
    near = [f"entity {each:#x} is near and not relevant" for each in _near(company, guest) if each not in shown]
    return near + _differing_values(company, guest, {key: each for key, each in shown.items() if each}, members)


def _differing_values(
    company: Company, guest: Guest, shown: dict[int, Entity], members: dict[str, set[int]]
) -> list[str]:
    """Each value must be, to the byte, what the room's is when it is quantised."""
    world, found = company.plane.world, []
    for declared, declaration in zip(DECLARED, COMPONENTS, strict=True):
        having = [each for each in sorted(members[declaration.scope]) if world.has(Entity(each), declared)]
        theirs = {remote for remote in shown if guest.follower.world.has(shown[remote], declared)}
        if theirs != set(having):
            found.append(f"{declaration.name}: {len(theirs)} have it, {len(having)} should")
            continue
        if not having:
            continue
        slots, local = (slots_of(np.array(each, np.uint64)) for each in (having, [shown[each] for each in having]))
        given, got = world.gather(declared, slots), guest.follower.world.gather(declared, local)
        wanted = given | declaration.lanes.restore(declaration.lanes.quantise(given, len(slots)))
        found += [
            f"{declaration.name}.{name} differs"
            for name in wanted
            if np.asarray(wanted[name]).tolist() != np.asarray(got[name]).tolist()
        ]
    return found


def _near(company: Company, guest: Guest) -> list[int]:
    """Who is within the guest's radius."""
    centre, radius = np.array(guest.position), guest.radius
    found: list[int] = []
    for rows in company.plane.world.query(Pose):
        metres = np.clip(rows.columns[0]["metres"].astype(float), -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX)
        near = ((metres - centre) ** 2).sum(axis=1) <= radius**2
        found += rows.entities[near].tolist()
    return found
