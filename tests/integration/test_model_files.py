"""Real models: the controllers of @webxr-input-profiles/assets (npm) and the samples of compas (PyPI)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from tests.support.gltf_validator import ROOT
from theta.base.identifiers import CommandName
from theta.gltf import ImportedEntity, export_glb, import_glb, import_model
from theta.gltf.building import numbered_mesh
from theta.mesh import canonical_bytes, validate

pytestmark = pytest.mark.integration

PROFILES = ROOT / "web" / "node_modules" / "@webxr-input-profiles" / "assets" / "dist" / "profiles"
MAKER = CommandName(1, 1)


def compas_samples() -> Path:
    spec = find_spec("compas")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "samples"


# Left and right are much alike.
GLBS = sorted(PROFILES.glob("*/*.glb"))[::2]
OBJS = sorted(compas_samples().glob("*.obj"))


def world_positions(entity: ImportedEntity) -> NDArray[np.float64]:
    """The shape's points where they are in the file's scene."""
    x, y, z, w = entity.rotation
    turn = np.array(
        [
            (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        ]
    )
    placed: NDArray[np.float64] = (entity.shape.positions * entity.scale) @ turn.T + entity.translation
    return placed


def areas(entity: ImportedEntity) -> float:
    """The area of all faces as fans, square metres in the scene."""
    points = world_positions(entity)
    total = 0.0
    begins = np.concatenate(([0], np.cumsum(entity.shape.counts)[:-1]))
    for count in np.unique(entity.shape.counts).tolist():
        rows = begins[entity.shape.counts == count][:, np.newaxis] + np.arange(count)
        loops = points[entity.shape.corners[rows]]
        sides = loops - loops[:, :1]
        cross = np.cross(sides[:, 1:-1], sides[:, 2:]).sum(axis=1)
        total += float(np.sqrt((cross * cross).sum(axis=1)).sum()) / 2.0
    return total


def test_there_are_enough_of_them() -> None:
    assert len(GLBS) >= 30
    assert len(OBJS) >= 5


@pytest.mark.parametrize("path", GLBS, ids=[f"{path.parent.name}-{path.stem}" for path in GLBS])
def test_gltf_14_controllers_are_as_trimesh_reads_them(path: Path) -> None:
    entities = import_glb(path.read_bytes()).entities
    theirs = trimesh.load_scene(path).to_mesh()
    assert sum(areas(entity) for entity in entities) == pytest.approx(float(theirs.area), rel=1e-4)
    points = np.concatenate([world_positions(entity) for entity in entities])
    assert np.stack((points.min(axis=0), points.max(axis=0))) == pytest.approx(theirs.bounds, abs=1e-6)
    dropped = sum(entity.shape.dropped_faces for entity in entities)
    assert sum(len(entity.shape.counts) for entity in entities) + dropped == len(theirs.faces)


@pytest.mark.parametrize("path", GLBS[::7], ids=[f"{path.parent.name}-{path.stem}" for path in GLBS[::7]])
def test_gltf_22_controllers_come_back_exactly(path: Path) -> None:
    entities = import_glb(path.read_bytes()).entities
    meshes = [numbered_mesh(entity.shape, MAKER) for entity in entities]
    for mesh in meshes:
        validate(mesh)
    data = export_glb([entity.exported(mesh) for entity, mesh in zip(entities, meshes, strict=True)], "x")
    again = import_glb(data).entities
    assert [found.origin for found in again] == ["exact"] * len(entities)
    for found, mesh in zip(again, meshes, strict=True):
        assert found.mesh is not None
        assert canonical_bytes(found.mesh) == canonical_bytes(mesh)
    assert export_glb([found.exported(found.mesh) for found in again if found.mesh is not None], "x") == data


@pytest.mark.parametrize("path", OBJS, ids=[path.stem for path in OBJS])
def test_gltf_21_samples_are_as_trimesh_reads_them(path: Path) -> None:
    scene = import_model(path.read_bytes())
    theirs = trimesh.load_scene(path, process=False)
    if not scene.entities:
        assert not any(isinstance(each, trimesh.Trimesh) for each in theirs.geometry.values())
        return
    mesh = theirs.to_mesh()
    ours = np.concatenate([world_positions(entity) for entity in scene.entities])
    used = mesh.vertices[np.unique(mesh.faces)]
    assert np.stack((ours.min(axis=0), ours.max(axis=0))) == pytest.approx(
        np.stack((used.min(axis=0), used.max(axis=0)))
    )
    for entity in scene.entities:
        validate(numbered_mesh(entity.shape, MAKER))
    triangles = sum(int((entity.shape.counts - 2).sum()) for entity in scene.entities)
    assert triangles <= len(mesh.faces)
