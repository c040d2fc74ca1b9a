"""A value that changes at records of the log, and can be asked for as of any of them."""

from bisect import bisect_right
from typing import Generic, TypeVar

T = TypeVar("T")


class Timeline(Generic[T]):
    """Values by the record from which they hold."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._values: list[T] = []

    def put(self, seq: int, value: T) -> None:
        """From record `seq` on it is `value`; records come in order, and of several at one the last counts."""
        assert not self._seqs or seq >= self._seqs[-1]
        if self._values and self._values[-1] == value:
            return
        self._seqs.append(seq)
        self._values.append(value)

    def at(self, seq: int) -> T | None:
        """The value at record `seq`; None before the first."""
        index = bisect_right(self._seqs, seq)
        return self._values[index - 1] if index else None
