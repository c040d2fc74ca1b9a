"""The room's side of the state plane: who is told what, when, and at what cost."""

import math

import pytest

from tests.support.state_company import COMPONENTS, Company, Gizmo, Guest, Label, Motion, Pose, differences
from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import (
    BASELINE_AGE_TICKS_MAX,
    PEERS_MAX,
    REGIONS_PER_PEER_MAX,
    STATE_BYTES_PER_SECOND,
    STATE_CHUNK_WINDOW,
)
from theta.ecs.batch import Batch
from theta.ecs.entities import Entity
from theta.node.lanes import Lane
from theta.node.state_healing import HASHES_TICKS
from theta.node.state_joining import SNAPSHOTS_PER_TICK
from theta.node.state_outbox import StateTransmit
from theta.node.state_plane import StatePlane
from theta.node.state_seats import PROBE_TICKS, SILENCE_TICKS
from theta.node.state_ticks import FRAME_OVERHEAD_BYTES, LARGE_RESEND_TICKS
from theta.replication.reading_sections import read_sections
from theta.replication.receiving import body_of
from theta.wire.state_messages import (
    CellHash,
    CellHashes,
    CellsLeft,
    ComponentDescriptors,
    StateAck,
    StateChunk,
    StateChunksReceived,
    StateFrame,
    StateSection,
)

HERE = (0.0, 0.0, 0.0)


def company_of(count: int, apart: float = 0.5) -> tuple[Company, list[Entity]]:
    """A room with entities in a row along x, from the origin on."""
    company = Company("unit")
    metres = [(apart * at, 0.0, 0.0) for at in range(count)]
    found = company.plane.world.spawn_many(count, Batch(Pose, metres=metres), Motion((1.0, 2.0, 3.0)))
    return company, [Entity(each) for each in found.tolist()]


def tick(company: Company) -> list[StateTransmit]:
    """One tick whose messages go nowhere."""
    company.tick += 1
    company.plane.handle_tick(company.now)
    return drain(company.plane)


def drain(plane: StatePlane) -> list[StateTransmit]:
    found = []
    while told := plane.poll_transmit():
        found.append(told)
    return found


def move(company: Company, entity: Entity, x: float) -> None:
    company.plane.world.write(entity, Pose((x, 0.0, 0.0)))


def assert_same(company: Company) -> None:
    for guest in company.guests.values():
        assert differences(company, guest) == []


def ages_of(company: Company, messages: list[StateTransmit]) -> list[int]:
    """The baselines of all sections."""
    schema = company.plane.history.schema
    bodies = [body_of(each.message) for each in messages if isinstance(each.message, StateFrame | StateSection)]
    return [section.age for body in bodies for section in read_sections(schema, body)]


# -- joining -----------------------------------------------------------------------------------------------------------


def test_a_joiner_hears_of_the_components_and_then_of_what_is_around_it() -> None:
    company, entities = company_of(60)
    guest = company.join(HERE)
    told = drain(company.plane)
    assert [type(each.message) for each in told] == [ComponentDescriptors]
    assert {each.lane for each in told} == {Lane.STATE}
    guest.follower.handle_message(0.0, told[0].message)
    company.run(0.3)
    assert guest.follower.has_snapshot
    assert not company.plane.is_joining(guest.peer)
    assert_same(company)
    near = guest.follower.local(entities[0])
    assert near is not None
    assert guest.follower.world.read(near, Pose).metres == pytest.approx(HERE, abs=0.002)
    assert guest.follower.local(entities[-1]) is None, "30 m away"
    assert company.plane.counts["sent"] == 0, "what came with the snapshot is not told again"


def test_who_joins_together_shares_one_snapshot() -> None:
    company, _ = company_of(40)
    for _ in range(3):
        company.join(HERE)
    elsewhere = company.join((8.0, 0.0, 0.0))
    told = [each for each in tick(company) if isinstance(each.message, StateChunk)]
    chunks = {id(each.message) for each in told if each.peer != elsewhere.peer}
    assert len(chunks) == 1
    assert {id(each.message) for each in told if each.peer == elsewhere.peer}.isdisjoint(chunks)
    assert len(told) == 4


def test_who_joins_in_many_places_at_once_takes_turns() -> None:
    company, _ = company_of(60)
    for at in range(SNAPSHOTS_PER_TICK + 1):
        company.join((5.0 * at, 0.0, 0.0))

    def begun() -> int:
        return len({each.peer for each in tick(company) if isinstance(each.message, StateChunk)})

    assert [begun(), begun(), begun()] == [SNAPSHOTS_PER_TICK, 1, 0]


