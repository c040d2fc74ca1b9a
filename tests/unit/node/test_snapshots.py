"""Newcomers who are given a checkpoint in place of a long log (WIRE-41)."""

import pytest

from tests.support.pump import Pump, agree, committed, cube, red
from theta.adapters.memory_store import MemoryLogStore
from theta.base.identifiers import entity_id
from theta.base.limits import RESUME_SECONDS_MAX
from theta.base.randomness import Randomness
from theta.commands.governing import SetRole
from theta.commands.log import CommandLog
from theta.commands.store import CheckpointPart, StoredRecord
from theta.editor.vocabulary import Rename, SetEffectiveV2
from theta.node import checkpoint_frames, checkpoint_schedule, snapshot_taking, snapshots
from theta.node.asset_shelf import AssetShelf
from theta.node.compacting import compact_log
from theta.node.events import Answered, Applied, Diverged, Joined, Rejected, Synced
from theta.node.lanes import Lane
from theta.node.peer import Peer
from theta.node.replica import Replica
from theta.node.room import Room, RoomSettings
from theta.session.states import State
from theta.wire.codec import decode_from_room, encode
from theta.wire.messages import (
    Commit,
    GestureName,
    HistoryPage,
    HistoryRequest,
    MomentPart,
    MomentRequest,
    PacketRefused,
    RequestRefused,
    SnapshotOffer,
    SnapshotPart,
)

WITH_SNAPSHOT = ("fold", "presence", "chat", "snapshot")


class StoredPump(Pump):
    """A room over a store that keeps checkpoints."""

    def __init__(self) -> None:
        self.store = MemoryLogStore()
        super().__init__()

    def _open(self) -> Room:
        settings = RoomSettings("studio", self.secret, self.owner.public_key)
        self._starts += 1
        luck = Randomness(self._seed(f"start {self._starts}"))
        return Room(settings, self.store, luck, self.now, self.assets.values())

    def _write(self) -> bool:
        before = len(self.disk)
        worked = super()._write()
        new: list[StoredRecord] = self.disk[before:]
        if new:
            self.store.append(new)
        while (piece := self.room.poll_checkpoint()) is not None:
            worked = True
            if isinstance(piece, CheckpointPart):
                self.store.put_part(*piece)
            else:
                self.store.put_checkpoint(piece.checkpoint)
                self.store.drop_checkpoints(piece.kept)
            self.room.handle_checkpoint_durable(self.now)
        return worked

    def join_with_snapshot(self, name: str) -> Peer:
        """Somebody who takes one if it is offered."""
        peer = self.peer(name, capabilities=WITH_SNAPSHOT)
        self.connect(peer)
        return peer


@pytest.fixture
def pump(monkeypatch: pytest.MonkeyPatch) -> StoredPump:
    """A room with 600 records and a checkpoint."""
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", 450)
    monkeypatch.setattr(snapshots, "SNAPSHOT_RECORDS_MIN", 100)
    monkeypatch.setattr(checkpoint_frames, "CHECKPOINT_PART_BYTES_MAX", 4_096)
    pump = StoredPump()
    ada = pump.join("Ada")
    entities = [entity_id(ada.perform(pump.now, [cube(f"cube {number}")])[0]) for number in range(3)]
    for number in range(600):
        ada.perform(pump.now, [Rename(entities[number % 3], f"name {number}")])
        if number % 10 == 9:
            pump.advance(0.15)
    pump.advance(3.0)
    assert pump.store.checkpoints()
    return pump


def _ada(pump: StoredPump) -> Peer:
    return next(peer for peer in pump.events if peer.settings.name == "Ada")


def test_wire_41_a_newcomer_begins_from_the_checkpoint_and_agrees(pump: StoredPump) -> None:
    ada = _ada(pump)
    late = pump.join_with_snapshot("Late")
    assert late.replica.log.first_seq > 1, "it did not get the whole log"
    assert len(pump.told(late, Synced)) == 1
    agree(pump, ada, late)
    entity = late.replica.document.entities()[0]
    late.perform(pump.now, [red(entity)])
    ada.perform(pump.now, [Rename(entity, "both")])
    pump.advance(1.0)
    assert len(pump.told(late, Applied)) == 1
    agree(pump, ada, late)
    late.undo(pump.now)
    pump.advance(1.0)
    agree(pump, ada, late)
    assert pump.told(late, Diverged) == []


def test_wire_41_who_does_not_ask_for_it_gets_the_whole_log(pump: StoredPump) -> None:
    whole = pump.join("Whole")
    assert whole.replica.log.first_seq == 1
    assert whole.replica.log.head_seq == pump.disk[-1].seq
    agree(pump, whole, _ada(pump))


