"""Participants in a process of their own, beside the room's; `_child` tells how it is asked for things."""

import logging
import time
from collections import Counter

import psutil

from benches._child import Said, answer_questions
from benches._state_light import LightCrowd, LightPeer
from theta.adapters.collecting import settle_collector
from theta.cli.serve import run_on_best_loop

AT_ONCE = 8
STANDING_HERTZ = 1.0
"""How often who does not move says where it is (REP-3)."""


class Clients:
    """All of them, in crowds; what can be asked of them."""

    def __init__(self) -> None:
        self._crowds: list[LightCrowd] = []
        self._began = self._cpu = 0.0

    @property
    def _peers(self) -> list[LightPeer]:
        return [peer for crowd in self._crowds for peer in crowd.peers]

    async def join(self, said: Said) -> Said:
        """`count` more, within `side` metres."""
        crowd = LightCrowd(said["url"], said["count"], said["side"], said["seed"])
        self._crowds.append(crowd)
        start = time.perf_counter()
        await crowd.join(said["transport"], said.get("at_once", AT_ONCE))
        crowd.show(said.get("hertz") or STANDING_HERTZ, walks=bool(said.get("hertz")))
        settle_collector()
        return {"seconds": time.perf_counter() - start}

    async def watch(self, said: Said) -> Said:
        """Measure from here on."""
        for peer in self._peers:
            peer.watch()
        self._began, self._cpu = time.perf_counter(), _cpu_seconds()
        return {}

    async def seen(self, said: Said) -> Said:
        """What came since `watch`."""
        seconds = time.perf_counter() - self._began
        return {
            "seconds": seconds,
            "core": (_cpu_seconds() - self._cpu) / seconds,
            "counts": dict(sum((peer.counts for peer in self._peers), Counter())),
            "gaps": [gap for peer in self._peers for gap in peer.gaps],
        }

    async def mute(self, said: Said) -> Said:
        """They acknowledge nothing any more."""
        for peer in self._peers:
            peer.answers = False
        return {}

    async def leave(self, said: Said) -> Said:
        """All of them."""
        for crowd in self._crowds:
            await crowd.leave()
        self._crowds.clear()
        return {}


async def _run() -> None:
    clients = Clients()
    asked = (clients.join, clients.watch, clients.seen, clients.mute, clients.leave)
    await answer_questions({each.__name__: each for each in asked})
    await clients.leave({})


def _cpu_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    run_on_best_loop(_run())
