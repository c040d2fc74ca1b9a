"""Subdivision of whole meshes: linear, Catmull–Clark and Loop: spec/mesh.md, MESH-71 … MESH-79."""

from theta.mesh.subdivision.subdividing import SCHEMES, Predicted, Scheme, predicted, predicted_faces, subdivide

__all__ = ["SCHEMES", "Predicted", "Scheme", "predicted", "predicted_faces", "subdivide"]
