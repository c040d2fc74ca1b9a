"""What commands come to that do more than win or lose against concurrent ones: CMD-84 and CMD-85."""

from collections.abc import Collection

import numpy as np

from theta.base.errors import UnknownElement
from theta.base.identifiers import CommandName
from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.judging import Judge
from theta.editor.mesh_operations import ExtrudeFaceV3, MoveVerticesV2
from theta.editor.mesh_operations.base import living_of_each
from theta.editor.operation import split_ids
from theta.editor.vocabulary import MoveVertices
from theta.editor.writers import WHOLE, Extruded, Writer
from theta.mesh import Mesh, move_vertices
from theta.mesh.halfedges import Point
from theta.mesh.operations import Extrusion, extrude_face, extrusion_ids
from theta.mesh.polygons import unit_normal
from theta.mesh.redirects import WHOLE as FORWARDS
from theta.mesh.redirects import Part
from theta.mesh.results import Made

BACKWARDS = (1.0, 0.0)


def move_joining(mesh: Mesh, operation: MoveVertices | MoveVerticesV2, joined: Collection[bytes]) -> bool:
    """Move vertices: those in `joined` by the deltas, the others to the targets; whether there was any of the first.

    Args:
        mesh: what to change.
        operation: of version 1 or 2, which alone follows redirects.
        joined: vertices that others moved at the same time, living or not; WHOLE for all.

    Raises:
        UsageError: it cannot be done, and nothing was changed.
    """
    named = split_ids(operation.vertices)
    targets, deltas = (
        np.frombuffer(data, "<f8").reshape(-1, 3).tolist() for data in (operation.targets, operation.deltas)
    )
    follows = isinstance(operation, MoveVerticesV2)
    found = living_of_each(mesh, "vertex", named) if follows else iter([[each] for each in named])
    goals: dict[bytes, Point] = {}
    adds = False
    for one, some, (x, y, z), (dx, dy, dz) in zip(named, found, targets, deltas, strict=True):
        joins = some and (WHOLE in joined or any(each in joined for each, _ in mesh.successors("vertex", one)))
        for each in some:
            if joins:
                adds = True
                a, b, c = mesh.position(each)
                goals[each] = (a + dx, b + dy, c + dz)
            else:
                goals[each] = (x, y, z)
    if not goals:
        raise UnknownElement("vertex", operation.vertices[:IDENTIFIER_BYTES])
    move_vertices(mesh, list(goals), list(goals.values()))
    return adds


def extrude_anew(mesh: Mesh, operation: ExtrudeFaceV3, writer: Writer) -> tuple[bytes, Extruded, Made]:
    """Extrude a face by itself: the face, what others who extrude it at the same time have to know, what was made.

    Raises:
        UsageError: it cannot be done, and nothing was changed.
    """
    face = mesh.the_one("face", operation.face)
    vertices, edges = mesh.face_vertices(face), mesh.face_edges(face)
    points = [mesh.position(each) for each in vertices]
    made = extrude_face(mesh, face, operation.distance, writer.name)
    normal = unit_normal(points)
    assert normal is not None, "it was extruded along it"
    vector = _times(normal, operation.distance)
    extruded = Extruded((writer,), tuple(vertices), tuple(edges), tuple(points), normal, (vector,))
    return face, extruded, Made(made.vertices, made.side_edges + made.cap_edges, made.side_faces)


def concurrent_extrusion(
    mesh: Mesh, face: bytes, extruded: Extruded | None, command: Command, judge: Judge
) -> Extruded | None:
    """The extrusion of a face that a command's own joins: of concurrent ones alone, its cap still as it was made."""
    if extruded is None:
        return None
    if any(judge.precedes(each.actor, each.seq, each.branch, command) for each in extruded.by):
        return None
    made = _ids(face, extruded, extruded.by[0].name)
    loop, edges = mesh.face_vertices(face), mesh.face_edges(face)
    start = made.vertices.index(loop[0]) if loop[0] in made.vertices else 0
    same = (*made.vertices[start:], *made.vertices[:start]) == tuple(loop)
    same = same and (*made.cap_edges[start:], *made.cap_edges[:start]) == tuple(edges)
    return extruded if same else None


def extrude_joining(
    mesh: Mesh, face: bytes, distance: float, extruded: Extruded, writer: Writer, strategy: Strategy
) -> tuple[Extruded, tuple[bytes, ...]]:
    """Move the cap of a concurrent extrusion to where all who did it want it: what is known of it now, and its corners.

    By `Strategy.MERGE` that is the mean, else the last one's distance. What the command would have made redirects to
    what the first one did.

    Raises:
        UsageError: it cannot be done, and nothing was changed.
    """
    vector = _times(extruded.normal, distance)
    vectors = (*extruded.vectors, vector) if strategy is Strategy.MERGE else (vector,)
    before, after = _mean(extruded.vectors), _mean(vectors)
    further = (after[0] - before[0], after[1] - before[1], after[2] - before[2])
    made = _ids(face, extruded, extruded.by[0].name)
    goals = []
    for vertex, point in zip(made.vertices, extruded.points, strict=True):
        here = mesh.position(vertex)
        # Where nobody has moved it since, it comes to the very same as if it had been extruded so.
        goals.append(_plus(point, after) if here == _plus(point, before) else _plus(here, further))
    with mesh.journal.operation():
        move_vertices(mesh, made.vertices, goals)
        _redirect(mesh, extruded, _ids(face, extruded, writer.name), made)
    return extruded._replace(by=(*extruded.by, writer), vectors=vectors), made.vertices


def _redirect(mesh: Mesh, extruded: Extruded, would_be: Extrusion, made: Extrusion) -> None:
    redirects = mesh.redirects
    for old, new in zip(would_be.vertices, made.vertices, strict=True):
        redirects.add("vertex", old, (Part(new),))
    ends = zip(extruded.vertices, would_be.vertices, extruded.vertices, made.vertices, strict=True)
    for old, new, (a, b, c, d) in zip(would_be.side_edges, made.side_edges, ends, strict=True):
        redirects.add("edge", old, (Part(new, FORWARDS, FORWARDS if (a < b) == (c < d) else BACKWARDS),))
    ends = zip(would_be.vertices, _after(would_be.vertices), made.vertices, _after(made.vertices), strict=True)
    for old, new, (a, b, c, d) in zip(would_be.cap_edges, made.cap_edges, ends, strict=True):
        redirects.add("edge", old, (Part(new, FORWARDS, FORWARDS if (a < b) == (c < d) else BACKWARDS),))
    for old, new in zip(would_be.side_faces, made.side_faces, strict=True):
        redirects.add("face", old, (Part(new),))


def _ids(face: bytes, extruded: Extruded, name: CommandName) -> Extrusion:
    return extrusion_ids(face, extruded.vertices, extruded.edges, name)


def _after(around: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return around[1:] + around[:1]


def _times(vector: Point, factor: float) -> Point:
    x, y, z = vector
    return x * factor, y * factor, z * factor


def _plus(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _mean(vectors: tuple[Point, ...]) -> Point:
    """The vectors added in their order, divided by their number."""
    x, y, z = vectors[0]
    for a, b, c in vectors[1:]:
        x, y, z = x + a, y + b, z + c
    count = float(len(vectors))
    return x / count, y / count, z / count
