"""How a unit takes a command: conflicts first, then the change (CMD-30 to CMD-59, CMD-80 to CMD-87)."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from theta.base.errors import UsageError
from theta.base.limits import CONFLICT_NAMES_MAX
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.changes import CHANGES, create_object
from theta.editor.conflicts import (
    POSITION,
    Rival,
    Written,
    find_rivals,
    lost_to,
    names,
    overwritten,
    strategies,
    written,
)
from theta.editor.free_moves import move_freely
from theta.editor.judging import ALONE, Judge
from theta.editor.merging import concurrent_extrusion, extrude_anew, extrude_joining, move_joining
from theta.editor.mesh_operations import ExtrudeFaceV3, MeshOperation, MoveVerticesV2
from theta.editor.operation import Operation, split_ids
from theta.editor.unit_state import APPLIED, NO_ASSETS, NOT_THERE, SUSPENDED, Kept, Outcome, Unit
from theta.editor.vocabulary import MoveVertices
from theta.editor.writers import Writer, Writers
from theta.mesh import Mesh, move_vertices
from theta.mesh.results import NOTHING

__all__ = ["APPLIED", "NOT_THERE", "NO_ASSETS", "SUSPENDED", "Kept", "Outcome", "Unit", "apply", "pass_over"]


def pass_over(unit: Unit, command: Command, judge: Judge = ALONE) -> Outcome:
    """Leave a masked command out: `suspended`, or `rejected` as if it took part; only `unit.writers` may change."""
    operation = cast(Operation, command.operation)
    if operation.CREATES:
        return SUSPENDED
    scope = written(operation, unit.mesh)
    rivals = find_rivals(unit.writers, scope, command, judge)
    if rivals:
        policies = strategies(rivals, command, judge)
        refused = [rival for rival in rivals if policies[rival.writer] is Strategy.REJECT]
        if refused:
            return _rejected(refused)
    _remember(unit.writers, scope, command, SUSPENDED)
    return SUSPENDED


def apply(unit: Unit, command: Command, assets: Mapping[bytes, bytes] = NO_ASSETS, judge: Judge = ALONE) -> Outcome:
    """Apply one command to its unit; all but `unit.writers` is unchanged unless the outcome did something.

    Args:
        unit: what the commands before it fold to.
        command: an effective one.
        assets: by name, all that the command names.
        judge: knows what was concurrent, and the room's policies.
    """
    operation: Any = command.operation
    if type(operation) is MoveVerticesV2 and move_freely(unit, command, operation, judge):
        return APPLIED
    if operation.CREATES:
        return create_object(unit, command, operation, assets)
    scope = written(operation, unit.mesh)
    rivals = find_rivals(unit.writers, scope, command, judge)
    policies = strategies(rivals, command, judge) if rivals else {}
    refused = [rival for rival in rivals if policies[rival.writer] is Strategy.REJECT]
    if refused:
        return _rejected(refused)
    if not unit.exists:
        outcome = NOT_THERE
    else:
        try:
            outcome = _take_effect(unit, command, operation, _Meeting(rivals, policies, judge))
        except UsageError as error:
            outcome = Outcome("no-op", f"{error.code}: {error}")
    if rivals and not outcome.did_something:
        outcome = outcome._replace(against=names(lost_to(operation, rivals, unit.writers)))
    _remember(unit.writers, scope, command, outcome)
    return outcome


class _Meeting(NamedTuple):
    """What a command meets: whom it is in conflict with, and what happens then, by whom."""

    rivals: list[Rival]
    policies: dict[Writer, Strategy]
    judge: Judge


def _take_effect(unit: Unit, command: Command, operation: Operation, meeting: _Meeting) -> Outcome:
    """Apply it to an object that is there.

    Raises:
        UsageError: it cannot be done, and the unit is as it was.
    """
    if isinstance(operation, MoveVertices | MoveVerticesV2):
        return _move(unit, command, operation, meeting)
    if isinstance(operation, ExtrudeFaceV3):
        return _extrude(unit, command, operation, meeting)
    if isinstance(operation, MeshOperation):
        made = operation.change(cast(Mesh, unit.mesh), command.name)
        unit.mesh_stamp = object()
    else:
        made = CHANGES[type(operation)](unit, command, operation) or NOTHING
    unit.made = made
    return _applied(operation, meeting)


def _applied(operation: Operation, meeting: _Meeting) -> Outcome:
    against = names(overwritten(operation, meeting.rivals)) if meeting.rivals else ()
    return Outcome("applied", "", against) if against else APPLIED


def _move(unit: Unit, command: Command, operation: MoveVertices | MoveVerticesV2, meeting: _Meeting) -> Outcome:
    mesh = cast(Mesh, unit.mesh)
    joined = {
        rival.element
        for rival in meeting.rivals
        if rival.writer.did and rival.field == POSITION and meeting.policies[rival.writer] is Strategy.MERGE
    }
    adds = False
    if joined:
        adds = move_joining(mesh, operation, joined)
    elif isinstance(operation, MoveVertices):
        targets = np.frombuffer(operation.targets, dtype="<f8").reshape(-1, 3)
        move_vertices(mesh, split_ids(operation.vertices), targets)
    else:
        operation.change(mesh, command.name)
    unit.mesh_stamp = object()
    unit.made = NOTHING
    if adds:
        return Outcome("merged", "", names(overwritten(operation, meeting.rivals)))
    return _applied(operation, meeting)


def _extrude(unit: Unit, command: Command, operation: ExtrudeFaceV3, meeting: _Meeting) -> Outcome:
    mesh = cast(Mesh, unit.mesh)
    face = mesh.the_one("face", operation.face)
    other = concurrent_extrusion(mesh, face, unit.writers.extruded.get(face), command, meeting.judge)
    writer = _writer(command, APPLIED)
    if other is None:
        face, extruded, made = extrude_anew(mesh, operation, writer)
        outcome = APPLIED
    else:
        wanted = [meeting.judge.strategy(command, each.branch, each.seq) for each in other.by]
        strategy = Strategy.MERGE if Strategy.MERGE in wanted else Strategy.LAST_WRITER_WINS
        extruded, vertices = extrude_joining(mesh, face, operation.distance, other, writer, strategy)
        made = NOTHING
        against = tuple(sorted(each.name for each in other.by)[:CONFLICT_NAMES_MAX])
        outcome = Outcome("merged" if strategy is Strategy.MERGE else "applied", "", against)
        unit.writers.write(POSITION, vertices, _writer(command, outcome), command.seen)
    unit.writers.extrude(face, extruded)
    unit.mesh_stamp = object()
    unit.made = made
    return outcome


def _rejected(rivals: list[Rival]) -> Outcome:
    against = names(rivals)
    told = ", ".join(f"{name.actor:016x}.{name.number}" for name in against[:3])
    return Outcome("rejected", f"Conflict: others changed the same at the same time: {told}", against)


def _writer(command: Command, outcome: Outcome) -> Writer:
    _, actor, number = command.position
    did = outcome.kind == "applied" or outcome.kind == "merged"
    return Writer(actor, number, command.seq, command.branch, did, outcome.kind == "merged")


def _remember(writers: Writers, scope: Written, command: Command, outcome: Outcome) -> None:
    writer = _writer(command, outcome)
    for field, elements in scope.items():
        writers.write(field, elements, writer, command.seen)
