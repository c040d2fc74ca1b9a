"""Ten people who build while the room is attacked, the room on a core of its own. `make bench-attacks`.

PYTHONPATH=. python benches/bench_attacks.py --frozen-seconds 300        readers that stop for five minutes
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import theta
from benches._attackers import OTHER_CORE, ROOM_CORE
from benches._child import Child, Said
from benches._report import Row, report
from benches._room_load import Latency, latency_of
from benches._room_process import RoomProcess, room
from tests.support.attacks import target_of, udp_ports
from theta.adapters.client.entities import Entity
from theta.adapters.client.opening import TransportChoice

TRANSPORTS: Sequence[TransportChoice] = ("quic", "websocket", "quic", "websocket", "webtransport") * 2
EDITS_PER_SECOND_EACH = 4.0
P99_MILLISECONDS_MAX = 50.0
MEMORY_MEGABYTES_MAX = 20.0
AMPLIFICATION_MAX = 3.0
FROZEN_READERS = 20


async def command_latency(cubes: Sequence[Entity], attack: "asyncio.Future[Any] | None", seconds: float) -> Latency:
    """Everybody paints their own, for so long or as long as the attack lasts: from the call to the acknowledgement."""
    samples: list[float] = []
    end = time.perf_counter() + seconds

    async def edit(number: int) -> None:
        await asyncio.sleep(number / len(cubes) / EDITS_PER_SECOND_EACH)
        step = 0
        while time.perf_counter() < end or (attack is not None and not attack.done()):
            step += 1
            start = time.perf_counter()
            await cubes[number].paint(((step % 2) * 0.5, number / len(cubes), 0.25 + (step % 700) / 1000))
            samples.append(time.perf_counter() - start)
            await asyncio.sleep(1.0 / EDITS_PER_SECOND_EACH)

    await asyncio.gather(*(edit(number) for number in range(len(cubes))))
    return latency_of(samples)


def attacks_of(options: argparse.Namespace, running: RoomProcess, ice: list[int]) -> dict[str, tuple[str, Said]]:
    """What is done to the room, by its name in the table: what the attackers are asked for, and with what."""
    target = target_of(running.url)
    room_at: Said = {"port": target.port, "invite": target.invite, "seconds": options.seconds}
    frozen = {**room_at, "count": FROZEN_READERS, "seconds": options.frozen_seconds}
    return {
        f"{options.slow} slow handshakes": ("slow", {**room_at, "count": options.slow}),
        "a flood of bad signatures": ("signatures", {**room_at, "per_second": options.signatures_per_second}),
        f"{FROZEN_READERS} frozen readers": ("frozen", frozen),
        "garbage datagrams": ("noise", {**room_at, "kind": "garbage", "ports": [target.port, *ice]}),
        "foreign DTLS hellos": ("noise", {**room_at, "kind": "dtls", "ports": [target.port, *ice]}),
        "forged sources": ("noise", {**room_at, "kind": "forged", "ports": [target.port]}),
    }


async def measure(options: argparse.Namespace, running: RoomProcess, folder: Path, attackers: Child) -> list[Row]:
    """Without an attack, and then under each."""
    async with AsyncExitStack() as stack:
        rooms = [
            await stack.enter_async_context(
                theta.connect(
                    running.url, name=f"peer {number}", identity=folder / f"{number}.key", transport=transport
                )
            )
            for number, transport in enumerate(TRANSPORTS)
        ]
        # One more by WebRTC, so that there is a port to be spoken to; it builds nothing.
        witness = theta.connect(running.url, name="witness", identity=folder / "witness.key", transport="webrtc")
        await stack.enter_async_context(witness)
        ice = [port for port in udp_ports(running.process.pid) if port != target_of(running.url).port]
        cubes = [await each.create("cube", at=(number, 0.5, 0)) for number, each in enumerate(rooms)]
        quiet = await command_latency(cubes, None, options.seconds)
        rows = [Row("command latency without an attack, 10 peers, p99", quiet.p99, "ms", P99_MILLISECONDS_MAX)]
        for name, (what, details) in attacks_of(options, running, ice).items():
            before = running.process.memory_info().rss
            attack = asyncio.ensure_future(asyncio.to_thread(attackers.ask, what, **details))
            latency = await command_latency(cubes, attack, 0.0)
            said = await attack
            growth = (running.process.memory_info().rss - before) / 1e6
            print(f"{name}: {said['offered']} offered, {said['offered'] / said['seconds']:.0f}/s, {said}")
            rows += rows_of(name, latency, quiet, said, growth)
        assert {person.name for person in rooms[0].people} >= {f"peer {number}" for number in range(len(rooms))}
    return rows


def rows_of(name: str, latency: Latency, quiet: Latency, said: Said, growth: float) -> list[Row]:
    """An attack's rows."""
    found = [
        Row(
            f"command latency under {name}, p99 of {latency.samples}",
            latency.p99,
            "ms",
            P99_MILLISECONDS_MAX,
            "without an attack",
            quiet.p99,
        ),
        Row(f"offered load: {name}", said["offered"] / said["seconds"], "/s"),
        Row(f"memory growth under {name}", growth, "MB", MEMORY_MEGABYTES_MAX),
    ]
    if "amplification" in said:
        found.append(Row(f"bytes answered for each one of {name}", said["amplification"], "×", AMPLIFICATION_MAX))
    return found


def main() -> int:
    """Measure, and say whether every bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", type=int, default=1_000, help="how many handshakes that never finish")
    parser.add_argument("--signatures-per-second", type=float, default=100.0, help="bad signatures that are offered")
    parser.add_argument("--frozen-seconds", type=float, default=20.0, help="how long readers stop")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each other attack lasts")
    options = parser.parse_args()
    os.sched_setaffinity(0, {OTHER_CORE})
    with tempfile.TemporaryDirectory() as name, Child("benches._attackers", home=Path(name)) as attackers:
        folder = Path(name)
        with room(folder) as running:
            for thread in running.process.threads():
                os.sched_setaffinity(thread.id, {ROOM_CORE})
            rows = asyncio.run(measure(options, running, folder, attackers))
    return 0 if report("attacks", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
