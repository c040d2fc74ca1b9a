"""A whole room with a world over real sockets: 100 participants at 30 Hz, memory, and who reads nothing any more.

    PYTHONPATH=. python benches/bench_state_room.py floor crowd memory frozen        these parts alone

The room is a process of its own, run as `theta serve` runs it; so are its participants. They shake hands as all do,
say what they have and where they are, but do not show it (`_state_light`). A tick is measured in the room, from when it
was due until its last datagram was given to the socket. What aioquic takes of it by itself is measured in memory.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benches._child import Child, Said
from benches._markdown import report_with_tables
from benches._quic_floor import floor_rows
from benches._report import Row
from benches._state_room import SIDE_METRES
from benches.state_plane import quantile
from theta.base.limits import PRESENCE_HERTZ

PEERS = 100
SECONDS = 30.0
SETTLE_SECONDS = 5.0
TICK_MILLISECONDS_MAX = 33.0
WALK_HERTZ = PRESENCE_HERTZ

IDLE_WARM, IDLE = 8, 64
IDLE_SETTLE_SECONDS = 15.0
IDLE_KILOBYTES_MAX = 200.0

OTHERS = 20
BEFORE_SECONDS, FROZEN_SECONDS = 15.0, 60.0


@contextmanager
def running(world: str, *processes: str) -> Iterator[list[Child]]:
    """A room with a world, and as many processes for participants."""
    with tempfile.TemporaryDirectory() as name, Child("benches._state_room", world, home=Path(name)) as room:
        children = [Child("benches._state_clients", home=Path(name)) for _ in processes]
        try:
            yield [room, *children]
        finally:
            for child in children:
                child.__exit__(None, None, None)


def crowd_rows() -> list[Row]:
    """The bar, whether all stand or all walk; and what it takes over WebSocket."""
    return [
        *crowd("quic", 0.0, "who stand", bar=TICK_MILLISECONDS_MAX),
        *crowd("quic", WALK_HERTZ, f"who walk, shown {WALK_HERTZ:g} a second", bar=TICK_MILLISECONDS_MAX),
        *crowd("websocket", 0.0, "who stand"),
    ]


def crowd(transport: str, hertz: float, what: str, bar: float | None = None) -> list[Row]:
    """100 participants in the world of which a tenth moves."""
    with running("crowd", "participants") as (room, clients):
        url = room.ask("where")["url"]
        clients.ask("join", url=url, count=PEERS, side=SIDE_METRES, seed=1, transport=transport, hertz=hertz)
        time.sleep(SETTLE_SECONDS)
        room.ask("begin")
        clients.ask("watch")
        time.sleep(SECONDS)
        ticks, seen = room.ask("measured"), clients.ask("seen")
        clients.ask("leave")
    count, seconds = ticks["ticks"], ticks["seconds"]
    name = f"{PEERS} over {transport} {what}"
    frames = seen["counts"]["StateFrame"] / seen["seconds"] / PEERS
    people = seen["counts"].get("PresenceBatch", 0) / seen["seconds"] / PEERS
    return [
        Row(
            f"{name}: a tick, from due to its last datagram, p99", quantile(ticks["whole"], 0.99), "ms", bar, runs=count
        ),
        Row(f"{name}: the same, median", quantile(ticks["whole"], 0.5), "ms", runs=count),
        Row(f"{name}: of it the world's systems and the state plane, median", quantile(ticks["state"], 0.5), "ms"),
        Row(f"{name}: how late ticks begin, p99", quantile(ticks["late"], 0.99), "ms", runs=count),
        Row(f"{name}: ticks a second", count / seconds, "/s", more_is_better=True),
        Row(f"{name}: the room process", 100 * ticks["core"], "% of a core"),
        Row(f"{name}: the participants' process", 100 * seen["core"], "% of a core"),
        Row(f"{name}: frames that come to each", frames, "/s", more_is_better=True),
        Row(f"{name}: batches of others' rows that come to each", people, "/s", more_is_better=True),
        Row(f"{name}: state to each", seen["counts"]["bytes"] / seen["seconds"] / PEERS, "bytes/s"),
        Row(f"{name}: between two frames at a participant, p99", quantile(seen["gaps"], 0.99), "ms"),
        Row(f"{name}: connections that congestion control held back, of each tick", ticks["held_back"] / count, ""),
    ]


def memory_rows() -> list[Row]:
    """What a participant costs who is there and to whom nothing happens: private memory of the room's process."""
    with running("still", "first", "more") as (room, first, more):
        url = room.ask("where")["url"]
        first.ask("join", url=url, count=IDLE_WARM, side=SIDE_METRES, seed=1, transport="quic")
        time.sleep(IDLE_SETTLE_SECONDS)
        before = room.ask("memory")
        more.ask("join", url=url, count=IDLE, side=SIDE_METRES, seed=2, transport="quic")
        time.sleep(IDLE_SETTLE_SECONDS)
        after = room.ask("memory")
        assert after["people"] == IDLE_WARM + IDLE, "somebody left"
    each = (after["private"] - before["private"]) / IDLE / 1024
    return [
        Row("memory per idle participant over QUIC, connection included", each, "KB", IDLE_KILOBYTES_MAX, runs=IDLE),
        Row("memory of the room with 10,000 entities and 72 participants", after["private"] / 1e6, "MB"),
    ]


