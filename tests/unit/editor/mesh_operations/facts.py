"""What can be said of a mesh's living elements, aspect by aspect, without slots."""

from theta.editor.touches import Aspect
from theta.mesh import Mesh, canonical_mesh
from theta.mesh.queries import one_ring

Facts = dict[tuple[Aspect, str], dict[bytes, object]]


def facts_of(mesh: Mesh) -> Facts:
    """Of each aspect and kind of element, what is so of each."""
    faces_at: dict[bytes, set[bytes]] = {edge: set() for edge in mesh.edge_ids()}
    for face in mesh.face_ids():
        for edge in mesh.face_edges(face):
            faces_at[edge].add(face)
    rings = {vertex: one_ring(mesh, vertex) for vertex in mesh.vertex_ids()}
    facts: Facts = {
        (Aspect.POSITION, "vertex"): {vertex: mesh.position(vertex) for vertex in rings},
        (Aspect.TOPOLOGY, "vertex"): {
            vertex: (frozenset(ring.edges), frozenset(ring.faces)) for vertex, ring in rings.items()
        },
        (Aspect.TOPOLOGY, "edge"): {
            edge: (mesh.edge_vertices(edge), frozenset(faces)) for edge, faces in faces_at.items()
        },
        (Aspect.TOPOLOGY, "face"): {face: tuple(mesh.face_vertices(face)) for face in mesh.face_ids()},
    }
    facts.update(((Aspect.ATTRIBUTE, kind), rows) for kind, rows in _attributes(mesh).items())
    return facts


def _attributes(mesh: Mesh) -> dict[str, dict[bytes, object]]:
    """By kind, each element's attributes that are not 0; a face's corners are its own."""
    canonical = canonical_mesh(mesh)
    ids = {"vertex": mesh.vertex_ids(), "edge": mesh.edge_ids(), "face": mesh.face_ids()}
    found: dict[str, dict[bytes, dict[object, object]]] = {kind: {each: {} for each in ids[kind]} for kind in ids}
    corners = [(face, vertex) for face in ids["face"] for vertex in mesh.face_vertices(face)]
    for key, rows in canonical.attributes.items():
        for number, row in enumerate(rows.tolist()):
            if not any(row):
                continue
            if key.domain == "corner":
                face, vertex = corners[number]
                found["face"][face][(key.name, vertex)] = tuple(row)
            else:
                found[key.domain][ids[key.domain][number]][key.name] = tuple(row)
    return {kind: dict(rows) for kind, rows in found.items()}


def changed(before: Facts, after: Facts) -> dict[Aspect, dict[str, set[bytes]]]:
    """The elements that lived before of which something is no longer so; those that died changed in topology."""
    found: dict[Aspect, dict[str, set[bytes]]] = {}
    for (aspect, kind), was in before.items():
        now = after[aspect, kind]
        gone = {element for element in was if element not in now}
        other = {element for element in was if element in now and was[element] != now[element]}
        found.setdefault(aspect, {})[kind] = other | (gone if aspect is Aspect.TOPOLOGY else set())
    return found
