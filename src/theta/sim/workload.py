"""What people do: random commands from the whole vocabulary, on what is there and on what is not."""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol, TypeVar

from theta.base.errors import InvalidValue, NothingToUndo, UndoConflict
from theta.base.identifiers import CommandName, entity_id
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.editor.vocabulary import (
    CreatePrimitive,
    Delete,
    ExtrudeFace,
    MoveVertices,
    Operation,
    Paint,
    Quaternion,
    Rename,
    SetEffectiveV2,
    SetTransform,
    Vector3,
)
from theta.mesh import encode_polygons
from theta.mesh.primitives import PRIMITIVES
from theta.node.peer import Peer
from theta.sim.modelling import mesh_operation
from theta.wire.messages import GestureName

T = TypeVar("T")
UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)
# 3-4-5 turns: exact unit quaternions without a sine.
ROTATIONS: tuple[Quaternion, ...] = (UPRIGHT, (0.6, 0.0, 0.0, 0.8), (0.0, -0.6, 0.0, 0.8), (0.0, 0.0, 0.8, -0.6))
ENTITIES_WANTED = 6
BURST_COMMANDS = 40
MODELS = (1, 12, 400)
"""Sizes of what is imported, in columns: the last takes two parts."""
MODEL_HEIGHTS = 8


