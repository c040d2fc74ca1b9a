"""Who made an element: an entity's commands replayed a few milliseconds at a time (CMD-57)."""

from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from theta.commands.log import Command
from theta.editor.authorship import KINDS
from theta.editor.unit_fold import UnitFold
from theta.mesh import Mesh, canonical_mesh
from theta.mesh.results import Ids, Made
from theta.node.replica import Replica
from theta.wire.types import ElementKind

MAKER_SLICE_COMMANDS = 32


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
            commands, _ = self._replica.fold.unit_commands(entity)
            return next((each for each in commands if each.operation.CREATES), None)
        if unit.mesh is None or not _lives(unit.mesh, kind, element):
            return None
        if self._known is None or self._known[:2] != (entity, unit.mesh_stamp):
            stamp = unit.mesh_stamp
            made = yield from self._replay(entity)
            self._known = _Known(entity, stamp, made)
        number = KINDS.index(kind)
        return next((command for command, made in self._known.made if _has(made[number], element)), None)

    def _replay(self, entity: bytes) -> Generator[None, None, list[tuple[Command, Made]]]:
        replica = self._replica
        commands, effective = replica.fold.unit_commands(entity)
        takes_part = dict(zip([each.name for each in commands], effective, strict=True))
        unit = UnitFold(replica.assets, replica.judge)
        made: list[tuple[Command, Made]] = []
        for count, command in enumerate(commands, 1):
            unit.insert(command)
            for _, outcome in unit.run(lambda each: takes_part[each.name]):
                mesh = unit.state.mesh
                if outcome.did_something and command.operation.CREATES and mesh is not None:
                    whole = canonical_mesh(mesh)
                    made.append((command, Made(whole.vertex_ids, whole.edge_ids, whole.face_ids)))
                elif outcome.did_something:
                    made.append((command, unit.state.made))
            if count % MAKER_SLICE_COMMANDS == 0 or command.operation.price or command.operation.assets:
                yield
        return made


def _lives(mesh: Mesh, kind: ElementKind, element: bytes) -> bool:
    if kind == "vertex":
        return mesh.has_vertex(element)
    return mesh.has_edge(element) if kind == "edge" else mesh.has_face(element)


def _has(ids: Ids, element: bytes) -> bool:
    if isinstance(ids, np.ndarray):
        return bool((ids == np.frombuffer(element, np.uint8)).all(axis=1).any())
    return element in ids
