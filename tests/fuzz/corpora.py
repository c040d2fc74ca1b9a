"""Replaying a fuzz target's corpus without atheris."""

import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path


def assert_replays_within(peak_bytes: int, files: Sequence[Path], read: Callable[[bytes], None]) -> None:
    """Every file is read without a find, and takes at most so much memory over what stood before."""
    read(files[0].read_bytes())
    tracemalloc.start()
    try:
        for path in files:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            read(path.read_bytes())
            assert tracemalloc.get_traced_memory()[1] - before <= peak_bytes, path.name
    finally:
        tracemalloc.stop()


def assert_seeds_are_kept(files: Sequence[Path], seeds: Sequence[bytes], readers: int) -> None:
    """The corpus has all seeds, and there is one for each reader."""
    assert {seed[0] for seed in seeds} == set(range(readers))
    assert set(seeds) <= {path.read_bytes() for path in files}
    assert len(files) >= len(seeds)
