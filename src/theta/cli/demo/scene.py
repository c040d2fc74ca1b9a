"""What the demo's builders make: a cottage with a garden, as data. The seed chooses its colours and small differences.

Metres, y up, the floor at 0. Everything stands on something, and touches only what it is meant to.
"""

from dataclasses import dataclass, field

from theta.base.randomness import Randomness
from theta.editor.vocabulary import Quaternion, Vector3

UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)
LAWN_TOP_METRES = 0.03

LEFT, RIGHT = (-1.0, 0.0, 0.0), (1.0, 0.0, 0.0)
DOWN, UP = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0)
BACK, FRONT = (0.0, 0.0, -1.0), (0.0, 0.0, 1.0)

COLOURS: dict[str, Vector3] = {
    "apple red": (0.84, 0.24, 0.2),
    "bark": (0.58, 0.43, 0.32),
    "blush": (0.99, 0.87, 0.82),
    "brick": (0.82, 0.45, 0.36),
    "butter": (0.98, 0.83, 0.42),
    "charcoal": (0.32, 0.35, 0.41),
    "clay": (0.9, 0.5, 0.36),
    "cream": (0.99, 0.96, 0.88),
    "earth": (0.5, 0.37, 0.28),
    "fir": (0.25, 0.56, 0.44),
    "grass": (0.6, 0.77, 0.46),
    "hot pink": (0.97, 0.3, 0.66),
    "leaf": (0.5, 0.76, 0.38),
    "lilac": (0.66, 0.54, 0.86),
    "lime": (0.66, 0.82, 0.36),
    "mint": (0.86, 0.97, 0.9),
    "moss": (0.36, 0.66, 0.46),
    "oak": (0.82, 0.62, 0.41),
    "orange": (0.96, 0.58, 0.2),
    "plum": (0.62, 0.42, 0.66),
    "sky": (0.66, 0.84, 0.95),
    "slate": (0.42, 0.53, 0.68),
    "stone": (0.78, 0.79, 0.81),
    "teal": (0.18, 0.62, 0.62),
    "water": (0.3, 0.62, 0.86),
}


@dataclass(frozen=True)
class Pull:
    """Extrude the face that looks along `direction` by `metres` in the world."""

    direction: Vector3
    metres: float


@dataclass(frozen=True)
class Shift:
    """Move the face that looks along `direction` by `offset`, metres in the world, without turning it."""

    direction: Vector3
    offset: Vector3


@dataclass(frozen=True)
class Thing:
    """One object: a primitive, where it stands in the end, and what is pulled at it.

    `size` is width, height and depth before anything is pulled; `at` its middle then. It is made at `made_at` and
    carried to `at`, where the two differ. `stand` is where its builder stands meanwhile, (x, z), and `via` the way
    there from the thing before, where the straight one is not free. `touches` names what it reaches into on purpose.
    """

    name: str
    kind: str
    size: Vector3
    at: Vector3
    colour: str
    stand: tuple[float, float]
    shaping: tuple[Pull | Shift, ...] = ()
    made_at: Vector3 | None = None
    rotation: Quaternion = UPRIGHT
    touches: tuple[str, ...] = ()
    via: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Scene:
    """The things of each builder, in the order in which they are made."""

    cottage: tuple[Thing, ...]
    garden: tuple[Thing, ...]
    yard: tuple[Thing, ...]
    door_colour: str
    everything: tuple[Thing, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "everything", self.cottage + self.garden + self.yard)


def plan_scene(randomness: Randomness) -> Scene:
    """The scene of one seed."""
    choose = _Chooser(randomness)
    return Scene(
        cottage=_cottage(choose),
        garden=(*_apple_tree(choose), *_fir(choose), *_flowers(choose)),
        yard=(*_table(choose), *_well(choose), *_lamp(choose)),
        door_colour=choose.one_of("teal", "plum", "slate", "moss"),
    )


