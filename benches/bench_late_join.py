"""Sixteen who join late, all at once, in a world of 10,000 entities that all of them see; over real sockets.

Each of them would have a machine of its own. So one is measured that has a processor for itself: it takes the room's
world in with the real client, while the fifteen others do all that the room notices of them, and show nothing. Beside
that, all sixteen with the real client in one process, on the one processor that the room leaves them.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benches._child import Child, Said
from benches._markdown import report_with_tables
from benches._report import Row
from benches._state_room import ENTITIES

JOINERS = 16
RUNS = 5
NEAREST_MILLISECONDS_MAX, COMPLETE_MILLISECONDS_MAX = 200.0, 1_000.0
NAIA, NAIA_MILLISECONDS = "naia, as it reports itself", 5_200.0
TRANSPORTS = ("quic", "websocket")


class Times(NamedTuple):
    """Milliseconds since all began to connect, of the last of those who were measured."""

    let_in: float
    nearest: float
    complete: float


def joined(room: Child, joiners: Child, others: Child, transport: str, count: int) -> tuple[Times, Said]:
    """So many real joiners, and the rest light, at once; and what it took of the room."""
    url = room.ask("where")["url"]
    room.ask("begin")
    if count < JOINERS:
        rest = JOINERS - count
        others.tell("join", url=url, count=rest, side=4.0, seed=1, transport=transport, at_once=rest)
    found = joiners.ask("join", url=url, count=count, transport=transport, entities=ENTITIES)
    if count < JOINERS:
        others.hear()
    measured = room.ask("measured")
    others.ask("leave")
    last = (max(each[name] for each in found["joiners"]) * 1e3 for name in ("let_in", "nearest", "complete"))
    return Times(*last), {"room": measured["core"] * measured["seconds"] * 1e3, "joiners": found["cpu"] * 1e3}


def transport_rows(transport: str, count: int) -> list[Row]:
    """Medians of the runs, after one to warm up; each with a room and processes of its own."""
    times: list[Times] = []
    work: list[Said] = []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with (
            Child("benches._state_room", "near", home=home) as room,
            Child("benches._state_joiners", home=home) as joiners,
            Child("benches._state_clients", home=home) as others,
        ):
            for _ in range(RUNS + 1):
                found, cost = joined(room, joiners, others, transport, count)
                times.append(found)
                work.append(cost)
    let_in, nearest, complete = (statistics.median(each) for each in zip(*times[1:], strict=True))
    who = "one of 16 joiners" if count < JOINERS else "all 16 joiners in one process, the last"
    what = f"{transport}, {ENTITIES:,} entities, {who}"
    bars = (NEAREST_MILLISECONDS_MAX, COMPLETE_MILLISECONDS_MAX) if count < JOINERS else (None, None)
    each = statistics.median(cost["joiners"] for cost in work[1:]) / count
    return [
        Row(f"{what}: let in", let_in, "ms", runs=RUNS),
        Row(f"{what}: nearest cells", nearest, "ms", bars[0], runs=RUNS),
        Row(f"{what}: complete", complete, "ms", bars[1], NAIA, NAIA_MILLISECONDS, RUNS),
        Row(f"{what}: a joiner's processor time", each, "ms", runs=RUNS),
        Row(f"{what}: the room's, for all", statistics.median(c["room"] for c in work[1:]), "ms", runs=RUNS),
    ]


def main() -> int:
    """Measure both transports."""
    rows = [row for transport in TRANSPORTS for count in (1, JOINERS) for row in transport_rows(transport, count)]
    return 0 if report_with_tables("late_join", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
