"""How a builder stands, looks and points: poses as functions of the time given, for the presence that others see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import asin, atan2, cos, sin

from theta.base.identifiers import ZERO_ID
from theta.editor.vocabulary import Quaternion, Vector3
from theta.replication.presence import (
    DRAGS,
    HEAD_VALID,
    LEFT_VALID,
    RAY_VALID,
    RIGHT_VALID,
    SELECTIONS,
    TOOLS,
    Presence,
)

Floor = tuple[float, float]
"""A point (x, z) on the floor."""

WALK_SHARE = 0.45
STEP_METRES = 0.75
BOB_METRES = 0.025
SWAY_METRES = 0.012
SWAY_HERTZ = 0.23


@dataclass(frozen=True)
class Stance:
    """Where somebody stands, (x, z) on the floor, and what they look and point at, metres."""

    stand: Floor
    target: Vector3


@dataclass(frozen=True)
class Drag:
    """What is held, and how far: see theta.replication.presence.Presence."""

    kind: str
    position: Vector3
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Doing:
    """What somebody is at: the tool, what is selected, and what they drag."""

    tool: str = "select"
    entity: bytes = ZERO_ID
    element: bytes = ZERO_ID
    drag: Drag | None = None


def ease(share: float) -> float:
    """From 0 to 1 with a soft start and end."""
    held = min(1.0, max(0.0, share))
    return held * held * (3.0 - 2.0 * held)


def between(start: Vector3, end: Vector3, share: float) -> Vector3:
    """The point that far along from `start` to `end`."""
    x, y, z = (a + (b - a) * share for a, b in zip(start, end, strict=True))
    return x, y, z


def walk(start: Stance, end: Stance, share: float, via: Sequence[Floor] = ()) -> Stance:
    """The stance at a share of a beat: first walks there, the eyes ahead of the feet."""
    feet = along((start.stand, *via, end.stand), ease(share / WALK_SHARE))
    return Stance(feet, between(start.target, end.target, ease(share / (WALK_SHARE * 0.7))))


def along(path: Sequence[Floor], share: float) -> Floor:
    """The point at a share of the length of a path with at least two points."""
    lengths = [((x2 - x1) ** 2 + (z2 - z1) ** 2) ** 0.5 for (x1, z1), (x2, z2) in pairwise(path)]
    left = share * sum(lengths)
    for ((x1, z1), (x2, z2)), length in zip(pairwise(path), lengths, strict=True):
        if left <= length and length > 0.0:
            return (x1 + (x2 - x1) * left / length, z1 + (z2 - z1) * left / length)
        left -= length
    return path[-1]


def pose(stance: Stance, eyes_metres: float, seconds: float, doing: Doing) -> Presence:
    """The presence row of somebody who stands like this: head, both hands, and a ray from the right one.

    Args:
        stance: where they stand and look.
        eyes_metres: how high their eyes are.
        seconds: since the beginning, so that nobody stands quite still.
        doing: what they are at.
    """
    x, z = stance.stand
    sway = sin(6.2832 * SWAY_HERTZ * seconds + eyes_metres * 9.0)
    bob = BOB_METRES * abs(sin(3.1416 * (x + z) / STEP_METRES))
    head = (x + SWAY_METRES * sway, eyes_metres + bob + 0.4 * SWAY_METRES * sway, z)
    yaw, _ = _angles(head, stance.target)
    held = doing.drag is not None
    right = _hand(head, yaw, 0.23, -0.36 if held else -0.42, 0.42 if held else 0.34)
    left = _hand(head, yaw, -0.23, -0.4 if held else -0.56, 0.36 if held else 0.16 + 0.03 * sway)
    row = Presence(
        actor=0,
        sequence=0,
        flags=HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID,
        tool=TOOLS.index(doing.tool),
        selection=SELECTIONS.index(
            "face" if doing.element != ZERO_ID else "object" if doing.entity != ZERO_ID else "none"
        ),
        head_position=head,
        head_rotation=facing(head, stance.target),
        ray_origin=right,
        ray_direction=direction(right, stance.target),
        selected_entity=doing.entity,
        selected_element=doing.element,
        left_position=left,
        left_rotation=facing(left, stance.target) if held else _turned(yaw, -0.5),
        right_position=right,
        right_rotation=facing(right, stance.target),
    )
    if doing.drag is None:
        return row
    kind = DRAGS.index(doing.drag.kind)
    return replace(row, drag=kind, drag_position=doing.drag.position, drag_rotation=doing.drag.rotation)


def direction(start: Vector3, end: Vector3) -> Vector3:
    """The unit vector from `start` to `end`; ahead (-z) where they are one."""
    x, y, z = (b - a for a, b in zip(start, end, strict=True))
    length = (x * x + y * y + z * z) ** 0.5
    return (x / length, y / length, z / length) if length > 1e-6 else (0.0, 0.0, -1.0)


def facing(start: Vector3, end: Vector3) -> Quaternion:
    """The rotation, without roll, of what stands at `start` and looks (along its -z) at `end`."""
    return _turned(*_angles(start, end))


def _angles(start: Vector3, end: Vector3) -> tuple[float, float]:
    x, y, z = direction(start, end)
    return atan2(-x, -z), asin(max(-1.0, min(1.0, y)))


def _turned(yaw: float, pitch: float) -> Quaternion:
    """About the vertical, then up; radians."""
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = sin(yaw / 2), cos(yaw / 2), sin(pitch / 2), cos(pitch / 2)
    return (cos_yaw * sin_pitch, sin_yaw * cos_pitch, -sin_yaw * sin_pitch, cos_yaw * cos_pitch)


def _hand(head: Vector3, yaw: float, right: float, up: float, ahead: float) -> Vector3:
    """A point beside the head, in the directions of a body that is turned by `yaw`."""
    x, y, z = head
    return (x + right * cos(yaw) - ahead * sin(yaw), y + up, z - right * sin(yaw) - ahead * cos(yaw))
