"""The Khronos validator on exported files: no errors and no warnings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gltf.entities import MAKER, PLAIN, entity, grid, mesh_from
from theta.gltf import ExportedEntity, export_glb
from theta.mesh import Mesh, build_primitive, extrude_face

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = ROOT / "web" / "node_modules" / "gltf-validator" / "package.json"
SCRIPT = ROOT / "tests" / "support" / "validate_gltf.mjs"
VALIDATION_SECONDS_MAX = 60


def validate(path: Path) -> tuple[int, dict[str, Any]]:
    """The validator's exit code and its report."""
    if not VALIDATOR.exists():
        pytest.fail("web/node_modules has no gltf-validator: run make setup")
    done = subprocess.run(
        ["node", str(SCRIPT), str(path)], capture_output=True, text=True, check=False, timeout=VALIDATION_SECONDS_MAX
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report


def extruded() -> Mesh:
    mesh = build_primitive("cube", 1.0, MAKER)
    extrude_face(mesh, mesh.face_ids()[0], 0.5, MAKER)
    return mesh


LINE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0)]
SCENES: dict[str, list[ExportedEntity]] = {
    "empty": [],
    "cube": [PLAIN],
    "primitives": [
        entity(name=kind, mesh=build_primitive(kind, 0.3, MAKER), colour=(0.1 * at, 0.2, 1.0 / 3.0))
        for at, kind in enumerate(("cube", "pyramid", "plane"))
    ],
    "extruded and turned": [
        entity(mesh=extruded(), rotation=(0.1, 0.2, 0.3, 0.9), scale=(2.0, 1e-6, 1e4), translation=(1e6, -1e6, 1e-9))
    ],
    "without area": [entity(mesh=mesh_from(LINE, [(0, 1, 2)])), entity(mesh=Mesh(), name="")],
    "same names, odd texts": [entity(name='"\\\u0000\u001f é 🏠'), entity(name='"\\\u0000\u001f é 🏠')],
    "wide indices": [entity(mesh=grid(129, 128))],
}


@pytest.mark.parametrize("name", SCENES)
def test_exported_files_are_valid(name: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.glb"
    path.write_bytes(export_glb(SCENES[name], "Theta test"))
    code, report = validate(path)
    issues = report["issues"]
    assert (code, issues["numErrors"], issues["numWarnings"]) == (0, 0, 0), issues
    # An entity without a face to show is a node without a mesh, which the validator mentions.
    assert {message["code"] for message in issues["messages"]} <= {"NODE_EMPTY"}
    hidden = len(SCENES[name]) if name == "without area" else 0
    assert issues["numInfos"] == hidden
    assert report["info"].get("drawCallCount") == len(SCENES[name]) - hidden


def test_the_validator_finds_faults(tmp_path: Path) -> None:
    data = bytearray(export_glb([PLAIN], "Theta test"))
    data[-60:] = b"\xff" * 60
    path = tmp_path / "broken.glb"
    path.write_bytes(data)
    code, report = validate(path)
    assert code == 1
    assert report["issues"]["numErrors"] > 0
