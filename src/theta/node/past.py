"""What was: who did what and when, newest first, read from the log a few milliseconds at a time."""

from collections.abc import Generator
from typing import NamedTuple

from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.commands.records import RecordKind
from theta.editor.fold import entity_of
from theta.editor.masks import OwnedGesture
from theta.editor.vocabulary import SetEffective
from theta.node.replica import Replica
from theta.wire.types import OutcomeName

HISTORY_SLICE_RECORDS = 32


class PastGesture(NamedTuple):
    """A gesture of the log.

    `seq` is the record of its last command and `at_ms` what its author's clock said then; `entity` is empty when it
    is of no entity.
    """

    command: Command
    seq: int
    entity: bytes
    outcome: OutcomeName
    at_ms: int


def gestures_before(
    replica: Replica, before_seq: int, count: int
) -> Generator[None, None, tuple[list[PastGesture], bool]]:
    """The last `count` gestures of a branch that ended before a record, newest first, and whether there are more.

    Args:
        replica: the branch's.
        before_seq: a record; 0 for all.
        count: at most so many. Those that ended in one record are not torn apart, so that there may be some more.
    """
    last_seq = replica.folded_seq if before_seq == 0 else min(before_seq - 1, replica.folded_seq)
    held = replica.log.governance.vector(replica.branch, replica.folded_seq)
    found: list[PastGesture] = []
    seen: set[tuple[bytes, object]] = set()
    for top in range(last_seq, 0, -HISTORY_SLICE_RECORDS):
        records = list(replica.reader.records(max(1, top - HISTORY_SLICE_RECORDS + 1), top))
        for record in reversed(records):
            if record.kind == RecordKind.BASE:
                return found, False
            for command, at_ms in reversed(replica.reader.timed_commands(record)):
                governs = isinstance(command.operation, Governing)
                key = (command.author, command.name if governs else command.gesture)
                if key in seen or not (governs or command.seq <= held.get(command.branch, 0)):
                    continue
                seen.add(key)
                gesture = _gesture(replica, command, at_ms)
                if gesture is not None:
                    found.append(gesture)
            if len(found) >= count:
                return found, record.seq > 1
        yield
    return found, False


def _gesture(replica: Replica, command: Command, at_ms: int) -> PastGesture | None:
    """The gesture that ends with a command; None when it does not end there."""
    if isinstance(command.operation, Governing | SetEffective):
        outcome = replica.outcome(command.name)
        return PastGesture(command, command.seq, b"", outcome.kind if outcome is not None else "applied", at_ms)
    commands = replica.fold.commands_of(OwnedGesture(command.author, command.gesture)) or [command]
    if max(each.seq for each in commands) > command.seq:
        return None
    first = min(commands, key=lambda each: each.position)
    outcomes = [replica.fold.outcome(each.name) for each in commands]
    told = [each for each in outcomes if each is not None]
    kind = next((each.kind for each in told if each.did_something), told[0].kind if told else "applied")
    return PastGesture(first, command.seq, entity_of(first), kind, at_ms)
