"""What a participant holds, streamed to the room (REP-66, REP-82).

A component of a held entity becomes the participant's own when it is changed here. From then on the room's values of
it are kept apart, and the room is told this one until it tells the same back; a room that has no more to say about it
has it. When the entity is let go of or lost, the room's value counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import OWNED_BODY_BYTES_MAX, OWNED_REPEAT_SECONDS
from theta.ecs.entities import slots_of
from theta.ecs.evolution import RemoteComponent
from theta.ecs.relations import CHILD_OF, OWNED_BY
from theta.ecs.world import World
from theta.interest.priority import TICKS_PER_SECOND
from theta.node.state_encoding import Encoded, StateEncoding
from theta.replication.owned_state import OwnedStateSender
from theta.replication.receiving import Written
from theta.replication.remote_world import RemoteWorld
from theta.wire.ownership_messages import OwnedState

STREAM_SECONDS = 1.0 / TICKS_PER_SECOND
_REPEAT_SECONDS = OWNED_REPEAT_SECONDS / 2.0
"""Twice as often as must be: such a message may be lost."""
_BODY_OVERHEAD_BYTES = 32
_PART_OVERHEAD_BYTES = 16
_NEVER_STREAMED = frozenset((CHILD_OF.name, OWNED_BY.name))

Value = tuple[bytes, tuple[bytes, ...]]
"""One entity's lanes (int64) and object fields."""


