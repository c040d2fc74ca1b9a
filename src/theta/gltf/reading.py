"""A primitive's triangles out of a file: spec/gltf.md, GLTF-14."""

import numpy as np
from numpy.typing import NDArray

from theta.gltf.accessors import Accessors
from theta.gltf.digests import Drawn, Floats
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields

TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN = 4, 5, 6
COMPRESSIONS = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}


def read_primitive(primitive: Fields, accessors: Accessors, notes: list[str]) -> Drawn | None:
    """The triangles of a primitive; None when it has none, and then `notes` says why.

    Raises:
        GltfError: indices of no vertex, numbers that are not finite, or arrays that do not fit each other.
    """
    mode = primitive.integer("mode", TRIANGLES)
    if mode > TRIANGLE_FAN:
        raise GltfError(primitive.at("mode"), f"is {mode}, but must be from 0 to {TRIANGLE_FAN}")
    if mode < TRIANGLES:
        notes.append("Points and lines were left out: only faces are taken.")
        return None
    attributes = primitive.object("attributes")
    if not attributes.has("POSITION"):
        _refuse_compressed(primitive)
        notes.append("What has no positions was left out.")
        return None
    where = attributes.integer("POSITION")
    if not accessors.described(where).has("bufferView") and not accessors.described(where).has("sparse"):
        _refuse_compressed(primitive)
    listed = primitive.index("indices")
    points = accessors.count(where if listed is None else listed)
    accessors.charge_faces(primitive.path, points // 3 if mode == TRIANGLES else max(0, points - 2))
    positions = accessors.vectors(where, "VEC3")
    count = len(positions)
    order = np.arange(count) if listed is None else accessors.scalars(listed, count)
    if primitive.items("targets"):
        notes.append("Morph targets were left out: it stands as it was modelled.")
    colours = _of_vertices(attributes, "COLOR_0", accessors, count, "VEC3", "VEC4")
    if colours is not None and colours.shape[1] == 3:
        colours = np.concatenate((colours, np.ones((count, 1), np.float32)), axis=1)
    return Drawn(
        triangle_corners(mode, order),
        positions,
        _of_vertices(attributes, "NORMAL", accessors, count, "VEC3"),
        colours,
        _of_vertices(attributes, "TEXCOORD_0", accessors, count, "VEC2"),
    )


def triangle_corners(mode: int, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The vertices of the triangles, (3 T,), of a list, a strip or a fan (section 3.7.2.1); loose ends are left out."""
    if mode == TRIANGLES:
        return order[: len(order) // 3 * 3]
    first = np.arange(max(0, len(order) - 2))
    odd = first % 2 if mode == TRIANGLE_STRIP else np.zeros_like(first)
    apex = first if mode == TRIANGLE_STRIP else np.zeros_like(first)
    return order[np.stack((apex, first + 1 + odd, first + 2 - odd), axis=1).reshape(-1)]


def _of_vertices(attributes: Fields, name: str, accessors: Accessors, count: int, *types: str) -> Floats | None:
    if not attributes.has(name):
        return None
    rows = accessors.vectors(attributes.integer(name), *types)
    if len(rows) != count:
        raise GltfError(attributes.at(name), f"has {len(rows)} rows, but there are {count} positions")
    return rows


def _refuse_compressed(primitive: Fields) -> None:
    for name in primitive.object("extensions").values:
        if name in COMPRESSIONS:
            raise GltfError(primitive.path, f"is compressed with {COMPRESSIONS[name]} ({name}), which is not read here")
