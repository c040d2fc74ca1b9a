"""The Python client in a room whose world lives: over QUIC and over WebSocket, on real sockets."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import soon
from tests.support.certificates import make_certificate
from tests.support.quic import HOST
from theta import Batch, Pose, Shape, ShapeKind
from theta.adapters.client import RoomClient, state
from theta.adapters.host import RoomHost, machine_clock
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.listening import listen
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.quic_listener import QuicListener
from theta.adapters.quic_socket import open_udp_beside
from theta.base.errors import ProtocolError
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.ecs.component import component_named
from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.node.events import EntitiesAppeared, EntitiesDisappeared, Event, Joined, OwnershipLost
from theta.node.room import Room, RoomSettings
from theta.node.state_world import StateWorld
from theta.session.secret import RoomSecret
from theta.wire.ownership_messages import EntitiesDespawned

pytestmark = pytest.mark.integration

TransportName = Literal["quic", "websocket"]
FAR = (400.0, 0.0, 0.0)
COUNT = 20


@theta.component("test.client.Battery", plane=theta.Plane.STATE)
@dataclass(frozen=True)
class Battery:
    charge: Annotated[float, theta.Column("<f4")] = 1.0


@theta.system(theta.Stage.SIMULATION, writes=(Pose,))
def rise(world: World, seconds: float) -> None:
    """Everything over 50 m goes up."""
    for _, (poses,) in world.query_mut(Pose, all_rows=False):
        high = poses["translation"][:, 1] > 50.0
        poses.write(high, translation=poses["translation"][high] + np.array([0.0, seconds, 0.0], np.float32))


def a_world() -> StateWorld:
    """Twenty boxes in a row, a sphere far away."""
    world = World()
    places = np.array([(0.2 * row, 1.0, 0.0) for row in range(COUNT)], np.float32)
    world.spawn_many(COUNT, Batch(Pose, translation=places), Shape(), Battery(0.5))
    world.spawn(Pose(FAR), Shape(ShapeKind.SPHERE))
    world.schedule.add(rise)
    return StateWorld(world, (Battery,))


class Served:
    """A room that is reached over WebSocket and QUIC on one port."""

    def __init__(self, folder: Path) -> None:
        settings = RoomSettings(
            "studio", RoomSecret(b"\x07" * 32), Identity.from_seed(b"\x08" * 32).public_key, state=a_world()
        )
        store = MemoryLogStore()
        self.room = Room(settings, store.read(), Randomness(b"\x09" * 32), machine_clock())
        self.host = RoomHost(self.room, store)
        listening = listen(HOST, 0)
        [udp] = open_udp_beside(listening)
        self.port: int = udp.getsockname()[1]
        app = create_app(self.host, HttpSettings())
        self.server = TestServer(app, host=HOST, port=self.port, socket_factory=lambda *_: listening[0])
        self.quic = QuicListener([udp], *make_certificate(folder), self.host.serve_connection)
        self.folder = folder

    @property
    def world(self) -> World:
        """The room's."""
        return self.room.state.plane.world

    def link(self, role: Literal["editor", "viewer"] = "editor") -> str:
        return f"http://{HOST}:{self.port}/#invite={self.room.invite(role)}"

    def client(
        self, name: str, transport: TransportName = "websocket", role: Literal["editor", "viewer"] = "editor"
    ) -> RoomClient:
        return theta.connect(self.link(role), name=name, identity=self.folder / f"{name}.key", transport=transport)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    running = Served(tmp_path)
    await running.server.start_server()
    yield running
    await soon(running.quic.close())
    await soon(running.host.close())
    await running.server.close()


async def until(room: RoomClient, condition: Callable[[], bool]) -> None:
    await soon(room.wait_until(condition))


def near(room: RoomClient) -> list[int]:
    """The entities that have a battery, from left to right."""
    found = [
        (float(pose["translation"][row, 0]), int(entities[row]))
        for entities, (pose, _) in room.world.query(Pose, Battery)
        for row in range(len(entities))
    ]
    return [entity for _, entity in sorted(found)]


