"""What a log knows at its head beside its records, as bytes: what a checkpoint keeps, so that opening reads no records.

It is made and read by CommandLog alone. Numbers in columns are little-endian u64.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from theta.base.identifiers import CommandName, Position, signed_name_id
from theta.base.limits import DIGEST_BYTES, INDEX_NONCE_RECORDS_MAX
from theta.commands.branches import CommandCount
from theta.commands.command import Command
from theta.commands.governing import Governing
from theta.commands.name_index import NameIndex
from theta.commands.records import BadRecord, FrontierRecord, HeadRecord, SessionRecord, decode, encode
from theta.commands.refusals import Refused
from theta.commands.registry import CommandRegistry, encode_payload
from theta.commands.replay_guard import ReplayGuard
from theta.wire.messages import CommandEnvelope, Part
from theta.wire.types import I64, U32, U64, Digest32, Id16, PublicKey

INDEX_FORMAT = 2


class OpenedSession(Part, frozen=True):
    """A session and the record that opened it."""

    seq: U64
    session: SessionRecord


class LastCommand(Part, frozen=True):
    """An actor's last command, the highest record that it has seen, and which numbers were admitted.

    `ranges` is a column: of each run of numbers the first and the last, ascending.
    """

    actor: U64
    number: U64
    lamport: U64
    seen: U64
    ranges: bytes


class UsedNonces(Part, frozen=True):
    """A session's nonces: the highest, how many were skipped, and of those remembered the columns."""

    session: Id16
    highest: U64
    gaps: U64
    nonces: bytes
    seqs: bytes
    digests: bytes


class GoverningCommand(Part, frozen=True):
    """A governing command as the log gave it out, and why it had no effect; empty when it had.

    That is not decided anew: what was kept when it was decided may have been dropped since.
    """

    lamport: U64
    actor: U64
    number: U64
    gesture: U64
    author: PublicKey
    seq: U64
    seen: U64
    branch: Id16
    type_id: I64
    version: U32
    payload: msgspec.Raw
    reason: str


class CountedBranch(Part, frozen=True):
    """How many commands a branch had at records, see theta.commands.branches.CommandCount."""

    branch: Id16
    seqs: bytes
    totals: bytes
    total: U64


class LogIndex(Part, frozen=True):
    """Everything; `chains` and `lamports` are of the records from the frontier's, or from 0, to the head.

    `base_seq` and `last_edits` are those of theta.commands.branches.Branches: 0 and none unless the log is compacted.
    """

    index_format: U32
    genesis: bytes
    head_seq: U64
    chains: bytes
    lamports: bytes
    sessions: list[OpenedSession]
    lasts: list[LastCommand]
    nonces: list[UsedNonces]
    governing: list[GoverningCommand]
    counts: list[CountedBranch]
    assets: list[tuple[Digest32, U64]]
    command_count: U64
    created_count: U64
    last_packet_seq: U64
    last_head: HeadRecord | None
    frontier: FrontierRecord | None
    base_seq: U64
    last_edits: list[tuple[Id16, U64]]


def encode_index(index: LogIndex) -> bytes:
    """The bytes of an index."""
    return encode(index)


def decode_index(data: bytes) -> LogIndex:
    """The index in these bytes.

    Raises:
        BadRecord: they are none, or one of another format.
    """
    index = decode(LogIndex, data)
    count = index.head_seq + 1 - (index.frontier.seq if index.frontier is not None else 0)
    if index.index_format != INDEX_FORMAT:
        raise BadRecord(f"the log's index has format {index.index_format}; this Theta reads {INDEX_FORMAT}")
    if len(index.chains) != count * DIGEST_BYTES or len(index.lamports) != count * 8:
        raise BadRecord(f"the log's index lacks chain hashes or Lamport times of its last {count} records")
    return index


def lasts_of(names: NameIndex) -> list[LastCommand]:
    """What is known of every actor that has a command."""
    return [
        LastCommand(last.actor, last.number, last.lamport, seen, column(ranges))
        for last, seen, ranges in names.actors()
    ]


