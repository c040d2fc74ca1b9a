"""The plain full refold: sort, mask, apply from nothing. It is the oracle, so it shares no machinery with the fold."""

from collections.abc import Iterable, Mapping

from theta.commands.log import Command
from theta.editor.fold import entity_of
from theta.editor.masks import OwnedGesture, owned_gesture, targets_of
from theta.editor.unit import NO_ASSETS, Unit, apply
from theta.editor.vocabulary import SetEffective


def refold(commands: Iterable[Command], assets: Mapping[bytes, bytes] = NO_ASSETS) -> dict[bytes, Unit]:
    """The units of all entities in the document that `commands`, in any order, fold to with the assets they name."""
    ordered = sorted(commands, key=lambda command: command.position)
    effective: dict[OwnedGesture, bool] = {}
    for command in ordered:
        if isinstance(command.operation, SetEffective):
            effective.update(dict.fromkeys(targets_of(command), command.operation.on))
    units: dict[bytes, Unit] = {}
    for command in ordered:
        if not isinstance(command.operation, SetEffective) and effective.get(owned_gesture(command), True):
            apply(units.setdefault(entity_of(command), Unit()), command, assets)
    return {entity: unit for entity, unit in units.items() if unit.exists}
