"""Subdivision of a whole mesh as an operation: spec/mesh.md, MESH-71 … MESH-79."""

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.mesh.attributes import Attributes
from theta.mesh.errors import NotApplicable
from theta.mesh.halfedges import NONE
from theta.mesh.rebuild import check_size, replace_linked
from theta.mesh.results import Made
from theta.mesh.subdivision.carried import carried, stored_crease
from theta.mesh.subdivision.identity import half_ranges, quad_ids, triangle_ids
from theta.mesh.subdivision.linked import link_quads, link_triangles
from theta.mesh.subdivision.schemes import Places, catmull_clark, linear, loop
from theta.mesh.subdivision.sharpness import creases_of
from theta.mesh.subdivision.surface import Surface, surface_of
from theta.mesh.topology import Mesh

Scheme = Literal["linear", "catmull-clark", "loop"]

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


class Predicted(NamedTuple):
    """How many elements a subdivision leads to."""

    vertices: int
    edges: int
    faces: int


def predicted(mesh: Mesh, scheme: str) -> Predicted:
    """The counts of a mesh after subdivision, without doing it: what it costs is in proportion.

    Raises:
        InvalidValue: no such scheme.
    """
    _check_scheme(scheme)
    vertices, edges, faces = mesh.vertex_count, mesh.edge_count, mesh.face_count
    if scheme == "loop":
        return Predicted(vertices + edges, 2 * edges + 3 * faces, 4 * faces)
    corners = int(np.count_nonzero(mesh.halfedges.face.array() >= 0))
    return Predicted(vertices + edges + faces, 2 * edges + corners, corners)


def predicted_faces(mesh: Mesh, scheme: str) -> int:
    """How many faces a subdivision leads to.

    Raises:
        InvalidValue: no such scheme.
    """
    return predicted(mesh, scheme).faces


def subdivide(mesh: Mesh, scheme: str, name: CommandName) -> Made:
    """Split all faces, and smooth them as the scheme says.

    "linear" and "catmull-clark" make a quad of every corner: V + E + F vertices, 2 E + Σn edges, Σn faces. "loop" makes
    four triangles of every one: V + E, 2 E + 3 F, 4 F. Old vertices keep their ids. Old edges and faces are retired and
    redirect to their parts.

    Args:
        mesh: what to change.
        scheme: one of SCHEMES.
        name: the command that does it; the new ids hash it.

    Returns:
        What was made, by ascending ids of what it comes from: the edges' vertices, then the faces'; the edges' halves,
        at the lower end first, then the edges inside the faces; the parts of each face from its lowest vertex on.

    Raises:
        InvalidValue: no such scheme; or the mesh or its redirects would be too many ("vertices", "faces", "mesh",
            "redirects").
        NotApplicable: the scheme is "loop", and some face is no triangle, or meets another along two edges.
        DuplicateElement: an id that this would make is taken.
    """
    halfedges = mesh.halfedges
    check_size(*predicted(mesh, scheme), halfedges.attributes)
    halfedges.redirects.check_room(mesh.edge_count + mesh.face_count)
    surface = surface_of(halfedges)
    into_quads, softens = scheme != "loop", scheme != "linear"
    if not into_quads:
        _refuse_polygons(surface)
    made = quad_ids(surface, name) if into_quads else triangle_ids(surface, name)
    places = _places(surface, scheme, halfedges.attributes)
    linked = link_quads(surface) if into_quads else link_triangles(surface)
    rows = carried(halfedges.attributes, surface, into_quads, softens) if halfedges.attributes else None
    children = surface.counts + (0 if into_quads else 1)
    ranges = half_ranges(surface, made)
    with halfedges.journal.operation():
        replace_linked(mesh, linked, np.concatenate(places), made.tables(surface), rows)
        two = np.full(len(surface.ids[1]), 2, np.uint32)
        halfedges.redirects.add_bulk("edge", surface.ids[1], two, made.halves, ranges)
        halfedges.redirects.add_bulk("face", surface.ids[2], children.astype(np.uint32), made.faces)
    return Made(
        np.concatenate((made.middles, made.centres)), np.concatenate((made.halves, made.inner_edges)), made.faces
    )


def _places(surface: Surface, scheme: str, attributes: Attributes) -> Places:
    if scheme == "linear":
        return linear(surface)
    creases = creases_of(surface, stored_crease(attributes, surface))
    return catmull_clark(surface, creases) if scheme == "catmull-clark" else loop(surface, creases)


def _check_scheme(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise InvalidValue("scheme", scheme, "one of " + ", ".join(SCHEMES))


def _refuse_polygons(surface: Surface) -> None:
    others = surface.counts != 3
    if others.any():
        face = surface.ids[2][int(np.argmax(others))].tobytes()
        raise NotApplicable("face", face, "a triangle, as all have to be for Loop's scheme")
    # Two triangles back to back: their inner edges would join the same middles.
    pointed = (np.bincount(surface.origin, minlength=len(surface.positions)) == 2) & ~_on_border(surface)
    if pointed.any():
        vertex = surface.ids[0][int(np.argmax(pointed))].tobytes()
        raise NotApplicable("vertex", vertex, "of more than two triangles, for Loop's scheme")


def _on_border(surface: Surface) -> NDArray[np.bool_]:
    on_border: NDArray[np.bool_] = np.zeros(len(surface.positions), np.bool_)
    on_border[surface.origin[surface.face == NONE]] = True
    return on_border
