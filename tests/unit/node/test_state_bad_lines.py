"""Several who take things out of each other's hands over lines that lose datagrams: in the end all see the room's."""

from random import Random

import pytest

from tests.support.pump import Pump
from tests.support.state_in_rooms import pose, room_with
from tests.support.state_peers import entities, join
from theta.ecs.entities import Entity
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.replication.standard import Pose, Shape

SEEDS = range(4)
GUESTS = 3
THINGS = 6
STEPS = 150


def spoil(pump: Pump, peers: list[Peer], random: Random, loss: list[float]) -> None:
    """From now on datagrams are lost both ways; `loss[0]` says how many."""

    def meddle(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        return None if lane is Lane.DATAGRAM and random.random() < loss[0] else frame

    pump.meddle = meddle
    for peer in peers:

        def poll(send=peer.poll_transmit):  # type: ignore[no-untyped-def]
            while (sent := send()) is not None:
                if sent[0] is not Lane.DATAGRAM or random.random() >= loss[0]:
                    return sent
            return None

        peer.poll_transmit = poll  # type: ignore[method-assign]


def act(pump: Pump, peer: Peer, random: Random) -> None:
    """One thing that somebody does."""
    holding, entity = peer.state.holding, random.choice(entities(peer))
    metres = (random.uniform(-3.0, 3.0), random.uniform(0.0, 2.0), random.uniform(-3.0, 3.0))
    what = random.randrange(7)
    if what == 0:
        holding.grab(pump.seconds, entity)
    elif what == 1:
        holding.grab(pump.seconds, entity, gently=True)
    elif what == 2:
        holding.release(pump.seconds, entity)
    elif what == 3 and holding.holds(entity):
        holding.move_by(pump.seconds, entity, (0.1, 0.0, -0.1), (0.0, 0.1, 0.0, 0.995))
    elif what == 4 and holding.holds(entity):
        holding.write(entity, Shape(size=metres[1:2] * 3))
    elif holding.holds(entity):
        holding.write(entity, Pose(metres))


def values(peer: Peer, remote: int) -> tuple[object, object]:
    """What somebody sees of an entity, as the codecs keep it."""
    local = peer.state.local_entity(remote)
    assert local is not None
    pose_here, shape = peer.state.world.read(local, Pose), peer.state.world.read(local, Shape)
    return [round(each, 2) for each in (*pose_here.translation, *pose_here.rotation)], shape


@pytest.mark.parametrize("seed", SEEDS)
def test_rep_82_after_a_bad_line_everybody_sees_what_the_room_has(seed: int) -> None:
    random = Random(f"bad lines {seed}")
    pump = room_with(*(pose(0.5 * at) for at in range(THINGS)), seed=seed)
    peers = [join(pump, f"guest {number}") for number in range(GUESTS)]
    loss = [random.choice((0.1, 0.3, 0.5))]
    spoil(pump, peers, random, loss)
    for step in range(STEPS):
        act(pump, random.choice(peers), random)
        pump.advance(random.choice((0.0, 0.01, 0.05, 0.2)))
        if step == STEPS // 2:
            cut = random.choice(peers)
            pump.drop(cut)
            act(pump, cut, random)
            pump.advance(random.choice((0.5, 5.0)))
            pump.connect(cut)
    for peer in peers:
        for entity in entities(peer):
            peer.state.holding.release(pump.seconds, entity)
    loss[0] = 0.0
    pump.advance(3.0)
    room = pump.room.state.plane.world
    remotes = [peers[0].state.holding.remote(entity) for entity in entities(peers[0])]
    assert len(remotes) == THINGS
    for remote in remotes:
        seen = [values(peer, remote) for peer in peers]
        assert seen == seen[:1] * GUESTS
        there = room.read(Entity(remote), Pose)
        assert seen[0][0] == pytest.approx([*there.translation, *there.rotation], abs=0.02)
        owners = {peer.state.holding.owner_of(peer.state.local_entity(remote) or Entity(0)) for peer in peers}
        assert owners == {0}
    assert pump.closes == []
