"""A document cut into parts."""

import pytest

from theta.replication import document_parts as module
from theta.replication.document_parts import document_parts
from theta.wire.messages import ComponentBytes, UnitPatch


def _units(count: int, size: int) -> list[UnitPatch]:
    return [UnitPatch(bytes((index,)) * 16, False, [ComponentBytes(1, bytes(size))]) for index in range(count)]


def test_wire_12_an_empty_document_is_one_part() -> None:
    (part,) = document_parts(3, bytes(32), 9, bytes(16), [])
    assert (part.seq, part.lamport, part.first, part.last, part.units) == (3, 9, True, True, [])


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_wire_12_parts_are_of_about_one_size_and_lose_nothing(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(module, "PART_BYTES_TARGET", 100)
    units = _units(count, 50)
    parts = list(document_parts(1, bytes(32), 1, bytes(16), units))
    assert [unit for part in parts for unit in part.units] == units
    assert [part.first for part in parts] == [index == 0 for index in range(len(parts))]
    assert [part.last for part in parts] == [index == len(parts) - 1 for index in range(len(parts))]
    assert max(len(part.units) for part in parts) <= 2
