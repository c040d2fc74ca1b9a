"""A check and what it found; each has a deadline, whatever it waits for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from theta.adapters.host import machine_clock
from theta.base.errors import ThetaError
from theta.base.limits import DOCTOR_CHECK_SECONDS_MAX


class Verdict(StrEnum):
    """How good what was found is. Only a problem makes the whole bad."""

    GOOD = "good"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


class Outcome(NamedTuple):
    """What a check came to: a verdict, what was seen, and the way out in one sentence ("" when none is needed)."""

    verdict: Verdict
    result: str
    way_out: str = ""


class Finding(NamedTuple):
    """An outcome with what was checked, and how long that took."""

    name: str
    tried: str
    verdict: Verdict
    result: str
    way_out: str
    seconds: float


@dataclass(frozen=True)
class Check:
    """Something to be tried.

    Attributes:
        name: one or two words.
        tried: what is tried, as a sentence without a full stop.
        run: tries it; raises a ThetaError or an OSError when that fails.
        way_out: what to do then.
    """

    name: str
    tried: str
    run: Callable[[], Awaitable[Outcome]]
    way_out: str


def good(result: str) -> Outcome:
    """Nothing has to be done."""
    return Outcome(Verdict.GOOD, result)


def warning(result: str, way_out: str) -> Outcome:
    """It works, and could be better."""
    return Outcome(Verdict.WARNING, result, way_out)


def problem(result: str, way_out: str) -> Outcome:
    """It does not work."""
    return Outcome(Verdict.PROBLEM, result, way_out)


def skipped(result: str) -> Outcome:
    """There was nothing to try."""
    return Outcome(Verdict.SKIPPED, result)


async def examine(
    checks: Iterable[Check], on_begun: Callable[[Check], None] = lambda check: None
) -> AsyncIterator[Finding]:
    """Run checks one after the other, each for at most DOCTOR_CHECK_SECONDS_MAX; `on_begun` is told of each."""
    for check in checks:
        on_begun(check)
        began = machine_clock().seconds
        outcome = await _within_deadline(check)
        yield Finding(check.name, check.tried, *outcome, seconds=machine_clock().seconds - began)


async def _within_deadline(check: Check) -> Outcome:
    task = asyncio.ensure_future(check.run())
    try:
        # Not awaited itself: what it does may take long to be cancelled.
        done, _ = await asyncio.wait({task}, timeout=DOCTOR_CHECK_SECONDS_MAX)
        if not done:
            return problem(f"no answer within {DOCTOR_CHECK_SECONDS_MAX:g} s", check.way_out)
        return task.result()
    except (ThetaError, OSError) as error:
        return problem(_words_of(error), check.way_out)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def _words_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__
