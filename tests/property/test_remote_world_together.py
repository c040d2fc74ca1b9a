"""Whoever gets several components at once has the same afterwards as with one after the other: on random updates."""

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.state_owning import COMPONENTS, DECLARED
from theta.ecs.component import component_type
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity
from theta.ecs.relations import ChildOf
from theta.ecs.world import World
from theta.replication.descriptors import SessionComponents, component_descriptors
from theta.replication.receiving import StateUpdate, Written
from theta.replication.remote_world import RemoteWorld, WorldListener
from theta.replication.standard import Shape

MEDDLED = Shape
"""What somebody here gives the room's entities."""


class Heard(WorldListener):
    """Everything that is told of values, by component and entity."""

    def __init__(self, shown: RemoteWorld, withheld: set[int]) -> None:
        self.written: dict[tuple[str, int | None], list[list[object]]] = {}
        self._shown = shown
        self._withheld = withheld

    def withhold(self, number: int, written: Written, rows: np.ndarray) -> np.ndarray | None:
        found = np.isin(written.entities[rows], list(self._withheld)) & (number % 2 == 0)
        return found if found.any() else None

    def handle_written(self, tick: int, declared: type[object], entities: Entities, values: Values) -> None:
        for at, entity in enumerate(entities.tolist()):
            row = [np.asarray(array[at]).tolist() for array in values.values()]
            key = declared.__name__, self._shown.remote(Entity(entity))
            self.written.setdefault(key, []).append(row)


class Side:
    """A world with the room's entities in it."""

    def __init__(self, withheld: set[int]) -> None:
        session = SessionComponents()
        session.handle_descriptors(component_descriptors(COMPONENTS))
        self.shown = RemoteWorld(World(), session)
        self.shown.listener = self.heard = Heard(self.shown, withheld)

    def told(self) -> object:
        """Everything that can be seen here, by the room's ids."""
        world, shown = self.shown.world, self.shown
        found = {}
        for entity in map(Entity, shown.entities.tolist()):
            having = [each for each in DECLARED if world.has(entity, each)]
            values = {each.__name__: world.read(entity, each) for each in having if each is not ChildOf}
            parent = world.parent_of(entity)
            found[shown.remote(entity)] = values, parent and shown.remote(parent)
        return found, self.heard.written, shown.misfits, len(shown)


def written(generator: np.random.Generator, entities: list[int]) -> list[tuple[int, Written]]:
    """Values of some components for some of these each."""
    found = []
    for number, component in enumerate(COMPONENTS, 1):
        share = generator.choice([0.0, 0.5, 1.0], p=[0.2, 0.4, 0.4])
        chosen = [each for each in entities if generator.random() < share]
        if generator.random() < 0.5:
            generator.shuffle(chosen)
        if not chosen:
            continue
        lanes = generator.integers(-100, 100, (len(chosen), component.lanes.lane_count))
        if component is component_type(ChildOf):
            lanes[:] = generator.choice([0, *entities], (len(chosen), 1))
        words = (b"", b"a", b"bc", b"\xff")
        objects = tuple(
            tuple(words[at] for at in generator.integers(0, 4, len(chosen))) for _ in component.lanes.objects
        )
        found.append((number, Written(np.array(chosen, np.uint64), lanes, objects)))
    return found


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_rep_22_components_that_come_at_once_are_shown_as_one_after_the_other(seed: int) -> None:
    generator = np.random.default_rng(seed)
    withheld = set(generator.choice(60, 5).tolist()) if generator.random() < 0.5 else set()
    withheld = {1 << 32 | each for each in withheld}
    sides = Side(withheld), Side(withheld)
    living: list[int] = []
    for _ in range(5):
        slots = generator.choice(60, int(generator.integers(0, 20)), replace=False).tolist()
        spawned = [each for each in (1 << 32 | slot for slot in slots) if each not in living]
        ended = [each for each in living if generator.random() < 0.2]
        entities = [each for each in living + spawned if each not in ended]
        update = StateUpdate(1, spawned, [], written(generator, entities), ended)
        announced = [each for each in spawned if generator.random() < 0.2]
        for side in sides:
            for each in announced:
                entity = side.shown.announce(each)
                side.shown.world.insert(entity, MEDDLED())
        sides[0].shown.handle_update(update)
        with patch.object(RemoteWorld, "_write_together", one_after_the_other):
            sides[1].shown.handle_update(update)
        living = entities
        assert sides[0].told() == sides[1].told()


def one_after_the_other(self: RemoteWorld, written: list[tuple[int, Written]]) -> None:
    for number, each in written:
        self.write(number, each)
