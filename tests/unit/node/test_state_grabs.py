"""Hands that reach for the same thing at once, over bad lines: in the end there is one owner, and everybody knows."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.support.state_company import Line, Weather
from tests.support.state_owning import ANNA, BEN, NUMBERS, OwningRoom, values
from theta.ecs.entities import Entity
from theta.node.lanes import Lane, lane_of
from theta.node.state_plane import TICK_SECONDS
from theta.replication.ownership import ROOM, Grip, Refusal
from theta.replication.ownership_view import Correction, OwnershipView
from theta.replication.standard import Pose
from theta.wire import codec
from theta.wire.message import Message
from theta.wire.ownership_messages import OwnershipChanged, OwnershipRefused

BAD = Weather(loss=0.3, reorder=0.3, duplication=0.2, delay_ticks=4)
CALM = Weather()


class Hand:
    """A participant who grabs things and moves them, and its lines."""

    def __init__(self, company: "Grabbing", actor: int, random: Random) -> None:
        self.company, self.actor, self.random = company, actor, random
        self.view = OwnershipView(actor)
        self.to_room, self.from_room = Line(random), Line(random)
        self.corrections: list[Correction] = []
        self.last: dict[int, float] = {}

    def hear(self) -> None:
        room = self.company.room
        for frame in self.from_room.receive(self.company.tick):
            message = codec.decode_from_room(frame)
            if isinstance(message, OwnershipChanged):
                self.view.handle_changed(room.now, message)
            else:
                assert isinstance(message, OwnershipRefused)
                self.view.handle_refused(room.now, message)
        self.view.handle_timeout(room.now)
        while correction := self.view.poll_correction():
            self.corrections.append(correction)

    def speak(self) -> None:
        """Its requests, and where it holds what is its own."""
        room, owned = self.company.room, self.view.owned
        while request := self.view.poll_message():
            self.to_room.send(self.company.tick, Lane.STATE, codec.encode(request))
        if not owned:
            return
        for entity in owned:
            self.last[entity] = self.random.randrange(-500, 500)
        told = {NUMBERS[Pose]: values(owned, *[Pose((self.last[each], 0.0, 0.0)) for each in owned])}
        ownerships = [self.view.holding(each).ownership for each in owned]
        for message in room.senders[self.actor].messages(room.now, self.company.tick, owned, ownerships, told):
            assert lane_of(message) is Lane.DATAGRAM
            self.to_room.send(self.company.tick, Lane.DATAGRAM, codec.encode(message))


class Grabbing:
    """A room, and two hands over a network of their own."""

    def __init__(self, seed: int, things: int = 1) -> None:
        self.random = Random(f"grabs {seed}")
        self.room = OwningRoom()
        self.things = [self.room.world.spawn(Pose((0.0, 0.0, 0.0))) for _ in range(things)]
        self.hands = {actor: Hand(self, actor, self.random) for actor in (ANNA, BEN)}
        self.tick = 0
        self.cut: set[int] = set()
        self.set_weather(BAD)

    def set_weather(self, weather: Weather) -> None:
        for hand in self.hands.values():
            hand.to_room.weather = hand.from_room.weather = weather

    def step(self) -> None:
        self.tick += 1
        for hand in self.hands.values():
            if hand.actor not in self.cut:
                for frame in hand.to_room.receive(self.tick):
                    self.room.ownership.handle_message(self.room.now, hand.actor, codec.decode_from_participant(frame))
                self._deliver(self.room.told())
        self.room.now += TICK_SECONDS
        self.room.ownership.apply(self.room.now)
        self._deliver(self.room.told())
        for hand in self.hands.values():
            if hand.actor not in self.cut:
                hand.hear()
                hand.speak()

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.step()

    def lose_connection(self, hand: Hand) -> None:
        """What is on its way is lost, too."""
        self.cut.add(hand.actor)
        self.room.ownership.handle_suspended(hand.actor)
        weather = hand.to_room.weather
        hand.to_room, hand.from_room = Line(self.random), Line(self.random)
        hand.to_room.weather = hand.from_room.weather = weather

    def come_back(self, hand: Hand) -> None:
        self.cut.discard(hand.actor)
        self.room.ownership.handle_joined(self.room.now, hand.actor, "editor")
        hand.view.handle_resumed(self.room.now)
        self._deliver(self.room.told())

    def assert_agreed(self) -> None:
        """The room and both participants say the same of everything, and it is where its owner holds it."""
        for thing in self.things:
            holding = self.room.ownership.holding(thing)
            for hand in self.hands.values():
                assert hand.view.owns(thing) == (holding.owner == hand.actor)
                assert hand.view.holding(thing) == holding
            if holding.owner != ROOM:
                assert self.x_of(thing) == self.hands[holding.owner].last[thing]

    def x_of(self, thing: Entity) -> float:
        return round(self.room.world.read(thing, Pose).translation[0], 3)

    def _deliver(self, told: dict[int, list[Message]]) -> None:
        for actor, messages in told.items():
            for message in messages:
                if actor in self.hands:
                    self.hands[actor].from_room.send(self.tick, Lane.STATE, codec.encode(message))


def settled(company: Grabbing) -> Grabbing:
    """After the network has healed and everything has arrived; the owner's last value was sent a tick ago."""
    company.set_weather(CALM)
    company.run(60)
    for hand in company.hands.values():
        hand.speak = lambda: None  # type: ignore[method-assign]
    company.run(3)
    return company


@pytest.mark.parametrize("seed", range(24))
def test_rep_61_of_two_hands_at_once_one_has_it_both_know_and_the_loser_is_told(seed: int) -> None:
    company = Grabbing(seed)
    (cup,) = company.things
    first, second = company.hands.values()
    first.view.grab(company.room.now, cup)
    for _ in range(company.random.randrange(3)):
        company.step()
    second.view.grab(company.room.now, cup)
    company.run(company.random.randrange(24))
    settled(company)
    company.assert_agreed()
    owner = company.room.ownership.holding(cup).owner
    assert owner in company.hands, f"seed {seed}: somebody has it"
    winner, loser = company.hands[owner], next(each for each in company.hands.values() if each.actor != owner)
    assert [each.holding.owner for each in loser.corrections] == [owner]
    assert loser.corrections[0].refusal in (None, Refusal.OUTDATED, Refusal.HELD)
    assert winner.corrections == []
    assert company.room.ownership.holding(cup).grip is Grip.GRABBED


def happenings(company: Grabbing) -> Iterator[None]:
    """Grabbing, touching, letting go, throwing, and losing the connection, at random."""
    while True:
        hand = company.random.choice(list(company.hands.values()))
        thing = company.random.choice(company.things)
        now = company.room.now
        deed = company.random.randrange(8)
        if deed < 3:
            hand.view.grab(now, thing)
        elif deed < 4:
            hand.view.touch(now, thing)
        elif deed < 6:
            hand.view.release(now, thing, keep=deed == 5)
        elif deed == 6 and hand.actor not in company.cut:
            company.lose_connection(hand)
        elif hand.actor in company.cut:
            company.come_back(hand)
        yield


@pytest.mark.parametrize("seed", range(12))
def test_rep_65_whatever_hands_do_over_bad_lines_they_agree_in_the_end(seed: int) -> None:
    company = Grabbing(seed, things=4)
    for _, _ in zip(range(120), happenings(company), strict=False):
        company.run(company.random.randrange(4))
    for actor in sorted(company.cut):
        company.come_back(company.hands[actor])
    settled(company)
    company.assert_agreed()
