"""The document's components: written only by commands, durable, hashed, the same for everyone (DOC-1)."""

from dataclasses import dataclass
from typing import Annotated

from theta.base.limits import ENTITY_NAME_CHARACTERS_MAX, IDENTIFIER_BYTES, PUBLIC_KEY_BYTES
from theta.ecs.component import Blob, Column, Plane, Text, component
from theta.editor.vocabulary import Quaternion, Vector3

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


DOCUMENT_COMPONENTS = (Transform, Material, Name, Owner, MeshRef)
MESH_CONTENT = "theta.Mesh"
