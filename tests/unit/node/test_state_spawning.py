"""Participants add entities to a room's world, and end them."""

from dataclasses import make_dataclass
from typing import Annotated

import numpy as np
import pytest

from tests.support.state_company import Gizmo
from tests.support.state_owning import ANNA, BEN, NUMBERS, VERA, Link, Note, OwningRoom, Probe, values
from theta.base.errors import ProtocolError
from theta.base.limits import (
    STATE_ANSWERS_KEPT,
    STATE_ENTITIES_MAX,
    STATE_SPAWN_BURST_MAX,
    STATE_SPAWN_BYTES_MAX,
    STATE_SPAWN_SETS_MAX,
    STATE_SPAWNED_PER_MESSAGE_MAX,
    STATE_SPAWNS_PER_SECOND,
)
from theta.ecs.component import Column, Plane, component, component_type
from theta.ecs.entities import Entity
from theta.ecs.relations import ChildOf, OwnedBy
from theta.ecs.world import World
from theta.node.state_ownership import StateOwnership
from theta.node.state_plane import StatePlane
from theta.replication.entity_sections import places_of, stand_ins, write_entities
from theta.replication.receiving import Written
from theta.replication.section_parts import varint
from theta.replication.standard import Pose, Shape
from theta.wire.message import Message
from theta.wire.messages import RequestRefused
from theta.wire.ownership_messages import (
    ClaimOwnership,
    DespawnEntities,
    EntitiesDespawned,
    EntitiesSpawned,
    OwnershipChanged,
    OwnershipRow,
    SpawnEntities,
)


def at(x: float) -> Pose:
    return Pose((x, 0.0, 0.0))


def body_of(room: OwningRoom, *entities: tuple[object, ...]) -> bytes:
    """What a request says of entities with these components."""
    by_type: dict[type[object], tuple[list[int], list[object]]] = {}
    places = stand_ins(len(entities)).tolist()
    for place, components in zip(places, entities, strict=True):
        for each in components:
            having, instances = by_type.setdefault(type(each), ([], []))
            having.append(place)
            instances.append(each)
    written = {NUMBERS[declared]: values(told[0], *told[1]) for declared, told in by_type.items()}
    return write_entities(room.plane.history.schema, places, places_of(written), written)


def spawn(room: OwningRoom, actor: int, *entities: tuple[object, ...], request: int = 1) -> list[Entity]:
    (answer,) = room.say(actor, SpawnEntities(request, body_of(room, *entities)))
    assert isinstance(answer, EntitiesSpawned), answer
    assert answer.request == request
    return [Entity(each) for each in np.frombuffer(answer.entities, "<u8").tolist()]


def refusal(room: OwningRoom, actor: int, message: SpawnEntities | DespawnEntities) -> tuple[str, str]:
    """The code and the sentence; nothing came or went."""
    before = room.world.entity_count, room.ownership.counts
    (answer,) = room.say(actor, message)
    assert isinstance(answer, RequestRefused), answer
    assert answer.request == message.request
    assert (room.world.entity_count, room.ownership.counts) == before
    return answer.code, answer.reason


def despawn(request: int, *entities: int) -> DespawnEntities:
    return DespawnEntities(request, np.array(entities, "<u8").tobytes())


# -- spawning ----------------------------------------------------------------------------------------------------------


def test_rep_84_editors_spawn_entities_that_everybody_sees() -> None:
    room = OwningRoom()
    pose = Pose((1.0, 2.0, 3.0), (0.0, 0.6, 0.0, 0.8))
    (cup,) = spawn(room, ANNA, (pose, Shape(kind=1, colour=(9, 8, 7))), request=77)
    found = room.world.read(cup, Pose)
    assert np.allclose(found.translation, pose.translation, atol=0.002)
    assert np.allclose(found.rotation, pose.rotation, atol=0.003)
    assert room.world.read(cup, Shape).colour == (9, 8, 7)
    room.wait(0.5)
    for actor in (ANNA, BEN, VERA):
        local = room.followers[actor].local(cup)
        assert local is not None
        assert room.followers[actor].world.read(local, Shape).colour == (9, 8, 7)
    assert room.ownership.counts["spawned"] == 1


