"""The table of operations, the meshes that programs begin with, and how a step is run."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from tests.property.mesh_programs.drawing import STEPS, Draw, Nothing, Operation
from tests.property.mesh_programs.elementary import ELEMENTARY, deleting
from tests.property.mesh_programs.modelling import MODELLING
from tests.property.mesh_programs.whole import WHOLE
from tests.unit.mesh.meshes import grid, raw_state, torus
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, Polygons, UnusableAsset, build_imported, build_primitive, validate
from theta.mesh.results import Made
from theta.mesh.shapes import ShapeParameters, build_shape

STEPS_IN_A_PROGRAM = 200
FACES_MAX = 120

OPERATIONS: tuple[Operation, ...] = (*ELEMENTARY, *MODELLING, *WHOLE)

SHAPES = (
    ShapeParameters("cube"),
    ShapeParameters("pyramid"),
    ShapeParameters("plane"),
    ShapeParameters("cone", segments=5),
    ShapeParameters("cylinder", segments=5),
    ShapeParameters("sphere", segments=5, rings=3),
    ShapeParameters("icosphere", levels=1),
    ShapeParameters("torus", segments=4, rings=3),
    ShapeParameters("grid", segments=4, rings=3),
    ShapeParameters("ngon", segments=7),
)

Step = Sequence[int]
PROGRAMS = st.lists(STEPS, min_size=STEPS_IN_A_PROGRAM, max_size=STEPS_IN_A_PROGRAM)
SHORT_PROGRAMS = st.lists(STEPS, min_size=40, max_size=40)
BEGINNINGS = st.integers(0, 999)


def beginning(number: int) -> Mesh:
    """A shape, a surface with a boundary or a handle, or what is made of polygons that don't fit together."""
    name = CommandName(1, 1)
    kind = number % 13
    if kind < len(SHAPES):
        shape = SHAPES[kind]
        if shape.kind in ("cube", "pyramid", "plane"):
            return build_primitive(shape.kind, 2.0, name)
        return build_shape(shape, name)
    return (grid(3, 2), torus(), soup(number))[kind - len(SHAPES)]


def soup(seed: int) -> Mesh:
    """The mesh of random triangles and quads of twelve points."""
    draw = np.random.default_rng(seed)
    counts = draw.integers(3, 5, 14)
    corners = np.concatenate([draw.permutation(12)[:count] for count in counts.tolist()])
    try:
        return build_imported(
            Polygons(draw.integers(-4, 5, (12, 3)).astype(np.float64), counts, corners), CommandName(1, 1)
        )
    except UnusableAsset:
        return grid(2, 2)


def run_step(mesh: Mesh, step: Step, name: CommandName) -> Made | None:
    """Run a step; one that cannot be done leaves every byte as it was, and returns None."""
    operation = OPERATIONS[step[0] % len(OPERATIONS)] if mesh.face_count <= FACES_MAX else deleting
    before = raw_state(mesh)
    try:
        made = operation(mesh, Draw(mesh, step[1:]), name)
    except (Nothing, UsageError):
        assert raw_state(mesh) == before, operation
        return None
    assert mesh.journal.kept == 0 or mesh.journal.depth
    return made


def run(mesh: Mesh, program: Sequence[Step], first: int = 2, *, checked: bool = False) -> None:
    """Run a program by commands numbered from `first` on, validating after every step if asked to."""
    for number, step in enumerate(program, start=first):
        made = run_step(mesh, step, CommandName(1, number))
        if checked:
            validate(mesh)
        if made is not None:
            _check_made(mesh, made)


def _check_made(mesh: Mesh, made: Made) -> None:
    halfedges = mesh.halfedges
    for table, ids in zip((halfedges.vertices, halfedges.edges, halfedges.faces), made, strict=True):
        told = [bytes(each) for each in ids]
        assert len(set(told)) == len(told)
        assert all(each in table.slots for each in told)
