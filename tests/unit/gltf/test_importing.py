"""Files of other programs."""

import json
import math
from typing import Any

import numpy as np
import pytest

from tests.unit.gltf.files import TETRAHEDRON, TETRAHEDRON_FACES, Builder, triangles_of
from theta.gltf import GltfError, ImportedEntity, import_glb, import_gltf, import_model
from theta.gltf.materials import Material
from theta.mesh.attributes import AttributeKey

QUAD = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], np.float32)


def only(data: bytes) -> ImportedEntity:
    (entity,) = import_glb(data).entities
    return entity


def is_tetrahedron(entity: ImportedEntity) -> bool:
    shape = entity.shape
    return triangles_of(shape.positions, shape.corners) == triangles_of(TETRAHEDRON, TETRAHEDRON_FACES)


def test_gltf_13_each_node_with_a_mesh_is_an_entity() -> None:
    builder = Builder()
    builder.triangles(name="one", translation=[1, 2, 3], scale=[1, 2, 1])
    builder.node(name="empty")
    builder.json["nodes"].append({"mesh": 0, "name": "not in the scene"})
    builder.json["meshes"][0]["name"] = "the mesh"
    builder.node(mesh=0)
    scene = import_glb(builder.glb())
    first, second = scene.entities
    assert (first.name, second.name) == ("one", "the mesh")
    assert (first.translation, first.rotation, first.scale) == ((1, 2, 3), (0, 0, 0, 1), (1, 2, 1))
    assert first.origin == "foreign"
    assert (first.mesh, first.material, scene.head) == (None, None, None)
    assert first.shape is second.shape
    assert scene.generator == "by hand"
    assert scene.notes == first.notes == ()


def test_gltf_13_places_are_flattened() -> None:
    builder = Builder()
    half = math.sqrt(0.5)
    builder.triangles(translation=[1, 0, 0], scale=[1, 2, 3])
    builder.json["scenes"][0]["nodes"] = [2]
    builder.node(root=False, rotation=[0, 0, half, half], children=[0])
    builder.node(root=False, translation=[0, 0, 5], scale=[2, 2, 2], children=[1])
    entity = only(builder.glb())
    assert entity.translation == pytest.approx((0, 2, 5))
    assert entity.rotation == pytest.approx((0, 0, half, half))
    assert entity.scale == pytest.approx((2, 4, 6))
    assert is_tetrahedron(entity)


def test_gltf_13_a_matrix_is_taken_apart() -> None:
    builder = Builder()
    builder.triangles(matrix=[0, 2, 0, 0, -3, 0, 0, 0, 0, 0, 4, 0, 7, 8, 9, 1])
    entity = only(builder.glb())
    half = math.sqrt(0.5)
    assert entity.translation == (7.0, 8.0, 9.0)
    assert entity.rotation == pytest.approx((0, 0, half, half))
    assert entity.scale == pytest.approx((2, 3, 4))
    assert is_tetrahedron(entity)


@pytest.mark.parametrize(
    ("place", "volume"),
    [
        ({"scale": [-1, 1, 1]}, 1),
        ({"scale": [-1, -1, 1]}, 1),
        ({"scale": [2e4, 1, 1]}, 2e4),
        ({"scale": [1e-7, 1, 1e6]}, 0.1),
        ({"matrix": [1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 1, 2, 3, 1]}, 1),
        ({"matrix": [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 2, 3, 1]}, 1),
        ({"matrix": [-2, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 1, 2, 3, 1]}, 2),
    ],
)
def test_gltf_13_what_no_entity_can_say_goes_into_the_points(place: dict[str, Any], volume: float) -> None:
    builder = Builder()
    builder.triangles(**place)
    entity = only(builder.glb())
    assert entity.scale == (1.0, 1.0, 1.0)
    turned = _matrix(entity.rotation) @ entity.shape.positions.T
    world = turned.T + entity.translation
    wanted = _world(place)
    by_place = sorted(map(tuple, world.round(9).tolist()))
    assert np.array(by_place) == pytest.approx(np.array(sorted(map(tuple, wanted.round(9).tolist()))))
    a, b, c = (entity.shape.positions[entity.shape.corners.reshape(-1, 3)[:, at]] for at in range(3))
    assert float((np.cross(a, b) * c).sum()) == pytest.approx(volume)
    assert not np.signbit(entity.shape.positions[entity.shape.positions == 0]).any()


