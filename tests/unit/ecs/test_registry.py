import random
import threading
from typing import Any

import pytest

from tests.unit.ecs.parts import Pose, Position, Secret
from theta.base.errors import InvalidValue
from theta.base.identifiers import name_id
from theta.ecs import registry as registry_module
from theta.ecs.component import component_type
from theta.ecs.registry import Collision, DescriptorRegistry

NAMES = 400


def descriptor(name: str, **more: Any) -> dict[str, Any]:
    fields = [{"name": "number", "kind": "column", "dtype": "<f4", "width": 1}]
    return {"name": name, "id": f"{name_id(name):016x}", "plane": "state", "fields": fields, **more}


def test_ecs_22_each_descriptor_has_one_number() -> None:
    registry = DescriptorRegistry()
    pose, secret, position = (component_type(each).descriptor() for each in (Pose, Secret, Position))
    assert [registry.register(each) for each in (pose, secret, pose, position)] == [1, 2, 1, 3]
    assert registry.register(dict(reversed(list(pose.items())))) == 1, "the order of the keys says nothing"
    assert registry.register(pose | {"version": 2}) == 4
    assert registry.number_of(secret) == 2
    assert registry.number_of(descriptor("test.Nobody")) is None
    assert registry.descriptors() == [pose, secret, position, pose | {"version": 2}]
    assert registry.descriptors(first=3) == [position, pose | {"version": 2}]
    assert registry.descriptors(first=5) == []
    assert len(registry) == 4


def test_component_descriptor_deduplication_handles_hash_collision() -> None:
    """ECS-23: two names with one id are told apart by their whole descriptors, and reported."""
    registry = DescriptorRegistry(identify=len)
    one, two, three = descriptor("test.Ant"), descriptor("test.Bee"), descriptor("test.Mole")
    for each in (one, two):
        each["id"] = "00000000000000aa"
    assert [registry.register(each) for each in (one, two, three, two, one)] == [1, 2, 3, 2, 1]
    assert [registry.number_of(each) for each in (one, two)] == [1, 2]
    assert registry.collisions() == [Collision(len("test.Ant"), ("test.Ant", "test.Bee"))]
    assert DescriptorRegistry().collisions() == []


def test_ecs_23_versions_of_one_name_are_no_collision() -> None:
    registry = DescriptorRegistry()
    assert [registry.register(descriptor("test.Ant", version=each)) for each in (2, 3)] == [1, 2]
    assert registry.collisions() == []


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("turn", range(5))
def test_registry_deduplication_survives_concurrent_registration(seed: int, turn: int) -> None:
    """ECS-22: threads that register the same descriptors in different orders get the same dense numbers."""
    registry = DescriptorRegistry()
    names = [f"test.Raced{at}" for at in range(NAMES)]
    start = threading.Barrier(8)
    found: list[dict[str, int]] = []

    def run(thread: int) -> None:
        mine = random.Random(f"{seed} {turn} {thread}").sample(names, len(names))
        told = [descriptor(name) for name in mine]
        start.wait()
        numbers = [registry.register(each) for each in told + told]
        assert numbers[NAMES:] == numbers[:NAMES]
        found.append(dict(zip(mine, numbers, strict=False)))

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(each == found[0] for each in found)
    assert sorted(found[0].values()) == list(range(1, NAMES + 1))
    assert [each["name"] for each in registry.descriptors()] == sorted(names, key=lambda name: found[0][name])


def test_ecs_22_a_session_has_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "STATE_COMPONENTS_MAX", 2)
    registry = DescriptorRegistry()
    for name in ("test.A", "test.B"):
        registry.register(descriptor(name))
    with pytest.raises(InvalidValue, match="at most 2"):
        registry.register(descriptor("test.C"))
    assert registry.register(descriptor("test.A")) == 1
