"""The vectors of spec/vectors/conflicts.json: two edits at once, under every strategy, in both author orders.

Each program is a cube (a ball, where only triangles will do), then A and B, neither of whom had seen the other, A
ordered first. What comes of it is said three times: by outcomes, by the document's hash, and by facts that were worked
out by hand and hold whatever computes them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from theta.base.identifiers import CommandName, Position, entity_id, signed_name_id
from theta.base.limits import U64_MAX
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.fold import Fold
from theta.editor.judging import Alone
from theta.editor.mesh_operations import (
    CollapseEdge,
    DeleteElements,
    ExtrudeFaceV3,
    MoveVerticesV2,
    PaintFaces,
    SplitEdge,
    SplitFace,
)
from theta.editor.vocabulary import CreatePrimitiveV2, Operation, SetEffectiveV2
from theta.mesh import Mesh, attribute_rows
from theta.wire.messages import GestureName
from tools.asset_vectors import doubles
from tools.command_vectors import HERE, UNSCALED, UPRIGHT

ANNA, BEN = 7, 9
AUTHORS = {ANNA: bytes(range(32)), BEN: bytes(range(32, 64))}
CUBE = CommandName(ANNA, 1)
ENTITY = entity_id(CUBE)
RED = (1.0, 0.0, 0.0)
APPLIED, MERGED, NO_OP, REJECTED, SUSPENDED = "applied", "merged", "no-op", "rejected", "suspended"

Facts = dict[str, Any]


class Strict(Alone):
    """One branch, and one strategy for all."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def strategy(self, later: Command, earlier_branch: bytes, earlier_seq: int) -> Strategy:
        """See Judge.strategy."""
        return self._strategy


