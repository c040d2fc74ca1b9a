"""Builds the wheel into a temporary folder and looks inside: the page, the typing marker, the command, the licence."""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("theta/__init__.py", "theta/py.typed", "theta/page/index.html", "theta/cli/main.py")
COMMAND = "theta = theta.cli.main:run"


def find_faults(names: list[str], entry_points: str) -> list[str]:
    """Says what a wheel with these files and this entry_points.txt lacks, or has and should not."""
    faults = [f"{needed} is missing" for needed in NEEDED if needed not in names]
    if COMMAND not in entry_points:
        faults.append(f"the command '{COMMAND}' is missing")
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        faults.append("LICENSE is missing")
    faults += [
        f"{name} does not belong"
        for name in names
        if name.split("/")[0] not in ("theta",) and ".dist-info/" not in name
    ]
    return faults


def main() -> int:
    """Builds, unpacks and imports; returns 1 when something is missing."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            entry_points = next((name for name in names if name.endswith("/entry_points.txt")), None)
            faults = find_faults(names, archive.read(entry_points).decode() if entry_points else "")
            archive.extractall(Path(folder) / "unpacked")
        environment = {**os.environ, "PYTHONPATH": str(Path(folder) / "unpacked")}
        script = "import theta, theta.cli.main; print(theta.__file__)"
        imported = subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        if imported.returncode != 0 or not imported.stdout.startswith(folder):
            faults.append(f"importing it failed: {imported.stdout}{imported.stderr}")
        print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size:,} bytes")
    for fault in faults:
        print(f"wheel: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
