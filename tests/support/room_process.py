"""A room in a process of its own, for tests that need a real one: one that can be killed."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from theta.adapters.sqlite_store import SqliteLogStore
from theta.commands.store import StoredRecord

PROGRAM = [str(Path(sys.executable).parent / "theta")]
TAKES_CTRL_C = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from theta.cli.main import run; run()",
]
"""The same: whoever runs the tests in the background may have told them, and so what they start, to ignore it."""
WITH_CHECKPOINTS = """
from theta.node import checkpoint_schedule, frontier
checkpoint_schedule.CHECKPOINT_COMMANDS = 12
frontier.FRONTIER_AGE_RECORDS, frontier.FRONTIER_STEP_RECORDS, frontier.FRONTIER_AGE_SECONDS = 24, 4, 0.5
from theta.cli.main import run
run()
"""
"""The same program with a near frontier, which writes checkpoints all the time."""
LINK = re.compile(r"http://\S+#invite=\S+")


class RoomProcess:
    """`theta serve` in a folder of its own, which is also its home.

    `within` begins its command line, such as `ip netns exec NAME`; `environment_more` comes beside this process's.
    """

    def __init__(
        self, folder: Path, within: Sequence[str] = (), environment_more: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._within = within
        self._environment_more = environment_more or {}
        self._process: asyncio.subprocess.Process | None = None
        self.link = ""
        """For editors."""
        self.viewer_link = ""
        self._port = 0

    @property
    def file(self) -> Path:
        """The room file."""
        return self._folder / "studio.theta"

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    async def start(self, *options: str) -> None:
        """Serve; the second time on the same port. `options` are for the command line."""
        self._process = await asyncio.create_subprocess_exec(
            *(*self._within, *PROGRAM, "serve", "studio.theta", "--port", str(self._port), *options),
            cwd=self._folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        links: list[str] = []
        async with asyncio.timeout(30):
            async for line in self._process.stdout:
                if found := LINK.search(line.decode()):
                    links.append(found.group())
                if len(links) == 2:
                    break
        assert len(links) == 2, "theta serve ended without its two links"
        self.link, self.viewer_link = links
        self._port = urlsplit(self.link).port or 0

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ctrl-C."""
        await self._end(signal.SIGINT)

    async def theta(self, *arguments: str) -> str:
        """What another `theta` command prints; it must succeed."""
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, *arguments),
            cwd=self._folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    def records_as_they_lie(self) -> list[StoredRecord]:
        """The records that an ended room left, read from a copy, so that looking cannot mend anything."""
        copy = self._folder / "as it lies"
        copy.mkdir()
        for file in (self.file, self.file.with_name(self.file.name + "-wal")):
            if file.exists():
                shutil.copy(file, copy)
        store = SqliteLogStore.open_read_only(copy / self.file.name)
        records = list(store.read())
        store.close()
        shutil.rmtree(copy)
        return records

    @property
    def environment(self) -> dict[str, str]:
        """This environment with another home, where its keys are."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        return {**kept, "HOME": str(self._folder), "COLUMNS": "200", **self._environment_more}

    async def _end(self, with_signal: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(with_signal)
        async with asyncio.timeout(30):
            await self._process.wait()


@asynccontextmanager
async def serving(folder: Path, *options: str) -> AsyncIterator[RoomProcess]:
    """A room for the length of a test; `options` are for the command line."""
    room = RoomProcess(folder)
    await room.start(*options)
    try:
        yield room
    finally:
        await room.stop()