def test_a_snapshot_comes_nearest_first_and_as_fast_as_it_is_answered() -> None:
    company = Company("unit")
    label = Label(1, b"x" * 8_000)
    for at in range(3 * STATE_CHUNK_WINDOW):
        metres = (9.0 - 9.0 * at / (3 * STATE_CHUNK_WINDOW), 0.0, 0.0)
        company.plane.world.spawn(Pose(metres), Label(at, company.random.randbytes(8_000)))
    company.plane.world.spawn(Pose(HERE), label)
    guest = company.join(HERE)
    chunks = [each.message for each in tick(company) if isinstance(each.message, StateChunk)]
    assert len(chunks) == STATE_CHUNK_WINDOW < chunks[0].count
    assert tick(company) == [], "no more before an answer"
    company.plane.handle_chunks(guest.peer, StateChunksReceived(chunks[0].snapshot, [chunks[0].number]))
    assert len(drain(company.plane)) == 1
    assert [chunk.number for chunk in chunks] == list(range(len(chunks))), "cut nearest first"
    tick(company)
    acknowledged = company.plane.interest.pairs
    nearest = acknowledged.distances[acknowledged.acknowledged > 0]
    assert nearest.max() <= acknowledged.distances[acknowledged.acknowledged == 0].min()


def test_an_empty_world_has_an_empty_snapshot() -> None:
    company = Company("unit")
    guest = company.join(HERE)
    company.run(0.2)
    assert guest.follower.has_snapshot
    assert not company.plane.is_joining(guest.peer)


def test_a_joiner_that_looks_nowhere_yet_hears_of_what_has_no_place() -> None:
    company, entities = company_of(1)
    everywhere = company.plane.world.spawn(Motion((0.0, 0.0, 0.0)))
    guest = Guest(7, company.random, "editor", 10.0)
    company.guests[7] = guest
    company.plane.handle_joined(0.0, 7, "editor")
    company.run(0.5)
    assert guest.follower.local(everywhere) is not None
    assert guest.follower.local(entities[0]) is None
    assert company.plane.is_joining(7)
    company.look(guest, HERE)
    company.run(0.5)
    assert guest.follower.local(entities[0]) is not None
    assert_same(company)


def test_seats_are_given_back() -> None:
    company, _ = company_of(3)
    for _ in range(PEERS_MAX + 3):
        guest = company.join(HERE)
        company.step()
        company.leave(guest)
        assert drain(company.plane) == []
    guest = company.join(HERE)
    company.run(0.5)
    assert_same(company)
    company.leave(guest)
    assert company.plane.timeout is None


# -- telling -----------------------------------------------------------------------------------------------------------


def test_a_section_is_encoded_once_for_all_who_have_the_same() -> None:
    company, entities = company_of(10)
    for _ in range(5):
        company.join(HERE)
    company.run(0.5)
    before = company.plane.counts
    move(company, entities[2], 1.1)
    company.step()
    counts = company.plane.counts - before
    assert counts["encoded"] == 1
    assert counts["sent"] == counts["frames"] == 5
    assert counts["sent_bytes"] == 5 * counts["encoded_bytes"]
    company.run(0.3)
    assert_same(company)


def test_nothing_is_said_while_nothing_happens_and_what_wakes_is_a_difference() -> None:
    company, entities = company_of(10)
    company.join(HERE)
    company.run(0.5)
    sent = company.plane.counts["frames"]
    company.run((BASELINE_AGE_TICKS_MAX + 20) / 30.0)
    assert company.plane.counts["frames"] == sent
    move(company, entities[0], 0.1)
    assert all(0 < age < 5 for age in ages_of(company, tick(company)))


def test_what_is_lost_is_said_again_as_it_is_by_then() -> None:
    company, entities = company_of(1)
    guest = company.join(HERE)
    company.run(0.5)
    move(company, entities[0], 0.5)
    assert len(ages_of(company, tick(company))) == 1
    told = [len(ages_of(company, tick(company))) for _ in range(12)]
    assert told == [0, 0, 0, 0, 0, 1] * 2, "lost, and said again after a while"
    move(company, entities[0], 1.0)
    company.run(0.5)
    assert guest.follower.counts["applied"] == 2, "of the snapshot, and the newest"
    assert_same(company)


