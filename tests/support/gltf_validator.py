"""The Khronos validator, run on a file."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = ROOT / "web" / "node_modules" / "gltf-validator" / "package.json"
SCRIPT = ROOT / "tests" / "support" / "validate_gltf.mjs"
VALIDATION_SECONDS_MAX = 60


def validate(path: Path) -> tuple[int, dict[str, Any]]:
    """The validator's exit code and its report."""
    if not VALIDATOR.exists():
        pytest.fail("web/node_modules has no gltf-validator: run make setup")
    done = subprocess.run(
        ["node", str(SCRIPT), str(path)], capture_output=True, text=True, check=False, timeout=VALIDATION_SECONDS_MAX
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report