class Piece:
    """A cube of one metre around the origin, or a ball, and the elements of it that the rows are about."""

    def __init__(self, kind: str) -> None:
        levels = 1 if kind == "icosphere" else 0
        self.create = CreatePrimitiveV2(kind, 1.0, 0, 0, levels, 0.0, kind, HERE, UPRIGHT, UNSCALED)
        self.mesh = mesh = self.create.build(CUBE)
        self.face = max(mesh.face_ids(), key=lambda face: self._height(mesh, face))
        self.corners = mesh.face_vertices(self.face)
        self.vertex = self.corners[0]
        self.edge = mesh.face_edges(self.face)[0]
        self.gone = mesh.edge_vertices(self.edge)[1]
        self.kept = mesh.edge_vertices(self.edge)[0]

    @staticmethod
    def _height(mesh: Mesh, face: bytes) -> float:
        """Where its lowest corner is."""
        return min(mesh.position(vertex)[1] for vertex in mesh.face_vertices(face))

    def at(self, vertex: bytes, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> list[float]:
        """Where a vertex began, and so much further."""
        start = self.mesh.position(vertex)
        return [start[0] + x, start[1] + y, start[2] + z]

    def move(self, vertex: bytes, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Operation:
        """Drag a vertex so far from where it began."""
        return MoveVerticesV2(ENTITY, vertex, doubles(*self.at(vertex, x, y, z)), doubles(x, y, z))


class Row(NamedTuple):
    """A and B, whether A's author takes A back afterwards, and by strategy what comes of A and B, and the facts."""

    title: str
    piece: Piece
    a: Operation
    b: Operation
    ends: dict[Strategy, tuple[str, str, Facts]]
    undone: bool = False


LWW, MERGE, REJECT = Strategy.LAST_WRITER_WINS, Strategy.MERGE, Strategy.REJECT


def rows() -> list[Row]:
    """The table, and its rows with the two the other way round."""
    cube, ball = Piece("cube"), Piece("icosphere")
    return [*_of_values(cube, ball), *_of_topology(cube), *_of_deletion(cube), *_of_paint(cube)]


def _of_values(cube: Piece, ball: Piece) -> list[Row]:
    """Where the same vertex is moved, or nothing is in common."""
    v = cube.vertex
    collapse = CollapseEdge(ENTITY, ball.edge, 0.0)
    paint = PaintFaces(ENTITY, cube.face, RED)
    return [
        Row(
            "both move a vertex",
            cube,
            cube.move(v, x=0.25),
            cube.move(v, y=0.5),
            {
                LWW: (APPLIED, APPLIED, {"position": cube.at(v, y=0.5)}),
                MERGE: (APPLIED, MERGED, {"position": cube.at(v, x=0.25, y=0.5)}),
                REJECT: (APPLIED, REJECTED, {"position": cube.at(v, x=0.25)}),
            },
        ),
        Row(
            "one collapses an edge, the other moves the vertex that goes",
            ball,
            collapse,
            ball.move(ball.gone, y=0.5),
            {
                LWW: (APPLIED, APPLIED, {"vertices": 41, "position of what it became": ball.at(ball.gone, y=0.5)}),
                MERGE: (APPLIED, MERGED, {"vertices": 41, "position of what it became": ball.at(ball.kept, y=0.5)}),
                REJECT: (APPLIED, REJECTED, {"vertices": 41, "position of what it became": ball.at(ball.kept)}),
            },
        ),
        Row(
            "one moves a vertex, the other paints a face of it",
            cube,
            cube.move(v, x=0.25),
            paint,
            dict.fromkeys(Strategy, (APPLIED, APPLIED, {"position": cube.at(v, x=0.25), "painted": 1})),
        ),
    ]


def _of_paint(cube: Piece) -> list[Row]:
    """Paint and splits, either first."""
    paint = PaintFaces(ENTITY, cube.face, RED)
    halves = SplitFace(ENTITY, cube.face, cube.corners[0], cube.corners[2])
    both: Facts = {"faces": 7, "painted": 2}
    return [
        Row(
            "one paints a face, the other splits it",
            cube,
            paint,
            halves,
            {
                LWW: (APPLIED, APPLIED, both),
                MERGE: (APPLIED, APPLIED, both),
                REJECT: (APPLIED, REJECTED, {"faces": 6, "painted": 1}),
            },
        ),
        Row(
            "one splits a face, the other paints it",
            cube,
            halves,
            paint,
            {
                LWW: (APPLIED, APPLIED, both),
                MERGE: (APPLIED, APPLIED, both),
                REJECT: (APPLIED, REJECTED, {"faces": 7, "painted": 0}),
            },
        ),
    ]


def _of_topology(cube: Piece) -> list[Row]:
    """Both change the same edge or face."""
    e, f = cube.edge, cube.face
    return [
        Row(
            "both split an edge at different points",
            cube,
            SplitEdge(ENTITY, e, 0.25),
            SplitEdge(ENTITY, e, 0.5),
            {
                LWW: (APPLIED, APPLIED, {"vertices": 10, "edges": 14, "faces": 6, "cuts": [0.25, 0.5]}),
                MERGE: (APPLIED, APPLIED, {"vertices": 10, "edges": 14, "faces": 6, "cuts": [0.25, 0.5]}),
                REJECT: (APPLIED, REJECTED, {"vertices": 9, "edges": 13, "faces": 6, "cuts": [0.25]}),
            },
        ),
        Row(
            "both extrude a face",
            cube,
            ExtrudeFaceV3(ENTITY, f, 0.25),
            ExtrudeFaceV3(ENTITY, f, 0.5),
            {
                LWW: (APPLIED, APPLIED, {"vertices": 12, "faces": 10, "height": 1.0}),
                MERGE: (APPLIED, MERGED, {"vertices": 12, "faces": 10, "height": 0.875}),
                REJECT: (APPLIED, REJECTED, {"vertices": 12, "faces": 10, "height": 0.75}),
            },
        ),
    ]


def _of_deletion(cube: Piece) -> list[Row]:
    """A face that goes, and one that comes back."""
    f = cube.face
    delete = DeleteElements(ENTITY, b"", b"", f)
    return [
        Row(
            "one deletes a face, the other extrudes it",
            cube,
            delete,
            ExtrudeFaceV3(ENTITY, f, 0.25),
            {
                LWW: (APPLIED, NO_OP, {"faces": 5}),
                MERGE: (APPLIED, NO_OP, {"faces": 5}),
                REJECT: (APPLIED, REJECTED, {"faces": 5}),
            },
        ),
        Row(
            "one deletes a face and takes it back, the other extrudes it",
            cube,
            delete,
            ExtrudeFaceV3(ENTITY, f, 0.25),
            {
                LWW: (SUSPENDED, APPLIED, {"faces": 10, "height": 0.75}),
                MERGE: (SUSPENDED, APPLIED, {"faces": 10, "height": 0.75}),
                REJECT: (SUSPENDED, REJECTED, {"faces": 6, "height": 0.5}),
            },
            undone=True,
        ),
    ]


def facts_of(piece: Piece, mesh: Mesh, wanted: Facts) -> Facts:
    """The same facts as a mesh has them that was made of the piece."""
    start, end = (piece.mesh.position(each) for each in piece.mesh.edge_vertices(piece.edge))
    axis = max(range(3), key=lambda each: abs(end[each] - start[each]))
    made = [mesh.position(each) for each in mesh.vertex_ids() if not piece.mesh.has_vertex(each)]
    found: dict[str, Callable[[], Any]] = {
        "vertices": lambda: mesh.vertex_count,
        "edges": lambda: mesh.edge_count,
        "faces": lambda: mesh.face_count,
        "position": lambda: list(mesh.position(piece.vertex)),
        "position of what it became": lambda: list(mesh.position(mesh.the_one("vertex", piece.gone))),
        "height": lambda: max(mesh.position(each)[1] for each in mesh.vertex_ids()),
        "cuts": lambda: sorted((point[axis] - start[axis]) / (end[axis] - start[axis]) for point in made),
        "painted": lambda: painted(mesh),
    }
    return {key: found[key]() for key in wanted}


def painted(mesh: Mesh) -> int:
    """How many faces are red."""
    if not any((key.domain, key.name) == ("face", "painted") for key in mesh.attribute_keys()):
        return 0
    marks = attribute_rows(mesh, "face", "painted").reshape(-1).tolist()
    colours = attribute_rows(mesh, "face", "colour").tolist()
    return sum(int(mark == 1 and tuple(colour) == RED) for mark, colour in zip(marks, colours, strict=True))


def commands_of(row: Row, first: int, second: int) -> list[Command]:
    """The cube, A by `first` and B by `second`, who saw the cube alone; A taken back by its author, if it is."""
    made = [_command(Position(1, ANNA, 1), 1, 0, row.piece.create)]
    made.append(_command(Position(2, first, 2), 2, 1, row.a))
    made.append(_command(Position(2 if second > first else 3, second, 2), 3, 1, row.b))
    if row.undone:
        undo = SetEffectiveV2([GestureName(first, 2)], False, [])
        made.append(_command(Position(4, first, 3), 4, 3, undo))
    return made


def _command(position: Position, seq: int, seen: int, operation: Operation) -> Command:
    operation.check()
    name = CommandName(position.actor, position.number)
    return Command(position, name, name, AUTHORS[position.actor], seq, seen, operation)


def fold_of(commands: Sequence[Command], strategy: Strategy) -> tuple[Fold, Document]:
    """Folded in the order given."""
    fold, document = Fold(judge=Strict(strategy)), Document(World())
    for command in commands:
        for entity in fold.add([command]).entities:
            document.update(entity, fold.unit(entity))
    return fold, document


def _programs() -> Iterator[dict[str, Any]]:
    for row in rows():
        for strategy, (of_a, of_b, facts) in row.ends.items():
            for first, second in ((ANNA, BEN), (BEN, ANNA)):
                commands = commands_of(row, first, second)
                fold, document = fold_of(commands, strategy)
                mesh = document.mesh(ENTITY)
                assert mesh is not None
                outcomes = [fold.outcome(command.name) for command in commands]
                kinds = [outcome.kind for outcome in outcomes if outcome is not None]
                where = (row.title, strategy, first)
                assert kinds[1:3] == [of_a, of_b], (where, outcomes)
                assert facts_of(row.piece, mesh, facts) == facts, (where, facts_of(row.piece, mesh, facts), facts)
                yield {
                    "title": f"{row.title}, {strategy}, {'Anna' if first == ANNA else 'Ben'} first",
                    "strategy": str(strategy),
                    "commands": [_plain(command) for command in commands],
                    "outcomes": [
                        {
                            "kind": outcome.kind,
                            "against": [[str(each.actor), str(each.number)] for each in outcome.against],
                        }
                        for outcome in outcomes
                        if outcome is not None
                    ],
                    "facts": facts,
                    "document_hash": document.hash.hex(),
                }


def _plain(command: Command) -> dict[str, Any]:
    operation = command.operation
    return {
        "lamport": str(command.position.lamport),
        "actor": str(command.position.actor),
        "number": str(command.position.number),
        "author": command.author.hex(),
        "seq": command.seq,
        "seen": command.seen,
        "type_id": str(signed_name_id(operation.NAME)),
        "version": operation.VERSION,
        "payload": msgspec.msgpack.encode(operation).hex(),
    }


ORDER = (
    Position(1, 1, 1),
    Position(1, 1, 2),
    Position(1, 2, 1),
    Position(1, U64_MAX, 1),
    Position(2, 1, 3),
    Position(2**53, 2**53 + 1, 1),
    Position(2**53 + 1, 2**53, 1),
    Position(2**63, 1, 1),
    Position(U64_MAX, 1, U64_MAX - 1),
    Position(U64_MAX, 1, U64_MAX),
    Position(U64_MAX, U64_MAX, 1),
)


def conflict_vectors() -> dict[str, Any]:
    """The order of positions, and every program."""
    return {"order": [[str(part) for part in position] for position in ORDER], "programs": list(_programs())}
