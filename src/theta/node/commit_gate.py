"""A participant's commits, held until every asset that their records name is here (AST-9)."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec import MsgspecError

from theta.base.errors import ProtocolError
from theta.base.identifiers import name_id
from theta.base.limits import (
    ASSET_BYTES_MAX,
    ASSET_FETCH_SECONDS_MAX,
    ASSET_REQUEST_BURST_MAX,
    ASSET_REQUESTS_PER_SECOND,
    ASSET_WINDOW_BYTES,
    ASSETS_BYTES_MAX,
    SEND_QUEUE_BYTES_MAX,
)
from theta.base.moment import Moment
from theta.commands.packets import decode_body
from theta.commands.rate_limit import TokenBucket
from theta.commands.records import BadRecord, PacketRecord, RecordKind, decode
from theta.commands.refusals import Refused
from theta.editor.vocabulary import OPERATIONS
from theta.mesh import UnusableAsset, asset_name
from theta.node.asset_shelf import AssetShelf
from theta.node.protocol import REGISTRY
from theta.wire.messages import AssetData, AssetRefused, AssetRequest, Commit, LogRecord

# A record that holds none of these byte runs, a type's id as it is in a packet, names no asset: most need no decoding.
_SIGNS = tuple(name_id(each.NAME).to_bytes(8, "big") for each in OPERATIONS if "assets" in vars(each))
_COMMIT_BYTES = 128
"""What a commit takes without its records, at least."""
_ROUNDING_SECONDS = 0.001
_PACE = 0.9
"""Of what the room allows: its clock and ours need not run alike."""


@dataclass
class _Fetch:
    """An asset on its way here; `asked_to` is where the window ends that was asked for, 0 for none."""

    name: bytes
    deadline: float
    size: int = 0
    asked_to: int = 0
    data: bytearray = field(default_factory=bytearray)


class CommitGate:
    """Commits in order.

    Args:
        shelf: what is here; what comes is put on it.
        own: gives an asset of our own by name, which need not be fetched.
    """

    def __init__(self, shelf: AssetShelf, own: Callable[[bytes], bytes | None]) -> None:
        self._shelf = shelf
        self._own = own
        self._commits: deque[Commit] = deque()
        self._commits_bytes = 0
        self._sync_seq = 0
        self._lacking: deque[bytes] | None = None
        self._fetch: _Fetch | None = None
        self._requests: TokenBucket | None = None
        self._ask_at: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether commits wait for an asset."""
        return bool(self._commits)

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which the room has taken too long, or may be asked again."""
        if self._fetch is None:
            return None
        return self._fetch.deadline if self._ask_at is None else min(self._ask_at, self._fetch.deadline)

    def put(self, now: Moment, commit: Commit) -> None:
        """A commit has come. On a slow line those of the log so far come before the asset: the room is not silent.

        Raises:
            ProtocolError: the room says more than may wait for an asset.
        """
        self._commits.append(commit)
        self._commits_bytes += _size_of(commit)
        if self._commits_bytes > SEND_QUEUE_BYTES_MAX:
            raise ProtocolError(f"more than {SEND_QUEUE_BYTES_MAX} bytes of commits wait for an asset")
        if self._fetch is not None and commit.first_seq <= self._sync_seq:
            self._fetch.deadline = now.seconds + ASSET_FETCH_SECONDS_MAX

    def records(self) -> Iterator[tuple[int, LogRecord]]:
        """The records that wait, with their numbers, in order."""
        for commit in self._commits:
            yield from enumerate(commit.records, commit.first_seq)

    def poll_commit(self, now: Moment) -> Commit | None:
        """The next commit, when all that it names is here; else what is missing is fetched."""
        if self._fetch is not None or not self._commits:
            return None
        if self._lacking is None:
            self._lacking = deque(name for record in self._commits[0].records for name in assets_named(record))
        while self._lacking:
            name = self._lacking[0]
            if name not in self._shelf:
                data = self._own(name)
                if data is None:
                    self._fetch = _Fetch(name, now.seconds + ASSET_FETCH_SECONDS_MAX)
                    return None
                self._shelf.add(data)
            self._lacking.popleft()
        self._lacking = None
        commit = self._commits.popleft()
        self._commits_bytes -= _size_of(commit)
        return commit

    def poll_request(self, now: Moment) -> AssetRequest | None:
        """What to ask the room for, no more often than it allows."""
        fetch = self._fetch
        if fetch is None or len(fetch.data) < fetch.asked_to:
            return None
        if self._requests is None:
            burst, per_second = _PACE * ASSET_REQUEST_BURST_MAX, _PACE * ASSET_REQUESTS_PER_SECOND
            self._requests = TokenBucket(burst, per_second, now.seconds)
        wait = self._requests.take(1, now.seconds)
        if wait:
            self._ask_at = now.seconds + wait + _ROUNDING_SECONDS
            fetch.deadline = self._ask_at + ASSET_FETCH_SECONDS_MAX
            return None
        self._ask_at = None
        fetch.asked_to = len(fetch.data) + ASSET_WINDOW_BYTES
        if fetch.size:
            fetch.asked_to = min(fetch.asked_to, fetch.size)
        return AssetRequest(fetch.name, len(fetch.data))

    def handle_data(self, now: Moment, message: AssetData) -> None:
        """A piece of an asset has come.

        Raises:
            ProtocolError: not what was asked for, not the bytes that the name stands for, or no asset.
        """
        fetch = self._fetch
        if fetch is None or message.asset != fetch.name:
            raise ProtocolError("an asset was sent that was not asked for")
        # Until it has proved to be good, nothing is kept of it: another connection begins anew.
        self._fetch = None
        size = fetch.size or message.size
        if message.size != size or size > ASSET_BYTES_MAX:
            raise ProtocolError(f"an asset of {message.size} bytes; at most {ASSET_BYTES_MAX}, and always the same")
        if self._shelf.byte_count + size > ASSETS_BYTES_MAX:
            raise ProtocolError(f"more than {ASSETS_BYTES_MAX} bytes of assets")
        asked_to, end = min(fetch.asked_to, size), message.offset + len(message.data)
        if message.offset != len(fetch.data) or not message.data or end > asked_to:
            raise ProtocolError(f"bytes {message.offset} to {end} of an asset were not asked for")
        fetch.size, fetch.asked_to = size, asked_to
        fetch.data += message.data
        fetch.deadline = now.seconds + ASSET_FETCH_SECONDS_MAX
        if end == size:
            self._finish(fetch)
        else:
            self._fetch = fetch

    def handle_refused(self, message: AssetRefused) -> None:
        """The room has not got what its own log names.

        Raises:
            ProtocolError: always, when it was asked for.
        """
        if self._fetch is not None and self._fetch.name == message.asset:
            self._fetch = None
            raise ProtocolError(f"the room's log names an asset that it does not have: {message.reason}")

    def is_overdue(self, now: Moment) -> bool:
        """Whether nothing of what was asked for has come for too long."""
        return self._fetch is not None and now.seconds >= self._fetch.deadline

    def handle_session(self, now: Moment, head_seq: int) -> None:
        """A new connection: the commits come again; what has come of an asset is kept, and the rest asked for."""
        self.forget()
        self._sync_seq = head_seq
        self._requests = self._ask_at = None
        if self._fetch is not None:
            self._fetch.asked_to = 0
            self._fetch.deadline = now.seconds + ASSET_FETCH_SECONDS_MAX

    def forget(self) -> None:
        """The commits that wait will come again."""
        self._commits.clear()
        self._commits_bytes = 0
        self._lacking = None

    def _finish(self, fetch: _Fetch) -> None:
        data = bytes(fetch.data)
        if asset_name(data) != fetch.name:
            raise ProtocolError("an asset is not the bytes that its name stands for")
        try:
            self._shelf.add(data)
        except UnusableAsset as error:
            raise ProtocolError(f"the room's log names what is no asset: {error}") from error


def _size_of(commit: Commit) -> int:
    return _COMMIT_BYTES + sum(len(record.body) for record in commit.records)


def assets_named(record: LogRecord) -> Iterator[bytes]:
    """The names of the assets that a record cannot be folded without; none when it is no good record."""
    if record.kind != RecordKind.PACKET or not any(sign in record.body for sign in _SIGNS):
        return
    try:
        for envelope in decode_body(decode(PacketRecord, record.body).body).commands:
            yield from REGISTRY.decode(envelope).assets
    except (BadRecord, Refused, MsgspecError):
        return
