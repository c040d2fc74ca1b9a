"""What people do to meshes: random commands of every kind, on elements that may be gone when they arrive."""

import struct
from collections.abc import Callable, Sequence

from theta.base.randomness import Randomness
from theta.editor import mesh_operations as commands
from theta.editor.mesh_operations import MeshOperation
from theta.editor.operation import Vector3
from theta.mesh import Mesh

FACES_TO_SUBDIVIDE_MAX = 60


def mesh_operation(mesh: Mesh | None, entity: bytes, randomness: Randomness) -> MeshOperation:
    """One command on a mesh; its values are valid, its elements are there or, now and then, are not."""
    pick = _Pick(mesh, randomness)
    makers: tuple[Callable[[], MeshOperation], ...] = (
        lambda: commands.SplitEdge(entity, pick.edge(), 0.25),
        lambda: commands.SplitEdge(entity, pick.edge(), 0.75),
        lambda: commands.DissolveEdge(entity, pick.edge()),
        lambda: commands.DissolveVertex(entity, pick.vertex()),
        lambda: commands.CollapseEdge(entity, pick.edge(), 0.5),
        lambda: commands.FlipEdge(entity, pick.edge()),
        lambda: commands.BevelEdge(entity, pick.edge(), 0.01),
        lambda: commands.LoopCut(entity, pick.edge(), 0.5),
        lambda: commands.FillHole(entity, pick.edge()),
        lambda: commands.Bridge(entity, pick.edge(), pick.edge(), 1),
        lambda: commands.ExtrudeEdges(entity, pick.edge(), pick.offset()),
        lambda: commands.SetCrease(entity, pick.edge(), 10.0 * randomness.fraction()),
        lambda: commands.Poke(entity, pick.face()),
        lambda: commands.ExtrudeFaceV3(entity, pick.face(), 0.05 + randomness.fraction()),
        lambda: commands.InsetFace(entity, pick.face(), 0.01, 0.01),
        lambda: commands.ExtrudeRegion(entity, pick.faces(), pick.offset()),
        lambda: commands.TriangulateFaces(entity, pick.faces()),
        lambda: commands.FlipNormals(entity, pick.face()),
        lambda: commands.DeleteElements(entity, b"", b"", pick.face()),
        lambda: commands.PaintFaces(entity, pick.faces(), pick.colour()),
        lambda: commands.CreateVertex(entity, pick.offset()),
        lambda: commands.MoveVerticesV2(entity, pick.vertex(), struct.pack("<3d", *pick.offset()), bytes(24)),
        lambda: commands.Weld(entity, b"".join(dict.fromkeys((pick.vertex(), randomness.draw(16)))), pick.offset()),
        lambda: commands.SetAttribute(entity, "vertex", "weight", "f8", 1, pick.vertex(), struct.pack("<d", 0.5)),
        lambda: commands.CompactMesh(entity),
        lambda: commands.Mirror(entity, "x", 3.0, 0.0),
        lambda: commands.Subdivide(entity, "catmull-clark"),
    )
    large = mesh is None or mesh.face_count > FACES_TO_SUBDIVIDE_MAX
    return makers[randomness.integer(len(makers) - 2 * large)]()


class _Pick:
    """Elements of a mesh, each one in twenty of nobody's."""

    def __init__(self, mesh: Mesh | None, randomness: Randomness) -> None:
        self._mesh = mesh
        self._randomness = randomness

    def vertex(self) -> bytes:
        return self._one(self._mesh.vertex_ids() if self._mesh is not None else ())

    def edge(self) -> bytes:
        return self._one(self._mesh.edge_ids() if self._mesh is not None else ())

    def face(self) -> bytes:
        return self._one(self._mesh.face_ids() if self._mesh is not None else ())

    def faces(self) -> bytes:
        return b"".join(dict.fromkeys((self.face(), self.face())))

    def offset(self) -> Vector3:
        draw = self._randomness.fraction
        return draw(), 0.25 + draw(), draw()

    def colour(self) -> Vector3:
        draw = self._randomness.fraction
        return draw(), draw(), draw()

    def _one(self, ids: Sequence[bytes]) -> bytes:
        if ids and self._randomness.integer(20):
            return ids[self._randomness.integer(len(ids))]
        return self._randomness.draw(16)
