"""What a fold's last commands have come to, so that a fold which begins with a base need not fold them again (LOG-29).

The commands above a base are known; what is kept of them is what folding them has shown: the units after the last,
every outcome, and what each `set_effective` has masked. A unit that is rolled back later is folded from its base.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, Position
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.editor.effectiveness import OwnedMask, names_in
from theta.editor.fold_state import FoldState, entity_of
from theta.editor.masks import targets_of
from theta.editor.sweep import Sweep
from theta.editor.unit import APPLIED, Outcome, Unit
from theta.editor.unit_snapshot import unit_bytes, unit_of_bytes
from theta.editor.vocabulary import SetEffective, SetEffectiveV2

HEAD_ELEMENTS_MAX = 400_000
"""Of larger meshes no copy is made: that would hold up the room."""


class HeadUnit(NamedTuple):
    """A unit after its last command, and the outcomes of its commands above the base, in fold order."""

    unit: Unit
    outcomes: tuple[Outcome, ...]


class DecidedSwitch(NamedTuple):
    """A `set_effective` above the base: what it came to, and the masks that it has put."""

    name: CommandName
    outcome: Outcome
    masks: tuple[OwnedMask, ...]


class Tail(NamedTuple):
    """What the commands above a base have come to; units that are not here are to be folded."""

    switches: tuple[DecidedSwitch, ...]
    heads: Mapping[bytes, HeadUnit]


def tail_above(state: FoldState, position: Position) -> Tail:
    """What the commands above a position have come to, of a fold at rest; it stays as it is while the fold goes on."""
    switches = tuple(
        DecidedSwitch(each.name, state.outcomes[each.name], state.standing.get(each.name, ()))
        for each in state.switches
        if each.position > position
    )
    heads = {}
    for entity, unit in state.units.items():
        above = [command for command in unit.commands if command.position > position]
        if above and _size(unit.state) <= HEAD_ELEMENTS_MAX:
            heads[entity] = HeadUnit(unit.state.copy(), tuple([state.outcomes[each.name] for each in above]))
    return Tail(switches, heads)


def resume(state: FoldState, commands: Iterable[Command], tail: Tail) -> None:
    """Take commands above the base, in the order of the log, with what they have come to.

    Raises:
        InvalidValue: the tail is of other commands.
    """
    edits: dict[bytes, list[Command]] = {}
    switches: dict[CommandName, Command] = {}
    for command in commands:
        if isinstance(command.operation, Governing):
            state.outcomes[command.name] = APPLIED
        elif isinstance(command.operation, SetEffective):
            switches[command.name] = command
        else:
            edits.setdefault(entity_of(command), []).append(command)
    if {each.name for each in tail.switches} != switches.keys():
        raise InvalidValue("tail", len(tail.switches), "of the same set_effective commands")
    _load(state, [name for each in switches.values() for name in names_in(each)])
    loaded = state.units.keys() - state.unloaded
    _take_switches(state, switches, tail)
    folded: list[bytes] = []
    for entity, found in edits.items():
        head = tail.heads.get(entity)
        if head is not None and entity not in loaded:
            _resume_unit(state, entity, found, head)
        else:
            for command in found:
                state.insert(command)
            folded.append(entity)
    _mask_again(state, loaded, tail)
    sweep = Sweep(state)
    for entity in sorted({*folded, *loaded}):
        for _ in sweep.advance(entity, None):
            pass


def _load(state: FoldState, gestures: Iterable[CommandName]) -> None:
    """Take in the old commands of the units that gestures act on; these are folded when all else is here."""

    def steps() -> Iterator[None]:
        needed = yield from state.needed(gestures)
        yield from state.fetch(needed)
        for entity in sorted(needed):
            yield from state.load(entity)

    for _ in steps():
        pass


def _take_switches(state: FoldState, switches: Mapping[CommandName, Command], tail: Tail) -> None:
    for name, outcome, masks in tail.switches:
        command = switches[name]
        state.insert_switch(command)
        state.outcomes[name] = outcome
        state.masks.put_all(masks)
        if masks:
            state.standing[name] = masks
        if outcome.kind == "no-op" and not isinstance(command.operation, SetEffectiveV2):
            for gesture in targets_of(command):
                state.unheard.setdefault(gesture, []).append(command)


def _resume_unit(state: FoldState, entity: bytes, commands: list[Command], head: HeadUnit) -> None:
    in_order = sorted(commands, key=lambda command: command.position)
    if len(in_order) != len(head.outcomes):
        raise InvalidValue("tail", len(head.outcomes), f"as many outcomes as commands of {entity.hex()}")
    unit = state.units.get(entity)
    if unit is None:
        unit = state.new_unit(entity, state.empty_unit())
    unit.resume(in_order, head.outcomes, head.unit)
    for command in commands:
        state.index(entity, command)
    for command, outcome in zip(in_order, head.outcomes, strict=True):
        state.outcomes[command.name] = outcome


def _mask_again(state: FoldState, loaded: Iterable[bytes], tail: Tail) -> None:
    """Of units whose old commands were loaded, before it was known what is off, leave out what is, and nothing else."""
    for gesture in {gesture for each in tail.switches for gesture, _ in each.masks}:
        effective = state.is_effective(gesture)
        for entity in state.entities_of(gesture).intersection(loaded):
            (state.masked[entity].discard if effective else state.masked[entity].add)(gesture)


def _size(unit: Unit) -> int:
    mesh = unit.mesh
    return mesh.vertex_count + mesh.edge_count + mesh.face_count if mesh is not None else 0


class _StoredHead(msgspec.Struct, array_like=True, frozen=True):
    unit: bytes
    outcomes: tuple[Outcome, ...]


_ENCODER = msgspec.msgpack.Encoder()
_HEADS = msgspec.msgpack.Decoder(_StoredHead)
_SWITCHES = msgspec.msgpack.Decoder(tuple[DecidedSwitch, ...])


def head_bytes(head: HeadUnit) -> bytes:
    """A unit and its outcomes as bytes."""
    return _ENCODER.encode(_StoredHead(unit_bytes(head.unit), head.outcomes))


def head_of_bytes(data: bytes) -> HeadUnit:
    """What `head_bytes` was given.

    Raises:
        InvalidValue: other bytes.
    """
    try:
        stored = _HEADS.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise InvalidValue("head", str(error), "what a unit's head was written as") from error
    return HeadUnit(unit_of_bytes(stored.unit), stored.outcomes)


def switches_bytes(switches: tuple[DecidedSwitch, ...]) -> bytes:
    """What was decided, as bytes."""
    return _ENCODER.encode(switches)


def switches_of_bytes(data: bytes) -> tuple[DecidedSwitch, ...]:
    """What `switches_bytes` was given.

    Raises:
        InvalidValue: other bytes.
    """
    try:
        return _SWITCHES.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise InvalidValue("switches", str(error), "what they were written as") from error
