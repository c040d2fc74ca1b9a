"""Two to six people edit, undo, branch and merge over a network that loses order: all come to the same bytes.

`make soak-commands` runs 100,000 of these programs.
"""

import os
from functools import partial
from random import Random
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.property.command_world import PEOPLE, CommandWorld, Line, Participant, Shape, copies_every
from tests.support.mesh_commands import pick_operation
from tests.unit.editor.scenes import ASSETS, FIN, HERE, NO_TURN, NOBODY, ONE, RED, Delete, Paint, Rename, cube, place
from theta.base.errors import NothingToUndo
from theta.commands import governing
from theta.ecs.world import World
from theta.editor import mesh_operations as on_mesh
from theta.editor.document import Document
from theta.editor.fold import entity_of
from theta.editor.mesh_operations import MESH_OPERATIONS
from theta.editor.refold import refold_all
from theta.editor.unit_snapshot import unit_bytes
from theta.editor.vocabulary import ImportMesh, Operation, SetEffective, SetEffectiveV2
from theta.mesh import validate
from theta.wire.messages import GestureName

EXAMPLES = int(os.environ.get("THETA_MACHINE_EXAMPLES", "2000"))
STEPS = 8
STRATEGIES: tuple[governing.StrategyName, ...] = ("last-writer-wins", "merge", "reject")
MERGE_STRATEGIES: tuple[Literal["", "last-writer-wins", "merge", "reject"], ...] = ("", "", *STRATEGIES)
INTERVALS = (1, 7, 64, None)
FACES_MAX = 120
EDITS = ("mesh", "mesh", "mesh", "move", "move", "extrude", "extrude", "paint", "place", "rename", "create", "delete")
EVENTS = (
    "hear",
    "hear",
    "lose_order",
    "lose_order",
    "govern",
    "branch_off",
    "switch_branch",
    "merge_branch",
    "merge_branch",
    "advance_frontier",
    "restart",
)
DEEDS = (*EDITS, *EDITS, "undo", "undo", "undo", "undo", "redo", "redo", "switch")

picks = st.integers(0, 2**32)
people = st.integers(0, 5)


