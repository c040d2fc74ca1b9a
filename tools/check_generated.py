"""Checks that what is generated and committed is fresh: runs every tools/generate_*.py with --check."""

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


def find_generators(folder: Path) -> list[str]:
    """Module names of the generators in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("generate_*.py"))


def main() -> int:
    """Returns 1 when a generator finds its output stale, or when there is no generator to ask."""
    generators = find_generators(TOOLS)
    if not generators:
        print("check_generated: no tools/generate_*.py to ask")
        return 1
    stale = []
    for name in generators:
        code = subprocess.run(
            [sys.executable, "-m", f"tools.{name}", "--check"], cwd=TOOLS.parent, check=False
        ).returncode
        print(f"{name}: {'fresh' if code == 0 else f'not fresh (exit {code}), run: make generate'}")
        if code != 0:
            stale.append(name)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
