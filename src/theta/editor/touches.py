"""What a command declares that it reads and writes: what two commands can be in conflict about (CMD-58)."""

from enum import IntEnum, StrEnum
from typing import NamedTuple

ENTITY_FIELDS = ("existence", "transform", "colour", "surface", "name")


class Aspect(StrEnum):
    """What of an element is read or written."""

    POSITION = "position"
    """Where a vertex is."""
    TOPOLOGY = "topology"
    """Whether it lives; a vertex's edges and faces, an edge's ends and faces, a face's loop."""
    ATTRIBUTE = "attribute"
    """The values of its attributes; a face's are its corners' too."""
    ENTITY = "entity"
    """What an object has beside its mesh; `field` names it (CMD-58)."""


class Reach(IntEnum):
    """How far from the elements that a payload names, each wider than the one before."""

    SELF = 0
    """These elements alone."""
    RING = 1
    """Their vertices, all edges and faces at these, and all vertices and edges of those."""
    PART = 2
    """All that is connected with them."""
    MESH = 3
    """The whole mesh."""


class Touch(NamedTuple):
    """Something that an operation reads or writes.

    Attributes:
        field: the payload's field that names the elements; of aspect ENTITY, one of ENTITY_FIELDS.
        reach: how far from them.
        aspect: what of the elements there.
    """

    field: str
    reach: Reach
    aspect: Aspect


def of_entity(*fields: str) -> tuple[Touch, ...]:
    """Touches of what an object has beside its mesh; each field is one of ENTITY_FIELDS."""
    return tuple([Touch(field, Reach.SELF, Aspect.ENTITY) for field in fields])
