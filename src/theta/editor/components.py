"""The document's components: written only by commands, durable, hashed, the same for everyone (DOC-1)."""

from dataclasses import dataclass
from typing import Annotated

from theta.base.limits import ENTITY_NAME_CHARACTERS_MAX, IDENTIFIER_BYTES, PUBLIC_KEY_BYTES
from theta.ecs.component import Blob, Column, Plane, Text, component
from theta.editor.operation import Quaternion, Vector3
from theta.editor.surface import ALPHA_MODES, AlphaMode, SurfaceValues

DEFAULT_COLOUR: Vector3 = (0.72, 0.74, 0.78)
DEFAULT_METALLIC = 0.0
DEFAULT_ROUGHNESS = 0.65


@component("theta.Transform", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Transform:
    """Where an entity is: metres, a unit quaternion (x, y, z, w), and scale factors, relative to the world."""

    translation: Annotated[Vector3, Column("<f8", 3)]
    rotation: Annotated[Quaternion, Column("<f8", 4)]
    scale: Annotated[Vector3, Column("<f8", 3)]


@component("theta.Material", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Material:
    """What an entity looks like: sRGB base colour, metallic and roughness, all in [0, 1]."""

    colour: Annotated[Vector3, Column("<f8", 3)]
    metallic: Annotated[float, Column("<f8")]
    roughness: Annotated[float, Column("<f8")]


@component("theta.Name", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Name:
    """What people call an entity."""

    text: Annotated[str, Text(ENTITY_NAME_CHARACTERS_MAX)]


@component("theta.Owner", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Owner:
    """Who made an entity: the author's public key."""

    author: Annotated[bytes, Blob(PUBLIC_KEY_BYTES)]


@component("theta.MeshRef", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class MeshRef:
    """Which mesh an entity shows; its content is hashed beside it as `theta.Mesh` (DOC-3)."""

    mesh: Annotated[bytes, Blob(IDENTIFIER_BYTES)]


@component("theta.Surface", plane=Plane.DOCUMENT)
@dataclass(frozen=True)
class Surface:
    """How a surface takes light beyond its Material; only there once it was set.

    `emissive` is sRGB in [0, 1]; `opacity` and `alpha_cutoff` are in [0, 1]; `mode` is the index in ALPHA_MODES;
    `sides` is 2 where it is seen from behind too, else 1.
    """

    emissive: Annotated[Vector3, Column("<f8", 3)]
    opacity: Annotated[float, Column("<f8")]
    alpha_cutoff: Annotated[float, Column("<f8")]
    mode: Annotated[int, Column("<u1")]
    sides: Annotated[int, Column("<u1")]

    @classmethod
    def of(cls, values: SurfaceValues) -> "Surface":
        """What these values say beyond a Material, with no negative zeros."""
        red, green, blue = values.emissive
        emissive = (red + 0.0, green + 0.0, blue + 0.0)
        mode = ALPHA_MODES.index(values.alpha_mode)
        return cls(emissive, values.opacity + 0.0, values.alpha_cutoff + 0.0, mode, 1 + values.double_sided)

    def values(self, material: Material) -> SurfaceValues:
        """Both components' values together."""
        return SurfaceValues(
            material.metallic,
            material.roughness,
            self.emissive,
            self.opacity,
            self.alpha_mode,
            self.alpha_cutoff,
            self.double_sided,
        )

    @property
    def alpha_mode(self) -> AlphaMode:
        """Whether opacity counts, and how."""
        return ALPHA_MODES[self.mode]

    @property
    def double_sided(self) -> bool:
        """Whether it is seen from behind too."""
        return self.sides == 2


DEFAULT_SURFACE = Surface((0.0, 0.0, 0.0), 1.0, 0.5, 0, 2)
"""What an object without the component looks like."""

DOCUMENT_COMPONENTS = (Transform, Material, Name, Owner, MeshRef, Surface)
MESH_CONTENT = "theta.Mesh"
MESH_REDIRECTS = "theta.Redirects"
