"""A participant that folds the log itself. It never touches a socket, a clock, a file or a thread.

After every call, drain the outputs until each returns nothing:

    poll_event()     what happened, for whoever drives it
    poll_transmit()  (lane, frame) to send
    poll_close()     (code, reason) with which to close the connection; connect again to go on
    poll_timeout()   when to call handle_timeout, in monotonic seconds
"""

from collections import deque
from collections.abc import Callable, Sequence

from theta.base.errors import (
    InvalidValue,
    NotConnected,
    PeerError,
    PeerTimeout,
    ProtocolError,
    StoreCorrupt,
    StoreError,
    UnknownElement,
    UsageError,
)
from theta.base.identifiers import MAIN_BRANCH, CommandName, actor_of
from theta.base.limits import CHAT_CHARACTERS_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.records import BadRecord
from theta.node.asset_shelf import AssetShelf
from theta.node.backlog import BACKLOG_LANE, LANE_PING
from theta.node.commit_gate import CommitGate
from theta.node.events import (
    Answer,
    Answered,
    BranchesChanged,
    Diverged,
    Event,
    Joined,
    PeopleChanged,
    Postponed,
    PresenceChanged,
    PreviewChanged,
    Rejected,
    Said,
    Synced,
)
from theta.node.follower import Follower
from theta.node.held_frames import HeldFrames
from theta.node.lanes import Lane, lane_of
from theta.node.opening import open_log
from theta.node.outbound import close_reason
from theta.node.outbox import Outbox, Performed
from theta.node.peer_session import PeerSession
from theta.node.peer_settings import PeerSettings
from theta.node.peer_verbs import PeerVerbs
from theta.node.preview import Preview, entities_of
from theta.node.replica import Replica
from theta.node.self_presence import SelfPresence
from theta.node.snapshot_taking import NotHere, SnapshotTaking
from theta.node.state_participant import FROM_ROOM as STATE_FROM_ROOM
from theta.node.state_participant import StateParticipant
from theta.node.unpacking import Unpacking
from theta.node.uploads import Uploads
from theta.replication.presence import Presence, PresenceBoard, read_rows
from theta.session.capabilities import CHAT, PRESENCE, STATE, ZSTD
from theta.session.heartbeat import LinkQuality, answer
from theta.session.plain_text import is_plain_text
from theta.session.states import State
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import (
    AssetData,
    AssetReceived,
    AssetRefused,
    BranchList,
    Chat,
    ChatLine,
    Commit,
    CompressionDictionary,
    Message,
    PacketAcknowledged,
    PacketRefused,
    Person,
    Ping,
    Pong,
    PresenceBatch,
    RequestRefused,
    ResyncRequest,
    Roster,
    SnapshotOffer,
    SnapshotPart,
    SwitchBranch,
)

__all__ = ["Peer", "PeerSettings"]


