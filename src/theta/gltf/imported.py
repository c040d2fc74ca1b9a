"""What an import gives: entities with meshes, and in words what was not as it might have been."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from theta.base.limits import IMPORT_NOTES_MAX
from theta.gltf.authorship import Authorship, LogHead
from theta.gltf.export import ExportedEntity, SceneKept
from theta.gltf.kept import Kept
from theta.gltf.materials import Material
from theta.gltf.placement import Quaternion, Vector3
from theta.gltf.shapes import Shape
from theta.mesh import Mesh

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is, the same total every time; the last call has both equal."""

Origin = Literal["exact", "edited", "damaged", "foreign"]
"""How a mesh came back, GLTF-12: the polygons that were written, or the triangles that are drawn, since another program
changed them ("edited"), or lost or garbled the polygons ("damaged"), or never had any ("foreign")."""


@dataclass(frozen=True, eq=False)
class ImportedEntity:
    """One mesh in its place.

    Attributes:
        name: as in the file; may be empty.
        translation: metres.
        rotation: unit quaternion x, y, z, w.
        scale: factors, all positive.
        material: None when the file has none for it.
        shape: the polygons with their attributes, fit for a mesh.
        origin: how they came back.
        mesh: with the ids and attributes that were written, when the origin is "exact", else None. Entities that share
            a mesh in the file share it here.
        authorship: who made it, when that was written and the origin is "exact".
        notes: what was not as it might have been, in words.
        kept_node, kept_mesh: what other programs wrote.
    """

    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3
    material: Material | None
    shape: Shape
    origin: Origin = "foreign"
    mesh: Mesh | None = None
    authorship: Authorship | None = None
    notes: tuple[str, ...] = ()
    kept_node: Kept = field(default_factory=Kept)
    kept_mesh: Kept = field(default_factory=Kept)

    def exported(self, mesh: Mesh) -> ExportedEntity:
        """What writes it again, with a mesh made of the shape, or its own."""
        material = self.material if self.material is not None else Material()
        return ExportedEntity(
            self.name,
            self.translation,
            self.rotation,
            self.scale,
            material.colour,
            material.metallic,
            material.roughness,
            mesh,
            material.emissive,
            material.alpha,
            material.alpha_mode,
            material.alpha_cutoff,
            material.double_sided,
            material.name,
            self.authorship if mesh is self.mesh else None,
            self.kept_node,
            self.kept_mesh,
            material.kept,
        )


@dataclass(frozen=True, eq=False)
class ImportedScene:
    """Everything that was taken from a file.

    Attributes:
        entities: in the file's order, parents before children.
        notes: what was not as it might have been, in words, each once; those of single entities are with them.
        generator: what wrote the file, by its own account.
        head: where the log stood, if the file says so.
        kept: what other programs wrote to the file as a whole.
    """

    entities: tuple[ImportedEntity, ...]
    notes: tuple[str, ...] = ()
    generator: str = ""
    head: LogHead | None = None
    kept: SceneKept = field(default_factory=SceneKept)


def told(notes: Iterable[str]) -> tuple[str, ...]:
    """Each note once, at most IMPORT_NOTES_MAX of them."""
    each = tuple(dict.fromkeys(notes))
    if len(each) <= IMPORT_NOTES_MAX:
        return each
    return (*each[: IMPORT_NOTES_MAX - 1], f"And {len(each) - IMPORT_NOTES_MAX + 1} more.")


class Steps:
    """Counts what is done and tells."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = max(total, 1)
        self._done = 0

    def take(self, amount: int) -> None:
        """So much more is done."""
        self._done = min(self._total, self._done + amount)
        self._tell()

    def finish(self) -> None:
        """All is done."""
        self._done = self._total
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total)
