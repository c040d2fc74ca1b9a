"""A room with a world, as `theta serve` runs it, in a process of its own; `_child` tells how it is asked for things.

python -m benches._state_room crowd     10,000 things over 200 × 200 m, of which 1,000 walk about
python -m benches._state_room still     the same, and nothing moves
python -m benches._state_room near      10,000 things within 9 m of the middle, so that everybody sees all of them
"""

import asyncio
import gc
import logging
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benches._child import Said, answer_questions
from benches.state_plane import Walkers
from theta.adapters.collecting import settle_collector
from theta.adapters.host import RoomHost
from theta.adapters.http_server import HttpSettings
from theta.adapters.lan_server import LanServer
from theta.adapters.listening import listen, url_of
from theta.adapters.tls_watch import CertificateWatch, certificate_source
from theta.cli.serve import ServeOptions, open_room, opened_store, run_on_best_loop
from theta.commands.identity import Identity
from theta.ecs.batch import Batch
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.state_world import StateWorld
from theta.replication.standard import Pose, Shape

SEED = 20260817
ENTITIES, MOVING = 10_000, 1_000
SIDE_METRES, NEAR_METRES = 200.0, 9.0


def world_of(kind: str) -> World:
    """The world, with the system that moves it."""
    world, random = World(), np.random.default_rng(SEED)
    things = Walkers(random, ENTITIES, SIDE_METRES)
    if kind == "near":
        angle, out = random.uniform(0.0, 2.0 * np.pi, ENTITIES), NEAR_METRES * np.sqrt(random.uniform(0, 1, ENTITIES))
        things.metres[:, 0], things.metres[:, 2] = out * np.cos(angle), out * np.sin(angle)
    entities = world.spawn_many(ENTITIES, _poses(things), Shape())
    if kind == "crowd":
        moving = entities[:MOVING]
        things.metres, things.heading = things.metres[:MOVING], things.heading[:MOVING]

        @system(Stage.RENDER, writes=(Pose,))
        def walk(world: World, seconds: float) -> None:
            things.walk()
            world.write_many(moving, _poses(things))

        world.schedule.add(walk)
    return world


def _poses(things: Walkers) -> Batch:
    half = things.heading / 2.0
    nothing = np.zeros_like(half)
    rotation = np.stack([nothing, np.sin(half), nothing, np.cos(half)], axis=1)
    return Batch(Pose, translation=things.metres.astype("<f4"), rotation=rotation.astype("<f4"))


class TickWatch:
    """Times the room's ticks, from when each was due until its last datagram was given to the socket.

    What a tick has to say is queued at its end, and each connection sends what waits in the loop's next turn: so what
    is called one turn after that comes after the last of them. What congestion control keeps back then goes later.
    """

    def __init__(self, host: RoomHost) -> None:
        self._host = host
        self._desk: Any = host.room.state
        self._tick = self._desk._tick
        self._desk._tick = self._timed
        self._loop = asyncio.get_running_loop()
        self.begin()

    def begin(self) -> None:
        """Forget what was measured."""
        self.late: list[float] = []
        self.state: list[float] = []
        self.whole: list[float] = []
        self.held_back = 0
        self.began = time.perf_counter()
        self.cpu = _cpu_seconds()

    def _timed(self, seconds: float) -> None:
        due = self._desk.plane.timeout
        begin = time.monotonic()
        self._tick(seconds)
        end = time.monotonic()
        if due is not None:
            self.late.append((begin - due) * 1e3)
            self.state.append((end - begin) * 1e3)
            self._loop.call_soon(lambda: self._loop.call_soon(self._done, due))

    def _done(self, due: float) -> None:
        self.whole.append((time.monotonic() - due) * 1e3)
        transports: dict[int, Any] = self._host._transports  # type: ignore[assignment]
        self.held_back += sum(1 for each in transports.values() if _waiting(each))

    def report(self) -> Said:
        """What was measured since `begin`."""
        seconds = time.perf_counter() - self.began
        return {
            "ticks": len(self.whole),
            "seconds": seconds,
            "late": self.late,
            "state": self.state,
            "whole": self.whole,
            "held_back": self.held_back,
            "core": (_cpu_seconds() - self.cpu) / seconds,
            "counts": dict(self._desk.plane.counts),
            "skipped": self._desk.plane.tick,
        }


def _waiting(transport: Any) -> bool:
    with suppress(AttributeError):
        return bool(transport._pump._queue._datagrams)
    return bool(transport.queued_bytes)


def _cpu_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


async def _serve(kind: str, folder: Path) -> None:
    options = ServeOptions(folder / "bench.theta", lan=False, port=0)
    watch = CertificateWatch(certificate_source())
    sockets = listen(options.listen_host, options.port)
    with opened_store(options.file) as (store, source):
        identity = Identity.from_seed(b"o" * 32)
        room = open_room(options, source, store.assets(), identity, StateWorld(world_of(kind)))
        host = RoomHost(room, store)
        server = LanServer(host, sockets, watch, HttpSettings(options.listen_host, file=options.file))
        await server.start()
        settle_collector()
        server.start_quic()
        ticks = TickWatch(host)

        async def where(said: Said) -> Said:
            return {"url": f"{url_of(options.listen_host, sockets)}/#invite={room.invite('editor')}"}

        async def begin(said: Said) -> Said:
            ticks.begin()
            return {}

        async def measured(said: Said) -> Said:
            return ticks.report()

        async def memory(said: Said) -> Said:
            gc.collect()
            found = psutil.Process().memory_full_info()
            return {"private": found.uss, "resident": found.rss, "people": len(room.people)}

        await answer_questions({"where": where, "begin": begin, "measured": measured, "memory": memory})
        await server.stop_accepting()
        await host.close()
        await server.close()
    for each in sockets:
        each.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        run_on_best_loop(_serve(sys.argv[1], Path(name)))
