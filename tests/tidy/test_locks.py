"""Locks pin exact versions by hash and name no download host; what is declared twice agrees."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.tidy import tree
from tests.tidy.tree import Finding

ADDRESS = re.compile(
    r"\b[a-z][a-z+.-]*:/{2}|\bfile:/|^\s*--?(?:i|f|index-url|extra-index-url|find-links|trusted-host)\b"
)
PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[^\s;]+(?: ; .+?)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def check_addresses(place: str, text: str) -> list[Finding]:
    """Lines that say where to download from."""
    return [
        Finding(place, number, f"names a place to download from: {line.strip()}")
        for number, line in enumerate(text.splitlines(), 1)
        if ADDRESS.search(line)
    ]


def check_pins(place: str, text: str) -> list[Finding]:
    """Requirements that are not an exact version followed by at least one hash."""
    found = []
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if HASH.match(line):
            continue
        if not PIN.match(line) or not HASH.match(following):
            found.append(Finding(place, number + 1, f"not pinned by version and hash: {line.strip()}"))
    return found


def check_package_lock(place: str, lock: dict[str, Any]) -> list[Finding]:
    """Entries of a package-lock.json that carry an address, or no hash; links to our own packages are fine."""
    found = []
    for name, entry in lock.get("packages", {}).items():
        resolved = str(entry.get("resolved", ""))
        outside = "node_modules/" in name and not entry.get("link") and not entry.get("inBundle")
        if ADDRESS.search(resolved):
            found.append(Finding(place, 1, f"{name} is resolved to {resolved}"))
        if outside and "integrity" not in entry:
            found.append(Finding(place, 1, f"{name} has no integrity hash"))
    return found


def _canonical_names(requirements: list[str]) -> set[str]:
    matches = (NAME.match(line) for line in requirements)
    return {re.sub(r"[-_.]+", "-", match.group()).lower() for match in matches if match}


def test_python_locks_name_no_host() -> None:
    files = list(tree.text_files("requirements", ".txt", ".in"))
    assert len(files) >= 6
    assert [str(found) for place, text in files for found in check_addresses(place, text)] == []


def test_python_locks_are_pinned_by_hash() -> None:
    files = list(tree.text_files("requirements", ".txt"))
    assert [str(found) for place, text in files for found in check_pins(place, text)] == []


def test_the_web_lock_names_no_host() -> None:
    path = tree.ROOT / "web" / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    assert [str(found) for found in check_package_lock("web/package-lock.json", lock)] == []
    settings = tree.ROOT / "web" / ".npmrc"
    assert not settings.exists() or check_addresses("web/.npmrc", settings.read_text(encoding="utf-8")) == []


def test_declared_and_locked_dependencies_agree() -> None:
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [line for line in (tree.ROOT / "requirements/runtime.in").read_text().splitlines() if line[:1] != "#"]
    locked = (tree.ROOT / "requirements/runtime.txt").read_text().splitlines()
    quotes = str.maketrans("'", '"')
    assert sorted(wanted) == sorted(line.translate(quotes) for line in project["dependencies"])
    assert _canonical_names(wanted) <= _canonical_names(locked)


def test_every_runtime_pin_is_the_same_for_developers() -> None:
    pins = [
        {
            line.split(" ")[0]
            for line in (tree.ROOT / f"requirements/{name}.txt").read_text().splitlines()
            if PIN.match(line)
        }
        for name in ("build", "runtime", "dev")
    ]
    assert all(pins)
    assert (pins[0] | pins[1]) - pins[2] == set()


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https" + "://example.org/simple",
        "a @ file:///opt/a.whl",
        "--find-links /srv/wheels",
        "    # from http" + "://example.org",
        "-i x",
        "git+ssh" + "://example.org/a",
    ],
)
def test_the_address_check_can_fail(line: str) -> None:
    assert check_addresses("requirements/runtime.txt", f"a==1 \\\n{line}\n")


def test_the_pin_check_can_fail() -> None:
    digest = "    --hash=sha256:" + "0" * 64
    assert check_pins("a.txt", "a==1\n")
    assert check_pins("a.txt", "a>=1 \\\n" + digest)
    assert check_pins("a.txt", "a==1 \\\nb==2 \\\n" + digest)
    assert not check_pins("a.txt", "# x\na==1 \\\n" + digest + " \\\n" + digest + "\n    # via b\n")
    assert not check_pins("a.txt", 'a==1 ; sys_platform != "win32" \\\n' + digest)


def test_the_web_lock_check_can_fail() -> None:
    address = "https" + "://example.org/three.tgz"
    entry: dict[str, Any] = {"version": "1.0.0", "integrity": "sha512-x"}
    assert check_package_lock("l", {"packages": {"node_modules/three": {**entry, "resolved": address}}})
    assert check_package_lock("l", {"packages": {"node_modules/three": {"version": "1.0.0"}}})
    link = {"resolved": "packages/wire", "link": True}
    assert not check_package_lock("l", {"packages": {"node_modules/three": entry, "node_modules/@theta/wire": link}})
