"""From `git clone` to two people and a script in one room, one of the two in (emulated) VR: two commands, timed.

The two commands are `make serve` and `python examples/hello.py`; two Chromium windows open the link that the first one
prints, one of them with a Quest 3 emulated by IWER, which enters immersive VR.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benches._report import Row, report
from benches._room_process import ROOT, environment_in, free_port, serving
from benches.bench_room import CHROMIUM, CHROMIUM_ARGUMENTS

IWER = ROOT / "web" / "node_modules" / "iwer" / "build" / "iwer.min.js"
EMULATE = """
const device = new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: true });
device.installRuntime({ forceInstall: true });
"""
SECONDS_MAX = 180.0
WAIT_MS = 60_000


def open_page(browser: Browser, link: str, name: str, *, headset: bool) -> Page:
    """A person at the page, online."""
    page = browser.new_context().new_page()
    page.add_init_script(f"localStorage.setItem('theta.name', {name!r})")
    if headset:
        page.add_init_script(IWER.read_text(encoding="utf-8") + EMULATE)
    page.goto(link)
    page.wait_for_function("() => window.theta !== undefined", timeout=WAIT_MS)
    page.wait_for_function("() => document.documentElement.dataset.connection === 'live'", timeout=WAIT_MS)
    return page


def first_room() -> tuple[float, float]:
    """Seconds until the link, and until both people see each other and what the script built, one of them in VR."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home, clone = Path(folder) / "home", Path(folder) / "theta"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        port = free_port()
        command = ["make", "serve", f"ARGS=--no-lan --port {port}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        with serving(command, clone, environment_in(home)) as running:
            linked = time.perf_counter() - start
            ana = open_page(browser, running.url, "Ana", headset=True)
            bo = open_page(browser, running.url, "Bo", headset=False)
            ana.wait_for_function("() => document.documentElement.dataset.xr === 'ready'", timeout=WAIT_MS)
            ana.get_by_role("button", name="Enter VR").click()
            ana.wait_for_function("() => document.documentElement.dataset.xr === 'immersive'", timeout=WAIT_MS)
            example = (clone / "examples" / "hello.py").read_text(encoding="utf-8").replace(":8080", f":{port}")
            script = [str(clone / ".venv" / "bin" / "python"), "-c", example]
            subprocess.run(script, cwd=clone, env=environment_in(home), check=True, timeout=60)
            for page in (ana, bo):
                page.wait_for_function("() => document.documentElement.dataset.entities === '2'", timeout=WAIT_MS)
                page.wait_for_function("() => Number(document.documentElement.dataset.people) >= 2", timeout=WAIT_MS)
            hashes = {page.evaluate("document.documentElement.dataset.documentHash") for page in (ana, bo)}
            assert len(hashes) == 1, f"the two pages differ: {hashes}"
            return linked, time.perf_counter() - start


def main() -> int:
    """Measure once: the time is that of downloads and installation, nearly all of it."""
    linked, everybody = first_room()
    rows = [
        Row("git clone to the room's link (`make serve`)", linked, "s"),
        Row("git clone to two people, one in emulated VR, and a script in one room", everybody, "s", SECONDS_MAX),
    ]
    return 0 if report("first_room", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
