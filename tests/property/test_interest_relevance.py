"""What peers see against a plain model of radii and hysteresis, under random walks, jumps, regions and roles."""

from math import dist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.interest.scenes import Position, Scene
from theta.interest.candidates import NEAR, OWN, PLACELESS, RADIUS, REGION
from theta.interest.grid import BORDER, CELL_METRES
from theta.interest.regions import LEAVE_SHARE

RADIUS_METRES = 10.0
PEERS = 3

coordinates = st.integers(-90, 90).map(lambda decimetres: decimetres / 5.0)
positions = st.tuples(coordinates, st.sampled_from([0.0, 1.0, 4.0]), coordinates)
slots = st.integers(0, 11)
peers = st.integers(0, PEERS - 1)
steps = st.one_of(
    st.tuples(st.just("move"), slots, positions),
    st.tuples(st.just("drift"), slots, positions),
    st.tuples(st.just("add"), slots, st.none() | positions),
    st.tuples(st.just("add editor"), slots, st.none() | positions),
    st.tuples(st.just("despawn"), slots, st.none()),
    st.tuples(st.just("look"), peers, positions),
    st.tuples(st.just("subscribe"), peers, positions),
    st.tuples(st.just("unsubscribe"), peers, st.none()),
    st.tuples(st.just("own"), peers, st.none()),
    st.tuples(st.just("role"), peers, st.none()),
    st.tuples(st.just("tick"), st.just(0), st.none()),
)


class Plain:
    """The same world as dicts, and what must be seen of it in the next tick."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.entities: dict[tuple[int, int], Position | None] = {}
        self.news: set[tuple[int, int]] = set()
        self.views: dict[int, Position] = {}
        self.regions: dict[int, dict[int, tuple[Position, float]]] = {peer: {} for peer in range(PEERS)}
        self.own: dict[int, int] = {}
        self.editors = {0}
        for peer in range(PEERS):
            self.scene.interest.join(peer, "editor" if peer in self.editors else "viewer", RADIUS_METRES)

    def step(self, verb: str, number: int, position: Position | None) -> None:
        interest = self.scene.interest
        if verb in ("move", "drift"):
            self._move(number, position, verb == "drift")
        elif verb in ("add", "add editor"):
            self._add(number, int(verb == "add editor"), position)
        elif verb == "despawn":
            interest.despawn([number])
            for scope in (0, 1):
                self.entities.pop((scope, number), None)
            self.own = {peer: slot for peer, slot in self.own.items() if slot != number}
        elif verb == "look" and position is not None:
            interest.look([number], [position])
            self.views[number] = position
        elif verb == "subscribe" and position is not None and len(self.regions[number]) < 3:
            region = interest.regions.subscribe(number, position, 3.0)
            self.regions[number][region] = position, 3.0
        elif verb == "unsubscribe" and self.regions[number]:
            region, _ = self.regions[number].popitem()
            interest.regions.unsubscribe(number, region)
        elif verb == "own":
            self.own[number] = (self.scene.now * 7 + number) % 12
            interest.own(number, [self.own[number]])
        elif verb == "role":
            self.editors ^= {number}
            interest.join(number, "editor" if number in self.editors else "viewer", RADIUS_METRES)
        elif verb == "tick":
            self._tick()

    def _move(self, slot: int, position: Position | None, little: bool) -> None:
        before = self.entities.get((0, slot)) or self.entities.get((1, slot))
        if position is None or before is None:
            return
        # Drifting is a hundredth of the way: to and fro across borders and radii.
        there = [a + (b - a) / 100.0 for a, b in zip(before, position, strict=True)] if little else position
        place = there[0], there[1], there[2]
        self.scene.move(slot, place)
        for scope in (0, 1):
            if (scope, slot) in self.entities:
                self.entities[scope, slot] = place

    def _add(self, slot: int, scope: int, position: Position | None) -> None:
        self.scene.add(slot, position, ("", "editor")[scope])
        if (scope, slot) not in self.entities:
            self.news.add((scope, slot))
        self.entities[scope, slot] = position
        if position is not None and (1 - scope, slot) in self.entities:
            self.entities[1 - scope, slot] = position

    def _tick(self) -> None:
        before = self.scene.seen
        self.scene.tick()
        for (scope, slot), position in self.entities.items():
            for peer in range(PEERS):
                told = scope == 0 or peer in self.editors
                seen = self.scene.sees(peer, slot, scope)
                known = (scope, slot) in before.get(peer, set()) and (scope, slot) not in self.news
                if not told:
                    assert not seen
                elif position is None or self.own.get(peer) == slot or self._reach(peer, position) <= 1.0:
                    assert seen
                elif known and self._reach(peer, position) <= LEAVE_SHARE:
                    assert seen, "who is seen stays seen up to the leave radius"
                elif seen:
                    self._check_cube(peer, slot, scope)
        self._check_reasons()
        self.news.clear()

    def _balls(self, peer: int) -> list[tuple[Position, float]]:
        views = [(self.views[peer], RADIUS_METRES)] if peer in self.views else []
        return views + list(self.regions[peer].values())

    def _reach(self, peer: int, position: Position) -> float:
        """The distance over the radius, for the ball that is nearest so."""
        return min((dist(position, centre) / radius for centre, radius in self._balls(peer)), default=1e9)

    def _check_cube(self, peer: int, slot: int, scope: int) -> None:
        """Who is seen without being near is in a cell whose widened cube is, or with somebody who is the peer's own."""
        scene = self.scene
        cell = scene.cell(slot, scope)
        reasons = int(scene.interest.pairs.reasons[scene.row(peer, cell)])
        if reasons & OWN or not reasons:
            return
        gaps = []
        for centre, radius in self._balls(peer):
            squares = 0.0
            for axis in range(3):
                low = float(scene.interest.grid.cells.origins[axis, cell]) - BORDER * CELL_METRES
                high = low + (1 + 2 * BORDER) * CELL_METRES
                squares += max(low - centre[axis], centre[axis] - high, 0.0) ** 2
            gaps.append(squares**0.5 / radius)
        assert min(gaps) <= LEAVE_SHARE + 1e-9

    def _check_reasons(self) -> None:
        pairs = self.scene.interest.pairs
        assert (pairs.keys[1:] > pairs.keys[:-1]).all()
        for peer, cell, reasons in zip(pairs.peers.tolist(), pairs.cells.tolist(), pairs.reasons.tolist(), strict=True):
            members = self.scene.interest.grid.membership.slots[cell]
            inside = [
                self.entities[int(self.scene.interest.grid.cells.scopes[cell]), slot] for slot in members[members >= 0]
            ]
            assert bool(reasons & PLACELESS) == (None in inside)
            assert bool(reasons & OWN) == (self.own.get(peer) in members.tolist())
            assert reasons & NEAR or not reasons & (RADIUS | REGION)


@pytest.mark.many
@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=80))
def test_what_peers_see_is_exact_under_random_changes(program: list[tuple[str, int, Position | None]]) -> None:
    plain = Plain()
    for verb, number, position in program:
        plain.step(verb, number, position)
    plain.step("tick", 0, None)


@settings(max_examples=30, deadline=None)
@given(st.lists(steps, max_size=60), st.integers(1, 4))
def test_what_peers_see_is_exact_when_ticks_come_often(
    program: list[tuple[str, int, Position | None]], often: int
) -> None:
    plain = Plain()
    for at, (verb, number, position) in enumerate(program):
        plain.step(verb, number, position)
        if at % often == 0:
            plain.step("tick", 0, None)
