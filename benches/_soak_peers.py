"""Twenty people who come and go by every transport, in a process of their own; `_child` tells how it is asked."""

import asyncio
import logging
import random
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import theta
from benches._child import Said, answer_questions
from theta.adapters.client.errors import ConnectionFailed
from theta.adapters.client.opening import TransportChoice
from theta.cli.serve import run_on_best_loop

TRANSPORTS: tuple[TransportChoice, ...] = ("quic", "webtransport", "websocket", "webrtc")
STAYS_SECONDS = (5.0, 20.0)
AWAY_SECONDS = (0.1, 1.0)
SHOWN_HERTZ = 5.0
SEED = 20261126


class Company:
    """All of them; each has a key of its own, with which it comes back."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys
        self._random = random.Random(SEED)
        self._tasks: list[asyncio.Task[None]] = []
        self.visits = 0
        self.turned_away: Counter[str] = Counter()
        self.faults: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, what: self.faults.append(str(what)))

    async def begin(self, said: Said) -> Said:
        """`count` people begin to come and go."""
        self._tasks = [asyncio.create_task(self._live(said["url"], number)) for number in range(said["count"])]
        return {}

    async def seen(self, said: Said) -> Said:
        """How often somebody came, and what went wrong."""
        broken = [repr(task.exception()) for task in self._tasks if task.done() and not task.cancelled()]
        return {"visits": self.visits, "turned_away": dict(self.turned_away), "faults": [*self.faults, *broken]}

    async def leave(self, said: Said) -> Said:
        """All of them, for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return {}

    async def _live(self, url: str, number: int) -> None:
        transport = TRANSPORTS[number % len(TRANSPORTS)]
        await asyncio.sleep(number / 4.0)
        while True:
            try:
                await self._visit(url, number, transport)
            except ConnectionFailed as error:
                self.turned_away[f"{transport}: {error}"] += 1
            await asyncio.sleep(self._random.uniform(*AWAY_SECONDS))

    async def _visit(self, url: str, number: int, transport: TransportChoice) -> None:
        client = theta.connect(url, name=f"soaked {number}", identity=self._keys / f"{number}", transport=transport)
        async with client as room:
            self.visits += 1
            until = asyncio.get_running_loop().time() + self._random.uniform(*STAYS_SECONDS)
            place = self._random.uniform(-4.0, 4.0)
            while (now := asyncio.get_running_loop().time()) < until:
                room.show(theta.Presence(0, 0, flags=3, tool=1, head_position=(place, 1.6, now % 5.0)))
                await asyncio.sleep(1.0 / SHOWN_HERTZ)


async def _run() -> None:
    with tempfile.TemporaryDirectory() as name:
        company = Company(Path(name))
        asked = (company.begin, company.seen, company.leave)
        await answer_questions({each.__name__: each for each in asked})
        with suppress(asyncio.CancelledError):
            await company.leave({})


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    run_on_best_loop(_run())