class Peer(PeerVerbs):
    """One participant in one room, over as many connections as it takes, one after the other.

    Args:
        settings: who it is.
        randomness: for nonces; secret.
        held: the main branch as it is known from before, from a file for example; only what came after is asked for.

    Attributes:
        state: what it sees of the room's world, and what it moves in it; drain `poll_transmit` after calling it.

    Raises:
        InvalidValue: a name that no room would take.
    """

    def __init__(self, settings: PeerSettings, randomness: Randomness, held: Replica | None = None) -> None:
        settings.check()
        self.settings = settings
        self.actor = actor_of(settings.identity.public_key, settings.instance)
        self.people: tuple[Person, ...] = ()
        self._session = PeerSession(settings.room_key, randomness)
        self.state = StateParticipant(self.actor)
        self._outbox = Outbox(settings.identity, self.actor)
        self.preview = Preview(settings.identity.public_key, lambda: self.replica, self._outbox)
        self._uploads = Uploads()
        shelf = held.assets if held is not None else AssetShelf()
        self._gate = CommitGate(shelf, self._uploads.own)
        self._snapshot = SnapshotTaking()
        self._unpacking = Unpacking()
        self._owed_pong: Ping | None = None
        self._follower = Follower(self.actor, settings.identity.public_key, shelf, held)
        self._requests = 0
        self._presence = PresenceBoard()
        self._shown = SelfPresence(self.actor)
        self._frames: deque[tuple[Lane, bytes]] = deque()
        self._held = HeldFrames()
        self._events: deque[Event] = deque()
        self._close: tuple[int, str] | None = None

    # -- what it knows -------------------------------------------------------------------------------------------

    @property
    def replica(self) -> Replica:
        """The log here, and the document that it folds to."""
        return self._follower.replica

    @property
    def author(self) -> bytes:
        """One's public key."""
        return self.settings.identity.public_key

    @property
    def branch(self) -> bytes:
        """The branch that one is on."""
        return self._follower.branch

    @property
    def is_joined(self) -> bool:
        """Whether the session stands on a connection now."""
        return self._session.stands

    @property
    def unacknowledged(self) -> int:
        """How many packets the room has not acknowledged yet."""
        return self._outbox.unacknowledged

    @property
    def unfinished_uploads(self) -> int:
        """How many of one's own assets the room has not stored yet."""
        return self._uploads.unfinished

    @property
    def session_state(self) -> State:
        """Where the session is (theta.session.states)."""
        return self._session.state

    @property
    def link(self) -> LinkQuality | None:
        """How good the connection is; None while there is none."""
        return self._session.quality

    @property
    def rtt_seconds(self) -> float | None:
        """Smoothed round-trip time; None before the first answer."""
        return self.link.rtt_seconds if self.link is not None else None

    @property
    def clock_offset_ms(self) -> float:
        """The room's wall clock minus ours, in milliseconds; from the acknowledgement until a ping was answered."""
        return self._session.clock_offset_ms

    def presence_of(self, actor: int) -> Presence | None:
        """Somebody's latest presence."""
        return self._presence.row(actor)

    # -- one's own doing -----------------------------------------------------------------------------------------

    def perform(self, now: Moment, operations: Sequence[Performed], gesture: int | None = None) -> list[CommandName]:
        """Queue commands for the room, as one packet and one gesture on this branch; events tell what becomes of each.

        Args:
            now: the time, for the packet's timestamp.
            operations: at most PACKET_COMMANDS_MAX.
            gesture: the number of the gesture's first command to go on with it, None to begin one.

        Raises:
            InvalidValue: no operations, or a value that no document could accept; nothing was queued.
            PacketTooLarge: over the packet's limits; nothing was queued.
        """
        for operation in operations:
            operation.check()
        names = self._outbox.put(operations, gesture, self.branch)
        touched = entities_of(names, operations)
        if touched:
            self._events.append(PreviewChanged(touched))
        self._flush(now)
        return names

    def upload(self, now: Moment, data: bytes) -> bytes:
        """Give an asset (theta.mesh.encode_polygons) to the room and return its name; events tell how far it is.

        A command may name it once `AssetStored` has come. Uploads go on over the next connection if this one is lost.

        Raises:
            UnusableAsset: no room would take it; names the field.
        """
        name = self._uploads.put(data)
        self._flush(now)
        return name

    def switch_branch(self, branch: bytes) -> None:
        """Go on on another branch: its document is shown at once, and what comes next is for it.

        Raises:
            UnknownElement: there is none of this id in the log here.
            BeyondHistory: it begins with what `theta compact` dropped.
        """
        if branch not in self.replica.log.governance.branches:
            raise UnknownElement("branch", branch)
        if branch == self.branch:
            return
        try:
            self._events.extend(self._follower.switch(branch))
        except NotHere as error:
            # It begins before the snapshot that is here: with the whole log it can be shown.
            self._start_over(self.replica.log.head_seq, StoreCorrupt(self.replica.log.head_seq, str(error)))
        if self.is_joined:
            self._send(SwitchBranch(branch))

    def ask(self, request: Callable[[int], Message]) -> int:
        """Ask the room something; `Answered` tells the answer. Returns the request's number.

        Args:
            request: makes the message with the number it is given, for example `lambda number: InviteRequest(number,
                "viewer", 3600)`.

        Raises:
            NotConnected: there is no session now.
        """
        if not self.is_joined:
            raise NotConnected("there is no connection to the room now")
        self._requests += 1
        self._send(request(self._requests))
        return self._requests

    def say(self, text: str) -> None:
        """Say something to everyone; lost when there is no connection, or over the room's limit.

        Raises:
            InvalidValue: empty, too long, or not plain text.
        """
        if len(text) > CHAT_CHARACTERS_MAX or not is_plain_text(text):
            raise InvalidValue("text", text, f"1 to {CHAT_CHARACTERS_MAX} characters without control characters")
        if self._can(CHAT):
            self._send(ChatLine(text))

    def show(self, now: Moment, presence: Presence) -> None:
        """Where one is now; sent at most PRESENCE_HERTZ times a second, the latest wins.

        Raises:
            InvalidValue: a field out of its limits; nothing changes.
        """
        self._shown.show(now, presence)
        self._show_if_due(now)

    # -- input ---------------------------------------------------------------------------------------------------

    def handle_connected(self, now: Moment) -> None:
        """There is a connection to the room: say hello.

        Raises:
            NotConnected: the session is over for good.
        """
        dictionaries = self._unpacking.capabilities if ZSTD in self.settings.capabilities else ()
        terms = self.settings.terms(self._session.room_key, dictionaries)
        hello = self._session.handle_connected(now, terms, self.replica.log.head_seq)
        self._frames.clear()
        self._close = None
        self._frames.append((Lane.CONTROL, hello))

    def handle_disconnected(self, now: Moment) -> None:
        """The connection is gone; the session, the outbox and the document stay."""
        self._session.handle_disconnected()
        self._frames.clear()
        self._held.clear()
        self._outbox.handle_disconnected()
        self._uploads.handle_disconnected()
        self.state.handle_disconnected()
        self._gate.forget()
        self._owed_pong = None

    def handle_ended(self, now: Moment) -> None:
        """There will be no further connection: the room lets nobody in again, or one leaves."""
        self.handle_disconnected(now)
        self._session.handle_ended()

    def handle_frame(self, now: Moment, lane: Lane, frame: bytes) -> None:
        """The room says something. A lying or broken room is hung up on: see poll_close."""
        if not self._session.is_connected or self._close is not None:
            return
        try:
            if self.is_joined or lane is Lane.CONTROL:
                self._take_frame(now, lane, frame)
                while self.is_joined and (held := self._held.poll()) is not None:
                    self._take_frame(now, *held)
                self._flush(now)
            elif lane is not Lane.DATAGRAM:
                # It overtook the acknowledgement. So may a datagram, but state comes again.
                self._held.put(lane, frame)
        except PeerError as error:
            self._hang_up(error)

    def handle_timeout(self, now: Moment) -> None:
        """The time that poll_timeout named has come."""
        if not self._session.is_connected or self._close is not None:
            return
        try:
            self._session.check(now)
        except PeerTimeout as error:
            self._hang_up(error)
            return
        if self.is_joined and (self._gate.is_overdue(now) or self._snapshot.is_overdue(now)):
            self._hang_up(PeerTimeout("the room does not send what its log cannot be folded without"))
            return
        ping = self._session.poll_ping(now)
        if ping is not None:
            self._send(ping)
        if self.is_joined:
            self._ask(now)
            self.state.handle_timeout(now.seconds)
        self._flush(now)
        self._show_if_due(now)
        silent = self._presence.hide_silent(now.seconds)
        if silent:
            self._events.append(PresenceChanged(tuple(silent)))

    # -- output --------------------------------------------------------------------------------------------------

    def poll_transmit(self) -> tuple[Lane, bytes] | None:
        """The next frame to send."""
        if not self._frames and (told := self.state.poll_transmit()) is not None:
            self._send(told)
        return self._frames.popleft() if self._frames else None

    def poll_event(self) -> Event | None:
        """The next thing that happened."""
        return self._events.popleft() if self._events else self.state.poll_event()

    def poll_close(self) -> tuple[int, str] | None:
        """Code and reason with which to close the connection, once."""
        close, self._close = self._close, None
        if close is not None:
            self._session.handle_hung_up()
        return close

    def poll_timeout(self) -> float | None:
        """Monotonic seconds at which to call handle_timeout; None without a connection."""
        if not self._session.is_connected:
            return None
        times = [
            self._session.timeout,
            self._outbox.timeout if self._may_send_packets else None,
            self._shown.timeout if self._can(PRESENCE) else None,
            self._uploads.timeout if self.is_joined else None,
            self._gate.timeout if self.is_joined else None,
            self._snapshot.timeout if self.is_joined else None,
            self.state.timeout if self.is_joined else None,
            self._presence.timeout,
        ]
        return min(at for at in times if at is not None)

    # -- inside --------------------------------------------------------------------------------------------------

    def _take_frame(self, now: Moment, lane: Lane, frame: bytes) -> None:
        message = self._unpacking.unwrap(decode_from_room(frame), allowed=self._can(ZSTD))
        self._session.handle_heard(now, message)
        if isinstance(message, Ping):
            self._take_ping(now, lane, message)
        else:
            self._dispatch(now, message, frame)

    def _dispatch(self, now: Moment, message: Message, frame: bytes) -> None:
        if isinstance(message, Pong):
            self._session.handle_pong(now, message)
        elif not self.is_joined:
            self._shake_hands(now, message, frame)
        elif isinstance(message, Commit):
            self._gate.put(now, message)
            self._take_ready(now)
        elif isinstance(message, AssetData | AssetReceived | AssetRefused):
            self._take_asset(now, message)
        elif isinstance(message, SnapshotOffer | SnapshotPart):
            self._take_snapshot(now, message)
        elif isinstance(message, PacketAcknowledged):
            self._outbox.handle_acknowledged(message.nonce)
        elif isinstance(message, PacketRefused):
            self._take_refusal(now, message)
        else:
            self._dispatch_others(now, message)

    def _dispatch_others(self, now: Moment, message: Message) -> None:
        """What is not about commands."""
        if isinstance(message, Roster):
            self._take_roster(message)
        elif isinstance(message, Chat):
            self._events.append(Said(message))
        elif isinstance(message, PresenceBatch):
            self._take_presence(now, message)
        elif isinstance(message, BranchList):
            self._events.append(BranchesChanged(tuple(message.branches), message.current))
        elif isinstance(message, STATE_FROM_ROOM) and self._can(STATE):
            self.state.handle_message(now.seconds, message)
        elif isinstance(message, CompressionDictionary) and self._can(ZSTD):
            self._unpacking.handle_dictionary(message)
        elif isinstance(message, Answer | RequestRefused):
            self._events.append(Answered(message))
        else:
            raise ProtocolError(f"{type(message).__name__} is not for a participant that folds")

    def _take_ping(self, now: Moment, lane: Lane, ping: Ping) -> None:
        is_of_backlog = (lane, ping.number) == (BACKLOG_LANE, LANE_PING)
        if is_of_backlog and self._gate.is_waiting and self._snapshot.offer is None:
            self._owed_pong = ping  # the next window would only wait behind what waits here
        else:
            self._frames.append((lane, encode(answer(now, ping))))

    def _take_refusal(self, now: Moment, refusal: PacketRefused) -> None:
        touched = self.preview.touched()
        lost = self._outbox.handle_refused(now, refusal)
        if lost:
            self._events.append(PreviewChanged(frozenset(touched)))
        self._events.extend(Rejected(name, refusal.code, refusal.reason) for name in lost)
        if refusal.retryable and refusal.code != "Blocked":
            self._events.append(Postponed(refusal.code, refusal.reason, refusal.retry_after_ms / 1000.0))

    def _take_asset(self, now: Moment, message: AssetData | AssetReceived | AssetRefused) -> None:
        if isinstance(message, AssetData):
            self._gate.handle_data(now, message)
            self._take_ready(now)
        elif isinstance(message, AssetReceived):
            self._events.extend(self._uploads.handle_received(message))
        else:
            self._gate.handle_refused(message)
            self._events.extend(self._uploads.handle_refused(now, message))

    def _take_snapshot(self, now: Moment, message: SnapshotOffer | SnapshotPart) -> None:
        if isinstance(message, SnapshotOffer):
            self._snapshot.handle_offer(now, message)
            self._gate.forget()
        else:
            self._snapshot.handle_part(now, message)
        self._take_ready(now)

    def _begin_from_snapshot(self) -> bool:
        """Open the snapshot if it is whole, and the records up to it are here; whether it was.

        Raises:
            ProtocolError: it is no good.
        """
        source = self._snapshot.source(self._gate.records())
        if source is None:
            return False
        self._snapshot.forget()
        was_synced = self._follower.is_synced
        try:
            replica = open_log(source, self.replica.assets).replica
        except NotHere as error:
            # Something after the checkpoint reaches below it: that takes the whole log.
            self._start_over(source.last_seq, StoreCorrupt(source.last_seq, str(error)))
            return False
        except (StoreError, UsageError, BadRecord) as error:
            raise ProtocolError(f"the room's snapshot is no good: {error}") from error
        self._events.extend(self._follower.begin(replica, source))
        settled = self._follower.settled([name for each in self._outbox.pending for name in each.names])
        self._outbox.handle_committed([each.name for each in settled])
        self._events.extend(settled)
        if self._follower.is_synced and not was_synced:
            self._events.append(Synced(self.replica.log.head_seq))
        return True

    def _take_ready(self, now: Moment) -> None:
        """Take the commits whose assets are here, in order, and ask for what the next one lacks."""
        if self._snapshot.offer is not None and not self._begin_from_snapshot():
            self._ask(now)
            return
        while (commit := self._gate.poll_commit(now)) is not None:
            self._take(now, commit)
        self._ask(now)
        owed = self._owed_pong
        if owed is not None and not self._gate.is_waiting:
            self._owed_pong = None
            self._frames.append((BACKLOG_LANE, encode(answer(now, owed))))

    def _ask(self, now: Moment) -> None:
        for request in (self._snapshot.poll_request(), self._gate.poll_request(now)):
            if request is not None:
                self._send(request)

    def _shake_hands(self, now: Moment, message: Message, frame: bytes) -> None:
        reply, domain = self._session.shake_hands(now, message, frame)
        if reply is not None:
            self._frames.append((Lane.CONTROL, reply))
        acknowledge, room_key = self._session.acknowledge, self._session.room_key
        if domain is None or acknowledge is None or room_key is None:
            return
        held = self.replica.log.head_seq
        is_resumed = self.session_state is State.RESUMED
        self._follower.handle_session(acknowledge.head_seq, room_key)
        self._uploads.handle_session()
        self._gate.handle_session(now, acknowledge.head_seq)
        self._snapshot.handle_session()
        self._outbox.handle_session(domain, acknowledge.next_nonce, resumed=is_resumed)
        self._events.append(Joined(self.actor, acknowledge.role, acknowledge.room_name, is_resumed))
        if acknowledge.head_seq < held:
            self._start_over(acknowledge.head_seq, StoreCorrupt(held, "the room's log ends before it"))
        elif self._follower.is_synced:
            self._events.append(Synced(held))
        self._shown.handle_session(now)
        self.state.handle_session(now.seconds, resumed=is_resumed, is_on=self._can(STATE))
        if self.branch != MAIN_BRANCH:
            self._send(SwitchBranch(self.branch))

    def _take(self, now: Moment, commit: Commit) -> None:
        was_synced, held = self._follower.is_synced, self.replica.log.head_seq
        try:
            events = self._follower.handle_commit(commit)
        except StoreCorrupt as error:
            self._start_over(held, error)
            return
        except NotHere as error:
            self._start_over(held, StoreCorrupt(held, str(error)))
            return
        self._outbox.handle_committed(self._follower.committed)
        self._events.extend(events)
        head = self.replica.log.head_seq
        if self._follower.has_diverged:
            self._start_over(head, StoreCorrupt(head, "the document's hash is not the room's"))
            return
        if self._follower.has_compared:
            self._session.handle_compared(is_same=True)
        if self._follower.is_synced and not was_synced:
            self._events.append(Synced(head))

    def _start_over(self, sync_seq: int, reason: StoreCorrupt) -> None:
        """Once, a fault may be one of the wire or of our own; a room that does it again cannot be followed.

        Raises:
            ProtocolError: it does.
        """
        if self._follower.is_anew:
            raise ProtocolError(f"the room's log does not hold together: {reason}")
        self._session.handle_compared(is_same=False)
        self._send(ResyncRequest(self.replica.log.head_seq, self.replica.document.hash))
        self._follower.start_over(sync_seq)
        self._gate.forget()
        self._snapshot.forget()
        self._outbox.sign_anew()
        self._presence = PresenceBoard()
        self._events.append(Diverged(reason.seq))

    def _take_presence(self, now: Moment, batch: PresenceBatch) -> None:
        """Rows of people who are here; one that was overtaken by its person's leave would stay for ever."""
        here = {person.actor for person in self.people} - {self.actor}
        rows = [row for row in read_rows(batch.rows) if row.actor in here]
        moved = tuple(row.actor for row in rows if self._presence.handle_row(now.seconds, row))
        if moved:
            self._events.append(PresenceChanged(moved))

    def _take_roster(self, roster: Roster) -> None:
        self.people = tuple(roster.people)
        here = {person.actor for person in self.people}
        for row in self._presence.rows():
            if row.actor not in here:
                self._presence.remove(row.actor)
        self._events.append(PeopleChanged(self.people))

    @property
    def _may_send_packets(self) -> bool:
        """Only over a log that has caught up: `seen` says what the author saw."""
        return self.is_joined and self._follower.is_synced

    def _can(self, capability: str) -> bool:
        return self._session.can(capability)

    def _flush(self, now: Moment) -> None:
        while self.is_joined and (part := self._uploads.poll(now)) is not None:
            self._send(part)
        if not self._may_send_packets:
            return
        on_room_clock = Moment(now.seconds, max(0, round(now.unix_ms + self.clock_offset_ms)))
        while (packet := self._outbox.poll(on_room_clock, self.replica.log)) is not None:
            self._send(packet)

    def _show_if_due(self, now: Moment) -> None:
        update = self._shown.poll(now) if self._can(PRESENCE) else None
        if update is not None:
            self._send(update)

    def _send(self, message: Message) -> None:
        self._frames.append((lane_of(message), encode(message)))

    def _hang_up(self, error: PeerError) -> None:
        self._session.handle_fault()
        self._close = (error.close_code, close_reason(error))
