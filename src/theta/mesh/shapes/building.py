"""A mesh of a shape, with ids of the command that makes it: spec/mesh.md, MESH-65."""

from collections.abc import Callable
from itertools import chain

import numpy as np

from theta.base.identifiers import CommandName
from theta.mesh.bulk_ids import bulk_key, numbered
from theta.mesh.columns import IdArray
from theta.mesh.halfedges import HalfEdges
from theta.mesh.linking import Loops, link_faces
from theta.mesh.polygon_asset import Polygons
from theta.mesh.primitives import Shape as FewFaces
from theta.mesh.primitives import cube, plane, pyramid
from theta.mesh.shapes.capped import cone, cylinder
from theta.mesh.shapes.curved import icosphere, sphere, torus
from theta.mesh.shapes.flat import grid, ngon
from theta.mesh.shapes.parameters import ShapeParameters, Sizes, check_parameters
from theta.mesh.topology import Mesh


def build_shape(parameters: ShapeParameters, name: CommandName) -> Mesh:
    """The mesh that the command `name` makes: closed and facing outward, or flat and facing +y.

    Args:
        parameters: the kind and what it takes.
        name: the command; element ids have the roles "shape.vertex", "shape.edge" and "shape.face".

    Raises:
        InvalidValue: no such kind, a parameter that it does not take, or one that is out of its limits.
    """
    positions, counts, corners = shape_polygons(parameters)
    vertex_ids, face_ids = _ids(name, "vertex", len(positions)), _ids(name, "face", len(counts))
    linked = link_faces(Loops(counts, corners, vertex_ids, face_ids))
    ids = (vertex_ids, _ids(name, "edge", len(linked.ends)), face_ids)
    return Mesh(HalfEdges.of(linked.links, positions, ids))


def shape_polygons(parameters: ShapeParameters) -> Polygons:
    """The shape's vertices and faces, in the order of their ids' numbers.

    Raises:
        InvalidValue: as `build_shape`.
    """
    sizes = check_parameters(parameters)
    return _POLYGONS[parameters.kind](sizes)


def _ids(name: CommandName, part: str, count: int) -> IdArray:
    return numbered(bulk_key(name, f"shape.{part}"), count)


def _from_few(shape_of: Callable[[float], FewFaces]) -> Callable[[Sizes], Polygons]:
    def polygons(sizes: Sizes) -> Polygons:
        shape = shape_of(sizes.half)
        counts = np.array([len(face) for face in shape.faces])
        return Polygons(np.array(shape.positions), counts, np.array(list(chain.from_iterable(shape.faces))))

    return polygons


_POLYGONS: dict[str, Callable[[Sizes], Polygons]] = {
    "cube": _from_few(cube),
    "pyramid": _from_few(pyramid),
    "cone": cone,
    "cylinder": cylinder,
    "sphere": sphere,
    "icosphere": icosphere,
    "torus": torus,
    "plane": _from_few(plane),
    "grid": grid,
    "ngon": ngon,
}
