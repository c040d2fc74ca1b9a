"""The mesh that an imported asset becomes: spec/mesh.md, MESH-23."""

from collections.abc import Callable

import numpy as np

from theta.base.identifiers import CommandName, element_ids
from theta.base.limits import IDENTIFIER_BYTES
from theta.mesh.bulk_ids import bulk_key, numbered
from theta.mesh.columns import IdArray
from theta.mesh.errors import UnusableAsset
from theta.mesh.halfedges import HalfEdges
from theta.mesh.linking import Linked
from theta.mesh.polygon_asset import Polygons
from theta.mesh.separate import Separation, separate_and_link
from theta.mesh.topology import Mesh

Separated = tuple[Separation, Linked]
Ids = Callable[[CommandName, str, int], IdArray]


def build_imported(polygons: Polygons, name: CommandName) -> Mesh:
    """The mesh that version 1 of the import makes of an asset's polygons, separated.

    Element ids hash the name with the roles "import.vertex", "import.edge" and "import.face".

    Raises:
        UnusableAsset: no face has an area.
    """
    return _build(separate_and_link(polygons), name, _hashed)


def build_numbered(separated: Separated, name: CommandName) -> Mesh:
    """As `build_imported`, with the ids that version 2 of the import gives: numbered under the same roles (ID-9).

    Args:
        separated: the polygons by `separate_and_link`, which takes nearly all of the time.
        name: the command's.

    Raises:
        UnusableAsset: no face has an area.
    """
    return _build(separated, name, _numbered)


def _build(separated: Separated, name: CommandName, ids: Ids) -> Mesh:
    separation, linked = separated
    positions, counts, _ = separation.polygons
    if not len(counts):
        raise UnusableAsset("faces", "none has an area")
    vertices, edges, faces = (
        ids(name, f"import.{kind}", count)
        for kind, count in (("vertex", len(positions)), ("edge", len(linked.ends)), ("face", len(counts)))
    )
    return Mesh(HalfEdges.of(linked.links, positions, (vertices, edges, faces)))


def _hashed(name: CommandName, role: str, count: int) -> IdArray:
    return np.frombuffer(element_ids(name, role, count), np.uint8).reshape(-1, IDENTIFIER_BYTES)


def _numbered(name: CommandName, role: str, count: int) -> IdArray:
    return numbered(bulk_key(name, role), count)
