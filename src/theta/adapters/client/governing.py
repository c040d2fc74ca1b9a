"""The verbs of an admin: who may do what, and what happens when two people change the same thing."""

from typing import get_args

from theta.adapters.client.people import Someone, author_called
from theta.adapters.client.room_view import RoomView
from theta.adapters.client.values import Invitation
from theta.base.errors import InvalidValue
from theta.commands.governing import (
    ANY_COMMAND,
    Kick,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
    StrategyName,
)
from theta.commands.roles import ROLES
from theta.editor.vocabulary import OPERATIONS
from theta.wire.messages import InviteMade, InviteRequest
from theta.wire.types import RoleName

COMMAND_NAMES = frozenset(operation.NAME for operation in OPERATIONS)


class Governing(RoomView):
    """What a RoomClient of an admin can decide. Each verb counts from its record on, and is never undone.

    They raise CommandRefused ("NotAllowed") when this participant may not, NoEffect when it came to nothing, and
    InvalidValue before anything is sent.
    """

    async def set_role(self, who: Someone, role: RoleName) -> None:
        """Make somebody a "viewer", an "editor" or an "admin", whatever the invite said; the owner stays admin."""
        if role not in ROLES:
            raise InvalidValue("role", role, "one of " + ", ".join(ROLES))
        await self.perform(SetRole(author_called(self.replica.log, who), role))

    async def kick(self, who: Someone, reason: str = "") -> None:
        """Close every session of somebody, with a reason that they are shown; with an invite they may come back."""
        await self.perform(Kick(author_called(self.replica.log, who), reason))

    async def revoke(self, who: Someone, reason: str = "") -> None:
        """Refuse somebody's key from now on; what they made stays."""
        await self.perform(RevokeKey(author_called(self.replica.log, who), reason))

    async def restore(self, who: Someone) -> None:
        """Let somebody in again whose key was revoked."""
        await self.perform(RestoreKey(author_called(self.replica.log, who)))

    async def set_strategy(self, strategy: StrategyName, command: str = ANY_COMMAND) -> None:
        """Say what happens to the later of two that change the same thing without knowing of each other.

        Args:
            strategy: "last-writer-wins" (it counts), "merge" (both do, where that can be) or "reject" (it is refused).
            command: for which type of command, as "move_vertices"; for all that have no strategy of their own.
        """
        if strategy not in get_args(StrategyName):
            raise InvalidValue("strategy", strategy, "one of " + ", ".join(get_args(StrategyName)))
        await self.perform(SetStrategy(command if command == ANY_COMMAND else command_called(command), strategy))

    async def set_permission(self, command: str, role: RoleName) -> None:
        """Leave a type of command, as "delete", to those who have at least this role."""
        if role not in ROLES:
            raise InvalidValue("role", role, "one of " + ", ".join(ROLES))
        await self.perform(SetPermission(command_called(command), role))

    async def set_cascade(self, allowed: bool) -> None:
        """Say whether an undo may take back, when asked to, what others built on it."""
        await self.perform(SetCascade(bool(allowed)))

    async def invite(self, role: RoleName = "editor", seconds: int | None = None) -> Invitation:
        """A token for somebody else, to stand behind `#invite=` in a link.

        Args:
            role: what its holder may do.
            seconds: how long it lets people in, who then stay in; None for as long as the room is.

        Raises:
            InvalidValue: a value out of its limits; nothing was asked.
            CommandRefused: the room gives this participant none.
        """
        if role not in ROLES:
            raise InvalidValue("role", role, "one of " + ", ".join(ROLES))
        if seconds is not None and not 1 <= seconds <= 0xFFFF_FFFF:
            raise InvalidValue("seconds", seconds, f"from 1 to {0xFFFF_FFFF}, or None")
        made = await self._ask(lambda number: InviteRequest(number, role, seconds or 0))
        assert isinstance(made, InviteMade)
        return Invitation(made.role, made.token, made.expires_ms)


def command_called(name: str) -> str:
    """A type of command by its name, "theta.move_vertices", or without the "theta.", or in words.

    Raises:
        InvalidValue: there is none of that name.
    """
    word = name.strip().lower().replace(" ", "_").replace("-", "_")
    full = word if word in COMMAND_NAMES else f"theta.{word}"
    if full not in COMMAND_NAMES:
        names = ", ".join(sorted(each.removeprefix("theta.") for each in COMMAND_NAMES))
        raise InvalidValue("command", name, f"one of {names}")
    return full
