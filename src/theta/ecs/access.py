"""Who may do what to a world: everything, or in a system what it declared."""

from collections.abc import Iterable

from theta.ecs.declaration import ComponentType
from theta.ecs.errors import UndeclaredAccess


class Access:
    """Everything is allowed."""

    def read(self, declaration: ComponentType) -> None:
        """The component is about to be read."""

    def write(self, declaration: ComponentType) -> None:
        """The component is about to be written."""

    def restructure(self) -> None:
        """Entities are about to come, go or move between tables."""


UNLIMITED = Access()


class SystemAccess(Access):
    """What a system declared, and no more.

    Args:
        system: the system's name, for the errors.
        reads: the components it may read.
        writes: the components it may read and write.
    """

    def __init__(self, system: str, reads: Iterable[ComponentType], writes: Iterable[ComponentType]) -> None:
        self._system = system
        self._writes = frozenset(each.id for each in writes)
        self._reads = self._writes | {each.id for each in reads}

    def read(self, declaration: ComponentType) -> None:
        """The component is about to be read.

        Raises:
            UndeclaredAccess: the system did not declare it.
        """
        if declaration.id not in self._reads:
            raise UndeclaredAccess(self._system, f"reads {declaration.name}, which it did not declare")

    def write(self, declaration: ComponentType) -> None:
        """The component is about to be written.

        Raises:
            UndeclaredAccess: the system declared it read-only, or not at all.
        """
        if declaration.id not in self._writes:
            declared = "declared read-only" if declaration.id in self._reads else "did not declare"
            raise UndeclaredAccess(self._system, f"writes {declaration.name}, which it {declared}")

    def restructure(self) -> None:
        """Entities are about to come, go or move between tables.

        Raises:
            UndeclaredAccess: always; `world.commands` does it at the stage's end.
        """
        raise UndeclaredAccess(self._system, "changes the world's structure: put it into world.commands")
