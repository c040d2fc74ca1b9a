"""Who owns what, as a participant sees it: its own grabs at once, corrected when the room decides otherwise (REP-65).

What is wanted and what the room said are kept apart. Whatever their difference asks for is asked of the room, again
every OWNERSHIP_REPEAT_SECONDS until it is answered; so lost, late and repeated messages need no care of their own.

    grab, touch, release                    what this participant wants
    handle_changed, handle_refused          what the room says
    handle_despawned                        an entity ended
    handle_timeout                          the time that `timeout` names has come
    poll_message, poll_correction           what to send, and where the room decided otherwise; drain them
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from theta.base.errors import ProtocolError
from theta.base.limits import OWNERSHIP_REPEAT_SECONDS
from theta.replication.ownership import ROOM, Grip, Holding, Refusal, following, is_stamp_newer
from theta.wire.ownership_messages import (
    ClaimOwnership,
    OwnershipChanged,
    OwnershipRefused,
    OwnershipRow,
    ReleaseOwnership,
)

Request = ClaimOwnership | ReleaseOwnership
_TOO_LATE = Refusal.OUTDATED
"""Whether that ends a claim is seen by how it stands."""


class Correction(NamedTuple):
    """What this participant had is another's; `refusal` is the room's reason when it refused a claim."""

    holding: Holding
    refusal: Refusal | None = None


class _Asked(NamedTuple):
    """A request that is not answered, for which grip it is, and when it was sent last."""

    request: Request
    grip: Grip
    sent: float

    @property
    def claim(self) -> tuple[int, int] | None:
        """The stamp that is claimed; None when it is a release."""
        request = self.request
        return (request.ownership, request.authority) if isinstance(request, ClaimOwnership) else None


class OwnershipView:
    """One participant's view, for as long as its session.

    Args:
        actor: this participant.
    """

    def __init__(self, actor: int) -> None:
        assert actor != ROOM
        self._actor = actor
        self._confirmed: dict[int, Holding] = {}
        self._wanted: dict[int, Grip] = {}
        self._asked: dict[int, _Asked] = {}
        self._messages: deque[Request] = deque()
        self._corrections: deque[Correction] = deque()

    # -- what this participant wants -----------------------------------------------------------------------------------

    def grab(self, now: float, entity: int) -> None:
        """Take an entity in the hand, out of another's if need be."""
        self._want(now, entity, Grip.GRABBED)

    def touch(self, now: float, entity: int) -> None:
        """Move an entity by a collision; nothing where somebody holds it, or this participant has it already."""
        if self.holding(entity).grip is not Grip.GRABBED and self.holding(entity).owner != self._actor:
            self._want(now, entity, Grip.TOUCHED)

    def release(self, now: float, entity: int, keep: bool = False) -> None:
        """Let go of an entity; with `keep` it is thrown, and this participant goes on to move it."""
        if self.owns(entity):
            self._want(now, entity, Grip.TOUCHED if keep else Grip.FREE)

    # -- what the room says --------------------------------------------------------------------------------------------

    def handle_changed(self, now: float, message: OwnershipChanged) -> None:
        """Who has what; what is older than what is known is passed over.

        Raises:
            ProtocolError: a grip that there is not; nothing was taken.
        """
        _check_grips(message.rows)
        for row in message.rows:
            self._take(now, row)

    def handle_refused(self, now: float, message: OwnershipRefused) -> None:
        """The room did not take a claim or a release.

        Raises:
            ProtocolError: a grip that there is not; nothing was taken.
        """
        _check_grips([message.row])
        entity = message.row.entity
        self._take(now, message.row)
        asked, reason = self._asked.get(entity), Refusal(message.reason)
        if asked is not None and asked.claim == (message.ownership, message.authority) and reason is not _TOO_LATE:
            self._give_up(entity, reason)

    def handle_despawned(self, entity: int) -> None:
        """The entity ended; nothing of it is kept."""
        for kept in (self._confirmed, self._wanted, self._asked):
            kept.pop(entity, None)

    def handle_resumed(self, now: float) -> None:
        """The connection was lost and there is another: ask again, and whether what was granted still is."""
        for entity, want in self._wanted.items():
            have = self._confirmed.get(entity, Holding(entity))
            if entity not in self._asked and have.owner == self._actor:
                self._asked[entity] = _Asked(ClaimOwnership(entity, have.ownership, have.authority), want, now)
        self._asked = {entity: asked._replace(sent=now) for entity, asked in self._asked.items()}
        self._messages = deque(asked.request for asked in self._asked.values())

    def forget_free(self, kept: int) -> None:
        """Where more than `kept` holdings are known, forget the oldest of those that this participant does not want.

        Should it want one of them later, it hears its numbers when its claim is outdated. What it was releasing the
        room takes back by itself (REP-64).
        """
        if len(self._confirmed) > kept:
            others = [entity for entity in self._confirmed if entity not in self._wanted]
            # Some more at once, so that this is seldom.
            for entity in others[: len(self._confirmed) - kept + kept // 8]:
                del self._confirmed[entity]
                self._asked.pop(entity, None)

    def handle_timeout(self, now: float) -> None:
        """Ask again what was not answered."""
        for entity, asked in self._asked.items():
            if asked.sent + OWNERSHIP_REPEAT_SECONDS <= now:
                self._asked[entity] = asked._replace(sent=now)
                self._messages.append(asked.request)

    # -- what to do ----------------------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `handle_timeout`, in monotonic seconds."""
        sent = min((asked.sent for asked in self._asked.values()), default=None)
        return None if sent is None else sent + OWNERSHIP_REPEAT_SECONDS

    def poll_message(self) -> Request | None:
        """What to send to the room."""
        return self._messages.popleft() if self._messages else None

    def poll_correction(self) -> Correction | None:
        """Where the room decided otherwise than was shown."""
        return self._corrections.popleft() if self._corrections else None

    # -- what there is to see ------------------------------------------------------------------------------------------

    def holding(self, entity: int) -> Holding:
        """Who has an entity, this participant's own wishes counted as granted."""
        have = self._confirmed.get(entity, Holding(entity))
        want = self._wanted.get(entity, Grip.FREE)
        asked = self._asked.get(entity)
        if asked is None:
            return have
        request = asked.request
        if isinstance(request, ClaimOwnership):
            return Holding(entity, self._actor, request.ownership, request.authority, want)
        owner = ROOM if want is Grip.FREE else self._actor
        return Holding(entity, owner, request.ownership, following(request.authority), want)

    def is_granted(self, entity: int) -> bool:
        """Whether the room said that this participant has the entity, as it wants it."""
        return entity in self._wanted and entity not in self._asked

    def owns(self, entity: int) -> bool:
        """Whether this participant moves the entity."""
        return entity in self._wanted

    @property
    def owned(self) -> list[int]:
        """What this participant moves, and sends `OwnedState` of."""
        return list(self._wanted)

    # -- within --------------------------------------------------------------------------------------------------------

    def _want(self, now: float, entity: int, grip: Grip) -> None:
        if grip is Grip.FREE:
            self._wanted.pop(entity, None)
        else:
            self._wanted[entity] = grip
        self._ask(now, entity)

    def _take(self, now: float, row: OwnershipRow) -> None:
        entity, stamp = row.entity, (row.ownership, row.authority)
        have = self._confirmed.get(entity, Holding(entity))
        if is_stamp_newer((have.ownership, have.authority), stamp):
            return
        self._confirmed[entity] = Holding(entity, row.owner, *stamp, Grip(row.grip))
        if row.owner != self._actor and entity in self._wanted and self._is_lost(row):
            self._give_up(entity, None)
        self._ask(now, entity)

    def _is_lost(self, row: OwnershipRow) -> bool:
        """Whether another's row ends what this participant wants of the entity."""
        asked = self._asked.get(row.entity)
        if asked is None:
            return True
        if asked.claim is not None and is_stamp_newer(asked.claim, (row.ownership, row.authority)):
            return False
        # The request came too late. It is made anew where nobody stands against it.
        return row.grip > Grip.TOUCHED or (row.grip > Grip.FREE and self._wanted[row.entity] is Grip.TOUCHED)

    def _give_up(self, entity: int, refusal: Refusal | None) -> None:
        del self._wanted[entity]
        self._asked.pop(entity, None)
        self._corrections.append(Correction(self._confirmed.get(entity, Holding(entity)), refusal))

    def _ask(self, now: float, entity: int) -> None:
        """Ask the room for what is wanted and is not."""
        want = self._wanted.get(entity, Grip.FREE)
        request = self._needed(entity, want)
        asked = self._asked.get(entity)
        if request is None:
            self._asked.pop(entity, None)
        elif asked is None or asked.request != request:
            self._asked[entity] = _Asked(request, want, now)
            self._messages.append(request)

    def _needed(self, entity: int, want: Grip) -> Request | None:
        have = self._confirmed.get(entity, Holding(entity))
        if have.owner == self._actor:
            if want is have.grip and not (want and self._is_releasing(have)):
                return None
            if want < have.grip:
                return ReleaseOwnership(entity, have.ownership, have.authority, want is Grip.TOUCHED)
        elif want is Grip.FREE:
            return None
        asked = self._asked.get(entity)
        # What is let go of before the grab is answered is claimed by the grab's numbers all the same.
        claim = asked.claim if asked is not None and asked.grip >= want else None
        if claim is not None and is_stamp_newer(claim, (have.ownership, have.authority)):
            return ClaimOwnership(entity, *claim)
        if want is Grip.GRABBED:
            return ClaimOwnership(entity, following(have.ownership), 0)
        return ClaimOwnership(entity, have.ownership, following(have.authority))

    def _is_releasing(self, have: Holding) -> bool:
        """Whether the room was asked to take back what this participant has by these numbers, and has not answered."""
        asked = self._asked.get(have.entity)
        if asked is None or asked.claim is not None:
            return False
        return (asked.request.ownership, asked.request.authority) == (have.ownership, have.authority)


def _check_grips(rows: Iterable[OwnershipRow]) -> None:
    for row in rows:
        if row.grip > Grip.GRABBED:
            raise ProtocolError(f"OwnershipRow: grip is {row.grip}, but must be at most {int(Grip.GRABBED)}")