def metres(room: RoomClient, entity: int) -> tuple[float, ...]:
    return tuple(round(each, 2) for each in room.world.read(Entity(entity), Pose).translation)


@pytest.mark.parametrize("transport", ["quic", "websocket"])
async def test_what_lives_in_the_room_is_seen_moved_and_added_to(served: Served, transport: TransportName) -> None:
    async with served.client("anna", transport) as anna, served.client("ben", transport) as ben:
        assert anna.transport == transport
        await until(anna, lambda: len(near(anna)) == COUNT)
        await until(ben, lambda: len(near(ben)) == COUNT)
        cup = near(anna)[3]
        theirs = near(ben)[3]
        assert anna.room_entity(cup) == ben.room_entity(theirs)
        assert await soon(anna.grab(cup))
        await until(ben, lambda: ben.owner_of(theirs) is not None)
        owner = ben.owner_of(theirs)
        assert owner is not None
        assert owner.name == "anna"
        for step in range(10):
            anna.write(cup, Pose((0.6, 1.0 + 0.1 * step, 0.0)))
            await asyncio.sleep(0)
        await until(ben, lambda: metres(ben, theirs) == (0.6, 1.9, 0.0))
        anna.move_by(cup, (0.0, 0.5, 0.0))
        assert metres(anna, cup) == (0.6, 2.4, 0.0)
        anna.release(cup)
        assert not anna.holds(cup)
        await until(ben, lambda: metres(ben, theirs) == (0.6, 2.4, 0.0) and ben.owner_of(theirs) is None)
        ball = await soon(anna.spawn(Pose((0.0, 0.0, 1.0)), Shape(ShapeKind.SPHERE)))
        assert anna.is_shown(ball)
        assert anna.world.read(ball, Shape).kind == ShapeKind.SPHERE
        await until(ben, lambda: ben.world.entity_count == COUNT + 1)
        await soon(anna.despawn(ball))
        assert not anna.world.contains(ball)
        await until(ben, lambda: ben.world.entity_count == COUNT)


async def test_many_are_spawned_at_once_and_ended(served: Served) -> None:
    async with served.client("anna") as anna:
        places = np.random.default_rng(11).uniform(-5.0, 5.0, (2_500, 3)).astype(np.float32)
        made = await soon(anna.spawn_many(2_500, Batch(Pose, translation=places), Shape()))
        assert made.dtype == np.uint64
        assert len(np.unique(made)) == 2_500
        await until(anna, lambda: all(anna.is_shown(each) for each in made.tolist()))
        shown = anna.shown(Pose, made)["translation"]
        assert np.abs(shown - places).max() <= 0.003
        await soon(anna.despawn(made))
        await until(anna, lambda: anna.world.entity_count == COUNT)


async def test_what_is_more_than_at_once_is_asked_for_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "RETRY_SECONDS", 0.25)
    monkeypatch.setattr("theta.node.state_spawning.STATE_SPAWN_BURST_MAX", 1_500)
    monkeypatch.setattr("theta.node.state_spawning.STATE_SPAWNS_PER_SECOND", 5_000)
    async with served.client("anna") as anna:
        made = await soon(anna.spawn_many(3_000, Pose((0.0, 0.0, 0.0))))
        assert len(made) == 3_000
        assert served.world.entity_count == COUNT + 1 + 3_000


