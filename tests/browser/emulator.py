"""An emulated Quest 3 in the page (IWER): hands that tests move, and what their person sees and feels."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser

from tests.browser.stage import ROOT, TAKES_PICTURES, Visitor, visit

SCRIPTS = (ROOT / "web" / "node_modules" / "iwer" / "build" / "iwer.min.js", Path(__file__).with_name("emulator.js"))
ARTIFACTS = ROOT / "artifacts"
EYES = (0.0, 1.6, 0.0)
SIZE = (960, 600)
"""Of the page, and of both eyes together where they are drawn sharply."""
SETTLING_FRAMES = 3
"""So many frames after a change, everything that follows from it has been done: input is read once a frame."""

Side = Literal["left", "right"]
Point = Sequence[float]


class Headset:
    """One visitor's headset. Places are metres on their own floor, x to the right and -z ahead, or in the world."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page

    async def call(self, expression: str, argument: object = None) -> Any:
        """What an expression of `headset` and `argument` comes to on the page (see emulator.js)."""
        return await self.page.evaluate(f"argument => (headset => ({expression}))(window.headset)", argument)

    async def session(self, expression: str) -> Any:
        """What an expression of `session`, the page's own view of VR, comes to."""
        return await self.page.evaluate(f"() => (session => ({expression}))(window.theta.xr.session)")

    async def frames(self, count: int = SETTLING_FRAMES) -> None:
        """Wait until so many more frames were drawn."""
        await self.call("headset.frames(argument)", count)

    async def until(self, condition: str, argument: object = None, seconds: float = 20) -> None:
        """Wait until a JavaScript condition of `argument` holds."""
        await self.page.wait_for_function(f"argument => ({condition})", arg=argument, timeout=seconds * 1000)

    async def enter(self) -> None:
        """Press the page's button, and stand still with both hands before oneself."""
        await self.head(EYES, (0, 1.6, -1))
        await self.rest()
        await self.visitor.click("enter-vr")
        await self.visitor.until("xr", "immersive")
        await self.frames()

    async def rest(self) -> None:
        """Hold the left hand up as if to read it, and the right one ready, pointing at nothing."""
        await self.call("headset.aim('left', argument[0], argument[1])", [(-0.18, 1.22, -0.38), (-0.18, 1.22, -1.4)])
        await self.call("headset.aim('right', argument[0], argument[1])", [(0.25, 1.2, -0.3), (1.0, 2.4, -0.9)])

    async def head(self, position: Point, at: Point) -> None:
        """Stand at a place and look at another."""
        await self.call("headset.head(argument[0], argument[1])", [list(position), list(at)])

    async def local(self, point: Iterable[float]) -> list[float]:
        """A point of the world, on the person's own floor."""
        found: list[float] = await self.call("headset.local(argument)", [float(value) for value in point])
        return found

    async def world(self, point: Iterable[float]) -> list[float]:
        """A point on the person's own floor, in the world."""
        found: list[float] = await self.call("headset.world(argument)", [float(value) for value in point])
        return found

    async def aim(self, side: Side, at: Iterable[float], start: Point | None = None) -> None:
        """Point a hand at a point of the world, from where it is or from `start`."""
        origin = start or (await self.call("headset.hand(argument).position", side))
        await self.call(
            "headset.aim(argument[0], argument[1], argument[2])", [side, list(origin), await self.local(at)]
        )
        await self.frames()

    async def carry(self, side: Side, by: Point, steps: int = 6) -> None:
        """Move a hand by metres of one's own, without turning it, over some frames."""
        hand = await self.call("headset.hand(argument)", side)
        for step in range(1, steps + 1):
            position = [start + delta * step / steps for start, delta in zip(hand["position"], by, strict=True)]
            await self.call("headset.turned(argument[0], argument[1], argument[2])", [side, position, hand["rotation"]])
            await self.frames(1)
        await self.frames()

    async def press(self, side: Side, button: str) -> None:
        """Hold a button, or pinch; what it does has happened when this returns."""
        await self.call("headset.press(argument[0], argument[1], 1)", [side, button])
        await self.frames()

    async def release(self, side: Side, button: str) -> None:
        """Let go of it."""
        await self.call("headset.press(argument[0], argument[1], 0)", [side, button])
        await self.frames()

    async def tap(self, side: Side, button: str) -> None:
        """Press and let go."""
        await self.press(side, button)
        await self.release(side, button)

    async def push(self, side: Side, x: float, y: float) -> None:
        """Push a thumbstick; -y is forward."""
        await self.call("headset.stick(argument[0], argument[1], argument[2])", [side, x, y])
        await self.frames()

    async def flick(self, side: Side, x: float, y: float = 0) -> None:
        """Push a thumbstick and let it spring back."""
        await self.push(side, x, y)
        await self.push(side, 0, 0)

    async def choose(self, label: str, side: Side = "right", button: str = "trigger") -> None:
        """Press a target of the palette by pointing at it; lengthy labels may be given by their beginning."""
        await self.frames()
        target = await self.call("headset.target(argument)", label)
        assert target is not None, f"no {label!r} on the palette"
        assert target["enabled"], f"{target['label']!r} is not enabled"
        await self.aim(side, target["point"])
        await self.tap(side, button)

    async def hands(self) -> None:
        """Lay the controllers down: bare hands from now on."""
        await self.call("headset.device.primaryInputMode = 'hand'")
        await self.rest()
        await self.frames()

    async def pulses(self) -> list[dict[str, Any]]:
        """What the hands have felt so far."""
        felt: list[dict[str, Any]] = await self.call("headset.pulses")
        return felt

    async def lint(self) -> dict[str, Any]:
        """What the XR lint says of everything that can be seen now."""
        report: dict[str, Any] = await self.page.evaluate("() => window.theta.xr.lint()")
        return report

    async def feet(self) -> list[float]:
        """Where the person stands in the world."""
        x, _, z = await self.world(EYES)
        return [x, 0.0, z]

    async def heading(self) -> float:
        """Which way the person's own floor is turned in the world, in degrees, anticlockwise from above."""
        x, _, z = [a - b for a, b in zip(await self.world((0, 0, -1)), await self.world((0, 0, 0)), strict=True)]
        return math.degrees(math.atan2(-x, -z))

    async def picture(self, name: str) -> None:
        """Keep what both eyes see, if anybody wants that."""
        if TAKES_PICTURES:
            ARTIFACTS.mkdir(parents=True, exist_ok=True)
            await self.frames(2)
            await self.page.screenshot(path=ARTIFACTS / f"{name}.png")


async def visit_in_headset(browser: Browser, link: str, name: str, size: tuple[int, int] = SIZE) -> Headset:
    """Open the link in a headset's browser, as somebody new; they are not in VR yet."""
    visitor = await visit(browser, link, name, SCRIPTS, size)
    await visitor.until("xr", "ready")
    await visitor.page.wait_for_function("() => window.theta.xr !== undefined")
    return Headset(visitor)
