"""The examples of docs/guide/simulation.md run."""

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.simulation

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "simulation.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_guide_has_examples() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("source", EXAMPLES)
def test_an_example_runs(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(compile(source, str(GUIDE), "exec"), names)
    if "print" in source:
        assert capsys.readouterr().out


def test_the_last_example_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(compile(EXAMPLES[-1], str(GUIDE), "exec"), names)
    starts, acknowledged, entities = map(int, capsys.readouterr().out.split())
    assert starts == 2
    assert acknowledged == entities > 20
