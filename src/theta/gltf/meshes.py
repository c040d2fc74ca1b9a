"""The meshes of a file, each read once: exactly if that can be, else as triangles: spec/gltf.md, GLTF-12."""

from dataclasses import dataclass

from theta.gltf.accessors import Accessors
from theta.gltf.authorship import Authorship
from theta.gltf.digests import Drawn, render_digest
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields
from theta.gltf.imported import Origin, told
from theta.gltf.kept import EXTENSION, Kept, keep
from theta.gltf.reading import read_primitive
from theta.gltf.shapes import Shape
from theta.gltf.topology import read_topology
from theta.mesh import CanonicalMesh, Mesh, mesh_of

_EDITED = (
    "It was changed by another program: these are its triangles, without the polygons and ids it was written with."
)
_TRIANGLES = "so these are its triangles, without the polygons and ids it was written with."


@dataclass(frozen=True, eq=False)
class Exact:
    """A mesh as it was written."""

    mesh: Mesh
    shape: Shape
    authorship: Authorship | None


@dataclass(frozen=True, eq=False)
class ReadMesh:
    """A mesh of the file.

    Attributes:
        primitives: each with its triangles; without those that have none.
        origin: what can be said of it.
        exact: the mesh as it was written, when the origin is "exact".
        notes: in words.
        kept: what other programs wrote to it.
    """

    primitives: tuple[tuple[Fields, Drawn], ...]
    origin: Origin
    exact: Exact | None
    notes: tuple[str, ...]
    kept: Kept


def read_mesh(described: Fields, accessors: Accessors) -> ReadMesh:
    """Read a mesh, its triangles and its polygons.

    Raises:
        GltfError: its triangles cannot be read.
    """
    notes: list[str] = []
    primitives = []
    for at in range(len(described.items("primitives"))):
        primitive = described.item("primitives", at)
        drawn = read_primitive(primitive, accessors, notes)
        if drawn is not None and len(drawn.corners):
            primitives.append((primitive, drawn))
    kept, marked = _without_mark(keep(described, notes))
    extension = described.object("extensions").values.get(EXTENSION)
    origin: Origin = "foreign"
    exact = None
    if extension is not None:
        try:
            exact = read_exact(Fields.of(f"{described.path}.extensions.{EXTENSION}", extension), accessors)
            render = extension.get("renderDigest")
            origin = "exact" if render == render_digest(drawn for _, drawn in primitives) else "edited"
        except GltfError as error:
            accessors.charge(described.path, 0)
            origin = "damaged"
            notes.append(f"Its polygons are damaged ({error.field}: {error.reason}), {_TRIANGLES}")
        if origin == "edited":
            exact = None
            notes.append(_EDITED)
    elif marked:
        origin = "damaged"
        notes.append(f"Another program left out its polygons, {_TRIANGLES}")
    return ReadMesh(tuple(primitives), origin, exact, told(notes), kept)


def announced_corners(described: Fields, accessors: Accessors) -> int:
    """How many corners a mesh's accessors say that it has, and 1: about how long it takes."""
    size = 1
    for at in range(len(described.items("primitives"))):
        primitive = described.item("primitives", at)
        counted = primitive.index("indices")
        if counted is None:
            counted = primitive.object("attributes").index("POSITION")
        size += accessors.count(counted) if counted is not None else 0
    return size


def read_exact(topology: Fields, accessors: Accessors) -> Exact:
    """The mesh that the extension holds.

    Raises:
        GltfError: it holds none.
    """
    canonical, authorship = read_topology(topology, accessors)
    return Exact(mesh_of(canonical), _shape(canonical), authorship)


def _shape(canonical: CanonicalMesh) -> Shape:
    counts, corners = canonical.face_counts.astype("i8"), canonical.corners.astype("i8")
    return Shape(canonical.positions, counts, corners, canonical.attributes)


def _without_mark(kept: Kept) -> tuple[Kept, bool]:
    """What was kept without our mark, and whether it was there."""
    if not isinstance(kept.extras, dict) or EXTENSION not in kept.extras:
        return kept, False
    rest = {name: value for name, value in kept.extras.items() if name != EXTENSION}
    return Kept(kept.extensions, rest or None), True
