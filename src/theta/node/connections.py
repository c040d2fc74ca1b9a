"""A room's connections: who is on the other end, as far as that is known yet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from theta.base.identifiers import MAIN_BRANCH
from theta.base.limits import (
    ASSET_REQUEST_BURST_MAX,
    ASSET_REQUESTS_PER_SECOND,
    CHAT_BURST_MAX,
    CHATS_PER_SECOND,
    REQUEST_BURST_MAX,
    REQUESTS_PER_SECOND,
    RESYNC_BURST_MAX,
    RESYNCS_PER_SECOND,
)
from theta.base.moment import Moment
from theta.commands.rate_limit import TokenBucket
from theta.commands.records import SessionRecord
from theta.session.capabilities import FOLD
from theta.session.heartbeat import Heartbeat
from theta.session.host_handshake import Established, HostHandshake
from theta.session.states import SessionMachine, State
from theta.wire.messages import History, Person
from theta.wire.types import RoleName


@dataclass
class Participant:
    """Someone whose session stands on a connection."""

    record: SessionRecord
    role: RoleName
    capabilities: frozenset[str]
    person: Person
    last_history: History | None = None
    branch: bytes = MAIN_BRANCH
    owed_from: int | None = None
    """The first record that it lacks, while it waits for the log or the document: commits come after that."""
    wants_whole_log: bool = False
    """Whether a snapshot was of no use to it: it gets all records, if they are there."""
    restamps_from: int | None = None
    """The number of the first command of a packet that was `Stale`: later ones have to wait for it."""
    stale_at: int = 0
    """The last record of which it can have heard before it heard of that."""

    @property
    def folds(self) -> bool:
        """Whether it takes records; else it takes patches."""
        return FOLD in self.capabilities


@dataclass
class Arrival:
    """Someone whose key is proved and whose session record is on its way to the disk, as record `seq`.

    `seq` is 0 when there is nothing to wait for: the session is `resumed`, or the room cannot write any more.
    """

    established: Established
    record: SessionRecord
    role: RoleName
    seq: int
    resumed: bool


@dataclass
class Connection:
    """One connection: shaking hands, then arriving, then a participant."""

    number: int
    handshake: HostHandshake
    heartbeat: Heartbeat
    chat: TokenBucket
    resync: TokenBucket
    asset_requests: TokenBucket
    requests: TokenBucket
    arrival: Arrival | None = None
    participant: Participant | None = None

    @property
    def session(self) -> SessionMachine:
        """Where its session is."""
        return self.handshake.session

    @property
    def timeout(self) -> float:
        """Monotonic seconds at which it needs attention."""
        return min(self.handshake.deadline, self.heartbeat.timeout) if self.is_shaking_hands else self.heartbeat.timeout

    @property
    def is_shaking_hands(self) -> bool:
        """Whether it has still to prove who it is; from there on it is the room that is waited for."""
        return self.session.state in (State.HELLO, State.PROOF)


class Connections:
    """All of them, by the number that the adapter gave."""

    def __init__(self) -> None:
        self._all: dict[int, Connection] = {}
        self._attend_at: float | None = None

    def open(self, number: int, handshake: HostHandshake, now: Moment) -> Connection:
        """A new connection; until its session has agreed on an interval, it pings as often as its other end does."""
        assert number not in self._all
        chat = TokenBucket(CHAT_BURST_MAX, CHATS_PER_SECOND, now.seconds)
        resync = TokenBucket(RESYNC_BURST_MAX, RESYNCS_PER_SECOND, now.seconds)
        assets = TokenBucket(ASSET_REQUEST_BURST_MAX, ASSET_REQUESTS_PER_SECOND, now.seconds)
        requests = TokenBucket(REQUEST_BURST_MAX, REQUESTS_PER_SECOND, now.seconds)
        connection = Connection(number, handshake, Heartbeat(now), chat, resync, assets, requests)
        self._all[number] = connection
        self.attend_by(connection.timeout)
        return connection

    def find(self, number: int) -> Connection | None:
        """A connection that is still open."""
        return self._all.get(number)

    def forget(self, number: int) -> Connection | None:
        """Take one out."""
        found = self._all.pop(number, None)
        if not self._all:
            self._attend_at = None
        return found

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which one of them needs attention, or earlier; None when there are none.

        It is found when they are attended to: what is heard meanwhile only puts it off.
        """
        return self._attend_at

    def attend_by(self, seconds: float) -> None:
        """One of them needs attention then, which may be earlier than was known."""
        if self._attend_at is None or seconds < self._attend_at:
            self._attend_at = seconds

    def attend(self, seconds: float) -> Iterator[Connection]:
        """All of them when `timeout` has come, else none; the set may change meanwhile."""
        if self._attend_at is not None and seconds >= self._attend_at:
            yield from self
            self._attend_at = min((each.timeout for each in self._all.values()), default=None)

    def __iter__(self) -> Iterator[Connection]:
        """Every open one; the set may change meanwhile."""
        return iter(list(self._all.values()))

    def joined(self) -> Iterator[tuple[Connection, Participant]]:
        """Those whose session stands."""
        return ((each, each.participant) for each in self if each.participant is not None)

    def with_capability(self, capability: str) -> Iterable[int]:
        """The numbers of those whose session has a capability."""
        return [each.number for each, participant in self.joined() if capability in participant.capabilities]

    @property
    def places_taken(self) -> int:
        """How many have joined or are about to."""
        return sum(1 for each in self if not each.is_shaking_hands)

    def of_actor(self, actor: int) -> Connection | None:
        """The connection that an actor takes part over."""
        return next((each for each, who in self.joined() if who.record.actor == actor), None)

    def patched_of_author(self, author: bytes, branch: bytes | None = None) -> list[int]:
        """The author's connections on a branch, or any, that take patches: those cannot see outcomes for themselves."""
        return [
            each.number
            for each, who in self.joined()
            if who.record.author == author and not who.folds and branch in (who.branch, None)
        ]
