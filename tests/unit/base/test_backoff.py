"""How long to wait between tries."""

from theta.base.backoff import Backoff
from theta.base.randomness import Randomness


def test_ses_19_spans_double_up_to_their_bound_with_jitter_and_begin_anew() -> None:
    backoff = Backoff(Randomness(b"backoff"), 0.1, 2.0)
    waits = [backoff.fail() for _ in range(50)]
    for number, wait in enumerate(waits):
        span = min(2.0, 0.1 * 2.0**number)
        assert span / 2.0 <= wait <= span
    assert len(set(waits)) == len(waits)
    backoff.succeed()
    assert backoff.fail() <= 0.1