def _matrix(rotation: tuple[float, float, float, float]) -> Any:
    x, y, z, w = rotation
    return np.array(
        [
            (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        ]
    )


def _world(place: dict[str, Any]) -> Any:
    if "scale" in place:
        return TETRAHEDRON.astype(float) * place["scale"]
    matrix = np.array(place["matrix"], float).reshape(4, 4).T
    return TETRAHEDRON.astype(float) @ matrix[:3, :3].T + matrix[:3, 3]


def test_gltf_13_a_place_is_as_it_was_written() -> None:
    builder = Builder()
    place = {"translation": [0.1, 1 / 3, -1e-9], "rotation": [0, 0.6, 0, 0.8], "scale": [1 / 3, 0.7, 1e-6]}
    builder.triangles(**place)
    entity = only(builder.glb())
    assert [list(entity.translation), list(entity.rotation), list(entity.scale)] == list(place.values())


def test_gltf_13_scenes() -> None:
    builder = Builder()
    builder.triangles(name="a")
    builder.triangles(name="b", children=[2])
    builder.node(root=False, mesh=0, name="c")
    builder.json["scenes"] = [{"nodes": [0]}, {"nodes": [1]}]
    assert [entity.name for entity in import_glb(builder.glb()).entities] == ["a"]
    builder.json["scene"] = 1
    assert [entity.name for entity in import_glb(builder.glb()).entities] == ["b", "c"]
    del builder.json["scene"]
    assert [entity.name for entity in import_glb(builder.glb()).entities] == ["a"]
    del builder.json["scenes"]
    assert [entity.name for entity in import_glb(builder.glb()).entities] == ["a", "b", "c"]


def test_gltf_13_a_primitive_is_an_entity() -> None:
    builder = Builder()
    first = builder.triangles(name="thing")
    builder.json["materials"] = [{"name": "brass"}]
    builder.json["meshes"][0]["primitives"].append(dict(first, material=0))
    builder.json["meshes"][0]["primitives"].append({"attributes": first["attributes"], "mode": 1})
    scene = import_glb(builder.glb())
    assert [entity.name for entity in scene.entities] == ["thing 1", "thing brass"]
    assert scene.entities[0].notes == ("Points and lines were left out: only faces are taken.",)


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<u4"])
def test_gltf_14_indices_of_every_width(dtype: str) -> None:
    builder = Builder()
    primitive = builder.triangles()
    primitive["indices"] = builder.accessor(TETRAHEDRON_FACES.reshape(-1), dtype)
    assert is_tetrahedron(only(builder.glb()))


def test_gltf_14_without_indices() -> None:
    builder = Builder()
    builder.triangles(TETRAHEDRON[TETRAHEDRON_FACES.reshape(-1)], None)
    entity = only(builder.glb())
    assert is_tetrahedron(entity)
    assert entity.shape.joined_vertices == 8


def test_gltf_14_strips_and_fans_run_the_same_way_as_lists() -> None:
    wanted = {"list": [(0, 1, 2), (0, 2, 3)], "strip": [(0, 1, 3), (1, 2, 3)], "fan": [(0, 1, 2), (0, 2, 3)]}
    orders = {"list": (4, [0, 1, 2, 0, 2, 3, 1]), "strip": (5, [0, 1, 3, 2]), "fan": (6, [0, 1, 2, 3])}
    for name, (mode, order) in orders.items():
        builder = Builder()
        builder.add(
            {
                "attributes": {"POSITION": builder.accessor(QUAD)},
                "indices": builder.accessor(order, "u1"),
                "mode": mode,
            }
        )
        shape = only(builder.glb()).shape
        assert triangles_of(shape.positions, shape.corners) == triangles_of(QUAD, np.array(wanted[name])), name


def test_gltf_14_interleaved_rows() -> None:
    builder = Builder()
    rows = np.zeros(4, np.dtype([("p", "<f4", 3), ("c", "u1", 4), ("t", "<u2", 2)]))
    rows["p"] = TETRAHEDRON
    rows["c"] = [(255, 0, 0, 255), (0, 255, 0, 128), (0, 0, 255, 0), (51, 51, 51, 51)]
    rows["t"] = (65535, 0)
    view = builder.view(rows.tobytes(), byteStride=rows.itemsize)
    base = {"bufferView": view, "count": 4}
    builder.json["accessors"] = [
        base | {"componentType": 5126, "type": "VEC3"},
        base | {"componentType": 5121, "type": "VEC4", "byteOffset": 12, "normalized": True},
        base | {"componentType": 5123, "type": "VEC2", "byteOffset": 16, "normalized": True},
    ]
    attributes = {"POSITION": 0, "COLOR_0": 1, "TEXCOORD_0": 2}
    builder.add({"attributes": attributes, "indices": builder.accessor(TETRAHEDRON_FACES.reshape(-1), "u1")})
    entity = only(builder.glb())
    assert is_tetrahedron(entity)
    colours = entity.shape.attributes[AttributeKey("vertex", "colour")]
    by_place = {tuple(p): c for p, c in zip(entity.shape.positions.tolist(), colours.tolist(), strict=True)}
    assert by_place[0.0, 0.0, 1.0] == pytest.approx([0.2] * 4)
    assert by_place[1.0, 0.0, 0.0] == pytest.approx([0, 1, 0, 128 / 255])
    assert entity.shape.attributes[AttributeKey("corner", "uv")].tolist() == [[1.0, 0.0]] * 12


@pytest.mark.parametrize(("dtype", "scale"), [("i1", 127), ("<i2", 32767), ("u1", 255), ("<u2", 65535)])
def test_gltf_14_normalised_positions(dtype: str, scale: int) -> None:
    builder = Builder()
    primitive = builder.triangles()
    rows = np.zeros((4, 4), dtype)
    rows[:, :3] = TETRAHEDRON * scale
    builder.json["accessors"][0] = {
        "bufferView": builder.view(rows.tobytes(), byteStride=rows.itemsize * 4),
        "componentType": {"i1": 5120, "<i2": 5122, "u1": 5121, "<u2": 5123}[dtype],
        "count": 4,
        "type": "VEC3",
        "normalized": True,
    }
    builder.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    assert primitive["attributes"]["POSITION"] == 0
    assert is_tetrahedron(only(builder.glb()))


@pytest.mark.parametrize("with_view", [True, False])
def test_gltf_14_sparse_rows(with_view: bool) -> None:
    builder = Builder()
    builder.triangles(np.zeros((4, 3)))
    sparse = {
        "count": 3,
        "indices": {"bufferView": builder.view(bytes((1, 2, 3))), "componentType": 5121},
        "values": {"bufferView": builder.view(TETRAHEDRON[1:].tobytes())},
    }
    builder.json["accessors"][0]["sparse"] = sparse
    if not with_view:
        del builder.json["accessors"][0]["bufferView"]
    assert is_tetrahedron(only(builder.glb()))


def test_gltf_14_buffers_in_the_json_or_beside_it() -> None:
    builder = Builder()
    builder.triangles()
    assert is_tetrahedron(import_gltf(builder.gltf()).entities[0])
    beside = builder.gltf("my%20data.bin")
    for name in ("my data.bin", "my%20data.bin"):
        assert is_tetrahedron(import_gltf(beside, {name: builder.binary}).entities[0])
    with pytest.raises(GltfError, match=r"buffers\[0\].uri: names another file, 'my%20data.bin', which was not given"):
        import_gltf(beside)
    unpadded = json.loads(builder.gltf())
    unpadded["buffers"][0]["uri"] = unpadded["buffers"][0]["uri"].rstrip("=")
    assert is_tetrahedron(import_gltf(b"\xef\xbb\xbf" + json.dumps(unpadded).encode()).entities[0])


def test_gltf_14_a_thousand_primitives_may_share_one_array() -> None:
    builder = Builder()
    primitive = builder.triangles(np.concatenate((TETRAHEDRON, np.zeros((60_000, 3)))))
    builder.json["meshes"][0]["primitives"] = [primitive] * 1_000
    assert len(import_glb(builder.glb()).entities) == 1_000


def test_gltf_14_what_is_left_out_is_told() -> None:
    builder = Builder()
    primitive = builder.triangles(skin=0, camera=0)
    primitive["targets"] = [{"POSITION": 0}]
    builder.json |= {"animations": [{}], "cameras": [{}], "skins": [{}]}
    builder.json["materials"] = [{"normalTexture": {"index": 0}}]
    primitive["material"] = 0
    builder.add({"attributes": {}})
    scene = import_glb(builder.glb())
    told = " ".join([*scene.notes, *scene.entities[0].notes])
    for word in ("Animations", "Cameras", "Bones", "Pictures", "Morph"):
        assert word in told


def test_gltf_15_points_at_the_same_place_are_one_vertex() -> None:
    builder = Builder()
    positions = QUAD[[0, 1, 2, 0, 2, 3]].copy()
    positions[3] = -0.0
    positions[5, 0] = np.nextafter(np.float32(0), np.float32(1))
    builder.triangles(positions, None)
    shape = only(builder.glb()).shape
    assert shape.corners.tolist() == [0, 1, 2, 0, 2, 3]
    assert shape.joined_vertices == 2
    assert shape.positions.tolist() == positions[[0, 1, 2, 5]].astype(float).tolist()
    assert not np.signbit(shape.positions).any()


def test_gltf_15_what_is_no_surface_is_separated_and_told() -> None:
    wing = [(0, 0, 0), (0, 0, 1), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (5, 5, 5)]
    builder = Builder()
    builder.triangles(wing, [(0, 1, 2), (1, 0, 3), (0, 1, 4), (0, 0, 1), (2, 2, 2)])
    entity = only(builder.glb())
    assert len(entity.shape.counts) == 3
    assert (entity.shape.separated_vertices, entity.shape.dropped_faces) == (4, 2)
    assert entity.notes == (
        "4 vertices were added where its faces meet in a way no surface can.",
        "2 faces without area were left out.",
    )
    used = np.bincount(entity.shape.corners, minlength=len(entity.shape.positions))
    assert used.min() == 1


def test_gltf_15_a_part_of_nothing_is_left_out() -> None:
    builder = Builder()
    builder.triangles(np.zeros((3, 3)), [(0, 1, 2)])
    scene = import_glb(builder.glb())
    assert scene.entities == ()
    assert scene.notes == ("1 faces without area were all that a part had; it was left out.",)


def coloured(colours: Any, dtype: str = "<f4", **material: Any) -> ImportedEntity:
    builder = Builder()
    positions = TETRAHEDRON[TETRAHEDRON_FACES.reshape(-1)]
    attributes = {"POSITION": builder.accessor(positions), "COLOR_0": builder.accessor(colours, dtype)}
    builder.json["materials"] = [{"pbrMetallicRoughness": material}]
    builder.add({"attributes": attributes, "material": 0})
    return only(builder.glb())


def test_gltf_16_colours_of_faces() -> None:
    faces = np.array([(1, 1, 1), (0.5, 0, 0), (0, 0.25, 0), (0, 0, 1)])
    entity = coloured(np.repeat(faces, 3, axis=0), baseColorFactor=[1, 1, 0.5, 1])
    colour = entity.shape.attributes[AttributeKey("face", "colour")]
    painted = entity.shape.attributes[AttributeKey("face", "painted")]
    assert painted.tolist() == [[0], [1], [1], [1]]
    assert painted.dtype == np.uint8
    assert colour.tolist() == [[0, 0, 0], [0.735357, 0, 0], [0, 0.537099, 0], [0, 0, 0.735357]]
    assert entity.material is not None
    assert entity.material.colour == (1.0, 1.0, 0.735357)
    assert len(entity.shape.attributes) == 2


def test_gltf_16_colours_of_vertices_and_of_corners() -> None:
    vertices = np.array([(1, 0, 0, 1), (0, 1, 0, 0.5), (0, 0, 1, 1), (1, 1, 1, 1)])
    entity = coloured(vertices[TETRAHEDRON_FACES.reshape(-1)])
    found = entity.shape.attributes[AttributeKey("vertex", "colour")]
    assert [
        vertices[int(np.flatnonzero((p == TETRAHEDRON).all(axis=1))[0])].tolist() for p in entity.shape.positions
    ] == found.tolist()
    corners = np.linspace(0, 1, 48).reshape(12, 4).astype(np.float32)
    found = coloured(corners).shape.attributes[AttributeKey("corner", "colour")]
    assert found.tolist() == corners.astype(float).tolist()
    half_clear = np.repeat([(1.0, 0.0, 0.0, 0.5)] * 4, 3, axis=0)
    assert list(coloured(half_clear).shape.attributes) == [("vertex", "colour")]


def test_gltf_16_white_is_no_colour() -> None:
    assert coloured(np.ones((12, 3))).shape.attributes == {}
    assert coloured(np.ones((12, 4))).shape.attributes == {}


def test_gltf_16_normals_only_where_they_are_not_flat() -> None:
    for normals, kept in ((np.array([(0, 0, 1.0)] * 4), False), (np.array([(0, 0.1, 1.0)] * 4), True)):
        builder = Builder()
        primitive = builder.triangles(QUAD, [(0, 1, 2), (0, 2, 3)])
        primitive["attributes"]["NORMAL"] = builder.accessor(normals)
        attributes = only(builder.glb()).shape.attributes
        assert (AttributeKey("corner", "normal") in attributes) is kept
        builder.json["nodes"][0]["scale"] = [-1, 1, 1]
        assert AttributeKey("corner", "normal") not in only(builder.glb()).shape.attributes


def test_gltf_16_texture_coordinates_of_corners() -> None:
    builder = Builder()
    primitive = builder.triangles(QUAD, [(0, 1, 2), (0, 2, 3)])
    primitive["attributes"]["TEXCOORD_0"] = builder.accessor(QUAD[:, :2] * 2)
    uvs = only(builder.glb()).shape.attributes[AttributeKey("corner", "uv")]
    assert uvs.tolist() == [[0, 0], [2, 0], [2, 2], [0, 0], [2, 2], [0, 2]]
    builder.json["nodes"][0]["scale"] = [1, -1, 1]
    turned = only(builder.glb())
    uvs = turned.shape.attributes[AttributeKey("corner", "uv")]
    points = turned.shape.positions[turned.shape.corners] * [1, -1, 1]
    assert (points[:, :2] * 2 == uvs).all()


def test_gltf_16_materials() -> None:
    builder = Builder()
    primitive = builder.triangles()
    primitive["material"] = 0
    builder.json["materials"] = [
        {
            "name": "glass",
            "pbrMetallicRoughness": {
                "baseColorFactor": [0.5, 0, 2, 0.25],
                "metallicFactor": 0.5,
                "roughnessFactor": 0.1,
            },
            "emissiveFactor": [0, 1, 0.5],
            "alphaMode": "BLEND",
            "doubleSided": True,
        }
    ]
    material = only(builder.glb()).material
    assert material == Material(
        (0.735357, 0, 1), 0.5, 0.1, (0, 1, 0.735357), 0.25, "BLEND", 0.5, double_sided=True, name="glass"
    )
    builder.json["materials"] = [{}]
    assert only(builder.glb()).material == Material()
    builder.json["materials"] = [{"alphaMode": "MASK", "alphaCutoff": 0.75}]
    masked = only(builder.glb()).material
    assert masked is not None
    assert (masked.alpha_mode, masked.alpha_cutoff) == ("MASK", 0.75)


def test_what_kind_a_file_is_is_seen() -> None:
    builder = Builder()
    builder.triangles()
    assert len(import_model(builder.glb()).entities) == 1
    assert len(import_model(b"\xef\xbb\xbf \n" + builder.gltf()).entities) == 1
    assert len(import_model(b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n").entities) == 1


def test_progress_is_told() -> None:
    builder = Builder()
    for _ in range(3):
        builder.triangles()
    told: list[tuple[int, int]] = []
    import_glb(builder.glb(), lambda done, total: told.append((done, total)))
    assert len({total for _, total in told}) == 1
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) >= 6
    assert told[-1][0] == told[-1][1]
