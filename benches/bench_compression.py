"""What compression saves and costs on recorded rooms: without a dictionary, with other rooms', with the room's own.

A room's own dictionary is trained on the first half of its commits and measured on the second. Beside it is zlib, which
has the last of the same samples as its preset dictionary.
"""

import sys
import zlib
from collections.abc import Callable, Sequence

from benches._recorded_rooms import RecordedRoom, golden, played
from benches._report import Row, median_milliseconds, report
from theta.cli.training import COMMIT_BYTES_MAX, sent_bytes
from theta.node.packing import WRAPPING_BYTES
from theta.node.recorded_traffic import Said
from theta.wire.compression import LEVEL, Compressor, Decompressor
from theta.wire.dictionaries import Dictionary, train

DICTIONARY_BYTES = 8_192
RUNS = 200
LARGE_RUNS = 20
COMMIT_MILLISECONDS_MAX = 0.1
DECODE_MILLISECONDS_MAX = 0.05
LARGE_MILLISECONDS_MAX = 15.0


def dictionary_of(rooms: Sequence[list[Said]]) -> Dictionary:
    return train(samples_of(rooms), DICTIONARY_BYTES)


def samples_of(rooms: Sequence[list[Said]]) -> list[bytes]:
    return [frame for said in rooms for each in said if len(each.patches) <= COMMIT_BYTES_MAX for frame in each]


def zlib_bytes(frames: Sequence[bytes], preset: bytes = b"") -> int:
    total = 0
    for frame in frames:
        made = zlib.compressobj(6, zdict=preset) if preset else zlib.compressobj(6)
        total += min(len(frame), len(made.compress(frame)) + len(made.flush()) + WRAPPING_BYTES)
    return total


def sizes(room: RecordedRoom, others: list[RecordedRoom]) -> list[Row]:
    half = len(room.said) // 2
    own, foreign = dictionary_of([room.said[:half]]), dictionary_of([each.said for each in others])
    preset = b"".join(samples_of([room.said[:half]]))[-DICTIONARY_BYTES:]
    rows = []
    for who, frames in (("a page", room.to_pages[half:]), ("a Python peer", room.to_peers[half:])):
        raw, count = sum(map(len, frames)), len(frames)
        for what, dictionary, beside in (
            ("compressed", None, zlib_bytes(frames)),
            ("other rooms' dictionary", foreign, None),
            ("its own dictionary", own, zlib_bytes(frames, preset)),
        ):
            sent = sent_bytes(frames, Compressor(dictionary))
            title = f"{room.name}, commit to {who}: {what}"
            peer = "zlib" if beside is not None else "as it is"
            rows.append(Row(title, sent / count, "B", raw / count, peer, (beside or raw) / count, count))
    raw = sum(map(len, room.document))
    sent = sent_bytes(room.document, Compressor())
    rows.append(Row(f"{room.name}, whole document", sent / 1e3, "kB", raw / 1e3, "as it is", raw / 1e3))
    return rows


def rotating(run: Callable[[bytes], object], frames: Sequence[bytes]) -> Callable[[], object]:
    """Each call does the next frame."""
    state = {"at": 0}

    def step() -> object:
        state["at"] += 1
        return run(frames[state["at"] % len(frames)])

    return step


def speeds(room: RecordedRoom) -> list[Row]:
    frames = [frame for frame in room.to_pages if len(frame) <= COMMIT_BYTES_MAX]
    dictionary = dictionary_of([room.said])
    rows = []
    for what, held in (("compressed", None), ("with a dictionary", dictionary)):
        maker = Compressor(held)
        value = median_milliseconds(rotating(maker.compress, frames), RUNS)
        beside = median_milliseconds(rotating(lambda frame: zlib.compress(frame, 6), frames), RUNS)
        rows.append(Row(f"one commit to a page, {what}", value, "ms", COMMIT_MILLISECONDS_MAX, "zlib", beside, RUNS))
        made = [each for each in map(maker.compress, frames) if each is not None]
        packed = [zlib.compress(frame, 6) for frame in frames]
        taker = Decompressor([dictionary])
        value = median_milliseconds(rotating(taker.decompress, made), RUNS)
        beside = median_milliseconds(rotating(zlib.decompress, packed), RUNS)
        rows.append(Row(f"taken apart, {what}", value, "ms", DECODE_MILLISECONDS_MAX, "zlib", beside, RUNS))
    return rows


def large(room: RecordedRoom) -> list[Row]:
    whole = b"".join(room.document)
    rows = []
    for level in (1, LEVEL, 6):
        maker = Compressor(level=level)
        made = maker.compress(whole)
        assert made is not None
        value = median_milliseconds(rotating(maker.compress, [whole]), LARGE_RUNS)
        bar = LARGE_MILLISECONDS_MAX if level == LEVEL else None
        title = f"{len(whole) / 1e3:.0f} kB of a document at level {level}, to {len(made) / len(whole):.1%}"
        rows.append(Row(title, value, "ms", bar, runs=LARGE_RUNS))
    return rows


def main() -> int:
    rooms = [golden("first"), golden("governed"), played(1), played(2)]
    rows = [row for room in rooms[:3] for row in sizes(room, [each for each in rooms if each is not room])]
    rows += speeds(rooms[0]) + large(rooms[2])
    return 0 if report("compression", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
