"""Times as people type and read them: `2h`, `14:05`, `2026-11-26 14:05`, a record's number; and back again."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from theta.base.errors import InvalidValue

_UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3_600,
    "hour": 3_600,
    "d": 86_400,
    "day": 86_400,
    "w": 604_800,
    "week": 604_800,
}
_SPAN = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})s?(?![a-z])\s*")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_SPAN_EXAMPLE = "a span such as 90s, 30min, 2h, 7d or 1h30m"
_POINT_EXAMPLE = "a record's number, a time such as 14:05, 2026-11-26 or 2026-11-26 14:05, or a span ago such as 2h"
SPAN_SECONDS_MAX = 100 * 365 * 86_400


class Point(NamedTuple):
    """A place in a log: a record's number, or a time (ms since 1970); the other one is None."""

    seq: int | None
    unix_ms: int | None


def read_span(text: str, field: str = "span") -> int:
    """A span in seconds, at least 1.

    Raises:
        InvalidValue: it is none.
    """
    rest, seconds = text.strip().lower(), 0.0
    while rest:
        found = _SPAN.match(rest)
        if found is None:
            raise InvalidValue(field, text, _SPAN_EXAMPLE)
        seconds += float(found[1]) * _UNITS[found[2]]
        rest = rest[found.end() :]
    if not 1.0 <= seconds <= SPAN_SECONDS_MAX:
        raise InvalidValue(field, text, f"{_SPAN_EXAMPLE}, of at least a second and at most 100 years")
    return int(seconds)


def read_point(text: str, field: str, now_ms: int) -> Point:
    """A place in a log as somebody typed it. Times without a zone are this machine's.

    Raises:
        InvalidValue: it is none.
    """
    word = text.strip().lower()
    if word.removeprefix("#").isascii() and word.removeprefix("#").isdigit() and len(word) <= 19:
        return Point(int(word.removeprefix("#")), None)
    moment = _datetime_of(word, datetime.fromtimestamp(now_ms / 1000).astimezone())
    if moment is not None:
        try:
            return Point(None, round(moment.timestamp() * 1000))
        except (OverflowError, ValueError, OSError) as error:
            raise InvalidValue(field, text, _POINT_EXAMPLE) from error
    try:
        return Point(None, now_ms - 1000 * read_span(word.removesuffix("ago"), field))
    except InvalidValue as error:
        raise InvalidValue(field, text, _POINT_EXAMPLE) from error


def _datetime_of(word: str, now: datetime) -> datetime | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("now", "today", "yesterday"):
        return {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}[word]
    try:
        if _CLOCK.fullmatch(word):
            clock = datetime.strptime(word, "%H:%M" if word.count(":") == 1 else "%H:%M:%S").time()
            return datetime.combine(now.date(), clock).astimezone()
        return datetime.fromisoformat(word.upper())
    except ValueError:
        return None


def time_in_words(unix_ms: int) -> str:
    """Date and time on this machine's clock: `2026-11-26 14:05:09`."""
    moment = _moment(unix_ms)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment is not None else f"{unix_ms} ms"


def iso_time(unix_ms: int) -> str:
    """UTC, in ISO 8601 with milliseconds: `2026-11-26T14:05:09.250Z`."""
    moment = _moment(unix_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment is not None else ""


def ago_in_words(unix_ms: int, now_ms: int) -> str:
    """How long ago: `just now`, `5 minutes ago`, `3 days ago`; `in 5 minutes` for what a fast clock wrote."""
    seconds = abs(now_ms - unix_ms) // 1000
    if seconds < 5:
        return "just now"
    words = span_in_words(seconds)
    return f"{words} ago" if unix_ms <= now_ms else f"in {words}"


def span_in_words(seconds: int) -> str:
    """About how long, in one unit: `45 seconds`, `2 hours`, `3 days`."""
    for unit, size in (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return _counted(seconds // size, unit)
    return _counted(seconds, "second")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' if count != 1 else ''}"


def _moment(unix_ms: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
