"""The commands that govern a room: roles, kicks, keys, policies and branches (CMD-60 … CMD-69).

They act in `seq` order, for all branches, and are never undone, masked or branched; the fold has nothing to do for
them. What they come to is in theta.commands.governance.
"""

import re
from typing import ClassVar, Literal

from theta.base.errors import InvalidValue
from theta.base.limits import BRANCH_NAME_CHARACTERS_MAX, GESTURES_PER_COMMAND_MAX, GOVERNING_TEXT_CHARACTERS_MAX
from theta.commands.payload import CONTROL_CHARACTERS, BasePayload
from theta.wire.messages import GestureName
from theta.wire.types import U64, Id16, PublicKey, RoleName

StrategyName = Literal["last-writer-wins", "merge", "reject"]
ANY_COMMAND = "*"

_COMMAND_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


class Governing(BasePayload, frozen=True, forbid_unknown_fields=True):
    """Base of all commands that govern."""

    LEAST_ROLE: ClassVar[RoleName] = "admin"
    """Who may use it, unless the room demands more."""


class SetRole(Governing, frozen=True):
    """From here on the author has this role, whatever invites grant."""

    NAME = "theta.set_role"
    author: PublicKey
    role: RoleName


class Kick(Governing, frozen=True):
    """End every session that the author has opened; a new one may be opened."""

    NAME = "theta.kick"
    author: PublicKey
    reason: str

    def check(self) -> None:
        """See BasePayload.check."""
        _check_reason(self.reason)


class RevokeKey(Governing, frozen=True):
    """Refuse the author from here on."""

    NAME = "theta.revoke_key"
    author: PublicKey
    reason: str

    def check(self) -> None:
        """See BasePayload.check."""
        _check_reason(self.reason)


class RestoreKey(Governing, frozen=True):
    """Take a revocation back."""

    NAME = "theta.restore_key"
    author: PublicKey


class SetStrategy(Governing, frozen=True):
    """What happens to a command of this type that is in conflict with an earlier one; `*` is every type not named."""

    NAME = "theta.set_strategy"
    command: str
    strategy: StrategyName

    def check(self) -> None:
        """See BasePayload.check."""
        if self.command != ANY_COMMAND:
            _check_command(self.command)


class SetPermission(Governing, frozen=True):
    """The least role that may use a type of command."""

    NAME = "theta.set_permission"
    command: str
    role: RoleName

    def check(self) -> None:
        """See BasePayload.check."""
        _check_command(self.command)


class SetCascade(Governing, frozen=True):
    """Whether an undo may take back what others built on it."""

    NAME = "theta.set_cascade"
    allowed: bool


class CreateBranch(Governing, frozen=True):
    """Make a branch that begins with what `parent` held at record `fork`."""

    NAME = "theta.create_branch"
    LEAST_ROLE = "editor"
    name: str
    parent: Id16
    fork: U64

    def check(self) -> None:
        """See BasePayload.check."""
        if not 1 <= len(self.name) <= BRANCH_NAME_CHARACTERS_MAX or CONTROL_CHARACTERS.search(self.name):
            raise InvalidValue("name", self.name, f"1 to {BRANCH_NAME_CHARACTERS_MAX} printable characters")
        if self.fork < 1:
            raise InvalidValue("fork", self.fork, "at least 1")


class MergeBranch(Governing, frozen=True):
    """Bring what `source` held at record `at` into the packet's branch, less the gestures `dropped`.

    `strategy` decides the conflicts between the two; empty, the room's policies do.
    """

    NAME = "theta.merge_branch"
    LEAST_ROLE = "editor"
    source: Id16
    at: U64
    strategy: Literal["", "last-writer-wins", "merge", "reject"]
    dropped: list[GestureName]

    def check(self) -> None:
        """See BasePayload.check."""
        if self.at < 1:
            raise InvalidValue("at", self.at, "at least 1")
        if len(self.dropped) > GESTURES_PER_COMMAND_MAX:
            raise InvalidValue("dropped", len(self.dropped), f"at most {GESTURES_PER_COMMAND_MAX} of them")


GOVERNING: tuple[type[Governing], ...] = (
    SetRole,
    Kick,
    RevokeKey,
    RestoreKey,
    SetStrategy,
    SetPermission,
    SetCascade,
    CreateBranch,
    MergeBranch,
)
GOVERNING_ROLES: dict[str, RoleName] = {each.NAME: each.LEAST_ROLE for each in GOVERNING}


def _check_reason(reason: str) -> None:
    if len(reason) > GOVERNING_TEXT_CHARACTERS_MAX or CONTROL_CHARACTERS.search(reason):
        raise InvalidValue("reason", reason, f"at most {GOVERNING_TEXT_CHARACTERS_MAX} printable characters")


def _check_command(name: str) -> None:
    if len(name) > GOVERNING_TEXT_CHARACTERS_MAX or not _COMMAND_NAME.fullmatch(name):
        raise InvalidValue("command", name, 'the name of a type of command, as "theta.paint"')
