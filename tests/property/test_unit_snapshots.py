"""A unit that was written down and read goes on as if it had not been: outcomes, writers and raw bytes."""

from random import Random

import pytest

from tests.support.mesh_commands import pick_operation
from tests.unit.mesh.meshes import raw_state
from theta.base.errors import UsageError
from theta.base.identifiers import CommandName, Position, entity_id
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.judging import Alone
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.editor.operation import Operation
from theta.editor.surface import SurfaceValues
from theta.editor.unit import Unit, apply, pass_over
from theta.editor.unit_snapshot import unit_bytes, unit_of_bytes
from theta.editor.vocabulary import CreatePrimitive, Delete, Paint, Rename, SetSurface, SetTransform

PROGRAMS, STEPS = 10, 40
FIRST = CommandName(1, 1)
ENTITY = entity_id(FIRST)
PLACE = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
GROWING = ("theta.subdivide", "theta.mirror")


class OfStrategy(Alone):
    """As with one policy for all commands."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        return self._strategy


def pick(unit: Unit, random: Random) -> Operation:
    """A command that can probably be carried out."""
    mesh = unit.mesh
    assert mesh is not None
    kinds = [kind for kind in MESH_OPERATIONS if kind.NAME not in GROWING or mesh.face_count < 40]
    for _ in range(3):
        if random.random() < 0.7:
            operation = pick_operation(random.choice(kinds), mesh, ENTITY, random)
            if operation is not None:
                return operation
    return random.choice(
        [
            Paint(ENTITY, (random.random(), 0.0, 1.0)),
            Rename(ENTITY, f"name {random.random()}"),
            SetTransform(ENTITY, (random.random(), -0.0, 0.0), *PLACE[1:]),
            SetSurface(ENTITY, SurfaceValues(random.random(), 0.5, (0.0, 1.0, 0.0), 0.25, "blend", 0.5, True)),
        ]
    )


def command(number: int, operation: Operation, random: Random) -> Command:
    """By one of three people, who have seen some of what the others did."""
    actor = random.randint(1, 3) if number > 1 else 1
    name = CommandName(actor, number)
    seen = max(0, number - random.randint(1, 12))
    return Command(Position(number, *name), name, name, bytes([actor]) * 32, number, seen, operation)


def step(unit: Unit, each: Command, judge: OfStrategy, masked: bool) -> object:
    return pass_over(unit, each, judge) if masked else apply(unit, each, judge=judge)


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("program", range(PROGRAMS))
def test_log_22_commands_go_on_alike_after_a_snapshot(program: int, strategy: Strategy, seed: int) -> None:
    random, judge = Random(f"{seed} {program} {strategy}"), OfStrategy(strategy)
    unit = Unit()
    apply(unit, command(1, CreatePrimitive("cube", 1.0, "a cube", *PLACE), random), judge=judge)
    copies: list[Unit] = []
    deleted_at = random.randint(2, 2 * STEPS)
    for number in range(2, STEPS):
        each = command(number, Delete(ENTITY) if number == deleted_at else pick(unit, random), random)
        masked = random.random() < 0.1
        outcome = step(unit, each, judge, masked)
        for copy in copies:
            assert step(copy, each, judge, masked) == outcome
        if random.random() < 0.1:
            copies.append(unit_of_bytes(unit_bytes(unit)))
    copies.append(unit_of_bytes(unit_bytes(unit)))
    for copy in copies:
        assert copy == Unit(**{**vars(unit), "mesh": copy.mesh, "mesh_stamp": copy.mesh_stamp})
        assert unit_bytes(copy) == unit_bytes(unit)
        assert unit.mesh is not None
        assert copy.mesh is not None
        assert raw_state(copy.mesh) == raw_state(unit.mesh)


def test_log_22_an_empty_unit_has_bytes() -> None:
    assert unit_bytes(unit_of_bytes(unit_bytes(Unit()))) == unit_bytes(Unit())
    assert not unit_of_bytes(unit_bytes(Unit())).exists


def test_log_22_other_bytes_are_no_unit(seed: int) -> None:
    unit = Unit()
    random = Random(seed)
    apply(unit, command(1, CreatePrimitive("pyramid", 1.0, "a pyramid", *PLACE), random))
    data = unit_bytes(unit)
    for _ in range(300):
        damaged = bytearray(data)
        damaged[random.randrange(len(data))] ^= random.randint(1, 255)
        cut = bytes(damaged[: random.choice((len(data), random.randrange(len(data))))])
        try:
            unit_bytes(unit_of_bytes(cut))
        except UsageError:
            continue
