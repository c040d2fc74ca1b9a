"""Questions about a mesh that change nothing: spec/mesh.md, MESH-80 … MESH-89.

What is around (`one_ring`, `boundary_loops`, `edge_loop`, `edge_ring`), what belongs together (`parts`), how large it
is (`face_areas`, `volume`), what is pointed at (`Picker`), and what to draw (`render_buffers`). Elements are named by
id; answers don't depend on slots.
"""

from theta.mesh.queries.measures import face_area, face_areas, surface_area, volume
from theta.mesh.queries.parts import Part, euler_characteristic, genus, part_of, parts
from theta.mesh.queries.picking import EdgeHit, FaceHit, Picker, VertexHit
from theta.mesh.queries.rendering import RenderPatch, RenderState, render_buffers
from theta.mesh.queries.rings import Chain, OneRing, Ring, boundary_loops, edge_loop, edge_ring, one_ring
from theta.mesh.queries.selecting import grow_selection, shrink_selection

__all__ = [
    "Chain",
    "EdgeHit",
    "FaceHit",
    "OneRing",
    "Part",
    "Picker",
    "RenderPatch",
    "RenderState",
    "Ring",
    "VertexHit",
    "boundary_loops",
    "edge_loop",
    "edge_ring",
    "euler_characteristic",
    "face_area",
    "face_areas",
    "genus",
    "grow_selection",
    "one_ring",
    "part_of",
    "parts",
    "render_buffers",
    "shrink_selection",
    "surface_area",
    "volume",
]
