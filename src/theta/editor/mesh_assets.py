"""Assets that a mesh is made of: polygons (AST-1), or the canonical bytes of a mesh (MESH-18)."""

from theta.base.identifiers import CommandName
from theta.base.limits import ASSET_FACES_MAX
from theta.mesh import Mesh, UnusableAsset, decode_polygons, mesh_of, parse_canonical
from theta.mesh.canonical import HEADER, MAGIC, MAGIC_WITH_ATTRIBUTES
from theta.mesh.errors import MalformedMesh
from theta.mesh.imported import build_numbered
from theta.mesh.polygon_asset import check_asset_size


def is_canonical(data: bytes) -> bool:
    """Whether an asset claims to be a mesh's canonical bytes."""
    return data[:4] in (MAGIC, MAGIC_WITH_ATTRIBUTES)


def face_count_of(data: bytes) -> int:
    """How many faces an asset has, all of it checked (AST-3, AST-11).

    Raises:
        UnusableAsset: no mesh can be made of it; names the field.
    """
    if not is_canonical(data):
        return len(decode_polygons(data).counts)
    _check_canonical_size(data)
    try:
        return len(parse_canonical(data).face_ids)
    except MalformedMesh as error:
        raise UnusableAsset(error.field, error.reason) from error


def mesh_of_asset(data: bytes, name: CommandName) -> Mesh:
    """The mesh that version 2 of the import makes (CMD-46).

    Canonical bytes give their elements as they are. Polygons are separated (MESH-22); their elements' ids are numbered
    (ID-9) under the roles "import.vertex", "import.edge" and "import.face".

    Raises:
        UnusableAsset: no mesh can be made of it; names the field.
    """
    if is_canonical(data):
        _check_canonical_size(data)
        try:
            return mesh_of(parse_canonical(data))
        except MalformedMesh as error:
            raise UnusableAsset(error.field, error.reason) from error
    return build_numbered(decode_polygons(data), name)


def _check_canonical_size(data: bytes) -> None:
    """What can be told without reading it all: a hostile asset must not cost much."""
    check_asset_size(len(data))
    if len(data) < HEADER.size:
        raise UnusableAsset("header", f"{len(data)} bytes, but it takes {HEADER.size}")
    faces = HEADER.unpack_from(data)[3]
    if faces > ASSET_FACES_MAX:
        raise UnusableAsset("faces", f"{faces} faces are more than {ASSET_FACES_MAX}")