def frozen_rows() -> list[Row]:
    """Somebody who acknowledges nothing, and somebody who is stopped: what others see, and memory."""
    return [*frozen("quic", stops=False), *frozen("quic", stops=True), *frozen("websocket", stops=True)]


def frozen(transport: str, *, stops: bool) -> list[Row]:
    """A minute of it, beside twenty others."""
    with running("crowd", "others", "one") as (room, others, one):
        url = room.ask("where")["url"]
        others.ask("join", url=url, count=OTHERS, side=SIDE_METRES, seed=1, transport=transport)
        one.ask("join", url=url, count=1, side=SIDE_METRES, seed=2, transport=transport)
        time.sleep(SETTLE_SECONDS)
        first = room.ask("memory")
        calm = _watched(room, others, BEFORE_SECONDS)
        before = room.ask("memory")
        if stops:
            one.process.suspend()
        else:
            one.ask("mute")
        try:
            during = _watched(room, others, FROZEN_SECONDS)
        finally:
            if stops:
                one.process.resume()
        after = room.ask("memory")
    name = f"{'a stopped process' if stops else 'who acknowledges nothing'} over {transport}, {FROZEN_SECONDS:g} s"
    grown = (after["private"] - before["private"]) / 1024
    grew = (before["private"] - first["private"]) / 1024
    times = quantile(during["gaps"], 0.99)
    calmly = quantile(calm["gaps"], 0.99)
    return [
        Row(f"{name}: the room's memory grows by", grown, "KB"),
        Row(f"{name}: in {BEFORE_SECONDS:g} s before it grows by", grew, "KB"),
        Row(f"{name}: between two frames at the others, p99", times, "ms", None, "before", calmly),
        Row(f"{name}: frames to each other, a second", _rate(during), "/s", None, "before", _rate(calm), 1, True),
        Row(f"{name}: people in the room afterwards", after["people"], ""),
    ]


def _watched(room: Child, others: Child, seconds: float) -> Said:
    others.ask("watch")
    time.sleep(seconds)
    return others.ask("seen")


def _rate(seen: Said) -> float:
    return float(seen["counts"]["StateFrame"] / seen["seconds"] / OTHERS)


PARTS = {"floor": floor_rows, "crowd": crowd_rows, "memory": memory_rows, "frozen": frozen_rows}


def main() -> int:
    """Measure, and say whether every bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which rows; all by default")
    options = parser.parse_args()
    rows = [row for name in options.parts or PARTS for row in PARTS[name]()]
    name = "state_room" if not options.parts else "state_room_" + "_".join(options.parts)
    return 0 if report_with_tables(name, rows) else 1


if __name__ == "__main__":
    sys.exit(main())
