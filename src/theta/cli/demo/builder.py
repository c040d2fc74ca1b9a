"""One of the demo's builders at work: its part played in a room, through the same client that everybody has."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np

from theta.adapters.client import ConnectionFailed, Entity, RoomClient
from theta.base.errors import InvalidValue, UsageError
from theta.base.limits import PRESENCE_HERTZ
from theta.cli.demo.motion import Doing, Drag, Floor, Stance, between, ease, pose, walk
from theta.cli.demo.scene import BACK, COLOURS, DOWN, FRONT, LEFT, RIGHT, UP, Pull, Shift, Thing
from theta.cli.demo.script import Action, Beat, BringBack, Carry, Make, Paint, Part, Say, Shape, TakeBack
from theta.editor.vocabulary import Vector3

HURRIED_SHARE = 0.35
"""Of its time, what a beat takes at least when its builder is late."""

SIDES = (LEFT, RIGHT, DOWN, UP, BACK, FRONT)
Impression = tuple[object, ...]


class LeftAlone(UsageError):
    """Somebody else took hold of it, or took it away: a builder leaves it to them."""


class Progress:
    """Which beats are over, and how far the log was then: what the builders wait for in each other."""

    def __init__(self) -> None:
        self._over: dict[str, asyncio.Future[int]] = {}

    def handle_over(self, key: str, seq: int) -> None:
        """The beat of this key is over, done or not, at this record."""
        future = self._of(key)
        if not future.done():
            future.set_result(seq)

    async def over(self, key: str) -> int:
        """The record at which the beat of this key was over."""
        return await asyncio.shield(self._of(key))

    def _of(self, key: str) -> asyncio.Future[int]:
        return self._over.setdefault(key, asyncio.get_running_loop().create_future())


class Builder:
    """Plays `part` in `room`.

    Args:
        part: what to do.
        room: entered already, as the part's name.
        progress: shared by all builders.
        tell: called with what was done, in words, as it is done.
    """

    def __init__(self, part: Part, room: RoomClient, progress: Progress, tell: Callable[[str], None]) -> None:
        self.part = part
        self.skipped: list[str] = []
        """What was not done, because somebody else was there first."""
        self.room = room
        self._progress = progress
        self._tell = tell
        self._stance = Stance(part.enters, (0.0, 1.2, 0.0))
        self._things: dict[str, Entity] = {}
        self._faces: dict[tuple[str, Vector3], bytes] = {}
        self._impressions: dict[str, Impression] = {}
        self._last_key = ""
        self._last_thing = ""
        self._began = 0.0

    async def play(self, began: float, seconds: float) -> None:
        """Do the whole part within `seconds` from `began` (the event loop's time).

        Raises:
            ConnectionFailed: the room closed the door for good.
        """
        self._began = began
        schedule = self.part.schedule(seconds)
        before = 0.0
        try:
            for beat, end in schedule:
                await self._play_beat(beat, began + end, HURRIED_SHARE * (end - before))
                before = end
        finally:
            for beat, _ in schedule:
                self._progress.handle_over(beat.key, 0)

    async def _play_beat(self, beat: Beat, end: float, seconds_min: float) -> None:
        for key in beat.after:
            seq = await self._while_waiting(self._progress.over(key))
            await self._while_waiting(self._caught_up(seq))
        try:
            await self._act(beat.action, max(end, asyncio.get_running_loop().time() + seconds_min))
            if not isinstance(beat.action, Say):
                self._last_key = beat.key
        except ConnectionFailed:
            raise
        except UsageError as problem:
            self.skipped.append(beat.key)
            self._last_key = ""
            if not isinstance(problem, LeftAlone):
                self._tell(f"goes on ({problem})")
        self._show(self._stance, Doing())
        self._progress.handle_over(beat.key, self.room.head_seq)

    async def _act(self, action: Action, end: float) -> None:
        match action:
            case Make(thing):
                await self._make(thing, end)
            case Carry(thing):
                await self._carry(thing, end)
            case Shape(thing, Pull() as pull):
                await self._pull(thing, pull, end)
            case Shape(thing, Shift() as shift):
                await self._shift(thing, shift, end)
            case Paint(thing, colour):
                await self._paint(thing, colour, end)
            case TakeBack(key):
                await self._take_back(key, end)
            case BringBack(key):
                await self._bring_back(key, end)
            case Say(text):
                await self._animate(self._stance, end, Doing())
                self.room.say(text)
                self._tell(f"says: {text}")

    # -- what can be done ----------------------------------------------------------------------------------------

    async def _make(self, thing: Thing, end: float) -> None:
        at = thing.made_at or thing.at
        await self._animate(Stance(thing.stand, at), end, Doing(), thing.via)
        async with self.room.gesture():
            entity = await self.room.create(
                thing.kind, at=at, rotation=thing.rotation, scale=thing.size, name=thing.name
            )
            await entity.paint(COLOURS[thing.colour])
        self._things[thing.name] = entity
        if thing.shaping:
            self._faces |= {(thing.name, side): entity.faces.nearest_to_normal(side).id for side in SIDES}
        self._remember(thing, at)
        self._tell(f"makes the {thing.name}")

    async def _carry(self, thing: Thing, end: float) -> None:
        entity = self._mine(thing)
        start = entity.position

        def doing(share: float) -> tuple[Stance, Doing]:
            held = between(start, thing.at, ease(share))
            return Stance(thing.stand, held), Doing("move", entity.id, drag=Drag("object", held, entity.rotation))

        await self._drag(doing, end)
        self._mine(thing)
        await entity.place(at=thing.at)
        self._remember(thing, thing.at)
        self._tell(f"carries the {thing.name} into place")

    async def _pull(self, thing: Thing, pull: Pull, end: float) -> None:
        entity, face = self._mine(thing), self._faces[thing.name, pull.direction]
        scale = _along(pull.direction, entity.scale)
        start = self._world_centre(entity, face)

        def doing(share: float) -> tuple[Stance, Doing]:
            metres = pull.metres * ease(share)
            held = tuple(a + metres * way for a, way in zip(start, pull.direction, strict=True))
            drag = Drag("extrude", (metres / scale, 0.0, 0.0))
            return Stance(thing.stand, (held[0], held[1], held[2])), Doing("extrude", entity.id, face, drag)

        await self._drag(doing, end)
        self._mine(thing)
        await entity.extrude_face(face, pull.metres / scale)
        self._remember(thing, entity.position)
        way = {UP: " up", DOWN: " down"}.get(pull.direction, "")
        self._tell(f"pulls the {thing.name}{way} by {pull.metres:g} m")

    async def _shift(self, thing: Thing, shift: Shift, end: float) -> None:
        entity, face = self._mine(thing), self._faces[thing.name, shift.direction]
        start = self._world_centre(entity, face)
        offset = np.array(shift.offset) / np.array(entity.scale)

        def doing(share: float) -> tuple[Stance, Doing]:
            x, y, z = (float(each) * ease(share) for each in offset)
            held = between(start, (start[0] + x, start[1] + y, start[2] + z), 1.0)
            return Stance(thing.stand, held), Doing("move", entity.id, face, Drag("element", (x, y, z)))

        await self._drag(doing, end)
        self._mine(thing)
        corners = entity.mesh.face_vertices(face)
        targets = [np.array(entity.mesh.position(corner)) + offset for corner in corners]
        await entity.move_vertices(corners, targets)
        self._remember(thing, entity.position)
        self._tell(f"leans the {thing.name} a little")

    async def _paint(self, thing: Thing, colour: str, end: float) -> None:
        entity = self.room.find(thing.name)
        await self._animate(Stance(thing.stand, thing.at), end, Doing("paint", entity.id))
        await entity.paint(COLOURS[colour])
        self._things[thing.name] = entity
        self._remember(thing, entity.position)
        self._tell(f"paints the {thing.name} {colour}")

    async def _take_back(self, key: str, end: float) -> None:
        await self._animate(self._stance, end, Doing())
        if self._last_key != key or not self._is_as_left(self._last_thing):
            raise LeftAlone(f"{key} is not the last thing done any more")
        await self.room.undo()
        self._impressions[self._last_thing] = _impression(self._things[self._last_thing])
        self._tell("undoes that")

    async def _bring_back(self, key: str, end: float) -> None:
        await self._animate(self._stance, end, Doing())
        if self._last_key != key:
            raise LeftAlone(f"{key} was not undone")
        await self.room.redo()
        self._impressions[self._last_thing] = _impression(self._things[self._last_thing])
        self._tell("redoes it")

    # -- leaving others' work alone ------------------------------------------------------------------------------

    def _mine(self, thing: Thing) -> Entity:
        if not self._is_as_left(thing.name):
            raise LeftAlone(f"somebody else took the {thing.name}")
        return self._things[thing.name]

    def _is_as_left(self, name: str) -> bool:
        entity = self._things.get(name)
        return entity is not None and entity.exists and _impression(entity) == self._impressions[name]

    def _remember(self, thing: Thing, at: Vector3) -> None:
        """Note what it looks like now; somebody quick may have moved it away from `at` already."""
        self._last_thing = thing.name
        impression = _impression(self._things[thing.name])
        self._impressions[thing.name] = impression if impression[0] == at else ()

    # -- being seen ----------------------------------------------------------------------------------------------

    def _world_centre(self, entity: Entity, face: bytes) -> Vector3:
        """The middle of a face of something that is turned about the vertical only a little."""
        corners = [entity.mesh.position(corner) for corner in entity.mesh.face_vertices(face)]
        middle = np.array(corners).sum(axis=0) / len(corners) * np.array(entity.scale) + np.array(entity.position)
        return float(middle[0]), float(middle[1]), float(middle[2])

    async def _animate(self, goal: Stance, end: float, doing: Doing, via: tuple[Floor, ...] = ()) -> None:
        """Walk there and look, until `end`."""
        start = self._stance
        await self._frames(lambda share: (walk(start, goal, share, via), doing), end)

    async def _drag(self, doing: Callable[[float], tuple[Stance, Doing]], end: float) -> None:
        """Take hold, pull, and hold still for a moment before letting go."""
        await self._frames(lambda share: doing(share / 0.92), end)

    async def _frames(self, frame: Callable[[float], tuple[Stance, Doing]], end: float) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        while (now := loop.time()) < end:
            self._show(*frame((now - start) / (end - start)))
            await asyncio.sleep(min(end - now, 1.0 / PRESENCE_HERTZ))
        self._show(*frame(1.0))

    def _show(self, stance: Stance, doing: Doing) -> None:
        self._stance = stance
        seconds = asyncio.get_running_loop().time() - self._began
        self.room.show(pose(stance, self.part.eyes_metres, seconds, doing))

    async def _caught_up(self, seq: int) -> None:
        await self.room.wait_until(lambda: self.room.head_seq >= seq)

    async def _while_waiting(self, event: Coroutine[Any, Any, Any]) -> Any:
        """Stand about until `event`, and return what it gives."""
        task = asyncio.ensure_future(event)
        try:
            while not task.done():
                self._show(self._stance, Doing())
                await asyncio.wait((task,), timeout=1.0 / PRESENCE_HERTZ)
            return task.result()
        finally:
            task.cancel()


def _impression(entity: Entity) -> Impression:
    """What tells whether somebody changed a thing."""
    return entity.position, entity.rotation, entity.scale, entity.colour, entity.mesh.positions().tobytes()


def _along(direction: Vector3, scale: Vector3) -> float:
    for way, factor in zip(direction, scale, strict=True):
        if way:
            return factor
    raise InvalidValue("direction", direction, "along one axis")
