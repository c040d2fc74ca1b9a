"""What a participant's node tells whoever drives it."""

from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.ecs.entities import Entity
from theta.editor.unit import Outcome
from theta.replication.ownership import Refusal
from theta.wire.interest_messages import InterestAnswer, WorldAnswer
from theta.wire.messages import (
    BranchInfo,
    Chat,
    HistoryPage,
    InviteMade,
    MomentPart,
    Person,
    PolicyAnswer,
    RequestRefused,
    WhoAnswer,
)
from theta.wire.ownership_messages import EntitiesDespawned, EntitiesSpawned
from theta.wire.types import RoleName

Answer = (
    WhoAnswer
    | HistoryPage
    | MomentPart
    | PolicyAnswer
    | InviteMade
    | InterestAnswer
    | WorldAnswer
    | EntitiesSpawned
    | EntitiesDespawned
)
"""What a room answers a request with, unless it refuses it."""


class Joined(NamedTuple):
    """The session stands; `resumed` when it is the one from before the connection was lost."""

    actor: int
    role: RoleName
    room_name: str
    resumed: bool


class Synced(NamedTuple):
    """Everything that was in the log when the session began is here and folded."""

    seq: int


class Applied(NamedTuple):
    """One's own command is durable and folded here."""

    name: CommandName
    seq: int
    outcome: Outcome


class Rejected(NamedTuple):
    """One's own command was not admitted, for good."""

    name: CommandName
    code: str
    reason: str


class Postponed(NamedTuple):
    """The room does not take one's own commands now and says why; they are sent again, and keep their names."""

    code: str
    reason: str
    retry_seconds: float


class OutcomeChanged(NamedTuple):
    """What became of one's own command earlier is no longer so."""

    name: CommandName
    outcome: Outcome


class ConflictFound(NamedTuple):
    """One's own command `mine` and somebody's `theirs` were concurrent and changed the same.

    `strategy` decided it, and `outcome` is what became of the later of the two.
    """

    mine: Command
    theirs: Command
    outcome: Outcome
    strategy: Strategy


class BranchesChanged(NamedTuple):
    """Which branches there are, and on which of them the room has one's session."""

    branches: tuple[BranchInfo, ...]
    current: bytes


class Answered(NamedTuple):
    """The room's answer to a request; of the document at a past moment, a part of it."""

    answer: Answer | RequestRefused


class DocumentChanged(NamedTuple):
    """The fold reached record `seq`; these entities look different, or are gone."""

    seq: int
    entities: frozenset[bytes]


class PreviewChanged(NamedTuple):
    """What one has done shows before the room's answer, or, refused, no longer: these entities may look different."""

    entities: frozenset[bytes]


class PeopleChanged(NamedTuple):
    """Who is in the room now."""

    people: tuple[Person, ...]


class Said(NamedTuple):
    """Somebody said something."""

    chat: Chat


class PresenceChanged(NamedTuple):
    """Somebody moved, pointed or selected: the actors whose rows changed."""

    actors: tuple[int, ...]


class Diverged(NamedTuple):
    """The document here differed from the room's at `seq`; it is being fetched anew."""

    seq: int


class AssetProgress(NamedTuple):
    """The room holds the first `received` of `size` bytes of one's own asset."""

    asset: bytes
    received: int
    size: int


class AssetStored(NamedTuple):
    """One's own asset is on the room's disk: commands may name it."""

    asset: bytes


class AssetNotStored(NamedTuple):
    """The room does not take one's own asset, for good."""

    asset: bytes
    code: str
    reason: str


class EntitiesAppeared(NamedTuple):
    """These entities of the state plane are there now; by their ids in the world here."""

    entities: tuple[Entity, ...]


class EntitiesDisappeared(NamedTuple):
    """These have ended, or went where this participant is not told of them; by the ids that they had here."""

    entities: tuple[Entity, ...]


class OwnersChanged(NamedTuple):
    """Somebody, oneself included, took these entities or let go of them."""

    entities: tuple[Entity, ...]


class OwnershipLost(NamedTuple):
    """One held this entity, or wanted to, and does not: another has it, or for `reason` the room did not let one."""

    entity: Entity
    reason: Refusal | None


class ComponentSkipped(NamedTuple):
    """Entities have a component that is not declared here; it is left out. Told once for each name."""

    name: str


Event = (
    Joined
    | Synced
    | Applied
    | Rejected
    | Postponed
    | OutcomeChanged
    | ConflictFound
    | BranchesChanged
    | Answered
    | DocumentChanged
    | PreviewChanged
    | PeopleChanged
    | Said
    | PresenceChanged
    | Diverged
    | AssetProgress
    | AssetStored
    | AssetNotStored
    | EntitiesAppeared
    | EntitiesDisappeared
    | OwnersChanged
    | OwnershipLost
    | ComponentSkipped
)
