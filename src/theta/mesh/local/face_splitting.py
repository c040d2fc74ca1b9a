"""Putting an edge across a face: spec/mesh.md, MESH-34.

Written on the columns themselves, as splitting.py: no fan, no boundary and no other face changes.
"""

from theta.base.identifiers import CommandName, element_id
from theta.mesh.attributes import blended
from theta.mesh.errors import DuplicateElement, MultiEdge, NotApplicable
from theta.mesh.halfedges import HalfEdges
from theta.mesh.rebuild import check_size
from theta.mesh.results import Made
from theta.mesh.topology import Mesh


def split_face(mesh: Mesh, face_id: bytes, one: bytes, other: bytes, name: CommandName) -> Made:
    """Cut a face in two between two of its vertices (MESH-34): ΔV, ΔE, ΔF = 0, 1, 1.

    Args:
        mesh: what to change.
        face_id: the face; it is retired.
        one: a vertex of the face.
        other: another one, with which it shares no edge.
        name: the command that does it; the new ids hash it.

    Returns:
        The edge, and the faces: first the one that leads from the lower vertex to the higher as the old face did.

    Raises:
        UnknownElement: no such face or vertex.
        NotApplicable: a vertex is not of the face, or both are the same.
        MultiEdge: the vertices share an edge already.
        InvalidValue: the mesh would be too large.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    face = halfedges.faces.slot_of(face_id)
    ends = (one, other) if one < other else (other, one)
    low, high = halfedges.vertices.slot_of(ends[0]), halfedges.vertices.slot_of(ends[1])
    sides = {halfedges.origin.view[side]: side for side in halfedges.loop_from(halfedges.face_halfedge.view[face])}
    for vertex, vertex_id in ((low, ends[0]), (high, ends[1])):
        if vertex not in sides or low == high:
            raise NotApplicable("vertex", vertex_id, "one of two different vertices of the face")
    if halfedges.side_between(low, high) is not None:
        raise MultiEdge(ends)
    edge = element_id(name, "split-face.edge", (face_id,))
    parts = (element_id(name, "split-face.face", (face_id,), 0), element_id(name, "split-face.face", (face_id,), 1))
    _check_ids(halfedges, edge, parts)
    with halfedges.journal.operation():
        _cut(halfedges, face, (sides[low], sides[high]))
        halfedges.edges.extend((edge,))
        halfedges.faces.extend(parts)
        if halfedges.attributes:
            _write_attributes(halfedges, face, (sides[low], sides[high]))
        halfedges.redirects.add_parts("face", face_id, parts)
    return Made(edges=(edge,), faces=parts)


def _check_ids(halfedges: HalfEdges, edge: bytes, parts: tuple[bytes, bytes]) -> None:
    vertices, edges, faces = halfedges.vertices, halfedges.edges, halfedges.faces
    check_size(vertices.living, edges.living + 1, faces.living + 1, halfedges.attributes)
    halfedges.redirects.check_room(1)
    if edge in edges.slots:
        raise DuplicateElement("edge", edge)
    for part in parts:
        if part in faces.slots:
            raise DuplicateElement("face", part)


def _cut(halfedges: HalfEdges, face: int, sides: tuple[int, int]) -> None:
    """Link the edge between the origins of two of a face's sides, and the two faces; the first has the first side."""
    write = halfedges.journal.write
    following, before, origin, left = halfedges.links[:4]
    one, other = sides
    forth, back, part = following.count, following.count + 1, halfedges.face_halfedge.count
    to_one, to_other = before.view[one], before.view[other]
    inside = halfedges.loop_from(halfedges.face_halfedge.view[face])
    following.extend((other, one))
    before.extend((to_one, to_other))
    origin.extend((origin.view[one], origin.view[other]))
    left.extend((part + 1, part))
    halfedges.face_halfedge.extend((one, other))
    write(following, to_one, forth)
    write(before, other, forth)
    write(following, to_other, back)
    write(before, one, back)
    # From the first side on they are of the first part, from the other side on of the other.
    start = inside.index(one)
    here = part
    for side in (*inside[start:], *inside[:start]):
        if side == other:
            here = part + 1
        write(left, side, here)
    halfedges.retire_face(face)


def _write_attributes(halfedges: HalfEdges, face: int, sides: tuple[int, int]) -> None:
    """Both parts are as the face was; their new corners, where the new sides begin, as the old ones there."""
    halfedges.fit_attributes()
    part, forth = halfedges.face_halfedge.count - 2, halfedges.next.count - 2
    for _, column in halfedges.attributes.of("face"):
        for slot in (part, part + 1):
            halfedges.write_row(column, slot, blended(column, ((face, 1.0),)))
    for _, column in halfedges.attributes.of("corner"):
        for slot, side in zip((forth, forth + 1), sides, strict=True):
            halfedges.write_row(column, slot, blended(column, ((side, 1.0),)))
