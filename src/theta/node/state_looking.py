"""Where a participant looks beside around itself, and what it has selected (REP-80, REP-81)."""

from collections import deque
from collections.abc import Iterable

import numpy as np

from theta.base.errors import InvalidValue
from theta.base.limits import REGIONS_PER_PEER_MAX, STATE_SELECTED_MAX
from theta.interest.regions import Regions
from theta.replication.prediction import Vector3
from theta.wire.interest_messages import SelectEntities, SubscribeRegion, UnsubscribeRegion

Looking = SubscribeRegion | UnsubscribeRegion | SelectEntities
_SELF = 0


class StateLooking:
    """Regions outlive sessions; each new connection is told of them again."""

    def __init__(self) -> None:
        self._regions: dict[int, SubscribeRegion] = {}
        self._selected: tuple[int, ...] = ()
        self._messages: deque[Looking] = deque()

    @property
    def regions(self) -> tuple[SubscribeRegion, ...]:
        """Where it looks as well, with the numbers that `subscribe` gave."""
        return tuple(self._regions.values())

    def subscribe(self, centre: Vector3, radius: float) -> int:
        """See what is within `radius` metres of `centre` as well; returns the region's number.

        Raises:
            InvalidValue: over the limits of regions; nothing changes.
        """
        number = next((each for each in range(1, REGIONS_PER_PEER_MAX + 1) if each not in self._regions), 0)
        if not number:
            raise InvalidValue("regions", REGIONS_PER_PEER_MAX + 1, f"at most {REGIONS_PER_PEER_MAX}")
        self._put(number, centre, radius)
        return number

    def move(self, region: int, centre: Vector3, radius: float | None = None) -> None:
        """Look at another place instead, as widely if `radius` is None.

        Raises:
            InvalidValue: no such region, or over the limits of regions; nothing changes.
        """
        self._put(region, centre, self._find(region).radius if radius is None else radius)

    def unsubscribe(self, region: int) -> None:
        """See a region no longer.

        Raises:
            InvalidValue: there is no such region.
        """
        self._find(region)
        del self._regions[region]
        self._messages.append(UnsubscribeRegion(region))

    def select(self, remotes: Iterable[int]) -> None:
        """These of the room's entities are selected, and nothing else.

        Raises:
            InvalidValue: too many; nothing changes.
        """
        found = tuple(remotes)
        if len(found) > STATE_SELECTED_MAX:
            raise InvalidValue("entities", len(found), f"at most {STATE_SELECTED_MAX}")
        self._selected = found
        self._messages.append(self._selection)

    def deselect(self) -> None:
        """What was selected is of a room that is no more."""
        self._selected = ()

    def say_again(self) -> None:
        """The room knows of nothing."""
        self._messages = deque(self._regions.values())
        if self._selected:
            self._messages.append(self._selection)

    def poll_message(self) -> Looking | None:
        """What to send to the room."""
        return self._messages.popleft() if self._messages else None

    def discard(self) -> None:
        """There is no connection: nothing waits, all of it is said again."""
        self._messages.clear()

    @property
    def _selection(self) -> SelectEntities:
        return SelectEntities(np.array(self._selected, "<u8").tobytes())

    def _find(self, region: int) -> SubscribeRegion:
        if region not in self._regions:
            raise InvalidValue("region", region, "one that was subscribed to")
        return self._regions[region]

    def _put(self, number: int, centre: Vector3, radius: float) -> None:
        if len(centre) != len("xyz"):
            raise InvalidValue("centre", centre, "three numbers in metres")
        x, y, z = (float(each) for each in centre)
        put = self._regions | {number: SubscribeRegion(number, (x, y, z), float(radius))}
        # The room's own limits, so that it has nothing to refuse.
        limits = Regions()
        limits.join(_SELF, ())
        for each in put.values():
            limits.subscribe(_SELF, each.centre, each.radius)
        self._regions = put
        self._messages.append(put[number])
