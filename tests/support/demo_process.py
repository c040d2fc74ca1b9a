"""`theta demo` in a process of its own, and what it prints."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.room_process import RoomProcess


class DemoProcess:
    """`theta demo` in a folder of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def until(self, pattern: str) -> re.Match[str]:
        """Read on until a line matches."""
        assert self.process.stdout is not None
        async with asyncio.timeout(40):
            async for line in self.process.stdout:
                self.lines.append(line.decode())
                if found := re.search(pattern, self.lines[-1]):
                    return found
        raise AssertionError(f"no line like {pattern}: {''.join(self.lines)}")

    async def end(self) -> int:
        """Wait for its end, and return the exit code."""
        async with asyncio.timeout(40):
            rest, _ = await self.process.communicate()
        self.lines += rest.decode().splitlines(keepends=True)
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def demo(folder: Path, *arguments: str) -> AsyncIterator[DemoProcess]:
    """One in a folder of its own, on this machine only and on any free port; ended when it has not ended itself."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).parent / "theta"), "demo", "--no-lan", "--port", "0", *arguments),
        cwd=folder,
        env=RoomProcess(folder).environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield DemoProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
