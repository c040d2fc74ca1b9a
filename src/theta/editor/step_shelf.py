"""How much all units of a fold keep to be rolled back by: those that nobody has changed for long let go of it first."""

from typing import Protocol
from weakref import ref

STEPS_TOTAL_MAX = 32_768
"""Of all units together; a step takes one to some kilobytes."""


class Holder(Protocol):
    """A unit's fold, as the shelf sees it."""

    @property
    def reversible(self) -> int:
        """How many steps it keeps."""
        ...

    def let_go(self) -> None:
        """Keep none."""
        ...


class StepShelf:
    """Knows who keeps steps, and who was changed last. What commands come to does not depend on it."""

    def __init__(self) -> None:
        self._holders: dict[int, tuple[ref[Holder], int]] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """How many steps were kept when each was noted last."""
        return self._total

    def note(self, holder: Holder) -> None:
        """A unit was changed; if all keep too much by now, others let go, the one longest unchanged first."""
        here = ref(holder)
        _, before = self._holders.pop(id(holder), (here, 0))
        count = holder.reversible
        self._total += count - before
        self._holders[id(holder)] = (here, count)
        while self._total > STEPS_TOTAL_MAX and len(self._holders) > 1:
            longest_unchanged = next(iter(self._holders))
            there, kept = self._holders.pop(longest_unchanged)
            self._total -= kept
            other = there()
            if other is not None:
                other.let_go()
