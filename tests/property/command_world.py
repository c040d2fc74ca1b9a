"""A room, its log and people with real outboxes, over a network that loses order, doubles and stalls.

Everything is the project's own but the network: packets are signed, admitted by the room's rules and logged; people
take the log's records in order, as far as they have come.
"""

from collections.abc import Collection, Iterable, Mapping
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from tests.unit.editor.scenes import ASSETS
from theta.base.identifiers import MAIN_BRANCH, CommandName, Position, actor_of
from theta.base.limits import U64_MAX
from theta.base.moment import Moment
from theta.commands import records
from theta.commands.admission import Admission
from theta.commands.governing import Governing
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.records import RecordKind, SessionRecord
from theta.commands.refusals import Refused
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor import unit_fold
from theta.editor.document import Document
from theta.editor.fold import Fold, entity_of
from theta.editor.fold_base import NOTHING_BEFORE
from theta.editor.history import History
from theta.editor.judging import LogJudge
from theta.editor.unit import Outcome
from theta.editor.unit_fold import BeyondBase
from theta.editor.unit_snapshot import unit_bytes, unit_of_bytes
from theta.editor.vocabulary import SetEffective
from theta.node.outbox import Outbox, Performed
from theta.node.protocol import REGISTRY
from theta.session.secret import RoomSecret
from theta.wire.messages import PacketRefused, SubmitPacket
from theta.wire.types import RoleName

SECRET = RoomSecret(b"r" * 32)
PEOPLE = tuple(Identity.from_seed(bytes([97 + at]) * 32) for at in range(6))
UNIX_MS = 1_700_000_000_000
NEVER = 10**9


class Shape(NamedTuple):
    """What a document is, to the last slot: its hash, every unit's columns as they lie, and what each command came to.

    The outcomes of what lies below a base are not known until they are needed.
    """

    hash: bytes
    units: dict[bytes, bytes]
    outcomes: dict[CommandName, Outcome]


