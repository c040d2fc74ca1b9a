"""Ten minutes of a room whose twenty people come and go by every transport. `make soak-transports`; SECONDS of it.

    PYTHONPATH=. python benches/soak_transports.py 240

Slopes are of a line through what was read after the first third (at least SETTLE_SECONDS, in which the room comes to
know everybody, and keeps sessions for RESUME_SECONDS_MAX).
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benches._child import Child, Said
from benches._report import Row, report
from theta.base.limits import RESUME_SECONDS_MAX

PEOPLE = 20
SECONDS = 600.0
SETTLE_SECONDS = RESUME_SECONDS_MAX + 10.0
EVERY_SECONDS = 2.0
TEN_MINUTES = 600.0
MEGABYTES_MAX = 1.0
FLAT_MAX = 0.1
"""Of what there are on the average, so much more or less after ten minutes counts as flat."""


def soak(seconds: float) -> tuple[list[float], list[Said], Said]:
    """When the room was read, what it said, and what its people say in the end."""
    times: list[float] = []
    read: list[Said] = []
    with (
        tempfile.TemporaryDirectory() as name,
        Child("benches._soak_room", home=Path(name)) as room,
        Child("benches._soak_peers", home=Path(name)) as people,
    ):
        people.ask("begin", url=room.ask("where")["url"], count=PEOPLE)
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            times.append(now)
            read.append(room.ask("kept"))
            time.sleep(max(0.0, began + len(times) * EVERY_SECONDS - time.monotonic()))
        seen = people.ask("seen")
        people.ask("leave")
    return times, read, seen


def soak_rows(seconds: float) -> list[Row]:
    """What was read as lines over time, each taken on to ten minutes."""
    times, read, seen = soak(seconds)
    settled = min(max(SETTLE_SECONDS, seconds / 3.0), seconds / 2.0)
    kept = [each for at, each in zip(times, read, strict=True) if at >= settled]
    at = np.array([each for each in times if each >= settled])
    faults = [*read[-1]["faults"], *seen["faults"]]
    for text in faults[:5]:
        print(text, file=sys.stderr)

    def grows(what: str) -> float:
        values = np.array([each[what] for each in kept], dtype=float)
        return float(np.polyfit(at, values, 1)[0]) * TEN_MINUTES

    span = f"over {at[-1] - at[0]:.0f} s, in ten minutes"
    rows = [Row(f"the room's private memory {span}", grows("bytes") / 1e6, "MB", MEGABYTES_MAX, runs=len(kept))]
    for what in ("tasks", "descriptors"):
        mean = float(np.mean([each[what] for each in kept]))
        grown = abs(grows(what))
        rows.append(Row(f"the room's {what} {span}", grown, "", FLAT_MAX * mean, "of them, mean", mean, len(kept)))
    visits, away = seen["visits"], sum(seen["turned_away"].values())
    for why, count in seen["turned_away"].items():
        print(f"{count} × {why}", file=sys.stderr)
    return [
        *rows,
        Row("private memory at the end", read[-1]["bytes"] / 1e6, "MB"),
        Row(f"visits, by {PEOPLE} people in {seconds:g} s", visits, "", more_is_better=True),
        Row("visits that came to nothing", away, "", 0),
        Row("people in the room, mean", float(np.mean([each["people"] for each in kept])), ""),
        Row("exceptions that nobody handled, and errors logged", len(faults), "", 0),
    ]


def main() -> int:
    """Soak, and say whether every bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=SECONDS, help="for how long; ten minutes by default")
    options = parser.parse_args()
    return 0 if report("soak_transports", soak_rows(options.seconds)) else 1


if __name__ == "__main__":
    sys.exit(main())
