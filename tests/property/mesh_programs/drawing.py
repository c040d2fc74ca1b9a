"""What a step of a program draws from: a few whole numbers, turned into elements that live and into parameters."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from theta.base.identifiers import CommandName
from theta.mesh import Mesh
from theta.mesh.results import Made

Item = TypeVar("Item")

LIMIT = 1 << 16
NUMBERS_IN_A_STEP = 6


class Nothing(Exception):
    """There is nothing to choose from."""


class Draw:
    """Choices made of a step's numbers: the same numbers choose the same, on whichever mesh of the same elements."""

    def __init__(self, mesh: Mesh, numbers: Sequence[int]) -> None:
        self._mesh = mesh
        self._numbers = numbers
        self._at = 0

    def whole(self, limit: int) -> int:
        """0 … limit - 1."""
        if limit < 1:
            raise Nothing
        number = self._numbers[self._at % len(self._numbers)] + self._at // len(self._numbers)
        self._at += 1
        return number % limit

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`, both included."""
        return low + (high - low) * (self.whole(LIMIT) / (LIMIT - 1))

    def point(self, size: float = 4.0) -> tuple[float, float, float]:
        """Three numbers."""
        return self.between(-size, size), self.between(-size, size), self.between(-size, size)

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of them."""
        return items[self.whole(len(items))]

    def some_of(self, items: Sequence[Item], most: int) -> list[Item]:
        """At most `most` different ones that lie beside each other, and at least one."""
        first = self.whole(len(items))
        count = 1 + self.whole(min(most, len(items)))
        return [items[(first + at) % len(items)] for at in range(count)]

    def vertex(self) -> bytes:
        """A living vertex."""
        return self.one_of(self._mesh.vertex_ids())

    def edge(self) -> bytes:
        """A living edge."""
        return self.one_of(self._mesh.edge_ids())

    def face(self) -> bytes:
        """A living face."""
        return self.one_of(self._mesh.face_ids())

    def boundary_edge(self) -> bytes:
        """A living edge with one face."""
        halfedges = self._mesh.halfedges
        sides = [side for side in range(halfedges.face.count) if halfedges.face.view[side] == -1]
        return self.one_of(sorted(halfedges.edges.id_of(side >> 1) for side in sides))


Operation = Callable[[Mesh, Draw, CommandName], Made | None]

STEPS = st.tuples(*[st.integers(0, LIMIT - 1)] * NUMBERS_IN_A_STEP)
