"""Who may begin a QUIC handshake, counted."""

import pytest

from theta.adapters.quic_admission import (
    RETRY_FROM_HALF_OPEN,
    RETRY_FROM_PER_ADDRESS,
    Admission,
    Verdict,
    place_of,
)
from theta.base.limits import HALF_OPEN_CONNECTIONS_MAX, HALF_OPEN_PER_ADDRESS_MAX

VICTIM = "192.0.2.7"


def crowd(admission: Admission[int], count: int, *, is_validated: bool, host: str | None = None) -> None:
    """Begin so many handshakes, each from an address of its own unless one is given."""
    start = len(admission)
    for number in range(start, start + count):
        admission.add(number, host or f"10.0.{number >> 8}.{number & 255}", is_validated=is_validated)


def test_trn_15_from_a_quarter_on_everybody_proves_their_address_and_from_the_limit_on_nobody_gets_in() -> None:
    admission: Admission[int] = Admission()
    crowd(admission, RETRY_FROM_HALF_OPEN - 1, is_validated=False)
    assert admission.verdict(VICTIM, is_validated=False) is Verdict.ADMIT
    crowd(admission, 1, is_validated=False)
    assert admission.verdict(VICTIM, is_validated=False) is Verdict.RETRY
    assert admission.verdict(VICTIM, is_validated=True) is Verdict.ADMIT
    crowd(admission, HALF_OPEN_CONNECTIONS_MAX - RETRY_FROM_HALF_OPEN, is_validated=True)
    assert admission.verdict(VICTIM, is_validated=True) is Verdict.REFUSE
    assert admission.verdict(VICTIM, is_validated=False) is Verdict.REFUSE
    admission.discard(0)
    assert admission.verdict(VICTIM, is_validated=True) is Verdict.ADMIT


def test_trn_15_one_address_gets_no_more_than_its_share() -> None:
    admission: Admission[int] = Admission()
    crowd(admission, RETRY_FROM_PER_ADDRESS, is_validated=False, host=VICTIM)
    assert admission.verdict(VICTIM, is_validated=False) is Verdict.RETRY
    assert admission.verdict("192.0.2.8", is_validated=False) is Verdict.ADMIT
    crowd(admission, HALF_OPEN_PER_ADDRESS_MAX, is_validated=True, host=VICTIM)
    assert admission.verdict(VICTIM, is_validated=True) is Verdict.REFUSE
    assert admission.verdict("192.0.2.8", is_validated=True) is Verdict.ADMIT


def test_trn_15_who_uses_somebody_elses_address_does_not_shut_them_out() -> None:
    admission: Admission[int] = Admission()
    forged = 0
    while admission.verdict(VICTIM, is_validated=False) is Verdict.ADMIT:
        crowd(admission, 1, is_validated=False, host=VICTIM)
        forged += 1
    assert forged == RETRY_FROM_PER_ADDRESS
    assert admission.verdict(VICTIM, is_validated=True) is Verdict.ADMIT


def test_who_is_done_leaves_nothing_behind() -> None:
    admission: Admission[int] = Admission()
    crowd(admission, 20, is_validated=True)
    for number in [*range(20), 3, 99]:
        admission.discard(number)
    assert len(admission) == 0
    assert not admission._places
    assert not admission._validated_places


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
    ],
)
def test_an_ipv6_network_of_one_machine_counts_as_one_address(one: str, other: str, is_same: bool) -> None:
    assert (place_of(one) == place_of(other)) is is_same
