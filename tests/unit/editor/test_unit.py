"""What each command does: CMD-30 to CMD-37."""

import struct

import pytest

from tests.unit.editor.scenes import (
    BLUE,
    HERE,
    NO_TURN,
    NOBODY,
    ONE,
    RED,
    Delete,
    ExtrudeFace,
    Paint,
    Person,
    Rename,
    Scene,
    cube,
    doubles,
    face_of,
    move,
    off,
    place,
    vertex_of,
)
from theta.base.identifiers import CommandName, element_id
from theta.editor.components import Material, MeshRef, Name, Owner, Transform
from theta.editor.fold import Fold
from theta.editor.unit import APPLIED, NOT_THERE, Outcome, Unit, apply
from theta.editor.vocabulary import CreatePrimitive, ImportMesh, MoveVertices, Operation, SetTransform
from theta.mesh import (
    Mesh,
    Polygons,
    asset_name,
    build_imported,
    build_primitive,
    canonical_bytes,
    decode_polygons,
    encode_polygons,
)


@pytest.mark.parametrize("kind", ["cube", "pyramid", "plane"])
def test_cmd_31_a_primitive_is_put_into_the_document(kind: str) -> None:
    scene = Scene()
    anna = Person(scene, b"k" * 32)
    command = anna.do(CreatePrimitive(kind, 2.0, "Würfel", (1.0, 2.0, 3.0), (0.0, 1.0, 0.0, 0.0), (1.0, 2.0, 3.0)))
    (entity,) = scene.fold.entities()
    assert entity == element_id(command.name, "entity")
    unit = scene.unit(entity)
    assert unit.transform == Transform((1.0, 2.0, 3.0), (0.0, 1.0, 0.0, 0.0), (1.0, 2.0, 3.0))
    assert unit.material == Material((0.72, 0.74, 0.78), 0.0, 0.65)
    assert unit.name == Name("Würfel")
    assert unit.owner == Owner(b"k" * 32)
    assert unit.mesh_ref == MeshRef(element_id(command.name, "mesh"))
    assert canonical_bytes(scene.mesh(entity)) == canonical_bytes(build_primitive(kind, 2.0, command.name))


def test_cmd_43_imported_polygons_are_put_into_the_document() -> None:
    data = encode_polygons(
        [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, -0.0), (0.0, 0.0, 1.0)], [(0, 1, 2), (1, 0, 3)]
    )
    anna = Person(Scene(), b"k" * 32)
    command = anna.do(
        ImportMesh(asset_name(data), "Vase", (1.0, -0.0, 3.0), NO_TURN, (1.0, 2.0, 3.0), (1.0, 0.5, -0.0))
    )
    unit = Unit()
    assert apply(unit, command, {asset_name(data): data}) == APPLIED
    assert unit.transform == Transform((1.0, 0.0, 3.0), NO_TURN, (1.0, 2.0, 3.0))
    assert unit.material == Material((1.0, 0.5, 0.0), 0.0, 0.65)
    assert unit.material is not None
    assert struct.pack("<d", unit.material.colour[2]) == bytes(8), "a negative zero is stored as zero"
    assert (unit.name, unit.owner) == (Name("Vase"), Owner(b"k" * 32))
    assert unit.mesh_ref == MeshRef(element_id(command.name, "mesh"))
    assert unit.mesh is not None
    assert canonical_bytes(unit.mesh) == canonical_bytes(build_imported(decode_polygons(data), command.name))


@pytest.mark.parametrize("assets", [{}, {b"a" * 32: b"no asset"}])
def test_cmd_43_an_asset_that_no_mesh_can_be_made_of_rejects_it(assets: dict[bytes, bytes]) -> None:
    anna = Person(Scene())
    command = anna.do(ImportMesh(b"a" * 32, "Vase", HERE, NO_TURN, ONE, RED))
    unit = Unit()
    outcome = apply(unit, command, assets)
    assert outcome.kind == "rejected"
    assert outcome.reason.startswith(("UnknownAsset: ", "UnusableAsset: "))
    assert not unit.exists
    assert unit == Unit(mesh_stamp=unit.mesh_stamp)


def test_an_import_is_not_built_again_for_what_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_polygons([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)], [(0, 1, 2)])
    built: list[CommandName] = []

    def build(polygons: Polygons, name: CommandName) -> Mesh:
        built.append(name)
        return build_imported(polygons, name)

    monkeypatch.setattr("theta.editor.changes.build_imported", build)
    anna = Person(Scene())
    maker = anna.do(ImportMesh(asset_name(data), "Vase", HERE, NO_TURN, ONE, RED))
    entity = element_id(maker.name, "entity")
    others = [anna.do(Rename(entity, f"{at}")) for at in range(4)]
    fold = Fold({asset_name(data): data})
    for command in (maker, *reversed(others)):
        fold.add([command])
    assert len(built) == 1
    unit = fold.unit(entity)
    assert unit is not None
    assert unit.name == Name("3")


def test_cmd_32_a_transform_is_replaced_whole() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    anna.do(SetTransform(entity, (-0.0, 5.0, 0.0), (1.0, 0.0, -0.0, 0.0), (2.0, 2.0, 2.0)))
    transform = scene.unit(entity).transform
    assert transform == Transform((0.0, 5.0, 0.0), (1.0, 0.0, 0.0, 0.0), (2.0, 2.0, 2.0))
    assert transform is not None
    flat = (*transform.translation, *transform.rotation, *transform.scale)
    assert b"\x80" not in struct.pack("<10d", *flat), "a negative zero is stored as zero"


