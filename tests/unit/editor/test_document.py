import hashlib
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.editor.scenes import (
    RED,
    Delete,
    ExtrudeFace,
    Paint,
    Person,
    Scene,
    cube,
    doubles,
    face_of,
    place,
    shown,
)
from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.ecs.component import canonical_bytes, component_type
from theta.ecs.world import World
from theta.editor import document as document_module
from theta.editor.components import DOCUMENT_COMPONENTS, Material, MeshRef, Name, Owner, Surface, Transform
from theta.editor.document import MESH_CONTENT_ID, Document, hash_term
from theta.editor.mesh_operations import MoveVerticesV2
from theta.mesh import canonical_bytes as canonical_mesh_bytes
from theta.mesh import parse_canonical


def test_doc_1_components_have_these_bytes() -> None:
    transform = Transform((1.0, -0.0, 3.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
    material = Material((0.5, -0.0, 1.0), 0.0, 1.0)
    assert canonical_bytes(transform) == doubles(1.0, 0.0, 3.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0)
    assert canonical_bytes(material) == doubles(0.5, 0.0, 1.0, 0.0, 1.0)
    assert canonical_bytes(Name("Würfel")) == "Würfel".encode()
    assert canonical_bytes(Owner(b"k" * 32)) == b"k" * 32
    assert canonical_bytes(MeshRef(b"m" * 16)) == b"m" * 16
    surface = Surface((0.5, -0.0, 1.0), 0.25, 0.5, 1, 2)
    assert canonical_bytes(surface) == doubles(0.5, 0.0, 1.0, 0.25, 0.5) + b"\1\2"
    names = ["theta.Transform", "theta.Material", "theta.Name", "theta.Owner", "theta.MeshRef", "theta.Surface"]
    assert [component_type(each).name for each in DOCUMENT_COMPONENTS] == names
    assert [component_type(each).id for each in DOCUMENT_COMPONENTS] == [name_id(name) for name in names]


@pytest.mark.parametrize(
    "component",
    [
        Transform((float("nan"), 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0)),
        Material((0.0, 0.0, float("inf")), 0.0, 0.0),
        Name("x" * 129),
        Owner(b"k" * 31),
        MeshRef(b"m" * 17),
    ],
)
def test_doc_1_other_values_have_none(component: object) -> None:
    with pytest.raises(InvalidValue):
        canonical_bytes(component)


def test_doc_2_a_term_hashes_entity_component_and_bytes() -> None:
    content = b"e" * 16 + struct.pack("<Q", 7) + b"data"
    expected = hashlib.blake2b(content, digest_size=16, person=b"theta-document").digest()
    assert hash_term(b"e" * 16, 7, b"data") == int.from_bytes(expected, "little")


def summed(document: Document) -> bytes:
    """The document hash, from a snapshot and nothing else."""
    total = 0
    for patch in document.snapshot():
        for each in patch.components:
            total += hash_term(patch.entity, each.component, each.data)
    return (total % 2**128).to_bytes(16, "little")


@given(st.lists(st.integers(0, 6), max_size=12))
def test_doc_2_the_hash_is_the_sum_whatever_led_there(kinds: list[int]) -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    for count, kind in enumerate(kinds):
        if kind == 0:
            entity, made = anna.create()
        elif kind == 1:
            anna.do(Delete(entity))
        elif kind == 2:
            anna.do(ExtrudeFace(entity, face_of(made), 0.5))
        elif kind == 3:
            anna.do(Paint(entity, RED))
        elif kind == 4 and scene.fold.entities():
            anna.undo()
        elif kind == 5 and (mesh := scene.document.mesh(entity)) is not None:
            target = doubles(0.5, 0.25 * count, -1.0)
            anna.do(MoveVerticesV2(entity, sorted(mesh.vertex_ids())[count % 8], target, bytes(24)))
        assert scene.document.hash == summed(scene.document)
    fresh = Document(World())
    for each in scene.fold.entities():
        fresh.update(each, scene.unit(each))
    assert (fresh.hash, shown(fresh)) == (scene.document.hash, scene.shown())


def test_doc_2_of_nothing_it_is_zero_and_order_does_not_matter() -> None:
    scene = Scene()
    assert scene.document.hash == bytes(16)
    anna = Person(scene)
    first, made = anna.create()
    second, other = anna.create()
    reverse = Document(World())
    for entity in (second, first):
        reverse.update(entity, scene.unit(entity))
    assert reverse.hash == scene.document.hash != bytes(16)
    anna.do(Delete(first))
    anna.do(Delete(second))
    assert scene.document.hash == bytes(16)
    assert made != other


def test_doc_3_a_meshs_content_is_hashed_beside_its_reference() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, made = anna.create()
    before = scene.document.hash
    change, patches = scene.add([anna.make(ExtrudeFace(entity, face_of(made), 0.5))])
    assert change.entities == {entity}
    ((content,),) = [patch.components for patch in patches]
    assert content.component == MESH_CONTENT_ID == name_id("theta.Mesh")
    assert content.data == canonical_mesh_bytes(scene.mesh(entity))
    assert len(parse_canonical(content.data).face_ids) == 10
    assert scene.document.hash != before


def test_doc_4_a_patch_holds_what_changed() -> None:
    scene = Scene()
    anna = Person(scene)
    made = anna.make(cube())
    _, (new,) = scene.add([made])
    assert (new.removed, len(new.components)) == (False, 6)
    _, (moved,) = scene.add([anna.make(place(new.entity))])
    assert [each.component for each in moved.components] == [name_id("theta.Transform")]
    assert len(moved.components[0].data) == 80
    _, none = scene.add([anna.make(place(new.entity))])
    assert none == [], "the same place again"
    _, (gone,) = scene.add([anna.make(Delete(new.entity))])
    assert (gone.entity, gone.removed, gone.components) == (new.entity, True, [])
    assert scene.document.update(new.entity, None) is None


def test_doc_4_patches_in_order_give_the_document() -> None:
    scene = Scene()
    anna, ben = Person(scene), Person(scene, b"b" * 32, 2)
    held: dict[bytes, dict[int, bytes]] = {}
    entity, made = anna.create()
    other, _ = ben.create()
    for patch in scene.document.snapshot():
        held[patch.entity] = {each.component: each.data for each in patch.components}
    assert list(held) == sorted([entity, other])
    operations = [ExtrudeFace(entity, face_of(made), 0.5), Paint(other, RED), Delete(other), place(entity)]
    for at, operation in enumerate(operations):
        _, patches = scene.add([(anna, ben)[at % 2].make(operation)])
        for patch in patches:
            if patch.removed:
                del held[patch.entity]
            else:
                held[patch.entity] = {**held.get(patch.entity, {}), **{e.component: e.data for e in patch.components}}
        assert held == scene.shown()


def test_doc_3_a_large_mesh_is_hashed_with_pauses_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    entity, _ = Person(scene).create()
    at_once, slowly = Document(World()), Document(World())
    patch = at_once.update(entity, scene.unit(entity))
    monkeypatch.setattr(document_module, "HASHED_SLICE_BYTES", 100)
    patches: list[object] = []

    def update() -> Iterator[None]:
        patches.append((yield from slowly.update_slowly(entity, scene.unit(entity))))

    hashes = [slowly.hash for _ in update()]
    assert len(hashes) >= len(canonical_mesh_bytes(scene.mesh(entity))) // 100
    assert at_once.hash not in hashes
    assert patches == [patch]
    assert (slowly.hash, shown(slowly)) == (at_once.hash, shown(at_once))
    assert slowly.hash == summed(slowly)
    assert list(slowly.update_slowly(entity, scene.unit(entity))) == [], "nothing has changed"


def test_the_world_shows_the_document() -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create("box")
    document = scene.document
    assert (document.entity_count, document.entities()) == (1, [entity])
    row = document.row(entity)
    assert row is not None
    assert document.world.read(row, Name) == Name("box")
    anna.do(place(entity, 4.0))
    assert document.world.read(row, Transform).translation == (4.0, 0.0, 0.0)
    assert document.mesh(entity) is scene.mesh(entity)
    anna.do(Delete(entity))
    assert (document.entity_count, document.row(entity), document.mesh(entity)) == (0, None, None)
    anna.undo()
    assert document.row(entity) not in (None, row), "back as another row"
