"""What every log store does: spec/log.md. Subclass it and give a `store` fixture with an empty store."""

import pytest

from theta.base.errors import StoreUnavailable
from theta.commands.records import CHAIN_START, RecordKind, make_record
from theta.commands.store import LogStore, StoredAsset, StoredRecord


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

    def test_a_closed_store_keeps_nothing_more(self, store: LogStore) -> None:
        store.close()
        with pytest.raises(StoreUnavailable):
            store.append(make_log(1))
        with pytest.raises(StoreUnavailable):
            store.put_asset(StoredAsset(bytes(32), b"", 0))

    def test_closing_twice_does_nothing(self, store: LogStore) -> None:
        store.close()
        store.close()
