"""The fold of one unit: its commands in order, its state, and what it is rolled back by.

The last commands are rolled back by the mesh's journal, each at the cost of what it changed (CMD-90); what lies before
them is replayed from a copy of the state that was kept on the way, from the base, or from nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice, repeat
from operator import attrgetter
from typing import NamedTuple

from theta.base.errors import UsageError
from theta.base.identifiers import Position
from theta.base.limits import WHOLE_MESH_TOKENS
from theta.commands.log import Command
from theta.editor.conflicts import outlasts, still_written
from theta.editor.free_moves import move_in_turn, run_of_moves
from theta.editor.judging import ALONE, Judge
from theta.editor.mesh_operations import MoveVerticesV2
from theta.editor.step_shelf import StepShelf
from theta.editor.unit import APPLIED, NO_ASSETS, Kept, Outcome, Unit, apply, pass_over
from theta.mesh.journal import Mark
from theta.mesh.results import NOTHING, Made

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


class Step(NamedTuple):
    """What the unit was before a command, or before several moves at once.

    Attributes:
        first: how many commands were folded.
        kept: the unit's parts.
        mesh, writers: where their journals stood.
    """

    first: int
    kept: Kept
    mesh: Mark | None
    writers: int


_first = attrgetter("first")
# Half of what the constructor of a named tuple costs, which is a Python function.
_step = partial(tuple.__new__, Step)


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
    def base(self) -> Unit | None:
        """What it began with, if that is not nothing: read it, never write."""
        return self._base

    @property
    def folded(self) -> int:
        """How many of the commands are folded."""
        return len(self._outcomes)

    def begins_after(self, position: Position) -> bool:
        """Whether nothing of the unit is at or below a position."""
        return self._base is None and bool(self.positions) and self.positions[0] > position

    @property
    def reversible(self) -> int:
        """How many of the last ones folded can be rolled back by the journal; `rewind` begins from a copy beyond."""
        return len(self._outcomes) - self._steps[0].first if self._steps else 0

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

    def rewind(self, index: int) -> None:
        """Roll back until `index` commands are folded, or fewer: into moves at once, or a copy, there is no step."""
        if index >= len(self._outcomes):
            return
        steps = self._steps
        at = bisect_right(steps, index, key=_first) - 1
        if at >= 0:
            index = steps[at].first
            self._roll_back(steps[at])
            del steps[at:]
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

    def fold_some(self, least: int, end: int, is_effective: IsEffective) -> list[tuple[Command, Outcome]]:
        """Fold the next commands, `least` of them or some more, until `end` are folded at most."""
        begin = len(self._outcomes)
        self._fold_until(min(begin + least, end), is_effective, end)
        done = slice(begin, len(self._outcomes))
        return list(zip(self.commands[done], self._outcomes[done], strict=True))

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
        self._fold_until(end, is_effective)
        found = list(zip(self.commands[start:end], self._outcomes[start:end], strict=True))
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
        steps = self._steps
        following = bisect_right(steps, index, key=_first)
        # What was resumed has no step, and what it made is not in the one that comes after it either.
        if following:
            end = steps[following].first if following < len(steps) else len(self._outcomes)
            if end > index + 1:
                return NOTHING  # moves at once, which have no step in between
            return steps[following].kept[-1] if following < len(steps) else self.state.made
        at, start = next((each for each in reversed(self._copies) if each[0] <= index), (0, self._base))
        fold = UnitFold(self._assets, self._judge, start)
        for each in self.commands[at : index + 1]:
            fold.insert(each)
        fold._fold_until(index + 1 - at, is_effective)
        return fold.state.made

    @property
    def as_made(self) -> Unit | None:
        """The unit just after the command that made it, if a copy was kept, as of all costly ones; read it only."""
        is_first = self._copies and self._copies[0][0] == 1 and self._outcomes[0].did_something
        return self._copies[0][1] if is_first and self._base is None else None

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

    def _fold_until(self, least: int, is_effective: IsEffective, end: int = 0) -> None:
        """Fold until `least` commands are folded, or some more up to `end`."""
        commands, outcomes = self.commands, self._outcomes
        last = max(least, end) - 1
        while (at := len(outcomes)) < least:
            command = commands[at]
            is_in_packet = at < last and commands[at + 1].seq == command.seq
            if not is_in_packet or not self._fold_moves(at, last + 1, is_effective):
                self._fold_next(command, is_effective(command))

    def _fold_moves(self, at: int, end: int, is_effective: IsEffective) -> bool:
        """Fold the moves of one packet that come next, up to `end`; False, and nothing is done, without two of them."""
        # What is due after so many commands is done after a single one.
        end = min(end, self._next_copy - 1, self._next_trim - 1)
        run = run_of_moves(self.commands[at:end], is_effective) if at + 1 < end else []
        if len(run) < 2:
            return False
        if not self._fold_at_once(run):
            for command in run:
                self._fold_next(command, takes_part=True)
        return True

    def _fold_at_once(self, run: list[Command]) -> bool:
        """One step of the fold for several moves, which come to the same as one by one; False when it cannot be."""
        self._begin_step()
        if not move_in_turn(self.state, run, self._judge):
            self._roll_back(self._steps.pop())
            return False
        self._outcomes.extend(repeat(APPLIED, len(run)))
        self._same_slots = True
        return True

    def _fold_next(self, command: Command, takes_part: bool) -> Outcome:
        """One step of the fold: a masked command is left out."""
        unit, mark = self._begin_step()
        if takes_part:
            outcome = apply(unit, command, self._assets, self._judge)
        else:
            outcome = pass_over(unit, command, self._judge)
        self._outcomes.append(outcome)
        self._same_slots = mark is not None and type(command.operation) is MoveVerticesV2
        count = len(self._outcomes)
        if not self._same_slots and is_costly(command):
            self._whole_steps.append(count - 1)
            self._keep_copy()
        elif count >= self._next_copy:
            self._keep_copy()
        if count >= self._next_trim:
            self._trim()
        return outcome

    def _begin_step(self) -> tuple[Unit, Mark | None]:
        unit = self.state
        if unit is self._base:
            unit = self.state = unit.copy()
        mesh, steps, mark = unit.mesh, self._steps, None
        if mesh is not None:
            mark = mesh.journal.mark(steps[-1].mesh if self._same_slots and steps else None)
        steps.append(_step((len(self._outcomes), unit.keep(), mark, unit.writers.mark())))
        return unit, mark

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
        count, folded, first = len(steps), len(self._outcomes), 0
        if self.reversible > 2 * STEPS_KEPT:
            first = bisect_right(steps, folded - STEPS_KEPT, key=_first) - 1
        if len(self._whole_steps) > WHOLE_STEPS_MAX:
            first = max(first, bisect_right(steps, self._whole_steps[-WHOLE_STEPS_MAX - 1], key=_first))
        writers = self.state.writers.mark()
        mark = mesh.journal.mark() if mesh is not None else None
        entries = mark.entries if mark is not None else 0
        while first < count:
            _, _, at, before = steps[first]
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
        begun = len(self._outcomes)
        mark = mesh.journal.mark() if mesh is not None else None
        writers = self.state.writers.mark()
        if first < len(steps):
            begun, _, mark, writers = steps[first]
        self.state.writers.forget_before(writers)
        if mesh is not None and mark is not None:
            mesh.journal.forget_before(mark)
        del steps[:first]
        self._whole_steps = [at for at in self._whole_steps if at >= begun]

    def _roll_back(self, step: Step) -> None:
        unit, (_, kept, mesh, writers) = self.state, step
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
