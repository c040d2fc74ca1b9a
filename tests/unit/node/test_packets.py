"""Packets: refused, resent, rate limited, and applied in order all the same."""

import pytest

from tests.support.pump import Pump, agree, committed, cube
from theta.base.errors import InvalidValue, UndoConflict
from theta.base.identifiers import entity_id
from theta.base.limits import COMMAND_BURST_MAX, OUTBOX_PACKETS_MAX, PACKETS_IN_FLIGHT_MAX
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.log import CommandLog
from theta.commands.packets import SigningDomain
from theta.commands.refusals import PacketTooLarge
from theta.editor.vocabulary import ExtrudeFace, MoveVertices, Operation, Paint, Rename
from theta.mesh import nearest_face_to_normal
from theta.node import pipeline
from theta.node.events import Applied, DocumentChanged, OutcomeChanged, Rejected
from theta.node.lanes import Lane
from theta.node.outbox import Outbox
from theta.node.protocol import REGISTRY
from theta.wire.codec import decode_from_participant
from theta.wire.messages import PacketRefused, SubmitPacket


def test_wire_8_a_bot_that_is_too_fast_gets_everything_applied_in_order() -> None:
    pump = Pump()
    bot, ada = pump.join("Bot"), pump.join("Ada")
    names = [bot.perform(pump.now, [cube()])[0]]
    names += [bot.perform(pump.now, [Rename(entity_id(names[0]), f"n{index}")])[0] for index in range(999)]
    pump.pump()
    assert COMMAND_BURST_MAX <= len(pump.told(bot, Applied)) < 1_000
    pump.advance(9.5)
    assert bot.unacknowledged == 0
    assert [event.name for event in pump.told(bot, Applied)] == names
    assert not pump.told(bot, Rejected)
    agree(pump, bot, ada)


def test_a_busy_room_is_not_asked_the_same_thing_over_and_over() -> None:
    pump = Pump()
    bot = pump.join("Bot")
    heard = 0
    handle_frame = pump.room.handle_frame

    def count(now: Moment, connection: int, lane: Lane, frame: bytes) -> None:
        nonlocal heard
        heard += isinstance(decode_from_participant(frame), SubmitPacket)
        handle_frame(now, connection, lane, frame)

    pump.room.handle_frame = count  # type: ignore[method-assign]
    for _ in range(600):
        bot.perform(pump.now, [cube()])
    pump.advance(6.0)
    assert bot.unacknowledged == 0
    assert heard < 4 * 600


def test_undo_is_refused_when_others_built_on_it() -> None:
    pump = Pump()
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    mesh = bob.replica.document.mesh(entity)
    assert mesh is not None
    bob.perform(pump.now, [ExtrudeFace(entity, nearest_face_to_normal(mesh, (0.0, 1.0, 0.0)), 0.25)])
    pump.pump()
    with pytest.raises(UndoConflict, match=r"Bob \(extrude face\)"):
        ada.undo(pump.now)
    before = pump.room.document_hash
    bob.undo(pump.now)
    pump.pump()
    assert pump.room.document_hash != before
    bob.redo(pump.now)
    pump.pump()
    assert pump.room.document_hash == before
    assert [event.outcome.kind for event in pump.told(bob, OutcomeChanged)] == ["suspended", "applied"]
    agree(pump, ada, bob)


def test_commands_of_a_packet_are_one_gesture_and_later_ones_can_join_it() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    first = ada.perform(pump.now, [cube("a"), cube("b")])
    ada.perform(pump.now, [cube("c")], gesture=first[0].number)
    pump.pump()
    assert ada.replica.document.entity_count == 3
    ada.undo(pump.now)
    pump.pump()
    assert ada.replica.document.entity_count == 0
    gone = {entity_id(name) for name in (*first, first[0]._replace(number=3))}
    assert pump.told(ada, DocumentChanged)[-1].entities == gone


def test_bad_values_are_the_callers_fault_and_nothing_is_queued() -> None:
    pump = Pump()
    ada = pump.join("Ada")
    with pytest.raises(InvalidValue, match="colour"):
        ada.perform(pump.now, [Paint(bytes(16), (2.0, 0.0, 0.0))])
    with pytest.raises(InvalidValue, match="operations"):
        ada.perform(pump.now, [])
    with pytest.raises(InvalidValue, match="gesture"):
        ada.perform(pump.now, [cube()], gesture=1)
    with pytest.raises(PacketTooLarge):
        ada.perform(pump.now, [cube()] * 101)
    assert ada.unacknowledged == 0
    assert ada.perform(pump.now, [cube()])[0].number == 1


def _filling(renames: int, characters: int) -> list[Operation]:
    vertices = b"".join(number.to_bytes(16, "big") for number in range(1_000))
    full = MoveVertices(bytes(16), vertices, bytes(24_000), bytes(24_000))
    return [full, *[Rename(bytes(16), "x" * 128)] * renames, Rename(bytes(16), "x" * characters)]


def _fits(operations: list[Operation]) -> bool:
    try:
        Outbox(Identity.from_seed(bytes(32)), 1).put(operations, None)
    except PacketTooLarge:
        return False
    return True


