"""`theta log`: who did what and when, and what became of it."""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from theta.adapters.host import machine_clock
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.errors import InvalidValue
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.cli.console import err, out
from theta.cli.deeds import Chronicle, Deed
from theta.cli.entries import Entry, GestureWords, OutcomeOf, Wanted, entries_of, sentence
from theta.cli.outcomes import Outcomes
from theta.cli.sources import ShownSource, room_at_one_moment
from theta.cli.times import ago_in_words, iso_time, read_point, time_in_words
from theta.cli.words import plain
from theta.editor.unit import Outcome
from theta.node.asset_desk import shelf_of
from theta.node.opening import open_log

NAME_CHARACTERS_SHOWN_MAX = 20
OUTCOME_WORDS = {"applied": "", "merged": "merged", "suspended": "undone", "no-op": "no effect", "rejected": "refused"}
OUTCOME_STYLES = {"merged": "cyan", "suspended": "dim", "no-op": "yellow", "rejected": "red"}


@dataclass(frozen=True)
class LogOptions:
    """The command line of `theta log`; what is empty or None is not asked for."""

    file: Path
    author: str = ""
    since: str = ""
    entity: str = ""
    branch: str = ""
    limit: int | None = None
    as_json: bool = False
    relative: bool = False
    outcomes: bool = True


def show_log(options: LogOptions) -> None:
    """Print a line for each thing that somebody did, oldest first.

    Raises:
        InvalidValue: nobody and nothing is called so, or a value out of its limits.
        StoreError: the file cannot be read as a room.
    """
    if options.limit is not None and options.limit < 1:
        raise InvalidValue("--limit", options.limit, "at least 1")
    now_ms = machine_clock().unix_ms
    read_point(options.since or "1", "--since", now_ms)
    with room_at_one_moment(options.file) as store:
        _show(options, store, now_ms)


def _show(options: LogOptions, store: SqliteLogStore, now_ms: int) -> None:
    survey = Chronicle()
    source = ShownSource(store, f"Reading {options.file}")
    outcomes = Outcomes(source, shelf_of(store.assets()), survey) if options.outcomes else None
    if outcomes is None:
        if store.first_seq > 1:
            survey.know_base(open_log(source, shelf_of(store.assets())).replica.log, source)
        survey.survey(source.read(), with_commands=bool(options.entity or options.branch))
    wanted = _wanted(options, survey, outcomes, now_ms)
    outcome_of: OutcomeOf = outcomes.of if outcomes is not None else lambda command: None
    entries: Iterable[Entry] = entries_of(_deeds(store, survey, wanted), outcome_of)
    if options.limit is not None:
        entries = deque(entries, maxlen=options.limit)
    gesture_words: GestureWords = outcomes.gesture_words if outcomes is not None else lambda name, branch: ""

    def words(entry: Entry) -> str:
        return sentence(entry, survey.call, gesture_words)

    if options.as_json:
        _print_json(entries, survey, words)
    else:
        if store.first_seq > 1:
            err.print(
                f"what was done up to record {store.first_seq} is not in this file: it was compacted", style="dim"
            )
        _Table(store.last_seq, survey, now_ms if options.relative else None).print(entries, words)


def _wanted(options: LogOptions, survey: Chronicle, outcomes: Outcomes | None, now_ms: int) -> Wanted:
    since = read_point(options.since or "1", "--since", now_ms)
    entities = survey.entities_called(options.entity) if options.entity else None
    branches = survey.branches_called(options.branch) if options.branch else None
    touched: set[CommandName] = set()
    if entities is not None and outcomes is not None:
        touched = outcomes.gestures_on(entities, branches or list(survey.branch_names))
    return Wanted(
        survey.authors_called(options.author) if options.author else None,
        branches,
        entities,
        touched,
        since.seq or 0,
        since.unix_ms or 0,
    )


def _deeds(store: SqliteLogStore, survey: Chronicle, wanted: Wanted) -> Iterator[Deed]:
    reader = survey.anew()
    for record in store.read():
        for deed in reader.read(record):
            if wanted.has(deed):
                yield deed


