"""Programs of mesh operations that have to come to the same bits on every machine: spec/vectors/mesh.json.

Every shape, every operation, every kind of subdivision, attributes, refusals and redirects. Each program notes what
every one of its steps came to.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, Polygons, build_imported, face_normals, mesh_of, move_vertices, triangulate
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.compaction import compact
from theta.mesh.geometry import bounds
from theta.mesh.imported import build_numbered
from theta.mesh.local import (
    add_face,
    bevel_edge,
    bridge,
    collapse_edge,
    create_vertex,
    delete_elements,
    dissolve_edge,
    dissolve_vertex,
    extract_part,
    extrude_edges,
    extrude_region,
    fill_hole,
    flip_edge,
    flip_normals,
    inset_face,
    loop_cut,
    mirror,
    poke,
    split_edge,
    split_face,
    triangulate_faces,
    weld,
    weld_by_distance,
)
from theta.mesh.operations import extrude_face
from theta.mesh.queries import (
    EdgeHit,
    FaceHit,
    Picker,
    VertexHit,
    face_areas,
    parts,
    render_buffers,
    surface_area,
    volume,
)
from theta.mesh.results import Made
from theta.mesh.separate import separate_and_link
from theta.mesh.shapes import SHAPES, TAKES, ShapeParameters, build_shape
from theta.mesh.subdivision import subdivide
from tools.mesh_workpiece import Dice, Step, Workpiece, array_bytes

Program = Callable[[Workpiece], None]

RANDOM_STEPS = 60
COARSEST = {"segments": 3, "rings": 3, "levels": 0, "tube": 0.3}


def build(work: Workpiece, kind: str, **parameters: Any) -> None:
    """Go on with a new shape."""
    work.start(kind, build_shape(ShapeParameters(kind, **parameters), work.name()))


def shapes(work: Workpiece) -> None:
    """Each kind as it is by default, and as coarse as it can be."""
    for kind in SHAPES:
        build(work, kind)
        build(work, kind, size=0.3, **{field: COARSEST[field] for field in TAKES[kind]})


def imports(work: Workpiece) -> None:
    """Polygons that are no mesh until they are separated, under both rules for ids."""
    points = [(x / 3.0, y / 7.0, z / 5.0) for z in range(3) for y in range(3) for x in range(3)]
    loops = [(0, 1, 4, 3), (1, 2, 5, 4), (4, 1, 10), (1, 4, 13), (9, 10, 13, 12), (12, 13, 22), (0, 0, 1), (4, 4, 4, 4)]
    loops += [(13, 14, 17, 16), (13, 16, 15, 12), (13, 12, 3, 4), (20, 23, 26), (20, 26, 23), (2, 11, 20, 11, 23)]
    counts = np.array([len(loop) for loop in loops], np.int64)
    polygons = Polygons(np.array(points), counts, np.array(list(chain.from_iterable(loops)), np.int64))
    work.start("build_imported", build_imported(polygons, work.name()))
    work.start("build_numbered", build_numbered(separate_and_link(polygons), work.name()))


def house(work: Workpiece) -> None:
    """What people do with a cube."""
    build(work, "cube", size=2.0)
    up = (0.01, 1.0, 0.02)
    work.do(extrude, work.face(along=up), 0.7)
    work.do(inset_face, work.face(along=up), 0.15, -0.1)
    work.do(loop_cut, work.edge(along=(0.02, -0.01, 1.0)), 0.3)
    work.do(bevel_edge, work.edge(), 0.05)
    work.do(bevel_edge, work.edge(7), 0.04)
    split = work.do(split_edge, work.edge(3), 0.375)
    work.do(dissolve_vertex, split.vertices[0])
    work.do(split_edge, work.edge(3), 1.0 / 3.0)
    floor = work.face(along=(-0.02, -1.0, 0.01))
    corners = work.mesh.face_vertices(floor)
    cut = work.do(split_face, floor, corners[0], corners[2])
    work.do(dissolve_edge, cut.edges[0])
    work.do(extrude_region, work.faces(along=up)[:2], (0.1, 0.4, -0.05))
    work.do(move, [work.vertex(), work.vertex(1)], [(1.5, 0.1, 0.2), (1.4, 1.0 / 7.0, -0.3)])
    work.do(subdivide, "catmull-clark")


def triangles(work: Workpiece) -> None:
    """Triangulations changed edge by edge."""
    build(work, "ngon", segments=9)
    # A star, so that a fan does not cover it.
    rim = work.mesh.face_vertices(work.face())
    inner = rim[::2][:4]
    work.do(move, inner, [tuple(part / 3.0 for part in work.mesh.position(each)) for each in inner])
    work.do(triangulate_faces, work.faces())
    build(work, "sphere", segments=7, rings=5)
    work.do(triangulate_faces, work.faces()[::2])
    work.do(poke, work.face(3))
    work.do(triangulate_faces, work.faces())
    for rank in (0, 5, 11):
        work.do(flip_edge, work.edge(rank))
        work.do(collapse_edge, work.edge(rank + 2), rank / 16.0)
    work.do(delete_elements, [work.vertex()], [work.edge(20)], work.faces()[-2:])
    for edge in work.border()[:2]:
        work.do(collapse_edge, edge, 0.25)
    work.do(flip_normals, [work.face()])
    work.do(subdivide, "loop")


def holes(work: Workpiece) -> None:
    """Boundaries: made, drawn out, closed, bridged."""
    build(work, "grid", segments=4, rings=3)
    rim = work.border()
    work.do(extrude_edges, rim[:1], (0.1, 0.5, 0.0))
    work.do(extrude_edges, work.border(), (0.0, -0.25, 0.0))
    work.do(fill_hole, work.border()[0])
    build(work, "ngon", segments=6)
    other = work.do(extrude_edges, work.border(), (0.0, 0.0625, 0.125))
    work.do(fill_hole, other.edges[-1])
    loose = [work.do(create_vertex, (x / 3.0, 2.0, y / 3.0)).vertices[0] for x, y in ((0, 0), (0, 1), (1, 0))]
    work.do(add_face, loose)
    build(work, "cylinder", segments=5)
    work.do(delete_elements, [], [], [face for face in work.faces() if len(work.mesh.face_vertices(face)) == 4])
    work.do(bridge, work.border()[0], work.border()[-1], 1)


def welds_and_images(work: Workpiece) -> None:
    """Vertices that become one, images, parts on their own."""
    build(work, "torus", segments=9, rings=5)
    work.do(weld_by_distance, None, 0.01)
    work.do(mirror, "x", 0.75, 0.001)
    work.do(mirror, "z", 0.0, 0.05)
    build(work, "plane")
    far = work.do(extrude_edges, work.border()[:1], (0.5, 0.0, 0.001))
    work.do(weld, list(far.vertices[:2]), None)
    work.do(weld, [work.vertex(), work.vertex(1)], (0.6, 0.01, 0.0))
    work.do(mirror, "y", -1.0, 0.0)
    work.start("extract_part", mesh_of(extract_part(work.mesh, work.face())))


def subdivisions(work: Workpiece) -> None:
    """Closed and open, creased and smooth, each twice."""
    for kind, segments in (("cone", 5), ("grid", 3), ("icosphere", None)):
        for scheme in ("linear", "catmull-clark", "loop"):
            build(work, kind, segments=segments, levels=1 if kind == "icosphere" else None)
            bump(work)
            edges = work.edges()
            sharpness = [[(at % 7) / 2.0] for at in range(len(edges))]
            set_attribute(work.mesh, "edge", "crease", edges, sharpness)
            work.do(subdivide, scheme)
            work.do(subdivide, scheme)


def many_faces(work: Workpiece) -> None:
    """Arrays long enough for every vector instruction that NumPy has."""
    build(work, "sphere", segments=61, rings=37)
    bump(work)
    paint(work)
    work.do(subdivide, "catmull-clark")
    work.do(compacted)
    ask(work)
    work.do(mirror, "y", 1.0, 0.01)


def attributes(work: Workpiece) -> None:
    """Rows on every domain, through every operation."""
    build(work, "cube")
    bump(work)
    paint(work)
    work.do(split_edge, work.edge(), 0.3)
    work.do(extrude, work.face(1), 0.2)
    work.do(inset_face, work.face(2), 0.05, 0.1)
    work.do(loop_cut, work.edge(4, (0.1, -0.9, 0.3)), 0.6)
    work.do(bevel_edge, work.edge(2), 0.01)
    work.do(extrude_region, work.faces()[:3], (0.3, 0.0, 0.1))
    work.do(poke, work.face(5))
    work.do(triangulate_faces, work.faces()[6:9])
    work.do(flip_edge, next(edge for edge in work.edges() if _between_triangles(work.mesh, edge)))
    work.do(collapse_edge, next(edge for edge in work.edges() if _between_triangles(work.mesh, edge)), 0.75)
    work.do(delete_elements, [], [], [work.face(2)])
    work.do(flip_normals, [work.face(4)])
    work.do(split_face, work.face(), *work.mesh.face_vertices(work.face())[::2][:2])
    work.do(mirror, "z", -0.7, 0.001)
    work.do(subdivide, "linear")
    work.do(compacted)
    work.do(subdivide, "catmull-clark")


def back_again(work: Workpiece) -> None:
    """What is split and dissolved, and what is rolled back, is what it was."""
    build(work, "cylinder", segments=5)
    paint(work)
    for at in range(3):
        made = work.do(split_edge, work.edge(at), (at + 1) / 4.0)
        work.do(dissolve_vertex, made.vertices[0])
        corners = work.mesh.face_vertices(work.face(at))
        if len(corners) > 3:
            made = work.do(split_face, work.face(at), corners[0], corners[2])
            work.do(dissolve_edge, made.edges[0])
    mark = work.mesh.journal.mark()
    work.do(extrude_region, work.faces()[:2], (0.1, 0.2, 0.3))
    work.do(subdivide, "catmull-clark")
    work.mesh.journal.rollback(mark)
    work.note("rollback")


def successors(work: Workpiece) -> None:
    """What has become of every element that ever was."""
    build(work, "cylinder", segments=6)
    known: dict[str, dict[bytes, None]] = {"vertex": {}, "edge": {}, "face": {}}

    def then(operation: Callable[..., Made], *arguments: Any) -> None:
        for kind, ids in zip(known, (work.mesh.vertex_ids(), work.mesh.edge_ids(), work.mesh.face_ids()), strict=True):
            known[kind].update(dict.fromkeys(ids))
        work.do(operation, *arguments)

    then(split_edge, work.edge(), 0.25)
    then(split_edge, work.edge(), 0.625)
    then(poke, work.face())
    then(loop_cut, work.edge(9), 0.4)
    then(bevel_edge, work.edge(12), 0.03125)
    then(triangulate_faces, work.faces())
    then(collapse_edge, work.edge(5), 0.5)
    then(delete_elements, [work.vertex(9)], [], [])
    then(subdivide, "loop")
    then(weld, [work.vertex(), work.vertex(3)], None)
    then(compacted)
    answers = [b"".join([old, *work.mesh.resolve(kind, old)]) for kind, ids in known.items() for old in ids]
    answers += [_place_on(work.mesh, edge, t) for edge in known["edge"] for t in (0.0, 0.3, 0.5, 0.8125, 1.0)]
    work.note("resolve", None, *answers)


def _place_on(mesh: Mesh, edge: bytes, t: float) -> bytes:
    try:
        found, parameter = mesh.resolve_edge(edge, t)
    except UnknownElement:
        return edge
    return found + parameter.hex().encode()


def questions(work: Workpiece) -> None:
    """Answers about meshes of many kinds."""
    for kind in SHAPES:
        build(work, kind)
        bump(work)
        ask(work)


def bump(work: Workpiece) -> None:
    """Move every vertex a little, each differently."""
    dice = Dice(len(work.steps))
    ids = work.mesh.vertex_ids()
    points = [tuple(part + dice.length() / 64.0 for part in work.mesh.position(each)) for each in ids]
    work.do(move, ids, points)


def paint(work: Workpiece) -> None:
    """Attributes of every type on every domain, on some of the elements."""
    mesh, dice = work.mesh, Dice(len(work.steps))
    vertices, edges, faces = mesh.vertex_ids()[::2], mesh.edge_ids()[::3], mesh.face_ids()[::2]
    corners = [(face, vertex) for face in faces for vertex in mesh.face_vertices(face)]
    set_attribute(mesh, "vertex", "colour", vertices, [[dice.share() for _ in range(4)] for _ in vertices])
    set_attribute(mesh, "vertex", "kind", vertices, [[dice.below(100) - 50] for _ in vertices], "i4")
    set_attribute(mesh, "edge", "crease", edges, [[dice.share() * 3.0] for _ in edges])
    set_attribute(mesh, "face", "colour", faces, [[dice.share() for _ in range(3)] for _ in faces])
    set_attribute(mesh, "face", "painted", faces, [[1] for _ in faces], "u1")
    set_attribute(mesh, "corner", "uv", corners, [[dice.length(), dice.length()] for _ in corners])
    work.note("attributes")


def ask(work: Workpiece) -> None:
    """Normals, areas, triangles, picks, what is drawn: all of it bytes."""
    mesh, dice = work.mesh, Dice(3)
    triangles, buffers = triangulate(mesh), render_buffers(mesh)
    answers = [face_normals(mesh), face_areas(mesh), triangles.positions, triangles.corners, triangles.faces]
    answers.append([surface_area(mesh), *(volume(mesh, part) for part in parts(mesh) if part.closed)])
    answers.append(bounds(mesh))
    picker = Picker(mesh)
    found: list[FaceHit | EdgeHit | VertexHit | None] = []
    for _ in range(40):
        origin = tuple(4.0 * part for part in dice.point())
        towards = tuple(part / 4.0 - start for part, start in zip(dice.point(), origin, strict=True))
        if any(towards):
            found += [picker.face_along(origin, towards), picker.edge_along(origin, towards, 0.1)]
            found += [picker.vertex_near(origin), picker.edge_near(origin), picker.face_near(origin)]
    drawn = array_bytes(buffers.ranges, buffers.positions, buffers.normals, buffers.colours, buffers.face_ids)
    work.note("ask", None, array_bytes(*answers), repr(found).encode(), drawn)


def _between_triangles(mesh: Mesh, edge: bytes) -> bool:
    sides = [face for face in mesh.face_ids() if edge in mesh.face_edges(face)]
    return len(sides) == 2 and all(len(mesh.face_vertices(face)) == 3 for face in sides)


def move(mesh: Mesh, vertices: list[bytes], points: list[tuple[float, ...]], _: Any) -> Made:
    """Put vertices elsewhere."""
    move_vertices(mesh, vertices, points)
    return Made()


def extrude(mesh: Mesh, face: bytes, distance: float, name: CommandName) -> Made:
    """Extrude a face, and say what that made as the other operations do."""
    made = extrude_face(mesh, face, distance, name)
    return Made(made.vertices, (*made.side_edges, *made.cap_edges), made.side_faces)


def compacted(mesh: Mesh, _: Any) -> Made:
    """Take the tombstones out."""
    compact(mesh)
    return Made()


def _face_and_corners(mesh: Mesh, dice: Dice) -> tuple[bytes, bytes, bytes]:
    face = dice.one(mesh.face_ids())
    corners = mesh.face_vertices(face)
    return face, dice.one(corners), dice.one(corners)


# What a random program may do: the operation, and arguments for a mesh that has vertices, edges and faces.
RANDOM: dict[Callable[..., Made], Callable[[Mesh, Dice], tuple[Any, ...]]] = {
    add_face: lambda mesh, dice: (dice.several(mesh.vertex_ids(), 5),),
    bevel_edge: lambda mesh, dice: (dice.one(mesh.edge_ids()), dice.share() / 8.0),
    bridge: lambda mesh, dice: (dice.one(mesh.edge_ids()), dice.one(mesh.edge_ids()), dice.below(3)),
    collapse_edge: lambda mesh, dice: (dice.one(mesh.edge_ids()), dice.share()),
    create_vertex: lambda _, dice: (dice.point(),),
    delete_elements: lambda mesh, dice: ([], [], [dice.one(mesh.face_ids())]),
    dissolve_edge: lambda mesh, dice: (dice.one(mesh.edge_ids()),),
    dissolve_vertex: lambda mesh, dice: (dice.one(mesh.vertex_ids()),),
    extrude_edges: lambda mesh, dice: (dice.several(mesh.edge_ids(), 2), dice.point()),
    extrude: lambda mesh, dice: (dice.one(mesh.face_ids()), dice.length()),
    extrude_region: lambda mesh, dice: (dice.several(mesh.face_ids(), 3), dice.point()),
    fill_hole: lambda mesh, dice: (dice.one(mesh.edge_ids()),),
    flip_edge: lambda mesh, dice: (dice.one(mesh.edge_ids()),),
    flip_normals: lambda mesh, dice: ([dice.one(mesh.face_ids())],),
    inset_face: lambda mesh, dice: (dice.one(mesh.face_ids()), dice.share() / 8.0, dice.length()),
    loop_cut: lambda mesh, dice: (dice.one(mesh.edge_ids()), dice.share()),
    poke: lambda mesh, dice: (dice.one(mesh.face_ids()),),
    split_edge: lambda mesh, dice: (dice.one(mesh.edge_ids()), dice.share()),
    split_face: _face_and_corners,
    triangulate_faces: lambda mesh, dice: (dice.several(mesh.face_ids(), 3),),
    weld: lambda mesh, dice: (dice.several(mesh.vertex_ids(), 2), dice.point()),
}


def random_program(kind: str, seed: int) -> Program:
    """A program of operations with arguments that look random; most refusals are noted as such."""

    def program(work: Workpiece) -> None:
        dice = Dice(seed)
        build(work, kind, **{field: COARSEST[field] for field in TAKES[kind]})
        paint(work)
        table = list(RANDOM)
        for _ in range(RANDOM_STEPS):
            if not work.mesh.face_count:
                build(work, kind)
            operation = dice.one(table)
            work.do(operation, *RANDOM[operation](work.mesh, dice))

    return program


PROGRAMS: dict[str, Program] = {
    **{
        program.__name__.replace("_", " "): program
        for program in (
            *(shapes, imports, house, triangles, holes, welds_and_images, subdivisions),
            *(many_faces, attributes, back_again, successors, questions),
        )
    },
    **{f"random on a {kind}": random_program(kind, seed) for seed, kind in enumerate(SHAPES, 1)},
}


def run(name: str) -> list[Step]:
    """What every step of a program came to."""
    work = Workpiece()
    PROGRAMS[name](work)
    return work.steps
