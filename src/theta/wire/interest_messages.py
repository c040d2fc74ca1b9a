"""The messages about what a participant is told of the state plane: spec/replication.md (REP-80 …)."""

from typing import Annotated, Literal

from msgspec import Meta

from theta.base import limits
from theta.wire.message import Message
from theta.wire.types import I64, U8, U32, U64

ScopeName = Literal["", "editor"]
WaitName = Literal["nothing", "budget", "acknowledgement", "baseline", "relevance"]
SelectedBytes = Annotated[bytes, Meta(max_length=8 * limits.STATE_SELECTED_MAX)]
Reasons = Annotated[list[str], Meta(max_length=8)]


class SubscribeRegion(Message, frozen=True):
    """The sender wants to see what is within `radius` metres of `centre` as well (REP-80).

    `region` is a number of its own choice; it moves the region of this number, if there is one.
    """

    region: U8
    centre: tuple[float, float, float]
    radius: float


class UnsubscribeRegion(Message, frozen=True):
    """The sender wants to see a region no longer (REP-80)."""

    region: U8


class SelectEntities(Message, frozen=True):
    """What the sender has selected, and nothing else: entities as u64 little-endian (REP-81)."""

    entities: SelectedBytes


class InterestRequest(Message, frozen=True):
    """Why is `actor` told of `entity` in a scope, or not (REP-88)?"""

    request: U32
    actor: U64
    entity: U64
    scope: ScopeName


class InterestAnswer(Message, frozen=True):
    """The answer, of the room's last tick; the fields are those of `theta.interest.explain.Explanation`.

    `distance_metres` and `radius_metres` are −1 where there is none.
    """

    request: U32
    tick: U32
    cell: I64
    relevant: bool
    selected: bool
    reasons: Reasons
    distance_metres: float
    radius_metres: float
    accumulator: float
    weight: float
    sent_tick: U32
    acknowledged_tick: U32
    changed_tick: U32
    waited_ticks: U32
    waits_for: WaitName


INTEREST_FROM_ROOM = (InterestAnswer,)
INTEREST_FROM_PARTICIPANT = (SubscribeRegion, UnsubscribeRegion, SelectEntities, InterestRequest)
