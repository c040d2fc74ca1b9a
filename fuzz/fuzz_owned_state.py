"""Any bytes as what participants say of the entities of a room's world: what they own, add, take and end.

    PYTHONPATH=. python -m fuzz.fuzz_owned_state -max_total_time=60 build/fuzz/owned fuzz/corpus/owned_state

fuzzes with atheris; new finds go to the first folder. The first byte of an input says what the rest is (`READERS`).
What is refused changes nothing; what is taken leaves a world whose values are all within their limits, and which ticks
on.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from fuzz.harness import read_by_first_byte, run
from theta.base.errors import FrameTooLarge, PeerError, ProtocolError
from theta.base.limits import COORDINATE_METRES_MAX, OWNED_BODY_BYTES_MAX, OWNED_ROWS_MAX, STATE_SPAWN_BYTES_MAX
from theta.ecs.codecs import EntityReference
from theta.ecs.component import Column, Plane, Text, component, component_type
from theta.ecs.entities import Entity
from theta.ecs.relations import ChildOf, OwnedBy
from theta.ecs.world import World
from theta.node.state_ownership import StateOwnership
from theta.node.state_plane import StatePlane
from theta.replication.entity_sections import places_of, read_entities, stand_ins, write_entities
from theta.replication.ownership import ROOM
from theta.replication.receiving import Written
from theta.replication.standard import Pose
from theta.wire import codec
from theta.wire.message import Message
from theta.wire.ownership_messages import (
    OWNERSHIP_FROM_PARTICIPANT,
    ClaimOwnership,
    DespawnEntities,
    OwnedState,
    ReleaseOwnership,
    SpawnEntities,
)

CORPUS = Path(__file__).resolve().parent / "corpus" / "owned_state"
ANNA, BEN = 7, 9
MINE = 20
"""How many of the entities are Anna's."""

# What may come of bytes, each with what it takes. Any other error is a find.
PERMITTED: dict[type[PeerError], str] = {
    ProtocolError: "no message, no sections, or such that tell no entities",
    FrameTooLarge: "over the limit of a frame",
}


@component("fuzz.owned.Probe", plane=Plane.STATE, position="metres")
@dataclass(frozen=True)
class Probe:
    """A place in raw floats."""

    metres: Annotated[tuple[float, ...], Column("<f8", 4)]


@component("fuzz.owned.Note", plane=Plane.STATE)
@dataclass(frozen=True)
class Note:
    """Something pointed at, and what is said of it."""

    target: Annotated[int, Column("<u8"), EntityReference()]
    text: Annotated[str, Text(40)] = ""


@component("fuzz.owned.Tool", plane=Plane.STATE, scope="editor")
@dataclass(frozen=True)
class Tool:
    """What only editors see."""

    tool: Annotated[int, Column("<u2")] = 0


DECLARED: tuple[type[object], ...] = (Pose, Probe, Note, Tool, ChildOf, OwnedBy)
COMPONENTS = tuple(map(component_type, DECLARED))
POSE, PROBE, NOTE, TOOL, CHILD, OWNED = range(1, 7)
_HERE = (Pose((1.0, 2.0, 3.0)), Probe((1.0, 2.0, 3.0, 4.0)), Note(0, "here"), Tool(3))


