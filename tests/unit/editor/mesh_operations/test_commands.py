"""What commands on meshes do to a unit: CMD-44 to CMD-46, CMD-50 to CMD-57, DOC-4, DOC-5, AST-11."""

import struct

import numpy as np
import pytest

from tests.unit.editor.scenes import (
    ASSETS,
    HERE,
    NO_TURN,
    NOBODY,
    ONE,
    RED,
    Person,
    Scene,
    doubles,
    face_of,
    off,
    vertex_of,
)
from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName, entity_id, name_id
from theta.commands.log import Command
from theta.ecs.component import canonical_bytes as component_bytes
from theta.ecs.world import World
from theta.editor import mesh_operations as commands
from theta.editor.authorship import NOBODY as UNKNOWN
from theta.editor.authorship import element_makers
from theta.editor.components import DEFAULT_SURFACE, Material, Name, Surface, Transform
from theta.editor.document import MESH_REDIRECTS_ID, Document
from theta.editor.mesh_assets import face_count_of, mesh_of_asset
from theta.editor.mesh_operations import base
from theta.editor.mesh_parts import part_bytes
from theta.editor.refold import refold
from theta.editor.surface import SurfaceValues
from theta.editor.unit import Unit, apply
from theta.editor.vocabulary import (
    CreatePrimitiveV2,
    Delete,
    ExtrudeFace,
    ImportMesh,
    ImportMeshV2,
    MoveVertices,
    SetSurface,
)
from theta.mesh import (
    Mesh,
    UnusableAsset,
    asset_name,
    canonical_bytes,
    decode_polygons,
    mesh_of,
    parse_canonical,
    validate,
)
from theta.mesh.attribute_rows import attribute_rows
from theta.mesh.imported import build_numbered
from theta.mesh.operations import extrude_face
from theta.mesh.separate import separate_and_link
from theta.mesh.shapes import ShapeParameters, build_shape

PLAIN = SurfaceValues(0.0, 0.65, (0.0, 0.0, 0.0), 1.0, "opaque", 0.5, True)
GLASS = SurfaceValues(0.25, 0.125, (0.5, -0.0, 0.0), 0.75, "blend", 0.25, False)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def anna(scene: Scene) -> Person:
    return Person(scene)


def edges_of(mesh: Mesh) -> list[bytes]:
    return mesh.edge_ids()


def reason_of(scene: Scene, command: Command) -> str:
    outcome = scene.fold.outcome(command.name)
    assert outcome is not None
    assert outcome.kind == "no-op"
    return outcome.reason.split(":")[0]


def import_of(data: bytes, surface: SurfaceValues = PLAIN) -> ImportMeshV2:
    return ImportMeshV2(asset_name(data), "Vase", (1.0, -0.0, 3.0), NO_TURN, ONE, (1.0, 0.5, -0.0), surface)


def test_cmd_44_a_shape_is_put_into_the_document(scene: Scene, anna: Person) -> None:
    made = anna.do(CreatePrimitiveV2("torus", 2.0, 8, 5, 0, 0.25, "ring", HERE, NO_TURN, ONE))
    entity = entity_id(made.name)
    assert scene.unit(entity).name == Name("ring")
    expected = build_shape(ShapeParameters("torus", 2.0, segments=8, rings=5, tube=0.25), made.name)
    assert canonical_bytes(scene.mesh(entity)) == canonical_bytes(expected)
    assert scene.mesh(entity).face_count == 40


def test_cmd_45_a_surface_is_set_and_the_colour_stays(scene: Scene, anna: Person) -> None:
    entity, _ = anna.create()
    before = scene.shown()[entity]
    anna.do(SetSurface(entity, PLAIN))
    assert scene.shown()[entity] == before, "nothing that was not so already"
    anna.do(SetSurface(entity, GLASS))
    unit = scene.unit(entity)
    assert unit.material == Material((0.72, 0.74, 0.78), 0.25, 0.125)
    assert unit.surface == Surface((0.5, 0.0, 0.0), 0.75, 0.25, 2, 1)
    assert unit.material is not None
    assert unit.surface is not None
    assert unit.surface.values(unit.material) == GLASS
    assert component_bytes(unit.surface) == struct.pack("<5d2B", 0.5, 0.0, 0.0, 0.75, 0.25, 2, 1)
    anna.do(SetSurface(entity, PLAIN))
    assert scene.unit(entity).surface == DEFAULT_SURFACE, "it stays, once it was given"


