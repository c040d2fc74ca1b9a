"""`theta train-dictionary`: learn from a room's log what its frames have in common."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rich.markup import escape

from theta.adapters.dictionary_files import check_dictionary_target, write_dictionary
from theta.base.errors import InvalidValue
from theta.base.limits import DICTIONARY_BYTES_MAX, DICTIONARY_BYTES_MIN, DICTIONARY_SAMPLE_BYTES_MIN
from theta.cli.console import err, out, with_progress
from theta.cli.room_files import size_in_words
from theta.cli.sources import room_at_one_moment
from theta.node.asset_desk import shelf_of
from theta.node.packing import WRAPPING_BYTES
from theta.node.recorded_traffic import Said, recorded_traffic
from theta.wire.compression import Compressor
from theta.wire.dictionaries import DICTIONARY_VERSION, Dictionary, train

LEARNED_BYTES_MAX = 32 * 1024 * 1024
"""More than enough for the largest dictionary; of a longer log, every other commit is left out until it fits."""
COMMIT_BYTES_MAX = 65_536
"""A dictionary is of no use to longer frames: they have enough in themselves to refer to."""
HELD_OUT_EVERY = 4


class TrainingOptions(NamedTuple):
    """What to learn from, what to write, and how large it may get, in bytes."""

    file: Path
    target: Path | None
    size: int


def train_dictionary(options: TrainingOptions) -> None:
    """Train a dictionary, measure it on commits that it was not trained on, and write it.

    Raises:
        InvalidValue: the size is out of its limits, the room has said too little, or the target is something else.
        StoreError: the room's file cannot be read, or the target not be written.
    """
    if not DICTIONARY_BYTES_MIN <= options.size <= DICTIONARY_BYTES_MAX:
        raise InvalidValue("--size", options.size, f"{DICTIONARY_BYTES_MIN} to {DICTIONARY_BYTES_MAX} bytes")
    target = options.target or options.file.with_suffix(".dictionary")
    check_dictionary_target(target)
    with room_at_one_moment(options.file) as store:
        records = with_progress(store.read(), store.last_seq - store.first_seq + 1, f"Reading {options.file}")
        said = thinned(recorded_traffic(records, store, shelf_of(store.assets())))
    learned = [each for number, each in enumerate(said) if (number + 1) % HELD_OUT_EVERY]
    held_out = said[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
    total = sum(len(each.records) + len(each.patches) for each in learned)
    if total < DICTIONARY_SAMPLE_BYTES_MIN:
        raise InvalidValue(
            "the room's traffic",
            f"{total} bytes in {len(said)} commits",
            f"at least {DICTIONARY_SAMPLE_BYTES_MIN} bytes to learn from: build in it, or take another room",
        )
    with err.status(f"Training on {len(learned)} commits"):
        dictionary = train([frame for each in learned for frame in each], options.size)
    write_dictionary(target, dictionary)
    _tell(options.file, target, dictionary, len(learned))
    _tell_gain(dictionary, held_out)


def thinned(said: Iterable[Said], bytes_max: int = LEARNED_BYTES_MAX) -> list[Said]:
    """The commits of typical size, evenly over the whole log and at most about `bytes_max` bytes of them."""
    kept: list[Said] = []
    size, every = 0, 1
    for number, each in enumerate(said):
        if number % every or len(each.patches) > COMMIT_BYTES_MAX:
            continue
        kept.append(each)
        size += len(each.records) + len(each.patches)
        if size > bytes_max:
            kept, every = kept[::2], every * 2
            size = sum(len(one.records) + len(one.patches) for one in kept)
    return kept


def sent_bytes(frames: Iterable[bytes], compressor: Compressor) -> int:
    """How many bytes a session is sent for these frames, those included that are left as they are."""
    total = 0
    for frame in frames:
        compressed = compressor.compress(frame, WRAPPING_BYTES)
        total += len(frame) if compressed is None else len(compressed) + WRAPPING_BYTES
    return total


def _tell(file: Path, target: Path, dictionary: Dictionary, commits: int) -> None:
    out.print(f"{escape(str(target))}: {size_in_words(len(dictionary.data))}, learned from {commits} commits")
    out.print(f"  id {dictionary.id}, version {DICTIONARY_VERSION}, hash {dictionary.digest.hex()}")
    out.print(f"  Use it: theta serve {escape(str(file))} --dictionary {escape(str(target))}")
    out.print("  It holds pieces of this room, such as names: everybody who joins a room that uses it gets them.")


def _tell_gain(dictionary: Dictionary, held_out: list[Said]) -> None:
    """What it saves, on commits that it has not seen, and after how many it has paid for itself."""
    if not held_out:
        return
    plain, helped = Compressor(), Compressor(dictionary)
    out.print(f"Of {len(held_out)} other commits, in bytes:")
    frames_of = {"page": [each.patches for each in held_out], "Python peer": [each.records for each in held_out]}
    for who, frames in frames_of.items():
        raw, alone, small = sum(map(len, frames)), sent_bytes(frames, plain), sent_bytes(frames, helped)
        saved = (alone - small) / len(frames)
        out.print(f"  to a {who}: {raw} as they are, {alone} compressed, {small} with the dictionary")
        if saved <= 0:
            out.print("    [yellow]It saves nothing there: it is better left out.[/yellow]")
        else:
            out.print(f"    It has paid for itself after {len(dictionary.data) / saved:.0f} commits.")
