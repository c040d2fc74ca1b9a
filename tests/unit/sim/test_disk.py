import pytest

from theta.base.errors import StoreCorrupt
from theta.base.randomness import Randomness
from theta.commands.store import CheckpointDone, CheckpointPart, StoredCheckpoint, StoredRecord, part_digest
from theta.sim import DiskSettings, Schedule, SimulatedClock, SimulatedDisk


def record(seq: int) -> StoredRecord:
    return StoredRecord(seq, 2, seq.to_bytes(2, "big") * 100, bytes([seq]) * 32)


class Machine:
    """A disk, and what it said."""

    def __init__(self, seed: bytes = b"disk") -> None:
        self.schedule = Schedule(SimulatedClock())
        self.disk = SimulatedDisk(self.schedule, Randomness(seed), DiskSettings(0.010, 0.020))
        self.durable: list[tuple[float, int]] = []
        self.failed: list[str] = []
        self.disk.on_durable = lambda seq: self.durable.append((self.schedule.clock.seconds, seq))
        self.disk.on_failed = self.failed.append


def test_an_append_is_durable_after_its_fsync_and_not_before() -> None:
    machine = Machine()
    machine.disk.append([record(1), record(2)])
    machine.schedule.run_until(0.009)
    assert machine.durable == []
    assert machine.disk.records() == []
    machine.schedule.run_until(0.021)
    ((at, seq),) = machine.durable
    assert 0.010 <= at <= 0.020
    assert seq == 2
    assert machine.disk.records() == [record(1), record(2)]


def test_what_comes_during_a_sync_goes_with_the_next_one() -> None:
    machine = Machine()
    for seq in (1, 2, 3):
        machine.disk.append([record(seq)])
    machine.schedule.run_until(1.0)
    assert [seq for _, seq in machine.durable] == [1, 3]


def test_a_crash_keeps_what_was_durable_and_at_most_whole_records_of_the_rest() -> None:
    kept: set[int] = set()
    for seed in range(60):
        machine = Machine(seed.to_bytes(1, "big") + b"crash")
        machine.disk.append([record(1), record(2)])
        machine.schedule.run_until(0.5)
        machine.disk.append([record(3), record(4), record(5)])
        machine.disk.crash()
        recovered = machine.disk.recover()
        assert recovered == [record(seq) for seq in range(1, len(recovered) + 1)]
        assert len(recovered) >= 2
        assert machine.disk.records() == recovered
        machine.schedule.run_until(1.0)
        assert [seq for _, seq in machine.durable] == [2], "a dead process was told of an fsync"
        machine.disk.append([record(len(recovered) + 1)])
        machine.schedule.run_until(2.0)
        assert len(machine.disk.records()) == len(recovered) + 1
        kept.add(len(recovered))
    assert kept == {2, 3, 4}, "no crash tore a record, or none spared one"


def test_a_failed_fsync_is_told_and_nothing_is_durable_any_more() -> None:
    machine = Machine()
    machine.disk.append([record(1)])
    machine.schedule.run_until(0.5)
    machine.disk.fail_next_sync("input/output error")
    machine.disk.append([record(2)])
    machine.schedule.run_until(1.0)
    machine.disk.append([record(3)])
    machine.schedule.run_until(2.0)
    assert machine.failed == ["input/output error"]
    assert machine.disk.records() == [record(1)]
    machine.disk.crash()
    assert machine.disk.recover()[0] == record(1)
    machine.disk.append([record(len(machine.disk.records()) + 1)])
    machine.schedule.run_until(3.0)
    assert len(machine.durable) == 2


def test_damage_to_what_was_durable_is_no_torn_tail() -> None:
    machine = Machine()
    machine.disk.append([record(1), record(2)])
    machine.schedule.run_until(1.0)
    machine.disk._data[-1] ^= 1
    with pytest.raises(StoreCorrupt, match="record 2"):
        machine.disk.recover()


def test_log_21_a_checkpoint_is_there_once_its_last_piece_is_durable_and_survives_a_crash() -> None:
    machine = Machine()
    pieces: list[float] = []
    machine.disk.on_checkpoint_durable = lambda: pieces.append(machine.schedule.clock.seconds)
    parts = [b"one" * 1_000, b"two"]
    digests = b"".join(part_digest(1, number, part) for number, part in enumerate(parts))
    checkpoint = StoredCheckpoint(1, digests, 3_003, 5)
    machine.disk.append([record(1)])
    for number, part in enumerate(parts):
        machine.disk.put_piece(CheckpointPart(1, number, part))
    machine.schedule.run_until(1.0)
    assert (len(pieces), machine.disk.checkpoints()) == (2, [])
    machine.disk.put_piece(CheckpointDone(checkpoint, (1,)))
    assert machine.disk.checkpoints() == []
    machine.schedule.run_until(2.0)
    assert len(pieces) == 3
    machine.disk.put_piece(CheckpointPart(9, 0, b"never finished"))
    machine.disk.crash()
    machine.disk.recover()
    assert machine.disk.checkpoints() == [checkpoint]
    assert list(machine.disk.read_checkpoint(checkpoint)) == parts
    machine.disk.put_piece(CheckpointDone(StoredCheckpoint(2, b"", 0, 6), (2,)))
    machine.schedule.run_until(3.0)
    assert [each.seq for each in machine.disk.checkpoints()] == [2]
    assert list(machine.disk.read(1, 1)) == [record(1)]
