"""Triangulation, areas, volumes and normals beside trimesh, on its primitives and on models that npm and PyPI ship.

The models: the controllers of @webxr-input-profiles/assets (npm), which the page shows in a headset, and the polygon
meshes of compas (PyPI). Both are installed for development anyway.
"""

from collections.abc import Callable
from typing import Any

import compas.datastructures
import numpy as np
import pytest
import trimesh

from tests.conformance.mesh_surfaces import SAMPLES, Surface, controller, loaded, ours, surface_of, to_trimesh
from theta.gltf import import_glb, import_obj
from theta.mesh import Mesh, bounds, face_normals, triangulate, validate
from theta.mesh.queries.measures import face_areas, surface_area, volume
from theta.mesh.queries.parts import euler_characteristic, parts

RELATIVE = 1e-9
# A triangle this much smaller than the largest has a normal of rounding errors.
SMALL = 1e-7

PRIMITIVES: dict[str, Callable[[], Any]] = {
    "box": lambda: trimesh.creation.box((1.0, 2.0, 3.0)),
    "icosphere": lambda: trimesh.creation.icosphere(3),
    "uv sphere": lambda: trimesh.creation.uv_sphere(count=(12, 24)),
    "cylinder": lambda: trimesh.creation.cylinder(0.5, 2.0, sections=17),
    "cone": lambda: trimesh.creation.cone(0.5, 2.0, sections=13),
    "capsule": lambda: trimesh.creation.capsule(1.0, 0.5),
    "torus": lambda: trimesh.creation.torus(1.0, 0.3),
    "annulus": lambda: trimesh.creation.annulus(0.5, 1.0, 0.7),
    "icosahedron": trimesh.creation.icosahedron,
    "turned box": lambda: trimesh.creation.box().apply_transform(trimesh.transformations.euler_matrix(0.3, 1.1, -0.7)),
}
CONTROLLERS = """
    generic-button/none generic-fixed-hand/left generic-hand/left generic-touchpad/none generic-trigger/none
    generic-trigger-squeeze/none generic-trigger-squeeze-thumbstick/none generic-trigger-thumbstick/none
    google-daydream/none hp-mixed-reality/left htc-vive-focus/none htc-vive-focus-3/left htc-vive-focus-plus/none
    logitech-mx-ink/none magicleap-one/none meta-quest-touch-plus/left meta-quest-touch-plus-v2/left
    meta-quest-touch-pro/left microsoft-mixed-reality/left oculus-go/none oculus-touch-v2/left oculus-touch-v3/left
    pico-4/left pico-4u/left pico-g2/none pico-neo2/left pico-neo3/left samsung-galaxyxr/left samsung-gearvr/none
    samsung-odyssey/left yvr-touch/left yvr-touch-v2/left
""".split()
POLYGONS = ("faces", "faces_big", "hypar", "mesh", "quadmesh", "quadmesh_planar", "tubemesh")


def check_beside_trimesh(mesh: Mesh, theirs: Any) -> None:
    """All that can be measured of a mesh of triangles, beside trimesh's figures of the same triangles."""
    validate(mesh)
    scale = float(theirs.area)
    areas = theirs.area_faces
    assert surface_area(mesh) == pytest.approx(scale, rel=RELATIVE)
    again = to_trimesh(mesh)
    assert len(again.faces) == mesh.face_count
    assert again.area == pytest.approx(scale, rel=RELATIVE)
    assert np.allclose(np.sort(face_areas(mesh)), np.sort(areas)[len(areas) - mesh.face_count :], rtol=1e-6, atol=1e-12)

    large = again.area_faces > again.area_faces.max() * SMALL
    normals, known = trimesh.triangles.normals(again.triangles)
    assert known[large].all()
    cosines = (face_normals(mesh)[triangulate(mesh).faces][known] * normals).sum(axis=1)[large[known]]
    assert np.allclose(cosines, 1.0, rtol=0.0, atol=1e-9)

    low_high = bounds(mesh)
    assert low_high is not None
    assert np.allclose(low_high, theirs.bounds, rtol=0.0, atol=1e-12)
    assert euler_characteristic(mesh) == again.euler_number
    check_volumes(mesh, again)


