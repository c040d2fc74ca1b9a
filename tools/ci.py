"""The gate, step by step: `python -m tools.ci [STEP ...]`. Every step runs, even after a failure; each is timed.

The first steps need one core each: Python's run beside the page's.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


@dataclass(frozen=True)
class Step:
    """One command of the gate and the folder it runs in, relative to the repository."""

    name: str
    command: tuple[str, ...]
    folder: str = "."


def _python(name: str, *arguments: str) -> Step:
    return Step(name, (PYTHON, "-m", *arguments))


COVERAGE = ("--cov", "--cov-report=", "--cov-fail-under=0")
BROWSER_TESTS = ("tests/browser", "tests/integration/test_mixed_room.py")
PYTHON_CHECKS: tuple[Step, ...] = (
    _python("format", "ruff", "format", "--check", "."),
    _python("lint", "ruff", "check", "."),
    _python("types", "mypy"),
    Step("import contracts", (str(Path(PYTHON).parent / "lint-imports"), "--no-cache", "--no-logo")),
    _python("generated files", "tools.check_generated"),
)
WEB_CHECKS: tuple[Step, ...] = (
    Step("web types", ("npm", "run", "check"), "web"),
    Step("web lint", ("npm", "run", "lint"), "web"),
    Step("web tests", ("npm", "test"), "web"),
)
THE_REST: tuple[Step, ...] = (
    _python("tests", "pytest", "-n", "2", "-m", "not browser and not many", *COVERAGE),
    _python("many programs", "pytest", "-n", "2", "--dist", "worksteal", "-m", "many"),
    # Only where they are: reading all other tests first takes a quarter of a minute.
    _python("browser tests", "pytest", "-m", "browser", *BROWSER_TESTS, *COVERAGE, "--cov-append"),
    _python("coverage report", "coverage", "json", "--quiet", "--fail-under=0", "-o", "coverage.json"),
    _python("coverage bars", "tools.check_coverage", "coverage.json"),
    _python("audit", "tools.audit"),
    _python("wheel", "tools.check_wheel"),
)


Result = tuple[Step, int, float]
"""A step, its exit code, and its seconds."""


def run_steps(steps: Sequence[Step], run: Callable[[Step], int], clock: Callable[[], float]) -> list[Result]:
    """Runs each step in order."""
    results = []
    for step in steps:
        print(f"\n=== {step.name}: {' '.join(step.command)}", flush=True)
        start = clock()
        code = run(step)
        results.append((step, code, clock() - start))
        print(
            f"=== {step.name}: {'ok' if code == 0 else f'FAILED (exit {code})'} in {results[-1][2]:.1f} s", flush=True
        )
    return results


def run_beside(lanes: Sequence[Sequence[Step]], run: Callable[[Step], int], clock: Callable[[], float]) -> list[Result]:
    """Runs the lanes at the same time, the steps of each in order; the results come lane by lane."""
    with ThreadPoolExecutor(max(1, len(lanes))) as pool:
        return [result for results in pool.map(lambda lane: run_steps(lane, run, clock), lanes) for result in results]


def _run(step: Step) -> int:
    return _start(step, None).returncode


def _run_aside(step: Step) -> int:
    """What it says comes when it is done, so that two steps at once can be told apart."""
    done = _start(step, subprocess.PIPE)
    print(f"\n--- {step.name} says:\n{done.stdout}", flush=True)
    return done.returncode


def _start(step: Step, output: int | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        step.command,
        cwd=ROOT / step.folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def main(arguments: list[str]) -> int:
    """Runs the steps named, or all; returns 1 when one failed."""
    names = [step.name for step in (*PYTHON_CHECKS, *WEB_CHECKS, *THE_REST)]
    unknown = set(arguments) - set(names)
    if unknown:
        print(f"ci: no such step: {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
        return 2
    checks, web_checks, rest = (
        [step for step in steps if not arguments or step.name in arguments]
        for steps in (PYTHON_CHECKS, WEB_CHECKS, THE_REST)
    )
    began = time.monotonic()
    results = run_beside((checks, web_checks), _run_aside, time.monotonic)
    results += run_steps(rest, _run, time.monotonic)
    print("\n=== the gate")
    for step, code, seconds in results:
        print(f"{'ok    ' if code == 0 else 'FAILED'}  {step.name:<18}{seconds:>8.1f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} steps ok, {failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
