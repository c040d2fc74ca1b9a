"""Long work for participants, some milliseconds at a time, each in turn, so that no request holds up the room."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from theta.base.limits import ERRANDS_PER_CONNECTION_MAX


class _Errand(NamedTuple):
    connection: int
    kind: str
    work: Iterator[None]


class Errands:
    """What is under way, by the connection that it is for; its work pauses where it yields."""

    def __init__(self) -> None:
        self._waiting: deque[_Errand] = deque()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._waiting)

    def has_place(self, connection: int) -> bool:
        """Whether a connection may have one more."""
        return sum(1 for each in self._waiting if each.connection == connection) < ERRANDS_PER_CONNECTION_MAX

    def has(self, connection: int, kind: str) -> bool:
        """Whether a connection has one of a kind."""
        return any((each.connection, each.kind) == (connection, kind) for each in self._waiting)

    def put(self, connection: int, kind: str, work: Iterator[None]) -> None:
        """Begin an errand."""
        self._waiting.append(_Errand(connection, kind, work))

    def drop(self, connection: int, kind: str | None = None) -> None:
        """Give up a connection's errands of a kind, or all of them."""
        self._waiting = deque(
            each for each in self._waiting if each.connection != connection or kind not in (None, each.kind)
        )

    def step(self) -> None:
        """Work on the next one until it pauses; then it is the others' turn."""
        if self._waiting:
            errand = self._waiting.popleft()
            for _ in errand.work:
                self._waiting.append(errand)
                break
