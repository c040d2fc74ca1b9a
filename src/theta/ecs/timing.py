"""What time systems take, and how much of it a simulation owes. Clocks are given; nothing here asks for the time."""

from typing import NamedTuple

import numpy as np

from theta.base.errors import InvalidValue
from theta.base.limits import SIMULATION_HERTZ, SIMULATION_STEPS_MAX, SYSTEM_RUNS_KEPT

P99_PERCENT = 99
ROUNDING_STEPS = 1e-6
"""A step is due so much of a step too early, so that it is not lost to the rounding of a clock."""


class Timing(NamedTuple):
    """How long a system, or a whole stage, took; in seconds, over the last SYSTEM_RUNS_KEPT runs.

    Attributes:
        stage: the stage's name.
        system: the system's name, "" for the stage as a whole.
        runs: how often it ran, ever.
        last: the newest run.
        average: the rolling average.
        p99: 99 of 100 runs took no longer.
    """

    stage: str
    system: str
    runs: int
    last: float
    average: float
    p99: float


class SlowSystem(NamedTuple):
    """A stage took longer than its budget; `system` took most of it. Seconds."""

    tick: int
    stage: str
    system: str
    system_seconds: float
    stage_seconds: float
    budget_seconds: float


class Stopwatch:
    """The newest SYSTEM_RUNS_KEPT durations of one thing."""

    def __init__(self) -> None:
        self._seconds = np.zeros(SYSTEM_RUNS_KEPT)
        self._runs = 0

    def handle_run(self, seconds: float) -> None:
        """It ran for so long."""
        self._seconds[self._runs % SYSTEM_RUNS_KEPT] = seconds
        self._runs += 1

    def timing(self, stage: str, system: str) -> Timing:
        """What is known."""
        if not self._runs:
            return Timing(stage, system, 0, 0.0, 0.0, 0.0)
        kept = self._seconds[: min(self._runs, SYSTEM_RUNS_KEPT)]
        last = self._seconds.item((self._runs - 1) % SYSTEM_RUNS_KEPT)
        p99 = float(np.percentile(kept, P99_PERCENT, method="higher"))
        return Timing(stage, system, self._runs, last, float(kept.mean()), p99)


class FixedTimestep:
    """Steps of one length: time that has passed is collected, and paid out in whole steps.

    Args:
        hertz: steps per second.
        steps_max: how many may be paid out at once; what is owed beyond is dropped, so that a world that was held up
            does not run after the time for ever.
    """

    def __init__(self, hertz: float = SIMULATION_HERTZ, steps_max: int = SIMULATION_STEPS_MAX) -> None:
        if not 0.0 < hertz <= 1_000.0:
            raise InvalidValue("hertz", hertz, "over 0 and at most 1000")
        if steps_max < 1:
            raise InvalidValue("steps_max", steps_max, "at least 1")
        self.seconds = 1.0 / hertz
        self._steps_max = steps_max
        self._owed = 0.0
        self._dropped = 0.0

    @property
    def overstep(self) -> float:
        """How far the time is beyond the last step, in [0, 1): for drawing between two steps."""
        return self._owed / self.seconds

    @property
    def dropped_seconds(self) -> float:
        """How much time was never simulated."""
        return self._dropped

    def handle_elapsed(self, seconds: float) -> int:
        """So much more time has passed (a clock that went backwards counts as none); returns the steps to make now."""
        self._owed += max(seconds, 0.0)
        steps = int(self._owed / self.seconds + ROUNDING_STEPS)
        self._owed = max(self._owed - steps * self.seconds, 0.0)
        if steps > self._steps_max:
            self._dropped += (steps - self._steps_max) * self.seconds
            steps = self._steps_max
        return steps
