"""What a room has done and how long it took, counted as it goes; `snapshot` is plain numbers by name (WIRE-40).

Durations are measured by a stopwatch that the adapter gives; without one they are 0, so that a simulated room is the
same at every run.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from theta.base.moment import Moment
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.masks import OwnedGesture, owned_gesture, targets_of
from theta.editor.vocabulary import SetEffective
from theta.node.folding import Folded
from theta.node.replica import Replica

SECONDS_BOUNDS = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)
COUNT_BOUNDS = (1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0)
RATE_SECONDS = 10.0
"""How long the time is over which the rate of commands is taken, at least."""

Stopwatch = Callable[[], float]
Snapshot = dict[str, float]


class Histogram:
    """How many values were at most each of the bounds, with their sum and the largest."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._largest = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value
        self._largest = max(self._largest, value)

    def snapshot(self, name: str) -> Snapshot:
        """Its numbers: `name_bucket{le="…"}`, `name_sum`, `name_count`, `name_max`."""
        found: Snapshot = {}
        total = 0
        for bound, count in zip(self._bounds, self._counts, strict=False):
            total += count
            found[f'{name}_bucket{{le="{bound:g}"}}'] = total
        total += self._counts[-1]
        found[f'{name}_bucket{{le="+Inf"}}'] = total
        return found | {f"{name}_sum": self._sum, f"{name}_count": total, f"{name}_max": self._largest}


class Telemetry:
    """Counters and histograms of one room since it was opened."""

    def __init__(self, now: Moment, stopwatch: Stopwatch = lambda: 0.0) -> None:
        self.stopwatch = stopwatch
        self.admission_seconds = Histogram(SECONDS_BOUNDS)
        self.slice_seconds = Histogram(SECONDS_BOUNDS)
        self._commit_seconds = Histogram(SECONDS_BOUNDS)
        self._rollback_commands = Histogram(COUNT_BOUNDS)
        self._rollback_seconds = Histogram(SECONDS_BOUNDS)
        self._conflicts: Counter[tuple[str, str]] = Counter()
        self._appended_records = 0
        self._appended_commands = 0
        self._rate = 0.0
        self._rate_from = (now.seconds, 0)

    def handle_durable(self, seconds: float, commands: int) -> None:
        """A record with so many commands is on disk, `seconds` after it was appended."""
        self._commit_seconds.add(seconds)
        self._appended_records += 1
        self._appended_commands += commands

    def handle_folded(self, main: Replica, folded: Folded, seconds: float) -> None:
        """A commit was folded in `seconds` of work."""
        for branch, change in folded.changes.items():
            judge = folded.judges[branch]
            for conflict in change.conflicts:
                later = conflict.command
                strategies = {judge.strategy(later, each.branch, each.seq).value for each in conflict.others}
                self._conflicts.update((strategy, conflict.outcome.kind) for strategy in strategies)
        depth = rollback_depth(main, folded.changes[main.branch].commands)
        if depth:
            self._rollback_commands.add(depth)
            self._rollback_seconds.add(seconds)

    def snapshot(self, now: Moment, counts: Mapping[str, int], nonce_gaps: int, queues: Mapping[str, int]) -> Snapshot:
        """All numbers by name.

        Args:
            now: the time, for the rate.
            counts: packets by what admission said of them.
            nonce_gaps: how many nonces were skipped, in the whole log.
            queues: how much waits where.
        """
        since, before = self._rate_from
        if now.seconds - since >= RATE_SECONDS:
            self._rate = (self._appended_commands - before) / (now.seconds - since)
            self._rate_from = (now.seconds, self._appended_commands)
        found: Snapshot = {
            "theta_appended_records_total": self._appended_records,
            "theta_appended_commands_total": self._appended_commands,
            "theta_appended_commands_per_second": self._rate,
        }
        found |= {f'theta_packets_total{{outcome="{name}"}}': count for name, count in sorted(counts.items())}
        found["theta_nonces_skipped_total"] = nonce_gaps
        for (strategy, outcome), count in sorted(self._conflicts.items()):
            found[f'theta_conflicts_total{{strategy="{strategy}",outcome="{outcome}"}}'] = count
        found |= {f'theta_queue_length{{queue="{name}"}}': length for name, length in queues.items()}
        found |= self._rollback_commands.snapshot("theta_rollback_commands")
        found |= self._rollback_seconds.snapshot("theta_rollback_seconds")
        found |= self.slice_seconds.snapshot("theta_fold_slice_seconds")
        found |= self.admission_seconds.snapshot("theta_admission_seconds")
        found |= self._commit_seconds.snapshot("theta_commit_seconds")
        return found


def rollback_depth(replica: Replica, commands: Iterable[Command]) -> int:
    """How many commands of their units the latest of new commands came before, or took out by an undo, at most."""
    late: set[OwnedGesture] = set()
    for command in commands:
        operation = command.operation
        if isinstance(operation, SetEffective):
            late.update(targets_of(command))
        elif not isinstance(operation, Governing) and command.seen < command.seq - 1:
            late.add(owned_gesture(command))
    length = replica.fold.replay_length([each.gesture for each in late]) if late else None
    return max((length or 0) - len(late), 0)


def as_text(snapshot: Mapping[str, float]) -> str:
    """A snapshot in Prometheus's text format."""
    return "".join(f"{name} {value:g}\n" for name, value in snapshot.items())
