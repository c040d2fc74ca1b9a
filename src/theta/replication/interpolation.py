"""What receivers show between the ticks that they hear of (REP-68 … REP-71).

`PlaybackClock` says which time of the room to show now, a little in the past, so that there is mostly a sample on
either side of it. `InterpolationBuffer` holds the last samples of one component and works out its values at a time, for
all entities at once. Arithmetic is float64 elementwise in the written order: the page comes to the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import (
    EXTRAPOLATION_SECONDS_MAX,
    INTERPOLATION_DELAY_SECONDS_MAX,
    INTERPOLATION_GAP_SECONDS_MAX,
    INTERPOLATION_JITTERS,
    INTERPOLATION_RATE_CHANGE_MAX,
    INTERPOLATION_RESYNC_SECONDS,
    INTERPOLATION_SAMPLES,
    REST_SECONDS,
    TELEPORT_METRES,
)
from theta.ecs.codecs import SmallestThree
from theta.ecs.component import component_type
from theta.ecs.fields import Column

Floats = NDArray[np.float64]
Slots = NDArray[np.intp]
_SETTLED_SECONDS = REST_SECONDS + EXTRAPOLATION_SECONDS_MAX
_JITTER_SHARE = 16.0
_TRANSIT_SHARE = 64.0
_SLOTS_MIN = 64
_RING = INTERPOLATION_SAMPLES - 1
assert INTERPOLATION_SAMPLES & _RING == 0, "places in the ring are found by a mask"


class PlaybackClock:
    """The room's time as it is shown: it adapts to how unevenly ticks come, and goes back only while all is at rest.

    Args:
        tick_seconds: how long a tick of the room is.

    Attributes:
        jitter: seconds; how far ticks come from when they are due, a running mean as in RFC 3550.
    """

    def __init__(self, tick_seconds: float) -> None:
        self.jitter = 0.0
        self._tick_seconds = tick_seconds
        self._transit: float | None = None
        self._newest = 0
        self._shown: float | None = None
        self._at = 0.0

    @property
    def delay(self) -> float:
        """How far in the past to show, in seconds: a tick and INTERPOLATION_JITTERS times the jitter."""
        return min(self._tick_seconds + INTERPOLATION_JITTERS * self.jitter, INTERPOLATION_DELAY_SECONDS_MAX)

    def handle_tick(self, now: float, tick: int) -> None:
        """Something of this tick came; the first of each counts, and those that come late do not."""
        if tick <= self._newest:
            return
        self._newest = tick
        transit = now - tick * self._tick_seconds
        if self._transit is None or abs(transit - self._transit) > INTERPOLATION_RESYNC_SECONDS:
            self._transit = transit
            return
        off = transit - self._transit
        self._transit += off / _TRANSIT_SHARE
        self.jitter += (abs(off) - self.jitter) / _JITTER_SHARE

    def advance(self, now: float) -> float | None:
        """The time of the room to show now, in seconds from tick 0; None before the first tick.

        It passes at most INTERPOLATION_RATE_CHANGE_MAX faster or slower than time does, but for a jump where it is
        INTERPOLATION_RESYNC_SECONDS off.
        """
        if self._transit is None:
            return None
        wanted = now - self._transit - self.delay
        if self._shown is None or abs(wanted - (self._shown + (now - self._at))) > INTERPOLATION_RESYNC_SECONDS:
            # A room that stood still goes on where it was, and whatever is shown so long after is at rest.
            settled = self._newest * self._tick_seconds + _SETTLED_SECONDS
            self._shown = wanted if self._shown is None or self._shown > settled else max(self._shown, wanted)
        else:
            passed = now - self._at
            change = passed * INTERPOLATION_RATE_CHANGE_MAX
            off = wanted - (self._shown + passed)
            self._shown = self._shown + passed + min(max(off, -change), change)
        self._at = now
        return self._shown


@dataclass(frozen=True)
class Track:
    """A field that is interpolated.

    Attributes:
        name: the field's.
        width: numbers of a row.
        is_rotation: a unit quaternion.
        jump: a difference between two samples, in the field's unit, from which on the entity is shown in the one and
            then in the other.
    """

    name: str
    width: int
    is_rotation: bool = False
    jump: float = inf

    def __post_init__(self) -> None:
        if self.width < 1 or (self.is_rotation and self.width != 4):
            raise InvalidValue(f"{self.name}: width", self.width, "at least 1, and 4 of a rotation")


def tracks_of(declared: type[object], rotations: Sequence[str] = ()) -> tuple[Track, ...]:
    """What can be interpolated of a component: its fields of floats.

    Args:
        declared: the component.
        rotations: fields of four floats that are rotations, besides those with the codec SmallestThree.
    """
    component = component_type(declared)
    found = []
    for field in component.fields:
        if isinstance(field.kind, Column) and field.kind.is_float:
            is_rotation = field.name in rotations or isinstance(field.codec, SmallestThree)
            jump = TELEPORT_METRES if field.name == component.position else inf
            found.append(Track(field.name, field.kind.width, is_rotation, jump))
    return tuple(found)


class InterpolationBuffer:
    """The last INTERPOLATION_SAMPLES samples of a component, by slot.

    Args:
        tracks: the component's fields that are interpolated.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.tracks = tuple(tracks)
        ends = np.cumsum([track.width for track in self.tracks]).tolist()
        self._spans = [(end - track.width, end) for track, end in zip(self.tracks, ends, strict=True)]
        self._width = ends[-1] if ends else 0
        # A slot's samples are a ring; sample `at` of a slot is value slot * INTERPOLATION_SAMPLES + at.
        self._times = np.full((INTERPOLATION_SAMPLES, _SLOTS_MIN), -inf)
        self._values = np.zeros((_SLOTS_MIN * INTERPOLATION_SAMPLES, self._width))
        self._newest = np.zeros(_SLOTS_MIN, np.intp)
        self._known = np.zeros(_SLOTS_MIN, np.intp)

    def handle_samples(self, time: float, slots: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> None:
        """What entities are at a time.

        Args:
            time: of the room, in seconds from tick 0.
            slots: (n,), each once. Where a later sample is here, this one is passed over; one of the same time is
                replaced.
            columns: by track, (n, width) or (n,).
        """
        rows = np.empty((len(slots), self._width))
        for track, (start, end) in zip(self.tracks, self._spans, strict=True):
            rows[:, start:end] = columns[track.name].reshape(len(slots), track.width)
        slots = self._reserved(slots)
        last = self._times[self._newest[slots], slots]
        if (last > time).any():
            fitting = last <= time
            slots, rows, last = slots[fitting], rows[fitting], last[fitting]
        self._put(time, slots, rows, last)

    def handle_rest(self, time: float, slots: NDArray[Any]) -> None:
        """Entities are at a time what their newest sample says; it is not needed, but ends extrapolation early."""
        slots = self._reserved(slots)
        newest = self._newest[slots]
        last = self._times[newest, slots]
        known = (last > -inf) & (last < time)
        rows = self._values[(slots * INTERPOLATION_SAMPLES + newest)[known]]
        self._put(time, slots[known], rows, last[known])

    def forget(self, slots: NDArray[Any]) -> None:
        """The entities of these slots are gone, or do not have the component any more."""
        slots = self._reserved(slots)
        self._times[:, slots] = -inf
        self._known[slots] = 0

    def knows(self, slots: NDArray[Any]) -> NDArray[np.bool_]:
        """Of which slots there are samples, (n,)."""
        known: NDArray[np.bool_] = self._known[self._reserved(slots)] > 0
        return known

    def values_at(self, time: float, slots: NDArray[Any]) -> dict[str, Floats]:
        """The tracks of entities at a time of the room: by name, (n, width).

        Where there is no sample, it is 0 and no rotation. Before the first sample it is the first; between two, what is
        between; after the last, REP-70.
        """
        slots = self._reserved(slots)
        known, newest = self._known.take(slots), self._newest.take(slots)
        later = np.add.reduce(self._times.take(slots, axis=1) > time, axis=0, dtype=np.int8)
        is_past = later == 0
        # Past the newest sample its difference to the one before goes on; before the oldest there is only that.
        before = newest - np.minimum(np.maximum(later, 1), known - 1)
        before &= _RING
        after = np.where(known < 2, newest, (before + 1) & _RING)
        before = np.where(known < 2, newest, before)
        until, since = self._times[after, slots], self._times[before, slots]
        first = self._values.take(slots * INTERPOLATION_SAMPLES + before, axis=0)
        last = self._values.take(slots * INTERPOLATION_SAMPLES + after, axis=0)
        unknown = (known == 0).nonzero()[0]
        if len(unknown):
            until[unknown] = since[unknown] = 0.0
            first[unknown] = last[unknown] = 0.0
        # What was silent for long was at rest until shortly before the later sample.
        since = np.maximum(since, until - INTERPOLATION_GAP_SECONDS_MAX)
        share = self._shares(time, until, since, until - since, is_past)
        jumps = self._jumps(first, last)
        if jumps.any():
            share[jumps] = (time >= until[jumps]).astype(np.float64)
        found = first + (last - first) * share[:, None]
        # At the samples themselves nothing is left to rounding.
        whole = (share == 1.0).nonzero()[0]
        if len(whole):
            found[whole] = last[whole]
        return self._tracks(found, first, last, share)

    # -- within --------------------------------------------------------------------------------------------------------

    def _shares(self, time: float, until: Floats, since: Floats, span: Floats, is_past: NDArray[np.bool_]) -> Floats:
        """How far between the two samples; over 1 is past the later one."""
        usable = span > 0.0
        past = time - until
        # After REST_SECONDS without news it is at rest: it goes back in as long as it went on.
        ahead = np.minimum(past, EXTRAPOLATION_SECONDS_MAX)
        ahead = np.maximum(np.minimum(ahead, REST_SECONDS + EXTRAPOLATION_SECONDS_MAX - past), 0.0)
        elapsed = np.where(is_past, span + ahead, time - since)
        share = np.ones(len(span))
        np.divide(elapsed, span, out=share, where=usable)
        return np.maximum(share, 0.0, out=share)

    def _jumps(self, first: Floats, last: Floats) -> NDArray[np.bool_]:
        found = np.zeros(len(first), np.bool_)
        for track, (start, end) in zip(self.tracks, self._spans, strict=True):
            if track.jump < inf:
                square = np.zeros(len(first))
                for at in range(start, end):
                    square += (last[:, at] - first[:, at]) * (last[:, at] - first[:, at])
                found |= square > track.jump * track.jump
        return found

    def _tracks(self, found: Floats, first: Floats, last: Floats, share: Floats) -> dict[str, Floats]:
        tracks = {}
        for track, (start, end) in zip(self.tracks, self._spans, strict=True):
            values = found[:, start:end]
            if track.is_rotation:
                values = nlerp(first[:, start:end], last[:, start:end], share)
            tracks[track.name] = values
        return tracks

    def _put(self, time: float, slots: Slots, rows: Floats, last: Floats) -> None:
        place = (self._newest[slots] + (last < time)) & _RING
        self._times[place, slots] = time
        self._values[slots * INTERPOLATION_SAMPLES + place] = rows
        self._newest[slots] = place
        self._known[slots] = np.minimum(self._known[slots] + (last < time), INTERPOLATION_SAMPLES)

    def _reserved(self, slots: NDArray[Any]) -> Slots:
        """The slots, and arrays that reach to all of them."""
        count, found = len(self._newest), slots.astype(np.intp)
        needed = int(found.max(initial=-1)) + 1
        if needed > count:
            more = 2 * needed - count
            rows = np.zeros((more * INTERPOLATION_SAMPLES, self._width))
            self._times = np.concatenate([self._times, np.full((INTERPOLATION_SAMPLES, more), -inf)], axis=1)
            self._values = np.concatenate([self._values, rows])
            self._newest, self._known = (
                np.concatenate([each, np.zeros(more, np.intp)]) for each in (self._newest, self._known)
            )
        return found


def nlerp(first: Floats, last: Floats, share: Floats) -> Floats:
    """Rotations (n, 4) between two, or past the latter, on the shorter way; (0, 0, 0, 1) where nothing is left."""
    a, b = first.T, last.T
    sign = np.where(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] < 0.0, -1.0, 1.0)
    x, y, z, w = (one + (other * sign - one) * share for one, other in zip(a, b, strict=True))
    length = np.sqrt(x * x + y * y + z * z + w * w)
    usable = length > 0.0
    found = np.zeros((len(first), 4))
    found[:, 3] = 1.0
    for at, values in enumerate((x, y, z, w)):
        np.divide(values, length, out=found[:, at], where=usable)
    return found