def test_ses_18_who_missed_much_is_given_a_snapshot_and_the_tail_when_it_resumes(pump: StoredPump) -> None:
    ada, late = _ada(pump), pump.join_with_snapshot("Late")
    entity = ada.replica.document.entities()[0]
    mine = late.perform(pump.now, [red(entity)])
    pump.advance(0.5)
    pump.drop(late)
    waiting = late.perform(pump.now, [Rename(entity, "while away")])
    for number in range(700):
        ada.perform(pump.now, [Rename(entity, f"missed {number}")])
        if number % 10 == 9:
            pump.advance(0.15)
    first = late.replica.log.first_seq
    offered = []

    def note(connection: int, lane: Lane, frame: bytes) -> bytes:
        offered.extend([frame] * isinstance(decode_from_room(frame), SnapshotOffer))
        return frame

    pump.meddle = note
    pump.connect(late)
    pump.advance(1.0)
    assert [joined.resumed for joined in pump.told(late, Joined)] == [False, True]
    assert (len(offered), late.replica.log.first_seq > first) == (1, True)
    assert [applied.name for applied in pump.told(late, Applied)] == [*mine, *waiting]
    assert late.session_state is State.ACTIVE
    agree(pump, ada, late)


def test_wire_41_a_room_that_was_opened_from_the_checkpoint_gives_it_too(pump: StoredPump) -> None:
    ada = _ada(pump)
    pump.restart()
    pump.connect(ada)
    late = pump.join_with_snapshot("Late")
    assert late.replica.log.first_seq > 1
    agree(pump, ada, late)


