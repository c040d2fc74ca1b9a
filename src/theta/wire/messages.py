"""Every message of the protocol: spec/wire.md (WIRE-n).

Each is a msgspec array-like struct, tagged by the SipHash-2-4 of its canonical name. TypeScript's types are generated
from these declarations. Who sends which, and on which plane, is in theta.wire.planes.
"""

import msgspec

from theta.wire.message import Message, Part, canonical_name
from theta.wire.types import (
    I64,
    U8,
    U32,
    U64,
    AssetBytes,
    Capabilities,
    ChatText,
    DictionaryBytes,
    Digest32,
    ElementKind,
    Id16,
    OutcomeName,
    PersonName,
    PolicyName,
    PublicKey,
    RoleName,
    Signature,
    SoftwareVersion,
)

PROTOCOL_VERSION = 1

# What is imported here to be found here.
__all__ = ["Message", "Part", "canonical_name"]


# -- the handshake ---------------------------------------------------------------------------------------------------


class SessionHello(Message, frozen=True):
    """A participant's first message.

    `resume_session` and `resume_token` are empty for a new session; `last_seq` is the highest record it holds.
    `heartbeat_ms` is how often it wants to ping, 0 when the room may say; `software` the version of its Theta. The
    first two fields stay what they are for ever: by them a room tells who speaks another protocol (SES-16).
    """

    protocol_version: U32
    protocol_hash: Id16
    client_nonce: bytes
    public_key: PublicKey
    instance: Id16
    name: PersonName
    capabilities: Capabilities
    resume_session: bytes
    resume_token: bytes
    last_seq: U64
    heartbeat_ms: U32
    software: SoftwareVersion


class SessionChallenge(Message, frozen=True):
    """The room's answer: its key, a fresh nonce, and its signature over both sides' words so far."""

    server_nonce: bytes
    room_key: PublicKey
    server: Id16
    room: Id16
    signature: Signature


class SessionProof(Message, frozen=True):
    """The participant's signature over the transcript, and its invite (empty when it has none)."""

    signature: Signature
    invite: str


class SessionAcknowledge(Message, frozen=True):
    """The session stands. Times are milliseconds since 1970 on the room's clock.

    `lamport` is the highest admitted at `head_seq`; a new command's must be above it. `heartbeat_ms` is how often both
    sides ping.
    """

    session: Id16
    resume_token: Id16
    actor: U64
    role: RoleName
    capabilities: Capabilities
    room_name: str
    room_time_ms: U64
    head_seq: U64
    lamport: U64
    next_nonce: U64
    resumed: bool
    heartbeat_ms: U32


class CompressionDictionary(Message, frozen=True):
    """From here on the room's frames may need this dictionary (theta.wire.dictionaries, WIRE-47)."""

    data: DictionaryBytes


class Compressed(Message, frozen=True):
    """Another message of the room's: `data` is one zstd frame that holds its frame (WIRE-44)."""

    data: bytes


# -- heartbeat -------------------------------------------------------------------------------------------------------


class Ping(Message, frozen=True):
    """Either side asks; `sent_ms` is its own clock and comes back unchanged."""

    number: U64
    sent_ms: float


class Pong(Message, frozen=True):
    """The answer; `answered_ms` is the answerer's clock, in milliseconds since 1970 at the room."""

    number: U64
    sent_ms: float
    answered_ms: float


# -- commands --------------------------------------------------------------------------------------------------------


class GestureName(Part, frozen=True):
    """A gesture: the actor and the number of its first command."""

    actor: U64
    number: U64


class CommandEnvelope(Part, frozen=True):
    """One command inside a packet's body; `payload` is the MessagePack of the type's own struct."""

    number: U64
    lamport: U64
    gesture: U64
    type_id: I64
    version: U32
    payload: msgspec.Raw


class PacketBody(Part, frozen=True):
    """What a packet's signature covers, byte for byte as sent."""

    timestamp_ms: U64
    commands: list[CommandEnvelope]


class SubmitPacket(Message, frozen=True):
    """A signed packet of commands for a branch (CMD-3).

    `seen` is the highest record applied, `chain` the chain hash there.
    """

    nonce: U64
    seen: U64
    chain: Digest32
    branch: Id16
    signature: Signature
    body: bytes


class PacketAcknowledged(Message, frozen=True):
    """The packet is on the room's disk, as record `seq`."""

    nonce: U64
    seq: U64


class PacketRefused(Message, frozen=True):
    """The packet was not admitted. Retry it after `retry_after_ms` when `retryable`, with the same nonce."""

    nonce: U64
    code: str
    reason: str
    retryable: bool
    retry_after_ms: U32


class Corrected(Message, frozen=True):
    """To an author: the outcome of a command is not, or no longer, what it was; `gesture` is the one that it is of.

    `against` are the gestures of the concurrent commands that it was in conflict with, if that is why.
    """

    actor: U64
    number: U64
    gesture: U64
    outcome: OutcomeName
    reason: str
    against: list[GestureName]


