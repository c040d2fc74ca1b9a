"""The room's side of assets: taking them in parts, having them stored, giving them away. spec/assets.md, AST-4 … AST-9.

An asset is on the shelf, where commands may name it and peers may ask for it, once it is on disk and not before.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from theta.base.errors import ProtocolError
from theta.base.limits import (
    ASSET_BYTES_MAX,
    ASSET_PART_BYTES_MAX,
    ASSET_UNNAMED_SECONDS_MAX,
    ASSET_UPLOAD_IDLE_SECONDS_MAX,
    ASSET_UPLOADS_BYTES_MAX,
    ASSET_UPLOADS_PER_SESSION_MAX,
    ASSET_WINDOW_BYTES,
    ASSETS_BYTES_MAX,
)
from theta.base.moment import Moment
from theta.commands.log import CommandLog
from theta.commands.roles import may_edit
from theta.commands.store import StoredAsset
from theta.editor.mesh_assets import face_count_of
from theta.mesh import UnusableAsset, asset_name
from theta.node.asset_shelf import AssetShelf
from theta.node.connections import Connection, Connections, Participant
from theta.node.outbound import Outbound
from theta.wire.messages import AssetData, AssetPart, AssetReceived, AssetRefused, AssetRequest


@dataclass
class _Upload:
    """What a session has sent of an asset; `touched` is when it last did, in monotonic seconds."""

    size: int
    touched: float
    data: bytearray = field(default_factory=bytearray)


@dataclass
class _Storing:
    """A whole asset on its way to the disk, and the connections that wait for it."""

    asset: StoredAsset
    waiting: set[int] = field(default_factory=set)


class _Refusal(Exception):
    """Why an asset is not taken: a code and words."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def shelf_of(assets: Iterable[StoredAsset]) -> AssetShelf:
    """The stored assets that are whole; a damaged one is missed by the record that names it, if any does."""
    shelf = AssetShelf()
    for asset in assets:
        if asset_name(asset.data) == asset.name:
            try:
                shelf.add(asset.data)
            except UnusableAsset:
                continue
    return shelf


