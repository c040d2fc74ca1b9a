"""What several of these tests need."""

import sys
from collections.abc import Iterator

import pytest

SWITCH_SECONDS = 1e-6


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns as often as the interpreter can, so that a race between two of its steps is found."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    yield
    sys.setswitchinterval(before)
