"""Holds coverage to the bars: `python -m tools.check_coverage [coverage.json]`.

The whole of src/theta needs 85 % of its lines. The packages that a room's truth rests on need 95 % of their lines and
90 % of their branches each. A package of which nothing was measured fails.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

TOTAL_LINES_PERCENT_MIN = 85.0
CORE_LINES_PERCENT_MIN = 95.0
CORE_BRANCHES_PERCENT_MIN = 90.0
CORE_PACKAGES = ("commands", "replication", "mesh", "session", "signaling")


@dataclass(frozen=True)
class Coverage:
    """Lines and branches of one package: how many there are, and how many ran."""

    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_run: int = 0

    def __add__(self, other: "Coverage") -> "Coverage":
        return Coverage(
            self.lines + other.lines,
            self.lines_run + other.lines_run,
            self.branches + other.branches,
            self.branches_run + other.branches_run,
        )

    @property
    def lines_percent(self) -> float:
        """Percent of lines that ran; 100 where there are none."""
        return 100.0 * self.lines_run / self.lines if self.lines else 100.0

    @property
    def branches_percent(self) -> float:
        """Percent of branches taken; 100 where there are none."""
        return 100.0 * self.branches_run / self.branches if self.branches else 100.0


def coverage_by_package(report: dict[str, Any]) -> dict[str, Coverage]:
    """Sums a coverage.py JSON report by the first folder below src/theta ('.' for modules of the root)."""
    packages: dict[str, Coverage] = {}
    for name, entry in report["files"].items():
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if parts[:2] != ("src", "theta"):
            continue
        package = parts[2] if len(parts) > 3 else "."
        summary = entry["summary"]
        measured = Coverage(
            summary["num_statements"],
            summary["covered_lines"],
            summary.get("num_branches", 0),
            summary.get("covered_branches", 0),
        )
        packages[package] = packages.get(package, Coverage()) + measured
    return packages


def find_shortfalls(packages: dict[str, Coverage]) -> list[str]:
    """Names every bar that is not met; empty when all are."""
    shortfalls = []
    total = sum(packages.values(), Coverage())
    if total.lines_percent < TOTAL_LINES_PERCENT_MIN or not total.lines:
        shortfalls.append(f"total: {total.lines_percent:.1f} % of lines, {TOTAL_LINES_PERCENT_MIN:g} % needed")
    for name in CORE_PACKAGES:
        measured = packages.get(name, Coverage())
        if not measured.lines:
            shortfalls.append(f"{name}: nothing was measured")
            continue
        if measured.lines_percent < CORE_LINES_PERCENT_MIN:
            shortfalls.append(f"{name}: {measured.lines_percent:.1f} % of lines, {CORE_LINES_PERCENT_MIN:g} % needed")
        if measured.branches_percent < CORE_BRANCHES_PERCENT_MIN:
            shortfalls.append(
                f"{name}: {measured.branches_percent:.1f} % of branches, {CORE_BRANCHES_PERCENT_MIN:g} % needed"
            )
    return shortfalls


def format_table(packages: dict[str, Coverage]) -> Iterable[str]:
    """One row a package, the total last."""
    yield f"{'package':<14}{'lines':>8}{'run':>9}{'branches':>11}{'taken':>9}"
    for name, measured in [*sorted(packages.items()), ("total", sum(packages.values(), Coverage()))]:
        yield (
            f"{name:<14}{measured.lines:>8}{measured.lines_percent:>7.1f} %"
            f"{measured.branches:>11}{measured.branches_percent:>7.1f} %"
        )


def main(arguments: list[str]) -> int:
    """Prints the table and the shortfalls; returns 1 when there are any."""
    path = Path(arguments[0] if arguments else "coverage.json")
    packages = coverage_by_package(json.loads(path.read_text(encoding="utf-8")))
    print("\n".join(format_table(packages)))
    shortfalls = find_shortfalls(packages)
    for shortfall in shortfalls:
        print(f"below the bar: {shortfall}")
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
