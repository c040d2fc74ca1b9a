"""The room's side of the state plane: a world, who is told what of it, and what they have (REP-6 …, INT-1 …).

    handle_joined, handle_left                   participants
    handle_suspended, handle_resumed             their connections
    handle_pose, handle_region …                 where they look
    handle_ack, handle_chunks, handle_hashes     what they have
    handle_tick                                  30 times a second; `timeout` says when
    poll_transmit                                messages, with their lane; drain it after each call

A tick goes: what participants have → who came, went and moved → their cells → values, quantised once → what is relevant
to whom → what is most urgent → sections, each encoded once → frames, within everybody's budget.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import COORDINATE_METRES_MAX, INTEREST_METRES, STATE_BYTES_PER_SECOND
from theta.ecs.declaration import ComponentType
from theta.ecs.entities import EntityList, as_entities, slots_of
from theta.ecs.world import World
from theta.interest.explain import Explanation
from theta.interest.interest import Interest
from theta.interest.priority import TICKS_PER_SECOND
from theta.node.state_healing import PeerDiverged, StateHealing
from theta.node.state_joining import StateJoining
from theta.node.state_outbox import StateOutbox, StateTransmit
from theta.node.state_places import StatePlaces
from theta.node.state_seats import Seats
from theta.node.state_ticks import StateTicks, without
from theta.replication.changes import WorldChanges
from theta.replication.descriptors import component_descriptors
from theta.replication.history import History
from theta.replication.schema import Schema
from theta.wire.state_messages import CellHashes, CellsLeft, StateAck, StateChunksReceived
from theta.wire.types import RoleName

TICK_SECONDS = 1.0 / TICKS_PER_SECOND
_TICK_SECONDS_MAX = 0.25
OTHERS_SHARE = 0.5
"""So much of its budget a participant pays for what other planes send it, at most."""
OWED_SECONDS = 1.0

Ints = NDArray[np.int64]
Position = tuple[float, float, float]


class StatePlane:
    """A room's world, and all that is told of it.

    Participants are named by numbers of the caller's. What is wrong with what a participant sent is a ProtocolError,
    what the caller does wrong an InvalidValue; neither changes anything.

    Args:
        components: what is replicated, in the order of the numbers that they get.
        world: whose components these are; the caller changes it between the ticks.
        opened_ms: when the room opened, milliseconds since 1970.

    Attributes:
        world: this.
        interest: which cells participants are told of.
        history: what the cells were in the last ticks.
        counts: of all ticks: "frames", "sections" on the reliable lane, and those of `StateTicks`.
    """

    def __init__(self, components: Iterable[ComponentType], world: World | None = None, opened_ms: int = 0) -> None:
        self.components = tuple(components)
        self.world = World() if world is None else world
        self.interest = Interest()
        self.history = History(Schema.of(self.components))
        self._descriptors = component_descriptors(self.components)
        self._changes = WorldChanges(self.components)
        self._places = StatePlaces(self.components, self.interest, self.history)
        self._seats = Seats(self.interest)
        self._joining = StateJoining(self.interest, self.history, self._descriptors.manifest, opened_ms=opened_ms)
        self._ticks = StateTicks(self.interest, self.history)
        self._looks: dict[int, Position] = {}
        self._outbox = StateOutbox(self.interest, self._seats)
        self._healing = StateHealing(self.interest, self.history)
        self._last: float | None = None

    # -- participants --------------------------------------------------------------------------------------------------

    def handle_joined(
        self,
        now: float,
        peer: int,
        role: RoleName,
        radius: float = INTEREST_METRES,
        bytes_per_second: int = STATE_BYTES_PER_SECOND,
        *,
        takes_zstd: bool = True,
    ) -> None:
        """A participant is here. It is told of the components at once, and of what is around it once it looks.

        Args:
            now: monotonic seconds.
            peer: what the caller names it by.
            role: what it may be told of.
            radius: how far it sees around itself, metres.
            bytes_per_second: what may be sent to it; its snapshot is not counted, its answers pace that.
            takes_zstd: whether its snapshot may be compressed.

        Raises:
            InvalidValue: it is here already, there is no room for it, or a number is out of its limits.
        """
        seat = self._seats.join(peer, role, radius, bytes_per_second, takes_zstd=takes_zstd)
        self._joining.join(seat.number, takes_zstd=takes_zstd)
        self._outbox.send(peer, self._descriptors)
        if self._last is None:
            self._last = now - TICK_SECONDS

    def handle_left(self, peer: int) -> None:
        """A participant is gone, and so is all that is known of it."""
        seat = self._seats.leave(peer)
        self._joining.leave(seat.number)
        self._ticks.forget_peer(seat.number)
        self._looks.pop(seat.number, None)
        self._outbox.forget_peer(seat)

    def handle_suspended(self, peer: int) -> None:
        """A participant lost its connection and may come back.

        Until then nothing is ranked, encoded or sent for it; what it has is known still, and it looks where it looked.
        """
        seat = self._seats[peer]
        self._seats.suspend(seat)
        self._ticks.forget_peer(seat.number)
        self._outbox.drop_messages(seat)
        seat.owed_bytes = 0.0

    def can_resume(self, peer: int) -> bool:
        """Whether a participant can go on with what it has: it has a seat, and once said that it has something."""
        return peer in self._seats and self._seats[peer].has_answered

    def handle_resumed(self, peer: int) -> None:
        """A participant that `can_resume` has another connection; what was on its way over the last one is lost.

        It is to begin with what `StateFollower.handle_resumed` says. It is not told of the components again: that would
        make it begin anew. What it hears instead is that it has nothing to forget, which says that it goes on.

        Raises:
            InvalidValue: it cannot resume.
        """
        if not self.can_resume(peer):
            raise InvalidValue("peer", peer, "one that has answered")
        seat = self._seats[peer]
        self._seats.resume(seat)
        self._ticks.forget_peer(seat.number)
        self._joining.resume(seat.number)
        self._outbox.drop_messages(seat)
        self._outbox.send(peer, CellsLeft(self.tick, []))

    def handle_role(self, peer: int, role: RoleName) -> None:
        """A participant may be told of more or of less, from the next tick on."""
        self._seats.change_role(peer, role)

    # -- where they look -----------------------------------------------------------------------------------------------

    def handle_pose(self, peer: int, position: Position) -> None:
        """Where a participant looks from, metres.

        Raises:
            ProtocolError: that is no place.
        """
        seat = self._seats[peer]
        # Written so that a NaN is refused as well.
        if not all(abs(metres) <= COORDINATE_METRES_MAX for metres in position):
            raise ProtocolError(f"pose: {position}, but it must be within {COORDINATE_METRES_MAX} metres of the origin")
        self._looks[seat.number] = position

    def handle_region(self, peer: int, centre: Position, radius: float) -> int:
        """A participant wants to see a region as well; returns its number, for `handle_region_left`.

        Raises:
            ProtocolError: too many regions, or out of their limits.
        """
        seat = self._seats[peer]
        try:
            return self.interest.regions.subscribe(seat.number, centre, radius)
        except InvalidValue as error:
            raise ProtocolError(f"region: {error}") from error

    def handle_region_left(self, peer: int, region: int) -> None:
        """A participant wants to see a region no longer.

        Raises:
            ProtocolError: it did not see it.
        """
        seat = self._seats[peer]
        try:
            self.interest.regions.unsubscribe(seat.number, region)
        except InvalidValue as error:
            raise ProtocolError(f"region: {error}") from error

    def handle_selection(self, peer: int, entities: EntityList) -> None:
        """What a participant has selected, and nothing else: it is told of it sooner. Who lives no more is left out."""
        self.interest.select(self._seats[peer].number, self._living_slots(entities))

    def set_owned(self, peer: int, entities: EntityList) -> None:
        """What is a participant's own, and nothing else: it is told of it wherever it is."""
        self.interest.own(self._seats[peer].number, self._living_slots(entities))

    def note_input(self, peer: int, sequence: int) -> None:
        """The newest input of a participant's that the world has taken in; its frames say so from now on."""
        self._seats[peer].input = sequence

    def spend(self, peer: int, sent_bytes: int) -> None:
        """So much was sent to a participant on other planes: its budget is for all of them (REP-29).

        It pays OTHERS_SHARE of itself for them at most. The rest is owed, up to what OWED_SECONDS pay.
        """
        seat = self._seats[peer]
        seat.owed_bytes = min(seat.owed_bytes + sent_bytes, OTHERS_SHARE * seat.bytes_per_second * OWED_SECONDS)

    # -- what they have ------------------------------------------------------------------------------------------------

    def handle_ack(self, peer: int, message: StateAck) -> None:
        """A participant took frames.

        Raises:
            ProtocolError: frames that were never sent.
        """
        seat = self._seats[peer]
        for taken in seat.baselines.handle_ack(self.history.tick, message.sequence, message.received):
            self._seats.note_acknowledged(seat, taken.tick, taken.cells)
        self._seats.note_answer(seat)

    def handle_chunks(self, peer: int, message: StateChunksReceived) -> None:
        """A participant has chunks of its snapshot; it can be sent more.

        Raises:
            ProtocolError: it was not sent them.
        """
        seat = self._seats[peer]
        found = self._joining.handle_received(seat.number, message)
        if found is not None:
            self._seats.note_acknowledged(seat, *found)
        self._seats.note_answer(seat)
        self._outbox.send_chunks(self._joining, [seat.number])

    def handle_hashes(self, peer: int, message: CellHashes) -> None:
        """What a participant has of some cells. Those that it has otherwise than the room had it are told anew.

        Those that come too soon after the last ones are passed over.

        Raises:
            ProtocolError: hashes that are none.
        """
        unknown = self._healing.handle_hashes(self._seats[peer], message)
        if unknown:
            self._outbox.send(peer, CellsLeft(self.history.tick, unknown))

    # -- the tick ------------------------------------------------------------------------------------------------------

    @property
    def tick(self) -> int:
        """The tick that was told of last; 0 before the first."""
        return self.history.tick

    @property
    def timeout(self) -> float | None:
        """When the next tick is due, in monotonic seconds; None while nobody is here to be told."""
        return self._last + TICK_SECONDS if self._seats.connected and self._last is not None else None

    @property
    def is_at_rest(self) -> bool:
        """Whether a tick would tell nobody anything: no entities, nobody who has yet to hear that there are none."""
        pairs, joining, outbox = self.interest.pairs, self._joining, self._outbox
        return not (self.world.entity_count or len(pairs) or joining.has_waiting or outbox.has_to_tell)

    def handle_tick(self, now: float) -> None:
        """Tell everybody what changed. Datagrams of the tick before that nobody took are dropped.

        What the world's systems do is to be done before; the world's next tick begins here.
        """
        self._outbox.begin_tick()
        seconds = TICK_SECONDS if self._last is None else min(max(now - self._last, 0.0), _TICK_SECONDS_MAX)
        self._last = now
        self._settle()
        tick = self.history.tick + 1
        # Observers are the host's code, and heard at the host's own flush: what they raise must not end a tick halfway.
        self.world.commands.apply(self.world)
        self.world.advance_tick()
        self.interest.advance(tick, seconds)
        self.history.begin_tick(tick)
        structure = self.world.poll_structure()
        self._places.take(self.world, structure)
        self._changes.take(self.world, structure, self.history)
        self._places.write_members(self.world)
        if self._looks:
            self.interest.look(list(self._looks), list(self._looks.values()))
            self._looks.clear()
        self._outbox.send_left(self.interest.update(), tick)
        if not self._seats.connected:
            return
        self._pay(seconds)
        suspended = self._seats.suspended
        self._joining.begin_snapshots(suspended)
        self._outbox.send_chunks(self._joining, [each for each in self._joining.receiving if not suspended[each]])
        ranked = self._joining.without_held(self.interest.rank(self.history.cell_changed, suspended))
        silent = self._seats.silent(tick)
        passed_over = silent & ~self._seats.asked(tick)
        self._outbox.send_frames(list(self._ticks.write(without(ranked, passed_over[ranked.peers]), silent)), tick)

    def poll_transmit(self) -> StateTransmit | None:
        """The next message; what must arrive comes first."""
        return self._outbox.poll_transmit()

    def poll_divergence(self) -> PeerDiverged | None:
        """A cell that somebody had otherwise, to be logged."""
        return self._healing.poll_divergence()

    def poll_unnumbered(self) -> list[str]:
        """Components that entities have and that are not replicated, because nobody gave them to this plane."""
        return self._changes.poll_unnumbered()

    # -- answers -------------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> Counter[str]:
        """What was done so far, by name."""
        return self._outbox.counts + self._ticks.counts

    def is_joining(self, peer: int) -> bool:
        """Whether a participant waits for the snapshot of what is around it."""
        return self._joining.is_joining(self._seats[peer].number)

    def cells_of(self, peer: int) -> Ints:
        """The cells that are relevant to a participant since the last tick, (n,) int64, ascending."""
        return self.interest.pairs.cells[self.interest.pairs.rows_of_peer(self._seats[peer].number)]

    @property
    def peers(self) -> list[int]:
        """The participants that are here; who is suspended is not."""
        return [seat.peer for seat in self._seats if not self._seats.suspended[seat.number]]

    def cells_waiting_for(self, peer: int) -> int:
        """In how many of its cells there is something that a participant has yet to be sent."""
        rows = self.interest.pairs.rows_of_peer(self._seats[peer].number)
        return int(np.count_nonzero(self.interest.pairs.waiting[rows]))

    def explain(self, peer: int, entity: int, scope: str = "") -> Explanation:
        """Why a participant is told of an entity, or not, and what it waits for.

        Raises:
            InvalidValue: no such participant, entity or scope.
        """
        found = self._living_slots([entity])
        if not len(found):
            raise InvalidValue("entity", entity, "one that lives")
        return self.interest.explain(self._seats[peer].number, int(found[0]), scope)

    # -- within --------------------------------------------------------------------------------------------------------

    def _pay(self, seconds: float) -> None:
        """Charge what other planes sent since the last tick, `seconds` ago."""
        owing = [seat for seat in self._seats if seat.owed_bytes]
        paid = [min(seat.owed_bytes, OTHERS_SHARE * seat.bytes_per_second * seconds) for seat in owing]
        self.interest.budgets.spend([seat.number for seat in owing], paid)
        for seat, size in zip(owing, paid, strict=True):
            seat.owed_bytes -= size

    def _settle(self) -> None:
        """Take in what was acknowledged. Of a cell that has not changed since, everybody has the present."""
        self._seats.tell_acknowledged()
        pairs, changed = self.interest.pairs, self.history.cell_changed
        have = pairs.acknowledged
        have[(have > 0) & (have >= changed[pairs.cells])] = self.history.tick

    def _living_slots(self, entities: EntityList) -> Ints:
        found = as_entities(entities)
        return slots_of(found[self.world.contains_many(found)]).astype(np.int64)
