"""Where peers look: around themselves, and in regions that they subscribed to (INT-7, INT-8)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import (
    COORDINATE_METRES_MAX,
    INTEREST_METRES,
    INTEREST_METRES_MAX,
    INTEREST_METRES_MIN,
    PEERS_MAX,
    REGIONS_PER_PEER_MAX,
)
from theta.interest.scopes import SCOPES

LEAVE_SHARE = 1.1
"""A leave radius is so many times the enter radius."""
VIEWPOINT = 0
"""The region of a peer that goes with it; the others are numbered from 1."""


class Balls(NamedTuple):
    """Everywhere that anybody looks, (n,) each; `centres` are columns (3, n) float64, in metres, radii float64."""

    peers: NDArray[np.int64]
    regions: NDArray[np.int64]
    centres: NDArray[np.float64]
    enter: NDArray[np.float64]
    leave: NDArray[np.float64]


class Regions:
    """The peers, what they may see, and where they look. A failed call raises InvalidValue and changes nothing.

    Args:
        metres_max: how large a peer's own radius may be, and the root of the sum of the squares of its regions' radii:
            what a peer costs grows with the area that it looks at.

    Attributes:
        sees: whether a peer is told of a scope, (PEERS_MAX, scopes) bool.
    """

    def __init__(self, metres_max: float = INTEREST_METRES_MAX) -> None:
        self._metres_max = metres_max
        self.sees = np.zeros((PEERS_MAX, len(SCOPES)), np.bool_)
        self._radius = np.full(PEERS_MAX, np.nan)
        self._centres = np.zeros((PEERS_MAX, 1 + REGIONS_PER_PEER_MAX, 3))
        self._enter = np.full((PEERS_MAX, 1 + REGIONS_PER_PEER_MAX), -1.0)

    def join(self, peer: int, scopes: tuple[int, ...], radius: float = INTEREST_METRES) -> None:
        """A peer comes, or comes with another role; it sees nothing around itself before its first `look`.

        Args:
            peer: its number, 0 to PEERS_MAX − 1.
            scopes: what it is told of, by number.
            radius: how far around itself, metres.

        Raises:
            InvalidValue: a number or radius out of its limits.
        """
        if not 0 <= peer < PEERS_MAX:
            raise InvalidValue("peer", peer, f"from 0 to {PEERS_MAX - 1}")
        self._check_radius(radius, 0.0)
        self.sees[peer] = np.isin(np.arange(len(SCOPES)), scopes)
        self._radius[peer] = radius
        if self._enter[peer, VIEWPOINT] >= 0.0:
            self._enter[peer, VIEWPOINT] = radius

    def leave(self, peer: int) -> None:
        """A peer goes, with all that it subscribed to."""
        self.check_joined(peer)
        self.sees[peer] = False
        self._radius[peer] = np.nan
        self._enter[peer] = -1.0

    def look(self, peers: ArrayLike, positions: ArrayLike) -> None:
        """Say where peers are: `peers` (n,) integers, `positions` (n, 3) metres.

        Raises:
            InvalidValue: a peer that has not joined, or a position out of its limits.
        """
        rows = np.asarray(peers, np.int64)
        found = np.asarray(positions, np.float64)
        if found.shape != (len(rows), 3) or not (np.abs(found) <= COORDINATE_METRES_MAX).all():
            raise InvalidValue("positions", positions, f"({len(rows)}, 3), within {COORDINATE_METRES_MAX} metres")
        inside = (rows >= 0) & (rows < PEERS_MAX)
        if not inside.all() or np.isnan(self._radius[rows]).any():
            raise InvalidValue("peers", peers, "peers that have joined")
        self._centres[rows, VIEWPOINT] = found
        self._enter[rows, VIEWPOINT] = self._radius[rows]

    def subscribe(self, peer: int, centre: tuple[float, float, float], radius: float) -> int:
        """Let a peer see a region as well; returns the region's number, from 1, for `unsubscribe`.

        Raises:
            InvalidValue: no such peer, a centre or radius out of its limits, or too many regions.
        """
        self.check_joined(peer)
        subscribed = self._enter[peer, 1:]
        self._check_radius(radius, float(np.square(subscribed[subscribed > 0.0]).sum()))
        if not all(abs(metres) <= COORDINATE_METRES_MAX for metres in centre):
            raise InvalidValue("centre", centre, f"within {COORDINATE_METRES_MAX} metres of the origin")
        free = np.flatnonzero(subscribed < 0.0)
        if not len(free):
            raise InvalidValue("regions", REGIONS_PER_PEER_MAX + 1, f"at most {REGIONS_PER_PEER_MAX}")
        region = 1 + int(free[0])
        self._centres[peer, region] = centre
        self._enter[peer, region] = radius
        return region

    def unsubscribe(self, peer: int, region: int) -> None:
        """End a region.

        Raises:
            InvalidValue: no such peer or region.
        """
        self.check_joined(peer)
        if not 1 <= region <= REGIONS_PER_PEER_MAX or self._enter[peer, region] < 0.0:
            raise InvalidValue("region", region, "one that the peer subscribed to")
        self._enter[peer, region] = -1.0

    def viewpoint(self, peer: int) -> tuple[tuple[float, float, float], float] | None:
        """Where a peer that has joined is and how far it sees, metres; None before its first `look`."""
        radius = float(self._enter[peer, VIEWPOINT])
        x, y, z = self._centres[peer, VIEWPOINT].tolist()
        return ((x, y, z), radius) if radius >= 0.0 else None

    @property
    def balls(self) -> Balls:
        """Everywhere that anybody looks, by peer, then region."""
        peers, regions = np.nonzero(self._enter >= 0.0)
        enter = self._enter[peers, regions]
        return Balls(peers, regions, self._centres[peers, regions].T, enter, LEAVE_SHARE * enter)

    def check_joined(self, peer: int) -> None:
        """Refuse a peer that is not here.

        Raises:
            InvalidValue: it has not joined.
        """
        if not 0 <= peer < PEERS_MAX or np.isnan(self._radius[peer]):
            raise InvalidValue("peer", peer, "one that has joined")

    def _check_radius(self, radius: float, squares: float) -> None:
        """Refuse a radius, given the sum of the squares of those that the peer has already."""
        if not INTEREST_METRES_MIN <= radius <= self._metres_max:
            raise InvalidValue("radius", radius, f"from {INTEREST_METRES_MIN} to {self._metres_max} metres")
        if radius * radius + squares > self._metres_max * self._metres_max:
            raise InvalidValue("radius", radius, f"such that all squares add up to {self._metres_max} metres squared")
