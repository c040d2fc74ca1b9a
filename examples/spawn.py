"""Spawn a ring of 500 things in the room that runs on this machine, and carry one of them around in a circle.

Start a room, with a world of its own or without: `theta serve`. Then run this, and watch on the page.
"""

import asyncio
import math
import sys

import numpy as np

import theta
from theta import Batch, Pose, Shape, ShapeKind

COUNT, SECONDS, HERTZ = 500, 6.0, 30.0


async def main(link: str) -> None:
    """Join, spawn, grab one and move it, let go, and take everything away again."""
    async with theta.connect(link, name="spawn") as room:
        angles = np.linspace(0.0, 2.0 * np.pi, COUNT, endpoint=False)
        ring = np.stack((4.0 * np.cos(angles), 1.0 + 0.3 * np.sin(7.0 * angles), 4.0 * np.sin(angles)), axis=1)
        colours = np.round(127.5 + 127.5 * np.cos(angles[:, None] - (0.0, 2.1, 4.2))).astype(np.uint8)
        beads = await room.spawn_many(COUNT, Batch(Pose, translation=ring), Batch(Shape, colour=colours))
        lamp = await room.spawn(Pose((0.0, 1.2, -2.0)), Shape(ShapeKind.SPHERE, (0.4, 0.4, 0.4), (255, 220, 80)))
        async with room.grabbed(lamp):
            for step in range(round(SECONDS * HERTZ)):
                if not room.holds(lamp):  # somebody else took it
                    break
                angle = math.pi * step / HERTZ
                room.write(lamp, Pose((2.0 * math.sin(angle), 1.2, -2.0 * math.cos(angle))))
                await asyncio.sleep(1.0 / HERTZ)
        place = room.world.read(lamp, Pose).translation
        print(f"{room.world.entity_count} entities are around here, and the lamp is at {place}")
        await room.despawn([lamp, *beads.tolist()])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"))
