"""What every operation on a mesh has as a command: its elements by id, what it reads and writes, what it costs.

An id in a payload may be of an element that is no more: it then means what replaced it (spec/commands.md, CMD-51).
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from theta.base.errors import InvalidValue, UnknownElement
from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_PER_TOKEN, COMMAND_RESOLVED_MAX, IDENTIFIER_BYTES
from theta.editor.operation import Operation, split_ids
from theta.editor.touches import Aspect, Reach, Touch
from theta.mesh import Mesh
from theta.mesh.results import Made
from theta.wire.types import Id16

Kind = Literal["vertex", "edge", "face"]


EVERYTHING = tuple(Touch("", Reach.MESH, aspect) for aspect in (Aspect.POSITION, Aspect.TOPOLOGY, Aspect.ATTRIBUTE))


def elements(**fields: Kind) -> Mapping[str, Kind]:
    """The fields of a payload that name elements, and of which kind."""
    return MappingProxyType(fields)


def touching(reach: Reach, *fields: str, aspects: str = "pta") -> tuple[Touch, ...]:
    """Several touches of one reach; `aspects` are the first letters of position, topology and attribute."""
    wanted = [aspect for aspect in (Aspect.POSITION, Aspect.TOPOLOGY, Aspect.ATTRIBUTE) if aspect[0] in aspects]
    return tuple(Touch(field, reach, aspect) for field in fields for aspect in wanted)


class MeshOperation(Operation, frozen=True):
    """Base of what changes an entity's mesh, and nothing else of it.

    What is counted against a limit (vertices, faces, bytes of the mesh) is read by all of them and not declared; what
    an operation makes is new and so not among its writes.
    """

    ELEMENTS: ClassVar[Mapping[str, Kind]] = MappingProxyType({})
    """The fields that name elements: one id of 16 bytes, or several one after the other."""
    ELEMENTS_PER_TOKEN: ClassVar[int] = COMMAND_ELEMENTS_PER_TOKEN
    entity: Id16

    @property
    def price(self) -> int:
        """See Operation.price: many elements cost as much as several commands."""
        named = 0
        for field in self.ELEMENTS:
            named += len(getattr(self, field))
        return self.TOKENS + named // (IDENTIFIER_BYTES * self.ELEMENTS_PER_TOKEN)

    def change(self, mesh: Mesh, name: CommandName) -> Made:
        """Change the mesh as the command `name`, and return what that made.

        Raises:
            UsageError: it cannot be done, and nothing was changed.
        """
        raise NotImplementedError

    def kind_of(self, field: str) -> Kind:
        """Which kind of elements a field names."""
        return self.ELEMENTS[field]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes ("domain name") that it writes and no others; all that an element has when there are none."""
        return ()

    def given(self, field: str) -> list[bytes]:
        """The ids that a field names, living or not."""
        ids: bytes = getattr(self, field)
        return [ids] if len(ids) == IDENTIFIER_BYTES else split_ids(ids)

    def named(self, mesh: Mesh, field: str) -> list[bytes]:
        """The living elements that a field names, or that replaced what it names: each once, as they come.

        Ids that nothing lives of any more are left out.
        """
        return living(mesh, self.kind_of(field), getattr(self, field))


def living_of_each(mesh: Mesh, kind: Kind, ids: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Of each id in turn the living element, or what replaced it.

    Raises:
        InvalidValue: all together come to more than COMMAND_RESOLVED_MAX elements, those that are no more counted.
    """
    left = COMMAND_RESOLVED_MAX
    for one in ids:
        found = []
        for each, lives in mesh.successors(kind, one):
            left -= 1
            if left < 0:
                most = f"at most {COMMAND_RESOLVED_MAX} elements, with those that replaced others"
                raise InvalidValue("elements", f"more than {COMMAND_RESOLVED_MAX}", most)
            if lives:
                found.append(each)
        yield found


def living(mesh: Mesh, kind: Kind, ids: bytes) -> list[bytes]:
    """The living of these ids (16 bytes each), and of those that are no more what replaced them: each once.

    Raises:
        InvalidValue: see `living_of_each`.
    """
    return list(dict.fromkeys(each for some in living_of_each(mesh, kind, split_ids(ids)) for each in some))


def some_living(mesh: Mesh, kind: Kind, ids: bytes) -> list[bytes]:
    """As `living`.

    Raises:
        UnknownElement: none is left; names the first.
        InvalidValue: see `living_of_each`.
    """
    found = living(mesh, kind, ids)
    if not found:
        raise UnknownElement(kind, ids[:IDENTIFIER_BYTES])
    return found
