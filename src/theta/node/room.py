"""The room: everybody's connections over one replica. It never touches a socket, a clock, a file or a thread.

After every `handle_*` call, drain the outputs until each returns nothing:

    poll_append()       records to store; answer with handle_durable once they are on disk
    poll_store_asset()  an asset to store; answer with handle_asset_durable once it is on disk
    poll_drop_asset()   an asset to take out of the store, after what was polled before
    poll_checkpoint()   a piece of a checkpoint to store; answer with handle_checkpoint_durable once it is on disk
    poll_transmit()     frames to send
    poll_close()        connections to close, after the frames
    poll_state_notice() what is to be logged of the state plane, and of documents that were not the same
    poll_timeout()      when to call handle_timeout, in monotonic seconds
"""

import hmac
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from theta.base.errors import PeerError, PeerTimeout, ProtocolError, RoomFull, StoreUnavailable
from theta.base.limits import HEARTBEAT_INTERVAL_SECONDS, PEERS_MAX, SESSION_BURST_MAX, SESSIONS_PER_SECOND
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.admission import Admission
from theta.commands.rate_limit import TokenBucket
from theta.commands.records import FORMAT_VERSION, Genesis, RecordKind, sign_genesis, sign_part
from theta.commands.store import CheckpointDone, CheckpointPart, LogSource, StoredAsset, StoredRecord
from theta.node.asset_desk import AssetDesk, shelf_of
from theta.node.attestation import Attestation
from theta.node.backlog import BACKLOG_LANE, LANE_PING
from theta.node.branches import Branches
from theta.node.connections import Connection, Connections, Participant
from theta.node.errands import Errands
from theta.node.folding import FoldingLine
from theta.node.frontier import FrontierKeeper
from theta.node.history_notices import HistoryNotices
from theta.node.lanes import Close, Lane, Transmit, lane_of
from theta.node.loading import Loading
from theta.node.opening import open_log
from theta.node.outbound import Outbound
from theta.node.pipeline import Pipeline
from theta.node.presence_desk import PresenceDesk
from theta.node.protocol import protocol
from theta.node.reception import Reception
from theta.node.replica import Replica
from theta.node.requests import REQUESTS, Requests, RoomParts
from theta.node.room_checkpoints import RoomCheckpoints
from theta.node.snapshots import Snapshots
from theta.node.spreading import Spreading
from theta.node.standing import Standing
from theta.node.state_desk import STATE_MESSAGES, StateDesk
from theta.node.state_notices import StateNotice
from theta.node.state_world import StateWorld
from theta.node.telemetry import Snapshot, Stopwatch, Telemetry
from theta.session.capabilities import CHAT, PRESENCE
from theta.session.heartbeat import answer, check_heartbeat
from theta.session.host_handshake import HostTerms, resume_token
from theta.session.invites import CODE_ROLE, code_in_groups, is_code_of, make_code, make_invite
from theta.session.plain_text import is_plain_text
from theta.session.secret import RoomSecret
from theta.session.states import Action, Event, event_of
from theta.wire.dictionaries import Dictionary
from theta.wire.messages import (
    AssetPart,
    AssetRequest,
    Chat,
    ChatLine,
    Message,
    Person,
    Ping,
    Pong,
    PresenceUpdate,
    ResyncRequest,
    Roster,
    SnapshotRequest,
    SubmitPacket,
)
from theta.wire.types import RoleName


class RoomSettings(NamedTuple):
    """What makes a room this one: its name, its secret, and the public key of whoever is always admin.

    `dictionary`, if any, is what it compresses with (WIRE-47). `state` is what lives in it on the state plane; without
    one it is `StateWorld.standard()`. `heartbeat_seconds` is how often it pings those who don't say how often.
    """

    name: str
    secret: RoomSecret
    owner: bytes
    dictionary: Dictionary | None = None
    state: StateWorld | None = None
    heartbeat_seconds: float = HEARTBEAT_INTERVAL_SECONDS


