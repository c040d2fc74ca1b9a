"""Files that other programs have opened and saved: recognised as such, and nothing lost that they still hold."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from tests.support.gltf_validator import ROOT
from tests.unit.gltf.entities import CUBE, entity, grid
from tests.unit.gltf.files import unpack
from tests.unit.gltf.scenes import HEAD, authorship_of, paint, tint, unwrap
from theta.gltf import EXTENSION, ExportedEntity, ImportedScene, export_glb, import_glb
from theta.mesh import canonical_mesh, triangulate
from theta.mesh.attributes import AttributeKey

pytestmark = pytest.mark.integration

GLTF_TRANSFORM = ROOT / "web" / "node_modules" / ".bin" / "gltf-transform"
SECONDS_MAX = 60

ENTITIES = [
    entity(name="painted", mesh=paint(CUBE.copy()), authorship=authorship_of(CUBE), translation=(0.5, 0.25, -2.0)),
    entity(name="tinted", mesh=tint(unwrap(CUBE.copy())), alpha=0.5, alpha_mode="BLEND", material_name="glass"),
    entity(
        name="open", mesh=grid(4, 3), rotation=(0.5, 0.5, 0.5, 0.5), scale=(1.0, 2.0, 3.0), emissive=(0.0, 1.0, 0.0)
    ),
]


def gltf_transform(*commands: str) -> Callable[[Path, Path], None]:
    """Saving by @gltf-transform/cli, by a command of it or several."""

    def save(source: Path, target: Path) -> None:
        if not GLTF_TRANSFORM.exists():
            pytest.fail("web/node_modules has no @gltf-transform/cli: run make setup")
        for command in commands:
            done = subprocess.run(
                [str(GLTF_TRANSFORM), command, str(source), str(target)],
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS_MAX,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            source = target

    return save


def by_trimesh(source: Path, target: Path) -> None:
    """Saving by trimesh."""
    scene = trimesh.load_scene(source)
    target.write_bytes(scene.export(file_type="glb"))


def moved_by_trimesh(source: Path, target: Path) -> None:
    """Saving by trimesh with every vertex moved."""
    scene = trimesh.load_scene(source)
    for mesh in scene.geometry.values():
        mesh.apply_translation((0.0, 0.125, 0.0))
    target.write_bytes(scene.export(file_type="glb"))


KEPT_ATTRIBUTES = {"painted": {"colour"}, "tinted": {"colour", "uv"}, "open": set()}
SAVERS = {
    "trimesh": by_trimesh,
    "trimesh, moved": moved_by_trimesh,
    "gltf-transform": gltf_transform("copy"),
    "gltf-transform, unwelded and welded": gltf_transform("unweld", "weld"),
}


def resaved(save: Callable[[Path, Path], None], folder: Path) -> tuple[ImportedScene, bytes]:
    source, target = folder / "theta.glb", folder / "other.glb"
    source.write_bytes(export_glb(ENTITIES, "Theta test", head=HEAD))
    save(source, target)
    data = target.read_bytes()
    return import_glb(data), data


@pytest.mark.parametrize("saver", SAVERS)
def test_gltf_12_what_another_program_saved_is_recognised_and_keeps_what_it_holds(saver: str, tmp_path: Path) -> None:
    scene, data = resaved(SAVERS[saver], tmp_path)
    assert len(scene.entities) == len(ENTITIES)
    for found, wanted in zip(sorted(scene.entities, key=lambda each: each.name), _by_name(), strict=True):
        assert found.name == wanted.name
        assert found.origin in ("edited", "damaged")
        assert found.mesh is None
        assert any("polygons" in note for note in found.notes)
        lift = np.array([0.0, 0.125 if saver == "trimesh, moved" else 0.0, 0.0])
        assert _soup(found.shape.positions[found.shape.corners]) == _soup(_triangles(wanted) + lift)
        assert len(found.shape.positions) == wanted.mesh.vertex_count
        assert found.translation == pytest.approx(wanted.translation, abs=1e-6)
        assert np.abs(np.dot(found.rotation, wanted.rotation)) == pytest.approx(1.0, abs=1e-6)
        assert found.scale == pytest.approx(wanted.scale, rel=1e-6)
        assert {key.name for key in found.shape.attributes} >= KEPT_ATTRIBUTES[found.name]
        material = found.material
        assert material is not None
        look = (material.alpha_mode, material.name, material.emissive, material.metallic, material.double_sided)
        wanted_look = wanted.material()
        assert look == (
            wanted_look.alpha_mode,
            wanted_look.name,
            wanted_look.emissive,
            wanted_look.metallic,
            wanted_look.double_sided,
        )
    document, _ = unpack(data)
    assert EXTENSION not in document.get("extensionsRequired", [])


def test_gltf_12_paint_outlives_gltf_transform(tmp_path: Path) -> None:
    scene, _ = resaved(SAVERS["gltf-transform"], tmp_path)
    (painted,) = (found for found in scene.entities if found.name == "painted")
    colours = painted.shape.attributes[AttributeKey("face", "colour")]
    wanted = canonical_mesh(ENTITIES[0].mesh).attributes[AttributeKey("face", "colour")]
    assert colours == pytest.approx(np.repeat(wanted, 2, axis=0), abs=1e-6)


def _by_name() -> list[ExportedEntity]:
    return sorted(ENTITIES, key=lambda each: each.name)


def _triangles(wanted: ExportedEntity) -> NDArray[np.float64]:
    found = triangulate(wanted.mesh)
    return found.positions[found.corners.reshape(-1)]


def _soup(points: NDArray[np.float64]) -> list[list[list[float]]]:
    """Triangles in an order of their own, each from its lowest corner."""
    faces = np.asarray(points).reshape(-1, 3, 3).tolist()
    turned = []
    for face in faces:
        start = face.index(min(face))
        turned.append(face[start:] + face[:start])
    return sorted(turned)
