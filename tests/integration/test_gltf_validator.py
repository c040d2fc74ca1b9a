"""The Khronos validator on exported files: no errors and no warnings."""

from pathlib import Path

import pytest

from tests.support.gltf_validator import validate
from tests.unit.gltf.entities import MAKER, PLAIN, entity, grid, mesh_from
from tests.unit.gltf.scenes import HEAD, paint, scenes, smooth, tint, unwrap
from theta.gltf import ExportedEntity, export_glb
from theta.mesh import Mesh, build_primitive, extrude_face
from theta.mesh.shapes import SHAPES, ShapeParameters, build_shape

pytestmark = pytest.mark.integration


def extruded() -> Mesh:
    mesh = build_primitive("cube", 1.0, MAKER)
    extrude_face(mesh, mesh.face_ids()[0], 0.5, MAKER)
    return mesh


LINE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0)]
SCENES: dict[str, list[ExportedEntity]] = scenes() | {
    "cube": [PLAIN],
    "primitives": [
        entity(name=kind, mesh=build_shape(ShapeParameters(kind), MAKER), colour=(0.1 * at, 0.2, 1.0 / 3.0))
        for at, kind in enumerate(sorted(SHAPES))
    ],
    "extruded and turned": [
        entity(mesh=extruded(), rotation=(0.1, 0.2, 0.3, 0.9), scale=(2.0, 1e-6, 1e4), translation=(1e6, -1e6, 1e-9))
    ],
    "without area": [entity(mesh=mesh_from(LINE, [(0, 1, 2)])), entity(mesh=Mesh(), name="")],
    "same names, odd texts": [entity(name='"\\\u0000\u001f é 🏠'), entity(name='"\\\u0000\u001f é 🏠')],
    "20,000 faces": [entity(mesh=smooth(unwrap(tint(paint(grid(142, 142))))))],
}
# What the validator mentions without calling it a fault: our extension, which it does not know and whose views it
# therefore takes for unused, texture coordinates without a texture, and nodes of which nothing is drawn.
MENTIONED = {"NODE_EMPTY", "UNSUPPORTED_EXTENSION", "UNUSED_OBJECT"}


@pytest.mark.parametrize("topology", [True, False])
@pytest.mark.parametrize("name", SCENES)
def test_exported_files_are_valid(name: str, topology: bool, tmp_path: Path) -> None:
    path = tmp_path / "scene.glb"
    path.write_bytes(export_glb(SCENES[name], "Theta test", head=HEAD, topology=topology))
    code, report = validate(path)
    issues = report["issues"]
    assert (code, issues["numErrors"], issues["numWarnings"]) == (0, 0, 0), issues
    assert {message["code"] for message in issues["messages"]} <= MENTIONED
    hidden = len(SCENES[name]) if name in ("without area", "without faces") else 0
    if not topology:
        unwrapped = name in ("unwrapped and smooth", "20,000 faces")
        assert issues["numInfos"] == hidden + unwrapped
    assert report["info"].get("drawCallCount") == len(SCENES[name]) - hidden


def test_the_validator_finds_faults(tmp_path: Path) -> None:
    data = bytearray(export_glb([PLAIN], "Theta test", topology=False))
    data[-60:] = b"\xff" * 60
    path = tmp_path / "broken.glb"
    path.write_bytes(data)
    code, report = validate(path)
    assert code == 1
    assert report["issues"]["numErrors"] > 0
