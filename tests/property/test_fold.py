"""The same commands in any arrival order and any batches: the same bytes, outcomes, hash and history."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mesh_commands import pick_operation
from tests.unit.editor.scenes import (
    ASSETS,
    FIN,
    FLAT,
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
    move,
    off,
    on,
    place,
    shown,
)
from theta.base.errors import NothingToUndo
from theta.base.identifiers import CommandName
from theta.commands.log import Command
from theta.ecs.world import World
from theta.editor import mesh_operations as commands
from theta.editor import unit_fold
from theta.editor.document import Document
from theta.editor.fold import entity_of
from theta.editor.history import Gestures
from theta.editor.masks import OwnedGesture, owned_gesture, targets_of
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.editor.refold import refold
from theta.editor.surface import SurfaceValues
from theta.editor.unit import APPLIED, SUSPENDED, Outcome, Unit, apply
from theta.editor.vocabulary import (
    CreatePrimitive,
    CreatePrimitiveV2,
    ImportMesh,
    Operation,
    SetEffective,
    SetSurface,
)
from theta.mesh import validate

HARD_TO_REACH = {"Bridge", "DissolveVertex", "AddFace", "Mirror", "FlipEdge", "CollapseEdge"}
AUTHORS = (b"a" * 32, b"a" * 32, b"b" * 32)
KINDS = (
    "create",
    "import",
    "place",
    "move",
    "extrude",
    "extrude",
    "extrude",
    "paint",
    "rename",
    "model",
    "model",
    "model",
    "model",
    "surface",
    "delete",
    "off",
    "off",
    "on",
    "undo",
    "redo",
)


class Step(NamedTuple):
    """One thing that somebody does; `pick` chooses among what there is, and one in eight picks names nothing."""

    actor: int
    kind: str
    pick: int
    size: float
    sees_all: bool
    goes_on: bool


steps = st.builds(
    Step,
    actor=st.integers(0, 2),
    kind=st.sampled_from(KINDS),
    pick=st.integers(0, 2**32),
    size=st.sampled_from([0.25, 1.0, -0.5, 1e-4, -0.0, 9999.0]),
    sees_all=st.booleans(),
    goes_on=st.booleans(),
)


class Author(Person):
    """Interprets steps over the scene as it stands in the order of making."""

    begun = 0

    def perform(self, step: Step) -> None:
        """Do one step; undo and redo do nothing when there is nothing."""
        try:
            operation = self.operation(step)
        except NothingToUndo:
            return
        mine = max((each.position.lamport for each in self.scene.commands if each.name.actor == self.actor), default=0)
        lamport = (self.scene.clock if step.sees_all else mine) + 1 + step.pick % 2
        begun = self.begun if step.goes_on and self.begun else None
        self.begun = self.do(operation, lamport, begun).gesture.number

    def operation(self, step: Step) -> Operation:
        """What the step asks for."""
        if step.kind == "create":
            if step.pick % 4 == 3:
                return CreatePrimitiveV2("grid", 1.0, 2, 2, 0, 0.0, "made", (step.size, -0.0, 0.0), NO_TURN, ONE)
            kind = ("cube", "pyramid", "plane")[step.pick % 3]
            return CreatePrimitive(kind, 1.0 + step.pick % 4, "made", (step.size, -0.0, 0.0), NO_TURN, ONE)
        if step.kind == "import":
            return ImportMesh(FIN if step.pick % 4 else FLAT, "imported", (step.size, -0.0, 0.0), NO_TURN, ONE, RED)
        if step.kind == "undo":
            return off(*self.scene.history.next_undo(self.author))
        if step.kind == "redo":
            return on(*self.scene.history.next_redo(self.author))
        if step.kind in ("off", "on"):
            return (off if step.kind == "off" else on)(*self.gestures(step.pick))
        return self.edit(step, self.entity(step.pick))

    def edit(self, step: Step, entity: bytes) -> Operation:
        """An edit of an entity."""
        if step.kind == "place":
            return place(entity, step.size)
        if step.kind == "paint":
            return Paint(entity, (abs(step.size) % 1.0, -0.0, 1.0))
        if step.kind == "rename":
            return Rename(entity, f"name {step.pick}")
        if step.kind == "delete":
            return Delete(entity)
        if step.kind == "surface":
            return SetSurface(entity, SurfaceValues(0.5, 0.5, RED, 1.0, "opaque", 0.5, step.pick % 3 == 0))
        unit = self.scene.fold.unit(entity)
        mesh = unit.mesh if unit is not None else None
        if step.kind == "model":
            random = Random(step.pick)
            kind = random.choice(MESH_OPERATIONS)
            picked = pick_operation(kind, mesh, entity, random) if mesh is not None else None
            return picked or commands.Poke(entity, NOBODY)
        if step.kind == "extrude":
            return ExtrudeFace(entity, pick_of(mesh.face_ids() if mesh else [], step.pick >> 3), step.size or 0.5)
        ids = mesh.vertex_ids() if mesh else []
        return move(entity, sorted({pick_of(ids, step.pick >> 3 + at) for at in range(2)}), step.size)

    def entity(self, pick: int) -> bytes:
        """One of those ever made, gone ones included."""
        made = [entity_of(each) for each in self.scene.commands if each.operation.CREATES]
        return made[pick % len(made)] if made and pick % 8 else NOBODY

    def gestures(self, pick: int) -> list[CommandName]:
        """One to three gestures of anybody, of set_effective as well, and perhaps one that comes later."""
        known = [each.gesture for each in self.scene.commands]
        ahead = CommandName(1 + pick % 3, self.number + 2)
        return [
            known[(pick >> 2 * at) % len(known)] if known and (pick >> at) % 8 else ahead for at in range(1 + pick % 3)
        ]


def pick_of(ids: list[bytes], pick: int) -> bytes:
    """One of the ids, or one that names nothing."""
    return sorted(ids)[pick % len(ids)] if ids and pick % 8 else NOBODY


def play(program: Sequence[Step]) -> Scene:
    """The scene that a program makes, commands arriving as they are made."""
    scene = Scene()
    people = [Author(scene, author, actor) for actor, author in enumerate(AUTHORS, 1)]
    people[0].create()
    for step in program:
        people[step.actor].perform(step)
    return scene


def plain_outcomes(commands: Sequence[Command]) -> dict[CommandName, Outcome]:
    """The outcomes, written down from CMD-38 and CMD-40 without any of the fold's machinery."""
    ordered = sorted(commands, key=lambda command: command.position)
    effective: dict[OwnedGesture, bool] = {}
    for command in ordered:
        if isinstance(command.operation, SetEffective):
            effective.update(dict.fromkeys(targets_of(command), command.operation.on))
    known = {owned_gesture(each) for each in ordered if not isinstance(each.operation, SetEffective)}
    units: dict[bytes, Unit] = {}
    outcomes = {}
    for command in ordered:
        if isinstance(command.operation, SetEffective):
            hits = known.intersection(targets_of(command))
            outcomes[command.name] = APPLIED if hits else Outcome("no-op", "none")
        elif effective.get(owned_gesture(command), True):
            outcomes[command.name] = apply(units.setdefault(entity_of(command), Unit()), command, ASSETS)
        else:
            outcomes[command.name] = SUSPENDED
    return outcomes