async def test_when_not_all_have_a_place_none_is_left(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theta.node.state_spawning.STATE_ENTITIES_MAX", 1_500)
    async with served.client("anna") as anna:
        with pytest.raises(theta.CommandRefused) as caught:
            await soon(anna.spawn_many(3_000, Pose((0.0, 0.0, 0.0))))
        assert caught.value.refusal == "EntitiesExhausted"
        await until(anna, lambda: served.world.entity_count == COUNT + 1)
        await until(anna, lambda: anna.world.entity_count == COUNT)


async def test_regions_selection_and_what_is_far_away(served: Served) -> None:
    async with served.client("anna") as anna:
        await until(anna, lambda: len(near(anna)) == COUNT)
        region = anna.subscribe_to_region(center=FAR, radius=5.0)
        await until(anna, lambda: anna.world.entity_count == COUNT + 1)
        anna.move_region(region, (-400.0, 0.0, 0.0))
        await until(anna, lambda: anna.world.entity_count == COUNT)
        far = await soon(anna.spawn(Pose((800.0, 0.0, 0.0)), Shape()))
        assert not anna.is_shown(far)
        assert anna.world.contains(far)
        anna.move_region(region, (800.0, 0.0, 0.0), radius=2.0)
        await until(anna, lambda: anna.is_shown(far))
        anna.select_entities([far])
        remote = anna.room_entity(far)
        await until(anna, lambda: served.room.state.explain(anna.actor, remote).selected)
        anna.unsubscribe(region)
        await until(anna, lambda: not anna.world.contains(far))
        with pytest.raises(theta.InvalidValue, match="region"):
            anna.unsubscribe(region)
        with pytest.raises(theta.InvalidValue, match="radius"):
            anna.subscribe_to_region(FAR, 1e6)
        with pytest.raises(theta.InvalidValue, match="center"):
            anna.subscribe_to_region((0.0, 0.0), 1.0)
        with pytest.raises(theta.InvalidValue, match="entity"):
            anna.select_entities([far])


async def test_two_that_grab_the_same(served: Served) -> None:
    events: list[Event] = []
    async with served.client("anna") as anna, served.client("ben") as ben:
        anna.on_event = events.append
        await until(anna, lambda: len(near(anna)) == COUNT)
        await until(ben, lambda: len(near(ben)) == COUNT)
        cup, theirs = near(anna)[0], near(ben)[0]
        got = await soon(asyncio.gather(anna.grab(cup), ben.grab(theirs)))
        assert sorted(got) in ([False, True], [True, True]), "in the same moment, or one after the other"
        assert await soon(anna.grab(cup))
        assert not await soon(ben.touch(theirs))
        assert await soon(ben.grab(theirs)), "who takes it later has it"
        await until(anna, lambda: not anna.holds(cup))
        assert any(isinstance(event, OwnershipLost) and event.entity == cup for event in events)
        with pytest.raises(theta.InvalidValue, match="grabbed"):
            anna.write(cup, Pose((0.0, 0.0, 0.0)))
        with pytest.raises(theta.InvalidValue, match="rotation"):
            anna.move_by(cup, (0.0, 0.0, 0.0), (0.0, 0.0))


async def test_after_the_block_the_room_has_what_was_made_of_it(served: Served) -> None:
    async with served.client("anna") as anna:
        await until(anna, lambda: len(near(anna)) == COUNT)
        cup = near(anna)[0]
        remote = Entity(anna.room_entity(cup))
        async with anna.grabbed(cup):
            assert anna.holds(cup)
            anna.write(cup, Pose((0.0, 3.0, 0.0)))
            anna.write(cup, Battery(0.25))
        assert served.world.read(remote, Pose).translation == pytest.approx((0.0, 3.0, 0.0), abs=0.003)
        assert served.world.read(remote, Battery).charge == 0.25
        assert anna.owner_of(cup) is None


async def test_a_viewer_sees_and_is_told_what_it_may_not(served: Served) -> None:
    async with served.client("vera", role="viewer") as vera:
        await until(vera, lambda: len(near(vera)) == COUNT)
        cup = near(vera)[0]
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            await soon(vera.grab(cup))
        assert not vera.holds(cup)
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            async with vera.grabbed(cup):
                pass
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            await soon(vera.spawn(Pose((0.0, 0.0, 0.0))))
        with pytest.raises(theta.CommandRefused, match="NotAllowed"):
            await soon(vera.despawn(cup))


async def test_who_was_faster_holds_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served.client("anna") as anna:
        await until(anna, lambda: len(near(anna)) == COUNT)

        async def lost(entity: int) -> bool:
            return False

        monkeypatch.setattr(anna, "grab", lost)
        with pytest.raises(theta.CommandRefused, match="Held"):
            async with anna.grabbed(near(anna)[0]):
                pass


async def test_a_lost_connection_goes_on_where_it_was(served: Served) -> None:
    events: list[Event] = []
    async with served.client("anna") as anna:
        await until(anna, lambda: len(near(anna)) == COUNT)
        anna.subscribe_to_region(FAR, 5.0)
        await until(anna, lambda: anna.world.entity_count == COUNT + 1)
        cup = near(anna)[0]
        assert await soon(anna.grab(cup))
        anna.on_event = events.append
        before = near(anna)
        assert anna._driver is not None
        assert anna._driver._transport is not None
        await anna._driver._transport.close(1001, "gone")
        anna.write(cup, Pose((0.0, 2.0, 0.0)))
        await until(anna, lambda: any(isinstance(event, Joined) for event in events))
        remote = Entity(anna.room_entity(cup))
        await until(anna, lambda: served.world.read(remote, Pose).translation[1] > 1.9)
        assert near(anna) == before
        assert not any(isinstance(event, EntitiesAppeared | EntitiesDisappeared) for event in events)
        assert anna.world.entity_count == COUNT + 1


async def test_what_moves_is_shown_smoothly(served: Served) -> None:
    async with served.client("anna") as anna:
        region = anna.subscribe_to_region((0.0, 60.0, 0.0), 20.0)
        balloon = await soon(anna.spawn(Pose((0.0, 60.0, 0.0)), Shape()))
        assert anna.is_shown(balloon)
        seen: list[float] = []

        def is_up() -> bool:
            seen.append(float(anna.shown(Pose, [balloon])["translation"][0, 1]))
            return seen[-1] > 61.0

        await until(anna, is_up)
        assert len(seen) >= 10
        assert np.diff(seen).min() >= -0.01
        anna.unsubscribe(region)


async def test_a_component_that_is_not_declared_is_logged_once(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "theta.ecs.evolution.component_named", lambda name: None if "Battery" in name else component_named(name)
    )
    with caplog.at_level(logging.WARNING, logger="theta.adapters.client"):
        async with served.client("anna") as anna:
            await until(anna, lambda: anna.world.entity_count == COUNT)
            with pytest.raises(theta.InvalidValue, match="count"):
                await anna.spawn_many(0, Pose((0.0, 0.0, 0.0)))
    told = [record for record in caplog.records if "not declared here" in record.message]
    assert len(told) == 1
    assert told[0].__dict__["component"] == "test.client.Battery"


async def test_verbs_outside_of_the_room_say_so(served: Served) -> None:
    anna = served.client("anna")
    with pytest.raises(theta.NotConnected):
        await anna.spawn(Pose((0.0, 0.0, 0.0)))
    with pytest.raises(theta.NotConnected):
        anna.subscribe_to_region(FAR, 1.0)
    assert anna.world.entity_count == 0


async def test_the_twin_that_blocks_has_the_same_verbs(served: Served) -> None:
    def script() -> None:
        with theta.connect_blocking(served.link(), name="anna", identity=served.folder / "anna.key") as room:
            ball = room.spawn(Pose((0.0, 0.0, 1.0)), Shape(ShapeKind.SPHERE))
            assert room.is_shown(ball)
            assert room.read(lambda client: client.world.read(ball, Shape)).kind == ShapeKind.SPHERE
            assert room.world is room.room.world
            region = room.subscribe_to_region(FAR, 5.0)
            room.move_region(region, FAR, 6.0)
            room.select_entities([ball])
            assert room.grab(ball)
            assert room.holds(ball)
            owner = room.owner_of(ball)
            assert owner is not None
            assert owner.name == "anna"
            room.write(ball, Pose((0.0, 0.0, 2.0)))
            room.move_by(ball, (0.0, 0.0, 0.5))
            assert room.shown(Pose, [ball])["translation"][0].tolist() == pytest.approx([0.0, 0.0, 2.5], abs=0.01)
            room.release(ball)
            with room.grabbed(ball):
                room.write(ball, Pose((0.0, 0.0, 3.0)))
            assert served.world.read(Entity(room.room_entity(ball)), Pose).translation[2] == pytest.approx(
                3.0, abs=0.01
            )
            assert room.touch(ball)
            room.release(ball)
            room.unsubscribe(region)
            pair = room.spawn_many(2, Pose((0.0, 0.0, 0.0)))
            room.despawn(pair)
            room.despawn(ball)
            assert not room.read(lambda client: client.world.contains(ball))

    await soon(asyncio.to_thread(script))


async def test_nobody_who_leaves_harms_anybody(served: Served) -> None:
    async with AsyncExitStack() as stack:
        rooms = [await stack.enter_async_context(served.client(f"guest {number}")) for number in range(4)]
        for room in rooms:
            await until(room, lambda room=room: len(near(room)) == COUNT)  # type: ignore[misc]
        assert await soon(rooms[0].grab(near(rooms[0])[0]))
        await soon(rooms[0].close())
        theirs = near(rooms[1])[0]
        # The first may meet the one that left in the same moment.
        assert await soon(rooms[1].grab(theirs)) or await soon(rooms[1].grab(theirs))


@pytest.mark.parametrize("transport", ["quic", "websocket"])
async def test_verbs_work_as_soon_as_one_is_in_the_room(served: Served, transport: TransportName) -> None:
    for _ in range(3):
        async with served.client("anna", transport) as anna:
            ball = await soon(anna.spawn(Pose((0.0, 0.0, 1.0)), Shape()))
            assert await soon(anna.grab(ball))
            await soon(anna.despawn(ball))


async def test_what_is_raised_inside_of_the_block_lets_go_of_it(served: Served) -> None:
    async with served.client("anna") as anna, served.client("ben") as ben:
        await until(anna, lambda: len(near(anna)) == COUNT)
        cup, cap = near(anna)[:2]

        async def write() -> None:
            async with anna.grabbed(cup):
                anna.write(cup, Pose((0.0, 3.0, 0.0)))
                raise KeyError

        async def leave() -> None:
            async with anna.grabbed(cap):
                await anna.close()
                raise KeyError

        with pytest.raises(KeyError):
            await soon(write())
        assert not anna.holds(cup)
        await until(anna, lambda: anna.owner_of(cup) is None)
        assert served.world.read(Entity(anna.room_entity(cup)), Pose).translation[1] == pytest.approx(3.0, abs=0.003)
        with pytest.raises(KeyError):
            await soon(leave())
        await until(ben, lambda: len(near(ben)) == COUNT)


async def test_a_grab_of_what_ends_says_so(served: Served) -> None:
    async with served.client("anna") as anna:
        await until(anna, lambda: len(near(anna)) == COUNT)
        cup = near(anna)[0]
        remote = Entity(anna.room_entity(cup))
        grabs = [asyncio.ensure_future(anna.grab(cup)) for _ in range(2)]
        served.world.despawn(remote)
        for each in await soon(asyncio.gather(*grabs, return_exceptions=True)):
            assert isinstance(each, theta.CommandRefused)
            assert each.refusal == "UnknownEntity"
        with pytest.raises(theta.InvalidValue):
            await anna.grab(-1)
        with pytest.raises(theta.InvalidValue):
            await anna.despawn(-1)


async def test_an_answer_to_something_else_is_the_rooms_fault(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served.client("anna") as anna:

        async def answer(request: object) -> EntitiesDespawned:
            return EntitiesDespawned(1)

        monkeypatch.setattr(anna, "_ask", answer)
        with pytest.raises(ProtocolError, match="EntitiesSpawned"):
            await anna.spawn(Pose((0.0, 0.0, 0.0)))
