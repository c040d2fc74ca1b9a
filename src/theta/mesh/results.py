"""What an operation made: spec/mesh.md, MESH-28."""

from collections.abc import Sequence
from typing import NamedTuple

from theta.mesh.columns import IdArray

Ids = Sequence[bytes] | IdArray


class Made(NamedTuple):
    """The ids of the elements that an operation made, each kind in the order of the operation's rule.

    Attributes:
        vertices, edges, faces: 16 bytes each; from an operation on the whole mesh (n, 16) uint8.
    """

    vertices: Ids = ()
    edges: Ids = ()
    faces: Ids = ()


NOTHING = Made()
