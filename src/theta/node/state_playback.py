"""What the room's entities look like between its ticks, here (REP-68 …)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.ecs.declaration import Values
from theta.ecs.entities import Entities, slots_of
from theta.interest.priority import TICKS_PER_SECOND
from theta.replication.interpolation import InterpolationBuffer, PlaybackClock, tracks_of
from theta.replication.remote_world import RemoteWorld

TICK_SECONDS = 1.0 / TICKS_PER_SECOND


class StatePlayback:
    """Samples of the components that somebody asked for, and the time at which they are shown.

    Args:
        shown: the room's entities, in their world.
    """

    def __init__(self, shown: RemoteWorld) -> None:
        self._shown = shown
        self._world = shown.world
        self._clock = PlaybackClock(TICK_SECONDS)
        self._buffers: dict[type[object], InterpolationBuffer] = {}
        self._sampled: Entities = np.zeros(0, np.uint64)
        self._tick = 0

    def handle_tick(self, now: float, tick: int) -> None:
        """Something of this tick came."""
        self._tick = max(self._tick, tick)
        self._clock.handle_tick(now, tick)

    def handle_written(self, tick: int, declared: type[object], entities: Entities, values: Mapping[str, Any]) -> None:
        """What entities here are at a tick of the room's."""
        buffer = self._buffers.get(declared)
        if buffer is not None:
            self._put(buffer, tick, entities, values)

    def forget(self, declared: type[object] | None, entities: Entities) -> None:
        """What was said of entities counts no more: of a component, or of all."""
        for each, buffer in self._buffers.items():
            if declared is None or each is declared:
                buffer.forget(slots_of(entities))

    def values(self, now: float, declared: type[object], entities: Entities, as_room: NDArray[np.bool_]) -> Values:
        """A component's columns of entities here, now.

        Args:
            now: monotonic seconds.
            declared: the component.
            entities: (n,), of which all have it.
            as_room: which of them are to be shown between the room's ticks, (n,); the others are as in the world.

        Returns:
            By field (n,) or (n, width); of floats float64.
        """
        slots = slots_of(entities)
        found = self._world.gather(declared, slots)
        buffer = self._buffers.get(declared)
        if buffer is None:
            buffer = self._begin(declared)
        for track in buffer.tracks:
            found[track.name] = found[track.name].astype(np.float64)
        time = self._clock.advance(now)
        rows = (as_room & buffer.knows(slots) & self._is_sampled(entities)).nonzero()[0]
        if time is not None and len(rows):
            for name, values in buffer.values_at(time, slots[rows]).items():
                found[name][rows] = values.reshape(len(rows), *found[name].shape[1:])
        return found

    def _begin(self, declared: type[object]) -> InterpolationBuffer:
        """From now on samples are kept; the first is what is in the world."""
        buffer = self._buffers[declared] = InterpolationBuffer(tracks_of(declared))
        entities = self._shown.entities
        having = entities[self._world.has_many(entities, declared)]
        if len(having) and buffer.tracks:
            self._put(buffer, self._tick, having, self._world.gather(declared, slots_of(having)))
        return buffer

    def _put(self, buffer: InterpolationBuffer, tick: int, entities: Entities, values: Mapping[str, Any]) -> None:
        slots = slots_of(entities)
        missing = int(slots.max(initial=0)) + 1 - len(self._sampled)
        if missing > 0:
            self._sampled = np.concatenate([self._sampled, np.zeros(missing + len(self._sampled), np.uint64)])
        self._sampled[slots] = entities
        buffer.handle_samples(tick * TICK_SECONDS, slots, values)

    def _is_sampled(self, entities: Entities) -> NDArray[np.bool_]:
        """Of which entities the samples in their slots are, (n,): somebody here may have ended the one before."""
        slots = slots_of(entities)
        found = np.zeros(len(slots), np.bool_)
        within = slots < len(self._sampled)
        found[within] = self._sampled[slots[within]] == entities[within]
        return found
