"""What a participant takes away: `GET /api/export.glb`, `/api/copy.theta`, `/api/invites` (docs/guide/page.md).

Who asks shows the session and its resume token in an Authorization header, never in a URL, which would end up in
histories and logs: `Bearer SESSION:TOKEN`, both in hex. A page elsewhere cannot send that header without a preflight,
which nobody answers.
"""

import asyncio
import math
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from theta import __version__
from theta.adapters.host import machine_clock
from theta.adapters.http_access import comes_from_elsewhere
from theta.adapters.sqlite_store import backup
from theta.base.errors import InvalidValue, StoreError
from theta.base.limits import (
    DOWNLOAD_BURST_MAX,
    DOWNLOAD_SECONDS_MAX,
    DOWNLOAD_STEP_BYTES,
    DOWNLOADS_AT_ONCE_MAX,
    DOWNLOADS_PER_SECOND,
    PEERS_MAX,
)
from theta.base.moment import Moment
from theta.commands.rate_limit import TokenBucket
from theta.commands.roles import may_edit
from theta.node.room import Room
from theta.node.scene_copy import SceneCopy
from theta.node.scene_writing import SceneToWrite
from theta.wire.messages import Person

_BEARER = re.compile(r"Bearer ([0-9a-f]{32}):([0-9a-f]{32})")
_UNFIT_FOR_FILES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
# After so many slices a scene that keeps changing is copied in one go.
_SLICES_MAX = 4_096


def add_downloads(
    app: web.Application, room: Room, file: Path | None, clock: Callable[[], Moment] = machine_clock
) -> None:
    """Offer the downloads of a room; `file` is its room file, None when it has none."""
    downloads = _Downloads(room, file, clock)
    app.router.add_get("/api/export.glb", downloads.export, allow_head=False)
    app.router.add_get("/api/copy.theta", downloads.copy, allow_head=False)
    app.router.add_get("/api/invites", downloads.invites, allow_head=False)


def content_disposition(name: str, ending: str) -> str:
    """The header that names a download after the room: RFC 6266, the plain name for those who know no RFC 5987."""
    whole = (_UNFIT_FOR_FILES.sub("_", name).strip(" .") or "room") + ending
    plain = whole.encode("ascii", "replace").decode("ascii").replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe='')}"


