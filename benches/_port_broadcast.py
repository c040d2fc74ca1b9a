"""500 B to a hundred participants over each transport: when the last has it, and what sending takes of a core."""

import tempfile
import time
from pathlib import Path
from statistics import median

from benches._child import Child, Said
from benches._report import Row
from benches.state_plane import quantile
from theta.node.lanes import Lane

PEERS, SIZE = 100, 500
LAST_MILLISECONDS_MAX = 50.0
AIMED_MILLISECONDS = 15.0
CALM_HERTZ, CALM_SECONDS = 10.0, 3.0
RATES, RATE_SECONDS = (30.0, 90.0), 2.0
DRAIN_SECONDS = 0.5
KINDS = ("memory", "quic", "webtransport", "websocket", "webrtc")


def broadcast_rows() -> list[Row]:
    """All transports."""
    return [row for kind in KINDS for row in _broadcast(kind)]


def _broadcast(kind: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as name, Child("benches._port_room", home=Path(name)) as room:
        if kind == "memory":
            room.ask("memory_peers", count=PEERS)
            return [_share_row(kind, hertz, _at(room, hertz)) for hertz in RATES]
        with Child("benches._port_peers", home=Path(name)) as peers:
            peers.ask("join", kind=kind, count=PEERS, **room.ask("where"))
            rows = _latency_rows(kind, room, peers)
            for hertz in RATES:
                peers.ask("watch")
                rows.append(_share_row(kind, hertz, _at(room, hertz)))
                time.sleep(DRAIN_SECONDS)
                came = 100.0 * sum(peers.ask("seen")["got"]) / (PEERS * hertz * RATE_SECONDS)
                rows.append(Row(f"{kind}: of these datagrams came", came, "%", more_is_better=True))
            peers.ask("leave")
            return rows


def _latency_rows(kind: str, room: Child, peers: Child) -> list[Row]:
    """On a lane that loses nothing, so seldom that one broadcast is over before the next."""
    peers.ask("watch")
    room.ask("broadcast", lane=Lane.COMMANDS, size=SIZE, hertz=CALM_HERTZ, seconds=CALM_SECONDS)
    seen: Said = peers.ask("seen")
    assert seen["got"] == [PEERS] * round(CALM_HERTZ * CALM_SECONDS), "somebody did not get all"
    last, runs = seen["last"], len(seen["last"])
    name = f"{kind}: {SIZE} B to {PEERS}, until the last has it"
    return [
        Row(f"{name}, median (aim {AIMED_MILLISECONDS:g} ms)", median(last), "ms", runs=runs),
        Row(f"{name}, p95", quantile(last, 0.95), "ms", LAST_MILLISECONDS_MAX, runs=runs),
    ]


def _at(room: Child, hertz: float) -> Said:
    """As datagrams, as the state plane sends what is new every tick."""
    return room.ask("broadcast", lane=Lane.DATAGRAM, size=SIZE, hertz=hertz, seconds=RATE_SECONDS)


def _share_row(kind: str, hertz: float, took: Said) -> Row:
    kept = "" if took["hertz"] > 0.97 * hertz else f" (came to {took['hertz']:.0f} Hz: a core is full)"
    return Row(f"{kind}: {SIZE} B to {PEERS} at {hertz:g} Hz, the sender{kept}", 100 * took["core"], "% of a core")
