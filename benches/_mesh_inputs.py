"""The same surfaces in ours and in the peers' hands."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.identifiers import CommandName
from theta.mesh import Mesh, canonical_mesh
from theta.mesh.shapes import ShapeParameters, build_shape

SEED = 20260817
ACTOR = 0xBE7C
RADIUS = 1.0


def command(number: int) -> CommandName:
    """A command of the benchmark's only actor."""
    return CommandName(ACTOR, number)


def icosphere(levels: int) -> Mesh:
    """20 · 4^levels triangles: 5,120 at 4, 20,480 at 5, 81,920 at 6."""
    return build_shape(ShapeParameters("icosphere", 2.0 * RADIUS, levels=levels), command(1))


def torus(segments: int, rings: int) -> Mesh:
    """segments · rings quads, closed."""
    return build_shape(ShapeParameters("torus", 2.0 * RADIUS, segments=segments, rings=rings, tube=0.4), command(1))


def twenty_thousand_faces() -> Mesh:
    """200 × 100 quads."""
    return torus(200, 100)


def arrays(mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions (V, 3), and corners (F, n) of a mesh whose faces have all as many."""
    canonical = canonical_mesh(mesh)
    return canonical.positions, canonical.corners.astype(np.int64).reshape(len(canonical.face_counts), -1)


def compas_mesh(mesh: Mesh) -> Any:
    """The same in compas."""
    from compas.datastructures import Mesh as CompasMesh

    positions, faces = arrays(mesh)
    return CompasMesh.from_vertices_and_faces(positions.tolist(), faces.tolist())


def openmesh() -> Any | None:
    """The module, or None where it is not installed: it has no wheels, and building it takes minutes."""
    try:
        import openmesh as found
    except ImportError:
        return None
    return found


def shuffled(rows: Sequence[Any], count: int) -> list[Any]:
    """Different ones from all over, the same in every run."""
    return random.Random(SEED).sample(list(rows), count)


def apart(faces: Sequence[Any], around: Callable[[Any], Sequence[Any]], count: int) -> list[Any]:
    """Different faces from all over, no two with a vertex in common."""
    taken: set[Any] = set()
    found = []
    for face in shuffled(faces, len(faces)):
        corners = set(around(face))
        if not corners & taken:
            taken |= corners
            found.append(face)
        if len(found) == count:
            return found
    raise ValueError(f"only {len(found)} faces lie apart")
