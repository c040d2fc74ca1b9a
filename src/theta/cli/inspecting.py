"""`theta inspect`: what a room that is open says of its world."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec

from theta.adapters.client.room_client import RoomClient
from theta.adapters.files import running_room_of
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.base.limits import U64_MAX
from theta.cli.console import out
from theta.cli.rooms import entered, is_file
from theta.cli.words import plain
from theta.ecs.systems import Stage
from theta.interest.priority import TICKS_PER_SECOND
from theta.wire.interest_messages import InterestAnswer, ScopeName, SystemTime, WorldAnswer
from theta.wire.messages import Person

ACTOR_DIGITS_MIN = 4


@dataclass(frozen=True)
class InterestOptions:
    """The command line of `theta inspect interest`; an empty `peer` is whoever asks."""

    room: str
    peer: str = ""
    entity: str = ""
    scope: str = ""
    json: bool = False


def inspect_interest(options: InterestOptions) -> None:
    """Print why somebody is told of an entity, or not.

    Raises:
        InvalidValue: no such entity, participant, scope or room.
        StoreUnavailable: nobody serves the room of that file now.
        CommandRefused, ConnectionFailed: the room does not say it.
    """
    entity = read_entity(options.entity)
    scopes: tuple[ScopeName, ...] = get_args(ScopeName)
    scope = next((each for each in scopes if each == options.scope), None)
    if scope is None:
        raise InvalidValue("--scope", options.scope, "editor, or left out")
    name, actor, answer = asyncio.run(_ask_interest(options, entity, scope))
    if options.json:
        _print_json({"peer": name, "actor": f"{actor:016x}", "entity": entity, "scope": scope} | _fields_of(answer))
        return
    for line in interest_lines(name, entity, scope, answer):
        out.print(line, markup=False)


def inspect_world(room: str, *, as_json: bool = False) -> None:
    """Print what lives in a room's world, who is told of it, and how long its systems take.

    Raises:
        InvalidValue, StoreUnavailable, CommandRefused, ConnectionFailed: as for `inspect_interest`.
    """
    people, me, answer = asyncio.run(_ask_world(room))
    names = {person.actor: person.name for person in people}
    if as_json:
        found = _fields_of(answer)
        for peer in found["peers"]:
            peer |= {"name": names.get(peer["actor"], ""), "actor": f"{peer['actor']:016x}"}
        _print_json(found)
        return
    for line in world_lines(answer, names, me):
        out.print(line, markup=False)


def read_entity(text: str) -> int:
    """An entity's id, decimal or in hex.

    Raises:
        InvalidValue: it is none.
    """
    try:
        entity = int(text.strip(), 0)
    except ValueError:
        entity = 0
    if not 1 <= entity <= U64_MAX:
        raise InvalidValue("--entity", text, "an entity's id in the room, as 4294967303 or 0x100000007")
    return entity


def actor_called(text: str, people: Sequence[Person], me: int) -> tuple[str, int]:
    """Whose name, or whose actor in hex, this is: the name to show, and the actor; of nobody in the room its number.

    Args:
        text: as typed; "" for whoever asks.
        people: who is here.
        me: the actor who asks, and who may well be called as somebody else is: the same user, from another program.

    Raises:
        InvalidValue: nobody is called so, or several are; says who is here.
    """
    word = text.strip().casefold()
    if not word:
        return "you", me
    others = [person for person in people if person.actor != me]
    named = [person for person in others if person.name.casefold() == word]
    digits = word.removeprefix("0x")
    if not named and len(digits) >= ACTOR_DIGITS_MIN:
        named = [person for person in others if f"{person.actor:016x}".startswith(digits)]
    if len(named) == 1:
        return named[0].name, named[0].actor
    if not named and len(digits) == 16 and all(sign in "0123456789abcdef" for sign in digits):
        return digits, int(digits, 16)
    here = ", ".join(f"{person.name} ({person.actor:016x})" for person in named or others)
    only = "one of several, by the start of the actor" if named else "who is here"
    raise InvalidValue("--peer", text, f"{only}: {here or 'nobody'}")


def interest_lines(name: str, entity: int, scope: str, answer: InterestAnswer) -> Iterator[str]:
    """An answer for people."""
    told = "told" if answer.relevant else "not told"
    of = f"the {scope} components of entity" if scope else "entity"
    are = "are" if name == "you" else "is"
    yield f"{plain(name)} {are} {told} of {of} {entity:#x}: {plain('; '.join(answer.reasons))}"
    if answer.distance_metres >= 0.0 and answer.radius_metres >= 0.0:
        yield f"  distance:  {answer.distance_metres:.2f} m, of {answer.radius_metres:.2f} m"
    if answer.relevant:
        chosen = ", selected" if answer.selected else ""
        yield f"  priority:  {answer.accumulator:.3f}, and {answer.weight:.3f} more each tick that it waits{chosen}"
    if answer.cell >= 0:
        sent = f"sent in {answer.sent_tick}" if answer.sent_tick else "never sent"
        had = f"acknowledged as of {answer.acknowledged_tick}" if answer.acknowledged_tick else "never acknowledged"
        yield f"  cell {answer.cell}:  changed in tick {answer.changed_tick} of {answer.tick}, {sent}, {had}"
    seconds = answer.waited_ticks / TICKS_PER_SECOND
    yield f"  waits for: {answer.waits_for}" + (f", for {seconds:.2f} s" if answer.waited_ticks else "")


def world_lines(answer: WorldAnswer, names: dict[int, str], me: int) -> Iterator[str]:
    """An answer for people, without whoever asks."""
    yield f"{_counted(answer.entities, 'entity', 'entities')}, tick {answer.tick:,}"
    for group in answer.groups:
        yield f"  {group.entities:>9,}  {plain(', '.join(group.components) or 'without components')}"
    others = answer.entities - sum(group.entities for group in answer.groups)
    if others:
        yield f"  {others:>9,}  with other components"
    peers = [peer for peer in answer.peers if peer.actor != me]
    yield f"{_counted(len(peers), 'participant', 'participants')}, without this one"
    for peer in sorted(peers, key=lambda each: -each.bytes_per_second):
        name = plain(names.get(peer.actor, "somebody new"))
        joining = ", still joining" if peer.joining else ""
        rate = f"{peer.bytes_per_second / 1000:.1f} KB/s"
        cells = _counted(peer.cells, "cell", "cells")
        yield f"  {name} ({peer.actor:016x}): {cells}, {peer.waiting:,} waiting, {rate}{joining}"
    yield from _system_lines(answer.systems)
    if answer.fault:
        yield f"no systems run any more: {plain(answer.fault)}"


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"


def _system_lines(systems: list[SystemTime]) -> Iterator[str]:
    if not systems:
        yield "no systems have run"
        return
    yield "systems: average, p99, runs"
    stages = list(Stage)
    for each in sorted(systems, key=lambda each: (stages.index(Stage(each.stage)), each.system != "")):
        name = f"  {plain(each.system)}" if each.system else plain(each.stage)
        average, p99 = 1e3 * each.average_seconds, 1e3 * each.p99_seconds
        yield f"  {name:<30} {average:>8.3f} ms {p99:>8.3f} ms {each.runs:>9,}"


async def _ask_interest(options: InterestOptions, entity: int, scope: ScopeName) -> tuple[str, int, InterestAnswer]:
    async with _looking_into(options.room) as room:
        name, actor = actor_called(options.peer, room.people, room.actor)
        return name, actor, await room.explain_interest(entity, actor, scope)


async def _ask_world(target: str) -> tuple[Sequence[Person], int, WorldAnswer]:
    async with _looking_into(target) as room:
        return room.people, room.actor, await room.inspect_world()


@asynccontextmanager
async def _looking_into(target: str) -> AsyncIterator[RoomClient]:
    """A room that is served now."""
    if is_file(target) and running_room_of(Path(target)) is None:
        raise StoreUnavailable(f"nobody serves {target} now, so that its world is not there: start `theta serve` first")
    async with entered(target) as room:
        yield room


def _fields_of(answer: InterestAnswer | WorldAnswer) -> dict[str, Any]:
    """An answer's fields as plain data, without the request's number."""
    fields: dict[str, Any] = {name: _plain_data(getattr(answer, name)) for name in answer.__struct_fields__}
    del fields["request"]
    return fields


def _plain_data(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_data(each) for each in value]
    if isinstance(value, msgspec.Struct):
        return {name: _plain_data(getattr(value, name)) for name in value.__struct_fields__}
    return value


def _print_json(fields: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
