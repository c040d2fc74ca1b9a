"""Which triangles may be near a ray or a point: boxes around blocks of triangles, and boxes around blocks of boxes.

A wide tree without pointers: a level's boxes are one array, tested many at once. Triangles lie along a Morton curve
(Karras, "Maximizing Parallelism in the Construction of BVHs, Octrees, and k-d Trees", 2012). What changes has the
boxes around it computed again, and what is new fills blocks of its own at the end.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from theta.mesh.orbits import Slots
from theta.mesh.queries.face_triangles import EMPTY, FaceTriangles
from theta.mesh.queries.rays import Ray

# Triangles in a block, and boxes in a box of the level above.
WIDTH = 32
# As many boxes are tested at once without a level above.
TOP = 4096
# Boxes are taken larger by this much of the largest coordinate, far more than rounding can come to.
SLACK = 1e-12
MORTON_BITS = 10
# The half size of a box around nothing: no test finds it, and no arithmetic on it gives inf or NaN.
NOWHERE = -1e100

Numbers = NDArray[np.float64]
Test = Callable[[Numbers], NDArray[np.bool_]]


class TriangleBoxes:
    """Boxes around triangles, which are named by their places."""

    __slots__ = ("_changes", "_levels", "_order", "_room", "_scale", "_triangles", "_used", "_where")

    def __init__(self, triangles: FaceTriangles, positions: Numbers) -> None:
        """Around the triangles there are.

        Args:
            triangles: kept up with by `update`.
            positions: (V, 3) metres by vertex slot.
        """
        self._triangles = triangles
        places = np.flatnonzero(triangles.faces != EMPTY)
        low, high = _extents(triangles.corners[places], positions)
        blocks, levels = _sizes(len(places))
        self._order = np.full(blocks * WIDTH, -1, np.int64)
        self._order[: len(places)] = places[_along_curve(low + high)]
        self._where = np.full(len(triangles.faces) + blocks * WIDTH, -1, np.int64)
        self._where[self._order[: len(places)]] = np.arange(len(places))
        self._used = len(places)
        # Of what changes, some moves far away and makes its block large.
        self._room = blocks * WIDTH
        self._changes = 0
        self._scale = 0.0
        self._levels = [np.empty((6, size)) for size in levels]
        self._refit(np.arange(blocks), positions)

    def update(self, places: Slots, positions: Numbers) -> bool:
        """Keep up with triangles that changed.

        Args:
            places: different ones, written since last time.
            positions: (V, 3) metres by vertex slot.

        Returns:
            False if it takes new boxes by now.
        """
        self._changes += len(places)
        if self._changes > self._room or self._triangles.count > len(self._where):
            return False
        there = self._triangles.faces[places] != EMPTY
        new = places[there & (self._where[places] < 0)]
        if self._used + len(new) > len(self._order):
            return False
        at = self._used + np.arange(len(new))
        self._order[at] = new
        self._where[new] = at
        self._used += len(new)
        at = self._where[places]
        self._refit(np.unique(at[at >= 0] // WIDTH), positions)
        return True

    def along(self, ray: Ray, radius: float) -> Slots:
        """The places of all triangles that come within a radius in metres of a ray, and of others near it."""
        slack = self._slack(ray.origin)
        return self._search(lambda boxes: ray.meets(boxes, radius, slack))

    def around(self, point: Numbers, radius: float) -> Slots:
        """The places of all triangles that come within a radius in metres of a point (3,), and of others near it."""
        limit = radius + self._slack(point)
        return self._search(lambda boxes: _squared_gaps(boxes, point) <= limit * limit)

    def beside(self, point: Numbers) -> Slots:
        """The places of some triangles near a point (3,): none only if there are none at all."""
        nodes = np.arange(self._levels[-1].shape[1])
        for level in reversed(self._levels):
            nodes = _children(nodes[[int(np.argmin(_squared_gaps(level[:, nodes], point)))]])
        return self._places(nodes)

    def _search(self, test: Test) -> Slots:
        nodes = np.flatnonzero(test(self._levels[-1]))
        for level in reversed(self._levels[:-1]):
            nodes = _children(nodes)
            nodes = nodes[test(level[:, nodes])]
        return self._places(_children(nodes))

    def _places(self, positions: Slots) -> Slots:
        places = self._order[positions]
        places = places[places >= 0]
        there: Slots = places[self._triangles.faces[places] != EMPTY]
        return there

    def _slack(self, point: Numbers) -> float:
        return (self._scale + float(np.abs(point).max())) * SLACK

    def _refit(self, nodes: Slots, positions: Numbers) -> None:
        """Compute the boxes of these blocks again, and those around them."""
        places = self._order[_children(nodes)]
        there = places >= 0
        there[there] = self._triangles.faces[places[there]] != EMPTY
        low, high = np.full((len(places), 3), np.inf), np.full((len(places), 3), -np.inf)
        low[there], high[there] = _extents(self._triangles.corners[places[there]], positions)
        for number, level in enumerate(self._levels):
            if number:
                nodes = np.unique(nodes // WIDTH)
                below = self._levels[number - 1][:, _children(nodes)].T
                low, high = below[:, :3] - below[:, 3:], below[:, :3] + below[:, 3:]
            low, high = low.reshape(-1, WIDTH, 3).min(axis=1), high.reshape(-1, WIDTH, 3).max(axis=1)
            full = low[:, 0] <= high[:, 0]
            self._scale = max(self._scale, float(np.abs(low[full]).max(initial=0.0)))
            self._scale = max(self._scale, float(np.abs(high[full]).max(initial=0.0)))
            boxes = np.zeros((6, len(nodes)))
            boxes[3:] = NOWHERE
            centre = low[full] + (high[full] - low[full]) * 0.5
            boxes[:3, full] = centre.T
            boxes[3:, full] = np.maximum(high[full] - centre, centre - low[full]).T
            level[:, nodes] = boxes


def _sizes(count: int) -> tuple[int, list[int]]:
    """How many blocks `count` triangles get, with room for a quarter more, and how many boxes each level."""
    blocks = count // WIDTH + (count >> 2) // WIDTH + WIDTH
    sizes = [blocks]
    while sizes[-1] > TOP:
        sizes.append(-(-sizes[-1] // WIDTH))
    for number in range(len(sizes) - 1, 0, -1):
        sizes[number - 1] = sizes[number] * WIDTH
    return sizes[0], sizes


def _extents(corners: NDArray[np.int32], positions: Numbers) -> tuple[Numbers, Numbers]:
    """The lowest and highest coordinates of triangles (n, 3)."""
    a, b, c = (positions[corners[:, at]] for at in range(3))
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _along_curve(points: Numbers) -> Slots:
    """The order of points (n, 3) along a Morton curve."""
    if not len(points):
        return np.empty(0, np.int64)
    low = points.min(axis=0)
    extent = float((points.max(axis=0) - low).max())
    cells = (points - low) * ((2**MORTON_BITS - 1) / extent if extent > 0.0 else 0.0)
    x, y, z = cells.astype(np.int64).T
    return np.argsort(_apart(x) | _apart(y) << 1 | _apart(z) << 2, kind="stable")


def _apart(bits: Slots) -> Slots:
    """Whole numbers of MORTON_BITS bits with two zeros after each bit."""
    for shift, mask in ((16, 0x030000FF), (8, 0x0300F00F), (4, 0x030C30C3), (2, 0x09249249)):
        bits = (bits | bits << shift) & mask
    return bits


def _children(nodes: Slots) -> Slots:
    children: Slots = (nodes[:, np.newaxis] * WIDTH + np.arange(WIDTH)).reshape(-1)
    return children


def _squared_gaps(boxes: Numbers, point: Numbers) -> Numbers:
    """How far boxes are from a point, squared; 0 inside."""
    gaps = np.maximum(np.abs(boxes[:3] - point[:, np.newaxis]) - boxes[3:], 0.0)
    gaps *= gaps
    squared: Numbers = gaps[0] + gaps[1] + gaps[2]
    return squared
