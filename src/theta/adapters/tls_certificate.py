"""The room's certificate: a self-signed one for this machine, made and renewed here, or one's own by --cert and --key.

What vouches for a room is the room's key, which invites name (SES-7). A headset needs a certificate all the same:
browsers let a page keep keys and enter VR over HTTPS only.
"""

import ipaddress
import ssl
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from theta.adapters.file_lock import FileLock
from theta.adapters.files import identity_path, write_private
from theta.adapters.lan_addresses import LOOPBACK_ADDRESSES, MachineNames
from theta.base.errors import StoreLocked, StoreUnavailable, UsageError

VALID_DAYS = 365
REMAKE_DAYS_LEFT_MIN = 30
CLOCK_DAYS_BEHIND_MAX = 1
"""A headset's clock may be so far behind, and yet finds a new certificate valid."""
_LOCK_SECONDS_MAX = 5.0
_LOCK_PAUSE_SECONDS = 0.02
_PEM = serialization.Encoding.PEM
_DER_KEY = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class CertificateUnusable(UsageError):
    """A certificate or its key cannot be read, made or used; says what to do."""


class Certificate(NamedTuple):
    """A certificate that fits its key, and what answers TLS with it.

    `names` are the host names and literal addresses it is for, lower case; `fingerprint` is SHA-256, as
    `AB:CD:…`; `expires` is in UTC.
    """

    certificate: Path
    key: Path
    names: frozenset[str]
    fingerprint: str
    expires: datetime
    context: ssl.SSLContext

    @property
    def host_names(self) -> frozenset[str]:
        """The names among them, without the addresses."""
        return frozenset(name for name in self.names if not _is_address(name))


def machine_clock() -> datetime:
    """This machine's time of day, in UTC."""
    return datetime.now(UTC)


def tls_folder() -> Path:
    """Where the machine's certificate is: $XDG_CONFIG_HOME/theta/tls, by default in ~/.config."""
    return identity_path().with_name("tls")


# -- one's own ---------------------------------------------------------------------------------------------------------


def read_own_certificate(certificate: Path, key: Path, now: datetime) -> Certificate:
    """The certificate (with its chain, if it has one) and key of --cert and --key.

    Raises:
        CertificateUnusable: unreadable, no PEM, encrypted, not a pair, or not valid now.
    """
    parsed = _parse_certificate(_read(certificate, "--cert"), certificate)
    if _public_half(_read(key, "--key"), key) != _public_key(parsed, certificate):
        raise CertificateUnusable(f"{key} is not the key of {certificate}: name the two that were made together")
    if now >= parsed.not_valid_after_utc:
        raise CertificateUnusable(
            f"{certificate} expired on {parsed.not_valid_after_utc:%Y-%m-%d}: renew it, "
            "or leave --cert and --key out and have Theta make one"
        )
    if now < parsed.not_valid_before_utc:
        raise CertificateUnusable(
            f"{certificate} is not valid before {parsed.not_valid_before_utc:%Y-%m-%d %H:%M} UTC: check the clock"
        )
    try:
        return _loaded(certificate, key, parsed)
    except (OSError, ValueError) as error:  # ssl.SSLError among them
        raise CertificateUnusable(f"{certificate} cannot be used: {error}") from error


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateUnusable(f"cannot read {path}: {error.strerror}; {option} names a PEM file") from error