class CommandMachine(RuleBasedStateMachine):
    """Draws what people do and what the network does to them; the end heals everything and compares."""

    interval: int | None

    def __init__(self) -> None:
        super().__init__()
        self.copies = copies_every(self.interval)
        self.copies.__enter__()

    @initialize(count=st.integers(2, 6), strategy=picks)
    def open(self, count: int, strategy: int) -> None:
        self.world = CommandWorld(count)
        owner = self.world.people[0]
        owner.perform(governing.SetStrategy("*", STRATEGIES[strategy % 3]))
        owner.perform(cube())
        for who in self.world.people:
            self.world.exchange(who)

    def who(self, at: int) -> Participant:
        """One of them."""
        return self.world.people[at % len(self.world.people)]

    # Two rules only: Hypothesis leaves rules out of whole runs, and people who never work prove nothing.

    @rule(at=people, deeds=st.lists(picks, min_size=2, max_size=6), event=st.sampled_from(EVENTS), pick=picks)
    def work_together(self, at: int, deeds: list[int], event: str, pick: int) -> None:
        """One thing after the other, by one or the other, most of whom are connected; then something happens."""
        for turn, deed in enumerate(deeds):
            random = Random(deed)
            who = self.who(at + (turn if random.random() < 0.6 else 0))
            self.do(who, random)
            if random.random() < 0.6:
                self.world.exchange(who)
        getattr(self, event)(self.who(pick), Random(pick))

    @rule(at=people, deeds=st.lists(picks, min_size=1, max_size=4), event=st.sampled_from(EVENTS), pick=picks)
    def work_alone(self, at: int, deeds: list[int], event: str, pick: int) -> None:
        """Cut off from the others, who go on; then something happens."""
        for deed in deeds:
            self.do(self.who(at), Random(deed))
        getattr(self, event)(self.who(pick), Random(pick))

    def do(self, who: Participant, random: Random) -> None:
        """Whatever comes to somebody's mind."""
        history, author = who.line.history, who.identity.public_key
        kind = random.choice(DEEDS)
        try:
            if kind == "undo":
                who.perform(history.undo_operation(author, cascade=random.random() < 0.4))
            elif kind == "redo":
                who.perform(history.redo_operation(author))
            elif kind == "switch":
                who.perform(switch_of(who, random))
            elif (operation := edit_of(who, kind, random)) is not None:
                who.perform(operation, go_on=random.random() < 0.2)
        except NothingToUndo:
            return

    # -- events --------------------------------------------------------------------------------------------------

    def govern(self, who: Participant, random: Random) -> None:
        """Somebody, the owner more often than not, makes a rule."""
        who = who if random.random() < 0.3 else self.who(0)
        who.perform(governing_of(random))
        self.world.exchange(who)

    def branch_off(self, who: Participant, random: Random) -> None:
        """Somebody begins a branch where it is, or a little before, and may go there."""
        head = who.place.log.head_seq
        name = f"branch {random.getrandbits(32)}"
        who.perform(governing.CreateBranch(name, who.branch, max(1, head - random.randrange(8))))
        self.world.exchange(who)
        self.switch_branch(who, random)

    def switch_branch(self, who: Participant, random: Random) -> None:
        """Somebody goes on elsewhere."""
        who.branch = random.choice(sorted(who.place.log.governance.branches))

    def merge_branch(self, who: Participant, random: Random) -> None:
        """Somebody brings a branch, as it is or was a little before, into its own."""
        self.world.exchange(who)
        log = who.place.log
        source = random.choice(sorted(log.governance.branches))
        dropped = [GestureName(*random.choice(who.place.commands).gesture)] if random.random() < 0.4 else []
        strategy = random.choice(MERGE_STRATEGIES)
        who.perform(governing.MergeBranch(source, max(1, log.head_seq - random.randint(0, 3)), strategy, dropped))
        self.world.exchange(who)

    def lose_order(self, who: Participant, random: Random) -> None:
        """Packets are sent, and some of them arrive, not always the first and not always once."""
        self.world.send(who)
        for _ in range(random.randint(1, 3)):
            self.world.deliver(who, random.randrange(3), again=random.random() < 0.5)

    def hear(self, who: Participant, random: Random) -> None:
        """The room's answers arrive, and some of what others did."""
        self.world.answer(who)
        self.world.catch_up(who, random.randint(0, 6))

    def advance_frontier(self, who: Participant, random: Random) -> None:
        """The room moves on, and somebody's document begins there."""
        self.world.advance_frontier(random.randint(0, 12))
        if random.random() < 0.5:
            self.world.reopen(who, resume=random.random() < 0.5)

    def restart(self, who: Participant, random: Random) -> None:
        """Somebody's program ends, or the room's."""
        if random.random() < 0.4:
            self.world.restart_room()
        else:
            self.world.restart(self.world.people.index(who))

    # -- what must hold ------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.world.heal()
                check(self.world)
        finally:
            self.copies.__exit__()


def edit_of(who: Participant, kind: str, random: Random) -> Operation | None:
    """Something to do on one of the objects, as somebody sees them."""
    made = [entity_of(each) for each in who.place.held_by(who.branch) if each.operation.CREATES][:3]
    entity = random.choice(made) if made else NOBODY
    unit = who.line.fold.unit(entity)
    mesh = unit.mesh if unit is not None else None
    if kind == "create":
        asset = ImportMesh(FIN, "fin", HERE, NO_TURN, ONE, RED)
        return random.choice([cube("another"), asset]) if len(made) < 3 else None
    if kind == "delete":
        return Delete(entity) if random.random() < 0.3 else None
    if kind == "paint":
        return Paint(entity, (random.random(), 0.0, 1.0))
    if kind == "place":
        return place(entity, random.random())
    if kind == "rename":
        return Rename(entity, f"name {random.randrange(9)}")
    if mesh is None or not mesh.face_count or mesh.face_count > FACES_MAX:
        return None
    if kind == "extrude":
        return on_mesh.ExtrudeFaceV3(entity, random.choice(sorted(mesh.face_ids())[:2]), 0.5)
    operation = on_mesh.MoveVerticesV2 if kind == "move" else random.choice(MESH_OPERATIONS)
    return pick_operation(operation, mesh, entity, random)


