"""Programs of several people who see each other late: one result, by every strategy and in every order of arrival."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mesh_commands import pick_operation
from tests.unit.editor.rivalry import BALL, CUBE, ENTITY, HOST, Policy, Result, Room, doubles
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor import mesh_operations as meshes
from theta.editor import unit_fold
from theta.editor.operation import Operation
from theta.editor.unit import NO_ASSETS
from theta.editor.unit_fold import UnitFold
from theta.editor.vocabulary import Delete, ExtrudeFace, MoveVertices, Paint, Rename
from theta.mesh import Mesh

PEOPLE = (1, 2, 3)
FAVOURITES = (meshes.MoveVerticesV2, meshes.ExtrudeFaceV3, meshes.SplitEdge, meshes.CollapseEdge, meshes.PaintFaces)


class Mixed(Policy):
    """Each command type has a strategy of its own; what is done on other branches is held three records later."""

    def __init__(self, random: Random) -> None:
        super().__init__(Strategy.LAST_WRITER_WINS)
        self._salt = random.randrange(1 << 16)

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        """See Judge.strategy."""
        name = later.operation.NAME.encode("ascii")
        return list(Strategy)[(crc32(name) + self._salt + earlier_branch[0]) % len(Strategy)]

    def precedes(self, actor: int, seq: int, branch: bytes, later: Command) -> bool:
        """See Judge.precedes."""
        late = 0 if branch == later.branch else 3
        return actor == later.name.actor or seq + late <= later.seen


class Program:
    """A room in which people do what they can with what they have seen."""

    def __init__(self, strategy: Strategy | None, random: Random) -> None:
        self.random = random
        self.room = Room(strategy or Strategy.LAST_WRITER_WINS, random.choice((CUBE, BALL)))
        if strategy is None:
            self.room.judge = Mixed(random)

    def step(self) -> Command:
        """Somebody who has seen up to some record does something there."""
        room, random = self.room, self.random
        actor = random.choice(PEOPLE)
        head = len(room.commands)
        seen = random.choice((1, head, random.randint(1, head)))
        known = [each for each in room.commands if each.seq <= seen or each.name.actor == actor]
        lamport = max(each.position.lamport for each in known) + random.randint(1, 2)
        mesh = Result.plain(known, room.judge, ()).unit.mesh
        assert mesh is not None
        operation = self._operation(mesh) or Rename(ENTITY, f"by {actor}")
        branch = bytes([random.choice((0, 0, actor))]) * 16
        return room.do(actor, operation, lamport=lamport, seen=[room.commands[seen - 1]], branch=branch)

    def _operation(self, mesh: Mesh) -> Operation | None:
        random = self.random
        pick = random.random()
        if pick < 0.1:
            return random.choice((Paint(ENTITY, (0.5, 0.0, 0.0)), Delete(ENTITY), Rename(ENTITY, "it")))
        if pick < 0.2 and mesh.face_count:
            vertex, face = random.choice(mesh.vertex_ids()), random.choice(mesh.face_ids())
            moved = MoveVertices(ENTITY, vertex, doubles(0.5, 0.25, -0.0), doubles(0.25, -0.0, 0.5))
            return random.choice((moved, ExtrudeFace(ENTITY, face, 0.25)))
        if pick < 0.5 and mesh.face_count:
            # On few elements, so that they meet.
            vertex, face = mesh.vertex_ids()[0], mesh.face_ids()[0]
            moved_too = meshes.MoveVerticesV2(
                ENTITY, vertex, doubles(random.random(), 0.0, 1.0), doubles(0.5, 0.0, 0.0)
            )
            return random.choice((moved_too, meshes.ExtrudeFaceV3(ENTITY, face, random.choice((0.5, -0.25)))))
        kind = random.choice(FAVOURITES if pick < 0.8 else meshes.MESH_OPERATIONS)
        return pick_operation(kind, mesh, ENTITY, random)


@contextmanager
def remembering(steps: int, commands: int) -> Iterator[None]:
    """Keep so many steps to roll back, and a copy after so many commands."""
    with (
        patch.object(unit_fold, "STEPS_KEPT", steps),
        patch.object(unit_fold, "CHECKPOINT_COMMANDS", commands),
        patch.object(unit_fold, "CHECKPOINT_ELEMENTS_PER_COMMAND", 10**9),
        patch.object(unit_fold, "CHECKPOINTS_MAX", 2),
    ):
        yield


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    strategy=st.sampled_from([*Strategy, None]),
    steps=st.sampled_from([0, 2, 1_024]),
    copies=st.sampled_from([1, 7, 10**6]),
)
def test_cmd_90_a_unit_folds_to_the_same_however_it_is_rolled_back(
    seed: int, strategy: Strategy | None, steps: int, copies: int
) -> None:
    random = Random(seed)
    program = Program(strategy, random)
    for _ in range(12):
        program.step()
    commands, judge = program.room.commands, program.room.judge
    masked = random.sample([each for each in commands if each.name.actor != HOST], 4)
    all_of_them, without = Result.plain(commands, judge, ()), Result.plain(commands, judge, masked)
    arriving = commands.copy()
    random.shuffle(arriving)
    with remembering(steps, copies):
        assert Result.arriving(arriving, judge, ()).agrees(all_of_them)
        assert Result.arriving(arriving, judge, masked).agrees(without)
        fold = UnitFold(NO_ASSETS, judge)
        for command in commands:
            fold.insert(command)
        first = min(masked, key=lambda each: each.position)
        outcomes = dict(fold.run(lambda each: True))
        tried = dict(fold.trial(first, lambda each: each not in masked))
        assert {each.name: outcome for each, outcome in tried.items()}.items() <= without.outcomes.items()
        assert Result(fold.state, {each.name: outcome for each, outcome in outcomes.items()}).agrees(all_of_them)
        for command in masked:
            fold.remove(command)
        rest = [each for each in commands if each not in masked]
        left = {each.name: outcome for each, outcome in fold.run(lambda each: True)}
        assert left.items() <= Result.plain(rest, judge, ()).outcomes.items()
        assert Result(fold.state, {}).facts() == Result.plain(rest, judge, ()).facts()
