"""A frame in emulated VR, the demo scene around its visitor: what the page's own script costs. `make bench`.

The headset is IWER's Quest 3, and SwiftShader draws in software. What is measured is each callback that the page gives
to `XRSession.requestAnimationFrame`, from its first line to its last, less the time spent inside WebGL calls: every
method of the context is wrapped and timed, since a call may wait there for the software rasteriser. Both parts are
printed. What the rasteriser draws after the callback has returned is in neither. Chromium's clock has steps of 0.1 ms
with a random phase, so that sums over many short calls come out right on average.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, Route, ViewportSize, sync_playwright

from benches._report import Row, report
from benches._room_process import ROOT, THETA, environment_in, free_port, serving
from benches.bench_room import CHROMIUM, CHROMIUM_ARGUMENTS

IWER = ROOT / "web" / "node_modules" / "iwer" / "build" / "iwer.min.js"
HANDS = ROOT / "tests" / "browser" / "emulator.js"
THREE = ROOT / "web" / "node_modules" / "three" / "build"
BUILDING_SECONDS = 90
FRAMES = 400
WARM_UP_FRAMES = 30
VIEWPORT: ViewportSize = {"width": 640, "height": 400}
ACTORS = 3

TIMING = """(() => {
  const context = WebGL2RenderingContext.prototype;
  let inside = 0, depth = 0;
  for (const name of Object.getOwnPropertyNames(context)) {
    const { value } = Object.getOwnPropertyDescriptor(context, name);
    if (typeof value !== 'function' || name === 'constructor') continue;
    context[name] = function (...passed) {
      if (depth++ > 0) { try { return value.apply(this, passed); } finally { depth--; } }
      const start = performance.now();
      try { return value.apply(this, passed); } finally { depth--; inside += performance.now() - start; }
    };
  }
  window.timed = { frames: [], before: () => {} };
  const { requestAnimationFrame } = XRSession.prototype;
  XRSession.prototype.requestAnimationFrame = function (callback) {
    return requestAnimationFrame.call(this, (now, frame) => {
      timed.before(now);
      inside = 0;
      const start = performance.now();
      callback(now, frame);
      timed.frames.push([performance.now() - start, inside]);
    });
  };
})()"""
WAVING = """() => {
  timed.before = now => {
    const swing = Math.sin(now / 700);
    headset.head([0, 1.6, 0], [Math.sin(now / 3000), 1.4, -1]);
    headset.aim('left', [-0.2, 1.2 + swing * 0.03, -0.4], [-0.2, 1.2, -1.4]);
    headset.aim('right', [0.25, 1.2, -0.35], [swing * 1.5, 1 + swing, -2]);
  };
}"""
EVERYBODY_IS_HERE = (
    f"() => [...theta.client.presence.values()].filter(row => row.left && row.right).length === {ACTORS}"
)
EMPTY_SCENE = """<!doctype html><script type="importmap">{"imports": {"three": "./three.module.js"}}</script>
<script type="module">
  import { PerspectiveCamera, Scene, WebGLRenderer } from 'three';
  const renderer = new WebGLRenderer({ antialias: true });
  const scene = new Scene(), camera = new PerspectiveCamera();
  document.body.append(renderer.domElement);
  renderer.xr.enabled = true;
  renderer.setAnimationLoop(() => renderer.render(scene, camera));
  window.enter = async () => renderer.xr.setSession(await navigator.xr.requestSession('immersive-vr',
    { requiredFeatures: ['local-floor'] }));
</script>"""
EMPTY_ORIGIN = "http://localhost:1"


class Frames(NamedTuple):
    """Milliseconds of each frame, in order: the page's script, and what it spent inside WebGL calls."""

    script: list[float]
    drawing: list[float]