class Room:
    """The host of one document.

    Args:
        settings: see RoomSettings.
        records: the whole log so far, or what it can be opened from and read again later; empty for a new room, whose
            genesis is then the first thing to store.
        randomness: for nonces and session ids; secret.
        now: the time of opening.
        assets: all that are stored; those that nothing has named for long are dropped.
        stopwatch: measures how long things take, in seconds, for `telemetry` alone.

    Raises:
        StoreCorrupt: a record does not fit, or names an asset that is not stored whole; names the first.
        StoreUnavailable: the secret is another room's.
        InvalidValue: components of the state world that cannot be replicated, or such an interval of heartbeats.

    Attributes:
        replica: the main branch's document.
        state: what the room knows of the state plane.
        passed_over: what was damaged, and passed over at opening, in words.
    """

    def __init__(
        self,
        settings: RoomSettings,
        records: Iterable[StoredRecord] | LogSource,
        randomness: Randomness,
        now: Moment,
        assets: Iterable[StoredAsset] = (),
        stopwatch: Stopwatch = lambda: 0.0,
    ) -> None:
        self._settings = settings
        stored = list(assets)
        shelf = shelf_of(stored)
        opened = open_log(records, shelf)
        self.replica = opened.replica
        log = self.replica.log
        self._connections = Connections()
        self._outbound = Outbound(settings.dictionary)
        source = records if isinstance(records, LogSource) else None
        self._branches = Branches(self.replica, source)
        self._line = FoldingLine(self._branches)
        self._checkpoints = RoomCheckpoints(opened)
        self.state = StateDesk(settings.state or StateWorld.standard(), self._outbound, stopwatch, now.unix_ms)
        self._snapshots = Snapshots(source, lambda: self._checkpoints.newest, self._outbound)
        self._spreading = Spreading(self._branches, self._line, self._connections, self._outbound, self._snapshots)
        admission = Admission(log, faces_of=shelf.faces_of, replay_length=self._branches.replay_length)
        self._telemetry = Telemetry(now, stopwatch)
        self._pipeline = Pipeline(
            self.replica, self._connections, self._outbound, admission, self._line, self._spreading, self._telemetry
        )
        stored_ms = {asset.name: asset.stored_ms for asset in stored}
        self._assets = AssetDesk(shelf, stored_ms, log, self._connections, self._outbound, now)
        self._open_log(now)
        dictionaries = () if settings.dictionary is None else (settings.dictionary.capability,)
        check_heartbeat(settings.heartbeat_seconds)
        terms = HostTerms(settings.secret, settings.owner, protocol(), dictionaries, settings.heartbeat_seconds)
        self._standing = Standing(log, self._connections)
        self._reception = Reception(
            terms, settings.name, log, self._connections, self._outbound, randomness, now, self._standing
        )
        self._new_sessions = TokenBucket(SESSION_BURST_MAX, SESSIONS_PER_SECOND, now.seconds)
        self._presence = PresenceDesk(self._connections, self._outbound, self.state, now.seconds)
        errands, loading = Errands(), Loading(self._branches, self._line)
        self._history = HistoryNotices(self._branches, self._connections, self._outbound, errands, loading)
        self._attestation = Attestation(self.replica)
        self._frontier = FrontierKeeper(log, now)
        documents = (self._branches, self._connections, self._outbound, self._spreading)
        self._requests = Requests(RoomParts(settings.secret, *documents, loading, errands, self._history, self.state))
        self.passed_over = opened.damaged
        self._notices: deque[StateNotice] = deque(maxlen=PEERS_MAX)
        self._work_at: float | None = None
        self._branches_told = self._branches.count

    # -- what it knows -------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What people call the room."""
        return self._settings.name

    @property
    def room_key(self) -> bytes:
        """The room's public key, 32 bytes."""
        return self._settings.secret.identity.public_key

    @property
    def head_seq(self) -> int:
        """The last durable record."""
        return self.replica.folded_seq

    @property
    def document_hash(self) -> bytes:
        """The document's hash at the last durable record."""
        return self.replica.document.hash

    @property
    def people(self) -> list[Person]:
        """Everyone whose session stands, by name."""
        people = (who.person for _, who in self._connections.joined())
        return sorted(people, key=lambda person: (person.name, person.actor))

    @property
    def read_only_reason(self) -> str | None:
        """Why nothing can be written any more; None while it can."""
        return self._pipeline.admission.read_only_reason

    def replica_of(self, branch: bytes) -> Replica | None:
        """A branch's document, while it is kept up to date: the main one's always, others' while one is on them."""
        return self._branches.find(branch)

    def telemetry(self, now: Moment) -> Snapshot:
        """What it has done and how long it took, as numbers by name; see theta.node.telemetry."""
        queues = {
            "unwritten": self._pipeline.unwritten,
            "unfolded": self._line.length,
            "errands": len(self._requests.errands),
        }
        counts, gaps = self._pipeline.admission.counts, self.replica.log.nonce_gaps
        return self._telemetry.snapshot(now, counts, gaps, queues) | self.state.telemetry()

    def invite(self, role: RoleName) -> str:
        """The token that admits its holder with `role`."""
        return make_invite(self._settings.secret, role)

    @property
    def code(self) -> str:
        """What an editor may type instead of the invite, as it is shown: `K7QM-2RWD`."""
        return code_in_groups(make_code(self._settings.secret))

    def invite_for_code(self, typed: str) -> str | None:
        """The invite that somebody gets for a code; None when it is not this room's."""
        return self.invite(CODE_ROLE) if is_code_of(self._settings.secret, typed) else None

    def person_of(self, session: bytes, token: bytes) -> Person | None:
        """Who is here under `session` and has its resume token; None for anyone who only says so."""
        found = None
        for _, who in self._connections.joined():
            genuine = resume_token(self._settings.secret, who.record.session, who.record.author)
            if hmac.compare_digest(session + token, who.record.session + genuine):
                found = who.person
        return found

    # -- input ---------------------------------------------------------------------------------------------------

    def handle_connected(self, now: Moment, connection: int) -> None:
        """A connection is there, under a number that is not in use."""
        self._reception.handle_connected(now, connection)

    def handle_disconnected(self, now: Moment, connection: int) -> None:
        """A connection is gone; its session may come back."""
        self._outbound.forget(connection)
        gone = self._connections.forget(connection)
        self._requests.handle_disconnected(connection)
        self._snapshots.forget(connection)
        if gone is not None and gone.participant is not None:
            gone.session.handle(Event.LOST)
            self._left(now, gone, gone.participant)

    def handle_frame(self, now: Moment, connection: int, lane: Lane, frame: bytes) -> None:
        """Something was said on a connection. A peer's mistake closes that connection and nothing else."""
        speaker = self._connections.find(connection)
        if speaker is None:
            return
        try:
            if speaker.participant is None and lane is not Lane.CONTROL:
                raise ProtocolError(f"lane {lane} is for whoever has the acknowledgement of its session")
            message = self._reception.read(speaker, frame)
            if lane is not lane_of(message) and not (isinstance(message, Pong) and lane is BACKLOG_LANE):
                raise ProtocolError(f"{type(message).__name__} does not travel on lane {lane}")
            speaker.heartbeat.handle_heard(now)
            if isinstance(message, Pong) and message.number == LANE_PING:
                self._outbound.handle_answered(speaker.number, lane)
            self._dispatch(now, speaker, message, frame)
        except PeerError as error:
            self._expel(now, speaker, error)

    def handle_durable(self, now: Moment, seq: int) -> None:
        """All records up to `seq` are on disk."""
        if self._pipeline.handle_durable(now, seq):
            self._govern(now)
        self._work(now)

    def handle_asset_durable(self, now: Moment, name: bytes) -> None:
        """The asset of this name is on disk."""
        self._assets.handle_durable(name)

    def handle_checkpoint_durable(self, now: Moment) -> None:
        """A piece of a checkpoint is on disk."""
        self._checkpoints.handle_durable(now)

    def handle_checkpoint_failed(self, now: Moment) -> None:
        """There was no room on the disk for a piece of a checkpoint: it is given up, and the room goes on."""
        self._checkpoints.handle_failed(now)

    def handle_store_failed(self, now: Moment, reason: str) -> None:
        """The disk failed: nothing more is admitted, nothing unwritten is passed on; people may look and talk."""
        self._pipeline.handle_store_failed(f"the room is read-only: {reason}")
        self._assets.handle_store_failed(f"the room is read-only: {reason}")
        self._welcome_arrivals(now)

    def handle_timeout(self, now: Moment) -> None:
        """The time that poll_timeout named has come."""
        for connection in self._connections.attend(now.seconds):
            try:
                self._keep_alive(now, connection)
            except PeerError as error:
                self._expel(now, connection, error)
        self._presence.handle_timeout(now.seconds)
        if self._line.is_between:
            self._history.handle_timeout(now)
        self._assets.handle_timeout(now)
        self.state.handle_timeout(now)
        if self._is_writable:
            if self._line.is_between and self._attestation.is_due(now):
                self._attest(now)
            self._advance_frontier(now)
            self._checkpoints.handle_timeout(now)
        if self._work_at is not None or len(self._requests.errands):
            self._work(now)

    def handle_shutdown(self, now: Moment) -> None:
        """Fold what is durable, attest the head and say goodbye to everyone; nobody is heard any more."""
        for connection in self._connections:
            self._requests.errands.drop(connection.number)
        while not self._line.is_idle:
            self._work(now)
        if self._attestation.is_owed and self._is_writable:
            self._attest(now)
        if self._is_writable:
            self._checkpoints.handle_shutdown(now)
        for connection in self._connections:
            connection.session.handle(Event.ENDED)
            self._outbound.say_goodbye(connection.number, "the room is closing")
            self._connections.forget(connection.number)

    # -- output --------------------------------------------------------------------------------------------------

    def poll_append(self) -> list[StoredRecord]:
        """Records to store, in order; empty when there are none."""
        return self._pipeline.poll_append()

    def poll_store_asset(self) -> StoredAsset | None:
        """The next asset to store."""
        return self._assets.poll_store()

    def poll_drop_asset(self) -> bytes | None:
        """The name of the next asset to take out of the store."""
        return self._assets.poll_drop()

    def poll_checkpoint(self) -> CheckpointPart | CheckpointDone | None:
        """The next piece of a checkpoint to store, after the records that were polled before."""
        return self._checkpoints.poll()

    def poll_transmit(self) -> Transmit | None:
        """The next frame to send."""
        return self._outbound.poll_transmit()

    def poll_close(self) -> Close | None:
        """The next connection to close."""
        return self._outbound.poll_close()

    def poll_state_notice(self) -> StateNotice | None:
        """What is to be logged next of documents and worlds that were not the same."""
        return self._notices.popleft() if self._notices else self.state.poll_notice()

    def poll_timeout(self) -> float | None:
        """Monotonic seconds at which to call handle_timeout; None when nothing is waited for."""
        times = [self._connections.timeout, self._presence.timeout, self._assets.timeout, self.state.timeout]
        if self._line.is_between:
            times.append(self._history.timeout)
        times.append(self._work_at)
        if self._is_writable:
            times += [self._attestation.timeout, self._frontier.timeout, self._checkpoints.timeout]
        return min((at for at in times if at is not None), default=None)

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _is_writable(self) -> bool:
        return self.read_only_reason is None

    def _open_log(self, now: Moment) -> None:
        secret, log = self._settings.secret, self.replica.log
        if log.is_empty:
            genesis = Genesis(
                FORMAT_VERSION,
                secret.server,
                secret.room,
                secret.identity.public_key,
                self._settings.owner,
                now.unix_ms,
                self._settings.name,
            )
            self._pipeline.append_part(now, RecordKind.GENESIS, sign_genesis(secret.identity, genesis))
        elif log.genesis.room_key != secret.identity.public_key:
            raise StoreUnavailable("the key file is another room's; put the right one beside the room file")

    def _dispatch(self, now: Moment, speaker: Connection, message: Message, frame: bytes) -> None:
        who = speaker.participant
        if who is None and not isinstance(message, Ping | Pong):
            self._receive(now, speaker, message, frame)
            return
        action = speaker.session.handle(event_of(message))
        if isinstance(message, Ping):
            self._outbound.send(speaker.number, answer(now, message))
        elif isinstance(message, Pong):
            speaker.heartbeat.handle_pong(now, message)
        elif who is None or action is Action.REFUSE:
            raise ProtocolError(f"{type(message).__name__} came after its time")
        elif isinstance(message, ResyncRequest):
            self._resync(now, speaker, who, message)
        elif isinstance(message, SubmitPacket):
            self._pipeline.handle_packet(now, speaker, who, message)
        elif isinstance(message, REQUESTS):
            self._requests.handle(now, speaker, who, message)
            self._work_at = now.seconds
        else:
            self._dispatch_others(now, speaker, who, message)

    def _dispatch_others(self, now: Moment, speaker: Connection, who: Participant, message: Message) -> None:
        """What is not about commands."""
        if isinstance(message, PresenceUpdate) and PRESENCE in who.capabilities:
            row = self._presence.handle_update(now.seconds, who, message)
            if row is not None:
                self.state.handle_presence(row)
        elif isinstance(message, STATE_MESSAGES):
            self.state.handle_message(now, who, message)
        elif isinstance(message, ChatLine) and CHAT in who.capabilities:
            self._pass_on(now, speaker, who, message)
        elif isinstance(message, AssetPart):
            self._assets.handle_part(now, speaker, who, message)
        elif isinstance(message, AssetRequest):
            self._assets.handle_request(now, speaker, message)
        elif isinstance(message, SnapshotRequest):
            self._snapshots.handle_request(now, speaker, message)
        else:
            raise ProtocolError(f"{type(message).__name__} is not for this session, or came after its time")

    def _resync(self, now: Moment, speaker: Connection, who: Participant, request: ResyncRequest) -> None:
        """A participant's document is another: it gets the room's anew."""
        if speaker.resync.take(1, now.seconds):
            raise ProtocolError("the document was asked for too often")
        what = f"{who.person.name}'s document was another at record {request.seq}: it is sent anew"
        self._notices.append(StateNotice("diverged", what))
        self._pipeline.admission.release(who.record.session)
        who.wants_whole_log = True
        self._send_everything(now, speaker, who, 1)

    def _receive(self, now: Moment, speaker: Connection, message: Message, frame: bytes) -> None:
        record = self._reception.handle_message(now, speaker, message, frame, read_only=not self._is_writable)
        if record is not None:
            if self._pipeline.is_full:
                raise RoomFull("the room's disk is behind; try again soon")
            if self._new_sessions.take(1, now.seconds):
                raise RoomFull("too many new sessions at once; try again soon")
            body = sign_part(self._settings.secret.identity, self.replica.log.genesis, record)
            self._pipeline.append_part(now, RecordKind.SESSION, body)
        self._welcome_arrivals(now)

    def _welcome_arrivals(self, now: Moment) -> None:
        for connection in self._connections:
            arrival = connection.arrival
            if arrival is None or (arrival.seq > self.head_seq and self._is_writable):
                continue
            try:
                # An admin may have decided otherwise while the session was on its way to the disk.
                arrival.role = self._standing.check(arrival.record)
            except PeerError as error:
                self._expel(now, connection, error)
                continue
            who = self._reception.welcome(now, connection, self.head_seq, self.replica.log.lamport_at(self.head_seq))
            # What it has not acknowledged comes again in order, perhaps stamped anew: nothing has to be held back.
            self._pipeline.admission.release(who.record.session)
            # Before the roster: with it a participant knows whether its part in the state plane goes on.
            self.state.handle_joined(now, connection, who)
            self._send_roster()
            self._requests.send_branches(connection, who)
            self._send_everything(now, connection, who, arrival.established.last_seq + 1)
            self._presence.handle_joined(now.seconds, who)

    def _send_everything(self, now: Moment, connection: Connection, who: Participant, first_seq: int) -> None:
        self._spreading.send_everything(connection, who, first_seq)
        if not who.folds:
            who.last_history = None
            self._history.handle_arrived(now)
        if PRESENCE in who.capabilities:
            self._presence.send_all_to(connection.number)

    def _pass_on(self, now: Moment, speaker: Connection, who: Participant, line: ChatLine) -> None:
        if speaker.chat.take(1, now.seconds) or not is_plain_text(line.text):
            return
        said = Chat(who.record.actor, who.person.name, who.person.colour, line.text, now.unix_ms)
        self._outbound.send_all(self._connections.with_capability(CHAT), said)

    def _send_roster(self) -> None:
        self._outbound.send_all(
            [connection.number for connection, _ in self._connections.joined()], Roster(self.people)
        )

    def _keep_alive(self, now: Moment, connection: Connection) -> None:
        if connection.is_shaking_hands:
            connection.handshake.check_deadline(now)
        if connection.heartbeat.is_dead(now):
            connection.session.handle(Event.SILENT)
            raise PeerTimeout("nothing was heard for three heartbeats")
        ping = connection.heartbeat.poll_ping(now)
        if ping is not None:
            self._outbound.send(connection.number, ping)

    def _attest(self, now: Moment) -> None:
        head = self._attestation.make(now)
        identity = self._settings.secret.identity
        self._pipeline.append_part(now, RecordKind.HEAD, sign_part(identity, self.replica.log.genesis, head))

    def _advance_frontier(self, now: Moment) -> None:
        frontier = self._frontier.poll(now, self.replica.folded_seq)
        if frontier is not None:
            identity = self._settings.secret.identity
            body = sign_part(identity, self.replica.log.genesis, frontier)
            self._pipeline.append_part(now, RecordKind.FRONTIER, body)

    def _work(self, now: Moment) -> None:
        """Fold, or see to a request, for a few milliseconds; `poll_timeout` says so when there is more to do."""
        commands = self._pipeline.fold_some()
        if self._line.is_between:
            self._requests.errands.step()
            self._spreading.send_owed()
            if commands:
                self._history.handle_change(now, {command.author for command in commands})
        self._frontier.handle_folded(now, self.head_seq)
        if commands:
            self._attestation.handle_change(now)
            self._checkpoints.handle_folded(now, commands)
        self._welcome_arrivals(now)
        is_busy = not self._line.is_idle or len(self._requests.errands)
        self._work_at = now.seconds if is_busy else None

    def _govern(self, now: Moment) -> None:
        """Something that governs the room is durable: people's roles may be others, and some may have to go."""
        people = self.people
        for connection, error in list(self._standing.update()):
            self._expel(now, connection, error)
        if people != self.people:
            self._send_roster()
            for _, who in self._connections.joined():
                self.state.handle_role(now, who.record.actor, who.role)
        if self._branches.count != self._branches_told:
            self._branches_told = self._branches.count
            for connection, who in self._connections.joined():
                self._requests.send_branches(connection, who)

    def _expel(self, now: Moment, connection: Connection, error: PeerError) -> None:
        connection.session.handle(Event.FAULT)
        self._outbound.close(connection.number, error)
        self._connections.forget(connection.number)
        self._requests.handle_disconnected(connection.number)
        if connection.participant is not None:
            self._left(now, connection, connection.participant)

    def _left(self, now: Moment, connection: Connection, participant: Participant) -> None:
        self._reception.handle_left(now, participant, connection.session)
        self._presence.handle_left(participant.record.actor)
        self.state.handle_left(now, participant)
        self._send_roster()