def check_volumes(mesh: Mesh, again: Any) -> None:
    """Of every closed part; and of all when there is no other."""
    order = {face: at for at, face in enumerate(mesh.face_ids())}
    found = parts(mesh)
    for part in found:
        if part.closed and part.faces:
            some = again.submesh([[order[face] for face in part.faces]], repair=False, only_watertight=False)[0]
            assert some.is_watertight
            middle = some.vertices.mean(axis=0)
            some.apply_translation(-middle)
            assert volume(mesh, part) == pytest.approx(some.volume, rel=RELATIVE, abs=1e-12 * some.area * some.scale)
    if all(part.closed for part in found):
        assert volume(mesh) == pytest.approx(again.volume, rel=RELATIVE)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitives_of_trimesh_measure_the_same(name: str) -> None:
    theirs = PRIMITIVES[name]()
    mesh = surface_of(theirs).mesh()
    check_beside_trimesh(mesh, theirs)
    assert volume(mesh) == pytest.approx(theirs.volume, rel=RELATIVE)
    assert theirs.is_watertight


@pytest.mark.parametrize("name", CONTROLLERS)
def test_real_models_measure_the_same(name: str) -> None:
    theirs = loaded(controller(name))
    check_beside_trimesh(surface_of(theirs).mesh(), theirs)


@pytest.mark.parametrize("name", CONTROLLERS)
def test_our_importer_reads_the_area_and_the_place_that_trimesh_reads(name: str) -> None:
    path = controller(name)
    theirs = loaded(path)
    scene = import_glb(path.read_bytes())
    points, area = [], 0.0
    for entity in scene.entities:
        shape = entity.shape
        x, y, z, w = entity.rotation
        turn = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, :3]
        placed = (shape.positions * entity.scale) @ turn.T + entity.translation
        mesh = Surface(placed, _faces(shape.counts, shape.corners)).mesh()
        assert mesh.face_count == len(shape.counts)
        points.append(placed)
        area += surface_area(mesh)
    assert area == pytest.approx(theirs.area, rel=1e-5)
    every = np.concatenate(points)
    assert np.allclose((every.min(axis=0), every.max(axis=0)), theirs.bounds, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("name", POLYGONS)
def test_polygons_of_compas_come_through_our_reader_as_through_theirs(name: str) -> None:
    path = SAMPLES / f"{name}.obj"
    theirs = compas.datastructures.Mesh.from_obj(path)
    scene = import_obj(path.read_bytes())
    faces = sum(len(entity.shape.counts) for entity in scene.entities)
    corners = sum(len(entity.shape.corners) for entity in scene.entities)
    assert faces == theirs.number_of_faces()
    assert corners == sum(len(theirs.face_vertices(face)) for face in theirs.faces())
    mine = sorted(area for entity in scene.entities for area in face_areas(_mesh_of(entity.shape)))
    flat = [face for face in theirs.faces() if theirs.face_flatness(face) < 1e-6]
    wanted = sorted(theirs.face_area(face) for face in flat)
    if len(flat) == faces:
        assert np.allclose(mine, wanted, rtol=1e-6)
    for entity in scene.entities:
        mesh = _mesh_of(entity.shape)
        validate(mesh)
        triangles = to_trimesh(mesh)
        assert len(triangles.faces) == int((entity.shape.counts - 2).sum())
        # A face that is not flat has at least the area of its shadow along its normal.
        assert triangles.area >= surface_area(mesh) * (1.0 - RELATIVE)


def _mesh_of(shape: Any) -> Mesh:
    return Surface(shape.positions, _faces(shape.counts, shape.corners)).mesh()


def _faces(counts: Any, corners: Any) -> list[tuple[int, ...]]:
    ends = np.cumsum(counts).tolist()
    return [tuple(corners[end - count : end].tolist()) for end, count in zip(ends, counts.tolist(), strict=True)]


def test_the_comparison_can_fail() -> None:
    theirs = trimesh.creation.box()
    surface = ours(surface_of(theirs).mesh())
    moved = surface.positions.copy()
    moved[0] += 1e-6
    with pytest.raises(AssertionError):
        check_beside_trimesh(Surface(moved, surface.faces).mesh(), theirs)
