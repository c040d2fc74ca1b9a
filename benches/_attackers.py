"""Attackers in a process of their own, told by a line of JSON what to do to which room: see tests/support/attacks.py.

PYTHONPATH=. python -m benches._attackers        what `Child("benches._attackers")` starts
"""

import asyncio
import os
from collections.abc import Callable, Iterable

from benches._child import Said, answer_questions
from tests.support.attacks import (
    Flood,
    Spoken,
    Target,
    bad_packets,
    bad_proofs,
    dtls_hellos,
    first_packet,
    frozen_readers,
    garbage,
    slow_handshakes,
    speak,
)

ROOM_CORE, OTHER_CORE = 0, 1
NICENESS = 10
"""Honest peers share their core with the attackers, and must not wait for them: what is measured is the room."""
HOSTS = [f"127.0.9.{number}" for number in range(1, 9)]
NOISE_PACKETS = 100


def _target(said: Said) -> Target:
    return Target(said["port"], said["invite"])


async def _slow(said: Said) -> Said:
    """All at once, then held for the rest of the time."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with slow_handshakes(_target(said), said["count"]) as begun:
        taken = loop.time() - start
        await asyncio.sleep(max(0.0, said["seconds"] - taken))
    return {"offered": sum(begun.values()), "seconds": taken, "kinds": dict(begun)}


async def _signatures(said: Said) -> Said:
    """Half of them as proofs, half in sessions that stand."""
    target, rate, seconds = _target(said), said["per_second"] / 2, said["seconds"]
    floods = await asyncio.gather(bad_proofs(target, rate, seconds), bad_packets(target, rate, seconds))
    return {"offered": sum(each.offered for each in floods), "seconds": seconds, "codes": _codes(floods)}


def _codes(floods: Iterable[Flood]) -> dict[str, int]:
    return {str(code): count for each in floods for code, count in each.codes.items()}


async def _frozen(said: Said) -> Said:
    async with frozen_readers(_target(said), said["count"]) as readers:
        await asyncio.sleep(said["seconds"])
        return {"offered": len(readers), "seconds": said["seconds"]}


async def _noise(said: Said) -> Said:
    """One kind of datagrams at the ports given, over and over."""
    made: dict[str, Callable[[int], list[bytes]]] = {
        "garbage": garbage,
        "dtls": dtls_hellos,
        "forged": lambda count: [first_packet() for _ in range(count)],
    }
    packets = made[said["kind"]](NOISE_PACKETS)
    loop = asyncio.get_running_loop()
    start, spoken = loop.time(), Spoken(0, 0, 0)
    while loop.time() - start < said["seconds"]:
        for port in said["ports"]:
            more = await speak(port, packets, HOSTS, listen_seconds=0.1)
            spoken = Spoken(*(a + b for a, b in zip(spoken, more, strict=True)))
    return {"offered": spoken.packets, "seconds": loop.time() - start, "amplification": spoken.amplification}


def main() -> None:
    """Answer until told to end."""
    os.sched_setaffinity(0, {OTHER_CORE})
    os.nice(NICENESS)
    asyncio.run(answer_questions({"slow": _slow, "signatures": _signatures, "frozen": _frozen, "noise": _noise}))


if __name__ == "__main__":
    main()
