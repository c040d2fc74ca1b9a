"""The command log against its bars, with Loro and Yjs beside it. `make bench-commands`.

PYTHONPATH=. python benches/bench_commands.py paint mesh        these parts alone
"""

import argparse
import sys

from benches._command_history import history_rows
from benches._command_pipeline import mesh_rows, paint_rows, pin
from benches._command_storage import bytes_rows, long_file_rows
from benches._report import FOLDER, Row, report
from theta.adapters.collecting import settle_collector

PARTS = {
    "paint": paint_rows,
    "mesh": mesh_rows,
    "history": history_rows,
    "bytes": bytes_rows,
    "opening": long_file_rows,
}


def main() -> int:
    """Measure, and say whether every bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which rows; all by default")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    pin()
    settle_collector()
    rows: list[Row] = [row for name in options.parts or PARTS for row in PARTS[name]()]
    name = "commands" if not options.parts else "commands_" + "_".join(options.parts)
    return 0 if report(name, rows) else 1


if __name__ == "__main__":
    sys.exit(main())
