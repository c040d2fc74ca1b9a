"""Resources: what there is one of in a world, by its class."""

from typing import Any, TypeVar

from theta.ecs.errors import MissingResource

R = TypeVar("R")


class Resources:
    """One instance of each class: `world.resources.put(Gravity(9.81))`, then `world.resources[Gravity]`."""

    def __init__(self) -> None:
        self._held: dict[type[Any], object] = {}

    def put(self, resource: object) -> None:
        """Hold an instance, in place of the one of its class that was held."""
        self._held[type(resource)] = resource

    def take(self, declared: type[R]) -> R:
        """Hold the class's instance no longer, and return it.

        Raises:
            MissingResource: none is held.
        """
        found = self[declared]
        del self._held[declared]
        return found

    def __getitem__(self, declared: type[R]) -> R:
        try:
            return self._held[declared]  # type: ignore[return-value]  # `put` keeps each under its own class
        except KeyError:
            raise MissingResource(declared) from None

    def __contains__(self, declared: type[object]) -> bool:
        return declared in self._held
