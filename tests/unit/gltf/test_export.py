import math
from typing import Any

import numpy as np
import pytest

from tests.unit.gltf.entities import CUBE, MAKER, PLAIN, entity, grid, mesh_from
from tests.unit.gltf.reader import Glb
from theta.base.errors import InvalidValue
from theta.gltf import ExportedEntity, export_glb, glb
from theta.gltf.export import linear_of_srgb
from theta.mesh import Mesh, build_primitive


def export(*entities: ExportedEntity) -> Glb:
    """What every program reads; tests/unit/gltf/test_topology.py has the rest."""
    return Glb(export_glb(entities, "Theta test", topology=False))


def test_an_empty_document_is_an_empty_scene() -> None:
    read = export()
    assert read.json == {"asset": {"version": "2.0", "generator": "Theta test"}, "scene": 0, "scenes": [{}]}
    assert read.kinds == [b"JSON"]


def test_gltf_1_an_entity_is_a_node_with_its_name_and_placement() -> None:
    read = export(PLAIN, entity(name='Würfel \N{SNOWMAN} "<&\n', scale=(2.0, 0.5, 1e-6)))
    first, second = read.json["nodes"]
    assert first == {
        "name": "Cube",
        "translation": [1.0, 2.0, -3.5],
        "rotation": [0.0, 0.0, 0.0, 1.0],
        "scale": [1.0, 1.0, 1.0],
        "mesh": 0,
    }
    assert (second["name"], second["scale"], second["mesh"]) == ('Würfel \N{SNOWMAN} "<&\n', [2.0, 0.5, 1e-6], 1)
    assert read.json["scenes"] == [{"nodes": [0, 1]}]
    assert read.kinds == [b"JSON", b"BIN\0"]
    assert read.json["buffers"] == [{"byteLength": len(read.binary)}]


def test_a_cube_is_twelve_flat_triangles_that_face_outwards() -> None:
    positions, normals, triangles = export(PLAIN).primitive(0)
    assert (positions.shape, normals.shape, triangles.shape) == ((24, 3), (24, 3), (12, 3))
    assert np.abs(positions).tolist() == np.ones((24, 3)).tolist()
    area = 0.0
    for triangle in triangles:
        a, b, c = positions[triangle]
        cross = np.cross(b - a, c - a)
        area += float(np.linalg.norm(cross)) / 2
        flat = normals[triangle]
        assert (flat == flat[0]).all()
        assert np.allclose(cross / np.linalg.norm(cross), flat[0])
        assert np.dot(flat[0], a) == 1.0
    assert area == 24.0


def test_positions_have_bounds_of_the_rounded_numbers() -> None:
    read = export(entity(mesh=build_primitive("pyramid", 0.1, MAKER)))
    positions, _, _ = read.primitive(0)
    accessor = read.json["accessors"][read.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    assert accessor["min"] == positions.min(axis=0).tolist() == [-float(np.float32(0.05))] * 3
    assert accessor["max"] == positions.max(axis=0).tolist() == [float(np.float32(0.05))] * 3
    targets = [view["target"] for view in read.json["bufferViews"]]
    assert targets == [34962, 34962, 34963]


def test_a_concave_face_is_covered_once() -> None:
    outline = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)]
    mesh = mesh_from([(x, y, 0.0) for x, y in outline], [range(5)])
    positions, normals, triangles = export(entity(mesh=mesh)).primitive(0)
    areas = [np.cross(positions[b] - positions[a], positions[c] - positions[a])[2] / 2 for a, b, c in triangles]
    assert all(area > 0 for area in areas)
    assert sum(areas) == 10.0
    assert len(positions) == 5
    assert normals.tolist() == [[0.0, 0.0, 1.0]] * 5


def test_gltf_2_faces_without_area_are_left_out() -> None:
    positions = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    half = mesh_from(positions, [(0, 2, 1), (0, 1, 3)])
    flat = mesh_from(positions[:3], [(0, 1, 2)])
    read = export(entity(mesh=half), entity(mesh=flat, name="flat"), entity(mesh=Mesh(), name="empty"))
    _, normals, triangles = read.primitive(0)
    assert triangles.tolist() == [[0, 1, 2]]
    assert normals.tolist() == [[0.0, 0.0, 1.0]] * 3
    assert ["mesh" in node for node in read.json["nodes"]] == [True, False, False]
    assert len(read.json["meshes"]) == len(read.json["materials"]) == 1


def test_nodes_alone_need_no_buffer() -> None:
    read = export(entity(mesh=Mesh()))
    assert sorted(read.json) == ["asset", "nodes", "scene", "scenes"]
    assert read.kinds == [b"JSON"]


