import pytest

from theta.base.limits import NONCES_REMEMBERED
from theta.commands.refusals import Replay
from theta.commands.replay_guard import ReplayGuard


def test_cmd_6_nonces_rise_and_gaps_are_counted() -> None:
    guard = ReplayGuard()
    assert (guard.highest, guard.gaps) == (0, 0)
    for nonce in (1, 2, 7):
        guard.check(nonce)
        guard.remember(nonce, b"d" * 32, nonce + 100)
    assert (guard.highest, guard.gaps) == (7, 4)
    for nonce in (0, 1, 3, 7):
        with pytest.raises(Replay, match=f"nonce {nonce} is not above 7"):
            guard.check(nonce)
    with pytest.raises(AssertionError):
        guard.remember(7, b"d" * 32, 1)


def test_cmd_6_a_resend_is_known_by_nonce_and_digest() -> None:
    guard = ReplayGuard()
    guard.remember(5, b"d" * 32, 105)
    assert guard.resent(5, b"d" * 32) == 105
    assert guard.resent(5, b"e" * 32) is None
    assert guard.resent(4, b"d" * 32) is None


def test_cmd_6_the_last_1024_are_remembered() -> None:
    guard = ReplayGuard()
    for nonce in range(1, NONCES_REMEMBERED + 2):
        guard.remember(nonce, b"d", nonce)
    assert NONCES_REMEMBERED == 1024
    assert guard.resent(1, b"d") is None
    assert guard.resent(2, b"d") == 2


def test_cmd_6_no_more_than_the_last_1024_are_remembered_however_many_there_were() -> None:
    guard = ReplayGuard()
    count = 3 * NONCES_REMEMBERED + 5
    digests = [bytes((at % 251,)) * 32 for at in range(count)]
    for at, digest in enumerate(digests):
        guard.remember(2 * at + 1, digest, at + 10)
        oldest = max(0, at + 1 - NONCES_REMEMBERED)
        assert guard.resent(2 * oldest + 1, digests[oldest]) == oldest + 10
        assert guard.resent(2 * at + 1, digest) == at + 10
        assert guard.resent(2 * at + 2, digest) is None
        assert oldest == 0 or guard.resent(2 * oldest - 1, digests[oldest - 1]) is None
    first = count - NONCES_REMEMBERED
    nonces = [2 * at + 1 for at in range(first, count)]
    assert guard.remembered() == (nonces, digests[first:], list(range(first + 10, count + 10)))
    assert guard.remembered(count + 8) == (nonces[-1:], digests[-1:], [count + 9])
    again = ReplayGuard()
    again.restore(guard.highest, guard.gaps, zip(*guard.remembered(), strict=True))
    assert again.remembered() == guard.remembered()
    assert (again.highest, again.gaps, again.resent(nonces[0], digests[first])) == (
        2 * count - 1,
        count - 1,
        first + 10,
    )
    assert ReplayGuard().remembered() == ([], [], [])
