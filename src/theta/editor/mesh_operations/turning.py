"""Turning whole parts inside out: CMD-54."""

from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX, MESH_PART_TOKENS
from theta.editor.mesh_operations.base import MeshOperation, elements, some_living, touching
from theta.editor.operation import check_ids
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.local import flip_normals
from theta.mesh.results import Made


class FlipNormals(MeshOperation, frozen=True):
    """Turn the whole connected parts of these faces (ids of 16 bytes) inside out."""

    NAME = "theta.flip_normals"
    TOKENS = MESH_PART_TOKENS
    ELEMENTS = elements(faces="face")
    READS = touching(Reach.PART, "faces")
    WRITES = touching(Reach.PART, "faces", aspects="ta")
    faces: bytes

    def check(self) -> None:
        """See Operation.check."""
        check_ids("faces", self.faces, COMMAND_ELEMENTS_MAX)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return flip_normals(mesh, some_living(mesh, "face", self.faces), name)
