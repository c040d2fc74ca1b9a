"""The vectors of spec/vectors/commands.json: every command on meshes, its payload, and a document that it leads to.

Each command type and version has a list of commands that ends with it, from an empty document. The document's hash at
the end is what it must be for ever.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from theta.base.identifiers import CommandName, Position, entity_id, signed_name_id
from theta.commands.log import Command
from theta.ecs.world import World
from theta.editor import mesh_operations as meshes
from theta.editor.document import Document
from theta.editor.fold import Fold
from theta.editor.mesh_assets import face_count_of
from theta.editor.mesh_parts import part_bytes
from theta.editor.surface import SurfaceValues
from theta.editor.vocabulary import OPERATIONS, CreatePrimitive, CreatePrimitiveV2, ImportMeshV2, Operation, SetSurface
from theta.mesh import Mesh, asset_name, encode_polygons
from theta.mesh.queries import boundary_loops, one_ring
from tools.asset_vectors import SQUARE, doubles

AUTHOR = bytes(range(32))
ACTOR = 7
HERE, UPRIGHT, UNSCALED = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0)
GLASS = SurfaceValues(0.25, 0.125, (0.5, 0.25, 0.0), 0.75, "blend", 0.25, False)
SOUP = encode_polygons((*SQUARE, (0.0, -2.0, 1e6)), ((0, 1, 2, 3), (1, 0, 4)))


class Script:
    """Commands by one author, numbered from 1, folded as they come."""

    def __init__(self) -> None:
        self.assets: dict[bytes, bytes] = {}
        self.fold = Fold(self.assets)
        self.document = Document(World())
        self.commands: list[Command] = []
        self.entity = entity_id(CommandName(ACTOR, 1))

    def do(self, operation: Operation) -> None:
        """The next command; it has to come to something."""
        operation.check()
        number = len(self.commands) + 1
        name = CommandName(ACTOR, number)
        command = Command(Position(number, ACTOR, number), name, name, AUTHOR, number, 0, operation)
        self.commands.append(command)
        change = self.fold.add([command])
        outcome = self.fold.outcome(name)
        assert outcome is not None
        assert outcome.kind == "applied", (operation, outcome)
        for entity in sorted(change.entities):
            self.document.update(entity, self.fold.unit(entity))

    @property
    def mesh(self) -> Mesh:
        """The first entity's mesh."""
        mesh = self.document.mesh(self.entity)
        assert mesh is not None
        return mesh

    def keep(self, data: bytes) -> bytes:
        """An asset that a command may name."""
        face_count_of(data)
        self.assets[asset_name(data)] = data
        return asset_name(data)


def shape(script: Script, kind: str, segments: int = 0, rings: int = 0, levels: int = 0, tube: float = 0.0) -> None:
    """A shape, with some attributes of every kind on it."""
    script.do(CreatePrimitiveV2(kind, 1.0, segments, rings, levels, tube, kind, HERE, UPRIGHT, UNSCALED))
    entity, mesh = script.entity, script.mesh
    face, edge, vertex = mesh.face_ids()[0], mesh.edge_ids()[0], mesh.vertex_ids()[0]
    script.do(meshes.PaintFaces(entity, face, (1.0, 0.5, 0.25)))
    script.do(meshes.SetCrease(entity, edge, 2.5))
    script.do(meshes.SetAttribute(entity, "vertex", "weight", "f8", 2, vertex, doubles(0.5, -1.0)))
    corners = b"".join(face + each for each in mesh.face_vertices(face))
    values = doubles(*(0.25 * at for at in range(2 * len(mesh.face_vertices(face)))))
    script.do(meshes.SetAttribute(entity, "corner", "uv", "f8", 2, corners, values))


def _after(prepare: Callable[[Script], None], make: Callable[[bytes, Mesh], Operation]) -> Callable[[Script], None]:
    def run(script: Script) -> None:
        prepare(script)
        script.do(make(script.entity, script.mesh))

    return run


def _cube(script: Script) -> None:
    shape(script, "cube")


def _grid(script: Script) -> None:
    shape(script, "grid", 3, 2)


def _ball(script: Script) -> None:
    shape(script, "icosphere", levels=1)


def _split_cube(script: Script) -> None:
    """A cube with an edge split in three, so that redirects are followed."""
    _cube(script)
    edge = script.mesh.edge_ids()[3]
    script.do(meshes.SplitEdge(script.entity, edge, 0.5))
    script.do(meshes.SplitEdge(script.entity, edge, 0.75))


def _tube(script: Script) -> None:
    """A cylinder without its caps."""
    shape(script, "cylinder", 6)
    caps = [face for face in script.mesh.face_ids() if len(script.mesh.face_edges(face)) == 6]
    script.do(meshes.DeleteElements(script.entity, b"", b"", b"".join(caps)))