def test_wire_41_a_snapshot_goes_on_over_another_connection(pump: StoredPump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "SNAPSHOT_WINDOW_PARTS", 1)
    monkeypatch.setattr(snapshot_taking, "SNAPSHOT_WINDOW_PARTS", 1)
    late = pump.peer("Late", capabilities=WITH_SNAPSHOT)
    seen: list[int] = []

    def lose_all_but_the_first(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        message = decode_from_room(frame)
        if isinstance(message, SnapshotPart):
            seen.append(message.number)
            return frame if message.number == 0 else None
        return frame

    pump.meddle = lose_all_but_the_first
    pump.connect(late)
    pump.drop(late)

    def count(connection: int, lane: Lane, frame: bytes) -> bytes:
        message = decode_from_room(frame)
        if isinstance(message, SnapshotPart):
            seen.append(message.number)
        return frame

    pump.meddle = count
    pump.connect(late)
    agree(pump, late, _ada(pump))
    assert len(set(seen)) > 2
    assert seen.count(0) == 1, "the first part was sent once"


@pytest.mark.parametrize("what", ["part", "offer", "unasked"])
def test_wire_41_a_room_that_gives_another_than_it_offered_is_hung_up_on(pump: StoredPump, what: str) -> None:
    late = pump.peer("Late", capabilities=WITH_SNAPSHOT)

    def lie(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        message = decode_from_room(frame)
        if pump.ends.get(connection) is not late:
            return frame
        if what == "part" and isinstance(message, SnapshotPart):
            return encode(SnapshotPart(message.seq, message.number, message.data[:-1] + b"?"))
        if what == "offer" and isinstance(message, SnapshotOffer):
            return encode(SnapshotOffer(message.seq, message.seq + 1, 1, b"", message.chain, message.digests))
        if what == "unasked" and isinstance(message, Commit):
            return encode(SnapshotPart(1, 0, b"?"))
        return frame

    pump.meddle = lie
    number = pump.connect(late)
    assert number not in pump.ends
    assert not late.is_joined


def test_wire_41_a_chain_that_does_not_fit_is_no_good(pump: StoredPump) -> None:
    late = pump.peer("Late", capabilities=WITH_SNAPSHOT)

    def lie(connection: int, lane: Lane, frame: bytes) -> bytes | None:
        message = decode_from_room(frame)
        if isinstance(message, SnapshotOffer):
            return encode(SnapshotOffer(message.seq, message.frontier, 1, b"", bytes(32), message.digests))
        return frame

    pump.meddle = lie
    number = pump.connect(late)
    assert number not in pump.ends


def _compacted(pump: StoredPump) -> StoredPump:
    """The same room after `theta compact`."""
    compaction = compact_log(pump.store, AssetShelf(), pump.secret.identity, pump.now.unix_ms)
    store = MemoryLogStore()
    store.append(compaction.records)
    for part in compaction.parts:
        store.put_part(*part)
    store.put_checkpoint(compaction.checkpoint)
    pump.store, pump.disk = store, [*compaction.records]
    pump.restart()
    return pump


def test_wire_41_of_a_compacted_log_everybody_who_folds_gets_the_snapshot(pump: StoredPump) -> None:
    document_hash = pump.room.document_hash
    _compacted(pump)
    assert pump.room.document_hash == document_hash
    ada, late = _ada(pump), pump.join("Late")
    pump.connect(ada)
    agree(pump, ada, late)
    entity = late.replica.document.entities()[0]
    late.perform(pump.now, [red(entity)])
    pump.advance(1.0)
    late.undo(pump.now)
    ada.perform(pump.now, [Rename(entity, "after")])
    pump.advance(1.0)
    agree(pump, ada, late)
    old = SetEffectiveV2([GestureName(ada.actor, 1)], False, [])
    ada.perform(pump.now, [old])
    pump.advance(1.0)
    agree(pump, ada, late)
    assert late.replica.document.entity_count == 3


def test_wire_41_a_compacted_room_has_branches_and_past_moments_from_its_base_on(pump: StoredPump) -> None:
    _compacted(pump)
    late = pump.join("Late")
    entity = late.replica.document.entities()[0]
    seq, then = late.replica.log.head_seq, pump.room.document_hash
    attic = late.create_branch(pump.now, "attic")
    pump.pump()
    late.perform(pump.now, [red(entity)])
    pump.pump()
    late.ask(lambda number: MomentRequest(number, 5))
    late.ask(lambda number: HistoryRequest(number, 0, 200))
    pump.pump()
    refused, page = (event.answer for event in pump.told(late, Answered))
    assert isinstance(refused, RequestRefused)
    assert refused.code == "BeyondHistory"
    assert isinstance(page, HistoryPage)
    assert [entry.label for entry in page.entries] == ["paint", "create branch attic"]
    late.ask(lambda number: MomentRequest(number, seq))
    pump.pump()
    moment = pump.told(late, Answered)[-1].answer
    assert isinstance(moment, MomentPart)
    assert moment.document_hash == then
    late.switch_branch(attic)
    pump.pump()
    assert pump.told(late, Diverged) == []
    assert late.replica.document.hash == then


def test_wire_41_an_undo_that_reaches_below_the_snapshot_brings_the_whole_log(pump: StoredPump) -> None:
    ada, late = _ada(pump), pump.join_with_snapshot("Late")
    ada.perform(pump.now, [SetEffectiveV2([GestureName(ada.actor, 1)], False, [])])
    pump.advance(2.0)
    agree(pump, ada, late)
    assert pump.room.replica.document.entity_count == 2
    assert late.replica.log.first_seq == 1
    assert late.is_joined


def test_wire_41_a_branch_that_is_older_than_the_snapshot_brings_the_whole_log(pump: StoredPump) -> None:
    ada = _ada(pump)
    attic = ada.create_branch(pump.now, "attic", 20)
    pump.advance(1.0)
    late = pump.join_with_snapshot("Late")
    assert late.replica.log.first_seq > 1
    late.switch_branch(attic)
    pump.advance(1.0)
    assert late.replica.log.first_seq == 1
    ada.switch_branch(attic)
    pump.advance(1.0)
    assert (late.branch, late.replica.document.hash) == (attic, ada.replica.document.hash)
    assert late.replica.document.hash != pump.room.document_hash


def test_cmd_12_a_refusal_that_was_lost_is_told_after_a_restart_and_never_passes_for_admitted(
    pump: StoredPump,
) -> None:
    ada, ben = _ada(pump), pump.join("Ben")
    number = pump.number_of(ben)
    entity = ada.replica.document.entities()[0]
    ben.perform(pump.now, [red(entity)])
    pump.pump()
    pump.meddle = lambda to, lane, frame: (
        None if to == number and isinstance(decode_from_room(frame), PacketRefused) else frame
    )
    (refused,) = ben.perform(pump.now, [SetRole(ben.author, "admin")])
    pump.pump()
    (admitted,) = ben.perform(pump.now, [Rename(entity, "Ben was here")])
    pump.pump()
    assert [each.names for each in ben._outbox.pending] == [[refused]]
    before = len(pump.store.checkpoints())
    for step in range(600):
        ada.perform(pump.now, [Rename(entity, f"on and on {step}")])
        pump.advance(0.02)
    pump.advance(3.0)
    assert len(pump.store.checkpoints()) > before
    pump.meddle = None
    pump.restart()
    pump.advance(RESUME_SECONDS_MAX + 0.1)
    log = pump.room.replica.log
    assert log.find(admitted) == 0, "its record is not in memory any more"
    pump.connect(ben)
    assert ben.unacknowledged == 0
    assert [(each.name, each.code) for each in pump.told(ben, Rejected)] == [(refused, "NotAllowed")]
    assert refused not in {each.name for each in pump.told(ben, Applied)}
    assert refused not in committed(pump)
    # Nor does somebody who begins anew from the room's checkpoint take it for applied.
    ben._follower.replica = Replica(log=CommandLog.from_index(log.registry, log.index_bytes()))
    ben._follower._reported = 0
    assert [each.name for each in ben._follower.settled([refused, admitted])] == [admitted]
