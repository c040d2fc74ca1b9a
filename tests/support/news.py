"""Waiting for something to be so among several participants, with a deadline and without sleeping."""

import asyncio
from collections.abc import Callable

DEADLINE_SECONDS = 60.0


class News:
    """Wakes whoever waits for something to be so, after everything that happens to anybody."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def tell(self) -> None:
        """Something happened."""
        self._happened.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not holds():
                self._happened.clear()
                await self._happened.wait()
