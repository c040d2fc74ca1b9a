"""What is done in each golden room."""

from collections.abc import Callable, Sequence

from theta.base.identifiers import MAIN_BRANCH, CommandName, entity_id
from theta.commands.governance import branch_id
from theta.commands.governing import (
    CreateBranch,
    Kick,
    MergeBranch,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
    StrategyName,
)
from theta.editor.mesh_operations import ExtrudeFaceV3, MoveVerticesV2, PaintFaces, SplitEdge, SplitFace
from theta.editor.operation import Operation
from theta.editor.vocabulary import (
    CreatePrimitive,
    CreatePrimitiveV2,
    Delete,
    ExtrudeFace,
    ImportMesh,
    MoveVertices,
    Paint,
    Rename,
    SetEffective,
    SetEffectiveV2,
    SetTransform,
)
from theta.mesh import Mesh, asset_name
from theta.wire.messages import GestureName
from tools import command_vectors
from tools.asset_vectors import doubles
from tools.command_vectors import HERE, UNSCALED, UPRIGHT
from tools.golden_writing import Author, Writer

COMMANDS_PER_PACKET = 3
STRATEGIES: tuple[StrategyName, ...] = ("last-writer-wins", "merge", "reject")


def first(writer: Writer) -> None:
    """Every command there was, a person's actor for each list of command_vectors; edits at once; undo and redo."""
    for number, (_, recipe) in enumerate(command_vectors.RECIPES):
        author = writer.join("Anna" if number % 2 else "Ben")
        for operations in _in_packets(recipe_of(author, recipe, writer)):
            author.do(*operations)
    writer.attest()
    anna, ben = writer.join("Anna"), writer.join("Ben")
    _edit_at_once(writer, anna, ben)
    writer.attest()


def recipe_of(author: Author, recipe: Callable[[command_vectors.Script], None], writer: Writer) -> list[Operation]:
    """A list of command_vectors as this author's."""
    kept = command_vectors.ACTOR, command_vectors.AUTHOR
    command_vectors.ACTOR, command_vectors.AUTHOR = author.actor, author.identity.public_key
    try:
        script = command_vectors.Script()
        recipe(script)
    finally:
        command_vectors.ACTOR, command_vectors.AUTHOR = kept
    for data in script.assets.values():
        if asset_name(data) not in writer.replica.assets:
            writer.keep(data)
    return [command.operation for command in script.commands if isinstance(command.operation, Operation)]


def _in_packets(operations: Sequence[Operation]) -> list[Sequence[Operation]]:
    return [operations[at : at + COMMANDS_PER_PACKET] for at in range(0, len(operations), COMMANDS_PER_PACKET)]


def _edit_at_once(writer: Writer, anna: Author, ben: Author) -> None:
    anna.do(CreatePrimitive("cube", 0.5, "cube", (0.0, 1.0, -1.0), UPRIGHT, UNSCALED))
    entity = entity_id(CommandName(anna.actor, anna.number))
    mesh = writer.replica.document.mesh(entity)
    assert mesh is not None
    face, vertex, log = mesh.face_ids()[2], mesh.vertex_ids()[5], writer.replica.log
    seen = log.head_seq
    anna.do(ExtrudeFace(entity, face, 0.25), Paint(entity, (0.9, 0.3, 0.1)))
    ben.do(ExtrudeFace(entity, face, 0.5), Paint(entity, (0.1, 0.3, 0.9)), seen=seen, lamport=log.lamport - 1)
    ben.do(MoveVertices(entity, vertex, doubles(0.4, 0.3, 0.2), doubles(0.0, 0.0, 0.0)))
    ben.do(SetTransform(entity, (1.0, 0.0, 0.0), UPRIGHT, (2.0, 1.0, 1.0)), Rename(entity, "tower"))
    writer.keep(command_vectors.SOUP)
    anna.do(ImportMesh(asset_name(command_vectors.SOUP), "soup", HERE, UPRIGHT, UNSCALED, (0.25, 0.5, 0.75)))
    tablet = writer.join("Anna")
    tablet.do(SetEffective([GestureName(anna.actor, 2)], False))
    ben.do(SetEffective([GestureName(ben.actor, 1)], False))
    tablet.do(SetEffective([GestureName(anna.actor, 2)], True))
    ben.do(Paint(entity, (0.5, 0.5, 0.5)), Delete(entity), Rename(entity, "nobody sees it"))
    ben.do(SetEffective([GestureName(ben.actor, 7)], False))
    writer.attest()
    seen = log.head_seq
    anna.do(Delete(entity))
    ben.do(Paint(entity, (0.25, 0.25, 0.25)), seen=seen)


def governed(writer: Writer) -> None:
    """Policies and every conflict under them, undo in company, branches and merges, roles, keys, and a frontier."""
    olga, anna, ben = writer.join("Olga", "admin"), writer.join("Anna"), writer.join("Ben")
    for strategy in STRATEGIES:
        olga.do(SetStrategy("*", strategy))
        _conflicts(writer, anna, ben)
        _conflicts(writer, ben, anna)
    olga.do(SetStrategy("*", "last-writer-wins"), SetStrategy("theta.paint", "reject"))
    writer.attest()
    _undo_in_company(writer, olga, anna, ben)
    _branches(writer, olga, anna, ben)
    writer.attest()
    _roles(writer, olga, anna)
    writer.advance(writer.replica.log.head_seq - 8)
    _conflicts(writer, ben, anna)
    writer.attest()


