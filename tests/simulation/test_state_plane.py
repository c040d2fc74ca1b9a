"""The state plane from a seed: whatever happens in a room and on its lines, once it is calm everybody has the same."""

from random import Random

import numpy as np
import pytest

from tests.support.state_company import Company, Gizmo, Guest, Label, Motion, Pose, Weather, differences
from theta.ecs.entities import Entity
from theta.wire.types import RoleName

pytestmark = pytest.mark.simulation

HEALED_SECONDS_MAX = 2.0
GUESTS = (2, 4, 6, 20)
LOSSES = (0.0, 0.1, 0.2, 0.4)
SIDE_METRES = 24.0


class Life:
    """What happens in a room, by chance; all is near enough to concern somebody, and far enough not everybody."""

    def __init__(self, seed: int | str) -> None:
        self.company = Company(seed)
        self.random = self.company.random
        self.world = self.company.plane.world
        self.entities: list[Entity] = []

    def place(self) -> tuple[float, float, float]:
        half = SIDE_METRES / 2.0
        return self.random.uniform(-half, half), self.random.uniform(0.0, 2.0), self.random.uniform(-half, half)

    def spawn(self) -> None:
        components: list[object] = [Pose(self.place())] if self.random.random() < 0.9 else []
        if self.random.random() < 0.5:
            components.append(Motion((self.random.random(), 0.0, -1.0), self.random.randrange(2**40)))
        if self.random.random() < 0.3:
            components.append(self.label())
        if self.random.random() < 0.3:
            components.append(Gizmo(self.random.randrange(256)))
        self.entities.append(self.world.spawn(*components))

    def label(self) -> Label:
        # Some are too large for a datagram.
        size = self.random.choice((0, 5, 40, 2_000))
        return Label(self.random.randrange(65_536), self.random.randbytes(size))

    def despawn(self) -> None:
        self.world.despawn(self.entities.pop(self.random.randrange(len(self.entities))))

    def restructure(self) -> None:
        """Some component comes or goes; a position too."""
        entity = self.random.choice(self.entities)
        made = self.random.choice((lambda: Pose(self.place()), self.label, lambda: Motion((1.0, 2.0, 3.0)),
                                   lambda: Gizmo(7)))()  # fmt: skip
        if self.world.has(entity, type(made)):
            self.world.remove(entity, type(made))
        else:
            self.world.insert(entity, made)

    def write(self) -> None:
        """A few steps, or to anywhere; or other values of something."""
        entity = self.random.choice(self.entities)
        if self.world.has(entity, Label) and self.random.random() < 0.2:
            self.world.write(entity, self.label())
        if self.world.has(entity, Motion):
            self.world.write(entity, Motion((self.random.gauss(0.0, 1.0), 0.0, 0.0), self.random.randrange(2**63)))
        if self.world.has(entity, Pose):
            before = self.world.read(entity, Pose).metres
            is_step = self.random.random() < 0.9
            metres = tuple(each + self.random.gauss(0.0, 0.2) for each in before) if is_step else self.place()
            turn = np.array([self.random.gauss(0.0, 1.0) for _ in range(4)])
            self.world.write(entity, Pose(metres, tuple((turn / np.linalg.norm(turn)).tolist())))

    def concern_guests(self, newest: int) -> None:
        """Somebody walks, jumps, sees a region, gets another role, is cut off, comes or goes."""
        company, chance = self.company, self.random.random()
        guests = list(company.guests.values())
        for guest in guests:
            x, y, z = guest.position
            company.look(guest, (x + self.random.gauss(0.0, 0.1), y, z + self.random.gauss(0.0, 0.1)))
        guest = self.random.choice(guests)
        if chance < 0.02:
            company.look(guest, self.place())
        elif chance < 0.05:
            self.change_region(guest)
        elif chance < 0.06:
            guest.role = self.random.choice(("viewer", "editor"))
            company.plane.handle_role(guest.peer, guest.role)
        elif chance < 0.065:
            company.cut(guest)
        elif chance < 0.075 and len(guests) > 2:
            company.leave(guest)
        elif chance < 0.15 and len(guests) < newest:
            self.join()

    def join(self) -> None:
        role: RoleName = self.random.choice(("viewer", "editor"))
        self.company.join(self.place(), role, self.random.uniform(3.0, 8.0))

    def change_region(self, guest: Guest) -> None:
        plane = self.company.plane
        if guest.regions and self.random.random() < 0.5:
            region = guest.regions.pop(self.random.randrange(len(guest.regions)))
            plane.handle_region_left(guest.peer, region)
        elif len(guest.regions) < 3:
            guest.regions.append(plane.handle_region(guest.peer, self.place(), self.random.uniform(1.0, 4.0)))

    def happen(self, guests: int) -> None:
        """A tick's worth of everything."""
        for _ in range(self.random.randrange(5)):
            self.spawn() if self.random.random() < 0.55 or len(self.entities) < 20 else self.despawn()
        for _ in range(self.random.randrange(12)):
            self.write()
        if self.random.random() < 0.4:
            self.restructure()
        self.concern_guests(guests)


def live(seed: int | str, guests: int, loss: float, seconds: float) -> Life:
    """So much time of everything, in weather that changes."""
    life = Life(seed)
    for _ in range(60):
        life.spawn()
    for _ in range(max(2, guests // 2)):
        life.join()
    weather = Random(f"weather {seed}")
    for tick in range(round(seconds * 30)):
        if tick % 15 == 0:
            life.company.set_weather(Weather(weather.choice((0.0, loss, loss)), 0.3, 0.1, weather.randrange(1, 4)))
        life.happen(guests)
        life.company.step()
    return life


def heal(company: Company) -> float:
    """Calm lines, and nothing happens; after how many seconds everybody has what the room has, for good."""
    company.set_weather(Weather())
    healed = 0.0
    for tick in range(round(HEALED_SECONDS_MAX * 30)):
        company.step()
        if tick % 5 == 4 and any(differences(company, guest) for guest in company.guests.values()):
            healed = (tick + 1) / 30.0
    return healed


@pytest.mark.parametrize("seed", range(len(GUESTS)))
def test_everybody_has_what_the_room_has_two_seconds_after_the_network_heals(seed: int) -> None:
    guests, loss = GUESTS[seed], LOSSES[seed]
    company = live(seed, guests, loss, 4.0).company
    healed = heal(company)
    for guest in company.guests.values():
        assert differences(company, guest) == [], f"seed {seed}, guest {guest.peer}"
    print(f"seed {seed}: {len(company.guests)} guests, healed after {healed:.2f} s, trace {company.trace}")
    assert company.plane.poll_divergence() is None
    assert len(company.guests) >= 2


def test_a_seed_replays_byte_for_byte() -> None:
    first, again, other = (live(seed, 4, 0.3, 2.0).company.trace for seed in (11, 11, 12))
    assert first == again
    assert first != other
