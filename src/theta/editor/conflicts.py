"""Which concurrent commands a command is in conflict with, and what that comes to: CMD-80 … CMD-83.

A command writes fields of elements: its *scope*. It is in conflict with each command before it in the fold that wrote
some of the same, and that its author had not seen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from theta.base.errors import UsageError
from theta.base.identifiers import CommandName
from theta.base.limits import CONFLICT_NAMES_MAX
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.judging import Judge
from theta.editor.mesh_operations import (
    DeleteElements,
    ExtrudeFaceV2,
    MeshOperation,
    MoveVerticesV2,
    SetAttribute,
    Weld,
)
from theta.editor.mesh_operations.scopes import Scope, star_of
from theta.editor.operation import Operation, split_ids
from theta.editor.touches import Aspect, Reach, Touch
from theta.editor.unit_state import Outcome, Unit
from theta.editor.vocabulary import ExtrudeFace, MoveVertices
from theta.editor.writers import EVERY, WHOLE, Heads, Writer, Writers
from theta.mesh import Mesh

POSITION, TOPOLOGY, ATTRIBUTE = Aspect.POSITION.value, Aspect.TOPOLOGY.value, Aspect.ATTRIBUTE.value
EXISTENCE = "existence"

Written = Mapping[str, Collection[bytes]]
"""A scope: by field, the elements; WHOLE of what an object has beside its mesh, and of all elements of it."""

NOTHING_WRITTEN: Written = MappingProxyType({})


class Rival(NamedTuple):
    """A concurrent command that wrote some of the same: the first field and element of it that was found, and who."""

    field: str
    element: bytes
    writer: Writer


def written(operation: Operation, mesh: Mesh | None) -> Written:
    """What an operation writes of a unit as it is before it: ids that it names, living or not, and what it declares."""
    if isinstance(operation, MoveVertices | ExtrudeFace):
        operation = _AS_VERSION_2[type(operation)](operation)
    if isinstance(operation, MeshOperation):
        return _written_of_mesh(operation, mesh)
    return {touch.field: (WHOLE,) for touch in operation.WRITES}


def find_rivals(writers: Writers, scope: Written, command: Command, judge: Judge) -> list[Rival]:
    """Everybody with whom a command is in conflict, masked ones and those that did nothing included."""
    found: list[Rival] = []
    for field, elements in _overlapping(writers, scope):
        # Most of what others do is known, whatever it was done to.
        if not _any_unknown(writers.heads(field, EVERY), command, judge):
            continue
        for element in elements:
            heads = writers.heads(field, element)
            found += [Rival(field, element, each) for each in heads if _is_concurrent(each, command, judge)]
    return found


def meets(writers: Writers, field: str, elements: Collection[bytes], command: Command, judge: Judge) -> bool:
    """Whether a command that writes one field, which is no attribute, is in conflict with anybody: as `find_rivals`."""
    for name, some in ((field, elements), (EXISTENCE, ())):
        table = writers.tables.get(name)
        if not table or not _any_unknown(table[EVERY], command, judge):
            continue
        for element in (WHOLE, *some):
            heads = table.get(element)
            if heads is not None and any(_is_concurrent(each, command, judge) for each in heads):
                return True
    return False


def strategies(rivals: Collection[Rival], command: Command, judge: Judge) -> dict[Writer, Strategy]:
    """What happens to the command, by those with whom it is in conflict."""
    writers = {rival.writer for rival in rivals}
    return {writer: judge.strategy(command, writer.branch, writer.seq) for writer in writers}


def overwritten(operation: Operation, rivals: Collection[Rival]) -> list[Rival]:
    """Those whose values are gone when an operation has been applied as it is."""
    did = [rival for rival in rivals if rival.writer.did]
    if isinstance(operation, DeleteElements | Weld):
        named = {each for field in operation.ELEMENTS for each in operation.given(field)}
        return [rival for rival in did if rival.element in named]
    if sets_values(operation):
        return did
    return []


def lost_to(operation: Operation, rivals: Collection[Rival], writers: Writers) -> list[Rival]:
    """Those who may have taken away what an operation needed, when it came to nothing."""
    if isinstance(operation, MoveVertices | ExtrudeFace):
        operation = _AS_VERSION_2[type(operation)](operation)
    named: set[bytes] = set()
    if isinstance(operation, MeshOperation):
        named.update(each for field in operation.ELEMENTS for each in operation.given(field))
    return [
        rival
        for rival in rivals
        if rival.writer.did
        and (
            rival.field == EXISTENCE
            # Whoever deletes a vertex is met by the one who moves it at its position.
            or (rival.element in named and rival.writer in writers.heads(TOPOLOGY, rival.element))
        )
    ]


def names(rivals: Collection[Rival]) -> tuple[CommandName, ...]:
    """Their names, ascending, at most CONFLICT_NAMES_MAX."""
    return tuple(sorted({rival.writer.name for rival in rivals})[:CONFLICT_NAMES_MAX])


def sets_values(operation: Any) -> bool:
    """Whether an operation only sets values, whatever these were before."""
    if isinstance(operation, MoveVertices):
        return True
    return bool(operation.WRITES) and all(touch.aspect is not Aspect.TOPOLOGY for touch in operation.WRITES)


def still_written(writers: Writers, command: Command) -> bool:
    """Whether any value that a command set is still what it set; True of all that does more than set values."""
    operation = command.operation
    assert isinstance(operation, Operation)
    if not sets_values(operation):
        return True
    for field, elements in written(operation, None).items():
        for element in elements:
            heads = [writer for writer in writers.heads(field, element) if writer.did]
            if heads and (heads[-1].name == command.name or any(writer.added for writer in heads)):
                return True
    return False


def outlasts(command: Command, later: Iterable[tuple[Command, Outcome]], unit: Unit) -> bool:
    """Whether values of which none is `still_written` may be seen in a unit all the same.

    They may where something was made of them before they were overwritten: a face was extruded at a vertex that was
    moved back later. Or where those who wrote the same were only near it.

    Args:
        command: one that did something, and sets values alone.
        later: all commands of the unit after it, in the order of the fold.
        unit: what they have come to.
    """
    operation = command.operation
    if not isinstance(operation, MeshOperation | MoveVertices):
        return False
    left = _values(operation)
    may_be_read = not _was_left_alone(operation, unit)
    if not may_be_read and left.keys() == {POSITION}:
        return False
    for each, outcome in later:
        if outcome.kind == "suspended" or outcome.kind == "rejected":
            continue
        if not sets_values(each.operation):
            if may_be_read and _reads(each.operation, left):
                return True
            continue
        for field, elements in _values(each.operation).items():
            if left.get(field, set()).isdisjoint(elements) or outcome.kind == "merged":
                continue
            if not outcome.did_something:
                return True
            left[field] -= elements
        if not any(left.values()):
            return False
    return True


def _written_of_mesh(operation: MeshOperation, mesh: Mesh | None) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    reached: dict[tuple[str, Reach], Scope] = {}
    for touch in operation.WRITES:
        for field in _fields(operation, touch):
            elements = found.setdefault(field, set())
            # What is connected is not looked for: a whole part is as good as the whole mesh.
            if touch.reach >= Reach.PART:
                elements.add(WHOLE)
                continue
            elements.update(operation.given(touch.field))
            if mesh is not None:
                key = (touch.field, touch.reach)
                if key not in reached:
                    reached[key] = _reached(operation, touch, mesh)
                elements |= reached[key].vertices
                if touch.aspect is not Aspect.POSITION:
                    elements |= reached[key].edges
                    elements |= reached[key].faces
    return found


def _fields(operation: MeshOperation, touch: Touch) -> list[str]:
    """Who writes the topology of an element writes all its attributes, so that these need no field of their own."""
    if touch.aspect is Aspect.ATTRIBUTE:
        return [f"{ATTRIBUTE} {name}" for name in operation.attributes]
    return [touch.aspect.value]


def _reached(operation: MeshOperation, touch: Touch, mesh: Mesh) -> Scope:
    scope = Scope()
    try:
        living = operation.named(mesh, touch.field)
    except UsageError:
        return scope
    scope.of(operation.kind_of(touch.field)).update(living)
    return star_of(mesh, scope) if touch.reach is Reach.RING else scope


def _is_concurrent(writer: Writer, command: Command, judge: Judge) -> bool:
    if writer.branch == command.branch:
        return writer.actor != command.position.actor and writer.seq > command.seen
    return not judge.precedes(writer.actor, writer.seq, writer.branch, command)


def _any_unknown(heads: Heads, command: Command, judge: Judge) -> bool:
    """Whether any of these, or anybody whom they knew of, may be concurrent.

    An author knows their own work on another branch, but here need not know what that was built on.
    """
    actor, branch, seen = command.position.actor, command.branch, command.seen
    for writer in heads:
        if writer[3] == branch:
            if writer[0] != actor and writer[2] > seen:
                return True
        elif writer[0] == actor or not judge.precedes(writer.actor, writer.seq, writer.branch, command):
            return True
    return False


def _overlapping(writers: Writers, scope: Written) -> Iterator[tuple[str, Collection[bytes]]]:
    """Fields and elements under which others may have written what is in the scope."""
    tables = writers.tables
    if EXISTENCE in scope:
        yield from ((field, (EVERY,)) for field in tables)
        return
    if scope:
        yield EXISTENCE, (EVERY,)
    for field, elements in scope.items():
        for other in _same_fields(tables, field):
            yield other, (EVERY,) if WHOLE in elements else (WHOLE, *elements)


def _same_fields(tables: Collection[str], field: str) -> list[str]:
    """A field, and those it may be the same as: attributes of an element that are written with its topology."""
    if field == TOPOLOGY:
        return [field, *[other for other in tables if other.startswith(ATTRIBUTE)]]
    return [field, TOPOLOGY] if field.startswith(ATTRIBUTE) else [field]


def _values(operation: Any) -> dict[str, set[bytes]]:
    """What one that sets values sets: as its scope, but of corners the face and the vertex."""
    if isinstance(operation, MoveVertices | MoveVerticesV2):
        return {POSITION: set(split_ids(operation.vertices))}
    if isinstance(operation, SetAttribute) and operation.domain == "corner":
        ids = split_ids(operation.elements)
        corners = {face + vertex for face, vertex in zip(ids[0::2], ids[1::2], strict=True)}
        return dict.fromkeys(written(operation, None), corners)
    return {field: set(elements) for field, elements in written(operation, None).items()}


def _was_left_alone(operation: Any, unit: Unit) -> bool:
    """Whether nothing has ever reached the elements whose values an operation sets but what sets values, too."""
    mesh, writers = unit.mesh, unit.writers
    if mesh is None or writers.heads(TOPOLOGY, WHOLE):
        return False
    tables = [mesh.halfedges.table(kind).slots for kind in ("vertex", "edge", "face")]
    named = {each for elements in written(operation, None).values() for each in elements}
    # An id that never lived may redirect to something that did.
    return all(any(each in slots for slots in tables) and not writers.heads(TOPOLOGY, each) for each in named)


def _reads(operation: Any, values: Mapping[str, Collection[bytes]]) -> bool:
    """Whether an operation reads, of any element, a field of which there are values."""
    fields = {field.split(" ")[0] for field, elements in values.items() if elements}
    return any(touch.aspect.value in fields for touch in operation.READS)


_AS_VERSION_2: dict[type[Any], Callable[[Any], MeshOperation]] = {
    MoveVertices: lambda one: MoveVerticesV2(one.entity, one.vertices, one.targets, one.deltas),
    ExtrudeFace: lambda one: ExtrudeFaceV2(one.entity, one.face, one.distance),
}