class _Table:
    """Lines of record, time, author, outcome and what was done; in colours on a terminal, plain elsewhere."""

    def __init__(self, last_seq: int, survey: Chronicle, relative_to_ms: int | None) -> None:
        self._survey = survey
        self._relative_to_ms = relative_to_ms
        names = [survey.name_of(author) for author in survey.authors]
        self._name_width = min(NAME_CHARACTERS_SHOWN_MAX, max(map(len, names), default=0))
        self._seq_width = len(str(last_seq))

    def print(self, entries: Iterable[Entry], words: Callable[[Entry], str]) -> None:
        """Print each entry as it comes."""
        for entry in entries:
            line = self._line(entry, words(entry))
            if out.is_terminal:
                out.print(line)
            else:
                sys.stdout.write(line.plain + "\n")

    def _line(self, entry: Entry, words: str) -> Text:
        first, outcome = entry.first, entry.outcome
        author = first.command.author
        kind = outcome.kind if outcome is not None else "applied"
        name = self._survey.name_of(author)[:NAME_CHARACTERS_SHOWN_MAX]
        line = Text(f"{first.command.seq:>{self._seq_width}}  ", style="dim")
        line.append(f"{self._time(first.at_ms)}  ", style="not dim")
        line.append(f"{plain(name):<{self._name_width}}  ", style=f"not dim #{self._survey.colour_of(author):06x}")
        said = words if not OUTCOME_WORDS[kind] else f"{words} "
        line.append(said, style="dim" if kind == "suspended" else "not dim")
        if OUTCOME_WORDS[kind]:
            line.append(f"[{OUTCOME_WORDS[kind]}]", style=f"not dim {OUTCOME_STYLES[kind]}")
        if first.command.branch != MAIN_BRANCH:
            line.append(f" on {plain(self._survey.call(first.command.branch))}", style="italic")
        line.append(_remarks(entry, self._survey), style="dim")
        return line

    def _time(self, at_ms: int) -> str:
        if self._relative_to_ms is None:
            return time_in_words(at_ms)
        return f"{ago_in_words(at_ms, self._relative_to_ms):>14}"


def _remarks(entry: Entry, survey: Chronicle) -> str:
    """Why it came to nothing, and whose work it met."""
    outcome = entry.outcome
    remarks: list[str] = []
    if outcome is not None and outcome.kind in ("no-op", "rejected"):
        remarks.append(plain(outcome.reason))
    if entry.fruitless:
        remarks.append(
            f"{len(entry.fruitless)} of {len(entry.deeds)} without effect: {plain(entry.fruitless[0].reason)}"
        )
    against = dict.fromkeys(name.actor for each in entry.outcomes if each is not None for name in each.against)
    met = dict.fromkeys(survey.name_of(author) for actor in against if (author := survey.author_of(actor)) is not None)
    if met:
        remarks.append(f"met the work of {', '.join(map(plain, met))}")
    return f" · {'; '.join(remarks)}" if remarks else ""


def _print_json(entries: Iterable[Entry], survey: Chronicle, words: Callable[[Entry], str]) -> None:
    for entry in entries:
        sys.stdout.write(json.dumps(_as_json(entry, survey, words(entry)), ensure_ascii=False) + "\n")


def _as_json(entry: Entry, survey: Chronicle, words: str) -> dict[str, Any]:
    first, outcome = entry.first, entry.outcome
    command = first.command
    return {
        "seq": command.seq,
        "at": iso_time(first.at_ms),
        "at_ms": first.at_ms,
        "author": first.author_name,
        "key": command.author.hex(),
        "gesture": _name_in_json(command.gesture),
        "branch": survey.call(command.branch),
        "what": words,
        "object": first.entity_name,
        "entity": first.entity.hex(),
        "outcome": outcome.kind if outcome is not None else None,
        "reason": outcome.reason if outcome is not None else "",
        "commands": [_command_as_json(deed, each) for deed, each in zip(entry.deeds, entry.outcomes, strict=True)],
    }


def _command_as_json(deed: Deed, outcome: Outcome | None) -> dict[str, Any]:
    operation = deed.command.operation
    return {
        "name": _name_in_json(deed.command.name),
        "seq": deed.command.seq,
        "type": f"{operation.NAME}@{operation.VERSION}",
        "entity": deed.entity.hex(),
        "outcome": outcome.kind if outcome is not None else None,
        "reason": outcome.reason if outcome is not None else "",
        "against": [_name_in_json(name) for name in outcome.against] if outcome is not None else [],
    }


def _name_in_json(name: CommandName) -> str:
    """`actor:number`, the actor in hex: JSON's numbers don't reach so far everywhere."""
    return f"{name.actor:016x}:{name.number}"
