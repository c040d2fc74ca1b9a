"""Branches: lines of the room's history that people work on apart, and bring together again."""

from collections.abc import Iterable
from typing import get_args

from theta.adapters.client.room_view import RoomView
from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName
from theta.commands.governance import Branch, branch_id
from theta.commands.governing import CreateBranch, MergeBranch, StrategyName
from theta.wire.messages import GestureName

SomeBranch = Branch | str | bytes
"""A Branch, its name, or its 16-byte id."""


class Branching(RoomView):
    """What a RoomClient can do with branches. It works on one at a time; commands go to that one."""

    @property
    def branches(self) -> list[Branch]:
        """Every branch, the main one first: `id`, `name`, `parent`, `fork`, `author`, `seq`."""
        return sorted(self.replica.log.governance.branches.values(), key=lambda branch: branch.seq)

    @property
    def branch(self) -> Branch:
        """The one that this client works on."""
        return self.replica.log.governance.branches[self.replica.branch]

    async def switch_branch(self, branch: SomeBranch) -> None:
        """Go on on another branch: entities and history are that one's from here on, and commands go to it.

        Raises:
            InvalidValue: there is no such branch.
        """
        self._check_entered()
        self._peer.switch_branch(self.find_branch(branch).id)
        self._pump()

    async def create_branch(self, name: str, *, at: int | None = None, parent: SomeBranch | None = None) -> Branch:
        """Begin a branch; this client stays on the one that it is on.

        Args:
            name: 1 to BRANCH_NAME_CHARACTERS_MAX printable characters; no other branch's.
            at: the record of the log that it begins with; all that is here by default.
            parent: the branch that it begins with; the one that this client is on by default.

        Raises:
            InvalidValue: a value out of its limits, or no such branch; nothing was sent.
            CommandRefused: the room does not let this participant.
            NoEffect: there is a branch of that name, or too many.
        """
        fork = self.replica.folded_seq if at is None else at
        if not 1 <= fork <= self.replica.folded_seq:
            raise InvalidValue("at", at, f"a record from 1 to {self.replica.folded_seq}")
        origin = self.branch if parent is None else self.find_branch(parent)
        made = await self.perform(CreateBranch(name, origin.id, fork))
        return self.replica.log.governance.branches[branch_id(made)]

    async def merge_branch(
        self,
        source: SomeBranch,
        *,
        at: int | None = None,
        strategy: StrategyName | None = None,
        dropped: Iterable[CommandName] = (),
    ) -> None:
        """Bring another branch's work into the one that this client is on. Merging twice changes nothing.

        Args:
            source: the other one.
            at: up to which record; up to all that is here by default.
            strategy: what decides where both changed the same thing; the room's policies by default.
            dropped: gestures to leave out of this branch from then on.

        Raises:
            InvalidValue: a value out of its limits, or no such branch; nothing was sent.
            CommandRefused: the room does not let this participant, or it is too much ("TooExpensive").
            NoEffect: it cannot be merged; says why.
        """
        if strategy is not None and strategy not in get_args(StrategyName):
            raise InvalidValue("strategy", strategy, "one of " + ", ".join(get_args(StrategyName)))
        upto = self.replica.folded_seq if at is None else at
        if not 1 <= upto <= self.replica.folded_seq:
            raise InvalidValue("at", at, f"a record from 1 to {self.replica.folded_seq}")
        left_out = [GestureName(gesture.actor, gesture.number) for gesture in dropped]
        await self.perform(MergeBranch(self.find_branch(source).id, upto, strategy or "", left_out))

    def find_branch(self, branch: SomeBranch) -> Branch:
        """A branch by its name or id.

        Raises:
            InvalidValue: there is none; says what there is.
        """
        wanted = branch.id if isinstance(branch, Branch) else branch
        for each in self.branches:
            if wanted in (each.id, each.name):
                return each
        raise InvalidValue("branch", branch, "one of " + ", ".join(each.name for each in self.branches))
