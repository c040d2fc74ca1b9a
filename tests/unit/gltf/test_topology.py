"""What was exported comes back: THETA_mesh_topology."""

import contextlib
import copy
import dataclasses
import hashlib
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.gltf.entities import CUBE, MAKER, PLAIN, entity, grid
from tests.unit.gltf.files import pack, triangles_of, unpack
from tests.unit.gltf.scenes import HEAD, authorship_of, isolated, paint, scenes, tint, unwrap
from theta.base.errors import InvalidValue, UsageError
from theta.base.identifiers import CommandName
from theta.base.limits import COORDINATE_METRES_MAX
from theta.gltf import EXTENSION, NOBODY, ExportedEntity, ImportedEntity, Maker, export_glb, import_glb
from theta.gltf.digests import Drawn, render_digest
from theta.mesh import canonical_bytes, canonical_mesh, extrude_face, move_vertices
from theta.mesh.shapes import SHAPES, ShapeParameters, build_shape

SCENES = scenes()


def imported(data: bytes) -> ImportedEntity:
    (found,) = import_glb(data).entities
    return found


def again(data: bytes, change: Callable[[dict[str, Any]], None], binary: bytes | None = None) -> bytes:
    """A file with its JSON changed."""
    document, chunk = unpack(data)
    change(document)
    return pack(document, chunk if binary is None else binary)


def extension(document: dict[str, Any], mesh: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = document["meshes"][mesh]["extensions"][EXTENSION]
    return found


@pytest.mark.parametrize("name", SCENES)
def test_gltf_22_export_import_export_is_the_same_file(name: str) -> None:
    entities = SCENES[name]
    data = export_glb(entities, "Theta test", head=HEAD)
    scene = import_glb(data)
    assert len(scene.entities) == len(entities)
    for found, wanted in zip(scene.entities, entities, strict=True):
        assert found.mesh is not None
        assert (found.origin, found.notes) == ("exact", ())
        assert canonical_bytes(found.mesh) == canonical_bytes(wanted.mesh)
        assert (found.name, found.translation, found.scale) == (wanted.name, wanted.translation, wanted.scale)
        assert found.rotation == pytest.approx(wanted.rotation, abs=1e-15)
        material = found.material
        assert material is not None
        assert material == wanted.material()
    assert (scene.head, scene.notes) == (HEAD, ())
    written = [found.exported(found.mesh) for found in scene.entities if found.mesh is not None]
    assert export_glb(written, scene.generator, head=scene.head, kept=scene.kept) == data


@pytest.mark.parametrize("kind", SHAPES)
def test_gltf_22_every_shape_comes_back_exactly(kind: str) -> None:
    shape = entity(mesh=build_shape(ShapeParameters(kind, size=1 / 3), MAKER))
    found = imported(export_glb([shape], "x"))
    assert found.mesh is not None
    assert canonical_bytes(found.mesh) == canonical_bytes(shape.mesh)


_COORDINATES = st.floats(-COORDINATE_METRES_MAX, COORDINATE_METRES_MAX)


@given(st.lists(st.tuples(_COORDINATES, _COORDINATES, _COORDINATES), min_size=8, max_size=8), st.binary(max_size=6))
def test_gltf_22_any_positions_come_back_bit_for_bit(points: list[tuple[float, float, float]], picks: bytes) -> None:
    mesh = CUBE.copy()
    move_vertices(mesh, mesh.vertex_ids(), points)
    for pick in picks:
        face = mesh.face_ids()[pick % mesh.face_count]
        with contextlib.suppress(UsageError):
            extrude_face(mesh, face, pick / 100.0, CommandName(2, pick))
    found = imported(export_glb([entity(mesh=mesh)], "x"))
    assert (found.origin, found.mesh is not None) == ("exact", True)
    assert found.mesh is not None
    assert canonical_bytes(found.mesh) == canonical_bytes(mesh)


def test_gltf_5_the_extension_is_used_and_never_required() -> None:
    document, _ = unpack(export_glb([PLAIN], "Theta test"))
    assert document["extensionsUsed"] == [EXTENSION]
    assert "extensionsRequired" not in document
    plain, _ = unpack(export_glb([PLAIN], "Theta test", topology=False))
    assert "extension" not in str(plain)
    assert "extras" not in str(plain)


def test_gltf_5_the_views_hold_the_columns() -> None:
    document, binary = unpack(export_glb([entity(mesh=grid(3, 2))], "Theta test"))
    held, canonical = extension(document), canonical_mesh(grid(3, 2))
    named = {accessor["bufferView"] for accessor in document["accessors"]}
    columns: dict[tuple[str, str], NDArray[Any]] = {
        ("vertices", "ids"): canonical.vertex_ids,
        ("vertices", "positions"): canonical.positions,
        ("edges", "ids"): canonical.edge_ids,
        ("edges", "ends"): canonical.edge_ends,
        ("faces", "ids"): canonical.face_ids,
        ("faces", "cornerCounts"): canonical.face_counts,
        ("corners", "vertices"): canonical.corners,
    }
    for (part, field), rows in columns.items():
        view = document["bufferViews"][held[part][field]]
        assert view.keys() == {"buffer", "byteOffset", "byteLength"}
        assert view["byteOffset"] % 8 == 0
        assert held[part][field] not in named
        assert binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]] == rows.tobytes()
    assert [held[part]["count"] for part in ("vertices", "edges", "faces", "corners")] == [12, 17, 6, 24]
    assert held["version"] == 1


