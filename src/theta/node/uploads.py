"""A participant's uploads: one asset after the other, in parts, over as many connections as it takes (AST-5, AST-8)."""

from collections.abc import Iterator
from dataclasses import dataclass

from theta.base.limits import ASSET_PART_BYTES_MAX, ASSET_WINDOW_BYTES, ASSETS_BYTES_MAX
from theta.base.moment import Moment
from theta.commands.admission import READ_ONLY_RETRY_SECONDS
from theta.editor.mesh_assets import face_count_of
from theta.mesh import asset_name
from theta.node.events import AssetNotStored, AssetProgress, AssetStored, Event, Postponed
from theta.wire.messages import AssetPart, AssetReceived, AssetRefused


@dataclass
class _Upload:
    """`received` is how far the room said to be; `asked` once this connection has asked, and `heard` once it knows."""

    data: bytes
    asked: bool = False
    heard: bool = False
    received: int = 0
    sent: int = 0


class Uploads:
    """What is still to be given to the room, in order, and what the room has of ours."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, _Upload] = {}
        self._stored: dict[bytes, bytes] = {}
        self._retry_at: float | None = None
        self._is_connected = False

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which to try again after the room could not write."""
        return self._retry_at if self._waiting else None

    @property
    def unfinished(self) -> int:
        """How many assets the room has not stored yet."""
        return len(self._waiting)

    def put(self, data: bytes) -> bytes:
        """Queue an asset and return its name.

        Raises:
            UnusableAsset: no room would take it; names the field.
        """
        face_count_of(data)
        name = asset_name(data)
        self._waiting.setdefault(name, _Upload(data))
        return name

    def own(self, name: bytes) -> bytes | None:
        """An asset that the room has stored for us, so that we need not ask for it."""
        return self._stored.get(name)

    def handle_session(self) -> None:
        """There is a session on a connection: ask how far the room is."""
        self._is_connected = True
        self._retry_at = None

    def handle_disconnected(self) -> None:
        """What was on its way is lost."""
        self._is_connected = False
        for upload in self._waiting.values():
            upload.asked = upload.heard = False

    def handle_received(self, message: AssetReceived) -> Iterator[Event]:
        """The room says how far it is."""
        upload = self._waiting.get(message.asset)
        if upload is None:
            return
        if message.stored:
            del self._waiting[message.asset]
            self._keep(message.asset, upload.data)
            yield AssetStored(message.asset)
            return
        received = min(message.received, len(upload.data))
        if not upload.heard or received < upload.received:
            upload.sent = received
        upload.heard = True
        upload.received = received
        upload.sent = max(upload.sent, received)
        yield AssetProgress(message.asset, received, len(upload.data))

    def handle_refused(self, now: Moment, message: AssetRefused) -> Iterator[Event]:
        """The room does not take it: for now, or for good."""
        upload = self._waiting.get(message.asset)
        if upload is None:
            return
        if message.code == "ReadOnly":
            upload.asked = upload.heard = False
            self._retry_at = now.seconds + READ_ONLY_RETRY_SECONDS
            yield Postponed(message.code, message.reason, READ_ONLY_RETRY_SECONDS)
            return
        del self._waiting[message.asset]
        yield AssetNotStored(message.asset, message.code, message.reason)

    def poll(self, now: Moment) -> AssetPart | None:
        """The next part to send, if one may be sent now."""
        if not self._is_connected or not self._waiting:
            return None
        if self._retry_at is not None:
            if now.seconds < self._retry_at:
                return None
            self._retry_at = None
        name, upload = next(iter(self._waiting.items()))
        size = len(upload.data)
        if not upload.asked:
            upload.asked = True
            return AssetPart(name, size, 0, b"")
        if not upload.heard or upload.sent >= min(size, upload.received + ASSET_WINDOW_BYTES):
            return None
        at = upload.sent
        upload.sent = min(at + ASSET_PART_BYTES_MAX, size, upload.received + ASSET_WINDOW_BYTES)
        return AssetPart(name, size, at, upload.data[at : upload.sent])

    def _keep(self, name: bytes, data: bytes) -> None:
        self._stored[name] = data
        while sum(map(len, self._stored.values())) > ASSETS_BYTES_MAX:
            del self._stored[next(iter(self._stored))]
