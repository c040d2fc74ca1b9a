"""What can be wrong with a mesh or with what is asked of it: spec/mesh.md, MESH-20.

    UsageError
    └── MeshError               nothing was changed
        ├── NonManifoldEdge     more than two faces at one edge
        ├── MultiEdge           two faces run along an edge the same way: it would take a second edge
        ├── SelfEdge            an edge from a vertex to itself
        ├── RepeatedVertex      a face that comes to a vertex twice
        ├── BowTie              a vertex where two fans of faces meet in that one point
        ├── DegenerateFace      a face without a normal
        ├── DuplicateElement    an id that is already taken
        ├── SplitElement        an id that stands for several elements by now
        ├── NotApplicable       an operation that this part of the mesh does not allow; says which and why
        ├── MalformedMesh       bytes that are no canonical mesh
        └── UnusableAsset       bytes that are no polygons, or too many, or none that has an area

    AssertionError
    └── InvariantBroken         what `validate` found

The first tree is the caller's fault, the second our own.
"""

from collections.abc import Sequence

from theta.base.errors import UsageError


class MeshError(UsageError):
    """A mesh cannot be made or changed like that; nothing was changed."""


class NonManifoldEdge(MeshError):
    """More than two faces at one edge; `ends` are its vertices' ids."""

    def __init__(self, ends: tuple[bytes, bytes], sides: int) -> None:
        super().__init__(f"the edge {_edge_text(ends)} has {sides} faces, but must have at most 2")
        self.ends = ends
        self.sides = sides


class MultiEdge(MeshError):
    """Two faces run from the same vertex to the same vertex (`ends`): a flipped face, or a second edge."""

    def __init__(self, ends: tuple[bytes, bytes]) -> None:
        super().__init__(f"two faces run the same way along the edge {_edge_text(ends)}")
        self.ends = ends


class SelfEdge(MeshError):
    """A face's side that leads from a vertex to itself."""

    def __init__(self, face_id: bytes, vertex_id: bytes) -> None:
        super().__init__(f"face {face_id.hex()} has an edge from vertex {vertex_id.hex()} to itself")
        self.face_id = face_id
        self.vertex_id = vertex_id


class RepeatedVertex(MeshError):
    """A face that comes to the same vertex twice."""

    def __init__(self, face_id: bytes, vertex_id: bytes) -> None:
        super().__init__(f"face {face_id.hex()} comes to vertex {vertex_id.hex()} more than once")
        self.face_id = face_id
        self.vertex_id = vertex_id


class BowTie(MeshError):
    """A vertex where more than one fan of faces meets."""

    def __init__(self, vertex_id: bytes) -> None:
        super().__init__(f"more than one fan of faces meets in vertex {vertex_id.hex()}")
        self.vertex_id = vertex_id


class DegenerateFace(MeshError):
    """A face whose area is under FACE_AREA_SQUARE_METRES_MIN, so that it has no normal."""

    def __init__(self, face_id: bytes) -> None:
        super().__init__(f"face {face_id.hex()} has no area, so it has no normal")
        self.face_id = face_id


class DuplicateElement(MeshError):
    """An id that is already taken by another element of the same kind."""

    def __init__(self, kind: str, identifier: bytes) -> None:
        super().__init__(f"there already is a {kind} {identifier.hex()}")
        self.kind = kind
        self.identifier = identifier


class SplitElement(MeshError):
    """An id whose element was replaced by several (`parts`): name one of them."""

    def __init__(self, kind: str, identifier: bytes, parts: Sequence[bytes]) -> None:
        super().__init__(f"{kind} {identifier.hex()} was replaced by {len(parts)}: name one of them")
        self.kind = kind
        self.identifier = identifier
        self.parts = tuple(parts)


class NotApplicable(MeshError):
    """An operation cannot be done here; `field` is the argument that is in the way, and `limit` what it has to be."""

    def __init__(self, field: str, identifier: bytes, limit: str) -> None:
        super().__init__(f"{field} {identifier.hex()}: must be {limit}")
        self.field = field
        self.identifier = identifier
        self.limit = limit


class MalformedMesh(MeshError):
    """Bytes that are no canonical mesh; `field` is the first that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"canonical mesh: {field}: {reason}")
        self.field = field
        self.reason = reason


class UnusableAsset(MeshError):
    """An asset that no mesh can be made of; `field` is the first that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"asset: {field}: {reason}")
        self.field = field
        self.reason = reason


class InvariantBroken(AssertionError):
    """An invariant of the half-edge structure does not hold: a bug in this package."""


def _edge_text(ends: tuple[bytes, bytes]) -> str:
    return f"{ends[0].hex()}-{ends[1].hex()}"
