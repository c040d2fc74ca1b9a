"""The messages about what a participant is told of the state plane: spec/replication.md (REP-80 …)."""

from typing import Annotated, Literal

from msgspec import Meta

from theta.base import limits
from theta.wire.message import Message, Part
from theta.wire.types import I64, U8, U32, U64

ScopeName = Literal["", "editor"]
StageName = Literal["startup", "simulation", "render", "editor"]
WaitName = Literal["nothing", "budget", "acknowledgement", "baseline", "relevance"]
SelectedBytes = Annotated[bytes, Meta(max_length=8 * limits.STATE_SELECTED_MAX)]
Reasons = Annotated[list[str], Meta(max_length=8)]
FaultText = Annotated[str, Meta(max_length=limits.WORLD_FAULT_CHARACTERS_MAX)]


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


class WorldRequest(Message, frozen=True):
    """What is in the room's world, who is told how much of it, and how long do its systems take (REP-89)?"""

    request: U32


class WorldGroup(Part, frozen=True):
    """How many entities have exactly these components, by name, ascending."""

    components: list[str]
    entities: U32


class WorldPeer(Part, frozen=True):
    """Who is told of the world: of how many cells, how many of them wait for something to be sent, how fast it gets it.

    `bytes_per_second` is what the state plane sent to it in the last whole second; `joining` says that it waits for
    the snapshot of what is around it.
    """

    actor: U64
    cells: U32
    waiting: U32
    bytes_per_second: U32
    joining: bool


class SystemTime(Part, frozen=True):
    """How long a system takes, or with `system` "" the stage as a whole: rolling average and p99, seconds."""

    stage: StageName
    system: str
    runs: U64
    average_seconds: float
    p99_seconds: float


class WorldAnswer(Message, frozen=True):
    """The answer, of the room's last tick: the largest groups first, and everybody who is here.

    `entities` is how many there are in all groups, those that are not listed too; `fault` is what stopped the world's
    systems, "" while they run.
    """

    request: U32
    tick: U32
    entities: U32
    groups: Annotated[list[WorldGroup], Meta(max_length=limits.WORLD_GROUPS_TOLD_MAX)]
    peers: Annotated[list[WorldPeer], Meta(max_length=limits.PEERS_MAX)]
    systems: Annotated[list[SystemTime], Meta(max_length=limits.WORLD_SYSTEMS_TOLD_MAX)]
    fault: FaultText


INTEREST_FROM_ROOM = (InterestAnswer, WorldAnswer)
INTEREST_FROM_PARTICIPANT = (SubscribeRegion, UnsubscribeRegion, SelectEntities, InterestRequest, WorldRequest)