def test_a_section_that_no_datagram_holds_goes_once_on_the_reliable_lane() -> None:
    company, entities = company_of(1)
    guest = company.join(HERE)
    company.run(0.5)
    company.plane.world.insert(entities[0], Label(1, bytes(range(256)) * 8))
    told = tick(company)
    assert [(type(each.message), each.lane) for each in told] == [(StateSection, Lane.STATE)]
    again = [each for _ in range(LARGE_RESEND_TICKS - 5) for each in tick(company)]
    assert again == [], "it cannot be lost, only late"
    for each in told:
        guest.follower.handle_message(company.now, each.message)
    company.run(0.2)
    assert company.plane.counts["sections"] == 1
    assert_same(company)


def test_datagrams_that_nobody_took_are_dropped_for_newer_ones() -> None:
    company, entities = company_of(1)
    company.join(HERE)
    company.run(0.5)
    for at in range(30):
        move(company, entities[0], 0.1 * at)
        company.tick += 1
        company.plane.handle_tick(company.now)
    assert len(drain(company.plane)) == 1


def test_a_budget_is_kept_and_the_nearest_hears_first() -> None:
    company, entities = company_of(400, apart=0.02)
    guest = company.join(HERE)
    company.leave(guest)
    plane = company.plane
    plane.handle_joined(company.now, 5, "editor", 10.0, 8_192)
    guest = company.guests[5] = Guest(5, company.random, "editor", 10.0)
    company.look(guest, HERE)
    company.run(0.5)
    sizes = []
    for at in range(90):
        for entity in entities:
            turned = at / 100.0
            metres = plane.world.read(entity, Pose).metres
            plane.world.write(entity, Pose(metres, (0.0, math.sin(turned), 0.0, math.cos(turned))))
        before = plane.counts["sent_bytes"] + 32 * plane.counts["frames"]
        company.step()
        sizes.append(plane.counts["sent_bytes"] + 32 * plane.counts["frames"] - before)
    assert max(sum(sizes[at : at + 30]) for at in range(60)) <= 8_192
    company.run(2.0)
    assert_same(company)


def busy_bytes(others: int) -> int:
    """What the plane sends in a second in which everything moves, with so many bytes of other planes in each tick."""
    company, entities = company_of(600, apart=0.01)
    guest = company.join(HERE)
    company.run(1.0)
    before = company.plane.counts["sent_bytes"] + FRAME_OVERHEAD_BYTES * company.plane.counts["frames"]
    for at in range(30):
        company.plane.spend(guest.peer, others)
        for number, entity in enumerate(entities):
            move(company, entity, 0.01 * number + 0.1 * (at % 3))
        company.step()
    return company.plane.counts["sent_bytes"] + FRAME_OVERHEAD_BYTES * company.plane.counts["frames"] - before


def test_rep_29_what_other_planes_send_is_paid_from_half_of_the_budget() -> None:
    alone, beside, behind = busy_bytes(0), busy_bytes(500), busy_bytes(50_000)
    assert STATE_BYTES_PER_SECOND * 0.9 < alone <= STATE_BYTES_PER_SECOND
    assert alone - 1.1 * 30 * 500 < beside <= alone - 0.9 * 30 * 500, "what they send is not spent here"
    assert 0.4 * STATE_BYTES_PER_SECOND < behind < 0.5 * STATE_BYTES_PER_SECOND, "half of it is for the state plane"


def test_what_is_owed_for_other_planes_is_paid_off_within_a_second() -> None:
    company, entities = company_of(3)
    guest = company.join(HERE)
    company.run(0.5)
    company.plane.spend(guest.peer, 100 * STATE_BYTES_PER_SECOND)
    tokens = company.plane.interest.budgets.tokens
    before = tokens[0]
    company.run(1.0)
    owing = tokens[0]
    assert owing < before
    company.run(0.2)
    assert tokens[0] == before
    move(company, entities[0], 0.3)
    company.run(0.2)
    assert_same(company)


def test_frames_say_which_input_was_taken_in() -> None:
    company, entities = company_of(1)
    guest = company.join(HERE)
    company.run(0.5)
    company.plane.note_input(guest.peer, 77)
    move(company, entities[0], 0.3)
    assert [each.message.input for each in tick(company)] == [77]  # type: ignore[attr-defined]