def test_gltf_6_attributes() -> None:
    document, binary = unpack(export_glb(SCENES["odd attributes"], "Theta test"))
    listed = extension(document)["attributes"]
    assert [(a["domain"], a["name"], a["type"], a["width"]) for a in listed] == [
        ("vertex", "colour", "i4", 2),
        ("edge", "crease", "f8", 1),
        ("edge", "seam", "u1", 1),
        ("corner", "uv", "f8", 3),
    ]
    view = document["bufferViews"][listed[0]["rows"]]
    assert binary[view["byteOffset"] :][:8] == struct.pack("<2i", -7, 8)
    assert "COLOR_0" not in document["meshes"][0]["primitives"][0]["attributes"]


def test_gltf_7_hints_hold_until_another_program_changes_what_they_refine() -> None:
    place = (0.1, 0.7, 0.1, 0.7)
    length = sum(part * part for part in place) ** 0.5
    x, y, z, w = (part / length for part in place)
    data = export_glb(
        [entity(rotation=(x, y, z, w), colour=(0.123456789, 0.2, 0.3), emissive=(0.1, 0.987654321, 0.0))], "x"
    )
    found = imported(data)
    assert found.material is not None
    assert (found.rotation, found.material.colour) == ((x, y, z, w), (0.123456789, 0.2, 0.3))
    assert found.material.emissive == (0.1, 0.987654321, 0.0)

    def change(document: dict[str, Any]) -> None:
        document["nodes"][0]["rotation"] = [0, 0.6, 0, 0.8]
        document["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = [0.5, 0.5, 0.5, 1]
        document["materials"][0]["emissiveFactor"] = [0, 0, 1]

    found = imported(again(data, change))
    assert found.material is not None
    assert (found.rotation, found.material.colour) == ((0, 0.6, 0, 0.8), (0.735357,) * 3)
    assert (found.material.emissive, found.origin) == ((0, 0, 1), "exact")

    def hang(document: dict[str, Any]) -> None:
        document["nodes"].append({"rotation": [0, 1, 0, 0], "children": [0]})
        document["scenes"][0]["nodes"] = [1]

    turned = imported(again(data, hang)).rotation
    assert turned == pytest.approx((z, w, -x, -y)) or turned == pytest.approx((-z, -w, x, y))


@pytest.mark.parametrize("hint", ["rotation", "colour", "emissive", "baseColour"])
@pytest.mark.parametrize("value", [None, [], [0, 0, 0, 0], ["a"] * 4, [2, 2, 2], {}, 1e308])
def test_gltf_7_a_bad_hint_is_none(hint: str, value: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        document["nodes"][0]["extensions"][EXTENSION][hint] = value

    found = imported(again(export_glb([PLAIN], "x"), change))
    assert (found.origin, found.rotation) == ("exact", (0, 0, 0, 1))
    assert found.material is not None
    assert found.material.colour == (1.0, 0.5, 0.0)


def test_gltf_8_authorship_and_the_head_come_back() -> None:
    authored = entity(mesh=CUBE, authorship=authorship_of(CUBE))
    found = imported(export_glb([authored], "x", head=HEAD))
    assert found.authorship is not None
    assert authored.authorship is not None
    assert found.authorship.makers == authored.authorship.makers
    for mine, theirs in zip(found.authorship.parts(), authored.authorship.parts(), strict=True):
        assert mine.tolist() == theirs.tolist()
    assert imported(export_glb([PLAIN], "x")).authorship is None


@pytest.mark.parametrize(
    "change",
    [
        {"author": bytes(31)},
        {"seq": -1},
        {"lamport": 2**53},
        {"time_ms": -1},
        {"name": "x" * 65},
    ],
)
def test_gltf_8_makers_that_cannot_be_written_are_refused(change: dict[str, Any]) -> None:
    authorship = authorship_of(CUBE)
    maker = dataclasses.replace(Maker(bytes(32), "", 0, 0, 0), **change)
    with pytest.raises(InvalidValue, match=f"maker.{next(iter(change))}"):
        export_glb([entity(authorship=dataclasses.replace(authorship, makers=(maker, maker)))], "x")


@pytest.mark.parametrize("rows", [np.zeros(7, np.uint32), np.zeros(8, np.int32), np.full(8, 2, np.uint32)])
def test_gltf_8_authorship_must_fit_the_mesh(rows: Any) -> None:
    with pytest.raises(InvalidValue, match=r"authorship\.vertices"):
        export_glb([entity(authorship=dataclasses.replace(authorship_of(CUBE), vertices=rows))], "x")
    assert NOBODY == 2**32 - 1


@pytest.mark.parametrize("change", [{"seq": -1}, {"chain": bytes(31)}, {"document": bytes(17)}])
def test_gltf_8_a_head_that_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=rf"head\.{next(iter(change))}"):
        export_glb([], "x", head=dataclasses.replace(HEAD, **change))


@pytest.mark.parametrize("head", [5, {}, {"seq": 1}, {"seq": 1, "chain": "zz" * 32, "document": "00" * 16}])
def test_gltf_8_a_bad_head_is_none_and_told(head: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        document["scenes"][0]["extensions"] = {EXTENSION: {"version": 1, "head": head}}

    scene = import_glb(again(export_glb([PLAIN], "x"), change))
    assert scene.head is None
    assert "Where the log stood cannot be read" in scene.notes[0]


def test_gltf_9_the_payload_digest_is_of_these_bytes() -> None:
    authored = entity(mesh=paint(CUBE.copy()), authorship=authorship_of(CUBE))
    document, _ = unpack(export_glb([authored], "x"))
    digest = hashlib.blake2b(canonical_bytes(authored.mesh), digest_size=32, person=b"theta-gltf-mesh")
    assert authored.authorship is not None
    digest.update(b"TMA1" + struct.pack("<I", 2))
    for maker in authored.authorship.makers:
        name = maker.name.encode()
        digest.update(maker.author + struct.pack("<QQQH", maker.seq, maker.lamport, maker.time_ms, len(name)) + name)
    for rows in authored.authorship.parts():
        digest.update(rows.astype("<u4").tobytes())
    assert extension(document)["payloadDigest"] == digest.hexdigest()


def test_gltf_10_a_mesh_without_faces_is_with_its_node() -> None:
    document, _ = unpack(export_glb([entity(mesh=isolated())], "x"))
    (node,) = document["nodes"]
    assert "mesh" not in node
    assert node["extensions"][EXTENSION]["topology"]["vertices"]["count"] == 2
    assert "renderDigest" not in node["extensions"][EXTENSION]["topology"]


def test_gltf_10_the_mark_tells_of_polygons_that_were_dropped() -> None:
    def change(document: dict[str, Any]) -> None:
        mesh = document["meshes"][0]
        assert mesh["extras"][EXTENSION] == extension(document)["payloadDigest"]
        del mesh["extensions"]

    found = imported(again(export_glb([PLAIN], "x"), change))
    assert (found.origin, found.mesh) == ("damaged", None)
    assert "Another program left out its polygons" in found.notes[0]
    assert not found.kept_mesh


def test_gltf_11_the_render_digest_is_of_these_bytes() -> None:
    painted = entity(mesh=unwrap(paint(CUBE.copy())))
    document, binary = unpack(export_glb([painted], "x"))
    primitive = document["meshes"][0]["primitives"][0]

    def rows(accessor: int) -> Any:
        described = document["accessors"][accessor]
        view = document["bufferViews"][described["bufferView"]]
        data = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        return np.frombuffer(data, {5126: "<f4", 5123: "<u2"}[described["componentType"]]).reshape(
            described["count"], -1
        )

    corners = rows(primitive["indices"]).reshape(-1)
    digest = hashlib.blake2b(struct.pack("<IB", 12, 7), digest_size=32, person=b"theta-gltf-drawn")
    for name in ("POSITION", "NORMAL", "COLOR_0", "TEXCOORD_0"):
        digest.update(rows(primitive["attributes"][name])[corners].tobytes())
    assert extension(document)["renderDigest"] == digest.hexdigest()


def test_gltf_11_only_what_is_drawn_counts() -> None:
    corners = np.array([0, 1, 2, 0, 2, 3])
    positions = np.arange(12, dtype=np.float32).reshape(4, 3)
    whole = Drawn(corners, positions, positions)
    order = np.array([3, 1, 0, 2])
    other = Drawn(np.argsort(order)[corners], positions[order], positions[order])
    soup = Drawn(np.arange(6), positions[corners], positions[corners])
    assert render_digest((whole,)) == render_digest((other,)) == render_digest((soup,))
    turned = Drawn(corners[[3, 4, 5, 0, 1, 2]], positions, positions)
    plain = Drawn(corners, positions)
    uncoloured = Drawn(corners, positions, positions, np.ones((4, 4), np.float32))
    digests = {render_digest(each) for each in ((whole,), (turned,), (plain,), (uncoloured,), (whole, whole), ())}
    assert len(digests) == 6


def _widen_indices(document: dict[str, Any]) -> None:
    """What another program may do without touching a triangle: more views, other order, other JSON."""
    document["bufferViews"].append(document["bufferViews"][0] | {"name": "again"})
    primitive = document["meshes"][0]["primitives"][0]
    document["accessors"].append(document["accessors"][0] | {"bufferView": len(document["bufferViews"]) - 1})
    primitive["attributes"]["POSITION"] = len(document["accessors"]) - 1
    document["asset"]["generator"] = "another"


def test_gltf_12_what_only_another_layout_changes_is_exact() -> None:
    found = imported(again(export_glb([PLAIN], "x"), _widen_indices))
    assert found.origin == "exact"
    assert found.mesh is not None
    assert canonical_bytes(found.mesh) == canonical_bytes(CUBE)


def test_gltf_12_changed_triangles_are_taken_and_told() -> None:
    document, binary = unpack(export_glb([entity(mesh=tint(unwrap(CUBE.copy())))], "x"))
    positions = np.frombuffer(binary[: 24 * 12], "<f4").copy()
    positions[0] = -1.5
    moved = pack(document, positions.tobytes() + binary[24 * 12 :])
    found = imported(moved)
    assert (found.origin, found.mesh, found.authorship) == ("edited", None, None)
    assert found.notes == (
        "It was changed by another program: these are its triangles, without the polygons and ids it was written with.",
    )
    assert float(found.shape.positions.min()) == -1.5
    assert {key.name for key in found.shape.attributes} == {"colour", "uv", "normal"}


def test_gltf_12_an_edited_painted_mesh_keeps_its_colours() -> None:
    data = export_glb([entity(mesh=paint(CUBE.copy(), 3), colour=(0.25, 0.5, 0.75))], "x")

    def change(document: dict[str, Any]) -> None:
        extension(document)["renderDigest"] = "0" * 64

    found = imported(again(data, change))
    assert found.origin == "edited"
    colours = {
        tuple(row)
        for row, painted in zip(
            *(found.shape.attributes[key].tolist() for key in sorted(found.shape.attributes)), strict=True
        )
        if painted != [0]
    }
    assert colours >= {(0.25, 0.5, 0.75), (0.0, 0.125, 0.25), (0.375, 0.5, 0.625)}
    assert found.material is not None
    assert found.material.colour == (0.25, 0.5, 0.75)


def _without_views(document: dict[str, Any]) -> None:
    document["bufferViews"] = document["bufferViews"][:3]


def _other_view(document: dict[str, Any]) -> None:
    extension(document)["vertices"]["positions"] = 0


def _short_view(document: dict[str, Any]) -> None:
    document["bufferViews"][extension(document)["edges"]["ends"]]["byteLength"] -= 8


def _beyond(document: dict[str, Any]) -> None:
    document["bufferViews"][extension(document)["edges"]["ends"]]["byteOffset"] += 1_000_000


def _digest(document: dict[str, Any]) -> None:
    extension(document)["payloadDigest"] = "0" * 64


def _version(document: dict[str, Any]) -> None:
    extension(document)["version"] = 2


def _counts(document: dict[str, Any]) -> None:
    extension(document)["vertices"]["count"] = 10**9


def _kind(document: dict[str, Any]) -> None:
    document["meshes"][0]["extensions"][EXTENSION] = ["what?"]


def _attributes(document: dict[str, Any]) -> None:
    extension(document)["attributes"] = [{"domain": "house", "name": "Ä", "type": "f8", "width": 1}]


def _many_attributes(document: dict[str, Any]) -> None:
    extension(document)["attributes"] = [{}] * 1_000


def _makers(document: dict[str, Any]) -> None:
    extension(document)["makers"] = [{"author": "00"}]


DAMAGES = (
    _without_views,
    _other_view,
    _short_view,
    _beyond,
    _digest,
    _version,
    _counts,
    _kind,
    _attributes,
    _many_attributes,
    _makers,
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_gltf_12_damaged_polygons_leave_the_triangles(damage: Callable[[dict[str, Any]], None]) -> None:
    found = imported(again(export_glb([PLAIN], "x"), damage))
    assert (found.origin, found.mesh) == ("damaged", None)
    assert found.notes[0].startswith("Its polygons are damaged (meshes[0]") or "bufferViews" in found.notes[0]
    assert len(found.shape.counts) == 12
    assert len(found.shape.positions) == 8


def test_gltf_12_a_digest_alone_makes_no_mesh() -> None:
    """Whoever can count the digest can write what is no canonical mesh."""
    data = export_glb([PLAIN], "x")
    document, binary = unpack(data)
    view = document["bufferViews"][extension(document)["vertices"]["ids"]]
    at = view["byteOffset"]
    swapped = binary[:at] + binary[at + 16 : at + 32] + binary[at : at + 16] + binary[at + 32 :]
    held = canonical_bytes(CUBE)
    forged = held[:20] + held[36:52] + held[20:36] + held[52:]
    extension(document)["payloadDigest"] = hashlib.blake2b(
        forged, digest_size=32, person=b"theta-gltf-mesh"
    ).hexdigest()
    found = imported(pack(document, swapped))
    assert found.origin == "damaged"
    assert "not in ascending order" in found.notes[0]


def test_gltf_12_a_node_that_says_more_than_an_entity_can_moves_the_points() -> None:
    def change(document: dict[str, Any]) -> None:
        document["nodes"][0]["scale"] = [-2, 1, 1]

    found = imported(again(export_glb([entity(mesh=unwrap(paint(CUBE.copy())))], "x"), change))
    assert (found.origin, found.mesh, found.scale) == ("edited", None, (1, 1, 1))
    assert "its points were moved instead" in found.notes[0]
    assert found.shape.counts.tolist() == [4] * 6
    assert np.abs(found.shape.positions).max(axis=0).tolist() == [2, 1, 1]
    assert {key.name for key in found.shape.attributes} == {"colour", "painted", "uv"}
    begins = found.shape.positions[found.shape.corners.reshape(-1, 4)]
    outward = np.cross(begins[:, 1] - begins[:, 0], begins[:, 2] - begins[:, 0])
    assert ((outward * begins.mean(axis=1)).sum(axis=1) > 0).all()


def test_gltf_12_a_damaged_mesh_without_faces_is_left_out_and_told() -> None:
    def change(document: dict[str, Any]) -> None:
        document["nodes"][0]["extensions"][EXTENSION]["topology"]["payloadDigest"] = "0" * 64

    scene = import_glb(again(export_glb([entity(mesh=isolated())], "x"), change))
    assert scene.entities == ()
    assert "A mesh without faces is damaged" in scene.notes[0]


def test_gltf_12_instances_share_their_mesh() -> None:
    def change(document: dict[str, Any]) -> None:
        document["nodes"].append(copy.deepcopy(document["nodes"][0]) | {"translation": [9, 9, 9]})
        document["scenes"][0]["nodes"] = [0, 1]

    one, other = import_glb(again(export_glb([PLAIN], "x"), change)).entities
    assert one.mesh is other.mesh is not None
    assert (one.origin, other.origin) == ("exact", "exact")


def test_gltf_2_every_corner_is_a_vertex_in_the_order_of_the_faces() -> None:
    document, binary = unpack(export_glb([entity(mesh=grid(2, 1))], "x", topology=False))
    canonical = canonical_mesh(grid(2, 1))
    positions = np.frombuffer(binary[: 8 * 12], "<f4").reshape(8, 3)
    assert positions.tolist() == canonical.positions[canonical.corners].tolist()
    indices = np.frombuffer(binary[8 * 24 : 8 * 24 + 24], "<u2").reshape(-1, 3)
    assert indices.tolist() == [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]
    assert document["accessors"][2]["count"] == 12
    assert len(triangles_of(positions, indices)) == 4


def exported(changed: ExportedEntity) -> tuple[dict[str, Any], dict[str, Any]]:
    """Accessor rows by name, and the material."""
    document, binary = unpack(export_glb([changed], "x"))
    found = {}
    for name, accessor in document["meshes"][0]["primitives"][0]["attributes"].items():
        described = document["accessors"][accessor]
        view = document["bufferViews"][described["bufferView"]]
        data = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        found[name] = np.frombuffer(data, "<f4").reshape(described["count"], -1)
    return found, document["materials"][0]


def test_gltf_3_normals_and_texture_coordinates() -> None:
    (shown,) = SCENES["unwrapped and smooth"]
    rows, _ = exported(shown)
    canonical = canonical_mesh(shown.mesh)
    points = canonical.positions[canonical.corners]
    lengths = np.sqrt((points * points).sum(axis=1, keepdims=True))
    assert rows["NORMAL"][1:] == pytest.approx((points / lengths)[1:], abs=1e-7)
    assert np.abs(rows["NORMAL"][0]).tolist().count(1.0) == 1
    assert rows["TEXCOORD_0"] == pytest.approx(np.linspace(-1, 2, 48).reshape(-1, 2), abs=1e-6)


def test_gltf_4_paint_shows_as_it_was_picked() -> None:
    rows, material = exported(entity(mesh=paint(CUBE.copy(), 2), colour=(1.0, 0.5, 0.0)))
    assert material["pbrMetallicRoughness"]["baseColorFactor"] == [1.0, 1.0, 1.0, 1.0]
    colours = rows["COLOR_0"].reshape(6, 4, 4)
    assert colours[0, 0] == pytest.approx([0.0, 0.0331048, 0.1328683, 1.0], abs=1e-6)
    assert colours[2:] == pytest.approx(np.broadcast_to([1.0, 0.2140411, 0.0, 1.0], (4, 4, 4)), abs=1e-6)


def test_gltf_4_colours_of_vertices_multiply_the_material() -> None:
    mesh = tint(CUBE.copy())
    rows, material = exported(entity(mesh=mesh))
    assert material["pbrMetallicRoughness"]["baseColorFactor"] == pytest.approx([1.0, 0.2140411, 0.0, 1.0])
    canonical = canonical_mesh(mesh)
    wanted = np.linspace(0, 1, 32).reshape(8, 4)[canonical.corners]
    assert rows["COLOR_0"] == pytest.approx(wanted, abs=1e-6)
    both, _ = exported(entity(mesh=tint(paint(CUBE.copy(), 1)), colour=(1.0, 1.0, 1.0)))
    assert both["COLOR_0"][4:] == pytest.approx(wanted[4:], abs=1e-6)


def test_gltf_4_alpha_emission_and_sides() -> None:
    document, _ = unpack(export_glb(SCENES["alpha"], "x"))
    glass, masked, opaque = document["materials"]
    assert (glass["alphaMode"], glass["name"], "doubleSided" in glass) == ("BLEND", "glass", False)
    assert glass["pbrMetallicRoughness"]["baseColorFactor"][3] == 0.25
    assert (masked["alphaMode"], masked["alphaCutoff"], masked["doubleSided"]) == ("MASK", 0.75, True)
    assert masked["emissiveFactor"] == pytest.approx([0.0331048, 1.0, 0.0], abs=1e-6)
    assert "alphaMode" not in opaque


def test_gltf_1_values_that_gltf_cannot_hold_are_refused() -> None:
    for change, field in (
        ({"alpha": 1.5}, "alpha"),
        ({"alpha_mode": "GLOW"}, "alpha_mode"),
        ({"alpha_cutoff": -1.0}, "alpha_cutoff"),
        ({"emissive": (0.0, 2.0, 0.0)}, "emissive"),
    ):
        with pytest.raises(InvalidValue, match=field):
            export_glb([entity(**change)], "x")
