"""Who made an element: an entity's commands replayed a few milliseconds at a time (CMD-57)."""

from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.log import Command
from theta.editor.authorship import KINDS
from theta.editor.unit import APPLIED
from theta.editor.unit_fold import UnitFold
from theta.mesh import Mesh
from theta.mesh.results import NOTHING, Ids, Made
from theta.node.replica import Replica
from theta.wire.types import ElementKind

MAKER_SLICE_COMMANDS = 8


class _Known(NamedTuple):
    """What each command of an entity made, while its mesh has this stamp."""

    entity: bytes
    stamp: object
    made: list[tuple[Command, Made]]


class MakerFinder:
    """Finds who made what in one branch's document; remembers the entity that was asked about last."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._known: _Known | None = None

    def find_slowly(self, entity: bytes, kind: ElementKind, element: bytes) -> Generator[None, None, Command | None]:
        """The command that made a living element, or the entity itself when `kind` is `object`; None for neither."""
        unit = self._replica.fold.unit(entity)
        if unit is None:
            return None
        if kind == "object":
            commands, _ = yield from self._commands(entity)
            return next((each for each in commands if each.operation.CREATES), None)
        if unit.mesh is None or not _lives(unit.mesh, kind, element):
            return None
        if self._known is None or self._known[:2] != (entity, unit.mesh_stamp):
            stamp = unit.mesh_stamp
            made = yield from self._replay(entity)
            self._known = _Known(entity, stamp, made)
        number = KINDS.index(kind)
        return next((command for command, made in self._known.made if _has(made[number], element)), None)

    def _commands(self, entity: bytes) -> Generator[None, None, tuple[tuple[Command, ...], tuple[bool, ...]]]:
        """The entity's commands, and of each whether it takes part; what is not in memory is read."""
        fold = self._replica.fold
        old = yield from fold.old_commands_slowly([entity])
        return fold.unit_commands(entity, old)

    def _replay(self, entity: bytes) -> Generator[None, None, list[tuple[Command, Made]]]:
        replica = self._replica
        dropped = yield from replica.fold.dropped_unit_slowly(entity)
        commands, effective = yield from self._commands(entity)
        takes_part = dict(zip([each.name for each in commands], effective, strict=True))
        unit = UnitFold(replica.assets, replica.judge, dropped)
        made: list[tuple[Command, Made]] = []
        as_made = replica.fold.as_made(entity)
        if as_made is not None and as_made.mesh is not None:
            # A large mesh, which takes long to make; here it is as it was then.
            unit.resume([commands[0]], [APPLIED], as_made.copy())
            yield
            made.append((commands[0], _everything(unit.state.mesh)))
            commands = commands[1:]
            if unit.state.mesh is not None:
                yield from unit.state.mesh.number_slowly()
        for count, command in enumerate(commands, 1):
            unit.insert(command)
            for _, outcome in unit.run(lambda each: takes_part[each.name]):
                if outcome.did_something:
                    made.append(
                        (command, _everything(unit.state.mesh) if command.operation.CREATES else unit.state.made)
                    )
            if count % MAKER_SLICE_COMMANDS == 0 or command.operation.price or command.operation.assets:
                yield
        return made


def _everything(mesh: Mesh | None) -> Made:
    """What a mesh that was just made consists of, in no order."""
    if mesh is None:
        return NOTHING
    tables = mesh.halfedges
    vertices, edges, faces = (
        table.column.array().reshape(-1, IDENTIFIER_BYTES).copy()
        for table in (tables.vertices, tables.edges, tables.faces)
    )
    return Made(vertices, edges, faces)


def _lives(mesh: Mesh, kind: ElementKind, element: bytes) -> bool:
    if kind == "vertex":
        return mesh.has_vertex(element)
    return mesh.has_edge(element) if kind == "edge" else mesh.has_face(element)


def _has(ids: Ids, element: bytes) -> bool:
    if isinstance(ids, np.ndarray):
        return bool((ids == np.frombuffer(element, np.uint8)).all(axis=1).any())
    return element in ids
