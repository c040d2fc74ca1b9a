"""The room's certificate: made once, private, renewed when it no longer serves, or one's own."""

import asyncio
import ipaddress
import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from theta.adapters import tls_certificate
from theta.adapters.file_lock import FileLock
from theta.adapters.lan_addresses import MachineNames, https_links, is_loopback, machine_names
from theta.adapters.tls_certificate import (
    CertificateUnusable,
    read_or_make_certificate,
    read_own_certificate,
    tls_folder,
)
from theta.adapters.tls_watch import CertificateWatch, Sighting, certificate_source
from theta.base.errors import InvalidValue

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOME = MachineNames(("studio", "studio.local"), ("192.168.1.5", "fd00::5"))
CAFE = MachineNames(("studio", "studio.local"), ("10.0.0.9",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "tls"


def parsed(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())


class TestTheMachines:
    def test_is_for_every_name_and_address(self, folder: Path) -> None:
        made = read_or_make_certificate(folder, HOME, NOW)
        certificate = parsed(folder)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "studio", "studio.local"}
        addresses = {"127.0.0.1", "::1", "192.168.1.5", "fd00::5"}
        assert {str(each) for each in names.get_values_for_type(x509.IPAddress)} == addresses
        assert made.names == {"localhost", "studio", "studio.local", *addresses}
        assert made.host_names == {"localhost", "studio", "studio.local"}
        public = certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert isinstance(public.curve, ec.SECP256R1)
        assert certificate.issuer == certificate.subject
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=365)

    def test_the_fingerprint_is_sha_256_in_pairs(self, folder: Path) -> None:
        made = read_or_make_certificate(folder, HOME, NOW)
        digest = parsed(folder).fingerprint(hashes.SHA256())
        assert made.fingerprint == ":".join(f"{byte:02X}" for byte in digest)

    def test_stays_as_long_as_it_serves(self, folder: Path) -> None:
        first = read_or_make_certificate(folder, HOME, NOW)
        for machine, days in ((HOME, 0), (HOME, 333), (MachineNames(("studio",), ("192.168.1.5",)), 1)):
            again = read_or_make_certificate(folder, machine, NOW + timedelta(days=days))
            assert again.fingerprint == first.fingerprint

    @pytest.mark.parametrize(
        ("machine", "after"),
        [
            (CAFE, timedelta(0)),
            (MachineNames((*HOME.hosts, "castle"), HOME.addresses), timedelta(0)),
            (HOME, timedelta(days=334)),
            (HOME, timedelta(days=1000)),
            (HOME, timedelta(days=-2)),
        ],
    )
    def test_is_made_anew_with_a_new_key_when_names_or_dates_no_longer_fit(
        self, folder: Path, machine: MachineNames, after: timedelta
    ) -> None:
        first = read_or_make_certificate(folder, HOME, NOW)
        key = (folder / "key.pem").read_bytes()
        second = read_or_make_certificate(folder, machine, NOW + after)
        assert second.fingerprint != first.fingerprint
        assert (folder / "key.pem").read_bytes() != key
        assert set(machine.addresses) <= second.names
        assert second.expires > NOW + after + timedelta(days=300)

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
    def test_the_key_is_private_whatever_the_umask(self, folder: Path, umask: int) -> None:
        folder.parent.mkdir()
        folder.mkdir(0o700)
        before = os.umask(umask)
        try:
            read_or_make_certificate(folder, HOME, NOW)
        finally:
            os.umask(before)
        assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
        assert sorted(each.name for each in folder.iterdir()) == ["certificate.pem", "key.pem"]

    def test_the_key_is_never_in_a_file_that_others_can_read(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """From its first byte: whatever is opened for writing is private before anything is in it."""
        modes: list[int] = []
        plain_open = os.open

        def watched(path: Path, flags: int, mode: int = 0o777, **rest: int) -> int:
            descriptor = plain_open(path, flags, mode, **rest)
            if flags & os.O_EXCL:
                status = os.fstat(descriptor)
                modes.append(stat.S_IMODE(status.st_mode))
                assert status.st_size == 0
            return descriptor

        monkeypatch.setattr(os, "open", watched)
        before = os.umask(0)
        try:
            read_or_make_certificate(folder, HOME, NOW)
        finally:
            os.umask(before)
        assert modes == [0o600, 0o600]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_an_exposed_key_is_given_up(self, folder: Path) -> None:
        first = read_or_make_certificate(folder, HOME, NOW)
        (folder / "key.pem").chmod(0o644)
        second = read_or_make_certificate(folder, HOME, NOW)
        assert second.fingerprint != first.fingerprint
        assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600

    @pytest.mark.parametrize("damaged", ["key.pem", "certificate.pem"])
    @pytest.mark.parametrize("content", [b"", b"garbage", None])
    def test_a_damaged_or_missing_file_is_made_anew(self, folder: Path, damaged: str, content: bytes | None) -> None:
        first = read_or_make_certificate(folder, HOME, NOW)
        if content is None:
            (folder / damaged).unlink()
        else:
            (folder / damaged).write_bytes(content)
        assert read_or_make_certificate(folder, HOME, NOW).fingerprint != first.fingerprint

    def test_halves_of_two_pairs_are_made_anew(self, folder: Path, tmp_path: Path) -> None:
        """As when the power fails between the writing of the key and of the certificate."""
        read_or_make_certificate(folder, HOME, NOW)
        read_or_make_certificate(tmp_path / "other", HOME, NOW)
        (tmp_path / "other" / "key.pem").replace(folder / "key.pem")
        made = read_or_make_certificate(folder, HOME, NOW)
        assert read_or_make_certificate(folder, HOME, NOW).fingerprint == made.fingerprint

    def test_an_unwritable_folder_says_the_way_out(self, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("a file where a folder should be")
        with pytest.raises(CertificateUnusable, match="--cert and --key"):
            read_or_make_certificate(tmp_path / "config" / "tls", HOME, NOW)

    def test_a_lock_that_cannot_be_made_says_the_way_out(self, folder: Path) -> None:
        (folder / "tls.lock").mkdir(parents=True)
        with pytest.raises(CertificateUnusable, match="--cert and --key"):
            read_or_make_certificate(folder, HOME, NOW)

    def test_two_at_once_wait_for_each_other(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir(parents=True)
        monkeypatch.setattr(tls_certificate, "_LOCK_SECONDS_MAX", 0.0)
        held = FileLock(folder / "tls.lock", "test")
        with pytest.raises(CertificateUnusable, match="another process"):
            read_or_make_certificate(folder, HOME, NOW)
        held.release()
        read_or_make_certificate(folder, HOME, NOW)


# -- one's own ---------------------------------------------------------------------------------------------------------


def write_pair(
    folder: Path,
    name: str = "own",
    *,
    begins: datetime = NOW - timedelta(days=1),
    ends: datetime = NOW + timedelta(days=1),
    password: bytes | None = None,
) -> tuple[Path, Path]:
    """A certificate for studio.example.org and its key, as PEM files."""
    private = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    certificate = (
        x509.CertificateBuilder(title, title, private.public_key(), x509.random_serial_number(), begins, ends)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("Studio.example.org"), x509.IPAddress(ipaddress.ip_address("192.168.1.5"))]
            ),
            critical=False,
        )
        .sign(private, hashes.SHA256())
    )
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return paths


