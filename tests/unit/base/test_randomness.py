import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.randomness import Randomness


@given(seed=st.binary(min_size=1, max_size=40), counts=st.lists(st.integers(0, 200), max_size=5))
def test_a_seed_replays_byte_for_byte(seed: bytes, counts: list[int]) -> None:
    first, second = Randomness(seed), Randomness(seed)
    drawn = [first.draw(count) for count in counts]
    assert drawn == [second.draw(count) for count in counts]
    assert [len(each) for each in drawn] == counts


def test_seeds_and_draws_differ() -> None:
    stream = Randomness(b"a")
    assert len({stream.draw(16) for _ in range(100)} | {Randomness(b"b").draw(16)}) == 101
    with pytest.raises(AssertionError):
        Randomness(b"")


def test_numbers_stay_in_their_ranges_and_fill_them() -> None:
    stream = Randomness(b"numbers")
    integers = [stream.integer(6) for _ in range(600)]
    assert set(integers) == set(range(6))
    assert all(60 < integers.count(face) < 140 for face in range(6))
    fractions = [stream.fraction() for _ in range(1000)]
    assert 0.0 <= min(fractions) < 0.01 < 0.99 < max(fractions) < 1.0
    with pytest.raises(AssertionError):
        stream.integer(0)
