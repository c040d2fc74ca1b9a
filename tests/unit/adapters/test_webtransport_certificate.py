"""The short-lived certificates that pages know by their hashes, under a clock that is put forward."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from theta.adapters.quic_connection import ShownCertificate
from theta.adapters.webtransport_certificate import RENEWED_AFTER, TOLD_BEFORE_SHOWN, RotatingCertificate

DAY = timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 2, 20, 12, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rotating(clock: Clock) -> RotatingCertificate:
    return RotatingCertificate(clock)


def hash_of(shown: ShownCertificate) -> str:
    return base64.b64encode(shown.certificate.fingerprint(hashes.SHA256())).decode()


def test_trn_56_it_is_what_browsers_take_by_a_hash(clock: Clock, rotating: RotatingCertificate) -> None:
    certificate, key = rotating.current()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == 13 * DAY
    assert certificate.not_valid_before_utc <= clock.now - DAY, "a clock that is behind"
    assert certificate.not_valid_after_utc >= clock.now + RENEWED_AFTER + DAY
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.public_key() == key.public_key()
    assert rotating.hashes() == [hash_of(rotating.current())]


def test_trn_56_the_next_is_told_before_it_is_shown_and_the_old_one_while_it_is_valid(
    clock: Clock, rotating: RotatingCertificate
) -> None:
    first = rotating.current()
    clock.now += RENEWED_AFTER - timedelta(seconds=1)
    assert rotating.current() is first
    assert len(rotating.hashes()) == 1
    clock.now += timedelta(seconds=1)
    second_hash, first_hash = rotating.hashes()
    assert first_hash == hash_of(first)
    assert rotating.current() is first, "pages that asked just before do not know the next yet"
    clock.now += TOLD_BEFORE_SHOWN
    second = rotating.current()
    assert hash_of(second) == second_hash
    assert second.key.private_numbers() != first.key.private_numbers()
    assert rotating.hashes() == [second_hash, first_hash]


def test_trn_56_none_is_ever_shown_that_has_ended_or_whose_hash_was_not_told(
    clock: Clock, rotating: RotatingCertificate
) -> None:
    told = rotating.hashes()
    shown = set()
    for _ in range(24 * 60):
        clock.now += timedelta(hours=1)
        current = rotating.current()
        shown.add(hash_of(current))
        assert hash_of(current) in told, "a page that asked an hour ago must be able to connect"
        assert current.certificate.not_valid_after_utc - clock.now >= 5 * DAY
        told = rotating.hashes()
        assert len(told) <= 3
    assert len(shown) == 10, "sixty days"


@pytest.mark.parametrize("jump", [40 * DAY, -40 * DAY])
def test_trn_56_a_clock_that_jumped_makes_a_new_one_at_once(
    clock: Clock, rotating: RotatingCertificate, jump: timedelta
) -> None:
    first = rotating.current()
    clock.now += jump
    second = rotating.current()
    assert second is not first
    assert second.certificate.not_valid_before_utc <= clock.now < second.certificate.not_valid_after_utc
    assert rotating.hashes() == [hash_of(second)]