def test_scopes_are_for_roles() -> None:
    company = Company("unit")
    entity = company.plane.world.spawn(Pose(HERE), Gizmo(3))
    editor, viewer = company.join(HERE, "editor"), company.join(HERE, "viewer")
    company.run(0.5)
    assert editor.follower.world.has(editor.follower.local(entity), Gizmo)  # type: ignore[arg-type]
    assert not viewer.follower.world.has(viewer.follower.local(entity), Gizmo)  # type: ignore[arg-type]
    company.plane.handle_role(viewer.peer, "editor")
    company.plane.handle_role(editor.peer, "viewer")
    editor.role, viewer.role = "viewer", "editor"
    company.run(0.5)
    assert viewer.follower.world.has(viewer.follower.local(entity), Gizmo)  # type: ignore[arg-type]
    assert not editor.follower.world.has(editor.follower.local(entity), Gizmo)  # type: ignore[arg-type]
    assert_same(company)


def test_a_region_is_seen_from_afar_until_it_is_left() -> None:
    company, entities = company_of(200)
    guest = company.join((-50.0, 0.0, 0.0))
    company.run(0.3)
    assert guest.follower.entity_count == 0
    region = company.plane.handle_region(guest.peer, (50.0, 0.0, 0.0), 3.0)
    company.run(0.5)
    assert guest.follower.local(entities[100]) is not None
    assert_same(company)
    company.plane.handle_region_left(guest.peer, region)
    company.run(1.5)
    assert guest.follower.entity_count == 0
    assert guest.there == set()
    assert_same(company)


def test_ones_own_is_told_wherever_it_is() -> None:
    company, entities = company_of(200)
    guest = company.join(HERE)
    company.plane.set_owned(guest.peer, [entities[150]])
    company.plane.handle_selection(guest.peer, [entities[1], Entity(9 << 32 | 9)])
    company.run(0.5)
    assert guest.follower.local(entities[150]) is not None
    found = company.plane.explain(guest.peer, entities[150])
    assert found.relevant
    assert found.reasons == ("its own",)
    assert company.plane.explain(guest.peer, entities[1]).selected
    with pytest.raises(InvalidValue, match="entity"):
        company.plane.explain(guest.peer, Entity(9 << 32 | 9))


def test_who_is_in_two_cells_and_gets_another_component_is_written_once() -> None:
    company = Company("unit")
    entity = company.plane.world.spawn(Pose(HERE), Gizmo(3))
    guest = company.join(HERE)
    company.run(0.5)
    move(company, entity, 0.5)
    company.plane.world.insert(entity, Motion((1.0, 2.0, 3.0)))
    company.run(0.5)
    assert guest.follower.skipped == {}
    assert_same(company)


def test_the_first_entity_of_a_world_ends_like_any_other() -> None:
    company, entities = company_of(2)
    guest = company.join(HERE)
    company.run(0.5)
    assert entities[0] & 0xFFFF_FFFF == 0
    company.plane.world.despawn(entities[0])
    company.run(0.5)
    assert guest.follower.local(entities[0]) is None
    assert guest.follower.entity_count == 1
    assert_same(company)


def test_positions_that_are_none_do_not_stop_the_room() -> None:
    company, entities = company_of(3)
    company.join(HERE)
    for rows in company.plane.world.query_mut(Pose):
        # What a system makes of columns nobody checks.
        rows.columns[0]["metres"][0, 0] = math.nan
        rows.columns[0]["metres"][1] = (math.inf, 0.0, -math.inf)
    company.run(0.5)
    move(company, entities[1], 1.0)
    company.run(0.5)
    assert company.plane.explain(1_000, entities[0]).relevant, "as if it were at 0"
    assert company.plane.explain(1_000, entities[1]).relevant
    assert company.guests[1_000].follower.entity_count == 3


def test_who_loses_its_position_concerns_everybody() -> None:
    company, entities = company_of(1)
    guest = company.join((40.0, 0.0, 0.0))
    company.run(0.3)
    assert guest.follower.entity_count == 0
    company.plane.world.remove(entities[0], Pose)
    company.run(0.3)
    assert guest.follower.entity_count == 1
    company.plane.world.insert(entities[0], Pose((0.0, 0.0, 0.0)))
    company.run(1.5)
    assert guest.follower.entity_count == 0
    company.plane.world.remove(entities[0], Motion)
    company.plane.world.remove(entities[0], Pose)
    company.step()
    assert company.plane.explain(guest.peer, entities[0]).cell == -1, "nothing of it is replicated"


# -- slow and wrong peers ----------------------------------------------------------------------------------------------


