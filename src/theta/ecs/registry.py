"""The numbers that components have in a session: each different descriptor has one, from 1, and keeps it.

A number stands for a whole descriptor, not for an id: two names with the same SipHash-2-4 are told apart by what they
say, get two numbers, and are reported. Threads may register at the same time; the registry only grows, by single steps
of a dict, so it needs no lock (ECS-22, ECS-23).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.base.limits import STATE_COMPONENTS_MAX

Descriptor = Mapping[str, Any]

FIRST_NUMBER = 1
"""0 is the entity itself, on the state plane."""


class Collision(NamedTuple):
    """Different names with one id, ascending."""

    id: int
    names: tuple[str, ...]


def descriptor_bytes(descriptor: Descriptor) -> bytes:
    """The one way to write a descriptor: JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(descriptor, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


class DescriptorRegistry:
    """Descriptors and their numbers.

    Args:
        identify: gives a canonical name's id.
    """

    def __init__(self, identify: Callable[[str], int] = name_id) -> None:
        self._identify = identify
        self._descriptors: dict[bytes, Descriptor] = {}
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._descriptors)

    def register(self, descriptor: Descriptor) -> int:
        """The descriptor's number; the same for an equal descriptor, whoever registers it and how often.

        Raises:
            InvalidValue: STATE_COMPONENTS_MAX have one already.
        """
        key = descriptor_bytes(descriptor)
        number = self._numbers.get(key)
        if number is not None:
            return number
        if len(self._descriptors) >= STATE_COMPONENTS_MAX:
            raise InvalidValue("components", descriptor["name"], f"at most {STATE_COMPONENTS_MAX} in a session")
        # A dict keeps the order in which keys came, and none ever goes: a key's place is its number. setdefault and
        # list are one step each, so two threads see the same places.
        self._descriptors.setdefault(key, dict(descriptor))
        self._numbers |= {each: place for place, each in enumerate(list(self._descriptors), FIRST_NUMBER)}
        return self._numbers[key]

    def number_of(self, descriptor: Descriptor) -> int | None:
        """The descriptor's number, if it has one."""
        return self._numbers.get(descriptor_bytes(descriptor))

    def descriptors(self, first: int = FIRST_NUMBER) -> list[Descriptor]:
        """The descriptors from number `first` on: what is advertised to who knows the ones before."""
        return list(self._descriptors.values())[first - FIRST_NUMBER :]

    def collisions(self) -> list[Collision]:
        """The ids that more than one name has, ascending."""
        names: dict[int, set[str]] = {}
        for descriptor in self.descriptors():
            names.setdefault(self._identify(descriptor["name"]), set()).add(descriptor["name"])
        return [Collision(key, tuple(sorted(names[key]))) for key in sorted(names) if len(names[key]) > 1]