class Workload(Protocol):
    """One thing that a person does at a time; the simulation calls it at random moments."""

    def act(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        """Do something with the peer and return the names of the commands performed, if any."""
        ...


class RandomEdits:
    """Single edits, gestures of several, bursts beyond the rate limit, imports, undo, redo, chat, and bad values.

    Args:
        burst_share: how many of all acts are bursts of BURST_COMMANDS commands.
    """

    def __init__(self, burst_share: float = 0.01) -> None:
        self._burst_share = burst_share

    def act(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        """See Workload.act."""
        if randomness.fraction() < self._burst_share:
            return self._burst(now, peer, randomness)
        choice = randomness.integer(100)
        if choice < 12:
            return try_it(lambda: peer.undo(now))
        if choice < 20:
            return try_it(lambda: peer.redo(now))
        if choice < 24:
            peer.say(f"hello {randomness.integer(1000)}")
            return []
        if choice < 28:
            peer.upload(now, polygons(MODELS[randomness.integer(len(MODELS))], randomness.integer(MODEL_HEIGHTS)))
            return []
        if choice < 30:
            return try_it(lambda: peer.perform(now, [Paint(_any_id(randomness), (2.0, 0.0, 0.0))]))
        count = 1 if choice < 85 else 2 + randomness.integer(4)
        operations = [random_operation(peer, randomness) for _ in range(count)]
        names = peer.perform(now, operations)
        if choice >= 95:
            names += peer.perform(now, [random_operation(peer, randomness)], gesture=names[0].number)
        return names

    def _burst(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        entity = random_entity(peer, randomness)
        return [
            name
            for step in range(BURST_COMMANDS)
            for name in peer.perform(now, [Rename(entity, f"burst {step}"), Paint(entity, _colour(randomness))])
        ]


@cache
def polygons(columns: int, height: int) -> bytes:
    """The asset of a folded sheet, two rows of quads, with a fin on every edge between them: no manifold."""
    width = columns + 1
    points = [(0.25 * x, 0.125 * (x % 2), 0.25 * z) for z in range(3) for x in range(width)]
    points += [(0.25 * x, 1.0 + height, 0.0) for x in range(width)]
    faces: list[tuple[int, ...]] = [
        (at, at + width, at + width + 1, at + 1) for z in range(2) for at in range(z * width, z * width + columns)
    ]
    faces += [(width + x, width + x + 1, 3 * width + x) for x in range(columns)]
    faces += [(3 * width + x, 3 * width + x, 3 * width + x + 1) for x in range(columns)]
    return encode_polygons(points, faces)


def random_operation(peer: Peer, randomness: Randomness) -> Operation:
    """One command; its values are valid, its target may be gone or never have been."""
    if peer.replica.document.entity_count < 1 + randomness.integer(ENTITIES_WANTED):
        return _create(randomness)
    entity = random_entity(peer, randomness)
    makers: list[tuple[int, Callable[[], Operation]]] = [
        (5, lambda: _create(randomness)),
        (15, lambda: _set_transform(entity, randomness)),
        (20, lambda: _move_vertices(peer, entity, randomness)),
        (25, lambda: _extrude(peer, entity, randomness)),
        (40, lambda: mesh_operation(peer.replica.document.mesh(entity), entity, randomness)),
        (15, lambda: Paint(entity, _colour(randomness))),
        (10, lambda: Rename(entity, f"thing {randomness.integer(100)}")),
        (7, lambda: Delete(entity)),
        (3, lambda: _foreign_undo(peer, randomness)),
    ]
    return pick_weighted(randomness, makers)()


def pick(randomness: Randomness, choices: Sequence[T]) -> T:
    """One of them, each as likely as the other."""
    return choices[randomness.integer(len(choices))]


def pick_weighted(randomness: Randomness, choices: Sequence[tuple[int, T]]) -> T:
    """One of them, by their weights."""
    at = randomness.integer(sum(weight for weight, _ in choices))
    for weight, choice in choices:
        if at < weight:
            return choice
        at -= weight
    raise AssertionError("the weights cover everything")


def is_admin(peer: Peer) -> bool:
    """Whether a participant may govern its room, as far as it knows."""
    return any(person.actor == peer.actor and person.role == "admin" for person in peer.people)


def random_entity(peer: Peer, randomness: Randomness) -> bytes:
    """Mostly an entity that the peer sees; else one that nobody has made, or that the peer's next command makes."""
    entities = peer.replica.document.entities()
    if entities and randomness.integer(10):
        return entities[randomness.integer(len(entities))]
    if randomness.integer(2):
        return entity_id(CommandName(peer.actor, 1 + randomness.integer(20)))
    return _any_id(randomness)


def try_it(action: Callable[[], list[CommandName]]) -> list[CommandName]:
    """The names of what was performed; none when the document or the values did not allow it."""
    try:
        return action()
    except (InvalidValue, NothingToUndo, UndoConflict):
        return []


def _create(randomness: Randomness) -> CreatePrimitive:
    kind = sorted(PRIMITIVES)[randomness.integer(len(PRIMITIVES))]
    return CreatePrimitive(kind, 0.1 + randomness.fraction(), kind, _point(randomness), UPRIGHT, (1.0, 1.0, 1.0))


def _set_transform(entity: bytes, randomness: Randomness) -> SetTransform:
    scale = 0.5 + randomness.fraction()
    rotation = ROTATIONS[randomness.integer(len(ROTATIONS))]
    return SetTransform(entity, _point(randomness), rotation, (scale, scale, scale))


def _move_vertices(peer: Peer, entity: bytes, randomness: Randomness) -> Operation:
    mesh = peer.replica.document.mesh(entity)
    known = list(mesh.vertex_ids()) if mesh is not None else []
    count = 1 + randomness.integer(3)
    chosen = dict.fromkeys(
        known[randomness.integer(len(known))] if known and randomness.integer(20) else _any_id(randomness)
        for _ in range(count)
    )
    points = [coordinate for _ in chosen for coordinate in _point(randomness)]
    targets = struct.pack(f"<{len(points)}d", *points)
    return MoveVertices(entity, b"".join(chosen), targets, targets)


def _extrude(peer: Peer, entity: bytes, randomness: Randomness) -> ExtrudeFace:
    mesh = peer.replica.document.mesh(entity)
    faces = list(mesh.face_ids()) if mesh is not None else []
    face = faces[randomness.integer(len(faces))] if faces and randomness.integer(20) else _any_id(randomness)
    return ExtrudeFace(entity, face, (0.05 + randomness.fraction()) * (1.0 if randomness.integer(4) else -1.0))


def _foreign_undo(peer: Peer, randomness: Randomness) -> SetEffectiveV2:
    """Undo or redo of any gesture, somebody else's or nobody's too: it may only ever touch the author's own."""
    actors = [person.actor for person in peer.people] or [peer.actor]
    actor = actors[randomness.integer(len(actors))]
    return SetEffectiveV2([GestureName(actor, 1 + randomness.integer(30))], bool(randomness.integer(2)), [])


def _any_id(randomness: Randomness) -> bytes:
    return randomness.draw(16)


def _point(randomness: Randomness) -> Vector3:
    return (_coordinate(randomness), _coordinate(randomness), _coordinate(randomness))


def _coordinate(randomness: Randomness) -> float:
    return randomness.fraction() * 4.0 - 2.0


def _colour(randomness: Randomness) -> Vector3:
    return (randomness.fraction(), randomness.fraction(), randomness.fraction())