def crowd(with_frozen: bool) -> tuple[Company, list[int]]:
    """A busy room; how many frames the frozen guest was sent in each second."""
    company, entities = company_of(100, apart=0.05)
    guest = company.join(HERE)
    frozen = company.join((1.0, 0.0, 0.0))
    company.run(0.5)
    frozen.is_frozen = True
    if not with_frozen:
        company.leave(frozen)
    seconds = []
    for second in range(12):
        before = frozen.to_guest.waiting
        for at in range(30):
            for entity in entities[:30]:
                move(company, entity, ((at + second * 30) % 40) * 0.1)
            company.look(guest, (at / 30.0, 0.0, 0.0))
            company.step()
        seconds.append(frozen.to_guest.waiting - before)
    assert differences(company, guest) == [] or guest.follower.entity_count == 100
    return company, seconds


def test_a_frozen_reader_costs_little_and_others_nothing() -> None:
    company, seconds = crowd(with_frozen=True)
    alone, _ = crowd(with_frozen=False)
    after = SILENCE_TICKS // 30 + 1
    assert min(seconds[:2]) >= 30, "at first it gets what everybody gets"
    assert max(seconds[after:]) <= 10 * 30 / PROBE_TICKS, "then it is asked now and then"
    frozen = list(company.guests.values())[1]
    assert company.plane.poll_transmit() is None, "nothing piles up"
    guest, other = company.guests[1_000].follower, alone.guests[1_000].follower
    assert guest.counts["dropped"] == other.counts["dropped"] == 0
    assert guest.counts["applied"] == other.counts["applied"]
    frozen.is_frozen = False
    company.run(3.0)
    assert_same(company)


def test_who_is_silent_is_told_later_what_to_forget_and_once() -> None:
    company, entities = company_of(40)
    guest = company.join(HERE, radius=3.0)
    company.run(0.5)
    known = set(guest.follower.receiver.cells)
    guest.is_frozen = True
    told: list[StateTransmit] = []
    for at in range(SILENCE_TICKS + 60):
        move(company, entities[0], 0.01 * (at % 10))
        told += tick(company)
    for x in (100.0, 0.0, 100.0, 0.0, 15.0):
        company.look(guest, (x, 0.0, 0.0))
        move(company, entities[30], 15.0 + x / 100.0)
        for _ in range(70):
            told += tick(company)
    assert not [each for each in told if isinstance(each.message, CellsLeft)]
    company.plane.handle_ack(guest.peer, StateAck(1, 0))
    (left,) = [each.message for each in tick(company) if isinstance(each.message, CellsLeft)]
    assert set(left.cells) >= known - set(company.plane.cells_of(guest.peer).tolist())
    assert set(left.cells).isdisjoint(company.plane.cells_of(guest.peer).tolist())


def test_a_world_without_positions_is_told_to_everybody() -> None:
    plane = StatePlane(COMPONENTS[1:2])
    plane.world.spawn(Motion((0.0, 0.0, 0.0)))
    plane.handle_joined(0.0, 1, "viewer")
    plane.handle_tick(0.0)
    assert len(plane.cells_of(1)) == 1


def test_a_cell_that_differs_is_found_and_told_anew() -> None:
    company, entities = company_of(8)
    guest = company.join(HERE)
    company.run(0.5)
    receiver = guest.follower.receiver
    cell = receiver.cells[0]
    (state,) = receiver._states[cell]
    rows = state.components[1]
    rows.lanes[rows.lanes != 0] += 5
    company.run(5.0)
    found = company.plane.poll_divergence()
    assert found is not None
    assert (found.peer, found.divergence.cell, found.divergence.components) == (
        guest.peer,
        cell,
        ("test.company.Pose",),
    )
    assert company.plane.poll_divergence() is None, "told once, and healed"
    assert_same(company)
    assert entities


def test_hashes_are_compared_now_and_then_and_only_of_what_is_told() -> None:
    company, _ = company_of(100)
    guest = company.join(HERE)
    company.run(0.5)
    plane = company.plane
    wrong = [CellHash(cell, plane.tick, bytes(10)) for cell in plane.cells_of(guest.peer)[:2].tolist()]
    unseen = CellHash(max(plane.cells_of(guest.peer).tolist()) + 3, plane.tick, bytes(10))
    plane.handle_hashes(guest.peer, CellHashes([unseen]))
    assert plane.poll_divergence() is None
    plane.handle_hashes(guest.peer, CellHashes(wrong))
    assert plane.poll_divergence() is None, "too soon after the last"
    company.run(HASHES_TICKS / 30.0)
    plane.handle_hashes(guest.peer, CellHashes(wrong))
    assert plane.poll_divergence() is not None
    company.run(HASHES_TICKS / 30.0)
    with pytest.raises(ProtocolError, match="CellHash"):
        plane.handle_hashes(guest.peer, CellHashes([wrong[0].__class__(wrong[0].cell, plane.tick, b"123")]))


