"""What a caller can get wrong with a world; nothing was changed when one of these is raised.

UsageError
├── ComponentError
│   ├── InvalidComponent     the class cannot be declared as a component like that
│   ├── DuplicateComponent   the name is taken, or the entity has one already
│   ├── UnknownComponent     the class was never declared as a component
│   └── MissingComponent     the entity has no such component
├── EntityError
│   ├── UnknownEntity        despawned, or never spawned here
│   └── EntitiesExhausted    no place left
└── ChangedDuringQuery       entities came, went or moved while a query was being iterated
"""

from theta.base.errors import UsageError


class ComponentError(UsageError):
    """A component is declared or used wrongly."""


class InvalidComponent(ComponentError):
    """The class cannot be declared as a component like that."""


class DuplicateComponent(ComponentError):
    """Another class has the component's name already, or the entity has such a component already."""


class UnknownComponent(ComponentError):
    """The class was never declared as a component."""

    def __init__(self, declared: type[object]) -> None:
        super().__init__(f"{declared.__qualname__} is no component: decorate the class with @component(...)")


class MissingComponent(ComponentError):
    """The entity has no such component."""

    def __init__(self, entity: int, name: str) -> None:
        super().__init__(f"entity {entity:#x} has no {name}")
        self.entity = entity
        self.name = name


class EntityError(UsageError):
    """An entity cannot be had."""


class UnknownEntity(EntityError):
    """The entity was despawned, or never spawned in this world."""

    def __init__(self, entity: int) -> None:
        super().__init__(f"there is no entity {entity:#x} here")
        self.entity = entity


class EntitiesExhausted(EntityError):
    """The world holds as many entities as it may, or has used up every id."""


class ChangedDuringQuery(UsageError):
    """Entities came, went or moved between tables while a query was being iterated: collect them first, then change."""

    def __init__(self) -> None:
        super().__init__("the world's structure changed during a query: collect the entities first, then change them")
