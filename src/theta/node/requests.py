"""What participants ask of a room beside the document: branches, who, history, past moments, invites (WIRE-30 …)."""

from collections.abc import Iterator
from typing import NamedTuple

from theta.base.errors import BeyondHistory, InvalidValue, StoreError, ThetaError, UsageError
from theta.base.limits import HISTORY_ENTRIES_MAX, MOMENT_BYTES_MAX, MOMENT_COMMANDS_MAX
from theta.base.moment import Moment
from theta.commands.governance import Branch
from theta.commands.governing import ANY_COMMAND
from theta.commands.refusals import NotAllowed, RateLimited, Refused, TooExpensive, UnknownBranch
from theta.node.branches import Branches
from theta.node.connections import Connection, Connections, Participant
from theta.node.errands import Errands
from theta.node.history_notices import HistoryNotices
from theta.node.labels import label_of
from theta.node.loading import Loading
from theta.node.makers import MakerFinder
from theta.node.outbound import Outbound
from theta.node.past import PastGesture, gestures_before, gestures_beyond
from theta.node.policies import policy_rules
from theta.node.replica import Replica
from theta.node.spreading import Spreading
from theta.node.state_desk import StateDesk
from theta.replication.document_parts import in_parts
from theta.session.colours import colour_for
from theta.session.invites import make_invite
from theta.session.secret import RoomSecret
from theta.wire.interest_messages import InterestRequest, WorldRequest
from theta.wire.messages import (
    BranchInfo,
    BranchList,
    HistoryEntry,
    HistoryPage,
    HistoryRequest,
    InviteMade,
    InviteRequest,
    MergePreviewRequest,
    Message,
    MomentPart,
    MomentRequest,
    PolicyAnswer,
    PolicyRequest,
    RequestRefused,
    SwitchBranch,
    WhoAnswer,
    WhoRequest,
)

STATE_REQUESTS = (InterestRequest, WorldRequest)
NUMBERED = (
    WhoRequest,
    HistoryRequest,
    MomentRequest,
    MergePreviewRequest,
    PolicyRequest,
    InviteRequest,
    *STATE_REQUESTS,
)
REQUESTS = (SwitchBranch, *NUMBERED)
_NOBODY = (False, 0, 0, b"", "", 0, "", 0, 0)


class RoomParts(NamedTuple):
    """What of a room requests are answered from."""

    secret: RoomSecret
    branches: Branches
    connections: Connections
    outbound: Outbound
    spreading: Spreading
    loading: Loading
    errands: Errands
    history: HistoryNotices
    state: StateDesk


