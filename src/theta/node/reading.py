"""Commands out of a log's records, for whatever needs them again: merges, branches, past moments, the history."""

from collections.abc import Callable, Iterable, Iterator

from theta.base.errors import StoreCorrupt
from theta.commands.command import make_commands
from theta.commands.log import Command, CommandLog
from theta.commands.packets import parse_body
from theta.commands.records import PacketRecord, RecordKind, decode
from theta.commands.store import StoredRecord
from theta.node.floors import Floors

StoredRange = Callable[[int, int], Iterable[StoredRecord]]
"""Gives the records from one number to another, both included, that the log has no longer in memory."""


def nothing_stored(first_seq: int, last_seq: int) -> Iterable[StoredRecord]:
    """Of a log that is in memory whole."""
    raise AssertionError(f"records {first_seq} to {last_seq} are not in memory, and nobody said where they are")


class LogReader:
    """Reads a log's records again.

    Args:
        log: whose records.
        stored: where those are that are not in memory.
        floors: what a compacted log begins with.
    """

    def __init__(self, log: CommandLog, stored: StoredRange = nothing_stored, floors: Floors | None = None) -> None:
        self._log = log
        self._stored = stored
        self.floors = floors

    def records(self, first_seq: int, last_seq: int) -> Iterator[StoredRecord]:
        """The records from `first_seq` to `last_seq`, both included."""
        in_memory_from = self._log.first_seq
        if first_seq < in_memory_from:
            yield from self._stored(first_seq, min(last_seq, in_memory_from - 1))
        yield from self._log.records_between(first_seq, last_seq)

    def record(self, seq: int) -> StoredRecord:
        """The record of this number, from whichever thread."""
        (found,) = self.records(seq, seq)
        return found

    def commands(self, record: StoredRecord) -> list[Command]:
        """The commands of a record of this log; none when it is no packet.

        Raises:
            StoreCorrupt: its session is not in the log, as of a record that this log never took.
        """
        if record.kind != RecordKind.PACKET:
            return []
        return self._read(decode(PacketRecord, record.body), record.seq)[0]

    def timed_commands(self, record: StoredRecord) -> list[tuple[Command, int]]:
        """The commands of a record of this log, each with its author's time in ms since 1970."""
        if record.kind != RecordKind.PACKET:
            return []
        commands, timestamp_ms = self._read(decode(PacketRecord, record.body), record.seq)
        return [(command, timestamp_ms) for command in commands]

    def _read(self, packet: PacketRecord, seq: int) -> tuple[list[Command], int]:
        body = parse_body(packet.body)
        batch = self._log.registry.decode_all(body)
        session = self._log.sessions.get(packet.session)
        if session is None:
            raise StoreCorrupt(seq, "its session is not in the log")
        commands = make_commands(packet.actor, session.author, seq, packet.seen, packet.branch, body, batch.operations)
        return commands, body.timestamp_ms
