"""A mesh of imported polygons with their attributes, for whoever has no room to import them into."""

from theta.base.identifiers import CommandName
from theta.gltf.shapes import Shape
from theta.mesh import Mesh
from theta.mesh.bulk_ids import bulk_key, numbered
from theta.mesh.linking import edge_ends
from theta.mesh.rebuild import replace_mesh


def numbered_mesh(shape: Shape, name: CommandName) -> Mesh:
    """The mesh of a shape, with the ids that the command `name` gives imported polygons (MESH-23, ID-9).

    Raises:
        InvalidValue, MeshError: the shape is not fit for a mesh; never one that was imported.
    """
    counts = (len(shape.positions), len(edge_ends(shape.counts, shape.corners)), len(shape.counts))
    vertices, edges, faces = (
        numbered(bulk_key(name, f"import.{kind}"), count)
        for kind, count in zip(("vertex", "edge", "face"), counts, strict=True)
    )
    mesh = Mesh()
    replace_mesh(mesh, shape.positions, shape.counts, shape.corners, (vertices, edges, faces), shape.attributes)
    return mesh
