"""Loro and Yjs (pycrdt) beside ours: the same values set, as many to a transaction. Neither signs, or asks a disk.

A vertex's or object's value is a key of a map, 16 bytes in base64; what is set is three float64.
"""

import gc
import random
import statistics
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import loro
import numpy as np
import pycrdt

from theta.editor.mesh_operations import MoveVerticesV2
from theta.editor.vocabulary import Operation, Paint

RUNS = 5
LATE = 64
KEYS = 40_000
"""The vertices of the long file."""

Setting = tuple[str, list[float]]


def settings_of(operations: Iterable[Operation]) -> list[Setting]:
    """What paints and moves of one vertex set, as the peers are told."""
    found: list[Setting] = []
    for operation in operations:
        if isinstance(operation, Paint):
            found.append((b64encode(operation.entity).decode(), list(operation.colour)))
        else:
            assert isinstance(operation, MoveVerticesV2)
            target = np.frombuffer(operation.targets, "<f8").tolist()
            found.append((b64encode(operation.vertices).decode(), target))
    return found


class Replay(NamedTuple):
    """What a peer does with the settings: how fast it takes them, and how many bytes they are."""

    per_second: float
    sent_bytes: int
    saved_bytes: int


def loro_updates(settings: Sequence[Setting], per_transaction: int) -> tuple[Any, list[bytes]]:
    """A document in which they were set, and the update of each transaction."""
    document = loro.LoroDoc()
    document.peer_id = 7
    values = document.get_map("values")
    updates: list[bytes] = []
    seen = document.oplog_vv
    for at in range(0, len(settings), per_transaction):
        for key, value in settings[at : at + per_transaction]:
            values.insert(key, value)
        document.commit()
        updates.append(bytes(document.export(loro.ExportMode.Updates(seen))))
        seen = document.oplog_vv
    return document, updates


def loro_replay(settings: Sequence[Setting], per_transaction: int) -> Replay:
    """Importing the updates one by one; saved is a snapshot with its whole history."""
    document, updates = loro_updates(settings, per_transaction)
    found = []
    for _ in range(RUNS):
        other = loro.LoroDoc()
        gc.collect()
        start = time.perf_counter()
        for update in updates:
            other.import_(update)
        found.append(len(settings) / (time.perf_counter() - start))
        assert other.len_ops == document.len_ops
    saved = document.export(loro.ExportMode.Snapshot())
    return Replay(statistics.median(found), sum(map(len, updates)), len(saved))


def yjs_updates(settings: Sequence[Setting], per_transaction: int) -> tuple[Any, list[bytes]]:
    """As loro_updates; nothing is collected as garbage, so that history stays as it does in ours and in Loro."""
    document = pycrdt.Doc(client_id=7, skip_gc=True)
    document["values"] = values = pycrdt.Map()
    updates: list[bytes] = []
    subscription = document.observe(lambda event: updates.append(event.update))
    for at in range(0, len(settings), per_transaction):
        with document.transaction():
            for key, value in settings[at : at + per_transaction]:
                values[key] = value
    document.unobserve(subscription)
    return document, updates


def yjs_replay(settings: Sequence[Setting], per_transaction: int) -> Replay:
    """Applying the updates one by one; saved is one update of everything."""
    document, updates = yjs_updates(settings, per_transaction)
    found = []
    for _ in range(RUNS):
        other = pycrdt.Doc(skip_gc=True)
        other["values"] = pycrdt.Map()
        gc.collect()
        start = time.perf_counter()
        for update in updates:
            other.apply_update(update)
        found.append(len(settings) / (time.perf_counter() - start))
        assert other.get_state() == document.get_state()
    return Replay(statistics.median(found), sum(map(len, updates)), len(document.get_update()))


PEERS = {"Loro": loro_replay, "Yjs": yjs_replay}


def late_milliseconds(settings: Sequence[Setting]) -> float:
    """Loro: importing one setting by somebody who had not seen the last 64, after all of these were made one by one."""
    found = []
    for _ in range(RUNS):
        document, behind = loro.LoroDoc(), loro.LoroDoc()
        values = document.get_map("values")
        for number, (key, value) in enumerate(settings):
            if number == len(settings) - LATE:
                behind.import_(document.export(loro.ExportMode.Snapshot()))
            values.insert(key, value)
            document.commit()
        seen = behind.oplog_vv
        behind.get_map("values").insert(*settings[-LATE // 2])
        behind.commit()
        late = behind.export(loro.ExportMode.Updates(seen))
        gc.collect()
        start = time.perf_counter()
        document.import_(late)
        document.get_map("values").get(settings[0][0])
        found.append((time.perf_counter() - start) * 1e3)
    return statistics.median(found)


def undo_milliseconds(settings: Sequence[Setting], back: int) -> float:
    """Loro: undoing the last step of its own, `back` settings by somebody else after it."""
    found = []
    for _ in range(RUNS):
        document, other = loro.LoroDoc(), loro.LoroDoc()
        undo = loro.UndoManager(document)
        own, others = settings[: len(settings) - back], settings[len(settings) - back :]
        for key, value in own:
            document.get_map("values").insert(key, value)
            document.commit()
        other.import_(document.export(loro.ExportMode.Snapshot()))
        seen = other.oplog_vv
        for key, value in others:
            other.get_map("values").insert(key, value)
            other.commit()
        document.import_(other.export(loro.ExportMode.Updates(seen)))
        gc.collect()
        start = time.perf_counter()
        assert undo.undo()
        found.append((time.perf_counter() - start) * 1e3)
    return statistics.median(found)


def loro_opening_seconds(count: int) -> float:
    """Loro: from a snapshot with the history of so many settings to the document."""
    document, _ = loro_updates(many_settings(count), 100)
    saved = bytes(document.export(loro.ExportMode.Snapshot()))

    def open_again() -> None:
        other = loro.LoroDoc()
        other.import_(saved)
        assert len(other.get_map("values").keys()) == KEYS

    return _median_seconds(open_again)


def yjs_opening_seconds(count: int) -> float:
    """Yjs: from one update with the history of so many settings to the document."""
    document, _ = yjs_updates(many_settings(count), 100)
    saved = document.get_update()

    def open_again() -> None:
        other = pycrdt.Doc(skip_gc=True)
        other["values"] = values = pycrdt.Map()
        other.apply_update(saved)
        assert len(values) == KEYS

    return _median_seconds(open_again)


def many_settings(count: int) -> list[Setting]:
    """As many, over and over the same KEYS vertices."""
    draw = random.Random(count)
    keys = [b64encode(number.to_bytes(16, "little")).decode() for number in range(KEYS)]
    return [(keys[at % KEYS], [draw.random(), draw.random(), draw.random()]) for at in range(count)]


def _median_seconds(run: Callable[[], None]) -> float:
    found = []
    for _ in range(RUNS):
        gc.collect()
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return statistics.median(found)