class AssetDesk:
    """Uploads by (session, name), what is on its way to the disk, and the shelf.

    Args:
        shelf: what is stored and whole.
        stored_ms: of each stored asset, damaged ones too, when that was, in milliseconds since 1970.
        log: tells which assets commands name.
        connections: who is there.
        outbound: where answers go.
        now: the time of opening; assets that nothing names for long are dropped then.
    """

    def __init__(
        self,
        shelf: AssetShelf,
        stored_ms: dict[bytes, int],
        log: CommandLog,
        connections: Connections,
        outbound: Outbound,
        now: Moment,
    ) -> None:
        self._shelf = shelf
        self._stored_ms = stored_ms
        self._log = log
        self._connections = connections
        self._outbound = outbound
        self._uploads: dict[tuple[bytes, bytes], _Upload] = {}
        self._storing: dict[bytes, _Storing] = {}
        self._to_store: deque[StoredAsset] = deque()
        self._to_drop: deque[bytes] = deque()
        self.read_only_reason: str | None = None
        self._drop_unnamed(now)

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which the first upload has been silent for too long."""
        times = (upload.touched + ASSET_UPLOAD_IDLE_SECONDS_MAX for upload in self._uploads.values())
        return min(times, default=None)

    def handle_part(self, now: Moment, connection: Connection, who: Participant, part: AssetPart) -> None:
        """Take a part of an asset, and say how far it has come, or why it is not taken."""
        key = (who.record.session, part.asset)
        storing = self._storing.get(part.asset)
        try:
            if part.asset in self._shelf:
                self._uploads.pop(key, None)
                self._keep(now, who, part.asset)
                self._say(connection.number, part.asset, len(self._shelf[part.asset]), stored=True)
            elif storing is not None:
                self._uploads.pop(key, None)
                storing.waiting.add(connection.number)
                self._say(connection.number, part.asset, len(storing.asset.data), stored=False)
            else:
                self._take(now, connection, who, part)
        except _Refusal as refusal:
            self._uploads.pop(key, None)
            self._outbound.send(connection.number, AssetRefused(part.asset, refusal.code, str(refusal)))

    def handle_request(self, now: Moment, connection: Connection, request: AssetRequest) -> None:
        """Give a window of an asset away.

        Raises:
            ProtocolError: asked for too often, or past its end.
        """
        if connection.asset_requests.take(1, now.seconds):
            raise ProtocolError("assets were asked for too often")
        data = self._shelf.get(request.asset)
        if data is None:
            refused = AssetRefused(request.asset, "UnknownAsset", "there is no such asset here")
            self._outbound.send(connection.number, refused)
            return
        if request.offset >= len(data):
            raise ProtocolError(f"offset {request.offset} is past the end of the asset, {len(data)}")
        end = min(request.offset + ASSET_WINDOW_BYTES, len(data))
        for at in range(request.offset, end, ASSET_PART_BYTES_MAX):
            piece = data[at : min(at + ASSET_PART_BYTES_MAX, end)]
            self._outbound.send(connection.number, AssetData(request.asset, len(data), at, piece))

    def handle_durable(self, name: bytes) -> None:
        """An asset is on disk: commands may name it, and whoever waits for it is told."""
        storing = self._storing.pop(name, None)
        if storing is None:
            return  # it was written after all, but those who waited were told otherwise; they ask again
        self._shelf.add(storing.asset.data)
        self._stored_ms[name] = storing.asset.stored_ms
        for number in sorted(storing.waiting):
            self._say(number, name, len(storing.asset.data), stored=True)

    def handle_store_failed(self, reason: str) -> None:
        """The disk failed: nothing is taken any more, and who waits is told."""
        self.read_only_reason = reason
        for name, storing in self._storing.items():
            for number in sorted(storing.waiting):
                if self._connections.find(number) is not None:
                    self._outbound.send(number, AssetRefused(name, "ReadOnly", reason))
        self._storing.clear()
        self._to_store.clear()
        self._to_drop.clear()
        self._uploads.clear()

    def handle_timeout(self, now: Moment) -> None:
        """Forget uploads that have been silent for too long."""
        silent = [
            key
            for key, upload in self._uploads.items()
            if now.seconds >= upload.touched + ASSET_UPLOAD_IDLE_SECONDS_MAX
        ]
        for key in silent:
            del self._uploads[key]

    def poll_store(self) -> StoredAsset | None:
        """The next asset to store."""
        return self._to_store.popleft() if self._to_store else None

    def poll_drop(self) -> bytes | None:
        """The name of the next asset to take out of the store."""
        return self._to_drop.popleft() if self._to_drop else None

    def _take(self, now: Moment, connection: Connection, who: Participant, part: AssetPart) -> None:
        if not may_edit(who.role):
            raise _Refusal("NotAllowed", f"a {who.role} may look and talk; ask for an invite as editor to import")
        if self.read_only_reason is not None:
            raise _Refusal("ReadOnly", self.read_only_reason)
        key = (who.record.session, part.asset)
        upload = self._uploads.get(key)
        if upload is None:
            self._check_place(now, who, part)
            upload = self._uploads[key] = _Upload(part.size, now.seconds)
        upload.touched = now.seconds
        if part.size != upload.size or part.offset + len(part.data) > upload.size:
            raise _Refusal("UnusableAsset", f"asset: size: {part.size} bytes were announced as {upload.size}")
        if part.offset == len(upload.data):
            upload.data += part.data
        if len(upload.data) < upload.size:
            self._say(connection.number, part.asset, len(upload.data), stored=False)
            return
        del self._uploads[key]
        self._store(now, connection.number, part.asset, bytes(upload.data))

    def _check_place(self, now: Moment, who: Participant, part: AssetPart) -> None:
        if not 1 <= part.size <= ASSET_BYTES_MAX:
            raise _Refusal("UnusableAsset", f"asset: size: {part.size} bytes are not 1 to {ASSET_BYTES_MAX}")
        own = sum(1 for session, _ in self._uploads if session == who.record.session)
        if own >= ASSET_UPLOADS_PER_SESSION_MAX:
            raise _Refusal("TooManyUploads", f"{own} uploads are not finished; at most {ASSET_UPLOADS_PER_SESSION_MAX}")
        waiting = sum(upload.size for upload in self._uploads.values())
        if waiting + part.size > ASSET_UPLOADS_BYTES_MAX:
            raise _Refusal("TooManyUploads", "others upload much at the moment; try again soon")
        self._check_space(now, part.size)

    def _check_space(self, now: Moment, size: int) -> None:
        if self._bytes_held + size > ASSETS_BYTES_MAX:
            self._drop_unnamed(now)
        if self._bytes_held + size > ASSETS_BYTES_MAX:
            free = max(0, ASSETS_BYTES_MAX - self._bytes_held)
            raise _Refusal("AssetsFull", f"the room holds {ASSETS_BYTES_MAX} bytes of assets; {free} are left")

    @property
    def _bytes_held(self) -> int:
        return self._shelf.byte_count + sum(len(each.asset.data) for each in self._storing.values())

    def _store(self, now: Moment, number: int, name: bytes, data: bytes) -> None:
        if asset_name(data) != name:
            raise _Refusal("WrongHash", "the bytes are not those that the asset's name stands for")
        try:
            face_count_of(data)
        except UnusableAsset as error:
            raise _Refusal(error.code, str(error)) from error
        self._check_space(now, len(data))
        if name in self._stored_ms:  # what was damaged is replaced, and must not be dropped after that
            del self._stored_ms[name]
        if name in self._to_drop:
            self._to_drop.remove(name)
        asset = StoredAsset(name, data, now.unix_ms)
        self._storing[name] = _Storing(asset, {number})
        self._to_store.append(asset)
        self._say(number, name, len(data), stored=False)

    def _keep(self, now: Moment, who: Participant, name: bytes) -> None:
        """Who is told that it is stored may be about to name it: it stays as long as one that was stored now."""
        if may_edit(who.role):
            self._stored_ms[name] = max(self._stored_ms[name], now.unix_ms)

    def _drop_unnamed(self, now: Moment) -> None:
        """Whoever uploaded them may still be about to send the command: for a while they stay."""
        oldest_ms = now.unix_ms - round(ASSET_UNNAMED_SECONDS_MAX * 1000)
        for name, at_ms in list(self._stored_ms.items()):
            if name not in self._log.named_assets and at_ms < oldest_ms:
                if name in self._shelf:
                    self._shelf.drop(name)
                del self._stored_ms[name]
                self._to_drop.append(name)

    def _say(self, number: int, name: bytes, received: int, *, stored: bool) -> None:
        if self._connections.find(number) is not None:
            self._outbound.send(number, AssetReceived(name, received, stored))
