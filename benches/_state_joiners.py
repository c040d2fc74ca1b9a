"""People who join late with the real client, all at once, in a process of their own; `_child` tells how it is asked."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import theta
from benches._child import Said, answer_questions
from theta.adapters.client import RoomClient
from theta.adapters.client.opening import TransportChoice
from theta.adapters.collecting import settle_collector
from theta.cli.serve import run_on_best_loop
from theta.node.events import EntitiesAppeared, Joined
from theta.replication.presence import HEAD_VALID

HERE_SECONDS_MAX = 30.0


@dataclass
class Joiner:
    """One of them; times are seconds since all of them began to connect."""

    let_in: float = 0.0
    nearest: float = 0.0
    complete: float = 0.0


async def join_all(url: str, count: int, transport: TransportChoice, entities: int) -> list[Joiner]:
    """Everybody at once; returns when all have so many entities."""
    joiners = [Joiner() for _ in range(count)]
    begin = time.perf_counter()
    everybody = (_join(url, number, transport, joiner, begin, entities) for number, joiner in enumerate(joiners))
    rooms = await asyncio.gather(*everybody)
    await asyncio.gather(*(room.close() for room in rooms))
    return joiners


async def _join(
    url: str, number: int, transport: TransportChoice, joiner: Joiner, begin: float, entities: int
) -> RoomClient:
    key = Path(os.environ["HOME"]) / f"joiner {number}.key"
    room = theta.connect(url, name=f"joiner {number}", identity=key, transport=transport)
    state = room._peer.state
    pumped: Callable[[], None] = room._waiting.look_again
    is_here = asyncio.Event()

    def see(event: object) -> None:
        if isinstance(event, Joined):
            joiner.let_in = time.perf_counter() - begin
            room.show(theta.Presence(0, 0, flags=HEAD_VALID, head_position=(0.0, 1.7, 0.0)))
        elif isinstance(event, EntitiesAppeared) and not joiner.nearest:
            joiner.nearest = time.perf_counter() - begin

    def look() -> None:
        pumped()
        if not joiner.complete and state.follower.entity_count == entities:
            joiner.complete = time.perf_counter() - begin
            is_here.set()

    room.on_event = see
    room._waiting.look_again = look  # type: ignore[method-assign]
    await room.__aenter__()
    try:
        async with asyncio.timeout(HERE_SECONDS_MAX):
            await is_here.wait()
    except TimeoutError as error:
        have = state.follower.entity_count
        raise RuntimeError(f"joiner {number} has {have} of {entities} entities: {state.follower.counts}") from error
    return room


async def _run() -> None:
    async def join(said: Said) -> Said:
        settle_collector()
        cpu = time.process_time()
        joiners = await join_all(said["url"], said["count"], said["transport"], said["entities"])
        return {"joiners": [vars(each) for each in joiners], "cpu": time.process_time() - cpu}

    await answer_questions({"join": join})


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    run_on_best_loop(_run())
