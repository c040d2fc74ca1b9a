import pytest

from theta.commands.rate_limit import Pace, TokenBucket


def test_cmd_11_a_bucket_starts_full_and_takes_all_or_nothing() -> None:
    bucket = TokenBucket(10, 4, 100.0)
    assert bucket.take(11, 100.0) == 0.25
    assert bucket.take(10, 100.0) == 0.0
    assert bucket.take(2, 100.0) == 0.5


def test_cmd_11_a_bucket_refills_by_the_clock_and_never_over_its_burst() -> None:
    bucket = TokenBucket(10, 4, 0.0)
    assert bucket.take(10, 0.0) == 0.0
    assert bucket.take(3, 0.5) == 0.25
    assert bucket.take(3, 0.75) == 0.0
    assert bucket.take(11, 1e9) == 0.25


def test_cmd_11_waiting_as_long_as_told_is_enough() -> None:
    bucket = TokenBucket(100, 100, 0.0)
    assert bucket.take(100, 0.0) == 0.0
    wait = bucket.take(50, 0.125)
    assert wait == 0.375
    assert bucket.take(50, 0.125 + wait) == 0.0


def test_cmd_11_a_clock_that_falls_back_gains_nothing() -> None:
    bucket = TokenBucket(1, 1, 100.0)
    assert bucket.take(1, 100.0) == 0.0
    assert bucket.take(1, 0.0) == 1.0
    assert bucket.take(1, 100.5) == 0.5


@pytest.mark.parametrize(("burst", "per_second"), [(0, 1), (1, 0)])
def test_a_bucket_holds_and_gains_something(burst: float, per_second: float) -> None:
    with pytest.raises(AssertionError):
        TokenBucket(burst, per_second, 0.0)


def test_cmd_11_a_clock_that_jumped_ahead_and_back_gains_nothing_twice() -> None:
    bucket = TokenBucket(10, 1, 0.0)
    assert bucket.take(10, 0.0) == 0.0
    assert bucket.take(10, 1e6) == 0.0, "full again, and never more than that"
    assert bucket.take(1, 5.0) == 1.0
    assert bucket.take(1, 1e6 + 0.5) == 0.5
    assert bucket.take(1, float("inf")) == 0.0


def test_cmd_11_another_pace_keeps_what_fits() -> None:
    bucket = TokenBucket(100, 10, 0.0)
    assert bucket.take(40, 0.0) == 0.0
    bucket.change_pace(Pace(20, 1), 1.0)
    assert bucket.take(21, 1.0) == 1.0
    assert bucket.take(20, 1.0) == 0.0
    bucket.change_pace(Pace(200, 50), 1.0)
    assert bucket.take(50, 1.0) == 1.0
    assert not bucket.is_full(4.0)
    assert bucket.is_full(5.0)