def test_rep_84_ids_are_in_the_order_of_the_request_whatever_each_has() -> None:
    room = OwningRoom()
    kinds = [(at(number),) if number % 3 else (Gizmo(number), Note(f"{number}")) for number in range(50)]
    entities = spawn(room, ANNA, *kinds)
    assert len(set(entities)) == 50
    for number, entity in enumerate(entities):
        if number % 3:
            assert room.world.read(entity, Pose).translation[0] == number
            assert not room.world.has(entity, Gizmo)
        else:
            assert room.world.read(entity, Gizmo).mode == number
            assert room.world.read(entity, Note).text == f"{number}"
            assert not room.world.has(entity, Pose)


def test_rep_84_viewers_spawn_nothing() -> None:
    room = OwningRoom()
    code, reason = refusal(room, VERA, SpawnEntities(5, body_of(room, (at(0.0),))))
    assert code == "NotAllowed"
    assert "viewer" in reason


def test_rep_84_there_is_somebody_and_everybody_has_something() -> None:
    room = OwningRoom()
    assert refusal(room, ANNA, SpawnEntities(1, b""))[0] == "InvalidValue"
    code, reason = refusal(room, ANNA, SpawnEntities(2, body_of(room, (at(0.0),), (), (at(1.0),))))
    assert (code, reason) == ("InvalidValue", "components of entity 2 is 0, but must be at least one")


def test_rep_84_a_request_has_so_many_entities_at_most() -> None:
    room = OwningRoom()
    most = [(Gizmo(1),)] * STATE_SPAWNED_PER_MESSAGE_MAX
    assert len(spawn(room, ANNA, *most)) == STATE_SPAWNED_PER_MESSAGE_MAX
    body = body_of(room, *most, (Gizmo(1),))
    assert len(body) < STATE_SPAWN_BYTES_MAX
    code, reason = refusal(room, ANNA, SpawnEntities(2, body))
    assert code == "InvalidValue"
    assert "1024" in reason


def test_rep_84_a_value_that_cannot_be_is_refused_with_its_place() -> None:
    room = OwningRoom()
    schema = room.plane.history.schema
    places = stand_ins(20).tolist()
    probes = values(places, *[Probe((1.0, 2.0, 3.0))] * 20)
    probes.lanes[17, 2] = np.array([np.nan], np.float32).view(np.int32)[0]
    told = {NUMBERS[Probe]: probes}
    code, reason = refusal(room, ANNA, SpawnEntities(1, write_entities(schema, places, places_of(told), told)))
    assert code == "InvalidValue"
    assert "test.owning.Probe of entity 18" in reason
    note = values(places[:1], Note("x"))
    told = {NUMBERS[Note]: Written(note.entities, note.lanes, ((b"\xff",),))}
    body = write_entities(schema, places[:1], places_of(told), told)
    assert refusal(room, ANNA, SpawnEntities(2, body))[0] == "InvalidValue"


def test_rep_84_references_are_the_rooms_ids_and_nobody_is_0() -> None:
    room = OwningRoom()
    post, gone = room.world.spawn(at(0.0)), room.world.spawn(at(0.0))
    room.world.despawn(gone)
    one, other, child = spawn(room, ANNA, (Link(post),), (Link(gone),), (ChildOf(post),))
    assert room.world.read(one, Link).target == post
    assert room.world.read(other, Link).target == 0
    assert room.world.parent_of(child) == post


