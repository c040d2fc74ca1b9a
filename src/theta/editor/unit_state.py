"""What one entity's commands fold to, and what becomes of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.editor.components import Material, MeshRef, Name, Owner, Surface, Transform
from theta.editor.writers import Writers
from theta.mesh import Mesh
from theta.mesh.results import NOTHING, Made
from theta.wire.types import OutcomeName


class Outcome(NamedTuple):
    """What became of a command in the fold.

    Attributes:
        kind: applied or merged, when it did something.
        reason: why not, else empty.
        against: concurrent commands that it overwrote, merged with, was refused because of, or lost its element to;
            ascending, at most CONFLICT_NAMES_MAX.
    """

    kind: OutcomeName
    reason: str = ""
    against: tuple[CommandName, ...] = ()

    @property
    def did_something(self) -> bool:
        """Whether the unit has what the command did."""
        return self.kind == "applied" or self.kind == "merged"


APPLIED = Outcome("applied")
SUSPENDED = Outcome("suspended", "its gesture was undone")
NO_ASSETS: Mapping[bytes, bytes] = MappingProxyType({})
NOT_THERE = Outcome("no-op", "UnknownElement: the object is not there")


Kept = tuple[
    Transform | None,
    Material | None,
    Name | None,
    Owner | None,
    MeshRef | None,
    Mesh | None,
    object,
    bool,
    Surface | None,
    Made,
]
"""A unit's parts in the order of its fields: all but the mesh's and the writers' inside, which keep journals."""


@dataclass
class Unit:
    """An entity's document state.

    `mesh_stamp` is another object whenever the mesh may have changed; `made` is what the last command that was applied
    made in the mesh; of the command that made the object itself that is all of it, and not said here. `writers` is who
    last wrote what, which later commands may be in conflict with.
    """

    transform: Transform | None = None
    material: Material | None = None
    name: Name | None = None
    owner: Owner | None = None
    mesh_ref: MeshRef | None = None
    mesh: Mesh | None = None
    mesh_stamp: object = field(default_factory=object)
    deleted: bool = False
    surface: Surface | None = None
    made: Made = field(default=NOTHING, compare=False)
    writers: Writers = field(default_factory=Writers, compare=False)

    @property
    def exists(self) -> bool:
        """Whether the entity is in the document."""
        return self.transform is not None and not self.deleted

    def keep(self) -> Kept:
        """The parts as they are now."""
        return (
            self.transform,
            self.material,
            self.name,
            self.owner,
            self.mesh_ref,
            self.mesh,
            self.mesh_stamp,
            self.deleted,
            self.surface,
            self.made,
        )

    def put_back(self, kept: Kept) -> None:
        """Make the parts what they were."""
        (
            self.transform,
            self.material,
            self.name,
            self.owner,
            self.mesh_ref,
            self.mesh,
            self.mesh_stamp,
            self.deleted,
            self.surface,
            self.made,
        ) = kept

    def copy(self) -> "Unit":
        """A unit that changes by itself from here on."""
        mesh = self.mesh.copy() if self.mesh is not None else None
        return replace(self, mesh=mesh, writers=self.writers.copy())
