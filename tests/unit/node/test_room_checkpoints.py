"""What a room counts, and what it writes when it closes."""

from random import Random

import pytest

from tests.support.long_logs import UNIX_MS, LongLog
from theta.adapters.memory_store import MemoryLogStore
from theta.base.moment import Moment
from theta.commands.store import CheckpointDone, CheckpointPart
from theta.node import checkpoint_schedule, room_checkpoints
from theta.node.opening import open_log
from theta.node.room_checkpoints import RoomCheckpoints

NOW = Moment(50.0, UNIX_MS)


def store_pieces(making: RoomCheckpoints, store: MemoryLogStore) -> int:
    """Store what is polled; how many pieces that were."""
    count = 0
    while (piece := making.poll()) is not None:
        count += 1
        if isinstance(piece, CheckpointPart):
            store.put_part(*piece)
        else:
            assert isinstance(piece, CheckpointDone)
            store.put_checkpoint(piece.checkpoint)
            store.drop_checkpoints(piece.kept)
        making.handle_durable(NOW)
    return count


def test_log_23_a_room_that_closes_leaves_nothing_to_be_folded(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_checkpoints, "CLOSING_COMMANDS", 10)
    log = LongLog(Random(f"{seed} closing"), people=2)
    log.grow(20)
    store = MemoryLogStore(log.records)
    opened = open_log(store)
    making = RoomCheckpoints(opened)
    log.move_frontier()
    records = log.records[store.last_seq :]
    store.append(records)
    for record in records:
        found = opened.replica.log.accept(record)
        opened.replica.apply(found, record.seq)
        making.handle_folded(NOW, found)
    assert store_pieces(making, store) == 0, "it is not due"
    making.handle_shutdown(NOW)
    assert store_pieces(making, store) > 1
    again = open_log(store)
    assert again.header is not None
    assert again.header.seq == again.header.folded == store.last_seq
    assert again.replica.document.hash == log.replica.document.hash
    quiet = RoomCheckpoints(again)
    quiet.handle_shutdown(NOW)
    assert store_pieces(quiet, store) == 0, "nothing came since"


def test_log_23_a_room_counts_from_where_it_was_opened(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LongLog(Random(f"{seed} counting"), people=2)
    log.grow(30)
    log.move_frontier()
    store = MemoryLogStore(log.records)
    opened = open_log(store)
    monkeypatch.setattr(checkpoint_schedule, "CHECKPOINT_COMMANDS", opened.tail_commands + 1)
    making = RoomCheckpoints(opened)
    assert making.commands == opened.tail_commands
    record = log.packet(log.people[0], [log._edit(log.replica.document.entities()[0])])
    found = opened.replica.log.accept(record)
    opened.replica.apply(found, record.seq)
    making.handle_folded(NOW, found)
    assert making.is_working
    assert making.commands == 0
