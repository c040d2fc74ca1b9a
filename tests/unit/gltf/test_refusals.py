"""What is refused, and that nothing else goes wrong whatever the bytes."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.gltf_import import read_anything, seeds
from tests.unit.gltf.files import TETRAHEDRON, Builder, pack, pack_raw, unpack
from tests.unit.gltf.malformed import CHANGES, GOOD, RAW, Change, changed
from theta.base.errors import UsageError
from theta.base.limits import IMPORT_NOTES_MAX
from theta.gltf import GltfError, ModelError, accessors, container, import_glb, import_gltf, importing

SEEDS = seeds()


@pytest.mark.parametrize(("field", "data"), RAW, ids=[f"{at} {field}" for at, (field, _) in enumerate(RAW)])
def test_gltf_20_what_is_no_file_is_refused(field: str, data: bytes) -> None:
    with pytest.raises(GltfError) as caught:
        import_glb(data)
    assert caught.value.field == field, caught.value


@pytest.mark.parametrize(("field", "change"), CHANGES, ids=[f"{at} {field}" for at, (field, _) in enumerate(CHANGES)])
def test_gltf_20_a_refusal_names_the_field(field: str, change: Change) -> None:
    with pytest.raises(GltfError) as caught:
        import_glb(changed(change))
    assert caught.value.field == field, caught.value
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["KHR_draco_mesh_compression", "EXT_meshopt_compression", "ACME_shapes"])
def test_gltf_19_required_extensions_are_named(name: str) -> None:
    builder = Builder()
    builder.triangles()
    builder.json["extensionsRequired"] = [name]
    with pytest.raises(GltfError, match=name):
        import_glb(builder.glb())
    builder.json["extensionsUsed"] = builder.json.pop("extensionsRequired")
    assert len(import_glb(builder.glb()).entities) == 1


def test_gltf_19_extensions_that_change_nothing_may_be_required() -> None:
    builder = Builder()
    builder.triangles()
    builder.json["extensionsRequired"] = ["KHR_mesh_quantization", "KHR_texture_basisu", "KHR_materials_unlit"]
    assert len(import_glb(builder.glb()).entities) == 1


def test_gltf_20_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder()
    builder.triangles()
    builder.triangles()
    for module, name, value, field in (
        (container, "IMPORT_FILE_BYTES_MAX", 1_000, "size"),
        (container, "GLTF_JSON_VALUES_MAX", 50, "JSON"),
        (accessors, "GLTF_NUMBERS_MAX", 30, "accessors"),
        (importing, "IMPORT_FACES_MAX", 7, "meshes[1]"),
        (importing, "IMPORT_ENTITIES_MAX", 1, "nodes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            with pytest.raises(GltfError) as caught:
                import_glb(builder.glb())
            assert caught.value.field.startswith(field), caught.value
    assert len(import_glb(builder.glb()).entities) == 2


def test_gltf_20_buffers_of_a_json_file() -> None:
    builder = Builder()
    builder.triangles()
    for uri, field in (
        ("data:application/gltf-buffer;base64,!!!", "uri"),
        ("data:text/plain,abc", "uri"),
        ("data:;base64", "uri"),
        ("data:;base64,AAAA", "byteLength"),
        ("elsewhere.bin", "uri"),
        ("%zz%41", "uri"),
    ):
        with pytest.raises(GltfError) as caught:
            import_gltf(builder.gltf(uri))
        assert caught.value.field == f"buffers[0].{field}"
    with pytest.raises(GltfError, match="byteLength"):
        import_gltf(builder.gltf("a.bin"), {"a.bin": builder.binary[:-1]})
    document = json.loads(builder.gltf())
    del document["buffers"][0]["uri"]
    with pytest.raises(GltfError, match="no binary chunk"):
        import_gltf(json.dumps(document).encode())
    assert len(import_gltf(builder.gltf("%41.bin"), {"A.bin": builder.binary}).entities) == 1


def test_gltf_20_aliased_arrays_do_not_multiply_work() -> None:
    builder = Builder()
    builder.triangles(np.zeros((50_000, 3)))
    accessor = builder.json["accessors"][0]
    builder.json["accessors"] += [accessor] * 1_000
    primitive: dict[str, Any] = builder.json["meshes"][0]["primitives"][0]
    builder.json["meshes"][0]["primitives"] = [
        {"attributes": {"POSITION": at}, "indices": primitive["indices"]} for at in range(2, 1_002)
    ]
    with pytest.raises(GltfError, match="numbers to read"):
        import_glb(builder.glb())


def test_gltf_20_instances_of_many_primitives_do_not_multiply_work() -> None:
    builder = Builder()
    line = builder.triangles() | {"mode": 1}
    builder.json["meshes"][0]["primitives"] = [line] * 20_000
    builder.json["nodes"] = [{"mesh": 0}] * 20_000
    builder.json["scenes"] = [{"nodes": list(range(20_000))}]
    scene = import_glb(builder.glb())
    assert scene.entities == ()


def test_gltf_20_faces_are_counted_before_they_are_read() -> None:
    builder = Builder()
    primitive = builder.triangles()
    primitive["indices"] = builder.accessor(np.zeros(3_000_003), "u1")
    with pytest.raises(GltfError, match="more than 1000000 faces"):
        import_glb(builder.glb())


def test_gltf_20_notes_have_a_limit() -> None:
    builder = Builder()
    builder.triangles(extensions={f"ACME_{number}": 1 for number in range(150)})
    notes = import_glb(builder.glb()).entities[0].notes
    assert len(notes) == IMPORT_NOTES_MAX
    assert notes[-1] == "And 51 more."


def test_gltf_20_long_chains_of_nodes_are_no_trouble() -> None:
    builder = Builder()
    builder.triangles()
    builder.json["nodes"] = [{"children": [at + 1], "translation": [0, 0, 1]} for at in range(20_000)] + [{"mesh": 0}]
    builder.json["scenes"] = [{"nodes": [0]}]
    (entity,) = import_glb(builder.glb()).entities
    assert entity.translation == (0, 0, 20_000)


def test_gltf_20_bytes_after_the_end_are_passed_over_and_told() -> None:
    scene = import_glb(GOOD + b"12345")
    assert scene.notes == ("5 bytes after its end were passed over.",)
    assert len(scene.entities) == 1


def test_refusals_are_the_callers_to_handle() -> None:
    assert issubclass(GltfError, ModelError)
    assert issubclass(ModelError, UsageError)
    assert len(TETRAHEDRON) == 4


@given(st.sampled_from(SEEDS), st.data())
def test_gltf_20_any_bytes_changed_give_a_scene_or_a_refusal(seed: bytes, data: st.DataObject) -> None:
    raw = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 8), "changes")):
        at = data.draw(st.integers(0, len(raw) - 1), "at")
        raw[at] = data.draw(st.integers(0, 255), "byte")
    read_anything(bytes(raw[: data.draw(st.integers(len(raw) // 2, len(raw)), "length")]))


_NUMBERS = st.one_of(
    st.integers(-2, 40), st.sampled_from([2**31, 2**32 - 1, 2**53, -(2**63), 10**30]), st.floats(allow_nan=False)
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS.filter(lambda n: abs(n) != float("inf")), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=6,
)


@given(st.sampled_from([seed for seed in SEEDS if seed[:4] == b"glTF"]), st.data())
def test_gltf_20_any_json_changed_gives_a_scene_or_a_refusal(seed: bytes, data: st.DataObject) -> None:
    document, binary = unpack(seed)
    for _ in range(data.draw(st.integers(1, 4), "changes")):
        target: Any = document
        while True:
            keys = list(target) if isinstance(target, dict) else list(range(len(target)))
            key = data.draw(st.sampled_from(keys), "key")
            inner = target[key]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5), "stop") == 0:
                break
            target = inner
        target[key] = data.draw(_VALUES, "value")
    read_anything(pack(document, binary))


def test_gltf_20_every_cut_of_a_file_is_refused_or_read() -> None:
    for seed in SEEDS:
        for length in range(0, len(seed), max(1, len(seed) // 97)):
            read_anything(seed[:length])
    read_anything(pack_raw(b'{"asset":{"version":"2.0"}}'))
