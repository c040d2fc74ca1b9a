"""Surfaces as plain arrays, so that ours and other libraries' can be held against each other."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import compas.datastructures
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from theta.base.identifiers import CommandName
from theta.mesh import Mesh, Polygons, canonical_mesh, triangulate
from theta.mesh.imported import build_numbered
from theta.mesh.separate import separate_and_link

MAKER = CommandName(0x7E57, 1)
ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "web" / "node_modules" / "@webxr-input-profiles" / "assets" / "dist" / "profiles"
SAMPLES = Path(compas.__file__).parent / "data" / "samples"


class Surface(NamedTuple):
    """`positions` (V, 3) float64, and each face's loop of indices."""

    positions: NDArray[np.float64]
    faces: list[tuple[int, ...]]

    def polygons(self) -> Polygons:
        """The same as the asset that a mesh is made of."""
        counts = np.array([len(face) for face in self.faces], np.int64)
        corners = np.array([corner for face in self.faces for corner in face], np.int64)
        return Polygons(np.ascontiguousarray(self.positions, np.float64) + 0.0, counts, corners)

    def mesh(self) -> Mesh:
        """Ours, separated where these are no mesh (MESH-22)."""
        return build_numbered(separate_and_link(self.polygons()), MAKER)


def ours(mesh: Mesh) -> Surface:
    """A mesh of ours."""
    canonical = canonical_mesh(mesh)
    return Surface(canonical.positions, list(_loops(canonical.face_counts.tolist(), canonical.corners.tolist())))


def of_arrays(positions: Any, faces: Any) -> Surface:
    """What trimesh's functions give."""
    return Surface(np.array(positions, np.float64), [tuple(face) for face in np.asarray(faces).tolist()])


def of_compas(mesh: Any) -> Surface:
    """A compas mesh, its keys numbered."""
    number = {key: at for at, key in enumerate(mesh.vertices())}
    positions = np.array([mesh.vertex_coordinates(key) for key in mesh.vertices()], np.float64).reshape(-1, 3)
    return Surface(positions, [tuple(number[key] for key in mesh.face_vertices(face)) for face in mesh.faces()])


def to_compas(surface: Surface) -> Any:
    """The same in compas."""
    return compas.datastructures.Mesh.from_vertices_and_faces(surface.positions.tolist(), surface.faces)


def to_trimesh(mesh: Mesh) -> Any:
    """A mesh of ours, triangulated (MESH-15), as trimesh takes it."""
    triangles = triangulate(mesh)
    return trimesh.Trimesh(triangles.positions, triangles.corners.astype(np.int64), process=False, validate=False)


def joined(positions: Any, faces: Any) -> Surface:
    """Triangles with vertices at exactly the same place joined, and unused ones left out."""
    used, corners = np.unique(np.asarray(faces).reshape(-1), return_inverse=True)
    points, number = np.unique(np.asarray(positions, np.float64)[used] + 0.0, axis=0, return_inverse=True)
    return of_arrays(points, number.reshape(-1)[corners].reshape(-1, 3))


def controller(name: str) -> Path:
    """The file of one of the controllers that the page shows in a headset."""
    path = PROFILES / f"{name}.glb"
    if not path.exists():
        pytest.fail("web/node_modules has no @webxr-input-profiles/assets: run make setup")
    return path


def loaded(path: Path) -> Any:
    """What trimesh reads, every node in its place, without pictures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return trimesh.load_scene(path, process=False, skip_materials=True).to_mesh()


def surface_of(theirs: Any) -> Surface:
    """What trimesh has, its vertices joined."""
    return joined(theirs.vertices, theirs.faces)


def matched(surface: Surface, other: Surface, tolerance: float) -> NDArray[np.int64]:
    """For each vertex of `surface` the one of `other` at the same place; fails unless that is one to one."""
    assert len(surface.positions) == len(other.positions)
    distances, places = cKDTree(other.positions).query(surface.positions)
    assert float(distances.max(initial=0.0)) <= tolerance
    assert len(np.unique(places)) == len(places)
    result: NDArray[np.int64] = places.astype(np.int64)
    return result


def face_set(faces: Sequence[tuple[int, ...]], number: NDArray[np.int64] | None = None) -> set[tuple[int, ...]]:
    """Faces as loops from their lowest vertex, the vertices renumbered."""
    renumbered = [face if number is None else tuple(number[list(face)].tolist()) for face in faces]
    return {face[face.index(min(face)) :] + face[: face.index(min(face))] for face in renumbered}


def assert_same(surface: Surface, other: Surface, tolerance: float) -> None:
    """The same points within a distance in metres, and the same faces, turned the same way."""
    number = matched(surface, other, tolerance)
    assert face_set(surface.faces, number) == face_set(other.faces)


def _loops(counts: list[int], corners: list[int]) -> Iterator[tuple[int, ...]]:
    begin = 0
    for count in counts:
        yield tuple(corners[begin : begin + count])
        begin += count
