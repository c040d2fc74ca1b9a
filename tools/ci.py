"""The gate, step by step: `python -m tools.ci [STEP ...]`. Every step runs, even after a failure; each is timed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
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
STEPS: tuple[Step, ...] = (
    _python("format", "ruff", "format", "--check", "."),
    _python("lint", "ruff", "check", "."),
    _python("types", "mypy"),
    Step("import contracts", (str(Path(PYTHON).parent / "lint-imports"), "--no-cache", "--no-logo")),
    _python("generated files", "tools.check_generated"),
    Step("web types", ("npm", "run", "check"), "web"),
    Step("web lint", ("npm", "run", "lint"), "web"),
    Step("web tests", ("npm", "test"), "web"),
    _python("tests", "pytest", "-n", "2", "-m", "not browser and not many", *COVERAGE),
    _python("many programs", "pytest", "-n", "2", "--dist", "worksteal", "-m", "many"),
    _python("browser tests", "pytest", "-m", "browser", *COVERAGE, "--cov-append"),
    _python("coverage report", "coverage", "json", "--quiet", "--fail-under=0", "-o", "coverage.json"),
    _python("coverage bars", "tools.check_coverage", "coverage.json"),
    _python("audit", "tools.audit"),
    _python("wheel", "tools.check_wheel"),
)


def run_steps(
    steps: Sequence[Step], run: Callable[[Step], int], clock: Callable[[], float]
) -> list[tuple[Step, int, float]]:
    """Runs each step in order and returns it with its exit code and its seconds."""
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


def _run(step: Step) -> int:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        step.command, cwd=ROOT / step.folder, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Runs the steps named, or all; returns 1 when one failed."""
    unknown = set(arguments) - {step.name for step in STEPS}
    if unknown:
        print(f"ci: no such step: {', '.join(sorted(unknown))}; there are: {', '.join(step.name for step in STEPS)}")
        return 2
    chosen = [step for step in STEPS if not arguments or step.name in arguments]
    results = run_steps(chosen, _run, time.monotonic)
    print("\n=== the gate")
    for step, code, seconds in results:
        print(f"{'ok    ' if code == 0 else 'FAILED'}  {step.name:<18}{seconds:>8.1f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} steps ok, {failed} failed, {sum(seconds for _, _, seconds in results):.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
