"""The tables of the state plane's page in docs/benchmarks, from what the benches wrote last; prints Markdown.

PYTHONPATH=. python benches/state_page.py > tables.md
"""

import json

from benches._markdown import rows_table
from benches._report import FOLDER, Row

SECTIONS = (
    ("Encoding and decoding", "replication"),
    ("Between ticks", "replication_motion"),
    ("Interest", "interest"),
    ("The room's plane in memory", "state_plane"),
    ("A whole room over real sockets", "state_room"),
    ("Late join", "late_join"),
    ("A building session", "bandwidth"),
    ("Beside others", "state_peers"),
)


def section(name: str) -> str:
    """What a bench wrote, as it wants to be shown; "" when it has not run."""
    path = FOLDER / f"{name}.md"
    if path.exists():
        return path.read_text(encoding="utf-8")
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return ""
    rows = [
        Row(**{key: value for key, value in row.items() if key != "holds"})
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]
    return rows_table(rows)


def main() -> None:
    """Print those that ran."""
    for title, name in SECTIONS:
        text = section(name)
        if text:
            print(f"## {title}\n\n{text}")


if __name__ == "__main__":
    main()