class copies_every:
    """Units keep a copy of their state every so many commands and can roll back half as many; None: neither."""

    def __init__(self, interval: int | None) -> None:
        every = interval or NEVER
        self._patches = [
            patch.object(unit_fold, "CHECKPOINT_COMMANDS", every),
            patch.object(unit_fold, "CHECKPOINT_ELEMENTS_PER_COMMAND", NEVER),
            patch.object(unit_fold, "STEPS_KEPT", every // 2 if interval else 1),
        ]

    def __enter__(self) -> None:
        for each in self._patches:
            each.start()

    def __exit__(self, *_: object) -> None:
        for each in self._patches:
            each.stop()


class Line:
    """One branch's document in one place, fed with what the branch holds as the log there grows."""

    def __init__(self, place: "Place", branch: bytes) -> None:
        self.place = place
        self.branch = branch
        self.begin()

    def begin(self) -> None:
        """Begin with nothing."""
        self.judge = LogJudge(self.place.log.governance, self.branch)
        self.fold = Fold(ASSETS, self.judge)
        self.history = History(self.fold)
        self._held: Mapping[bytes, int] = {}
        self._dropped: set[CommandName] = set()

    def reopen(self, lamport: int, *, resume: bool = False) -> None:
        """Begin with the base that this document has at a Lamport time, as from a checkpoint.

        What comes above is folded, or known to have come to what it has.
        """
        position = Position(lamport, U64_MAX, U64_MAX)
        tail = self.fold.tail_above(position)
        units = {entity: unit_of_bytes(data) for entity, data in self.fold.units_at(position, unit_bytes)}
        held = self.place.held_by(self.branch)
        self.fold = Fold.from_base(self.history.base_at(position), units, Past(held, position), ASSETS, self.judge)
        self.history = History(self.fold)
        above = [each for each in held if each.position > position]
        if not resume:
            self.take(above)
            return
        self.fold.resume(above, tail)
        self.history.add(above)

    def follow(self) -> None:
        """Take what came into the branch."""
        before, self._held = self._held, self.place.vector(self.branch)
        new = [
            each
            for each in self.place.commands
            if before.get(each.branch, 0) < each.seq <= self._held.get(each.branch, 0)
        ]
        dropped = self.place.log.governance.dropped(self.branch, self.place.log.head_seq)
        try:
            if dropped != self._dropped:
                self.fold.leave_out(dropped - self._dropped)
                self._dropped = dropped
            self.take(new)
        except BeyondBase:
            self.begin()
            self.follow()

    def shape(self) -> Shape:
        """What it is."""
        document = Document(World())
        for entity in self.fold.entities():
            document.update(entity, self.fold.unit(entity))
        units = {entity: unit_bytes(unit) for entity in self.fold.entities() if (unit := self.fold.unit(entity))}
        held = [each for each in self.place.held_by(self.branch) if not isinstance(each.operation, Governing)]
        outcomes = {each.name: outcome for each in held if (outcome := self.fold.outcome(each.name)) is not None}
        assert len(outcomes) == len(held) or self.fold.base.numbers
        return Shape(document.hash, units, outcomes)

    def take(self, commands: list[Command]) -> None:
        """Fold commands, in any order."""
        self.fold.add(commands)
        self.history.add(commands)


class Past:
    """Reads a branch's old edits again."""

    is_gone = False
    floor = NOTHING_BEFORE

    def __init__(self, commands: Iterable[Command], position: Position) -> None:
        self._edits = [
            each
            for each in commands
            if each.position <= position and not isinstance(each.operation, SetEffective | Governing)
        ]

    def units_of(self, entities: Collection[bytes]) -> list[None]:
        """See theta.editor.fold_base.Past."""
        return []

    def of_entities(self, entities: Collection[bytes]) -> list[Command]:
        """See theta.editor.fold_base.Past."""
        return [each for each in self._edits if entity_of(each) in entities]

    def of_gestures(self, gestures: Collection[CommandName]) -> list[Command]:
        """See theta.editor.fold_base.Past."""
        return [each for each in self._edits if each.gesture in gestures]


class Place:
    """A log as far as it has come to somebody, and the documents that are looked at there."""

    def __init__(self, stored: Iterable[StoredRecord] = ()) -> None:
        self.log = CommandLog(REGISTRY)
        self.commands: list[Command] = []
        self.lines: dict[bytes, Line] = {}
        for record in stored:
            self.accept(record)

    def accept(self, record: StoredRecord) -> list[Command]:
        """Take the next record."""
        commands = self.log.accept(record, verify=False)
        self.commands += commands
        for line in self.lines.values():
            line.follow()
        return commands

    def line(self, branch: bytes) -> Line:
        """A branch's document."""
        if branch not in self.lines:
            self.lines[branch] = Line(self, branch)
            self.lines[branch].follow()
        return self.lines[branch]

    def vector(self, branch: bytes) -> Mapping[bytes, int]:
        """What a branch holds by now."""
        return self.log.governance.vector(branch, self.log.head_seq)

    def held_by(self, branch: bytes) -> list[Command]:
        """The commands that a branch holds by now."""
        held = self.vector(branch)
        return [each for each in self.commands if each.seq <= held.get(each.branch, 0)]


class Participant:
    """Somebody with an outbox and as much of the log as has come."""

    def __init__(self, world: "CommandWorld", identity: Identity, instance: int) -> None:
        self.identity = identity
        self.branch = MAIN_BRANCH
        self.place = Place()
        self.answers: list[tuple[int, Refused | None]] = []
        self.sent: list[SubmitPacket] = []
        code = bytes([instance]) * 16
        actor = actor_of(identity.public_key, code)
        session = identity.public_key[:15] + bytes([instance])
        role: RoleName = "admin" if identity is PEOPLE[0] else "editor"
        self.record = SessionRecord(session, identity.public_key, actor, code, role, "somebody", UNIX_MS)
        world.open(self.record)
        self.outbox = Outbox(identity, actor)
        self.outbox.handle_session(world.place.log.domain(session, actor), 1, resumed=False)
        self.begun = 0

    @property
    def line(self) -> Line:
        """The document that this participant works on."""
        return self.place.line(self.branch)

    def perform(self, operation: Performed, *, go_on: bool = False) -> None:
        """Do something; `go_on` makes it a part of the gesture before."""
        names = self.outbox.put([operation], self.begun if go_on and self.begun else None, self.branch)
        if not go_on:
            self.begun = names[0].number


class CommandWorld:
    """The room and all participants, 2 to 6 `people`."""

    def __init__(self, people: int) -> None:
        self.seconds = 1.0
        self.stored: list[StoredRecord] = []
        self.place = Place()
        genesis = records.Genesis(
            1,
            SECRET.server,
            SECRET.room,
            SECRET.identity.public_key,
            PEOPLE[0].public_key,
            UNIX_MS,
            "Studio",
        )
        self._append(RecordKind.GENESIS, records.sign_genesis(SECRET.identity, genesis))
        self.admission = self._guard()
        self.starts = 0
        self.acknowledged: set[CommandName] = set()
        self.people = [self._join(identity) for identity in PEOPLE[:people]]

    @property
    def now(self) -> Moment:
        """A clock that goes on by itself."""
        self.seconds += 1.0
        return Moment(self.seconds, UNIX_MS + int(self.seconds * 1000))

    def open(self, session: SessionRecord) -> None:
        """Log a session."""
        self._append(RecordKind.SESSION, records.sign_part(SECRET.identity, self.place.log.genesis, session))

    # -- the network ---------------------------------------------------------------------------------------------

    def send(self, who: Participant) -> None:
        """Everything that may be sent is on its way."""
        while (packet := who.outbox.poll(self.now, who.place.log)) is not None:
            who.sent.append(packet)

    def deliver(self, who: Participant, pick: int = 0, *, again: bool = False) -> None:
        """One of somebody's packets reaches the room, not always the first; `again` leaves a double on its way."""
        if not who.sent:
            return
        packet = who.sent[pick % len(who.sent)] if again else who.sent.pop(pick % len(who.sent))
        log = self.place.log
        try:
            admitted = self.admission.admit(self.now, who.record, who.record.role, packet)
        except Refused as refusal:
            who.answers.append((packet.nonce, refusal))
            return
        if admitted.record is not None:
            assert admitted.seq == log.head_seq + 1
            self.stored.append(admitted.record)
            self.place.accept(admitted.record)
        who.answers.append((packet.nonce, None))

    def answer(self, who: Participant) -> None:
        """The room's answers reach their participant."""
        for nonce, refusal in who.answers:
            if refusal is None:
                found = who.outbox._find(nonce)
                self.acknowledged.update(found.names if found is not None else ())
                who.outbox.handle_acknowledged(nonce)
            else:
                wait = PacketRefused(nonce, refusal.code, str(refusal), refusal.retryable, 0)
                who.outbox.handle_refused(self.now, wait)
        who.answers.clear()

    def catch_up(self, who: Participant, most: int = NEVER) -> None:
        """The next records reach somebody."""
        first = who.place.log.head_seq
        for record in self.stored[first : first + most]:
            mine = [each.name for each in who.place.accept(record) if each.name.actor == who.record.actor]
            self.acknowledged.update(mine)
            who.outbox.handle_committed(mine)

    def exchange(self, who: Participant) -> None:
        """Everything in order, both ways."""
        self.send(who)
        while who.sent:
            self.deliver(who)
        self.answer(who)
        self.catch_up(who)

    # -- what happens to places ----------------------------------------------------------------------------------

    def restart_room(self) -> None:
        """The room comes back with what it had stored."""
        branches = list(self.place.lines)
        self.place = Place(self.stored)
        for branch in branches:
            self.place.line(branch)
        self.admission = self._guard()

    def restart(self, at: int) -> None:
        """Somebody closes the page, unacknowledged work included, and comes back as a new actor."""
        branch = self.people[at].branch
        self.people[at] = self._join(self.people[at].identity)
        if branch in self.people[at].place.log.governance.branches:
            self.people[at].branch = branch

    def advance_frontier(self, back: int) -> None:
        """The room logs a frontier so many records behind its head, if that is one."""
        log = self.place.log
        frontier = log.next_frontier(max(1, log.head_seq - back), UNIX_MS)
        if frontier is not None and log.knows(frontier.seq):
            self._append(RecordKind.FRONTIER, records.sign_part(SECRET.identity, log.genesis, frontier))

    def reopen(self, who: Participant, *, resume: bool) -> None:
        """Somebody's document begins with its base at the frontier."""
        frontier = who.place.log.frontier
        who.line.reopen(frontier.lamport if frontier is not None else 0, resume=resume)

    def heal(self) -> None:
        """Everything that was made reaches everybody; what is refused for good is told to its author."""
        for _ in range(100):
            for who in self.people:
                self.exchange(who)
            if not any(who.outbox.unacknowledged for who in self.people):
                break
        assert not any(who.outbox.unacknowledged or who.sent for who in self.people)
        for who in self.people:
            self.catch_up(who)

    def shuffled(self, branch: bytes, random: Random) -> Line:
        """A branch's document of the same commands in another order of arrival, in batches of any size."""
        line = Line(self.place, branch)
        line.fold.leave_out(self.place.log.governance.dropped(branch, self.place.log.head_seq))
        commands = self.place.held_by(branch)
        random.shuffle(commands)
        while commands:
            count = random.randint(1, 9)
            line.take(commands[:count])
            del commands[:count]
        return line

    def _join(self, identity: Identity) -> Participant:
        self.starts += 1
        who = Participant(self, identity, self.starts)
        self.catch_up(who)
        return who

    def _append(self, kind: RecordKind, body: bytes) -> None:
        record = self.place.log.next_record(kind, body)
        self.stored.append(record)
        self.place.accept(record)

    def _guard(self) -> Admission:
        return Admission(
            self.place.log, burst=1e9, per_second=1e9, faces_of=dict.fromkeys(ASSETS, 1).get, takes_retired=True
        )
