"""Taking elements of any kind out of a mesh: CMD-55."""

from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX, IDENTIFIER_BYTES
from theta.editor.mesh_operations.base import MeshOperation, elements, touching
from theta.editor.operation import check_ids
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.local import delete_elements
from theta.mesh.results import Made


class DeleteElements(MeshOperation, frozen=True):
    """Take vertices, edges and faces (ids of 16 bytes) out, with the faces that need them."""

    NAME = "theta.delete_elements"
    ELEMENTS = elements(vertices="vertex", edges="edge", faces="face")
    READS = touching(Reach.RING, "vertices", "edges", "faces")
    WRITES = (
        *touching(Reach.RING, "vertices", "edges", "faces", aspects="ta"),
        *touching(Reach.SELF, "vertices", aspects="p"),
    )
    vertices: bytes
    edges: bytes
    faces: bytes

    def check(self) -> None:
        """See Operation.check."""
        fields = ("vertices", "edges", "faces")
        count = sum(int(check_ids(field, getattr(self, field), COMMAND_ELEMENTS_MAX, 0)) for field in fields)
        if not 1 <= count <= COMMAND_ELEMENTS_MAX:
            raise InvalidValue("elements", count, f"1 to {COMMAND_ELEMENTS_MAX} of all kinds together")

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        vertices, edges, faces = (self.named(mesh, field) for field in ("vertices", "edges", "faces"))
        if not vertices and not edges and not faces:
            kind = "vertex" if self.vertices else "edge" if self.edges else "face"
            raise UnknownElement(kind, (self.vertices + self.edges + self.faces)[:IDENTIFIER_BYTES])
        return delete_elements(mesh, vertices, edges, faces, name)
