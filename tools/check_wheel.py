"""Builds the wheel and looks inside, and weighs it and what it brings along.

The wheel must hold the page and the licences of what is in it, the typing marker, the command and the licence, import
on its own, and stay small. Every package that it needs, directly or not, must be justified in
docs/operating/dependencies.md; each is printed with its installed size, bytecode left out.
"""

import email
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "theta/__init__.py",
    "theta/py.typed",
    "theta/page/index.html",
    "theta/page/third-party.txt",
    "theta/cli/main.py",
)
COMMAND = "theta = theta.cli.main:run"
WHEEL_BYTES_MAX = 5_000_000
JUSTIFIED = ROOT / "docs" / "operating" / "dependencies.md"
LOCK = ROOT / "requirements" / "runtime.txt"


class Dependency(NamedTuple):
    """A package that is installed because Theta needs it, or something that Theta needs does."""

    name: str
    version: str
    size: int
    """Bytes of its files, bytecode left out."""


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


def find_overweight(size: int) -> list[str]:
    """Says that a wheel of this many bytes is too large."""
    return [f"{size:,} bytes are more than {WHEEL_BYTES_MAX:,}"] if size > WHEEL_BYTES_MAX else []


def find_dependencies(requirements: Iterable[str]) -> list[Dependency]:
    """What these requirements come to in this environment, with all that they need themselves, by name."""
    found: dict[str, Dependency] = {}
    waiting = [(Requirement(line), "") for line in requirements]
    visited: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *sorted(requirement.extras)):
            if (name, wanted) in visited:
                continue
            visited.add((name, wanted))
            distribution = metadata.distribution(name)
            found[name] = Dependency(name, distribution.version, installed_size(distribution))
            waiting += [(Requirement(line), wanted) for line in distribution.requires or ()]
    return [found[name] for name in sorted(found)]


def installed_size(distribution: metadata.Distribution) -> int:
    """Bytes of a package's files, bytecode left out."""
    files = (Path(str(file.locate())) for file in distribution.files or () if "__pycache__" not in file.parts)
    return sum(file.stat().st_size for file in files if file.is_file())


def read_justifications(text: str) -> dict[str, str]:
    """Package → why, from the table of docs/operating/dependencies.md."""
    rows = re.findall(r"^\| ([a-z0-9-]+) \| [^|\n]+ \| ([^|\n]+) \|$", text, re.MULTILINE)
    return {name: why.strip() for name, why in rows if name != "package"}


def find_unjustified(needed: Iterable[str], locked: Iterable[str], justified: Iterable[str]) -> list[str]:
    """Says which packages nobody gave a reason for, and which reasons are for packages that are not needed."""
    here, known = set(needed), set(justified)
    faults = [f"{name} has no line in {JUSTIFIED.name}" for name in sorted((here | set(locked)) - known)]
    # Which packages another system needs cannot be told here.
    elsewhere = {"colorama"}
    return faults + [f"{JUSTIFIED.name} lists {name}" for name in sorted(known - here - set(locked) - elsewhere)]


def locked_names(text: str) -> list[str]:
    """The packages of a lock."""
    return [canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)]


def _check_dependencies(requirements: Iterable[str]) -> list[str]:
    dependencies = find_dependencies(requirements)
    why = read_justifications(JUSTIFIED.read_text(encoding="utf-8"))
    print("\ninstalled with it, bytecode left out:")
    for each in sorted(dependencies, key=lambda each: -each.size):
        print(f"  {each.size / 1e6:7.2f} MB  {each.name + ' ' + each.version:<28} {why.get(each.name, '')}")
    print(f"  {sum(each.size for each in dependencies) / 1e6:7.2f} MB  in {len(dependencies)} packages\n")
    locked = locked_names(LOCK.read_text(encoding="utf-8"))
    return find_unjustified([each.name for each in dependencies], locked, why)


def _check_import(folder: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(folder) / "unpacked")}
    script = "import theta, theta.cli.main; print(theta.__file__)"
    imported = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if imported.returncode == 0 and imported.stdout.startswith(folder):
        return []
    return [f"importing it failed: {imported.stdout}{imported.stderr}"]


def main() -> int:
    """Builds, unpacks, imports and weighs; returns 1 when something is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            texts = {
                name.rpartition("/")[2]: archive.read(name).decode()
                for name in archive.namelist()
                if name.endswith((".dist-info/entry_points.txt", ".dist-info/METADATA"))
            }
            names = archive.namelist()
            archive.extractall(Path(folder) / "unpacked")
        faults = find_faults(names, texts.get("entry_points.txt", ""))
        faults += find_overweight(wheel.stat().st_size)
        faults += _check_import(folder)
        print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size:,} bytes of at most {WHEEL_BYTES_MAX:,}")
    faults += _check_dependencies(email.message_from_string(texts.get("METADATA", "")).get_all("Requires-Dist", []))
    for fault in faults:
        print(f"wheel: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
