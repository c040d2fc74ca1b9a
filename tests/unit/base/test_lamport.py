import pytest

from theta.base.errors import UsageError
from theta.base.lamport import ClockExhausted, LamportClock


def test_it_ticks_above_everything_witnessed() -> None:
    clock = LamportClock()
    assert (clock.value, clock.tick(), clock.tick()) == (0, 1, 2)
    clock.witness(10)
    clock.witness(5)
    assert (clock.value, clock.tick()) == (10, 11)


def test_it_ends_at_its_last_value() -> None:
    clock = LamportClock(2**64 - 2)
    assert clock.tick() == 2**64 - 1
    with pytest.raises(ClockExhausted, match="2\\^64 - 1") as caught:
        clock.tick()
    assert isinstance(caught.value, UsageError)
    assert clock.value == 2**64 - 1


@pytest.mark.parametrize("time", [-1, 2**64])
def test_it_witnesses_u64_only(time: int) -> None:
    with pytest.raises(AssertionError):
        LamportClock().witness(time)
