"""The certificate in use: looked at again while the room runs, so that a new address or a renewal needs no restart."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from theta.adapters.lan_addresses import MachineNames, machine_names
from theta.adapters.tls_certificate import (
    Certificate,
    machine_clock,
    read_or_make_certificate,
    read_own_certificate,
    tls_folder,
)
from theta.base.errors import InvalidValue, ThetaError

LOOK_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Sighting(NamedTuple):
    """What the machine goes by now, and a certificate that serves; `is_own` when it was given by --cert and --key."""

    machine: MachineNames
    certificate: Certificate
    is_own: bool


def certificate_source(
    certificate: Path | None = None,
    key: Path | None = None,
    names: Callable[[], MachineNames] = machine_names,
    clock: Callable[[], datetime] = machine_clock,
) -> Callable[[], Sighting]:
    """What a `CertificateWatch` looks with: one's own certificate and key when they are given, else the machine's.

    Raises:
        InvalidValue: one of the two without the other.
    """
    if certificate is not None and key is not None:
        own = (certificate, key)
        return lambda: Sighting(names(), read_own_certificate(*own, clock()), is_own=True)
    for option, given, other in (("--key", key, "--cert"), ("--cert", certificate, "--key")):
        if given is not None:
            raise InvalidValue(option, str(given), f"given together with {other}, or not at all")

    def look() -> Sighting:
        machine = names()
        return Sighting(machine, read_or_make_certificate(tls_folder(), machine, clock()), is_own=False)

    return look


class CertificateWatch:
    """Holds the certificate for new connections; those that stand keep the one that they began with.

    Args:
        look: as `certificate_source` makes it; called in a thread later on.

    Raises:
        CertificateUnusable: as `look` does, the first time only.
    """

    def __init__(self, look: Callable[[], Sighting]) -> None:
        self._look = look
        self.sighting = look()

    @property
    def context(self) -> ssl.SSLContext:
        """What answers the next connection's TLS."""
        return self.sighting.certificate.context

    async def look_again(self) -> bool:
        """Take up what is there now, and say whether anything changed; with no good certificate, keep what is here."""
        try:
            found = await asyncio.to_thread(self._look)
        except (ThetaError, OSError) as error:  # the system may not say its addresses just now
            _log.warning("the certificate cannot be renewed", extra={"reason": str(error)})
            return False
        before, self.sighting = self.sighting, found
        if found.certificate.fingerprint == before.certificate.fingerprint:
            self.sighting = found._replace(certificate=before.certificate)
        return self.sighting != before

    async def run(self, changed: Callable[[], None], seconds: float = LOOK_SECONDS) -> None:
        """Look again every so many seconds, and call `changed` when something did, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            if await self.look_again():
                changed()
