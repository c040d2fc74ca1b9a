"""The state plane against its bars: deltas, snapshots, and bytes of a pose. `make bench-replication`.

The world is Transform (10 × f32), Velocity (6 × f32) and a u64, all changed at once where something changes.
"""

import sys

from benches._replication_core import core_rows
from benches._report import report


def main() -> int:
    """Measure, and say whether every bar is kept."""
    return 0 if report("replication", core_rows()) else 1


if __name__ == "__main__":
    sys.exit(main())
