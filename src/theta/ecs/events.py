"""Events: what happened in one tick, read in the next, so that it does not matter which system ran first."""

from typing import Any, TypeVar

from theta.base.limits import WORLD_EVENTS_MAX
from theta.ecs.errors import TooManyEvents

E = TypeVar("E")


class Events:
    """Two buffers for each class: `send` fills one, `read` shows the other, and the end of a tick swaps them."""

    def __init__(self) -> None:
        self._sent: dict[type[Any], list[Any]] = {}
        self._shown: dict[type[Any], list[Any]] = {}

    def send(self, event: object) -> None:
        """Tell of something; whoever reads its class in the next tick sees it.

        Raises:
            TooManyEvents: WORLD_EVENTS_MAX of its class were sent in this tick.
        """
        sent = self._sent.setdefault(type(event), [])
        if len(sent) >= WORLD_EVENTS_MAX:
            raise TooManyEvents(type(event), WORLD_EVENTS_MAX)
        sent.append(event)

    def read(self, declared: type[E]) -> tuple[E, ...]:
        """The events of a class that were sent in the last tick, in the order in which they were sent."""
        return tuple(self._shown.get(declared, ()))

    def swap(self) -> None:
        """A tick has ended: what was sent in it is shown, what was shown is gone."""
        self._shown, self._sent = self._sent, {}
