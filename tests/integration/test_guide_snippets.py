"""Every Python example in the README and in the guide runs, against a real room on a free port."""

import ast
import asyncio
import os
import re
from collections.abc import AsyncIterator
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import pytest
from aiohttp import web

import theta
from theta.adapters.files import RunningRoom, identity_path, read_or_make_secret, write_runtime_note
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.http_server import HttpSettings, create_app, create_runner
from theta.adapters.listening import listen
from theta.adapters.memory_store import MemoryLogStore
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.node.room import Room, RoomSettings
from theta.session.secret import RoomSecret

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "docs/guide/python.md",
    "docs/guide/modelling.md",
    "docs/guide/history.md",
    "docs/guide/world.md",
    "docs/guide/state.md",
)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
URL = "http://localhost:8080"
SECONDS_MAX = 60.0

pytestmark = pytest.mark.integration


class Snippet(NamedTuple):
    """A block of a page; `line` is where its code begins."""

    page: str
    line: int
    source: str

    @property
    def is_program(self) -> bool:
        """Whether it stands by itself; else it goes on inside an open room."""
        return "asyncio.run(" in self.source or "connect_blocking(" in self.source

    def code(self, port: int, token: str) -> CodeType:
        """The block for a room on `port`, with its own line numbers in tracebacks."""
        source = self.source.replace(URL, f"http://localhost:{port}").replace("=TOKEN", f"={token}")
        tree = ast.parse("\n" * (self.line - 1) + source, self.page)
        code: CodeType = compile(tree, self.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        return code


class ServedRoom(NamedTuple):
    """A room that listens."""

    room: Room
    port: int

    @property
    def token(self) -> str:
        return self.room.invite("editor")


def snippets_of(page: str, text: str) -> list[Snippet]:
    """The Python blocks of a page."""
    return [Snippet(page, text.count("\n", 0, match.start()) + 2, match.group(1)) for match in BLOCK.finditer(text)]


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedRoom]:
    """The reader's own room as `theta serve` runs it, noted for local tools, in an empty home; files go there too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    reader = Identity.from_seed(read_or_make_secret(identity_path()))
    settings = RoomSettings("studio", RoomSecret(os.urandom(32)), reader.public_key)
    room = Room(settings, [], Randomness(os.urandom(32)), machine_clock())
    sockets = listen("localhost", 0)
    port = sockets[0].getsockname()[1]
    host = RoomHost(room, MemoryLogStore())
    runner = create_runner(create_app(host, HttpSettings()))
    await runner.setup()
    for each in sockets:
        await web.SockSite(runner, each).start()
    note = write_runtime_note(
        port,
        RunningRoom(
            url=f"http://localhost:{port}",
            invite=room.invite("editor"),
            room_key=room.room_key.hex(),
            file=str(tmp_path / "studio.theta"),
            pid=os.getpid(),
        ),
    )
    yield ServedRoom(room, port)
    note.remove()
    await host.close()
    await runner.cleanup()


async def run_fragment(code: CodeType, names: dict[str, Any]) -> None:
    """Run a block that may await at its top level, as `python -m asyncio` does."""
    result = FunctionType(code, names)()
    if code.co_flags & CO_COROUTINE:
        await result


async def run_all(snippets: list[Snippet], served: ServedRoom) -> None:
    """Programs each by themselves in a thread, the rest in order inside one open room."""
    async with theta.connect(f"http://localhost:{served.port}", name="reader") as room:
        names: dict[str, Any] = {"__name__": "guide", "asyncio": asyncio, "theta": theta, "room": room}
        for snippet in snippets:
            code = snippet.code(served.port, served.token)
            if snippet.is_program:
                program = FunctionType(code, {"__name__": "__main__"})
                await asyncio.to_thread(program)
            else:
                await run_fragment(code, names)


@pytest.mark.parametrize("page", PAGES)
async def test_every_example_runs(page: str, served: ServedRoom) -> None:
    snippets = snippets_of(page, (ROOT / page).read_text(encoding="utf-8"))
    assert snippets, f"{page} has no Python examples"
    async with asyncio.timeout(SECONDS_MAX):
        await run_all(snippets, served)
    assert served.room.replica.log.command_count > 0


async def test_the_examples_can_fail(served: ServedRoom) -> None:
    text = "\n\n```python\nassert room.find('nothing')\n```\n"
    snippets = snippets_of("made-up.md", text)
    assert [(snippet.line, snippet.is_program) for snippet in snippets] == [(4, False)]
    with pytest.raises(theta.InvalidValue):
        await run_all(snippets, served)


async def test_example_programs_can_fail(served: ServedRoom) -> None:
    text = "```python\nimport theta\nwith theta.connect_blocking('http://localhost:8080') as room:\n    1 / 0\n```\n"
    with pytest.raises(ZeroDivisionError):
        await run_all(snippets_of("made-up.md", text), served)