def names_of(lasts: Iterable[LastCommand]) -> NameIndex:
    """The names that `lasts_of` was given, without their records.

    Raises:
        BadRecord: the numbers of an actor are none that could have been admitted.
    """
    names = NameIndex()
    for last in lasts:
        ranges = numbers_of(last.ranges)
        rises = all(one <= other for one, other in pairwise(ranges))
        if len(ranges) % 2 or not ranges or ranges[-1] != last.number or not rises:
            raise BadRecord(f"the log's index holds numbers of actor {last.actor:016x} that cannot be")
        names.add_base(Position(last.lamport, last.actor, last.number), last.seen, ranges)
    return names


def nonces_of(guards: Mapping[bytes, ReplayGuard], head_seq: int) -> list[UsedNonces]:
    """The nonces of all sessions that used any; remembered are those of the last INDEX_NONCE_RECORDS_MAX records."""
    oldest = head_seq - INDEX_NONCE_RECORDS_MAX
    kept = []
    for session, guard in sorted(guards.items()):
        if guard.highest:
            nonces, digests, seqs = guard.remembered(oldest)
            kept.append(UsedNonces(session, guard.highest, guard.gaps, column(nonces), column(seqs), b"".join(digests)))
    return kept


def guard_of(used: UsedNonces) -> ReplayGuard:
    """The nonces of a session as they were."""
    digests = [used.digests[at : at + DIGEST_BYTES] for at in range(0, len(used.digests), DIGEST_BYTES)]
    nonces, seqs = numbers_of(used.nonces), numbers_of(used.seqs)
    if not len(nonces) == len(seqs) == len(digests):
        raise BadRecord("the log's index holds nonces of which something is missing")
    guard = ReplayGuard()
    guard.restore(used.highest, used.gaps, zip(nonces, digests, seqs, strict=True))
    return guard


def governing_of(command: Command, reason: str) -> GoverningCommand:
    """A governing command as the index keeps it; `reason` is why it had no effect."""
    operation = command.operation
    return GoverningCommand(
        *command.position,
        command.gesture.number,
        command.author,
        command.seq,
        command.seen,
        command.branch,
        signed_name_id(operation.NAME),
        operation.VERSION,
        encode_payload(operation),
        reason,
    )


def command_of(registry: CommandRegistry, kept: GoverningCommand) -> Command:
    """The command that `governing_of` kept.

    Raises:
        BadRecord: it is none that governs.
    """
    envelope = CommandEnvelope(kept.number, kept.lamport, kept.gesture, kept.type_id, kept.version, kept.payload)
    try:
        operation = registry.decode(envelope)
    except Refused as error:
        raise BadRecord(f"the log's index holds no governing command: {error}") from error
    if not isinstance(operation, Governing):
        raise BadRecord(f"the log's index holds {operation.NAME} as a governing command")
    return Command(
        Position(kept.lamport, kept.actor, kept.number),
        CommandName(kept.actor, kept.number),
        CommandName(kept.actor, kept.gesture),
        kept.author,
        kept.seq,
        kept.seen,
        operation,
        kept.branch,
    )


def counts_of(counts: Mapping[bytes, CommandCount]) -> list[CountedBranch]:
    """How many commands each branch had, as the index keeps it."""
    return [CountedBranch(key, column(each.seqs), column(each.totals), each.total) for key, each in counts.items()]


def count_of(kept: CountedBranch) -> CommandCount:
    """The count that `counts_of` kept."""
    count = CommandCount()
    count.seqs, count.totals, count.total = numbers_of(kept.seqs), numbers_of(kept.totals), kept.total
    return count


def column(numbers: Iterable[int]) -> bytes:
    """Numbers as little-endian u64."""
    return np.array(list(numbers), "<u8").tobytes()


def numbers_of(data: bytes) -> list[int]:
    """The numbers of a column."""
    if len(data) % 8:
        raise BadRecord("the log's index holds a column that is cut off")
    numbers: Sequence[int] = np.frombuffer(data, "<u8").tolist()
    return list(numbers)
