"""What a `set_effective` may do at its place in the fold, whatever depends on it: CMD-38, CMD-95 … CMD-99.

Everything here follows from what is ordered before it: the gestures' commands, the masks that stand, and the log's
permissions at its record. Commands that come later in order change nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.base.limits import CONFLICT_NAMES_MAX
from theta.commands.log import Command
from theta.editor.judging import Judge
from theta.editor.masks import Mask, Masks, OwnedGesture, targets_of
from theta.editor.unit import APPLIED, Outcome
from theta.editor.vocabulary import SetEffective, SetEffectiveV2
from theta.wire.messages import GestureName

NOTHING_OF_YOURS = Outcome("no-op", "UnknownElement: none of these gestures is the author's")
BEYOND_HISTORY = Outcome("no-op", "BeyondHistory: it is older than what is kept of this room's history")
CASCADE_NOT_ALLOWED = Outcome("no-op", "NotAllowed: undo must not take others' work back in this room")

Gestures = Mapping[OwnedGesture, Sequence[Command]]
OwnedMask = tuple[OwnedGesture, Mask]


class Claim(NamedTuple):
    """What a `set_effective` comes to if nothing depends on it: its outcome, and the masks that it puts down."""

    outcome: Outcome
    masks: tuple[OwnedMask, ...] = ()


def claim_of(command: Command, gestures: Gestures, owners: Mapping[int, bytes], masks: Masks, judge: Judge) -> Claim:
    """What a `set_effective` asks for and may have.

    Args:
        command: a `set_effective`.
        gestures: the edits of every gesture, in any order; those ordered after the command don't count.
        owners: the author of each actor.
        masks: what stands; what comes after the command doesn't count.
        judge: knows who may do what.
    """
    operation = command.operation
    assert isinstance(operation, SetEffective)
    if not isinstance(operation, SetEffectiveV2):
        outcome = APPLIED if any(gesture in gestures for gesture in targets_of(command)) else NOTHING_OF_YOURS
        mask = Mask(command.position, operation.on, command.author)
        return Claim(outcome, tuple((gesture, mask) for gesture in targets_of(command)))
    own = [gesture for gesture in targets_of(command) if _begun(gestures, gesture, command)]
    if not own:
        return Claim(NOTHING_OF_YOURS)
    used = sorted({each.operation.NAME for gesture in own for each in _begun(gestures, gesture, command)})
    for name in used:
        if not judge.may(command.author, command.seq, name):
            return Claim(Outcome("no-op", f"NotAllowed: your role may not use {name} any more"))
    others = [
        gesture
        for gesture in _owned(operation.cascade, owners)
        if gesture.author != command.author and _begun(gestures, gesture, command)
    ]
    if others and not operation.on and not judge.cascade_allowed(command.seq):
        return Claim(CASCADE_NOT_ALLOWED)
    mask = Mask(command.position, operation.on, command.author)
    cascade = mask._replace(cascade=True)
    taken = [gesture for gesture in others if _may_cascade(gesture, command, operation, masks)]
    return Claim(APPLIED, (*((gesture, mask) for gesture in own), *((gesture, cascade) for gesture in taken)))


def names_in(command: Command) -> list[CommandName]:
    """The gestures that a `set_effective` names, whoever's they are."""
    operation = command.operation
    assert isinstance(operation, SetEffective)
    return operation.switched


def named_by(command: Command, owners: Mapping[int, bytes]) -> list[OwnedGesture]:
    """All gestures that a `set_effective` speaks of, others' too."""
    operation = command.operation
    if isinstance(operation, SetEffectiveV2):
        return [*targets_of(command), *_owned(operation.cascade, owners)]
    return targets_of(command)


def refused_by(dependants: Sequence[Command]) -> Outcome:
    """The outcome of an undo that others' work depends on."""
    count = len(dependants)
    what = "a command of somebody else builds" if count == 1 else f"{count} commands of others build"
    return Outcome("no-op", f"UndoConflict: {what} on it", tuple(each.name for each in dependants[:CONFLICT_NAMES_MAX]))


def _owned(names: Iterable[GestureName], owners: Mapping[int, bytes]) -> list[OwnedGesture]:
    unique = dict.fromkeys(CommandName(name.actor, name.number) for name in names)
    return [OwnedGesture(owners[name.actor], name) for name in unique if name.actor in owners]


def _begun(gestures: Gestures, gesture: OwnedGesture, before: Command) -> list[Command]:
    """The commands of a gesture that are ordered before another command."""
    return [each for each in gestures.get(gesture, ()) if each.position < before.position]


def _may_cascade(gesture: OwnedGesture, command: Command, operation: SetEffectiveV2, masks: Masks) -> bool:
    """What is off by its owner's own doing stays so; only whoever took it off by a cascade brings it back by one."""
    last = masks.last(gesture, command.position)
    if not operation.on:
        return last is None or last.on
    return last is not None and not last.on and last.cascade and last.by == command.author
