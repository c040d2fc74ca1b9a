"""Commands without packets, and what they fold to: what these tests build on."""

import struct
from collections.abc import Iterable

from theta.base.identifiers import CommandName, Position, element_id, entity_id
from theta.commands.log import Command
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold, FoldChange
from theta.editor.history import Gestures, History
from theta.editor.unit import Unit
from theta.editor.vocabulary import (
    CreatePrimitive,
    Delete,
    ExtrudeFace,
    MoveVertices,
    Operation,
    Paint,
    Rename,
    SetEffective,
    SetTransform,
)
from theta.mesh import Mesh, asset_name, encode_polygons
from theta.wire.messages import GestureName, UnitPatch

NO_TURN = (0.0, 0.0, 0.0, 1.0)
ONE = (1.0, 1.0, 1.0)
HERE = (0.0, 0.0, 0.0)
RED = (1.0, 0.0, 0.0)
BLUE = (0.0, 0.0, 1.0)
NOBODY = b"\xee" * 16


# Three faces at one edge, which come apart; and one that has no area, so that an import of it is rejected.
_FIN = encode_polygons(
    [HERE, ONE, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)], [(0, 1, 2), (0, 1, 3), (1, 0, 4)]
)
_FLAT = encode_polygons([HERE, ONE, (2.0, 2.0, 2.0)], [(0, 1, 2)])
FIN, FLAT = asset_name(_FIN), asset_name(_FLAT)
ASSETS = {FIN: _FIN, FLAT: _FLAT}


def doubles(*values: float) -> bytes:
    """Little-endian float64."""
    return struct.pack(f"<{len(values)}d", *values)


def cube(name: str = "cube") -> CreatePrimitive:
    """A cube of one metre at the origin."""
    return CreatePrimitive("cube", 1.0, name, HERE, NO_TURN, ONE)


def place(entity: bytes, x: float = 1.0) -> SetTransform:
    """Put it at x."""
    return SetTransform(entity, (x, 0.0, 0.0), NO_TURN, ONE)


def move(entity: bytes, vertices: Iterable[bytes], x: float = 0.1) -> MoveVertices:
    """Put vertices side by side."""
    ids = list(vertices)
    targets = doubles(*(value for at in range(len(ids)) for value in (x, float(at), 0.0)))
    return MoveVertices(entity, b"".join(ids), targets, doubles(*(0.0,) * 3 * len(ids)))


def gesture_names(gestures: Iterable[CommandName]) -> list[GestureName]:
    """As a payload holds them."""
    return [GestureName(gesture.actor, gesture.number) for gesture in gestures]


def off(*gestures: CommandName) -> SetEffective:
    """Undo."""
    return SetEffective(gesture_names(gestures), False)


def on(*gestures: CommandName) -> SetEffective:
    """Redo."""
    return SetEffective(gesture_names(gestures), True)


class Scene:
    """A fold with its history and document; `add` takes commands as they arrive."""

    def __init__(self) -> None:
        self.fold = Fold(ASSETS)
        self.history = History(self.fold)
        self.document = Document(World())
        self.commands: list[Command] = []
        self.clock = 0

    def add(self, commands: list[Command]) -> tuple[FoldChange, list[UnitPatch]]:
        """Fold and show what arrives."""
        self.commands += commands
        change = self.fold.add(commands)
        self.history.add(commands)
        patches = [self.document.update(entity, self.fold.unit(entity)) for entity in sorted(change.entities)]
        return change, [patch for patch in patches if patch is not None]

    def shown(self) -> dict[bytes, dict[int, bytes]]:
        """Every entity's components as canonical bytes."""
        return shown(self.document)

    def unit(self, entity: bytes) -> Unit:
        """An entity's unit, which is there."""
        unit = self.fold.unit(entity)
        assert unit is not None
        return unit

    def mesh(self, entity: bytes) -> Mesh:
        """An entity's mesh, which is there."""
        mesh = self.unit(entity).mesh
        assert mesh is not None
        return mesh

    def outcome(self, command: Command) -> str:
        """What became of a command."""
        outcome = self.fold.outcome(command.name)
        assert outcome is not None
        return outcome.kind


def shown(document: Document) -> dict[bytes, dict[int, bytes]]:
    """Every entity's components as canonical bytes."""
    return {patch.entity: {each.component: each.data for each in patch.components} for patch in document.snapshot()}


class Person:
    """Somebody who does things in a scene, one gesture at a time."""

    def __init__(self, scene: Scene, author: bytes = b"a" * 32, actor: int = 1) -> None:
        self.scene = scene
        self.author = author
        self.actor = actor
        self.number = 0

    def make(self, operation: Operation, lamport: int | None = None, gesture: int | None = None) -> Command:
        """The next command; by default above every Lamport time so far. It does not arrive."""
        self.number += 1
        if lamport is None:
            lamport = self.scene.clock + 1
        self.scene.clock = max(self.scene.clock, lamport)
        name = CommandName(self.actor, self.number)
        begun = CommandName(self.actor, gesture or self.number)
        return Command(Position(lamport, self.actor, self.number), name, begun, self.author, 0, 0, operation)

    def do(self, operation: Operation, lamport: int | None = None, gesture: int | None = None) -> Command:
        """The next command, arrived."""
        command = self.make(operation, lamport, gesture)
        self.scene.add([command])
        return command

    def create(self, name: str = "cube") -> tuple[bytes, Command]:
        """A cube, and the command that made it."""
        command = self.do(cube(name))
        return entity_id(command.name), command

    def undo(self) -> Gestures:
        """One press."""
        gestures = self.scene.history.next_undo(self.author)
        self.do(off(*gestures))
        return gestures

    def redo(self) -> Gestures:
        """One press."""
        gestures = self.scene.history.next_redo(self.author)
        self.do(on(*gestures))
        return gestures


def face_of(command: Command, ordinal: int = 3) -> bytes:
    """A face of the cube that a command made; 3 is its top."""
    return element_id(command.name, "cube.face", (), ordinal)


def vertex_of(command: Command, ordinal: int) -> bytes:
    """A vertex of the cube that a command made."""
    return element_id(command.name, "cube.vertex", (), ordinal)


def side_of(extrusion: Command, face: bytes, edge: bytes) -> bytes:
    """A side face that an extrusion made over an edge."""
    return element_id(extrusion.name, "extrude.side", (face, edge))


__all__ = [
    "BLUE",
    "HERE",
    "NOBODY",
    "NO_TURN",
    "ONE",
    "RED",
    "Delete",
    "ExtrudeFace",
    "Paint",
    "Person",
    "Rename",
    "Scene",
    "cube",
    "doubles",
    "face_of",
    "move",
    "off",
    "on",
    "place",
    "shown",
    "side_of",
    "vertex_of",
]
