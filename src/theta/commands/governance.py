"""What the room's own rules are at every record: roles, policies, branches. Derived by the log in `seq` order.

Nothing here depends on the fold: a verdict about a record follows from the records before it and is never revised.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from theta.base.identifiers import CommandName, element_id
from theta.base.limits import BRANCHES_MAX, U64_MAX
from theta.commands.branches import Branch, Branches, Merge, Strategy
from theta.commands.command import Command
from theta.commands.governing import (
    ANY_COMMAND,
    GOVERNING_ROLES,
    CreateBranch,
    Governing,
    Kick,
    MergeBranch,
    RestoreKey,
    RevokeKey,
    SetCascade,
    SetPermission,
    SetRole,
    SetStrategy,
)
from theta.commands.records import SessionRecord
from theta.commands.roles import at_least, higher_role
from theta.commands.timeline import Timeline
from theta.wire.types import RoleName

__all__ = ["Branch", "Governance", "Strategy", "branch_id"]


class Governance:
    """Roles, revocations, policies and branches of one log.

    `commands` are those that made it, in order: with the sessions they make it again.
    """

    def __init__(self) -> None:
        self.owner = b""
        self.commands: list[Command] = []
        self.lines = Branches()
        self._authors: dict[int, bytes] = {}
        self._granted: dict[bytes, Timeline[RoleName]] = {}
        self._roles: dict[bytes, Timeline[RoleName]] = {}
        self._kicked: dict[bytes, int] = {}
        self._revoked: dict[bytes, Timeline[bool]] = {}
        self._strategies: dict[str, Timeline[Strategy]] = {}
        self._permissions: dict[str, Timeline[RoleName]] = {}
        self._cascade: Timeline[bool] = Timeline()
        self._branch_names = {"main"}
        self._without_effect: dict[CommandName, str] = {}
        self._reasons: dict[bytes, str] = {}

    # -- what it knows -------------------------------------------------------------------------------------------

    @property
    def branches(self) -> Mapping[bytes, Branch]:
        """Every branch by its id, main included."""
        return MappingProxyType(self.lines.by_id)

    def role_of(self, author: bytes, seq: int, granted: RoleName | None = None) -> RoleName | None:
        """An author's role at record `seq`; None when the key is revoked, or when nothing ever gave it a role.

        Args:
            author: 32 bytes.
            seq: the last record that counts.
            granted: what an invite or a session gives; without it, the highest that the author's sessions gave.
        """
        if author == self.owner:
            return "admin"
        if self.is_revoked(author, seq):
            return None
        assigned = self._roles.get(author)
        role = assigned.at(seq) if assigned is not None else None
        if role is not None or granted is not None:
            return role or granted
        sessions = self._granted.get(author)
        return sessions.at(seq) if sessions is not None else None

    def is_revoked(self, author: bytes, seq: int) -> bool:
        """Whether the author's key is refused at record `seq`."""
        revoked = self._revoked.get(author)
        return revoked is not None and bool(revoked.at(seq))

    def is_ended(self, session_seq: int, author: bytes) -> bool:
        """Whether the author was kicked after the session of record `session_seq` had been opened."""
        return self._kicked.get(author, 0) > session_seq

    def reason_for(self, author: bytes) -> str:
        """What was said when the author was kicked or revoked last; empty when nothing was."""
        return self._reasons.get(author, "")

    def least_role(self, command_name: str, seq: int) -> RoleName:
        """The least role that may use commands of this type at record `seq`."""
        permitted = self._permissions.get(command_name)
        role = permitted.at(seq) if permitted is not None else None
        return role or GOVERNING_ROLES.get(command_name, "editor")

    def may(self, author: bytes, seq: int, command_name: str, granted: RoleName | None = None) -> bool:
        """Whether the author may use commands of this type at record `seq`; `granted` as for `role_of`."""
        role = self.role_of(author, seq, granted)
        return role is not None and at_least(role, self.least_role(command_name, seq))

    def strategy(self, command_name: str, seq: int) -> Strategy:
        """The strategy for conflicts of commands of this type at record `seq`."""
        for name in (command_name, ANY_COMMAND):
            policy = self._strategies.get(name)
            strategy = policy.at(seq) if policy is not None else None
            if strategy is not None:
                return strategy
        return Strategy.LAST_WRITER_WINS

    def cascade_allowed(self, seq: int) -> bool:
        """Whether an undo at record `seq` may take back others' work that builds on it."""
        allowed = self._cascade.at(seq)
        return True if allowed is None else allowed

    def vector(self, branch: bytes, seq: int) -> Mapping[bytes, int]:
        """What a branch holds at record `seq`: of each branch, up to which record."""
        return self.lines.vector(branch, seq)

    def holds(self, branch: bytes, at_seq: int, other: bytes, other_seq: int) -> bool:
        """Whether `branch` held record `other_seq` of branch `other` when the log stood at `at_seq`."""
        return self.lines.holds(branch, at_seq, other, other_seq)

    def dropped(self, branch: bytes, seq: int) -> set[CommandName]:
        """The gestures that merges left out of a branch by record `seq`."""
        return self.lines.dropped(branch, seq)

    def merge_strategy(
        self, branch: bytes, one: bytes, one_seq: int, other: bytes, other_seq: int, seq: int = U64_MAX
    ) -> Strategy | None:
        """The strategy of the first merge that `branch` holds at record `seq` which brought two records together.

        None when there was no such merge, or it left that to the room's policies.

        Args:
            branch: that of the document.
            one: the branch of record `one_seq`.
            one_seq: a record.
            other: the branch of record `other_seq`.
            other_seq: another.
            seq: the last record that counts.
        """
        return self.lines.merge_strategy(branch, one, one_seq, other, other_seq, seq)

    def merges(self, branch: bytes, seq: int = U64_MAX) -> tuple[Merge, ...]:
        """Every merge that a branch holds at record `seq`, in the order of the log."""
        return self.lines.merges_in_order(branch, seq)

    def outcome(self, name: CommandName) -> str:
        """Why a governing command had no effect; empty when it had."""
        return self._without_effect.get(name, "")

    def objection(self, operation: Governing) -> str:
        """Why an operation can never have an effect in this room; empty when it can."""
        if isinstance(operation, (SetRole, Kick, RevokeKey)) and operation.author == self.owner:
            return "the room's owner is always admin"
        if isinstance(operation, SetPermission):
            least = GOVERNING_ROLES.get(operation.command, "viewer")
            if least == "admin" and operation.role != "admin":
                return f"{operation.command} is for admins"
        return ""

    # -- records in ----------------------------------------------------------------------------------------------

    def take_session(self, seq: int, session: SessionRecord) -> None:
        """A session was opened at record `seq`."""
        self._authors[session.actor] = session.author
        granted = self._granted.setdefault(session.author, Timeline())
        granted.put(seq, higher_role(session.role, granted.at(seq) or session.role))

    def take(self, command: Command, known: str = "") -> None:
        """A governing command was admitted; it counts from its record on.

        Args:
            command: in the order of the log.
            known: why it had no effect, when that was decided before.
        """
        operation = command.operation
        assert isinstance(operation, Governing)
        self.commands.append(command)
        reason = known or self.objection(operation) or _EFFECTS[type(operation)](self, command, operation)
        if reason:
            self._without_effect[command.name] = reason

    def _set_role(self, command: Command, operation: SetRole) -> str:
        self._roles.setdefault(operation.author, Timeline()).put(command.seq, operation.role)
        return ""

    def _kick(self, command: Command, operation: Kick) -> str:
        self._kicked[operation.author] = command.seq
        self._reasons[operation.author] = operation.reason
        return ""

    def _revoke(self, command: Command, operation: RevokeKey) -> str:
        self._revoked.setdefault(operation.author, Timeline()).put(command.seq, True)
        self._reasons[operation.author] = operation.reason
        return ""

    def _restore(self, command: Command, operation: RestoreKey) -> str:
        if not self.is_revoked(operation.author, command.seq):
            return "the key is not revoked"
        self._revoked[operation.author].put(command.seq, False)
        return ""

    def _set_strategy(self, command: Command, operation: SetStrategy) -> str:
        self._strategies.setdefault(operation.command, Timeline()).put(command.seq, Strategy(operation.strategy))
        return ""

    def _set_permission(self, command: Command, operation: SetPermission) -> str:
        self._permissions.setdefault(operation.command, Timeline()).put(command.seq, operation.role)
        return ""

    def _set_cascade(self, command: Command, operation: SetCascade) -> str:
        self._cascade.put(command.seq, operation.allowed)
        return ""

    def _create_branch(self, command: Command, operation: CreateBranch) -> str:
        if operation.parent not in self.branches:
            return "UnknownBranch: there is no such parent"
        if operation.fork > command.seen:
            return (
                f"InvalidValue: fork is {operation.fork}, but must be at most {command.seen}, which its author had seen"
            )
        if command.seq > self.lines.base_seq > operation.fork:
            return f"BeyondHistory: what was there before record {self.lines.base_seq} was dropped by `theta compact`"
        if operation.name in self._branch_names:
            return f"InvalidValue: there is a branch {operation.name!r} already"
        if len(self.branches) >= BRANCHES_MAX:
            return f"InvalidValue: there are {BRANCHES_MAX} branches already"
        self._branch_names.add(operation.name)
        made = branch_id(command.name)
        self.lines.create(Branch(made, operation.name, operation.parent, operation.fork, command.author, command.seq))
        return ""

    def _merge_branch(self, command: Command, operation: MergeBranch) -> str:
        if operation.source not in self.branches:
            return "UnknownBranch: there is no such source"
        if operation.at > command.seen:
            return f"InvalidValue: at is {operation.at}, but must be at most {command.seen}, which its author had seen"
        lines = self.lines
        if command.seq > lines.base_seq and lines.reaches_below_base(
            command.branch, command.seq, operation.source, operation.at
        ):
            return (
                f"BeyondHistory: it would bring what was done before record {lines.base_seq}, "
                "of which `theta compact` kept no commands"
            )
        owned = all(self._authors.get(each.actor) == command.author for each in operation.dropped)
        if not owned and self.role_of(command.author, command.seq) != "admin":
            return "NotAllowed: only an admin may leave out what others made"
        strategy = Strategy(operation.strategy) if operation.strategy else None
        dropped = frozenset(CommandName(each.actor, each.number) for each in operation.dropped)
        self.lines.merge(command.branch, command.seq, operation.source, operation.at, strategy, dropped)
        return ""


_EFFECTS: dict[type[Governing], Callable[[Governance, Command, Any], str]] = {
    SetRole: Governance._set_role,
    Kick: Governance._kick,
    RevokeKey: Governance._revoke,
    RestoreKey: Governance._restore,
    SetStrategy: Governance._set_strategy,
    SetPermission: Governance._set_permission,
    SetCascade: Governance._set_cascade,
    CreateBranch: Governance._create_branch,
    MergeBranch: Governance._merge_branch,
}


def branch_id(name: CommandName) -> bytes:
    """The 16-byte id of the branch that the command `name` makes."""
    return element_id(name, "branch")