class Scene:
    """A room's world in which Anna, an editor, owns the first entities, and Ben, an admin, nothing."""

    def __init__(self) -> None:
        self.now = 1.0
        self.world = World()
        self.plane = StatePlane(COMPONENTS, self.world)
        self.ownership = StateOwnership(self.plane)
        self.entities = self.world.spawn_many(MINE + 4, *_HERE).tolist()
        self.lived = {0, *self.entities}
        self.world.insert(Entity(self.entities[1]), ChildOf(self.entities[0]))
        self.plane.handle_joined(self.now, ANNA, "editor")
        self.ownership.handle_joined(self.now, ANNA, "editor")
        self.plane.handle_joined(self.now, BEN, "admin")
        self.ownership.handle_joined(self.now, BEN, "admin")
        for entity in self.entities[:MINE]:
            self.ownership.handle_message(self.now, ANNA, ClaimOwnership(entity, 1, 0))
        self.tick()

    @property
    def standing(self) -> tuple[object, ...]:
        """What no refusal may change, and no row before the tick."""
        values = [
            (rows.entities.tolist(), [rows.columns[0][name].tolist() for name, _, _ in declaration.fields])
            for declaration in COMPONENTS
            for rows in self.world.query(declaration.made_by)
        ]
        return self.world.entity_count, values, [self.ownership.holding(each) for each in self.entities]

    def tick(self) -> None:
        """A tick of the room, after which all must be well."""
        self.now += 1.0 / 30.0
        self.lived.update(
            each for declared in DECLARED for rows in self.world.query(declared) for each in rows.entities.tolist()
        )
        self.ownership.apply(self.now)
        self.plane.handle_tick(self.now)
        while told := self.plane.poll_transmit():
            codec.encode(told.message)
        while news := self.ownership.poll_transmit():
            assert set(news.actors) <= {ANNA, BEN}
            codec.decode_from_room(codec.encode(news.message))
        self.check()

    def check(self) -> None:
        """Every value is one that may be, and what is said of owners agrees."""
        for declared, name in ((Pose, "translation"), (Probe, "metres")):
            for rows in self.world.query(declared):
                metres = rows.columns[0][name][:, :3]
                assert (np.abs(metres) <= COORDINATE_METRES_MAX).all(), "somebody is where no place is"
        for rows in self.world.query(Note):
            targets = rows.columns[0]["target"]
            assert all(isinstance(text, str) and len(text) <= 40 for text in rows.columns[0]["text"].tolist())
            assert set(targets.tolist()) <= self.lived, "a reference to who never was"
        owned = {actor: set(self.world.owned_by(actor).tolist()) for actor in (ANNA, BEN)}
        for entity in self.entities:
            owner = self.ownership.holding(entity).owner
            assert owner in (ROOM, ANNA, BEN)
            assert all((entity in having) == (owner == actor) for actor, having in owned.items())

    def take(self, actor: int, message: Message) -> None:
        """A message that may be refused."""
        before = self.standing
        try:
            self.ownership.handle_message(self.now, actor, message)
        except PeerError as error:
            if type(error) not in PERMITTED or not str(error):
                raise
            assert self.standing == before, "a refusal changes nothing"
        if isinstance(message, OwnedState):
            assert self.standing == before, "what owners say waits for the tick"
        self.tick()


def read_owned(data: bytes) -> None:
    """A body of Anna's, with ownerships that fit if it has any entities."""
    body = data[:OWNED_BODY_BYTES_MAX]
    scene = Scene()
    try:
        rows = read_entities(scene.plane.history.schema, body, "body", OWNED_ROWS_MAX)
        count = min(len(rows.entities), OWNED_ROWS_MAX)
    except ProtocolError:
        count = 0
    scene.take(ANNA, OwnedState(1, 1, np.ones(count, "<u4").tobytes(), body))


def read_spawned(data: bytes) -> None:
    """What Anna wants to be there."""
    scene = Scene()
    before = scene.world.entity_count
    scene.take(ANNA, SpawnEntities(1, data[:STATE_SPAWN_BYTES_MAX]))
    spawned = scene.ownership.counts["spawned"]
    assert scene.world.entity_count == before + spawned


def read_from_participant(data: bytes) -> None:
    """Bytes off the wire."""
    try:
        message = codec.decode_from_participant(data)
    except (ProtocolError, FrameTooLarge):
        return
    if isinstance(message, OWNERSHIP_FROM_PARTICIPANT):
        scene = Scene()
        scene.take(ANNA, message)
        scene.take(BEN, message)


def read_several(data: bytes) -> None:
    """One message after the other, each with its length and who says it in front."""
    scene, at = Scene(), 0
    while at + 2 < len(data):
        size = int.from_bytes(data[at : at + 2], "little")
        actor, size = (BEN, ANNA)[size & 1], size >> 1
        frame, at = data[at + 2 : at + 2 + size], at + 2 + size
        try:
            message = codec.decode_from_participant(frame)
        except (ProtocolError, FrameTooLarge):
            return
        if isinstance(message, OWNERSHIP_FROM_PARTICIPANT):
            scene.take(actor, message)