def test_rep_84_relations_that_cannot_be_are_refused_and_nothing_is_left() -> None:
    room = OwningRoom()
    above = room.world.spawn(at(0.0))
    for _ in range(64):
        above = room.world.spawn(at(0.0), ChildOf(above))
    code, _ = refusal(room, ANNA, SpawnEntities(1, body_of(room, (at(0.0),), (at(0.0), ChildOf(above)))))
    assert code == "RelationError"
    room.tick()
    assert room.world.entity_count == 65


def test_rep_84_whose_an_entity_is_is_the_rooms_to_say() -> None:
    world = World()
    declaration = component_type(OwnedBy)
    plane = StatePlane([declaration], world)
    ownership = StateOwnership(plane)
    plane.handle_joined(0.0, ANNA, "admin")
    ownership.handle_joined(0.0, ANNA, "admin")
    places = stand_ins(1).tolist()
    told = {1: values(places, OwnedBy(BEN))}
    body = write_entities(plane.history.schema, places, places_of(told), told)
    ownership.handle_message(0.0, ANNA, SpawnEntities(1, body))
    refused = ownership.poll_transmit()
    assert refused is not None
    assert isinstance(refused.message, RequestRefused)
    assert refused.message.code == "NotAllowed"
    assert world.entity_count == 0


def test_rep_84_a_room_has_so_many_entities_at_most() -> None:
    room = OwningRoom()
    room.world.spawn_many(STATE_ENTITIES_MAX - 2, at(0.0))
    code, reason = refusal(room, ANNA, SpawnEntities(1, body_of(room, *[(at(0.0),)] * 3)))
    assert code == "EntitiesExhausted"
    assert str(STATE_ENTITIES_MAX) in reason
    assert len(spawn(room, ANNA, (at(0.0),), (at(0.0),), request=2)) == 2


