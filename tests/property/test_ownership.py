"""Claims that are lost, repeated and late: in the end everybody agrees with the room, and one of two grabs wins."""

from dataclasses import dataclass
from random import Random
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theta.base.limits import OWNERSHIP_IDLE_SECONDS_MAX
from theta.ecs.component import Column, Plane, component
from theta.ecs.world import World
from theta.replication.ownership import Grip, OwnershipTable, answer, row_of
from theta.replication.ownership_view import OwnershipView
from theta.wire.message import Message
from theta.wire.ownership_messages import ClaimOwnership, OwnershipChanged, OwnershipRefused, ReleaseOwnership

STEP_SECONDS = 0.1


@component("test.ownership.Ball", plane=Plane.STATE)
@dataclass(frozen=True)
class Ball:
    weight: Annotated[int, Column("<u4")] = 0


class Company:
    """A room and its participants, with a bad network between them."""

    def __init__(self, random: Random, participants: int, entities: int, loss: float) -> None:
        self.random, self.loss, self.now = random, loss, 0.0
        world = World()
        self.table = OwnershipTable(world)
        self.entities = [world.spawn(Ball()) for _ in range(entities)]
        self.views = {actor: OwnershipView(actor) for actor in range(1, participants + 1)}
        self.to_room: list[tuple[float, int, Message]] = []
        self.to_views: list[tuple[float, int, Message]] = []

    def send(self, line: list[tuple[float, int, Message]], actor: int, message: Message) -> None:
        """None, one or two copies, each late by some steps."""
        line += [
            (self.now + self.random.random() * 5 * STEP_SECONDS, actor, message)
            for _ in range(self.random.choice((1, 1, 1, 2)))
            if self.random.random() >= self.loss
        ]

    def due(self, line: list[tuple[float, int, Message]]) -> list[tuple[float, int, Message]]:
        found = sorted((each for each in line if each[0] <= self.now), key=lambda each: each[0])
        line[:] = [each for each in line if each[0] > self.now]
        return found

    def act(self) -> None:
        """Somebody does something."""
        view = self.random.choice(list(self.views.values()))
        entity = self.random.choice(self.entities)
        self.random.choice((view.grab, view.touch, view.release))(self.now, entity)
        if self.random.random() < 0.2:
            view.release(self.now, entity, keep=True)

    def step(self) -> None:
        self.now += STEP_SECONDS
        for actor, view in self.views.items():
            view.handle_timeout(self.now)
            for message in iter(view.poll_message, None):
                self.send(self.to_room, actor, message)
            while view.poll_correction() is not None:
                pass
        for _, actor, message in self.due(self.to_room):
            self.ask(actor, message)
        changed = [row_of(each) for each in self.table.poll_changed()]
        if changed:
            for actor in self.views:
                self.send(self.to_views, actor, OwnershipChanged(changed))
        for _, actor, message in self.due(self.to_views):
            if isinstance(message, OwnershipChanged):
                self.views[actor].handle_changed(self.now, message)
            elif isinstance(message, OwnershipRefused):
                self.views[actor].handle_refused(self.now, message)

    def ask(self, actor: int, message: Message) -> None:
        entity = self.entities[0]
        if isinstance(message, ClaimOwnership):
            entity = next(each for each in self.entities if each == message.entity)
            verdict = self.table.handle_claim(self.now, entity, actor, message.ownership, message.authority)
        else:
            assert isinstance(message, ReleaseOwnership)
            entity = next(each for each in self.entities if each == message.entity)
            numbers = message.ownership, message.authority
            verdict = self.table.handle_release(self.now, entity, actor, *numbers, message.keep)
        self.send(self.to_views, actor, answer(message, verdict))

    def heal(self) -> None:
        """No more losses, and everybody is told everything once, as after a lost connection."""
        self.loss = 0.0
        everything = OwnershipChanged([row_of(each) for each in self.table.holdings()])
        for actor in self.views:
            self.send(self.to_views, actor, everything)
        for _ in range(60):
            self.step()

    def assert_agreed(self) -> None:
        for entity in self.entities:
            holding = self.table.holding(entity)
            assert {view.holding(entity) for view in self.views.values()} == {holding}
            owners = [actor for actor, view in self.views.items() if view.owns(entity)]
            assert owners == ([holding.owner] if holding.owner else [])
        assert all(view.timeout is None for view in self.views.values()), "nothing is asked any more"


@given(
    st.integers(0, 2**32),
    st.integers(2, 5),
    st.integers(1, 3),
    st.sampled_from((0.0, 0.2, 0.5)),
    st.integers(1, 150),
)
@settings(max_examples=60)
def test_rep_65_after_losses_and_repetitions_everybody_agrees_with_the_room(
    seed: int, participants: int, entities: int, loss: float, steps: int
) -> None:
    company = Company(Random(seed), participants, entities, loss)
    for _ in range(steps):
        if company.random.random() < 0.6:
            company.act()
        company.step()
    company.heal()
    company.assert_agreed()


@given(st.integers(0, 2**32), st.integers(2, 6), st.sampled_from((0.0, 0.4)))
@settings(max_examples=60)
def test_rep_61_of_all_who_grab_at_once_one_has_it_everywhere(seed: int, participants: int, loss: float) -> None:
    company = Company(Random(seed), participants, 1, loss)
    (entity,) = company.entities
    for view in company.views.values():
        view.grab(company.now, entity)
    for _ in range(20):
        company.step()
    company.heal()
    company.assert_agreed()
    holding = company.table.holding(entity)
    assert holding.grip is Grip.GRABBED
    assert holding.owner in company.views
    assert (holding.ownership, holding.authority) == (1, 0), "the others did not try again"


@pytest.mark.parametrize("seed", range(4))
def test_rep_64_what_was_left_behind_is_everybodys_again(seed: int) -> None:
    company = Company(Random(seed), 3, 2, 0.3)
    for _ in range(80):
        company.act()
        company.step()
    company.table.handle_timeout(company.now + OWNERSHIP_IDLE_SECONDS_MAX)
    company.heal()
    company.assert_agreed()
