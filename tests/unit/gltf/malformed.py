"""Files that are to be refused, each with the field that the refusal names."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.unit.gltf.files import TETRAHEDRON, Builder, pack, pack_raw

Change = Callable[[Builder], object]

NAN = np.array([*TETRAHEDRON[:3].tolist(), (0, np.nan, 1)], np.float32)
INFINITE = np.array([*TETRAHEDRON[:3].tolist(), (0, 0, -np.inf)], np.float32)
FAR = TETRAHEDRON * 2e6


def _set(*path: str | int, value: Any) -> Change:
    def change(builder: Builder) -> None:
        target: Any = builder.json
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


def _sparse(**changes: Any) -> Change:
    sparse = {
        "count": 1,
        "indices": {"bufferView": 1, "componentType": 5121},
        "values": {"bufferView": 0},
    }

    def change(builder: Builder) -> None:
        builder.json["accessors"][0]["sparse"] = {
            name: part | changes.get(name, {}) if isinstance(part, dict) else changes.get(name, part)
            for name, part in sparse.items()
        }

    return change


def _attribute(name: str, rows: Any, dtype: str = "<f4", **more: Any) -> Change:
    def change(builder: Builder) -> None:
        primitive = builder.json["meshes"][0]["primitives"][0]
        primitive["attributes"][name] = builder.accessor(rows, dtype, **more)

    return change


def _indices(rows: Any, dtype: str = "<u2", **more: Any) -> Change:
    def change(builder: Builder) -> None:
        builder.json["meshes"][0]["primitives"][0]["indices"] = builder.accessor(rows, dtype, **more)

    return change


def _compressed(name: str) -> Change:
    def change(builder: Builder) -> None:
        builder.json["meshes"][0]["primitives"][0]["extensions"] = {name: {}}
        del builder.json["accessors"][0]["bufferView"]

    return change


_VIEW, _ACCESSOR = ("bufferViews", 0), ("accessors", 0)
_PRIMITIVE = ("meshes", 0, "primitives", 0)

CHANGES: list[tuple[str, Change]] = [
    ("asset.version", _set("asset", "version", value="1.0")),
    ("asset.version", _set("asset", "version", value=None)),
    ("asset.version", _set("asset", "minVersion", value="2.1")),
    ("asset.generator", _set("asset", "generator", value=5)),
    ("asset", _set("asset", value=[])),
    ("extensionsRequired[0]", _set("extensionsRequired", value=["ACME_shapes"])),
    ("extensionsRequired[1]", _set("extensionsRequired", value=["KHR_materials_ior", 5])),
    ("extensionsRequired[0]", _set("extensionsRequired", value=["KHR_draco_mesh_compression"])),
    ("extensionsRequired[0]", _set("extensionsRequired", value=["EXT_meshopt_compression"])),
    ("extensionsRequired", _set("extensionsRequired", value="KHR_materials_ior")),
    ("meshes[0].primitives[0]", _compressed("KHR_draco_mesh_compression")),
    ("scene", _set("scene", value=-1)),
    ("scenes[7]", _set("scene", value=7)),
    ("scenes[0].nodes[0]", _set("scenes", 0, "nodes", value=["0"])),
    ("nodes[5]", _set("scenes", 0, "nodes", value=[5])),
    ("nodes[0]", _set("scenes", 0, "nodes", value=[0, 0])),
    ("nodes[0]", _set("nodes", 0, "children", value=[0])),
    ("nodes[0]", _set("nodes", 0, value="node")),
    ("nodes[0].mesh", _set("nodes", 0, "mesh", value=0.5)),
    ("meshes[9]", _set("nodes", 0, "mesh", value=9)),
    ("nodes[0].translation", _set("nodes", 0, "translation", value=[1, 2])),
    ("nodes[0].translation[1]", _set("nodes", 0, "translation", value=[1, "2", 3])),
    ("nodes[0].translation[0]", _set("nodes", 0, "translation", value=[10**400, 2, 3])),
    ("nodes[0]", _set("nodes", 0, "translation", value=[1e7, 0, 0])),
    ("nodes[0].rotation", _set("nodes", 0, "rotation", value=[0, 0, 0, 0])),
    ("nodes[0].matrix", _set("nodes", 0, "matrix", value=[1] * 15)),
    ("nodes[0].matrix", _set("nodes", 0, "matrix", value=[1] * 16)),
    (
        "meshes[0].primitives[0]",
        _set("nodes", 0, "matrix", value=[1e308] * 3 + [0] + [1e308] * 3 + [0] + [1e308] * 3 + [0, 0, 0, 0, 1]),
    ),
    ("nodes[0].name", _set("nodes", 0, "name", value=["name"])),
    ("nodes[0].extensions", _set("nodes", 0, "extensions", value=[])),
    ("meshes[0].primitives", _set("meshes", 0, "primitives", value={})),
    ("meshes[0].primitives[0].mode", _set(*_PRIMITIVE, "mode", value=7)),
    ("meshes[0].primitives[0].mode", _set(*_PRIMITIVE, "mode", value=True)),
    ("meshes[0].primitives[0].attributes", _set(*_PRIMITIVE, "attributes", value=0)),
    ("materials[0]", _set(*_PRIMITIVE, "material", value=0)),
    ("accessors[9]", _set(*_PRIMITIVE, "attributes", "POSITION", value=9)),
    ("accessors[9]", _set(*_PRIMITIVE, "indices", value=9)),
    ("accessors[0].type", _set(*_ACCESSOR, "type", value="VEC4")),
    ("accessors[0].type", _set(*_ACCESSOR, "type", value=3)),
    ("accessors[0].count", _set(*_ACCESSOR, "count", value=-4)),
    ("accessors[0].count", _set(*_ACCESSOR, "count", value=2**53)),
    ("accessors[0].count", _set(*_ACCESSOR, "count", value=10**9)),
    ("accessors[0]", _set(*_ACCESSOR, "count", value=5)),
    ("accessors[0]", _set(*_ACCESSOR, "byteOffset", value=4)),
    ("accessors[0].componentType", _set(*_ACCESSOR, "componentType", value=5124)),
    ("accessors[0].normalized", _set(*_ACCESSOR, "normalized", value=1)),
    ("accessors[0].bufferView", _set(*_ACCESSOR, "bufferView", value="0")),
    ("bufferViews[9]", _set(*_ACCESSOR, "bufferView", value=9)),
    ("bufferViews[0]", _set(*_VIEW, "byteLength", value=10**6)),
    ("bufferViews[0]", _set(*_VIEW, "byteOffset", value=10**6)),
    ("bufferViews[0].byteLength", _set(*_VIEW, "byteLength", value=None)),
    ("bufferViews[0].byteStride", _set(*_VIEW, "byteStride", value=8)),
    ("bufferViews[0].byteStride", _set(*_VIEW, "byteStride", value=256)),
    ("accessors[0]", _set(*_VIEW, "byteStride", value=16)),
    ("buffers[1]", _set(*_VIEW, "buffer", value=1)),
    ("accessors[2]", _indices([0, 1, 4])),
    ("accessors[2]", _indices([0, 1, 0xFFFFFFFF], "<u4")),
    ("accessors[2]", _indices([0, 1, 2], "<f4")),
    ("accessors[2]", _indices([0, 1, 2], "<i2")),
    ("accessors[2]", _indices([(0, 1, 2)])),
    ("accessors[2]", _attribute("POSITION", NAN)),
    ("accessors[2]", _attribute("POSITION", INFINITE)),
    ("accessors[2]", _attribute("NORMAL", NAN)),
    ("meshes[0].primitives[0]", _attribute("POSITION", FAR)),
    ("meshes[0].primitives[0].attributes.NORMAL", _attribute("NORMAL", TETRAHEDRON[:3])),
    ("accessors[2].type", _attribute("COLOR_0", TETRAHEDRON[:, :2])),
    ("accessors[0].sparse.count", _sparse(count=5)),
    ("accessors[0].sparse.indices", _sparse(indices={"bufferView": 0, "byteOffset": 15})),
    ("accessors[0].sparse.indices.componentType", _sparse(indices={"componentType": 5126})),
    ("accessors[0].sparse.values", _sparse(values={"bufferView": 1, "byteOffset": 20})),
    ("accessors[0].sparse.values.bufferView", _sparse(values={"bufferView": None})),
]


def changed(change: Change) -> bytes:
    """A good file after one change."""
    builder = Builder()
    builder.triangles()
    change(builder)
    return builder.glb()


def cycle() -> bytes:
    """Two nodes that hang under each other."""
    builder = Builder()
    builder.triangles(children=[1])
    builder.node(root=False, children=[0])
    return builder.glb()


def overflow() -> bytes:
    """Places that are finite each, and nowhere together."""
    builder = Builder()
    builder.triangles(scale=[1e200, 1, 1])
    builder.json["scenes"][0]["nodes"] = [builder.node(root=False, scale=[1e200, 1, 1], children=[0])]
    return builder.glb()


def materials(material: Any) -> bytes:
    """A file with one odd material."""
    builder = Builder()
    builder.triangles()["material"] = 0
    builder.json["materials"] = [material]
    return builder.glb()


GOOD = changed(lambda _: None)

RAW: list[tuple[str, bytes]] = [
    ("header", b""),
    ("header", b"glTF"),
    ("magic", b"PK\3\4" + bytes(20)),
    ("version", struct.pack("<4sII", b"glTF", 1, 12)),
    ("length", GOOD[:-4]),
    ("length", struct.pack("<4sII", b"glTF", 2, 4)),
    ("chunks[0]", struct.pack("<4sII", b"glTF", 2, 12)),
    ("chunks[0].length", struct.pack("<4sII", b"glTF", 2, 16) + bytes(4)),
    ("chunks[0].length", struct.pack("<4sIII4s", b"glTF", 2, 20, 4, b"JSON")),
    ("chunks[0]", struct.pack("<4sIII4s", b"glTF", 2, 24, 4, b"BIN\0") + bytes(4)),
    ("JSON", pack_raw(b"")),
    ("JSON", pack_raw(b"{")),
    ("JSON", pack_raw(b'{"asset": "\xff"}')),
    ("JSON", pack_raw(b'{"a": NaN}')),
    ("JSON", pack_raw(b'{"a": 1e999}')),
    ("JSON", pack_raw(b'{"a": 1' + b"0" * 10_000 + b"}")),
    ("JSON", pack_raw(b"[" * 100_000)),
    ("JSON", pack_raw(b'{"a":' * 100_000)),
    ("JSON", pack_raw(b"[1]")),
    ("JSON", pack_raw(b'{"a": [' + b"0," * 2_000_000 + b"0]}")),
    ("asset.version", pack({})),
    ("nodes[0]", cycle()),
    ("nodes[0]", overflow()),
    ("materials[0].alphaMode", materials({"alphaMode": "GLOW"})),
    ("materials[0].doubleSided", materials({"doubleSided": 1})),
    (
        "materials[0].pbrMetallicRoughness.baseColorFactor",
        materials({"pbrMetallicRoughness": {"baseColorFactor": [1]}}),
    ),
    ("materials[0].pbrMetallicRoughness.metallicFactor", materials({"pbrMetallicRoughness": {"metallicFactor": "1"}})),
]