READERS: tuple[Callable[[bytes], None], ...] = (read_owned, read_spawned, read_from_participant, read_several)


def read_anything(data: bytes) -> None:
    """One input."""
    read_by_first_byte(READERS, data)


def _body(scene: Scene, entities: list[int], numbers: tuple[int, ...]) -> bytes:
    """The room's own values of some components, for these entities."""
    written: dict[int, Written] = {}
    for number in numbers:
        declaration = COMPONENTS[number - 1]
        slots = np.array(scene.entities[: len(entities)], np.uint64).astype(np.uint32)
        columns = scene.world.gather(declaration.made_by, slots)
        objects = tuple(tuple(kind.encode_rows(columns[name])) for name, kind in declaration.lanes.objects)
        lanes = declaration.lanes.quantise(columns, len(entities))
        written[number] = Written(np.array(entities, np.uint64), lanes, objects)
    return write_entities(scene.plane.history.schema, entities, places_of(written), written)


def _said(actor: int, message: Message) -> bytes:
    frame = codec.encode(message)
    return (len(frame) << 1 | (actor == ANNA)).to_bytes(2, "little") + frame


def _conversation(scene: Scene) -> Iterator[bytes]:
    """Anna spawns, Ben takes what is hers, and in the end it goes."""
    first, second, *_ = scene.entities
    stands = stand_ins(3).tolist()
    yield _said(ANNA, SpawnEntities(1, _body(scene, stands, (POSE, NOTE))))
    yield _said(BEN, ClaimOwnership(second, 2, 0))
    told = np.array([1, 1], "<u4").tobytes()
    yield _said(ANNA, OwnedState(1, 1, told, _body(scene, [first, second], (POSE, PROBE, TOOL))))
    yield _said(BEN, OwnedState(1, 1, np.array([2], "<u4").tobytes(), _body(scene, [second], (NOTE,))))
    yield _said(ANNA, ReleaseOwnership(first, 1, 0, True))
    yield _said(BEN, DespawnEntities(2, np.array([first], "<u8").tobytes()))
    yield _said(ANNA, DespawnEntities(3, np.array([second, scene.entities[-1]], "<u8").tobytes()))


def seeds() -> list[bytes]:
    """An input of each kind that goes through."""
    scene = Scene()
    mine, stands = scene.entities[:MINE], stand_ins(MINE).tolist()
    found = [b"\0" + _body(scene, mine[:count], numbers) for count, numbers in ((1, (POSE,)), (3, (POSE, PROBE)),
             (4, (NOTE,)), (5, (TOOL,)), (9, (POSE,)), (MINE, ()), (2, (POSE, PROBE, NOTE, TOOL, OWNED)))]  # fmt: skip
    found += [b"\1" + _body(scene, stands[:count], numbers) for count, numbers in ((1, (POSE,)), (MINE, (POSE, PROBE)),
              (18, (NOTE, TOOL)), (2, ()), (2, (OWNED,)), (1, (POSE, PROBE, NOTE, TOOL)))]  # fmt: skip
    messages: list[Message] = [
        OwnedState(3, 9, np.array([1], "<u4").tobytes(), _body(scene, mine[:1], (POSE, NOTE))),
        SpawnEntities(4, _body(scene, stands[:2], (POSE, TOOL))),
        DespawnEntities(5, np.array(mine[:2], "<u8").tobytes()),
        ClaimOwnership(mine[2], 2, 0),
        ReleaseOwnership(mine[3], 1, 0, False),
    ]
    found += [b"\2" + codec.encode(message) for message in messages]
    talk = list(_conversation(scene))
    found += [b"\3" + b"".join(talk[:count]) for count in (3, len(talk))]
    return found


if __name__ == "__main__":
    run(sys.argv[1:], read_anything, seeds, CORPUS)
