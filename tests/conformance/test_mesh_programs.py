"""The mesh programs of spec/vectors/mesh.json, here and under other processor features and hash seeds."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from theta.mesh import local
from theta.mesh.shapes import SHAPES
from tools.mesh_programs import PROGRAMS, RANDOM, run

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, list[str]] = json.loads((ROOT / "spec/vectors/mesh.json").read_text(encoding="utf-8"))["programs"]
SECONDS_MAX = 240
# What NumPy chooses by the processor that it finds, besides what it was built for; the most recent last.
NUMPY = importlib.import_module("numpy._core._multiarray_umath")
DISPATCHED: list[str] = [feature for feature in NUMPY.__cpu_dispatch__ if NUMPY.__cpu_features__.get(feature)]
WITHOUT = [DISPATCHED[at:] for at in range(len(DISPATCHED) + 1)]
# The C library's own choices, which must not matter either.
PLAIN_LIBRARY = "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable,-AVX512F"
FOUND = "import json, sys; from numpy._core import _multiarray_umath as m; json.dump(m.__cpu_features__, sys.stdout)"
# Sums and exponentials are what NumPy does differently from processor to processor: DESIGN.md forbids them in replay.
FORBIDDEN = (
    "import hashlib, numpy; x = numpy.random.default_rng(1).uniform(-9, 9, 4099);"
    "print(hashlib.sha256(b''.join(f(x).tobytes() for f in (numpy.exp, numpy.sin, numpy.sum))).hexdigest())"
)


def started(arguments: list[str], without: list[str], seed: int) -> "subprocess.Popen[str]":
    """Another Python that does without some of the processor's features, hashing by another seed."""
    environment = dict(os.environ) | {"PYTHONHASHSEED": str(seed), "NPY_DISABLE_CPU_FEATURES": " ".join(without)}
    if len(without) == len(DISPATCHED):
        environment["GLIBC_TUNABLES"] = PLAIN_LIBRARY
    command = [sys.executable, *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def printed(process: "subprocess.Popen[str]") -> str:
    """What it prints."""
    out, err = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 0, err
    return out


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_comes_to_its_vectors(name: str) -> None:
    assert [step.line() for step in run(name)] == VECTORS[name]


def test_the_set_has_every_shape_and_every_operation_done_and_refused() -> None:
    assert VECTORS.keys() == PROGRAMS.keys()
    done = {line.split(" ")[0] for lines in VECTORS.values() for line in lines}
    wanted = {operation.__name__ for operation in RANDOM} | set(SHAPES) | set(local.__all__)
    wanted |= {"subdivide", "compacted", "move", "rollback", "build_imported", "build_numbered"}
    assert wanted - done == set()
    refused = {did.split(":")[0] for did in done if ":" in did}
    assert {"bevel_edge", "collapse_edge", "flip_edge", "split_face", "subdivide", "mirror", "weld"} <= refused


@pytest.mark.integration
def test_the_bits_are_the_same_under_other_processor_features_and_hash_seeds() -> None:
    """As many at once as there are, since each takes seconds."""
    running = [
        started(["-m", "tools.mesh_program_vectors"], without, 11 * seed) for seed, without in enumerate(WITHOUT)
    ]
    for process in running:
        programs: dict[str, Any] = json.loads(printed(process))["programs"]
        assert {name: lines for name, lines in programs.items() if lines != VECTORS[name]} == {}
        assert programs.keys() == VECTORS.keys()


@pytest.mark.integration
def test_the_features_are_really_off_and_it_shows_in_what_is_forbidden() -> None:
    seen = set()
    for without in WITHOUT:
        features = json.loads(printed(started(["-c", FOUND], without, 0)))
        assert not any(features[feature] for feature in without)
        assert all(features[feature] for feature in DISPATCHED if feature not in without)
        seen.add(printed(started(["-c", FORBIDDEN], without, 0)))
    if "X86_V4" in DISPATCHED:
        assert len(seen) > 1
