"""A participant's own values as the room's components: what it spawns, and what it says of what it owns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import (
    CELL_ENTITIES_MAX,
    STATE_ENTITIES_MAX,
    STATE_SPAWN_BYTES_MAX,
    STATE_SPAWNED_PER_MESSAGE_MAX,
)
from theta.ecs.codecs import EntityReference, FixedPoint
from theta.ecs.component import ComponentType, component_type
from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, Entity
from theta.ecs.evolution import RemoteComponent
from theta.ecs.placing import checked_batches
from theta.replication.descriptors import SessionComponents
from theta.replication.entity_sections import places_of, stand_ins, write_entities
from theta.replication.receiving import Written
from theta.replication.remote_world import RemoteWorld
from theta.replication.schema import Schema


class Encoded(NamedTuple):
    """Values of one component as they travel: lanes (n, lanes), and n values of each object field."""

    lanes: NDArray[np.int64]
    objects: tuple[tuple[bytes, ...], ...]

    def of(self, entities: Entities) -> Written:
        """As these entities' values, (n,)."""
        return Written(entities, self.lanes, self.objects)


class StateEncoding:
    """How what is declared here is said to the room.

    Args:
        session: the room's components.
        shown: its entities here, for references.
    """

    def __init__(self, session: SessionComponents, shown: RemoteWorld) -> None:
        self._session = session
        self._shown = shown

    @property
    def schema(self) -> Schema:
        """Of the room's components."""
        return self._session.schema

    def remote(self, number: int) -> RemoteComponent:
        """What a number of the session's means."""
        component = self._session.received.find(number)
        assert component is not None
        return component

    def declared(self) -> list[tuple[int, RemoteComponent, ComponentType]]:
        """The room's components that are declared here too, by number."""
        components = enumerate(self._session.components, 1)
        return [(number, each, each.local) for number, each in components if each.local is not None]

    def component(self, declared: type[object]) -> tuple[int, RemoteComponent]:
        """The number by which the room knows a component, and how it declares it.

        Raises:
            UnknownComponent: the class was not declared.
            InvalidValue: this room does not replicate it; says what it does.
        """
        name = component_type(declared).name
        for number, each in enumerate(self._session.components, 1):
            if each.name == name:
                return number, each
        names = ", ".join(each.name for each in self._session.components) or "none so far"
        raise InvalidValue("component", name, f"one that this room replicates: {names}")

    def encode(self, component: RemoteComponent, values: Values, rows: int) -> Encoded:
        """Values of all fields here, as the room has them; entities that they name become the room's, or 0."""
        columns = component.from_local(values, rows)
        for name, codec, _, _ in component.lanes.codecs:
            if isinstance(codec, EntityReference):
                named = [self._shown.remote(Entity(each)) or 0 for each in columns[name].tolist()]
                columns[name] = np.array(named, np.uint64)
        objects = tuple(tuple(kind.encode_rows(columns[name])) for name, kind in component.lanes.objects)
        return Encoded(component.lanes.quantise(columns, rows), objects)

    def check(self, component: RemoteComponent, values: Values) -> None:
        """Refuse what would arrive as something else.

        Raises:
            InvalidValue: a number out of the bounds that its codec can say; names the field.
        """
        for name, codec, _, _ in component.lanes.codecs:
            if isinstance(codec, FixedPoint) and name in values:
                numbers = np.asarray(values[name], np.float64)
                # Written so that a NaN is refused as well.
                outside = ~((numbers >= codec.low) & (numbers <= codec.high))
                if outside.any():
                    limit = f"from {codec.low:g} to {codec.high:g}"
                    raise InvalidValue(f"{component.name}.{name}", float(numbers[outside].flat[0]), limit)

    def spawn_bodies(self, count: int, components: Sequence[object]) -> list[tuple[int, bytes]]:
        """What to ask the room for, for `count` entities with these components: how many each body is of, and the body.

        Args:
            count: 1 to STATE_ENTITIES_MAX.
            components: instances, each for all of them, or `Batch`es with a value for each.

        Raises:
            UnknownComponent, DuplicateComponent, InvalidValue: as for `World.spawn_many`; or the room does not
                replicate a component, or one entity's values do not fit in a message. Nothing was asked.
        """
        if not 1 <= count <= STATE_ENTITIES_MAX:
            raise InvalidValue("count", count, f"from 1 to {STATE_ENTITIES_MAX}")
        if not components:
            raise InvalidValue("components", 0, "at least one: nobody is told of an entity without any")
        encoded: dict[int, Encoded] = {}
        for declaration, values in checked_batches(components, count).values():
            number, component = self.component(declaration.made_by)
            self.check(component, values)
            encoded[number] = self.encode(component, values, count)
        return self._bodies(count, encoded)

    def _bodies(self, count: int, encoded: dict[int, Encoded]) -> list[tuple[int, bytes]]:
        bodies: list[tuple[int, bytes]] = []
        start, most = 0, STATE_SPAWNED_PER_MESSAGE_MAX
        while start < count:
            some = min(most, count - start)
            body = self._body(start, some, encoded)
            if len(body) <= STATE_SPAWN_BYTES_MAX:
                bodies.append((some, body))
                start += some
            elif some == 1:
                raise InvalidValue("components", len(body), f"at most {STATE_SPAWN_BYTES_MAX} bytes for an entity")
            else:
                # As many as would fit if all were as large as these are on average; whole sections where it can be.
                fitting = some * STATE_SPAWN_BYTES_MAX // len(body)
                most = max(min(fitting // CELL_ENTITIES_MAX * CELL_ENTITIES_MAX or fitting, some - 1), 1)
        return bodies

    def _body(self, start: int, count: int, encoded: dict[int, Encoded]) -> bytes:
        ids = stand_ins(count)
        end = start + count
        written = {
            number: Written(ids, each.lanes[start:end], tuple(field[start:end] for field in each.objects))
            for number, each in encoded.items()
        }
        return write_entities(self._session.schema, ids.tolist(), places_of(written), written)
