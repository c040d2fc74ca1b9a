"""What a room that is open counts and measures, in a few lines, for `theta info`."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from theta.adapters.files import RunningRoom, running_room_of

ANSWER_SECONDS_MAX = 2.0
_METRIC = re.compile(r"(\w+)(?:\{([^}]*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Metrics = dict[str, dict[tuple[str, ...], float]]
"""Of each name, its value by the values of its labels, in order."""


def lines_of(file: Path) -> list[str]:
    """What there is to say of the room that this user serves from a file now; nothing when nobody does."""
    running = running_room_of(file)
    if running is None:
        return []
    lines = [f"open at: {running.url} (process {running.pid})"]
    metrics = read_metrics(_ask(running))
    return lines + list(_told(metrics)) if metrics else lines


def read_metrics(text: str) -> Metrics:
    """Prometheus's text format, as far as a room uses it."""
    found: Metrics = {}
    for line in text.splitlines():
        match = _METRIC.fullmatch(line)
        if match is not None:
            with suppress(ValueError):
                labels = tuple(value for _, value in _LABEL.findall(match[2] or ""))
                found.setdefault(match[1], {})[labels] = float(match[3])
    return found


def _ask(running: RunningRoom) -> str:
    """The room's own numbers; "" when it does not answer."""
    try:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({})
        )  # no proxy reaches this machine's own port
        with opener.open(f"{running.url}/metrics", timeout=ANSWER_SECONDS_MAX) as answer:
            return str(answer.read().decode("utf-8"))
    except (urllib.error.URLError, OSError, ValueError):
        return ""


def _told(metrics: Metrics) -> Iterator[str]:
    appended = metrics.get("theta_appended_commands_total", {}).get((), 0.0)
    rate = metrics.get("theta_appended_commands_per_second", {}).get((), 0.0)
    yield f"since it was opened: {appended:.0f} commands, {rate:.1f} a second of late"
    packets = {labels[0]: count for labels, count in metrics.get("theta_packets_total", {}).items() if labels and count}
    yield f"packets: {_counted(packets)}"
    conflicts: dict[str, float] = {}
    for labels, count in metrics.get("theta_conflicts_total", {}).items():
        conflicts[labels[0]] = conflicts.get(labels[0], 0.0) + count
    yield f"conflicts: {_counted(conflicts)}"
    for label, name in (("to disk", "theta_commit_seconds"), ("undo and late commands", "theta_rollback_seconds")):
        count = metrics.get(f"{name}_count", {}).get((), 0.0)
        if count:
            mean = metrics[f"{name}_sum"][()] / count
            yield f"{label}: {1000 * mean:.1f} ms on average, {1000 * metrics[f'{name}_max'][()]:.1f} ms at most"
    waiting = {labels[0]: count for labels, count in metrics.get("theta_queue_length", {}).items() if labels and count}
    yield f"waiting: {_counted(waiting)}"


def _counted(counts: dict[str, float]) -> str:
    return ", ".join(f"{count:.0f} {name}" for name, count in sorted(counts.items())) or "none"
