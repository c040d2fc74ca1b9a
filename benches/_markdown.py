"""Tables as the results pages in docs/benchmarks have them; a bench leaves its own beside build/bench/NAME.json."""

from collections.abc import Sequence

from benches._report import FOLDER, Row, report


def report_with_tables(name: str, rows: Sequence[Row], *tables: str) -> bool:
    """As `report`; and build/bench/NAME.md has the rows that stand for themselves, and these tables.

    Args:
        name: of the bench.
        rows: what is printed, and written as JSON.
        tables: Markdown, for what many rows say better together. With any, rows without a bar are left out of the page.
    """
    kept = report(name, rows)
    shown = [row for row in rows if row.bar is not None] if tables else list(rows)
    text = "\n".join([*([rows_table(shown)] if shown else []), *tables])
    (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
    return kept


def rows_table(rows: Sequence[Row]) -> str:
    """Rows with their bars and peers."""
    body = []
    for row in rows:
        sign = "≥" if row.more_is_better else "≤"
        bar = "–" if row.bar is None else f"{sign} {amount(row.bar, row.unit)}"
        verdict = "" if row.holds else ", missed"
        peer = "–" if row.peer_value is None else f"{row.peer}: {amount(row.peer_value, row.unit)}"
        body.append([row.what, amount(row.value, row.unit), bar + verdict, peer])
    return table(["what", "value", "bar", "beside it, in the same run"], body)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def amount(value: float, unit: str) -> str:
    """A number with three digits that count, and its unit."""
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{text} {unit}".strip()