def test_cmd_33_vertices_are_put_at_their_targets_all_or_none() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    vertices = [vertex_of(made, 0), vertex_of(made, 7)]
    targets = doubles(0.1, 0.2, -0.0, 4.0, 5.0, 6.0)
    moved = anna.do(MoveVertices(entity, b"".join(vertices), targets, doubles(*(9.0,) * 6)))
    assert scene.outcome(moved) == "applied"
    positions = [scene.mesh(entity).position(vertex) for vertex in vertices]
    assert [tuple(each) for each in positions] == [(0.1, 0.2, 0.0), (4.0, 5.0, 6.0)]
    before = scene.shown()
    missed = anna.do(move(entity, [vertices[0], NOBODY]))
    assert scene.fold.outcome(missed.name) == Outcome(
        "no-op", f"UnknownElement: there is no vertex {NOBODY.hex()} here"
    )
    assert scene.shown() == before


def test_cmd_34_a_face_is_pulled_along_its_normal() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    top = face_of(made)
    extruded = anna.do(ExtrudeFace(entity, top, 0.25))
    mesh = scene.mesh(entity)
    assert (mesh.vertex_count, mesh.edge_count, mesh.face_count) == (12, 20, 10)
    cap = element_id(extruded.name, "extrude.vertex", (top, vertex_of(made, 2)))
    assert tuple(mesh.position(cap)) == (-0.5, 0.75, -0.5)
    missed = anna.do(ExtrudeFace(entity, NOBODY, 0.25))
    assert scene.outcome(missed) == "no-op"


def test_cmd_34_what_leaves_the_world_is_a_no_op() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    for _ in range(100):
        anna.do(ExtrudeFace(entity, face_of(made), 9_999.0))
    before = scene.shown()
    over = anna.do(ExtrudeFace(entity, face_of(made), 9_999.0))
    outcome = scene.fold.outcome(over.name)
    assert outcome is not None
    assert outcome.kind == "no-op"
    assert outcome.reason.startswith("InvalidValue: position is 100")
    assert scene.shown() == before


def test_cmd_35_paint_changes_the_colour_and_nothing_else() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    before = scene.shown()[entity]
    anna.do(Paint(entity, (-0.0, 0.25, 1.0)))
    assert scene.unit(entity).material == Material((0.0, 0.25, 1.0), 0.0, 0.65)
    after = scene.shown()[entity]
    assert [key for key in before if before[key] != after[key]] == [
        next(iter(k for k in before if len(before[k]) == 40))
    ]
    assert after[next(k for k in before if len(before[k]) == 40)][:8] == bytes(8)


def test_cmd_36_a_name_is_replaced() -> None:
    scene = Scene()
    anna, ben = Person(scene), Person(scene, b"b" * 32, 2)
    entity, _ = anna.create()
    ben.do(Rename(entity, "Ben's"))
    assert scene.unit(entity).name == Name("Ben's")
    assert scene.unit(entity).owner == Owner(b"a" * 32), "renaming is not owning"


def test_cmd_37_what_is_deleted_is_gone_until_that_is_undone() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    before = scene.shown()
    anna.do(Delete(entity))
    assert scene.fold.unit(entity) is None
    assert scene.fold.entities() == []
    assert scene.shown() == {}
    assert scene.document.hash == bytes(16)
    again = anna.do(Delete(entity))
    painted = anna.do(Paint(entity, RED))
    assert scene.fold.outcome(again.name) == scene.fold.outcome(painted.name) == NOT_THERE
    anna.do(off(again.gesture, painted.gesture))
    anna.undo()
    assert scene.shown() == before


@pytest.mark.parametrize(
    "operation",
    [place(NOBODY), move(NOBODY, [NOBODY]), ExtrudeFace(NOBODY, NOBODY, 1.0), Paint(NOBODY, RED), Rename(NOBODY, "n")],
    ids=lambda each: each.NAME,
)
def test_cmd_30_on_what_is_not_there_a_command_is_a_no_op(operation: Operation) -> None:
    scene = Scene()
    anna = Person(scene)
    command = anna.do(operation)
    assert scene.fold.outcome(command.name) == NOT_THERE
    assert scene.shown() == {}


def test_cmd_30_before_its_creation_a_command_is_a_no_op() -> None:
    scene = Scene()
    anna, ben = Person(scene), Person(scene, b"b" * 32, 2)
    create = anna.make(cube(), lamport=5)
    entity = element_id(create.name, "entity")
    early = ben.do(Paint(entity, BLUE), lamport=4)
    scene.add([create])
    assert scene.fold.outcome(early.name) == NOT_THERE
    assert scene.unit(entity).material == Material((0.72, 0.74, 0.78), 0.0, 0.65)


def test_a_copy_of_a_unit_changes_by_itself() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    unit = scene.unit(entity)
    copy = unit.copy()
    assert copy.mesh_stamp is unit.mesh_stamp
    assert apply(copy, anna.make(ExtrudeFace(entity, face_of(made), 1.0))) == APPLIED
    assert copy.mesh_stamp is not unit.mesh_stamp
    assert copy.mesh is not None
    assert (scene.mesh(entity).vertex_count, copy.mesh.vertex_count) == (8, 12)
    assert Unit().copy().mesh is None


def test_an_entity_is_made_once() -> None:
    scene = Scene()
    command = Person(scene).make(cube())
    unit = Unit()
    assert apply(unit, command) == APPLIED
    with pytest.raises(AssertionError, match="one command"):
        apply(unit, command)
