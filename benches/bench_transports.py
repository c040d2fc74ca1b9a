"""The transports against their bars, beside a bare aioquic, aiohttp, `websockets` and aiortc. `make bench-transports`.

PYTHONPATH=. python benches/bench_transports.py overhead broadcast      these parts alone
"""

import argparse
import sys

from benches._markdown import report_with_tables
from benches._port_broadcast import broadcast_rows
from benches._port_networks import dead_rows, resume_rows
from benches._port_overhead import overhead_rows
from benches._port_sessions import join_rows, latency_rows

PARTS = {
    "overhead": overhead_rows,
    "broadcast": broadcast_rows,
    "latency": latency_rows,
    "resume": resume_rows,
    "dead": dead_rows,
    # Last: what a browser leaves behind takes time from whatever is measured after it.
    "join": join_rows,
}


def main() -> int:
    """Measure, and say whether every bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which rows; all by default")
    options = parser.parse_args()
    rows = [row for name in options.parts or PARTS for row in PARTS[name]()]
    name = "transports" if not options.parts else "transports_" + "_".join(options.parts)
    return 0 if report_with_tables(name, rows) else 1


if __name__ == "__main__":
    sys.exit(main())
