"""The components that another side has advertised, by the numbers it gave them (ECS-25)."""

from collections.abc import Sequence
from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import STATE_COMPONENTS_MAX
from theta.ecs.evolution import RemoteComponent, read_descriptor
from theta.ecs.registry import FIRST_NUMBER, Descriptor, descriptor_bytes

NEVER_ADVERTISED = -1
"""Stands for all numbers that were never advertised: the other side could make up any number of them."""


class UnknownNotice(NamedTuple):
    """The other side sends a component that is not declared here; without a name where it was never advertised."""

    number: int
    name: str


class ReceivedComponents:
    """What each number means. What is not declared here is skipped and counted, and told of once."""

    def __init__(self) -> None:
        self._components: list[RemoteComponent] = []
        self._told: list[bytes] = []
        self._skipped: dict[int, int] = {}
        self._notices: list[UnknownNotice] = []

    def __len__(self) -> int:
        return len(self._components)

    def handle_descriptors(self, first: int, descriptors: Sequence[Descriptor]) -> None:
        """The other side's descriptors from number `first` on; those that are known already must be the same.

        Raises:
            InvalidValue: a gap, another descriptor for a known number, too many, or one that cannot be; none was taken.
        """
        place = first - FIRST_NUMBER
        if not 0 <= place <= len(self._components):
            raise InvalidValue("first", first, f"in [{FIRST_NUMBER}, {len(self._components) + FIRST_NUMBER}]")
        if place + len(descriptors) > STATE_COMPONENTS_MAX:
            raise InvalidValue("descriptors", place + len(descriptors), f"at most {STATE_COMPONENTS_MAX}")
        read = [read_descriptor(descriptor) for descriptor in descriptors]
        told = [descriptor_bytes(descriptor) for descriptor in descriptors]
        known = len(self._told) - place
        if self._told[place : place + len(told)] != told[:known]:
            raise InvalidValue("descriptors", first, "what was advertised before under these numbers")
        self._components += read[known:]
        self._told += told[known:]

    def find(self, number: int) -> RemoteComponent | None:
        """What a number means; None where it was never advertised."""
        place = number - FIRST_NUMBER
        return self._components[place] if 0 <= place < len(self._components) else None

    def handle_skipped(self, number: int, rows: int = 1) -> None:
        """Rows of a component came that is not declared here, or not advertised, and were skipped."""
        found = self.find(number)
        if found is None:
            number = NEVER_ADVERTISED
        if number not in self._skipped:
            self._notices.append(UnknownNotice(number, found.name if found is not None else ""))
        self._skipped[number] = self._skipped.get(number, 0) + rows

    @property
    def skipped(self) -> dict[int, int]:
        """How many rows were skipped, by number."""
        return dict(self._skipped)

    def poll_notices(self) -> list[UnknownNotice]:
        """The unknown components that were met for the first time since the last call."""
        notices, self._notices = self._notices, []
        return notices
