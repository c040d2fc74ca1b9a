"""The messages of the state plane: spec/replication.md (REP-6 …). What a body holds is in `theta.replication`."""

from typing import Annotated

from msgspec import Meta

from theta.base import limits
from theta.wire.message import Message, Part
from theta.wire.types import U32, U64, DescriptorText, Id16

Cells = Annotated[list[U32], Meta(max_length=limits.STATE_CELLS_PER_MESSAGE_MAX)]
ChunkNumbers = Annotated[list[U32], Meta(max_length=limits.STATE_CHUNKS_MAX)]
BodyBytes = Annotated[bytes, Meta(max_length=limits.STATE_BODY_BYTES_MAX)]
SectionBytes = Annotated[bytes, Meta(max_length=limits.STATE_SECTION_BYTES_MAX)]
ChunkBytes = Annotated[bytes, Meta(max_length=limits.STATE_CHUNK_BYTES_MAX)]
DigestBytes = Annotated[bytes, Meta(max_length=10 * (limits.STATE_COMPONENTS_MAX + 1))]


class ComponentDescriptors(Message, frozen=True):
    """The session's components from number `first` on, each a descriptor as JSON (REP-6).

    `manifest` is the hash of all descriptors so far, these included (REP-7).
    """

    first: U32
    descriptors: Annotated[list[DescriptorText], Meta(max_length=limits.STATE_COMPONENTS_MAX)]
    manifest: Id16


class StateFrame(Message, frozen=True):
    """Sections of a tick (REP-10). `input` is the newest input of the receiver's that had been applied by then.

    `body` is the sections, or when it is `coded` the same in fewer bits (REP-30).
    """

    sequence: U32
    tick: U32
    input: U32
    coded: bool
    body: BodyBytes


class StateSection(Message, frozen=True):
    """Sections that are too large for a datagram; numbered and acknowledged like a StateFrame (REP-19)."""

    sequence: U32
    tick: U32
    body: SectionBytes


class StateAck(Message, frozen=True):
    """The newest StateFrame or StateSection that was taken, and which of the 64 before it: bit 0 is the one before."""

    sequence: U32
    received: U64


class CellsLeft(Message, frozen=True):
    """The receiver is told of these cells no more: it forgets them, and sections of them up to `tick` (REP-18)."""

    tick: U32
    cells: Cells


class StateChunk(Message, frozen=True):
    """A piece of a snapshot at `tick` (REP-20).

    Chunk `number` of `count`. `parts` chunks in a row hold sections together, of which this is `part`. `data` is its
    `size` bytes, or a zstd frame of them when that is shorter; `digest` is its BLAKE2b-128 (person "theta-chunk").
    """

    snapshot: U32
    tick: U32
    number: U32
    count: U32
    part: U32
    parts: U32
    manifest: Id16
    digest: Id16
    size: U32
    data: ChunkBytes


class StateChunksReceived(Message, frozen=True):
    """Which chunks of a snapshot are here; after a lost connection, all of them, to go on from there (REP-21)."""

    snapshot: U32
    numbers: ChunkNumbers


class CellHash(Part, frozen=True):
    """What a cell was at `tick`: for each component number u16 and 8 bytes of hash, ascending (REP-24)."""

    cell: U32
    tick: U32
    digests: DigestBytes


class CellHashes(Message, frozen=True):
    """A participant's hashes of some of its cells, for the room to compare with its own."""

    hashes: Annotated[list[CellHash], Meta(max_length=limits.STATE_HASHES_PER_MESSAGE_MAX)]


STATE_FROM_ROOM = (ComponentDescriptors, StateFrame, StateSection, CellsLeft, StateChunk)
STATE_FROM_PARTICIPANT = (StateAck, StateChunksReceived, CellHashes)
DATAGRAMS = (StateFrame, StateAck)
"""Those of the plane "state"; all others are reliable."""
