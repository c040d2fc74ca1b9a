"""Commands on meshes, one of each type, with elements picked so that most of them can be carried out."""

import struct
from collections.abc import Callable
from random import Random

from theta.editor import mesh_operations as commands
from theta.editor.mesh_operations import MeshOperation
from theta.mesh import Mesh, face_normals
from theta.mesh.queries import boundary_loops, one_ring

Pick = Callable[[Mesh, bytes, Random], MeshOperation | None]


def doubles(*values: float) -> bytes:
    """Little-endian float64."""
    return struct.pack(f"<{len(values)}d", *values)


def pick_operation(kind: type[MeshOperation], mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    """A command of this type on some of the mesh's elements; None when there are none to do it to."""
    return _PICKS[kind](mesh, entity, random)


def _some(ids: list[bytes], random: Random, most: int, least: int = 1) -> bytes:
    return b"".join(random.sample(ids, min(len(ids), random.randint(least, most))))


def _one(ids: list[bytes], random: Random) -> bytes:
    return random.choice(ids)


def _faces_of(mesh: Mesh, edge: bytes) -> list[bytes]:
    return [face for face in mesh.face_ids() if edge in mesh.face_edges(face)]


def _rim(mesh: Mesh) -> list[bytes]:
    return [edge for loop in boundary_loops(mesh) for edge in loop.edges]


def _offset(random: Random) -> tuple[float, float, float]:
    return random.uniform(-0.5, 0.5), random.uniform(0.1, 0.5), random.uniform(-0.5, 0.5)


def _create_vertex(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation:
    return commands.CreateVertex(entity, (random.uniform(2, 3), random.uniform(2, 3), random.uniform(2, 3)))


def _add_face(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    alone = [vertex for vertex in mesh.vertex_ids() if not one_ring(mesh, vertex).edges]
    chains = [loop.vertices for loop in boundary_loops(mesh)]
    if len(alone) >= 3:
        return commands.AddFace(entity, b"".join(random.sample(alone, 3)))
    if chains and alone:
        loop = random.choice(chains)
        at = random.randrange(len(loop))
        return commands.AddFace(entity, loop[at] + loop[(at + 1) % len(loop)] + random.choice(alone))
    return None


def _move(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    if not mesh.vertex_count:
        return None
    vertices = _some(mesh.vertex_ids(), random, 3)
    points = doubles(*(random.uniform(-1, 1) for _ in range(3 * len(vertices) // 16)))
    return commands.MoveVerticesV2(entity, vertices, points, bytes(len(points)))


def _dissolve_vertex(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    found = [vertex for vertex in mesh.vertex_ids() if len(one_ring(mesh, vertex).edges) == 2]
    return commands.DissolveVertex(entity, _one(found, random)) if found else None


def _weld(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    if not mesh.edge_count:
        return None
    ends = mesh.edge_vertices(_one(mesh.edge_ids(), random))
    return commands.Weld(entity, b"".join(ends), mesh.position(ends[0]))


def _weld_by_distance(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation:
    chosen = _some(mesh.vertex_ids(), random, 6, 2) if mesh.vertex_count > 1 and random.random() < 0.7 else b""
    return commands.WeldByDistance(entity, chosen, random.choice((0.0, 0.3, 1.0)))


def _with_edge(make: Callable[[bytes, bytes, Random], MeshOperation], corners: int = 0) -> Pick:
    """On an edge; of two faces with so many corners each, if a number is given."""

    def pick(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
        edges = mesh.edge_ids()
        if corners:
            sized = {face for face in mesh.face_ids() if len(mesh.face_edges(face)) == corners}
            edges = [edge for edge in edges if len(sized.intersection(_faces_of(mesh, edge))) == 2]
        return make(entity, _one(edges, random), random) if edges else None

    return pick


def _with_rim(make: Callable[[Mesh, bytes, bytes, Random], MeshOperation | None]) -> Pick:
    def pick(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
        rim = _rim(mesh)
        return make(mesh, entity, _one(rim, random), random) if rim else None

    return pick


def _extrude_edges(mesh: Mesh, entity: bytes, edge: bytes, random: Random) -> MeshOperation:
    loop = next(list(each.edges) for each in boundary_loops(mesh) if edge in each.edges)
    size = random.randint(1, len(loop) - 1)
    chain = loop if random.random() < 0.3 else (loop + loop)[loop.index(edge) : loop.index(edge) + size]
    return commands.ExtrudeEdges(entity, b"".join(chain), _offset(random))


def _bridge(mesh: Mesh, entity: bytes, edge: bytes, random: Random) -> MeshOperation | None:
    loops = boundary_loops(mesh)
    mine = next(loop for loop in loops if edge in loop.edges)
    others = [loop for loop in loops if loop is not mine and len(loop.edges) == len(mine.edges)]
    if not others:
        return None
    return commands.Bridge(entity, edge, _one(list(random.choice(others).edges), random), random.randrange(3))


def _with_face(make: Callable[[bytes, bytes, Random], MeshOperation]) -> Pick:
    def pick(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
        normals = face_normals(mesh).tolist()
        faces = [face for face, normal in zip(mesh.face_ids(), normals, strict=True) if any(normal)]
        return make(entity, _one(faces, random), random) if faces else None

    return pick


def _with_faces(make: Callable[[bytes, bytes, Random], MeshOperation], most: int = 3) -> Pick:
    def pick(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
        return make(entity, _some(mesh.face_ids(), random, most), random) if mesh.face_count else None

    return pick


def _split_face(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    faces = [face for face in mesh.face_ids() if len(mesh.face_vertices(face)) > 3]
    if not faces:
        return None
    face = _one(faces, random)
    loop = mesh.face_vertices(face)
    start = random.randrange(len(loop))
    end = (start + random.randint(2, len(loop) - 2)) % len(loop)
    return commands.SplitFace(entity, face, loop[start], loop[end])


def _delete(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    if not mesh.face_count:
        return None
    return random.choice(
        (
            commands.DeleteElements(entity, _one(mesh.vertex_ids(), random), b"", b""),
            commands.DeleteElements(entity, b"", _one(mesh.edge_ids(), random), b""),
            commands.DeleteElements(entity, b"", b"", _some(mesh.face_ids(), random, 2)),
        )
    )


def _attribute(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    if not mesh.face_count:
        return None
    face = _one(mesh.face_ids(), random)
    corner = face + mesh.face_vertices(face)[0]
    value = doubles(random.uniform(0, 1), random.uniform(0, 1))
    return random.choice(
        (
            commands.SetAttribute(entity, "vertex", "weight", "f8", 2, _one(mesh.vertex_ids(), random), value),
            commands.SetAttribute(entity, "edge", "seam", "u1", 1, _one(mesh.edge_ids(), random), b"\1"),
            commands.SetAttribute(entity, "face", "group", "i4", 1, face, b"\7\0\0\0"),
            commands.SetAttribute(entity, "corner", "uv", "f8", 2, corner, value),
        )
    )


def _subdivide(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    if not 0 < mesh.face_count < 40:
        return None
    triangles = all(len(mesh.face_edges(face)) == 3 for face in mesh.face_ids())
    return commands.Subdivide(entity, "loop" if triangles else random.choice(("linear", "catmull-clark")))


def _mirror(mesh: Mesh, entity: bytes, random: Random) -> MeshOperation | None:
    if not 0 < mesh.face_count < 40:
        return None
    return commands.Mirror(entity, random.choice(("x", "y", "z")), random.choice((-9.0, 9.0)), 1e-6)


_PICKS: dict[type[MeshOperation], Pick] = {
    commands.CreateVertex: _create_vertex,
    commands.AddFace: _add_face,
    commands.SplitEdge: _with_edge(lambda entity, edge, random: commands.SplitEdge(entity, edge, 0.25)),
    commands.DissolveVertex: _dissolve_vertex,
    commands.SplitFace: _split_face,
    commands.DissolveEdge: _with_edge(lambda entity, edge, random: commands.DissolveEdge(entity, edge)),
    commands.Poke: _with_face(lambda entity, face, random: commands.Poke(entity, face)),
    commands.TriangulateFaces: _with_faces(lambda entity, faces, random: commands.TriangulateFaces(entity, faces)),
    commands.FlipEdge: _with_edge(lambda entity, edge, random: commands.FlipEdge(entity, edge), 3),
    commands.CollapseEdge: _with_edge(lambda entity, edge, random: commands.CollapseEdge(entity, edge, 0.5), 3),
    commands.DeleteElements: _delete,
    commands.FillHole: _with_rim(lambda mesh, entity, edge, random: commands.FillHole(entity, edge)),
    commands.FlipNormals: _with_faces(lambda entity, faces, random: commands.FlipNormals(entity, faces), 1),
    commands.ExtrudeFaceV2: _with_face(lambda entity, face, random: commands.ExtrudeFaceV2(entity, face, 0.25)),
    commands.ExtrudeFaceV3: _with_face(lambda entity, face, random: commands.ExtrudeFaceV3(entity, face, 0.25)),
    commands.InsetFace: _with_face(lambda entity, face, random: commands.InsetFace(entity, face, 0.01, 0.1)),
    commands.ExtrudeRegion: _with_faces(
        lambda entity, faces, random: commands.ExtrudeRegion(entity, faces, _offset(random))
    ),
    commands.ExtrudeEdges: _with_rim(_extrude_edges),
    commands.LoopCut: _with_edge(lambda entity, edge, random: commands.LoopCut(entity, edge, 0.5), 4),
    commands.BevelEdge: _with_edge(lambda entity, edge, random: commands.BevelEdge(entity, edge, 0.05)),
    commands.Bridge: _with_rim(_bridge),
    commands.Weld: _weld,
    commands.WeldByDistance: _weld_by_distance,
    commands.Mirror: _mirror,
    commands.MoveVerticesV2: _move,
    commands.Subdivide: _subdivide,
    commands.CompactMesh: lambda mesh, entity, random: commands.CompactMesh(entity),
    commands.PaintFaces: _with_faces(
        lambda entity, faces, random: commands.PaintFaces(entity, faces, (random.random(), 0.5, 0.25))
    ),
    commands.SetCrease: _with_edge(
        lambda entity, edge, random: commands.SetCrease(entity, edge, random.uniform(0, 10))
    ),
    commands.SetAttribute: _attribute,
}
