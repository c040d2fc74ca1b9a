"""What `theta serve` prints: the first line is the plain link, and the QR code is the network's link."""

import io
import re
from pathlib import Path

import pytest
import segno
from rich.console import Console

from tests.integration.test_host import make_room
from theta.adapters.memory_store import MemoryLogStore
from theta.cli import welcome
from theta.cli.console import out
from theta.cli.welcome import Place, print_welcome, qr_code

pytestmark = pytest.mark.integration

PLACE = Place(
    file=Path("studio [x].theta"),
    url="http://localhost:8080",
    links=("https://192.168.1.5:8080", "https://[fd00::5]:8080"),
    fingerprint="AB:CD",
    is_trusted=False,
    qr=True,
)
INVITE = r"#invite=[\w-]{46}"


def printed(monkeypatch: pytest.MonkeyPatch, place: Place, *, terminal: bool) -> str:
    heard = io.StringIO()
    console = Console(file=heard, force_terminal=terminal, color_system=None, highlight=False, soft_wrap=True)
    monkeypatch.setattr(welcome, "out", console)
    print_welcome(make_room(MemoryLogStore()), place)
    return heard.getvalue()


def modules(drawn: str) -> list[list[bool]]:
    """Half-height blocks, light where they are drawn, as rows of dark modules."""
    rows: list[list[bool]] = []
    for line in drawn.splitlines():
        blocks = line.removeprefix("  \x1b[97;40m").removesuffix("\x1b[0m")
        rows += [[block not in halves for block in blocks] for halves in ("█▀", "█▄")]
    return rows


def test_the_qr_code_is_the_links() -> None:
    link = f"https://192.168.1.5:8080/#invite={'A' * 46}"
    wanted = [
        [bool(dark) for dark in row] for row in segno.make(link, error="l", boost_error=False).matrix_iter(border=2)
    ]
    rows = modules(qr_code(link))
    assert rows[: len(wanted)] == wanted
    assert len(rows) - len(wanted) <= 1
    assert max(len(line) for line in qr_code(link).splitlines()) < 60


def test_everything_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    said = printed(monkeypatch, PLACE, terminal=True)
    room = make_room(MemoryLogStore())
    first, *lines = said.splitlines()
    assert first == f"http://localhost:8080/#invite={room.invite('editor')}"
    links = [line.strip() for line in lines if re.fullmatch(rf"    https://\S+/{INVITE}", line)]
    assert links == [f"{link}/#invite={room.invite('editor')}" for link in PLACE.links]
    assert qr_code(links[0]) in said
    assert f"type  https://192.168.1.5:8080/#{room.code}  there" in said
    assert "→ Advanced → “Proceed to 192.168.1.5 (unsafe)”" in said
    assert "SHA-256  AB:CD\n" in said
    assert "no warning: theta headset. --no-lan" in said
    assert lines[-1] == "  studio [x].theta · a new room · Ctrl-C closes it"


@pytest.mark.parametrize(
    ("changes", "terminal", "absent"),
    [
        ({}, False, "█"),
        ({"qr": False}, True, "█"),
        ({"is_trusted": True}, True, "not private"),
        ({"links": ()}, True, "https://"),
    ],
)
def test_what_is_of_no_use_is_left_out(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], terminal: bool, absent: str
) -> None:
    assert absent in printed(monkeypatch, PLACE, terminal=True)
    assert absent not in printed(monkeypatch, PLACE._replace(**changes), terminal=terminal)  # type: ignore[arg-type]


def test_the_command_for_a_cable_names_a_port_that_is_not_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said = printed(monkeypatch, PLACE._replace(url="http://localhost:9000"), terminal=False)
    assert "no warning: theta headset --port 9000. --no-lan" in said


def test_a_machine_with_many_addresses_does_not_list_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    links = tuple(f"https://10.0.0.{number}:8080" for number in range(1, 20))
    said = printed(monkeypatch, PLACE._replace(links=links, qr=False), terminal=False)
    assert len(re.findall(rf"https://\S+{INVITE}", said)) == welcome.LINKS_SHOWN_MAX


def test_a_fingerprint_is_no_emoji() -> None:
    place = PLACE._replace(fingerprint="26:CD:35:DVD:A0", qr=False)
    with out.capture() as captured:
        print_welcome(make_room(MemoryLogStore()), place)
    assert "SHA-256  26:CD:35:DVD:A0\n" in captured.get()


def test_an_ipv6_address_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACE._replace(url="https://[fd00::5]:8080")
    said = printed(monkeypatch, place, terminal=False)
    assert re.match(rf"https://\[fd00::5\]:8080/{INVITE}\n", said)
    assert said.count("https://[fd00::5]:8080/#invite=") == 3