@dataclass
class _Component:
    """One component of a held entity: as it is `here`, and as the `room` told it last.

    Once it was changed here, `said` is what the room is told, and `told` what it tells when it has that.
    """

    here: Value
    room: Value
    said: Value | None = None
    told: Value | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the room has nothing to hear."""
        return self.told is None or self.told == self.room


class StateStreaming:
    """The entities that this participant holds, by the room's ids, and what the room is told of them.

    Args:
        world: the participant's.
        shown: the room's entities in it.
        encoding: how their values travel.
        sender: makes the messages.
    """

    def __init__(self, world: World, shown: RemoteWorld, encoding: StateEncoding, sender: OwnedStateSender) -> None:
        self._world = world
        self._shown = shown
        self._encoding = encoding
        self._sender = sender
        self._held: dict[int, dict[int, _Component]] = {}
        self._passed: dict[tuple[int, int], None] = {}
        self._seen: dict[int, tuple[list[int], Encoded]] = {}
        self._tick = 0
        self._due = 0.0
        self._repeat_at = 0.0

    # -- what is held --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, remote: int) -> bool:
        return remote in self._held

    def hold(self, now: float, remote: int) -> None:
        """An entity is this participant's from now on; what it is here now is what the room has."""
        if remote not in self._held:
            if not self._held:
                self._due, self._repeat_at = now + STREAM_SECONDS, now + _REPEAT_SECONDS
            self._held[remote] = {}
            self._read([remote], is_change=False)

    def drop(self, remote: int) -> None:
        """An entity is this participant's no longer: it is shown as the room has it."""
        if remote in self._held:
            self._read([remote], is_change=True)
        for number, component in self._held.pop(remote, {}).items():
            if component.told is not None:
                self._shown.write(number, _written([remote], [component.room]))

    def is_told(self, remote: int) -> bool:
        """Whether the room has all that was changed here."""
        return all(component.is_confirmed for component in self._held.get(remote, {}).values())

    def forget(self, remote: int) -> None:
        """A held entity is not shown any more."""
        self._held.pop(remote, None)

    def changed(self, number: int) -> list[int]:
        """The held entities of which this component is this participant's own."""
        held = ((remote, components.get(number)) for remote, components in self._held.items())
        return [remote for remote, component in held if component is not None and component.told is not None]

    def check_size(self, component: RemoteComponent, encoded: Encoded) -> None:
        """Refuse a value that no message holds.

        Raises:
            InvalidValue: it has too many bytes.
        """
        size = _size(component, sum(len(field[0]) for field in encoded.objects))
        if size > OWNED_BODY_BYTES_MAX:
            raise InvalidValue(component.name, size, f"at most {OWNED_BODY_BYTES_MAX} bytes as it is streamed")

    # -- what changes --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Find what was changed here since the last look. To be done before the room's values are taken."""
        self._read(list(self._held), is_change=True)

    def withhold(self, number: int, written: Written, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
        """Keep the room's values of what is this participant's own; which rows these are, (rows,)."""
        if not self._held:
            return None
        found = np.zeros(len(rows), np.bool_)
        entities = written.entities[rows]
        for at in np.isin(entities, np.array(list(self._held), np.uint64)).nonzero()[0].tolist():
            row, remote = int(rows[at]), int(entities[at])
            value = _value(written.lanes[row], tuple(field[row] for field in written.objects))
            component = self._held[remote].setdefault(number, _Component(value, value))
            component.room = value
            found[at] = component.told is not None
            if not found[at]:
                self._passed[number, remote] = None
        return found if found.any() else None

    def settle(self) -> None:
        """The room's values are in the world: they are no changes of this participant's."""
        if self._passed:
            remotes = [remote for _, remote in self._passed]
            self._passed.clear()
            self._seen.clear()
            self._read([remote for remote in dict.fromkeys(remotes) if remote in self._held], is_change=False)

    # -- what to say ---------------------------------------------------------------------------------------------------

    @property
    def timeout(self) -> float | None:
        """When to call `messages`, in monotonic seconds; None while nothing is held."""
        return self._due if self._held else None

    def messages(self, now: float, ownerships: Mapping[int, int]) -> list[OwnedState]:
        """What to tell the room, if it is time.

        Args:
            now: monotonic seconds.
            ownerships: by which this participant has what it holds.
        """
        if not self._held or now < self._due:
            return []
        self._due = now + STREAM_SECONDS
        self.look()
        self._tick += 1
        open_values = {
            remote: [number for number, each in components.items() if not each.is_confirmed]
            for remote, components in self._held.items()
            if remote in ownerships
        }
        remotes = [remote for remote, numbers in open_values.items() if numbers]
        if now >= self._repeat_at:
            self._repeat_at = now + _REPEAT_SECONDS
            remotes = list(open_values)
        found: list[OwnedState] = []
        self._sender.schema = self._encoding.schema
        while remotes:
            numbers = {remote: self._fitting(remote, open_values[remote]) for remote in remotes}
            found += self._told(now, numbers, ownerships)
            open_values = {remote: open_values[remote][len(numbers[remote]) :] for remote in remotes}
            remotes = [remote for remote in remotes if open_values[remote]]
        return found

    # -- within --------------------------------------------------------------------------------------------------------

    def _told(self, now: float, numbers: Mapping[int, list[int]], ownerships: Mapping[int, int]) -> list[OwnedState]:
        by_number: dict[int, list[int]] = {}
        for remote, some in numbers.items():
            for number in some:
                by_number.setdefault(number, []).append(remote)
        written = {
            number: _written(remotes, [self._said(remote, number) for remote in remotes])
            for number, remotes in by_number.items()
        }
        remotes = list(numbers)
        return self._sender.messages(now, self._tick, remotes, [ownerships[each] for each in remotes], written)

    def _fitting(self, remote: int, numbers: list[int]) -> list[int]:
        """As many of these components as fit in one message, the first in any case: larger ones are never open."""
        size, found = 0, list[int]()
        for number in numbers:
            _, objects = self._said(remote, number)
            size += _size(self._encoding.remote(number), sum(map(len, objects)))
            if found and size > OWNED_BODY_BYTES_MAX:
                break
            found.append(number)
        return found

    def _said(self, remote: int, number: int) -> Value:
        said = self._held[remote][number].said
        assert said is not None, "what was not changed here is confirmed"
        return said

    def _read(self, remotes: Iterable[int], *, is_change: bool) -> None:
        """Look at what held entities are here; what is new is a change of this participant's, or the room's doing."""
        entities = {remote: entity for remote in remotes if (entity := self._shown.local(remote)) is not None}
        alive = self._world.contains_many(list(entities.values())).tolist()
        living = {remote: entity for (remote, entity), lives in zip(entities.items(), alive, strict=True) if lives}
        for number, component, local in self._encoding.declared() if living else ():
            if component.name not in _NEVER_STREAMED:
                having = self._shown.having(number, living)
                for remote in living.keys() - set(having):
                    self._held[remote].pop(number, None)
                if having:
                    ids = np.array([living[remote] for remote in having], np.uint64)
                    columns = self._world.gather(local.made_by, slots_of(ids))
                    encoded = self._encoding.encode(component, columns, len(ids))
                    self._compare(number, component, having, encoded, is_change)

    def _compare(
        self, number: int, component: RemoteComponent, remotes: list[int], encoded: Encoded, is_change: bool
    ) -> None:
        for row in self._unlike_before(number, remotes, encoded):
            remote = remotes[row]
            objects = tuple(field[row] for field in encoded.objects)
            value = _value(encoded.lanes[row], objects)
            held = self._held[remote].get(number)
            if held is None:
                self._held[remote][number] = _Component(value, value)
            elif value != held.here:
                held.here = value
                fits = _size(component, sum(map(len, objects))) <= OWNED_BODY_BYTES_MAX
                if fits and (is_change or held.told is not None):
                    # The room restores what it is told, and tells that: off by a rounding, for some rotations.
                    restored = component.lanes.restore(encoded.lanes[row : row + 1])
                    held.said = value
                    held.told = _value(component.lanes.quantise(restored, 1)[0], objects)

    def _unlike_before(self, number: int, remotes: list[int], encoded: Encoded) -> Iterable[int]:
        """The rows that are not as at the last look at the same entities, or were not there."""
        before = self._seen.get(number)
        self._seen[number] = remotes, encoded
        if before is None or before[0] != remotes or before[1].objects != encoded.objects:
            return range(len(remotes))
        unlike = (before[1].lanes != encoded.lanes).any(axis=1).tolist()
        return [row for row, remote in enumerate(remotes) if unlike[row] or number not in self._held[remote]]


def _size(component: RemoteComponent, object_bytes: int) -> int:
    """At most so many bytes of a message, with what is around it."""
    natural = int(component.lanes.lane_bytes.sum())
    return _BODY_OVERHEAD_BYTES + _PART_OVERHEAD_BYTES + natural + object_bytes + 3 * len(component.lanes.objects)


def _value(lanes: NDArray[np.int64], objects: tuple[bytes, ...]) -> Value:
    return lanes.tobytes(), objects


def _written(remotes: list[int], values: list[Value]) -> Written:
    lanes = np.frombuffer(b"".join(each for each, _ in values), np.int64).reshape(len(values), -1)
    return Written(np.array(remotes, np.uint64), lanes, tuple(zip(*(objects for _, objects in values), strict=True)))
