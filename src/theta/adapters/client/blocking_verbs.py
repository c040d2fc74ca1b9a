"""A BlockingRoom's verbs for branches, the past, and whoever runs the room."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, TypeVar

from theta.adapters.client.branching import SomeBranch
from theta.adapters.client.people import Someone
from theta.adapters.client.room_client import RoomClient
from theta.adapters.client.values import Invitation
from theta.base.identifiers import CommandName
from theta.commands.governance import Branch
from theta.commands.governing import ANY_COMMAND, StrategyName
from theta.wire.interest_messages import InterestAnswer, ScopeName, WorldAnswer
from theta.wire.types import RoleName

Result = TypeVar("Result")


class BlockingVerbs(Protocol):
    """Each is the RoomClient's of that name, and returns when it is done."""

    room: RoomClient

    def call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run something of the room's own on its event loop and wait for it."""
        ...

    def read(self, view: Callable[[RoomClient], Result]) -> Result:
        """Look at the room on its own event loop."""
        ...

    # -- branches ------------------------------------------------------------------------------------------------

    @property
    def branches(self) -> list[Branch]:
        """See RoomClient.branches."""
        return self.read(lambda room: room.branches)

    @property
    def branch(self) -> Branch:
        """See RoomClient.branch."""
        return self.read(lambda room: room.branch)

    def find_branch(self, branch: SomeBranch) -> Branch:
        """See RoomClient.find_branch."""
        return self.read(lambda room: room.find_branch(branch))

    def switch_branch(self, branch: SomeBranch) -> None:
        """See RoomClient.switch_branch."""
        self.call(self.room.switch_branch(branch))

    def create_branch(self, name: str, *, at: int | None = None, parent: SomeBranch | None = None) -> Branch:
        """See RoomClient.create_branch."""
        return self.call(self.room.create_branch(name, at=at, parent=parent))

    def merge_branch(
        self,
        source: SomeBranch,
        *,
        at: int | None = None,
        strategy: StrategyName | None = None,
        dropped: Iterable[CommandName] = (),
    ) -> None:
        """See RoomClient.merge_branch."""
        self.call(self.room.merge_branch(source, at=at, strategy=strategy, dropped=dropped))

    # -- running the room ----------------------------------------------------------------------------------------

    def set_role(self, who: Someone, role: RoleName) -> None:
        """See RoomClient.set_role."""
        self.call(self.room.set_role(who, role))

    def kick(self, who: Someone, reason: str = "") -> None:
        """See RoomClient.kick."""
        self.call(self.room.kick(who, reason))

    def revoke(self, who: Someone, reason: str = "") -> None:
        """See RoomClient.revoke."""
        self.call(self.room.revoke(who, reason))

    def restore(self, who: Someone) -> None:
        """See RoomClient.restore."""
        self.call(self.room.restore(who))

    def set_strategy(self, strategy: StrategyName, command: str = ANY_COMMAND) -> None:
        """See RoomClient.set_strategy."""
        self.call(self.room.set_strategy(strategy, command))

    def set_permission(self, command: str, role: RoleName) -> None:
        """See RoomClient.set_permission."""
        self.call(self.room.set_permission(command, role))

    def set_cascade(self, allowed: bool) -> None:
        """See RoomClient.set_cascade."""
        self.call(self.room.set_cascade(allowed))

    def invite(self, role: RoleName = "editor", seconds: int | None = None) -> Invitation:
        """See RoomClient.invite."""
        return self.call(self.room.invite(role, seconds))

    # -- the state plane -----------------------------------------------------------------------------------------

    @property
    def actor(self) -> int:
        """See RoomClient.actor."""
        return self.read(lambda room: room.actor)

    def explain_interest(self, room_entity: int, actor: int | None = None, scope: ScopeName = "") -> InterestAnswer:
        """See RoomClient.explain_interest."""
        return self.call(self.room.explain_interest(room_entity, actor, scope))

    def inspect_world(self) -> WorldAnswer:
        """See RoomClient.inspect_world."""
        return self.call(self.room.inspect_world())


async def run_step(step: Callable[[], Any]) -> None:
    """Enter or leave something that is made on the room's own event loop."""
    await step()
