"""The mesh of 20,000 faces in a room, and operations on it: moves alone, topological ones alone, or half of each."""

import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from benches._command_load import Maker
from benches._mesh_inputs import SEED, apart, shuffled
from theta.base.identifiers import entity_id
from theta.editor.mesh_operations import ExtrudeFaceV2, MoveVerticesV2, SplitEdge
from theta.editor.vocabulary import CreatePrimitiveV2, Operation
from theta.mesh import Mesh

SEGMENTS, RINGS = 200, 100
UPRIGHT = (0.0, 0.0, 0.0, 1.0)
DISTANCE_METRES = 0.01
ZEROS = bytes(24)


class Workpiece:
    """A torus of 20,000 quads in a room that is being made.

    Every edge and face is split or extruded once at most, and no two extruded faces touch, so that each operation is as
    good at the end as at the beginning.
    """

    def __init__(self, maker: Maker) -> None:
        torus = CreatePrimitiveV2(
            "torus", 2.0, SEGMENTS, RINGS, 0, 0.4, "torus", (0.0, 0.0, 0.0), UPRIGHT, (1.0, 1.0, 1.0)
        )
        (command,) = maker.open_with(torus)
        self.entity = entity_id(command.name)
        self.mesh: Mesh = torus.build(command.name)
        assert self.mesh.face_count == SEGMENTS * RINGS
        vertices = self.mesh.vertex_ids()
        self.vertices = shuffled(vertices, len(vertices))
        self._positions = {vertex: self.mesh.position(vertex) for vertex in vertices}
        self._random = random.Random(SEED)
        edges = self.mesh.edge_ids()
        self._edges: Iterator[Any] = iter(shuffled(edges, len(edges)))
        self._faces: Iterator[Any] = iter(apart(self.mesh.face_ids(), self.mesh.face_vertices, 3_000))

    def moves(self) -> Iterator[Operation]:
        """One vertex each, a little from where it began, all over the mesh, without end."""
        for number in count():
            yield self.move(self.vertices[number % len(self.vertices)])

    def move(self, vertex: bytes) -> Operation:
        """One vertex, somewhere near where it began."""
        start = self._positions[vertex]
        target = [value + self._random.uniform(-0.001, 0.001) for value in start]
        delta = [new - old for new, old in zip(target, start, strict=True)]
        return MoveVerticesV2(self.entity, vertex, np.array(target, "<f8").tobytes(), np.array(delta, "<f8").tobytes())

    def topological(self) -> Iterator[Operation]:
        """Splits and extrusions in turn."""
        for number in count():
            yield self.split() if number % 2 else self.extrude()

    def mixed(self) -> Iterator[Operation]:
        """Moves and topological operations in turn."""
        for move, change in zip(self.moves(), self.topological(), strict=False):
            yield move
            yield change

    def split(self) -> Operation:
        """An edge that was not split yet."""
        return SplitEdge(self.entity, next(self._edges), 0.5)

    def extrude(self) -> Operation:
        """A face that was not extruded yet."""
        return ExtrudeFaceV2(self.entity, next(self._faces), DISTANCE_METRES)