class _Downloads:
    def __init__(self, room: Room, file: Path | None, clock: Callable[[], Moment]) -> None:
        self._room = room
        self._file = file
        self._clock = clock
        self._buckets: dict[bytes, TokenBucket] = {}
        self._busy: set[bytes] = set()
        self._making = asyncio.Lock()

    async def export(self, request: web.Request) -> web.StreamResponse:
        """The document as binary glTF, as `theta export` writes it; for everyone who is here."""
        async with self._turn(request):
            # One at a time: the others wait, and the room goes on meanwhile.
            async with self._making:
                scene = await self._scene()
                try:
                    content = await asyncio.to_thread(scene.glb, f"Theta {__version__}")
                except InvalidValue as error:
                    raise web.HTTPInsufficientStorage(text=f"This room does not fit into a GLB: {error}\n") from error
            headers = self._headers("model/gltf-binary", ".glb")
            return await self._send(request, _in_steps(content), len(content), headers)

    async def copy(self, request: web.Request) -> web.StreamResponse:
        """The room file as it is at one moment, without its key; for those who may edit."""
        async with self._turn(request, editing=True):
            if self._file is None:
                raise web.HTTPNotFound(text="This room is kept in memory only; there is no file to copy.\n")
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="theta-copy-"))
            try:
                copy = folder / "copy.theta"
                try:
                    async with self._making:
                        await _to_the_end(backup, self._file, copy)
                except StoreError as error:
                    raise web.HTTPInsufficientStorage(text=f"The room could not be copied: {error}\n") from error
                headers = self._headers("application/vnd.sqlite3", ".theta")
                return await self._send(request, _of_file(copy), copy.stat().st_size, headers)
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def invites(self, request: web.Request) -> web.StreamResponse:
        """The invites that this participant may hand on: to watch, and to build when they may; and the code to type."""
        person = self._authorised(request)
        found: dict[str, str] = {"viewer": self._room.invite("viewer")}
        if may_edit(person.role):
            found |= {"editor": self._room.invite("editor"), "code": self._room.code}
        return web.json_response(found)

    # -- who may ------------------------------------------------------------------------------------------------------

    def _authorised(self, request: web.Request) -> Person:
        if comes_from_elsewhere(request):
            raise web.HTTPForbidden(text="Pages of other origins may not ask.\n")
        shown = _BEARER.fullmatch(request.headers.get("Authorization", ""))
        person = self._room.person_of(*map(bytes.fromhex, shown.groups())) if shown else None
        if person is None:
            raise web.HTTPUnauthorized(
                text="Join the room first: this is for those who are in it.\n", headers={"WWW-Authenticate": "Bearer"}
            )
        return person

    @asynccontextmanager
    async def _turn(self, request: web.Request, *, editing: bool = False) -> AsyncIterator[None]:
        """Let a participant have a download, not too often and not two at once."""
        person = self._authorised(request)
        if editing and not may_edit(person.role):
            raise web.HTTPForbidden(
                text="Viewers may export what is here, not copy the room; ask for an editor's link.\n"
            )
        author = bytes(person.author)
        if author in self._busy or len(self._busy) >= DOWNLOADS_AT_ONCE_MAX:
            raise _too_many("Another download is under way; wait until it is done.\n", 5.0)
        wait = self._bucket(author).take(1, self._clock().seconds)
        if wait > 0:
            raise _too_many("That was asked for often just now; wait a little.\n", wait)
        self._busy.add(author)
        try:
            yield
        finally:
            self._busy.discard(author)

    def _bucket(self, author: bytes) -> TokenBucket:
        bucket = self._buckets.pop(author, None)
        bucket = bucket or TokenBucket(DOWNLOAD_BURST_MAX, DOWNLOADS_PER_SECOND, self._clock().seconds)
        self._buckets[author] = bucket  # to the end: the first is the one that asked longest ago
        if len(self._buckets) > PEERS_MAX:
            del self._buckets[next(iter(self._buckets))]
        return bucket

    # -- what they get ------------------------------------------------------------------------------------------------

    async def _scene(self) -> SceneToWrite:
        """The document of one moment, copied so that nothing waits long for it."""
        scene = SceneCopy(self._room.replica)
        slices = 0
        while not (scene.copy_some(None) if slices > _SLICES_MAX else scene.copy_some()):
            slices += not scene.is_reading
            await asyncio.sleep(0)
        return scene.to_write()

    def _headers(self, content_type: str, ending: str) -> dict[str, str]:
        return {"Content-Type": content_type, "Content-Disposition": content_disposition(self._room.name, ending)}

    async def _send(
        self, request: web.Request, steps: AsyncIterator[bytes], size: int, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        response.content_length = size
        await response.prepare(request)
        try:
            async with asyncio.timeout(DOWNLOAD_SECONDS_MAX):
                async for step in steps:
                    await response.write(step)
                await response.write_eof()
        except TimeoutError:
            # It has begun, so no other answer can be given: the browser sees that the end is missing.
            if request.transport is not None:
                request.transport.abort()
        return response


async def _to_the_end(work: Callable[[Path, Path], None], file: Path, copy: Path) -> None:
    """Work in a thread; who is cancelled waits until it is done, so that nothing is written after the tidying up."""
    task = asyncio.ensure_future(asyncio.to_thread(work, file, copy))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise


def _too_many(words: str, wait_seconds: float) -> web.HTTPTooManyRequests:
    return web.HTTPTooManyRequests(text=words, headers={"Retry-After": str(math.ceil(wait_seconds))})


async def _in_steps(content: bytes) -> AsyncIterator[bytes]:
    view = memoryview(content)
    for start in range(0, len(view), DOWNLOAD_STEP_BYTES):
        yield bytes(view[start : start + DOWNLOAD_STEP_BYTES])


async def _of_file(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while step := await asyncio.to_thread(file.read, DOWNLOAD_STEP_BYTES):
            yield step