class _Chooser:
    """What a seed decides."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness

    def one_of(self, *values: str) -> str:
        return values[self._randomness.integer(len(values))]

    def some_of(self, count: int, *values: str) -> list[str]:
        left = list(values)
        return [left.pop(self._randomness.integer(len(left))) for _ in range(count)]

    def about(self, middle: float, spread: float) -> float:
        """Within `spread` of `middle`, in whole centimetres."""
        return round(middle + (2.0 * self._randomness.fraction() - 1.0) * spread, 2)

    def turn(self, spread: float) -> Quaternion:
        """Turned about the vertical by at most 2·atan(`spread`), with no function that differs between machines."""
        half = (2.0 * self._randomness.fraction() - 1.0) * spread
        length = (1.0 + half * half) ** 0.5
        return (0.0, half / length, 0.0, 1.0 / length)


def _on(base: float, height: float, x: float, z: float) -> Vector3:
    """The middle of what stands at (x, z) on a base at that height."""
    return (x, base + height / 2.0, z)


def _cottage(choose: _Chooser) -> tuple[Thing, ...]:
    wall_top, roof = choose.about(2.4, 0.06), choose.about(1.25, 0.15)
    floor = LAWN_TOP_METRES + 0.1
    front = -0.4
    in_front, at_corner = (0.95, -0.55), (0.9, 0.75)
    glass = "sky"
    return (
        Thing("lawn", "cube", (6.4, LAWN_TOP_METRES, 6.2), _on(0.0, LAWN_TOP_METRES, 0.0, 0.0), "grass", at_corner),
        Thing("foundation", "cube", (2.5, 0.1, 2.3), _on(LAWN_TOP_METRES, 0.1, -1.5, -0.2), "stone", at_corner),
        Thing(
            "walls",
            "cube",
            (2.2, 0.4, 2.3),
            _on(floor, 0.4, -1.5, -0.2),
            choose.one_of("cream", "blush", "mint"),
            at_corner,
            (Pull(UP, round(wall_top - floor - 0.4, 2)),),
        ),
        Thing("door", "cube", (0.06, 1.9, 0.82), _on(floor, 1.9, front + 0.03, -0.2), "oak", in_front),
        Thing("left window", "cube", (0.05, 0.6, 0.44), _on(1.2, 0.6, front + 0.025, -0.93), glass, in_front),
        Thing("right window", "cube", (0.05, 0.6, 0.44), _on(1.2, 0.6, front + 0.025, 0.53), glass, at_corner),
        Thing(
            "roof",
            "pyramid",
            (2.75, roof, 2.3),
            _on(wall_top, roof, -1.5, -0.2),
            choose.one_of("brick", "clay", "slate", "plum"),
            (1.0, 0.55),
            made_at=_on(wall_top + 0.9, roof, -1.2, -0.2),
        ),
        Thing(
            "chimney",
            "cube",
            (0.36, 0.5, 0.36),
            _on(LAWN_TOP_METRES, 0.5, -1.2, -1.53),
            "brick",
            (0.3, -2.35),
            (Pull(UP, round(wall_top + roof - 0.75, 2)),),
        ),
        Thing(
            "side window", "cube", (0.6, 0.6, 0.05), _on(1.2, 0.6, -1.5, 0.975), glass, (-0.5, 1.8), via=((0.55, 0.0),)
        ),
        Thing(
            "first stone",
            "cube",
            (0.56, 0.02, 0.44),
            _on(LAWN_TOP_METRES, 0.02, 0.3, -0.2),
            "stone",
            (1.0, 0.7),
            rotation=choose.turn(0.12),
        ),
        Thing(
            "second stone",
            "cube",
            (0.52, 0.02, 0.46),
            _on(LAWN_TOP_METRES, 0.02, 1.15, -0.12),
            "stone",
            (1.5, -0.75),
            rotation=choose.turn(0.15),
        ),
        Thing(
            "third stone",
            "cube",
            (0.58, 0.02, 0.42),
            _on(LAWN_TOP_METRES, 0.02, 2.0, -0.2),
            "stone",
            (2.75, 0.2),
            rotation=choose.turn(0.12),
        ),
    )


def _apple_tree(choose: _Chooser) -> tuple[Thing, ...]:
    base, here = LAWN_TOP_METRES, (-0.95, -2.75)
    bough, lean = choose.about(0.26, 0.06), choose.about(0.12, 0.05)
    stem, crown = 1.4, 0.8
    crown_at = (-2.35 + lean, base + stem + crown / 2.0, -2.35)
    return (
        Thing(
            "apple tree",
            "cube",
            (0.24, 0.4, 0.24),
            _on(base, 0.4, -2.35, -2.35),
            "bark",
            here,
            (Pull(UP, stem - 0.4), Shift(UP, (lean, 0.0, 0.0))),
            via=((0.45, -1.9),),
        ),
        Thing(
            "crown",
            "cube",
            (1.0, crown, 1.0),
            crown_at,
            choose.one_of("leaf", "lime"),
            here,
            tuple(Pull(side, bough) for side in (RIGHT, FRONT, LEFT, UP, BACK)),
        ),
        Thing(
            "ripe apple",
            "cube",
            (0.12, 0.12, 0.12),
            (crown_at[0] + 0.5 + bough + 0.06, crown_at[1] + 0.1, crown_at[2] + 0.15),
            "apple red",
            here,
        ),
        Thing(
            "riper apple",
            "cube",
            (0.12, 0.12, 0.12),
            (crown_at[0] + 0.2, crown_at[1] - 0.12, crown_at[2] + 0.5 + bough + 0.06),
            "apple red",
            here,
        ),
    )


def _fir(choose: _Chooser) -> tuple[Thing, ...]:
    base, here = LAWN_TOP_METRES, (-0.85, 1.75)
    trunk = choose.about(0.85, 0.1)
    low, middle, top = base + trunk, base + trunk + 0.55, base + trunk + 1.05
    return (
        Thing(
            "fir's trunk",
            "cube",
            (0.26, 0.3, 0.26),
            _on(base, 0.3, -2.3, 2.1),
            "bark",
            here,
            (Pull(UP, round(trunk - 0.3, 2)),),
            via=((0.45, -1.9), (0.3, 1.5)),
        ),
        Thing("fir's skirt", "pyramid", (1.6, 1.1, 1.6), _on(low, 1.1, -2.3, 2.1), "fir", here),
        Thing(
            "fir's middle",
            "pyramid",
            (1.3, 1.0, 1.3),
            _on(middle, 1.0, -2.3, 2.1),
            "moss",
            here,
            touches=("fir's skirt",),
        ),
        Thing(
            "fir's top",
            "pyramid",
            (0.95, 0.95, 0.95),
            _on(top, 0.95, -2.3, 2.1),
            "fir",
            here,
            touches=("fir's middle", "fir's skirt"),
            made_at=_on(top + 0.7, 0.95, -1.9, 2.1),
        ),
    )


def _flowers(choose: _Chooser) -> tuple[Thing, ...]:
    base, here = LAWN_TOP_METRES, (0.35, 1.55)
    bed = Thing(
        "flower bed",
        "cube",
        (1.0, 0.1, 0.56),
        _on(base, 0.1, -0.1, 2.55),
        "earth",
        here,
        (Pull(RIGHT, 0.7),),
    )
    colours = choose.some_of(4, "apple red", "orange", "butter", "lilac", "hot pink", "cream")
    places = [(-0.35, 2.47), (0.05, 2.62), (0.45, 2.46), (0.86, 2.6)]
    flowers = [
        Thing(
            f"{colour} tulip",
            "pyramid",
            (0.2, height, 0.2),
            _on(base + 0.1, height, x, z),
            colour,
            here,
            rotation=choose.turn(0.4),
        )
        for colour, (x, z) in zip(colours, places, strict=True)
        for height in (choose.about(0.34, 0.08),)
    ]
    return (bed, *flowers)


def _table(choose: _Chooser) -> tuple[Thing, ...]:
    base, x, z = LAWN_TOP_METRES, 1.95, 1.45
    here, beyond = (3.0, 0.95), (2.95, 1.95)
    table_top = base + 0.7 + 0.06
    seats = choose.some_of(2, "teal", "orange", "lilac", "apple red")
    return (
        Thing("left trestle", "cube", (0.08, 0.2, 0.6), _on(base, 0.2, x - 0.5, z), "oak", here, (Pull(UP, 0.5),)),
        Thing("right trestle", "cube", (0.08, 0.2, 0.6), _on(base, 0.2, x + 0.5, z), "oak", here, (Pull(UP, 0.5),)),
        Thing(
            "table top",
            "cube",
            (1.4, 0.06, 0.8),
            _on(base + 0.7, 0.06, x, z),
            "oak",
            here,
            made_at=_on(base + 1.2, 0.06, x + 0.25, z),
        ),
        Thing(
            "cake",
            "cube",
            (0.36, 0.14, 0.36),
            _on(table_top, 0.14, x + choose.about(0.0, 0.15), z),
            choose.one_of("hot pink", "butter"),
            here,
        ),
        Thing(
            "front stool",
            "cube",
            (0.4, 0.25, 0.4),
            _on(base, 0.25, x, z + 0.75),
            seats[0],
            beyond,
            (Pull(UP, 0.2),),
            rotation=choose.turn(0.15),
        ),
        Thing(
            "back stool",
            "cube",
            (0.4, 0.25, 0.4),
            _on(base, 0.25, x, z - 0.75),
            seats[1],
            here,
            (Pull(UP, 0.2),),
            rotation=choose.turn(0.15),
        ),
    )


def _well(choose: _Chooser) -> tuple[Thing, ...]:
    base, x, z = LAWN_TOP_METRES, 2.1, -1.75
    here, left = (2.95, -0.6), (1.0, -0.7)
    rim = base + choose.about(0.75, 0.05)
    eaves = rim + 1.15
    return (
        Thing(
            "well",
            "cube",
            (1.0, 0.25, 1.0),
            _on(base, 0.25, x, z),
            "stone",
            here,
            (Pull(UP, round(rim - base - 0.25, 2)),),
        ),
        Thing("water", "plane", (0.72, 1.0, 0.72), (x, rim + 0.004, z), "water", here),
        Thing("left post", "cube", (0.1, 0.25, 0.1), _on(rim, 0.25, x - 0.42, z), "bark", left, (Pull(UP, 0.9),)),
        Thing("right post", "cube", (0.1, 0.25, 0.1), _on(rim, 0.25, x + 0.42, z), "bark", here, (Pull(UP, 0.9),)),
        Thing(
            "well's roof",
            "pyramid",
            (1.3, 0.55, 1.2),
            _on(eaves, 0.55, x, z),
            choose.one_of("clay", "slate", "teal"),
            here,
            made_at=_on(eaves + 0.55, 0.55, x + 0.2, z),
        ),
    )


def _lamp(choose: _Chooser) -> tuple[Thing, ...]:
    base, x, z = LAWN_TOP_METRES, 0.75, -2.7
    here = (1.05, -1.55)
    top = base + choose.about(2.1, 0.1)
    return (
        Thing(
            "lamp post",
            "cube",
            (0.1, 0.4, 0.1),
            _on(base, 0.4, x, z),
            "charcoal",
            here,
            (Pull(UP, round(top - base - 0.4, 2)),),
            via=((1.0, -0.7),),
        ),
        Thing("lamp", "cube", (0.26, 0.3, 0.26), _on(top, 0.3, x, z), "butter", here),
        Thing(
            "lamp's hat",
            "pyramid",
            (0.4, 0.2, 0.4),
            _on(top + 0.3, 0.2, x, z),
            "charcoal",
            here,
            made_at=_on(top + 0.7, 0.2, x + 0.15, z + 0.2),
        ),
    )
