"""What was: who did what and when, newest first, read from the log a few milliseconds at a time."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import NamedTuple

from theta.base.identifiers import CommandName
from theta.commands.governing import Governing
from theta.commands.log import Command
from theta.commands.records import RecordKind
from theta.editor.fold_base import NotAtHand
from theta.editor.fold_state import entity_of, is_edit
from theta.editor.masks import OwnedGesture
from theta.editor.vocabulary import SetEffective
from theta.node.replica import Replica
from theta.wire.types import OutcomeName

HISTORY_SLICE_RECORDS = 32
Load = Callable[[Replica, NotAtHand], Iterator[None]]


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


def load_at_once(replica: Replica, lacking: NotAtHand) -> Iterator[None]:
    """Load nothing ahead: what is lacking is loaded when it is asked for, by whoever may wait for that."""
    return iter(())


def gestures_before(
    replica: Replica, before_seq: int, count: int, load: Load = load_at_once
) -> Generator[None, None, tuple[list[PastGesture], bool]]:
    """The last `count` gestures of a branch that ended before a record, newest first, and whether there are more.

    Args:
        replica: the branch's.
        before_seq: a record; 0 for all.
        count: at most so many. Those that ended in one record are not torn apart, so that there may be some more.
        load: loads old commands that take part in any of them.
    """
    held = replica.log.governance.vector(replica.branch, replica.folded_seq)

    def is_wanted(command: Command) -> bool:
        return isinstance(command.operation, Governing) or command.seq <= held.get(command.branch, 0)

    return (yield from _gestures(replica, is_wanted, before_seq, count, 1, load))


def gestures_beyond(
    replica: Replica, known: Mapping[bytes, int], before_seq: int, count: int, load: Load = load_at_once
) -> Generator[None, None, tuple[list[PastGesture], bool]]:
    """As `gestures_before`, but only edits and `set_effective` that another branch does not hold.

    Args:
        replica: the branch's.
        known: what the other one holds: of each branch, up to which record.
        before_seq: as there.
        count: as there.
        load: as there.
    """
    governance = replica.log.governance
    held = governance.vector(replica.branch, replica.folded_seq)
    missing = [branch for branch, until in held.items() if until > known.get(branch, 0)]

    def is_wanted(command: Command) -> bool:
        is_new = known.get(command.branch, 0) < command.seq <= held.get(command.branch, 0)
        return is_new and not isinstance(command.operation, Governing)

    if not missing:
        return [], False
    # A branch has nothing of its own before the record that made it.
    first = 1 + min(max(known.get(branch, 0), governance.branches[branch].seq) for branch in missing)
    return (yield from _gestures(replica, is_wanted, before_seq, count, first, load))


def _gestures(
    replica: Replica, is_wanted: Callable[[Command], bool], before_seq: int, count: int, first_seq: int, load: Load
) -> Generator[None, None, tuple[list[PastGesture], bool]]:
    last_seq = replica.folded_seq if before_seq == 0 else min(before_seq - 1, replica.folded_seq)
    found: list[PastGesture] = []
    seen: set[tuple[bytes, object]] = set()
    for top in range(last_seq, first_seq - 1, -HISTORY_SLICE_RECORDS):
        records = list(replica.reader.records(max(first_seq, top - HISTORY_SLICE_RECORDS + 1), top))
        timed = [replica.reader.timed_commands(record) for record in records]
        lacking = _not_at_hand(replica, (each for commands in timed for each, _ in commands if is_wanted(each)))
        if lacking:
            yield
            yield from load(replica, NotAtHand(gestures=lacking))
        for record, commands in zip(reversed(records), reversed(timed), strict=True):
            if record.kind == RecordKind.BASE:
                return found, False
            for command, at_ms in reversed(commands):
                governs = isinstance(command.operation, Governing)
                key = (command.author, command.name if governs else command.gesture)
                if key in seen or not is_wanted(command):
                    continue
                seen.add(key)
                gesture = _gesture(replica, command, at_ms)
                if gesture is not None:
                    found.append(gesture)
            if len(found) >= count:
                return found, record.seq > first_seq
        yield
    return found, False


def _not_at_hand(replica: Replica, commands: Iterable[Command]) -> set[CommandName]:
    """The gestures of edits that nothing can be said of before old commands are loaded."""
    edited = {command.gesture for command in commands if is_edit(type(command.operation))}
    return {gesture for gesture in edited if not replica.fold.is_at_hand(gesture)}


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
