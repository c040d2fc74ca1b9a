from collections.abc import Callable

import pytest

from tests.unit.editor.scenes import RED, Delete, Paint, Person, Rename, Scene, place
from theta.editor.mesh_operations import MeshOperation
from theta.editor.surface import SurfaceValues
from theta.editor.touches import ENTITY_FIELDS, Aspect
from theta.editor.unit import Unit
from theta.editor.vocabulary import OPERATIONS, ExtrudeFace, MoveVertices, Operation, SetSurface

GLASS = SurfaceValues(0.25, 0.125, (0.5, 0.0, 0.0), 0.75, "blend", 0.25, False)
MAKERS: tuple[Callable[[bytes], Operation], ...] = (
    place,
    lambda entity: Paint(entity, RED),
    lambda entity: SetSurface(entity, GLASS),
    lambda entity: Rename(entity, "other"),
    Delete,
)


def fields_of(unit: Unit) -> dict[str, object]:
    """What an object has beside its mesh, as ENTITY_FIELDS names it."""
    material = unit.material
    assert material is not None
    return {
        "existence": unit.exists,
        "transform": unit.transform,
        "colour": material.colour,
        "surface": (material.metallic, material.roughness, unit.surface),
        "name": unit.name,
    }


@pytest.mark.parametrize("make", MAKERS)
def test_cmd_58_an_object_changes_as_its_commands_declare(make: Callable[[bytes], Operation]) -> None:
    scene = Scene()
    anna = Person(scene)
    entity, _ = anna.create()
    unit = scene.unit(entity)
    before, mesh = fields_of(unit), unit.mesh_stamp
    operation = make(entity)
    anna.do(operation)
    after = fields_of(unit)
    assert {name for name in before if before[name] != after[name]} == {touch.field for touch in operation.WRITES}
    assert unit.mesh_stamp is mesh


def test_cmd_58_entities_have_these_fields_and_no_other() -> None:
    for operation in OPERATIONS:
        if not issubclass(operation, Operation):
            continue
        for touch in (*operation.READS, *operation.WRITES):
            assert (touch.aspect is Aspect.ENTITY) == (touch.field in ENTITY_FIELDS)
            of_mesh = issubclass(operation, MeshOperation) or operation in (MoveVertices, ExtrudeFace)
            assert (touch.aspect is Aspect.ENTITY) != of_mesh
