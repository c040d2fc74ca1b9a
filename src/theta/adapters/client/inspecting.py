"""Looking into a room's state plane, and at the way to the room: who is told of what, and how good the way is."""

from theta.adapters.client.room_view import RoomView
from theta.base.errors import InvalidValue
from theta.base.limits import U64_MAX
from theta.ecs.declaration import SCOPES
from theta.wire.interest_messages import InterestAnswer, InterestRequest, ScopeName, WorldAnswer, WorldRequest


class Inspecting(RoomView):
    """What a RoomClient can ask of the state plane of its room; an admin about everybody, others about themselves.

    Entities are named as the room names them: `room_entity` has that of an entity of `world`.
    """

    @property
    def actor(self) -> int:
        """This participant's own actor, u64, as `people` has it."""
        return self._peer.actor

    @property
    def rtt_seconds(self) -> float | None:
        """Smoothed round-trip time to the room; None at first."""
        return self._peer.rtt_seconds

    async def explain_interest(
        self, room_entity: int, actor: int | None = None, scope: ScopeName = ""
    ) -> InterestAnswer:
        """Why somebody is told of an entity or not, and what that waits for, as of the room's last tick.

        Args:
            room_entity: the entity's id in the room, u64.
            actor: who, as `people` has them; None for this participant.
            scope: of the components for everybody "", or of those for editors "editor".

        Raises:
            InvalidValue: a value out of its limits; nothing was asked.
            CommandRefused: "NotAllowed" (about somebody else, and this participant is no admin), "InvalidValue" (there
                is no such entity or participant in the room's world), or asked too often.
        """
        if not 0 < room_entity <= U64_MAX:
            raise InvalidValue("room_entity", room_entity, f"1 to {U64_MAX}")
        if scope not in SCOPES:
            raise InvalidValue("scope", scope, "one of " + ", ".join(map(repr, SCOPES)))
        asked = self.actor if actor is None else actor
        answer = await self._ask(lambda number: InterestRequest(number, asked, room_entity, scope))
        assert isinstance(answer, InterestAnswer)
        return answer

    async def inspect_world(self) -> WorldAnswer:
        """What lives in the room's world, who is told how much of it, and how long its systems take; for admins.

        Raises:
            CommandRefused: "NotAllowed", or asked too often.
        """
        answer = await self._ask(WorldRequest)
        assert isinstance(answer, WorldAnswer)
        return answer
