import pytest

from theta.commands.rate_limit import TokenBucket


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
