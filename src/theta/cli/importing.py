"""`theta import`: a model from a file into a room that is open."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from rich.markup import escape

from theta.adapters.client import Entity, connect
from theta.cli.console import ProgressBar, err, out
from theta.cli.outcomes import branch_called

STAGES = {"reading": "Reading", "sending": "Sending"}


def import_into(link: str, file: Path, name: str, branch: str = "") -> None:
    """Put the objects of a file into the room at `link`, as one step for undo.

    Args:
        link: as people join by it.
        file: GLB, glTF or OBJ.
        name: what others see.
        branch: which one; "" for the one chosen with `theta branch switch`, or else the main one.

    Raises:
        ModelError: it is no model, or too much.
        InvalidValue, UnusableAsset: one of its objects is not what a room can hold.
        StoreUnavailable: the file cannot be read.
        ConnectionFailed: the room cannot be reached, or does not let us in.
        CommandRefused: the room does not take it.
    """
    notes: list[str] = []
    entities = asyncio.run(_import(link, file, name, branch, notes))
    for entity, faces in entities:
        out.print(f"{escape(entity)}: {faces} faces")
    for note in notes:
        err.print(f"note: {escape(note)}")


async def _import(link: str, file: Path, name: str, branch: str, notes: list[str]) -> list[tuple[str, int]]:
    async with connect(link, name=name) as room:
        wanted = branch_called(room.replica.log, branch)
        if wanted != room.branch.id:
            await room.switch_branch(wanted)
            notes.append(f"on the branch {room.branch.name}")
        with _Bars(file) as bars:
            entities = await room.import_file(file, on_progress=bars.show, on_note=notes.append)
        return [_described(entity) for entity in entities]


def _described(entity: Entity) -> tuple[str, int]:
    return entity.name, entity.mesh.face_count


class _Bars:
    """One bar at a time: for reading, then for sending."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stage = ""
        self._bar: ProgressBar | None = None
        self._tell: Callable[[int, int], None] | None = None

    def show(self, stage: str, done: int, total: int) -> None:
        """How far a stage is."""
        if stage != self._stage:
            self._end()
            self._stage = stage
            self._bar = ProgressBar(f"{STAGES[stage]} {self._file.name}")
            self._tell = self._bar.__enter__()
        assert self._tell is not None
        self._tell(done, total)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__()
        self._bar = None

    def __enter__(self) -> "_Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