def _edge(mesh: Mesh, number: int = 0) -> bytes:
    return mesh.edge_ids()[number]


def _face(mesh: Mesh, number: int = 0) -> bytes:
    return mesh.face_ids()[number]


def _faces(mesh: Mesh, count: int = 2) -> bytes:
    return b"".join(mesh.face_ids()[:count])


def _around(mesh: Mesh) -> bytes:
    """The faces around a vertex, so that one is inside."""
    return b"".join(one_ring(mesh, mesh.vertex_ids()[0]).faces)


def _loops(mesh: Mesh) -> list[list[bytes]]:
    return [list(loop.edges) for loop in boundary_loops(mesh)]


def _inner_edge(mesh: Mesh) -> bytes:
    rim = {edge for loop in _loops(mesh) for edge in loop}
    return next(edge for edge in mesh.edge_ids() if edge not in rim)


def _diagonal(entity: bytes, mesh: Mesh) -> Operation:
    loop = mesh.face_vertices(_face(mesh, 1))
    return meshes.SplitFace(entity, _face(mesh, 1), loop[0], loop[2])


def _two_vertices(entity: bytes, mesh: Mesh) -> Operation:
    ends = mesh.edge_vertices(_edge(mesh, 2))
    return meshes.Weld(entity, b"".join(ends), (0.0, 0.25, 0.5))


def _move(entity: bytes, mesh: Mesh) -> Operation:
    moved = b"".join(mesh.vertex_ids()[:2])
    return meshes.MoveVerticesV2(entity, moved, doubles(0.1, 0.2, 0.3, -0.0, 1e-300, 2.0), bytes(48))


def _split_vertex(entity: bytes, mesh: Mesh) -> Operation:
    counts = dict.fromkeys(mesh.vertex_ids(), 0)
    for edge in mesh.edge_ids():
        for end in mesh.edge_vertices(edge):
            counts[end] += 1
    return meshes.DissolveVertex(entity, next(vertex for vertex, count in counts.items() if count == 2))


def _triangle(script: Script) -> None:
    """Three vertices beside a plane."""
    _grid(script)
    for at in range(3):
        script.do(meshes.CreateVertex(script.entity, (float(at), 2.0, at * at * 0.5)))


def _new_face(entity: bytes, mesh: Mesh) -> Operation:
    ends = {end for edge in mesh.edge_ids() for end in mesh.edge_vertices(edge)}
    return meshes.AddFace(entity, b"".join(vertex for vertex in mesh.vertex_ids() if vertex not in ends))


def _import_of(part: bool) -> Callable[[Script], None]:
    def run(script: Script) -> None:
        if part:
            _grid(script)
            data = part_bytes(script.mesh, script.mesh.face_ids()[:3])
        else:
            data = SOUP
        script.do(
            ImportMeshV2(script.keep(data), "Vase 🏺", (0.0, 1.0, -1.0), UPRIGHT, UNSCALED, (1.0, 0.5, 0.0), GLASS)
        )

    return run


def _surface(script: Script) -> None:
    script.do(CreatePrimitive("cube", 0.5, "cube", HERE, UPRIGHT, UNSCALED))
    script.do(SetSurface(script.entity, GLASS))


