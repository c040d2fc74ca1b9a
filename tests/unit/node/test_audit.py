"""The audit catches what the chain and the signatures cannot: a recorded hash, or a fold, that is not so."""

import pytest

from tests.support.pump import Pump, cube
from theta.commands.log import Command
from theta.commands.records import HeadRecord, RecordKind, make_record, sign_part
from theta.commands.store import StoredRecord
from theta.editor import unit_fold
from theta.editor.unit import Outcome
from theta.node.audit import audit


def _room() -> Pump:
    pump = Pump()
    ada = pump.join("Ada")
    for number in range(5):
        ada.perform(pump.now, [cube(f"cube {number}")])
    pump.advance(5.0)
    return pump


def _with_head(pump: Pump, seq: int, document_hash: bytes) -> list[StoredRecord]:
    log = pump.room.replica.log
    head = HeadRecord(seq, log.chain_at(seq), document_hash, pump.now.unix_ms)
    body = sign_part(pump.secret.identity, log.genesis, head)
    last = pump.disk[-1]
    return [*pump.disk, make_record(last.chain, last.seq + 1, RecordKind.HEAD, body)]


def test_log_6_a_good_head_attests_what_the_log_folds_to() -> None:
    pump = _room()
    report = audit(_with_head(pump, pump.disk[-1].seq, pump.room.document_hash))
    assert report.is_good
    assert report.attested_seq == pump.disk[-1].seq


def test_log_6_a_recorded_hash_that_is_not_the_folds_is_named() -> None:
    pump = _room()
    report = audit(_with_head(pump, pump.disk[-1].seq, bytes(16)))
    assert report.fault is not None
    assert report.fault.seq == pump.disk[-1].seq + 1
    assert f"the room recorded {bytes(16).hex()}" in str(report.fault)
    assert report.authentic_seq == pump.disk[-1].seq


def test_log_6_a_head_about_an_earlier_record_is_compared_there() -> None:
    pump = _room()
    early = next(record.seq for record in pump.disk if record.kind == RecordKind.PACKET)
    now = pump.room.document_hash
    assert audit(_with_head(pump, early, now)).fault is not None, "what it folds to now is not what it did then"


def test_log_7_a_fold_that_is_not_the_plain_refold_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    pump = _room()
    first_head = next(index for index, record in enumerate(pump.disk) if record.kind == RecordKind.HEAD)
    fold_some = unit_fold.UnitFold.fold_some

    def forgetful(
        self: unit_fold.UnitFold, least: int, end: int, is_effective: unit_fold.IsEffective
    ) -> list[tuple[Command, Outcome]]:
        folded = fold_some(self, least, end, is_effective)
        self.state.deleted = self.state.deleted or any(command.name.number == 3 for command, _ in folded)
        return folded

    monkeypatch.setattr(unit_fold.UnitFold, "fold_some", forgetful)
    report = audit(pump.disk[:first_head])
    assert report.fault is not None
    assert "plain refold" in str(report.fault)
