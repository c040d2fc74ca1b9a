"""What commands on meshes say that they read and write, against what they do: CMD-58."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.support.mesh_commands import pick_operation
from tests.unit.editor.mesh_operations.facts import changed, facts_of
from tests.unit.mesh.meshes import grid, mesh_from
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.editor.mesh_operations import MESH_OPERATIONS, MeshOperation, Poke, SplitEdge
from theta.editor.mesh_operations.base import EVERYTHING, touching
from theta.editor.mesh_operations.scopes import Scope, reads, writes
from theta.editor.touches import Aspect, Reach
from theta.editor.vocabulary import ExtrudeFace, MoveVertices
from theta.mesh import Mesh, build_primitive, extrude_face, validate
from theta.mesh.local.vertices import create_vertex
from theta.mesh.operations import move_vertices
from theta.mesh.results import Made
from theta.mesh.shapes import ShapeParameters, build_shape

ENTITY = b"e" * 16
NAME = CommandName(5, 77)
MADE_BEFORE = CommandName(5, 1)
ROUNDS_MAX = 100
CARRIED_OUT_MAX = 10


def tube() -> Mesh:
    """Open at both ends."""
    around = [(0.5, 0.0), (0.0, 0.5), (-0.5, 0.0), (0.0, -0.5)]
    positions = [(x, y, z) for y in (0.0, 1.0) for x, z in around]
    return mesh_from(positions, [(at, 4 + at, 4 + (at + 1) % 4, (at + 1) % 4) for at in range(4)])


def sheet() -> Mesh:
    """A few quads, and vertices by themselves."""
    mesh = grid(2, 2)
    for number in range(4):
        create_vertex(mesh, (number * 0.5, 2.0 + number * number, 3.0), CommandName(6, number + 1))
    return mesh


BASES = (
    tube,
    sheet,
    lambda: grid(4, 3),
    lambda: build_primitive("cube", 1.0, MADE_BEFORE),
    lambda: build_shape(ShapeParameters("icosphere", 1.0, levels=0), MADE_BEFORE),
    lambda: build_shape(ShapeParameters("cylinder", 1.0, segments=6), MADE_BEFORE),
    lambda: build_shape(ShapeParameters("torus", 2.0, segments=5, rings=4), MADE_BEFORE),
)


def worn(random: Random) -> Mesh:
    """A mesh on which some commands were carried out already."""
    mesh = random.choice(BASES)()
    for number in range(random.randint(0, 6)):
        kind = random.choice([each for each in MESH_OPERATIONS if each.NAME not in ("theta.subdivide", "theta.mirror")])
        operation = pick_operation(kind, mesh, ENTITY, random)
        if operation is not None:
            attempt(operation, mesh, CommandName(5, 2 + number))
    return mesh


def attempt(operation: MeshOperation, mesh: Mesh, name: CommandName) -> Made | None:
    """What it made; None when it was refused."""
    operation.check()
    try:
        return operation.change(mesh, name)
    except UsageError:
        return None


def trials(kind: type[MeshOperation], seed: int) -> Iterator[tuple[MeshOperation, Mesh, Random]]:
    """Commands of a type, and meshes for them."""
    for number in range(ROUNDS_MAX):
        random = Random(f"{seed} {kind.__name__} {number}")
        mesh = worn(random)
        operation = pick_operation(kind, mesh, ENTITY, random)
        if operation is not None:
            yield operation, mesh, random


def elements(made: Made) -> Scope:
    """What was made, by kind."""
    vertices, edges, faces = ({bytes(each) for each in ids} for ids in (made.vertices, made.edges, made.faces))
    return Scope(vertices, edges, faces)


@pytest.mark.parametrize("kind", MESH_OPERATIONS, ids=lambda each: f"{each.NAME}@{each.VERSION}")
def test_cmd_58_whether_what_is_named_lives_is_read(kind: type[MeshOperation]) -> None:
    known = {(touch.field, touch.aspect) for touch in kind.READS}
    missing = [field for field in kind.ELEMENTS if not {(field, Aspect.TOPOLOGY), ("", Aspect.TOPOLOGY)} & known]
    assert missing == []


def test_cmd_58_the_first_versions_declare_the_whole_mesh() -> None:
    for kind in (MoveVertices, ExtrudeFace):
        assert kind.READS == kind.WRITES == EVERYTHING


@pytest.mark.parametrize("kind", MESH_OPERATIONS, ids=lambda each: f"{each.NAME}@{each.VERSION}")
def test_cmd_58_nothing_changes_that_is_not_declared_as_written(kind: type[MeshOperation], seed: int) -> None:
    carried_out = 0
    for operation, mesh, _ in trials(kind, seed):
        before, declared = facts_of(mesh), writes(operation, mesh)
        made = attempt(operation, mesh, NAME)
        if made is None:
            assert facts_of(mesh) == before
            continue
        carried_out += 1
        if carried_out > CARRIED_OUT_MAX:
            break
        validate(mesh)
        after = facts_of(mesh)
        for aspect, kinds in changed(before, after).items():
            for name, ids in kinds.items():
                assert ids <= declared.get(aspect, Scope()).of(name), (operation, aspect, name)
        said = elements(made)
        for name in ("vertex", "edge", "face"):
            new = set(after[Aspect.TOPOLOGY, name]) - set(before[Aspect.TOPOLOGY, name])
            assert new <= said.of(name), (operation, name)
    assert carried_out >= 3


@pytest.mark.parametrize("kind", MESH_OPERATIONS, ids=lambda each: f"{each.NAME}@{each.VERSION}")
def test_cmd_58_what_is_not_declared_as_read_makes_no_difference(kind: type[MeshOperation], seed: int) -> None:
    carried_out = 0
    for operation, mesh, random in trials(kind, seed):
        read, written = reads(operation, mesh), writes(operation, mesh)
        other = mesh.copy()
        _change_elsewhere(other, read, random)
        found = [(attempt(operation, each, NAME), facts_of(each)) for each in (mesh, other)]
        (made, facts), (other_made, other_facts) = found
        assert (made is None) == (other_made is None), operation
        if made is None or other_made is None:
            continue
        carried_out += 1
        if carried_out > CARRIED_OUT_MAX:
            break
        one, two = elements(made), elements(other_made)
        assert one == two
        for (aspect, name), rows in facts.items():
            touched = written.get(aspect, Scope()).of(name) | one.of(name)
            positions = aspect is Aspect.POSITION
            same = {each for each in touched & set(rows) if not positions or each in one.of(name)}
            for element in same:
                assert rows[element] == other_facts[aspect, name].get(element), (operation, aspect, name)


def test_the_check_can_fail(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SplitEdge, "WRITES", touching(Reach.SELF, "edge"))
    with pytest.raises(AssertionError):
        test_cmd_58_nothing_changes_that_is_not_declared_as_written(SplitEdge, seed)
    monkeypatch.setattr(Poke, "READS", ())
    with pytest.raises(AssertionError):
        test_cmd_58_what_is_not_declared_as_read_makes_no_difference(Poke, seed)


def _change_elsewhere(mesh: Mesh, read: dict[Aspect, Scope], random: Random) -> None:
    """Move what is not read, and extrude a face that neither the reads nor their neighbours know of."""
    positions = read.get(Aspect.POSITION, Scope()).vertices
    free = [vertex for vertex in mesh.vertex_ids() if vertex not in positions]
    if free:
        targets = [[value + random.uniform(0.01, 0.02) for value in mesh.position(vertex)] for vertex in free]
        move_vertices(mesh, free, targets)
    topology = read.get(Aspect.TOPOLOGY, Scope())
    for face in mesh.face_ids():
        if face not in topology.faces and not topology.vertices.intersection(mesh.face_vertices(face)):
            extrude_face(mesh, face, 0.125, CommandName(5, 76))
            return
