"""Deltas under pressure, and the whole way from a world to another."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest

from tests.unit.replication.state_worlds import COMPONENTS, Motion, Paper, Pose, Scene, Unnumbered
from theta.base.errors import ProtocolError
from theta.base.identifiers import name_id
from theta.base.limits import BASELINE_AGE_TICKS_MAX
from theta.ecs.component import component_type
from theta.ecs.entities import Entity
from theta.ecs.registry import descriptor_bytes
from theta.ecs.world import World
from theta.replication.cell_hashes import cell_at
from theta.replication.cells import cell_digests
from theta.replication.descriptors import SessionComponents, manifest_hash
from theta.replication.history import History
from theta.replication.reading_sections import read_sections
from theta.replication.receiving import StateReceiver
from theta.replication.remote_world import RemoteWorld
from theta.replication.schema import ComponentLayout, Schema
from theta.replication.sections import encode_sections
from theta.wire.state_messages import ComponentDescriptors


def assert_equal_worlds(scene: Scene, entities: list[Entity]) -> None:
    """Every entity has the same components with the same restored bytes on both sides."""
    assert len(scene.remote) == scene.world.entity_count == len(entities)
    for entity in entities:
        local = scene.remote.local(entity)
        assert local is not None
        for component in COMPONENTS:
            declared = component.made_by
            assert scene.world.has(entity, declared) == scene.remote.world.has(local, declared)
            if scene.world.has(entity, declared):
                slots = np.array([entity & 0xFFFF_FFFF], np.uint32)
                columns = scene.world.gather(declared, slots)
                shown = component.lanes.restore(component.lanes.quantise(columns, 1))
                remote = scene.remote.world.gather(declared, np.array([local & 0xFFFF_FFFF], np.uint32))
                for name, values in shown.items():
                    assert remote[name].tobytes() == values.tobytes()
                for name, _ in component.lanes.objects:
                    assert remote[name].tolist() == columns[name].tolist()


def random_position(random: Random) -> Pose:
    turned = (random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1), 1.0)
    return Pose((random.uniform(-50, 50), random.uniform(0, 3), random.uniform(-50, 50)), turned)


def test_rep_8_delta_tracker_handles_rapid_component_churn(seed: int) -> None:
    random = Random(seed)
    scene = Scene()
    entities: list[Entity] = []
    operations = 0
    while operations < 3_000:
        for _ in range(random.randint(0, 60)):
            operations += 1
            chance = random.random()
            if len(entities) < 30 or (chance < 0.1 and len(entities) < 90):
                entities.append(scene.world.spawn(random_position(random)))
                continue
            entity = random.choice(entities)
            if chance < 0.17:
                entities.remove(entity)
                scene.world.despawn(entity)
            elif chance < 0.6:
                kind = random.choice((Motion, Paper))
                value = (
                    Motion((random.random(), 0.0, 0.0), operations)
                    if kind is Motion
                    else Paper(1, b"p" * (operations % 9))
                )
                if not scene.world.has(entity, kind):
                    scene.world.insert(entity, value)
                elif chance < 0.4:
                    scene.world.remove(entity, kind)
                    # Taken and given back within a tick, now and then.
                    if chance < 0.2:
                        scene.world.insert(entity, value)
                else:
                    scene.world.write(entity, value)
            else:
                scene.world.write(entity, random_position(random))
        scene.step()
        scene.tell(1 if scene.tick > 1 else 0)
        assert_equal_worlds(scene, entities)
    assert operations > 1_000


def test_delta_tracker_handles_concurrent_component_reads_and_writes(seed: int) -> None:
    random = Random(seed)
    history = History(Schema((ComponentLayout("a", "", (3,), (4,)), ComponentLayout("b", "", (2,), (8,)))))
    history.begin_tick(1)
    history.write_members(np.arange(64), np.arange(64, dtype=np.uint64) | np.uint64(1 << 32))
    cells = np.repeat(np.arange(4), BASELINE_AGE_TICKS_MAX)
    ages = np.tile(np.arange(BASELINE_AGE_TICKS_MAX), 4)
    with ThreadPoolExecutor(4) as pool:
        for tick in range(2, 100):
            history.begin_tick(tick)
            for number, lanes in ((1, 3), (2, 2)):
                slots = np.array(sorted(random.sample(range(64), 20)))
                values = [[random.randint(-(2**31), 2**31 - 1) for _ in range(lanes)] for _ in slots]
                history.write(number, slots, np.array(values))
                # Peers of every age read between the writes, in threads, and all see the same.
                fresh = np.where(ages < tick, ages, 0)
                read = [pool.submit(encode_sections, history, cells, fresh) for _ in range(4)]
                bodies = {each.result().body for each in read}
                assert len(bodies) == 1
    assert len(bodies.pop()) > 10_000


def test_replication_converges_after_120_frames_byte_for_byte(seed: int) -> None:
    random = Random(seed)
    scene = Scene()
    entities = [scene.world.spawn(random_position(random), Motion((0.0, 0.0, 0.0))) for _ in range(100)]
    acknowledged = 0
    for _ in range(120):
        for entity in random.sample(entities, 30):
            scene.world.write(entity, random_position(random))
        if random.random() < 0.3:
            scene.world.despawn(entities.pop())
        scene.step()
        age = scene.tick - acknowledged if acknowledged and scene.tick - acknowledged < BASELINE_AGE_TICKS_MAX else 0
        # A third of the frames is lost; the baseline stays where it was.
        if random.random() < 0.67:
            scene.tell(age)
            acknowledged = scene.tick
    scene.step()
    scene.tell(scene.tick - acknowledged)
    assert_equal_worlds(scene, entities)
    for cell in scene.receiver.cells:
        ours = cell_at(scene.history, cell, 0)
        assert cell_digests(ours) == cell_digests(scene.receiver.state(cell))
        for number, rows in ours.components.items():
            assert rows.lanes.tobytes() == scene.receiver.state(cell).components[number].lanes.tobytes()


def test_rep_6_replication_handles_missing_component_registration() -> None:
    scene = Scene()
    entity = scene.world.spawn(Pose((1.0, 2.0, 3.0)), Unnumbered(7))
    scene.step()
    scene.tell(0)
    local = scene.remote.local(entity)
    assert local is not None
    assert scene.remote.world.has(local, Pose)
    assert not scene.remote.world.has(local, Unnumbered)
    assert scene.changes.poll_unnumbered() == ["test.state.Unnumbered"]
    scene.world.write(entity, Unnumbered(8))
    scene.step()
    assert scene.changes.poll_unnumbered() == [], "told once"


def test_rep_22_a_component_that_is_not_declared_here_is_skipped_and_counted() -> None:
    scene = Scene()
    stranger = dict(
        component_type(Pose).descriptor(), name="test.state.Nowhere", id=f"{name_id('test.state.Nowhere'):016x}"
    )
    told = [stranger, *(component.descriptor() for component in COMPONENTS[1:])]
    texts = [descriptor_bytes(each).decode() for each in told]
    session = SessionComponents()
    session.handle_descriptors(ComponentDescriptors(1, texts, manifest_hash(told)))
    receiver, remote = StateReceiver(session.schema), RemoteWorld(World(), session)
    entity = scene.world.spawn(Pose((1.0, 0.0, 0.0)), Motion((2.0, 0.0, 0.0)))
    for _ in range(2):
        scene.world.write(entity, random_position(Random(scene.tick)))
        scene.step()
        assert receiver.handle_body(0.0, scene.tick, scene.body(min(scene.tick - 1, 1)))
        while update := receiver.poll_update():
            remote.handle_update(update)
    local = remote.local(entity)
    assert local is not None
    assert remote.world.read(local, Motion).linear == (2.0, 0.0, 0.0)
    assert session.received.skipped == {1: 2}
    assert [notice.name for notice in session.received.poll_notices()] == ["test.state.Nowhere"]
    assert session.received.poll_notices() == []


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_rep_15_replication_survives_corrupted_delta_frame(cut: int, seed: int) -> None:
    random = Random(seed + cut)
    scene = Scene()
    entities = [scene.world.spawn(random_position(random), Motion((0.0, 0.0, 0.0))) for _ in range(40)]
    scene.step()
    scene.tell(0)
    for entity in entities:
        scene.world.write(entity, random_position(random))
    scene.step()
    body = scene.body(1)
    before = {cell: cell_digests(scene.receiver.state(cell)) for cell in scene.receiver.cells}
    refused = 0
    for _ in range(300):
        broken = bytearray(body)
        for _ in range(cut):
            broken[random.randrange(len(broken))] ^= 1 << random.randrange(8)
        damaged = bytes(broken[: random.choice((len(broken), random.randrange(len(broken))))])
        try:
            read_sections(scene.receiver.schema, damaged)
        except ProtocolError:
            refused += 1
            with pytest.raises(ProtocolError):
                scene.receiver.handle_body(0.0, scene.tick, damaged)
            assert {cell: cell_digests(scene.receiver.state(cell)) for cell in scene.receiver.cells} == before
            assert scene.receiver.poll_update() is None
    assert refused > 30
    scene.tell(1)
    assert_equal_worlds(scene, entities)
