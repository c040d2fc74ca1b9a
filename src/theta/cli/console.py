"""What the commands share: two consoles, progress, and one clear line for an error."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from theta.base.errors import ThetaError, UsageError

EXIT_FAILURE = 1
EXIT_USAGE = 2
PROGRESS_FROM_STEPS = 2_000
PULSE_AFTER_STEPS = 200

T = TypeVar("T")

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def report(error: ThetaError) -> int:
    """Print an error as one line on stderr and give the exit code for it."""
    err.print("[bold red]error:[/bold red] ", end="")
    err.print(str(error), markup=False)
    return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILURE


def with_progress(steps: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Give out `steps` and show how far they are, on a terminal and when there are many."""
    with _progress(disable=total < PROGRESS_FROM_STEPS) as progress:
        yield from progress.track(steps, total=total, description=label)


class ProgressBar:
    """A bar for work that reports by itself: call it with (done, total)."""

    def __init__(self, label: str) -> None:
        self._progress = _progress(disable=False)
        self._task = self._progress.add_task(label, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._progress.start()
        return lambda done, total: self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class Pulse:
    """A sign of life for work of unknown length: call it now and then; shown after PULSE_AFTER_STEPS calls."""

    def __init__(self, label: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=err,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._label = label
        self._steps = 0

    def __call__(self) -> None:
        """Work goes on."""
        self._steps += 1
        if self._steps == PULSE_AFTER_STEPS:
            self._progress.add_task(self._label, total=None)
            self._progress.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _progress(disable: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=disable or not sys.stderr.isatty(),
    )
