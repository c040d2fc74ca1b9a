"""Commands that write attributes: CMD-53, CMD-54, CMD-55."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX, COMMAND_VALUES_PER_TOKEN, CREASE_MAX, IDENTIFIER_BYTES
from theta.editor.mesh_operations.base import (
    Kind,
    MeshOperation,
    elements,
    living,
    living_of_each,
    some_living,
    touching,
)
from theta.editor.operation import Vector3, check_between, check_colour, check_ids, split_ids
from theta.editor.touches import Reach
from theta.mesh import Mesh
from theta.mesh.attribute_rows import set_attribute
from theta.mesh.attributes import COLOUR, CREASE, DTYPES, PAINTED, check_key, check_type
from theta.mesh.results import NOTHING, Made
from theta.wire.types import U32

_KIND_OF: dict[str, Kind] = {"vertex": "vertex", "edge": "edge", "face": "face", "corner": "face"}


class PaintFaces(MeshOperation, frozen=True):
    """Give faces (ids of 16 bytes) a colour of their own, sRGB in [0, 1]."""

    NAME = "theta.paint_faces"
    ELEMENTS = elements(faces="face")
    ELEMENTS_PER_TOKEN = COMMAND_VALUES_PER_TOKEN
    READS = touching(Reach.SELF, "faces", aspects="t")
    WRITES = touching(Reach.SELF, "faces", aspects="a")
    faces: bytes
    colour: Vector3

    def check(self) -> None:
        """See Operation.check."""
        check_ids("faces", self.faces, COMMAND_ELEMENTS_MAX)
        check_colour(self.colour)

    @property
    def attributes(self) -> tuple[str, ...]:
        """See MeshOperation.attributes."""
        return (f"face {COLOUR}", f"face {PAINTED}")

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        faces = some_living(mesh, "face", self.faces)
        with mesh.journal.operation():
            set_attribute(mesh, "face", COLOUR, faces, [self.colour] * len(faces))
            set_attribute(mesh, "face", PAINTED, faces, [[1]] * len(faces), "u1")
        return NOTHING


class SetCrease(MeshOperation, frozen=True):
    """Say how sharp edges (ids of 16 bytes) stay when the mesh is subdivided: 0 … CREASE_MAX."""

    NAME = "theta.set_crease"
    ELEMENTS = elements(edges="edge")
    ELEMENTS_PER_TOKEN = COMMAND_VALUES_PER_TOKEN
    READS = touching(Reach.SELF, "edges", aspects="t")
    WRITES = touching(Reach.SELF, "edges", aspects="a")
    edges: bytes
    sharpness: float

    def check(self) -> None:
        """See Operation.check."""
        check_ids("edges", self.edges, COMMAND_ELEMENTS_MAX)
        check_between("sharpness", self.sharpness, 0.0, CREASE_MAX)

    @property
    def attributes(self) -> tuple[str, ...]:
        """See MeshOperation.attributes."""
        return (f"edge {CREASE}",)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        edges = some_living(mesh, "edge", self.edges)
        set_attribute(mesh, "edge", CREASE, edges, [[self.sharpness]] * len(edges))
        return NOTHING


class SetAttribute(MeshOperation, frozen=True):
    """Write an attribute of elements: of vertices, edges or faces by ids of 16 bytes; of corners by face and vertex.

    `values` is n × `width` little-endian numbers: float64 for "f8", int32 for "i4", uint8 for "u1". Elements that are
    no more are left out; those that were split all get the value.
    """

    NAME = "theta.set_attribute"
    ELEMENTS = elements(elements="face")
    ELEMENTS_PER_TOKEN = COMMAND_VALUES_PER_TOKEN
    READS = touching(Reach.SELF, "elements", aspects="t")
    WRITES = touching(Reach.SELF, "elements", aspects="a")
    domain: Literal["vertex", "edge", "face", "corner"]
    attribute: str
    kind: Literal["f8", "i4", "u1"]
    width: U32
    elements: bytes
    values: bytes

    def check(self) -> None:
        """See Operation.check."""
        check_key(self.domain, self.attribute)
        check_type(self.kind, self.width)
        if self.domain == "corner":
            count = self._check_corners()
        else:
            count = check_ids("elements", self.elements, COMMAND_ELEMENTS_MAX)
        size = count * self.width * DTYPES[self.kind].itemsize
        if len(self.values) != size:
            raise InvalidValue("values", len(self.values), f"{size} bytes, {self.width} × {self.kind} for each element")
        if self.kind == "f8" and not np.isfinite(self._rows()).all():
            raise InvalidValue("values", "a number", "finite")

    def kind_of(self, field: str) -> Kind:
        """See MeshOperation.kind_of; of corners, their faces."""
        return _KIND_OF[self.domain]

    @property
    def attributes(self) -> tuple[str, ...]:
        """See MeshOperation.attributes."""
        return (f"{self.domain} {self.attribute}",)

    def given(self, field: str) -> list[bytes]:
        """See MeshOperation.given; of corners, their faces."""
        ids = split_ids(self.elements)
        return ids[0::2] if self.domain == "corner" else ids

    def named(self, mesh: Mesh, field: str) -> list[bytes]:
        """See MeshOperation.named; of corners, their faces."""
        return living(mesh, self.kind_of(field), b"".join(self.given(field)))

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """See MeshOperation.change."""
        rows: dict[Any, Any] = {}
        for element, row in zip(self._elements(mesh), self._rows().tolist(), strict=True):
            rows.update((each, row) for each in element)
        if not rows:
            raise UnknownElement(self.kind_of("elements"), self.elements[:IDENTIFIER_BYTES])
        set_attribute(mesh, self.domain, self.attribute, list(rows), list(rows.values()), self.kind)
        return NOTHING

    def _check_corners(self) -> int:
        count, rest = divmod(len(self.elements), 2 * IDENTIFIER_BYTES)
        if rest or not 1 <= 2 * count <= COMMAND_ELEMENTS_MAX:
            raise InvalidValue("elements", len(self.elements), f"1 to {COMMAND_ELEMENTS_MAX // 2} pairs of ids")
        size = 2 * IDENTIFIER_BYTES
        if len({self.elements[at : at + size] for at in range(0, len(self.elements), size)}) != count:
            raise InvalidValue("elements", count, "distinct corners")
        return count

    def _rows(self) -> NDArray[Any]:
        dtype = DTYPES[self.kind].newbyteorder("<")
        return np.frombuffer(self.values, dtype).reshape(-1, self.width)

    def _elements(self, mesh: Mesh) -> Iterator[list[Any]]:
        """For each row, the living elements that it is for."""
        ids = split_ids(self.elements)
        if self.domain != "corner":
            return living_of_each(mesh, self.domain, ids)
        pairs = zip(living_of_each(mesh, "face", ids[0::2]), living_of_each(mesh, "vertex", ids[1::2]), strict=True)
        return (_corners(mesh, faces, vertices) for faces, vertices in pairs)


def _corners(mesh: Mesh, faces: list[bytes], vertices: list[bytes]) -> list[tuple[bytes, bytes]]:
    return [(face, corner) for face in faces for corner in mesh.face_vertices(face) if corner in vertices]
