"""Operations on a few elements of a mesh, each all or nothing: spec/mesh.md, MESH-30 … MESH-64."""

from theta.mesh.local.bevelling import bevel_edge
from theta.mesh.local.bridging import bridge
from theta.mesh.local.chains import extrude_edges
from theta.mesh.local.collapsing import collapse_edge
from theta.mesh.local.deleting import delete_elements
from theta.mesh.local.dissolving import dissolve_edge, dissolve_vertex
from theta.mesh.local.extracting import extract_part
from theta.mesh.local.face_splitting import split_face
from theta.mesh.local.filling import add_face, fill_hole
from theta.mesh.local.flipping import flip_edge, flip_normals
from theta.mesh.local.insetting import inset_face
from theta.mesh.local.loop_cuts import loop_cut
from theta.mesh.local.mirroring import mirror
from theta.mesh.local.near_welding import weld_by_distance
from theta.mesh.local.regions import extrude_region
from theta.mesh.local.splitting import split_edge
from theta.mesh.local.triangulating import poke, triangulate_faces
from theta.mesh.local.vertices import create_vertex
from theta.mesh.local.welding import weld

__all__ = [
    "add_face",
    "bevel_edge",
    "bridge",
    "collapse_edge",
    "create_vertex",
    "delete_elements",
    "dissolve_edge",
    "dissolve_vertex",
    "extract_part",
    "extrude_edges",
    "extrude_region",
    "fill_hole",
    "flip_edge",
    "flip_normals",
    "inset_face",
    "loop_cut",
    "mirror",
    "poke",
    "split_edge",
    "split_face",
    "triangulate_faces",
    "weld",
    "weld_by_distance",
]
