"""What is drawn of a mesh: triangles with normals, colours and texture coordinates: spec/gltf.md, GLTF-2 … GLTF-4."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.gltf.digests import Drawn, Floats
from theta.gltf.glb import BinaryBuffer
from theta.gltf.materials import WHITE, linear_of_srgb, linear_of_srgb_array
from theta.gltf.placement import Vector3
from theta.mesh import CanonicalMesh
from theta.mesh.attributes import COLOUR, NORMAL, PAINTED, UV, AttributeKey, Domain
from theta.mesh.polygons import triangulate_loops, unit_normals

Doubles = NDArray[np.float64]

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def drawn_mesh(canonical: CanonicalMesh, colour: Vector3) -> tuple[Drawn, Vector3] | None:
    """A mesh's triangles and the linear base colour that belongs to them; None if no face has an area.

    Every corner is a vertex of its own, so that each face is lit flat. Where a face is painted the colour of the
    others is in COLOR_0 too, and the base colour is white: glTF multiplies the two.

    Args:
        canonical: the mesh.
        colour: of its material, sRGB.
    """
    counts = canonical.face_counts.astype(np.int64)
    corners = canonical.corners.astype(np.int64)
    normals = unit_normals(canonical.positions, counts, corners)
    shown = (normals != 0.0).any(axis=1)
    if not shown.any():
        return None
    points = canonical.positions[corners]
    triangles = triangulate_loops(points, counts, np.arange(len(corners)), normals)
    faces = np.repeat(np.arange(len(counts)), counts)
    kept: NDArray[np.int64] | slice = slice(None)
    if not shown.all():
        of_shown = np.repeat(shown, counts)
        kept = np.flatnonzero(of_shown)
        number = np.cumsum(of_shown) - 1
        triangles = number[triangles[np.repeat(shown, counts - 2)]]
    base = linear_of_srgb(colour[0]), linear_of_srgb(colour[1]), linear_of_srgb(colour[2])
    colours = _colours(canonical, faces, corners, base)
    uvs = _attribute(canonical, "corner", UV, 2)
    painted = _painted(canonical) is not None
    return Drawn(
        triangles.reshape(-1),
        points[kept].astype(np.float32),
        _normals(canonical, normals[faces])[kept].astype(np.float32),
        None if colours is None else np.clip(colours[kept], 0.0, 1.0).astype(np.float32),
        None if uvs is None else np.clip(uvs[kept], -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32),
    ), WHITE if painted else base


def _normals(canonical: CanonicalMesh, of_faces: Doubles) -> Doubles:
    """The corners' own normals where they have one, else their faces'."""
    own = _attribute(canonical, "corner", NORMAL, 3)
    if own is None:
        return of_faces
    # Dividing by the largest first keeps the squares inside float64's range.
    largest = np.abs(own).max(axis=1, initial=0.0, keepdims=True)
    own = own / np.where(largest == 0.0, 1.0, largest)
    x, y, z = own.T
    length = np.sqrt(x * x + y * y + z * z)[:, np.newaxis]
    return np.where(length == 0.0, of_faces, own / np.where(length == 0.0, 1.0, length))


def _colours(
    canonical: CanonicalMesh, faces: NDArray[np.int64], corners: NDArray[np.int64], base: Vector3
) -> Doubles | None:
    """COLOR_0 of every corner, (C, 4) linear with alpha; None where nothing has a colour of its own."""
    colours: Doubles | None = None
    painted = _painted(canonical)
    if painted is not None:
        srgb = _attribute(canonical, "face", COLOUR, 3)
        assert srgb is not None
        of_faces = np.ones((len(painted), 4))
        of_faces[:, :3] = np.where(painted[:, np.newaxis], linear_of_srgb_array(srgb), base)
        colours = of_faces[faces]
    own = _attribute(canonical, "vertex", COLOUR, 4)
    if own is not None:
        colours = own[corners] if colours is None else colours * own[corners]
    own = _attribute(canonical, "corner", COLOUR, 4)
    if own is not None:
        colours = own if colours is None else colours * own
    return colours


def _painted(canonical: CanonicalMesh) -> NDArray[np.bool_] | None:
    """Which faces have a colour of their own; None if none has."""
    painted = _attribute(canonical, "face", PAINTED, 1, "u1")
    if painted is None or not painted.any() or _attribute(canonical, "face", COLOUR, 3) is None:
        return None
    counts: NDArray[np.bool_] = painted[:, 0] != 0
    return counts


def _attribute(
    canonical: CanonicalMesh, domain: Domain, name: str, width: int, dtype: str = "f8"
) -> NDArray[Any] | None:
    """An attribute's rows, None if there is none of that type: anybody may give any name to anything."""
    rows = canonical.attributes.get(AttributeKey(domain, name))
    return rows if rows is not None and rows.dtype == np.dtype(dtype) and rows.shape[1] == width else None


def append_drawn(buffer: BinaryBuffer, drawn: Drawn) -> dict[str, Any]:
    """Append a primitive's arrays to the buffer; returns the primitive."""
    attributes = {"POSITION": buffer.append_vectors(drawn.positions, bounded=True)}
    rest: dict[str, Floats | None] = {"NORMAL": drawn.normals, "COLOR_0": drawn.colours, "TEXCOORD_0": drawn.uvs}
    attributes |= {name: buffer.append_vectors(rows) for name, rows in rest.items() if rows is not None}
    return {"attributes": attributes, "indices": buffer.append_indices(drawn.corners, len(drawn.positions))}
