"""What every benchmark ends with: a table to read, and build/bench/NAME.json to compare."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "build" / "bench"


@dataclass(frozen=True)
class Row:
    """One measurement, with its bar and with a peer measured beside it in the same run.

    Attributes:
        what: what was measured.
        value: the median of `runs` runs, or whatever `what` says, in `unit`.
        bar: what it must not pass, in `unit`; None where there is no bar.
        peer: what it is compared with; "" where there is nothing to compare.
        peer_value: the peer's measurement, in `unit`.
        runs: how many runs the value stands on.
        more_is_better: the bar is a least value, not a most.
    """

    what: str
    value: float
    unit: str
    bar: float | None = None
    peer: str = ""
    peer_value: float | None = None
    runs: int = 1
    more_is_better: bool = False

    @property
    def holds(self) -> bool:
        """Whether the bar is kept."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.more_is_better else self.value <= self.bar

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer."""
        if not self.peer_value or not self.value:
            return None
        return self.value / self.peer_value if self.more_is_better else self.peer_value / self.value

    def as_data(self) -> dict[str, object]:
        """The row as it is written to the file."""
        names = ("what", "value", "unit", "bar", "more_is_better", "holds", "peer", "peer_value", "runs")
        return {name: getattr(self, name) for name in names}


def median_milliseconds(run: Callable[[], object], runs: int) -> float:
    """The median wall-clock time of a call, after one to warm up."""
    run()
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e6


def report(name: str, rows: Sequence[Row]) -> bool:
    """Prints the rows, writes build/bench/NAME.json, and returns whether every bar is kept."""
    width = max(len(row.what) for row in rows)
    print(f"{'what':<{width}}  {'value':>12}  {'bar':>12}  {'':<6}  peer")
    for row in rows:
        sign = "≥" if row.more_is_better else "≤"
        bar = "–" if row.bar is None else f"{sign} {row.bar:g} {row.unit}"
        verdict = "" if row.bar is None else "ok" if row.holds else "MISSED"
        peer = f"{row.peer}: {row.peer_value:.4g} {row.unit}" if row.peer_value is not None else "–"
        ratio = "" if row.ratio is None else f" ({_in_words(row.ratio)})"
        value = f"{row.value:.4g} {row.unit}"
        print(f"{row.what:<{width}}  {value:>12}  {bar:>12}  {verdict:<6}  {peer}{ratio}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps([row.as_data() for row in rows], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written: {path.relative_to(FOLDER.parent.parent)}")
    return all(row.holds for row in rows)


def _in_words(ratio: float) -> str:
    return f"{ratio:.1f} × better" if ratio >= 1.0 else f"{1.0 / ratio:.1f} × worse"