def test_doc_4_a_component_that_is_no_more_comes_without_bytes(scene: Scene, anna: Person) -> None:
    entity, _ = anna.create()
    before, hashed = scene.shown(), scene.document.hash
    _, (patch,) = scene.add([anna.make(SetSurface(entity, GLASS))])
    assert {each.component for each in patch.components} == {name_id("theta.Material"), name_id("theta.Surface")}
    edge = edges_of(scene.mesh(entity))[0]
    _, (patch,) = scene.add([anna.make(commands.SplitEdge(entity, edge, 0.5))])
    assert {each.component for each in patch.components} == {name_id("theta.Mesh"), MESH_REDIRECTS_ID}
    anna.undo()
    assert MESH_REDIRECTS_ID not in scene.shown()[entity]
    gestures = scene.history.next_undo(anna.author)
    _, (patch,) = scene.add([anna.make(off(*gestures))])
    gone = [each.component for each in patch.components if not each.data]
    assert gone == [name_id("theta.Surface")]
    assert (scene.shown(), scene.document.hash) == (before, hashed)
    row = scene.document.row(entity)
    assert row is not None
    assert not scene.document.world.has(row, Surface)


def test_doc_5_redirects_are_part_of_the_document(scene: Scene, anna: Person) -> None:
    entity, _ = anna.create()
    assert MESH_REDIRECTS_ID not in scene.shown()[entity]
    edge = edges_of(scene.mesh(entity))[0]
    anna.do(commands.SplitEdge(entity, edge, 0.5))
    redirects = scene.mesh(entity).redirects
    assert name_id("theta.Redirects") == MESH_REDIRECTS_ID
    assert scene.shown()[entity][MESH_REDIRECTS_ID] == redirects.digest() + struct.pack("<Q", 1)
    split = scene.document.hash
    other = Document(World())
    for each, unit in refold(scene.commands).items():
        other.update(each, unit)
    assert other.hash == split
    hexagon = next(face for face in scene.mesh(entity).face_ids() if len(scene.mesh(entity).face_vertices(face)) == 5)
    anna.do(commands.Poke(entity, hexagon))
    assert scene.mesh(entity).redirects.count == 2
    assert scene.shown()[entity][MESH_REDIRECTS_ID][16:] == struct.pack("<Q", 2)


def test_cmd_46_polygons_become_a_mesh_with_numbered_ids(scene: Scene, anna: Person) -> None:
    data = next(iter(ASSETS.values()))
    made = anna.do(import_of(data, GLASS))
    unit = scene.unit(entity_id(made.name))
    assert unit.transform == Transform((1.0, 0.0, 3.0), NO_TURN, ONE)
    assert unit.material == Material((1.0, 0.5, 0.0), 0.25, 0.125)
    assert unit.surface == Surface.of(GLASS)
    assert unit.mesh is not None
    validate(unit.mesh)
    expected = build_numbered(separate_and_link(decode_polygons(data)), made.name)
    assert canonical_bytes(unit.mesh) == canonical_bytes(expected)


