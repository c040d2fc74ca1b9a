"""The log store contract on every store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.log_store_contract import LogStoreContract, make_log
from theta.adapters.memory_store import MemoryLogStore
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import StoreUnavailable
from theta.commands.store import LogStore


class TestMemoryLogStore(LogStoreContract):
    @pytest.fixture
    def store(self) -> LogStore:
        return MemoryLogStore()

    def test_it_fails_when_told_to(self) -> None:
        store = MemoryLogStore(make_log(2))
        store.fail_next("the disk is full")
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            store.append(make_log(3)[2:])
        assert len(list(store.read())) == 2


@pytest.mark.integration
class TestSqliteLogStore(LogStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[LogStore]:
        opened = SqliteLogStore.open(tmp_path / "room.theta")
        yield opened
        opened.close()