class ConflictNotice(Message, frozen=True):
    """To both authors of a conflict (WIRE-32): `mine` and `theirs` were concurrent and touched the same of an entity.

    `strategy` is what decided, `outcome` what became of the later one's command; `elements` are those of the mesh that
    my command names, the first few.
    """

    entity: Id16
    strategy: str
    mine: GestureName
    mine_label: str
    theirs: GestureName
    their_name: str
    their_label: str
    outcome: OutcomeName
    elements: list[Id16]


# -- the log and the document ----------------------------------------------------------------------------------------


class LogRecord(Part, frozen=True):
    """One record of the log, as stored; `kind` as in theta.commands.records."""

    kind: U8
    body: bytes


class ComponentBytes(Part, frozen=True):
    """A component's canonical bytes."""

    component: U64
    data: bytes


class UnitPatch(Part, frozen=True):
    """What changed of one entity; `removed` when it is no longer in the document."""

    entity: Id16
    removed: bool
    components: list[ComponentBytes]


class Commit(Message, frozen=True):
    """Records that became durable, in order, and the hash of the document of `branch` after the last.

    To a participant that folds, `units` is empty; to one that takes patches, `units` holds what the records changed in
    the document of `branch`, the one that its session is on.
    """

    first_seq: U64
    records: list[LogRecord]
    units: list[UnitPatch]
    document_hash: Id16
    branch: Id16


class DocumentPart(Message, frozen=True):
    """A part of the whole document of `branch` at `seq`, for a participant that takes patches; it replaces all it held.

    `chain` is the chain hash at `seq`, `lamport` the highest admitted by then; `first` and `last` bracket the parts.
    """

    seq: U64
    chain: Digest32
    lamport: U64
    first: bool
    last: bool
    units: list[UnitPatch]
    document_hash: Id16
    branch: Id16


class SnapshotOffer(Message, frozen=True):
    """To a participant that folds: a checkpoint stands for the records up to `frontier`, the others follow (WIRE-41).

    `seq` is the record that it was made at and `chain` the chain hash at `frontier`; `first_seq` the lowest record that
    the room has, above 1 when its log was compacted, and `base` that record's body then. `digests` has 32 bytes for
    each part.
    """

    seq: U64
    frontier: U64
    first_seq: U64
    base: bytes
    chain: Digest32
    digests: bytes


class SnapshotRequest(Message, frozen=True):
    """Give the offered checkpoint's parts from `number` on, as many as SNAPSHOT_WINDOW_PARTS."""

    seq: U64
    number: U32


class SnapshotPart(Message, frozen=True):
    """A part of the checkpoint at record `seq`; `number` counts from 0."""

    seq: U64
    number: U32
    data: bytes


class ResyncRequest(Message, frozen=True):
    """A participant's document hash differs at `seq`; it asks for the document (or the log) anew."""

    seq: U64
    document_hash: Id16


class Dependant(Part, frozen=True):
    """Work of somebody else that an undo would bring to nothing, and the gestures of it that a cascade masks.

    `gestures` is empty when there are too many to be undone in one command.
    """

    author: str
    label: str
    gestures: list[GestureName]
    entity: Id16


class HistoryStep(Part, frozen=True):
    """What one press of undo (or redo) would touch.

    `dependants` is what others built on it: an undo has to cascade over the gestures of all of them, or is refused.
    Of a redo, it is what the undo took along and what comes back with it. There may be too much to find out ahead of
    time: then an undo that meets something comes to nothing, and Corrected says so.
    """

    gestures: list[GestureName]
    label: str
    dependants: list[Dependant]


class History(Message, frozen=True):
    """To an author that takes patches: its next undo and redo, each a list of at most one step."""

    undo: list[HistoryStep]
    redo: list[HistoryStep]


# -- branches and what was before -------------------------------------------------------------------------------------


class SwitchBranch(Message, frozen=True):
    """The session goes on on another branch; answered with BranchList, and with the document to whom takes patches."""

    branch: Id16


class BranchInfo(Part, frozen=True):
    """A branch: what `parent` held at record `fork`, and its own since. `author_name` made it at `at_ms`."""

    id: Id16
    name: str
    parent: Id16
    fork: U64
    author_name: str
    at_ms: U64


class BranchList(Message, frozen=True):
    """Every branch, the main one first, and the one that the session is on."""

    branches: list[BranchInfo]
    current: Id16


class WhoRequest(Message, frozen=True):
    """Who made an element of an entity's mesh, or (`object`, `element` being the entity) the entity itself?"""

    request: U32
    entity: Id16
    kind: ElementKind
    element: Id16


