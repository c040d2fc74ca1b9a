"""Commands that make an object: version 2 of primitives and imports (CMD-44, CMD-46)."""

from theta.base.identifiers import CommandName
from theta.base.limits import SHAPE_FACES_PER_TOKEN
from theta.editor.operation import (
    Operation,
    Quaternion,
    Vector3,
    check_colour,
    check_name,
    check_placement,
)
from theta.editor.surface import SurfaceValues
from theta.mesh import Mesh
from theta.mesh.shapes import TAKES, ShapeParameters, build_shape
from theta.mesh.shapes.parameters import check_parameters
from theta.wire.types import U32, Digest32


class CreatePrimitiveV2(Operation, frozen=True):
    """Make an entity with the mesh of a shape (MESH-65), which fits a cube of edge length `size` metres.

    `segments`, `rings`, `levels` and `tube` are 0 unless the kind takes them; defaults are filled in before it is sent.
    """

    NAME = "theta.create_primitive"
    VERSION = 2
    CREATES = 1
    kind: str
    size: float
    segments: U32
    rings: U32
    levels: U32
    tube: float
    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_parameters(self._parameters())
        check_name(self.name)
        check_placement(self.translation, self.rotation, self.scale)

    @property
    def price(self) -> int:
        """See Operation.price: by its faces."""
        faces = max(1, self.segments) * max(1, self.rings) + (20 << 2 * self.levels)
        return faces // SHAPE_FACES_PER_TOKEN

    def build(self, name: CommandName) -> Mesh:
        """The mesh that the command `name` makes."""
        return build_shape(self._parameters(), name)

    def _parameters(self) -> ShapeParameters:
        takes = TAKES.get(self.kind, {})
        given = {
            field: getattr(self, field)
            for field in ("segments", "rings", "levels", "tube")
            if field in takes or getattr(self, field) != 0
        }
        return ShapeParameters(self.kind, self.size, **given)


class ImportMeshV2(Operation, frozen=True):
    """Make an entity whose mesh is the asset's: polygons, separated (MESH-22), or canonical bytes, exactly as they are.

    Canonical bytes (MESH-18) keep every id and attribute.
    """

    NAME = "theta.import_mesh"
    VERSION = 2
    CREATES = 1
    asset: Digest32
    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3
    colour: Vector3
    surface: SurfaceValues

    def check(self) -> None:
        """See Operation.check."""
        check_name(self.name)
        check_placement(self.translation, self.rotation, self.scale)
        check_colour(self.colour)
        self.surface.check()

    @property
    def assets(self) -> tuple[bytes, ...]:
        """See Operation.assets."""
        return (self.asset,)