def test_a_snapshot_goes_on_over_another_connection() -> None:
    company = Company("unit")
    for at in range(2 * STATE_CHUNK_WINDOW):
        company.plane.world.spawn(Pose((0.1 * at, 0.0, 0.0)), Label(at, company.random.randbytes(8_000)))
    guest = company.join(HERE)
    for message in [each.message for each in tick(company)][:12]:
        guest.follower.handle_message(company.now, message)
    before = guest.follower.has_snapshot, guest.follower.entity_count
    assert before == (False, 16), "the nearest cell"
    first = guest.follower.poll_transmit()
    assert first is not None
    assert isinstance(first[1], StateChunksReceived)
    company.plane.handle_chunks(guest.peer, first[1])
    company.cut(guest)
    told = [each.message for each in drain(company.plane)]
    assert told == [CellsLeft(company.plane.tick, [])], "the components are not told again; chunks come with a tick"
    again = [each.message for each in tick(company) if isinstance(each.message, StateChunk)]
    assert not {each.number for each in again} & set(first[1].numbers)
    for message in again:
        guest.follower.handle_message(company.now, message)
    company.run(0.5)
    assert guest.follower.has_snapshot
    assert_same(company)


def test_who_never_answered_cannot_go_on_and_begins_anew() -> None:
    company, _ = company_of(5)
    guest = company.join(HERE)
    tick(company)
    assert not company.plane.can_resume(guest.peer)
    with pytest.raises(InvalidValue, match="one that has answered"):
        company.plane.handle_resumed(guest.peer)
    company.cut(guest)
    company.run(0.5)
    assert company.plane.can_resume(guest.peer)
    assert_same(company)


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    company, _ = company_of(5)
    guest = company.join(HERE)
    company.run(0.5)
    plane, peer = company.plane, guest.peer
    for refused in (
        lambda: plane.handle_pose(peer, (math.nan, 0.0, 0.0)),
        lambda: plane.handle_ack(peer, StateAck(99, 0)),
        lambda: plane.handle_chunks(peer, StateChunksReceived(99, [0])),
        lambda: plane.handle_region(peer, HERE, -1.0),
        lambda: plane.handle_region_left(peer, 3),
    ):
        with pytest.raises(ProtocolError):
            refused()
    for _ in range(REGIONS_PER_PEER_MAX):
        plane.handle_region(peer, HERE, 0.5)
    with pytest.raises(ProtocolError, match="regions"):
        plane.handle_region(peer, HERE, 0.5)
    with pytest.raises(InvalidValue, match="peer"):
        plane.handle_joined(0.0, peer, "editor")
    with pytest.raises(InvalidValue, match="radius"):
        plane.handle_joined(0.0, 5, "editor", 1e9)
    with pytest.raises(InvalidValue, match="peer"):
        plane.handle_pose(5, HERE)
    with pytest.raises(InvalidValue, match="peer"):
        plane.handle_left(5)
    company.run(0.3)
    assert_same(company)


def test_components_without_a_number_are_named_once() -> None:
    plane = StatePlane(COMPONENTS[:1])
    plane.world.spawn(Motion((0.0, 0.0, 0.0)), Pose(HERE))
    plane.handle_tick(0.0)
    plane.world.spawn(Motion((0.0, 0.0, 0.0)))
    plane.handle_tick(0.1)
    assert plane.poll_unnumbered() == ["test.company.Motion"]
    assert plane.poll_unnumbered() == []


def test_a_cell_out_of_sight_is_to_be_forgotten() -> None:
    company, _ = company_of(20)
    guest = company.join(HERE, radius=3.0)
    company.run(0.5)
    company.look(guest, (100.0, 0.0, 0.0))
    told = [each.message for each in tick(company)]
    assert [type(each) for each in told] == [CellsLeft]
    assert set(told[0].cells) == set(guest.follower.receiver.cells)  # type: ignore[attr-defined]
