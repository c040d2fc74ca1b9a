"""What `theta serve` says once a room is open: the links, the code, and the way past the browser's warning."""

import io
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import segno
from rich.markup import escape

from theta.cli.console import out
from theta.node.room import Room
from theta.wire.types import RoleName

LINKS_SHOWN_MAX = 4
PORT_DEFAULT = 8080

_WHITE_ON_BLACK, _PLAIN = "\x1b[97;40m", "\x1b[0m"


class Place(NamedTuple):
    """Where a room is open. `url` is for this machine, `links` for others; `fingerprint` is the certificate's.

    `is_trusted` says that the certificate is one's own, so that browsers may know it; `qr` that a QR code is wanted;
    `world` is the file that the room's world was made by, if any, and `signaling` the link of another signalling
    server where the room is met, for pages that were opened while the room itself could be reached.
    """

    file: Path
    url: str
    links: tuple[str, ...]
    fingerprint: str
    is_trusted: bool
    qr: bool
    world: Path | None = None
    signaling: str | None = None


def print_welcome(room: Room, place: Place) -> None:
    """Print how to come in. The first line is the editors' link on this machine and nothing else."""
    # An IPv6 address in brackets looks like markup.
    out.print(f"{place.url}/{_fragment(room, place, 'editor')}", markup=False, style="bold")
    out.print(f"  Open this link to build in [bold]{escape(room.name)}[/bold]; whoever has it may edit.")
    out.print(f"  To let somebody only watch: {place.url}/{_fragment(room, place, 'viewer')}", markup=False)
    if place.links:
        _print_network(room, place)
    records = f"{room.head_seq} record{'s' if room.head_seq != 1 else ''}" if room.head_seq else "a new room"
    if place.world is not None:
        world = room.state.plane.world
        entities, systems = world.entity_count, len(world.schedule)
        things = f"{entities:,} {'entity' if entities == 1 else 'entities'}"
        things += f", {systems} system{'' if systems == 1 else 's'}"
        out.print(f"\n  The world of {escape(str(place.world))}: {things}. It begins anew with each start.")
    out.print(f"\n  {escape(str(place.file))} · {records} · Ctrl-C closes it")
    sys.stdout.flush()


def qr_code(text: str) -> str:
    """A QR code of half-height blocks, light on dark whatever the terminal's colours, so that any camera reads it."""
    drawn = io.StringIO()
    segno.make(text, error="l", boost_error=False, micro=False).terminal(drawn, border=2, compact=True)
    return "".join(f"  {_WHITE_ON_BLACK}{line}{_PLAIN}\n" for line in drawn.getvalue().splitlines())


def _fragment(room: Room, place: Place, role: RoleName) -> str:
    """What a link ends with: the invite, and where the room is met elsewhere."""
    meeting = f"&signal={quote(place.signaling, safe='')}" if place.signaling else ""
    return f"#invite={room.invite(role)}{meeting}"


def _print_network(room: Room, place: Place) -> None:
    best, *others = place.links
    fragment = _fragment(room, place, "editor")
    host = urlsplit(best).hostname
    out.print("\n  From a headset, or any other device on this network:")
    for link in (best, *others[: LINKS_SHOWN_MAX - 1]):
        out.print(f"    {link}/{fragment}", markup=False, style="bold" if link == best else None)
    if place.qr and out.is_terminal:
        out.file.write(f"\n{qr_code(f'{best}/{fragment}')}\n")
    out.print(f"  or type  {best}/#{room.code}  there, in capitals or not.", markup=False)
    if not place.is_trusted:
        out.print("  The certificate is this machine's own, so the browser warns once. In Chromium's words:")
        out.print(f"    “Your connection is not private” → Advanced → “Proceed to {host} (unsafe)”", markup=False)
        out.print(
            "  Other browsers word it otherwise. The link and the QR code name this room, and the page checks that;"
        )
        out.print("  the fingerprint in the certificate's details shows that nobody sits in between:")
    out.print(f"  SHA-256  {place.fingerprint}")
    port = urlsplit(place.url).port
    cable = "theta headset" if port == PORT_DEFAULT else f"theta headset --port {port}"
    out.print(f"  Over a USB cable there is no warning: [bold]{cable}[/bold]. --no-lan keeps others out.")
