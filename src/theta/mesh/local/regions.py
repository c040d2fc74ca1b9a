"""Extruding several faces as one: spec/mesh.md, MESH-51."""

from collections.abc import Sequence

from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import BowTie, NotApplicable
from theta.mesh.halfedges import HalfEdges, Point
from theta.mesh.local.arguments import different, moved, vector
from theta.mesh.local.cut_edges import keep_edge
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def extrude_region(mesh: Mesh, face_ids: Sequence[bytes], offset: Sequence[float], name: CommandName) -> Made:
    """Move faces by an offset and close the gaps along their border with quads: ΔV, ΔE, ΔF = m, 2m, m.

    m is how many border edges there are: those with a face of the region on one side only. The faces keep their ids,
    and the edges between them unless their parameters turn around; the border's old edges and vertices stay where they
    are, what lies inside moves along.

    Args:
        mesh: what to change.
        face_ids: different faces, of which every connected part has a border.
        offset: (3,) metres.
        name: the command that does it.

    Returns:
        The new border vertices; the edges from old to new ones, then the new border edges; the quads: each border loop
        from its vertex with the lowest id, loops in ascending order of these. Last the edges that replace inner ones,
        in ascending order of those.

    Raises:
        UnknownElement: no such face.
        BowTie: the region comes to a vertex by two fans.
        NotApplicable: a part of the region has no border.
        InvalidValue: no face or one twice, a coordinate out of its limits, or the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    faces = different("face_ids", face_ids, halfedges.faces)
    by = vector("offset", offset)
    loops = [halfedges.face_loop(face) for face in faces]
    starts = _border(halfedges, faces, loops)
    _refuse_closed_parts(halfedges, faces, starts)
    origin = halfedges.origin.view
    sides = _walk(halfedges, starts)
    surgery = Surgery(halfedges)
    surgery.foresee(len(sides))
    border = [origin[side] for side in sides]
    inside = {origin[side]: None for loop in loops for side in loop if origin[side] not in starts}
    targets = [(vertex, moved(halfedges.point(vertex), by)) for vertex in inside]
    vertex_ids = [halfedges.vertices.id_of(vertex) for vertex in border]
    edge_ids = [halfedges.edges.id_of(side >> 1) for side in sides]
    vertices = [element_id(name, "extrude-region.vertex", (vertex,)) for vertex in vertex_ids]
    side_edges = [element_id(name, "extrude-region.side-edge", (vertex,)) for vertex in vertex_ids]
    rim_edges = [element_id(name, "extrude-region.edge", (edge,)) for edge in edge_ids]
    quads = [element_id(name, "extrude-region.side", (edge,)) for edge in edge_ids]

    new = {
        vertex: surgery.vertex(identifier, moved(halfedges.point(vertex), by), ((vertex, 1.0),))
        for vertex, identifier in zip(border, vertices, strict=True)
    }
    named = {vertex: (new[vertex], identifier) for vertex, identifier in zip(border, vertices, strict=True)}
    for face, loop in zip(faces, loops, strict=True):
        corners = [origin[side] for side in loop]
        if any(corner in new for corner in corners):
            surgery.reshape(face, [new.get(corner, corner) for corner in corners])
    inner = {side >> 1 for loop in loops for side in loop if starts.get(origin[side]) != side}
    turned = _keep_edges(surgery, halfedges, inner, named, name)
    for side, side_edge, rim_edge, quad in zip(sides, side_edges, rim_edges, quads, strict=True):
        tail, head = origin[side], origin[side ^ 1]
        surgery.name_edge(tail, new[tail], side_edge)
        surgery.name_edge(new[tail], new[head], rim_edge, side >> 1)
        surgery.face(quad, (tail, head, new[head], new[tail]), like=halfedges.face.view[side])
    with halfedges.journal.operation():
        surgery.apply()
        _move(halfedges, targets)
    return Made(tuple(vertices), tuple(side_edges + rim_edges + turned), tuple(quads))


def _border(halfedges: HalfEdges, faces: list[int], loops: list[list[int]]) -> dict[int, int]:
    """For each border vertex, the region's half-edge that leaves it along the border."""
    region = set(faces)
    face, origin = halfedges.face.view, halfedges.origin.view
    starts: dict[int, int] = {}
    for loop in loops:
        for side in loop:
            if face[side ^ 1] not in region:
                if origin[side] in starts:
                    raise BowTie(halfedges.vertices.id_of(origin[side]))
                starts[origin[side]] = side
    return starts


def _refuse_closed_parts(halfedges: HalfEdges, faces: list[int], starts: dict[int, int]) -> None:
    face, following = halfedges.face.view, halfedges.next.view
    region = set(faces)
    reached = {face[side] for side in starts.values()}
    left = list(reached)
    while left:
        first = halfedges.face_halfedge.view[left.pop()]
        side = first
        while True:
            beside = face[side ^ 1]
            if beside in region and beside not in reached:
                reached.add(beside)
                left.append(beside)
            side = following[side]
            if side == first:
                break
    for each in faces:
        if each not in reached:
            raise NotApplicable("face", halfedges.faces.id_of(each), "in a part of the region that has a border")


def _walk(halfedges: HalfEdges, starts: dict[int, int]) -> list[int]:
    """The border's half-edges, loop by loop."""
    origin = halfedges.origin.view
    walk: dict[int, None] = {}
    for vertex in sorted(starts, key=halfedges.vertices.id_of):
        side = starts[vertex]
        while side not in walk:
            walk[side] = None
            side = starts[origin[side ^ 1]]
    return list(walk)


def _keep_edges(
    surgery: Surgery, halfedges: HalfEdges, inner: set[int], new: dict[int, tuple[int, bytes]], name: CommandName
) -> list[bytes]:
    """What becomes of edges between faces of the region that get `new` ends, by slot and id; the ids that are new."""
    origin, id_of = halfedges.origin.view, halfedges.vertices.id_of
    made: list[bytes] = []
    for edge in sorted(inner, key=halfedges.edges.id_of):
        old = (origin[2 * edge], origin[2 * edge + 1])
        if old[0] in new or old[1] in new:
            tail, head = (new.get(vertex, (vertex, id_of(vertex))) for vertex in old)
            turned = keep_edge(surgery, halfedges, 2 * edge, (tail, head), (name, "extrude-region.inner-edge"))
            made += [] if turned is None else [turned]
    return made


def _move(halfedges: HalfEdges, targets: list[tuple[int, Point]]) -> None:
    for vertex, point in targets:
        halfedges.write_row(halfedges.positions, vertex, point)