def steps_ahead(scene: Scene) -> list[Gestures | None]:
    """Everybody's next undo and redo."""
    found: list[Gestures | None] = []
    for author in sorted(set(AUTHORS)):
        for next_step in (scene.history.next_undo, scene.history.next_redo):
            try:
                found.append(next_step(author))
            except NothingToUndo:
                found.append(None)
    return found


@contextmanager
def checkpoints(commands: int, kept: int) -> Iterator[None]:
    """The fold with checkpoints so often, and so many of them."""
    with patch.object(unit_fold, "CHECKPOINT_COMMANDS", commands), patch.object(unit_fold, "CHECKPOINTS_MAX", kept):
        yield


def arrive(commands: Sequence[Command], cuts: Sequence[int]) -> Scene:
    """The scene of commands that arrive in this order, in batches of these sizes in turn."""
    scene = Scene()
    told: dict[CommandName, Outcome] = {}
    at = turn = 0
    while at < len(commands):
        size = cuts[turn % len(cuts)]
        change, _ = scene.add(list(commands[at : at + size]))
        for each in change.outcomes:
            assert each.before == told.get(each.command.name)
            assert each.before != each.outcome
            told[each.command.name] = each.outcome
        at, turn = at + size, turn + 1
    assert all(scene.fold.outcome(command.name) == told[command.name] for command in commands)
    return scene


@settings(max_examples=150)
@given(
    program=st.lists(steps, min_size=1, max_size=40),
    order=st.randoms(use_true_random=False),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    frequency=st.sampled_from([(1, 8), (1, 1), (3, 2), (32, 8)]),
)
def test_cmd_40_any_arrival_order_in_any_batches_folds_to_the_same(
    program: list[Step], order: Random, cuts: list[int], frequency: tuple[int, int]
) -> None:
    made = play(program)
    shuffled = list(made.commands)
    order.shuffle(shuffled)
    with checkpoints(*frequency):
        arrived = arrive(shuffled, cuts)
    plain = Document(World())
    for entity, unit in refold(shuffled, ASSETS).items():
        plain.update(entity, unit)
    assert shown(plain) == arrived.shown() == made.shown()
    assert plain.hash == arrived.document.hash == made.document.hash
    outcomes = plain_outcomes(made.commands)
    for scene in (made, arrived):
        assert {name: found.kind for name in outcomes if (found := scene.fold.outcome(name)) is not None} == {
            name: outcome.kind for name, outcome in outcomes.items()
        }
    assert arrived.fold.entities() == arrived.document.entities() == sorted(plain.entities())
    assert steps_ahead(arrived) == steps_ahead(made)
    for entity in arrived.fold.entities():
        validate(arrived.mesh(entity))


