"""Half-edge meshes that operations cannot break, bit-identical on every peer: spec/mesh.md.

Start with `build_shape` or `build_mesh`, change with the operations of `theta.mesh.local` and with `subdivide`, ask
`theta.mesh.queries`, compare with `canonical_bytes`. Every operation is all or nothing, raises a typed error, and
returns the ids that it made.
"""

from theta.mesh.attribute_rows import attribute_rows, set_attribute
from theta.mesh.attributes import AttributeKey
from theta.mesh.build import build_mesh, edge_pairs
from theta.mesh.canonical import (
    CanonicalMesh,
    canonical_bytes,
    canonical_mesh,
    encode_canonical,
    mesh_of,
    parse_canonical,
)
from theta.mesh.compaction import compact
from theta.mesh.errors import (
    BowTie,
    DegenerateFace,
    DuplicateElement,
    InvariantBroken,
    MalformedMesh,
    MeshError,
    MultiEdge,
    NonManifoldEdge,
    NotApplicable,
    RepeatedVertex,
    SelfEdge,
    SplitElement,
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
from theta.mesh.redirects import Part, Redirects, parse_redirects
from theta.mesh.results import Made
from theta.mesh.separate import Separation, separate
from theta.mesh.shapes import SHAPES, ShapeParameters, build_shape
from theta.mesh.subdivision import SCHEMES, predicted_faces, subdivide
from theta.mesh.topology import Mesh
from theta.mesh.validation import validate

__all__ = [
    "PRIMITIVES",
    "SCHEMES",
    "SHAPES",
    "AttributeKey",
    "BowTie",
    "CanonicalMesh",
    "DegenerateFace",
    "DuplicateElement",
    "Extrusion",
    "Faces",
    "InvariantBroken",
    "Journal",
    "Made",
    "MalformedMesh",
    "Mark",
    "Mesh",
    "MeshError",
    "MultiEdge",
    "NonManifoldEdge",
    "NotApplicable",
    "Part",
    "Polygons",
    "Redirects",
    "RepeatedVertex",
    "SelfEdge",
    "Separation",
    "ShapeParameters",
    "SplitElement",
    "Triangles",
    "UnusableAsset",
    "asset_name",
    "attribute_rows",
    "bounds",
    "build_imported",
    "build_mesh",
    "build_primitive",
    "build_shape",
    "canonical_bytes",
    "canonical_mesh",
    "compact",
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
    "parse_redirects",
    "predicted_faces",
    "separate",
    "set_attribute",
    "subdivide",
    "triangulate",
    "validate",
]
