"""What a newcomer is sent before the live stream: the log to those who fold, the document to those who don't."""

from collections.abc import Iterable, Iterator

from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.store import StoredRecord
from theta.node.replica import Replica
from theta.replication.document_parts import document_parts
from theta.wire.messages import Commit, DocumentPart, LogRecord

COMMIT_BYTES_TARGET = 512 * 1024
NOT_COMPARED = b"\xff" * IDENTIFIER_BYTES
"""In the place of a document hash that nobody knows: the room does not keep the ones of the past."""


def log_from(replica: Replica, first_seq: int) -> Iterator[Commit]:
    """The records `first_seq` to the one folded last by now, in commits; only the last one's hash is compared.

    There is always a last one, if need be without a record: whoever holds everything learns whether it is the same.
    """
    last_seq = replica.folded_seq
    records = replica.reader.records(first_seq, last_seq)
    return _commits(records, last_seq, replica.document.hash, replica.branch)


def _commits(records: Iterable[StoredRecord], last_seq: int, document_hash: bytes, branch: bytes) -> Iterator[Commit]:
    group: list[StoredRecord] = []
    size = 0
    for record in records:
        group.append(record)
        size += len(record.body)
        if size >= COMMIT_BYTES_TARGET and record.seq < last_seq:
            yield commit_of(group, NOT_COMPARED, branch)
            group, size = [], 0
    rest = [LogRecord(record.kind, record.body) for record in group]
    yield Commit(last_seq + 1 - len(rest), rest, [], document_hash, branch)


def commit_of(records: list[StoredRecord], document_hash: bytes, branch: bytes) -> Commit:
    """A commit for participants that fold."""
    sent = [LogRecord(record.kind, record.body) for record in records]
    return Commit(records[0].seq, sent, [], document_hash, branch)


def whole_document(replica: Replica) -> Iterator[DocumentPart]:
    """The document as it is now, at the last folded record, however late its parts are taken; not while it folds."""
    assert not replica.is_folding
    seq = replica.folded_seq
    log = replica.log
    units = list(replica.document.snapshot())
    return document_parts(seq, log.chain_at(seq), log.lamport_at(seq), replica.document.hash, units, replica.branch)