def switch_of(who: Participant, random: Random) -> SetEffective:
    """Undo or redo of anything at all, as nobody would who means well."""
    known = [GestureName(*each.gesture) for each in who.place.commands]
    named, others = (random.choices(known, k=random.randint(least, 3)) for least in (1, 0))
    if random.random() < 0.3:
        return SetEffective(named, random.random() < 0.5)
    return SetEffectiveV2(named, random.random() < 0.5, others)


def governing_of(random: Random) -> governing.Governing:
    """A rule of the room."""
    other = random.choice(PEOPLE[1:]).public_key
    kind = random.choice(["theta.paint", "theta.extrude_face", "theta.move_vertices"])
    return random.choice(
        [
            governing.SetCascade(random.random() < 0.5),
            governing.SetStrategy(kind, "merge"),
            governing.SetStrategy("*", random.choice(["last-writer-wins", "reject"])),
            governing.SetPermission(kind, random.choice(["admin", "editor"])),
            governing.SetRole(other, random.choice(["viewer", "editor", "admin"])),
        ]
    )


def check(world: CommandWorld) -> None:
    """Everybody has the whole log and the same documents, which are what a plain refold of the log gives."""
    log = world.place.log
    names = [command.name for command in world.place.commands]
    assert len(set(names)) == len(names), "a command is in the log twice"
    assert world.acknowledged <= set(names), "an acknowledged command was lost"
    for who in world.people:
        assert who.place.log.chain == log.chain
    random = Random(len(names))
    for branch in sorted(log.governance.branches):
        room = world.place.line(branch)
        expected = plain_shape(world, room)
        shuffled = world.shuffled(branch, random)
        lines = [who.place.lines[branch] for who in world.people if branch in who.place.lines]
        for line in (room, shuffled, *lines):
            check_shape(line, expected)
        for who in random.sample(world.people, 2):
            assert presses(shuffled, who) == presses(room, who)
        check_reopened(room, shuffled, expected, random)


def plain_shape(world: CommandWorld, line: Line) -> Shape:
    """What a branch comes to, by the oracle."""
    head, governance = world.place.log.head_seq, world.place.log.governance
    held = world.place.held_by(line.branch)
    plain = refold_all(held, ASSETS, line.judge, governance.dropped(line.branch, head))
    document, units = Document(World()), {}
    for entity, unit in plain.units.items():
        if unit.exists:
            document.update(entity, unit)
            units[entity] = unit_bytes(unit)
            if unit.mesh is not None:
                validate(unit.mesh)
    return Shape(document.hash, units, dict(plain.outcomes))


def check_shape(line: Line, expected: Shape) -> None:
    """A document is what it should be."""
    found = line.shape()
    assert found.hash == expected.hash
    assert found.units == expected.units
    assert found.outcomes.items() <= expected.outcomes.items()


def check_reopened(room: Line, line: Line, expected: Shape, random: Random) -> None:
    """A document that begins with a base anywhere goes on to the same; what is asked of its past is the same."""
    lamport = random.randint(0, max((each.position.lamport for each in room.place.held_by(room.branch)), default=0))
    line.reopen(lamport, resume=random.random() < 0.5)
    check_shape(line, expected)
    author = random.choice(PEOPLE[:2]).public_key
    assert presses_of(line, author) == presses_of(room, author)


def presses(line: Line, who: Participant) -> list[object]:
    """What one press of each would be for somebody, and what depends on it."""
    return presses_of(line, who.identity.public_key)


def presses_of(line: Line, author: bytes) -> list[object]:
    """As `presses`."""
    found: list[object] = []
    history = line.history
    for press in (
        partial(history.undo_operation, author),
        partial(history.undo_operation, author, cascade=True),
        partial(history.redo_operation, author),
    ):
        try:
            found.append(press())
        except NothingToUndo:
            found.append(None)
    return found


def run_machine(copies_every_commands: int | None, examples: int) -> None:
    """Run so many programs with copies of the state at these intervals."""
    machine = type("CommandMachine", (CommandMachine,), {"interval": copies_every_commands})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.many
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("copies_every_commands", INTERVALS)
def test_cmd_40_people_edit_undo_branch_and_merge_and_all_come_to_the_same_bytes(
    copies_every_commands: int | None,
) -> None:
    run_machine(copies_every_commands, max(1, EXAMPLES // len(INTERVALS)))


def test_cmd_40_a_few_such_programs() -> None:
    """So that what only they reach is measured, and those who skip the many have seen some."""
    run_machine(7, 20)
