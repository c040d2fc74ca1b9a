"""Moves that nobody else has a say in, which most commands are: the same as the general way, in a part of its time."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from struct import Struct
from typing import Any

from theta.base.errors import UsageError
from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.log import Command
from theta.editor.conflicts import POSITION, meets
from theta.editor.judging import Judge
from theta.editor.mesh_operations import MoveVerticesV2
from theta.editor.operation import split_ids
from theta.editor.unit_state import Unit
from theta.editor.writers import Writer
from theta.mesh import move_vertices
from theta.mesh.operations import move_each, move_vertex
from theta.mesh.results import NOTHING

_POINT = Struct("<3d")
# Half of what the constructor of a named tuple costs, which is a Python function.
_writer = partial(tuple.__new__, Writer)


def move_freely(unit: Unit, command: Command, operation: MoveVerticesV2, judge: Judge) -> bool:
    """Move vertices that live, which nobody else moves; False, and nothing is done, when it takes the general way."""
    mesh, writers, vertices = unit.mesh, unit.writers, operation.vertices
    named = [vertices] if len(vertices) == IDENTIFIER_BYTES else split_ids(vertices)
    if mesh is None or unit.deleted or meets(writers, POSITION, named, command, judge):
        return False
    _, actor, number = command.position
    writer = Writer(actor, number, command.seq, command.branch)
    if len(named) == 1:
        if not move_vertex(mesh, named[0], _POINT.unpack(operation.targets)):
            return False
        writers.write_one(POSITION, named[0], writer, command.seen)
    else:
        try:
            move_vertices(mesh, named, list(_POINT.iter_unpack(operation.targets)))
        except UsageError:
            return False
        writers.write(POSITION, named, writer, command.seen)
    unit.mesh_stamp = object()
    unit.made = NOTHING
    return True


def run_of_moves(commands: Iterable[Command], takes_part: Callable[[Command], bool]) -> list[Command]:
    """The commands, from the first one on, that are of one packet, take part, and move one vertex each."""
    run: list[Command] = []
    seq = None
    for command in commands:
        operation: Any = command.operation
        if type(operation) is not MoveVerticesV2 or len(operation.vertices) != IDENTIFIER_BYTES:
            break
        if seq is None:
            seq = command.seq
        if command.seq != seq or not takes_part(command):
            break
        run.append(command)
    return run


def move_in_turn(unit: Unit, run: Sequence[Command], judge: Judge) -> bool:
    """`move_freely` with each command of a `run_of_moves`, all at once.

    Whom the first one does not meet, at any of the vertices, the others do not meet either: they have the same author,
    who had seen the same.

    Returns:
        False, and nothing is done, when any of them takes the general way.
    """
    mesh, first = unit.mesh, run[0]
    operations: list[Any] = [command.operation for command in run]
    vertices = [operation.vertices for operation in operations]
    if mesh is None or unit.deleted or meets(unit.writers, POSITION, vertices, first, judge):
        return False
    if not move_each(mesh, vertices, b"".join([operation.targets for operation in operations])):
        return False
    actor, seq, branch = first.position.actor, first.seq, first.branch
    writers = [_writer((actor, command.position[2], seq, branch, True, False)) for command in run]
    unit.writers.write_each(POSITION, vertices, writers, first.seen)
    unit.mesh_stamp = object()
    unit.made = NOTHING
    return True
