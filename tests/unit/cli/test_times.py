"""Times as people type and read them."""

import time
from collections.abc import Iterator

import pytest

from theta.base.errors import InvalidValue
from theta.cli.times import Point, ago_in_words, iso_time, read_point, read_span, span_in_words, time_in_words

NOW_MS = 1_795_665_600_000 + 250  # 2026-11-26 04:00:00.250 UTC
HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def two_hours_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("45 min", 2_700),
        ("2h", 7_200),
        ("1h30m", 5_400),
        ("1.5 hours", 5_400),
        (" 7 DAYS ", 604_800),
        ("2w", 1_209_600),
    ],
)
def test_spans(text: str, seconds: int) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "2", "2x", "-2h", "0s", "0.1s", "2h later", "101000w", "2 h x"])
def test_what_is_no_span_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"--expires.*30min, 2h"):
        read_span(text, "--expires")


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("120", Point(120, None)),
        ("#7", Point(7, None)),
        ("2h", Point(None, NOW_MS - 2 * HOUR_MS)),
        ("30 min ago", Point(None, NOW_MS - HOUR_MS // 2)),
        ("now", Point(None, NOW_MS)),
        ("today", Point(None, NOW_MS - 250 - 6 * HOUR_MS)),
        ("yesterday", Point(None, NOW_MS - 250 - 30 * HOUR_MS)),
        ("05:30", Point(None, NOW_MS - 250 - HOUR_MS // 2)),
        ("5:30:10", Point(None, NOW_MS - 250 - HOUR_MS // 2 + 10_000)),
        ("2026-11-26", Point(None, NOW_MS - 250 - 6 * HOUR_MS)),
        ("2026-11-26 05:30", Point(None, NOW_MS - 250 - HOUR_MS // 2)),
        ("2026-11-26T03:30:00Z", Point(None, NOW_MS - 250 - HOUR_MS // 2)),
        ("2026-11-26t03:30:00.5+00:00", Point(None, NOW_MS - 250 - HOUR_MS // 2 + 500)),
    ],
)
def test_points(text: str, point: Point) -> None:
    assert read_point(text, "--at", NOW_MS) == point


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-13-01", "12:60", "-5", "1e3", "٣", "9" * 30])
def test_what_is_no_point_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"--at.*a record's number, a time such as 14:05"):
        read_point(text, "--at", NOW_MS)


def test_times_are_shown_on_this_machines_clock_and_as_utc() -> None:
    assert time_in_words(NOW_MS) == "2026-11-26 06:00:00"
    assert iso_time(NOW_MS) == "2026-11-26T04:00:00.250Z"
    assert iso_time(1_000) == "1970-01-01T00:00:01.000Z"


def test_a_time_that_no_calendar_has_is_shown_as_its_number() -> None:
    assert time_in_words(1 << 63) == f"{1 << 63} ms"
    assert iso_time(1 << 63) == ""


@pytest.mark.parametrize(
    ("ago_ms", "words"),
    [
        (0, "just now"),
        (-4_000, "just now"),
        (5_000, "5 seconds ago"),
        (60_000, "1 minute ago"),
        (150_000, "2 minutes ago"),
        (HOUR_MS, "1 hour ago"),
        (50 * HOUR_MS, "2 days ago"),
        (24 * 40 * HOUR_MS, "1 month ago"),
        (24 * 800 * HOUR_MS, "2 years ago"),
        (-HOUR_MS, "in 1 hour"),
    ],
)
def test_how_long_ago(ago_ms: int, words: str) -> None:
    assert ago_in_words(NOW_MS - ago_ms, NOW_MS) == words


def test_a_span_is_told_in_its_largest_unit() -> None:
    assert [span_in_words(each) for each in (1, 59, 7_200, 86_400)] == ["1 second", "59 seconds", "2 hours", "1 day"]
