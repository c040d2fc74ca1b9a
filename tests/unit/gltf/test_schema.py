"""The JSON Schema of the extension against what is written."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.gltf.files import unpack
from tests.unit.gltf.scenes import HEAD, scenes
from theta.gltf import EXTENSION, export_glb

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[3] / "spec" / "THETA_mesh_topology.schema.json").read_text(encoding="utf-8")
)
SCENES = scenes()


def validator_of(part: str) -> jsonschema.Draft202012Validator:
    schema = SCHEMA | {"$ref": f"#/$defs/{part}"}
    del schema["anyOf"]
    return jsonschema.Draft202012Validator(schema)


def written(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the extension in a file, with the kind of object that it is on."""
    document, _ = unpack(export_glb(SCENES[name], "x", head=HEAD))
    for part, field in (("node", "nodes"), ("mesh", "meshes"), ("scene", "scenes")):
        for owner in document.get(field, []):
            yield part, owner["extensions"][EXTENSION]


@pytest.mark.parametrize("name", SCENES)
def test_gltf_5_what_is_written_is_valid_by_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = list(written(name))
    assert {part for part, _ in found} >= {"scene"}
    for part, value in found:
        validator_of(part).validate(value)
        jsonschema.Draft202012Validator(SCHEMA).validate(value)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.pop("payloadDigest"),
        lambda value: value.update(version=2),
        lambda value: value.update(payloadDigest="A" * 64),
        lambda value: value.update(more=1),
        lambda value: value["vertices"].pop("positions"),
        lambda value: value["edges"].update(ids=-1),
        lambda value: value["corners"].update(count=1.5),
        lambda value: value["attributes"][0].update(width=5),
        lambda value: value["attributes"][0].update(name="Ä"),
    ],
)
def test_gltf_5_the_schema_finds_faults(change: Callable[[dict[str, Any]], object]) -> None:
    value = copy.deepcopy(dict(written("painted"))["mesh"])
    validator_of("mesh").validate(value)
    change(value)
    assert not validator_of("mesh").is_valid(value)
