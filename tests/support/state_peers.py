"""Participants whole (`Peer`s) in a room whose world lives: what they see and hold, by the ids of their own."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from tests.support.pump import Pump
from theta.ecs.codecs import EntityReference
from theta.ecs.component import Bytes, Column, Plane, component
from theta.ecs.entities import Entity
from theta.node.events import (
    Answered,
)
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.replication.standard import Pose
from theta.wire.codec import decode_from_participant
from theta.wire.message import Message
from theta.wire.ownership_messages import (
    EntitiesSpawned,
    SpawnEntities,
)
from theta.wire.types import RoleName

STATE = ("fold", "presence", "chat", "zstd", "state")
ORIGIN = (0.0, 0.0, 0.0)
FAR = (300.0, 0.0, 0.0)


@component("test.participant.Heat", plane=Plane.STATE)
@dataclass(frozen=True)
class Heat:
    """Something that a system changes."""

    degrees: Annotated[float, Column("<f4")] = 0.0


@component("test.participant.Arrow", plane=Plane.STATE)
@dataclass(frozen=True)
class Arrow:
    """Points at another entity."""

    at: Annotated[int, Column("<u8"), EntityReference()] = 0


@component("test.participant.Page", plane=Plane.STATE)
@dataclass(frozen=True)
class Page:
    """Bytes, and many of them."""

    data: Annotated[bytes, Bytes(60_000)] = b""


@component("test.participant.Chapter", plane=Plane.STATE)
@dataclass(frozen=True)
class Chapter:
    """As many again."""

    data: Annotated[bytes, Bytes(60_000)] = b""


def join(pump: Pump, name: str, role: RoleName = "editor", *, seconds: float = 0.5) -> Peer:
    """Somebody who has seen what is around the origin."""
    peer = pump.peer(name, role, capabilities=STATE)
    pump.connect(peer)
    pump.advance(seconds)
    return peer


def entities(peer: Peer) -> list[Entity]:
    """The room's entities, by where they are."""
    found = [Entity(each) for each in peer.state.follower.shown.entities.tolist()]
    return sorted(found, key=lambda each: place(peer, each) if peer.state.world.has(each, Pose) else ORIGIN)


def place(peer: Peer, entity: Entity) -> tuple[float, ...]:
    x, y, z = peer.state.world.read(entity, Pose).translation
    return round(x, 3) + 0.0, round(y, 3) + 0.0, round(z, 3) + 0.0


def in_room(pump: Pump, peer: Peer, entity: Entity) -> tuple[float, ...]:
    """Where the room has it."""
    x, y, z = pump.room.state.plane.world.read(Entity(peer.state.holding.remote(entity)), Pose).translation
    return round(x, 3) + 0.0, round(y, 3) + 0.0, round(z, 3) + 0.0


def at(x: float, y: float = 0.0, z: float = 0.0) -> object:
    """As near as the codec keeps it."""
    return pytest.approx((x, y, z), abs=0.003)


def grabbed(pump: Pump, peer: Peer, entity: Entity) -> None:
    peer.state.holding.grab(pump.seconds, entity)
    pump.advance(0.1)
    assert peer.state.holding.is_granted(entity)


def ask_to_spawn(pump: Pump, peer: Peer, count: int, *components: object) -> list[Entity]:
    """The entities that the room made of what was asked for."""
    found: list[Entity] = []
    for made, body in peer.state.spawn_bodies(count, components):
        peer.ask(lambda number, body=body: SpawnEntities(number, body))  # type: ignore[misc]
        pump.pump()
        answer = pump.told(peer, Answered)[-1].answer
        assert isinstance(answer, EntitiesSpawned), answer
        found += peer.state.announce(answer.entities, made)
    return found


class Ears:
    """What a peer sends, as it is sent; `drops` says what of it is lost."""

    def __init__(self, pump: Pump, peer: Peer) -> None:
        self.heard: list[Message] = []
        self.drops: tuple[type[Message], ...] = ()
        send = peer.poll_transmit

        def poll() -> tuple[Lane, bytes] | None:
            while (sent := send()) is not None:
                message = decode_from_participant(sent[1])
                self.heard.append(message)
                if not isinstance(message, self.drops):
                    return sent
            return None

        peer.poll_transmit = poll  # type: ignore[method-assign]

    def of(self, kind: type[Message]) -> list[Message]:
        found = [message for message in self.heard if isinstance(message, kind)]
        self.heard.clear()
        return found
