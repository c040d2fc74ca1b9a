"""Behind the head of a long history on one mesh: a command that comes late, and an undo far back."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benches._command_load import Maker
from benches._command_meshes import Workpiece
from benches._command_peers import late_milliseconds, settings_of, undo_milliseconds
from benches._report import Row
from theta.commands.log import Command
from theta.editor.vocabulary import Operation, SetEffectiveV2
from theta.node.replica import Replica
from theta.wire.messages import GestureName

HISTORY = 10_000
BATCH = 50
LATE = 64
LATE_COMMANDS = 20
BACK = 500
UNDOS = 9
STALL_MILLISECONDS = 10.0
WORK_SECONDS, REST_SECONDS = 0.5, 0.1
"""So long without a rest: Linux stops a process of real-time priority (`chrt -f`) for 50 ms of a second without one."""
BARS = {"moves": (5.0, 10.0), "mixed": (25.0, 100.0)}


class Timed(NamedTuple):
    """How long a step took, and the longest stretch of it between two turns of the event loop; in milliseconds."""

    whole: float
    stall: float


class History:
    """A room in which four people have made 10,000 commands on one mesh, one a packet, while a fifth looked on."""

    def __init__(self, kind: str) -> None:
        self.maker = Maker(authors=5)
        self.piece = Workpiece(self.maker)
        self.replica = Replica.from_records(self.maker.opening)
        self.operations: Iterator[Operation] = self.piece.moves() if kind == "moves" else self.piece.mixed()
        self.changes = self.piece.moves() if kind == "moves" else self.piece.topological()
        self.made: list[Command] = []
        self._rested = 0.0
        self.go_on(HISTORY)

    @property
    def fifth(self) -> object:
        """Who is late, and who undoes."""
        return self.maker.authors[-1]

    def go_on(self, count: int) -> None:
        """So many more commands by the four."""
        for start in range(0, count, BATCH):
            commands: list[Command] = []
            for number in range(start, min(count, start + BATCH)):
                commands += self.take(number % 4, next(self.operations))
            self.made += commands
            self.replica.apply(commands, self.maker.log.head_seq)

    def take(
        self, author: int, operation: Operation, seen: int | None = None, lamport: int | None = None
    ) -> list[Command]:
        """One more packet in the log; not folded yet."""
        record, commands = self.maker.take(self.maker.authors[author], [operation], seen, lamport)
        taken = self.replica.log.accept(record, verify=False)
        assert [each.name for each in taken] == [each.name for each in commands]
        return taken

    def fold(self, commands: list[Command]) -> Timed:
        """Fold what was taken, document hash included."""
        if time.process_time() - self._rested > WORK_SECONDS:
            time.sleep(REST_SECONDS)
            self._rested = time.process_time()
        stalls = []
        start = since = time.perf_counter()
        for _ in self.replica.apply_slowly(commands, self.maker.log.head_seq):
            now = time.perf_counter()
            stalls.append(now - since)
            since = now
        end = time.perf_counter()
        return Timed((end - start) * 1e3, max([*stalls, end - since]) * 1e3)

    def come_late(self, operation: Operation) -> Timed:
        """A command of one who had not seen the last 64."""
        behind, at = self.made[-LATE - 1], self.made[-LATE]
        commands = self.take(4, operation, seen=behind.seq, lamport=at.position.lamport)
        timed = self.fold(commands)
        assert self.replica.fold.outcome(commands[0].name) is not None
        return timed


def late_timings(history: History) -> list[Timed]:
    """Late commands one after the other; those that change topology in turn with moves, where there are any."""
    found = []
    for number in range(LATE_COMMANDS):
        changes = history.changes if number % 2 else history.piece.moves()
        found.append(history.come_late(next(iter(changes))))
        history.go_on(1)
    return found


def undo_timings(history: History) -> tuple[list[Timed], list[Timed]]:
    """The same step undone and redone, 500 commands by others after it."""
    step = history.take(4, next(history.changes))
    history.replica.apply(step, history.maker.log.head_seq)
    history.go_on(BACK)
    gesture = GestureName(*step[0].gesture)
    undone, redone = [], []
    for _ in range(UNDOS):
        for on, found in ((False, undone), (True, redone)):
            commands = history.take(4, SetEffectiveV2([gesture], on, []))
            found.append(history.fold(commands))
            outcome = history.replica.fold.outcome(step[0].name)
            assert outcome is not None
            assert outcome.did_something is on, outcome
    return undone, redone


def median_of(timings: list[Timed], which: Callable[[Timed], float]) -> float:
    """The median of one of the two."""
    return statistics.median(map(which, timings))


def history_rows() -> list[Row]:
    """Late commands and undo, moves alone and mixed."""
    rows = []
    for kind, (late_bar, undo_bar) in BARS.items():
        history = History(kind)
        late = late_timings(history)
        undone, redone = undo_timings(history)
        settings = settings_of(each for each, _ in zip(history.piece.moves(), range(HISTORY), strict=False))
        beside = "Loro, map entries, no mesh"
        rows += [
            Row(
                f"late command {LATE} behind the head of {HISTORY:,}, {kind}, hash included",
                median_of(late, lambda each: each.whole),
                "ms",
                late_bar,
                beside,
                late_milliseconds(settings),
                LATE_COMMANDS,
            ),
            Row(
                f"undo {BACK} back of {HISTORY:,}, {kind}, hash included",
                median_of(undone, lambda each: each.whole),
                "ms",
                undo_bar,
                beside,
                undo_milliseconds(settings, BACK),
                UNDOS,
            ),
            Row(
                f"its redo, {kind}, hash included",
                median_of(redone, lambda each: each.whole),
                "ms",
                undo_bar,
                runs=UNDOS,
            ),
            Row(
                f"the longest stall of the event loop in any of these, {kind}",
                max(each.stall for each in (*late, *undone, *redone)),
                "ms",
                STALL_MILLISECONDS,
                runs=len(late) + len(undone) + len(redone),
            ),
        ]
    return rows
