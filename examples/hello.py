"""Make a small house in the room that runs on this machine: start `make serve`, then run this."""

import asyncio

import theta


async def main() -> None:
    """Join, build, undo the last step, and leave the rest for everybody."""
    async with theta.connect("http://localhost:8080", name="hello") as room:
        house = await room.create("cube", size=0.5, at=(0, 0.25, -1), name="house")
        top = house.faces.nearest_to_normal((0, 1, 0))
        await house.extrude_face(top, distance=0.25)
        await house.paint((0.9, 0.3, 0.1))
        await room.create("pyramid", size=0.5, at=(0, 1.0, -1), name="roof")
        await house.paint((0.1, 0.3, 0.9))
        await room.undo()
        print(f"{len(room.entities)} objects in {room.name!r}, document hash {room.document_hash}")


if __name__ == "__main__":
    asyncio.run(main())
