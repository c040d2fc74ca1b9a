"""What other programs wrote stays, where it cannot point into the file."""

from typing import Any

import pytest

from tests.unit.gltf.files import Builder, unpack
from theta.base.identifiers import CommandName
from theta.base.limits import GLTF_KEPT_BYTES_MAX, GLTF_KEPT_DEPTH_MAX
from theta.gltf import EXTENSION, ImportedScene, export_glb, import_glb
from theta.gltf.building import numbered_mesh

MAKER = CommandName(3, 4)


def file_with(levels: dict[str, dict[str, Any]]) -> bytes:
    """A file with members added to its parts by name."""
    builder = Builder()
    primitive = builder.triangles()
    primitive["material"] = 0
    builder.json["materials"] = [{}]
    parts = {
        "node": builder.json["nodes"][0],
        "mesh": builder.json["meshes"][0],
        "material": builder.json["materials"][0],
        "scene": builder.json["scenes"][0],
        "asset": builder.json["asset"],
        "file": builder.json,
    }
    for name, members in levels.items():
        parts[name].update(members)
    return builder.glb()


def written_again(scene: ImportedScene) -> dict[str, Any]:
    entities = [found.exported(numbered_mesh(found.shape, MAKER)) for found in scene.entities]
    document, _ = unpack(export_glb(entities, "x", kept=scene.kept))
    parts = {
        "node": document["nodes"][0],
        "mesh": document["meshes"][0],
        "material": document["materials"][0],
        "scene": document["scenes"][0],
        "asset": document["asset"],
        "file": document,
    }
    return parts


LEVELS = ("node", "mesh", "material", "scene", "asset", "file")


@pytest.mark.parametrize("level", LEVELS)
def test_gltf_17_extensions_without_whole_numbers_come_back(level: str) -> None:
    value = {"a": [0.5, "1", None, True, {"b": {}}], "c": 1.25}
    scene = import_glb(file_with({level: {"extensions": {"ACME_thing": value}}}))
    parts = written_again(scene)
    assert parts[level]["extensions"]["ACME_thing"] == value
    assert "ACME_thing" in parts["file"]["extensionsUsed"]
    assert scene.notes == scene.entities[0].notes == ()
    again = import_glb(export_glb([found.exported(numbered_mesh(found.shape, MAKER)) for found in scene.entities], "x"))
    assert again.entities[0].origin == "exact"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("value", [{"light": 0}, [[2.0]], 7, {"a": {"b": [10**30]}}])
def test_gltf_17_extensions_that_may_hold_an_index_are_told_of(level: str, value: Any) -> None:
    scene = import_glb(file_with({level: {"extensions": {"ACME_thing": value}}}))
    parts = written_again(scene)
    assert "ACME_thing" not in parts[level].get("extensions", {})
    told = [*scene.notes, *scene.entities[0].notes]
    assert told == ["The extension ACME_thing was left out, since it may point into the file."]


def test_gltf_17_factors_of_materials_come_back_without_their_textures() -> None:
    extensions = {
        "KHR_materials_emissive_strength": {"emissiveStrength": 5},
        "KHR_materials_unlit": {},
        "KHR_materials_clearcoat": {"clearcoatFactor": 1, "clearcoatTexture": {"index": 3}},
    }
    parts = written_again(import_glb(file_with({"material": {"extensions": extensions}})))
    assert parts["material"]["extensions"] == extensions | {"KHR_materials_clearcoat": {"clearcoatFactor": 1}}
    assert parts["file"]["extensionsUsed"] == sorted([EXTENSION, *extensions])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "extras", [{"level": 3, "tags": ["a", 1], "nested": {"count": [1, 2]}}, [1, 2, 3], "text", 7, 0.5, False]
)
def test_gltf_18_extras_come_back(level: str, extras: Any) -> None:
    parts = written_again(import_glb(file_with({level: {"extras": extras}})))
    found = parts[level]["extras"]
    if level == "mesh" and isinstance(extras, dict):
        assert len(found.pop(EXTENSION)) == 64
    assert found == extras


@pytest.mark.parametrize(
    "extras", [{"node": 3}, {"a": [{"texture_index": 1}]}, {"bufferViews": [1, 2]}, {"Meshes": {"a": 2.0}}]
)
def test_gltf_18_extras_that_name_an_index_are_told_of(extras: Any) -> None:
    scene = import_glb(file_with({"node": {"extras": extras}}))
    assert "extras" not in written_again(scene)["node"]
    assert scene.entities[0].notes == ("The extras of nodes[0] were left out, since they may point into the file.",)


def nested(depth: int) -> Any:
    value: Any = 0.5
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (nested(GLTF_KEPT_DEPTH_MAX), True),
        (nested(GLTF_KEPT_DEPTH_MAX + 1), False),
        ("x" * (GLTF_KEPT_BYTES_MAX - 2), True),
        ("x" * (GLTF_KEPT_BYTES_MAX - 1), False),
    ],
)
def test_gltf_18_what_is_kept_has_limits(value: Any, kept: bool) -> None:
    scene = import_glb(file_with({"asset": {"extras": value}, "file": {"extensions": {"ACME_thing": value}}}))
    assert (scene.kept.asset.extras == value) is kept
    assert (scene.kept.file.extensions == {"ACME_thing": value}) is kept
    assert len(scene.notes) == (0 if kept else 2)
