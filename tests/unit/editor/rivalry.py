"""Commands of several people on one object who had not seen each other's, and what they fold to however they arrive."""

import struct
from collections.abc import Collection, Iterable, Sequence
from itertools import permutations

import msgspec

from theta.base.identifiers import CommandName, Position, element_id, entity_id
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.judging import Alone
from theta.editor.operation import Operation
from theta.editor.unit import NO_ASSETS, Outcome, Unit, apply, pass_over
from theta.editor.unit_fold import UnitFold
from theta.editor.vocabulary import CreatePrimitive, CreatePrimitiveV2
from theta.mesh import Mesh, canonical_bytes
from theta.mesh.validation import validate

HOST = 9
MAKE = CommandName(HOST, 1)
ENTITY = entity_id(MAKE)
MAIN = bytes(16)
CUBE = CreatePrimitive("cube", 1.0, "cube", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
BALL = CreatePrimitiveV2("icosphere", 1.0, 0, 0, 1, 0.0, "ball", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
TOP = element_id(MAKE, "cube.face", (), 3)
"""The face +y: corners 2, 6, 7, 3."""


def vertex(ordinal: int) -> bytes:
    """A corner of the cube: x + 2y + 4z."""
    return element_id(MAKE, "cube.vertex", (), ordinal)


def doubles(*values: float) -> bytes:
    """Little-endian float64."""
    return struct.pack(f"<{len(values)}d", *values)


class Policy(Alone):
    """One branch where every command type has one strategy."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        """See Judge.strategy."""
        return self._strategy


class Room:
    """Numbers what people do, who have seen what they say; all have seen the object that the host made."""

    def __init__(self, strategy: Strategy = Strategy.LAST_WRITER_WINS, made: Operation = CUBE) -> None:
        self.judge = Policy(strategy)
        self.commands: list[Command] = []
        self.numbers: dict[int, int] = {}
        self.do(HOST, made, lamport=1)

    def do(
        self,
        actor: int,
        operation: Operation,
        *,
        lamport: int | None = None,
        seen: Iterable[Command] = (),
        branch: bytes = MAIN,
    ) -> Command:
        """A command in the next record; its author has seen the cube's making and `seen`, and all before these."""
        self.numbers[actor] = self.numbers.get(actor, 0) + 1
        name = CommandName(actor, self.numbers[actor])
        seq = len(self.commands) + 1
        position = Position(lamport if lamport is not None else seq, actor, name.number)
        known = max([min(1, seq - 1), *(each.seq for each in seen)])
        author = bytes([actor]) * 32
        command = Command(position, name, name, author, seq, known, operation, branch)
        self.commands.append(command)
        return command

    def packet(self, actor: int, operations: Sequence[Operation], *, seen: Iterable[Command] = ()) -> list[Command]:
        """Commands in one record, one after the other; otherwise as `do`."""
        known = list(seen)
        commands = [self.do(actor, each, seen=known) for each in operations]
        one_record = [msgspec.structs.replace(each, seq=commands[0].seq, seen=commands[0].seen) for each in commands]
        self.commands[-len(commands) :] = one_record
        return one_record

    def result(self, masked: Collection[Command] = ()) -> "Result":
        """What it all comes to, checked in many orders of arrival against the plain fold."""
        plain = Result.plain(self.commands, self.judge, masked)
        for order in _orders(self.commands):
            assert Result.arriving(order, self.judge, masked).agrees(plain)
        return plain


class Result:
    """The unit, and the outcome of each command."""

    def __init__(self, unit: Unit, outcomes: dict[CommandName, Outcome]) -> None:
        self.unit = unit
        self.outcomes = outcomes

    @classmethod
    def plain(cls, commands: Sequence[Command], judge: Alone, masked: Collection[Command]) -> "Result":
        """Sorted, and applied from nothing."""
        unit, outcomes = Unit(), {}
        for command in sorted(commands, key=lambda each: each.position):
            if command in masked:
                outcomes[command.name] = pass_over(unit, command, judge)
            else:
                outcomes[command.name] = apply(unit, command, NO_ASSETS, judge)
        return cls(unit, outcomes)

    @classmethod
    def arriving(cls, commands: Sequence[Command], judge: Alone, masked: Collection[Command]) -> "Result":
        """One by one through the unit's fold, all taking part at first, then those masked taken back."""
        fold = UnitFold(NO_ASSETS, judge)
        outcomes: dict[CommandName, Outcome] = {}
        for command in commands:
            fold.insert(command)
            outcomes.update((each.name, outcome) for each, outcome in fold.run(lambda each: True))
        if masked:
            fold.rewind(fold.positions.index(min(each.position for each in masked)))
            outcomes.update((each.name, outcome) for each, outcome in fold.run(lambda each: each not in masked))
        return cls(fold.state, outcomes)

    def agrees(self, other: "Result") -> bool:
        """Whether two peers that fold these hold the same."""
        return self.outcomes == other.outcomes and self.facts() == other.facts()

    def facts(self) -> tuple[object, ...]:
        """Everything that peers have to agree about, down to the raw arrays."""
        unit = self.unit
        raw: tuple[object, ...] = ()
        if unit.mesh is not None:
            validate(unit.mesh)
            halfedges = unit.mesh.halfedges
            raw = (
                canonical_bytes(unit.mesh),
                unit.mesh.redirects.to_bytes(),
                *(column.array().tobytes() for column in halfedges.columns()),
                *((key, column.array().tobytes()) for key, column in halfedges.attributes.columns.items()),
            )
        parts = (unit.transform, unit.material, unit.name, unit.surface, unit.deleted)
        return (*parts, unit.writers.to_bytes(), *raw)

    @property
    def mesh(self) -> Mesh:
        """The unit's mesh, which is there."""
        assert self.unit.mesh is not None
        return self.unit.mesh

    def kind(self, command: Command) -> str:
        """What a command came to."""
        return self.outcomes[command.name].kind

    def against(self, command: Command) -> tuple[CommandName, ...]:
        """Whom it was in conflict with."""
        return self.outcomes[command.name].against


def _orders(commands: Sequence[Command]) -> Iterable[Sequence[Command]]:
    """All orders of few commands; of many, some."""
    if len(commands) <= 4:
        return permutations(commands)
    rotated = [[*commands[at:], *commands[:at]] for at in range(len(commands))]
    return [commands, commands[::-1], *rotated, *[order[::-1] for order in rotated]]
