"""The doctor's checks, one by one, without a network."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.certificates import make_certificate
from theta.adapters.doctor import findings, machine
from theta.adapters.doctor.findings import Check, Finding, Outcome, Verdict, examine, good, problem
from theta.base.errors import InvalidValue


async def found_by(*checks: Check) -> list[Finding]:
    return [finding async for finding in examine(checks)]


async def outcome_of(check: Check) -> Outcome:
    (found,) = await found_by(check)
    return Outcome(found.verdict, found.result, found.way_out)


def named(name: str, port: int = 0, folder: Path | None = None) -> Check:
    return next(check for check in machine.machine_checks(port, folder) if check.name == name)


async def test_what_a_check_raises_is_a_problem_with_its_way_out() -> None:
    async def refuse() -> Outcome:
        raise InvalidValue("port", 0, "another one")

    async def break_off() -> Outcome:
        raise ConnectionRefusedError(111, "Connection refused")

    begun: list[str] = []
    checks = [Check("one", "try", refuse, "Do this."), Check("two", "try", break_off, "Do that.")]
    found = [finding async for finding in examine(checks, lambda check: begun.append(check.name))]
    assert [(each.name, each.verdict, each.way_out) for each in found] == [
        ("one", Verdict.PROBLEM, "Do this."),
        ("two", Verdict.PROBLEM, "Do that."),
    ]
    assert "port" in found[0].result
    assert found[1].result == "Connection refused"
    assert begun == ["one", "two"]


async def test_a_check_that_cannot_even_be_cancelled_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "DOCTOR_CHECK_SECONDS_MAX", 0.05)
    let_go = asyncio.Event()

    async def hang() -> Outcome:
        while True:
            try:
                await let_go.wait()
                return good("too late")
            except asyncio.CancelledError:
                continue

    async def answer() -> Outcome:
        return good("here")

    found = await found_by(Check("stuck", "wait", hang, "Go on."), Check("next", "go on", answer, ""))
    assert [each.result for each in found] == ["no answer within 0.05 s", "here"]
    assert found[0].way_out == "Go on."
    let_go.set()
    await asyncio.sleep(0)


async def test_the_clock_is_told_and_whether_the_system_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(machine, "machine_clock", lambda: now)
    for kept, verdict in ((True, Verdict.GOOD), (None, Verdict.GOOD), (False, Verdict.WARNING)):
        monkeypatch.setattr(machine, "_is_clock_kept", lambda kept=kept: kept)
        outcome = await outcome_of(named("clock"))
        assert outcome.verdict is verdict
        assert outcome.result.startswith("2026-11-26 12:00:00 UTC")
    monkeypatch.setattr(machine, "machine_clock", lambda: datetime(1970, 1, 1, tzinfo=UTC))
    assert (await outcome_of(named("clock"))).verdict is Verdict.PROBLEM


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
async def test_a_port_that_is_taken_is_a_problem(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("0.0.0.0", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        outcome = await outcome_of(named("ports", taken.getsockname()[1]))
    assert outcome.verdict is Verdict.PROBLEM
    assert ("UDP" in outcome.result) is (kind is socket.SOCK_DGRAM)
    assert outcome.way_out


async def test_free_ports_are_told_and_given_back() -> None:
    outcome = await outcome_of(named("ports", 0))
    assert outcome.verdict is Verdict.GOOD


def test_firewalls_that_are_on_are_found(tmp_path: Path) -> None:
    assert machine._linux_firewall(tmp_path) is None
    (tmp_path / "etc/ufw").mkdir(parents=True)
    configuration = tmp_path / "etc/ufw/ufw.conf"
    configuration.write_text("# a comment\nENABLED=no\n")
    assert machine._linux_firewall(tmp_path) is None
    configuration.write_text("ENABLED=yes\nLOGLEVEL=low\n")
    assert machine._linux_firewall(tmp_path) == ("ufw", "sudo ufw allow {port}")
    configuration.unlink()
    (tmp_path / "run/firewalld").mkdir(parents=True)
    found = machine._linux_firewall(tmp_path)
    assert found is not None
    assert found[0] == "firewalld"


async def test_the_way_through_a_firewall_names_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_linux_firewall", lambda: ("ufw", "sudo ufw allow {port}"))
    monkeypatch.setattr("sys.platform", "linux")
    outcome = await outcome_of(named("firewall", 9_000))
    assert outcome.verdict is Verdict.WARNING
    assert "sudo ufw allow 9000" in outcome.way_out


async def test_packets_to_oneself_arrive_and_where_they_do_not_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await outcome_of(named("UDP"))).verdict is Verdict.GOOD

    async def lost(address: str, size: int) -> bool:
        return False

    monkeypatch.setattr(machine, "_arrives", lost)
    outcome = await outcome_of(named("UDP"))
    assert (outcome.verdict, "did not arrive" in outcome.result) == (Verdict.PROBLEM, True)


async def test_small_buffers_are_a_warning_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "UDP_BUFFER_BYTES", 1 << 34)
    monkeypatch.setattr("sys.platform", "linux")
    outcome = await outcome_of(named("UDP buffers"))
    assert outcome.verdict is Verdict.WARNING
    assert f"net.core.rmem_max={1 << 34}" in outcome.way_out


async def test_this_machines_certificate_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "none yet" in (await outcome_of(named("certificate", folder=tmp_path))).result
    pair = make_certificate(tmp_path)
    pair.certificate.replace(tmp_path / "certificate.pem")
    pair.key.replace(tmp_path / "key.pem")
    assert (await outcome_of(named("certificate", folder=tmp_path))).verdict is Verdict.GOOD
    monkeypatch.setattr(machine, "machine_clock", lambda: datetime.now(UTC) + timedelta(days=36_500))
    outcome = await outcome_of(named("certificate", folder=tmp_path))
    assert outcome.verdict is Verdict.PROBLEM
    assert str(tmp_path) in outcome.way_out


def test_outcomes_of_each_kind() -> None:
    assert good("fine") == (Verdict.GOOD, "fine", "")
    assert problem("broken", "mend it") == (Verdict.PROBLEM, "broken", "mend it")
