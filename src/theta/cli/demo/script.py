"""What the demo's builders do, in order: made from a seed alone, without a clock and without a room."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from theta.base.limits import INSTANCE_BYTES
from theta.base.randomness import Randomness
from theta.cli.demo.scene import Pull, Shift, Thing, plan_scene
from theta.commands.identity import Identity
from theta.session.colours import PALETTE


@dataclass(frozen=True)
class Make:
    """Create a thing in its colour, as one step for undo."""

    thing: Thing


@dataclass(frozen=True)
class Carry:
    """Take a thing to where it belongs."""

    thing: Thing


@dataclass(frozen=True)
class Shape:
    """Pull or shift a face of a thing."""

    thing: Thing
    shaping: Pull | Shift


@dataclass(frozen=True)
class Paint:
    """Give a thing another colour; it may be somebody else's."""

    thing: Thing
    colour: str


@dataclass(frozen=True)
class TakeBack:
    """Undo, if the last thing done is the beat of this key and nobody changed it since."""

    key: str


@dataclass(frozen=True)
class BringBack:
    """Redo what was taken back."""

    key: str


@dataclass(frozen=True)
class Say:
    """A line in the chat."""

    text: str


Action = Make | Carry | Shape | Paint | TakeBack | BringBack | Say


@dataclass(frozen=True)
class Beat:
    """One thing that somebody does.

    `weight` is how long it takes beside the builder's other beats; `after` are the keys of what must be done before.
    """

    action: Action
    weight: float
    key: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One builder: who it is, how tall, where it comes in, and what it does.

    Its key is no secret: it follows from the seed.
    """

    name: str
    identity: Identity
    instance: bytes
    eyes_metres: float
    enters: tuple[float, float]
    beats: tuple[Beat, ...]

    def schedule(self, seconds: float) -> list[tuple[Beat, float]]:
        """Each beat, and when it should be over, in seconds from the beginning."""
        total = sum(beat.weight for beat in self.beats)
        done, ends = 0.0, []
        for beat in self.beats:
            done += beat.weight
            ends.append((beat, seconds * done / total))
        return ends


MAKE_WEIGHT, CARRY_WEIGHT, SHAPE_WEIGHT, PAINT_WEIGHT, SAY_WEIGHT, UNDO_WEIGHT = 1.0, 1.3, 1.2, 1.0, 0.5, 0.8

HELLO = "Let's build a little cottage. I take the house."
HOW_TO = "To pull walls up as we do: press 2, click a face, and drag its knob."
GARDEN_PLAN = "I plant the garden. Whoever changes something of mine may keep it."
ASK_FOR_PAINT = "Linus, would you paint the door?"
PINK = "Pink, Linus?"
UNDONE = "Undone. Undo takes back my own last step only; your work stays."
TOO_ROUND = "That crown is too round. I undo the last pull."
BETTER_BEFORE = "No, it was better before. Redo!"
LAMP_UP = "The lamp is up. That's all from me."
DONE = "That's it from us. The cottage is yours now: move, pull, paint, or start your own."
TABLE_IDEA = "The table has room for a second cake."
BYE = "And nobody has made a bird house yet. Bye!"


def plan_parts(seed: int) -> tuple[Part, Part, Part]:
    """The three builders and all that they do; the same for the same seed."""
    scene = plan_scene(Randomness(f"theta demo {seed}".encode()))
    door = next(thing for thing in scene.cottage if thing.name == "door")
    return (
        _part("Ada", seed, PALETTE[0], 1.6, (3.7, -0.5), _adas(scene.cottage)),
        _part("Grace", seed, PALETTE[4], 1.52, (3.9, 0.2), _graces(scene.garden)),
        _part("Linus", seed, PALETTE[1], 1.7, (3.7, 0.9), _linuses(scene.yard, door, scene.door_colour)),
    )


def _adas(cottage: tuple[Thing, ...]) -> Iterator[Beat]:
    yield Beat(Say(HELLO), SAY_WEIGHT)
    for thing in cottage:
        if thing.name == "first stone":
            yield Beat(Say(HOW_TO), SAY_WEIGHT)
        yield from _work(thing)
        if thing.name == "door":
            yield Beat(Say(ASK_FOR_PAINT), SAY_WEIGHT, key="asked")
        if thing.name == "roof":
            yield Beat(Say(PINK), SAY_WEIGHT, key="noticed", after=("pink door",))
    yield Beat(Say(DONE), SAY_WEIGHT, key="farewell", after=("garden", "yard"))


def _graces(garden: tuple[Thing, ...]) -> Iterator[Beat]:
    # The lawn is there before anything is planted.
    yield Beat(Say(GARDEN_PLAN), SAY_WEIGHT, after=("lawn",))
    for thing in garden:
        yield from _work(thing)
        if thing.name == "crown":
            last = f"crown {len(thing.shaping)}"
            yield Beat(Say(TOO_ROUND), SAY_WEIGHT)
            yield Beat(TakeBack(last), UNDO_WEIGHT, key="crown undone")
            yield Beat(Say(BETTER_BEFORE), SAY_WEIGHT)
            yield Beat(BringBack("crown undone"), UNDO_WEIGHT)
    yield Beat(Say(TABLE_IDEA), SAY_WEIGHT, key="garden")


def _linuses(yard: tuple[Thing, ...], door: Thing, colour: str) -> Iterator[Beat]:
    for index, thing in enumerate(yard):
        first, *rest = _work(thing)
        yield replace(first, after=("lawn",)) if index == 0 else first
        yield from rest
        if thing.name == "water":
            yield Beat(Paint(door, "hot pink"), PAINT_WEIGHT, key="pink door", after=("door", "asked"))
            yield Beat(TakeBack("pink door"), UNDO_WEIGHT, after=("noticed",))
            yield Beat(Say(UNDONE), SAY_WEIGHT)
            yield Beat(Paint(door, colour), PAINT_WEIGHT)
    yield Beat(Say(LAMP_UP), SAY_WEIGHT, key="yard")
    yield Beat(Say(BYE), SAY_WEIGHT, after=("farewell",))


def _work(thing: Thing) -> Iterator[Beat]:
    """All that is done to one thing; its key is its name once it is there."""
    yield Beat(Make(thing), MAKE_WEIGHT, key=thing.name)
    # Many pulls at one thing are quicker, each for itself.
    weight = SHAPE_WEIGHT if len(thing.shaping) < 3 else SHAPE_WEIGHT * 0.6
    for number, shaping in enumerate(thing.shaping, 1):
        yield Beat(Shape(thing, shaping), weight, key=f"{thing.name} {number}")
    if thing.made_at is not None:
        yield Beat(Carry(thing), CARRY_WEIGHT, key=f"{thing.name} in place")


def _part(
    name: str, seed: int, colour: int, eyes_metres: float, enters: tuple[float, float], beats: Iterator[Beat]
) -> Part:
    """A builder whose key gives it, of all keys that the seed could mean, the colour it is known by."""
    wanted = PALETTE.index(colour)
    attempt = 0
    while True:
        label = f"theta demo {seed} {name} {attempt}".encode()
        identity = Identity.from_seed(blake2b(label, digest_size=32).digest())
        if identity.public_key[0] % len(PALETTE) == wanted:
            break
        attempt += 1
    instance = blake2b(b"instance " + label, digest_size=INSTANCE_BYTES).digest()
    return Part(name, identity, instance, eyes_metres, enters, tuple(beats))
