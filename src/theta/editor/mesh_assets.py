"""Assets that a mesh is made of: polygons (AST-1), or the canonical bytes of a mesh (MESH-18)."""

from functools import lru_cache

from theta.base.identifiers import CommandName
from theta.base.limits import ASSET_FACES_MAX
from theta.mesh import Mesh, UnusableAsset, decode_polygons, mesh_of, parse_canonical
from theta.mesh.canonical import HEADER, MAGIC, MAGIC_WITH_ATTRIBUTES, CanonicalMesh
from theta.mesh.errors import MalformedMesh
from theta.mesh.imported import Separated, build_numbered
from theta.mesh.polygon_asset import check_asset_size
from theta.mesh.separate import separate_and_link

ASSETS_REMEMBERED = 8
"""Of so many, what takes longest in making their mesh is kept."""


def is_canonical(data: bytes) -> bool:
    """Whether an asset claims to be a mesh's canonical bytes."""
    return data[:4] in (MAGIC, MAGIC_WITH_ATTRIBUTES)


def face_count_of(data: bytes) -> int:
    """How many faces an asset has, all of it checked (AST-3, AST-11).

    Raises:
        UnusableAsset: no mesh can be made of it; names the field.
    """
    return len(_parsed(data).face_ids) if is_canonical(data) else len(decode_polygons(data).counts)


def mesh_of_asset(data: bytes, name: CommandName) -> Mesh:
    """The mesh that version 2 of the import makes (CMD-46).

    Canonical bytes give their elements as they are. Polygons are separated (MESH-22); their elements' ids are numbered
    (ID-9) under the roles "import.vertex", "import.edge" and "import.face".

    Raises:
        UnusableAsset: no mesh can be made of it; names the field.
    """
    return _canonical(data).copy() if is_canonical(data) else build_numbered(_separated(data), name)


# Moments of the past, undo and questions fold the same import again and again, and to link a large mesh takes long.
@lru_cache(ASSETS_REMEMBERED)
def _canonical(data: bytes) -> Mesh:
    """The mesh of canonical bytes; not to be changed."""
    return mesh_of(_parsed(data))


@lru_cache(ASSETS_REMEMBERED)
def _parsed(data: bytes) -> CanonicalMesh:
    """Canonical bytes that were checked; not to be changed."""
    _check_canonical_size(data)
    try:
        return parse_canonical(data)
    except MalformedMesh as error:
        raise UnusableAsset(error.field, error.reason) from error


@lru_cache(ASSETS_REMEMBERED)
def _separated(data: bytes) -> Separated:
    """The polygons of an asset, linked; not to be changed."""
    return separate_and_link(decode_polygons(data))


def _check_canonical_size(data: bytes) -> None:
    """What can be told without reading it all: a hostile asset must not cost much."""
    check_asset_size(len(data))
    if len(data) < HEADER.size:
        raise UnusableAsset("header", f"{len(data)} bytes, but it takes {HEADER.size}")
    faces = HEADER.unpack_from(data)[3]
    if faces > ASSET_FACES_MAX:
        raise UnusableAsset("faces", f"{faces} faces are more than {ASSET_FACES_MAX}")
