"""Simulated rooms in tests: a failure says how to replay it, and a trace is compared with those of other processes."""

import os
import subprocess
import sys

import pytest

from theta.sim import SimulationFailed, SimulationResult, SimulationSettings, check_seed


def checked(seed: int, settings: SimulationSettings, scenario: str, seconds: float) -> SimulationResult:
    """`check_seed`; what fails is told with the command that replays it, for which `scenario` has these settings."""
    try:
        return check_seed(seed, settings, seconds)
    except SimulationFailed as failure:
        options = f"--first {seed} --seeds 1 --seconds {seconds:g} --scenario {scenario} --trace 400"
        pytest.fail(f"{failure}\nreplay with: python -m theta.sim {options}", pytrace=False)


def told_by_processes(seed: int, scenario: str, seconds: float, *options: str) -> str:
    """What `theta.sim` says of a seed, by two processes alike, in which Python hashes bytes differently."""
    command = [sys.executable, "-m", "theta.sim", "--first", str(seed), "--seeds", "1", "--seconds", f"{seconds:g}"]
    told = {
        subprocess.run(
            [*command, "--scenario", scenario, *options],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for hash_seed in ("1", "2")
    }
    assert len(told) == 1
    return told.pop()
