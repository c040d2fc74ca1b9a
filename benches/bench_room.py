"""The room as people meet it: start-up, page, edit latency, presence, memory. `make bench-room`."""

import argparse
import asyncio
import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Response, sync_playwright

from benches._report import Row, report
from benches._room_load import Latency, bare_edit_latency, bare_presence_cost, edit_latency, presence_cost
from benches._room_process import ROOT, RoomProcess, bare_room, environment_in, free_port, room, serving
from theta.adapters.client.opening import TransportChoice

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
STARTS = 5
LATENCY_RUNS = 3
TRANSPORTS: tuple[TransportChoice, ...] = ("quic", "websocket")


def clean_clone_rows() -> list[Row]:
    """One command in a clean clone with an empty home directory, until the link is there; then the same again."""
    with tempfile.TemporaryDirectory() as folder:
        home, clone = Path(folder) / "home", Path(folder) / "theta"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        command = ["make", "serve", f"ARGS=--port {free_port()}"]
        with serving(command, clone, environment_in(home)) as running:
            first = running.seconds
        with serving(command, clone, environment_in(home)) as running:
            second = running.seconds
    return [
        Row("make serve in a clean clone, set-up included", first, "s", 120),
        Row("make serve there a second time, to the link", second, "s", 3),
    ]


def start_row(folder: Path) -> Row:
    """A second start, from the shell to the link, beside what Python takes to load the libraries alone."""
    times = []
    for _ in range(STARTS):
        with room(folder) as running:
            times.append(running.seconds)
    libraries = []
    for _ in range(STARTS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import aiohttp.web, numpy, msgspec, nacl, typer, rich"], check=True)
        libraries.append(time.perf_counter() - start)
    return Row(
        "theta serve on a room that is there, to the link",
        sorted(times)[STARTS // 2],
        "s",
        3,
        "importing the libraries alone",
        sorted(libraries)[STARTS // 2],
        STARTS,
    )


def page_rows(running: RoomProcess) -> list[Row]:
    """The page in Chromium: JavaScript that it loads, and the time to its first frame."""
    scripts: dict[str, int] = {}
    frames, blanks = [], []

    def take(response: Response) -> None:
        if response.url.split("?")[0].endswith(".js"):
            scripts[response.url] = len(gzip.compress(response.body(), 9))

    with sync_playwright() as playwright:
        for _ in range(STARTS):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            page = browser.new_page()
            page.on("response", take)
            page.goto(running.url)
            page.wait_for_function("document.documentElement.dataset.firstFrameMs")
            frames.append(float(page.evaluate("Number(document.documentElement.dataset.firstFrameMs)")) / 1e3)
            browser.close()
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
            blank = browser.new_page()
            blank.goto(running.url.split("#")[0] + "healthz")
            loaded = "performance.timing.loadEventEnd - performance.timing.navigationStart"
            blanks.append(float(blank.evaluate(loaded)) / 1e3)
            browser.close()
    middle = STARTS // 2
    return [
        Row("page's first route, JavaScript, gzip", sum(scripts.values()) / 1e3, "kB", 400),
        Row(
            "first frame in a freshly started Chromium (SwiftShader), from navigation",
            sorted(frames)[middle],
            "s",
            2,
            "an empty document from the same server",
            sorted(blanks)[middle],
            STARTS,
        ),
    ]


def latency_rows(folder: Path, running: RoomProcess, transports: Sequence[TransportChoice]) -> list[Row]:
    """Edits by ten peers and the bare relay beside them, in turn; medians of the runs, since one stall is a p99."""
    ours: dict[TransportChoice, list[Latency]] = {each: [] for each in transports}
    bare: list[Latency] = []
    with bare_room(folder) as (url, _):
        for _ in range(LATENCY_RUNS):
            for transport in transports:
                ours[transport].append(asyncio.run(edit_latency(running.url, folder / "keys", transport)))
            bare.append(asyncio.run(bare_edit_latency(url)))
    peer = "bare WebSocket relay with the same commit"
    middle = LATENCY_RUNS // 2
    return [
        Row(
            f"edit over {transport}, from call to applied at the nine others, commit included, {name}",
            sorted(getattr(each, name) for each in ours[transport])[middle],
            "ms",
            bar,
            peer,
            sorted(getattr(each, name) for each in bare)[middle],
            LATENCY_RUNS,
        )
        for transport in transports
        for name, bar in (("p50", 10), ("p99", 50))
    ]


def presence_rows(folder: Path, running: RoomProcess, transports: Sequence[TransportChoice]) -> list[Row]:
    """The room's processor time while ten people move, and the bare relay's; the bar is WebSocket's."""
    ours = {
        each: asyncio.run(presence_cost(running.url, folder / "keys", running.process, each)) for each in transports
    }
    (folder / "bare").mkdir()
    with bare_room(folder / "bare") as (url, process):
        bare = asyncio.run(bare_presence_cost(url, process))
    return [
        Row(
            f"room process, 10 peers over {transport}, presence at 30 Hz",
            ours[transport],
            "% of a core",
            25 if transport == "websocket" else None,
            "bare WebSocket relay",
            bare,
        )
        for transport in transports
    ]


def memory_row(running: RoomProcess) -> Row:
    """Resident memory of a room that nobody has joined, beside Python with the same libraries."""
    script = "import aiohttp.web, numpy, msgspec, nacl, typer, rich, psutil; print(psutil.Process().memory_info().rss)"
    libraries = int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)
    resident = running.process.memory_info().rss
    return Row("memory of an idle room", resident / 1e6, "MB", 120, "the libraries alone", libraries / 1e6)


def import_row() -> Row:
    """How many of the layer contracts are broken."""
    result = subprocess.run(
        [str(ROOT / ".venv/bin/lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    broken = 0 if result.returncode == 0 else result.stdout.count("BROKEN") or 1
    return Row("import rules, exceptions", broken, "", 0)


def main() -> int:
    """Measure everything and say whether every bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--no-clone", action="store_true", help="leave out `make serve` in a clean clone, which downloads"
    )
    parser.add_argument("--transport", choices=TRANSPORTS, help="measure the peers over this one only; both otherwise")
    parser.add_argument("--peers-only", action="store_true", help="measure the peers alone")
    options = parser.parse_args()
    transports = (options.transport,) if options.transport else TRANSPORTS
    rows = [] if options.no_clone or options.peers_only else clean_clone_rows()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").mkdir()
        if not options.peers_only:
            rows.append(start_row(folder))
        with room(folder) as running:
            if not options.peers_only:
                rows.append(memory_row(running))
                rows += page_rows(running)
            rows += latency_rows(folder, running, transports)
            rows += presence_rows(folder, running, transports)
    if not options.peers_only:
        rows.append(import_row())
    return 0 if report("room_peers" if options.peers_only else "room", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