class TestOnesOwn:
    def test_is_taken_as_it_is(self, tmp_path: Path) -> None:
        certificate, key = write_pair(tmp_path)
        read = read_own_certificate(certificate, key, NOW)
        assert read.names == {"studio.example.org", "192.168.1.5"}
        assert read.context.minimum_version is ssl.TLSVersion.TLSv1_2

    def test_what_is_wrong_is_said(self, tmp_path: Path) -> None:
        certificate, key = write_pair(tmp_path)
        _, other_key = write_pair(tmp_path, "other")
        expired = write_pair(tmp_path, "expired", ends=NOW)
        early = write_pair(tmp_path, "early", begins=NOW + timedelta(hours=1))
        encrypted = write_pair(tmp_path, "encrypted", password=b"secret")
        garbage = tmp_path / "garbage"
        garbage.write_bytes(b"\x00\xff")
        for pair, says in (
            ((certificate, other_key), "is not the key of"),
            ((tmp_path / "none.pem", key), r"cannot read .*none.pem.*--cert"),
            ((certificate, tmp_path / "none.key"), r"cannot read .*none.key.*--key"),
            ((certificate, tmp_path), "cannot read"),
            ((garbage, key), "holds no certificate"),
            ((certificate, garbage), "holds no private key"),
            ((key, certificate), "holds no certificate"),
            (expired, "expired on 2026-11-23: renew it"),
            (early, "is not valid before 2026-11-23 13:00"),
            (encrypted, "is encrypted: `openssl pkey"),
        ):
            with pytest.raises(CertificateUnusable, match=says):
                read_own_certificate(*pair, NOW)

    def test_both_or_neither(self, tmp_path: Path) -> None:
        certificate, key = write_pair(tmp_path)
        with pytest.raises(InvalidValue, match="--key"):
            certificate_source(certificate, None)
        with pytest.raises(InvalidValue, match="--cert"):
            certificate_source(None, key)


