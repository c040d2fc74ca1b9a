"""A typical building session, drawn by seed: people walk, work with their hands, drag things, and most is at rest.

Everybody is a head and two hands, which are tracked 30 times a second and never quite still: what is tracked trembles,
and who stands sways. A hand works for some seconds, at about half a metre a second, and then rests for some; so does a
look. Everybody takes the nearest thing up now and then, moves it with a hand for some seconds, and lets go of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HERTZ = 30
THINGS = 2_000
PEOPLE = 8
SIDE_METRES = 24.0
WALK_METRES_PER_SECOND = 1.2
STANDING_SECONDS = (4.0, 14.0)
WORKING_SECONDS = (1.0, 4.0)
RESTING_SECONDS = (1.0, 5.0)
HOLDING_SECONDS = (1.0, 6.0)
HOLDS_PER_SECOND = 0.1
STEPS_PER_SECOND = 1.9
BOB_METRES, SWAY_METRES, SWAYS_PER_SECOND = 0.02, 0.004, 0.25
HAND_METRES_PER_SECOND = 0.5
TURN_RADIANS_PER_SECOND = 0.9
FORGETTING_SECONDS = 0.35
"""After which a hand or a look that works has forgotten which way it was going."""
RETURN_PER_SECOND = 3.0
TREMBLE_METRES, TREMBLE_RADIANS = 0.0004, 0.0004
TRACKED = 3
"""A head, a left hand and a right hand."""

Floats = NDArray[np.float64]


@dataclass
class Person:
    """One of them; its head and hands are rows of the columns below, relative to where it stands."""

    place: Floats
    heading: float
    target: Floats
    stands_until: float
    walked: float
    reach: Floats
    reach_speed: Floats
    turns: Floats
    turn_speed: Floats
    works: NDArray[np.bool_]
    until: Floats
    holds: int = -1
    holds_until: float = 0.0


class BuildingSession:
    """The session tick by tick.

    Attributes:
        positions: of all that is there, (n, 3): THINGS, and then a head and two hands of each person.
        rotations: x y z w, (n, 4).
        changed: which of them another float32 was written for in the last tick, (n,) bool.
    """

    def __init__(self, seed: int) -> None:
        self._random = random = np.random.default_rng(seed)
        half = SIDE_METRES / 2.0
        things = random.uniform((-half, 0.0, -half), (half, 1.5, half), (THINGS, 3))
        self.positions = np.concatenate([things, np.zeros((TRACKED * PEOPLE, 3))])
        self.rotations = _from_turns(random.uniform(-1.0, 1.0, (THINGS + TRACKED * PEOPLE, 3)))
        self._people = [self._person() for _ in range(PEOPLE)]
        self._now = 0.0
        self.changed = np.ones(len(self.positions), np.bool_)
        self.advance()

    def advance(self) -> None:
        """One tick."""
        self._now += 1.0 / HERTZ
        before = self.positions.astype("<f4"), self.rotations.astype("<f4")
        for number, person in enumerate(self._people):
            self._walk(person)
            self._gesture(person)
            head = THINGS + TRACKED * number
            self._show(person, head)
            self._drag(person, head + 2)
        after = self.positions.astype("<f4"), self.rotations.astype("<f4")
        self.changed = (before[0] != after[0]).any(axis=1) | (before[1] != after[1]).any(axis=1)

    @property
    def heads(self) -> Floats:
        """Where people look from, (PEOPLE, 3)."""
        return self.positions[THINGS::TRACKED]

    def _person(self) -> Person:
        place, nothing = self._somewhere(), np.zeros((TRACKED, 3))
        heading, walked = (float(self._random.uniform(0.0, most)) for most in (2.0 * np.pi, 10.0))
        columns = (nothing.copy() for _ in range(4))
        works, until = np.zeros(TRACKED, np.bool_), np.zeros(TRACKED)
        return Person(place, heading, place, 0.0, walked, *columns, works, until)

    def _somewhere(self) -> Floats:
        quarter = SIDE_METRES / 4.0
        return self._random.uniform((-quarter, 0.0, -quarter), (quarter, 0.0, quarter))

    def _walk(self, person: Person) -> None:
        way = person.target - person.place
        left, step = float(np.hypot(way[0], way[2])), WALK_METRES_PER_SECOND / HERTZ
        if left > step:
            person.place = person.place + way * (step / left)
            person.walked += 1.0 / HERTZ
            person.heading += float(np.sin(np.arctan2(way[0], way[2]) - person.heading)) * 4.0 / HERTZ
            person.stands_until = self._now + float(self._random.uniform(*STANDING_SECONDS))
        elif self._now >= person.stands_until:
            person.target = self._somewhere()

    def _gesture(self, person: Person) -> None:
        """Who works has speeds that wander about nothing; who rests comes to a stop."""
        random = self._random
        for part in np.flatnonzero(self._now >= person.until).tolist():
            person.works[part] = not person.works[part]
            span = WORKING_SECONDS if person.works[part] else RESTING_SECONDS
            person.until[part] = self._now + random.uniform(*span)
        works = person.works[:, None]
        kept = np.exp(-1.0 / (HERTZ * FORGETTING_SECONDS))
        # Speeds in each of three directions, so that their length is the one that is named.
        fresh = np.sqrt((1.0 - kept**2) / 3.0) * works
        person.reach_speed = kept * person.reach_speed + fresh * random.normal(
            0.0, HAND_METRES_PER_SECOND, (TRACKED, 3)
        )
        person.reach_speed[0] = 0.0
        person.turn_speed = kept * person.turn_speed + fresh * random.normal(0.0, TURN_RADIANS_PER_SECOND, (TRACKED, 3))
        back = works * RETURN_PER_SECOND / HERTZ / 4.0
        person.reach += person.reach_speed / HERTZ - back * person.reach
        person.turns += person.turn_speed / HERTZ - back * person.turns

    def _show(self, person: Person, head: int) -> None:
        ahead = np.array([np.sin(person.heading), 0.0, np.cos(person.heading)])
        aside = np.array([ahead[2], 0.0, -ahead[0]])
        sway = SWAY_METRES * np.sin(2.0 * np.pi * (SWAYS_PER_SECOND * self._now + person.heading))
        body = person.place + aside * sway
        body[1] += BOB_METRES * np.sin(2.0 * np.pi * STEPS_PER_SECOND * person.walked)
        rests = np.stack([(0.0, 1.68, 0.0), aside * -0.25 + ahead * 0.35, aside * 0.25 + ahead * 0.35])
        rests[1:, 1] = 1.1
        random = self._random
        self.positions[head : head + TRACKED] = body + rests + person.reach + random.normal(0, TREMBLE_METRES, (3, 3))
        turns = person.turns + random.normal(0, TREMBLE_RADIANS, (3, 3))
        turns[:, 1] += person.heading
        self.rotations[head : head + TRACKED] = _from_turns(turns)

    def _drag(self, person: Person, hand: int) -> None:
        """What is held is where the hand is."""
        if person.holds < 0 and self._random.random() < HOLDS_PER_SECOND / HERTZ:
            apart = ((self.positions[:THINGS] - self.positions[hand]) ** 2).sum(axis=1)
            person.holds = int(apart.argmin())
            person.holds_until = self._now + float(self._random.uniform(*HOLDING_SECONDS))
        if person.holds >= 0:
            self.positions[person.holds] = self.positions[hand] + (0.0, 0.0, 0.1)
            self.rotations[person.holds] = self.rotations[hand]
            if self._now >= person.holds_until:
                person.holds = -1


def _from_turns(turns: Floats) -> Floats:
    """Unit quaternions x y z w of turns about x, then y, then z, (n, 3) radians."""
    half = turns / 2.0
    (cx, cy, cz), (sx, sy, sz) = np.cos(half).T, np.sin(half).T
    return np.stack(
        [
            sx * cy * cz - cx * sy * sz,
            cx * sy * cz + sx * cy * sz,
            cx * cy * sz - sx * sy * cz,
            cx * cy * cz + sx * sy * sz,
        ],
        axis=1,
    )
