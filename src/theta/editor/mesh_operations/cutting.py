"""Commands that cut faces into triangles: CMD-54."""

from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX
from theta.editor.mesh_operations.base import MeshOperation, elements, some_living, touching
from theta.editor.operation import check_ids
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.local import poke, triangulate_faces
from theta.mesh.results import Made
from theta.wire.types import Id16


class Poke(MeshOperation, frozen=True):
    """Put a vertex into the middle of a face, with an edge from each corner."""

    NAME = "theta.poke"
    ELEMENTS = elements(face="face")
    READS = touching(Reach.RING, "face")
    WRITES = touching(Reach.RING, "face", aspects="ta")
    face: Id16

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return poke(mesh, mesh.the_one("face", self.face), name)


class TriangulateFaces(MeshOperation, frozen=True):
    """Cut faces (ids of 16 bytes) into triangles."""

    NAME = "theta.triangulate_faces"
    ELEMENTS = elements(faces="face")
    READS = touching(Reach.RING, "faces")
    WRITES = touching(Reach.RING, "faces", aspects="ta")
    faces: bytes

    def check(self) -> None:
        """See Operation.check."""
        check_ids("faces", self.faces, COMMAND_ELEMENTS_MAX)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return triangulate_faces(mesh, some_living(mesh, "face", self.faces), name)
