"""A room that runs with a world in it: its timer, its log, and a reader that does not read."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator

import pytest

from tests.contract.transport_contract import soon
from tests.integration.driven_peer import DrivenPeer
from tests.support.state_in_rooms import pose, world_of
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.memory_transport import memory_pair
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.ecs.systems import Stage, system
from theta.ecs.world import World
from theta.node.room import Room, RoomSettings
from theta.replication.standard import Pose
from theta.session.secret import RoomSecret

pytestmark = pytest.mark.integration


@system(Stage.SIMULATION, writes=(Pose,))
def fail_at_last(world: World, seconds: float) -> None:
    for rows, (poses,) in world.query_mut(Pose):
        poses["translation"][:, 1] += seconds
        if poses["translation"][0, 1] > 0.3:
            raise LookupError(f"{len(rows)} too high")


class Hosted:
    """A room whose world fails after a third of a second."""

    def __init__(self) -> None:
        store = MemoryLogStore()
        state = world_of(pose(0.0), fill=lambda world: world.schedule.add(fail_at_last))()
        owner = Identity.from_seed(b"\x08" * 32).public_key
        settings = RoomSettings("studio", RoomSecret(b"\x07" * 32), owner, state=state)
        luck = Randomness(os.urandom(32))
        self.room = Room(settings, store.read(), luck, machine_clock(), stopwatch=time.perf_counter)
        self.host = RoomHost(self.room, store)
        self.serving: list[asyncio.Task[None]] = []

    async def join(self, name: str) -> DrivenPeer:
        room_end, participant_end = memory_pair()
        self.serving.append(asyncio.create_task(self.host.serve_connection(room_end, "memory")))
        return await DrivenPeer(participant_end, self.room.invite("editor"), name).joined()

    async def close(self) -> None:
        await soon(self.host.close())
        await soon(asyncio.gather(*self.serving))


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    running = Hosted()
    yield running
    await running.close()


async def test_the_timer_ticks_the_world_and_a_fault_is_logged_with_its_traceback(
    hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    assert hosted.room.state.tick == 0
    with caplog.at_level(logging.WARNING, "theta.adapters.host"):
        ada = await hosted.join("Ada")
        await ada.until(lambda: any(vars(record).get("kind") == "fault" for record in caplog.records))
    (fault,) = [record for record in caplog.records if vars(record).get("kind") == "fault"]
    assert fault.levelno == logging.ERROR
    assert "LookupError" in fault.getMessage()
    assert fault.exc_info is not None
    assert "fail_at_last" in logging.Formatter().formatException(fault.exc_info)
    ticks = hosted.room.state.tick
    assert ticks > 5
    await ada.until(lambda: hosted.room.state.tick > ticks + 3)
    found = hosted.room.telemetry(machine_clock())
    assert found["theta_state_systems_failed"] == 1
    assert found["theta_state_tick_seconds_sum"] > found["theta_state_world_seconds_sum"] > 0.0
