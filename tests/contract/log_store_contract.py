"""What every log store does: spec/log.md. Subclass it and give a `store` fixture with an empty store."""

import pytest

from theta.base.errors import StoreCorrupt, StoreUnavailable
from theta.commands.records import CHAIN_START, RecordKind, make_record
from theta.commands.store import BASE, LogStore, StoredAsset, StoredCheckpoint, StoredRecord, part_digest


def make_log(count: int, *, after: StoredRecord | None = None, body_bytes: int = 100) -> list[StoredRecord]:
    """`count` records that chain on from `after`; their bodies tell them apart."""
    records: list[StoredRecord] = []
    previous = after
    for _ in range(count):
        seq = previous.seq + 1 if previous else 1
        body = (seq.to_bytes(8, "little") * (body_bytes // 8 + 1))[:body_bytes]
        previous = make_record(previous.chain if previous else CHAIN_START, seq, RecordKind.PACKET, body)
        records.append(previous)
    return records


def checkpoint_of(seq: int, parts: list[bytes]) -> StoredCheckpoint:
    """What is kept of a checkpoint with these parts."""
    digests = b"".join(part_digest(seq, number, part) for number, part in enumerate(parts))
    return StoredCheckpoint(seq, digests, sum(map(len, parts)), 1_000 + seq)


class LogStoreContract:
    """One test for each rule of the port."""

    def test_a_new_log_is_empty(self, store: LogStore) -> None:
        assert list(store.read()) == []

    def test_what_was_appended_is_read_back_as_it_was(self, store: LogStore) -> None:
        records = make_log(10)
        store.append(records[:1])
        store.append(records[1:])
        assert list(store.read()) == records

    def test_appending_nothing_is_allowed(self, store: LogStore) -> None:
        store.append([])
        assert list(store.read()) == []

    @pytest.mark.parametrize("first_seq", [1, 4, 10, 11])
    def test_reading_from_a_record_on(self, store: LogStore, first_seq: int) -> None:
        records = make_log(10)
        store.append(records)
        assert list(store.read(first_seq)) == records[first_seq - 1 :]

    def test_bodies_of_any_size_and_every_byte(self, store: LogStore) -> None:
        records: list[StoredRecord] = []
        chain = CHAIN_START
        for seq, body in enumerate([b"", b"\x00", bytes(range(256)) * 512], start=1):
            records.append(make_record(chain, seq, RecordKind.PACKET, body))
            chain = records[-1].chain
        store.append(records)
        assert list(store.read()) == records

    @pytest.mark.parametrize("seqs", [[2], [1, 3], [1, 1], [0]])
    def test_records_out_of_order_are_our_bug_and_change_nothing(self, store: LogStore, seqs: list[int]) -> None:
        with pytest.raises(AssertionError):
            store.append([StoredRecord(seq, 2, b"", bytes(32)) for seq in seqs])
        assert list(store.read()) == []

    def test_ast_10_assets_are_kept_beside_the_log(self, store: LogStore) -> None:
        assert list(store.assets()) == []
        small, large = StoredAsset(b"s" * 32, b"\x00", 7), StoredAsset(b"a" * 32, bytes(range(256)) * 2048, 2**53)
        store.put_asset(small)
        store.append(make_log(2))
        store.put_asset(large)
        store.put_asset(small)
        assert list(store.assets()) == [large, small]
        assert len(list(store.read())) == 2
        store.drop_assets([small.name, b"n" * 32])
        assert list(store.assets()) == [large]

    def test_log_20_a_range_is_read(self, store: LogStore) -> None:
        records = make_log(10)
        store.append(records)
        assert (store.first_seq, store.last_seq) == (1, 10)
        assert list(store.read(3, 5)) == records[2:5]
        assert list(store.read(9, 99)) == records[8:]
        assert list(store.read(5, 4)) == []

    def test_log_26_a_compacted_log_begins_with_a_base_of_any_number(self, store: LogStore) -> None:
        base = StoredRecord(41, BASE, b"base", bytes(range(32)))
        tail = make_log(3, after=base)
        store.append([base, *tail[:1]])
        store.append(tail[1:])
        assert (store.first_seq, store.last_seq) == (41, 44)
        assert list(store.read()) == list(store.read(41)) == [base, *tail]
        assert list(store.read(42, 43)) == tail[:2]
        assert list(store.read(1, 40)) == []
        with pytest.raises(AssertionError):
            store.append([StoredRecord(46, BASE, b"", bytes(32))])

    def test_log_21_a_checkpoint_is_seen_once_it_is_whole(self, store: LogStore) -> None:
        assert store.checkpoints() == []
        parts = [b"a" * 10, b"", bytes(range(256)) * 4096]
        for number, part in enumerate(parts):
            store.put_part(7, number, part)
        assert store.checkpoints() == []
        checkpoint = checkpoint_of(7, parts)
        store.put_checkpoint(checkpoint)
        assert store.checkpoints() == [checkpoint]
        assert list(store.read_checkpoint(checkpoint)) == parts
        assert list(store.read()) == []

    def test_log_21_a_part_that_is_not_as_its_hash_says_is_never_given_out(self, store: LogStore) -> None:
        checkpoint = checkpoint_of(7, [b"one", b"two"])
        store.put_part(7, 0, b"one")
        store.put_part(7, 1, b"tWo")
        store.put_checkpoint(checkpoint)
        reading = store.read_checkpoint(checkpoint)
        assert next(reading) == b"one"
        with pytest.raises(StoreCorrupt, match="part 1 of its checkpoint"):
            next(reading)
        store.put_part(7, 1, b"two")
        assert list(store.read_checkpoint(checkpoint)) == [b"one", b"two"]
        missing = checkpoint_of(7, [b"one", b"two", b"three"])
        with pytest.raises(StoreCorrupt, match="part 2"):
            list(store.read_checkpoint(missing))

    def test_log_24_checkpoints_are_dropped_with_what_was_left_unfinished(self, store: LogStore) -> None:
        kept = []
        for seq in (5, 9, 12):
            store.put_part(seq, 0, b"part")
            kept.append(checkpoint_of(seq, [b"part"]))
            store.put_checkpoint(kept[-1])
        store.put_part(13, 0, b"unfinished")
        store.drop_checkpoints([5, 12, 99])
        assert store.checkpoints() == [kept[2], kept[0]]
        assert list(store.read_checkpoint(kept[0])) == [b"part"]
        for gone in (kept[1], checkpoint_of(13, [b"unfinished"])):
            with pytest.raises(StoreCorrupt):
                list(store.read_checkpoint(gone))

    def test_a_closed_store_keeps_nothing_more(self, store: LogStore) -> None:
        store.close()
        with pytest.raises(StoreUnavailable):
            store.append(make_log(1))
        with pytest.raises(StoreUnavailable):
            store.put_asset(StoredAsset(bytes(32), b"", 0))
        with pytest.raises(StoreUnavailable):
            store.put_part(1, 0, b"")
        with pytest.raises(StoreUnavailable):
            store.put_checkpoint(checkpoint_of(1, [b""]))
        with pytest.raises(StoreUnavailable):
            store.drop_checkpoints([])

    def test_closing_twice_does_nothing(self, store: LogStore) -> None:
        store.close()
        store.close()