RECIPES: tuple[tuple[str, Callable[[Script], None]], ...] = (
    *(
        (f"theta.create_primitive@2 {kind}", lambda script, kind=kind, sizes=sizes: shape(script, kind, *sizes))
        for kind, sizes in (
            ("cube", ()),
            ("pyramid", ()),
            ("plane", ()),
            ("cone", (5,)),
            ("cylinder", (5,)),
            ("sphere", (6, 4)),
            ("icosphere", (0, 0, 2)),
            ("torus", (7, 5, 0, 0.25)),
            ("grid", (3, 2)),
            ("ngon", (7,)),
        )
    ),
    ("theta.import_mesh@2 polygons", _import_of(False)),
    ("theta.import_mesh@2 canonical bytes", _import_of(True)),
    ("theta.set_surface@1", _surface),
    ("theta.create_vertex@1", _triangle),
    ("theta.add_face@1", _after(_triangle, _new_face)),
    ("theta.split_edge@1", _split_cube),
    ("theta.dissolve_vertex@1", _after(_split_cube, _split_vertex)),
    ("theta.split_face@1", _after(_cube, _diagonal)),
    ("theta.dissolve_edge@1", _after(_ball, lambda entity, mesh: meshes.DissolveEdge(entity, _edge(mesh)))),
    ("theta.poke@1", _after(_cube, lambda entity, mesh: meshes.Poke(entity, _face(mesh)))),
    (
        "theta.triangulate_faces@1",
        _after(_cube, lambda entity, mesh: meshes.TriangulateFaces(entity, _faces(mesh, 4))),
    ),
    ("theta.flip_edge@1", _after(_ball, lambda entity, mesh: meshes.FlipEdge(entity, _edge(mesh)))),
    ("theta.collapse_edge@1", _after(_ball, lambda entity, mesh: meshes.CollapseEdge(entity, _edge(mesh), 0.25))),
    (
        "theta.delete_elements@1",
        _after(
            _grid, lambda entity, mesh: meshes.DeleteElements(entity, mesh.vertex_ids()[0], _edge(mesh), _face(mesh))
        ),
    ),
    ("theta.fill_hole@1", _after(_tube, lambda entity, mesh: meshes.FillHole(entity, _loops(mesh)[0][0]))),
    ("theta.flip_normals@1", _after(_cube, lambda entity, mesh: meshes.FlipNormals(entity, _face(mesh)))),
    ("theta.extrude_face@2", _after(_cube, lambda entity, mesh: meshes.ExtrudeFaceV2(entity, _face(mesh), -0.125))),
    ("theta.extrude_face@3", _after(_cube, lambda entity, mesh: meshes.ExtrudeFaceV3(entity, _face(mesh), -0.125))),
    ("theta.inset_face@1", _after(_cube, lambda entity, mesh: meshes.InsetFace(entity, _face(mesh), 0.125, 0.25))),
    (
        "theta.extrude_region@1",
        _after(_ball, lambda entity, mesh: meshes.ExtrudeRegion(entity, _around(mesh), (0.1, 0.2, -0.3))),
    ),
    (
        "theta.extrude_edges@1",
        _after(_grid, lambda entity, mesh: meshes.ExtrudeEdges(entity, b"".join(_loops(mesh)[0][:3]), (0.0, 0.5, 0.0))),
    ),
    ("theta.loop_cut@1", _after(_tube, lambda entity, mesh: meshes.LoopCut(entity, _inner_edge(mesh), 0.25))),
    ("theta.bevel_edge@1", _after(_cube, lambda entity, mesh: meshes.BevelEdge(entity, _edge(mesh), 0.125))),
    (
        "theta.bridge@1",
        _after(_tube, lambda entity, mesh: meshes.Bridge(entity, _loops(mesh)[0][0], _loops(mesh)[1][0], 2)),
    ),
    ("theta.weld@1", _after(_grid, _two_vertices)),
    ("theta.weld_by_distance@1", _after(_ball, lambda entity, mesh: meshes.WeldByDistance(entity, b"", 0.01))),
    ("theta.mirror@1", _after(_tube, lambda entity, mesh: meshes.Mirror(entity, "y", 0.5, 0.001))),
    ("theta.move_vertices@2", _after(_cube, _move)),
    ("theta.subdivide@1 linear", _after(_cube, lambda entity, mesh: meshes.Subdivide(entity, "linear"))),
    ("theta.subdivide@1 catmull-clark", _after(_cube, lambda entity, mesh: meshes.Subdivide(entity, "catmull-clark"))),
    ("theta.subdivide@1 loop", _after(_ball, lambda entity, mesh: meshes.Subdivide(entity, "loop"))),
    ("theta.compact_mesh@1", _after(_split_cube, lambda entity, mesh: meshes.CompactMesh(entity))),
    ("theta.paint_faces@1", _cube),
    ("theta.set_crease@1", _cube),
    ("theta.set_attribute@1", _cube),
)


def command_vectors() -> dict[str, Any]:
    """The lists; and that no command type of a later version than the first packet is without one."""
    told = {title.split(" ")[0] for title, _ in RECIPES}
    known = {f"{each.NAME}@{each.VERSION}" for each in OPERATIONS}
    assert told <= known, told - known
    return {
        "author": AUTHOR.hex(),
        "actor": str(ACTOR),
        "documents": [_document(title, recipe) for title, recipe in RECIPES],
    }


def _document(title: str, recipe: Callable[[Script], None]) -> dict[str, Any]:
    script = Script()
    recipe(script)
    return {
        "title": title,
        "assets": [data.hex() for data in script.assets.values()],
        "commands": [
            {
                "type_id": str(signed_name_id(each.operation.NAME)),
                "version": each.operation.VERSION,
                "payload": msgspec.msgpack.encode(each.operation).hex(),
            }
            for each in script.commands
        ],
        "redirects": script.mesh.redirects.count,
        "counts": [script.mesh.vertex_count, script.mesh.edge_count, script.mesh.face_count],
        "document_hash": script.document.hash.hex(),
    }
