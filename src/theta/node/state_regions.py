"""A participant's regions, by the numbers that it gave them (REP-80)."""

from typing import NamedTuple

from theta.base.errors import ProtocolError
from theta.node.state_plane import Position, StatePlane
from theta.wire.interest_messages import SubscribeRegion, UnsubscribeRegion

RESAID_SECONDS = 1.0
"""A participant that comes back has so long to say which of its regions it still wants."""


class _Region(NamedTuple):
    """A region's number in the plane, and what it is."""

    number: int
    centre: Position
    radius: float


class StateRegions:
    """One participant's.

    Args:
        plane: where it has a seat.
        peer: whose.
    """

    def __init__(self, plane: StatePlane, peer: int) -> None:
        self._plane = plane
        self._peer = peer
        self._regions: dict[int, _Region] = {}
        self._unsaid: set[int] = set()
        self._unsaid_at = 0.0

    def handle_subscribe(self, message: SubscribeRegion) -> None:
        """It wants to see a region, or to see it elsewhere.

        Raises:
            ProtocolError: too many regions, or out of their limits; what it had stays.
        """
        before = self._regions.get(message.region)
        if before is not None and before[1:] == (message.centre, message.radius):
            self._unsaid.discard(message.region)
            return
        self._unsaid.discard(message.region)
        if before is not None:
            self._plane.handle_region_left(self._peer, before.number)
        try:
            self._regions[message.region] = self._subscribed(message.centre, message.radius)
        except ProtocolError:
            if before is not None:
                self._regions[message.region] = self._subscribed(before.centre, before.radius)
            if not self._unsaid:
                raise
            # What it had before its connection was lost is not to stand in the way of what it wants now.
            self._drop_unsaid()
            self.handle_subscribe(message)

    def handle_unsubscribe(self, message: UnsubscribeRegion) -> None:
        """It wants to see a region no longer.

        Raises:
            ProtocolError: it did not see it.
        """
        if message.region not in self._regions:
            raise ProtocolError(f"UnsubscribeRegion: {message.region} is none of the sender's regions")
        self._drop(message.region)

    def handle_resumed(self, now: float) -> None:
        """It has another connection, and says again what it wants to see."""
        self._unsaid = set(self._regions)
        self._unsaid_at = now

    def handle_tick(self, now: float) -> None:
        """Drop what it did not say again in time."""
        if self._unsaid and now - self._unsaid_at >= RESAID_SECONDS:
            self._drop_unsaid()

    def _subscribed(self, centre: Position, radius: float) -> _Region:
        return _Region(self._plane.handle_region(self._peer, centre, radius), centre, radius)

    def _drop_unsaid(self) -> None:
        for region in self._unsaid.copy():
            self._drop(region)

    def _drop(self, region: int) -> None:
        self._plane.handle_region_left(self._peer, self._regions.pop(region).number)
        self._unsaid.discard(region)
