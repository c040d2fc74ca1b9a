"""What a caller can get wrong with a world; nothing was changed when one of these is raised.

UsageError
├── ComponentError
│   ├── InvalidComponent     the class cannot be declared as a component like that
│   ├── DuplicateComponent   the name is taken, or the entity has one already
│   │   └── ComponentIdCollision  two names have one SipHash-2-4
│   ├── UnknownComponent     the class was never declared as a component
│   └── MissingComponent     the entity has no such component
├── EntityError
│   ├── UnknownEntity        despawned, or never spawned here
│   └── EntitiesExhausted    no place left
├── RelationError            an entity would be its own ancestor, or too deep below one
├── ResourceError
│   ├── MissingResource      the world holds none of the class
│   ├── TooManyEvents        the tick has as many of the class as it may
│   └── TooManyChanges       as many changes wait to be applied as may
├── ScheduleError            a system that is none, twice the same, or an order that goes in circles
├── MigrationError           a migration gave no columns that fit
├── ChangedDuringQuery       entities came, went or moved while a query was being iterated
└── UndeclaredAccess         a system did what it had not declared; names it
"""

from theta.base.errors import UsageError


class ComponentError(UsageError):
    """A component is declared or used wrongly."""


class InvalidComponent(ComponentError):
    """The class cannot be declared as a component like that."""


class DuplicateComponent(ComponentError):
    """Another class has the component's name already, or the entity has such a component already."""


class ComponentIdCollision(DuplicateComponent):
    """Two components' names have the same SipHash-2-4; one of them needs another name."""

    def __init__(self, name: str, other: str) -> None:
        super().__init__(f"the component names {name} and {other} have the same id: give one of them another name")
        self.name = name
        self.other = other


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


class RelationError(UsageError):
    """An entity would be its own ancestor, or too deep below one."""


class ResourceError(UsageError):
    """A resource or an event cannot be had."""


class MissingResource(ResourceError):
    """The world holds no resource of the class."""

    def __init__(self, declared: type[object]) -> None:
        super().__init__(f"there is no {declared.__qualname__}: world.resources.put(...) one first")


class TooManyEvents(ResourceError):
    """The tick has as many events of the class as it may."""

    def __init__(self, declared: type[object], limit: int) -> None:
        super().__init__(f"{limit} events of {declared.__qualname__} were sent in this tick, the most there may be")


class TooManyChanges(ResourceError):
    """As many structural changes wait to be applied as may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} changes wait to be applied, the most there may be")


class ScheduleError(UsageError):
    """A system that is none, one that is scheduled twice, or an order that goes in circles."""


class MigrationError(UsageError):
    """A migration gave no columns that fit the component."""


class ChangedDuringQuery(UsageError):
    """Entities came, went or moved between tables while a query was being iterated: collect them first, then change."""

    def __init__(self) -> None:
        super().__init__("the world's structure changed during a query: collect the entities first, then change them")


class UndeclaredAccess(UsageError):
    """A system read or wrote a component that it had not declared so, or changed the world's structure at once.

    Args:
        system: the system's name.
        deed: what it did, in words.
    """

    def __init__(self, system: str, deed: str) -> None:
        super().__init__(f"the system {system} {deed}")
        self.system = system
        self.deed = deed
