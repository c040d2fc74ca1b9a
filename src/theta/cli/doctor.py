"""`theta doctor`: what is wrong with the network, on this machine and on the way to a room."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, TCPConnector
from rich.markup import escape

from theta.adapters.client.address import LOCAL_NAMES, RoomAddress, load_identity, room_address
from theta.adapters.doctor.findings import Check, Finding, Verdict, examine
from theta.adapters.doctor.machine import machine_checks
from theta.adapters.host import machine_clock
from theta.adapters.ice_file import read_ice_file
from theta.adapters.signal_client import signal_url
from theta.adapters.webrtc_settings import IceServerAddress, WebRtcSettings, ice_addresses
from theta.cli.console import EXIT_FAILURE, err, out
from theta.cli.serve import EXIT_INTERRUPTED, run_on_best_loop

_NAME_COLUMNS = 14
_SIGNS = {
    Verdict.GOOD: "[green]✓[/green]",
    Verdict.WARNING: "[yellow]![/yellow]",
    Verdict.PROBLEM: "[bold red]✗[/bold red]",
    Verdict.SKIPPED: "[dim]–[/dim]",
}
_GUEST_OF_NOBODY = 0
"""The number that credentials for TURN are made for: no signalling server gives it to a peer."""


@dataclass(frozen=True)
class DoctorOptions:
    """The command line of `theta doctor`; `link` "" means this machine alone."""

    link: str = ""
    port: int = 8080
    ice: Path | None = None
    signal: str | None = None
    relay_only: bool = False
    as_json: bool = False


def examine_network(options: DoctorOptions) -> int:
    """Run the checks, print what they find, and return the exit code: 1 when there is a problem.

    Raises:
        InvalidValue: a link, or a file of servers, that is none.
    """
    address = room_address(options.link) if options.link else None
    if options.signal is not None:
        signal_url(options.signal)
    servers = _servers_in(options.ice) if options.ice is not None else ()
    findings: list[Finding] = []
    try:
        run_on_best_loop(_examine(options, address, servers, findings))
    except KeyboardInterrupt:
        err.print("stopped; what was found so far is above" if findings and not options.as_json else "stopped")
        return EXIT_INTERRUPTED
    problems = sum(finding.verdict is Verdict.PROBLEM for finding in findings)
    if options.as_json:
        told = [{**finding._asdict(), "seconds": round(finding.seconds, 4)} for finding in findings]
        out.print_json(json.dumps({"problems": problems, "checks": told}, ensure_ascii=False))
    else:
        out.print(_summary(findings, problems))
    return EXIT_FAILURE if problems else 0


async def _examine(
    options: DoctorOptions,
    address: RoomAddress | None,
    servers: tuple[IceServerAddress, ...],
    findings: list[Finding],
) -> None:
    async with AsyncExitStack() as until_done:
        shown = until_done.enter_context(_progress())
        async for checks in _rounds(until_done, options, address, servers):
            async for finding in examine(checks, shown):
                findings.append(finding)
                if not options.as_json:
                    _print(finding)


async def _rounds(
    until_done: AsyncExitStack,
    options: DoctorOptions,
    address: RoomAddress | None,
    servers: tuple[IceServerAddress, ...],
) -> AsyncIterator[Iterable[Check]]:
    """The checks, group by group: which ones there are in the next may depend on what the ones before found."""
    yield machine_checks(options.port)
    if servers:
        from theta.adapters.doctor.ice import ice_checks

        yield ice_checks(servers)
    if address is None and options.signal is None:
        return
    # Loaded only now, as everything is that brings aiortc along.
    from theta.adapters.doctor.place import RoomPlace
    from theta.adapters.doctor.signalling import Signalling
    from theta.adapters.doctor.ways import RoomWays

    # Trusts any certificate: what it is worth is a check of its own, and a room is known by its key.
    http = await until_done.enter_async_context(ClientSession(connector=TCPConnector(ssl=False)))
    place = RoomPlace(http, address) if address is not None else None
    if place is not None:
        yield place.checks()
    link = options.signal or _own_signalling(place.address if place is not None else None)
    room = place.address.room if place is not None else None
    told: tuple[IceServerAddress, ...] = ()
    if link is not None and (room is not None or options.signal is not None):
        signalling = Signalling(http, link, room)
        yield [signalling.check()]
        told = signalling.servers
        yield signalling.server_checks()
    if place is not None:
        is_here = options.signal is None and place.address.host in LOCAL_NAMES
        settings = WebRtcSettings(ice_servers=told, relay_only=options.relay_only, with_loopback=is_here)
        identity = None if place.address.invite else load_identity(None)
        yield RoomWays(http, place, identity, options.signal, settings).checks()


def _own_signalling(address: RoomAddress | None) -> str | None:
    return None if address is None else address.websocket_url.removesuffix("/ws")


def _servers_in(file: Path) -> tuple[IceServerAddress, ...]:
    return ice_addresses(read_ice_file(file).servers_for(_GUEST_OF_NOBODY, machine_clock()))


@contextmanager
def _progress() -> Iterator[Callable[[Check], None]]:
    """Says on a terminal which check is under way."""
    if not sys.stderr.isatty():
        yield lambda check: None
        return
    with err.status("") as status:
        yield lambda check: status.update(f"{escape(check.name)}: {escape(check.tried)} …")


def _print(finding: Finding) -> None:
    out.print(f"{_SIGNS[finding.verdict]} {escape(finding.name):<{_NAME_COLUMNS}}{escape(finding.result)}")
    if finding.way_out:
        out.print(f"  {'':<{_NAME_COLUMNS}}→ {escape(finding.way_out)}")


def _summary(findings: list[Finding], problems: int) -> str:
    warnings = sum(finding.verdict is Verdict.WARNING for finding in findings)
    counts = [f"{len(findings)} checks"]
    counts.append("no problem" if not problems else "1 problem" if problems == 1 else f"{problems} problems")
    if warnings:
        counts.append("1 warning" if warnings == 1 else f"{warnings} warnings")
    return ", ".join(counts)
