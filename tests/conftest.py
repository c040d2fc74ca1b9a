"""Hypothesis profiles and the seed: every test is deterministic unless asked otherwise.

`THETA_SEED=7 pytest` runs the seeded tests with another seed. `THETA_HYPOTHESIS=explore pytest` lets hypothesis choose
fresh examples, many of them; a failure prints the blob that replays it.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

SEED = int(os.environ.get("THETA_SEED", "20260817"))
PROFILE = os.environ.get("THETA_HYPOTHESIS", "replay")

_SLOW_MACHINES = (HealthCheck.too_slow,)
settings.register_profile(
    "replay", derandomize=True, deadline=None, print_blob=True, database=None, suppress_health_check=_SLOW_MACHINES
)
settings.register_profile(
    "explore", max_examples=2_000, deadline=None, print_blob=True, suppress_health_check=_SLOW_MACHINES
)
settings.load_profile(PROFILE)


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of this run: derive every generator of a test from it, and from nothing else."""
    return SEED


def pytest_report_header() -> str:
    return f"theta: seed {SEED} (THETA_SEED), hypothesis profile {PROFILE} (THETA_HYPOTHESIS)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections.append(("theta", f"replay with: THETA_SEED={SEED} THETA_HYPOTHESIS={PROFILE}"))
    return report