# -- while the room runs -----------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "theta" / "tls"


class Machine:
    """What a watch sees, to be changed by a test."""

    def __init__(self) -> None:
        self.names, self.now = HOME, NOW

    def watch(self) -> CertificateWatch:
        return CertificateWatch(certificate_source(names=lambda: self.names, clock=lambda: self.now))


class TestWhileItRuns:
    async def test_a_new_address_brings_a_new_certificate(self, config: Path) -> None:
        machine = Machine()
        watch = machine.watch()
        assert tls_folder() == config
        first, context = watch.sighting, watch.context
        assert not await watch.look_again()
        assert watch.context is context
        machine.names = CAFE
        assert await watch.look_again()
        assert watch.sighting.certificate.fingerprint != first.certificate.fingerprint
        assert watch.sighting.certificate.names >= set(CAFE.addresses)
        assert watch.context is not context

    async def test_a_lost_address_is_noticed_and_keeps_the_certificate(self, config: Path) -> None:
        machine = Machine()
        watch = machine.watch()
        context = watch.context
        machine.names = HOME._replace(addresses=())
        assert await watch.look_again()
        assert watch.sighting.machine.addresses == ()
        assert watch.context is context

    async def test_it_is_renewed_before_it_expires(self, config: Path) -> None:
        machine = Machine()
        watch = machine.watch()
        machine.now = NOW + timedelta(days=335)
        assert await watch.look_again()
        assert watch.sighting.certificate.expires > machine.now + timedelta(days=300)

    async def test_ones_own_is_taken_up_anew_and_a_broken_one_is_not(self, tmp_path: Path) -> None:
        certificate, key = write_pair(tmp_path)
        watch = CertificateWatch(certificate_source(certificate, key, lambda: HOME, lambda: NOW))
        assert watch.sighting.is_own
        first = watch.sighting.certificate.fingerprint
        key.write_text("being written")
        assert not await watch.look_again()
        write_pair(tmp_path)
        assert await watch.look_again()
        assert watch.sighting.certificate.fingerprint != first

    async def test_a_system_that_does_not_say_its_addresses_changes_nothing(self, config: Path) -> None:
        source = certificate_source(names=lambda: HOME, clock=lambda: NOW)
        answers = iter([source, None, source])

        def look() -> Sighting:
            answer = next(answers)
            if answer is None:
                raise PermissionError("getifaddrs")
            return answer()

        watch = CertificateWatch(look)
        assert not await watch.look_again()
        assert not await watch.look_again()

    async def test_the_timer_looks_until_it_is_cancelled(self, config: Path) -> None:
        machine, seen = Machine(), asyncio.Event()
        looks: list[Sighting] = []
        source = certificate_source(names=lambda: machine.names, clock=lambda: NOW)

        def look() -> Sighting:
            looks.append(source())
            return looks[-1]

        running = asyncio.create_task(CertificateWatch(look).run(seen.set, seconds=0.001))
        machine.names = CAFE
        async with asyncio.timeout(10):
            await seen.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert looks[-1].machine == CAFE


class TestAddresses:
    def test_this_machines(self) -> None:
        names = machine_names()
        assert not any(is_loopback(address) for address in names.addresses)
        assert len(set(names.addresses)) == len(names.addresses)
        for address in names.addresses:
            parsed_address = ipaddress.ip_address(address)
            assert parsed_address.version == 4 or not parsed_address.is_link_local

    @pytest.mark.parametrize(
        ("address", "local"),
        [
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("::ffff:192.168.1.5", False),
            ("192.168.1.5", False),
            ("fe80::1%eth0", False),
            ("localhost", False),
            ("", False),
        ],
    )
    def test_loopback(self, address: str, local: bool) -> None:
        assert is_loopback(address) is local

    def test_links(self) -> None:
        assert https_links(("192.168.1.5", "fd00::5", "studio.local"), 80) == (
            "https://192.168.1.5:80",
            "https://[fd00::5]:80",
            "https://studio.local:80",
        )
