"""The fold of one unit: its commands in order, its state, and what it is rolled back by.

The last commands are rolled back by the mesh's journal, each at the cost of what it changed (CMD-90); what lies before
them is replayed from a copy of the state that was kept on the way, from the base, or from nothing.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from theta.base.errors import UsageError
from theta.base.identifiers import Position
from theta.base.limits import WHOLE_MESH_TOKENS
from theta.commands.log import Command
from theta.editor.conflicts import outlasts, still_written
from theta.editor.judging import ALONE, Judge
from theta.editor.mesh_operations import MoveVerticesV2
from theta.editor.step_shelf import StepShelf
from theta.editor.unit import NO_ASSETS, Kept, Outcome, Unit, apply, pass_over
from theta.mesh.journal import Mark
from theta.mesh.results import Made

CHECKPOINT_COMMANDS = 1_024
"""How many commands lie between copies of the state, at least."""
CHECKPOINT_ELEMENTS_PER_COMMAND = 8
"""A copy of a mesh costs as much as a command for each of so many elements."""
CHECKPOINTS_MAX = 8
LARGE_FACES = 4_000
"""A mesh of more faces has two copies only, the first and the last: each takes tens of megabytes."""
STEPS_KEPT = 1_024
"""How many commands can be rolled back by the journal, at least, unless they changed too much."""
CHANGES_KEPT_MAX = 400_000
"""As many overwritten values of the mesh, or of the writers, are kept for that."""
WHOLE_STEPS_MAX = 4
"""As many commands on the whole mesh: the journal keeps all that was before each of them."""

IsEffective = Callable[[Command], bool]


class BeyondBase(UsageError):
    """A command belongs before what the fold began with: the unit has to be folded from nothing."""


Step = tuple[Kept, Mark | None, int]
"""What the unit was before a command: its parts, and where the journals of its mesh and its writers stood."""


class UnitFold:
    """One entity's commands, sorted by position, and what they fold to.

    Args:
        assets: by name, all that the commands name.
        judge: knows what was concurrent, and the room's policies.
        base: what the commands up to `base_position` fold to, which are not here; it is not changed.
        base_position: the last of them.
        shelf: of all units that are folded together.

    Attributes:
        commands: in the order of the fold.
        positions: of each.
        state: what those that are folded come to: read it, never write.
    """

    def __init__(
        self,
        assets: Mapping[bytes, bytes] = NO_ASSETS,
        judge: Judge = ALONE,
        base: Unit | None = None,
        base_position: Position | None = None,
        shelf: StepShelf | None = None,
    ) -> None:
        self.commands: list[Command] = []
        self.positions: list[Position] = []
        self.state = base if base is not None else Unit()
        self._assets = assets
        self._judge = judge
        self._base = base
        self._base_position = base_position
        self._shelf = shelf
        self._outcomes: list[Outcome] = []
        self._steps: list[Step] = []
        self._whole_steps: list[int] = []
        self._copies: list[tuple[int, Unit]] = []
        self._same_slots = False
        self._between_copies = self._next_copy = CHECKPOINT_COMMANDS
        self._next_trim = 0

    @property
    def folded(self) -> int:
        """How many of the commands are folded."""
        return len(self._outcomes)

    @property
    def reversible(self) -> int:
        """How many of the last ones folded can be rolled back one by one; `rewind` begins from a copy beyond them."""
        return len(self._steps)

    def insert(self, command: Command) -> None:
        """Put a command in its place; whatever was folded at or after it is rolled back.

        Raises:
            BeyondBase: its place is before the end of the base.
        """
        position = command.position
        positions = self.positions
        if positions and positions[-1] < position:
            positions.append(position)
            self.commands.append(command)
            return
        index = bisect_left(positions, position)
        assert index == len(positions) or positions[index] != position, "admitted twice"
        if not index and self._base_position is not None and position <= self._base_position:
            raise BeyondBase(f"command {position} is not above {self._base_position}, the last of the base")
        self.rewind(index)
        positions.insert(index, position)
        self.commands.insert(index, command)

    def resume(self, commands: list[Command], outcomes: Iterable[Outcome], state: Unit) -> None:
        """Take all commands at once, in order, with what they have come to; what is rolled back begins at the base."""
        assert not self.commands, "it has begun"
        self.commands = commands
        self.positions = [command.position for command in commands]
        self._outcomes = list(outcomes)
        self.state = state
        self._next_copy = len(commands) + self._between_copies

    def remove(self, command: Command) -> None:
        """Take a command out; whatever was folded at or after it is rolled back."""
        index = bisect_left(self.positions, command.position)
        assert self.commands[index].name == command.name, "it is not here"
        self.rewind(index)
        del self.positions[index], self.commands[index]

    def rewind_to(self, command: Command) -> None:
        """Roll back to just before `command`."""
        self.rewind(bisect_left(self.positions, command.position))

    def rewind(self, index: int) -> None:
        """Roll back until exactly `index` commands are folded, or fewer where there are only copies to begin from."""
        folded = len(self._outcomes)
        if index >= folded:
            return
        steps = self._steps
        first = folded - len(steps)
        if index >= first:
            self._roll_back(steps[index - first])
            del steps[index - first :]
        else:
            index = self._begin_from_copy(index)
        del self._outcomes[index:]
        self._copies = [entry for entry in self._copies if entry[0] <= index]
        self._whole_steps = [at for at in self._whole_steps if at < index]
        self._same_slots = False
        self._next_copy = min(self._next_copy, index + self._between_copies)
        self._next_trim = min(self._next_trim, index)

    def run(self, is_effective: IsEffective) -> Iterator[tuple[Command, Outcome]]:
        """Fold what is not folded yet, yielding each command with its outcome. Stop after any, and go on later."""
        while len(self._outcomes) < len(self.commands):
            command = self.commands[len(self._outcomes)]
            yield command, self._fold_next(command, is_effective(command))

    def trial(
        self, first: Command, is_effective: IsEffective, until: Position | None = None
    ) -> list[tuple[Command, Outcome]]:
        """What the commands from `first` on, those before `until`, would come to under other masks; changes nothing.

        What is not folded yet stays so.
        """
        start = bisect_left(self.positions, first.position)
        end = len(self.commands) if until is None else bisect_left(self.positions, until)
        # What took part before does again; rejected ones are, whether they are masked or not.
        before = [outcome.kind != "suspended" for outcome in self._outcomes]
        self.rewind(start)
        self._fold_until(start, is_effective)
        found = [(command, self._fold_next(command, is_effective(command))) for command in self.commands[start:end]]
        self.rewind(min(start, len(before)))
        for takes_part in before[len(self._outcomes) :]:
            self._fold_next(self.commands[len(self._outcomes)], takes_part)
        return found

    def made(self, command: Command, is_effective: IsEffective) -> Made | None:
        """What a command made in the mesh, as all is folded now; None when it did nothing."""
        index = bisect_left(self.positions, command.position)
        self._fold_until(len(self.commands), is_effective)
        if not self._outcomes[index].did_something:
            return None
        following = index + 1 - (len(self._outcomes) - len(self._steps))
        if following == len(self._steps) and following:
            return self.state.made
        if 0 <= following < len(self._steps):
            return self._steps[following][0][-1]
        at, start = next((each for each in reversed(self._copies) if each[0] <= index), (0, self._base))
        fold = UnitFold(self._assets, self._judge, start)
        for each in self.commands[at : index + 1]:
            fold.insert(each)
        fold._fold_until(index + 1 - at, is_effective)
        return fold.state.made

    def still_counts(self, command: Command) -> bool:
        """Whether leaving a folded command out would change the unit: False only when that is certain.

        Of one that sets values it is whether any of them was not overwritten since, or was read before.
        """
        index = bisect_left(self.positions, command.position)
        if not self._outcomes[index].did_something:
            return False
        if still_written(self.state.writers, command):
            return True
        later = zip(islice(self.commands, index + 1, None), islice(self._outcomes, index + 1, None), strict=False)
        return outlasts(command, later, self.state)

    def length_from(self, first: Command) -> int:
        """How many commands there are from `first` on."""
        return len(self.commands) - bisect_left(self.positions, first.position)

    def forget_writers(self, seq: int) -> None:
        """Let go of the writers in records up to `seq`, all of which whatever comes from here on has seen.

        What comes from another branch may not have: then the unit is to be folded from nothing.
        """
        if self.state is self._base:
            self.state = self.state.copy()
        self.let_go()
        self.state.writers.forget(seq)
        self._copies = [(len(self._outcomes), self.state.copy())]

    def _fold_until(self, end: int, is_effective: IsEffective) -> None:
        while len(self._outcomes) < end:
            command = self.commands[len(self._outcomes)]
            self._fold_next(command, is_effective(command))

    def _fold_next(self, command: Command, takes_part: bool) -> Outcome:
        """One step of the fold: a masked command is left out."""
        unit = self.state
        if unit is self._base:
            unit = self.state = unit.copy()
        mesh, steps, outcomes = unit.mesh, self._steps, self._outcomes
        mark = None
        if mesh is not None:
            mark = mesh.journal.mark(steps[-1][1] if self._same_slots and steps else None)
        steps.append((unit.keep(), mark, unit.writers.mark()))
        if takes_part:
            outcome = apply(unit, command, self._assets, self._judge)
        else:
            outcome = pass_over(unit, command, self._judge)
        outcomes.append(outcome)
        self._same_slots = mark is not None and type(command.operation) is MoveVerticesV2
        count = len(outcomes)
        if not self._same_slots and is_costly(command):
            self._whole_steps.append(count - 1)
            self._keep_copy()
        elif count >= self._next_copy:
            self._keep_copy()
        if count >= self._next_trim:
            self._trim()
        return outcome

    def _keep_copy(self) -> None:
        """For when what is to be rolled back lies before the steps that are kept."""
        mesh = self.state.mesh
        self._copies.append((len(self._outcomes), self.state.copy()))
        elements = mesh.vertex_count + mesh.edge_count + mesh.face_count if mesh is not None else 0
        self._between_copies = max(CHECKPOINT_COMMANDS, elements // CHECKPOINT_ELEMENTS_PER_COMMAND)
        self._next_copy = len(self._outcomes) + self._between_copies
        if mesh is not None and mesh.face_count > LARGE_FACES:
            del self._copies[1:-1]
        elif len(self._copies) > CHECKPOINTS_MAX:
            # Every other one, so that those that are left lie evenly.
            del self._copies[1:-1:2]

    def _trim(self) -> None:
        """Let go of the oldest steps when there are more than have to be kept, or they hold too much."""
        steps, mesh = self._steps, self.state.mesh
        if self._shelf is not None:
            self._shelf.note(self)
        self._next_trim = len(self._outcomes) + max(STEPS_KEPT >> 4, 1)
        count, begun = len(steps), len(self._outcomes) - len(steps)
        first = count - STEPS_KEPT if count > 2 * STEPS_KEPT else 0
        if len(self._whole_steps) > WHOLE_STEPS_MAX:
            first = max(first, self._whole_steps[-WHOLE_STEPS_MAX - 1] + 1 - begun)
        writers = self.state.writers.mark()
        mark = mesh.journal.mark() if mesh is not None else None
        entries = mark.entries if mark is not None else 0
        while first < count:
            _, at, before = steps[first]
            if writers - before + entries - (at.entries if at is not None else 0) <= CHANGES_KEPT_MAX:
                break
            first += 1
        if first:
            self._forget_steps(first)

    def let_go(self) -> None:
        """Keep no steps; what is to be rolled back is replayed from then on."""
        if self._steps:
            self._forget_steps(len(self._steps))

    def _forget_steps(self, first: int) -> None:
        """Let go of the steps before the one of this number."""
        steps, mesh = self._steps, self.state.mesh
        begun = len(self._outcomes) - len(steps)
        mark = mesh.journal.mark() if mesh is not None else None
        writers = self.state.writers.mark()
        if first < len(steps):
            _, mark, writers = steps[first]
        self.state.writers.forget_before(writers)
        if mesh is not None and mark is not None:
            mesh.journal.forget_before(mark)
        del steps[:first]
        self._whole_steps = [at for at in self._whole_steps if at >= begun + first]

    def _roll_back(self, step: Step) -> None:
        unit, (kept, mesh, writers) = self.state, step
        unit.put_back(kept)
        unit.writers.rollback(writers)
        if mesh is not None:
            assert unit.mesh is not None
            unit.mesh.journal.rollback(mesh)

    def _begin_from_copy(self, index: int) -> int:
        """Put a copy of the state at or before `index` in its place, and return where it was taken."""
        self._steps.clear()
        for at, state in reversed(self._copies):
            if at <= index:
                self.state = state.copy()
                return at
        self.state = self._base if self._base is not None else Unit()
        return 0


def is_costly(command: Command) -> bool:
    """An import or a subdivision costs as much as thousands of other commands: not twice, if it can be helped."""
    return bool(command.operation.assets) or command.operation.price >= WHOLE_MESH_TOKENS
