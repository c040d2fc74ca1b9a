"""More people in a room than are all shown everybody at once (INT-20), over a network that loses what it carries."""

import pytest

from theta.interest.people import EVERYBODY_MAX
from theta.sim import SCENARIOS, Simulation

pytestmark = pytest.mark.simulation

PEOPLE = EVERYBODY_MAX + 4
TROUBLE_SECONDS = 3.0


@pytest.mark.parametrize("scenario", ["rough", "room-dies"])
def test_int_23_in_a_crowd_everybody_sees_where_all_are_once_the_network_heals(seed: int, scenario: str) -> None:
    simulation = Simulation(seed, SCENARIOS[scenario]._replace(peers=PEOPLE))
    simulation.run(TROUBLE_SECONDS)
    simulation.heal()
    simulation.run_until_quiet(60.0)
    simulation.check()
    assert simulation.room is not None
    assert len(simulation.room.people) == PEOPLE
    assert simulation.room._presence._people.is_crowd
