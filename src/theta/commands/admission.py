"""Admission: whether a packet may enter the log, all or nothing, in the order of spec/commands.md (CMD-10).

size → exact resend → held back, body, rate → nonce → signature → binding → role → registered type and version →
timestamp → lamport → price → assets.
Preconditions and conflicts are the fold's business and are never looked at here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.base.limits import (
    COMMAND_BURST_MAX,
    COMMANDS_PER_SECOND,
    IMPORTED_FACES_PER_TOKEN,
    LAMPORT_JUMP_MAX,
    TIMESTAMP_AHEAD_SECONDS_MAX,
    U64_MAX,
)
from theta.base.moment import Moment
from theta.commands.identity import is_signed_by
from theta.commands.log import CommandLog, content_digest
from theta.commands.packets import check_size, decode_body, packet_digest
from theta.commands.rate_limit import TokenBucket
from theta.commands.records import BadRecord, PacketRecord, RecordKind, SessionRecord, encode
from theta.commands.refusals import (
    BadPayload,
    BadSignature,
    Blocked,
    ClockJump,
    Equivocation,
    FutureTimestamp,
    LamportBehind,
    NotAllowed,
    RateLimited,
    ReadOnly,
    Refused,
    SeenPastHead,
    TooMuchImported,
    UnknownAsset,
    WrongChain,
)
from theta.commands.registry import Payload
from theta.commands.roles import may_edit
from theta.commands.store import StoredRecord
from theta.wire.messages import PacketBody, SubmitPacket
from theta.wire.types import RoleName

READ_ONLY_RETRY_SECONDS = 5.0
DISK_BEHIND_RETRY_SECONDS = 0.5


class Admitted(NamedTuple):
    """The packet is, or already was, record `seq`; `record` is the new one, None for a repeated packet."""

    seq: int
    record: StoredRecord | None


class Admission:
    """Guards a log. What it admits still has to be taken by `CommandLog.accept`, which the caller does at once.

    Args:
        log: what is guarded.
        burst: tokens of each author's bucket.
        per_second: tokens that it gains.
        faces_of: how many faces the asset of a name has; None when it is not stored here.
    """

    def __init__(
        self,
        log: CommandLog,
        burst: float = COMMAND_BURST_MAX,
        per_second: float = COMMANDS_PER_SECOND,
        faces_of: Callable[[bytes], int | None] = lambda asset: None,
    ) -> None:
        self._log = log
        self._faces_of = faces_of
        self._burst = burst
        self._per_second = per_second
        self._buckets: dict[bytes, TokenBucket] = {}
        self._blocked_at: dict[bytes, int] = {}
        self.read_only_reason: str | None = None
        """Why nothing can be written, for people; None while all is well."""
        self.disk_is_behind = False
        """Whether so much waits for the disk that nothing more is admitted for now."""

    def admit(self, now: Moment, session: SessionRecord, role: RoleName, packet: SubmitPacket) -> Admitted:
        """Decide about one packet of a session.

        Raises:
            Refused: the first rule that it breaks; see theta.commands.refusals. Nothing was changed but the bucket,
                and what later nonces of the session wait for.
        """
        waits = False
        try:
            return self._admit(now, session, role, packet)
        except Refused as refusal:
            waits = refusal.retryable
            if waits and not isinstance(refusal, Blocked):
                blocked_at = self._blocked_at.get(session.session, packet.nonce)
                self._blocked_at[session.session] = min(blocked_at, packet.nonce)
            raise
        finally:
            # Refused for good is settled too: its author drops it and goes on with the next.
            if not waits and self._blocked_at.get(session.session) == packet.nonce:
                del self._blocked_at[session.session]

    def release(self, session: bytes) -> None:
        """The session signs everything anew: what was to be sent again first will come under another nonce (CMD-13)."""
        self._blocked_at.pop(session, None)

    def _admit(self, now: Moment, session: SessionRecord, role: RoleName, packet: SubmitPacket) -> Admitted:
        check_size(packet.body, 0)
        digest = self._digest(session, packet)
        guard = self._log.guard(session.session)
        resent = guard.resent(packet.nonce, digest)
        if resent is not None:
            return Admitted(resent, None)
        body = self._paced_body(now, session, packet)
        guard.check(packet.nonce)
        if not is_signed_by(session.author, digest, packet.signature):
            raise BadSignature("the signature does not fit the packet in this room and session")
        repeated = self._check_binding(session, packet, body)
        if repeated is not None:
            return Admitted(repeated, None)
        if not may_edit(role):
            raise NotAllowed(f"a {role} may look and talk; ask for an invite as editor to change things")
        operations = [self._log.registry.decode(envelope) for envelope in body.commands]
        self._check_times(now, session, packet, body)
        self._log.check_room(operations)
        self._check_imports(now, session, operations)
        return Admitted(self._log.head_seq + 1, self._record(now, session, packet))

    def _check_imports(self, now: Moment, session: SessionRecord, operations: Sequence[Payload]) -> None:
        """An import costs as much time as many commands, by the faces of its asset, and so do others (CMD-15)."""
        price = sum(operation.price for operation in operations)
        for asset in (each for operation in operations for each in operation.assets):
            faces = self._faces_of(asset)
            if faces is None:
                raise UnknownAsset(f"the asset {asset.hex()} is not stored here; upload it first")
            price += faces // IMPORTED_FACES_PER_TOKEN
        whole = price + len(operations)
        if price and whole > self._burst:
            raise TooMuchImported(f"the packet costs {whole} tokens, and a bucket holds {self._burst:g}")
        bucket = self._buckets[session.author]
        if bucket.take(price, now.seconds):
            # When it comes again it pays for its commands again.
            raise RateLimited("much was made just now", retry_after_seconds=bucket.wait_for(whole, now.seconds))

    def _digest(self, session: SessionRecord, packet: SubmitPacket) -> bytes:
        # One below the last, so that there always is a next nonce to tell.
        if packet.nonce >= U64_MAX or packet.seen > U64_MAX:
            raise BadPayload(f"nonce must be below {U64_MAX}, and seen at most that")
        domain = self._log.domain(session.session, session.actor)
        return packet_digest(domain, packet.nonce, packet.seen, packet.chain, packet.body)

    def _paced_body(self, now: Moment, session: SessionRecord, packet: SubmitPacket) -> PacketBody:
        if self.read_only_reason is not None:
            raise ReadOnly(self.read_only_reason, retry_after_seconds=READ_ONLY_RETRY_SECONDS)
        blocked_at = self._blocked_at.get(session.session)
        if blocked_at is not None and packet.nonce > blocked_at:
            raise Blocked(f"the packet with nonce {blocked_at} has to be sent again first")
        if self.disk_is_behind:
            raise RateLimited("the room's disk is behind", retry_after_seconds=DISK_BEHIND_RETRY_SECONDS)
        body = decode_body(packet.body)
        bucket = self._buckets.get(session.author)
        if bucket is None:
            bucket = self._buckets[session.author] = TokenBucket(self._burst, self._per_second, now.seconds)
        wait = bucket.take(len(body.commands), now.seconds)
        if wait:
            raise RateLimited(f"over {self._per_second:g} commands a second", retry_after_seconds=wait)
        return body

    def _check_binding(self, session: SessionRecord, packet: SubmitPacket, body: PacketBody) -> int | None:
        if packet.seen > self._log.head_seq:
            raise SeenPastHead(f"record {packet.seen} is past the head, {self._log.head_seq}")
        if packet.chain != self._log.chain_at(packet.seen):
            raise WrongChain(f"the chain hash at record {packet.seen} is another one here")
        found = [self._log.find(CommandName(session.actor, envelope.number)) for envelope in body.commands]
        if not any(found):
            return None
        for entry, envelope in zip(found, body.commands, strict=True):
            if entry is None:
                raise Equivocation(f"command {envelope.number} is new, but comes with commands admitted before")
            if entry[1] != content_digest(envelope):
                raise Equivocation(f"command {envelope.number} of this actor was admitted with other content")
        return max(entry[0] for entry in found if entry is not None)

    def _check_times(self, now: Moment, session: SessionRecord, packet: SubmitPacket, body: PacketBody) -> None:
        ahead = (body.timestamp_ms - now.unix_ms) / 1000.0
        if ahead > TIMESTAMP_AHEAD_SECONDS_MAX:
            raise FutureTimestamp(f"{ahead:.1f} s ahead of the room's clock; at most {TIMESTAMP_AHEAD_SECONDS_MAX:g} s")
        try:
            self._log.check_order(session.actor, packet.seen, body)
        except BadRecord as error:
            raise LamportBehind(str(error)) from error
        if body.commands[-1].lamport > min(self._log.lamport + LAMPORT_JUMP_MAX, U64_MAX):
            raise ClockJump(f"Lamport time {body.commands[-1].lamport} is over 2^32 past {self._log.lamport}")

    def _record(self, now: Moment, session: SessionRecord, packet: SubmitPacket) -> StoredRecord:
        stored = PacketRecord(
            session.session,
            session.actor,
            packet.nonce,
            packet.seen,
            packet.chain,
            packet.signature,
            now.unix_ms,
            packet.body,
        )
        return self._log.next_record(RecordKind.PACKET, encode(stored))
