"""Exported files as three.js's GLTFLoader shows them, seen along -z, each colour where and as it was picked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page, Route

from tests.browser.stage import SCREENSHOTS, chromium
from tests.unit.gltf.entities import CUBE, MAKER, entity, mesh_from
from tests.unit.gltf.scenes import HEAD, PENTAGON
from theta.gltf import ExportedEntity, export_glb, import_glb
from theta.mesh import Mesh, build_primitive, nearest_face_to_normal
from theta.mesh.attribute_rows import set_attribute

pytestmark = pytest.mark.browser

THREE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "three"
ORIGIN = "http://stage.test"
# Six metres wide and four high around the origin, 100 pixels to the metre.
WIDTH, HEIGHT = 600, 400
CHANNEL_DIFFERENCE_MAX = 3

# The light comes from everywhere and equals the surface's colour, so that a pixel is the colour that was picked.
PAGE = """<!doctype html><style>body { margin: 0 }</style><script type="importmap">
{"imports": {"three": "/build/three.module.js", "three/addons/": "/examples/jsm/"}}
</script><script type="module">
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
const [width, height, scale] = [600, 400, 100];
const renderer = new THREE.WebGLRenderer({ antialias: false, preserveDrawingBuffer: true });
renderer.setSize(width, height);
document.body.append(renderer.domElement);
const scene = new THREE.Scene();
scene.background = new THREE.Color("#000000");
scene.add(new THREE.AmbientLight("#ffffff", Math.PI));
const half = [width / scale / 2, height / scale / 2];
const camera = new THREE.OrthographicCamera(-half[0], half[0], half[1], -half[1], 0.1, 100);
camera.position.z = 50;
const gltf = await new GLTFLoader().loadAsync("/scene.glb");
scene.add(gltf.scene);
renderer.render(scene, camera);
const gl = renderer.getContext();
window.colourAt = (x, y) => {
  const pixel = new Uint8Array(4);
  const [column, row] = [Math.round((x + half[0]) * scale), Math.round((y + half[1]) * scale)];
  gl.readPixels(column, row, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  return [...pixel.subarray(0, 3)];
};
window.names = gltf.scene.children.map(each => each.name);
document.documentElement.dataset.drawn = "yes";
</script>"""


def painted_cube(colours: Mapping[tuple[float, float, float], tuple[float, float, float]]) -> Mesh:
    """A cube with colours on the faces that look in these directions."""
    mesh = CUBE.copy()
    faces = [nearest_face_to_normal(mesh, direction) for direction in colours]
    set_attribute(mesh, "face", "colour", faces, list(colours.values()))
    set_attribute(mesh, "face", "painted", faces, np.ones((len(faces), 1)), "u1")
    return mesh


def tinted_square() -> Mesh:
    mesh = mesh_from([(-1.0, -1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 0.0)], [(0, 1, 2, 3)])
    set_attribute(mesh, "vertex", "colour", mesh.vertex_ids(), [(0.0, 0.0, 1.0, 1.0)] * 4)
    return mesh


def shown(name: str, x: float, y: float, mesh: Mesh, **changes: Any) -> ExportedEntity:
    """An entity 0.8 metres wide at a place in the plane z = 0."""
    plain = {"metallic": 0.0, "roughness": 1.0, "scale": (0.4, 0.4, 0.4), "translation": (x, y, 0.0)}
    return entity(name=name, mesh=mesh, **(plain | changes))


def gallery() -> list[ExportedEntity]:
    """Painted cubes above, other ways to have a colour below."""
    front = painted_cube({(0.0, 0.0, 1.0): (0.2, 0.4, 0.8), (0.0, 0.0, -1.0): (1.0, 0.0, 0.0)})
    above = painted_cube({(0.0, 1.0, 0.0): (0.9, 0.1, 0.5)})
    notched = mesh_from([(x / 2 - 1.0, y / 2 - 1.0, z) for x, y, z in PENTAGON], [range(5)])
    black = (0.0, 0.0, 0.0)
    glass = {"alpha": 0.5, "alpha_mode": "BLEND", "double_sided": False, "scale": (0.3, 0.3, 0.3)}
    return [
        shown("front", -2.0, 1.0, front, colour=(0.0, 1.0, 0.0)),
        shown("bare", -1.0, 1.0, above, colour=(0.3, 0.6, 0.3)),
        # x to y, y to z, z to x.
        shown("turned", 0.0, 1.0, above, rotation=(0.5, 0.5, 0.5, 0.5)),
        shown("stretched", 2.0, 1.0, CUBE, colour=(0.5, 0.5, 0.5), scale=(0.4, 0.8, 0.1)),
        shown("tinted", -2.0, -1.0, tinted_square(), colour=(1.0, 1.0, 0.5)),
        shown("notched", -1.0, -1.0, notched, colour=(0.7, 0.2, 0.1)),
        shown("behind", 0.0, -1.0, CUBE, colour=(1.0, 1.0, 1.0), translation=(0.0, -1.0, -5.0)),
        shown("glass", 0.0, -1.0, CUBE, colour=black, **glass),
        shown("masked", 1.0, -1.0, CUBE, alpha=0.25, alpha_mode="MASK"),
        shown("glowing", 2.0, -1.0, CUBE, colour=black, emissive=(0.25, 0.5, 0.75)),
        shown("edge on", 0.0, -1.9, build_primitive("plane", 2.0, MAKER)),
    ]


# Where to look, in metres, and the sRGB that is there.
SEEN = {
    "front": ((-2.0, 1.0), (0.2, 0.4, 0.8)),
    "bare": ((-1.0, 1.0), (0.3, 0.6, 0.3)),
    "turned": ((0.0, 1.0), (0.9, 0.1, 0.5)),
    "stretched": ((2.3, 1.7), (0.5, 0.5, 0.5)),
    "tinted": ((-2.0, -1.0), (0.0, 0.0, 0.5)),
    "notched": ((-1.2, -1.3), (0.7, 0.2, 0.1)),
    "the notch": ((-1.0, -0.7), (0.0, 0.0, 0.0)),
    "behind": ((0.35, -1.0), (1.0, 1.0, 1.0)),
    "through the glass": ((0.0, -1.0), (0.5, 0.5, 0.5)),  # blended by the page in sRGB
    "masked": ((1.0, -1.0), (0.0, 0.0, 0.0)),
    "glowing": ((2.0, -1.0), (0.25, 0.5, 0.75)),
    "nothing": ((1.0, 1.0), (0.0, 0.0, 0.0)),
}


async def show(page: Page, glb: bytes, name: str) -> dict[str, list[int]]:
    """The colours that are seen at the points of SEEN."""

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/":
            await route.fulfill(body=PAGE, content_type="text/html")
        elif path == "/scene.glb":
            await route.fulfill(body=glb, content_type="model/gltf-binary")
        elif path == "/favicon.ico":
            await route.fulfill(status=204)
        else:
            await route.fulfill(path=THREE / path.lstrip("/"), content_type="text/javascript")

    await page.route(f"{ORIGIN}/**", answer)
    await page.goto(f"{ORIGIN}/")
    await page.wait_for_function("document.documentElement.dataset.drawn === 'yes'", timeout=30_000)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
    names = await page.evaluate("window.names")
    assert len(names) == len(gallery())
    points = json.dumps([point for point, _ in SEEN.values()])
    colours = await page.evaluate(f"{points}.map(([x, y]) => window.colourAt(x, y))")
    return dict(zip(SEEN, colours, strict=True))


@pytest.mark.parametrize("journey", ["exported", "imported and exported"])
async def test_three_js_shows_what_was_exported(journey: str) -> None:
    glb = export_glb(gallery(), "Theta test", head=HEAD)
    if journey != "exported":
        entities = import_glb(glb).entities
        glb = export_glb([found.exported(found.mesh) for found in entities if found.mesh is not None], "Theta test")
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        seen = await show(page, glb, f"exported-{journey.replace(' ', '-')}")
        assert complaints == []
    for name, (_, srgb) in SEEN.items():
        wanted = [round(255 * channel) for channel in srgb]
        assert seen[name] == pytest.approx(wanted, abs=CHANNEL_DIFFERENCE_MAX), (name, seen[name], wanted)
