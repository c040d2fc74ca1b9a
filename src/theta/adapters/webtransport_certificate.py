"""The certificate that a page is shown over WebTransport, which it knows by its hash: short-lived, and renewed in time.

A browser takes a certificate that nobody vouches for when the page names its SHA-256, if its key is ECDSA and it is
valid for at most 14 days (W3C WebTransport: custom certificate requirements). It is only ever in memory.
"""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from theta.adapters.quic_connection import ShownCertificate
from theta.adapters.tls_certificate import machine_clock, self_signed

VALID_DAYS = 13
RENEWED_AFTER = timedelta(days=6)
"""The next one is made when the newest is so old; it is valid for as long again, less a day."""
TOLD_BEFORE_SHOWN = timedelta(hours=1)
"""So long its hash is told before anybody is shown it: a page may have asked before it was made."""


class _Made(NamedTuple):
    shown: ShownCertificate
    at: datetime

    def is_valid(self, now: datetime) -> bool:
        certificate = self.shown.certificate
        return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc

    @property
    def hash(self) -> str:
        return base64.b64encode(self.shown.certificate.fingerprint(hashes.SHA256())).decode("ascii")


class RotatingCertificate:
    """Certificates that follow each other; looks at the clock whenever it is asked, so that a sleep does no harm.

    Args:
        clock: the time of day, in UTC.
    """

    def __init__(self, clock: Callable[[], datetime] = machine_clock) -> None:
        self._clock = clock
        self._made: list[_Made] = []

    def current(self) -> ShownCertificate:
        """What the next newcomer is shown."""
        now = self._renew()
        told = [each for each in self._made if now - each.at >= TOLD_BEFORE_SHOWN]
        return (told[-1] if told else self._made[0]).shown

    def hashes(self) -> list[str]:
        """SHA-256 of each certificate that somebody is shown now or soon, in base64, the newest first."""
        self._renew()
        return [each.hash for each in reversed(self._made)]

    def _renew(self) -> datetime:
        now = self._clock()
        self._made = [each for each in self._made if each.is_valid(now)]
        if not self._made or now - self._made[-1].at >= RENEWED_AFTER:
            private = ec.generate_private_key(ec.SECP256R1())
            names = [x509.DNSName("localhost")]
            certificate = self_signed(private, "Theta over WebTransport", names, now, VALID_DAYS)
            self._made.append(_Made(ShownCertificate(certificate, private), now))
        return now
