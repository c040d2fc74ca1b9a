"""The fold of one unit: its commands in order, its state, and checkpoints to replay from."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from theta.base.identifiers import Position
from theta.commands.log import Command
from theta.editor.unit import APPLIED, NO_ASSETS, SUSPENDED, Outcome, Unit, apply
from theta.mesh.results import Made

CHECKPOINT_COMMANDS = 32
CHECKPOINTS_MAX = 8
LARGE_FACES = 4_000
"""A mesh of more faces has two checkpoints only, the first and the last: each takes tens of megabytes."""

IsEffective = Callable[[Command], bool]


class UnitFold:
    """One entity's commands, sorted by position, and what they fold to; `assets` by name, all that they name."""

    def __init__(self, assets: Mapping[bytes, bytes] = NO_ASSETS) -> None:
        self._assets = assets
        self.commands: list[Command] = []
        self.state = Unit()
        self._positions: list[Position] = []
        self._folded = 0
        self._checkpoints: list[tuple[int, Unit]] = []

    def insert(self, command: Command) -> None:
        """Put a command in its place; whatever was folded at or after it is rolled back."""
        index = bisect_left(self._positions, command.position)
        assert index == len(self._positions) or self._positions[index] != command.position, "admitted twice"
        self._positions.insert(index, command.position)
        self.commands.insert(index, command)
        self.rewind(index)

    def rewind_to(self, command: Command) -> None:
        """Roll back to just before `command`."""
        self.rewind(bisect_left(self._positions, command.position))

    def rewind(self, index: int) -> None:
        """Roll back until at most `index` commands are folded."""
        if index >= self._folded:
            return
        self._folded, self.state = self._state_before(index)
        self._checkpoints = [entry for entry in self._checkpoints if entry[0] <= self._folded]

    def run(self, is_effective: IsEffective) -> Iterable[tuple[Command, Outcome]]:
        """Fold what is not folded yet, yielding each command with its outcome."""
        while self._folded < len(self.commands):
            command = self.commands[self._folded]
            yield command, fold_one(self.state, command, is_effective, self._assets)
            self._folded += 1
            # An import or a subdivision costs as much as thousands of other commands: not twice, if it can be helped.
            if self._folded % CHECKPOINT_COMMANDS == 0 or command.operation.assets or command.operation.price:
                self._keep()

    def trial(self, first: Command, is_effective: IsEffective) -> list[tuple[Command, Outcome]]:
        """What the commands from `first` on would come to under other masks; changes nothing."""
        start, state = self._state_before(bisect_left(self._positions, first.position))
        rest = islice(self.commands, start, None)
        return [(command, fold_one(state, command, is_effective, self._assets)) for command in rest]

    def made(self, command: Command, is_effective: IsEffective) -> Made | None:
        """What a command made in the mesh, as all is folded now; None when it was not applied."""
        index = bisect_left(self._positions, command.position)
        start, state = self._state_before(index)
        for each in self.commands[start:index]:
            fold_one(state, each, is_effective, self._assets)
        return state.made if fold_one(state, command, is_effective, self._assets) == APPLIED else None

    def length_from(self, first: Command) -> int:
        """How many commands there are from `first` on."""
        return len(self.commands) - bisect_left(self._positions, first.position)

    def _keep(self) -> None:
        self._checkpoints.append((self._folded, self.state.copy()))
        if self.state.mesh is not None and self.state.mesh.face_count > LARGE_FACES:
            del self._checkpoints[1:-1]
        else:
            del self._checkpoints[:-CHECKPOINTS_MAX]

    def _state_before(self, index: int) -> tuple[int, Unit]:
        for at, state in reversed(self._checkpoints):
            if at <= index:
                return at, state.copy()
        return 0, Unit()


def fold_one(state: Unit, command: Command, is_effective: IsEffective, assets: Mapping[bytes, bytes]) -> Outcome:
    """One step of the fold: a masked command is left out."""
    return apply(state, command, assets) if is_effective(command) else SUSPENDED