def test_indices_are_as_wide_as_they_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow, wide = grid(127, 128), grid(128, 128)
    read = export(entity(mesh=narrow), entity(mesh=wide))
    kinds = [read.json["accessors"][mesh["primitives"][0]["indices"]]["componentType"] for mesh in read.json["meshes"]]
    assert kinds == [5123, 5125]
    for mesh, faces in ((0, 127 * 128), (1, 128 * 128)):
        positions, _, triangles = read.primitive(mesh)
        assert len(positions) == 4 * faces
        assert len(triangles) == 2 * faces
        assert np.array_equal(np.unique(triangles), np.arange(4 * faces))
    monkeypatch.setattr(glb, "UNSIGNED_SHORT_VERTICES_MAX", 24)
    for count, kind in ((24, 5123), (25, 5125)):
        buffer = glb.BinaryBuffer()
        buffer.append_indices(np.arange(3), count)
        assert buffer.accessors[0]["componentType"] == kind


def test_odd_numbers_of_short_indices_are_padded() -> None:
    triangle = mesh_from([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)], [(0, 1, 2)])
    read = export(entity(mesh=triangle), entity(mesh=triangle))
    assert [view["byteLength"] for view in read.json["bufferViews"]] == [36, 36, 6, 36, 36, 6]
    assert [view["byteOffset"] for view in read.json["bufferViews"]] == [0, 36, 72, 80, 116, 152]
    assert len(read.binary) == 160
    assert read.primitive(1)[2].tolist() == [[0, 1, 2]]


def test_colours_are_written_in_linear_light() -> None:
    (material,) = export(PLAIN).json["materials"]
    pbr = material["pbrMetallicRoughness"]
    assert pbr["baseColorFactor"] == pytest.approx([1.0, 0.21404114, 0.0, 1.0], abs=1e-7)
    assert (pbr["metallicFactor"], pbr["roughnessFactor"]) == (0.25, 0.75)
    assert material["doubleSided"] is True


@pytest.mark.parametrize(
    ("srgb", "linear"), [(0.0, 0.0), (1.0, 1.0), (0.04045, 0.0031308), (0.0404500001, 0.0031308), (0.5, 0.2140411)]
)
def test_the_srgb_curve(srgb: float, linear: float) -> None:
    assert linear_of_srgb(srgb) == pytest.approx(linear, abs=1e-7)


def test_equal_materials_are_written_once() -> None:
    read = export(PLAIN, entity(colour=(0.0, 0.0, 1.0)), PLAIN, entity(roughness=0.5))
    assert [mesh["primitives"][0]["material"] for mesh in read.json["meshes"]] == [0, 1, 0, 2]
    assert len(read.json["materials"]) == 3


@pytest.mark.parametrize(
    "rotation", [(0.0, 0.0, 0.0, 2.0), (1.0, 1.0, 1.0, 1.0), (1e-300, 0.0, -1e-300, 0.0), (1e200, 2e200, 0.0, 1.0)]
)
def test_rotations_are_written_at_unit_length(rotation: tuple[float, float, float, float]) -> None:
    written = export(entity(rotation=rotation)).json["nodes"][0]["rotation"]
    assert math.hypot(*written) == pytest.approx(1.0, abs=1e-7)
    assert written == [float(np.float32(number)) for number in written]
    assert [math.copysign(1.0, number) for number in written] == [math.copysign(1.0, number) for number in rotation]


def test_the_same_entities_give_the_same_bytes() -> None:
    entities = [PLAIN, entity(mesh=grid(3, 2))]
    assert export_glb(entities, "x") == export_glb(list(entities), "x")
    assert CUBE.face_count == 6


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"translation": (0.0, math.nan, 0.0)}, "translation"),
        ({"scale": (math.inf, 1.0, 1.0)}, "scale"),
        ({"rotation": (0.0, 0.0, 0.0, math.nan)}, "rotation"),
        ({"rotation": (0.0, 0.0, 0.0, 0.0)}, "rotation"),
        ({"colour": (0.0, 1.5, 0.0)}, "colour"),
        ({"metallic": -0.1}, "metallic"),
        ({"roughness": math.nan}, "roughness"),
    ],
)
def test_numbers_that_gltf_cannot_hold_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        export_glb([entity(**changes)], "Theta")
    assert caught.value.field == field


def test_a_file_over_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(export_glb([PLAIN], "Theta"))
    monkeypatch.setattr(glb, "GLB_BYTES_MAX", size)
    assert len(export_glb([PLAIN], "Theta")) == size
    monkeypatch.setattr(glb, "GLB_BYTES_MAX", size - 1)
    with pytest.raises(InvalidValue, match="GLB size"):
        export_glb([PLAIN], "Theta")
