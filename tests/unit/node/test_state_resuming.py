"""Who lost its connection goes on with what it had of the state plane (REP-26)."""

from tests.unit.node.test_state_plane import HERE, assert_same, company_of, move, tick
from theta.wire.state_messages import CellHash, CellHashes, CellsLeft


def test_rep_26_what_was_to_be_forgotten_over_a_lost_connection_is_told_when_it_is_left_again() -> None:
    company, _ = company_of(30)
    guest = company.join(HERE)
    company.run(0.5)
    plane, receiver = company.plane, guest.follower.receiver
    cell = receiver.cells[0]
    kept = CellHash(cell, receiver.state(cell).tick, bytes(10))
    company.look(guest, (200.0, 0.0, 0.0))
    assert [each for each in tick(company) if isinstance(each.message, CellsLeft)], "this is lost"
    plane.handle_suspended(guest.peer)
    company.look(guest, HERE)
    for _ in range(60):
        tick(company)
    assert cell in plane.cells_of(guest.peer)
    plane.handle_resumed(guest.peer)
    plane.handle_hashes(guest.peer, CellHashes([kept]))
    assert plane.poll_divergence() is None, "it is not compared"
    company.look(guest, (200.0, 0.0, 0.0))
    left = [each.message for each in tick(company) if isinstance(each.message, CellsLeft)]
    assert cell in [each for message in left for each in message.cells]


def test_who_comes_back_over_another_connection_goes_on_from_what_it_had() -> None:
    company, entities = company_of(30)
    guest = company.join(HERE)
    company.run(0.5)
    here = guest.follower.local(entities[1])
    company.look(guest, (200.0, 0.0, 0.0))
    tick(company)
    company.look(guest, HERE)
    tick(company)
    move(company, entities[1], 0.6)
    # It has not heard that it was somewhere else, nor of what moved.
    company.cut(guest)
    company.run(1.0)
    assert_same(company)
    assert guest.follower.local(entities[1]) == here, "it was there all the time"
    company.look(guest, (200.0, 0.0, 0.0))
    tick(company)
    company.cut(guest)
    company.run(1.5)
    assert_same(company)
    assert guest.follower.entity_count == 0
