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