@settings(max_examples=60)
@given(program=st.lists(steps, min_size=1, max_size=30), presses=st.integers(1, 8), presser=st.integers(0, 2))
def test_cmd_39_undo_n_times_then_redo_n_times_is_byte_identical(
    program: list[Step], presses: int, presser: int
) -> None:
    with checkpoints(3, 2):
        scene = play(program)
        person = Author(scene, AUTHORS[presser], 9)
        states = [(scene.shown(), scene.document.hash)]
        for _ in range(presses):
            try:
                person.undo()
            except NothingToUndo:
                break
            states.append((scene.shown(), scene.document.hash))
        undone = len(states) - 1
        for _ in range(undone):
            states.pop()
            person.redo()
            assert (scene.shown(), scene.document.hash) == states[-1]


@settings(max_examples=80)
@given(program=st.lists(steps, min_size=1, max_size=30), presses=st.integers(1, 8), presser=st.integers(0, 2))
def test_cmd_96_undo_with_cascades_n_times_then_redo_n_times_is_byte_identical(
    program: list[Step], presses: int, presser: int
) -> None:
    with checkpoints(3, 2):
        scene = play(program)
        author = AUTHORS[presser]
        person = Author(scene, author, 9)
        states = [(scene.shown(), scene.document.hash)]
        for _ in range(presses):
            try:
                undone = person.do(scene.history.undo_operation(author, cascade=True))
            except NothingToUndo:
                break
            assert scene.fold.outcome(undone.name) == APPLIED, "the cascade is all that depends on it"
            states.append((scene.shown(), scene.document.hash))
        for _ in range(len(states) - 1):
            states.pop()
            redone = person.do(scene.history.redo_operation(author))
            assert scene.fold.outcome(redone.name) == APPLIED
            assert (scene.shown(), scene.document.hash) == states[-1]


@settings(max_examples=80)
@given(program=st.lists(steps, min_size=1, max_size=30), presser=st.integers(0, 2))
def test_cmd_97_an_undo_is_refused_for_just_the_dependants_that_were_foretold(
    program: list[Step], presser: int
) -> None:
    with checkpoints(3, 2):
        scene = play(program)
        author = AUTHORS[presser]
        try:
            operation = scene.history.undo_operation(author)
        except NothingToUndo:
            return
        before, hash_before = scene.shown(), scene.document.hash
        gestures = [OwnedGesture(author, gesture) for gesture in scene.history.next_undo(author)]
        foretold = scene.fold.dependants(author, gestures)
        pressed = Author(scene, author, 9).do(operation)
        found = scene.fold.outcome(pressed.name)
        assert found is not None
        assert list(found.against) == [command.name for command in foretold]
        assert (found == APPLIED) == (not foretold)
        if foretold:
            assert (scene.shown(), scene.document.hash) == (before, hash_before)


@settings(max_examples=60)
@given(program=st.lists(steps, min_size=1, max_size=30), presser=st.integers(0, 2))
def test_cmd_42_dependants_are_what_an_undo_brings_to_nothing(program: list[Step], presser: int) -> None:
    with checkpoints(3, 2):
        scene = play(program)
        author = AUTHORS[presser]
        try:
            gestures = scene.history.next_undo(author)
        except NothingToUndo:
            return
        before = {command.name: scene.fold.outcome(command.name) for command in scene.commands}
        untouched = scene.shown()
        foretold = scene.fold.dependants(author, [OwnedGesture(author, gesture) for gesture in gestures])
        assert scene.shown() == untouched
        assert before == {name: scene.fold.outcome(name) for name in before}
        Author(scene, author, 9).do(off(*gestures))
        lost = [
            command
            for command in scene.commands
            if command.author != author
            and before.get(command.name) == APPLIED
            and scene.outcome(command) == "no-op"
            and not isinstance(command.operation, SetEffective)
        ]
        assert foretold == sorted(lost, key=lambda command: command.position)


def test_the_programs_reach_every_outcome_and_operation() -> None:
    """Else the properties above would prove little."""
    generator = np.random.default_rng(7)
    outcomes: set[tuple[str, str]] = set()
    for _ in range(100):
        program = [
            Step(
                int(generator.integers(3)),
                KINDS[int(generator.integers(len(KINDS)))],
                int(generator.integers(2**32)),
                0.25,
                bool(generator.integers(2)),
                bool(generator.integers(2)),
            )
            for _ in range(30)
        ]
        scene = play(program)
        outcomes |= {(type(each.operation).__name__, scene.outcome(each)) for each in scene.commands}
    expected = {
        (name, outcome)
        for name in ("SetTransform", "MoveVertices", "ExtrudeFace", "Paint", "Rename", "Delete")
        for outcome in ("applied", "no-op", "suspended")
    }
    assert expected <= outcomes
    applied = {name for name, outcome in outcomes if outcome == "applied"}
    assert {each.__name__ for each in MESH_OPERATIONS} - applied <= HARD_TO_REACH
    assert {("CreatePrimitive", "applied"), ("CreatePrimitive", "suspended")} <= outcomes
    assert {("ImportMesh", "applied"), ("ImportMesh", "rejected"), ("ImportMesh", "suspended")} <= outcomes
    assert {("SetEffective", "applied"), ("SetEffective", "no-op")} <= outcomes
