"""Attacks on what was promised: edits that wait for the room are neither lost, nor stuck, nor applied twice."""

import pytest

from tests.support.pump import Pump, agree, committed, cube, red
from theta.base.identifiers import entity_id
from theta.editor.vocabulary import Rename
from theta.node import frontier
from theta.node.events import Rejected
from theta.node.peer import Peer


@pytest.fixture(autouse=True)
def near_frontier(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frontier follows so closely that everybody meets it."""
    monkeypatch.setattr(frontier, "FRONTIER_AGE_RECORDS", 8)
    monkeypatch.setattr(frontier, "FRONTIER_STEP_RECORDS", 4)
    monkeypatch.setattr(frontier, "FRONTIER_AGE_SECONDS", 0.2)


def _begin() -> tuple[Pump, Peer, Peer, bytes]:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    return pump, ada, bob, entity


def _busy(pump: Pump, peer: Peer, entity: bytes, seconds: float) -> None:
    for number in range(round(seconds / 0.05)):
        peer.perform(pump.now, [Rename(entity, f"name {number}")])
        pump.advance(0.05)


def test_wire_38_packets_over_the_rate_are_not_held_back_for_ever_when_the_frontier_passes_them() -> None:
    pump, ada, bob, entity = _begin()
    names = [name for number in range(150) for name in ada.perform(pump.now, [Rename(entity, f"much {number}")])]
    pump.pump()
    assert ada.unacknowledged
    _busy(pump, bob, entity, 6.0)
    assert ada.unacknowledged == 0
    assert pump.told(ada, Rejected) == []
    assert set(names) <= committed(pump)
    agree(pump, ada, bob)


def test_cmd_13_what_the_room_waits_for_may_come_stamped_anew_over_a_new_connection() -> None:
    pump, ada, bob, entity = _begin()
    names = [name for number in range(120) for name in ada.perform(pump.now, [red(entity)])]
    pump.pump()
    assert ada.unacknowledged
    pump.drop(ada)
    _busy(pump, bob, entity, 2.0)
    pump.connect(ada)
    pump.advance(5.0)
    assert ada.unacknowledged == 0
    assert pump.told(ada, Rejected) == []
    assert set(names) <= committed(pump)
    agree(pump, ada, bob)


def test_wire_38_an_author_who_gives_up_what_was_stale_may_go_on() -> None:
    pump, ada, bob, entity = _begin()
    (given_up,) = ada.perform(pump.now, [red(entity)])
    held = []
    while (sent := ada.poll_transmit()) is not None:
        held.append(sent)
    _busy(pump, bob, entity, 2.0)
    for lane, frame in held:
        pump.room.handle_frame(pump.now, pump.number_of(ada), lane, frame)
    assert pump.room.telemetry(pump.now)['theta_packets_total{outcome="Stale"}'] == 1
    # A page gives up a packet that came too late too often.
    ada._outbox._remove(next(ada._outbox.pending))
    names = []
    for number in range(3):
        names += ada.perform(pump.now, [Rename(entity, f"on {number}")])
        _busy(pump, bob, entity, 0.5)
    assert ada.unacknowledged == 0
    assert pump.told(ada, Rejected) == []
    assert set(names) <= committed(pump)
    assert given_up not in committed(pump)
    agree(pump, ada, bob)
