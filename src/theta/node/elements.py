"""The elements of a mesh that a command names, for showing them to people."""

from theta.base.limits import ELEMENTS_SHOWN_MAX, IDENTIFIER_BYTES
from theta.commands.registry import Payload
from theta.editor.mesh_operations.base import MeshOperation
from theta.editor.operation import split_ids
from theta.editor.vocabulary import ExtrudeFace, MoveVertices


def elements_named(operation: Payload) -> list[bytes]:
    """The first ELEMENTS_SHOWN_MAX ids of elements in a payload, each 16 bytes; none when it names an object only."""
    if isinstance(operation, MeshOperation):
        found = [each for field in operation.ELEMENTS for each in split_ids(_some(getattr(operation, field)))]
    elif isinstance(operation, MoveVertices):
        found = split_ids(_some(operation.vertices))
    elif isinstance(operation, ExtrudeFace):
        found = [operation.face]
    else:
        found = []
    return found[:ELEMENTS_SHOWN_MAX]


def _some(ids: bytes) -> bytes:
    return ids[: ELEMENTS_SHOWN_MAX * IDENTIFIER_BYTES]
