"""What a newcomer is sent before the live stream: the log to those who fold, the document to those who don't."""

from collections.abc import Iterator

from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.store import StoredRecord
from theta.node.replica import Replica
from theta.replication.document_parts import document_parts
from theta.wire.messages import Commit, DocumentPart, LogRecord

COMMIT_BYTES_TARGET = 512 * 1024
NOT_COMPARED = b"\xff" * IDENTIFIER_BYTES
"""In the place of a document hash that nobody knows: the room does not keep the ones of the past."""


def log_from(replica: Replica, first_seq: int) -> Iterator[Commit]:
    """The records `first_seq` to the last folded one, in commits; only the last one's document hash is compared.

    There is always a last one, if need be without a record: whoever holds everything learns whether it is the same.
    """
    group: list[StoredRecord] = []
    size = 0
    for record in replica.log.records[first_seq - 1 : replica.folded_seq]:
        group.append(record)
        size += len(record.body)
        if size >= COMMIT_BYTES_TARGET and record.seq < replica.folded_seq:
            yield commit_of(group, NOT_COMPARED)
            group, size = [], 0
    rest = [LogRecord(record.kind, record.body) for record in group]
    yield Commit(replica.folded_seq + 1 - len(rest), rest, [], replica.document.hash)


def commit_of(records: list[StoredRecord], document_hash: bytes) -> Commit:
    """A commit for participants that fold."""
    return Commit(records[0].seq, [LogRecord(record.kind, record.body) for record in records], [], document_hash)


def whole_document(replica: Replica) -> Iterator[DocumentPart]:
    """The document at the last folded record."""
    seq = replica.folded_seq
    log = replica.log
    return document_parts(
        seq, log.chain_at(seq), log.lamport_at(seq), replica.document.hash, replica.document.snapshot()
    )
