"""Extruding boundary edges: spec/mesh.md, MESH-52."""

from collections.abc import Sequence

from theta.base.identifiers import CommandName, element_id
from theta.mesh.errors import NotApplicable
from theta.mesh.halfedges import NONE, HalfEdges
from theta.mesh.local.arguments import different, moved, vector
from theta.mesh.results import Made
from theta.mesh.surgery import Surgery
from theta.mesh.topology import Mesh


def extrude_edges(mesh: Mesh, edge_ids: Sequence[bytes], offset: Sequence[float], name: CommandName) -> Made:
    """Pull a chain of m boundary edges outward as m quads: ΔV, ΔE, ΔF = m + 1, 2m + 1, m; of a whole loop m, 2m, m.

    Args:
        mesh: what to change.
        edge_ids: different edges that follow each other along the boundary, in any order.
        offset: (3,) metres.
        name: the command that does it.

    Returns:
        The new vertices; the edges from old to new ones, then those over the old edges; the quads: along the boundary,
        of a whole loop from its vertex with the lowest id.

    Raises:
        UnknownElement: no such edge.
        NotApplicable: an edge with two faces, or one that does not follow the others.
        InvalidValue: no edge or one twice, a coordinate out of its limits, or the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    edges = different("edge_ids", edge_ids, halfedges.edges)
    by = vector("offset", offset)
    chain = _chain(halfedges, [boundary_side(halfedges, edge) for edge in edges])
    origin = halfedges.origin.view
    old = [origin[side] for side in chain]
    if origin[chain[-1] ^ 1] != old[0]:
        old.append(origin[chain[-1] ^ 1])
    vertex_ids = [halfedges.vertices.id_of(vertex) for vertex in old]
    along = [halfedges.edges.id_of(side >> 1) for side in chain]
    vertices = [element_id(name, "extrude-edges.vertex", (vertex,)) for vertex in vertex_ids]
    side_edges = [element_id(name, "extrude-edges.side-edge", (vertex,)) for vertex in vertex_ids]
    outer_edges = [element_id(name, "extrude-edges.edge", (edge,)) for edge in along]
    quads = [element_id(name, "extrude-edges.face", (edge,)) for edge in along]

    surgery = Surgery(halfedges)
    new: dict[int, int] = {}
    for vertex, identifier, side_edge in zip(old, vertices, side_edges, strict=True):
        new[vertex] = surgery.vertex(identifier, moved(halfedges.point(vertex), by), ((vertex, 1.0),))
        surgery.name_edge(vertex, new[vertex], side_edge)
    for side, outer_edge, quad in zip(chain, outer_edges, quads, strict=True):
        tail, head = origin[side], origin[side ^ 1]
        surgery.name_edge(new[tail], new[head], outer_edge, side >> 1)
        surgery.face(quad, (tail, head, new[head], new[tail]), like=halfedges.face.view[side ^ 1])
    surgery.apply()
    return Made(tuple(vertices), tuple(side_edges + outer_edges), tuple(quads))


def boundary_side(halfedges: HalfEdges, edge: int) -> int:
    """The half-edge of a boundary edge that has no face.

    Raises:
        NotApplicable: the edge has two faces.
    """
    for side in (2 * edge, 2 * edge + 1):
        if halfedges.face.view[side] == NONE:
            return side
    raise NotApplicable("edge", halfedges.edges.id_of(edge), "on the boundary")


def _chain(halfedges: HalfEdges, sides: list[int]) -> list[int]:
    """The half-edges in the order of the boundary, all of them."""
    following, back, origin = halfedges.next.view, halfedges.prev.view, halfedges.origin.view
    wanted = set(sides)
    beginnings = [side for side in sides if back[side] not in wanted]
    here = beginnings[0] if beginnings else min(sides, key=lambda side: halfedges.vertices.id_of(origin[side]))
    chain: dict[int, None] = {}
    while here in wanted and here not in chain:
        chain[here] = None
        here = following[here]
    for side in sides:
        if side not in chain:
            raise NotApplicable("edge", halfedges.edges.id_of(side >> 1), "in one chain with the others")
    return list(chain)
