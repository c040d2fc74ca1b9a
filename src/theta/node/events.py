"""What a participant's node tells whoever drives it."""

from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.commands.governance import Strategy
from theta.commands.log import Command
from theta.editor.unit import Outcome
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
from theta.wire.types import RoleName


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

    answer: WhoAnswer | HistoryPage | MomentPart | PolicyAnswer | InviteMade | RequestRefused


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
)
