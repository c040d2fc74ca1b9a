"""What fuzz targets have in common: choosing a reader by an input's first byte, writing seeds, and running atheris."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

INPUT_BYTES_MAX = 70_000


def read_by_first_byte(readers: Sequence[Callable[[bytes], None]], data: bytes) -> None:
    """One input, to the reader that its first byte names; nothing where it is empty or over INPUT_BYTES_MAX."""
    if data and len(data) <= INPUT_BYTES_MAX:
        readers[data[0] % len(readers)](data[1:])


def pieces(data: bytes, count_max: int = 64) -> list[bytes]:
    """At most so many frames, each after its length in two bytes; a length over what is left takes the rest."""
    found: list[bytes] = []
    while len(data) >= 2 and len(found) < count_max:
        size = int.from_bytes(data[:2], "little")
        found.append(data[2 : 2 + size])
        data = data[2 + size :]
    return found


def joined(*frames: bytes) -> bytes:
    """What `pieces` reads."""
    return b"".join(len(frame).to_bytes(2, "little") + frame for frame in frames)


def run(arguments: list[str], read: Callable[[bytes], None], seeds: Callable[[], list[bytes]], corpus: Path) -> None:
    """Fuzz with atheris; arguments are libFuzzer's, and --seeds writes the seeds to the corpus."""
    if arguments == ["--seeds"]:
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (corpus / f"seed-{number:03}").write_bytes(seed)
        return
    import atheris

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments], read)
    atheris.Fuzz()
