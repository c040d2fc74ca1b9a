"""`theta signal` in a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

THETA = str(Path(sys.executable).parent / "theta")
_SECONDS_MAX = 30.0


@asynccontextmanager
async def signalling(folder: Path, *options: str) -> AsyncIterator[str]:
    """One on this machine, on any free port; gives the link that it prints first."""
    process = await asyncio.create_subprocess_exec(
        *(THETA, "signal", "--host", "localhost", "--port", "0", *options),
        cwd=folder,
        env={"HOME": str(folder), "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            link = await process.stdout.readline()
        yield link.decode().strip()
    finally:
        process.terminate()
        async with asyncio.timeout(_SECONDS_MAX):
            await process.wait()
