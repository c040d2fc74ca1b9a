"""The state plane's encoding beside @colyseus/schema and bitECS on Node, and beside Python's esper, snecs and tcod-ecs.

All of them are written the same values (`_state_loads`), and must end with them. Ours is measured with raw columns,
which arrive bit for bit as the others' do, and quantised, as a room would send them. "Encoding" is what there is to do
for one participant once it is known what changed; "all" is writing the values, finding what changed, and encoding.
"""

import sys

from benches._markdown import amount, report_with_tables, table
from benches._report import Row
from benches._state_loads import Load, crowd_of, load_of
from benches._state_node import PeerResult, node_results, node_versions
from benches._state_ours import EXACT, PACKED, batches_of, our_crowd, our_result
from benches._state_python import KINDS, our_step, python_result, python_step, python_versions
from theta.adapters.collecting import settle_collector

SIZES = ((1_000, 100), (1_000, 1_000), (10_000, 100), (10_000, 1_000))
CROWD, CROWD_METRES = 100, 10.0
OURS, QUANTISED = "ours, bit for bit", "ours, quantised"
COLYSEUS, COMPARING, TOLD = "@colyseus/schema", "bitECS, comparing", "bitECS, told"

Results = dict[str, PeerResult]


def node_tables() -> tuple[list[Row], list[str]]:
    """One participant who is told of everything, and a hundred who are told of what is near."""
    loads = [load_of(kind, count, changed) for kind in ("motion", "everything") for count, changed in SIZES]
    crowd, places = crowd_of(CROWD, CROWD_METRES)
    theirs = node_results([*loads, crowd])
    found: dict[str, Results] = {}
    for load in loads:
        ours = {OURS: our_result(load, EXACT), QUANTISED: our_result(load, PACKED)}
        found[load.name] = ours | theirs[load.name]
    told = {
        OURS: our_crowd(crowd, places, EXACT, CROWD_METRES),
        QUANTISED: our_crowd(crowd, places, PACKED, CROWD_METRES),
        **theirs[crowd.name],
    }
    rows = [row for load in loads for row in _rows_of(load, found[load.name])]
    rows += _crowd_rows(crowd, told)
    tables = [_table(loads, found, "sent_bytes", "bytes of a tick", "bytes")]
    tables += [_table(loads, found, key, title, "ms") for key, title in (("encode", "encoding"), ("whole", "all"))]
    return rows, [*tables, _crowd_table(crowd, told)]


def _rows_of(load: Load, found: Results) -> list[Row]:
    runs = len(load.ticks)
    mine = found[OURS]
    rows = []
    for peer in (COLYSEUS, COMPARING, TOLD):
        theirs = found[peer]
        rows += [
            Row(f"{load.name}: bytes", mine.sent_bytes, "bytes", None, peer, theirs.sent_bytes, runs),
            Row(f"{load.name}: encoding", mine.encode, "ms", None, peer, theirs.encode, runs),
            Row(f"{load.name}: all", mine.whole, "ms", None, peer, theirs.whole, runs),
        ]
    packed = found[QUANTISED]
    what = f"{load.name}: bytes, ours quantised"
    return [*rows, Row(what, packed.sent_bytes, "bytes", None, COLYSEUS, found[COLYSEUS].sent_bytes, runs)]


def _crowd_rows(load: Load, found: Results) -> list[Row]:
    mine, runs = found[OURS], len(load.ticks)
    rows = []
    for peer in (COLYSEUS, TOLD):
        theirs = found[peer]
        rows += [
            Row(f"{load.name}: bytes to all", mine.sent_bytes, "bytes", None, peer, theirs.sent_bytes, runs),
            Row(f"{load.name}: all, with interest in ours", mine.whole, "ms", None, peer, theirs.whole, runs),
        ]
    return rows


def _table(loads: list[Load], found: dict[str, Results], key: str, title: str, unit: str) -> str:
    peers = (OURS, QUANTISED, COLYSEUS, COMPARING, TOLD)
    body = [[load.name, *(amount(getattr(found[load.name][peer], key), unit) for peer in peers)] for load in loads]
    return table([title, *peers], body)


def _crowd_table(load: Load, found: Results) -> str:
    body = [
        [peer, amount(each.sent_bytes / CROWD, "bytes"), amount(each.encode, "ms"), amount(each.whole, "ms")]
        for peer, each in found.items()
    ]
    return table([load.name, "to each", "choosing and encoding", "all"], body)


def python_tables() -> tuple[list[Row], list[str]]:
    """Python's worlds: made, moved, and sent."""
    load = load_of("motion", 10_000, 1_000)
    mine = our_result(load, EXACT)
    spawn, step = our_step(load, batches_of(load.start, EXACT), EXACT.transform, EXACT.motion)
    rows = []
    body = [["ours", *(amount(each, "ms") for each in (spawn, step, mine.whole)), amount(mine.sent_bytes, "bytes")]]
    for kind in KINDS:
        sent, (made, stepped) = python_result(kind, load), python_step(kind, load)
        times = (made, stepped, sent.whole)
        body.append([kind.name, *(amount(each, "ms") for each in times), amount(sent.sent_bytes, "bytes")])
        rows += [
            Row(f"{load.count:,} entities made", spawn, "ms", None, kind.name, made),
            Row(f"{load.count:,} moved by their velocity", step, "ms", None, kind.name, stepped),
            Row(f"{load.name}: all", mine.whole, "ms", None, kind.name, sent.whole),
        ]
    heads = [f"{load.count:,} entities", "made", "moved by velocity", f"{load.changed:,} written and sent", "sent"]
    return rows, [table(heads, body)]


def main() -> int:
    """Measure all of them."""
    settle_collector()
    print(f"{node_versions()}, {python_versions()}")
    parts = (node_tables(), python_tables())
    rows = [row for part, _ in parts for row in part]
    return 0 if report_with_tables("state_peers", rows, *(each for _, tables in parts for each in tables)) else 1


if __name__ == "__main__":
    sys.exit(main())