class WhoAnswer(Message, frozen=True):
    """The command that made it and whose it is; all empty unless `found`. `at_ms` is the author's own time."""

    request: U32
    found: bool
    actor: U64
    number: U64
    author: bytes
    author_name: str
    colour: U32
    label: str
    seq: U64
    at_ms: U64


class HistoryRequest(Message, frozen=True):
    """Of the session's branch, gestures that ended before record `before_seq` (0: all), newest first.

    At most `count`, and no more than HISTORY_ENTRIES_MAX.
    """

    request: U32
    before_seq: U64
    count: U32


class HistoryEntry(Part, frozen=True):
    """A gesture, by its first command; `seq` is the record of its last, and the moment to look at to see it done.

    `outcome` is that of the first of its commands that did something, else of its first; `entity` is empty for what
    governs the room.
    """

    seq: U64
    actor: U64
    number: U64
    author: PublicKey
    author_name: str
    colour: U32
    label: str
    entity: bytes
    outcome: OutcomeName
    at_ms: U64


class HistoryPage(Message, frozen=True):
    """The answer to a HistoryRequest or a MergePreviewRequest; `more`: older ones are before the last's `seq`."""

    request: U32
    entries: list[HistoryEntry]
    more: bool


class MomentRequest(Message, frozen=True):
    """The document of the session's branch as it was at record `seq`; 0 asks for no more of the last one."""

    request: U32
    seq: U64


class MomentPart(Message, frozen=True):
    """A part of a past moment, to look at; `first` and `last` bracket the parts. What is now goes on beside it."""

    request: U32
    seq: U64
    first: bool
    last: bool
    units: list[UnitPatch]
    document_hash: Id16


class MergePreviewRequest(Message, frozen=True):
    """As HistoryRequest, of what merging `source` into the session's branch would bring now, less what governs."""

    request: U32
    source: Id16
    before_seq: U64
    count: U32


class PolicyRequest(Message, frozen=True):
    """What do the room's policies say now?"""

    request: U32


class PolicyRule(Part, frozen=True):
    """What holds for one type of command: the strategy for its conflicts (empty when it has none), the least role."""

    command: str
    strategy: PolicyName
    role: RoleName


class PolicyAnswer(Message, frozen=True):
    """The strategy for whatever was given none of its own, whether undo may cascade, and every type of command."""

    request: U32
    strategy: PolicyName
    cascade: bool
    rules: list[PolicyRule]


class InviteRequest(Message, frozen=True):
    """An admin wants an invite with a role that ends in `seconds`; 0 for one that does not end."""

    request: U32
    role: RoleName
    seconds: U32


class InviteMade(Message, frozen=True):
    """The invite's token; `expires_ms` is 0 when it does not end."""

    request: U32
    role: RoleName
    token: str
    expires_ms: U64


class RequestRefused(Message, frozen=True):
    """Why a request is not answered; `request` is its number, 0 for SwitchBranch. Asked too often: `RateLimited`."""

    request: U32
    code: str
    reason: str


# -- people ----------------------------------------------------------------------------------------------------------


class Person(Part, frozen=True):
    """Someone in the room; `colour` is 0xRRGGBB."""

    actor: U64
    author: PublicKey
    name: PersonName
    colour: U32
    role: RoleName


class Roster(Message, frozen=True):
    """Everyone in the room now."""

    people: list[Person]


class ChatLine(Message, frozen=True):
    """A participant says something."""

    text: ChatText


class Chat(Message, frozen=True):
    """The room passes it on, with who and when."""

    actor: U64
    name: PersonName
    colour: U32
    text: ChatText
    at_ms: U64


class PresenceUpdate(Message, frozen=True):
    """One's own presence row (theta.replication.presence), latest wins."""

    row: bytes


class PresenceBatch(Message, frozen=True):
    """The presence rows that changed since the last batch, concatenated."""

    rows: bytes


# -- assets ----------------------------------------------------------------------------------------------------------


class AssetPart(Message, frozen=True):
    """A piece of an asset that a participant gives to the room (AST-5); without data it only asks how far the room is.

    `asset` is the hash of the whole, `size` how many bytes that has, `offset` where in it `data` belongs.
    """

    asset: Digest32
    size: U64
    offset: U64
    data: AssetBytes


class AssetReceived(Message, frozen=True):
    """The room holds the first `received` bytes; `stored` once all are on its disk, and commands may name the asset."""

    asset: Digest32
    received: U64
    stored: bool


class AssetRefused(Message, frozen=True):
    """The room does not take an asset, or (`UnknownAsset`) has none of this hash to give."""

    asset: Digest32
    code: str
    reason: str


class AssetRequest(Message, frozen=True):
    """A participant that folds lacks an asset: it asks for the window that begins at `offset` (AST-9)."""

    asset: Digest32
    offset: U64


class AssetData(Message, frozen=True):
    """A piece of an asset that was asked for; fields as in AssetPart."""

    asset: Digest32
    size: U64
    offset: U64
    data: AssetBytes