def measure(page: Page) -> Frames:
    """The next frames."""
    page.wait_for_function(f"() => timed.frames.length >= {WARM_UP_FRAMES}", timeout=120_000)
    page.evaluate("() => { timed.frames.length = 0; }")
    page.wait_for_function(f"() => timed.frames.length >= {FRAMES}", timeout=600_000)
    frames: list[tuple[float, float]] = page.evaluate("() => timed.frames")
    return Frames([whole - inside for whole, inside in frames], [inside for _, inside in frames])


def demo_frames(page: Page, link: str) -> tuple[Frames, int, int]:
    """The demo while its three build, and the most draw calls and triangles of any frame."""
    page.goto(link)
    page.get_by_test_id("name-input").fill("Visitor")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.documentElement.dataset.xr === 'ready' && theta.xr", timeout=60_000)
    page.wait_for_function(EVERYBODY_IS_HERE, timeout=60_000)
    page.get_by_test_id("enter-vr").click()
    page.wait_for_function("() => document.documentElement.dataset.xr === 'immersive'", timeout=60_000)
    page.evaluate(WAVING)
    page.evaluate(
        """() => {
          window.most = { drawCalls: 0, triangles: 0 };
          theta.scene.stage.addTask(() => {
            for (const name in most) most[name] = Math.max(most[name], theta.scene.stage.lastFrame[name]);
            return false;
          });
        }"""
    )
    frames = measure(page)
    most = page.evaluate("() => most")
    return frames, int(most["drawCalls"]), int(most["triangles"])


def empty_frames(page: Page) -> Frames:
    """three.js with nothing in its scene, in the same headset."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(f"{EMPTY_ORIGIN}/")
        if name:
            route.fulfill(path=THREE / Path(name).name, content_type="text/javascript")
        else:
            route.fulfill(body=EMPTY_SCENE, content_type="text/html")

    page.route(f"{EMPTY_ORIGIN}/**", answer)
    page.goto(f"{EMPTY_ORIGIN}/")
    page.wait_for_function("() => window.enter")
    page.evaluate("() => enter()")
    return measure(page)


def percentile(values: list[float], hundredth: int) -> float:
    """The value that so many hundredths of all are below."""
    return statistics.quantiles(values, n=100)[hundredth - 1]


def main() -> int:
    """Measure, and say whether every bar is kept."""
    emulated = IWER.read_text(encoding="utf-8") + "\n"
    quest = "new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: true }).installRuntime({ forceInstall: true });"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)

        empty = browser.new_page(viewport=VIEWPORT)
        empty.add_init_script(emulated + quest)
        empty.add_init_script(TIMING)
        peer = empty_frames(empty)
        empty.close()

        command = [str(THETA), "demo", "bench.theta", "--port", str(free_port()), "--seconds", str(BUILDING_SECONDS)]
        with serving(command, folder, environment_in(folder)) as running:
            page = browser.new_page(viewport=VIEWPORT)
            page.add_init_script(emulated)
            # The emulator's constructors are there only after emulator.js has installed it.
            page.add_init_script(path=HANDS)
            page.add_init_script(TIMING)
            ours, draw_calls, triangles = demo_frames(page, running.url)
        browser.close()
    what = "frame in emulated VR, demo scene, main-thread script,"
    nothing = "an empty three.js scene"
    rows = [
        Row(f"{what} p50", statistics.median(ours.script), "ms", 5, nothing, statistics.median(peer.script), FRAMES),
        Row(f"{what} p99", percentile(ours.script, 99), "ms", 11, nothing, percentile(peer.script, 99), FRAMES),
        Row(
            "left out of it: inside WebGL calls, p50",
            *(statistics.median(ours.drawing), "ms", None, nothing, statistics.median(peer.drawing), FRAMES),
        ),
        Row(
            "left out of it: inside WebGL calls, p99",
            *(percentile(ours.drawing, 99), "ms", None, nothing, percentile(peer.drawing, 99), FRAMES),
        ),
        Row("draw calls, the most in a frame, both eyes", draw_calls, "", 100),
        Row("triangles, the most in a frame, both eyes", triangles, "", 500_000),
    ]
    return 0 if report("xr", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
