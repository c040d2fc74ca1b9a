"""Half-edge meshes that operations cannot break, bit-identical on every peer: spec/mesh.md.

Start with `build_primitive`, change with `move_vertices` and `extrude_face`, compare with `canonical_bytes`.
"""

from theta.mesh.build import build_mesh, edge_pairs
from theta.mesh.canonical import (
    CanonicalMesh,
    canonical_bytes,
    canonical_mesh,
    encode_canonical,
    mesh_of,
    parse_canonical,
)
from theta.mesh.errors import (
    BowTie,
    DegenerateFace,
    DuplicateElement,
    InvariantBroken,
    MalformedMesh,
    MeshError,
    MultiEdge,
    NonManifoldEdge,
    RepeatedVertex,
    SelfEdge,
    UnusableAsset,
)
from theta.mesh.geometry import (
    Triangles,
    bounds,
    face_centroid,
    face_normal,
    face_normals,
    nearest_face_to_normal,
    triangulate,
)
from theta.mesh.imported import build_imported
from theta.mesh.journal import Journal, Mark
from theta.mesh.operations import Extrusion, extrude_face, move_vertices
from theta.mesh.polygon_asset import Faces, Polygons, asset_name, decode_polygons, encode_polygons
from theta.mesh.primitives import PRIMITIVES, build_primitive
from theta.mesh.separate import Separation, separate
from theta.mesh.topology import Mesh
from theta.mesh.validation import validate

__all__ = [
    "PRIMITIVES",
    "BowTie",
    "CanonicalMesh",
    "DegenerateFace",
    "DuplicateElement",
    "Extrusion",
    "Faces",
    "InvariantBroken",
    "Journal",
    "MalformedMesh",
    "Mark",
    "Mesh",
    "MeshError",
    "MultiEdge",
    "NonManifoldEdge",
    "Polygons",
    "RepeatedVertex",
    "SelfEdge",
    "Separation",
    "Triangles",
    "UnusableAsset",
    "asset_name",
    "bounds",
    "build_imported",
    "build_mesh",
    "build_primitive",
    "canonical_bytes",
    "canonical_mesh",
    "decode_polygons",
    "edge_pairs",
    "encode_canonical",
    "encode_polygons",
    "extrude_face",
    "face_centroid",
    "face_normal",
    "face_normals",
    "mesh_of",
    "move_vertices",
    "nearest_face_to_normal",
    "parse_canonical",
    "separate",
    "triangulate",
    "validate",
]
