"""Admission: whether a packet may enter the log, all or nothing, in the order of spec/commands.md (CMD-10).

size → exact resend → held back, body, rate → nonce → signature → binding → role → registered type and version →
timestamp → frontier → lamport → price → assets.
Preconditions and conflicts are the fold's business and are never looked at here.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.base.limits import (
    AUTHORS_PACED_MAX,
    COMMAND_BURST_MAX,
    COMMANDS_PER_SECOND,
    IMPORTED_FACES_PER_TOKEN,
    LAMPORT_JUMP_MAX,
    MERGE_COMMANDS_MAX,
    MERGE_COMMANDS_PER_TOKEN,
    PACKET_BYTES_MAX,
    TIMESTAMP_AHEAD_SECONDS_MAX,
    U64_MAX,
    UNDO_COMMANDS_MAX,
)
from theta.base.moment import Moment
from theta.commands.governing import Governing, MergeBranch
from theta.commands.identity import is_signed_by
from theta.commands.log import CommandLog, content_digest
from theta.commands.packets import ParsedBody, check_size, parse_body
from theta.commands.rate_limit import Pace, TokenBucket
from theta.commands.records import BadRecord, PacketRecord, SessionRecord
from theta.commands.refusals import (
    BadPayload,
    BadSignature,
    Blocked,
    ClockExhausted,
    ClockJump,
    Equivocation,
    FutureTimestamp,
    Kicked,
    LamportBehind,
    NotAllowed,
    RateLimited,
    ReadOnly,
    Refused,
    Revoked,
    SeenBehind,
    SeenPastHead,
    Stale,
    TooExpensive,
    UnknownAsset,
    UnknownBranch,
    UnknownCommand,
    WrongChain,
)
from theta.commands.registry import Batch
from theta.commands.roles import at_least, lower_role
from theta.commands.store import StoredRecord
from theta.wire.messages import SubmitPacket
from theta.wire.types import RoleName

READ_ONLY_RETRY_SECONDS = 5.0
DISK_BEHIND_RETRY_SECONDS = 0.5
ALLOWED_REMEMBERED = 4_096
TIMESTAMP_AHEAD_MS_MAX = TIMESTAMP_AHEAD_SECONDS_MAX * 1000.0


ReplayLength = Callable[[bytes, Sequence[CommandName]], int | None]


class Admitted(NamedTuple):
    """The packet is, or already was, record `seq`; `record` is the new one, None for a repeated packet."""

    seq: int
    record: StoredRecord | None


# Half of what the constructor of a named tuple costs, which is a Python function.
_admitted = partial(tuple.__new__, Admitted)


class Admission:
    """Guards a log. What it admits still has to be taken by `CommandLog.accept`, which the caller does at once.

    `counts` has how many packets were `admitted`, `resent`, and refused under each refusal's name.

    Args:
        log: what is guarded.
        burst: tokens of each author's bucket.
        per_second: tokens that it gains.
        faces_of: how many faces the asset of a name has; None when it is not stored here.
        replay_length: how many commands a branch replays when these gestures are undone or redone; None where nobody
            knows, and then it is all of the branch since the first of them.
        paces: burst and tokens a second for authors of a role, where they are other than these.
        takes_retired: whether to admit versions that only old logs hold, as the rooms did that wrote those.
    """

    def __init__(
        self,
        log: CommandLog,
        burst: float = COMMAND_BURST_MAX,
        per_second: float = COMMANDS_PER_SECOND,
        faces_of: Callable[[bytes], int | None] = lambda asset: None,
        replay_length: ReplayLength = lambda branch, gestures: None,
        paces: Mapping[RoleName, Pace] | None = None,
        *,
        takes_retired: bool = False,
    ) -> None:
        self._log = log
        self._faces_of = faces_of
        self._replay_length = replay_length
        self._takes_retired = takes_retired
        self._pace = Pace(burst, per_second)
        self._paces = dict(paces or {})
        self._buckets: dict[bytes, TokenBucket] = {}
        self._blocked_at: dict[bytes, int] = {}
        # By session: a nonce whose commands are paid for, and from when on it may come again without paying anew.
        self._paid: dict[bytes, tuple[int, float]] = {}
        self._allowed: dict[tuple[bytes, RoleName, int], int] = {}
        self.counts: Counter[str] = Counter()
        self.read_only_reason: str | None = None
        """Why nothing can be written, for people; None while all is well."""
        self.disk_is_behind = False
        """Whether so much waits for the disk, or to be folded, that nothing more is admitted for now."""

    def admit(self, now: Moment, session: SessionRecord, role: RoleName, packet: SubmitPacket) -> Admitted:
        """Decide about one packet of a session.

        Args:
            now: the room's clock.
            session: whose packet it is.
            role: what the author's invite gave; what the log says of the author goes before it.
            packet: as it was sent.

        Raises:
            Refused: the first rule that it breaks; see theta.commands.refusals. Nothing was changed but the bucket,
                and what later nonces of the session wait for.
        """
        try:
            admitted = self._admit(now, session, role, packet)
        except Refused as refusal:
            self.counts[refusal.code] += 1
            if not refusal.retryable:
                # Refused for good is settled too: its author drops it and goes on with the next.
                self._settle(session, packet)
            elif not isinstance(refusal, Blocked):
                blocked_at = self._blocked_at.get(session.session, packet.nonce)
                self._blocked_at[session.session] = min(blocked_at, packet.nonce)
            raise
        if self._blocked_at:
            self._settle(session, packet)
        self.counts["resent" if admitted.record is None else "admitted"] += 1
        return admitted

    def _settle(self, session: SessionRecord, packet: SubmitPacket) -> None:
        if self._blocked_at.get(session.session) == packet.nonce:
            del self._blocked_at[session.session]

    def release(self, session: bytes) -> None:
        """The session signs everything anew: what was to be sent again first will come under another nonce (CMD-13)."""
        self._blocked_at.pop(session, None)
        self._paid.pop(session, None)

    def _admit(self, now: Moment, session: SessionRecord, role: RoleName, packet: SubmitPacket) -> Admitted:
        log = self._log
        if len(packet.body) > PACKET_BYTES_MAX:
            check_size(packet.body, 0)
        # One below the last, so that there always is a next nonce to tell.
        if packet.nonce >= U64_MAX or packet.seen > U64_MAX:
            raise BadPayload(f"nonce must be below {U64_MAX}, and seen at most that")
        digest = log.packet_digest(session, packet.branch, packet.nonce, packet.seen, packet.chain, packet.body)
        guard = log.guard(session.session)
        resent = guard.resent(packet.nonce, digest)
        if resent is not None:
            return Admitted(resent, None)
        bucket = self._bucket(now, session.author, role)
        body = self._paced_body(now, session, packet, bucket)
        guard.check(packet.nonce)
        if not is_signed_by(session.author, digest, packet.signature):
            raise BadSignature("the signature does not fit the packet in this room, branch and session")
        fits = log.fits(session.actor, packet, body)
        repeated = None if fits else self._check_binding(session, packet, body)
        if repeated is not None:
            return Admitted(repeated, None)
        # What was allowed stays so until the room is governed again.
        asked = (session.session, role, body.type_ids[0])
        if not body.is_uniform or self._allowed.get(asked) != len(log.governance.commands):
            self._check_author(session, role, body)
            self._remember_allowed(asked, body)
        batch = log.registry.decode_all(body)
        if batch.is_retired and not self._takes_retired:
            raise UnknownCommand("this version of the command is read in old logs only")
        if batch.governs:
            self._check_governing(batch)
        if not fits or body.timestamp_ms - now.unix_ms > TIMESTAMP_AHEAD_MS_MAX:
            self._check_times(now, session, packet, body)
        if batch.creates:
            log.check_room(batch.creates)
        if batch.price or batch.assets or batch.governs or batch.switches:
            self._check_price(now, session, packet, batch, bucket)
        record = PacketRecord(
            session.session,
            session.actor,
            packet.nonce,
            packet.seen,
            packet.chain,
            packet.signature,
            now.unix_ms,
            packet.body,
            packet.branch,
        )
        return _admitted((log.head_seq + 1, log.next_packet(record, digest, body, batch)))

    def _bucket(self, now: Moment, author: bytes, granted: RoleName) -> TokenBucket:
        role = self._log.governance.role_of(author, self._log.head_seq, granted) if self._paces else None
        pace = self._paces.get(role, self._pace) if role is not None else self._pace
        bucket = self._buckets.get(author)
        if bucket is None:
            if len(self._buckets) >= AUTHORS_PACED_MAX:
                self._buckets = {key: each for key, each in self._buckets.items() if not each.is_full(now.seconds)}
            bucket = self._buckets[author] = TokenBucket(*pace, now.seconds)
        elif bucket.pace != pace:
            bucket.change_pace(pace, now.seconds)
        return bucket

    def _paced_body(self, now: Moment, session: SessionRecord, packet: SubmitPacket, bucket: TokenBucket) -> ParsedBody:
        if self.read_only_reason is not None:
            raise ReadOnly(self.read_only_reason, retry_after_seconds=READ_ONLY_RETRY_SECONDS)
        blocked_at = self._blocked_at.get(session.session)
        if blocked_at is not None and packet.nonce > blocked_at:
            raise Blocked(f"the packet with nonce {blocked_at} has to be sent again first")
        if self.disk_is_behind:
            raise RateLimited("the room's disk is behind, or its fold", retry_after_seconds=DISK_BEHIND_RETRY_SECONDS)
        body = self._log.registry.parse(packet.body)
        paid = self._paid.pop(session.session, None) if self._paid else None
        if paid is not None and paid[0] == packet.nonce and now.seconds >= paid[1]:
            return body
        wait = bucket.take(len(body.numbers), now.seconds)
        if wait:
            raise RateLimited(f"over {bucket.pace.per_second:g} commands a second", retry_after_seconds=wait)
        return body

    def _check_binding(self, session: SessionRecord, packet: SubmitPacket, body: ParsedBody) -> int | None:
        """Whether the packet is of this log; returns the record of one whose commands are all here already."""
        log = self._log
        if packet.seen > log.head_seq:
            raise SeenPastHead(f"record {packet.seen} is past the head, {log.head_seq}")
        # What is below the frontier may be forgotten; a packet that has seen no more is Stale or here already.
        chain = log.known_chain(packet.seen)
        if packet.chain != chain and chain is not None:
            raise WrongChain(f"the chain hash at record {packet.seen} is another one here")
        if packet.branch not in log.governance.lines.by_id:
            raise UnknownBranch(f"there is no branch {packet.branch.hex()} here")
        numbers, last = body.numbers, log.last_of_actor(session.actor)
        if last is None or (numbers[0] > last.number and (body.is_rising or min(numbers) > last.number)):
            return None
        names = [CommandName(session.actor, number) for number in body.numbers]
        found = [log.find(name) for name in names]
        if all(seq is None for seq in found):
            return None
        for seq, name, envelope in zip(found, names, parse_body(packet.body).envelopes(), strict=True):
            if seq is None:
                raise Equivocation(f"command {name.number} is new, but comes with commands admitted before")
            if not log.has_content(name, content_digest(envelope)):
                raise Equivocation(f"command {name.number} of this actor was admitted with other content")
        return max([seq or 0 for seq in found] + [log.first_seq - 1])

    def _check_author(self, session: SessionRecord, granted: RoleName, body: ParsedBody) -> None:
        log, author = self._log, session.author
        governance, head = log.governance, log.head_seq
        if granted != session.role:
            # A log proves a packet by its session's role (LOG-5), so that more than this can never be granted.
            granted = lower_role(granted, session.role)
        role = governance.role_of(author, head, granted)
        if role is None:
            raise Revoked(f"this key was revoked: {governance.reason_for(author) or 'no reason was given'}")
        if governance.is_ended(log.session_seqs.get(session.session, 0), author):
            raise Kicked(f"an admin ended the session: {governance.reason_for(author) or 'no reason was given'}")
        for name in log.registry.names_of(body) or ("",):
            least = governance.least_role(name, head)
            if not at_least(role, least):
                if role == "viewer":
                    raise NotAllowed(f"a viewer may look and talk; ask for an invite as {least} to change things")
                raise NotAllowed(f"{name} is for {least}s; your role is {role}")

    def _remember_allowed(self, asked: tuple[bytes, RoleName, int], body: ParsedBody) -> None:
        if body.is_uniform:
            if len(self._allowed) >= ALLOWED_REMEMBERED:
                self._allowed.clear()
            self._allowed[asked] = len(self._log.governance.commands)

    def _check_governing(self, batch: Batch) -> None:
        for operation in batch.operations:
            objection = self._log.governance.objection(operation) if isinstance(operation, Governing) else ""
            if objection:
                raise NotAllowed(objection)

    def _check_times(self, now: Moment, session: SessionRecord, packet: SubmitPacket, body: ParsedBody) -> None:
        log = self._log
        ahead = (body.timestamp_ms - now.unix_ms) / 1000.0
        if ahead > TIMESTAMP_AHEAD_SECONDS_MAX:
            raise FutureTimestamp(f"{ahead:.1f} s ahead of the room's clock; at most {TIMESTAMP_AHEAD_SECONDS_MAX:g} s")
        stale = log.staleness(packet.seen, body) if log.frontier is not None else ""
        if stale:
            raise Stale(stale)
        if log.lamport >= U64_MAX:
            raise ClockExhausted(f"the highest Lamport time admitted is {U64_MAX}, and there is none above it")
        forgetful = log.forgetfulness(session.actor, packet.seen)
        if forgetful:
            raise SeenBehind(forgetful)
        try:
            log.check_order(session.actor, packet.seen, body)
        except BadRecord as error:
            raise LamportBehind(str(error)) from error
        if body.lamports[-1] > log.lamport + LAMPORT_JUMP_MAX:
            raise ClockJump(f"Lamport time {body.lamports[-1]} is over 2^32 past {log.lamport}")

    def _check_price(
        self, now: Moment, session: SessionRecord, packet: SubmitPacket, batch: Batch, bucket: TokenBucket
    ) -> None:
        """An import costs as much time as many commands, by the faces of its asset, and so do others (CMD-15)."""
        price = batch.price
        for asset in batch.assets:
            faces = self._faces_of(asset)
            if faces is None:
                raise UnknownAsset(f"the asset {asset.hex()} is not stored here; upload it first")
            price += faces // IMPORTED_FACES_PER_TOKEN
        burst, count = bucket.pace.burst, len(batch.operations)
        if batch.governs or batch.switches:
            replayed = self._merge_price(packet.branch, batch) + self._undo_price(packet.branch, batch)
            price += min(replayed, max(0, int(burst) - count - price))
        whole = price + count
        if price and whole > burst:
            raise TooExpensive(f"the packet costs {whole} tokens, and a bucket holds {burst:g}")
        wait = bucket.take(price, now.seconds)
        if wait:
            # Or two of an author's sessions that wait for a full bucket would empty it for each other, for ever.
            self._paid[session.session] = packet.nonce, now.seconds + wait
            raise RateLimited("much was made just now", retry_after_seconds=wait)

    def _merge_price(self, branch: bytes, batch: Batch) -> int:
        log, price = self._log, 0
        for operation in batch.operations:
            if isinstance(operation, MergeBranch):
                size = log.governance.lines.merge_size(branch, log.head_seq, operation.source, operation.at)
                if size > MERGE_COMMANDS_MAX:
                    raise TooExpensive(f"the merge replays {size} commands; at most {MERGE_COMMANDS_MAX}")
                price += size // MERGE_COMMANDS_PER_TOKEN
        return price

    def _undo_price(self, branch: bytes, batch: Batch) -> int:
        price = 0
        for operation in batch.operations:
            gestures = list(operation.switched)
            if gestures:
                length = self._replay_length(branch, gestures)
                if length is None:
                    # Much of it belongs to other units: no reason to refuse an honest undo after a restart.
                    length = min(self._log.length_since(branch, gestures), UNDO_COMMANDS_MAX)
                elif length > UNDO_COMMANDS_MAX:
                    raise TooExpensive(f"{length} commands may have to be replayed; at most {UNDO_COMMANDS_MAX}")
                price += length // MERGE_COMMANDS_PER_TOKEN
        return price
