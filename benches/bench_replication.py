"""The state plane against its bars: deltas, snapshots, bytes of a pose, receivers; interest, and the plane as a whole.

`make bench-replication`. The world of the first rows is Transform (10 × f32), Velocity (6 × f32) and a u64, all changed
at once where something changes.
"""

import sys

from benches import interest, state_plane
from benches._replication_core import core_rows
from benches._replication_receiving import receiving_rows
from benches._report import report


def main() -> int:
    """Measure, and say whether every bar is kept."""
    kept = [
        report("replication", [*core_rows(), *receiving_rows()]),
        report("interest", interest.measure()),
        report("state_plane", state_plane.measure()),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
