"""What a participant does itself is shown at once, and made to agree with the room without a jump (REP-72, REP-73).

For what one person holds: a few objects, not columns. `step` says what an input does; it is called again for inputs
that the room has not answered, so it must depend on its arguments only. Arithmetic is float64 in the written order.
"""

from collections import deque
from collections.abc import Callable
from math import sqrt
from typing import Generic, NamedTuple, TypeVar

from theta.base.limits import CORRECTION_METRES_MAX, CORRECTION_SECONDS, PREDICTED_INPUTS_MAX
from theta.replication.ownership import is_newer

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Input = TypeVar("Input")


class Pose(NamedTuple):
    """Where something is: metres, and a unit quaternion x y z w."""

    position: Vector3
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)


NO_CHANGE = Pose((0.0, 0.0, 0.0))


def step_to(_: Pose, wanted: Pose) -> Pose:
    """An input that says where the object is: held in a hand."""
    return wanted


def step_by(pose: Pose, change: Pose) -> Pose:
    """An input that says how the object moves: by a difference in the world, and a turn about itself."""
    (x, y, z), (dx, dy, dz) = pose.position, change.position
    return Pose((x + dx, y + dy, z + dz), normalised(multiplied(change.rotation, pose.rotation)))


class Prediction(Generic[Input]):
    """One object that this participant moves.

    Args:
        now: monotonic seconds.
        pose: where it is when it is taken.
        step: what an input does to a pose.

    Attributes:
        pose: where it is by all that is known, uncorrected.
        dropped: inputs that were given up because PREDICTED_INPUTS_MAX were without an answer.
    """

    def __init__(self, now: float, pose: Pose, step: Callable[[Pose, Input], Pose]) -> None:
        self.pose = pose
        self.dropped = 0
        self._step = step
        self._inputs: deque[tuple[int, Input]] = deque()
        self._answered: int | None = None
        self._error = NO_CHANGE
        self._corrected = now - CORRECTION_SECONDS

    @property
    def unanswered(self) -> int:
        """How many inputs the room has not answered."""
        return len(self._inputs)

    def handle_input(self, sequence: int, what: Input) -> None:
        """This participant moves the object.

        Args:
            sequence: of the message that tells the room, serial and ascending.
            what: the input.
        """
        self.pose = self._step(self.pose, what)
        self._inputs.append((sequence, what))
        if len(self._inputs) > PREDICTED_INPUTS_MAX:
            self._inputs.popleft()
            self.dropped += 1

    def handle_answer(self, now: float, sequence: int, pose: Pose) -> None:
        """The room has the object at `pose`, the inputs up to `sequence` taken.

        An answer that is older than the last one is passed over.
        """
        if self._answered is not None and is_newer(self._answered, sequence):
            return
        self._answered = sequence
        while self._inputs and not is_newer(self._inputs[0][0], sequence):
            self._inputs.popleft()
        shown = self.shown(now)
        self.pose = pose
        for _, what in self._inputs:
            self.pose = self._step(self.pose, what)
        self._error = difference(shown, self.pose)
        x, y, z = self._error.position
        if x * x + y * y + z * z > CORRECTION_METRES_MAX * CORRECTION_METRES_MAX:
            self._error = NO_CHANGE
        self._corrected = now

    def shown(self, now: float) -> Pose:
        """Where to show the object: within CORRECTION_SECONDS, what was shown before an answer becomes `pose`."""
        passed = (now - self._corrected) / CORRECTION_SECONDS
        if passed >= 1.0 or self._error == NO_CHANGE:
            return self.pose
        left = 1.0 - max(passed, 0.0)
        share = left * left * (3.0 - 2.0 * left)
        (x, y, z), (ex, ey, ez) = self.pose.position, self._error.position
        return Pose(
            (x + ex * share, y + ey * share, z + ez * share),
            normalised(multiplied(_part(self._error.rotation, share), self.pose.rotation)),
        )


def difference(one: Pose, other: Pose) -> Pose:
    """What leads from `other` to `one`: the difference of the positions, and the turn."""
    (ax, ay, az), (bx, by, bz) = one.position, other.position
    x, y, z, w = other.rotation
    return Pose((ax - bx, ay - by, az - bz), normalised(multiplied(one.rotation, (-x, -y, -z, w))))


def multiplied(one: Quaternion, other: Quaternion) -> Quaternion:
    """The turn `other`, then the turn `one`."""
    ax, ay, az, aw = one
    bx, by, bz, bw = other
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def normalised(rotation: Quaternion) -> Quaternion:
    """At length 1; (0, 0, 0, 1) where there is no length."""
    x, y, z, w = rotation
    length = sqrt(x * x + y * y + z * z + w * w)
    return (x / length, y / length, z / length, w / length) if length > 0.0 else NO_CHANGE.rotation


def _part(rotation: Quaternion, share: float) -> Quaternion:
    """A part of a turn, the shorter way."""
    x, y, z, w = rotation
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    return normalised((x * share, y * share, z * share, 1.0 + (w - 1.0) * share))
