"""Every operation on a mesh as a command type: spec/commands.md, CMD-50 to CMD-57."""

from theta.editor.mesh_operations.attributes import PaintFaces, SetAttribute, SetCrease
from theta.editor.mesh_operations.base import MeshOperation
from theta.editor.mesh_operations.cutting import Poke, TriangulateFaces
from theta.editor.mesh_operations.deleting import DeleteElements
from theta.editor.mesh_operations.edges import (
    BevelEdge,
    Bridge,
    DissolveEdge,
    ExtrudeEdges,
    FillHole,
    LoopCut,
    SplitEdge,
)
from theta.editor.mesh_operations.faces import (
    AddFace,
    ExtrudeFaceV2,
    ExtrudeFaceV3,
    ExtrudeRegion,
    InsetFace,
    SplitFace,
)
from theta.editor.mesh_operations.triangles import CollapseEdge, FlipEdge
from theta.editor.mesh_operations.turning import FlipNormals
from theta.editor.mesh_operations.vertices import CreateVertex, DissolveVertex, MoveVerticesV2, Weld
from theta.editor.mesh_operations.whole import CompactMesh, Mirror, Subdivide, WeldByDistance

MESH_OPERATIONS: tuple[type[MeshOperation], ...] = (
    CreateVertex,
    AddFace,
    SplitEdge,
    DissolveVertex,
    SplitFace,
    DissolveEdge,
    Poke,
    TriangulateFaces,
    FlipEdge,
    CollapseEdge,
    DeleteElements,
    FillHole,
    FlipNormals,
    ExtrudeFaceV2,
    InsetFace,
    ExtrudeRegion,
    ExtrudeEdges,
    LoopCut,
    BevelEdge,
    Bridge,
    Weld,
    WeldByDistance,
    Mirror,
    MoveVerticesV2,
    Subdivide,
    CompactMesh,
    PaintFaces,
    SetCrease,
    SetAttribute,
    ExtrudeFaceV3,
)

__all__ = [
    "MESH_OPERATIONS",
    "AddFace",
    "BevelEdge",
    "Bridge",
    "CollapseEdge",
    "CompactMesh",
    "CreateVertex",
    "DeleteElements",
    "DissolveEdge",
    "DissolveVertex",
    "ExtrudeEdges",
    "ExtrudeFaceV2",
    "ExtrudeFaceV3",
    "ExtrudeRegion",
    "FillHole",
    "FlipEdge",
    "FlipNormals",
    "InsetFace",
    "LoopCut",
    "MeshOperation",
    "Mirror",
    "MoveVerticesV2",
    "PaintFaces",
    "Poke",
    "SetAttribute",
    "SetCrease",
    "SplitEdge",
    "SplitFace",
    "Subdivide",
    "TriangulateFaces",
    "Weld",
    "WeldByDistance",
]