def test_cmd_46_and_ast_11_canonical_bytes_come_as_they_are(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    anna.do(commands.PaintFaces(entity, face_of(made), RED))
    anna.do(commands.SplitEdge(entity, edges_of(scene.mesh(entity))[0], 0.25))
    data = canonical_bytes(scene.mesh(entity))
    assert data[:4] == b"TMC2"
    assert face_count_of(data) == 6
    unit = Unit()
    command = anna.make(import_of(data))
    assert apply(unit, command, {asset_name(data): data}).kind == "applied"
    assert unit.mesh is not None
    assert canonical_bytes(unit.mesh) == data
    assert unit.mesh.redirects.count == 0
    assert unit.surface is None
    old = anna.make(ImportMesh(asset_name(data), "Vase", HERE, NO_TURN, ONE, RED))
    assert apply(Unit(), old, {asset_name(data): data}).kind == "rejected", "version 1 knows polygons only"


def test_cmd_46_every_import_of_an_asset_is_a_mesh_of_its_own() -> None:
    shape = build_shape(ShapeParameters("cube"), CommandName(1, 1))
    polygons = next(iter(ASSETS.values()))
    for data in (canonical_bytes(shape), polygons):
        first = mesh_of_asset(data, CommandName(5, 1))
        before = canonical_bytes(first)
        face = first.face_ids()[0]
        extrude_face(first, face, 0.5, CommandName(5, 2))
        first.halfedges.positions.array()[:] += 1.0
        again = mesh_of_asset(data, CommandName(5, 1))
        assert canonical_bytes(again) == before != canonical_bytes(first)
        validate(again)


def test_ast_11_what_is_no_canonical_mesh_is_no_asset() -> None:
    good = canonical_bytes(build_shape(ShapeParameters("cube"), CommandName(1, 1)))
    assert face_count_of(canonical_bytes(Mesh())) == 0, "an object may have lost all its faces"
    many = good[:12] + struct.pack("<I", 40_001) + good[16:]
    for bad in (good[:-1], good[:10], good + b"\0", many, b"TMC3" + good[4:], b"TMC1" * 3_000_000):
        with pytest.raises(UnusableAsset):
            face_count_of(bad)
        with pytest.raises(UnusableAsset):
            mesh_of_asset(bad, CommandName(1, 1))


def test_cmd_50_a_refused_operation_leaves_all_as_it_was(scene: Scene, anna: Person) -> None:
    entity, _ = anna.create()
    before = scene.shown()
    mesh = scene.mesh(entity)
    flipped = anna.do(commands.FlipEdge(entity, edges_of(mesh)[0]))
    assert reason_of(scene, flipped) == "NotApplicable"
    missed = anna.do(commands.Poke(NOBODY, mesh.face_ids()[0]))
    assert reason_of(scene, missed) == "UnknownElement"
    assert scene.shown() == before


def test_cmd_55_only_what_nothing_lives_of_is_not_deleted(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    face = face_of(made)
    anna.do(commands.DeleteElements(entity, b"", b"", face))
    assert reason_of(scene, anna.do(commands.DeleteElements(entity, b"", b"", face))) == "UnknownElement"
    assert reason_of(scene, anna.do(commands.DeleteElements(entity, NOBODY, b"", b""))) == "UnknownElement"
    assert reason_of(scene, anna.do(commands.DeleteElements(entity, b"", NOBODY, b""))) == "UnknownElement"
    both = anna.do(commands.DeleteElements(entity, b"", b"", face + face_of(made, 0)))
    assert scene.outcome(both) == "applied"
    assert scene.mesh(entity).face_count == 4


def test_cmd_51_one_id_comes_to_what_replaced_it(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    edge = edges_of(scene.mesh(entity))[0]
    low, high = (scene.mesh(entity).position(end) for end in scene.mesh(entity).edge_vertices(edge))
    anna.do(commands.SplitEdge(entity, edge, 0.5))
    whole = anna.do(commands.DissolveEdge(entity, edge))
    assert reason_of(scene, whole) == "SplitElement"
    again = anna.do(commands.SplitEdge(entity, edge, 0.75))
    new = scene.fold.made(entity, again.name)
    assert new is not None
    (vertex,) = new.vertices
    expected = tuple(one + (other - one) * 0.75 for one, other in zip(low, high, strict=True))
    assert scene.mesh(entity).position(bytes(vertex)) == pytest.approx(expected)
    unknown = anna.do(commands.SplitEdge(entity, NOBODY, 0.5))
    assert reason_of(scene, unknown) == "UnknownElement"
    top = face_of(made)
    anna.do(commands.Poke(entity, top))
    old = anna.do(ExtrudeFace(entity, top, 0.5))
    assert reason_of(scene, old) == "UnknownElement", "version 1 knows no redirects"
    new_version = anna.do(commands.ExtrudeFaceV2(entity, top, 0.5))
    assert reason_of(scene, new_version) == "SplitElement"


def test_cmd_51_several_ids_come_to_all_that_live(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    top, bottom = face_of(made, 3), face_of(made, 2)
    anna.do(commands.Poke(entity, top))
    anna.do(commands.DeleteElements(entity, b"", b"", bottom))
    painted = anna.do(commands.PaintFaces(entity, top + bottom + NOBODY, RED))
    assert scene.outcome(painted) == "applied"
    mesh = scene.mesh(entity)
    rows = attribute_rows(mesh, "face", "painted")
    assert {face for face, row in zip(mesh.face_ids(), rows.tolist(), strict=True) if row == [1]} == set(
        mesh.resolve("face", top)
    )
    none = anna.do(commands.PaintFaces(entity, bottom, RED))
    assert reason_of(scene, none) == "UnknownElement"


@pytest.mark.parametrize("kind", ["faces", "attribute", "corners", "vertices"])
def test_cmd_51_ids_that_come_to_too_many_are_refused(
    scene: Scene, anna: Person, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    entity, made = anna.create()
    top, vertex = face_of(made, 3), scene.mesh(entity).face_vertices(face_of(made, 3))[0]
    neighbour = scene.mesh(entity).face_vertices(face_of(made, 3))[1]
    anna.do(commands.Poke(entity, top))
    if kind == "vertices":
        kept, vertex = sorted((vertex, neighbour))
        anna.do(commands.Weld(entity, kept + vertex, HERE))
    # The face and its four triangles; the vertex and what it was welded to.
    operation, looked_at = {
        "faces": (commands.PaintFaces(entity, top, RED), 5),
        "attribute": (commands.SetAttribute(entity, "face", "a", "u1", 1, top, b"\1"), 5),
        "corners": (commands.SetAttribute(entity, "corner", "a", "u1", 1, top + vertex, b"\1"), 5),
        "vertices": (commands.MoveVerticesV2(entity, vertex, doubles(0.0, 0.0, 0.0), bytes(24)), 2),
    }[kind]
    before = scene.shown()
    monkeypatch.setattr(base, "COMMAND_RESOLVED_MAX", looked_at - 1)
    assert reason_of(scene, anna.do(operation)) == "InvalidValue"
    assert scene.shown() == before
    monkeypatch.setattr(base, "COMMAND_RESOLVED_MAX", looked_at)
    assert scene.outcome(anna.do(operation)) == "applied"


def test_cmd_52_welded_vertices_move_as_one(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    one, other = vertex_of(made, 0), vertex_of(made, 1)
    anna.do(commands.Weld(entity, one + other, (0.0, -0.5, -0.5)))
    kept = min(one, other)
    assert scene.mesh(entity).position(kept) == (0.0, -0.5, -0.5)
    old = anna.do(MoveVertices(entity, one + other, doubles(*(0.0,) * 6), bytes(48)))
    assert reason_of(scene, old) == "UnknownElement"
    anna.do(commands.MoveVerticesV2(entity, one + other, doubles(1.0, 1.0, 1.0, 2.0, 2.0, -0.0), bytes(48)))
    assert scene.mesh(entity).position(kept) == (2.0, 2.0, 0.0)
    gone = anna.do(commands.MoveVerticesV2(entity, NOBODY, doubles(0.0, 0.0, 0.0), bytes(24)))
    assert reason_of(scene, gone) == "UnknownElement"


def test_cmd_53_a_crease_is_written_to_its_edges(scene: Scene, anna: Person) -> None:
    entity, _ = anna.create()
    edges = edges_of(scene.mesh(entity))
    anna.do(commands.SetCrease(entity, edges[0] + edges[4], 2.5))
    found = attribute_rows(scene.mesh(entity), "edge", "crease")[:, 0]
    assert np.flatnonzero(found).tolist() == [0, 4]
    assert set(found.tolist()) == {0.0, 2.5}


def test_cmd_54_faces_are_painted(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    anna.do(commands.PaintFaces(entity, face_of(made), (0.25, -0.0, 1.0)))
    mesh = scene.mesh(entity)
    at = mesh.face_ids().index(face_of(made))
    colours, painted = attribute_rows(mesh, "face", "colour"), attribute_rows(mesh, "face", "painted")
    assert colours[at].tobytes() == doubles(0.25, 0.0, 1.0)
    assert (int(painted[at, 0]), int(painted[:, 0].sum())) == (1, 1)
    anna.do(commands.SetAttribute(entity, "vertex", "painted", "f8", 1, vertex_of(made, 0), doubles(1.0)))
    assert scene.mesh(entity).attribute_keys()[0].domain == "vertex", "the same name in another domain is another"


def test_cmd_54_an_attribute_of_another_type_refuses_paint_whole(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    face = face_of(made)
    anna.do(commands.SetAttribute(entity, "face", "painted", "f8", 1, face, doubles(1.0)))
    before = scene.shown()
    refused = anna.do(commands.PaintFaces(entity, face, RED))
    assert reason_of(scene, refused) == "InvalidValue"
    assert scene.shown() == before, "no colour without its mark"


def test_cmd_54_a_face_that_was_split_is_split_where_both_corners_are(scene: Scene, anna: Person) -> None:
    made = anna.do(CreatePrimitiveV2("ngon", 1.0, 8, 0, 0, 0.0, "octagon", HERE, NO_TURN, ONE))
    entity = entity_id(made.name)
    (face,) = scene.mesh(entity).face_ids()
    loop = scene.mesh(entity).face_vertices(face)
    anna.do(commands.SplitFace(entity, face, loop[0], loop[4]))
    second = anna.do(commands.SplitFace(entity, face, loop[5], loop[7]))
    assert scene.outcome(second) == "applied"
    across = anna.do(commands.SplitFace(entity, face, loop[2], loop[6]))
    assert reason_of(scene, across) == "SplitElement"
    assert scene.mesh(entity).face_count == 3


def test_cmd_55_attributes_of_every_domain_are_written(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    face, vertex = face_of(made), vertex_of(made, 2)
    edge = edges_of(scene.mesh(entity))[0]
    anna.do(commands.SetAttribute(entity, "vertex", "weight", "f8", 2, vertex, doubles(0.5, -0.0)))
    anna.do(commands.SetAttribute(entity, "edge", "seam", "u1", 1, edge, b"\1"))
    anna.do(commands.SetAttribute(entity, "face", "group", "i4", 1, face, struct.pack("<i", -7)))
    corner = anna.do(commands.SetAttribute(entity, "corner", "uv", "f8", 2, face + vertex, doubles(0.25, 0.75)))
    assert scene.outcome(corner) == "applied"
    mesh = scene.mesh(entity)
    assert attribute_rows(mesh, "vertex", "weight")[mesh.vertex_ids().index(vertex)].tobytes() == doubles(0.5, 0.0)
    assert attribute_rows(mesh, "edge", "seam").sum() == 1
    assert attribute_rows(mesh, "face", "group")[mesh.face_ids().index(face)].tolist() == [-7]
    assert attribute_rows(mesh, "corner", "uv").sum() == 1.0
    elsewhere = anna.do(
        commands.SetAttribute(entity, "corner", "uv", "f8", 2, face + vertex_of(made, 0), doubles(0.25, 0.75))
    )
    assert reason_of(scene, elsewhere) == "UnknownElement"


def test_cmd_56_the_whole_mesh_is_subdivided_mirrored_and_compacted(scene: Scene, anna: Person) -> None:
    entity, _ = anna.create()
    anna.do(commands.Subdivide(entity, "catmull-clark"))
    assert scene.mesh(entity).face_count == 24
    mirrored = anna.do(commands.Mirror(entity, "x", 5.0, 0.0))
    assert scene.mesh(entity).face_count == 48
    made = scene.fold.made(entity, mirrored.name)
    assert made is not None
    assert len(made.faces) == 24
    before = scene.shown()
    assert scene.outcome(anna.do(commands.CompactMesh(entity))) == "applied"
    assert scene.shown() == before
    ends = scene.mesh(entity).edge_vertices(edges_of(scene.mesh(entity))[0])
    anna.do(commands.WeldByDistance(entity, b"".join(ends), 1.0))
    assert scene.mesh(entity).vertex_count == 51
    assert scene.outcome(anna.do(commands.WeldByDistance(entity, b"", 0.0))) == "applied"


def test_cmd_57_each_element_has_its_first_maker(scene: Scene, anna: Person) -> None:
    ben = Person(scene, b"b" * 32, 2)
    entity, made = anna.create()
    before = set(edges_of(scene.mesh(entity)))
    extruded = ben.do(commands.ExtrudeFaceV2(entity, face_of(made), 0.5))
    edge = min(before)
    split = anna.do(commands.SplitEdge(entity, edge, 0.5))
    masked = ben.do(commands.Poke(entity, face_of(made, 0)))
    ben.undo()
    makers = scene.fold.makers(entity)
    assert makers is scene.fold.makers(entity), "told again without another replay"
    assert makers.makers == (made, extruded, split)
    mesh = scene.mesh(entity)
    assert [bytes(each) for each in makers.ids[1]] == mesh.edge_ids()
    assert makers.maker_of("face", face_of(made)) == made
    for command, kind in ((extruded, "face"), (extruded, "edge"), (split, "vertex"), (split, "edge")):
        new = scene.fold.made(entity, command.name)
        assert new is not None
        for each in {"vertex": new.vertices, "edge": new.edges, "face": new.faces}[kind]:
            assert makers.maker_of(kind, bytes(each)) == command
    assert scene.fold.made(entity, masked.name) is None
    assert not any((rows == UNKNOWN).any() for rows in makers.rows)
    with pytest.raises(UnknownElement):
        makers.maker_of("edge", edge)
    between = scene.fold.made(entity, split.name)
    assert between is not None
    anna.do(commands.DissolveVertex(entity, bytes(between.vertices[0])))
    assert scene.fold.makers(entity).maker_of("edge", edge) == made, "it is back, and still its first maker's"


def test_cmd_57_of_nothing_there_are_no_makers(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    assert scene.fold.makers(entity).makers == (made,)
    anna.do(Delete(entity))
    for found in (scene.fold.makers(entity), scene.fold.makers(NOBODY), element_makers([])):
        assert found.makers == ()
        assert [len(rows) for rows in found.rows] == [0, 0, 0]
    assert scene.fold.made(NOBODY, CommandName(1, 1)) is None


def test_a_part_keeps_its_ids_and_attributes(scene: Scene, anna: Person) -> None:
    entity, made = anna.create()
    anna.do(commands.PaintFaces(entity, face_of(made, 3), RED))
    anna.do(commands.SetCrease(entity, b"".join(edges_of(scene.mesh(entity))), 1.5))
    mesh = scene.mesh(entity)
    faces = [face_of(made, 3), face_of(made, 0)]
    part = mesh_of(parse_canonical(part_bytes(mesh, faces)))
    validate(part)
    assert part.face_ids() == sorted(faces)
    assert (part.vertex_count, part.edge_count) == (6, 7)
    for face in faces:
        assert part.face_vertices(face) == mesh.face_vertices(face)
        assert part.face_edges(face) == mesh.face_edges(face)
    assert attribute_rows(part, "edge", "crease").tolist() == [[1.5]] * 7
    assert attribute_rows(part, "face", "painted").sum() == 1
    with pytest.raises(UnknownElement):
        part_bytes(mesh, [NOBODY])
