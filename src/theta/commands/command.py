"""A command as the log gives it out."""

from collections.abc import Sequence
from functools import partial
from itertools import repeat

import msgspec

from theta.base.identifiers import MAIN_BRANCH, CommandName, Position
from theta.commands.packets import ParsedBody
from theta.commands.registry import Payload


class Command(msgspec.Struct, frozen=True, gc=False):
    """An admitted command: what the fold orders and applies. `gesture` is the name of the gesture's first command."""

    position: Position
    name: CommandName
    gesture: CommandName
    author: bytes
    seq: int
    seen: int
    operation: Payload
    branch: bytes = MAIN_BRANCH


# A third of what admission costs would be the constructors of these named tuples, which are Python functions.
_position = partial(tuple.__new__, Position)
_name = partial(tuple.__new__, CommandName)
_Positions = list[Position]
_Names = list[CommandName]


def make_commands(
    actor: int, author: bytes, seq: int, seen: int, branch: bytes, body: ParsedBody, operations: Sequence[Payload]
) -> list[Command]:
    """The commands of a packet that is record `seq`, in its order."""
    numbers, gestures = body.numbers, body.gestures
    if len(numbers) == 1:
        number, gesture = numbers[0], gestures[0]
        name = _name((actor, number))
        begun = name if gesture == number else _name((actor, gesture))
        position = _position((body.lamports[0], actor, number))
        return [Command(position, name, begun, author, seq, seen, operations[0], branch)]
    names = begins = msgspec.convert(list(zip(repeat(actor), numbers, strict=False)), _Names)
    if gestures != numbers:
        named = {gesture: CommandName(actor, gesture) for gesture in set(gestures)}
        begins = [named[gesture] for gesture in gestures]
    positions = msgspec.convert(list(zip(body.lamports, repeat(actor), numbers, strict=False)), _Positions)
    same = (repeat(author), repeat(seq), repeat(seen))
    return list(map(Command, positions, names, begins, *same, operations, repeat(branch)))