def _parse_certificate(content: bytes, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except ValueError as error:
        raise CertificateUnusable(f"{path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from error


def _public_key(certificate: x509.Certificate, path: Path) -> bytes:
    try:
        return certificate.public_key().public_bytes(*_DER_KEY)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(f"{path} is for a kind of key that cannot be used: take ECDSA P-256") from error


def _public_half(content: bytes, path: Path) -> bytes:
    try:
        private = serialization.load_pem_private_key(content, password=None)
    except TypeError as error:
        raise CertificateUnusable(
            f"{path} is encrypted: `openssl pkey -in {path} -out plain.pem` makes one that can be used"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(f"{path} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)") from error
    return private.public_key().public_bytes(*_DER_KEY)


def _loaded(certificate: Path, key: Path, parsed: x509.Certificate) -> Certificate:
    """Raises OSError when the files are no pair (any more), ValueError for names that cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    names: set[str] = set()
    with suppress(x509.ExtensionNotFound):
        alternatives = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names.update(name.lower() for name in alternatives.get_values_for_type(x509.DNSName))
        names.update(str(address) for address in alternatives.get_values_for_type(x509.IPAddress))
    digest = parsed.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(certificate, key, frozenset(names), digest, parsed.not_valid_after_utc, context)


# -- the machine's -----------------------------------------------------------------------------------------------------


def read_or_make_certificate(folder: Path, machine: MachineNames, now: datetime) -> Certificate:
    """The machine's certificate in `folder`, made anew, with a new key, when it no longer serves.

    That is when it lacks a name or an address of the machine, when REMAKE_DAYS_LEFT_MIN days or less are left, when
    others can read the key, or when the files are missing or damaged. An address that the machine lost is no reason:
    each new certificate is one more warning to tap through.

    Raises:
        CertificateUnusable: the folder cannot be written.
    """
    wanted = frozenset(("localhost", *LOOPBACK_ADDRESSES, *machine.hosts, *machine.addresses))
    if (present := _read_machine_certificate(folder, wanted, now)) is not None:
        return present
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(folder)
    except (OSError, StoreUnavailable) as error:
        raise _unwritable(folder, error) from error
    try:
        # Another room may have made it just now.
        if (present := _read_machine_certificate(folder, wanted, now)) is not None:
            return present
        _make(folder, wanted, machine, now)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        lock.release()
    made = _read_machine_certificate(folder, wanted, now)
    assert made is not None, "a certificate just made must serve"
    return made


def _unwritable(folder: Path, error: OSError | StoreUnavailable) -> CertificateUnusable:
    why = error.strerror if isinstance(error, OSError) else error
    return CertificateUnusable(
        f"cannot write a certificate in {folder}: {why}; mend that, or use one of yours by --cert and --key"
    )


def _lock(folder: Path) -> FileLock:
    """Rooms that start at once make one certificate, not one each over the other's."""
    deadline = time.monotonic() + _LOCK_SECONDS_MAX
    while True:
        try:
            return FileLock(folder / "tls.lock", str(folder))
        except StoreLocked as error:
            if time.monotonic() >= deadline:
                raise CertificateUnusable(f"another process keeps {folder}/tls.lock: stop it") from error
        time.sleep(_LOCK_PAUSE_SECONDS)


def _read_machine_certificate(folder: Path, wanted: frozenset[str], now: datetime) -> Certificate | None:
    """What is there and serves, or None."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    try:
        if sys.platform != "win32" and stat.S_IMODE(key.stat().st_mode) & 0o077:
            return None
        read = read_own_certificate(certificate, key, now)
    except (OSError, CertificateUnusable):
        return None
    serves = wanted <= read.names and read.expires - now > timedelta(days=REMAKE_DAYS_LEFT_MIN)
    return read if serves else None


def _make(folder: Path, wanted: frozenset[str], machine: MachineNames, now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    addresses = sorted(name for name in wanted if _is_address(name))
    names: list[x509.GeneralName] = [
        *(x509.DNSName(name) for name in sorted(wanted - set(addresses))),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]
    certificate = self_signed(private, _common_name(machine), names, now, VALID_DAYS)
    form = serialization.PrivateFormat.PKCS8
    key_pem = private.private_bytes(_PEM, form, serialization.NoEncryption())
    write_private(folder / "key.pem", key_pem).replace(folder / "key.pem")
    write_private(folder / "certificate.pem", certificate.public_bytes(_PEM)).replace(folder / "certificate.pem")


def self_signed(
    private: ec.EllipticCurvePrivateKey,
    common_name: str,
    names: Sequence[x509.GeneralName],
    now: datetime,
    valid_days: int,
) -> x509.Certificate:
    """A server's certificate that vouches for itself, `valid_days` long; a day of them is over already.

    Args:
        private: its key.
        common_name: at most 64 characters.
        names: what it is for, names and addresses.
        now: in UTC.
        valid_days: whole days from CLOCK_DAYS_BEHIND_MAX days ago.
    """
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    begins = now - timedelta(days=CLOCK_DAYS_BEHIND_MAX)
    return (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=valid_days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )


def _common_name(machine: MachineNames) -> str:
    """At most 64 characters, as X.509 has it."""
    return f"Theta on {machine.hosts[0] if machine.hosts else 'this machine'}"[:64]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
