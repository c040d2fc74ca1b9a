"""What mesh programs are written with: a mesh, names for its commands, elements by place, and a note of every step."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.mesh import Mesh, canonical_bytes, face_centroid, validate
from theta.mesh.halfedges import Point
from theta.mesh.results import Made

ACTOR = 0x6D657368
# Slanted, so that no two elements of the programs are equally far along it.
ALONG = (1.0, 0.3125, 0.09375)

NOTHING = "-"


def digest(*parts: bytes) -> str:
    """8 bytes of BLAKE2b in hex."""
    return hashlib.blake2b(b"".join(parts), digest_size=8).hexdigest()


class Step(NamedTuple):
    """What one step came to.

    Attributes:
        did: the operation, and the error where it was refused.
        vertices, edges, faces: how many live.
        content, redirects: digests of the canonical bytes and of the redirects.
        made: digest of the ids that the operation returned.
        answers: digest of what was asked.
    """

    did: str
    vertices: int
    edges: int
    faces: int
    content: str
    redirects: str
    made: str = NOTHING
    answers: str = NOTHING

    def line(self) -> str:
        """As it is in the vectors."""
        return " ".join(map(str, self))


@dataclass
class Workpiece:
    """A mesh under work.

    Attributes:
        mesh: as it is now.
        steps: what was done so far, and what it came to.
    """

    mesh: Mesh = field(default_factory=Mesh)
    steps: list[Step] = field(default_factory=list)

    def name(self) -> CommandName:
        """The name of the next command."""
        return CommandName(ACTOR, len(self.steps) + 1)

    def do(self, operation: Callable[..., Made | None], *arguments: Any) -> Made:
        """Run an operation under the next command's name, and note what it came to.

        A typed refusal is noted too, and makes nothing.
        """
        what = operation.__name__
        try:
            made = operation(self.mesh, *arguments, self.name()) or Made()
        except UsageError as error:
            self.note(f"{what}:{type(error).__name__}")
            return Made()
        self.note(what, made)
        return made

    def start(self, what: str, mesh: Mesh) -> None:
        """Go on with another mesh."""
        self.mesh = mesh
        self.note(what)

    def note(self, what: str, made: Made | None = None, *more: bytes) -> None:
        """Note the state; `more` are bytes of answers about it."""
        validate(self.mesh)
        mesh = self.mesh
        step = Step(
            *(what, mesh.vertex_count, mesh.edge_count, mesh.face_count),
            digest(canonical_bytes(mesh)),
            digest(mesh.redirects.digest()),
        )
        if made is not None:
            ids = (bytes(each) for kind in (made.vertices, made.edges, made.faces) for each in kind)
            step = step._replace(made=digest(*ids))
        self.steps.append(step._replace(answers=digest(*more)) if more else step)

    def vertex(self, rank: int = 0, along: Point = ALONG) -> bytes:
        """The vertex that is farthest in a direction, or the rank-th after it."""
        return _ranked(self.mesh.vertex_ids(), self.mesh.position, along)[rank]

    def edge(self, rank: int = 0, along: Point = ALONG) -> bytes:
        """The edge whose middle is."""
        return self.edges(along)[rank]

    def edges(self, along: Point = ALONG) -> list[bytes]:
        """All edges, the one whose middle is farthest in a direction first."""
        return _ranked(self.mesh.edge_ids(), self._middle, along)

    def face(self, rank: int = 0, along: Point = ALONG) -> bytes:
        """The face whose centroid is."""
        return self.faces(along)[rank]

    def faces(self, along: Point = ALONG) -> list[bytes]:
        """All faces, the one whose centroid is farthest in a direction first."""
        return _ranked(self.mesh.face_ids(), lambda face: face_centroid(self.mesh, face), along)

    def border(self, along: Point = ALONG) -> list[bytes]:
        """The edges that have one face, the farthest in a direction first."""
        uses: dict[bytes, int] = {}
        for face in self.mesh.face_ids():
            for edge in self.mesh.face_edges(face):
                uses[edge] = uses.get(edge, 0) + 1
        return [edge for edge in self.edges(along) if uses[edge] == 1]

    def _middle(self, edge: bytes) -> Point:
        (x, y, z), (u, v, w) = (self.mesh.position(vertex) for vertex in self.mesh.edge_vertices(edge))
        return x + u, y + v, z + w


def _ranked(ids: Sequence[bytes], place: Callable[[bytes], Point], along: Point) -> list[bytes]:
    a, b, c = along

    def far(identifier: bytes) -> tuple[float, bytes]:
        x, y, z = place(identifier)
        return -(x * a + y * b + z * c), identifier

    return sorted(ids, key=far)


class Dice:
    """Numbers that look random and are the same everywhere (a linear congruential generator, modulo 2^64)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % limit

    def one(self, some: Sequence[Any]) -> Any:
        """One of them."""
        return some[self.below(len(some))]

    def several(self, some: Sequence[Any], most: int) -> list[Any]:
        """Different ones, at least one."""
        return list(dict.fromkeys(self.one(some) for _ in range(1 + self.below(most))))

    def share(self) -> float:
        """In steps of 1/1024, between 0 and 1 and neither."""
        return (1 + self.below(1023)) / 1024.0

    def length(self) -> float:
        """Metres, of either sign, up to 1."""
        return (self.below(2049) - 1024) / 1024.0

    def point(self) -> Point:
        """Anywhere within a metre of the origin's axes."""
        return self.length(), self.length(), self.length()


def array_bytes(*arrays: Any) -> bytes:
    """The arrays' bytes, one after the other."""
    return b"".join([np.ascontiguousarray(array).tobytes() for array in arrays])