def _cube(writer: Writer, author: Author) -> tuple[bytes, Mesh]:
    author.do(CreatePrimitiveV2("cube", 1.0, 0, 0, 0, 0.0, "cube", HERE, UPRIGHT, UNSCALED))
    entity = entity_id(CommandName(author.actor, author.number))
    mesh = writer.replica.document.mesh(entity)
    assert mesh is not None
    return entity, mesh.copy()


def _move(entity: bytes, mesh: Mesh, vertex: bytes, x: float, y: float) -> Operation:
    start = mesh.position(vertex)
    return MoveVerticesV2(entity, vertex, doubles(start[0] + x, start[1] + y, start[2]), doubles(x, y, 0.0))


def _conflicts(writer: Writer, first: Author, second: Author) -> None:
    """Both edit one cube, and neither has seen what the other does."""
    entity, mesh = _cube(writer, first)
    faces, edges, vertices = mesh.face_ids(), mesh.edge_ids(), mesh.vertex_ids()
    corners = mesh.face_vertices(faces[1])
    seen, lamport = writer.replica.log.head_seq, writer.replica.log.lamport + 1
    first.do(
        _move(entity, mesh, vertices[0], 0.25, 0.0),
        ExtrudeFaceV3(entity, faces[0], 0.25),
        SplitEdge(entity, edges[0], 0.25),
        PaintFaces(entity, faces[1], (1.0, 0.0, 0.0)),
        Paint(entity, (0.5, 0.0, 0.0)),
        seen=seen,
        lamport=lamport,
    )
    second.do(
        _move(entity, mesh, vertices[0], 0.0, 0.5),
        ExtrudeFaceV3(entity, faces[0], 0.5),
        SplitEdge(entity, edges[0], 0.5),
        SplitFace(entity, faces[1], corners[0], corners[2]),
        Paint(entity, (0.0, 0.5, 0.0)),
        seen=seen,
        lamport=lamport + 1,
    )


def _undo_in_company(writer: Writer, olga: Author, anna: Author, ben: Author) -> None:
    """Anna's work, on which Ben builds: taken back in vain, then with his, then brought back; Olga forbids it."""
    entity, mesh = _cube(writer, anna)
    (extruded,) = anna.do(ExtrudeFaceV3(entity, mesh.face_ids()[0], 0.5))
    grown = writer.replica.document.mesh(entity)
    assert grown is not None
    side = next(face for face in grown.face_ids() if not mesh.has_face(face))
    (built,) = ben.do(ExtrudeFaceV3(entity, side, 0.25))
    own, others = [GestureName(*extruded.gesture)], [GestureName(*built.gesture)]
    anna.do(SetEffectiveV2(own, False, []))
    anna.do(SetEffectiveV2(own, False, others))
    anna.do(SetEffectiveV2(own, True, others))
    olga.do(SetCascade(False))
    anna.do(SetEffectiveV2(own, False, others))
    olga.do(SetCascade(True))
    ben.do(SetEffectiveV2(others, False, []))
    anna.do(SetEffectiveV2(own, False, []))


def _branches(writer: Writer, olga: Author, anna: Author, ben: Author) -> None:
    """Two branches, one off the other; work on all three; the first comes back to main less one gesture."""
    entity, mesh = _cube(writer, anna)
    (made,) = ben.do(CreateBranch("attic", MAIN_BRANCH, writer.replica.log.head_seq))
    attic = branch_id(made.name)
    anna.do(_move(entity, mesh, mesh.vertex_ids()[0], 0.25, 0.0), Rename(entity, "main's"))
    ben.do(_move(entity, mesh, mesh.vertex_ids()[0], 0.0, 0.5), branch=attic)
    (dropped,) = ben.do(Paint(entity, (0.0, 0.0, 1.0)), branch=attic)
    ben.do(ExtrudeFaceV3(entity, mesh.face_ids()[0], 0.5), branch=attic)
    at = writer.replica.log.head_seq
    (cellar,) = anna.do(CreateBranch("cellar", attic, at))
    anna.do(Rename(entity, "the cellar's"), branch=branch_id(cellar.name))
    ben.do(Rename(entity, "not merged"), branch=attic)
    merge = MergeBranch(attic, at, "merge", [GestureName(*dropped.gesture)])
    olga.do(merge)
    anna.do(merge)
    anna.do(_move(entity, mesh, mesh.vertex_ids()[1], 0.25, 0.0))


def _roles(writer: Writer, olga: Author, anna: Author) -> None:
    """A viewer becomes an editor; permissions; somebody is sent out, and somebody's key is refused and restored."""
    cleo, dora = writer.join("Cleo", "viewer"), writer.join("Dora")
    olga.do(SetRole(cleo.identity.public_key, "editor"), SetPermission("theta.delete", "admin"))
    entity, _ = _cube(writer, cleo)
    dora.do(Rename(entity, "Dora's"))
    olga.do(Kick(dora.identity.public_key, "rude"), RevokeKey(dora.identity.public_key, "and again"))
    olga.do(RestoreKey(dora.identity.public_key), RestoreKey(anna.identity.public_key))
    writer.join("Dora").do(Paint(entity, (0.25, 0.5, 0.75)))
    olga.do(Delete(entity), SetRole(cleo.identity.public_key, "viewer"))


PROGRAMS: dict[str, Callable[[Writer], None]] = {"first": first, "governed": governed}
