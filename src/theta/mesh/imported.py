"""The mesh that an imported asset becomes: spec/mesh.md, MESH-23."""

import numpy as np

from theta.base.identifiers import CommandName, element_ids
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.columns import IdArray
from theta.mesh.errors import UnusableAsset
from theta.mesh.halfedges import HalfEdges
from theta.mesh.linking import Loops, link_faces
from theta.mesh.polygon_asset import Polygons
from theta.mesh.separate import separate
from theta.mesh.topology import Mesh


def build_imported(polygons: Polygons, name: CommandName) -> Mesh:
    """The mesh that the command `name` makes of an asset's polygons, separated.

    Element ids hash the name with the roles "import.vertex", "import.edge" and "import.face".

    Raises:
        UnusableAsset: no face has an area.
    """
    positions, counts, corners = separate(polygons).polygons
    if not len(counts):
        raise UnusableAsset("faces", "none has an area")
    vertex_ids, face_ids = _ids(name, "vertex", len(positions)), _ids(name, "face", len(counts))
    linked = link_faces(Loops(counts, corners, vertex_ids, face_ids))
    ids = (vertex_ids, _ids(name, "edge", len(linked.ends)), face_ids)
    return Mesh(HalfEdges.of(linked.links, positions, ids))


def _ids(name: CommandName, part: str, count: int) -> IdArray:
    return np.frombuffer(element_ids(name, f"import.{part}", count), np.uint8).reshape(-1, IDENTIFIER_BYTES)
