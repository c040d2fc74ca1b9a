"""A room's state plane with its ownership, without a network: for the tests of who moves, adds and ends what."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tests.support.state_company import Gizmo
from theta.ecs.codecs import EntityReference
from theta.ecs.component import Column, Plane, Text, component, component_type
from theta.ecs.entities import Entity
from theta.ecs.relations import ChildOf
from theta.ecs.world import World
from theta.node.state_follower import StateFollower
from theta.node.state_ownership import StateOwnership
from theta.node.state_plane import TICK_SECONDS, StatePlane
from theta.replication.owned_state import OwnedStateSender
from theta.replication.receiving import Written
from theta.replication.standard import Pose, Shape
from theta.wire.message import Message
from theta.wire.ownership_messages import ClaimOwnership
from theta.wire.state_messages import StateAck, StateChunksReceived, StateFrame
from theta.wire.types import RoleName

ANNA, BEN, VERA = 11, 2**63 + 5, 33
"""Two editors and a viewer."""


@component("test.owning.Probe", plane=Plane.STATE, position="metres")
@dataclass(frozen=True)
class Probe:
    """A place in raw floats."""

    metres: Annotated[tuple[float, ...], Column("<f4", 3)]


@component("test.owning.Link", plane=Plane.STATE)
@dataclass(frozen=True)
class Link:
    """What an entity points at."""

    target: Annotated[int, Column("<u8"), EntityReference()] = 0


@component("test.owning.Note", plane=Plane.STATE)
@dataclass(frozen=True)
class Note:
    """A few characters."""

    text: Annotated[str, Text(8)] = ""


DECLARED: tuple[type[object], ...] = (Pose, Shape, Probe, Link, Note, Gizmo, ChildOf)
COMPONENTS = tuple(map(component_type, DECLARED))
NUMBERS = {declared: number for number, declared in enumerate(DECLARED, 1)}


def values(entities: Sequence[int], *instances: object) -> Written:
    """A component's values for some entities, one instance for each, quantised."""
    declaration = component_type(type(instances[0]))
    columns = {name: kind.allocate(len(instances)) for name, kind, _ in declaration.fields}
    for name, kind, _ in declaration.fields:
        for row, instance in enumerate(instances):
            kind.store(columns[name], row, getattr(instance, name))
    objects = tuple(tuple(kind.encode_rows(columns[name])) for name, kind in declaration.lanes.objects)
    return Written(np.array(entities, np.uint64), declaration.lanes.quantise(columns, len(instances)), objects)


class OwningRoom:
    """Anna and Ben, editors, and Vera, who only looks."""

    def __init__(self) -> None:
        self.now = 100.0
        self.world = World()
        self.plane = StatePlane(COMPONENTS, self.world)
        self.ownership = StateOwnership(self.plane)
        self.senders: dict[int, OwnedStateSender] = {}
        self.followers: dict[int, StateFollower] = {}
        self.frames: dict[int, list[StateFrame]] = defaultdict(list)
        self.join(ANNA, "editor")
        self.join(BEN, "editor")
        self.join(VERA, "viewer")
        self.told()

    def join(self, actor: int, role: RoleName) -> None:
        self.plane.handle_joined(self.now, actor, role)
        self.plane.handle_pose(actor, (0.0, 0.0, 0.0))
        self.ownership.handle_joined(self.now, actor, role)
        self.senders[actor] = OwnedStateSender(self.plane.history.schema)
        self.followers[actor] = StateFollower()

    def say(self, actor: int, message: Message) -> list[Message]:
        """What the speaker is told at once; nobody else may be told anything."""
        self.ownership.handle_message(self.now, actor, message)
        told = self.told()
        assert set(told) <= {actor}
        return told.get(actor, [])

    def grab(self, actor: int, entity: Entity, ownership: int = 1) -> Message:
        (answer,) = self.say(actor, ClaimOwnership(entity, ownership, 0))
        return answer

    def send(self, actor: int, entities: Sequence[int], *instances: object, ownership: int = 1) -> None:
        """An owner's new values of one component."""
        written = {NUMBERS[type(instances[0])]: values(entities, *instances)}
        for message in self.senders[actor].messages(self.now, 1, entities, [ownership] * len(entities), written):
            assert self.say(actor, message) == []

    def tick(self) -> dict[int, list[Message]]:
        """A tick of the room; what everybody is told of ownership."""
        self.now += TICK_SECONDS
        self.ownership.apply(self.now)
        self.plane.handle_tick(self.now)
        while told := self.plane.poll_transmit():
            if isinstance(told.message, StateFrame):
                self.frames[told.peer].append(told.message)
            self.followers[told.peer].handle_message(self.now, told.message)
        for actor, follower in self.followers.items():
            while answer := follower.poll_transmit():
                self._answer(actor, answer[1])
        return self.told()

    def _answer(self, actor: int, message: Message) -> None:
        if isinstance(message, StateAck):
            self.plane.handle_ack(actor, message)
        else:
            assert isinstance(message, StateChunksReceived)
            self.plane.handle_chunks(actor, message)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_SECONDS)):
            self.tick()

    def told(self) -> dict[int, list[Message]]:
        """What waits to be sent about ownership, by who gets it."""
        found: dict[int, list[Message]] = defaultdict(list)
        while told := self.ownership.poll_transmit():
            for actor in told.actors:
                found[actor].append(told.message)
        return dict(found)