def test_rep_84_who_asks_too_fast_is_told_when_to_ask_again() -> None:
    room = OwningRoom()
    thousand = [(Gizmo(1),)] * 1_000
    for request in range(STATE_SPAWN_BURST_MAX // 1_000):
        spawn(room, ANNA, *thousand, request=request)
    body = body_of(room, *thousand)
    code, reason = refusal(room, ANNA, SpawnEntities(98, body))
    assert code == "RateLimited"
    assert "s" in reason
    assert spawn(room, BEN, (at(0.0),)), "everybody has a bucket"
    room.now += 1_100 / STATE_SPAWNS_PER_SECOND
    assert len(spawn(room, ANNA, *thousand, request=98)) == 1_000, "a refusal is not remembered"


def test_rep_84_long_bodies_have_a_price_before_they_are_read() -> None:
    room = OwningRoom()
    text = bytes(STATE_SPAWN_BYTES_MAX - 3)
    bought = STATE_SPAWN_BURST_MAX // (len(text) * STATE_SPAWNED_PER_MESSAGE_MAX // STATE_SPAWN_BYTES_MAX)
    for request in range(bought):
        with pytest.raises(ProtocolError):
            room.say(ANNA, SpawnEntities(request, text))
    code, _ = refusal(room, ANNA, SpawnEntities(99, text))
    assert code == "RateLimited", "and is not read"


def test_rep_84_participants_bring_so_many_sets_of_components_at_most() -> None:
    extras: list[type[object]] = [
        component(f"test.spawning.Extra{number}", plane=Plane.STATE)(
            make_dataclass("Extra", [("value", Annotated[int, Column("<u1")], 0)], frozen=True)
        )
        for number in range(9)
    ]
    room = OwningRoom()
    room.plane = StatePlane(map(component_type, extras), room.world)
    room.ownership = StateOwnership(room.plane)
    room.join(ANNA, "editor")
    room.told()
    schema = room.plane.history.schema
    answers: list[Message] = []
    for mask in range(1, STATE_SPAWN_SETS_MAX + 2):
        places = stand_ins(1).tolist()
        told = {
            number: Written(np.array(places, np.uint64), np.ones((1, 1), np.int64), ())
            for number in range(1, 10)
            if mask >> (number - 1) & 1
        }
        answers += room.say(ANNA, SpawnEntities(mask, write_entities(schema, places, places_of(told), told)))
    assert [type(each) for each in answers[:-1]] == [EntitiesSpawned] * STATE_SPAWN_SETS_MAX
    assert isinstance(answers[-1], RequestRefused)
    assert "sets of components" in answers[-1].reason
    assert room.world.entity_count == STATE_SPAWN_SETS_MAX


def test_rep_84_reading_ends_where_there_are_more_sections_than_entities_need() -> None:
    """So many bytes hold thousands of empty sections, and each of them takes as long to read as a full one."""
    room = OwningRoom()
    empty = b"".join(varint(cell) + b"\0\0" for cell in range(STATE_SPAWN_BYTES_MAX // 5))
    with pytest.raises(ProtocolError, match="more than 65 sections"):
        room.say(ANNA, SpawnEntities(1, empty))
    alone = b"".join(varint(cell) + body_of(room, (at(1.0),))[1:] for cell in range(2))
    with pytest.raises(ProtocolError, match="less than 16 entities"):
        room.say(ANNA, SpawnEntities(1, alone))


def test_rep_84_malformed_bytes_are_a_protocol_error() -> None:
    room = OwningRoom()
    schema = room.plane.history.schema
    body = body_of(room, (at(0.0),), (at(1.0),))
    unknown = b"\x00\x00\x02" + write_entities(schema, stand_ins(1).tolist(), {}, {})[3:] + b"\x29\x01\x00\x00"
    assert len(schema.layouts) < 0x29 >> 2
    for broken in (body[:-1], unknown, write_entities(schema, [2 << 32 | 1], {}, {}), b"\x01" + body[1:]):
        with pytest.raises(ProtocolError):
            room.say(ANNA, SpawnEntities(1, broken))
    for uncounted in ([1 << 32 | 2], [1 << 32 | 2, 1 << 32 | 1], [1 << 32, 1 << 32 | 1]):
        with pytest.raises(ProtocolError, match="counted"):
            room.say(ANNA, SpawnEntities(1, write_entities(schema, uncounted, {}, {})))
    assert room.world.entity_count == 0


def test_rep_84_the_same_request_again_has_the_same_answer_and_spawns_nothing() -> None:
    room = OwningRoom()
    cup = spawn(room, ANNA, (at(0.0),), request=1)
    room.ownership.handle_suspended(ANNA)
    room.ownership.handle_joined(room.now, ANNA, "editor")
    room.told()
    assert spawn(room, ANNA, (at(0.0),), request=1) == cup
    assert room.world.entity_count == 1
    assert spawn(room, ANNA, (at(1.0),), request=1) != cup, "another request under its number is another"
    assert spawn(room, BEN, (at(0.0),), request=1) != cup
    for request in range(2, STATE_ANSWERS_KEPT + 2):
        spawn(room, ANNA, (at(0.0),), request=request)
    assert spawn(room, ANNA, (at(0.0),), request=1) != cup, "so many are remembered"


def test_rep_84_who_spawns_owns_nothing_by_that() -> None:
    room = OwningRoom()
    (cup,) = spawn(room, ANNA, (at(0.0),))
    assert room.tick() == {}
    assert room.say(BEN, ClaimOwnership(cup, 1, 0)) == [OwnershipChanged([OwnershipRow(cup, BEN, 1, 0, 2)])]


# -- despawning --------------------------------------------------------------------------------------------------------


def test_rep_85_who_spawned_an_entity_ends_it_and_its_children() -> None:
    room = OwningRoom()
    tree, rock = spawn(room, ANNA, (at(0.0),), (at(1.0),))
    (leaf,) = spawn(room, BEN, (at(0.0), ChildOf(tree)))
    room.wait(0.2)
    assert room.say(ANNA, despawn(9, tree)) == [EntitiesDespawned(9)]
    assert [room.world.contains(each) for each in (tree, leaf, rock)] == [False, False, True]
    assert room.ownership.counts["despawned"] == 2
    room.wait(0.2)
    assert room.followers[BEN].local(tree) is None


def test_rep_85_others_entities_and_the_rooms_are_an_admins_to_end() -> None:
    room = OwningRoom()
    (cup,) = spawn(room, ANNA, (at(0.0),))
    rock = room.world.spawn(at(0.0))
    (mine,) = spawn(room, BEN, (at(0.0),))
    code, reason = refusal(room, BEN, despawn(1, mine, cup))
    assert code == "NotAllowed"
    assert f"{cup:#x}" in reason
    assert refusal(room, BEN, despawn(2, rock))[0] == "NotAllowed"
    assert refusal(room, VERA, despawn(3, rock))[0] == "NotAllowed"
    room.join(44, "admin")
    room.told()
    assert room.say(44, despawn(4, mine, cup, rock)) == [EntitiesDespawned(4)]
    assert room.world.entity_count == 0


def test_rep_85_who_may_spawn_no_more_may_end_nothing_either() -> None:
    room = OwningRoom()
    (cup,) = spawn(room, ANNA, (at(0.0),))
    room.ownership.handle_role(room.now, ANNA, "viewer")
    assert refusal(room, ANNA, despawn(1, cup))[0] == "NotAllowed"


def test_rep_85_what_has_ended_is_no_matter_and_its_slot_is_somebody_elses() -> None:
    room = OwningRoom()
    (cup,) = spawn(room, ANNA, (at(0.0),))
    assert room.say(ANNA, despawn(1, cup, cup)) == [EntitiesDespawned(1)]
    assert room.say(ANNA, despawn(1, cup)) == [EntitiesDespawned(1)], "the same again"
    rock = room.world.spawn(at(0.0))
    assert rock & 0xFFFF_FFFF == cup & 0xFFFF_FFFF
    assert room.say(ANNA, despawn(2, cup)) == [EntitiesDespawned(2)]
    assert refusal(room, ANNA, despawn(3, rock))[0] == "NotAllowed"
    assert room.say(ANNA, despawn(4, 2**64 - 1, 0)) == [EntitiesDespawned(4)]
    assert room.world.entity_count == 1


def test_rep_85_what_was_spawned_stays_and_is_the_rooms_when_the_spawner_leaves() -> None:
    room = OwningRoom()
    (cup,) = spawn(room, ANNA, (at(0.0),))
    room.ownership.handle_suspended(ANNA)
    room.ownership.handle_joined(room.now, ANNA, "editor")
    (plate,) = spawn(room, ANNA, (at(0.0),), request=2)
    room.told()
    assert room.say(ANNA, despawn(1, plate)) == [EntitiesDespawned(1)]
    room.ownership.handle_left(room.now, ANNA)
    room.plane.handle_left(ANNA)
    assert room.world.contains(cup)
    room.join(ANNA, "editor")
    room.told()
    assert refusal(room, ANNA, despawn(2, cup))[0] == "NotAllowed"


def test_rep_85_who_ends_too_much_at_once_is_told_when_to_ask_again() -> None:
    room = OwningRoom()
    many = list(range(1 << 32, (1 << 32) + STATE_SPAWNED_PER_MESSAGE_MAX))
    for request in range(STATE_SPAWN_BURST_MAX // STATE_SPAWNED_PER_MESSAGE_MAX):
        assert room.say(ANNA, despawn(request, *many)) == [EntitiesDespawned(request)]
    assert refusal(room, ANNA, despawn(99))[0] == "RateLimited"
    room.now += 1.0 / STATE_SPAWNS_PER_SECOND
    assert room.say(ANNA, despawn(99)) == [EntitiesDespawned(99)]


def test_rep_85_malformed_bytes_are_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="DespawnEntities"):
        OwningRoom().say(ANNA, DespawnEntities(1, bytes(9)))