def test_a_packet_that_fits_when_it_is_made_fits_however_late_it_is_signed() -> None:
    renames = next(count for count in range(99) if not _fits(_filling(count + 1, 1)))
    characters = max(count for count in range(1, 129) if _fits(_filling(renames, count)))
    assert characters < 128
    outbox = Outbox(Identity.from_seed(bytes(32)), 1)
    outbox.put(_filling(renames, characters), None)
    outbox._clock.witness(2**63)
    outbox.handle_session(SigningDomain(bytes(16), bytes(16), bytes(16), 1), 1, resumed=False)
    assert outbox.poll(Pump().now._replace(unix_ms=2**63), CommandLog(REGISTRY)) is not None


def _outbox(packets: int) -> Outbox:
    outbox = Outbox(Identity.from_seed(bytes(32)), 1)
    for _ in range(packets):
        outbox.put([cube()], None)
    outbox.handle_session(SigningDomain(bytes(16), bytes(16), bytes(16), 1), 1, resumed=False)
    return outbox


def test_the_outbox_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OUTBOX_PACKETS_MAX > 1_000
    monkeypatch.setattr("theta.node.outbox.OUTBOX_PACKETS_MAX", 3)
    outbox = _outbox(3)
    with pytest.raises(InvalidValue, match="outbox"):
        outbox.put([cube()], None)


def test_so_many_packets_are_in_flight_and_no_more() -> None:
    outbox, log, now = _outbox(PACKETS_IN_FLIGHT_MAX + 5), CommandLog(REGISTRY), Pump().now
    sent = []
    while (packet := outbox.poll(now, log)) is not None:
        sent.append(packet.nonce)
    assert sent == list(range(1, PACKETS_IN_FLIGHT_MAX + 1))
    outbox.handle_acknowledged(1)
    packet = outbox.poll(now, log)
    assert packet is not None
    assert packet.nonce == PACKETS_IN_FLIGHT_MAX + 1
    assert outbox.poll(now, log) is None


def test_a_refusal_of_nothing_and_an_acknowledgement_of_nothing_are_ignored() -> None:
    outbox, now = _outbox(1), Pump().now
    assert outbox.handle_refused(now, PacketRefused(9, "RateLimited", "", True, 10)) == []
    outbox.handle_acknowledged(9)
    assert outbox.unacknowledged == 1
    assert outbox.timeout is None


def test_wire_8_a_refused_packet_is_sent_again_with_the_same_bytes_when_its_time_has_come() -> None:
    outbox, log, now = _outbox(2), CommandLog(REGISTRY), Pump().now
    first, second = outbox.poll(now, log), outbox.poll(now, log)
    outbox.handle_refused(now, PacketRefused(1, "RateLimited", "", True, 500))
    outbox.handle_refused(now, PacketRefused(2, "Blocked", "", True, 1))
    assert outbox.timeout == now.seconds + 0.5
    assert outbox.poll(now, log) is None
    later = now._replace(seconds=now.seconds + 0.5)
    assert outbox.poll(later, log) == first
    assert outbox.poll(later, log) is None
    outbox.handle_acknowledged(1)
    assert outbox.poll(later, log) == second


def test_blocked_without_knowing_why_waits_a_little() -> None:
    outbox, log, now = _outbox(1), CommandLog(REGISTRY), Pump().now
    outbox.poll(now, log)
    outbox.handle_refused(now, PacketRefused(1, "Blocked", "", True, 1))
    assert outbox.timeout == now.seconds + 0.05


def test_a_disk_that_is_behind_is_told_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "PACKETS_PENDING_MAX", 5)
    pump = Pump()
    ada = pump.join("Ada")
    pump.is_frozen = True
    names = [ada.perform(pump.now, [cube(f"{index}")])[0] for index in range(12)]
    pump.pump()
    assert len(pump.unwritten) == 5
    pump.thaw()
    pump.advance(3.0)
    assert ada.unacknowledged == 0
    assert [event.name for event in pump.told(ada, Applied)] == names
    assert not pump.told(ada, Rejected)


def test_a_disk_that_is_far_behind_takes_no_newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "APPENDS_IN_FLIGHT_MAX", 1)
    pump = Pump()
    pump.is_frozen = True
    pump.join("Ada")
    bob = pump.peer("Bob")
    assert pump.code_of(pump.connect(bob)) == 4409
    pump.thaw()
    pump.connect(bob)
    assert bob.is_joined


def test_random_edits_from_three_end_in_one_document(seed: int) -> None:
    pump = Pump(seed)
    randomness = Randomness(f"{seed} edits".encode())
    peers = [pump.join(f"P{index}") for index in range(3)]
    entities: list[bytes] = []
    for _ in range(60):
        peer = peers[randomness.integer(3)]
        pump.is_frozen = randomness.integer(4) == 0
        if not entities or randomness.integer(3) == 0:
            entities.append(entity_id(peer.perform(pump.now, [cube()])[0]))
        else:
            entity = entities[randomness.integer(len(entities))]
            peer.perform(pump.now, [Paint(entity, (randomness.fraction(), 0.0, 1.0))])
        pump.pump()
    pump.thaw()
    pump.advance(2.0)
    assert len(committed(pump)) == 60
    agree(pump, *peers)
