"""The world that a room opens with, and which of its components participants are told of."""

from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import STATE_COMPONENTS_MAX, STATE_ENTITIES_MAX
from theta.ecs.component import component_type
from theta.ecs.declaration import ComponentType, Plane
from theta.ecs.world import World
from theta.replication.standard import STANDARD_COMPONENTS


class StateWorld(NamedTuple):
    """What a room replicates. It belongs to one room: its entities live in `world`.

    Attributes:
        world: with its entities and systems; it lives as long as the room is open.
        components: the classes that are replicated beside STANDARD_COMPONENTS, in the order of their numbers.
    """

    world: World
    components: tuple[type[object], ...] = ()

    @classmethod
    def standard(cls) -> "StateWorld":
        """An empty world with the components that every room has."""
        return cls(World())

    @property
    def declarations(self) -> tuple[ComponentType, ...]:
        """What is replicated: STANDARD_COMPONENTS, and then `components`, each once (REP-25).

        Raises:
            UnknownComponent: a class that was not declared.
            InvalidValue: a component of another plane, too many, or a world that may grow larger than a room's.
        """
        if self.world.entities_max > STATE_ENTITIES_MAX:
            raise InvalidValue("entities_max", self.world.entities_max, f"at most {STATE_ENTITIES_MAX} in a room")
        found = tuple(dict.fromkeys(map(component_type, (*STANDARD_COMPONENTS, *self.components))))
        for each in found:
            if each.plane is not Plane.STATE:
                raise InvalidValue("components", each.name, "of the plane state")
        if len(found) > STATE_COMPONENTS_MAX:
            raise InvalidValue("components", len(found), f"at most {STATE_COMPONENTS_MAX}")
        return found
