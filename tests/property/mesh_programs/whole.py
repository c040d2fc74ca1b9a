"""Operations on a whole mesh, as steps of programs."""

from tests.property.mesh_programs.drawing import Draw, Operation
from theta.base.identifiers import CommandName
from theta.mesh import Mesh
from theta.mesh.compaction import compact
from theta.mesh.results import NOTHING, Made
from theta.mesh.subdivision import subdivide

SUBDIVIDED_FACES_MAX = 12


def compacting(mesh: Mesh, draw: Draw, name: CommandName) -> Made:
    compact(mesh)
    return NOTHING


def subdividing(mesh: Mesh, draw: Draw, name: CommandName) -> Made | None:
    scheme = draw.one_of(("linear", "catmull-clark", "loop"))
    return subdivide(mesh, scheme, name) if mesh.face_count <= SUBDIVIDED_FACES_MAX else None


WHOLE: tuple[Operation, ...] = (compacting, subdividing)
