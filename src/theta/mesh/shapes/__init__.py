"""The shapes that a mesh can begin as, of any fineness: spec/mesh.md, MESH-65 … MESH-70."""

from theta.mesh.shapes.building import build_shape, shape_polygons
from theta.mesh.shapes.circle import circle, turned
from theta.mesh.shapes.parameters import SHAPES, TAKES, Range, ShapeParameters

__all__ = ["SHAPES", "TAKES", "Range", "ShapeParameters", "build_shape", "circle", "shape_polygons", "turned"]
