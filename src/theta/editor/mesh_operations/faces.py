"""Commands on faces: CMD-54."""

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX, MESH_FACE_CORNERS_MAX, PRIMITIVE_METRES_MAX
from theta.editor.mesh_operations.base import MeshOperation, elements, some_living, touching
from theta.editor.operation import Vector3, check_between, check_ids, check_vector, split_ids
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.local import add_face, extrude_region, inset_face, split_face
from theta.mesh.operations import extrude_face
from theta.mesh.results import Made
from theta.wire.types import Id16


class AddFace(MeshOperation, frozen=True):
    """Make a face of vertices (ids of 16 bytes), anticlockwise seen from outside."""

    NAME = "theta.add_face"
    ELEMENTS = elements(vertices="vertex")
    READS = touching(Reach.RING, "vertices")
    WRITES = touching(Reach.RING, "vertices", aspects="ta")
    vertices: bytes

    def check(self) -> None:
        """See Operation.check."""
        check_ids("vertices", self.vertices, MESH_FACE_CORNERS_MAX, 3)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return add_face(mesh, [mesh.the_one("vertex", each) for each in split_ids(self.vertices)], name)


class SplitFace(MeshOperation, frozen=True):
    """Split a face in two by an edge from its corner `start` to its corner `end`."""

    NAME = "theta.split_face"
    ELEMENTS = elements(face="face", start="vertex", end="vertex")
    READS = touching(Reach.RING, "face", "start", "end")
    WRITES = touching(Reach.RING, "face", "start", "end", aspects="ta")
    face: Id16
    start: Id16
    end: Id16

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        start, end = mesh.the_one("vertex", self.start), mesh.the_one("vertex", self.end)
        return split_face(mesh, self._face(mesh, start, end), start, end, name)

    def _face(self, mesh: Mesh, start: bytes, end: bytes) -> bytes:
        """Of what the face was split into by others, the one that has both corners."""
        found = mesh.resolve("face", self.face)
        both = [face for face in found if {start, end} <= set(mesh.face_vertices(face))]
        return both[0] if len(both) == 1 else mesh.the_one("face", self.face)


class ExtrudeFaceV2(MeshOperation, frozen=True):
    """Pull a face `distance` metres along its normal, in the mesh's space; negative pushes it in."""

    NAME = "theta.extrude_face"
    VERSION = 2
    ELEMENTS = elements(face="face")
    READS = touching(Reach.RING, "face")
    WRITES = touching(Reach.RING, "face", aspects="ta")
    face: Id16
    distance: float

    def check(self) -> None:
        """See Operation.check."""
        check_distance("distance", self.distance)
        if self.distance == 0.0:
            raise InvalidValue("distance", self.distance, "other than 0")

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        made = extrude_face(mesh, mesh.the_one("face", self.face), self.distance, name)
        return Made(made.vertices, made.side_edges + made.cap_edges, made.side_faces)


class ExtrudeFaceV3(ExtrudeFaceV2, frozen=True):
    """As version 2, but who extrude one face at the same time make one storey of it, not one on another (CMD-85)."""

    VERSION = 3
    # Of the face: that of its corners, when it joins another.
    WRITES = (*touching(Reach.RING, "face", aspects="ta"), *touching(Reach.SELF, "face", aspects="p"))


class InsetFace(MeshOperation, frozen=True):
    """Make a smaller face inside a face, `distance` metres from its edges and `depth` metres along its normal."""

    NAME = "theta.inset_face"
    ELEMENTS = elements(face="face")
    READS = touching(Reach.RING, "face")
    WRITES = touching(Reach.RING, "face", aspects="ta")
    face: Id16
    distance: float
    depth: float

    def check(self) -> None:
        """See Operation.check."""
        check_distance("distance", self.distance)
        check_distance("depth", self.depth)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return inset_face(mesh, mesh.the_one("face", self.face), self.distance, self.depth, name)


class ExtrudeRegion(MeshOperation, frozen=True):
    """Pull faces (ids of 16 bytes) together by `offset` metres, in the mesh's space."""

    NAME = "theta.extrude_region"
    ELEMENTS = elements(faces="face")
    READS = touching(Reach.RING, "faces")
    WRITES = touching(Reach.RING, "faces")
    faces: bytes
    offset: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_ids("faces", self.faces, COMMAND_ELEMENTS_MAX)
        check_vector("offset", self.offset)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        return extrude_region(mesh, some_living(mesh, "face", self.faces), self.offset, name)


def check_distance(field: str, distance: float) -> None:
    """Refuse a distance beyond PRIMITIVE_METRES_MAX, of either sign."""
    check_between(field, distance, -PRIMITIVE_METRES_MAX, PRIMITIVE_METRES_MAX)
