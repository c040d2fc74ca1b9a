"""What this participant moves by differences, shown at once and made to agree with the room (REP-72, REP-73)."""

from typing import Any

from numpy.typing import NDArray

from theta.ecs.entities import Entity
from theta.ecs.world import World
from theta.replication.prediction import Pose as Place
from theta.replication.prediction import Prediction, step_by
from theta.replication.standard import Pose


class StatePredicting:
    """Held entities that are moved by differences, by the room's ids; `Pose`s in the world are theirs while they are.

    Args:
        world: the participant's.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._predicted: dict[int, tuple[Entity, Prediction[Place]]] = {}
        self._written: dict[int, Pose] = {}
        self._answers: dict[int, Place] = {}

    def __contains__(self, remote: int) -> bool:
        return remote in self._predicted

    def move_by(self, now: float, remote: int, entity: Entity, change: Place, sequence: int) -> None:
        """An entity moves by a difference; `sequence` is that of the message that will tell it."""
        self._check_unmoved()
        if remote not in self._predicted:
            pose = self._world.read(entity, Pose)
            begin = Place(_three(pose.translation), _four(pose.rotation))
            self._predicted[remote] = entity, Prediction(now, begin, step_by)
        self._predicted[remote][1].handle_input(sequence, change)
        self._write(remote)

    def note_answer(self, remote: int, translation: NDArray[Any], rotation: NDArray[Any]) -> None:
        """The room told a pose of an entity."""
        if remote in self._predicted:
            self._answers[remote] = Place(_three(translation.tolist()), _four(rotation.tolist()))

    def handle_input(self, now: float, sequence: int) -> None:
        """What was noted came with inputs up to `sequence` taken: go on from there."""
        self._check_unmoved()
        for remote, place in self._answers.items():
            if remote in self._predicted:
                self._predicted[remote][1].handle_answer(now, sequence, place)
                self._write(remote)
        self._answers.clear()

    def shown(self, now: float, remote: int) -> Place | None:
        """Where to show an entity; None where it is not moved by differences."""
        self._check_unmoved()
        found = self._predicted.get(remote)
        return found[1].shown(now) if found is not None else None

    def forget(self, remote: int) -> None:
        """An entity is this participant's no longer, or is put somewhere by it."""
        self._predicted.pop(remote, None)
        self._written.pop(remote, None)
        self._answers.pop(remote, None)

    def _write(self, remote: int) -> None:
        entity, prediction = self._predicted[remote]
        self._world.write(entity, Pose(*prediction.pose))
        self._written[remote] = self._world.read(entity, Pose)

    def _check_unmoved(self) -> None:
        """Where somebody wrote another pose into the world, that counts."""
        for remote, (entity, _) in list(self._predicted.items()):
            if not self._is_as_written(remote, entity):
                self.forget(remote)

    def _is_as_written(self, remote: int, entity: Entity) -> bool:
        world = self._world
        return world.contains(entity) and world.has(entity, Pose) and world.read(entity, Pose) == self._written[remote]


def _three(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(each) for each in values)
    return x, y, z


def _four(values: Any) -> tuple[float, float, float, float]:
    x, y, z, w = (float(each) for each in values)
    return x, y, z, w
