"""Owners that change while their rows are on the way: only the owner of the moment moves an entity."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.replication.state_worlds import COMPONENTS, MOTION
from theta.ecs.entities import Entities, Entity
from theta.ecs.world import World
from theta.replication.owned_state import OwnedStateIntake, OwnedStateSender
from theta.replication.ownership import OwnershipTable, answer
from theta.replication.ownership_view import OwnershipView
from theta.replication.receiving import Written
from theta.replication.schema import Schema
from theta.wire.ownership_messages import ClaimOwnership, OwnedState, OwnershipChanged

SCHEMA = Schema.of(COMPONENTS)


class Person:
    """Streams what it believes to own: lanes (actor, its count, 0, 0)."""

    def __init__(self, actor: int) -> None:
        self.actor, self.count = actor, 0
        self.view = OwnershipView(actor)
        self.sender = OwnedStateSender(SCHEMA)

    def messages(self) -> list[OwnedState]:
        self.count += 1
        owned = self.view.owned
        lanes = np.tile(np.array([self.actor, self.count, 0, 0]), (len(owned), 1))
        written = {MOTION: Written(np.array(owned, np.uint64), lanes, ())}
        ownerships = [self.view.holding(entity).ownership for entity in owned]
        return self.sender.messages(0.0, self.count, owned, ownerships, written)


@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(1, 40), st.sampled_from((0.0, 0.3)))
@settings(max_examples=40)
def test_rep_67_only_the_owner_of_the_moment_moves_an_entity(seed: int, count: int, entities: int, loss: float) -> None:
    random, world = Random(seed), World()
    table = OwnershipTable(world)
    intake = OwnedStateIntake(SCHEMA, table, [MOTION])
    things: Entities = world.spawn_many(entities)
    people = {actor: Person(actor) for actor in range(1, count + 1)}
    values: dict[int, tuple[int, int]] = {}
    under_way: list[tuple[int, OwnedState]] = []
    for now in range(60):
        actor = random.choice(list(people))
        view = people[actor].view
        thing = random.choice(things.tolist())
        random.choice((view.grab, view.touch, view.release))(now, thing)
        settle(now, table, people)
        under_way += [(actor, each) for actor, person in people.items() for each in person.messages()]
        random.shuffle(under_way)
        late = [under_way.pop() for _ in range(random.randint(0, len(under_way)))]
        for sender, message in late:
            if random.random() >= loss:
                take(now, table, intake, sender, message, values)
    owned = {entity: table.holding(entity).owner for entity in things.tolist()}
    for actor, person in people.items():
        for message in person.messages():
            take(99.0, table, intake, actor, message, values)
    for entity, owner in owned.items():
        if owner:
            assert values[entity] == (owner, people[owner].count), "the owner's newest is what is here in the end"
    assert intake.counts["taken"] or not any(owned.values())


def settle(now: float, table: OwnershipTable, people: dict[int, Person]) -> None:
    """The room hears of the claims at once; its answers come at once, to everybody."""
    for actor, person in people.items():
        while (request := person.view.poll_message()) is not None:
            entity, numbers = Entity(request.entity), (request.ownership, request.authority)
            if isinstance(request, ClaimOwnership):
                verdict = table.handle_claim(now, entity, actor, *numbers)
            else:
                verdict = table.handle_release(now, entity, actor, *numbers)
            told = answer(request, verdict)
            assert isinstance(told, OwnershipChanged)
            for other in people.values():
                other.view.handle_changed(now, told)


def take(
    now: float,
    table: OwnershipTable,
    intake: OwnedStateIntake,
    sender: int,
    message: OwnedState,
    values: dict[int, tuple[int, int]],
) -> None:
    """What the room takes is its owner's, and newer than what that one told before."""
    for written in intake.handle_owned(now, sender, message).written.values():
        for entity, (actor, count, *_) in zip(written.entities.tolist(), written.lanes.tolist(), strict=True):
            assert sender == actor == table.holding(entity).owner
            before = values.get(entity, (0, 0))
            assert before[0] != actor or before[1] < count
            values[entity] = (actor, count)
