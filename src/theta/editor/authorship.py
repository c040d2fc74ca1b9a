"""Who made each element of a mesh: the commands of a unit replayed, with what each of them made (CMD-57)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import UnknownElement
from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.log import Command
from theta.editor.judging import ALONE, Judge
from theta.editor.unit import NO_ASSETS, Unit, apply, pass_over
from theta.mesh import Mesh, canonical_mesh
from theta.mesh.columns import IdArray
from theta.mesh.results import Ids, Made

KINDS = ("vertex", "edge", "face")
NOBODY = 0xFFFF_FFFF
Rows = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class ElementMakers:
    """Which command made each element that lives.

    Attributes:
        makers: the commands that made any of them, in the order of the fold.
        ids: of vertices, edges and faces, (n, 16) uint8, ascending.
        rows: of each of these elements its maker's index in `makers`, (n,) uint32; NOBODY where that is not known.
    """

    makers: tuple[Command, ...]
    ids: tuple[IdArray, IdArray, IdArray]
    rows: tuple[Rows, Rows, Rows]

    def maker_of(self, kind: str, element: bytes) -> Command:
        """The command that made an element.

        Raises:
            UnknownElement: no such element lives, or nobody knows.
        """
        number = KINDS.index(kind)
        found = np.flatnonzero((self.ids[number] == np.frombuffer(element, np.uint8)).all(axis=1))
        row = int(self.rows[number][found[0]]) if len(found) else NOBODY
        if row == NOBODY:
            raise UnknownElement(kind, element)
        return self.makers[row]


def element_makers(
    commands: Iterable[Command],
    is_effective: Callable[[Command], bool] = lambda command: True,
    assets: Mapping[bytes, bytes] = NO_ASSETS,
    judge: Judge = ALONE,
    dropped: Unit | None = None,
) -> ElementMakers:
    """Replay a unit's commands, in the order of the fold, and say which made what of its mesh now.

    An element that was gone and came back under its id is its first maker's.

    Args:
        commands: all of one unit.
        is_effective: which of them take part.
        assets: by name, all that they name.
        judge: as they were folded with.
        dropped: what commands before these had come to that were dropped; of what they made nobody knows the maker.
    """
    unit = dropped.copy() if dropped is not None else Unit()
    made: list[tuple[Command, Made]] = []
    for command in commands:
        found = _step(unit, command, is_effective, assets, judge)
        if found is not None:
            made.append((command, found))
    living = _everything(unit.mesh if unit.exists else None)
    owners = [
        _owners(ids, [_of_kind(each, number) for _, each in made])
        for number, ids in enumerate((living.vertices, living.edges, living.faces))
    ]
    used = np.unique(np.concatenate(owners))
    used = used[used != NOBODY]
    vertices, edges, faces = (
        np.where(each == NOBODY, NOBODY, np.searchsorted(used, each)).astype(np.uint32) for each in owners
    )
    ids = (_array(living.vertices), _array(living.edges), _array(living.faces))
    return ElementMakers(tuple([made[at][0] for at in used.tolist()]), ids, (vertices, edges, faces))


def _step(
    unit: Unit, command: Command, is_effective: Callable[[Command], bool], assets: Mapping[bytes, bytes], judge: Judge
) -> Made | None:
    """Fold one command; returns what it made, None when it did nothing."""
    if not is_effective(command):
        pass_over(unit, command, judge)
        return None
    if not apply(unit, command, assets, judge).did_something:
        return None
    return _everything(unit.mesh) if command.operation.CREATES else unit.made


def _everything(mesh: Mesh | None) -> Made:
    if mesh is None:
        none = np.empty((0, IDENTIFIER_BYTES), np.uint8)
        return Made(none, none, none)
    elements = canonical_mesh(mesh)
    return Made(elements.vertex_ids, elements.edge_ids, elements.face_ids)


def _of_kind(made: Made, number: int) -> Ids:
    return (made.vertices, made.edges, made.faces)[number]


def _owners(living: Ids, made: list[Ids]) -> Rows:
    """Of each living element, the index of the first that made it, or NOBODY."""
    first: dict[bytes, int] = {}
    for number in range(len(made) - 1, -1, -1):
        first.update(dict.fromkeys(_bytes(made[number]), number))
    ids = _bytes(living)
    return np.fromiter((first.get(each, NOBODY) for each in ids), np.uint32, len(ids))


def _bytes(ids: Ids) -> list[bytes]:
    if not isinstance(ids, np.ndarray):
        return list(ids)
    rows: list[bytes] = np.ascontiguousarray(ids).view(f"V{IDENTIFIER_BYTES}").reshape(-1).tolist()
    return rows


def _array(ids: Ids) -> IdArray:
    assert isinstance(ids, np.ndarray)
    return ids
