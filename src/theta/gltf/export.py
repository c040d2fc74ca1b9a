"""Entities to a glTF 2.0 scene: a node each, flat-shaded triangles, metallic-roughness materials.

glTF's space is ours: right-handed, +y up, metres, rotations as unit quaternions (x, y, z, w).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.gltf.glb import BinaryBuffer, write_glb
from theta.mesh import Mesh, face_normals, triangulate

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
MaterialKey = tuple[Vector3, float, float]


@dataclass(frozen=True)
class ExportedEntity:
    """An entity as it is written.

    Attributes:
        name: any text; need not be unique.
        translation: metres.
        rotation: quaternion x, y, z, w; need not be exactly of unit length.
        scale: factors.
        colour: sRGB in [0, 1], as picked on a screen.
        metallic: in [0, 1].
        roughness: in [0, 1].
        mesh: in the entity's own space, metres.
    """

    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3
    colour: Vector3
    metallic: float
    roughness: float
    mesh: Mesh


def export_glb(entities: Sequence[ExportedEntity], generator: str) -> bytes:
    """A binary glTF 2.0 file with one scene; the same entities give the same bytes.

    Faces without area are left out, since they have no normal; an entity without any other face is a node without a
    mesh. Equal materials are written once.

    Args:
        entities: in the order of the scene's nodes.
        generator: what made the file, for example "Theta 0.1.0".

    Raises:
        InvalidValue: a number that is not finite or out of its limits, a rotation of length zero, or a file too large.
    """
    buffer = BinaryBuffer()
    nodes: list[dict[str, Any]] = []
    meshes: list[dict[str, Any]] = []
    materials: dict[MaterialKey, int] = {}
    for entity in entities:
        node = _node(entity)
        primitive = _append_triangles(buffer, entity.mesh)
        if primitive is not None:
            material: MaterialKey = (entity.colour, entity.metallic, entity.roughness)
            primitive["material"] = materials.setdefault(material, len(materials))
            node["mesh"] = len(meshes)
            meshes.append({"name": entity.name, "primitives": [primitive]})
        nodes.append(node)
    binary = buffer.to_bytes()
    parts: dict[str, list[Any]] = {
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_material(key) for key in materials],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(binary)}] if binary else [],
    }
    scene = {"nodes": list(range(len(nodes)))} if nodes else {}
    document = {"asset": {"version": "2.0", "generator": generator}, "scene": 0, "scenes": [scene]}
    # glTF has no empty arrays: what there is none of is left out.
    return write_glb(document | {name: part for name, part in parts.items() if part}, binary)


def linear_of_srgb(value: float) -> float:
    """A colour channel in [0, 1] from sRGB to linear light: IEC 61966-2-1. Never used in what is replayed."""
    linear: float = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    return linear


def _node(entity: ExportedEntity) -> dict[str, Any]:
    for field in ("translation", "rotation", "scale"):
        for number in getattr(entity, field):
            if not isfinite(number):
                raise InvalidValue(field, number, "finite")
    shares = (*(("colour", channel) for channel in entity.colour), ("metallic", entity.metallic))
    for field, number in (*shares, ("roughness", entity.roughness)):
        if not 0.0 <= number <= 1.0:
            raise InvalidValue(field, number, "in [0, 1]")
    return {
        "name": entity.name,
        "translation": entity.translation,
        "rotation": _unit(entity.rotation),
        "scale": entity.scale,
    }


def _unit(rotation: Quaternion) -> list[float]:
    """The rotation at unit length, rounded to float32: what most programs keep it in."""
    largest = max(abs(number) for number in rotation)
    if largest == 0.0:
        raise InvalidValue("rotation", rotation, "of a length other than 0")
    # Dividing by the largest first keeps the squares inside float64's range.
    x, y, z, w = (number / largest for number in rotation)
    length = sqrt(x * x + y * y + z * z + w * w)
    rounded = np.array((x / length, y / length, z / length, w / length), np.float32)
    numbers: list[float] = rounded.tolist()
    return numbers


def _append_triangles(buffer: BinaryBuffer, mesh: Mesh) -> dict[str, Any] | None:
    """The mesh's primitive, with vertices of its own for every face, so that each is lit flat; None without a face."""
    triangles, normals = triangulate(mesh), face_normals(mesh)
    has_normal: NDArray[np.bool_] = (normals != 0.0).any(axis=1)
    shown = has_normal[triangles.faces]
    if not shown.any():
        return None
    faces = triangles.faces[shown].astype(np.int64)
    corners = triangles.corners[shown].astype(np.int64)
    # A vertex for each different pair of face and corner, numbered in ascending order.
    pairs = faces[:, np.newaxis] * len(triangles.positions) + corners
    pairs, indices = np.unique(pairs.reshape(-1), return_inverse=True)
    vertex_faces, vertex_corners = np.divmod(pairs, len(triangles.positions))
    attributes = {
        "POSITION": buffer.append_vectors(triangles.positions[vertex_corners], bounded=True),
        "NORMAL": buffer.append_vectors(normals[vertex_faces]),
    }
    return {"attributes": attributes, "indices": buffer.append_indices(indices, len(pairs))}


def _material(key: MaterialKey) -> dict[str, Any]:
    colour, metallic, roughness = key
    return {
        "pbrMetallicRoughness": {
            "baseColorFactor": [*(linear_of_srgb(value) for value in colour), 1.0],
            "metallicFactor": metallic,
            "roughnessFactor": roughness,
        },
        # As the page shows it: an open surface can be seen from behind.
        "doubleSided": True,
    }
