"""Builders and pages that edit one room together, each in a process of its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.tidy import tree

DEADLINE_SECONDS = 60.0


class BuilderProcess:
    """`tests.support.builder`, and what it has said; make it with `building`.

    `said` has every line. What went wrong in it is in `log`.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.said: list[dict[str, Any]] = []
        self._process = process
        self._log = log
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name=f"what {name} says")

    @property
    def made(self) -> set[str]:
        """The objects whose commands are on the room's disk, as far as it was told."""
        return {each["made"] for each in self.said if "made" in each}

    @property
    def returns(self) -> int:
        """How often it came back after it was in the room first."""
        return sum("joined" in each for each in self.said) - 1

    async def begin(self) -> None:
        """Let it build, once it is in the room."""
        await self.until("joined")
        self._tell("begin")

    async def stop(self) -> int:
        """Let it build no more; how many objects it began, once all of them are made."""
        self._tell("stop")
        return int((await self.until("built"))["built"])

    async def leave(self, objects: int) -> dict[str, Any]:
        """Let it leave once it has so many objects and is in the room, and give what it has then."""
        self._tell(f"leave {objects}")
        return await self.until("hash")

    async def until(self, word: str, seconds: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """What it says first with a word in it; a failure has its log."""
        await self._until(lambda: any(word in each for each in self.said), word, seconds)
        return next(each for each in self.said if word in each)

    async def until_made(self, count: int, seconds: float = DEADLINE_SECONDS) -> None:
        """Return once so many of its objects are on the room's disk."""
        await self._until(lambda: len(self.made) >= count, f"{count} made", seconds)

    async def _until(self, holds: Callable[[], bool], what: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    assert not self._reading.done(), f"{self.name} ended: {self.said[-3:]} {self.log[-3_000:]}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} never said {what}: {self.said[-3:]}\n{self.log[-3_000:]}") from None

    @property
    def log(self) -> str:
        """Its standard error."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    async def end(self) -> None:
        """Let it go, however it stands."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.said.append(json.loads(line))
            self._news.set()
        self._news.set()


@asynccontextmanager
async def building(
    folder: Path,
    link: str,
    name: str,
    *options: str,
    within: Sequence[str] = (),
    environment: dict[str, str] | None = None,
) -> AsyncIterator[BuilderProcess]:
    """A builder for the length of a test.

    Args:
        folder: for its key and its log.
        link: the room's.
        name: what others see.
        options: see `tests.support.builder`.
        within: what begins its command line, such as `ip netns exec NAME`.
        environment: beside this process's.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(*within, sys.executable, "-m", "tests.support.builder", link, "--name", name),
            *("--identity", str(folder / f"{name}.key"), *options),
            cwd=tree.ROOT,
            env={**os.environ, "HOME": str(folder), **(environment or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    builder = BuilderProcess(name, process, log)
    try:
        yield builder
    finally:
        await builder.end()