class Requests:
    """Answers requests: what is long is put off to errands, what is too much is refused, and nothing closes for it."""

    def __init__(self, parts: RoomParts) -> None:
        self._secret, self._branches, self._connections = parts.secret, parts.branches, parts.connections
        self._outbound, self._spreading, self._loading = parts.outbound, parts.spreading, parts.loading
        self._notices, self._state = parts.history, parts.state
        self.errands = parts.errands
        self._log = parts.branches.main.log
        self._finders: dict[bytes, MakerFinder] = {}
        self._branch_times: dict[bytes, int] = {}

    def handle(self, now: Moment, speaker: Connection, who: Participant, message: Message) -> None:
        """Answer one of REQUESTS, or say why not."""
        try:
            if speaker.requests.take(1, now.seconds):
                raise RateLimited("asked too often; wait a moment")
            if isinstance(message, SwitchBranch):
                self._switch(speaker, who, message)
            elif isinstance(message, WhoRequest):
                self._put(speaker, "who", message, self._who(speaker.number, who, message))
            elif isinstance(message, HistoryRequest):
                self._put(speaker, "history", message, self._history(speaker.number, who, message))
            elif isinstance(message, MomentRequest):
                self._moment(speaker, who, message)
            elif isinstance(message, MergePreviewRequest):
                self._preview(speaker, who, message)
            elif isinstance(message, PolicyRequest):
                self._tell_policies(speaker.number, message)
            elif isinstance(message, InviteRequest):
                self._invite(now, speaker, who, message)
            elif isinstance(message, STATE_REQUESTS):
                self._inspect(speaker.number, who, message)
        except (Refused, UsageError) as refusal:
            self._refuse(speaker.number, _number_of(message), refusal)

    def handle_disconnected(self, connection: int) -> None:
        """Nobody waits for these answers any more."""
        self.errands.drop(connection)
        self._let_go()

    def send_branches(self, connection: Connection, who: Participant) -> None:
        """Tell one participant which branches there are, and on which it is."""
        infos = []
        for branch in self._log.governance.branches.values():
            author = self._branches.main.name_of(branch.author) if branch.author else ""
            at_ms = self._branch_time(branch)
            infos.append(BranchInfo(branch.id, branch.name, branch.parent, branch.fork, author, at_ms))
        self._outbound.send(connection.number, BranchList(infos, who.branch))

    # -- branches ------------------------------------------------------------------------------------------------

    def _switch(self, speaker: Connection, who: Participant, message: SwitchBranch) -> None:
        branch = message.branch
        self.errands.drop(speaker.number, "switch")
        if branch not in self._log.governance.branches:
            raise UnknownBranch("there is no such branch")
        self._let_go()
        is_open = branch in self._branches or self._branches.is_opening(branch)
        if self._branches.is_full and not is_open:
            raise TooExpensive("too many branches are open at once; switch to one that somebody is on")
        self._put(speaker, "switch", message, self._open(speaker, who, branch))

    def _open(self, speaker: Connection, who: Participant, branch: bytes) -> Iterator[None]:
        while self._branches.is_opening(branch):
            yield  # somebody else's errand does it
        if branch not in self._branches:
            yield from self._branches.open_slowly(branch)
        self._enter(speaker, who, branch)

    def _enter(self, speaker: Connection, who: Participant, branch: bytes) -> None:
        who.branch = branch
        who.last_history = None
        self.send_branches(speaker, who)
        self._spreading.send_everything(speaker, who, self._branches.of(branch).folded_seq + 1)
        if not who.folds:
            self._notices.send(speaker, who)
        self._let_go()

    def _let_go(self) -> None:
        wanted = {who.branch for _, who in self._connections.joined()}
        self._branches.keep(wanted)
        self._finders = {branch: finder for branch, finder in self._finders.items() if branch in wanted}

    # -- who, and when -------------------------------------------------------------------------------------------

    def _who(self, connection: int, who: Participant, request: WhoRequest) -> Iterator[None]:
        replica = self._branches.of(who.branch)
        finder = self._finders.get(replica.branch)
        if finder is None:
            finder = self._finders[replica.branch] = MakerFinder(replica)
        command = yield from finder.find_slowly(request.entity, request.kind, request.element)
        if command is None:
            self._outbound.send(connection, WhoAnswer(request.request, *_NOBODY))
            return
        answer = WhoAnswer(
            request.request,
            True,
            command.name.actor,
            command.name.number,
            command.author,
            replica.name_of(command.author),
            self._colour_of(command.author),
            label_of(command, replica.name_of),
            command.seq,
            self._time_of(command.seq),
        )
        self._outbound.send(connection, answer)

    def _history(self, connection: int, who: Participant, request: HistoryRequest) -> Iterator[None]:
        replica = self._branches.of(who.branch)
        count = min(request.count, HISTORY_ENTRIES_MAX)
        found, more = yield from gestures_before(replica, request.before_seq, count, self._loading.load_slowly)
        self._send_page(connection, request.request, replica, found, more=more)

    def _send_page(
        self, connection: int, request: int, replica: Replica, found: list[PastGesture], *, more: bool
    ) -> None:
        entries = [self._entry(replica, gesture) for gesture in found]
        self._outbound.send(connection, HistoryPage(request, entries, more))

    def _preview(self, speaker: Connection, who: Participant, request: MergePreviewRequest) -> None:
        if request.source not in self._log.governance.branches:
            raise UnknownBranch("there is no such branch")
        seq = self._branches.main.folded_seq
        if self._log.governance.lines.reaches_below_base(who.branch, seq, request.source, seq):
            raise BeyondHistory("it would bring what was done before `theta compact`, which kept no commands of that")
        if request.source not in self._branches:
            self._check_foldable()
        self._put(speaker, "preview", request, self._find_incoming(speaker.number, who.branch, request))

    def _find_incoming(self, connection: int, target: bytes, request: MergePreviewRequest) -> Iterator[None]:
        seq = self._branches.main.folded_seq
        source = self._branches.find(request.source)
        if source is None:
            source = yield from self._branches.fold_moment_slowly(request.source, seq)
        held = self._log.governance.vector(target, seq)
        count = min(request.count, HISTORY_ENTRIES_MAX)
        found, more = yield from gestures_beyond(source, held, request.before_seq, count, self._loading.load_slowly)
        self._send_page(connection, request.request, source, found, more=more)

    def _tell_policies(self, connection: int, request: PolicyRequest) -> None:
        governance, seq = self._log.governance, self._branches.main.folded_seq
        strategy, rules = governance.strategy(ANY_COMMAND, seq), policy_rules(governance, seq)
        answer = PolicyAnswer(request.request, strategy.value, governance.cascade_allowed(seq), rules)
        self._outbound.send(connection, answer)

    def _entry(self, replica: Replica, gesture: PastGesture) -> HistoryEntry:
        command = gesture.command
        return HistoryEntry(
            gesture.seq,
            command.gesture.actor,
            command.gesture.number,
            command.author,
            replica.name_of(command.author),
            self._colour_of(command.author),
            label_of(command, replica.name_of),
            gesture.entity,
            gesture.outcome,
            gesture.at_ms,
        )

    def _moment(self, speaker: Connection, who: Participant, request: MomentRequest) -> None:
        self.errands.drop(speaker.number, "moment")
        if request.seq == 0:
            return
        if request.seq > self._branches.main.folded_seq:
            raise InvalidValue("seq", request.seq, f"at most {self._branches.main.folded_seq}")
        if request.seq < self._branches.first_seq:
            raise BeyondHistory("it is older than what is kept: `theta compact` dropped it")
        self._check_foldable()
        self._put(speaker, "moment", request, self._fold_moment(speaker.number, who.branch, request))

    def _check_foldable(self) -> None:
        if self._log.command_count > MOMENT_COMMANDS_MAX:
            raise TooExpensive(f"a log of over {MOMENT_COMMANDS_MAX} commands; use `theta replay` on the file")

    def _fold_moment(self, connection: int, branch: bytes, request: MomentRequest) -> Iterator[None]:
        replica = yield from self._branches.fold_moment_slowly(branch, request.seq)
        parts = []
        size = 0
        for part in in_parts(replica.document.snapshot()):
            parts.append(part)
            size += sum(len(component.data) for unit in part for component in unit.components)
            if size > MOMENT_BYTES_MAX:
                reason = f"that moment is over {MOMENT_BYTES_MAX} bytes; use `theta replay` on the file"
                self._outbound.send(connection, RequestRefused(request.request, "TooExpensive", reason))
                return
            yield
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            moment = MomentPart(request.request, request.seq, index == 0, last, part, replica.document.hash)
            self._outbound.send(connection, moment)
            yield

    # -- invites -------------------------------------------------------------------------------------------------

    def _invite(self, now: Moment, speaker: Connection, who: Participant, request: InviteRequest) -> None:
        if who.role != "admin":
            raise NotAllowed(f"a {who.role} makes no invites; ask an admin")
        expires_ms = now.unix_ms + 1000 * request.seconds if request.seconds else 0
        token = make_invite(self._secret, request.role, expires_ms)
        self._outbound.send(speaker.number, InviteMade(request.request, request.role, token, expires_ms))

    # -- the state plane -----------------------------------------------------------------------------------------

    def _inspect(self, connection: int, who: Participant, request: InterestRequest | WorldRequest) -> None:
        is_admin = who.role == "admin"
        if not is_admin and (isinstance(request, WorldRequest) or request.actor != who.record.actor):
            raise NotAllowed(f"a {who.role} asks only what they are told of themselves; ask an admin")
        if isinstance(request, WorldRequest):
            answer: Message = self._state.report.world(request.request)
        else:
            answer = self._state.report.interest(request, of_everything=is_admin)
        self._outbound.send(connection, answer)

    # -- inside --------------------------------------------------------------------------------------------------

    def _put(self, speaker: Connection, kind: str, message: Message, work: Iterator[None]) -> None:
        if not self.errands.has_place(speaker.number):
            raise RateLimited("much was asked for already; wait for the answers")
        self.errands.put(speaker.number, kind, self._guarded(speaker.number, message, work))

    def _guarded(self, connection: int, message: Message, work: Iterator[None]) -> Iterator[None]:
        """What cannot be found out, because it is older than what is kept or damaged on disk, is refused."""
        try:
            yield from work
        except (Refused, UsageError, StoreError) as error:
            self._refuse(connection, _number_of(message), error)

    def _refuse(self, connection: int, number: int, error: ThetaError) -> None:
        self._outbound.send(connection, RequestRefused(number, error.code, str(error)))

    def _colour_of(self, author: bytes) -> int:
        """The colour that the author has here now, or would have in an empty room."""
        here = (who.person.colour for _, who in self._connections.joined() if who.record.author == author)
        return next(here, colour_for(author, ()))

    def _branch_time(self, branch: Branch) -> int:
        """When a branch was made, ms since 1970; read once, since everybody who joins is told."""
        if branch.seq and branch.id not in self._branch_times:
            self._branch_times[branch.id] = self._time_of(branch.seq)
        return self._branch_times.get(branch.id, 0)

    def _time_of(self, seq: int) -> int:
        """What the author's clock said at a packet's record, ms since 1970."""
        reader = self._branches.main.reader
        return next((at_ms for record in reader.records(seq, seq) for _, at_ms in reader.timed_commands(record)), 0)


def _number_of(message: Message) -> int:
    """A request's number; switching has none."""
    return message.request if isinstance(message, NUMBERED) else 0
