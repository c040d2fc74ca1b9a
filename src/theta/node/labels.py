"""What a command did, in a few words for people."""

from collections.abc import Callable

from theta.commands.governing import (
    CreateBranch,
    Kick,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
)
from theta.commands.log import Command
from theta.editor.history import describe
from theta.editor.vocabulary import SetEffective


def label_of(command: Command, name_of: Callable[[bytes], str]) -> str:
    """As `describe`, but undo by its name and governing commands with whom they are about.

    Args:
        command: any.
        name_of: what an author is called.
    """
    operation = command.operation
    match operation:
        case SetRole():
            label = f"make {name_of(operation.author)} {operation.role}"
        case Kick():
            label = f"kick {name_of(operation.author)}"
        case RevokeKey():
            label = f"revoke the key of {name_of(operation.author)}"
        case RestoreKey():
            label = f"restore the key of {name_of(operation.author)}"
        case SetStrategy():
            label = f"set strategy of {operation.command} to {operation.strategy}"
        case SetPermission():
            label = f"let {operation.role}s and above use {operation.command}"
        case SetCascade():
            label = "allow cascades" if operation.allowed else "forbid cascades"
        case CreateBranch():
            label = f"create branch {operation.name}"
        case SetEffective():
            label = "redo" if operation.on else "undo"
        case _:
            label = describe(command)
    return label
